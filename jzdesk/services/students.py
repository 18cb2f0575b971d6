"""Students with everything around them: list, file, form checks, duplicates, save, questions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Table, and_, func, or_, select

from jzdesk.core import citizen_id, codes
from jzdesk.core.errors import UserError
from jzdesk.core.fields import Value
from jzdesk.models import (
    BankAccount,
    Enrolment,
    Guardian,
    Hardship,
    Household,
    Member,
    Pairing,
    Payment,
    Question,
    Record,
    SchoolClass,
    Staff,
    Student,
    Visit,
)
from jzdesk.services.context import COUNTY_SCOPE, Context
from jzdesk.services.forms import FormProblems, understood
from jzdesk.services.ledger import HistoryLine, LedgerService, Row, Saved
from jzdesk.services.ledger import rows as ledger_rows
from jzdesk.services.questions import open_questions, review
from jzdesk.services.sync_state import sync_states
from jzdesk.store.unit import Unit

_AT_ONCE = 900


def _t(entity: type[Record]) -> Table:
    table = entity.__table__
    assert isinstance(table, Table)
    return table


STUDENT, ENROLMENT, HARDSHIP, PAIRING, QUESTION = map(_t, (Student, Enrolment, Hardship, Pairing, Question))
CLASS, STAFF, MEMBER, GUARDIAN = map(_t, (SchoolClass, Staff, Member, Guardian))


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


@dataclass(frozen=True, slots=True)
class StudentFile:
    """Everything known of one student."""

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


@dataclass(frozen=True, slots=True)
class FormCheck:
    """What can be said of a half-filled form: problems by field, questions, values to fill in, things put right."""

    problems: dict[str, str]
    questions: tuple[str, ...] = ()
    fills: dict[str, Value] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StudentDraft:
    """What the student form holds; `uid` is None for a new student."""

    uid: str | None
    student: Mapping[str, object]
    enrolment: Mapping[str, object]
    guardians: tuple[Mapping[str, object], ...] = ()
    household: Mapping[str, object] = field(default_factory=dict)


class StudentService:
    """The verbs of the student page."""

    def __init__(self, context: Context, ledger: LedgerService) -> None:
        self._context = context
        self._ledger = ledger

    def ids(self, query: StudentQuery) -> list[str]:
        """uids of the students that match, by grade, class and name."""
        found = self._context.store.find(query.text, 5000) if query.text.strip() else None
        with self._context.read() as connection:
            uids = [str(uid) for uid in connection.execute(_listing(query)).scalars()]
        if found is None:
            return uids
        allowed = set(uids)
        return [uid for uid in found if uid in allowed]

    def rows(self, uids: Sequence[str]) -> list[StudentRow]:
        """Lines of the table, in the order asked."""
        with self._context.read() as connection:
            return student_rows(connection, uids)

    def search(self, text: str, limit: int = 20) -> list[StudentRow]:
        """Students found by name, pinyin initials, or any part of a number."""
        return self.rows(self._context.store.find(text, limit))

    def grades(self) -> list[tuple[str, str]]:
        """(code, label) of the grades that have students here."""
        with self._context.read() as connection:
            found = set(
                connection.execute(select(ENROLMENT.c.grade).where(ENROLMENT.c.hidden == 0).distinct()).scalars()
            )
        return [(code, label) for code, label in codes.table("grade").items() if code in found]

    def classes(self) -> list[tuple[str, str]]:
        """(uid, label) of the classes, by grade and name."""
        query = select(CLASS).where(CLASS.c.hidden == 0).order_by(CLASS.c.grade, CLASS.c.name)
        with self._context.read() as connection:
            return [(row.uid, _class_label(row.grade, row.name)) for row in connection.execute(query)]

    def file(self, uid: str) -> StudentFile:
        """Everything known of one student; raises UserError when there is no such record."""
        student = self._ledger.record("student", uid)
        household = student.values.get("household")
        with self._context.read() as connection:

            def of(entity: type[Record], column: str = "student", value: Value = uid, order: str = "uid") -> list[Row]:
                table = _t(entity)
                query = (
                    select(table.c.uid).where(table.c[column] == value, table.c.hidden == 0).order_by(table.c[order])
                )
                return ledger_rows(connection, entity.__tablename__, list(connection.execute(query).scalars()))

            enrolments = of(Enrolment, order="valid_from")
            return StudentFile(
                uid,
                student,
                enrolments[-1] if enrolments else None,
                next(iter(ledger_rows(connection, "household", [str(household)])), None) if household else None,
                of(Member, "household", household) if household else [],
                _guardians(connection, uid),
                of(Hardship, order="code"),
                of(BankAccount),
                of(Pairing, order="valid_from"),
                of(Visit, order="date")[::-1],
                of(Payment),
                [row for row in of(Question) if row.values["state"] == "open"],
                self._ledger.history("student", uid),
            )

    def check(self, values: Mapping[str, object], uid: str | None = None) -> FormCheck:
        """What can be said while the form is being filled; nothing is blocked."""
        good, bad = understood(Student.spec, values)
        fills: dict[str, Value] = {}
        notes: tuple[str, ...] = ()
        if raw := values.get("id_number"):
            try:
                reading = citizen_id.check(raw, today=self._context.today())
            except ValueError:
                pass
            else:
                notes = tuple(reading.notes)
                found = {"birth": reading.birth, "sex": reading.sex}
                fills = {name: value for name, value in found.items() if value and not values.get(name)}
                if reading.birth and not values.get("id_type"):
                    fills["id_type"] = "1"
        asked = tuple(sentence for _, sentence in open_questions({**good, **fills}, self._context.today()))
        return FormCheck(bad, asked, fills, notes)

    def similar(self, values: Mapping[str, object], uid: str | None = None) -> list[StudentRow]:
        """Students that may be the same child: same number, or same name and birth."""
        good, _ = understood(Student.spec, values)
        conditions = []
        if good.get("id_number"):
            conditions.append(STUDENT.c.id_number == good["id_number"])
        if good.get("name") and good.get("birth"):
            conditions.append(and_(STUDENT.c.name == good["name"], STUDENT.c.birth == good["birth"]))
        if not conditions:
            return []
        query = (
            select(STUDENT.c.uid).where(or_(*conditions), STUDENT.c.hidden == 0, STUDENT.c.uid != (uid or "")).limit(5)
        )
        with self._context.read() as connection:
            return student_rows(connection, list(connection.execute(query).scalars()))

    def save(self, draft: StudentDraft) -> Saved:
        """Save student, enrolment, household and guardians together; raises FormProblems naming every field."""
        parts, problems = _understand(draft, self._context.info.code)
        with self._context.write(
            f"{'修改' if draft.uid else '新增'}学生 {parts.student.get('name') or ''}".strip()
        ) as unit:
            problems |= _missing(unit, draft, parts)
            if problems:
                raise FormProblems(problems, "学生")
            uid = _store(unit, draft.uid, parts, self._context)
            review(unit, [uid], self._context.today())
        return Saved(uid, True, unit.changes)

    def confirm_question(self, uid: str, reason: str) -> None:
        """Settle a question with the reason why the record is right as it stands."""
        if not reason.strip():
            raise UserError("没有写明确认的理由", "请写一句理由，例如“证件待更正，已看户口簿”。", "待核实")
        with self._context.write() as unit:
            unit.change(Question, uid, {"state": "confirmed", "reason": reason.strip()})


def _class_label(grade: str | None, name: str | None) -> str:
    return f"{codes.table('grade').label(grade)}{name or ''}" if grade else (name or "")


def _listing(query: StudentQuery) -> Any:
    """Select of uids in the order of the table."""
    joined = STUDENT.outerjoin(ENROLMENT, and_(ENROLMENT.c.student == STUDENT.c.uid, ENROLMENT.c.hidden == 0))
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
    return statement.order_by(ENROLMENT.c.grade, ENROLMENT.c.school_class, STUDENT.c.name).distinct()


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


@dataclass(slots=True)
class _Parts:
    """A draft in stored form."""

    student: dict[str, Value]
    enrolment: dict[str, Value]
    household: dict[str, Value]
    guardians: list[dict[str, Value]]


def _understand(draft: StudentDraft, school: str) -> tuple[_Parts, dict[str, str]]:
    problems: dict[str, str] = {}

    def read(prefix: str, entity: type[Record], values: Mapping[str, object]) -> dict[str, Value]:
        good, bad = understood(entity.spec, values)
        problems.update({f"{prefix}.{name}": sentence for name, sentence in bad.items()})
        return good

    guardians = []
    for index, given in enumerate(draft.guardians):
        if any(given.get(name) for name in ("name", "phone", "id_number")):
            prefix = f"guardian.{index}"
            own = {name: given.get(name) for name in ("relation", "is_guardian")}
            person = {name: given.get(name) for name in ("name", "phone", "id_number")}
            row = read(prefix, Member, person) | read(prefix, Guardian, own)
            row |= {name: str(given[name]) for name in ("uid", "member") if given.get(name)}
            guardians.append(row)
    parts = _Parts(
        read("student", Student, draft.student),
        read("enrolment", Enrolment, draft.enrolment) | ({} if draft.uid else {"school": school}),
        read("household", Household, draft.household),
        guardians,
    )
    return parts, problems


def _missing(unit: Unit, draft: StudentDraft, parts: _Parts) -> dict[str, str]:
    """Required fields that would stay empty."""
    before = unit.state(Student, draft.uid).values if draft.uid else {}
    found = {f"student.{name}": text for name, text in Student.spec.problems({**before, **parts.student}).items()}
    if draft.uid is None:
        trial = {"student": "0" * 32, "status": "01", **parts.enrolment}
        found |= {f"enrolment.{name}": text for name, text in Enrolment.spec.problems(trial).items()}
    for index, guardian in enumerate(parts.guardians):
        if not guardian.get("name"):
            found[f"guardian.{index}.name"] = "监护人没有填写姓名。请填写姓名，或清空这一行。"
    return found


def _store(unit: Unit, uid: str | None, parts: _Parts, context: Context) -> str:
    """Write all parts; returns the student's uid."""
    household = _store_household(unit, uid, parts)
    student = {**parts.student, **({"household": household} if household else {})}
    if uid is None:
        uid = unit.add(Student, student)
        unit.add(Enrolment, {"status": "01", "valid_from": context.today(), **parts.enrolment, "student": uid})
    else:
        unit.change(Student, uid, student)
        _change_enrolment(unit, uid, parts.enrolment)
    for position, guardian in enumerate(parts.guardians, start=1):
        _store_guardian(unit, uid, household, position, guardian)
    return uid


