"""Whatever people hand in is read, or refused in a sentence that names the remedy; time and memory stay bounded."""

from __future__ import annotations

import datetime as dt
import shutil
import time
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from openpyxl import load_workbook
from openpyxl.comments import Comment
from openpyxl.worksheet.dimensions import ColumnDimension

from jzdesk.core.errors import UserError
from jzdesk.models import Member, Student
from jzdesk.services.importing import ImportService
from jzdesk.sheets import reader
from jzdesk.sheets.cells import letter
from tests.factories.people import Desk, new_desk
from tests.factories.rolls import NUMBERS, ROLL_HEADINGS, child, counts, records, roll, state


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return new_desk(tmp_path / "school", standards=False)


@pytest.fixture
def imports(desk: Desk) -> ImportService:
    return ImportService(desk.context)


def refused(imports: ImportService, path: Path) -> UserError:
    """The sentence with which a file is refused, by every door alike."""
    for door in (imports.run, imports.plan, imports.look):
        with pytest.raises(UserError) as caught:
            door("roll", path)
        assert caught.value.remedy.endswith("。")
    return caught.value


def test_a_workbook_with_macros_is_read_and_the_macros_are_left_alone(imports: ImportService, tmp_path: Path) -> None:
    path = roll(tmp_path / "花名册.xlsm", child(), child(NUMBERS[1], 出生日期="20130231"))
    with zipfile.ZipFile(path, "a") as package:
        package.writestr("xl/vbaProject.bin", b"\xcc\x61 macros")
    report = imports.run("roll", path)
    assert counts(report) == {"read": 2, "added": 1, "parked": 1}
    assert any("宏没有运行" in note for note in report.notes)
    assert report.annotated is not None
    assert report.annotated.suffix == ".xlsx"
    with zipfile.ZipFile(report.annotated) as package:
        assert "xl/vbaProject.bin" not in package.namelist()


def test_two_heading_rows_merged_cells_formulas_serial_dates_and_hidden_rows_in_one_sheet(
    imports: ImportService, desk: Desk, tmp_path: Path
) -> None:
    path = roll(tmp_path / "r.xlsx", child(), child(NUMBERS[1], **{"*姓名": "汪静根"}), child(NUMBERS[3]))
    book = load_workbook(path)
    sheet = book.worksheets[0]
    sheet.insert_rows(2)
    for place, heading in enumerate(ROLL_HEADINGS, 1):
        if heading.startswith("成员"):
            sheet.cell(2, place).value, sheet.cell(3, place).value = heading[:3], heading[3:]
    sheet.merge_cells("A1:V1")
    for name in ("成员1", "成员2"):
        places = [place for place, heading in enumerate(ROLL_HEADINGS, 1) if heading.startswith(name)]
        sheet.merge_cells(start_row=2, end_row=2, start_column=places[0], end_column=places[-1])
    sheet.merge_cells("K4:K5")  # one address for two
    sheet["C4"].value = (dt.date(2017, 5, 7) - dt.date(1899, 12, 30)).days
    sheet["C5"].value = dt.date(2015, 7, 19)
    sheet["H5"].value = "=1+1"
    sheet["J6"].value = "#N/A"
    sheet.row_dimensions[5].hidden = True
    for column in range(60, 260):
        sheet.cell(3, column).number_format = "@"
    book.save(path)
    report = imports.run("roll", path)
    assert counts(report) == {"read": 3, "added": 1, "parked": 2}
    assert {(fault.row, fault.column) for fault in report.faults} == {(5, "班级"), (6, "就读方式")}
    assert records(desk.context, Student)[0]["birth"] == "2017-05-07"
    assert {one["name"] for one in records(desk.context, Member)} == {"宋琪亦", "范杰冬"}
    assert imports.retry(next(line.uid for line in imports.parked() if line.row == 5), {7: "2班"}).outcome == "added"
    assert {one["address"] for one in records(desk.context, Student)} == {"示范县青石镇青西村5组"}


