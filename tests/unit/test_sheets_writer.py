"""What is written can be read again unchanged; annotated copies keep the person's own workbook."""

from __future__ import annotations

import errno
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
import xlwt

from jzdesk.core.citizen_id import check_character
from jzdesk.core.errors import StationFault, UserError
from jzdesk.core.fields import FieldSpec, Value
from jzdesk.core.kinds import CitizenIdNumber, Code, Date, Integer, Money, PersonName, Text, YesNo
from jzdesk.sheets.annotate import annotated_copy
from jzdesk.sheets.columns import REMEDY_HEADING, Column
from jzdesk.sheets.heading import Heading, find_sheet
from jzdesk.sheets.mapping import Fault, SheetRows, read_sheet
from jzdesk.sheets.reader import open_book
from jzdesk.sheets.writer import sheet_name, write_book, write_rows_book, write_rows_csv, write_template

SPECS = [
    FieldSpec("姓名", PersonName(), "name", required=True),
    FieldSpec("身份证件号", CitizenIdNumber(), "id_number", required=True, aliases=("身份证号",)),
    FieldSpec("性别", Code("sex"), "sex"),
    FieldSpec("出生日期", Date(), "birth"),
    FieldSpec("是否孤儿", YesNo(), "orphan"),
    FieldSpec("金额", Money(), "amount"),
    FieldSpec("人数", Integer(), "people"),
    FieldSpec("备注", Text(), "remark", help="随便写。"),
]
COLUMNS = [Column(spec.name, spec, essential=spec.required) for spec in SPECS]
ONE = "43109920150719691" + check_character("43109920150719691")
PEOPLE: list[dict[str, Value]] = [
    {"name": "宋火强", "id_number": ONE, "sex": "1", "birth": "2015-07-19", "orphan": 0, "amount": 31250,
     "people": 4, "remark": "=1+1"},
    {"name": "㛃𠮷", "id_number": ONE, "sex": "2", "birth": None, "orphan": 1, "amount": 1234567,
     "people": None, "remark": "第一行\x0b第二行"},
]  # fmt: skip
BAD_ID = "431099201507196910"


def read_file(path: Path) -> tuple[Heading, SheetRows]:
    sheet, heading = find_sheet(open_book(path), COLUMNS)
    return heading, read_sheet(sheet, heading, COLUMNS)


def faults_of(path: Path) -> list[Fault]:
    return [fault for row in read_file(path)[1].rows for fault in row.faults]


def test_an_export_reads_back_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "导出.xlsx"
    assert write_book(path, "学生名单", SPECS, PEOPLE, note="内部资料") == 2
    heading, found = read_file(path)
    assert (heading.row, heading.unmapped, heading.missing) == (3, (), ())
    assert [row.faults for row in found.rows] == [(), ()]
    assert found.rows[0].values == PEOPLE[0]
    assert found.rows[1].values == {**PEOPLE[1], "remark": "第一行第二行"}