def _store_household(unit: Unit, uid: str | None, parts: _Parts) -> str | None:
    """The household of the student: the one already linked, that of a known guardian, or a new one."""
    given = parts.student.get("household")
    current = given or (unit.state(Student, uid).values.get("household") if uid else None)
    current = current or _household_of(unit, parts.guardians)
    values = {name: value for name, value in parts.household.items() if value is not None}
    if current:
        if values:
            unit.change(Household, str(current), values)
        return str(current)
    if not values and not parts.guardians:
        return None
    head = next((row["name"] for row in parts.guardians if row.get("name")), None)
    address = parts.student.get("address")
    return unit.add(Household, {"head": head, "address": address, **values})


def _household_of(unit: Unit, guardians: Iterable[Mapping[str, Value]]) -> str | None:
    """Siblings: a guardian known by number already belongs to a household."""
    numbers = [row["id_number"] for row in guardians if row.get("id_number")]
    if not numbers:
        return None
    query = select(MEMBER.c.household).where(
        MEMBER.c.id_number.in_(numbers), MEMBER.c.hidden == 0, MEMBER.c.household.is_not(None)
    )
    return unit.connection.execute(query.limit(1)).scalar_one_or_none()


def _change_enrolment(unit: Unit, uid: str, values: Mapping[str, Value]) -> None:
    query = select(ENROLMENT.c.uid).where(ENROLMENT.c.student == uid, ENROLMENT.c.hidden == 0)
    current = unit.connection.execute(query.order_by(ENROLMENT.c.valid_from.desc()).limit(1)).scalar_one_or_none()
    if current and values:
        unit.change(Enrolment, current, values)


