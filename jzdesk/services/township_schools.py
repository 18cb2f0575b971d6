"""Township: what the packages say of each school below, counted, and its pupils; to be looked at only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, func, select

from jzdesk.core.clock import moment
from jzdesk.models import BY_NAME
from jzdesk.services.student_list import StudentQuery, listing
from jzdesk.services.student_rows import StudentRow, student_rows
from jzdesk.store.store import Store
from jzdesk.store.tables import chain

STUDENT, ENROLMENT, HARDSHIP, PAIRING, VISIT = (
    BY_NAME[name].__table__ for name in ("student", "enrolment", "hardship", "pairing", "visit")
)
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


def schools(store: Store, names: dict[str, str]) -> list[SchoolSeen]:
    """Every school that was read, by code; `names` code → name."""
    with store.read() as connection:
        last = select(chain.c.school, func.max(chain.c.last_at)).where(chain.c.own == 0, chain.c.last_n > 0)
        until = {row[0]: row[1] for row in connection.execute(last.group_by(chain.c.school))}
        counted = [_count(connection, query) for query in _counts()]
    return [_seen(code, names.get(code, code), counted, moment(until[code])[:10]) for code in sorted(until)]


def _seen(code: str, name: str, counted: Sequence[Mapping[str, int]], until: str) -> SchoolSeen:
    students, attending, poor, paired, visits = (count.get(code, 0) for count in counted)
    return SchoolSeen(code, name, students, attending, poor, paired, visits, until)


def _counts() -> list[Select[Any]]:
    """Queries of (school, how many), in the order of `SchoolSeen`."""
    return [
        select(STUDENT.c.scope, func.count()).where(STUDENT.c.hidden == 0),
        select(ENROLMENT.c.scope, func.count()).where(ENROLMENT.c.hidden == 0, ENROLMENT.c.status.in_(_ACTIVE)),
        _people(HARDSHIP), _people(PAIRING),
        select(VISIT.c.scope, func.count()).where(VISIT.c.hidden == 0),
    ]  # fmt: skip


def _people(table: Any) -> Select[Any]:
    """Pupils with an interval of this table that is still open."""
    query = select(table.c.scope, func.count(func.distinct(table.c.student)))
    return query.where(table.c.hidden == 0, table.c.valid_to.is_(None))


def _count(connection: Connection, query: Select[Any]) -> dict[str, int]:
    scope = next(iter(query.selected_columns))
    return {row[0]: int(row[1]) for row in connection.execute(query.group_by(scope))}


def pupils(store: Store, school: str, today: str) -> list[StudentRow]:
    """The pupils of a school in the order of the table."""
    store.catch_up()
    with store.read() as connection:
        uids = list(dict.fromkeys(connection.execute(listing(StudentQuery(school=school), today)).scalars()))
        return student_rows(connection, uids)
