"""Commands for any ledger: list, show, save, void, restore, history."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jzdesk.cli import state
from jzdesk.cli.naming import add_all
from jzdesk.cli.output import emit
from jzdesk.core.errors import UserError
from jzdesk.core.fields import EntitySpec
from jzdesk.core.kinds import OpenCode


def register(app: typer.Typer) -> None:
    """Add the commands."""
    add_all(app, entities, show, save, void, restore, history)


def spec_of(entity: str) -> EntitySpec:
    """The entity named on the command line; raises UserError."""
    specs = state.services().ledger.specs
    if entity not in specs:
        raise UserError(f"没有叫“{entity}”的台账", "用 jz entities 查看有哪些台账。")
    return specs[entity]


def values_of(spec: EntitySpec, pairs: list[str]) -> dict[str, object]:
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
    school: Annotated[str | None, typer.Option(help="县站：只看一所学校的（学校标识码）")] = None,
) -> None:
    """列出一种台账的记录。"""
    from jzdesk.services.forms import understood
    from jzdesk.services.ledger import Query

    spec, ledger = spec_of(entity), state.services().ledger
    filters, wrong = understood(spec, values_of(spec, where or []))
    if wrong:
        raise UserError("；".join(wrong.values()), "请改正筛选条件。")
    uids = ledger.ids(Query(entity, text, filters, hidden=hidden, school=school))
    found = ledger.page(entity, uids[:limit])
    kept = [field.name for field in spec if isinstance(field.kind, OpenCode)] if state.current().json else []
    rows = [{"uid": row.uid, **row.shown, **{name: row.values[name] for name in kept}} for row in found]
    columns = [("uid", "编号"), *((field.name, field.label) for field in spec.columns())]
    if any(row.school for row in found):
        rows = [{"uid": row["uid"], "of_school": one.school, **row} for row, one in zip(rows, found, strict=True)]
        columns.insert(1, ("of_school", "学校"))
    emit(rows, f"共 {len(uids)} 条。", columns)


def show(entity: str, uid: str) -> None:
    """显示一条记录。"""
    spec, row = spec_of(entity), state.services().ledger.record(entity, uid)
    rows = [{"label": field.label, "shown": row.shown[field.name]} for field in spec]
    emit(row if state.current().json else rows, "", (("label", "字段"), ("shown", "内容")))


def save(
    entity: str,
    values: Annotated[list[str], typer.Argument(help="字段=内容，可多个")],
    uid: Annotated[str | None, typer.Option(help="要改的记录；不给则新增")] = None,
) -> None:
    """新增或修改一条记录。"""
    saved = state.services().ledger.save(entity, values_of(spec_of(entity), values), uid)
    emit({"uid": saved.uid, "changed": saved.changed}, f"已保存 {saved.uid}。" if saved.changed else "没有变化。")


def void(entity: str, uid: str, reason: Annotated[str, typer.Option(help="理由")]) -> None:
    """作废一条记录（可恢复，不会删除）。"""
    spec_of(entity)
    state.services().ledger.void(entity, uid, reason)
    emit({"uid": uid}, "已作废。")


def restore(entity: str, uid: str) -> None:
    """恢复一条作废的记录。"""
    spec_of(entity)
    state.services().ledger.restore(entity, uid)
    emit({"uid": uid}, "已恢复。")


def history(entity: str, uid: str) -> None:
    """一条记录的全部改动：何时、何人、改前改后。"""
    spec_of(entity)
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


def existing(path: Path) -> Path:
    """A file that must be there."""
    if not path.is_file():
        raise UserError("找不到这个文件", "请检查文件名和路径。", str(path))
    return path
