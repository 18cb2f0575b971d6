"""Commands for 转学: asked for by one school, ruled on by the county, received by the other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jzdesk.cli import state
from jzdesk.cli.naming import group
from jzdesk.cli.output import emit

if TYPE_CHECKING:
    from jzdesk.services.transfers.listing import TransferLine

_SHOWN = (
    "uid", "student", "name", "place", "from_code", "from_name", "to_code", "to_name", "date", "reason", "state",
    "state_label", "ruled_on", "ruling_reason", "paid", "fen", "doubles", "coming", "way",
)  # fmt: skip
Request = Annotated[str, typer.Argument(help="转学申请的编号")]
Reason = Annotated[str, typer.Option(help="理由")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    desks = (ask, withdraw, approve, refuse, revoke, receive, print_)
    group(app, "transfer", "转学：申请、审批、接收。", *desks, list=transfers)


def ask(
    student: Annotated[str, typer.Argument(help="学生编号")],
    to: Annotated[str, typer.Option(help="转入学校：学校标识码、名称，或外县学校的全称")],
    reason: Reason,
    date: Annotated[str | None, typer.Option(help="转出日期；默认今天")] = None,
    proof: Annotated[str | None, typer.Option(help="依据材料")] = None,
    approver: Annotated[str | None, typer.Option(help="审批人")] = None,
) -> None:
    """原学校：申请转学，同时登记转出。"""
    values = {"student": student, "to_name": to, "reason": reason, "date": date, "proof": proof, "approver": approver}
    uid = state.services().transfers.ask(values)
    emit({"uid": uid}, f"已申请转学（{uid}），随下一个数据包报县里。")


def withdraw(uid: Request, reason: Reason) -> None:
    """原学校：撤回申请，学生恢复在读。"""
    state.services().transfers.withdraw(uid, reason)
    emit({"uid": uid}, "已撤回，学生恢复原来的状态。")


def transfers(
    which: Annotated[
        str | None, typer.Option("--state", help="asked、approved、received、refused、revoked 或 filed；默认全部")
    ] = None,
) -> None:
    """列出转学：从哪里到哪里、办到哪一步、本学期已发多少。"""
    found = state.services().transfers.lines(which)
    shown = [{name: getattr(line, name) for name in _SHOWN} for line in found]
    emit(shown, "\n".join(map(_said, found)) or "没有转学申请。")


def _said(line: TransferLine) -> str:
    more = (*line.paid, *line.doubles, *([f"意见：{line.ruling_reason}"] if line.ruling_reason else []))
    where = f"{line.from_name} → {line.to_name}，{line.date}"
    return f"{line.uid} {line.name}（{line.place}）{where}，{line.state_label}" + "".join(f"；{one}" for one in more)


def approve(uid: Request, opinion: Annotated[str, typer.Option(help="意见")] = "") -> None:
    """县里：同意转学，档案移交转入学校。"""
    done = state.services().transfers.approve(uid, opinion)
    emit(done, f"{done.sentence}。")


def refuse(uid: Request, reason: Reason) -> None:
    """县里：不同意转学，学校会看到理由。"""
    done = state.services().transfers.refuse(uid, reason)
    emit(done, f"{done.sentence}。")


def revoke(uid: Request, reason: Reason) -> None:
    """县里：撤回同意，档案退回原学校；转入学校还没有登记就读时才可以。"""
    done = state.services().transfers.revoke(uid, reason)
    emit(done, f"{done.sentence}。")


def receive(
    student: Annotated[str, typer.Argument(help="转入学生的编号")],
    date: Annotated[str | None, typer.Option(help="转入日期；默认今天")] = None,
    grade: Annotated[str | None, typer.Option(help="年级；默认同原学校")] = None,
    school_class: Annotated[str | None, typer.Option("--class", help="班级（编号）")] = None,
    boarding: Annotated[str | None, typer.Option(help="就读方式；默认同原学校")] = None,
    staff: Annotated[str | None, typer.Option(help="帮扶责任人（教职工编号）")] = None,
) -> None:
    """新学校：接收转入的学生，分班、结对。"""
    values = {"date": date, "to_grade": grade, "to_class": school_class, "boarding": boarding, "staff": staff}
    uid = state.services().transfers.receive(student, values)
    emit({"uid": uid}, "已接收，本学期已由原学校发放的资助不会重复发放。")


def print_(uid: Request, path: Path) -> None:
    """打印本站的一张纸：移交单（原学校）、审批意见（县）或接收回执（新学校）。"""
    pages = state.services().transfer_papers.write(path, uid)
    emit({"path": path, "pages": pages}, f"已写到 {path}，共 {pages} 页。")
