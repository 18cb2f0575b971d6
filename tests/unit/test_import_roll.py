"""A roll becomes students with family and place at school; every planted fault gets exactly its outcome."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from jzdesk.core.citizen_id import check_character
from jzdesk.models import Enrolment, Guardian, Hardship, Household, Member, Question, SchoolClass, Student
from jzdesk.services.importing import ImportReport, ImportService
from jzdesk.services.questions import review
from tests.factories.people import Desk, new_desk
from tests.factories.rolls import (
    EXAMPLES,
    FATHER,
    NUMBERS,
    child,
    counts,
    parked_rows,
    records,
    roll,
    state,
)

ROLLS = {
    "青石镇中心小学": "学籍导出-青石镇中心小学.xlsx",
    "青石镇中学": "学籍导出-青石镇中学.xlsx",
    "大坪教学点": "学生名册-大坪教学点.xls",
}
TRUTH: dict[str, Any] = json.loads((EXAMPLES / "truth.json").read_text(encoding="utf-8"))
ADDED_WITH_NOTE = {"fullwidth", "gprefix", "space_name"}
ADDED_WITH_QUESTION = {"birth_mismatch", "sex_mismatch"}
Samples = dict[str, tuple[ImportReport, Desk]]
PLANTED = [(school, fault["row"], fault["fault"]) for school in ROLLS for fault in TRUTH[school]["faults"]]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return new_desk(tmp_path / "school", standards=False)


@pytest.fixture
def imports(desk: Desk) -> ImportService:
    return ImportService(desk.context)


@cache
def cells(school: str) -> list[list[Any]]:
    """The roll as it stands in the file; row n of the list is Excel's row n + 1."""
    return CalamineWorkbook.from_path(EXAMPLES / ROLLS[school]).get_sheet_by_index(0).to_python(skip_empty_area=False)


def place(school: str, row: int) -> int:
    """Excel's row of a data row of the truth."""
    return int(TRUTH[school]["first_data_row"]) + row


@pytest.mark.parametrize("school", ROLLS)
def test_counts_of_a_sample_roll_balance_and_follow_from_its_planted_faults(
    school: str, imports: ImportService, desk: Desk
) -> None:
    report = imports.run("roll", EXAMPLES / ROLLS[school])
    faults = [fault["fault"] for fault in TRUTH[school]["faults"]]
    parked = [fault for fault in faults if fault not in ADDED_WITH_NOTE | ADDED_WITH_QUESTION]
    assert report.read == TRUTH[school]["rows"]
    assert (report.parked, report.changed, report.unchanged) == (len(parked), 0, 0)
    assert report.added == report.read - len(parked)
    assert report.warned == len([fault for fault in faults if fault in ADDED_WITH_QUESTION])
    assert len(records(desk.context, Student)) == len(records(desk.context, Enrolment)) == report.added
    assert len(imports.parked()) == len(report.faults) == len(parked)


@pytest.mark.parametrize(("school", "row", "fault"), PLANTED)
def test_each_planted_fault_gets_exactly_its_outcome(school: str, row: int, fault: str, sample: Samples) -> None:
    report, desk = sample[school]
    number, original = place(school, row), cells(school)[place(school, row) - 1]
    faults = [line for line in report.faults if line.row == number]
    notes = [note for note in report.notes if f"第 {number} 行：" in note]
    questions = {line["kind"] for line in records(desk.context, Question)}
    known = records(desk.context, Student, roll_number=original[6])
    if fault in ADDED_WITH_NOTE:
        assert (len(known), len(notes), faults) == (1, 1, [])
    elif fault in ADDED_WITH_QUESTION:
        asked = records(desk.context, Question, student=known[0]["uid"])
        assert [(line["kind"], line["state"]) for line in asked] == [(fault, "open")]
        assert fault in questions
        assert faults == []
    elif fault == "dup_row":
        assert len(known) == 1
        assert len(faults) == 1
        assert f"第 {number - 1} 行" in faults[0].problem
    else:
        assert known == []
        assert len(faults) == 1
        heading = {"no_name": "*姓名", "bad_date": "出生日期", "unknown_option": "就读方式"}.get(fault, "*身份证件号")
        assert faults[0].column == heading
        assert faults[0].remedy
        stored = [line for line in parked_rows(desk.context) if line["row"] == number]
        assert str(original[13]) in json.loads(stored[0]["cells"])


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Samples]:
    """Each sample roll imported once, for tests that only look."""
    found = {}
    for school, file in ROLLS.items():
        desk = new_desk(tmp_path_factory.mktemp("school"), standards=False)
        found[school] = (ImportService(desk.context).run("roll", EXAMPLES / file), desk)
    yield found
    for _, desk in found.values():
        state(desk.context)
        desk.context.store.close()


