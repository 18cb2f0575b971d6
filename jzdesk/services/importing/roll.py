"""The roll (学籍导出): students with their place at school, family, hardships and what has to be asked."""

from __future__ import annotations

from collections.abc import Sequence

from jzdesk.core import citizen_id
from jzdesk.core.fields import Value
from jzdesk.models import Enrolment, Student
from jzdesk.policy import hardship
from jzdesk.policy.enrolment import Standing
from jzdesk.services.importing import columns, numbers, standing
from jzdesk.services.importing.asking import Asking
from jzdesk.services.importing.classes import Classes
from jzdesk.services.importing.desk import Desk, Importer
from jzdesk.services.importing.doubles import Doubles
from jzdesk.services.importing.families import Families, Person
from jzdesk.services.importing.hardships import Hardships
from jzdesk.services.importing.image import Values
from jzdesk.services.importing.report import ADDED, CHANGED, PARKED, UNCHANGED
from jzdesk.services.questions import SAME, same_sentence
from jzdesk.sheets.mapping import Layout, Note, SheetRow

_ID, _ROLL, _NAME, _BIRTH = "student.id_number", "student.roll_number", "student.name", "student.birth"
_PINYIN = "student.pinyin"
_CARD = "1"
_STANDING = frozenset({"status", "grade", "school_class"})