def _many_rows(path: Path, rows: int) -> Path:
    """A workbook with that many filled rows, made as text: a library would take minutes."""
    from tests.factories.rolls import workbook

    workbook(path, ("姓名", "身份证件号"), [])
    with zipfile.ZipFile(path) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    sheet = next(name for name in parts if name.startswith("xl/worksheets/"))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as package:
        for name, content in parts.items():
            if name != sheet:
                package.writestr(name, content)
        with package.open(sheet, "w") as part:
            part.write(b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>')
            for start in range(1, rows + 1, 10_000):
                part.write(
                    b"".join(
                        b'<row r="%d"><c r="A%d"><v>1</v></c><c r="B%d"><v>2</v></c></row>' % (at, at, at)
                        for at in range(start, start + 10_000)
                    )
                )
            part.write(b"</sheetData></worksheet>")
    return path


def test_a_million_rows_are_refused_soon_and_without_filling_the_memory(
    imports: ImportService, desk: Desk, tmp_path: Path
) -> None:
    path, before = _many_rows(tmp_path / "r.xlsx", 1_000_000), state(desk.context)
    began = time.monotonic()
    tracemalloc.start()
    with pytest.raises(UserError, match="1,000,000 行，一次最多 200,000 行") as caught:
        imports.run("roll", path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "拆成" in caught.value.remedy
    assert time.monotonic() - began < 60
    assert peak < 64_000_000
    assert state(desk.context) == before


def test_a_million_lines_of_text_are_refused_too(imports: ImportService, tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text("姓名,身份证件号\n" + "宋火强,431099201705077475\n" * 1_000_000, encoding="gb18030")
    with pytest.raises(UserError, match="一次最多") as caught:
        imports.run("roll", path)
    assert "拆成" in caught.value.remedy


def test_a_package_that_unpacks_into_too_much_is_refused_unread(
    imports: ImportService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "_UNPACKED_LIMIT", 1000)
    assert "太大" in refused(imports, roll(tmp_path / "r.xlsx", child())).what


@pytest.mark.parametrize("suffix", [".xlsx", ".xls", ".et", ".dat"])
def test_a_text_file_under_another_name_is_recognised(suffix: str, imports: ImportService, tmp_path: Path) -> None:
    path = tmp_path / f"r{suffix}"
    people = f"宋火强,{NUMBERS[0]},三年级\n汪静根,{NUMBERS[1]},三年级\n"
    path.write_text(f"姓名,身份证件号,年级\n{people}", encoding="utf-8-sig")
    assert counts(imports.run("roll", path)) == {"read": 2, "added": 2}


@pytest.mark.parametrize("suffix", [".csv", ".xls", ".et", ""])
def test_a_workbook_under_another_name_is_recognised(suffix: str, imports: ImportService, tmp_path: Path) -> None:
    path = tmp_path / f"r{suffix}"
    shutil.move(roll(tmp_path / "made.xlsx", child()), path)
    assert counts(imports.run("roll", path)) == {"read": 1, "added": 1}


def test_mixed_and_damaged_encodings_are_read_line_by_line_and_said(
    imports: ImportService, desk: Desk, tmp_path: Path
) -> None:
    path = tmp_path / "r.csv"
    lines = [
        "姓名,身份证件号,年级".encode(), f"宋火强,{NUMBERS[0]},三年级".encode("gb18030"),
        f"汪静根,{NUMBERS[1]},三年级".encode(), f"龙平军,{NUMBERS[3]},三年级,".encode() + b"\xff\xff",
        *[b""] * 20,
    ]  # fmt: skip
    path.write_bytes(b"\r\n".join(lines))
    report = imports.run("roll", path)
    assert counts(report) == {"read": 3, "added": 3}
    assert any("两种文字编码" in note for note in report.notes)
    assert {one["name"] for one in records(desk.context, Student)} == {"宋火强", "汪静根", "龙平军"}


def test_files_that_are_no_workbooks_are_refused_in_a_sentence(imports: ImportService, tmp_path: Path) -> None:
    contents = {
        "空.xlsx": (b"", "空的"), "~$花名册.xlsx": (b"\x06owner", "临时文件"),
        "图.xlsx": (b"\x89PNG\r\n", "图片"), "网页.xls": (b"<html><table>", "网页"),
        "文.csv": ("今天天气很好".encode(), "表头"),
    }  # fmt: skip
    for name, (content, word) in contents.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(UserError, match=word):
            imports.run("roll", tmp_path / name)


def test_a_file_that_another_program_holds_is_refused_with_what_to_do(
    imports: ImportService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = roll(tmp_path / "r.xlsx", child())

    def locked(*_: object, **__: object) -> None:
        raise PermissionError(13, "in use", str(path))

    monkeypatch.setattr(Path, "open", locked)
    error = refused(imports, path)
    assert "占用" in error.what
    assert "关闭" in error.remedy


def test_the_annotated_copy_keeps_comments_and_hidden_columns_and_shows_its_own(
    imports: ImportService, tmp_path: Path
) -> None:
    path = roll(tmp_path / "r.xlsx", child(), child(NUMBERS[1], 出生日期="20130231"))
    book = load_workbook(path)
    sheet = book.worksheets[0]
    sheet["A3"].comment = Comment("家在外省", "李老师")
    sheet.column_dimensions["D"].hidden = True
    sheet.column_dimensions["X"] = ColumnDimension(sheet, index="X", min=20, max=16_384, hidden=True)
    book.save(path)
    report = imports.run("roll", path)
    assert report.annotated is not None
    copy = load_workbook(report.annotated).worksheets[0]
    assert copy["A3"].comment.text == "家在外省"
    assert copy.column_dimensions["D"].hidden
    (place,) = [cell.column for cell in copy[2] if cell.value == "问题与改法"]
    areas = [(own.min or 0, own.max or 0) for own in copy.column_dimensions.values() if own.hidden]
    hidden = {number for first, last in areas for number in range(first, min(last, 100) + 1)}
    assert place not in hidden
    assert 20 in hidden


def test_every_kind_has_a_template_with_lists_hints_text_format_and_a_heading_that_stays(
    imports: ImportService, tmp_path: Path
) -> None:
    for kind, label in imports.kinds():
        book = load_workbook(imports.template(kind, tmp_path / f"{kind}.xlsx"))
        sheet = book.worksheets[0]
        assert sheet.title == label[:31]
        assert sheet.freeze_panes == "A4"
        headings = {str(cell.value).strip("*"): cell for cell in sheet[3]}
        places = {name: place for place, name in enumerate(headings)}
        numbers = [cell for name, cell in headings.items() if "证件号" in name or "账号" in name or "学籍号" in name]
        assert kind == "classes" or numbers
        for cell in numbers:
            assert sheet.cell(4, places[str(cell.value).strip("*")] + 1).number_format == "@"
            assert cell.comment is not None
        lists = {str(rule.sqref).split("4")[0] for rule in sheet.data_validations.dataValidation}
        coded = [name for name in headings if any(word in name for word in ("关系", "性别", "年级", "走访方式"))]
        # What another office writes is read as text, so its template offers no list to choose from.
        chosen = [name for name in coded if "说明" not in name and kind != "hardship_list"]
        assert all(letter(places[name]) in lists for name in chosen), kind
        assert book.sheetnames[1] == "填表说明"
