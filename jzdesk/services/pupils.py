"""Pupils as the aid, pairing, visit and paper services need them: one query for a whole school, never one a pupil."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, Table, or_, select

from jzdesk.core import codes
from jzdesk.core.term import Term
from jzdesk.models import Enrolment, Record, SchoolClass, Student


def table_of(entity: type[Record]) -> Table:
    """The table of an entity."""
    table = entity.__table__
    assert isinstance(table, Table)
    return table


STUDENT, ENROLMENT, CLASS = table_of(Student), table_of(Enrolment), table_of(SchoolClass)


class Pupil(NamedTuple):
    """A student with the enrolment that counts; codes as stored, `class_name` as written on the door."""

    uid: str
    name: str
    sex: str | None
    grade: str
    class_name: str | None
    boarding: str | None
    status: str
    school: str
    head: str | None = None

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
) -> dict[str, Pupil]:
    """uid → pupil, of everybody with an enrolment of `scope` that touches `span` (closed, ISO days); None means any.

    Of several enrolments of one student the one that began last counts. `among` selects the uids wanted.
    """
    query = (
        select(
            STUDENT.c.uid, STUDENT.c.name, STUDENT.c.sex, ENROLMENT.c.grade, CLASS.c.name.label("class_name"),
            ENROLMENT.c.boarding, ENROLMENT.c.status, ENROLMENT.c.school, CLASS.c.head,
        )
        .join_from(ENROLMENT, STUDENT, STUDENT.c.uid == ENROLMENT.c.student)
        .outerjoin(CLASS, CLASS.c.uid == ENROLMENT.c.school_class)
        .where(ENROLMENT.c.hidden == 0, STUDENT.c.hidden == 0)
        .order_by(ENROLMENT.c.valid_from)
    )  # fmt: skip
    if scope is not None:
        query = query.where(ENROLMENT.c.scope == scope)
    if span is not None:
        query = query.where(touches(ENROLMENT, *span))
    if among is not None:
        query = query.where(ENROLMENT.c.student.in_(among))
    return {row[0]: Pupil._make(row) for row in connection.execute(query)}


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