class RollImporter(Importer):
    """One row, one student: added, completed with what differs, or parked."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._students, self._enrolments = desk.image(Student), desk.image(Enrolment)
        self._families, self._classes = Families(desk), Classes(desk)
        self._hardships, self._asking, self._doubles = (
            Hardships(desk),
            Asking(desk, frozenset({standing.QUESTION})),
            Doubles(desk),
        )
        self._finder = Finder(self._students.rows)
        self._voided = Finder(self._students.voided)
        self._taken: dict[str, SheetRow] = {}
        self._waiting: dict[str, SheetRow] = {}
        self._claims = Finder({})
        self._standings = standing.Standings(desk)
        self._asks: dict[str, str] = {}
        self._open = _open_enrolments(self._enrolments.rows, desk.school)
        self._layout: Layout | None = None
        self._keys: list[tuple[str, str]] = []

    def reconsider(self, row: SheetRow) -> None:
        """A passport number is no faulty citizen number; a reading that nobody understands is told, not parked.

        Other systems write 姓名拼音 as they like, and it is only needed where the usual reading is wrong.
        """
        _let_go(row, _PINYIN)
        kind = row.values.get("student.id_type")
        if kind not in (None, _CARD):
            numbers.trust_document(row, _ID, str(kind))

    def take(self, row: SheetRow) -> str:
        """See `Importer.take`."""
        cells = self._cells(row)
        uid = self._finder.find(cells)
        self._check(row, uid, cells)
        if row.faults:
            self._claim(row, cells)
            return PARKED
        if uid is None:
            return self._add(row, cells)
        return self._update(row, uid, cells)

    def _cells(self, row: SheetRow) -> Values:
        """What the row says of the pupil itself, by field; asked are only the columns that its sheet has."""
        if row.layout is not self._layout:
            self._layout, places = row.layout, row.layout.heading.places
            names = columns.plain_fields(Student)
            self._keys = [(name, key) for name in names if (key := f"student.{name}") in places]
        values = row.values
        return {name: value for name, key in self._keys if (value := values.get(key)) is not None}

    def closing(self) -> list[str]:
        """See `Importer.closing`: siblings stand on later rows, so families are judged last."""
        return self._asking.close()

    def _check(self, row: SheetRow, uid: str | None, cells: Values) -> None:
        """Park a row that repeats another of the file, or cannot be told apart, or is not whole."""
        if (first := self._claims.find(cells)) is not None:
            self._park_repeat(row, cells, self._waiting[first])
        elif (other := self._finder.other_by_roll(cells, uid)) is not None:
            self._park_foreign_roll(row, other)
        elif uid is None:
            self._check_voided(row, cells)
            _complete(cells)
            self._check_whole(row, cells)
        elif uid in self._taken:
            self._park_repeat(row, cells, self._taken[uid])
        self._check_status(row, uid)

    def _check_status(self, row: SheetRow, uid: str | None) -> None:
        """A status that the stage does not allow: 退学 below upper secondary school."""
        place = self._enrolments.rows.get(self._open.get(uid, "")) or {}
        values = {name: row.values.get(f"enrolment.{name}") or place.get(name) for name in ("status", "grade")}
        if row.values.get("enrolment.status") is None:
            return
        for check in Enrolment.checks:
            if (hit := check(values)) is not None:
                what, _, remedy = hit[1].partition("。")
                row.park("status_of_stage", what, remedy, f"enrolment.{hit[0]}")

    def _claim(self, row: SheetRow, cells: Values) -> None:
        """A parked row keeps its numbers: were a later row to take them, the file would do more the second time."""
        key = f"{row.sheet}:{row.number}"
        self._waiting[key] = row
        self._claims.add(key, cells)

    def _park_repeat(self, row: SheetRow, cells: Values, first: SheetRow) -> None:
        """The same child twice in one file: the second row is parked, naming the first."""
        words, key = _sameness(cells, first)
        said = f"（{name}）" if (name := first.values.get(_NAME)) else ""
        remedy = "两行是同一名学生就删去一行；不是同一人请对照证件改正其中一行。"
        row.park("dup_row", f"与{self.desk.place(first)}{said}重复：{words}相同", remedy, key)

    def _park_foreign_roll(self, row: SheetRow, other: str) -> None:
        """The roll number belongs to another child than the ID number: nobody can tell which of the two is meant."""
        if other in self._taken:
            self._park_repeat(row, {"roll_number": row.values.get(_ROLL)}, self._taken[other])
            return
        name = self._students.rows[other].get("name") or ""
        remedy = "请对照证件，看是学籍号还是身份证件号填错了。"
        row.park("other_roll", f"学籍号已经登记在另一名学生（{name}）名下", remedy, _ROLL)

    def _check_voided(self, row: SheetRow, cells: Values) -> None:
        if self._voided.find(cells) is not None:
            remedy = "确实在校的，请先在学生页恢复这条记录再导入；不在校的，请从表里删去这一行。"
            row.park("voided", "这名学生的记录已经作废", remedy, _NAME)

    def _check_whole(self, row: SheetRow, cells: Values) -> None:
        """What a new student cannot be without."""
        for name in ("sex", "birth"):
            if cells.get(name) is None and not (_faulty(row, _ID) or _faulty(row, f"student.{name}")):
                label = Student.spec[name].label
                row.park("no_value", f"{label}没有填写，证件号里也看不出", f"请填写{label}。", f"student.{name}")
        if row.values.get("enrolment.grade") is None and not _faulty(row, "enrolment.grade"):
            row.park("no_value", "年级没有填写", "请填写年级，例如 小学三年级。", "enrolment.grade")

    def _add(self, row: SheetRow, cells: Values) -> str:
        people = self._families.people(row)
        phones = {person.cells.get("phone") for person in people}
        doubles = self._doubles.like(cells, phones)
        household = self._families.household(people, {}, cells)
        if household is not None:
            cells["household"] = household
        uid = self._students.add(cells)
        self._doubles.add(uid, cells, phones)
        self._settle(row, uid, people, doubles)
        return ADDED

    def _update(self, row: SheetRow, uid: str, cells: Values) -> str:
        known = self._students.rows[uid]
        people = self._families.people(row)
        household = self._families.household(people, known, cells)
        if household is not None:
            cells["household"] = household
        changed = self._students.set(uid, cells)
        changed |= self._settle(row, uid, people, ())
        return CHANGED if changed else UNCHANGED

    def _settle(self, row: SheetRow, uid: str, people: Sequence[Person], doubles: Sequence[tuple[str, str]]) -> bool:
        """Everything around the student; whether anything of it was added or changed."""
        values = self._students.rows[uid]
        self._finder.index(uid, values)
        self._taken[uid] = row
        household = values.get("household")
        changed = self._families.settle(row, people, uid, str(household) if household else None)
        changed |= self._enrol(row, uid)
        changed |= self._tell_hardships(uid, values)
        more = {SAME: same_sentence(doubles)} if doubles else {}
        if said := self._asks.get(uid):
            more[standing.QUESTION] = said
        self._asking.look(uid, more)
        return changed

    def _enrol(self, row: SheetRow, student: str) -> bool:
        """The student's place at this school; a place that has ended is not opened again by an old file."""
        get = row.values.get
        grade = get("enrolment.grade")
        wanted: Values = {name: get(f"enrolment.{name}") for name in columns.PLACE}
        uid = self._open.get(student)
        known = self._enrolments.rows[uid] if uid is not None else {}
        if uid is None:
            wanted["school_class"] = self._classes.place(grade, get("enrolment.school_class"))
            return self._enrol_new(row, student, wanted)
        if known.get("valid_to") is not None:
            self.desk.note(row, f"该生的学籍已于 {known['valid_to']} 结束，没有改动；确实回校请登记学籍异动")
            return False
        return self._move(row, uid, wanted)

    def _move(self, row: SheetRow, uid: str, wanted: Values) -> bool:
        """A known place: grade, class and status by the rules of the living roll, the rest as the roll says."""
        known, grade, room = self._enrolments.rows[uid], wanted["grade"], row.values.get("enrolment.school_class")
        if grade not in (None, known.get("grade")) and room is None:
            room = self._classes.name_of(known.get("school_class"))
        changed = self._enrolments.set(uid, {name: value for name, value in wanted.items() if name not in _STANDING})
        place = self._classes.place(grade or known.get("grade"), room)
        status, grade = (str(part) if part is not None else None for part in (wanted["status"], grade))
        student = str(known["student"])
        name = str(self._students.rows[student].get("name") or "")
        outcome = self._standings.move(uid, name, Standing(status, grade, place))
        if outcome.asks:
            self._asks[student] = outcome.asks
        if outcome.note:
            self.desk.note(row, outcome.note)
        return changed | outcome.changed

    def _enrol_new(self, row: SheetRow, student: str, wanted: Values) -> bool:
        if wanted["grade"] is None:
            self.desk.note(row, "该生还没有学籍记录，表里也没有年级，学籍没有建立；请在学生页补充")
            return False
        month = wanted["entry_month"]
        start = f"{month}-01" if month else self.desk.term.first_day
        given = {name: value for name, value in wanted.items() if value is not None}
        self._open[student] = self._enrolments.add(
            {"status": "01", **given, "student": student, "school": self.desk.school, "valid_from": start}
        )
        return True

    def _tell_hardships(self, uid: str, values: Values) -> bool:
        disability = values.get("disability")
        if not values.get("orphan") and disability in (None, "0"):
            return False
        marks = hardship.from_roll(values.get("orphan"), str(disability) if disability is not None else None)
        return self._hardships.ensure(uid, marks, "roll")


