"""A parked row is corrected in place and imported alone; still wrong, it waits with its new sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import update

from jzdesk.core.errors import UserError
from jzdesk.models import Enrolment, Pairing, Student
from jzdesk.services.importing import ImportService
from jzdesk.services.importing.retrying import ParkedRow
from jzdesk.store.tables import import_run
from tests.factories.people import Desk, new_desk
from tests.factories.rolls import NUMBERS, child, counts, parked_rows, records, roll, state, workbook

BIRTH, SEX, BOARDING = 2, 1, 9  # columns of a made roll


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return new_desk(tmp_path / "school", standards=False)


@pytest.fixture
def imports(desk: Desk) -> ImportService:
    return ImportService(desk.context)


def wrong(number: str = NUMBERS[0], /, **cells: object) -> dict[str, object]:
    return child(number, **({"出生日期": "20130231"} | cells))


def waiting(imports: ImportService) -> ParkedRow:
    return imports.parked_row(imports.parked()[0].uid)


def test_a_parked_row_shows_its_cells_with_headings_and_what_is_wrong(imports: ImportService, tmp_path: Path) -> None:
    imports.run("roll", roll(tmp_path / "花名册.xlsx", wrong()))
    row = waiting(imports)
    assert (row.file, row.row, row.name, row.kind) == ("花名册.xlsx", 3, "宋火强", "roll")
    cells = {cell.heading: cell for cell in row.cells}
    assert cells["出生日期"].text == "20130231"
    assert "不存在" in cells["出生日期"].problem
    assert cells["出生日期"].remedy
    assert {"男", "女"} <= set(cells["性别"].choices)
    assert [cell.heading for cell in row.cells if cell.problem] == ["出生日期"]
    assert row.problems == ()


def test_a_corrected_row_is_imported_alone_and_recorded(imports: ImportService, desk: Desk, tmp_path: Path) -> None:
    path = roll(tmp_path / "r.xlsx", wrong(), wrong(NUMBERS[1], **{"*姓名": "汪静根"}))
    imports.run("roll", path)
    done = imports.retry(waiting(imports).uid, {BIRTH: "20170507"})
    assert (done.outcome, done.waiting) == ("added", None)
    assert "学生" in done.words
    assert [one["name"] for one in records(desk.context, Student)] == ["宋火强"]
    assert len(records(desk.context, Enrolment)) == 1
    assert [line.row for line in imports.parked()] == [4]
    run = imports.history()[0]
    assert (run.file, run.added, run.state) == ("r.xlsx（第 3 行）", 1, "stands")
    assert "出生日期：20130231 → 20170507" in run.notes
    before = state(desk.context)
    again = imports.run("roll", path)
    assert counts(again) == {"read": 2, "parked": 2}
    assert again.notes[0] == "问题行里有 1 行以前已就地改正或不再处理，不再等待"
    assert [line.row for line in imports.parked()] == [4]  # the file is still wrong, but the row was put right here
    assert state(desk.context) == before


def test_a_row_that_is_still_wrong_waits_with_what_was_typed_and_the_new_sentence(
    imports: ImportService, desk: Desk, tmp_path: Path
) -> None:
    imports.run("roll", roll(tmp_path / "r.xlsx", wrong(就读方式="夜读")))
    uid = waiting(imports).uid
    done = imports.retry(uid, {BIRTH: "20170507", SEX: "不详啊"})
    assert done.outcome == "parked"
    assert done.waiting is not None
    assert [cell.heading for cell in done.waiting.cells if cell.problem] == ["性别", "就读方式"]
    assert records(desk.context, Student) == []
    cells = {cell.heading: (cell.original, cell.text) for cell in waiting(imports).cells}
    assert cells["出生日期"] == ("20130231", "20170507")
    last = imports.retry(done.waiting.uid, {SEX: "男", BOARDING: "住校"})
    assert last.outcome == "added"
    assert imports.parked() == []
    assert len(parked_rows(desk.context)) == 3
    assert all(line["solved"] for line in parked_rows(desk.context))


def test_a_row_corrected_in_place_waits_again_when_that_is_undone(
    imports: ImportService, desk: Desk, tmp_path: Path
) -> None:
    imports.run("roll", roll(tmp_path / "r.xlsx", wrong()))
    before = imports.parked()
    imports.retry(before[0].uid, {BIRTH: "20170507"})
    imports.undo(imports.history()[0].run)
    assert imports.parked() == before
    assert records(desk.context, Student) == []


def test_a_row_is_tried_again_when_what_it_lacked_has_come(imports: ImportService, desk: Desk, tmp_path: Path) -> None:
    row = {"学生姓名": "宋火强", "学生身份证号": NUMBERS[0], "责任人姓名": "龙老师", "结对日期": "2025-09-01"}
    imports.run("pairing", workbook(tmp_path / "p.xlsx", tuple(row), [row]))
    uid = imports.parked()[0].uid
    assert imports.retry(uid).outcome == "parked"
    staff = {"姓名": "龙老师", "职务": "教师"}
    imports.run("staff", workbook(tmp_path / "s.xlsx", tuple(staff), [staff]))
    imports.run("roll", roll(tmp_path / "r.xlsx", child()))
    assert imports.retry(imports.parked()[0].uid).outcome == "added"
    assert len(records(desk.context, Pairing)) == 1


def test_trying_again_what_is_known_already_changes_nothing(imports: ImportService, desk: Desk, tmp_path: Path) -> None:
    imports.run("roll", roll(tmp_path / "a.xlsx", wrong()))
    uid = imports.parked()[0].uid
    imports.run("roll", roll(tmp_path / "b.xlsx", child()))
    done = imports.retry(uid, {BIRTH: "20170507"})
    assert (done.outcome, done.words) == ("unchanged", "与已有内容一致，没有改动")
    assert imports.parked() == []
    assert len(records(desk.context, Student)) == 1


def test_merged_cells_are_kept_for_the_retry(imports: ImportService, desk: Desk, tmp_path: Path) -> None:
    from openpyxl import load_workbook

    path = roll(tmp_path / "r.xlsx", child(NUMBERS[1]), wrong())
    book = load_workbook(path)
    book.worksheets[0].merge_cells("G3:G4")
    book.save(path)
    imports.run("roll", path)
    assert imports.retry(imports.parked()[0].uid, {BIRTH: "20170507"}).outcome == "added"
    assert {one["grade"] for one in records(desk.context, Enrolment)} == {"G03"}


def test_what_cannot_be_corrected_in_place_says_why(imports: ImportService, desk: Desk, tmp_path: Path) -> None:
    imports.run("roll", roll(tmp_path / "r.xlsx", wrong()))
    uid = imports.parked()[0].uid
    with pytest.raises(UserError, match="没有第 100 列"):
        imports.retry(uid, {99: "x"})
    with desk.context.store.local() as connection:
        connection.execute(update(import_run).values(layout=None))
    with pytest.raises(UserError, match="旧版本"):
        imports.parked_row(uid)
    imports.dismiss(uid, "已转学")
    with pytest.raises(UserError, match="不在待处理"):
        imports.retry(uid)
