"""Commands for the living roll: events, promotion, classes, the roll on any day, and the ledger 销号."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jzdesk.cli import state
from jzdesk.cli.naming import add_all, group
from jzdesk.cli.output import emit

Day = Annotated[str | None, typer.Option("--date", help="日期；默认今天")]
Reason = Annotated[str, typer.Option(help="理由")]
_EVENT_COLUMNS = (
    ("uid", "编号"), ("date", "日期"), ("name", "姓名"), ("place", "班级"), ("kind_label", "异动"), ("change", "变化"),
    ("until", "预计截止"), ("other_school", "学校"), ("reason", "原因"),
)  # fmt: skip
_CLOSURE_COLUMNS = (
    ("uid", "编号"), ("kind_label", "种类"), ("subject", "对象"), ("opened_on", "建账"), ("due", "目标节点"),
    ("state_label", "状态"), ("reason", "原因"), ("closed_on", "销号日期"), ("proposal_label", "建议"),
)  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add the commands."""
    roll = typer.Typer(help="学籍：异动、升级、班级、某日名册。", no_args_is_help=True)
    group(roll, "event", "学籍异动。", add, undo, list=events)
    group(roll, "classes", "班级。", rename, head, merge, move, list=classes, void_empty=void_empty)
    add_all(roll, promote, leavers, destination, as_of)
    app.add_typer(roll, name="roll")
    group(app, "closure", "销号台账。", close, reopen, open=open_account, list=accounts)


def add(
    student: Annotated[str, typer.Argument(help="学生编号")],
    kind: Annotated[str, typer.Argument(help="异动，例如 休学、转出、疑似辍学")],
    date: Day = None,
    until: Annotated[str | None, typer.Option(help="预计截止（休学、延缓入学）")] = None,
    grade: Annotated[str | None, typer.Option(help="到哪个年级")] = None,
    school_class: Annotated[str | None, typer.Option("--class", help="到哪个班（编号）")] = None,
    school: Annotated[str | None, typer.Option(help="来源或去向学校")] = None,
    reason: Annotated[str | None, typer.Option(help="原因")] = None,
    proof: Annotated[str | None, typer.Option(help="依据材料")] = None,
    approver: Annotated[str | None, typer.Option(help="审批人")] = None,
) -> None:
    """登记一次学籍异动。"""
    from jzdesk.services.roll import EventDraft

    done = state.services().roll.register(
        EventDraft(student, kind, date, until, grade, school_class, school, reason, proof, approver)
    )
    more = f"该生还有 {done.accounts} 个未销号的账目。" if done.accounts else ""
    emit({"uid": done.uid, "action": done.action, "accounts": done.accounts}, f"{done.sentence}（{done.uid}）。{more}")


def events(
    text: Annotated[str, typer.Option(help="姓名、拼音或证件号片段")] = "",
    kind: Annotated[str | None, typer.Option(help="异动的代码；all 全部，expired 休学到期，suspected 疑似辍学")] = None,
    year: Annotated[str | None, typer.Option(help="学年的第一年，例如 2025")] = None,
    student: Annotated[str | None, typer.Option(help="只看这名学生")] = None,
) -> None:
    """列出学籍异动，新的在前；默认不含每年的升级。"""
    from jzdesk.services.roll.listing import EventQuery

    roll = state.services().roll
    found = roll.history(student) if student else roll.rows(roll.ids(EventQuery(text, kind, year)))
    emit(found, f"共 {len(found)} 条。", _EVENT_COLUMNS)


def undo(uid: Annotated[str, typer.Argument(help="异动的编号")], reason: Reason) -> None:
    """作废最近一次异动，学生恢复原来的状态。"""
    state.services().roll.void(uid, reason)
    emit({"uid": uid}, "已作废，学生恢复原来的状态。")


