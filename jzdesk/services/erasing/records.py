"""Which records an erasure of a child is about, which of them stay and why, and which schools hold them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from sqlalchemy import Connection, or_, select

from jzdesk.core.merge import GRANT, SCOPE, decode
from jzdesk.core.slices import slices
from jzdesk.models import BY_NAME, SPECS, Closure
from jzdesk.policy.erasure import VOUCHERS, Held, fields_that_stay, why_stays
from jzdesk.services.context import COUNTY_SCOPE
from jzdesk.services.pupils import table_of
from jzdesk.services.student_tables import GUARDIAN, IDENTITY, MEMBER, STUDENT
from jzdesk.services.transfers.files import PAYMENT, Records, whole
from jzdesk.store import journal as book
from jzdesk.store.rows import streamed
from jzdesk.store.tables import ACCEPTED, ERASED, journal

_NOT_THE_CHILDS = frozenset({"batch", "school_class"})
CLOSURE = table_of(Closure)
_OF_STUDENT = tuple(sorted(ent for ent, spec in SPECS.items() if "student" in spec.fields))


class Planned(NamedTuple):
    """One record: what of it goes (`fields`, None for all), or why it stays."""

    ent: str
    uid: str
    fields: tuple[str, ...] | None
    stays: str = ""


def of_child(connection: Connection, student: str) -> list[Planned]:
    """Every record about a child, in the order of the ledgers, and what becomes of each."""
    found = _records(connection, student)
    paid = bool(VOUCHERS & found.keys())
    grounds = set(connection.execute(select(PAYMENT.c.decision).where(PAYMENT.c.student == student)).scalars())
    home = _shared_home(connection, student)
    return [
        _planned(ent, uid, _held(connection, ent, uid, student, grounds, home), paid=paid)
        for ent in SPECS
        for uid in sorted(found.get(ent, ()))
    ]


def _planned(ent: str, uid: str, held: Held, *, paid: bool) -> Planned:
    if stays := why_stays(held):
        return Planned(ent, uid, None, stays)
    kept = fields_that_stay(ent, paid=paid)
    return Planned(ent, uid, tuple(name for name in SPECS[ent].fields if name not in kept) if kept else None)


def _records(connection: Connection, student: str) -> Records:
    """Everything that names the child, whether it counts or not, and its family."""
    found: Records = defaultdict(set, whole(connection, [student]))
    for ent in ("pairing", "fund_entry"):
        table = BY_NAME[ent].__table__
        found[ent] |= set(connection.execute(select(table.c.uid).where(table.c.student == student)).scalars())
    homes = sorted(found.get("household", ()))
    found["closure"] |= set(connection.execute(select(CLOSURE.c.uid).where(CLOSURE.c.household.in_(homes))).scalars())
    verdicts = select(IDENTITY.c.uid).where(or_(IDENTITY.c.first == student, IDENTITY.c.second == student))
    found["identity"] |= set(connection.execute(verdicts).scalars())
    for ent, uid in _waiting(connection, student):
        found[ent].add(uid)
    return {ent: uids for ent, uids in found.items() if uids and ent not in _NOT_THE_CHILDS}


def _waiting(connection: Connection, student: str) -> Iterator[tuple[str, str]]:
    """Records whose entries do not count now, and name the child: no table shows them."""
    query = select(journal.c.ent, journal.c.uid, journal.c.body).where(
        journal.c.state.not_in((ACCEPTED, ERASED)), journal.c.ent.in_(_OF_STUDENT)
    )
    for ent, uid, body in streamed(connection, query):
        if student.encode() in body and decode(body).set.get("student") == student:
            yield ent, uid


class _Home(NamedTuple):
    """Whether another child lives there, and the members that are the child itself."""

    sibling: bool
    itself: frozenset[str]


def _shared_home(connection: Connection, student: str) -> _Home:
    row = connection.execute(select(STUDENT.c.household, STUDENT.c.id_number).where(STUDENT.c.uid == student)).first()
    if row is None or not row.household:
        return _Home(False, frozenset())
    others = select(STUDENT.c.uid).where(
        STUDENT.c.household == row.household, STUDENT.c.uid != student, STUDENT.c.hidden == 0
    )
    itself = select(MEMBER.c.uid).where(MEMBER.c.household == row.household, MEMBER.c.id_number == row.id_number)
    uids = connection.execute(itself).scalars() if row.id_number else ()
    return _Home(connection.execute(others.limit(1)).first() is not None, frozenset(uids))


def _held(connection: Connection, ent: str, uid: str, student: str, grounds: Iterable[str], home: _Home) -> Held:
    other = ent == "member" and _is_guardian_of_another(connection, uid, student)
    shared = home.sibling and uid not in home.itself and (ent != "closure" or _is_of_household(connection, uid))
    return Held(ent, paid_on=uid in grounds, sibling=shared, other_ward=other)


def _is_of_household(connection: Connection, closure: str) -> bool:
    query = select(CLOSURE.c.kind).where(CLOSURE.c.uid == closure, CLOSURE.c.student.is_(None))
    return connection.execute(query).first() is not None


def _is_guardian_of_another(connection: Connection, member: str, student: str) -> bool:
    query = select(GUARDIAN.c.uid).where(
        GUARDIAN.c.member == member, GUARDIAN.c.student != student, GUARDIAN.c.hidden == 0
    )
    return connection.execute(query.limit(1)).first() is not None


def holders(connection: Connection, records: Iterable[Planned]) -> list[str]:
    """Codes of the schools that wrote any of these records, own it, or ever did: each holds a copy."""
    by_ent: dict[str, list[str]] = defaultdict(list)
    for one in records:
        by_ent[one.ent].append(one.uid)
    found: set[str] = set()
    for ent, uids in by_ent.items():
        found.update(_owners(connection, ent, uids))
        for part in slices(uids):
            for known in book.known_entries(connection, ent, part).values():
                found.update(one.entry.scope for one in known)
                found.update(str(one.entry.set[SCOPE]) for one in known if one.entry.op == GRANT)
    return sorted(found - {COUNTY_SCOPE})


def _owners(connection: Connection, ent: str, uids: Iterable[str]) -> Iterator[str]:
    table = BY_NAME[ent].__table__
    for part in slices(list(uids)):
        yield from connection.execute(select(table.c.scope).where(table.c.uid.in_(part))).scalars()


def sizes(connection: Connection, records: Iterable[Planned]) -> Mapping[tuple[str, str], int]:
    """(entity, uid) → how many entries of it are here and were not erased."""
    found: dict[tuple[str, str], int] = defaultdict(int)
    by_ent: dict[str, list[str]] = defaultdict(list)
    for one in records:
        by_ent[one.ent].append(one.uid)
    for ent, uids in by_ent.items():
        for part in slices(uids):
            query = select(journal.c.uid).where(journal.c.ent == ent, journal.c.uid.in_(part))
            for uid in connection.execute(query.where(journal.c.state != ERASED)).scalars():
                found[ent, uid] += 1
    return found
