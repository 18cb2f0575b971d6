"""Which records are a child's file: those that move to the next school, and those that it may read besides."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, Select, Table, select

from jzdesk.core.term import Term
from jzdesk.models import BY_NAME, Batch, Closure, Visit
from jzdesk.models.transfer import APPROVED, Transfer
from jzdesk.services.pupils import EVENT, table_of
from jzdesk.services.student_tables import (
    ACCOUNT,
    CONSENT,
    ENROLMENT,
    GUARDIAN,
    HARDSHIP,
    MEMBER,
    PHOTO,
    QUESTION,
    STUDENT,
)

TRANSFER = table_of(Transfer)
PAYMENT, DECISION, BATCH = table_of(BY_NAME["payment"]), table_of(BY_NAME["decision"]), table_of(Batch)
_MOVING = (GUARDIAN, HARDSHIP, PHOTO, CONSENT, ACCOUNT, QUESTION)
_READ = (ENROLMENT, EVENT, table_of(Visit), table_of(Closure), DECISION, PAYMENT, TRANSFER)
_AT_ONCE = 400

Records = dict[str, set[str]]
"""Entity → uids."""


def moving(connection: Connection, student: str, to: str) -> Records:
    """The records whose writing right goes to school `to` with the child.

    The household goes along once no other child of it is left elsewhere: as long as a sibling stays, it stays too.
    """
    found = _of_students(connection, _MOVING, (student,))
    found["student"] = {student}
    for home in _uids(connection, select(STUDENT.c.household).where(STUDENT.c.uid == student)):
        if not _others(connection, select(STUDENT.c.uid).where(STUDENT.c.household == home), student, to):
            found["household"].add(home)
            found["member"] |= _uids(connection, select(MEMBER.c.uid).where(MEMBER.c.household == home))
    for member in _guardians_without_home(connection, student):
        if not _others(connection, select(GUARDIAN.c.student).where(GUARDIAN.c.member == member), student, to):
            found["member"].add(member)
    return {ent: uids for ent, uids in found.items() if uids}


def whole(connection: Connection, students: Collection[str]) -> Records:
    """Every record of the files of these children, voided ones included: what the next school may read."""
    found: Records = defaultdict(set)
    for part in _parts(students):
        for ent, uids in _of_students(connection, (*_MOVING, *_READ), part).items():
            found[ent] |= uids
        found["student"] |= set(part)
        homes = _uids(connection, select(STUDENT.c.household).where(STUDENT.c.uid.in_(part)))
        found["household"] |= homes
        found["member"] |= _uids(connection, select(MEMBER.c.uid).where(MEMBER.c.household.in_(homes)))
        found["member"] |= _uids(connection, select(GUARDIAN.c.member).where(GUARDIAN.c.student.in_(part)))
        found["school_class"] |= _uids(
            connection, select(ENROLMENT.c.school_class).where(ENROLMENT.c.student.in_(part))
        )
        found["batch"] |= _uids(connection, select(PAYMENT.c.batch).where(PAYMENT.c.student.in_(part)))
    return {ent: uids for ent, uids in found.items() if uids}


def came_to(connection: Connection, school: str, term: Term | None) -> list[str]:
    """Children whose file was moved to the school in the term or the one before (None: ever), and are still its own."""
    query = (
        select(TRANSFER.c.student)
        .join(STUDENT, STUDENT.c.uid == TRANSFER.c.student)
        .where(TRANSFER.c.to_school == school, TRANSFER.c.ruling == APPROVED, TRANSFER.c.hidden == 0)
        .where(STUDENT.c.scope == school)
    )
    if term is not None:
        query = query.where(TRANSFER.c.date >= term.previous().first_day)
    return sorted(_uids(connection, query))


def _of_students(connection: Connection, tables: Iterable[Table], students: Collection[str]) -> Records:
    found: Records = defaultdict(set)
    for table in tables:
        found[table.name] |= _uids(connection, select(table.c.uid).where(table.c.student.in_(students)))
    return found


def _others(connection: Connection, among: Select[Any], student: str, to: str) -> bool:
    """Whether one of these children, other than this one, is of another school than `to`."""
    query = select(STUDENT.c.uid).where(
        STUDENT.c.uid.in_(among), STUDENT.c.uid != student, STUDENT.c.hidden == 0, STUDENT.c.scope != to
    )
    return connection.execute(query.limit(1)).first() is not None


def _guardians_without_home(connection: Connection, student: str) -> set[str]:
    query = select(GUARDIAN.c.member).join(MEMBER, MEMBER.c.uid == GUARDIAN.c.member)
    return _uids(connection, query.where(GUARDIAN.c.student == student, MEMBER.c.household.is_(None)))


def _uids(connection: Connection, query: Select[Any]) -> set[str]:
    return {uid for uid in connection.execute(query).scalars() if uid}


def _parts(students: Collection[str]) -> Iterator[list[str]]:
    listed = sorted(students)
    for start in range(0, len(listed), _AT_ONCE):
        yield listed[start : start + _AT_ONCE]


def flat(records: Mapping[str, Collection[str]]) -> set[tuple[str, str]]:
    """(entity, uid) of each."""
    return {(ent, uid) for ent, uids in records.items() for uid in uids}
