"""Sorts the rows of one list into piles, once: whom each means, what it gives, and what is settled already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from jzdesk.core.codes import table
from jzdesk.models import Hardship
from jzdesk.policy import hardship, lists, matching
from jzdesk.policy.lists import ListKind, Meaning
from jzdesk.policy.matching import ABSENT, ENDED, MATCHED, NAME, UNREAD, Found, Meant
from jzdesk.services.importing.desk import Desk
from jzdesk.services.importing.hardship_list import MONITORED_REMEDY
from jzdesk.services.importing.hardships import Paper, Teller, Told
from jzdesk.services.importing.image import Values
from jzdesk.services.importing.listed import Disability, ListedRow, forgive, listed_of, rollbook
from jzdesk.services.lists.lines import Facts, Line
from jzdesk.services.lists.papers import LIST, is_of_another_kind
from jzdesk.services.lists.shapes import COVERED, KNOWN, OUT_OF_AGE
from jzdesk.sheets.mapping import SheetRow


@dataclass(slots=True)
class Sorted:
    """The lines of a list; `rows` counts rows by pile, `read` all of them; `notes` are sentences for the report."""

    lines: list[Line] = field(default_factory=list)
    rows: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    read: int = 0


@dataclass(frozen=True, slots=True)
class _Place:
    """A row with where it belongs."""

    listed: ListedRow
    found: Found


class Sorter:
    """One list against one roll. `enrolled` are pupils who can be missing from a list, `held` (student, code) pairs
    that another list of the same kind and day has."""

    def __init__(
        self, desk: Desk, kind: ListKind, paper: Paper, enrolled: Iterable[str], held: Iterable[tuple[str, str]] = ()
    ) -> None:
        self._desk, self._kind, self._paper = desk, kind, paper
        self._enrolled, self._held = frozenset(enrolled), set(held)
        self._book = rollbook(desk)
        self._teller = Teller(desk, paper)
        self._covered: dict[str, dict[str, int]] = {}
        self._out = Sorted()

    def sort(self, rows: Iterable[SheetRow], headings: Sequence[str], *, older: bool) -> Sorted:
        """Every row in one pile; an older list than the newest of its kind ends nothing."""
        places = [self._place(row) for row in rows]
        self._out.read = len(places)
        for place in sorted(places, key=lambda one: one.found.family):  # a pupil's own row before a relative's
            self._out.rows[place.found.pile] += 1
            self._out.lines += self._lines(place)
        homes = self._homes(places)
        self._out.lines += [self._offered(home, meant) for home in homes for meant in home.found.pupils]
        if not older:
            self._out.lines += self._denied(places)
            self._out.lines += self._ended([*places, *homes], headings)
        self._out.lines.sort(key=lambda line: (matching.PILES.index(line.pile), not line.facts.get("likely"), line.row))
        return self._out

    def is_news(self, line: Line) -> bool:
        """Whether accepting a line about a pupil would change anything."""
        return self._teller.is_news(str(line.student), told_of(line.facts))

    def _place(self, row: SheetRow) -> _Place:
        if row.faults:
            forgive(row)
        listed = listed_of(row)
        found = self._book.find(listed.who, self._kind.tie, self._paper.day)
        if found.pile in (MATCHED, NAME) and (problem := lists.problem_of(listed.said)):
            row.park("unknown_option", problem, MONITORED_REMEDY, "list.monitored")
            return _Place(listed, Found(UNREAD, says=f"{problem}。{MONITORED_REMEDY}"))
        if found.pile == UNREAD and not row.faults:
            row.park("no_value", found.says, "请补上证件号码；确认不是本校学生的，可以不处理。", "person.id_number")
        for note in (*row.notes, *row.warnings):
            if found.pile in (MATCHED, NAME):
                self._desk.note(row, note.sentence())
        return _Place(listed, found)

    def _lines(self, place: _Place) -> list[Line]:
        if place.found.pile in (MATCHED, NAME):
            return [self._of_pupil(place, meant) for meant in place.found.pupils]
        return [self._of_nobody(place)]

    def _homes(self, places: Sequence[_Place]) -> list[_Place]:
        """Rows that mean the household too: pupils of it without a row of their own, for a person to confirm."""
        if self._kind.tie != "household":
            return []
        own = {meant.uid for place in places if place.found.pile in (MATCHED, NAME) for meant in place.found.pupils}
        homes = []
        for place in places:
            found, name = place.found, place.listed.who.name
            shared = found.pupils if found.pile == ABSENT else self._book.at_home(found, name)
            pupils = tuple(meant for meant in shared if meant.uid not in own)
            if pupils and not lists.problem_of(place.listed.said):
                said = f"同户的“{name}”在名单上，本人没有单独列出"
                homes.append(_Place(place.listed, Found(MATCHED, pupils, said, family=True)))
        return homes

    def _of_pupil(self, place: _Place, meant: Meant) -> Line:
        listed, found = place.listed, place.found
        meaning = self._meaning(listed, family=found.family)
        household, unknown = lists.household_facts(self._kind, listed.said, listed.who.household, listed.cause)
        for written in unknown.values():
            self._out.notes.append(f"第 {listed.row} 行：“{written}”认不出，没有记入家庭户")
        fresh = self._teller.unsaid(meant.uid, household)
        disability = Disability() if found.family else self._disability(listed)
        told = Told(meaning.gives, fresh, disability, listed.document)
        line = _line(found.pile, listed, meant.uid, _facts(listed, told))
        line.facts |= {"via": meant.via, "relation": _relation(meant), "says": found.says}
        line.facts |= {"denies": sorted(meaning.denies), "keeps": sorted(meaning.keeps)}
        self._settle(line, meant.uid, told)
        return line

    def _offered(self, home: _Place, meant: Meant) -> Line:
        """A pupil whom the list does not name: never accepted with the whole pile, only by itself."""
        line = self._of_pupil(home, meant)
        line.facts["offered"] = True
        return line

    def _settle(self, line: Line, student: str, told: Told) -> None:
        """What another row has said already, and what is on record already, needs nobody."""
        line.facts["fresh"] = self._teller.lacking(student, told)
        line.facts["home"] = self._teller.is_news_of_household(student, told)
        known = self._covered.setdefault(student, {})
        codes = [mark.code for mark in told.marks]
        if codes and all(code in known for code in codes) and not told.household:
            line.close(COVERED, f"与第 {known[codes[0]]} 行说的是同一名学生")
            line.facts["covered"] = known[codes[0]]
        elif line.pile == MATCHED and not self._teller.is_news(student, told):
            line.close(KNOWN, "已经登记，没有变化")
        for code in codes:
            known.setdefault(code, line.row)

    def _of_nobody(self, place: _Place) -> Line:
        listed, found = place.listed, place.found
        line = _line(found.pile, listed, None, _facts(listed, self._told(listed)))
        line.facts["says"] = found.says
        if found.pile == ABSENT and not matching.is_of_school_age(listed.who, self._paper.day):
            line.close(OUT_OF_AGE, "按出生日期不在学龄，本校没有其子女")
        else:
            line.facts["likely"] = [list(one) for one in self._book.suggest(listed.who, _citizen(listed.written))]
        return line

    def _told(self, listed: ListedRow) -> Told:
        """What the row would mean for a pupil whom a person recognises in it."""
        if lists.problem_of(listed.said):
            return Told()
        household, _ = lists.household_facts(self._kind, listed.said, listed.who.household, listed.cause)
        return Told(self._meaning(listed, family=False).gives, household, self._disability(listed), listed.document)

    def _disability(self, listed: ListedRow) -> Disability:
        """Only the office that gives out the cards says who is disabled and how."""
        return listed.disability if self._kind.hardship == hardship.DISABLED else Disability()

    def _meaning(self, listed: ListedRow, *, family: bool) -> Meaning:
        meaning = lists.meaning_of(self._kind, listed.said)
        return lists.family_meaning(self._kind, meaning) if family else meaning

    def _denied(self, places: Sequence[_Place]) -> list[Line]:
        """Hardships that a list of this kind of household had given and that this row says are enjoyed no more."""
        found: dict[str, Line] = {}
        for place in places:
            denies = lists.meaning_of(self._kind, place.listed.said).denies if place.found.pile == MATCHED else ()
            for meant in place.found.pupils if denies else ():
                for uid, one in self._in_force():
                    if one["student"] == meant.uid and one["code"] in denies:
                        said = f"名单第 {place.listed.row} 行写明不享受政策"
                        found[uid] = self._ending(uid, one, said, place.listed.row)
        return list(found.values())

    def _ended(self, places: Sequence[_Place], headings: Sequence[str]) -> list[Line]:
        """Pupils whose hardship came from a list of this kind and who stand on it no more."""
        if self._kind.policy != lists.YES:
            return []
        held = self._held | self._stands(places)
        unread = {place.listed.who.name: place.listed.row for place in places if place.found.pile == UNREAD}
        found = []
        for uid, one in self._in_force():
            if (one["student"], one["code"]) in held or not self._is_ours_to_end(one, headings):
                continue
            row = unread.get(self._book.by_uid[str(one["student"])].name)
            doubt = f"；但名单第 {row} 行有同名的人，证件号读不出，请先核对" if row else ""
            found.append(self._ending(uid, one, f"这份名单上没有此人{doubt}"))
        return found

    def _stands(self, places: Sequence[_Place]) -> set[tuple[str, str]]:
        """(student, code) pairs that rows give, keep or deny: none of these has merely gone from the list."""
        found = set()
        for place in places:
            meaning = self._meaning(place.listed, family=place.found.family)
            codes = {mark.code for mark in meaning.gives} | meaning.keeps | meaning.denies
            found |= {(meant.uid, code) for meant in place.found.pupils for code in codes}
        return found

    def _in_force(self) -> list[tuple[str, Values]]:
        """Hardships of department lists that are in force on the day of this one."""
        day = self._paper.day
        return [
            (uid, one)
            for uid, one in self._desk.image(Hardship).rows.items()
            if one.get("source") == LIST and str(one["valid_from"]) <= day and str(one.get("valid_to") or "9") > day
        ]

    def _is_ours_to_end(self, one: Values, headings: Sequence[str]) -> bool:
        if one["student"] not in self._enrolled or is_of_another_kind(str(one.get("proof") or ""), self._kind):
            return False
        return one["code"] in _codes(self._kind, headings)

    def _ending(self, uid: str, one: Values, says: str, row: int = 0) -> Line:
        pupil = self._book.by_uid[str(one["student"])]
        facts: Facts = {"hardship": uid, "code": one["code"], "says": says, "proof": one.get("proof") or ""}
        facts |= {"since": one["valid_from"], "birth": pupil.birth}
        return Line(0, ENDED, row, pupil.name, pupil.number, pupil.uid, facts)


def told_of(facts: Mapping[str, object]) -> Told:
    """What a kept line gives."""
    marks, household = facts.get("marks"), facts.get("household")
    assert isinstance(marks, list)
    assert isinstance(household, dict)
    card = [str(facts.get(name) or "") for name in ("category", "level", "card")]
    return Told(
        tuple(hardship.HardshipMark(str(code), str(said)) for code, said in marks), household, Disability(*card),
        str(facts.get("document") or ""),
    )  # fmt: skip


def _codes(kind: ListKind, headings: Sequence[str]) -> frozenset[str]:
    """Hardships whose absence from such a list says something: a class only where the list has its column."""
    watched = any("监测" in heading for heading in headings)
    own = lists.kinds()[lists.WATCHED].codes if kind.code == lists.POOR and watched else frozenset()
    return kind.codes | own


def _line(pile: str, listed: ListedRow, student: str | None, facts: Facts) -> Line:
    who = listed.who
    return Line(0, pile, listed.row, who.name, who.number or who.roll_number or listed.written, student, facts)


def _facts(listed: ListedRow, told: Told) -> Facts:
    said = told.disability
    return {
        "sheet": listed.sheet, "birth": listed.who.birth, "details": [list(pair) for pair in listed.details],
        "marks": [[mark.code, mark.said] for mark in told.marks], "household": dict(told.household),
        "category": said.category, "level": said.level, "card": said.card, "document": told.document,
    }  # fmt: skip


def _citizen(written: str) -> str:
    """The 18 characters within a roll number, a card's number, or a number that failed its check."""
    return written.removeprefix("G")[:18]


def _relation(meant: Meant) -> str:
    return table("relation").label(meant.relation) if meant.relation else ""
