"""Who may be the same child is found for every reason there is, named with it, and never refused."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jzdesk.models import Identity
from jzdesk.services.ledger import LedgerService
from jzdesk.services.similar import Similar
from jzdesk.services.students import StudentDraft, StudentQuery, StudentService
from tests.factories.people import Desk, id_number, verified_desk

NUMBER = id_number("2016-05-07", "1", serial=71)
PHONE = "13800000001"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with verified_desk(tmp_path / "desk", standards=False) as desk:
        yield desk


@pytest.fixture
def students(desk: Desk) -> StudentService:
    return StudentService(desk.context, LedgerService(desk.context))


def _save(students: StudentService, name: str = "陈晓峰", phone: str = PHONE, **values: Any) -> str:
    filled = {"name": name, "sex": "男", "birth": "2016-05-07", **values}
    guardian = {"name": "陈大山", "relation": "51", "phone": phone}
    return students.save(StudentDraft(None, filled, {"grade": "G03"}, (guardian,))).uid


def _only(found: list[Similar], uid: str) -> str:
    """The reasons of the one candidate."""
    assert [each.uid for each in found] == [uid]
    return found[0].reason


@pytest.mark.parametrize(
    ("stored", "typed", "why"),
    [
        ({"id_number": NUMBER}, {"id_number": NUMBER.lower()}, "身份证件号相同"),
        ({"roll_number": "L431099201605071234"}, {"roll_number": "G431099201605071234"}, "只差开头的字母（L 与 G）"),
        ({"roll_number": f"G{NUMBER}"}, {"id_number": NUMBER}, "学籍号里的号码与证件号相同"),
        ({"id_number": NUMBER}, {"roll_number": f"G{NUMBER}"}, "学籍号里的号码与证件号相同"),
        ({}, {"name": "陈晓峰", "birth": "20160507"}, "出生日期相同，姓名相同"),
        ({}, {"name": "陳曉峯", "birth": "2016-05-07"}, "姓名写法不同（陈晓峰）"),
        ({}, {"name": "陈小锋", "birth": "2016-05-07"}, "姓名同音（陈晓峰）"),
        ({"former_name": "陈石头"}, {"name": "陈石头", "birth": "2016-05-07"}, "曾用名"),
    ],
)
def test_a_child_is_recognised_and_the_reason_named(
    students: StudentService, stored: dict[str, str], typed: dict[str, str], why: str
) -> None:
    uid = _save(students, **stored)
    _save(students, "李思远", phone="13800000002", birth="2015-03-04")
    assert why in _only(students.similar(typed), uid)
    assert students.similar(typed, uid) == []


def test_a_temporary_number_that_became_formal_is_told(students: StudentService) -> None:
    uid = _save(students, roll_number="L431099201605071234")
    typed = {"name": "陈晓峰", "birth": "2016-05-07", "roll_number": f"G{NUMBER}", "id_number": NUMBER}
    assert "先后两个号" in _only(students.similar(typed), uid)


def test_a_guardians_telephone_points_to_the_same_name_but_not_to_a_brother(students: StudentService) -> None:
    uid = _save(students)
    assert "监护人电话相同" in _only(students.similar({"name": "陈晓锋"}, phones=["138 0000 0001"]), uid)
    assert students.similar({"name": "陈晓龙", "birth": "2018-01-02"}, phones=[PHONE, "12"]) == []


def test_a_voided_record_is_shown_for_its_number_only(desk: Desk, students: StudentService) -> None:
    uid = _save(students, id_number=NUMBER)
    LedgerService(desk.context).void("student", uid, "重复录入")
    assert "已作废" in _only(students.similar({"id_number": NUMBER}), uid)
    again = _save(students, "李思远", phone="13800000002", id_number=NUMBER)
    assert "same_person" not in {row.values["kind"] for row in students.file(again).questions}
    LedgerService(desk.context).void("student", again, "重复录入")
    assert students.similar({"name": "陈晓峰", "birth": "2016-05-07"}) == []


def test_saving_all_the_same_keeps_a_question_until_it_is_answered_or_put_right(students: StudentService) -> None:
    first = _save(students, id_number=NUMBER)
    second = _save(students, "陈小锋", phone="13800000002", id_number=id_number("2016-05-07", "1", serial=90))
    (question,) = students.file(second).questions
    assert question.values["kind"] == "same_person"
    assert "“陈晓峰”（出生日期相同，姓名同音（陈晓峰））" in str(question.values["sentence"])
    assert students.file(first).questions == [], "who was there first is not asked about"
    students.save(StudentDraft(second, {"name": "李思远"}, {}))
    assert students.file(second).questions == []
    students.save(StudentDraft(second, {"name": "陈晓峰"}, {}))
    (question,) = students.file(second).questions
    students.confirm_question(question.uid, "同名不同人，已看户口簿")
    students.save(StudentDraft(second, {"name": "陈晓峰", "phone": "13800000009"}, {}))
    assert students.file(second).questions == []


def test_two_children_told_apart_by_the_county_are_not_compared_again(desk: Desk, students: StudentService) -> None:
    first, second = _save(students), _save(students, phone="13800000002")
    assert students.similar({"name": "陈晓峰", "birth": "2016-05-07"}, second) != []
    with desk.context.write() as unit:
        unit.add(Identity, {"first": first, "second": second, "verdict": "distinct", "reason": "两人"})
    assert students.similar({"name": "陈晓峰", "birth": "2016-05-07"}, second) == []


def test_a_look_takes_a_few_milliseconds_among_five_thousand(desk: Desk, students: StudentService) -> None:
    desk.crowd(5000)
    typed = {"name": "陈晓峰", "birth": "2011-02-03", "id_number": NUMBER, "roll_number": f"G{NUMBER}"}
    students.similar(typed, phones=[PHONE])
    times = []
    for _ in range(20):
        begun = time.perf_counter()
        students.similar(typed, phones=[PHONE])
        times.append(time.perf_counter() - begun)
    assert sorted(times)[10] < 0.016
    assert len(students.ids(StudentQuery())) == 5000