@pytest.mark.parametrize("school", ROLLS)
def test_importing_the_same_roll_again_changes_nothing(school: str, imports: ImportService, desk: Desk) -> None:
    first = imports.run("roll", EXAMPLES / ROLLS[school])
    before = state(desk.context)
    again = imports.run("roll", EXAMPLES / ROLLS[school])
    assert state(desk.context) == before
    assert (again.added, again.changed, again.unchanged) == (0, 0, first.added)
    assert (again.parked, again.warned) == (first.parked, first.warned)


@pytest.mark.parametrize("school", ROLLS)
def test_households_of_a_sample_roll_are_the_first_members_of_its_added_rows(school: str, sample: Samples) -> None:
    report, desk = sample[school]
    parked = {line.row for line in report.faults}
    heading = next(row for row in cells(school) if "年级" in row)
    column = heading.index("成员1身份证件号")
    first = cells(school).index(heading) + 1
    fathers = {row[column] for at, row in enumerate(cells(school)[first:], first + 1) if at not in parked}
    assert len(records(desk.context, Household)) == len(fathers)


def test_a_row_becomes_a_student_with_place_family_and_household(
    imports: ImportService, desk: Desk, tmp_path: Path
) -> None:
    imports.run("roll", roll(tmp_path / "r.xlsx", child()))
    student = records(desk.context, Student)[0]
    enrolment = records(desk.context, Enrolment)[0]
    household = records(desk.context, Household)[0]
    assert (student["sex"], student["birth"], student["id_type"]) == ("1", "2017-05-07", "1")
    assert student["household"] == household["uid"]
    assert (household["head"], household["address"]) == ("宋琪亦", "示范县青石镇青西村5组")
    room = records(desk.context, SchoolClass)[0]
    assert (room["grade"], room["name"]) == ("G03", "1班")
    expected = ("2143990001", "G03", room["uid"], "2", "01", "2023-09", "2023-09-01", None)
    names = ("school", "grade", "school_class", "boarding", "status", "entry_month", "valid_from", "valid_to")
    assert tuple(enrolment[name] for name in names) == expected
    ties = sorted(records(desk.context, Guardian), key=lambda tie: tie["position"])
    assert [(tie["relation"], tie["is_guardian"], tie["position"]) for tie in ties] == [("51", 1, 1), ("52", None, 2)]
    assert {member["household"] for member in records(desk.context, Member)} == {household["uid"]}


def test_siblings_share_household_and_parents_and_keep_their_own_address(
    imports: ImportService, desk: Desk, tmp_path: Path
) -> None:
    second = child(NUMBERS[1], **{"*姓名": "宋静根", "现住址": "示范县青石镇青西村7组"})
    path = roll(tmp_path / "r.xlsx", child(), second)
    imports.run("roll", path)
    assert len(records(desk.context, Household)) == 1
    assert len(records(desk.context, Member)) == 2
    assert len(records(desk.context, Guardian)) == 4
    assert {one["address"] for one in records(desk.context, Student)} == {
        "示范县青石镇青西村5组",
        "示范县青石镇青西村7组",
    }
    before = state(desk.context)
    assert counts(imports.run("roll", path)) == {"read": 2, "unchanged": 2}
    assert state(desk.context) == before


def test_what_siblings_say_differently_of_a_parent_is_told_and_the_first_row_stands(
    imports: ImportService, desk: Desk, tmp_path: Path
) -> None:
    second = child(NUMBERS[1], **{"*姓名": "宋静根", "成员1联系电话": "13812345678"})
    path = roll(tmp_path / "r.xlsx", child(), second)
    report = imports.run("roll", path)
    assert any("第 4 行" in note and "联系电话" in note for note in report.notes)
    assert [one["phone"] for one in records(desk.context, Member, name="宋琪亦")] == ["15349660992"]
    assert counts(imports.run("roll", path)) == {"read": 2, "unchanged": 2}


def test_one_person_in_both_places_of_a_row_is_recorded_once_and_told(
    imports: ImportService, desk: Desk, tmp_path: Path
) -> None:
    path = roll(tmp_path / "r.xlsx", child(成员2身份证件号=FATHER))
    report = imports.run("roll", path)
    assert any("同一人" in note for note in report.notes)
    assert [(one["relation"], one["position"]) for one in records(desk.context, Guardian)] == [("51", 1)]
    assert counts(imports.run("roll", path)) == {"read": 1, "unchanged": 1}


