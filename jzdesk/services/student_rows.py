"""The lines of the student table: everything a line shows, for a page of students, by statements made only once.

A page must be there within a frame however many students there are, so nothing here is composed while somebody waits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Row, Select, and_, bindparam, func, select

from jzdesk.core import codes
from jzdesk.core.errors import UserError
from jzdesk.core.slices import slices
from jzdesk.models import Enrolment, Hardship, Pairing, Question, SchoolClass, Staff, Student
from jzdesk.services.erasing.left import only_named
from jzdesk.services.sync_state import STATES, states, sync_states
from jzdesk.store import search

_ERASED = "已依法删除"
_FOUND_BY = {
    search.FAMILY: "监护人",
    search.FAMILY_NUMBER: "监护人号码",
    search.HOUSEHOLD: "户编号",
    search.PLACE: "村民小组",
}


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
    school: str = ""  # code of the school that has the child now
    found_by: str = ""  # what of the family a search found, "" when the student
    erased: bool = False  # the file was erased by law; the name stays for the vouchers


def marked(rows: Iterable[StudentRow], ways: Mapping[str, str]) -> list[StudentRow]:
    """The rows, with what of the family led to them (uid → `Hit.by`)."""
    return [replace(row, found_by=_FOUND_BY[way]) if (way := ways.get(row.uid)) in _FOUND_BY else row for row in rows]


def student_rows(connection: Connection, uids: Sequence[str]) -> list[StudentRow]:
    """Lines of the student table for these uids, in their order; a handful of statements whatever their number."""
    found: dict[str, StudentRow] = {}
    for part in slices(uids):
        reached = sync_states(connection, "student", part)
        for row in connection.execute(_statement(), {"uids": part}):
            found[row.uid] = _line(row, reached.get(row.uid, ""))
        bare = [uid for uid in part if uid in found and not found[uid].sex]
        for uid in only_named(connection, bare) if bare else ():
            found[uid] = replace(found[uid], status=_ERASED, erased=True)
    return [found[uid] for uid in uids if uid in found]


def travelled(connection: Connection, uids: Sequence[str], state: str) -> list[str]:
    """Those of these students whose record has come so far; raises UserError for a state that there is not."""
    if state not in STATES:
        raise UserError(f"没有“{state}”这种上报情况", f"可以是 {'、'.join(STATES)}。", "学生")
    found: set[str] = set()
    for part in slices(uids):
        here = states(connection, "student", part)
        found.update(uid for uid, reached in here.items() if reached == state)
    return [uid for uid in uids if uid in found]


@cache
def _statement() -> Select[Any]:
    """Student, present enrolment and class, with hardships, caseworker and questions as values of their own."""
    student, enrolment, room = Student.__table__, Enrolment.__table__, SchoolClass.__table__
    joined = student.outerjoin(enrolment, present_enrolment(student, enrolment)).outerjoin(
        room, room.c.uid == enrolment.c.school_class
    )
    return (
        select(
            student.c.uid, student.c.name, student.c.sex, student.c.id_number, student.c.phone, student.c.scope,
            enrolment.c.grade, enrolment.c.boarding, enrolment.c.status, room.c.name.label("class_name"),
            _hardships(student.c.uid).label("hardships"),
            _caseworker(student.c.uid).label("caseworker"),
            _questions(student.c.uid).label("questions"),
        )
        .select_from(joined)
        .where(student.c.uid.in_(bindparam("uids", expanding=True)))
    )  # fmt: skip


def present_enrolment(student: FromClause, enrolment: FromClause) -> ColumnElement[bool]:
    """Joins a student to its place in the school that has it now; places in schools it has left are history."""
    return and_(enrolment.c.student == student.c.uid, enrolment.c.hidden == 0, enrolment.c.scope == student.c.scope)


def _hardships(student: Any) -> Any:
    """Codes of the hardships in force, apart by commas."""
    table = Hardship.__table__
    query = select(func.aggregate_strings(table.c.code, ","))
    return query.where(table.c.student == student, table.c.hidden == 0, table.c.valid_to.is_(None)).scalar_subquery()


def _caseworker(student: Any) -> Any:
    pairing, staff = Pairing.__table__, Staff.__table__
    query = select(func.max(staff.c.name)).select_from(pairing.join(staff, staff.c.uid == pairing.c.staff))
    current = query.where(pairing.c.student == student, pairing.c.hidden == 0, pairing.c.valid_to.is_(None))
    return current.scalar_subquery()


def _questions(student: Any) -> Any:
    table = Question.__table__
    query = select(func.count()).select_from(table)
    return query.where(table.c.student == student, table.c.state == "open", table.c.hidden == 0).scalar_subquery()


def _line(row: Row[Any], sync_state: str) -> StudentRow:
    spec = Student.spec
    return StudentRow(
        row.uid,
        row.name or "",
        spec["sex"].show(row.sex),
        spec["id_number"].masked(row.id_number),
        _label("grade", row.grade),
        row.class_name or "",
        _label("boarding", row.boarding),
        _hardship_labels(row.hardships or ""),
        spec["phone"].masked(row.phone),
        row.caseworker or "",
        row.questions,
        sync_state,
        _label("student_status", row.status),
        row.scope,
    )


def _label(table: str, code: str | None) -> str:
    return codes.table(table).label(code) if code else ""


def _hardship_labels(listed: str) -> str:
    """`D02,D01` as the short labels in the order of the codes, each once."""
    table = codes.table("difficulty_type")
    return "、".join(dict.fromkeys(_short(table.label(code)) for code in sorted(filter(None, listed.split(",")))))


def _short(label: str) -> str:
    """`脱贫家庭学生（原建档立卡）` → `脱贫家庭`, to fit a column."""
    return label.split("（")[0].removesuffix("学生")
