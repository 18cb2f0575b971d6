"""Students with their household: saved together, asked about, found again, and never silently doubled."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jzdesk.core.errors import UserError
from jzdesk.services.forms import FormProblems
from jzdesk.services.ledger import LedgerService
from jzdesk.services.students import StudentDraft, StudentQuery, StudentService
from tests.factories.people import Desk, id_number, verified_desk

NUMBER = id_number("2016-05-07", "1", serial=71)
FATHER = {"name": "宋大山", "relation": "51", "is_guardian": "是", "phone": "13800000001"}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with verified_desk(tmp_path / "desk", standards=False) as desk:
        yield desk


@pytest.fixture
def students(desk: Desk) -> StudentService:
    return StudentService(desk.context, LedgerService(desk.context))


def _draft(uid: str | None = None, **student: Any) -> StudentDraft:
    filled = {"name": "宋火强", "sex": "男", "birth": "2016.5.7", "id_number": NUMBER, **student}
    return StudentDraft(uid, filled, {"grade": "三年级", "boarding": "住校"}, (FATHER,), {"address": "青石村三组"})


def test_a_student_is_saved_with_enrolment_household_and_guardian(students: StudentService) -> None:
    uid = students.save(_draft()).uid
    file = students.file(uid)
    assert file.student.values["birth"] == "2016-05-07"
    assert file.enrolment is not None
    assert (file.enrolment.values["grade"], file.enrolment.values["school"]) == ("G03", "2143990001")
    assert file.household is not None
    assert file.household.values["head"] == "宋大山"
    assert [(guardian["name"], guardian["phone"]) for guardian in file.guardians] == [("宋大山", "13800000001")]
    (row,) = students.rows([uid])
    assert (row.name, row.sex, row.grade, row.boarding, row.sync_state) == (
        "宋火强",
        "男",
        "小学三年级",
        "住校",
        "未导出",
    )
    assert NUMBER not in repr(row)


def test_saving_the_same_again_changes_nothing(desk: Desk, students: StudentService) -> None:
    uid = students.save(_draft()).uid
    (guardian,) = students.file(uid).guardians
    before = desk.context.store.own_chain().last_n
    known = {**FATHER, "uid": guardian["uid"], "member": guardian["member"]}
    students.save(StudentDraft(uid, _draft().student, {"grade": "三年级", "boarding": "住校"}, (known,)))
    assert desk.context.store.own_chain().last_n == before


def test_every_wrong_field_is_named_and_nothing_is_saved(desk: Desk, students: StudentService) -> None:
    bad_guardian = {"name": "", "phone": "138"}
    draft = StudentDraft(None, {"name": "", "sex": "男", "birth": "明天", "id_number": "123"}, {}, (bad_guardian,))
    with pytest.raises(FormProblems) as problems:
        students.save(draft)
    fields = problems.value.fields
    assert {"student.name", "student.birth", "student.id_number", "enrolment.grade", "guardian.0.phone"} <= set(fields)
    assert "guardian.0.name" in fields
    assert all("请" in sentence for sentence in fields.values())
    assert desk.context.store.own_chain().last_n == 0


def test_a_child_of_known_parents_joins_their_household(students: StudentService) -> None:
    father = {**FATHER, "id_number": id_number("1985-02-03", "1", serial=72)}
    first = students.save(StudentDraft(None, _draft().student, {"grade": "G03"}, (father,))).uid
    other = {"name": "宋小花", "sex": "女", "birth": "2018-01-02"}
    second = students.save(StudentDraft(None, other, {"grade": "G01"}, (father,))).uid
    one, two = students.file(first), students.file(second)
    assert one.household is not None
    assert two.household is not None
    assert one.household.uid == two.household.uid
    assert one.guardians[0]["member"] == two.guardians[0]["member"]
    assert len(one.members) == 1


def test_the_number_fills_in_what_it_says(students: StudentService) -> None:
    check = students.check({"id_number": NUMBER})
    assert check.fills == {"birth": "2016-05-07", "sex": "1", "id_type": "1"}
    assert (check.problems, check.questions) == ({}, ())
    assert students.check({"id_number": NUMBER, "birth": "2016-05-08"}).questions != ()
    assert "id_number" in students.check({"id_number": "431099"}).problems


def test_a_doubt_is_a_question_that_stays_until_somebody_answers(students: StudentService) -> None:
    uid = students.save(_draft(birth="2016-05-08")).uid
    assert students.rows([uid])[0].questions == 1
    assert students.ids(StudentQuery(questions=True)) == [uid]
    (question,) = students.file(uid).questions
    with pytest.raises(UserError, match="没有写明确认的理由"):
        students.confirm_question(question.uid, " ")
    students.confirm_question(question.uid, "户口簿为准，证件待更正")
    assert students.ids(StudentQuery(questions=True)) == []
    students.save(_draft(uid, birth="2016-05-08", phone="13900000009"))
    assert students.rows([uid])[0].questions == 0, "what was confirmed is not asked again"


def test_a_question_goes_away_when_the_record_was_put_right_and_comes_back_with_the_fault(
    students: StudentService,
) -> None:
    uid = students.save(_draft(birth="2016-05-08")).uid
    students.save(_draft(uid))
    assert students.rows([uid])[0].questions == 0
    students.save(_draft(uid, birth="2016-05-08"))
    assert students.rows([uid])[0].questions == 1


def test_the_same_child_is_shown_before_it_is_entered_twice(students: StudentService) -> None:
    uid = students.save(_draft()).uid
    assert [row.uid for row in students.similar({"id_number": NUMBER.lower()})] == [uid]
    assert [row.uid for row in students.similar({"name": "宋火强", "birth": "20160507"})] == [uid]
    assert students.similar({"name": "宋火强"}) == []
    assert students.similar({"id_number": NUMBER}, uid) == []


def test_lists_are_narrowed_by_what_is_asked(desk: Desk, students: StudentService) -> None:
    poor = desk.pupil("贫困生", grade="G03", hardships=("D01", "D06"))
    rich = desk.pupil("普通生", grade="G04", hardships=())
    left = desk.pupil("转出生", grade="G03", hardships=(), status="07")
    teacher = desk.staff()
    assert students.ids(StudentQuery(grade="G04")) == [rich]
    assert students.ids(StudentQuery(hardship="any")) == students.ids(StudentQuery(hardship="D06")) == [poor]
    assert students.ids(StudentQuery(status="07")) == [left]
    assert students.ids(StudentQuery(unpaired=True)) == [poor]
    desk.pair(poor, teacher)
    assert students.ids(StudentQuery(unpaired=True)) == []
    assert set(students.ids(StudentQuery(text="生"))) == {poor, rich, left}
    assert students.ids(StudentQuery(text="pts", grade="G04")) == [rich]
    assert [code for code, _ in students.grades()] == ["G03", "G04"]


def test_the_history_says_who_changed_what_from_what_to_what(students: StudentService) -> None:
    uid = students.save(_draft()).uid
    students.save(_draft(uid, name="宋伙强"))
    newest = students.file(uid).history[0]
    assert (newest.what, newest.old, newest.new, newest.who) == ("姓名", "宋火强", "宋伙强", "宋老师")


def test_an_unknown_student_has_its_sentence(students: StudentService) -> None:
    with pytest.raises(UserError, match="不存在"):
        students.file("f" * 32)
    with pytest.raises(UserError, match="不存在"):
        students.save(_draft("f" * 32))
