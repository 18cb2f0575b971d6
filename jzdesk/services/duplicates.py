"""The same child on two rolls: found by number, or by name and birth; settled by people, reversibly."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from sqlalchemy import Connection, func, select

from jzdesk.models import Identity, Student

Pair = tuple[str, str]
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


def _judged(connection: Connection) -> dict[str, set[Pair]]:
    """Verdict → pairs of records it was given on."""
    query = select(_IDENTITY.c.first, _IDENTITY.c.second, _IDENTITY.c.verdict).where(_IDENTITY.c.hidden == 0)
    judged: dict[str, set[Pair]] = {"same": set(), "distinct": set()}
    for row in connection.execute(query):
        judged.setdefault(row.verdict, set()).add((row.first, row.second))
    return judged


def _open(uids: Sequence[str], judged: Mapping[str, set[Pair]]) -> bool:
    """Whether two groups of records judged the same child have not been told apart."""
    group = {uid: uid for uid in uids}
    for first, second in judged["same"]:
        if first in group and second in group:
            old, new = group[first], group[second]
            group = {uid: new if name == old else name for uid, name in group.items()}
    apart = {
        frozenset((group[first], group[second]))
        for first, second in judged["distinct"]
        if first in group and second in group
    }
    return any(frozenset(pair) not in apart for pair in combinations(set(group.values()), 2))
