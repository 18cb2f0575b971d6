"""Commands for any ledger: list, show, save, void, restore, history; and for students with their family."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jzdesk.cli import state
from jzdesk.cli.naming import add_all, group
from jzdesk.cli.output import emit
from jzdesk.core.errors import UserError
from jzdesk.core.fields import EntitySpec


def register(app: typer.Typer) -> None:
    """Add the commands."""
    add_all(app, entities, list_, show, save, void, restore, history)
    group(app, "student", "学生。", find, add, file, questions, confirm)


def _spec(entity: str) -> EntitySpec:
    specs = state.services().ledger.specs
    if entity not in specs:
        raise UserError(f"没有叫“{entity}”的台账", "用 jz entities 查看有哪些台账。")
    return specs[entity]


def _values(spec: EntitySpec, pairs: list[str]) -> dict[str, object]:
    """`字段=内容` by name or by label."""
    by_label = {field.label: field.name for field in spec}
    found: dict[str, object] = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        name = by_label.get(name, name)
        if not sign or name not in spec.fields:
            raise UserError(f"“{pair}”看不懂", f"请写成“字段=内容”，{spec.label}的字段有：{'、'.join(by_label)}。")
        found[name] = value
    return found


def entities() -> None:
    """列出所有台账及其字段。"""
    rows = [
        {"entity": spec.name, "label": spec.label, "fields": "、".join(field.label for field in spec)}
        for spec in state.services().ledger.specs.values()
    ]
    emit(rows, "", (("entity", "名称"), ("label", "台账"), ("fields", "字段")))


def list_(
    entity: Annotated[str, typer.Argument(help="台账名称，见 jz entities")],
    text: Annotated[str, typer.Option(help="查找内容")] = "",
    where: Annotated[list[str] | None, typer.Option(help="字段=内容，可多次")] = None,
    limit: Annotated[int, typer.Option(help="最多显示多少条")] = 50,
    hidden: Annotated[bool, typer.Option(help="显示已作废的记录")] = False,
) -> None:
    """列出一种台账的记录。"""
    from jzdesk.services.forms import understood
    from jzdesk.services.ledger import Query

    spec, ledger = _spec(entity), state.services().ledger
    filters, wrong = understood(spec, _values(spec, where or []))
    if wrong:
        raise UserError("；".join(wrong.values()), "请改正筛选条件。")
    uids = ledger.ids(Query(entity, text, filters, hidden=hidden))
    rows = [{"uid": row.uid, **row.shown} for row in ledger.rows(entity, uids[:limit])]
    columns = [("uid", "编号"), *((field.name, field.label) for field in spec.columns())]
    emit(rows, f"共 {len(uids)} 条。", columns)


def show(entity: str, uid: str) -> None:
    """显示一条记录。"""
    spec, row = _spec(entity), state.services().ledger.record(entity, uid)
    rows = [{"label": field.label, "shown": row.shown[field.name]} for field in spec]
    emit(row if state.current().json else rows, "", (("label", "字段"), ("shown", "内容")))


def save(
    entity: str,
    values: Annotated[list[str], typer.Argument(help="字段=内容，可多个")],
    uid: Annotated[str | None, typer.Option(help="要改的记录；不给则新增")] = None,
) -> None:
    """新增或修改一条记录。"""
    saved = state.services().ledger.save(entity, _values(_spec(entity), values), uid)
    emit({"uid": saved.uid, "changed": saved.changed}, f"已保存 {saved.uid}。" if saved.changed else "没有变化。")


def void(entity: str, uid: str, reason: Annotated[str, typer.Option(help="理由")]) -> None:
    """作废一条记录（可恢复，不会删除）。"""
    _spec(entity)
    state.services().ledger.void(entity, uid, reason)
    emit({"uid": uid}, "已作废。")


def restore(entity: str, uid: str) -> None:
    """恢复一条作废的记录。"""
    _spec(entity)
    state.services().ledger.restore(entity, uid)
    emit({"uid": uid}, "已恢复。")


def history(entity: str, uid: str) -> None:
    """一条记录的全部改动：何时、何人、改前改后。"""
    _spec(entity)
    lines = state.services().ledger.history(entity, uid)
    headings = (
        ("when", "时间"),
        ("who", "经手人"),
        ("station", "单位"),
        ("what", "栏目"),
        ("old", "原来"),
        ("new", "改为"),
    )
    emit(lines, "", headings)


_STUDENT_COLUMNS = (
    ("uid", "编号"), ("name", "姓名"), ("sex", "性别"), ("id_number", "证件号"), ("grade", "年级"),
    ("school_class", "班级"), ("hardships", "困难类型"), ("caseworker", "责任人"), ("sync_state", "上报"),
)  # fmt: skip


def find(
    text: Annotated[str, typer.Argument(help="姓名的一部分、拼音首字母或证件号的任意一段")] = "",
    grade: Annotated[str | None, typer.Option(help="年级代码，例如 G03")] = None,
    hardship: Annotated[str | None, typer.Option(help="困难类型代码，或 any")] = None,
    unpaired: Annotated[bool, typer.Option(help="只看没有责任人的困难学生")] = False,
    limit: int = 50,
) -> None:
    """查找学生。"""
    from jzdesk.services.students import StudentQuery

    students = state.services().students
    uids = students.ids(StudentQuery(text, grade=grade, hardship=hardship, unpaired=unpaired))
    emit(students.rows(uids[:limit]), f"共 {len(uids)} 人。", _STUDENT_COLUMNS)


def add(
    values: Annotated[list[str], typer.Argument(help="学生字段=内容，例如 姓名=… 身份证件号=…")],
    enrolment: Annotated[list[str] | None, typer.Option(help="学籍字段=内容，例如 年级=G03")] = None,
    guardian: Annotated[list[str] | None, typer.Option(help="监护人：姓名,关系,电话[,证件号]，可多次")] = None,
    uid: Annotated[str | None, typer.Option(help="要改的学生；不给则新增")] = None,
) -> None:
    """登记或修改一名学生，连同学籍和监护人。"""
    from jzdesk.services.students import StudentDraft

    students, specs = state.services().students, state.services().ledger.specs
    given = _values(specs["student"], values)
    given |= {name: value for name, value in students.check(given).fills.items() if name not in given}
    draft = StudentDraft(
        uid, given, _values(specs["enrolment"], enrolment or []), tuple(_guardian(text) for text in guardian or [])
    )
    saved = students.save(draft)
    emit({"uid": saved.uid}, f"已保存 {saved.uid}。")


def _guardian(text: str) -> dict[str, object]:
    parts = [part.strip() for part in text.replace("，", ",").split(",")]
    return dict(zip(("name", "relation", "phone", "id_number"), parts, strict=False)) | {"is_guardian": 1}


def file(uid: str) -> None:
    """一名学生的全部资料（JSON）。"""
    state.current().json = True
    emit(state.services().students.file(uid))


def questions() -> None:
    """列出待核实的问题。"""
    from jzdesk.services.ledger import Query

    ledger = state.services().ledger
    uids = ledger.ids(Query("question", filters={"state": "open"}))
    rows = [{"uid": row.uid, **row.shown} for row in ledger.rows("question", uids)]
    emit(rows, f"共 {len(uids)} 条。", (("uid", "编号"), ("student", "学生"), ("sentence", "问题")))


def confirm(uid: str, reason: Annotated[str, typer.Option(help="理由")]) -> None:
    """确认一条待核实的问题，写明理由。"""
    state.services().students.confirm_question(uid, reason)
    emit({"uid": uid}, "已确认。")


def existing(path: Path) -> Path:
    """A file that must be there."""
    if not path.is_file():
        raise UserError("找不到这个文件", "请检查文件名和路径。", str(path))
    return path
