"""Pupils as the aid, pairing, visit and paper services need them: one query for a whole school, never one a pupil."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, func, or_, select

from jzdesk.core import codes
from jzdesk.core.term import Term
from jzdesk.models import Enrolment, EnrolmentEvent, Record, SchoolClass, Student
from jzdesk.policy.enrolment import GONE, GRADUATED, Standing, Step, walk_back


def table_of(entity: type[Record]) -> Table:
    """The table of an entity."""
    table = entity.__table__
    assert isinstance(table, Table)
    return table


STUDENT, ENROLMENT, CLASS = table_of(Student), table_of(Enrolment), table_of(SchoolClass)
EVENT = table_of(EnrolmentEvent)
_AT_ONCE = 5000
_FEW = 8  # of a scope with at least the eighth part of all records the whole table is read


class Pupil(NamedTuple):
    """A student with the enrolment that counts; codes as stored, `class_name` as written on the door of `room` (uid).

    A class has one name here, today's: `services/roll/rooms.py` knows what it was called on an earlier day.
    """

    uid: str
    name: str
    sex: str | None
    grade: str
    class_name: str | None
    boarding: str | None
    status: str
    school: str
    room: str | None = None

    @property
    def enrolled(self) -> bool:
        """Whether the status counts as being on the roll."""
        return self.status in enrolled_statuses()

    @property
    def grade_label(self) -> str:
        """`小学一年级`."""
        return codes.table("grade").label(self.grade) if self.grade else ""

    @property
    def place(self) -> str:
        """Grade and class, `小学一年级2班`."""
        return f"{self.grade_label}{self.class_name or ''}"

    @property
    def sex_label(self) -> str:
        """男 or 女."""
        return codes.table("sex").label(self.sex) if self.sex else ""


_STATUS = Pupil._fields.index("status") - 1


@cache
def enrolled_statuses() -> frozenset[str]:
    """Codes of student_status that count as being on the roll."""
    rows = codes.table("student_status").rows
    return frozenset(code for code, row in rows.items() if row["counts_as_enrolled"] == "1")


def pupils(
    connection: Connection,
    scope: str | None,
    span: tuple[str, str] | None = None,
    among: Select[Any] | None = None,
    on: str | None = None,
) -> dict[str, Pupil]:
    """uid → pupil, of everybody with an enrolment of `scope` that touches `span` (closed, ISO days); None means any.

    Grade, class and status are those of the day `on`, else of the last day of the span, else of today. Of several
    enrolments of one student those that have not ended count first, then the one that began last. `among` selects
    the uids wanted. Two statements, or four when something happened after that day, whatever the number of pupils.
    """
    query = (
        select(
            STUDENT.c.uid, STUDENT.c.name, STUDENT.c.sex, ENROLMENT.c.grade, CLASS.c.name.label("class_name"),
            ENROLMENT.c.boarding, ENROLMENT.c.status, ENROLMENT.c.school, ENROLMENT.c.school_class,
            ENROLMENT.c.valid_from,
        )
        .join_from(ENROLMENT, STUDENT, STUDENT.c.uid == ENROLMENT.c.student)
        .outerjoin(CLASS, CLASS.c.uid == ENROLMENT.c.school_class)
        .where(ENROLMENT.c.hidden == 0, STUDENT.c.hidden == 0)
    )  # fmt: skip
    if scope is not None:
        query = query.where(_of_scope(connection, scope))
    if span is not None:
        query = query.where(touches(ENROLMENT, *span))
    if among is not None:
        query = query.where(ENROLMENT.c.student.in_(among))
    later = _later_steps(connection, scope, among, _after(span, on))
    if not later:
        return _latest(connection.execute(query).partitions(_AT_ONCE), on)
    return _walked_back(connection, query, later, on)


def _of_scope(connection: Connection, scope: str) -> Any:
    """The condition on the scope; without its index when most records are of it, as in a school's own station.

    The index hands out rows in an order in which every page of the table is read again and again: three times slower.
    """
    theirs = select(func.count()).where(ENROLMENT.c.scope == scope).scalar_subquery()
    every = select(func.count()).select_from(ENROLMENT).scalar_subquery()
    mostly = connection.execute(select(theirs * _FEW > every)).scalar_one()
    return (ENROLMENT.c.scope.concat("") if mostly else ENROLMENT.c.scope) == scope


def _latest(parts: Iterable[Iterable[Any]], on: str | None) -> dict[str, Pupil]:
    """uid → pupil; of several enrolments the one that began last (without a beginning: first of all).

    One that had not begun on the day `on`, or that the pupil has left, counts only when there is no other.
    """
    found: dict[str, Pupil] = {}
    began: dict[str, tuple[bool, bool, str]] = {}
    for part in parts:
        for uid, *values, since in part:  # for every pupil of a county
            rank = (on is None or (since or "") <= on, values[_STATUS] not in GONE, since or "")
            if uid not in found or began[uid] <= rank:
                found[uid] = Pupil(uid, *values)
                began[uid] = rank
    return found


def _after(span: tuple[str, str] | None, on: str | None) -> ColumnElement[bool] | None:
    """The condition that an event is later than the day asked for; None when today is.

    Whoever graduates within a span belongs to it to its end: the last term is a term like the others (reference §3.2).
    """
    if on is not None:
        return EVENT.c.date > on
    if span is None:
        return None
    return or_(EVENT.c.date > span[1], and_(EVENT.c.kind == GRADUATED, EVENT.c.date > span[0]))


def _later_steps(
    connection: Connection, scope: str | None, among: Select[Any] | None, after: ColumnElement[bool] | None
) -> dict[str, list[Step]]:
    """Enrolment → what happened to it later."""
    if after is None:
        return {}
    query: Select[Any] = select(*STEP_COLUMNS, EVENT.c.enrolment).where(after, EVENT.c.hidden == 0)
    if scope is not None:
        query = query.where(EVENT.c.scope == scope)
    if among is not None:
        query = query.where(EVENT.c.student.in_(among))
    found: dict[str, list[Step]] = defaultdict(list)
    for row in connection.execute(query):
        found[row[-1]].append(step_of(row))
    return found


STEP_COLUMNS = (
    EVENT.c.uid, EVENT.c.date, EVENT.c.kind, EVENT.c.from_status, EVENT.c.from_grade, EVENT.c.from_class,
    EVENT.c.to_status, EVENT.c.to_grade, EVENT.c.to_class,
)  # fmt: skip


def step_of(row: Sequence[Any]) -> Step:
    """An event as policy reads it, from a row that begins with STEP_COLUMNS."""
    return Step(row[0], row[1], row[2], Standing(row[3], row[4], row[5]), Standing(row[6], row[7], row[8]))


def _walked_back(
    connection: Connection, query: Select[Any], later: dict[str, list[Step]], on: str | None
) -> dict[str, Pupil]:
    """The pupils as they stood before the later events."""
    classes = {row[0]: row[1] for row in connection.execute(select(CLASS.c.uid, CLASS.c.name))}

    def then(row: Sequence[Any]) -> Sequence[Any]:
        *given, since, enrolment = row
        pupil = Pupil._make(given)
        if (steps := later.get(enrolment)) is not None:
            status, grade, room = walk_back(Standing(pupil.status, pupil.grade, pupil.room), steps)
            name = classes.get(room or "")
            pupil = pupil._replace(status=status or "", grade=grade or "", class_name=name, room=room)
        return (*pupil, since)

    rows = connection.execute(query.add_columns(ENROLMENT.c.uid))
    return _latest(([then(row) for row in part] for part in rows.partitions(_AT_ONCE)), on)


def touches(table: Table, first: str, last: str) -> Any:
    """The condition that a dated row (valid_from, valid_to) touches the closed interval."""
    begins, ends = table.c.valid_from, table.c.valid_to
    return or_(begins.is_(None), begins <= last) & or_(ends.is_(None), ends >= first)


def span_of(term: Term) -> tuple[str, str]:
    """First and last day of a term."""
    return term.first_day, term.last_day


def day_within(term: Term, today: str) -> str:
    """Today, or the nearest day of the term."""
    return min(max(today, term.first_day), term.last_day)


def by_place(pupil: Pupil) -> tuple[str, str, str, str]:
    """The order of lists: grade, class, name."""
    return pupil.grade or "", pupil.class_name or "", pupil.name or "", pupil.uid
