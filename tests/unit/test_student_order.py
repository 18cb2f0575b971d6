"""The order of student lists: grade, class, then pinyin and strokes; and what of the family a search found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from jzdesk.models import Enrolment, Guardian, Household, Member, SchoolClass, Student
from jzdesk.services.ledger import LedgerService
from jzdesk.services.students import StudentQuery, StudentService
from tests.factories.people import SCHOOL_CODE, Desk, verified_desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with verified_desk(tmp_path / "desk", standards=False) as desk:
        yield desk


@pytest.fixture
def students(desk: Desk) -> StudentService:
    return StudentService(desk.context, LedgerService(desk.context))


def _enrol(desk: Desk, names: list[str], grade: str = "G03", room: str | None = None) -> None:
    with desk.context.write() as unit:
        placed = unit.add(SchoolClass, {"grade": grade, "name": room}) if room else None
        for uid in unit.add_many(Student, [{"name": name, "sex": "1"} for name in names]):
            place = {"school": SCHOOL_CODE, "grade": grade, "status": "01", "school_class": placed}
            unit.add(Enrolment, {"student": uid, **place})


def _listed(students: StudentService, text: str = "") -> list[str]:
    return [row.name for row in students.rows(students.ids(StudentQuery(text)))]


def test_a_class_is_listed_by_pinyin_and_strokes_and_a_new_student_at_once(
    desk: Desk, students: StudentService
) -> None:
    _enrol(desk, ["章一", "张三", "汪二", "𠮷一", "王二", "曾一"])
    assert _listed(students) == ["王二", "汪二", "曾一", "张三", "章一", "𠮷一"]
    _enrol(desk, ["李一"])
    assert _listed(students)[0] == "李一"


def test_more_than_the_index_takes_at_once_are_sorted_all_the_same(desk: Desk, students: StudentService) -> None:
    _enrol(desk, [f"{surname}第{n}" for n in range(460) for surname in ("章", "张")])
    listed = _listed(students)
    assert {name[0] for name in listed[:460]} == {"张"}
    assert {name[0] for name in listed[460:]} == {"章"}


def test_grades_and_classes_come_first_and_class_ten_after_class_two(desk: Desk, students: StudentService) -> None:
    _enrol(desk, ["安一"], "G04", "1班")
    _enrol(desk, ["白一"], "G03", "10班")
    _enrol(desk, ["丁一"], "G03", "2班")
    _enrol(desk, ["包一", "阿一"], "G03", "1班")
    assert _listed(students) == ["阿一", "包一", "丁一", "白一", "安一"]


def test_a_student_found_by_the_family_says_by_whom(desk: Desk, students: StudentService) -> None:
    with desk.context.write() as unit:
        home = unit.add(Household, {"village_group": "青西村3组"})
        student = unit.add(Student, {"name": "宋火强", "household": home})
        father = unit.add(Member, {"name": "宋大山", "phone": "13812345678", "household": home})
        unit.add(Guardian, {"student": student, "member": father})
    for text, said in (("大山", "监护人"), ("345678", "监护人号码"), ("青西村", "村民小组"), ("火强", "")):
        assert [row.found_by for row in students.search(text)] == [said]
        assert [row.found_by for row in students.rows([student], text)] == [said]
    assert students.rows([student])[0].found_by == ""


@pytest.mark.parametrize(
    ("order", "descending", "expected"),
    [
        ("name", False, ["白敏", "宋火强", "张丽"]),
        ("name", True, ["张丽", "宋火强", "白敏"]),
        ("grade", True, ["白敏", "宋火强", "张丽"]),
        ("status", True, ["宋火强", "张丽", "白敏"]),
    ],
)
def test_people_may_sort_by_name_grade_and_status_either_way(
    order: str, descending: bool, expected: list[str], desk: Desk, students: StudentService
) -> None:
    desk.pupil("张丽", grade="G01")
    desk.pupil("宋火强", grade="G02", status="02")
    desk.pupil("白敏", grade="G03")
    uids = students.ids(StudentQuery(order=order, descending=descending))
    assert [row.name for row in students.rows(uids)] == expected
    if order == "name":
        found = students.ids(StudentQuery("b", order=order, descending=descending))
        assert [row.name for row in students.rows(found)] == ["白敏"]
