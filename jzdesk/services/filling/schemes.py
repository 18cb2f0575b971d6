"""Schemes under their names, and what was last written with each of them; both stay on this station."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from jzdesk.core.clock import moment
from jzdesk.core.errors import UserError
from jzdesk.core.slices import slices
from jzdesk.services.context import Context
from jzdesk.services.filling.recognising import kept
from jzdesk.services.filling.views import SUBJECTS, FormView, SchemeLine
from jzdesk.store.tables import filled_cell, scheme

OUT = "out"
_LONGEST = 60


def every(context: Context) -> list[SchemeLine]:
    """All schemes for filling, by name."""
    query = select(scheme).where(scheme.c.direction == OUT).order_by(scheme.c.name)
    with context.read() as connection:
        rows = [dict(row) for row in connection.execute(query).mappings()]
    return [_line(row) for row in rows]


def _line(row: Mapping[str, Any]) -> SchemeLine:
    body = json.loads(row["body"])
    used = sum(bool(one["key"] or one["fixed"]) for one in body["columns"])
    return SchemeLine(row["name"], row["kind"], SUBJECTS.get(row["kind"], ""), used, moment(row["at"]))


def load(context: Context, name: str) -> dict[str, Any]:
    """The body of a scheme with its `subject`; raises UserError naming those there are."""
    with context.read() as connection:
        row = _find(connection, name)
        names = connection.execute(select(scheme.c.name).where(scheme.c.direction == OUT)).scalars().all()
    if row is None:
        there = f"已有的方案：{'、'.join(sorted(names))}。" if names else "还没有保存过方案，先填写一次并起个名字。"
        raise UserError(f"没有叫“{name}”的方案", there)
    return {**json.loads(row["body"]), "subject": row["kind"]}


def number_of(context: Context, name: str) -> int | None:
    """The number of the scheme of that name; None when there is none."""
    with context.read() as connection:
        row = _find(connection, name)
    return None if row is None else int(row["id"])


def save(context: Context, name: str, view: FormView) -> int:
    """Keep how this form is filled under a name; returns the number of the scheme. Raises UserError."""
    name = name.strip()
    if not name or len(name) > _LONGEST:
        raise UserError("方案没有名字，或名字超过 60 个字", "请给方案起一个短名字，例如“资助系统认定表”。")
    body = json.dumps(
        {"sheet": view.sheet, "row": view.row, "last": view.last, "columns": [kept(one) for one in view.columns]},
        ensure_ascii=False,
    )
    with context.store.local() as connection:
        values = {"body": body, "at": context.store.clock.tick(), "kind": view.subject}
        if (row := _find(connection, name)) is not None:
            connection.execute(update(scheme).where(scheme.c.id == row["id"]).values(**values))
            return int(row["id"])
        made = connection.execute(insert(scheme).values(direction=OUT, name=name, **values)).inserted_primary_key
    assert made is not None
    return int(made[0])


def forget(context: Context, name: str) -> None:
    """Throw a scheme away with what it last wrote; raises UserError."""
    load(context, name)
    with context.store.local() as connection:
        row = _find(connection, name)
        if row is not None:
            connection.execute(delete(filled_cell).where(filled_cell.c.scheme == row["id"]))
            connection.execute(delete(scheme).where(scheme.c.id == row["id"]))


def last_written(context: Context, number: int) -> dict[tuple[str, str], str]:
    """(record, key) → text, of what a scheme wrote the last time."""
    query = select(filled_cell.c.record, filled_cell.c.place, filled_cell.c.value).where(filled_cell.c.scheme == number)
    with context.read() as connection:
        return {(record, place): value for record, place, value in connection.execute(query)}


def remember(context: Context, number: int, written: Mapping[tuple[str, str], str]) -> None:
    """Keep what was written, to mark what changes until the next time; other records keep theirs."""
    records = sorted({record for record, _ in written})
    rows = [
        {"scheme": number, "record": record, "place": place, "value": value}
        for (record, place), value in written.items()
    ]
    with context.store.local() as connection:
        for part in slices(records):
            connection.execute(
                delete(filled_cell).where(filled_cell.c.scheme == number, filled_cell.c.record.in_(part))
            )
        if rows:
            connection.execute(insert(filled_cell), rows)


def _find(connection: Connection, name: str) -> Mapping[str, Any] | None:
    query = select(scheme).where(scheme.c.direction == OUT, scheme.c.name == name.strip())
    row = connection.execute(query).mappings().first()
    return None if row is None else dict(row)
