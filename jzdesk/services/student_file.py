"""The whole file of one student: record, family, hardships, money, visits, photographs, consent, questions, history."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from sqlalchemy import Connection, or_, select

from jzdesk.core import codes
from jzdesk.core.fields import Value
from jzdesk.models import (
    BankAccount,
    Consent,
    Enrolment,
    Hardship,
    Member,
    Pairing,
    Payment,
    Photo,
    Question,
    Record,
    Visit,
)
from jzdesk.services.erasing.left import only_named
from jzdesk.services.ledger import HistoryLine, LedgerService, Row, rows
from jzdesk.services.pupils import table_of
from jzdesk.services.student_tables import CLASS, ENROLMENT, GUARDIAN, MEMBER, SCHOOL, STUDENT
from jzdesk.services.sync_state import least


@dataclass(frozen=True, slots=True)
class Sibling:
    """A student of the same household or with the same guardian; `why` says which."""

    uid: str
    name: str
    place: str
    why: str


@dataclass(frozen=True, slots=True)
class StudentFile:
    """Everything known of one student; `travel` is how far what has travelled least of it has come to the county."""

    uid: str
    student: Row
    enrolment: Row | None
    household: Row | None
    members: list[Row]
    guardians: list[dict[str, Any]]
    hardships: list[Row]
    accounts: list[Row]
    pairings: list[Row]
    visits: list[Row]
    payments: list[Row]
    questions: list[Row]
    history: list[HistoryLine]
    siblings: list[Sibling] = field(default_factory=list)
    photos: list[Row] = field(default_factory=list)
    consents: list[Row] = field(default_factory=list)
    answered: list[Row] = field(default_factory=list)
    school: str = ""
    holder: str = ""  # name of the school that has the child now
    travel: str = ""
    only_named: bool = False  # erased by law, but for the name and number that vouchers need

    @property
    def placed(self) -> bool:
        """Whether the school that has the child has given it a place."""
        return self.enrolment is not None and self.enrolment.values["scope"] == self.student.values["scope"]


def read_file(connection: Connection, ledger: LedgerService, uid: str) -> StudentFile:
    """Everything known of one student; raises UserError when there is no such record."""
    student = ledger.record("student", uid)
    household = student.values.get("household")
    of = partial(_of, connection)
    enrolments = sorted(
        of(Enrolment, uid, order="valid_from"), key=lambda row: row.values["scope"] == student.values["scope"]
    )  # of several the one of the school that has the child now
    homes = rows(connection, "household", [str(household)]) if household else []
    questions = of(Question, uid)
    file = StudentFile(
        uid,
        student,
        enrolments[-1] if enrolments else None,
        homes[0] if homes else None,
        of(Member, household, column="household") if household else [],
        _guardians(connection, uid),
        of(Hardship, uid, order="code"),
        of(BankAccount, uid),
        of(Pairing, uid, order="valid_from"),
        of(Visit, uid, order="date")[::-1],
        of(Payment, uid),
        [row for row in questions if row.values["state"] == "open"],
        ledger.history("student", uid),
        siblings(connection, uid, str(household or "")),
        of(Photo, uid, order="taken_on"),
        of(Consent, uid, order="given_on")[::-1],
        [row for row in questions if row.values["state"] == "confirmed"],
        _school(connection, enrolments[-1].values["school"] if enrolments else None),
        _school(connection, student.values["scope"]),
    )
    named = not file.student.values["birth"] and uid in only_named(connection, (uid,))
    return replace(file, travel=least(connection, _records(file)), only_named=named)


def _records(file: StudentFile) -> Iterator[tuple[str, list[str]]]:
    """(entity, uids) of every record of the file."""
    yield "student", [file.uid]
    for entity, rows_ in (
        ("enrolment", [file.enrolment] if file.enrolment else []),
        ("household", [file.household] if file.household else []), ("member", file.members),
        ("hardship", file.hardships), ("bank_account", file.accounts), ("pairing", file.pairings),
        ("visit", file.visits), ("payment", file.payments), ("photo", file.photos), ("consent", file.consents),
        ("question", [*file.questions, *file.answered]),
    ):  # fmt: skip
        yield entity, [row.uid for row in rows_]
    yield "guardian", [str(one["uid"]) for one in file.guardians]


def _school(connection: Connection, code: Value) -> str:
    """The name of the school of the roll, as far as the county's table is here."""
    query = select(SCHOOL.c.name).where(SCHOOL.c.code == code, SCHOOL.c.hidden == 0)
    return connection.execute(query.limit(1)).scalar_one_or_none() or str(code or "")


def _of(
    connection: Connection, entity: type[Record], value: Value, column: str = "student", order: str = "uid"
) -> list[Row]:
    table = table_of(entity)
    query = select(table.c.uid).where(table.c[column] == value, table.c.hidden == 0).order_by(table.c[order])
    uids = list(connection.execute(query).scalars())
    return rows(connection, entity.__tablename__, uids) if uids else []


def _guardians(connection: Connection, uid: str) -> list[dict[str, Any]]:
    """Guardians of a student in order, with stored values."""
    query = (
        select(
            GUARDIAN.c.uid, GUARDIAN.c.member, GUARDIAN.c.relation, GUARDIAN.c.is_guardian,
            MEMBER.c.name, MEMBER.c.phone, MEMBER.c.id_number,
        )
        .join(MEMBER, MEMBER.c.uid == GUARDIAN.c.member)
        .where(GUARDIAN.c.student == uid, GUARDIAN.c.hidden == 0)
        .order_by(GUARDIAN.c.position, GUARDIAN.c.uid)
    )  # fmt: skip
    return [dict(row) for row in connection.execute(query).mappings()]


def siblings(connection: Connection, uid: str, household: str) -> list[Sibling]:
    """Students of the same household, and those who share a guardian, by name."""
    home = _uids(connection, select(STUDENT.c.uid).where(STUDENT.c.household == household)) if household else set()
    mine = select(GUARDIAN.c.member).where(GUARDIAN.c.student == uid, GUARDIAN.c.hidden == 0)
    shared = _uids(connection, select(GUARDIAN.c.student).where(GUARDIAN.c.member.in_(mine), GUARDIAN.c.hidden == 0))
    why = dict.fromkeys(shared, "同一监护人") | dict.fromkeys(home, "同一户")
    why |= dict.fromkeys(home & shared, "同一户、同一监护人")
    why.pop(uid, None)
    return _named(connection, why) if why else []


def _uids(connection: Connection, query: Any) -> set[str]:
    return set(connection.execute(query).scalars())


def _named(connection: Connection, why: dict[str, str]) -> list[Sibling]:
    query = (
        select(STUDENT.c.uid, STUDENT.c.name, ENROLMENT.c.grade, CLASS.c.name)
        .outerjoin(ENROLMENT, (ENROLMENT.c.student == STUDENT.c.uid) & (ENROLMENT.c.hidden == 0))
        .outerjoin(CLASS, CLASS.c.uid == ENROLMENT.c.school_class)
        .where(or_(STUDENT.c.uid.in_(list(why))), STUDENT.c.hidden == 0)
        .order_by(ENROLMENT.c.valid_from)
    )
    grades = codes.table("grade")
    found = {
        uid: Sibling(uid, name or "", (grades.label(grade) if grade else "") + (room or ""), why[uid])
        for uid, name, grade, room in connection.execute(query)
    }
    return sorted(found.values(), key=lambda sibling: (sibling.name, sibling.uid))
