"""The same child on two rolls: found by number, or by name and birth; settled by people, reversibly."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from sqlalchemy import ColumnElement, Connection, func, select

from jzdesk.core.slices import slices
from jzdesk.models import Identity, Student
from jzdesk.store import figures

Pair = tuple[str, str]
_STUDENT = Student.__table__
_IDENTITY = Identity.__table__


@dataclass(frozen=True, slots=True)
class Case:
    """Student records that carry the same identity number and nobody has judged yet; `uids` ordered."""

    number: str
    uids: tuple[str, ...]


@dataclass(slots=True)
class Foretold:
    """What students and verdicts will be: uid → number (None when hidden or without), uid → (pair, verdict) or None."""

    numbers: dict[str, str | None] = field(default_factory=dict)
    verdicts: dict[str, tuple[Pair, str] | None] = field(default_factory=dict)


def open_cases(connection: Connection) -> list[Case]:
    """Every duplicate case still open, by number. Records judged the same person count as one group."""
    return _cases(_groups(connection), _by_verdict(_verdicts(connection).values()))


def cases_to_come(connection: Connection, foretold: Foretold) -> int:
    """How many cases would be open that are not open now."""
    now, verdicts = _groups(connection), _verdicts(connection)
    before = {case.uids for case in _cases(now, _by_verdict(verdicts.values()))}
    verdicts |= {uid: one for uid, one in foretold.verdicts.items() if one is not None}
    for uid in (uid for uid, one in foretold.verdicts.items() if one is None):
        verdicts.pop(uid, None)
    groups = {number: [uid for uid in uids if uid not in foretold.numbers] for number, uids in now.items()}
    to_come = [(number, uid) for uid, number in foretold.numbers.items() if number]
    here = _with_numbers(connection, sorted({number for number, _ in to_come} - groups.keys()))
    for number, uid in (*((number, uid) for number, uid in here if uid not in foretold.numbers), *to_come):
        groups.setdefault(number, []).append(uid)
    shared = {number: sorted(uids) for number, uids in groups.items() if len(uids) > 1}
    return len({case.uids for case in _cases(shared, _by_verdict(verdicts.values()))} - before)


def _groups(connection: Connection) -> dict[str, list[str]]:
    """Number → uids of the students in use that share it, ordered; one alone where the others are voided.

    The county keeps the numbers that are shared; elsewhere they are read from the index, whoever is in use.
    """
    groups: dict[str, list[str]] = defaultdict(list)
    known = figures.read(connection)
    for part in [None] if known is None else slices(sorted(known[figures.SHARED])):
        among = _shared() if part is None else _STUDENT.c.id_number.in_(part)
        query = select(_STUDENT.c.id_number, _STUDENT.c.uid).where(_STUDENT.c.hidden == 0, among)
        for number, uid in connection.execute(query.order_by(_STUDENT.c.id_number, _STUDENT.c.uid)):
            groups[number].append(uid)
    return dict(groups)


def _shared() -> ColumnElement[bool]:
    number = _STUDENT.c.id_number
    return number.in_(select(number).where(number.is_not(None)).group_by(number).having(func.count() > 1))


def _with_numbers(connection: Connection, numbers: Sequence[str]) -> Iterator[tuple[str, str]]:
    """(number, uid) of the students in use with one of these numbers."""
    for part in slices(numbers):
        query = select(_STUDENT.c.id_number, _STUDENT.c.uid).where(_STUDENT.c.id_number.in_(part))
        for row in connection.execute(query.where(_STUDENT.c.hidden == 0)):
            yield row.id_number, row.uid


def _cases(groups: Mapping[str, Sequence[str]], judged: Mapping[str, set[Pair]]) -> list[Case]:
    return [Case(number, tuple(uids)) for number, uids in groups.items() if _open(uids, judged)]


def _verdicts(connection: Connection) -> dict[str, tuple[Pair, str]]:
    """uid of a verdict → the pair of records it was given on, and what it says."""
    columns = (_IDENTITY.c.uid, _IDENTITY.c.first, _IDENTITY.c.second, _IDENTITY.c.verdict)
    query = select(*columns).where(_IDENTITY.c.hidden == 0)
    return {row.uid: ((row.first, row.second), row.verdict) for row in connection.execute(query)}


def _by_verdict(given: Iterable[tuple[Pair, str]]) -> dict[str, set[Pair]]:
    """Verdict → pairs of records it was given on."""
    judged: dict[str, set[Pair]] = {"same": set(), "distinct": set()}
    for pair, verdict in given:
        judged.setdefault(verdict, set()).add(pair)
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
