"""What Typer says in English, said in Chinese: help pages, what an argument is, and what was typed wrongly."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import typer

# Help of what commands leave to its name: "command name" comes before the name alone.
_NAMED = {
    "batch": "批次编号，见 jz batch list",
    "certify path": "申请文件（.jzr）",
    "computer": "设备编号，或它的证书序号",
    "county schools path": "学校名单（CSV）",
    "date": "哪一天",
    "delete-scheme number": "方案编号，见 jz import schemes",
    "device": "设备编号，见 jz county certificates",
    "divisions path": "行政区划名单（CSV）",
    "donor": "捐赠人",
    "enrolment": "学籍编号，见 jz same list",
    "entity": "台账的代码名，见 jz entities",
    "field": "栏目的代码名，见 jz conflicts；* 是作废与修改并存",
    "first": "一条学生记录的编号",
    "folder": "U 盘或文件夹",
    "fork number": "分叉编号，见 jz holds list",
    "fund": "基金编号，见 jz fund list",
    "fund open name": "基金名称",
    "holds number": "编号，见 jz holds list",
    "inbox paths": "数据包（.jzp），或有数据包的文件夹；可以写几个",
    "kind": "种类的代码名，见 jz kinds；台账的代码名见 jz entities",
    "limit": "最多列出几条",
    "merge paths": "数据包（.jzp），或有数据包的文件夹；可以写几个",
    "met": "见到了谁",
    "name": "名称",
    "note": "备注",
    "notice": "公示编号，见 jz notice list",
    "number": "编号",
    "path": "文件",
    "paths": "文件或文件夹，可以写几个",
    "payment": "发放明细的编号，见 jz batch lines",
    "payments": "退回的明细的编号，可以写几个",
    "preview path": "数据包（.jzp）",
    "purpose": "用途",
    "read-receipts paths": "回执、档案、换钥通知（.jzh、.jzd、.jzs），或有它们的文件夹；可以写几个",
    "reason": "理由",
    "school": "学校名称或标识码",
    "second": "另一条学生记录的编号",
    "take-certificate path": "证书文件（.jzc）",
    "uid": "记录编号",
    "uids": "记录编号，可以写几个",
}
_PANELS = {
    "ARGUMENTS_PANEL_TITLE": "参数",
    "OPTIONS_PANEL_TITLE": "选项",
    "COMMANDS_PANEL_TITLE": "命令",
    "REQUIRED_LONG_STRING": "[必填]",
    "DEFAULT_STRING": "[默认：{}]",
}
_WRONG = (  # what Typer says → what we say; a group in brackets is what was typed
    (r"No such command '(.*?)'", "没有“{}”这个命令"),
    (r"No such option: (\S+)", "没有选项 {}"),
    (r"unexpected extra argument\S* \((.*)\)", "多出了“{}”"),
    (r"Option '(.*?)' does not take a value", "选项 {} 后面不写内容"),
    (r"Option '(.*?)' requires", "选项 {} 后面要写内容"),
)
_SHOULD = (("integer", "应是整数"), ("number", "应是数字"), ("boolean", "应是 true 或 false"))


def explain(program: Any) -> None:
    """Give every argument and option that has no help of its own the one of its name."""
    for path, command in _commands(program, ()):
        for param in command.params:
            if not getattr(param, "help", None):
                param.help = _named(path, param.name)


def translate(program: Any) -> None:
    """Have help pages speak Chinese; importing what draws them takes a while, so only whoever asks for one waits."""
    from typer import rich_utils

    for name, text in _PANELS.items():
        setattr(rich_utils, name, text)
    for _, command in (*_commands(program, ()), *_groups(program)):
        option = command.get_help_option(typer.Context(command))
        if option is not None:
            option.help = "显示这一页"


def asks_for_help(program: Any, words: Sequence[str]) -> bool:
    """Whether a help page will be shown: it is asked for, or a group of commands is named without one of them."""
    here = program
    for word in words:
        here = getattr(here, "commands", {}).get(word, here)
    return "--help" in words or hasattr(here, "commands")


def wrong(fault: Exception) -> str:
    """What was typed wrongly, as a sentence; empty where a help page has said everything."""
    said, param = str(fault), getattr(fault, "param", None)
    if not said:
        return ""
    if said.startswith("Missing parameter") and param is not None:
        return f"还缺{_shown(param)}。{_HELP}"
    if param is not None:
        should = next((text for word, text in _SHOULD if word in said), f"不对（{said}）")
        return f"{_shown(param)}{should}。{_HELP}"
    for pattern, text in _WRONG:
        if found := re.search(pattern, said):
            return f"{text.format(found[1])}。{_meant(said)}{_HELP}"
    return f"{said}\n{_HELP}"


_HELP = "用 --help 查看写法。"


def _meant(said: str) -> str:
    found = re.findall(r"'(.*?)'", said.partition("Did you mean")[2])
    return f"是不是 {'、'.join(found)}？" if found else ""


def _shown(param: Any) -> str:
    name = f"选项 {max(param.opts, key=len)}" if param.opts[0].startswith("-") else "参数"
    return f"{name}“{param.help}”" if name == "参数" else f"{name}（{param.help}）"


def _named(path: Sequence[str], name: str) -> str | None:
    for before in range(min(2, len(path)), 0, -1):
        if found := _NAMED.get(" ".join((*path[-before:], name))):
            return found
    return _NAMED.get(f"{path[0]} {name}") or _NAMED.get(name)


def _commands(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, part in getattr(command, "commands", {}).items():
        if hasattr(part, "commands"):
            yield from _commands(part, (*path, name))
        else:
            yield (*path, name), part


def _groups(command: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield (), command
    for part in command.commands.values():
        if hasattr(part, "commands"):
            yield from _groups(part)
