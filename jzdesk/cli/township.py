"""Commands of a township station: take the schools' files in, carry them to the county and back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jzdesk.cli import state
from jzdesk.cli.county import missing
from jzdesk.cli.exchange import To
from jzdesk.cli.naming import group
from jzdesk.cli.output import emit, progress
from jzdesk.services.forwarding import Forwarded
from jzdesk.services.township_schools import unread_words

School = Annotated[str | None, typer.Option(help="只要这所学校的（学校标识码）")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group(app, "township", "乡镇中心学校：收下、转交、带回。", take, forward, deliver, log, schools, pupils, missing)


def take(paths: list[Path]) -> None:
    """收下各校的数据包和县里的回执（文件或文件夹）。"""
    for path in paths:
        state.there(path)
    with progress("收下") as bar:
        taken = state.services().township.take(paths, bar)
    lines = [f"{one.file}：{one.state_label}，{one.school}第 {one.number} 包。{one.sentence}" for one in taken]
    emit(taken, "\n".join(lines) or "没有找到各校的文件。")


def forward(to: To) -> None:
    """把本站的包和县里还没收到的各校数据包写上 U 盘，送县里。"""
    with progress("写 U 盘") as bar:
        done = state.services().township.forward(state.stick(to), bar)
    own = sum(one.entries for one in done.own)
    emit(done, f"本站 {own} 条改动，各校数据包：{_counts(done)}\n可以拔出 U 盘。")


def deliver(to: To, school: School = None) -> None:
    """把县里给各校的回执写上 U 盘，带给学校。"""
    with progress("写 U 盘") as bar:
        done = state.services().township.deliver(state.stick(to), school, bar)
    emit(done, f"给学校的文件：{_counts(done)}\n可以拔出 U 盘。")


def log() -> None:
    """转交记录：收下了什么，何时送出，县里是否已收。"""
    columns = (
        ("came", "收到"), ("kind_label", "种类"), ("name", "学校"), ("number", "包号"), ("entries", "条数"),
        ("sent", "送出"), ("state_label", "状态"), ("note", "说明"),
    )  # fmt: skip
    emit(state.services().township.log(), "", columns)


def schools() -> None:
    """各校学生：读到的每所学校有多少学生、困难学生、走访，到哪天为止。"""
    columns = (
        ("code", "代码"), ("name", "学校"), ("students", "学生"), ("attending", "在读"), ("poor", "困难"),
        ("paired", "已结对"), ("visits", "走访"), ("until", "截至"),
    )  # fmt: skip
    emit(state.services().township.schools(), "", columns)


def pupils(school: Annotated[str, typer.Argument(help="学校标识码")]) -> None:
    """一所学校的学生名单，只能查看。"""
    columns = (
        ("uid", "编号"), ("name", "姓名"), ("sex", "性别"), ("id_number", "证件号"), ("grade", "年级"),
        ("school_class", "班级"), ("hardships", "困难类型"), ("status", "状态"),
    )  # fmt: skip
    rows = state.services().township.pupils(school)
    emit(rows, f"共 {len(rows)} 人。{unread_words(rows)}", columns)


def _counts(done: Forwarded) -> str:
    words = f"写入 {len(done.written)} 个，U 盘上已有 {len(done.there)} 个"
    gone = (
        f"；有 {len(done.missing)} 个原件已不在本机，请学校重新导出：{'、'.join(done.missing)}" if done.missing else ""
    )
    return f"{words}{gone}。"
