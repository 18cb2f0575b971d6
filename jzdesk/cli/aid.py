"""Commands for aid: decide, explain, batches, payments, notices and their papers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jzdesk.cli import state
from jzdesk.cli.naming import group
from jzdesk.cli.output import emit, progress

Term = Annotated[str | None, typer.Option(help="学期，例如 2025-2026-1")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group(app, "aid", "资助认定。", decide, why, standards, list=decisions)
    batch = (make, lines, discard, approve, pay, return_, reissue, sign_off, payment_file)
    group(app, "batch", "发放批次。", *batch, list=batches)
    group(app, "notice", "公示。", post, take_down, print_, list=notices)


def _term(term: str | None) -> str:
    return term or str(state.services().context.term())


def decide(term: Term = None) -> None:
    """认定一个学期的资助；重复认定只写有变化的。"""
    with progress("认定") as bar:
        run = state.services().aid.decide(_term(term), progress=bar)
    emit(run, f"享受 {run.granted} 项，不享受 {run.refused} 项，变化 {run.changed} 项。")


def decisions(term: Term = None) -> None:
    """列出认定结果。"""
    columns = (
        ("uid", "编号"), ("name", "姓名"), ("school_class", "班级"), ("programme", "项目"), ("amount", "金额"),
        ("outcome", "结论"), ("basis", "依据"),
    )  # fmt: skip
    emit(state.services().aid.decisions(_term(term)), "", columns)


def why(uid: str) -> None:
    """一笔认定的依据：条款、标准、日期、比例、叠加规则。"""
    found = state.services().aid.why(uid)
    emit(found, "\n".join(found.lines()))


def standards(term: Term = None) -> None:
    """一个学期的资助标准。"""
    emit(state.services().aid.standards(_term(term)))


def make(term: Term = None, programme: Annotated[str | None, typer.Option(help="项目代码")] = None) -> None:
    """把已认定未发放的现金补助做成一个批次。"""
    batch = state.services().aid.make_batch(_term(term), programme)
    emit(batch, f"批次 {batch.number}：{batch.lines} 笔，{batch.amount} 元，缺账户 {batch.missing_accounts} 人。")


def batches(term: Term = None) -> None:
    """列出批次。"""
    columns = (
        ("uid", "编号"), ("number", "批次号"), ("title", "名称"), ("lines", "笔数"), ("amount", "金额"),
        ("state_label", "状态"),
    )  # fmt: skip
    emit(state.services().aid.batches(term), "", columns)


def lines(batch: str) -> None:
    """一个批次的明细。"""
    columns = (
        ("uid", "编号"), ("name", "姓名"), ("school_class", "班级"), ("programme", "项目"), ("amount", "金额"),
        ("holder", "户名"), ("method", "方式"), ("warning", "提醒"),
    )  # fmt: skip
    emit(state.services().aid.lines(batch), "", columns)


def discard(batch: str, reason: Annotated[str, typer.Option(help="理由")] = "") -> None:
    """作废一个还没有审批的批次，其中的认定可以另做批次。"""
    state.services().aid.discard(batch, reason)
    emit({"batch": batch}, "批次已作废。")


def approve(batch: str, approver: Annotated[str, typer.Option(help="审批人")]) -> None:
    """审批一个批次。"""
    done = state.services().aid.approve(batch, approver)
    emit(done, f"批次 {done.number} {done.state_label}。")


def pay(batch: str, on: Annotated[str | None, typer.Option(help="发放日期")] = None) -> None:
    """登记一个批次已发放。"""
    done = state.services().aid.pay(batch, on)
    emit(done, f"批次 {done.number} {done.state_label}，共 {done.amount} 元。")


def return_(payment: str, reason: Annotated[str, typer.Option(help="退回原因")]) -> None:
    """登记一笔退回（另立冲销行，不改原行）。"""
    uid = state.services().aid.return_payment(payment, reason)
    emit({"uid": uid}, "已登记退回。")


def reissue(payments: list[str], reason: str = "") -> None:
    """把退回的款做成补发批次。"""
    batch = state.services().aid.reissue(payments, reason)
    emit(batch, f"补发批次 {batch.number}：{batch.lines} 笔。")


def sign_off(batch: str, path: Path) -> None:
    """写出签领表 PDF。"""
    state.services().papers.sign_off(path, batch)
    emit({"path": path}, f"签领表已写到 {path}。")


def payment_file(batch: str, path: Path) -> None:
    """写出银行代发文件。"""
    result = state.services().papers.payment_file(path, batch)
    emit(result, f"代发文件已写到 {path}。")


def post(
    batch: str,
    phone: Annotated[str, typer.Option(help="受理电话")],
    address: Annotated[str, typer.Option(help="受理地址")],
    posted_on: Annotated[str | None, typer.Option("--on", help="张贴日期")] = None,
    supervision: Annotated[str | None, typer.Option(help="监督电话")] = None,
) -> None:
    """登记公示；公示期不少于 5 个工作日。"""
    services = state.services()
    uid = services.aid.post_notice(batch, posted_on or services.context.today(), phone, address, supervision)
    emit({"uid": uid}, f"公示 {uid} 已登记。")


def notices() -> None:
    """列出公示。"""
    columns = (("uid", "编号"), ("name", "标题"), ("posted_on", "张贴"), ("until", "期满"), ("taken_down", "撤下"))
    emit(state.services().aid.notices(), "", columns)


def take_down(notice: str, on: Annotated[str | None, typer.Option(help="撤下日期")] = None) -> None:
    """登记公示已撤下。"""
    state.services().aid.take_down(notice, on)
    emit({"uid": notice}, "已登记撤下。")


def print_(notice: str, path: Path) -> None:
    """写出公示 PDF（只有姓名、年级、班级）。"""
    state.services().papers.notice(path, notice)
    emit({"path": path}, f"公示已写到 {path}。")
