"""Figures that a county keeps while its tables are written, instead of counting everybody each time they are shown.

Whoever writes rows says whose they are (`kept`). Only for these is counted before and after, and the figures move by
the difference; as every figure is a sum over such keys, it stays what a count of everything would give, and `verify`
makes that count. The stamp says up to where the figures go: when a program that does not know them has written, it has
moved on, and everything is counted anew.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from sqlalchemy import Connection

from jzdesk.core.slices import slices
from jzdesk.store.dialects import marks, run

Figures = dict[str, dict[str, int]]
"""Name of a figure → label ("" where it is one number, else a school, a term, both, or an ID number) → how many."""

ENROLLED, BOARDING, POOR, PAIRED, SHARED = "enrolled", "boarding", "poor", "paired", "shared"
POOR_AT, PAID_AT, FEN, LINES = "poor_at", "paid_at", "fen", "lines"
_KEYS = {
    "enrolment": "student", "hardship": "student", "pairing": "student", "payment": "student", "student": "id_number",
}  # fmt: skip
_AT, _STAMPED = "figures", "figures_stamp"
_NONE_KEPT = "no_figures"  # noted of a connection while a school writes, which has nobody else to count
_STAMP = (
    "SELECT (SELECT max(seq) FROM journal),"
    " (SELECT count(*) FROM withdrawal), (SELECT count(undone_at) FROM withdrawal),"
    " (SELECT count(ruling) FROM hold),"
    " (SELECT count(*) FROM revocation), (SELECT count(undone_at) FROM revocation)"
)


class _Figure(NamedTuple):
    """The tables it is counted from, and a statement for (label, how many) of keys that are `{among}` some."""

    tables: tuple[str, ...]
    sql: str


_ON_A_ROLL = "SELECT '', count(DISTINCT student) FROM enrolment WHERE hidden = 0 AND status IN ('01', '11')"
_POOR = "FROM hardship h WHERE h.hidden = 0 AND h.valid_to IS NULL AND h.student {among}"
_PAIRED = "SELECT '', count(DISTINCT student) FROM pairing WHERE hidden = 0 AND valid_to IS NULL"
_PAID = "p.hidden = 0 AND p.state = 'paid' AND p.term IS NOT NULL AND p.student {among}"
_PAID_AT = (
    "SELECT h.scope || ' ' || p.term, count(DISTINCT h.student) FROM hardship h JOIN payment p ON p.student = h.student"
    f" WHERE h.hidden = 0 AND h.valid_to IS NULL AND {_PAID} GROUP BY h.scope, p.term"
)
_ALL = {
    ENROLLED: _Figure(("enrolment",), f"{_ON_A_ROLL} AND student {{among}}"),
    BOARDING: _Figure(("enrolment",), f"{_ON_A_ROLL} AND boarding = '2' AND student {{among}}"),
    POOR: _Figure(("hardship",), f"SELECT '', count(DISTINCT h.student) {_POOR}"),
    POOR_AT: _Figure(("hardship",), f"SELECT h.scope, count(DISTINCT h.student) {_POOR} GROUP BY h.scope"),
    PAIRED: _Figure(("pairing",), f"{_PAIRED} AND student {{among}}"),
    PAID_AT: _Figure(("hardship", "payment"), _PAID_AT),
    FEN: _Figure(("payment",), f"SELECT p.term, sum(p.fen) FROM payment p WHERE {_PAID} GROUP BY p.term"),
    LINES: _Figure(("payment",), f"SELECT p.term, count(*) FROM payment p WHERE {_PAID} GROUP BY p.term"),
    SHARED: _Figure(
        ("student",),
        "SELECT id_number, count(*) FROM student WHERE id_number {among} GROUP BY id_number HAVING count(*) > 1",
    ),
}


def read(connection: Connection) -> Figures | None:
    """The figures as they stand; None where none are kept, or somebody else has written since."""
    found = _setting(connection, _AT)
    if found is None or _setting(connection, _STAMPED) != json.dumps(_stamp(connection)):
        return None
    return _loaded(found)


def counted(connection: Connection) -> Figures:
    """All figures, counted from the tables."""
    return {name: _count(connection, figure) for name, figure in _ALL.items()}


def begin(connection: Connection) -> None:
    """Count everything, and keep the figures from now on."""
    _put(connection, _AT, json.dumps(counted(connection)))
    _put(connection, _STAMPED, json.dumps(_stamp(connection)))


@contextmanager
def standing(connection: Connection) -> Iterator[None]:
    """A writing transaction: figures that are kept are right before it and after it."""
    noted = _setting(connection, _STAMPED)
    if noted is None:
        info = connection.info  # kept by name: a connection that has broken cannot be asked for it
        info[_NONE_KEPT] = True
        try:
            yield
        finally:
            info.pop(_NONE_KEPT, None)
        return
    if noted != json.dumps(_stamp(connection)):
        begin(connection)
    yield
    _put(connection, _STAMPED, json.dumps(_stamp(connection)))


@contextmanager
def kept(
    connection: Connection, ent: str, whose: Callable[[str], Iterable[object]], uids: Collection[str] = ()
) -> Iterator[None]:
    """Rows of `ent` are written: `whose` gives the new values of a column, `uids` are the rows that are there."""
    asked = ent in _KEYS and _NONE_KEPT not in connection.info
    found = _setting(connection, _AT) if asked else None
    if found is None:
        yield
        return
    keys = {str(key) for key in whose(_KEYS[ent]) if key is not None} | _now(connection, ent, uids)
    before = _of(connection, ent, keys)
    yield
    after = _of(connection, ent, keys)
    if before != after:
        _put(connection, _AT, json.dumps(_moved(_loaded(found), before, after)))


def _now(connection: Connection, ent: str, uids: Collection[str]) -> set[str]:
    """Whose the rows are so far."""
    found: set[str] = set()
    for part in slices(list(uids)):
        query = f"SELECT {_KEYS[ent]} FROM {ent} WHERE uid IN ({marks(len(part))})"
        found.update(key for key in run(connection, query, tuple(part)).scalars() if key is not None)
    return found


def _of(connection: Connection, ent: str, keys: Collection[str]) -> Figures:
    """What these keys add to the figures that the table has to do with."""
    return {name: _count(connection, figure, keys) for name, figure in _ALL.items() if ent in figure.tables}


def _count(connection: Connection, figure: _Figure, keys: Collection[str] | None = None) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in [None] if keys is None else slices(sorted(keys)):
        among = "IS NOT NULL" if part is None else f"IN ({marks(len(part))})"
        for label, number in run(connection, figure.sql.format(among=among), tuple(part or ()) or None):
            if number:
                found[label] = found.get(label, 0) + int(number)
    return found


def _moved(figures: Figures, before: Figures, after: Figures) -> Figures:
    """The figures, each moved by the difference."""
    moved = dict(figures)
    for name in before:
        labels = before[name].keys() | after[name].keys()
        changed = {one: after[name].get(one, 0) - before[name].get(one, 0) for one in labels}
        kept_so_far = figures[name]
        new = kept_so_far | {one: kept_so_far.get(one, 0) + by for one, by in changed.items()}
        moved[name] = {one: number for one, number in new.items() if number}
    return moved


def _loaded(text: str) -> Figures:
    found: Figures = json.loads(text)
    return found


def _stamp(connection: Connection) -> list[int | None]:
    """Up to where the journal goes, and what was said of entries in it."""
    return list(connection.exec_driver_sql(_STAMP).one())


def _setting(connection: Connection, key: str) -> str | None:
    value: str | None = run(connection, "SELECT value FROM setting WHERE key = ?", (key,)).scalar()
    return value


def _put(connection: Connection, key: str, value: str) -> None:
    run(connection, "DELETE FROM setting WHERE key = ?", (key,))
    run(connection, "INSERT INTO setting (key, value) VALUES (?, ?)", (key, value))
