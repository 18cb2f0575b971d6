"""Invented families in stored form, fast: numbers of the unassigned division 431099, names from the factories."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from jzdesk.core.fields import Value
from jzdesk.models import Enrolment, Guardian, Hardship, Household, Member, Record, Student, Visit
from tests.factories.people import id_number, name_of

Values = dict[str, Value]
_PARENTS = ("51", "52")


def student(place: int, household: str | None = None) -> Values:
    """The fields of the student at this place; nobody shares a name, birth and number with another."""
    birth = f"{2009 + place % 9}-{place % 12 + 1:02d}-{place // 12 % 28 + 1:02d}"
    sex = "12"[place % 2]
    number = id_number(birth, sex, place // 1008 + 1)
    return {
        "name": name_of(place), "sex": sex, "birth": birth, "ethnic": "01", "id_type": "1", "id_number": number,
        "roll_number": f"G{number}", "household": household, "hukou_division": "431099101202", "hukou_kind": "1",
        "address": f"示范县青石镇青西村{place % 12 + 1}组{place}号", "phone": f"139{place % 10**8:08d}", "health": "10",
        "disability": "0", "only_child": 0, "left_behind": "0", "migrant": 0, "orphan": 0,
    }  # fmt: skip


def enrolment(place: int, uid: str, school: str) -> Values:
    """The place of a student at a primary school: grades 1 to 6, every other one a boarder."""
    return {
        "student": uid, "school": school, "grade": f"G0{place % 6 + 1}", "entry_month": "2021-09",
        "boarding": "12"[place // 6 % 2], "status": "01", "valid_from": "2025-09-01",
    }  # fmt: skip


def hardship(uid: str) -> Values:
    """A hardship on record since the beginning of the year."""
    return {"student": uid, "code": "D01", "valid_from": "2025-09-01", "source": "list"}


class Adding(Protocol):
    """Whatever records new records: a unit of work, or somebody who writes a journal by hand."""

    def add_many(self, entity: type[Record], rows: Iterable[Mapping[str, Value]]) -> list[str]:
        """Record new records; their uids."""


def enrol(unit: Adding, places: range, school: str) -> list[str]:
    """Students at these places with household, two parents, enrolment; every third one poor: 7⅓ entries each."""
    families: list[Values] = [{"head": f"{name_of(place)[0]}大", "address": f"青西村{place}号"} for place in places]
    households = unit.add_many(Household, families)
    members = unit.add_many(Member, _parents(places, households))
    students = unit.add_many(Student, [student(n, home) for n, home in zip(places, households, strict=True)])
    unit.add_many(Guardian, _guardians(students, members))
    unit.add_many(Enrolment, [enrolment(n, uid, school) for n, uid in zip(places, students, strict=True)])
    unit.add_many(Hardship, [hardship(uid) for uid in students[::3]])
    return students


def visit_all(unit: Adding, students: list[str]) -> None:
    """Two visits to some of the students and three to the others: 2½ entries each."""
    rows = [(uid, turn) for n, uid in enumerate(students) for turn in range(2 + n % 2)]
    unit.add_many(Visit, [visit(uid, turn) for uid, turn in rows])


def visit(student: str, turn: int) -> Values:
    """A visit of the autumn term."""
    return {
        "student": student, "date": f"2025-{9 + turn:02d}-15", "method": "1", "met": "父亲",
        "situation": "家庭情况没有变化", "measures": "讲解资助政策",
    }  # fmt: skip


def _parents(places: range, households: list[str]) -> Iterator[Values]:
    for place, household in zip(places, households, strict=True):
        for relation in _PARENTS:
            yield {
                "household": household, "name": name_of(place + int(relation)), "relation": relation, "id_type": "1",
                "id_number": parent_number(place, relation), "phone": f"138{place % 10**8:08d}",
            }  # fmt: skip


def father(place: int) -> Values:
    """The father of the student at this place, without a household."""
    return {
        "name": name_of(place + 51), "relation": "51", "id_type": "1", "id_number": parent_number(place, "51"),
        "phone": f"138{place % 10**8:08d}",
    }  # fmt: skip


def parent_number(place: int, relation: str) -> str:
    """The number of the father (51) or mother (52) of the student at this place."""
    birth = f"{1975 + place % 15}-{place // 15 % 12 + 1:02d}-{place // 180 % 28 + 1:02d}"
    return id_number(birth, "1" if relation == "51" else "2", place // 5040 + 1)


def _guardians(students: list[str], members: list[str]) -> Iterator[Values]:
    for number, member in enumerate(members):
        parent = number % 2
        yield {
            "student": students[number // 2], "member": member, "relation": _PARENTS[parent],
            "is_guardian": 1 - parent, "position": parent + 1,
        }  # fmt: skip


ENTITIES: tuple[type[Record], ...] = (Household, Member, Student, Guardian, Enrolment, Hardship)