def test_cells_about_a_member_without_name_are_told(imports: ImportService, desk: Desk, tmp_path: Path) -> None:
    report = imports.run("roll", roll(tmp_path / "r.xlsx", child(成员2姓名=None)))
    assert any("成员2没有姓名" in note for note in report.notes)
    assert len(records(desk.context, Member)) == 1


def test_only_filled_cells_that_differ_change_a_known_student(
    imports: ImportService, desk: Desk, tmp_path: Path
) -> None:
    imports.run("roll", roll(tmp_path / "r.xlsx", child()))
    changed = child(联系电话="13812345678", 现住址=None, 就读方式="走读", 班级="2班")
    report = imports.run("roll", roll(tmp_path / "s.xlsx", changed))
    assert counts(report) == {"read": 1, "changed": 1}
    student, enrolment = records(desk.context, Student)[0], records(desk.context, Enrolment)[0]
    assert (student["phone"], student["address"]) == ("13812345678", "示范县青石镇青西村5组")
    assert enrolment["boarding"] == "1"
    rooms = {one["uid"]: one["name"] for one in records(desk.context, SchoolClass)}
    assert rooms[enrolment["school_class"]] == "2班"


@pytest.mark.parametrize(
    "again",
    [
        child(学籍号=None),
        child(**{"*身份证件号": None}),
        child(**{"*身份证件号": None, "学籍号": None}),
    ],
    ids=["by ID number", "by roll number", "by name and birth"],
)
def test_a_known_student_is_found(again: dict[str, object], imports: ImportService, desk: Desk, tmp_path: Path) -> None:
    imports.run("roll", roll(tmp_path / "r.xlsx", child()))
    assert counts(imports.run("roll", roll(tmp_path / "s.xlsx", again))) == {"read": 1, "unchanged": 1}


def test_a_corrected_number_is_found_by_the_roll_number(imports: ImportService, desk: Desk, tmp_path: Path) -> None:
    imports.run("roll", roll(tmp_path / "r.xlsx", child()))
    corrected = child(**{"*身份证件号": NUMBERS[1], "出生日期": "20150719"})
    assert counts(imports.run("roll", roll(tmp_path / "s.xlsx", corrected))) == {"read": 1, "changed": 1}
    assert [one["id_number"] for one in records(desk.context, Student)] == [NUMBERS[1]]


def test_a_namesake_of_the_same_day_with_another_number_is_added_and_asked_about(
    imports: ImportService, desk: Desk, tmp_path: Path
) -> None:
    body = NUMBERS[0][:14] + "001"
    twin = child(body + check_character(body))
    report = imports.run("roll", roll(tmp_path / "r.xlsx", child(), twin))
    assert (counts(report), report.warned) == ({"read": 2, "added": 2}, 1)
    assert [one["kind"] for one in records(desk.context, Question)] == ["same_person"]
    assert imports.run("roll", tmp_path / "r.xlsx").warned == 1


def test_orphans_and_disabled_children_get_their_hardship_from_the_terms_first_day(
    imports: ImportService, desk: Desk, tmp_path: Path
) -> None:
    orphan = child(是否孤儿="是")
    disabled = child(NUMBERS[1], **{"*姓名": "宋静根", "残疾人类型": "4-肢体残疾"})
    imports.run("roll", roll(tmp_path / "r.xlsx", orphan, disabled, child(NUMBERS[2], **{"*姓名": "宋娟"})))
    found = sorted((one["code"], one["valid_from"], one["source"]) for one in records(desk.context, Hardship))
    assert found == [("D10", "2025-09-01", "roll"), ("D12", "2025-09-01", "roll")]


def test_a_question_goes_when_the_roll_is_corrected_and_a_confirmed_one_stays(
    imports: ImportService, desk: Desk, tmp_path: Path
) -> None:
    wrong = child(出生日期="20101010")
    assert imports.run("roll", roll(tmp_path / "r.xlsx", wrong)).warned == 1
    assert imports.run("roll", roll(tmp_path / "s.xlsx", child())).warned == 0
    question = records(desk.context, Question)[0]
    assert question["state"] == "gone"
    assert imports.run("roll", roll(tmp_path / "r.xlsx", wrong)).warned == 1
    with desk.context.write() as unit:
        unit.change(Question, question["uid"], {"state": "confirmed", "reason": "已看户口簿"})
    assert imports.run("roll", roll(tmp_path / "r.xlsx", wrong)).warned == 0
    assert [one["state"] for one in records(desk.context, Question)] == ["confirmed"]


