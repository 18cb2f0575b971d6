"""The student table: which students, in which order; what one line of it shows is in `student_rows`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, select

from jzdesk.core import codes
from jzdesk.services.consents import without_consent
from jzdesk.services.context import Context
from jzdesk.services.student_rows import present_enrolment
from jzdesk.services.student_tables import ACCOUNT, CLASS, ENROLMENT, HARDSHIP, PAIRING, QUESTION, STUDENT
from jzdesk.store.tables import chain, journal, search_doc


@dataclass(frozen=True, slots=True)
class StudentQuery:
    """Which students; `grade` is a code, `school_class` a uid, `hardship` a code or "any", `status` a code.

    `school` is the code of the school that has the child now, `moved` asks for those who have left that school's care.
    `travel` is how far the record has travelled, one of `sync_state.STATES`. `order` is one of ORDERS, or "" for that
    of the table: grade, class, name, in a county name alone (or the best hit of a search first).
    """

    text: str = ""
    grade: str | None = None
    school_class: str | None = None
    hardship: str | None = None
    status: str | None = None
    unpaired: bool = False
    questions: bool = False
    school: str | None = None
    no_consent: bool = False
    no_account: bool = False
    moved: bool = False
    travel: str | None = None
    order: str = ""
    descending: bool = False


_USUAL = (ENROLMENT.c.grade, func.length(CLASS.c.name), CLASS.c.name, CLASS.c.uid, search_doc.c.sort, STUDENT.c.uid)
_BY_NAME = (search_doc.c.sort, STUDENT.c.uid)
ORDERS: dict[str, tuple[ColumnElement[Any], ...]] = {
    "name": (search_doc.c.sort,),
    "grade": (ENROLMENT.c.grade,),
    "school_class": (func.length(CLASS.c.name), CLASS.c.name),
    "status": (ENROLMENT.c.status,),
}
"""By what people may sort the table: columns of the table → columns of the database."""


def class_label(grade: str | None, name: str | None) -> str:
    """`小学三年级2班`."""
    return f"{codes.table('grade').label(grade)}{name or ''}" if grade else (name or "")


def beginning(most: int) -> Any:
    """Select of the first uids of everybody in use in the order of names: the index of names has just these."""
    named = select(search_doc.c.uid).where(search_doc.c.sort.is_not(None))
    return named.order_by(search_doc.c.sort, search_doc.c.uid).limit(most)


def told_here(context: Context, students: Sequence[str]) -> list[str]:
    """Those of the students of whom a school has told this station something.

    A township knows others from what the county did with their records, which is meant for its view of the schools.
    """
    if context.info.kind != "township" or not students:
        return list(students)
    county = (context.store.setting("county") or {}).get("card", {}).get("county", "")
    query = select(journal.c.uid).join(chain, chain.c.id == journal.c.chain)
    query = query.where(journal.c.ent == "student", journal.c.uid.in_(students), chain.c.school != county)
    with context.read() as connection:
        told = set(connection.execute(query).scalars())
    return [uid for uid in students if uid in told]


def listing(query: StudentQuery, today: str, *, by_name: bool = False) -> Any:
    """Select of uids in the order of the table; a student with two enrolments stands there twice.

    The index of names must be up to date (`Store.catch_up`): it holds what names are sorted by.
    """
    joined = (
        STUDENT.outerjoin(ENROLMENT, present_enrolment(STUDENT, ENROLMENT))
        .outerjoin(CLASS, CLASS.c.uid == ENROLMENT.c.school_class)
        .outerjoin(search_doc, search_doc.c.uid == STUDENT.c.uid)
    )
    statement = select(STUDENT.c.uid).select_from(joined).where(STUDENT.c.hidden == 0, *_conditions(query, today))
    first, usual = ORDERS.get(query.order, ()), _BY_NAME if by_name else _USUAL
    return statement.order_by(*(column.desc() if query.descending else column for column in first), *usual)


def _conditions(query: StudentQuery, today: str) -> Iterator[ColumnElement[bool]]:
    """What the query asks for."""
    for column, value in (
        (ENROLMENT.c.grade, query.grade),
        (ENROLMENT.c.school_class, query.school_class),
        (ENROLMENT.c.status, query.status),
    ):
        if value:
            yield column == value
    if query.school:
        yield (STUDENT.c.scope != query.school) if query.moved else (STUDENT.c.scope == query.school)
    if query.hardship:
        yield STUDENT.c.uid.in_(_with_hardship(query.hardship))
    yield from _lacking(query, today)


def _lacking(query: StudentQuery, today: str) -> Iterator[ColumnElement[bool]]:
    """What still has to be asked, recorded or signed."""
    if query.questions:
        asked = select(QUESTION.c.student).where(QUESTION.c.state == "open", QUESTION.c.hidden == 0)
        yield STUDENT.c.uid.in_(asked)
    if query.unpaired:
        paired = select(PAIRING.c.student).where(PAIRING.c.valid_to.is_(None), PAIRING.c.hidden == 0)
        yield STUDENT.c.uid.in_(_with_hardship("any"))
        yield STUDENT.c.uid.not_in(paired)
    if query.no_consent:
        yield STUDENT.c.uid.in_(without_consent(today))
    if query.no_account:
        banked = select(ACCOUNT.c.student).where(ACCOUNT.c.hidden == 0, ACCOUNT.c.valid_to.is_(None))
        yield STUDENT.c.uid.not_in(banked)


def _with_hardship(code: str) -> Any:
    query = select(HARDSHIP.c.student).where(HARDSHIP.c.valid_to.is_(None), HARDSHIP.c.hidden == 0)
    return query if code == "any" else query.where(HARDSHIP.c.code == code)
