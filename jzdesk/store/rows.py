"""Turns record states into table rows, and writes them with prepared statements."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, update
from sqlalchemy.engine import Dialect

from jzdesk.core.merge import Entry, RecordState
from jzdesk.models import BY_NAME
from jzdesk.store.tables import conflict

META = ("uid", "scope", "hidden")


@cache
def columns(ent: str) -> tuple[str, ...]:
    """Names of the field columns of an entity, in table order."""
    return tuple(column.name for column in BY_NAME[ent].__table__.columns if column.name not in META)


@cache
def value_types(ent: str) -> dict[str, type]:
    """Field → `int` or `str`: what its column keeps; anything else would be turned into it without a word."""
    return {name: int if spec.kind.integer else str for name, spec in BY_NAME[ent].spec.fields.items()}


def row_of(uid: str, state: RecordState) -> tuple[Any, ...]:
    """The table row of a state, in table order: the fields, then `META`; fields of newer schemas are left out."""
    return (*map(state.values.get, columns(state.ent)), uid, state.scope, int(state.hidden))


@cache
def _statements(ent: str, dialect: Dialect) -> tuple[str, str]:
    """SQL text of (insert, update by uid) with positional parameters in the order of `row_of`."""
    table = BY_NAME[ent].__table__
    names = tuple(table.columns.keys())
    assert names == (*columns(ent), *META), "rows are written by position"
    into = insert(table).values({name: bindparam(name) for name in names}).compile(dialect=dialect)  # type: ignore[arg-type]
    change = (
        update(table)  # type: ignore[arg-type]
        .where(table.c.uid == bindparam("the_uid"))
        .values({name: bindparam(name) for name in names if name != "uid"})
        .compile(dialect=dialect)
    )
    return str(into), str(change)


_SHAPES = 64  # of entries that set the same fields; more at once, and each row is written whole


def insert_entries(connection: Connection, ent: str, entries: Sequence[Entry]) -> None:
    """Insert the rows of new records of one entity, each with the one entry that made it.

    Only the fields that an entry sets are bound: most of a record's many columns are empty.
    """
    shapes: dict[tuple[str, ...], list[tuple[Any, ...]]] = {}
    for entry in entries:
        row = (*entry.set.values(), entry.uid, entry.scope)
        try:
            shapes[tuple(entry.set)].append(row)
        except KeyError:
            shapes[tuple(entry.set)] = [row]
    known = frozenset(columns(ent))
    if len(shapes) > _SHAPES or not all(known.issuperset(names) for names in shapes):
        names = columns(ent)
        insert_rows(connection, ent, [(*map(entry.set.get, names), entry.uid, entry.scope, 0) for entry in entries])
        return
    for names, rows in shapes.items():
        connection.exec_driver_sql(_shape_sql(ent, names, connection.dialect), rows)


@lru_cache(maxsize=1024)
def _shape_sql(ent: str, names: tuple[str, ...], dialect: Dialect) -> str:
    """SQL text of an insert of these fields, uid and scope, in this order."""
    quote, mark = dialect.identifier_preparer.quote, mark_of(dialect)
    listed = ", ".join(map(quote, (*names, "uid", "scope", "hidden")))
    return f"INSERT INTO {quote(ent)} ({listed}) VALUES ({', '.join([mark] * (len(names) + 2))}, 0)"


def mark_of(dialect: Dialect) -> str:
    """What stands for a value in SQL text that goes straight to the driver."""
    return "?" if dialect.paramstyle == "qmark" else "%s"


def insert_rows(connection: Connection, ent: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert new rows of one entity."""
    connection.exec_driver_sql(_statements(ent, connection.dialect)[0], list(rows))


def update_rows(connection: Connection, ent: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """Overwrite existing rows of one entity."""
    rotated = [(*row[:-3], *row[-2:], row[-3]) for row in rows]
    connection.exec_driver_sql(_statements(ent, connection.dialect)[1], rotated)


def delete_rows(connection: Connection, ent: str, uids: Collection[str]) -> None:
    """Take records of one entity out of its table, and their conflicts out of the list."""
    if uids:
        table = BY_NAME[ent].__table__
        connection.execute(delete(table).where(table.c.uid.in_(uids)))  # type: ignore[arg-type]
        connection.execute(delete(conflict).where(conflict.c.ent == ent, conflict.c.uid.in_(uids)))


def write_conflicts(connection: Connection, states: Mapping[str, RecordState], ent: str) -> None:
    """Replace what is recorded of the conflicts of these records of one entity."""
    connection.execute(delete(conflict).where(conflict.c.ent == ent, conflict.c.uid.in_(states)))
    found = [row for uid, state in states.items() for row in conflict_rows(uid, state)]
    if found:
        connection.execute(insert(conflict), found)


def conflict_rows(uid: str, state: RecordState) -> list[dict[str, str]]:
    """Rows of the conflict table for one record; delete-against-edit is the field `*`."""
    rows = [
        {"ent": state.ent, "uid": uid, "field": field, "ids": json.dumps(sorted(state.leaves[field]))}
        for field in sorted(state.conflicts)
    ]
    if state.edited_after_void:
        rows.append({"ent": state.ent, "uid": uid, "field": "*", "ids": "[]"})
    return rows