class Finder:
    """Finds a student by ID number, else by roll number, else by name and birth where a number is missing."""

    def __init__(self, rows: dict[str, Values]) -> None:
        self._rows = rows
        self._by_number: dict[Value, str] = {}
        self._by_roll: dict[Value, str] = {}
        self._by_name: dict[tuple[Value, Value], str] = {}
        for uid, values in rows.items():
            self.index(uid, values)

    def add(self, uid: str, values: Values) -> None:
        """Make somebody findable who is not in the rows yet."""
        self._rows[uid] = values
        self.index(uid, values)

    def index(self, uid: str, values: Values) -> None:
        """Make a student findable."""
        if (number := values.get("id_number")) is not None:
            self._by_number.setdefault(number, uid)
        if (roll := values.get("roll_number")) is not None:
            self._by_roll.setdefault(roll, uid)
        self._by_name.setdefault((values.get("name"), values.get("birth")), uid)

    def find(self, cells: Values) -> str | None:
        """The uid of the student that the cells mean."""
        number, roll = cells.get("id_number"), cells.get("roll_number")
        found = self._by_number.get(number) if number is not None else None
        if found is None and roll is not None:
            found = self._by_roll.get(roll)
        return found or self._by_name_and_birth(cells, number)

    def other_by_roll(self, cells: Values, uid: str | None) -> str | None:
        """The student who already has the roll number of the cells, when it is not the one they mean."""
        roll = cells.get("roll_number")
        holder = self._by_roll.get(roll) if roll is not None else None
        return holder if uid is not None and holder != uid else None

    def _by_name_and_birth(self, cells: Values, number: Value) -> str | None:
        found = self._by_name.get((cells.get("name"), cells.get("birth"))) if cells.get("birth") else None
        if found is None or (number is not None and self._rows[found].get("id_number") is not None):
            return None
        return found


def _sameness(cells: Values, first: SheetRow) -> tuple[str, str]:
    """In words, and as a column, why the cells mean the child of an earlier row."""
    for key in (_ID, _ROLL):
        name = key.split(".")[1]
        if cells.get(name) is not None and cells[name] == first.values.get(key):
            return Student.spec[name].label, key
    return "姓名和出生日期", _NAME


def _let_go(row: SheetRow, key: str) -> None:
    """Leave a cell with a fault unread, and say so."""
    place = row.layout.heading.places.get(key, -1)
    for fault in row.faults:
        if fault.column == place >= 0:
            row.faults = tuple(other for other in row.faults if other is not fault)
            row.notes += (Note(key, fault.label, f"“{fault.value}”没有记录：{fault.problem}"),)


def _faulty(row: SheetRow, key: str) -> bool:
    """Whether the cell of that column already has a fault."""
    place = row.layout.heading.places.get(key, -1)
    return place >= 0 and any(fault.column == place for fault in row.faults)


def _complete(cells: Values) -> None:
    """Birth and sex from the number where the sheet leaves them blank."""
    said = citizen_id.told(str(cells.get("id_number") or ""))
    if said is not None:
        for name, value in zip(("birth", "sex"), said, strict=True):
            if cells.get(name) is None:
                cells[name] = value


def _open_enrolments(rows: dict[str, Values], school: str) -> dict[Value, str]:
    """Student → enrolment at this school: the open one, else the one that began last."""
    ordered = sorted(rows.items(), key=lambda item: (item[1].get("valid_to") is None, str(item[1].get("valid_from"))))
    return {values["student"]: uid for uid, values in ordered if values.get("school") == school}
