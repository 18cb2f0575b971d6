"""Writes workbooks: exports of records, templates to fill in, payment files for banks."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from jzdesk.core.fields import FieldSpec, Value
from jzdesk.core.kinds import Account, CitizenIdNumber, Date, Integer, LongText, Money, Month, Phone, RollNumber
from jzdesk.sheets.cells import letter
from jzdesk.sheets.columns import Column
from jzdesk.sheets.files import write_fault, write_whole

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.cell import Cell as BookCell
    from openpyxl.styles import Font
    from openpyxl.worksheet.worksheet import Worksheet

# A field (or a wanted column of an import), whose values are shown as its kind says; or a plain heading for text.
Outlet: TypeAlias = FieldSpec | Column | str
Row: TypeAlias = Mapping[str, Value] | Sequence[Value]

TEXT_FORMAT = "@"
_A4 = 9  # as workbooks number the sizes of paper
MONEY_FORMAT = "#,##0.00"
_TEMPLATE_ROWS = 5000
_PORTRAIT, _LANDSCAPE = 90, 190  # characters across a sheet of A4 that still can be read when the page is made to fit
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_SHEET_MARKS = re.compile(r"[\\/*?:\[\]]")
_HEAD_FILL, _ESSENTIAL_FILL = "FFE3EFE6", "FFFFF1CC"


def write_book(
    path: Path, title: str, columns: Sequence[Outlet], rows: Iterable[Row], *, note: str | None = None
) -> int:
    """Export: title, note (a row a line), heading and one line a row, as people read the values; returns the rows.

    `rows` are stored values, by field name (or column key) or in the order of the columns. Everything but money and
    whole numbers is written as text, so that no spreadsheet damages a number or a date, and reading the file again
    gives the same values. Raises StationFault.
    """
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet: Worksheet = book.create_sheet(sheet_name(title))
    head = [(title, _title_font()), *((line, _note_font()) for line in (note or "").splitlines())]
    sheet.freeze_panes = f"A{len(head) + 2}"
    lay_out(sheet, [_width(column) for column in columns], f"{len(head) + 1}:{len(head) + 1}")
    for text, font in head:
        sheet.append([_text_cell(sheet, text, font=font)])
    sheet.append([_heading_cell(sheet, _heading(column)) for column in columns])
    count = 0
    for row in rows:
        sheet.append([_value_cell(sheet, column, value) for column, value in _paired(columns, row)])
        count += 1
    _save(book, path)
    return count


def write_template(path: Path, title: str, columns: Sequence[Outlet]) -> None:
    """An empty workbook to fill in: lists to choose from, hints, text format; raises StationFault."""
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = sheet_name(title)
    sheet["A1"], sheet["A1"].font = title, _title_font()
    sheet["A2"] = "带 * 的必填；有下拉箭头的请从列表中选；填法见“填表说明”。请从第 4 行开始填，不要改动标题行。"
    sheet["A2"].font = _note_font()
    sheet.freeze_panes = "A4"
    lists = book.create_sheet("选项")
    for place, column in enumerate(columns):
        _template_column(sheet, lists, place, column)
    _explain(book.create_sheet("填表说明", 1), columns)
    lists.sheet_state = "hidden"
    _save(book, path)


def write_rows_csv(
    path: Path, headings: Sequence[str], rows: Iterable[Sequence[object]], *, encoding: str = "gb18030"
) -> int:
    """A payment file as separated text (GB18030 with CRLF, as banks take it); returns the number of rows."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    count = 0
    if headings:
        writer.writerow(headings)
    for row in rows:
        writer.writerow(["" if cell is None else clean(str(cell)) for cell in row])
        count += 1
    write_whole(path, buffer.getvalue().encode(encoding))
    return count


