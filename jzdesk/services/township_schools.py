"""Township: what the packages say of each school below, counted, and its pupils; to be looked at only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, Table, func, select

from jzdesk.core.clock import moment
from jzdesk.models import Enrolment, Visit
from jzdesk.services.pupils import table_of
from jzdesk.services.student_list import StudentQuery, listing
from jzdesk.services.student_rows import StudentRow, student_rows
from jzdesk.services.student_tables import CLASS, ENROLMENT, HARDSHIP, PAIRING, STUDENT
from jzdesk.store.store import Store
from jzdesk.store.tables import chain

VISIT = table_of(Visit)
UNREAD = "（未到）"  # in place of the name of a child whose own record cannot be read here
_ACTIVE = ("01", "11")


@dataclass(frozen=True, slots=True)
class SchoolSeen:
    """One school as its packages tell: pupils registered and attending, in hardship, paired, visits, and up to when."""

    code: str
    name: str
    students: int
    attending: int
    poor: int
    paired: int
    visits: int
    until: str


def schools(store: Store, names: Mapping[str, str], apart: Collection[str] = ()) -> list[SchoolSeen]:
    """Every school that was read but those `apart`, by code; `names` code → name.

    A child is counted at the school that it belongs to now, and what it had at others only there.
    """
    with store.read() as connection:
        last = select(chain.c.school, func.max(chain.c.last_at)).where(chain.c.own == 0, chain.c.last_n > 0)
        last = last.where(chain.c.school.not_in(apart)).group_by(chain.c.school)
        until = {row[0]: row[1] for row in connection.execute(last)}
        counted = [_count(connection, query) for query in _counts()]
        unread = Counter(one["scope"] for one in _unread(connection))
    seen = (_seen(code, names.get(code, code), counted, moment(until[code])[:10]) for code in sorted(until))
    return [_with(one, unread[one.code]) for one in seen]


def _seen(code: str, name: str, counted: Sequence[Mapping[str, int]], until: str) -> SchoolSeen:
    students, attending, poor, paired, visits = (count.get(code, 0) for count in counted)
    return SchoolSeen(code, name, students, attending, poor, paired, visits, until)


def _with(seen: SchoolSeen, unread: int) -> SchoolSeen:
    """Children whose file cannot be read here are there all the same."""
    return replace(seen, students=seen.students + unread, attending=seen.attending + unread)


def _counts() -> list[Select[Any]]:
    """Queries of (school, how many), in the order of `SchoolSeen`."""
    attending = STUDENT.c.hidden == 0, ENROLMENT.c.status.in_(_ACTIVE)
    return [
        select(STUDENT.c.scope, func.count()).where(STUDENT.c.hidden == 0),
        _people(ENROLMENT, *attending),
        _people(HARDSHIP, HARDSHIP.c.valid_to.is_(None)), _people(PAIRING, PAIRING.c.valid_to.is_(None)),
        select(VISIT.c.scope, func.count()).where(VISIT.c.hidden == 0),
    ]  # fmt: skip


def _people(table: Table, *conditions: ColumnElement[bool]) -> Select[Any]:
    """Pupils with such a record at the school that has them now; what another school had of them is history."""
    joined = table.outerjoin(STUDENT, STUDENT.c.uid == table.c.student)
    query = select(table.c.scope, func.count(func.distinct(table.c.student))).select_from(joined)
    return query.where(table.c.hidden == 0, func.coalesce(STUDENT.c.scope, table.c.scope) == table.c.scope, *conditions)


def _count(connection: Connection, query: Select[Any]) -> dict[str, int]:
    scope = next(iter(query.selected_columns))
    return {row[0]: int(row[1]) for row in connection.execute(query.group_by(scope))}


def _unread(connection: Connection) -> list[RowMapping]:
    """Children on the roll of a school that can be read, while their own record is one of a school that cannot.

    Each once: without the county's word the place that began last is where the child is now.
    """
    there = STUDENT.c.uid.is_not(None) & ((STUDENT.c.hidden == 0) | STUDENT.c.name.is_not(None))
    query = (
        select(ENROLMENT.c.student, ENROLMENT.c.scope, ENROLMENT.c.grade, ENROLMENT.c.status, CLASS.c.name)
        .outerjoin_from(ENROLMENT, STUDENT, STUDENT.c.uid == ENROLMENT.c.student)
        .outerjoin(CLASS, CLASS.c.uid == ENROLMENT.c.school_class)
        .where(ENROLMENT.c.hidden == 0, ENROLMENT.c.status.in_(_ACTIVE), ~there)
        .where(func.coalesce(STUDENT.c.scope, ENROLMENT.c.scope) == ENROLMENT.c.scope)
        .order_by(ENROLMENT.c.valid_from, ENROLMENT.c.uid)
    )
    return list({row["student"]: row for row in connection.execute(query).mappings()}.values())


def pupils(store: Store, school: str, today: str) -> list[StudentRow]:
    """The pupils of a school in the order of the table; those whose own record cannot be read here come last."""
    store.catch_up()
    with store.read() as connection:
        uids = list(dict.fromkeys(connection.execute(listing(StudentQuery(school=school), today)).scalars()))
        unread = {row["student"]: row for row in _unread(connection) if row["scope"] == school}
        rows = student_rows(connection, [*uids, *unread])
        bare = [_bare(unread[uid]) for uid in unread.keys() - {row.uid for row in rows}]
    return [replace(row, name=row.name or UNREAD) for row in (*rows, *sorted(bare, key=lambda row: row.uid))]


def unread_words(rows: Sequence[StudentRow]) -> str:
    """A sentence about those of whom the name cannot be read here; "" when there are none."""
    unread = sum(row.name == UNREAD for row in rows)
    return f"{UNREAD}{unread} 名：档案在原来的学校，本站读不到。" if unread else ""


def _bare(row: RowMapping) -> StudentRow:
    """A child of whom only its place at the school is known."""
    grade, status = (Enrolment.spec[name].show(row[name]) for name in ("grade", "status"))
    return StudentRow(row["student"], "", "", "", grade, row["name"] or "", "", "", "", "", 0, "", status, row["scope"])
