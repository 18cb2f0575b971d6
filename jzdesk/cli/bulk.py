"""Commands that change many records at once, and that take the last actions back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jzdesk.cli import state
from jzdesk.cli.naming import add_all, group
from jzdesk.cli.output import emit
from jzdesk.cli.records import existing, spec_of, values_of
from jzdesk.core.errors import UserError

if TYPE_CHECKING:
    from jzdesk.services.plans import Plan, Wish

_UID = ("编号", "uid")
Yes = Annotated[bool, typer.Option("--yes", help="写入；不加只预览")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group(app, "bulk", "成批修改：先预览，加 --yes 才写入。", paste, void, set=set_)
    add_all(app, undo)


def paste(
    entity: Annotated[str, typer.Argument(help="台账名称，见 jz entities")],
    file: Annotated[Path, typer.Argument(help="从 Excel、WPS 复制的文字（UTF-8，制表符分隔），第一行是列名")],
    yes: Yes = False,
) -> None:
    """粘贴一块表格；有“编号”列的行改那条记录，没有编号的行新增。"""
    from jzdesk.core.blocks import parse_block

    spec_of(entity)
    try:
        block = parse_block(existing(file).read_text("utf-8-sig"))
    except UnicodeDecodeError:
        raise UserError("文件不是 UTF-8 文本", "请另存为 UTF-8 编码的文本后重试。", str(file)) from None
    _carry_out(entity, _wishes(entity, block), "粘贴", write=yes)


def _wishes(entity: str, block: list[list[str]]) -> list[Wish]:
    from jzdesk.services.pasting import headings
    from jzdesk.services.plans import Wish

    known = headings(spec_of(entity))
    names = [("uid" if cell.strip() in _UID else known.get(cell.strip(), "")) for cell in block[0]] if block else []
    if strange := [cell for cell, name in zip(block[0] if block else [], names, strict=True) if not name]:
        raise UserError(f"不认识的列名：{'、'.join(strange)}", "第一行请写字段名称，见 jz entities。")
    rows = [dict(zip(names, row, strict=True)) for row in block[1:]]
    return [Wish(row.pop("uid", "").strip() or None, dict(row)) for row in rows]


def set_(
    entity: Annotated[str, typer.Argument(help="台账名称，见 jz entities")],
    values: Annotated[list[str], typer.Argument(help="字段=内容，可多个；内容留空是清空")],
    text: Annotated[str, typer.Option(help="只改查找到的记录")] = "",
    where: Annotated[list[str] | None, typer.Option(help="只改符合的记录：字段=内容，可多次")] = None,
    uid: Annotated[list[str] | None, typer.Option(help="只改这些记录，可多次")] = None,
    yes: Yes = False,
) -> None:
    """把一批记录的栏目改成同一个值。"""
    from jzdesk.services.plans import Wish

    if not (text or where or uid):
        raise UserError("没有说明改哪些记录", "请用 --text、--where 或 --uid 选出要改的记录。")
    wanted = values_of(spec_of(entity), values)
    _carry_out(entity, [Wish(each, wanted) for each in uid or _found(entity, text, where)], "批量修改", write=yes)


def _found(entity: str, text: str, where: list[str] | None) -> list[str]:
    from jzdesk.services.forms import understood
    from jzdesk.services.ledger import Query

    filters, wrong = understood(spec_of(entity), values_of(spec_of(entity), where or []))
    if wrong:
        raise UserError("；".join(wrong.values()), "请改正筛选条件。")
    return state.services().ledger.ids(Query(entity, text, filters))


def _carry_out(entity: str, wishes: list[Wish], deed: str, *, write: bool) -> None:
    """Show the plan; with `write` carry it out."""
    bulk = state.services().bulk
    plan = bulk.plan(entity, wishes, deed)
    done = bulk.apply(plan) if write else None
    counts = {"changed": len(plan.changes), "added": len(plan.additions), "unchanged": plan.unchanged}
    answer = {**counts, "wrong": _wrong(plan), "cells": _cells(plan), "action": done.action if done else None}
    verb = "已写入" if done else "将写入（加 --yes 才写）"
    words = f"{verb}：改 {len(plan.changes)} 条，新增 {len(plan.additions)} 条，不变 {plan.unchanged} 条。"
    if state.current().json:
        emit(answer)
        return
    emit(answer["cells"], "", (("title", "记录"), ("field", "栏目"), ("old", "原来"), ("new", "改为")))
    emit(answer["wrong"], words, (("row", "行"), ("field", "栏目"), ("sentence", "没有写入，因为")))


def _wrong(plan: Plan) -> list[dict[str, object]]:
    return [{"row": row + 1, "field": name, "sentence": sentence} for row, name, sentence in plan.wrong]


def _cells(plan: Plan) -> list[dict[str, object]]:
    """Every change of a plan, old → new."""
    spec = spec_of(plan.entity)
    return [
        {"uid": row.uid, "title": row.title, "field": spec[name].label, "old": row.cells[name].old,
         "new": row.cells[name].new}
        for row in plan.rows
        for name in row.values()
    ]  # fmt: skip


def void(
    entity: str,
    uids: Annotated[list[str], typer.Argument(help="记录编号，可多个")],
    reason: Annotated[str, typer.Option(help="理由")],
) -> None:
    """作废几条记录，同一个理由，一步撤销。"""
    spec_of(entity)
    state.services().bulk.void(entity, uids, reason)
    emit({"uids": uids}, f"已作废 {len(uids)} 条。")


def undo(
    what: Annotated[str, typer.Argument(help="list 看最近操作；last 撤销上一步；编号撤销那一步（撤销的编号是重做）")],
    limit: Annotated[int, typer.Option(help="list 最多显示多少步")] = 50,
) -> None:
    """看最近操作，撤销或重做；后来又用到它的先列出来，不会硬撤。"""
    undoing = state.services().undoing
    if what == "list":
        columns = (("number", "编号"), ("when", "时间"), ("who", "操作人"), ("label", "做了什么"), ("undone", "已撤销"))
        emit(undoing.recent(limit), "", columns)
        return
    last = undoing.last() if what == "last" else None
    if what == "last" and last is None:
        raise UserError("没有可以撤销的操作", "用 jz undo list 查看最近操作。")
    if last is None and not what.isdecimal():
        raise UserError(f"“{what}”看不懂", "请写 list、last 或最近操作的编号。")
    _take_back(last.number if last else int(what))


def _take_back(number: int) -> None:
    undoing = state.services().undoing
    if built := undoing.in_the_way(number):
        first = "；".join(f"{one.title}（{one.why}）" for one in built[:5])
        raise UserError(f"有 {len(built)} 处后来的改动以这一步为基础：{first}", "请先撤销或改回它们。", "撤销")
    done = undoing.take_back(number)
    emit(done, f"已{done.label}。" if done.label.startswith("撤销：") else f"已重做：{done.label}。")