def test_rows_may_come_in_order_and_headings_be_plain(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    assert write_book(path, "a", [SPECS[0], "学校"], [["甲", "青石镇中学"]]) == 1
    rows = open_book(path).sheets[0].rows
    assert [list(row) for row in rows[1:]] == [["*姓名", "学校"], ["甲", "青石镇中学"]]


def test_numbers_of_people_are_text_and_nothing_is_computed(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    write_book(path, "名单", SPECS, PEOPLE)
    sheet = openpyxl.load_workbook(path).worksheets[0]
    assert sheet.freeze_panes == "A3"
    assert (sheet["B3"].value, sheet["B3"].number_format, sheet["B3"].data_type) == (ONE, "@", "s")
    assert (sheet["H3"].value, sheet["H3"].data_type) == ("=1+1", "s")
    assert (sheet["F3"].value, sheet["F3"].number_format) == (312.5, "#,##0.00")
    assert sheet.column_dimensions["B"].width >= 20


def test_a_template_has_lists_hints_and_text_format_and_is_understood(tmp_path: Path) -> None:
    path = tmp_path / "模板.xlsx"
    write_template(path, "学生", COLUMNS)
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["学生", "填表说明", "选项"]
    assert book["选项"].sheet_state == "hidden"
    sheet = book["学生"]
    rules = {str(rule.sqref).split(":")[0]: rule.formula1 for rule in sheet.data_validations.dataValidation}
    assert rules == {"C4": "选项!$C$1:$C$4", "E4": "选项!$E$1:$E$2"}
    assert [cell.value for cell in book["选项"]["C"]] == [label for _, label in Code("sex").items()]
    assert [book["填表说明"].cell(row, 4).value for row in (2, 6)] == [None, "是、否"]
    assert sheet["B4"].number_format == "@"
    assert sheet["F4"].number_format == "General"
    assert "文本格式" in sheet["B3"].comment.text
    assert "随便写" in sheet["H3"].comment.text
    assert [cell.value for cell in sheet[3]] == [
        "*姓名", "*身份证件号", "性别", "出生日期", "是否孤儿", "金额", "人数", "备注"
    ]  # fmt: skip
    sheet["A4"], sheet["B4"], sheet["C4"] = "甲", ONE, book["选项"]["C2"].value
    book.save(path)
    heading, found = read_file(path)
    assert heading.row == 3
    assert [row.values["name"] for row in found.rows] == ["甲"]
    assert found.rows[0].usable


def test_payment_files_as_text_and_as_workbook(tmp_path: Path) -> None:
    rows: list[list[str | None]] = [["宋火强", "6230901339978526431", "312.50"], ["㛃𠮷", "6230901843228026878", None]]
    headings = ["户名", "账号", "金额"]
    assert write_rows_csv(tmp_path / "a.csv", headings, rows) == 2
    lines = (tmp_path / "a.csv").read_bytes().decode("gb18030").split("\r\n")
    assert lines == ["户名,账号,金额", "宋火强,6230901339978526431,312.50", "㛃𠮷,6230901843228026878,", ""]
    assert write_rows_book(tmp_path / "a.xlsx", "代发", headings, rows) == 2
    assert [list(row) for row in open_book(tmp_path / "a.xlsx").sheets[0].rows] == [headings, *rows]


def test_a_payment_file_can_be_read_and_added_up(tmp_path: Path) -> None:
    rows = [["示范县农村商业银行青石支行", "6230901339978526431", Decimal("312.50")]]
    write_rows_book(tmp_path / "a.xlsx", "代发", ["开户行", "账号", "金额"], rows)
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx").worksheets[0]
    assert (sheet["C2"].value, sheet["C2"].number_format) == (312.5, "0.00")
    assert [sheet.column_dimensions[name].width for name in "AB"] == [2 * 13 + 2, 19 + 2]


def test_a_list_is_printed_with_its_heading_on_every_page_and_never_too_small_to_read(tmp_path: Path) -> None:
    write_book(tmp_path / "few.xlsx", "名单", SPECS[:3], PEOPLE)
    write_rows_book(tmp_path / "many.xlsx", "名单", [f"很长的标题{number}" for number in range(40)], [])
    few, many = (openpyxl.load_workbook(tmp_path / name).worksheets[0] for name in ("few.xlsx", "many.xlsx"))
    assert (few.page_setup.orientation, few.page_setup.fitToHeight) == ("portrait", 0)
    assert (many.page_setup.orientation, many.page_setup.fitToHeight) == ("landscape", None)
    assert (few.print_title_rows, many.print_title_rows) == ("$2:$2", "$1:$1")


def test_names_of_sheets_are_made_acceptable() -> None:
    assert sheet_name("2025/2026[秋]:名单?") == "20252026秋名单"
    assert len(sheet_name("学" * 60)) == 31
    assert sheet_name("") == "Sheet1"


@pytest.fixture
def own_workbook(tmp_path: Path) -> Path:
    """A person's own workbook: merged title, colour, widths, a second sheet, hundreds of formatted columns."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = "名单"
    for row in (["某校名单"], ["姓名", "身份证号", "性别"], ["甲", ONE, "男"], ["乙", BAD_ID, "公"], [None, ONE, "女"]):
        sheet.append(row)
    sheet.merge_cells("A1:C1")
    sheet["A1"].font = openpyxl.styles.Font(size=20, color="FF0000FF")
    sheet.column_dimensions["B"].width = 33
    sheet.cell(2, 200).number_format = "@"
    book.create_sheet("别的")["A1"] = "留着"
    book.save(tmp_path / "名单.xlsx")
    return tmp_path / "名单.xlsx"


def test_an_annotated_copy_keeps_the_formatting_and_marks_the_faults(own_workbook: Path) -> None:
    before = own_workbook.read_bytes()
    faults = faults_of(own_workbook)
    assert [(fault.row, fault.column) for fault in faults] == [(4, 1), (4, 2), (5, 0)]
    target = annotated_copy(own_workbook, own_workbook.with_name("名单-批注.xlsx"), faults)
    book = openpyxl.load_workbook(target)
    sheet = book["名单"]
    assert sheet["A1"].font.size == 20
    assert sheet.column_dimensions["B"].width == 33
    assert book["别的"]["A1"].value == "留着"
    red = {cell.coordinate for row in sheet.iter_rows(max_col=3) for cell in row if cell.fill.fgColor.rgb == "FFFFD9D9"}
    assert red == {"B4", "C4", "A5"}
    assert sheet["D2"].value == REMEDY_HEADING
    assert sheet["D3"].value is None
    for fault in faults:
        assert fault.advice() in str(sheet.cell(fault.row, 4).value)
    assert "共 2 行有问题" in sheet["D1"].value
    assert own_workbook.read_bytes() == before


def test_a_corrected_copy_is_imported_and_annotated_again(own_workbook: Path) -> None:
    first = annotated_copy(own_workbook, own_workbook.with_name("一.xlsx"), faults_of(own_workbook))
    book = openpyxl.load_workbook(first)
    book["名单"]["B4"], book["名单"]["C4"] = ONE, "男"
    book.save(first)
    heading, _ = read_file(first)
    assert heading.unmapped == ()
    second = annotated_copy(first, own_workbook.with_name("二.xlsx"), faults_of(first))
    sheet = openpyxl.load_workbook(second)["名单"]
    assert sheet["D4"].value is None
    assert sheet["B4"].fill.fgColor.rgb != "FFFFD9D9"
    assert "姓名" in sheet["D5"].value
    assert "共 1 行有问题" in sheet["D1"].value
    assert sheet["E2"].value is None


def test_the_summary_stands_beside_a_heading_in_the_first_row(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["姓名", "身份证号"], ["甲", BAD_ID]):
        book.worksheets[0].append(row)
    book.save(tmp_path / "a.xlsx")
    target = annotated_copy(tmp_path / "a.xlsx", tmp_path / "b.xlsx", faults_of(tmp_path / "a.xlsx"))
    sheet = openpyxl.load_workbook(target).worksheets[0]
    assert sheet["C1"].value == REMEDY_HEADING
    assert "共 1 行有问题" in sheet["D1"].value


def test_old_xls_and_csv_are_annotated_as_copies_of_their_values(tmp_path: Path) -> None:
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("名单")
    rows: list[list[str | int]] = [["姓名", "身份证号", "人数"], ["甲", BAD_ID, 4], ["乙", ONE, 5]]
    for at, row in enumerate(rows):
        for column, value in enumerate(row):
            sheet.write(at, column, value)
    book.save(str(tmp_path / "a.xls"))
    (tmp_path / "a.csv").write_text("\n".join(",".join(map(str, row)) for row in rows), encoding="gb18030")
    for name in ("a.xls", "a.csv"):
        source = tmp_path / name
        target = annotated_copy(source, tmp_path / f"{name}-批注.xls", faults_of(source))
        assert target.suffix == ".xlsx"
        page = openpyxl.load_workbook(target).worksheets[0]
        assert (page["B3"].value, page["B3"].number_format) == (ONE, "@")
        assert "校验位" in page["D2"].value
        assert page["B2"].fill.fgColor.rgb == "FFFFD9D9"


def test_faults_of_a_whole_row_and_of_merged_cells_are_written(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["姓名", "身份证号"], ["甲", ONE], [None, ONE]):
        book.worksheets[0].append(row)
    book.worksheets[0].merge_cells("A2:A3")
    book.save(tmp_path / "a.xlsx")
    _, found = read_file(tmp_path / "a.xlsx")
    faults = [found.rows[1].park("dup_row", "与第 2 行重复", "请删除其中一行。")]
    faults.append(found.rows[1].park("odd_name", "姓名可疑", "请核对。", "name"))
    page = openpyxl.load_workbook(annotated_copy(tmp_path / "a.xlsx", tmp_path / "b.xlsx", faults)).worksheets[0]
    assert page["C3"].value == "与第 2 行重复。请删除其中一行。\n“姓名”：姓名可疑。请核对。"


def test_the_copy_never_replaces_the_original(own_workbook: Path) -> None:
    with pytest.raises(UserError, match="不能覆盖"):
        annotated_copy(own_workbook, own_workbook, [])
    with pytest.raises(UserError, match="没有找到"):
        annotated_copy(own_workbook.with_name("走了.xlsx"), own_workbook.with_name("b.xlsx"), [])


def test_a_full_disk_and_a_pulled_stick_are_said(
    own_workbook: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults = faults_of(own_workbook)
    gone = tmp_path / "没有U盘" / "a.xlsx"
    for attempt in (
        lambda path: write_book(path, "a", SPECS, PEOPLE),
        lambda path: write_template(path, "a", SPECS),
        lambda path: write_rows_csv(path, ["a"], [["b"]]),
        lambda path: annotated_copy(own_workbook, path, faults),
    ):
        with pytest.raises(StationFault, match="U 盘"):
            attempt(gone)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StationFault, match="磁盘已满"):
        write_book(tmp_path / "a.xlsx", "a", SPECS, PEOPLE)
    assert not list(tmp_path.glob("*a.xlsx*"))