def write_rows_book(path: Path, title: str, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    """A payment file as a workbook: heading in row 1, columns as wide as what stands in them; returns the rows.

    A Decimal is a number to add up, every other cell text.
    """
    from openpyxl import Workbook

    book, listed = Workbook(write_only=True), list(rows)
    sheet: Worksheet = book.create_sheet(sheet_name(title))
    sheet.freeze_panes = "A2"
    lay_out(sheet, _widths(headings, listed), "1:1")
    sheet.append([_heading_cell(sheet, heading) for heading in headings])
    for row in listed:
        sheet.append([_plain_cell(sheet, cell) for cell in row])
    _save(book, path)
    return len(listed)


def sheet_name(title: str) -> str:
    """A title as a sheet's name: at most 31 characters, none of those that spreadsheets refuse."""
    return _SHEET_MARKS.sub("", clean(title)).strip("' ")[:31] or "Sheet1"


def clean(text: str) -> str:
    """Text without the control characters that a workbook cannot hold."""
    return _FORBIDDEN.sub("", text)


def save_bytes(book: Workbook, path: Path) -> bytes:
    """The workbook as bytes; raises StationFault when even the temporary files cannot be written."""
    buffer = io.BytesIO()
    try:
        book.save(buffer)
    except OSError as error:
        raise write_fault(error, path) from error
    return buffer.getvalue()


def _save(book: Workbook, path: Path) -> None:
    write_whole(path, save_bytes(book, path))


def _spec(column: Outlet) -> FieldSpec | None:
    if isinstance(column, Column):
        return column.spec
    return column if isinstance(column, FieldSpec) else None


def _label(column: Outlet) -> str:
    return column if isinstance(column, str) else column.label


def _heading(column: Outlet) -> str:
    """The label, with a star where the field must be filled in."""
    return f"*{_label(column)}" if _is_required(column) else _label(column)


def _is_required(column: Outlet) -> bool:
    if isinstance(column, Column):
        return column.essential or (column.spec.required and not column.optional)
    return isinstance(column, FieldSpec) and column.required


def _key(column: Outlet) -> str:
    if isinstance(column, str):
        return column
    return column.key if isinstance(column, Column) else column.name


def _paired(columns: Sequence[Outlet], row: Row) -> Iterator[tuple[Outlet, Value]]:
    if isinstance(row, Mapping):
        return ((column, row.get(_key(column))) for column in columns)
    return zip(columns, row, strict=True)


def _width(column: Outlet) -> float:
    """Characters: what the field asks for, what its kind needs, and room for the heading."""
    spec = _spec(column)
    wanted = 12
    if spec is not None:
        kind = spec.kind
        wide = isinstance(kind, CitizenIdNumber | RollNumber | Account | LongText)
        wanted = spec.table or (22 if wide else 14 if isinstance(kind, Date | Phone) else 12)
    return float(min(60, max(wanted, 2 * len(_label(column)) + 4)))


def _widths(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> list[float]:
    """Characters that the longest text of each column takes."""
    columns = zip(headings, *rows, strict=True)
    return [float(min(60, 2 + max(_across(str(cell)) for cell in column if cell is not None))) for column in columns]


def _across(text: str) -> int:
    """How many columns of a terminal or narrow letters of a sheet a text takes: Han characters are two wide."""
    return sum(1 + (unicodedata.east_asian_width(character) in "WF") for character in text)


def lay_out(sheet: Worksheet, widths: Sequence[float], heading: str) -> None:
    """Widths of the columns; on paper the heading (`1:2`) on every page, and one page across where it can be read."""
    from openpyxl.worksheet.properties import PageSetupProperties

    for place, width in enumerate(widths):
        sheet.column_dimensions[letter(place)].width = width
    sheet.page_setup.paperSize = _A4
    sheet.page_setup.orientation = "portrait" if sum(widths) <= _PORTRAIT else "landscape"
    if sum(widths) <= _LANDSCAPE:
        sheet.page_setup.fitToHeight = 0
        sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.print_title_rows = heading


def _title_font() -> Font:
    from openpyxl.styles import Font

    return Font(bold=True, size=14)


def _note_font() -> Font:
    from openpyxl.styles import Font

    return Font(color="FF666666")


def _text_cell(sheet: Worksheet, text: str, *, font: Font | None = None) -> BookCell:
    """A text cell: `=1+1` in somebody's remark stays what it is and is never computed."""
    from openpyxl.cell import WriteOnlyCell

    cell = WriteOnlyCell(sheet, None)
    if text:
        cell.value = clean(text)
        cell.data_type = "s"
    cell.number_format = TEXT_FORMAT
    if font is not None:
        cell.font = font
    return cell


def _heading_cell(sheet: Worksheet, text: str) -> BookCell:
    from openpyxl.styles import Alignment, Font, PatternFill

    cell = _text_cell(sheet, text, font=Font(bold=True))
    cell.fill = PatternFill("solid", fgColor=_HEAD_FILL)
    cell.alignment = Alignment(wrap_text=True, vertical="center")
    return cell


def _plain_cell(sheet: Worksheet, value: object) -> BookCell:
    """A Decimal with its two decimals, anything else as text."""
    from openpyxl.cell import WriteOnlyCell

    if not isinstance(value, Decimal):
        return _text_cell(sheet, "" if value is None else str(value))
    cell = WriteOnlyCell(sheet, float(value))
    cell.number_format = "0.00"
    return cell


def _value_cell(sheet: Worksheet, column: Outlet, value: Value) -> BookCell:
    """Money and whole numbers as numbers to add up, everything else as text."""
    from openpyxl.cell import WriteOnlyCell

    spec = _spec(column)
    if spec is None or value is None or not isinstance(spec.kind, Money | Integer):
        return _text_cell(sheet, "" if value is None else spec.show(value) if spec else str(value))
    money = isinstance(spec.kind, Money)
    cell = WriteOnlyCell(sheet, int(value) / 100 if money else int(value))
    cell.number_format = MONEY_FORMAT if money else "0"
    return cell


def _template_column(sheet: Worksheet, lists: Worksheet, place: int, column: Outlet) -> None:
    """Heading with its hint, width, text format for the whole column, and the list to choose from."""
    from openpyxl.comments import Comment
    from openpyxl.styles import Alignment, Font, PatternFill

    name = letter(place)
    cell = sheet[f"{name}3"]
    cell.value, cell.font = _heading(column), Font(bold=True)
    cell.alignment = Alignment(wrap_text=True, vertical="center")
    cell.fill = PatternFill("solid", fgColor=_ESSENTIAL_FILL if _is_required(column) else _HEAD_FILL)
    if hint := _hint(column):
        cell.comment = Comment(hint, "jzdesk", height=120, width=260)
    dimension = sheet.column_dimensions[name]
    dimension.width = _width(column)
    if not isinstance(getattr(_spec(column), "kind", None), Money | Integer):
        dimension.number_format = TEXT_FORMAT
        for row in range(4, 204):  # a column's own format is ignored by WPS where a row has cells
            sheet[f"{name}{row}"].number_format = TEXT_FORMAT
    _offer_choices(sheet, lists, place, column)


def _offer_choices(sheet: Worksheet, lists: Worksheet, place: int, column: Outlet) -> None:
    """A list in the hidden sheet, and the rule that offers it; other spellings stay allowed, imports know them."""
    from openpyxl.worksheet.datavalidation import DataValidation

    choices = _choices(column)
    if not choices:
        return
    name = letter(place)
    for row, label in enumerate(choices, 1):
        lists[f"{name}{row}"] = label
    source = f"选项!${name}$1:${name}${len(choices)}"
    rule = DataValidation(type="list", formula1=source, allow_blank=True, errorStyle="warning")
    rule.error, rule.errorTitle = "这个内容不在列表里，导入时可能认不出。", _label(column)
    rule.add(f"{name}4:{name}{_TEMPLATE_ROWS}")
    sheet.add_data_validation(rule)


def _choices(column: Outlet) -> list[str]:
    """The labels to choose from; empty for fields that are typed."""
    items = getattr(getattr(_spec(column), "kind", None), "items", None)
    return [label for _, label in items()] if items is not None else []


def _hint(column: Outlet) -> str:
    """How the column is filled in: the field's own help, then what its kind needs."""
    spec = _spec(column)
    if spec is None:
        return ""
    parts = [spec.help] if spec.help else []
    if isinstance(spec.kind, Date):
        parts.append("写成 2025-09-10 或 20250910。")
    elif isinstance(spec.kind, Month):
        parts.append("写成 2025-09 或 202509。")
    elif isinstance(spec.kind, CitizenIdNumber | RollNumber | Account):
        parts.append("必须是文本格式；号码变成 4.31E+17 就已经丢失末位，要重新填写。")
    elif isinstance(spec.kind, Money):
        parts.append("以元为单位，最多两位小数。")
    elif _choices(column):
        parts.append("请从下拉列表中选择。")
    return "".join(parts)


def _explain(sheet: Worksheet, columns: Sequence[Outlet]) -> None:
    """The second sheet: every column with its rules and choices."""
    from openpyxl.styles import Alignment, Font

    sheet.append(["标题", "必填", "怎么填", "可选内容"])
    for column in columns:
        choices = _choices(column)
        shown = "、".join(choices[:60]) + ("……" if len(choices) > 60 else "")
        sheet.append([_label(column), "必填" if _is_required(column) else "", _hint(column), shown])
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for name, width in (("A", 24), ("B", 8), ("C", 50), ("D", 80)):
        sheet.column_dimensions[name].width = width
    for row in sheet.iter_rows(min_row=2):
        for cell in row:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
    sheet.freeze_panes = "A2"
