"""Commands for pairing, visits, pledges and funds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jzdesk.cli import state
from jzdesk.cli.naming import group
from jzdesk.cli.output import emit, progress


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group(app, "pair", "结对。", assign, load, unpaired)
    group(app, "visit", "走访。", due, record)
    group(app, "pledge", "责任状。", make, mark, print_, list=pledges)
    group(app, "fund", "助学基金。", move, list=funds, open=open_fund)


def assign(
    staff: Annotated[str, typer.Argument(help="责任人编号")],
    students: Annotated[list[str], typer.Argument(help="学生编号，可多个")],
    from_date: Annotated[str | None, typer.Option("--from", help="起始日期")] = None,
    reason: Annotated[str, typer.Option(help="换人原因")] = "",
) -> None:
    """为学生指定责任人；原来的到前一天为止。"""
    services = state.services()
    services.pairing.assign(students, staff, from_date or services.context.today(), reason)
    emit({"students": len(students)}, f"已结对 {len(students)} 名学生。")


def load() -> None:
    """每位责任人带多少学生。"""
    emit(state.services().pairing.load(), "", (("staff", "编号"), ("name", "责任人"), ("count", "学生数")))


def unpaired() -> None:
    """还没有责任人的困难学生。"""
    services = state.services()
    rows = services.students.rows(services.pairing.unpaired())
    emit(rows, f"共 {len(rows)} 人。", (("uid", "编号"), ("name", "姓名"), ("grade", "年级"), ("school_class", "班级")))


def due() -> None:
    """应走访的学生，逾期的在前。"""
    columns = (
        ("student", "编号"), ("name", "姓名"), ("school_class", "班级"), ("caseworker", "责任人"), ("last", "上次"),
        ("due", "应访"), ("overdue_days", "逾期天数"),
    )  # fmt: skip
    emit(state.services().visits.due(), "", columns)


def record(
    student: Annotated[str, typer.Argument(help="学生编号")],
    method: Annotated[str, typer.Option(help="走访方式，例如 入户走访")],
    date: Annotated[str | None, typer.Option(help="走访日期")] = None,
    staff: Annotated[str | None, typer.Option(help="走访人编号；默认是责任人")] = None,
    met: str = "",
    situation: Annotated[str, typer.Option(help="家庭情况")] = "",
    measures: Annotated[str, typer.Option(help="帮扶措施")] = "",
    needs: Annotated[str, typer.Option(help="需求")] = "",
) -> None:
    """登记一次走访。"""
    from jzdesk.services.visits import VisitDraft

    services = state.services()
    saved = services.visits.record(
        VisitDraft(
            student=student, staff=staff, date=date or services.context.today(), method=method, met=met,
            situation=situation, measures=measures, needs=needs, next_plan=None,
        )
    )  # fmt: skip
    emit({"uid": saved.uid}, f"已登记 {saved.uid}。")


def make(term: Annotated[str | None, typer.Option(help="学期")] = None) -> None:
    """为每位责任人生成本学期的责任状。"""
    services = state.services()
    services.pledges.make(term or str(services.context.term()))
    rows = services.pledges.list()
    emit(rows, f"共 {len(rows)} 份。")


def pledges() -> None:
    """列出责任状。"""
    columns = (
        ("uid", "编号"), ("number", "文号"), ("party_b", "乙方"), ("pupils", "学生数"), ("state_label", "状态"),
    )  # fmt: skip
    emit(state.services().pledges.list(), "", columns)


def mark(uids: list[str], to: Annotated[str, typer.Option(help="printed、signed 或 returned")]) -> None:
    """改变责任状的状态。"""
    state.services().pledges.mark(uids, to)
    emit({"marked": len(uids)}, f"已更新 {len(uids)} 份。")


def print_(path: Path, uids: Annotated[list[str] | None, typer.Argument(help="不给则全部")] = None) -> None:
    """把责任状写成 PDF。"""
    services = state.services()
    chosen = uids or [row.uid for row in services.pledges.list()]
    with progress("排版") as bar:
        services.papers.pledges(path, chosen, progress=bar)
    emit({"path": path, "pledges": len(chosen)}, f"{len(chosen)} 份责任状已写到 {path}。")


def open_fund(name: str, donor: str = "", purpose: str = "") -> None:
    """设立一个基金。"""
    uid = state.services().funds.open(name, donor=donor or None, purpose=purpose or None)
    emit({"uid": uid}, f"基金 {uid} 已设立。")


def funds() -> None:
    """列出基金和余额。"""
    emit(state.services().funds.funds(), "", (("uid", "编号"), ("name", "基金"), ("balance", "余额")))


def move(
    fund: str,
    direction: Annotated[str, typer.Argument(help="in 或 out")],
    amount: Annotated[str, typer.Argument(help="金额（元）")],
    note: str = "",
    student: Annotated[str | None, typer.Option(help="受助学生编号")] = None,
    date: str | None = None,
) -> None:
    """登记一笔基金收支。"""
    from jzdesk.core.money import parse_yuan

    services = state.services()
    uid = services.funds.record(
        fund, direction, parse_yuan(amount), date=date or services.context.today(), note=note or None, student=student
    )
    emit({"uid": uid}, "已登记。")
