"""Lists of family members and of classes: each once, tied to pupils and heads who are known, out and in unchanged."""

from __future__ import annotations

from pathlib import Path

import pytest

from jzdesk.models import Guardian, Household, Member, SchoolClass, Student
from jzdesk.services.importing import ImportService
from tests.factories.people import Desk, new_desk
from tests.factories.rolls import FATHER, MOTHER, NUMBERS, child, counts, records, roll, state, workbook

GRANDMOTHER = "431099195003030028"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return new_desk(tmp_path / "school", standards=False)


@pytest.fixture
def imports(desk: Desk, tmp_path: Path) -> ImportService:
    service = ImportService(desk.context)
    alone = {key: None for key in child() if "成员" in key}
    service.run("roll", roll(tmp_path / "roll.xlsx", child(), child(NUMBERS[1], **{"*姓名": "汪静根"} | alone)))
    staff = [{"姓名": "龙老师", "职务": "教师"}, {"姓名": "龙老师", "身份证件号": MOTHER}]
    service.run("staff", workbook(tmp_path / "staff.xlsx", ("姓名", "身份证件号", "职务"), [staff[1]]))
    return service


def relative(number: str = NUMBERS[0], /, **cells: object) -> dict[str, object]:
    row: dict[str, object] = {
        "学生姓名": "宋火强" if number == NUMBERS[0] else "汪静根", "学生身份证号": number, "姓名": "何秀英",
        "与学生关系": "奶奶", "身份证件号": None, "联系电话": "13900000009", "民族": "汉族", "是否监护人": "否",
        "健康状况": "健康或良好", "外出务工": "否", "现住址": "青西村5组",
    }  # fmt: skip
    return row | cells


def members(imports: ImportService, path: Path, *rows: dict[str, object]) -> dict[str, int]:
    return counts(imports.run("members", workbook(path, tuple(relative()), rows)))


def test_a_third_member_joins_the_household_and_is_tied_to_the_pupil(
    imports: ImportService, desk: Desk, tmp_path: Path
) -> None:
    path = tmp_path / "m.xlsx"
    assert members(imports, path, relative()) == {"read": 1, "added": 1}
    person = records(desk.context, Member, name="何秀英")[0]
    pupil = records(desk.context, Student, name="宋火强")[0]
    assert person["household"] == pupil["household"]
    assert person["ethnic"] == "01"
    tie = records(desk.context, Guardian, member=person["uid"])[0]
    assert (tie["student"], tie["relation"], tie["position"]) == (pupil["uid"], "62", 3)
    before = state(desk.context)
    assert members(imports, path, relative()) == {"read": 1, "unchanged": 1}
    assert state(desk.context) == before


def test_a_member_already_on_the_roll_is_completed(imports: ImportService, desk: Desk, tmp_path: Path) -> None:
    known = {"姓名": "宋琪亦", "与学生关系": "父亲", "身份证件号": FATHER, "联系电话": "15349660992"}
    father = relative(**known, 是否监护人="是", 外出务工="是")
    assert members(imports, tmp_path / "m.xlsx", father) == {"read": 1, "changed": 1}
    assert records(desk.context, Member, name="宋琪亦")[0]["away"] == 1
    assert len(records(desk.context, Member)) == 2


def test_a_pupil_without_family_gets_a_household(imports: ImportService, desk: Desk, tmp_path: Path) -> None:
    assert members(imports, tmp_path / "m.xlsx", relative(NUMBERS[1])) == {"read": 1, "added": 1}
    pupil = records(desk.context, Student, name="汪静根")[0]
    assert records(desk.context, Household, head="何秀英")[0]["uid"] == pupil["household"]


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        ({"学生姓名": "宋小强"}, "姓名与学籍不一致"),
        ({"学生身份证号": NUMBERS[3]}, "不在本校学籍"),
        ({"姓名": None}, "没有填写"),
        ({"与学生关系": "邻居家的"}, "不在选项"),
        ({"身份证件号": "43109919500303002?"}, ""),
    ],
)
def test_a_member_of_nobody_is_parked(
    cells: dict[str, object], problem: str, imports: ImportService, tmp_path: Path
) -> None:
    assert members(imports, tmp_path / "m.xlsx", relative(**cells)) == {"read": 1, "parked": 1}
    assert problem in imports.parked()[0].problem


def test_the_same_member_of_the_same_pupil_twice_is_parked_naming_the_first(
    imports: ImportService, tmp_path: Path
) -> None:
    rows = relative(), relative(NUMBERS[1]), relative(联系电话="13900000009")
    assert members(imports, tmp_path / "m.xlsx", *rows) == {"read": 3, "added": 2, "parked": 1}
    assert "第 3 行" in imports.parked()[0].problem


def school_class(**cells: object) -> dict[str, object]:
    return {"年级": "小学三年级", "班级名称": "三年级1班", "班主任": "龙老师", "教室": "201"} | cells


def classes(imports: ImportService, path: Path, *rows: dict[str, object]) -> dict[str, int]:
    return counts(imports.run("classes", workbook(path, tuple(school_class()), rows)))


def test_a_class_known_from_the_roll_gets_its_head_and_room(imports: ImportService, desk: Desk, tmp_path: Path) -> None:
    assert classes(imports, tmp_path / "c.xlsx", school_class()) == {"read": 1, "changed": 1}
    found = records(desk.context, SchoolClass)
    assert [(one["name"], one["room"], bool(one["head"])) for one in found] == [("1班", "201", True)]
    assert classes(imports, tmp_path / "c.xlsx", school_class()) == {"read": 1, "unchanged": 1}


def test_classes_that_cannot_be_are_parked(imports: ImportService, tmp_path: Path) -> None:
    rows = (
        school_class(班级名称="2班", 班主任=None), school_class(班级名称="(2)班", 班主任=None),
        school_class(班级名称="3班", 班主任="无此人"), school_class(年级="十三年级"),
    )  # fmt: skip
    assert classes(imports, tmp_path / "c.xlsx", *rows) == {"read": 4, "added": 1, "parked": 3}
    assert [line.row for line in imports.parked()] == [4, 5, 6]


def test_members_and_classes_come_out_and_in_again_unchanged(
    imports: ImportService, desk: Desk, tmp_path: Path
) -> None:
    members(imports, tmp_path / "m.xlsx", relative(), relative(NUMBERS[1]))
    classes(imports, tmp_path / "c.xlsx", school_class(), school_class(班级名称="2班", 班主任=None))
    before = state(desk.context)
    for kind, rows in (("members", 4), ("classes", 2), ("school_class", 2)):
        assert imports.export(kind, tmp_path / f"{kind}.xlsx") == rows
        report = imports.run("classes" if kind == "school_class" else kind, tmp_path / f"{kind}.xlsx")
        assert counts(report) == {"read": rows, "unchanged": rows}, kind
    assert state(desk.context) == before
