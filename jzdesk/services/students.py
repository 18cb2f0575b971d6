"""Students with everything around them: list, file, form checks, duplicates, save, questions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import ColumnElement, Table, bindparam, select

from jzdesk.core import citizen_id, codes
from jzdesk.core.errors import UserError, ValueFault
from jzdesk.core.fields import Value
from jzdesk.core.kinds import Phone
from jzdesk.models import BY_NAME, Student
from jzdesk.policy import hardship
from jzdesk.services import questions, rare_names, same_child
from jzdesk.services.context import Context
from jzdesk.services.divisions import Divisions
from jzdesk.services.double_claim import SETTING as PAID_ELSEWHERE
from jzdesk.services.double_claim import DoubleClaims
from jzdesk.services.forms import FormProblems, understood
from jzdesk.services.ledger import LedgerService, Saved
from jzdesk.services.similar import Similar, similar
from jzdesk.services.student_file import Sibling, StudentFile, read_file
from jzdesk.services.student_list import ORDERS, StudentQuery, beginning, class_label, listing, told_here
from jzdesk.services.student_rows import StudentRow, marked, student_rows, travelled
from jzdesk.services.student_saving import StudentDraft, household_for, store_draft, understood_student
from jzdesk.services.student_tables import CLASS, ENROLMENT, GUARDIAN, MEMBER
from jzdesk.store.unit import Unit

__all__ = [
    "FormCheck", "Sibling", "Similar", "StudentDraft", "StudentFile", "StudentQuery", "StudentRow", "StudentService",
    "student_rows",
]  # fmt: skip

_AWAY = "已转出"
_MOST = 5000  # students that one search finds
_FIELD = {
    "doc_type": "id_type", "roll_number": "roll_number", "roll_differs": "roll_number",
    "disability_card": "disability_card", "pinyin": "pinyin", "rare_character": "name",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class FormCheck:
    """What can be said of a half-filled form: problems by field, questions, values to fill in, things put right.

    `asked` has the questions by the field they stand beneath, `said` what is worth knowing of a field (a place's name).
    """

    problems: dict[str, str]
    questions: tuple[str, ...] = ()
    fills: dict[str, Value] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    asked: dict[str, str] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)


class StudentService:
    """The verbs of the student page."""

    def __init__(self, context: Context, ledger: LedgerService) -> None:
        self._context = context
        self._ledger = ledger
        self._divisions = Divisions(context)
        self._claims = DoubleClaims(context)
        self._searched: tuple[str, dict[str, str]] = ("", {})

    def ids(self, query: StudentQuery) -> list[str]:
        """uids of the students that match, by grade, class and name: in the order of pinyin, then of strokes.

        Or in the order that the query asks for; raises UserError for one that there is not.
        """
        if query.order and query.order not in ORDERS:
            raise UserError(f"学生不能按“{query.order}”排序", f"可以按 {'、'.join(ORDERS)} 排序。", "学生")
        found = self._ways(query.text) if query.text.strip() else None
        if self._context.info.kind != "county":
            query = replace(query, school=self._context.info.code)
        self._context.store.catch_up()
        with self._context.read() as connection:
            statement = listing(query, self._context.today(), by_name=self._context.info.kind == "county")
            uids = list(dict.fromkeys(connection.execute(statement).scalars()))
            if query.travel:
                uids = travelled(connection, uids, query.travel)
        if found is None:
            return uids
        if query.order:
            return [uid for uid in uids if uid in found]
        allowed = set(uids)
        return [uid for uid in found if uid in allowed]

    def first(self, query: StudentQuery, most: int) -> list[str]:
        """The first of `ids` in a county that asks for everybody, else nothing.

        It looks at nothing more and waits for nothing: whom a large merge brought may still be missing.
        """
        if self._context.info.kind != "county" or query != StudentQuery():
            return []
        with self._context.read() as connection:
            return list(connection.execute(beginning(most)).scalars())

    def children(self, uids: Sequence[str]) -> int:
        """How many children these records are about: those judged the same child count once."""
        with self._context.read() as connection:
            same = same_child.once(connection, uids)
        return len({same.get(uid, uid) for uid in uids})

    def rows(self, uids: Sequence[str], text: str = "") -> list[StudentRow]:
        """Lines of the table, in the order asked; `found_by` says by what of the family `text` found them."""
        with self._context.read() as connection:
            rows = student_rows(connection, uids)
        if self._context.info.kind != "county":
            rows = [row if row.school == self._context.info.code else replace(row, status=_AWAY) for row in rows]
        if not text.strip():
            return rows
        asked, ways = self._searched
        return marked(rows, ways if asked == text else self._ways(text))

    def _ways(self, text: str) -> dict[str, str]:
        """uid → by what a search finds it, the best first; kept, for the lines of the table are fetched by the page."""
        ways = dict(self._context.store.hits(text, _MOST))
        self._searched = (text, ways)
        return ways

    def search(self, text: str, limit: int = 20) -> list[StudentRow]:
        """Students found by name, pinyin, any part of a number, or by their family (which `found_by` says)."""
        ways = dict(self._context.store.hits(text, limit))
        return marked(self.rows(told_here(self._context, list(ways))), ways)

    def grades(self) -> list[tuple[str, str]]:
        """(code, label) of the grades that have students here."""
        with self._context.read() as connection:
            query = select(ENROLMENT.c.grade).where(ENROLMENT.c.hidden == 0, *self._ours(ENROLMENT))
            found = set(connection.execute(query.distinct()).scalars())
        return [(code, label) for code, label in codes.table("grade").items() if code in found]

    def classes(self) -> list[tuple[str, str]]:
        """(uid, label) of the classes, by grade and name."""
        query = select(CLASS).where(CLASS.c.hidden == 0, *self._ours(CLASS)).order_by(CLASS.c.grade, CLASS.c.name)
        with self._context.read() as connection:
            return [(row.uid, class_label(row.grade, row.name)) for row in connection.execute(query)]

    def file(self, uid: str) -> StudentFile:
        """Everything known of one student; raises UserError when there is no such record."""
        with self._context.read() as connection:
            return read_file(connection, self._ledger, uid)

    def check(self, values: Mapping[str, object], uid: str | None = None) -> FormCheck:
        """What can be said while the form is being filled; nothing is blocked."""
        good, bad = understood_student(values)
        reading = self._number(values)
        fills, notes = self._fills(values, reading) if reading is not None else ({}, ())
        asked = questions.open_questions({**good, **fills}, self._context.today(), at_once=True)
        if said := self._claims.warning(good.get("id_number"), good.get("name")):
            asked.append((PAID_ELSEWHERE, said))
        beneath: dict[str, str] = {}
        for kind, sentence in asked:
            name = _FIELD.get(kind, "id_number")
            beneath[name] = "；".join(filter(None, (beneath.get(name), sentence)))
        places = self._places({**good, **fills})
        return FormCheck(bad, tuple(sentence for _, sentence in asked), fills, notes, beneath, places)

    def similar(
        self, values: Mapping[str, object], uid: str | None = None, phones: Iterable[object] = ()
    ) -> list[Similar]:
        """Students that may be the same child, best first, each with the reasons; `phones` are the guardians'."""
        good, _ = understood(Student.spec, values)
        with self._context.read() as connection:
            found = similar(connection, good, uid, _phones(phones))
        told = set(told_here(self._context, [one.uid for one in found]))
        return [one for one in found if one.uid in told]

    def look(
        self, values: Mapping[str, object], uid: str | None = None, phones: Iterable[object] = ()
    ) -> tuple[list[Similar], str]:
        """As `similar`, and what has to be asked about the characters of the name; for the reading thread."""
        return self.similar(values, uid, phones), rare_names.doubt(str(values.get("name") or ""))

    def save(self, draft: StudentDraft) -> Saved:
        """Save student, enrolment, household and guardians together; raises FormProblems naming every field.

        Who may be the same child is never a reason to refuse: it is kept as a question.
        """
        label = f"{'修改' if draft.uid else '新增'}学生 {draft.student.get('name') or ''}".strip()
        with self._context.write(label) as unit:
            self._must_have(unit, draft.uid)
            uid = store_draft(unit, draft, self._context)
            self._review(unit, uid, identity=draft.tells_identity())
        return Saved(uid, True, unit.changes)

    def keep(self, entity: str, student: str, values: Mapping[str, object], uid: str | None = None) -> Saved:
        """Save a member, hardship or account of a student, and look again at what has to be asked about the student.

        A member belongs to the student's household, which is made when there is none. Raises FormProblems.
        """
        record = BY_NAME[entity]
        good, bad = understood(record.spec, values)
        with self._context.write(f"{'修改' if uid else '新增'}{record.label}") as unit:
            self._must_have(unit, student)
            if entity == "member":
                good |= {} if uid else {"household": household_for(unit, student)}
            else:
                good["student"] = student
            before = unit.state(record, uid).values if uid else {}
            if problems := record.spec.problems({**before, **good}) | bad:
                raise FormProblems(problems, record.label)
            if uid is None:
                uid, changed = unit.add(record, good), True
            else:
                changed = unit.change(record, uid, good)
            self._review(unit, student)
        return Saved(uid, changed, unit.changes)

    def review(self, uid: str) -> None:
        """Look again at what has to be asked about a student, after something around it has changed."""
        with self._context.write() as unit:
            self._review(unit, uid, identity=True)

    def take_back(self, entity: str, student: str, uid: str, reason: str) -> None:
        """作废 of something around a student, with the reason; what has to be asked is looked at again."""
        self._ledger.void(entity, uid, reason)
        self.review(student)

    def bring_back(self, entity: str, student: str, uid: str) -> None:
        """Undo `take_back`."""
        self._ledger.restore(entity, uid)
        self.review(student)

    def confirm_question(self, uid: str, reason: str) -> None:
        """Settle a question with the reason why the record is right as it stands."""
        with self._context.write("确认待核实问题") as unit:
            questions.confirm(unit, uid, reason)

    def accept_offer(self, uid: str) -> Saved:
        """Record the hardship that a question offers, as a roll import would have; the question goes away."""
        question = self._ledger.record("question", uid).values
        student, code = str(question["student"]), questions.offered(str(question["kind"]))
        if code is None:
            raise UserError("这个问题不是困难类型的提示", "请改正资料，或写明理由确认。", "待核实")
        values = self._ledger.record("student", student).values
        disability = values.get("disability")
        marks = hardship.from_roll(values.get("orphan"), str(disability) if disability else None)
        mark = next((mark for mark in marks if mark.code == code), None)
        wanted = {
            "code": code, "valid_from": self._context.term().first_day, "source": "roll",
            "proof": mark.said if mark else None, "document": values.get("disability_card") if code == "D12" else None,
        }  # fmt: skip
        return self.keep("hardship", student, wanted)

    def lengthened(self, number: str) -> str | None:
        """The 18-digit form of an old number, to be compared with the card by a person; None for other numbers."""
        return citizen_id.lengthen(number) if citizen_id.of_adults_only(number) else None

    def place(self, code: str | None) -> str:
        """`示范县青石镇青东村` for a division code, as far as the division table knows it."""
        return self._divisions.path(code or "")

    def _must_have(self, unit: Unit, uid: str | None) -> None:
        """Raises UserError for a child whose file has gone to another school: it can only be read here."""
        if uid is not None and self._context.info.kind != "county":
            state = unit.state(Student, uid)
            if state.scope != self._context.info.code:
                name = state.values.get("name") or "这名学生"
                raise UserError(f"{name}的档案已转到别的学校，本校只能查看", "请由现在的学校登记。", Student.label)

    def _ours(self, table: Table) -> list[ColumnElement[bool]]:
        """The condition that a school lists its own records, not those that came with a child's file."""
        return [table.c.scope == self._context.author.scope] if self._context.info.kind != "county" else []

    def _review(self, unit: Unit, uid: str, *, identity: bool = False) -> None:
        same = None
        if identity:
            values = unit.state(Student, uid).values
            found = similar(unit.connection, values, uid, _guardian_phones(unit, uid))
            same = {uid: [each for each in found if not each.voided]}
        questions.review(unit, [uid], self._context.today(), same)

    def _number(self, values: Mapping[str, object]) -> citizen_id.IdReading | None:
        raw = values.get("id_number")
        if not raw:
            return None
        try:
            kind = str(Student.spec["id_type"].read(values.get("id_type")).value or "1")
            return citizen_id.check(raw, today=self._context.today(), kind=kind)
        except ValueError:
            return None

    def _fills(
        self, values: Mapping[str, object], reading: citizen_id.IdReading
    ) -> tuple[dict[str, Value], tuple[str, ...]]:
        """What a number tells, for the fields that are still blank; and what was put right to read it."""
        found: dict[str, Value] = {"birth": reading.birth, "sex": reading.sex}
        found["id_type"] = citizen_id.document_of(reading.value)
        if reading.disability:
            found |= {"disability": reading.disability, "disability_level": reading.level}
            found["disability_card"] = f"{reading.value}{reading.disability}{reading.level}"
        if reading.division:
            found["hukou_division"] = self._divisions.twelve_digits(reading.division)
        return {name: value for name, value in found.items() if value and not values.get(name)}, reading.notes

    def _places(self, values: Mapping[str, Value]) -> dict[str, str]:
        """The names of the divisions that stand in the form as codes."""
        given = {name: str(values[name]) for name in ("hukou_division", "birth_place") if values.get(name)}
        named = {name: self._divisions.path(code) for name, code in given.items()}
        return {name: said for name, said in named.items() if said}


def _phones(raw: Iterable[object]) -> list[str]:
    """Telephone numbers as stored; what is no number yet is left out."""
    found = []
    for each in raw:
        try:
            value = Phone().read(each).value
        except ValueFault:
            continue
        found += [str(value)] if value else []
    return found


_GUARDIAN_PHONES = (
    select(MEMBER.c.phone)
    .join(GUARDIAN, GUARDIAN.c.member == MEMBER.c.uid)
    .where(
        GUARDIAN.c.student == bindparam("student"), GUARDIAN.c.hidden == 0, MEMBER.c.hidden == 0,
        MEMBER.c.phone.is_not(None),
    )
)  # fmt: skip


def _guardian_phones(unit: Unit, uid: str) -> list[str]:
    return list(unit.connection.execute(_GUARDIAN_PHONES, {"student": uid}).scalars())
