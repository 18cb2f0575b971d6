"""某日名册: the roll as it stood on any day, and as a workbook."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from jzdesk.core import codes
from jzdesk.core.errors import UserError
from jzdesk.core.kinds import PersonName
from jzdesk.core.text import parse_date
from jzdesk.models import Enrolment, School, SchoolClass, Student
from jzdesk.policy.enrolment import GONE
from jzdesk.services.context import Context
from jzdesk.services.ledger import titles
from jzdesk.services.pupils import Pupil, by_place, pupils
from jzdesk.services.roll.rooms import Rooms
from jzdesk.services.same_child import once
from jzdesk.services.townships import names

_PLACE = "某日名册"
_AS_WRITTEN = "班级名称和班主任没有单独的生效日期，按登记的那天算：当天以后才登记的更换，名册上还是原来的。"
_COLUMNS = (
    replace(Enrolment.spec["school"], kind=School.spec["name"].kind),  # a name to read, not a code
    Enrolment.spec["grade"], SchoolClass.spec["name"], Student.spec["name"], Student.spec["sex"],
    Enrolment.spec["status"], Enrolment.spec["boarding"],
    replace(SchoolClass.spec["head"], kind=PersonName()),  # a name to read, not a reference
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RollLine:
    """One pupil on the day: labels for people, `grade_code` and `status_code` for machines.

    The class is called as it was on the day, `head` taught it then; a teacher's name is today's.
    """

    uid: str
    name: str
    sex: str
    grade: str
    school_class: str
    status: str
    boarding: str
    school: str
    grade_code: str
    status_code: str
    enrolled: bool
    head: str
    school_name: str = ""


@dataclass(frozen=True, slots=True)
class RollDay:
    """The roll of a day: `enrolled` of the lines count as being at school; `note` what to know about a day gone by."""

    day: str
    lines: tuple[RollLine, ...]
    enrolled: int
    note: str = ""

    def sentence(self) -> str:
        """How many."""
        rest = len(self.lines) - self.enrolled
        return f"{self.day} 在册 {self.enrolled:,} 人" + (f"，另有休学、辍学等 {rest:,} 人" if rest else "")


class AsOfService:
    """The roll on any day."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def roll(self, day: str | None = None) -> RollDay:
        """Everybody who had a place here on the day (today), by grade, class and name; raises UserError, ValueFault."""
        when, people, heads, schools = self._people(day)
        lines = tuple(
            _line(one, heads.get(one.room or "", ""), schools.get(one.school) or one.school) for one in people
        )
        return RollDay(when, lines, self._children(people), self._note(when))

    def export(self, path: Path, day: str | None = None) -> int:
        """The roll of a day as a workbook; returns the number of pupils. Raises StationFault."""
        from jzdesk.sheets.writer import write_book

        when, people, heads, schools = self._people(day)
        fields = [replace(spec, required=False) for spec in _COLUMNS]  # a list to read has no column to fill in
        rows = [
            (
                schools.get(one.school) or one.school,
                one.grade or None,
                one.class_name,
                one.name,
                one.sex,
                one.status or None,
                one.boarding,
                heads.get(one.room or "") or None,
            )
            for one in people
        ]
        enrolled = self._children(people)
        note = f"{when} 的名册，在册 {enrolled} 人，共 {len(people)} 行\n{self._note(when)}"
        return write_book(path, f"{self._context.info.name}名册", fields, rows, note=note)

    def _note(self, when: str) -> str:
        return _AS_WRITTEN if when < self._context.today() else ""

    def _children(self, people: Sequence[Pupil]) -> int:
        """How many children are at school; one on two rolls of the county is one child."""
        enrolled = [one.uid for one in people if one.enrolled]
        with self._context.read() as connection:
            same = once(connection, enrolled)
        return len({same.get(uid, uid) for uid in enrolled})

    def _people(self, day: str | None) -> tuple[str, list[Pupil], dict[str, str], dict[str, str]]:
        """The day, everybody by grade, class and name, class → name of its head teacher on the day, school → name."""
        today = self._context.today()
        when = parse_date(day) if day else today
        if when > today:
            raise UserError(f"{when} 还没有到", "请填写今天或以前的日期。", _PLACE)
        scope = None if self._context.info.kind == "county" else self._context.author.scope
        with self._context.read() as connection:
            there = [one for one in pupils(connection, scope, (when, when)).values() if one.status not in GONE]
            rooms = Rooms(connection, (one.room for one in there))
            people = [one._replace(class_name=rooms.name(one.room, when)) for one in there]
            heads = {one.room: rooms.head(one.room, when) for one in people if one.room}
            named = titles(connection, "staff", sorted({head for head in heads.values() if head}))
            schools = names(connection)
        teachers = {room: named.get(head or "", "") for room, head in heads.items()}
        return when, sorted(people, key=by_place), teachers, schools


def _line(one: Pupil, head: str, school: str) -> RollLine:
    boarding, status = codes.table("boarding"), codes.table("student_status")
    return RollLine(
        one.uid, one.name, one.sex_label, one.grade_label, one.class_name or "", status.label(one.status),
        boarding.label(one.boarding) if one.boarding else "", one.school, one.grade, one.status, one.enrolled, head,
        school,
    )  # fmt: skip
