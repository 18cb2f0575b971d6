"""Forms as other systems send them: titles, two heading rows, numbered columns, merged cells, lists, notes below."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

COLLECTION = Path(__file__).parents[2] / "resources" / "codes" / "xueji_columns.csv"
_THIN = Side(style="thin", color="FF000000")
BORDER = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
HEADING, NUMBERS, FIRST = 4, 5, 6  # rows of the collection sheet: headings, their numbers, the first student
SLOTS = 5


def collection_rows() -> list[dict[str, str]]:
    """The 72 columns of the collection sheet."""
    with COLLECTION.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def collection_sheet(path: Path, *, alias: bool = False, slots: int = SLOTS) -> Path:
    """The roll system's sheet: title, note, groups over headings, numbers 1–72, bordered rows, notes, a list sheet.

    With `alias` every heading that has another name is called by that.
    """
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "学生信息"
    rows = collection_rows()
    _merged(sheet, "A1:T1", "中小学生学籍信息采集表")
    _merged(sheet, "A2:T2", "说明：日期填 8 位数字，区划填 12 位代码；请勿改动表头。")
    for number, row in enumerate(rows, 1):
        name = row["aliases"].split("|")[0] if alias and row["aliases"] else row["header"]
        _bordered(sheet, 3, number, "家庭成员" if number > 48 else "学生本人", bold=True)
        _bordered(sheet, HEADING, number, f"{number}.{name}", bold=True)
        _bordered(sheet, NUMBERS, number, number)
        sheet.column_dimensions[get_column_letter(number)].width = 9 + number % 7
        for at in range(FIRST, FIRST + slots):
            _bordered(sheet, at, number, None)
    sheet.merge_cells("A3:AV3")
    sheet.merge_cells("AW3:BT3")
    foot = FIRST + slots
    _merged(
        sheet, f"A{foot}:T{foot}", "填表说明：本表由学校填写，家长核对后签字，一式两份，学校和乡镇各留一份存档备查。"
    )
    _lists(book, sheet, foot - 1)
    book.save(path)
    return path


def _lists(book: Workbook, sheet: Worksheet, last: int) -> None:
    """Sex by a list in the rule, boarding by a list on another sheet."""
    offered = book.create_sheet("字典")
    for row, text in enumerate(("1-走读", "2-住校"), 1):
        offered.cell(row, 1).value = text
    for column, source in (("B", '"1-男,2-女"'), ("Z", "字典!$A$1:$A$2")):
        rule = DataValidation(type="list", formula1=source, allow_blank=True)
        rule.add(f"{column}{FIRST}:{column}{last}")
        sheet.add_data_validation(rule)


def short_form(path: Path, people: Sequence[Mapping[str, Any]] = (), *, slots: int = 3, macro: bool = False) -> Path:
    """A list of another department: serial number, a computed column, a total in a formula, a signature below."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "名单"
    _merged(sheet, "A1:H1", "困难学生名单")
    headings = ("序号", "学生姓名", "证件号码", "性别", "出生日期", "年级", "备注", "字数")
    for column, text in enumerate(headings, 1):
        _bordered(sheet, 2, column, text, bold=True)
    sheet["B2"].comment = Comment("与户口簿一致", "县局")
    for at in range(3, 3 + max(slots, len(people))):
        person = people[at - 3] if at - 3 < len(people) else {}
        for column, text in enumerate(headings, 1):
            _bordered(sheet, at, column, person.get(text))
        sheet.cell(at, 8).value = f"=LEN(B{at})"
    last = 2 + max(slots, len(people))
    sheet.cell(last + 1, 1).value = "合计"
    sheet.cell(last + 1, 8).value = f"=SUM(H3:H{last})"
    _merged(sheet, f"A{last + 2}:H{last + 2}", "制表人：　　　　审核人：　　　　日期：")
    other = book.create_sheet("汇总")
    other["A1"] = f"=SUM(名单!H3:H{last})"
    book.save(path)
    return with_macros(path) if macro else path