def promote(
    held: Annotated[list[str] | None, typer.Option("--hold", help="留级的学生编号，可多次")] = None,
    year: Annotated[int | None, typer.Option(help="升入哪个学年（第一年）；默认今天所在的学年")] = None,
    preview: Annotated[bool, typer.Option("--preview", help="只看结果，不办理")] = False,
    anyway: Annotated[bool, typer.Option("--anyway", help="名册还是上学年的，仍要升级")] = False,
    through: Annotated[list[str] | None, typer.Option(help="校内直升的毕业年级，例如 G06，可多次")] = None,
) -> None:
    """9 月 1 日全校升级，毕业年级转为毕业；一步完成，可以撤销。"""
    service = state.services().promotion
    onward = tuple(through or ())
    if preview:
        seen = service.preview(held or (), year, anyway=anyway, through=onward)
        columns = (("grade", "年级"), ("school_class", "班级"), ("to", "升入"), ("going", "升级"), ("held", "留级"),
                   ("left", "不动"), ("done", "已办"))  # fmt: skip
        emit(seen if state.current().json else seen.lines, seen.sentence(), columns)
        return
    done = service.promote(held or (), year, anyway=anyway, through=onward)
    shown = {name: getattr(done, name) for name in ("year", "promoted", "graduated", "held", "classes", "action")}
    emit(shown, f"{done.sentence()}。")


def leavers(year: Annotated[int | None, typer.Option(help="哪个学年开始时毕业（第一年）")] = None) -> None:
    """毕业生和去向。"""
    columns = (("uid", "编号"), ("name", "姓名"), ("place", "毕业班级"), ("date", "日期"), ("destination", "去向"))
    emit(state.services().promotion.leavers(year), "", columns)


def destination(uid: Annotated[str, typer.Argument(help="毕业异动的编号")], school: str) -> None:
    """登记毕业生的去向。"""
    state.services().roll.set_destination(uid, school)
    emit({"uid": uid}, "已登记去向。")


def as_of(
    day: Annotated[str, typer.Argument(help="哪一天，例如 2025-09-01")],
    out: Annotated[Path | None, typer.Option(help="写成 Excel 文件")] = None,
) -> None:
    """某一天的名册：当天的学校、年级、班级和状态。"""
    service = state.services().as_of
    found = service.roll(day)
    if out is not None:
        service.export(out, day)
        emit({"path": out, "students": len(found.lines)}, f"{found.sentence()}，已写到 {out}。{found.note}")
        return
    columns = (
        ("school_name", "学校"), ("grade", "年级"), ("school_class", "班级"), ("name", "姓名"), ("sex", "性别"),
        ("status", "状态"), ("head", "班主任"),
    )  # fmt: skip
    wanted = columns if state.services().info.kind == "county" else columns[1:]
    emit(found if state.current().json else found.lines, f"{found.sentence()}。{found.note}", wanted)


def classes() -> None:
    """列出班级和人数。"""
    columns = (("uid", "编号"), ("grade", "年级"), ("name", "班级"), ("head", "班主任"), ("students", "在校"),
               ("boarders", "住校"), ("others", "其他"))  # fmt: skip
    emit(state.services().classes.classes(), "", columns)


def rename(uid: Annotated[str, typer.Argument(help="班级编号")], name: str) -> None:
    """给班级改名。"""
    state.services().classes.change(uid, name=name)
    emit({"uid": uid}, "已改名。")


def head(
    uid: Annotated[str, typer.Argument(help="班级编号")],
    staff: Annotated[str, typer.Argument(help="教职工编号；空串表示待定")],
) -> None:
    """指定班主任。"""
    state.services().classes.change(uid, head=staff)
    emit({"uid": uid}, "已指定班主任。")


def merge(
    uids: Annotated[list[str], typer.Argument(help="要并掉的班级编号，可多个")],
    into: Annotated[str, typer.Option(help="并入哪个班（编号）")],
    date: Day = None,
    reason: Annotated[str | None, typer.Option(help="原因")] = None,
) -> None:
    """合并同年级的班，并掉的空班作废。"""
    moved = state.services().classes.merge(uids, into, date, reason)
    emit({"students": moved.students, "action": moved.action}, f"已合并，{moved.students} 名学生调班。")


