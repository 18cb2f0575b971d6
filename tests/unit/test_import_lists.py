"""A department's list meets the roll: the right hardships for the right children, nobody by name alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jzdesk.models import Hardship, Household, Student
from jzdesk.services.importing import ImportService
from tests.factories.people import Desk, new_desk
from tests.factories.rolls import EXAMPLES, NUMBERS, child, counts, records, roll, state, workbook

LIST = EXAMPLES / "脱贫户与监测对象名单-青石镇.xls"
ROLL = EXAMPLES / "学籍导出-青石镇中心小学.xlsx"
HEADINGS = ("户编号", "姓名", "证件号码", "脱贫属性", "监测对象类别", "致贫原因")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return new_desk(tmp_path / "school", standards=False)


@pytest.fixture
def imports(desk: Desk) -> ImportService:
    return ImportService(desk.context)


def listed(path: Path, *rows: dict[str, object]) -> Path:
    return workbook(path, HEADINGS, rows)


def person(number: str = NUMBERS[0], /, **cells: object) -> dict[str, object]:
    row: dict[str, object] = {
        "户编号": "43109910100001", "姓名": "宋火强", "证件号码": number, "脱贫属性": "已脱贫", "监测对象类别": None,
        "致贫原因": "因残",
    }  # fmt: skip
    return row | cells


def codes(desk: Desk) -> list[str]:
    return sorted(str(one["code"]) for one in records(desk.context, Hardship))


def test_the_sample_list_gives_every_listed_pupil_on_the_roll_d01(imports: ImportService, desk: Desk) -> None:
    imports.run("roll", ROLL)
    report = imports.run("hardship_list", LIST)
    truth = json.loads((EXAMPLES / "truth.json").read_text(encoding="utf-8"))
    assert report.read == truth["poor_list"]["people"]
    # Two of the school's poor pupils stand in rows that were parked: nobody yet.
    parked = {"史月", "杜秀嘉"}
    assert report.added == truth["poor_in_school1"] - len(parked)
    assert (report.parked, report.unmatched) == (0, report.read - report.added)
    assert len(records(desk.context, Hardship, code="D01", valid_from="2025-09-01", source="list")) == report.added
    assert {one["code"] for one in records(desk.context, Hardship, source="list")} == {"D01", "D02", "D03", "D04"}


def test_the_sample_list_again_changes_nothing(imports: ImportService, desk: Desk) -> None:
    imports.run("roll", ROLL)
    first = imports.run("hardship_list", LIST)
    before = state(desk.context)
    again = imports.run("hardship_list", LIST)
    assert state(desk.context) == before
    assert (again.added, again.unchanged, again.unmatched) == (0, first.added, first.unmatched)


@pytest.mark.parametrize(
    ("monitored", "expected"),
    [
        (None, ["D01"]),
        ("脱贫不稳定户", ["D01", "D02"]),
        ("边缘易致贫户", ["D01", "D03"]),
        ("突发严重困难户", ["D01", "D04"]),
    ],
)
def test_the_monitored_class_gives_its_hardship_besides(
    monitored: str | None, expected: list[str], imports: ImportService, desk: Desk, tmp_path: Path
) -> None:
    imports.run("roll", roll(tmp_path / "r.xlsx", child()))
    path = listed(tmp_path / "l.xlsx", person(监测对象类别=monitored))
    assert counts(imports.run("hardship_list", path)) == {"read": 1, "added": 1}
    assert codes(desk) == expected


@pytest.mark.parametrize("written", [f"G{NUMBERS[0]}", f"{NUMBERS[0]}43", f" {NUMBERS[0]} "])
def test_a_leading_g_and_a_trailing_disability_code_are_the_same_pupil(
    written: str, imports: ImportService, desk: Desk, tmp_path: Path
) -> None:
    imports.run("roll", roll(tmp_path / "r.xlsx", child()))
    assert counts(imports.run("hardship_list", listed(tmp_path / "l.xlsx", person(written)))) == {"read": 1, "added": 1}


def test_number_attribute_and_cause_go_to_the_household(imports: ImportService, desk: Desk, tmp_path: Path) -> None:
    imports.run("roll", roll(tmp_path / "r.xlsx", child()))
    imports.run("hardship_list", listed(tmp_path / "l.xlsx", person()))
    household = records(desk.context, Household)[0]
    assert (household["number"], household["attr"], household["cause"]) == ("43109910100001", "C", "02")


def test_a_pupil_without_family_gets_the_household_of_the_list(
    imports: ImportService, desk: Desk, tmp_path: Path
) -> None:
    alone = child(成员1姓名=None, 成员2姓名=None)
    imports.run("roll", roll(tmp_path / "r.xlsx", alone))
    assert records(desk.context, Household) == []
    imports.run("hardship_list", listed(tmp_path / "l.xlsx", person()))
    household = records(desk.context, Household)[0]
    assert household["number"] == "43109910100001"
    assert records(desk.context, Student)[0]["household"] == household["uid"]


def test_people_who_are_not_on_the_roll_are_counted_and_not_parked(
    imports: ImportService, desk: Desk, tmp_path: Path
) -> None:
    imports.run("roll", roll(tmp_path / "r.xlsx", child()))
    path = listed(tmp_path / "l.xlsx", person(NUMBERS[1], 姓名="汪静根"))
    report = imports.run("hardship_list", path)
    assert counts(report) == {"read": 1, "unmatched": 1}
    assert codes(desk) == []
    assert "不在本校学籍的 1 人" in report.notes[0]


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ({"姓名": "别的名字"}, "姓名"),
        ({"证件号码": NUMBERS[0][:-1] + "6"}, "证件号码"),
        ({"证件号码": "4.31099E+17"}, "证件号码"),
        ({"证件号码": None}, "证件号码"),
        ({"监测对象类别": "看不懂的类别"}, "监测对象类别"),
    ],
    ids=["another name", "bad check digit", "scientific", "no number", "unknown class"],
)
def test_what_a_person_must_decide_is_parked_and_gives_no_hardship(
    cells: dict[str, object], column: str, imports: ImportService, desk: Desk, tmp_path: Path
) -> None:
    imports.run("roll", roll(tmp_path / "r.xlsx", child()))
    report = imports.run("hardship_list", listed(tmp_path / "l.xlsx", person(**cells)))
    assert counts(report) == {"read": 1, "parked": 1}
    assert [fault.column for fault in report.faults] == [column]
    assert codes(desk) == []


def test_a_hardship_already_in_force_is_not_recorded_twice(imports: ImportService, desk: Desk, tmp_path: Path) -> None:
    imports.run("roll", roll(tmp_path / "r.xlsx", child()))
    path = listed(tmp_path / "l.xlsx", person(), person(监测对象类别="边缘易致贫户"))
    assert counts(imports.run("hardship_list", path)) == {"read": 2, "added": 2}
    assert codes(desk) == ["D01", "D03"]


def test_words_for_the_household_that_no_table_knows_are_told(
    imports: ImportService, desk: Desk, tmp_path: Path
) -> None:
    imports.run("roll", roll(tmp_path / "r.xlsx", child()))
    report = imports.run("hardship_list", listed(tmp_path / "l.xlsx", person(致贫原因="说不清")))
    assert report.added == 1
    assert any("说不清" in note for note in report.notes)
