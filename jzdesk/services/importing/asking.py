"""What an import asks about the pupils of a file: the same questions as the form of a student, kind by kind.

Judged by the same rules (`policy/doubts.py`, `services/questions.py`), from the records in memory: no query a pupil.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property

from sqlalchemy import select

from jzdesk.core.fields import Value
from jzdesk.models import Enrolment, Guardian, Hardship, Household, Member, Student
from jzdesk.policy import doubts
from jzdesk.policy.doubts import Around, Relative
from jzdesk.services import double_claim, questions
from jzdesk.services.importing.desk import Desk
from jzdesk.services.importing.doubts import Doubts
from jzdesk.services.importing.image import Values
from jzdesk.services.student_tables import ACCOUNT, PHOTO
from jzdesk.services.surroundings import counted

WARNED = questions.OF_THE_RECORD | {questions.SAME}
"""Kinds that make a row count as `warned`: what the row itself contradicts, or who it may be a second time."""

_NO_PAPERS = "Z"


class Asking:
    """The questions of one import: of the record itself row by row, of its surroundings once every row was taken.

    `more` are further kinds that only this kind of import can judge.
    """

    def __init__(self, desk: Desk, more: frozenset[str] = frozenset()) -> None:
        self._desk, self._doubts, self._more = desk, Doubts(desk), more
        self._students = desk.image(Student)
        self._asked: dict[str, dict[str, str]] = {}

    def look(self, uid: str, more: Mapping[str, str]) -> None:
        """Remember a pupil of the file, and `more` that only the row could tell; opens what the record itself says."""
        own = dict(questions.open_questions(self._students.rows[uid], self._desk.today))
        self._asked[uid] = own | dict(more)
        self._doubts.review(uid, self._asked[uid], frozenset())

    def close(self) -> list[str]:
        """Every row was taken: ask how the pupils fit to what is around them; a sentence for the report."""
        around, others = Surroundings(self._desk), 0
        marks = double_claim.marks_of(self._desk.connection, str(self._desk.term))
        for uid, own in self._asked.items():
            values = self._students.rows[uid]
            gaps = dict(doubts.gaps(values, around.of(uid, values), self._desk.today))
            gaps |= dict(double_claim.doubts_of(marks, values))
            self._doubts.review(uid, own | gaps, questions.OWN | self._more)
            kinds = self._doubts.open_kinds(uid)
            self._desk.tally["warned"] += bool(kinds & (WARNED | self._more))
            others += bool(kinds & questions.OF_THE_SURROUNDINGS)
        said = f"有 {others} 名学生的年龄、家庭、监护人或资助情况有待核实，已记在“待核实”里（不计入有疑问的行）"
        return [said] if others else []


class Surroundings:
    """What stands around the pupils of a school as an import is about to leave it; see `services/surroundings.py`."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._students, self._members = desk.image(Student).rows, desk.image(Member).rows
        self._households = desk.image(Household).rows
        self._ties = sorted(desk.image(Guardian).rows.values(), key=lambda tie: int(tie.get("position") or 0))
        self._by_student, self._by_member = _grouped(self._ties, "student"), _grouped(self._ties, "member")
        self._places = _places(desk.image(Enrolment).rows.values())
        self._hardships = _hardships(desk)

    def of(self, uid: str, values: Values) -> Around:
        """The surroundings of one pupil."""
        ties = [tie for tie in self._by_student.get(uid, ()) if tie["member"] in self._members]
        relatives = tuple(_relative(str(tie["member"]), tie, self._members[str(tie["member"])]) for tie in ties)
        home = str(values.get("household") or "")
        people = self._people.get(home, [])
        family = {str(values.get("name") or ""), *(name for name, _ in people), *(one.name for one in relatives)}
        return Around(
            *self._places.get(uid, ("", "")), relatives, self._households.get(home), counted(people),
            tuple(sorted(self._elsewhere(uid, home, ties))), frozenset(self._hardships.get(uid, ())),
            values.get("id_type") == _NO_PAPERS and uid in self._proved,
            tuple(sorted(self._holders.get(uid, ()))), frozenset(family),
        )  # fmt: skip

    def _elsewhere(self, uid: str, home: str, ties: Iterable[Values]) -> set[str]:
        """Names of pupils with a guardian of theirs who belong to another household."""
        found: set[str] = set()
        for tie in ties if home else ():
            for other in self._by_member[tie["member"]]:
                sibling = self._students.get(str(other["student"]))
                if sibling is not None and sibling.get("household") not in (None, home):
                    found.add(str(sibling.get("name") or ""))
        return found

    @cached_property
    def _people(self) -> dict[str, list[tuple[str, str]]]:
        """Household → (name, number) of members and pupils."""
        found: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for rows in (self._members, self._students):
            for one in rows.values():
                if home := one.get("household"):
                    found[str(home)].append((str(one.get("name") or ""), str(one.get("id_number") or "")))
        return found

    @cached_property
    def _holders(self) -> dict[str, set[str]]:
        """Pupil → holders of the accounts in use."""
        query = select(ACCOUNT.c.student, ACCOUNT.c.holder, ACCOUNT.c.valid_to).where(
            ACCOUNT.c.scope == self._desk.school, ACCOUNT.c.hidden == 0
        )
        found: dict[str, set[str]] = defaultdict(set)
        for student, holder, until in self._desk.connection.execute(query):
            if (until or "9999") >= self._desk.today:
                found[student].add(holder or "")
        return found

    @cached_property
    def _proved(self) -> set[str]:
        """Who has a photograph of a proof."""
        query = select(PHOTO.c.student).where(PHOTO.c.kind == "proof", PHOTO.c.hidden == 0)
        return set(self._desk.connection.execute(query).scalars())


def _grouped(rows: Iterable[Values], name: str) -> dict[Value, list[Values]]:
    found: dict[Value, list[Values]] = defaultdict(list)
    for row in rows:
        found[row[name]].append(row)
    return found


def _relative(uid: str, tie: Values, member: Values) -> Relative:
    name, birth, sex, number = (str(member.get(part) or "") for part in ("name", "birth", "sex", "id_number"))
    return Relative(uid, name, str(tie.get("relation") or ""), birth, sex, number, bool(tie.get("is_guardian")))


def _places(enrolments: Iterable[Values]) -> dict[Value, tuple[str, str]]:
    """Pupil → (grade, status) of the enrolment that began last."""
    ordered = sorted(enrolments, key=lambda one: str(one.get("valid_from") or ""))
    return {one["student"]: (str(one.get("grade") or ""), str(one.get("status") or "")) for one in ordered}


def _hardships(desk: Desk) -> dict[Value, set[str]]:
    found: dict[Value, set[str]] = defaultdict(set)
    for one in desk.image(Hardship).rows.values():
        if str(one.get("valid_to") or "9999") >= desk.today:
            found[one["student"]].add(str(one["code"]))
    return found