def move(
    students: Annotated[list[str], typer.Argument(help="学生编号，可多个")],
    into: Annotated[str | None, typer.Option(help="调到哪个班（编号）")] = None,
    new: Annotated[str | None, typer.Option(help="调到新建的班（名称），用于拆班")] = None,
    date: Day = None,
    reason: Annotated[str | None, typer.Option(help="原因")] = None,
) -> None:
    """给学生调班，或把一部分学生拆成新班。"""
    moved = state.services().classes.move(students, into, new, date, reason)
    shown = {"students": moved.students, "class": moved.school_class, "action": moved.action}
    emit(shown, f"{moved.students} 名学生已调班。")


def void_empty() -> None:
    """作废没有学生的班。"""
    count = state.services().classes.discard_empty()
    emit({"voided": count}, f"已作废 {count} 个空班。")


def open_account(
    kind: Annotated[str, typer.Option(help="学生、户、问题或项目")] = "student",
    student: Annotated[str | None, typer.Option(help="学生编号")] = None,
    household: Annotated[str | None, typer.Option(help="家庭户编号")] = None,
    subject: Annotated[str | None, typer.Option(help="对象的名称（问题、项目）")] = None,
    basis: Annotated[str | None, typer.Option(help="建账依据")] = None,
    due: Annotated[str | None, typer.Option(help="目标节点")] = None,
    measures: Annotated[str | None, typer.Option(help="措施")] = None,
    date: Day = None,
    all_poor: Annotated[bool, typer.Option("--all-hardship", help="为每名困难学生建账")] = False,
) -> None:
    """建账：为学生、户、问题或项目开一个账目。"""
    service = state.services().closures
    if all_poor:
        count = service.open_for_hardships(basis or "", due, date)
        emit({"opened": count}, f"已为 {count} 名困难学生建账。")
        return
    uid = service.open(
        {"kind": kind, "student": student, "household": household, "subject": subject, "basis": basis, "due": due,
         "measures": measures, "opened_on": date}
    )  # fmt: skip
    emit({"uid": uid}, f"已建账 {uid}。")


def close(
    uids: Annotated[list[str], typer.Argument(help="账目编号，可多个")],
    reason: Annotated[str, typer.Option(help="销号原因")],
    proof: Annotated[str, typer.Option(help="依据材料")],
    verifier: Annotated[str, typer.Option(help="核实人")],
    approver: Annotated[str, typer.Option(help="审批人；不能是核实人或办理人")],
    date: Day = None,
) -> None:
    """销号：不删除历史，也不停发资助。"""
    values = {"reason": reason, "proof": proof, "verifier": verifier, "approver": approver, "closed_on": date}
    state.services().closures.close(uids, values)
    emit({"closed": len(uids)}, f"已销号 {len(uids)} 个。")


def reopen(uid: str, reason: Reason, date: Day = None) -> None:
    """复号：已销号的反弹，重新打开。"""
    state.services().closures.reopen(uid, reason, date)
    emit({"uid": uid}, "已复号。")


def accounts(
    text: Annotated[str, typer.Option(help="对象或依据")] = "",
    which: Annotated[
        str | None, typer.Option("--state", help="open、overdue、proposed、closed 或 reopened；默认全部")
    ] = None,
    kind: Annotated[str | None, typer.Option(help="student、household、problem 或 project")] = None,
) -> None:
    """列出账目，先到期的在前。"""
    from jzdesk.services.roll.closures import ClosureQuery

    service = state.services().closures
    rows = service.rows(service.ids(ClosureQuery(text, which, kind)))
    emit(rows, f"共 {len(rows)} 个。", _CLOSURE_COLUMNS)
