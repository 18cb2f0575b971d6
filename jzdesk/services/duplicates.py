"""The same child on two rolls: found by number, or by name and birth; settled by people, reversibly."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

from sqlalchemy import Connection, func, select

from jzdesk.models import Identity, Student

_STUDENT = Student.__table__
_IDENTITY = Identity.__table__


@dataclass(frozen=True, slots=True)
class Case:
    """Student records that carry the same identity number and nobody has judged yet; `uids` ordered."""

    number: str
    uids: tuple[str, ...]


def open_cases(connection: Connection) -> list[Case]:
    """Every duplicate case still open, by number. Records judged the same person count as one group."""
    shared = (
        select(_STUDENT.c.id_number)
        .where(_STUDENT.c.hidden == 0, _STUDENT.c.id_number.is_not(None))
        .group_by(_STUDENT.c.id_number)
        .having(func.count() > 1)
    )
    query = select(_STUDENT.c.id_number, _STUDENT.c.uid).where(_STUDENT.c.hidden == 0, _STUDENT.c.id_number.in_(shared))
    groups: dict[str, list[str]] = defaultdict(list)
    for number, uid in connection.execute(query.order_by(_STUDENT.c.id_number, _STUDENT.c.uid)):
        groups[number].append(uid)
    judged = _judged(connection)
    return [Case(number, tuple(uids)) for number, uids in groups.items() if _open(uids, judged)]


def _judged(connection: Connection) -> set[frozenset[str]]:
    query = select(_IDENTITY.c.first, _IDENTITY.c.second).where(_IDENTITY.c.hidden == 0)
    return {frozenset((row.first, row.second)) for row in connection.execute(query)}


def _open(uids: Iterable[str], judged: set[frozenset[str]]) -> bool:
    return any(frozenset(pair) not in judged for pair in combinations(uids, 2))