def figures_form(path: Path, labels: Sequence[tuple[str, str, str]] = (), slots: int = 2) -> Path:
    """The county's statistics: two heading rows, printed row labels, sums in formulas, notes below."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "统计表"
    _merged(sheet, "A1:O1", "家庭经济困难学生受助情况统计表")
    _merged(sheet, "A2:O2", "填报单位：　　　　2025 年秋季学期　　　　单位：人、人次、元")
    plain = ("学校名称", "学段", "项目", "在校数", "困难生数", "受助人次", "受助人数（去重）", "金额（元）", "占比")
    among = ("脱贫户", "监测", "低保", "特困", "残疾", "孤儿")
    for column, text in enumerate(plain, 1):
        _bordered(sheet, 3, column, text, bold=True)
        _bordered(sheet, 4, column, None)
        sheet.merge_cells(start_row=3, end_row=4, start_column=column, end_column=column)
    for column, text in enumerate(among, 10):
        _bordered(sheet, 3, column, "其中", bold=True)
        _bordered(sheet, 4, column, text, bold=True)
    sheet.merge_cells("J3:O3")
    rows = [*labels, *[("", "", "")] * slots]
    for at, row in enumerate(rows, 5):
        for column in range(1, 16):
            _bordered(sheet, at, column, (row[column - 1] or None) if column < 4 else None)
    last = 4 + len(rows)
    _merged(sheet, f"A{last + 1}:C{last + 1}", "合计")
    for column in range(4, 16):
        _bordered(sheet, last + 1, column, None)
    sheet.cell(last + 1, 8).value = f"=SUM(H5:H{last})"
    _merged(sheet, f"A{last + 2}:O{last + 2}", "注：人次与人数分列，合计人数按学生去重。")
    book.save(path)
    return path


def one_row(path: Path, *headings: str) -> Path:
    """A sheet with a heading and nothing else."""
    book = Workbook(write_only=True)
    book.create_sheet("表").append(list(headings))
    book.save(path)
    return path


def old_form(path: Path, headings: Sequence[str]) -> Path:
    """The same as .xls, which can be read and not written."""
    import xlwt

    book = xlwt.Workbook()
    sheet = book.add_sheet("名单")
    sheet.write_merge(0, 0, 0, len(headings) - 1, "学生名单")
    for column, text in enumerate(headings):
        sheet.write(1, column, text)
    book.save(str(path))
    return path


def with_macros(path: Path) -> Path:
    """The workbook as .xlsm with something in the place of its program."""
    target = path.with_suffix(".xlsm")
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(target, "w") as made:
        for name in source.namelist():
            content = source.read(name)
            if name == "[Content_Types].xml":
                plain = b"openxmlformats-officedocument.spreadsheetml.sheet.main"
                content = content.replace(
                    b"application/vnd." + plain, b"application/vnd.ms-excel.sheet.macroEnabled.main"
                )
                kind = b'<Default Extension="bin" ContentType="application/vnd.ms-office.vbaProject"/></Types>'
                content = content.replace(b"</Types>", kind)
            made.writestr(name, content)
        made.writestr("xl/vbaProject.bin", b"\xd0\xcf\x11\xe0 a program")
    return target


def protected(path: Path, *, unlocked: bool) -> Path:
    """The workbook with its first sheet protected, the rows to fill in open or not."""
    from openpyxl.styles import Protection

    book = load_workbook(path)
    sheet = book.worksheets[0]
    sheet.protection.sheet = True
    for row in sheet.iter_rows(min_row=3) if unlocked else ():
        for cell in row:
            cell.protection = Protection(locked=False)
    book.save(path)
    return path


def with_part(path: Path, part: str, old: bytes, new: bytes) -> Path:
    """The workbook with something replaced in one of its parts."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(buffer, "w") as made:
        for name in source.namelist():
            content = source.read(name)
            made.writestr(name, content.replace(old, new, 1) if name == part else content)
    path.write_bytes(buffer.getvalue())
    return path


def _merged(sheet: Worksheet, area: str, text: str) -> None:
    sheet.merge_cells(area)
    cell = sheet[area.partition(":")[0]]
    cell.value, cell.font = text, Font(size=14)
    cell.alignment = Alignment(horizontal="center")


def _bordered(sheet: Worksheet, row: int, column: int, value: object, *, bold: bool = False) -> None:
    cell = sheet.cell(row, column)
    cell.value, cell.border, cell.font = value, BORDER, Font(bold=bold, name="仿宋")  # type: ignore[assignment]
    if bold:
        cell.fill = PatternFill("solid", fgColor="FFDDE7F0")