def _store_guardian(unit: Unit, student: str, household: str | None, position: int, given: Mapping[str, Value]) -> None:
    """A guardian is a member of the household and a relation to the student."""
    person = {name: given.get(name) for name in ("name", "phone", "id_number")}
    relation = {"relation": given.get("relation"), "is_guardian": given.get("is_guardian"), "position": position}
    member = given.get("member") or _member_of(unit, household, given)
    if member:
        unit.change(Member, str(member), person)
    else:
        member = unit.add(Member, {**person, "household": household})
    if given.get("uid"):
        unit.change(Guardian, str(given["uid"]), relation)
    else:
        unit.add(Guardian, {"student": student, "member": str(member), **relation})


def _member_of(unit: Unit, household: str | None, given: Mapping[str, Value]) -> str | None:
    """The member this person already is: same number, or same name within the household."""
    if given.get("id_number"):
        condition = MEMBER.c.id_number == given["id_number"]
    elif household:
        condition = and_(MEMBER.c.household == household, MEMBER.c.name == given.get("name"))
    else:
        return None
    query = select(MEMBER.c.uid).where(condition, MEMBER.c.hidden == 0).limit(1)
    return unit.connection.execute(query).scalar_one_or_none()


def school_scope(context: Context) -> str | None:
    """The scope a school's own records carry; None for the county, which sees all."""
    return None if context.author.scope == COUNTY_SCOPE else context.author.scope
