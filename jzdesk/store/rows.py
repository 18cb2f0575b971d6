"""Turns record states into table rows, and writes them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, delete, insert

from jzdesk.core.merge import Entry, RecordState
from jzdesk.models import BY_NAME
from jzdesk.store import dialects, figures
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


_STREAMED = {"stream_results": True, "yield_per": 2000}


def streamed(connection: Connection, query: Select[Any], values: Mapping[str, Any] | None = None) -> Iterator[Any]:
    """Rows as they come, in bounded memory; whoever stops early leaves nothing open on the server."""
    with connection.execute(query, values, execution_options=_STREAMED) as result:
        yield from result


def row_of(uid: str, state: RecordState) -> tuple[Any, ...]:
    """The table row of a state, in table order: the fields, then `META`; fields of newer schemas are left out."""
    return (*map(state.values.get, columns(state.ent)), uid, state.scope, int(state.hidden))


_SHAPES = 64  # of entries that set the same fields; more at once, and each row is written whole


def insert_entries(connection: Connection, ent: str, entries: Sequence[Entry]) -> None:
    """Insert the rows of new records of one entity, each with the one entry that made it.

    Only the fields that an entry sets are bound: most of a record's many columns are empty.
    """
    with figures.kept(connection, ent, lambda name: (entry.set.get(name) for entry in entries)):
        _insert_entries(connection, ent, entries)


def _insert_entries(connection: Connection, ent: str, entries: Sequence[Entry]) -> None:
    shapes: dict[tuple[str, ...], list[tuple[Any, ...]]] = {}
    for entry in entries:
        row = (*entry.set.values(), entry.uid, entry.scope, 0)
        try:
            shapes[tuple(entry.set)].append(row)
        except KeyError:
            shapes[tuple(entry.set)] = [row]
    known = frozenset(columns(ent))
    if len(shapes) > _SHAPES or not all(known.issuperset(names) for names in shapes):
        names = columns(ent)
        rows = [(*map(entry.set.get, names), entry.uid, entry.scope, 0) for entry in entries]
        dialects.of(connection).insert(connection, ent, (*names, *META), rows)
        return
    for names, rows in shapes.items():
        dialects.of(connection).insert(connection, ent, (*names, *META), rows)


def insert_rows(connection: Connection, ent: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert new rows of one entity."""
    with figures.kept(connection, ent, lambda name: _column(ent, name, rows)):
        dialects.of(connection).insert(connection, ent, (*columns(ent), *META), rows)


def _column(ent: str, name: str, rows: Iterable[tuple[Any, ...]]) -> Iterator[Any]:
    place = columns(ent).index(name)
    return (row[place] for row in rows)


def update_rows(connection: Connection, ent: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """Overwrite existing rows of one entity."""
    rotated = [(*row[:-3], *row[-2:], row[-3]) for row in rows]
    with figures.kept(connection, ent, lambda name: _column(ent, name, rotated), [row[-1] for row in rotated]):
        dialects.of(connection).update(connection, ent, (*columns(ent), *META[1:], META[0]), rotated)


def delete_rows(connection: Connection, ent: str, uids: Collection[str]) -> None:
    """Take records of one entity out of its table, and their conflicts out of the list."""
    if uids:
        table = BY_NAME[ent].__table__
        with figures.kept(connection, ent, lambda _name: (), uids):
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