def test_sex_and_birth_left_blank_are_read_from_the_number(imports: ImportService, desk: Desk, tmp_path: Path) -> None:
    imports.run("roll", roll(tmp_path / "r.xlsx", child(性别=None, 出生日期=None)))
    student = records(desk.context, Student)[0]
    assert (student["sex"], student["birth"]) == ("1", "2017-05-07")


def test_a_child_without_any_number_is_added_and_asked_about(
    imports: ImportService, desk: Desk, tmp_path: Path
) -> None:
    nameless = child(**{"*身份证件号": None, "学籍号": None, "出生日期": "20170507"})
    report = imports.run("roll", roll(tmp_path / "r.xlsx", nameless))
    assert (report.added, report.warned) == (1, 1)


def test_a_passport_is_no_faulty_citizen_number(imports: ImportService, desk: Desk, tmp_path: Path) -> None:
    foreign = child(**{"身份证件类型": "护照", "*身份证件号": "E12345678", "学籍号": None, "出生日期": "20170507"})
    assert counts(imports.run("roll", roll(tmp_path / "r.xlsx", foreign))) == {"read": 1, "added": 1}
    assert records(desk.context, Student)[0]["id_number"] == "E12345678"


def test_an_unknown_division_is_never_a_question(imports: ImportService, desk: Desk, tmp_path: Path) -> None:
    body = "431155" + NUMBERS[0][6:17]
    report = imports.run("roll", roll(tmp_path / "r.xlsx", child(body + check_character(body))))
    assert (report.added, report.warned) == (1, 0)


def test_a_row_with_several_faults_is_one_parked_row_and_names_each(
    imports: ImportService, desk: Desk, tmp_path: Path
) -> None:
    wrong = child(**{"*姓名": None, "出生日期": "20130231", "就读方式": "夜读"})
    report = imports.run("roll", roll(tmp_path / "r.xlsx", wrong, child(NUMBERS[1])))
    assert counts(report) == {"read": 2, "added": 1, "parked": 1}
    assert [fault.column for fault in report.faults] == ["*姓名", "出生日期", "就读方式"]
    assert len(imports.parked()) == 3


def test_a_new_student_without_grade_is_parked(imports: ImportService, tmp_path: Path) -> None:
    report = imports.run("roll", roll(tmp_path / "r.xlsx", child(年级=None)))
    assert [fault.column for fault in report.faults] == ["年级"]


def test_a_voided_student_is_not_added_again(imports: ImportService, desk: Desk, tmp_path: Path) -> None:
    path = roll(tmp_path / "r.xlsx", child())
    imports.run("roll", path)
    with desk.context.write() as unit:
        unit.void(Student, records(desk.context, Student)[0]["uid"], "误录")
    report = imports.run("roll", path)
    assert counts(report) == {"read": 1, "parked": 1}
    assert "作废" in report.faults[0].problem


def test_an_old_file_does_not_bring_back_a_child_who_left(imports: ImportService, desk: Desk, tmp_path: Path) -> None:
    path = roll(tmp_path / "r.xlsx", child())
    imports.run("roll", path)
    enrolment = records(desk.context, Enrolment)[0]["uid"]
    with desk.context.write() as unit:
        unit.change(Enrolment, enrolment, {"status": "04", "valid_to": "2025-10-01"})
    report = imports.run("roll", path)
    assert counts(report) == {"read": 1, "unchanged": 1}
    assert any("2025-10-01" in note for note in report.notes)
    assert [one["valid_to"] for one in records(desk.context, Enrolment)] == ["2025-10-01"]


@pytest.mark.parametrize("written", ["1班", "1", "(1)班", "小学三年级1班", "三年级（1）班"])
def test_a_class_is_one_however_it_is_written(written: str, imports: ImportService, desk: Desk, tmp_path: Path) -> None:
    second = child(NUMBERS[1], **{"*姓名": "宋静根", "班级": written})
    imports.run("roll", roll(tmp_path / "r.xlsx", child(), second))
    assert [one["name"] for one in records(desk.context, SchoolClass)] == ["1班"]


