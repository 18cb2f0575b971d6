"""The student table: which students, in which order, and what one line of it shows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, and_, func, select

from jzdesk.core import codes
from jzdesk.models import Student
from jzdesk.services.consents import without_consent
from jzdesk.services.student_tables import ACCOUNT, CLASS, ENROLMENT, HARDSHIP, PAIRING, QUESTION, STAFF, STUDENT
from jzdesk.services.sync_state import sync_states
from jzdesk.store import search
from jzdesk.store.tables import search_doc

_AT_ONCE = 900
_FOUND_BY = {
    search.FAMILY: "监护人",
    search.FAMILY_NUMBER: "监护人号码",
    search.HOUSEHOLD: "户编号",
    search.PLACE: "村民小组",
}


@dataclass(frozen=True, slots=True)
class StudentQuery:
    """Which students; `grade` is a code, `school_class` a uid, `hardship` a code or "any", `status` a code."""

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


@dataclass(frozen=True, slots=True)
class StudentRow:
    """One line of the student table; all text for display, `questions` the number still open."""

    uid: str
    name: str
    sex: str
    id_number: str
    grade: str
    school_class: str
    boarding: str
    hardships: str
    phone: str
    caseworker: str
    questions: int
    sync_state: str
    status: str
    found_by: str = ""  # what of the family a search found, "" when the student


def marked(rows: Iterable[StudentRow], ways: Mapping[str, str]) -> list[StudentRow]:
    """The rows, with what of the family led to them (uid → `Hit.by`)."""
    return [replace(row, found_by=_FOUND_BY[way]) if (way := ways.get(row.uid)) in _FOUND_BY else row for row in rows]


def class_label(grade: str | None, name: str | None) -> str:
    """`小学三年级2班`."""
    return f"{codes.table('grade').label(grade)}{name or ''}" if grade else (name or "")


def listing(query: StudentQuery, today: str) -> Any:
    """Select of uids in the order of the table; a student with two enrolments stands there twice.

    The index of names must be up to date (`Store.indexed`): it holds what names are sorted by.
    """
    joined = (
        STUDENT.outerjoin(ENROLMENT, and_(ENROLMENT.c.student == STUDENT.c.uid, ENROLMENT.c.hidden == 0))
        .outerjoin(CLASS, CLASS.c.uid == ENROLMENT.c.school_class)
        .outerjoin(search_doc, search_doc.c.uid == STUDENT.c.uid)
    )
    statement = select(STUDENT.c.uid).select_from(joined).where(STUDENT.c.hidden == 0)
    for column, value in (
        (ENROLMENT.c.grade, query.grade),
        (ENROLMENT.c.school_class, query.school_class),
        (ENROLMENT.c.status, query.status),
        (STUDENT.c.scope, query.school),
    ):
        if value:
            statement = statement.where(column == value)
    if query.hardship:
        statement = statement.where(STUDENT.c.uid.in_(_with_hardship(query.hardship)))
    if query.questions:
        statement = statement.where(
            STUDENT.c.uid.in_(select(QUESTION.c.student).where(QUESTION.c.state == "open", QUESTION.c.hidden == 0))
        )
    if query.unpaired:
        paired = select(PAIRING.c.student).where(PAIRING.c.valid_to.is_(None), PAIRING.c.hidden == 0)
        statement = statement.where(STUDENT.c.uid.in_(_with_hardship("any")), STUDENT.c.uid.not_in(paired))
    if query.no_consent:
        statement = statement.where(STUDENT.c.uid.in_(without_consent(today)))
    if query.no_account:
        banked = select(ACCOUNT.c.student).where(ACCOUNT.c.hidden == 0, ACCOUNT.c.valid_to.is_(None))
        statement = statement.where(STUDENT.c.uid.not_in(banked))
    order = (ENROLMENT.c.grade, func.length(CLASS.c.name), CLASS.c.name, CLASS.c.uid, search_doc.c.sort, STUDENT.c.uid)
    return statement.order_by(*order)


def _with_hardship(code: str) -> Any:
    query = select(HARDSHIP.c.student).where(HARDSHIP.c.valid_to.is_(None), HARDSHIP.c.hidden == 0)
    return query if code == "any" else query.where(HARDSHIP.c.code == code)


def student_rows(connection: Connection, uids: Sequence[str]) -> list[StudentRow]:
    """Lines of the student table for these uids, in their order; a handful of statements whatever their number."""
    found: dict[str, StudentRow] = {}
    for start in range(0, len(uids), _AT_ONCE):
        part = list(uids[start : start + _AT_ONCE])
        found |= _row_page(connection, part)
    return [found[uid] for uid in uids if uid in found]


def _row_page(connection: Connection, uids: list[str]) -> dict[str, StudentRow]:
    spec = Student.spec
    joined = STUDENT.outerjoin(
        ENROLMENT, and_(ENROLMENT.c.student == STUDENT.c.uid, ENROLMENT.c.hidden == 0)
    ).outerjoin(CLASS, CLASS.c.uid == ENROLMENT.c.school_class)
    query = (
        select(STUDENT, ENROLMENT.c.grade, ENROLMENT.c.boarding, ENROLMENT.c.status, CLASS.c.name.label("class_name"))
        .select_from(joined)
        .where(STUDENT.c.uid.in_(uids))
    )
    hardships = _hardship_labels(connection, uids)
    caseworkers = _caseworkers(connection, uids)
    questions = _question_counts(connection, uids)
    states = sync_states(connection, "student", uids)
    boarding, statuses = codes.table("boarding"), codes.table("student_status")
    return {
        row.uid: StudentRow(
            row.uid,
            row.name or "",
            spec["sex"].show(row.sex),
            spec["id_number"].masked(row.id_number),
            codes.table("grade").label(row.grade) if row.grade else "",
            row.class_name or "",
            boarding.label(row.boarding) if row.boarding else "",
            hardships.get(row.uid, ""),
            spec["phone"].masked(row.phone),
            caseworkers.get(row.uid, ""),
            questions.get(row.uid, 0),
            states.get(row.uid, ""),
            statuses.label(row.status) if row.status else "",
        )
        for row in connection.execute(query)
    }


def _hardship_labels(connection: Connection, uids: list[str]) -> dict[str, str]:
    table = codes.table("difficulty_type")
    query = select(HARDSHIP.c.student, HARDSHIP.c.code).where(
        HARDSHIP.c.student.in_(uids), HARDSHIP.c.hidden == 0, HARDSHIP.c.valid_to.is_(None)
    )
    found: dict[str, list[str]] = defaultdict(list)
    for student, code in connection.execute(query.order_by(HARDSHIP.c.code)):
        found[student].append(_short(table.label(code)))
    return {student: "、".join(dict.fromkeys(labels)) for student, labels in found.items()}


def _short(label: str) -> str:
    """`脱贫家庭学生（原建档立卡）` → `脱贫家庭`, to fit a column."""
    return label.split("（")[0].removesuffix("学生")


def _caseworkers(connection: Connection, uids: list[str]) -> dict[str, str]:
    query = (
        select(PAIRING.c.student, STAFF.c.name)
        .join(STAFF, STAFF.c.uid == PAIRING.c.staff)
        .where(PAIRING.c.student.in_(uids), PAIRING.c.hidden == 0, PAIRING.c.valid_to.is_(None))
    )
    return {row.student: row.name for row in connection.execute(query)}


def _question_counts(connection: Connection, uids: list[str]) -> dict[str, int]:
    query = select(QUESTION.c.student, func.count()).where(
        QUESTION.c.student.in_(uids), QUESTION.c.state == "open", QUESTION.c.hidden == 0
    )
    return {row[0]: row[1] for row in connection.execute(query.group_by(QUESTION.c.student))}
