"""Nothing is dropped in silence: parked rows wait with their cells, and a file that cannot be read changes nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from jzdesk.core.errors import UserError
from jzdesk.models import Student
from jzdesk.services.importing import ImportCancelled, ImportService
from tests.factories.people import Desk, new_desk
from tests.factories.rolls import EXAMPLES, NUMBERS, child, counts, parked_rows, records, roll, state, workbook


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return new_desk(tmp_path / "school", standards=False)


@pytest.fixture
def imports(desk: Desk) -> ImportService:
    return ImportService(desk.context)


def wrong(number: str = NUMBERS[0], /, **cells: object) -> dict[str, object]:
    return child(number, **({"出生日期": "20130231"} | cells))


def test_a_parked_row_waits_with_its_original_cells(imports: ImportService, desk: Desk, tmp_path: Path) -> None:
    imports.run("roll", roll(tmp_path / "花名册.xlsx", wrong()))
    line = imports.parked()[0]
    assert (line.file, line.sheet, line.row, line.column, line.value) == (
        "花名册.xlsx", "学生", 3, "出生日期", "20130231",
    )  # fmt: skip
    assert line.problem
    assert line.remedy
    stored = json.loads(parked_rows(desk.context)[0]["cells"])
    assert stored[:3] == ["宋火强", "1-男", "20130231"]
    assert records(desk.context, Student) == []


def test_the_annotated_copy_marks_the_row_and_goes_where_it_is_wanted(
    imports: ImportService, desk: Desk, tmp_path: Path
) -> None:
    from openpyxl import load_workbook

    path = roll(tmp_path / "花名册.xlsx", child(NUMBERS[1]), wrong())
    report = imports.run("roll", path)
    assert report.annotated == desk.context.folder.sub("parked") / "花名册-问题行.xlsx"
    sheet = load_workbook(report.annotated)["学生"]
    advice = [cell.value for cell in sheet[4]][-1]
    assert "这一天不存在" in str(advice)
    (tmp_path / "copies").mkdir()
    other = imports.run("roll", path, copies=tmp_path / "copies")
    assert other.annotated == tmp_path / "copies" / "花名册-问题行.xlsx"
    assert other.annotated.is_file()


def test_without_parked_rows_there_is_no_copy(imports: ImportService, tmp_path: Path) -> None:
    assert imports.run("roll", roll(tmp_path / "r.xlsx", child())).annotated is None


def test_a_copy_that_cannot_be_written_does_not_undo_the_import(
    imports: ImportService, desk: Desk, tmp_path: Path
) -> None:
    path = roll(tmp_path / "r.xlsx", child(NUMBERS[1]), wrong())
    report = imports.run("roll", path, copies=tmp_path / "nowhere")
    assert (report.annotated, report.added, report.parked) == (None, 1, 1)
    assert "副本没有写成" in report.notes[-1]
    assert len(imports.parked()) == 1


def test_the_same_fault_again_waits_once(imports: ImportService, tmp_path: Path) -> None:
    path = roll(tmp_path / "r.xlsx", wrong())
    imports.run("roll", path)
    first = imports.parked()
    imports.run("roll", path)
    assert imports.parked() == first


def test_correcting_the_file_settles_the_row(imports: ImportService, desk: Desk, tmp_path: Path) -> None:
    path = roll(tmp_path / "r.xlsx", wrong())
    imports.run("roll", path)
    report = imports.run("roll", roll(path, child()))
    assert counts(report) == {"read": 1, "added": 1}
    assert imports.parked() == []
    assert "已改正" in parked_rows(desk.context)[0]["solved"]


def test_correcting_the_annotated_copy_settles_the_row_too(imports: ImportService, desk: Desk, tmp_path: Path) -> None:
    from openpyxl import load_workbook

    report = imports.run("roll", roll(tmp_path / "r.xlsx", wrong(), wrong(NUMBERS[1])))
    assert report.annotated is not None
    book = load_workbook(report.annotated)
    book["学生"]["C3"] = "20170507"
    book.save(report.annotated)
    again = imports.run("roll", report.annotated)
    assert counts(again) == {"read": 2, "added": 1, "parked": 1}
    assert [(line.file, line.row) for line in imports.parked()] == [("r.xlsx", 4)]


def test_another_child_in_that_row_of_a_file_of_the_same_name_does_not_hide_the_first(
    imports: ImportService, tmp_path: Path
) -> None:
    path = roll(tmp_path / "r.xlsx", wrong())
    imports.run("roll", path)
    stranger = dict.fromkeys(child()) | {"*姓名": "龙平军", "*身份证件号": "431099201512265948", "年级": "小学四年级"}
    imports.run("roll", roll(path, stranger))
    assert sorted(line.column for line in imports.parked()) == ["*身份证件号", "出生日期"]
    fine = child(NUMBERS[1], **{"*姓名": "汪静根"}) | {"现住址": "别处", "联系电话": "13812345678"}
    imports.run("roll", roll(path, fine | dict.fromkeys([key for key in fine if "成员" in key])))
    assert len(imports.parked()) == 2


def test_a_row_is_closed_with_a_reason_and_stays_closed(imports: ImportService, desk: Desk, tmp_path: Path) -> None:
    path = roll(tmp_path / "r.xlsx", wrong(就读方式="夜读"))
    imports.run("roll", path)
    with pytest.raises(UserError, match="理由"):
        imports.dismiss(imports.parked()[0].uid, " ")
    imports.dismiss(imports.parked()[0].uid, "已转学")
    assert imports.parked() == []
    assert [line["solved"] for line in parked_rows(desk.context)] == ["已转学", "已转学"]
    assert imports.run("roll", path).parked == 1
    assert imports.parked() == []


def test_a_dismissed_row_that_is_gone_is_named(imports: ImportService) -> None:
    with pytest.raises(UserError, match="刷新"):
        imports.dismiss("0" * 32, "重复")


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"%PDF-1.7", "a.xlsx"),
        (b"", "a.xlsx"),
        ("姓名 证件号".encode(), "a.xls"),
        (b"PK\x03\x04 broken", "a.xlsx"),
    ],
)
def test_a_file_that_is_no_workbook_changes_nothing(
    content: bytes, name: str, imports: ImportService, desk: Desk, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    before = state(desk.context)
    with pytest.raises(UserError) as caught:
        imports.run("roll", tmp_path / name)
    assert caught.value.remedy
    assert state(desk.context) == before


def test_a_workbook_without_heading_changes_nothing(imports: ImportService, desk: Desk, tmp_path: Path) -> None:
    path = workbook(tmp_path / "r.xlsx", ("甲", "乙"), [{"甲": "宋火强", "乙": NUMBERS[0]}])
    before = state(desk.context)
    with pytest.raises(UserError, match="表头"):
        imports.run("roll", path)
    assert state(desk.context) == before


def test_a_missing_file_is_named(imports: ImportService, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="没有找到"):
        imports.run("roll", tmp_path / "没有.xlsx")


@pytest.mark.parametrize("after", [0, 1, 3, 5])
def test_cancelling_keeps_nothing(after: int, imports: ImportService, desk: Desk) -> None:
    before, asked = state(desk.context), iter(range(1000))
    with pytest.raises(ImportCancelled):
        imports.run("roll", EXAMPLES / "学籍导出-青石镇中心小学.xlsx", cancel=lambda: next(asked) >= after)
    assert state(desk.context) == before
    assert imports.parked() == []


def test_a_progress_that_raises_keeps_nothing_either(imports: ImportService, desk: Desk) -> None:
    class StoppedError(Exception):
        pass

    def stop(done: int, total: int) -> None:
        if done * 2 > total:
            raise StoppedError

    before = state(desk.context)
    with pytest.raises(StoppedError):
        imports.run("roll", EXAMPLES / "学籍导出-青石镇中心小学.xlsx", progress=stop)
    assert state(desk.context) == before


def test_progress_runs_from_nothing_to_all(imports: ImportService) -> None:
    told: list[tuple[int, int]] = []
    imports.run("roll", EXAMPLES / "学籍导出-青石镇中心小学.xlsx", progress=lambda *step: told.append(step))
    assert told == sorted(told)
    assert told[0][0] == 0
    assert told[-1][0] == told[-1][1]


def test_the_county_imports_no_rolls(desk: Desk) -> None:
    county = replace(desk.context, info=replace(desk.context.info, kind="county"))
    with pytest.raises(UserError, match="县级"):
        ImportService(county).run("roll", EXAMPLES / "学籍导出-青石镇中心小学.xlsx")


def test_an_unknown_kind_names_those_there_are(imports: ImportService, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="roll"):
        imports.run("weather", tmp_path / "r.xlsx")