def test_every_sheet_with_a_heading_is_read_and_the_others_are_named(
    imports: ImportService, desk: Desk, tmp_path: Path
) -> None:
    from openpyxl import load_workbook

    path = roll(tmp_path / "r.xlsx", child())
    book = load_workbook(path)
    sheet = book.copy_worksheet(book["学生"])
    sheet.title = "四年级"
    for heading, value in {"*身份证件号": NUMBERS[1], "学籍号": f"G{NUMBERS[1]}", "*姓名": "宋静根"}.items():
        sheet.cell(3, [cell.value for cell in sheet[2]].index(heading) + 1).value = value
    book.create_sheet("说明")["A1"] = "本表由学校填写"
    book.save(path)
    report = imports.run("roll", path)
    assert counts(report) == {"read": 2, "added": 2}
    assert any("“说明”" in note for note in report.notes)


def test_a_roll_number_that_belongs_to_another_child_parks_the_row(
    imports: ImportService, desk: Desk, tmp_path: Path
) -> None:
    first, second = child(NUMBERS[0]), child(NUMBERS[1], **{"*姓名": "宋水强", "学籍号": f"G{NUMBERS[1]}"})
    imports.run("roll", roll(tmp_path / "名册.xlsx", first, second))
    mixed = {**second, "学籍号": f"G{NUMBERS[0]}"}
    report = imports.run("roll", roll(tmp_path / "更正.xlsx", first, mixed))
    assert (report.unchanged, report.parked) == (1, 1)
    assert report.balanced
    assert [line.column for line in report.faults] == ["学籍号"]
    kept = {line["id_number"]: line["roll_number"] for line in records(desk.context, Student)}
    assert kept == {number: f"G{number}" for number in NUMBERS[:2]}


def test_an_import_asks_about_characters_nobody_can_read_as_the_form_does(
    imports: ImportService, desk: Desk, tmp_path: Path
) -> None:
    report = imports.run("roll", roll(tmp_path / "r.xlsx", child(**{"*姓名": "宋?强"})))
    assert report.warned == 1
    assert [one["kind"] for one in records(desk.context, Question)] == ["rare_character"]


def test_an_import_asks_how_a_pupil_fits_to_grade_and_family_and_does_not_count_it_as_a_fault_of_the_row(
    imports: ImportService, desk: Desk, tmp_path: Path
) -> None:
    old = child(年级="小学六年级", 成员1关系="52-母亲")
    report = imports.run("roll", roll(tmp_path / "r.xlsx", old))
    asked = {one["kind"].split(".")[0] for one in records(desk.context, Question)}
    assert asked == {"age_grade", "guardian_sex"}
    assert report.warned == 0
    assert any("1 名学生的年龄、家庭" in note for note in report.notes)
    before = state(desk.context)
    imports.run("roll", tmp_path / "r.xlsx")
    assert state(desk.context) == before


def test_what_an_import_asks_is_what_the_form_asks(imports: ImportService, desk: Desk, tmp_path: Path) -> None:
    rows = (
        child(年级="小学六年级", 成员1关系="52-母亲"),
        child(NUMBERS[1], **{"*姓名": "宋?根", "学籍号": f"L{NUMBERS[1]}", "成员1姓名": "宋亦"}),
        child(NUMBERS[2], **{"*姓名": "宋娟", "出生日期": "20101010", "成员2身份证件号": NUMBERS[3]}),
    )
    imports.run("roll", roll(tmp_path / "r.xlsx", *rows))
    before = state(desk.context)
    with desk.context.write() as unit:
        review(unit, [one["uid"] for one in records(desk.context, Student)], desk.context.today())
    assert state(desk.context) == before


def test_a_question_about_the_family_goes_when_the_list_of_members_is_corrected(
    imports: ImportService, desk: Desk, tmp_path: Path
) -> None:
    imports.run("roll", roll(tmp_path / "r.xlsx", child(成员1关系="52-母亲")))
    imports.run("roll", roll(tmp_path / "s.xlsx", child()))
    assert {one["state"] for one in records(desk.context, Question)} == {"gone"}


def test_a_second_record_behind_a_temporary_roll_number_is_asked_about(
    imports: ImportService, desk: Desk, tmp_path: Path
) -> None:
    first = child(**{"*身份证件号": None, "学籍号": f"L{NUMBERS[0]}"})
    imports.run("roll", roll(tmp_path / "r.xlsx", first))
    second = child(**{"*姓名": "宋火墙", "学籍号": f"G{NUMBERS[0]}"})
    report = imports.run("roll", roll(tmp_path / "s.xlsx", second))
    asked = [one["sentence"] for one in records(desk.context, Question, kind="same_person")]
    assert (report.added, report.warned) == (1, 1)
    assert "只差开头的字母" in asked[0]
    assert "宋火强" in asked[0]
