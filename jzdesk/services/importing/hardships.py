"""Hardships that a roll or a list tells, and what else a list says of a pupil: each kept once, with its proof."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from jzdesk.core.codes import table
from jzdesk.core.errors import ValueFault
from jzdesk.core.fields import Value
from jzdesk.models import Hardship, Household, Student
from jzdesk.policy.hardship import HardshipMark
from jzdesk.services.importing.desk import Desk
from jzdesk.services.importing.doubts import Doubts
from jzdesk.services.importing.image import Values
from jzdesk.services.importing.listed import Disability

DISABILITY_DIFFERS = "list_disability"
_PROOF, _DOCUMENT = 100, 40
_NO_CARD = Disability()


@dataclass(frozen=True, slots=True)
class Paper:
    """What hardships rest on: source, in force on `day` counts as known, new ones run `since` … `until`."""

    source: str
    day: str
    since: str
    until: str | None = None
    proof: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What a row of a list says of a pupil: hardships, facts of the household, a disability, a document's number."""

    marks: tuple[HardshipMark, ...] = ()
    household: Mapping[str, str] = field(default_factory=dict)
    disability: Disability = _NO_CARD
    document: str = ""


class Hardships:
    """The hardships of one school's pupils."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._image = desk.image(Hardship)
        self._ends: dict[tuple[Value, Value], str] = {}
        for one in self._image.rows.values():
            self._note(one)

    def ensure(self, student: str, marks: Iterable[HardshipMark], source: str) -> bool:
        """Record what is not yet in force, from the first day of the term; whether anything was."""
        first = self._desk.term.first_day
        return self.put(student, marks, Paper(source, first, first))

    def lacking(self, student: str, marks: Iterable[HardshipMark], day: str) -> list[HardshipMark]:
        """Those that are not in force on the day, each code once."""
        once = {mark.code: mark for mark in reversed(list(marks))}
        return [mark for mark in once.values() if self._ends.get((student, mark.code), "") < day]

    def put(self, student: str, marks: Iterable[HardshipMark], paper: Paper, document: str = "") -> bool:
        """Record what is not in force on the paper's day; whether anything was."""
        fresh = self.lacking(student, marks, paper.day)
        for mark in fresh:
            ended = self._ends.get((student, mark.code), "")
            values: Values = {
                "student": student, "code": mark.code, "source": paper.source,
                "valid_from": paper.since if ended < paper.since else paper.day, "valid_to": paper.until,
                "proof": (paper.proof or mark.said)[:_PROOF], "document": document[:_DOCUMENT] or None,
            }  # fmt: skip
            self._image.add(values)
            self._note(values)
        return bool(fresh)

    def _note(self, one: Values) -> None:
        key = (one["student"], one["code"])
        self._ends[key] = max(self._ends.get(key, ""), str(one.get("valid_to") or "9999-12-31"))


class Teller:
    """Applies what rows of one list say to pupils, or says whether there is anything to apply.

    Number, attribute and cause go to the pupil's household; the first row of a file that says so stands.
    """

    def __init__(self, desk: Desk, paper: Paper) -> None:
        self._desk, self._paper = desk, paper
        self._hardships = Hardships(desk)
        self._students, self._households = desk.image(Student), desk.image(Household)
        self._doubts: Doubts | None = None
        self._said: dict[str, set[str]] = {}
        self._by_list_number: dict[Value, str] = {}

    def unsaid(self, student: str, facts: Mapping[str, str]) -> dict[str, str]:
        """Facts of the pupil's household that no earlier row of the file has told; from now on these are told."""
        said = self._said.setdefault(str(self._students.rows[student].get("household") or student), set())
        fresh = {name: value for name, value in facts.items() if name not in said}
        said.update(fresh)
        return fresh

    def lacking(self, student: str, told: Told) -> list[str]:
        """Codes of the hardships that are not in force yet."""
        return [mark.code for mark in self._hardships.lacking(student, told.marks, self._paper.day)]

    def is_news(self, student: str, told: Told) -> bool:
        """Whether applying it would change anything."""
        if self.lacking(student, told):
            return True
        values, question = self._disability(student, told.disability)
        if values or (question and not self._ask().knows(student, DISABILITY_DIFFERS)):
            return True
        return self.is_news_of_household(student, told)

    def is_news_of_household(self, student: str, told: Told) -> bool:
        """Whether number, attribute, cause or monitoring are other than on record."""
        uid = self._household_of(student)
        current = self._households.rows.get(uid) if uid else None
        if current is None:
            return bool(told.household)
        return any(current.get(name) != value for name, value in told.household.items())

    def apply(self, student: str, told: Told) -> tuple[bool, bool]:
        """(whether a hardship was added, whether anything else changed)."""
        added = self._hardships.put(student, told.marks, self._paper, told.document)
        changed = self._tell_disability(student, told.disability)
        return added, self._tell_household(student, told.household) or changed

    def _household_of(self, student: str) -> str | None:
        household = self._students.rows[student].get("household")
        return str(household) if household is not None and household in self._households.rows else None

    def _tell_household(self, student: str, facts: Mapping[str, str]) -> bool:
        if not facts:
            return False
        wanted: Values = dict(facts)
        uid = self._household_of(student)
        return self._households.set(uid, wanted) if uid is not None else self._give_household(student, wanted)

    def _give_household(self, student: str, wanted: Values) -> bool:
        """A pupil without household joins the one that the list numbers, or a new one."""
        number = wanted.get("number")
        uid = self._by_list_number.get(number) if number is not None else None
        if uid is None:
            uid = self._households.add({**wanted, "address": self._students.rows[student].get("address")})
            if number is not None:
                self._by_list_number[number] = uid
        self._said.setdefault(uid, set()).update(wanted)
        return self._students.set(student, {"household": uid})

    def _tell_disability(self, student: str, said: Disability) -> bool:
        values, question = self._disability(student, said)
        changed = self._students.set(student, values) if values else False
        if question and not self._ask().knows(student, DISABILITY_DIFFERS):
            changed |= self._ask().ask(student, DISABILITY_DIFFERS, question)
        return changed

    def _disability(self, student: str, said: Disability) -> tuple[Values, str]:
        """(what is blank and now known, the question where the list says otherwise)."""
        current = self._students.rows[student]
        blank: Values = {}
        differs = []
        for name, codes, text in (
            ("disability", "disability", said.category), ("disability_level", "disability_level", said.level),
            ("disability_card", "", said.card),
        ):  # fmt: skip
            value = _code(codes, text)
            held = current.get(name)
            if value and held is None:
                blank[name] = value
            elif value and held != value:
                differs.append(Student.spec[name].label)
        if not differs:
            return blank, ""
        return blank, f"部门名单上的{'、'.join(differs)}与学籍登记的不同，请对照残疾人证核对"

    def _ask(self) -> Doubts:
        if self._doubts is None:
            self._doubts = Doubts(self._desk)
        return self._doubts


def _code(codes: str, text: str) -> str:
    """The code a list's words mean; "" for what no table knows (a level is also written 1级)."""
    if not codes or not text:
        return text
    for written in (text, text.removesuffix("级")):
        try:
            return table(codes).parse(written)
        except ValueFault:
            continue
    return ""
