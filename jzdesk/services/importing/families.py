"""Households, their members and who guards whom: siblings on a roll share what their rows have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from jzdesk.core.fields import Value
from jzdesk.models import Guardian, Household, Member
from jzdesk.services.importing.columns import MEMBERS, PERSON, TIE
from jzdesk.services.importing.desk import Desk
from jzdesk.services.importing.image import Values
from jzdesk.sheets.mapping import SheetRow


class Person(NamedTuple):
    """One member on a row: the place on the row, what is said of the person, and of the tie to the student."""

    position: int
    cells: Values
    tie: Values


class Families:
    """The families of one school.

    A person is known by ID number, else by name and telephone, else by name within the household. What the first row
    of a file says of a person or a household stands; a sibling's row that says otherwise is told, never applied, so
    that importing a file again changes nothing.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._households, self._members = desk.image(Household), desk.image(Member)
        self._guardians = desk.image(Guardian)
        self._by_number: dict[Value, str] = {}
        self._by_phone: dict[tuple[Value, Value], str] = {}
        self._by_house: dict[tuple[Value, Value], str] = {}
        self._said: dict[str, Values] = {}
        for uid, values in self._members.rows.items():
            self._index(uid, values)
        self._ties = {(one["student"], one["member"]): uid for uid, one in self._guardians.rows.items()}
        self._keys = [
            (number, [(name, f"member{number}.{name}") for name in PERSON],
             [(name, f"member{number}.{name}") for name in TIE])
            for number in MEMBERS
        ]  # fmt: skip

    def people(self, row: SheetRow) -> list[Person]:
        """The members that the row names; what stands there about somebody without name is told."""
        values, found = row.values, []
        for number, person, tie in self._keys:
            cells = _cells(values, person)
            if "name" in cells:
                found.append(Person(number, cells, _cells(values, tie)))
            elif cells:
                self._desk.note(row, f"成员{number}没有姓名，这位成员没有记录")
        return found

    def household(self, people: Sequence[Person], student: Values, cells: Values) -> str | None:
        """The household of a student: the one the record names, else that of a member, else a new one.

        `student` is the record so far, `cells` what the row says. None when the row names nobody.
        """
        known = student.get("household")
        found = known or self._shared(people)
        place: Values = {"division": cells.get("hukou_division"), "address": _address(cells)}
        if found is not None:
            self._fill(str(found), place)
            return str(found)
        if not people:
            return None
        return self._households.add({"head": people[0].cells["name"], **place})

    def _shared(self, people: Sequence[Person]) -> Value:
        """The household of the first member who already has one."""
        for person in people:
            uid = self._find(person.cells, None)
            if uid is not None and (household := self._members.rows[uid].get("household")) is not None:
                return household
        return None

    def settle(self, row: SheetRow, people: Sequence[Person], student: str, household: str | None) -> bool:
        """Members and guardians of the row's student; whether anything was added or changed."""
        changed, placed = False, set()
        for person in people:
            if self._find(person.cells, household) in placed:
                self._desk.note(
                    row, f"成员{person.position}（{person.cells['name']}）与前一位成员是同一人，只记录一次，请核对"
                )
                continue
            member, differs = self._member(row, person.cells, household)
            placed.add(member)
            changed |= differs | self._tie(student, member, person)
        return changed

    def find(self, cells: Values, household: Value) -> str | None:
        """The member that the cells mean; None for somebody new."""
        return self._find(cells, household)

    def tied(self, student: str) -> set[str]:
        """The members who are known as a pupil's family."""
        return {str(member) for whose, member in self._ties if whose == student}

    def _find(self, cells: Values, household: Value) -> str | None:
        number, name, phone = cells.get("id_number"), cells["name"], cells.get("phone")
        if number is not None and (known := self._by_number.get(number)) is not None:
            return known
        found = self._by_phone.get((name, phone)) if phone is not None else None
        found = found or (self._by_house.get((name, household)) if household is not None else None)
        if found is None or number is None or self._members.rows[found].get("id_number") is None:
            return found
        return None  # the namesake has another number

    def _index(self, uid: str, values: Values) -> None:
        name = values.get("name")
        if (number := values.get("id_number")) is not None:
            self._by_number.setdefault(number, uid)
        if (phone := values.get("phone")) is not None:
            self._by_phone.setdefault((name, phone), uid)
        if (household := values.get("household")) is not None:
            self._by_house.setdefault((name, household), uid)

    def _member(self, row: SheetRow, cells: Values, household: str | None) -> tuple[str, bool]:
        uid = self._find(cells, household)
        if uid is None:
            uid = self._members.add({**cells, "household": household})
            self._said[uid] = cells
            self._index(uid, self._members.rows[uid])
            return uid, True
        said = self._said.get(uid)
        if said == cells:
            return uid, False
        if said is not None:
            self._tell_difference(row, said, cells)
            cells = {name: value for name, value in cells.items() if name not in said}
        self._said[uid] = {**cells, **(said or {})}
        if self._members.rows[uid].get("household") is None:
            cells = {**cells, "household": household}
        changed = self._members.set(uid, cells)
        if changed:
            self._index(uid, self._members.rows[uid])
        return uid, changed

    def _tell_difference(self, row: SheetRow, said: Values, cells: Values) -> None:
        labels = [Member.spec[name].label for name, value in cells.items() if name in said and said[name] != value]
        if labels:
            text = f"家庭成员“{cells['name']}”的{'、'.join(labels)}与前面兄弟姐妹那一行不同，采用前面的"
            self._desk.note(row, text)

    def _tie(self, student: str, member: str, person: Person) -> bool:
        """Who the person is to the student; the order once given stays."""
        uid = self._ties.get((student, member))
        if uid is not None:
            return self._guardians.set(uid, person.tie)
        self._ties[student, member] = self._guardians.add(
            {"student": student, "member": member, **person.tie, "position": person.position}
        )
        return True

    def _fill(self, uid: str, values: Values) -> None:
        """Complete what is blank; siblings may write their address differently, so nothing is overwritten."""
        current = self._households.rows.get(uid)
        if current is not None:
            self._households.set(uid, {name: value for name, value in values.items() if current.get(name) is None})


def _address(cells: Values) -> Value:
    """Where the household lives: 现住址, else 家庭地址, else 通信地址."""
    return cells.get("address") or cells.get("family_address") or cells.get("mailing_address")


def _cells(values: dict[str, Value], keys: list[tuple[str, str]]) -> Values:
    return {name: value for name, key in keys if (value := values.get(key)) is not None}
