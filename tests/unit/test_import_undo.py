"""A whole import is taken back, days later too, unless something was built on it; its parked rows go with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from jzdesk.core.errors import UserError
from jzdesk.models import Hardship, Household, Student
from jzdesk.services.importing import ImportService
from jzdesk.services.undoing import UndoService
from tests.factories.people import Desk, new_desk
from tests.factories.rolls import EXAMPLES, NUMBERS, child, counts, parked_rows, records, roll

ROLL = EXAMPLES / "学籍导出-青石镇中心小学.xlsx"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return new_desk(tmp_path / "school", standards=False)


@pytest.fixture
def imports(desk: Desk) -> ImportService:
    return ImportService(desk.context)


def wrong() -> dict[str, object]:
    return child(NUMBERS[1], 出生日期="20130231")


def test_every_import_stands_in_the_list_with_what_it_brought(imports: ImportService, tmp_path: Path) -> None:
    path = roll(tmp_path / "花名册.xlsx", child(), wrong())
    imports.run("roll", path)
    imports.run("roll", path)
    again, first = imports.history()
    assert (first.file, first.label, first.state, first.who) == (
        "花名册.xlsx", "学籍导出（学生名册）", "stands", again.who or first.who,
    )  # fmt: skip
    assert (first.read, first.added, first.parked, first.waiting) == (2, 1, 1, 1)
    assert (again.unchanged, again.parked, again.state) == (1, 1, "nothing")


def test_a_whole_roll_is_taken_back_with_its_parked_rows(imports: ImportService, desk: Desk) -> None:
    imports.run("roll", ROLL)
    run = imports.history()[0].run
    assert imports.in_the_way(run) == []
    imports.undo(run)
    assert records(desk.context, Student) == records(desk.context, Household) == []
    assert imports.parked() == []
    assert all("已撤销" in line["solved"] for line in parked_rows(desk.context))
    assert (imports.history()[0].state, imports.history()[0].waiting) == ("undone", 0)
    with pytest.raises(UserError, match="已经撤销"):
        imports.undo(run)


def test_what_was_taken_back_says_so_when_it_is_imported_again(imports: ImportService, tmp_path: Path) -> None:
    path = roll(tmp_path / "r.xlsx", child(), wrong())
    imports.run("roll", path)
    imports.undo(imports.history()[0].run)
    report = imports.run("roll", path)
    # The record is void, and an old file does not bring it back behind somebody's back.
    assert counts(report) == {"read": 2, "parked": 2}
    assert {line.row for line in imports.parked()} == {3, 4}


def test_taking_the_undo_back_brings_records_and_parked_rows_again(
    imports: ImportService, desk: Desk, tmp_path: Path
) -> None:
    imports.run("roll", roll(tmp_path / "r.xlsx", child(), wrong()))
    waiting = imports.parked()
    undoing = UndoService(desk.context)
    imports.undo(imports.history()[0].run)
    last = undoing.recent(1)[0]
    undoing.undo(last.number)
    assert [one["name"] for one in records(desk.context, Student)] == ["宋火强"]
    assert imports.parked() == waiting
    assert imports.history()[0].state == "stands"


def test_what_was_built_on_an_import_is_in_the_way_and_named(
    imports: ImportService, desk: Desk, tmp_path: Path
) -> None:
    imports.run("roll", roll(tmp_path / "r.xlsx", child(), child(NUMBERS[1], **{"*姓名": "汪静根"})))
    run = imports.history()[0].run
    uid = records(desk.context, Student, name="宋火强")[0]["uid"]
    with desk.context.write("改电话") as unit:
        unit.change(Student, uid, {"phone": "13900000000"})
        unit.add(Hardship, {"student": uid, "code": "D10", "valid_from": "2025-09-01"})
    found = imports.in_the_way(run)
    assert [(one.entity, one.title, one.why) for one in found if one.entity == "student"] == [
        ("student", "学生 宋火强", "后来又改过")
    ]
    assert any(one.entity == "hardship" for one in found)
    with pytest.raises(UserError, match="基础"):
        imports.undo(run)
    assert len(records(desk.context, Student)) == 2


def test_an_import_that_changed_an_earlier_one_is_taken_back_first(
    imports: ImportService, desk: Desk, tmp_path: Path
) -> None:
    imports.run("roll", roll(tmp_path / "a.xlsx", child()))
    imports.run("roll", roll(tmp_path / "b.xlsx", child(联系电话="13900000000")))
    second, first = (line.run for line in imports.history())
    with pytest.raises(UserError, match="基础"):
        imports.undo(first)
    imports.undo(second)
    assert records(desk.context, Student)[0]["phone"] == "15349660992"
    imports.undo(first)
    assert records(desk.context, Student) == []


def test_an_import_that_only_parked_can_be_taken_back_once(imports: ImportService, tmp_path: Path) -> None:
    imports.run("roll", roll(tmp_path / "r.xlsx", wrong()))
    run = imports.history()[0].run
    imports.undo(run)
    assert imports.parked() == []
    with pytest.raises(UserError, match="没有改动"):
        imports.undo(run)
    with pytest.raises(UserError, match="没有第 99 次"):
        imports.undo(99)


def test_rows_that_an_import_had_solved_wait_again_when_it_is_taken_back(
    imports: ImportService, tmp_path: Path
) -> None:
    path = roll(tmp_path / "r.xlsx", wrong())
    imports.run("roll", path)
    waiting = imports.parked()
    imports.run("roll", roll(path, child(NUMBERS[1])))
    assert imports.parked() == []
    imports.undo(imports.history()[0].run)
    assert imports.parked() == waiting
