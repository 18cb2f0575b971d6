"""A copy of the person's own workbook in which every fault is marked, with what to do about it beside the row."""

from __future__ import annotations

import io
import warnings
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from jzdesk.core.errors import UserError
from jzdesk.sheets.cells import letter
from jzdesk.sheets.columns import REMEDY_HEADING
from jzdesk.sheets.files import read_fault, write_whole
from jzdesk.sheets.mapping import Fault
from jzdesk.sheets.reader import open_book
from jzdesk.sheets.values import value_copy
from jzdesk.sheets.writer import clean, save_bytes, sheet_name

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.cell import Cell as BookCell
    from openpyxl.cell import MergedCell
    from openpyxl.worksheet.worksheet import Worksheet

_LIGHT_RED = "FFFFD9D9"
_ADVICE_WIDTH = 60.0
# What openpyxl raises for workbooks that Excel opens all the same; their values are copied instead.
_LOAD_FAULTS = (KeyError, ValueError, TypeError, AttributeError, IndexError, zipfile.BadZipFile)


def annotated_copy(source: Path, target: Path, faults: Sequence[Fault]) -> Path:
    """Write `target` (.xlsx): a copy of `source` with faulty cells in light red and a last column 问题与改法.

    An .xlsx keeps the person's formatting; of .xls and .csv, which cannot be written, the values are copied (numbers
    of people as text). Row numbers stay as they are, so that the copy can be corrected and imported again. Returns
    the path written (with the suffix .xlsx). Raises UserError when the source cannot be read any more or is the
    target, StationFault when the copy cannot be written.
    """
    target = target.with_suffix(".xlsx")
    if source.resolve() == target.resolve():
        remedy = "请给带批注的副本换一个名字或文件夹。"
        raise UserError("副本不能覆盖原来的工作簿", remedy, source.name)
    book = open_book(source)
    copy = _own_copy(source) if book.form == "xlsx" else None
    copy = copy or value_copy(book)
    renamed = dict(zip(book.names, (sheet_name(name) for name in book.names), strict=True))
    for name, found in _by_sheet(faults).items():
        sheet = name if name in copy.sheetnames else renamed.get(name, "")
        if sheet in copy.sheetnames:
            _annotate(copy[sheet], found)
    _summarise(copy, faults)
    write_whole(target, save_bytes(copy, target))
    return target


def _own_copy(source: Path) -> Workbook | None:
    """The workbook with its formatting; None when openpyxl cannot load it."""
    from openpyxl import load_workbook

    try:
        content = io.BytesIO(source.read_bytes())
    except OSError as error:
        raise read_fault(error, source) from error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # extensions it leaves out, such as slicers
        try:
            return load_workbook(content)
        except _LOAD_FAULTS:
            return None


def _by_sheet(faults: Iterable[Fault]) -> dict[str, list[Fault]]:
    found: dict[str, list[Fault]] = defaultdict(list)
    for fault in faults:
        found[fault.sheet].append(fault)
    return found


def _annotate(sheet: Worksheet, faults: Sequence[Fault]) -> None:
    """Mark the cells of one sheet and write the advice beside each row."""
    heading_row = faults[0].heading_row
    column = _advice_column(sheet, heading_row)
    _clear_older(sheet, column, heading_row)
    if heading_row:  # a list without headings has no row for ours
        _write_text(sheet, heading_row, column, REMEDY_HEADING, bold=True)
    _show_column(sheet, column)
    for row, found in _by_row(faults).items():
        for fault in found:
            if fault.column >= 0:
                _redden(sheet.cell(row, fault.column + 1))
        _write_text(sheet, row, column, "\n".join(_advice(fault) for fault in found), red=True)


def _show_column(sheet: Worksheet, column: int) -> None:
    """Wide and in sight, also where the person has hidden everything to the right of the list."""
    dimensions = sheet.column_dimensions
    for own in list(dimensions.values()):
        if own.min is not None and own.max is not None and own.min < column <= own.max:
            own.max = column - 1
    mine = dimensions[letter(column - 1)]
    mine.min = mine.max = column
    mine.width, mine.hidden = _ADVICE_WIDTH, False


def _by_row(faults: Iterable[Fault]) -> Mapping[int, list[Fault]]:
    found: dict[int, list[Fault]] = defaultdict(list)
    for fault in faults:
        found[fault.row].append(fault)
    return found


def _advice(fault: Fault) -> str:
    name = fault.heading or fault.label
    return f"“{name}”：{fault.advice()}" if name else fault.advice()


def _advice_column(sheet: Worksheet, heading_row: int) -> int:
    """The column of an older annotation, or the one behind the last that holds anything (1-based)."""
    for cell in sheet[heading_row] if heading_row else ():
        if cell.value == REMEDY_HEADING:
            return int(cell.column)
    filled = (cell.column for row in sheet.iter_rows() for cell in row if cell.value is not None)
    merged = (area.max_col for area in sheet.merged_cells.ranges)
    last: int = max([0, *filled, *merged])
    return last + 1


def _clear_older(sheet: Worksheet, column: int, heading_row: int) -> None:
    """Take away what an earlier annotated copy left, which the person has corrected meanwhile."""
    from openpyxl.styles import PatternFill

    for row in sheet.iter_rows(max_col=column):
        for cell in row:
            if cell.has_style and cell.fill.fgColor.rgb == _LIGHT_RED:
                cell.fill = PatternFill()
    if heading_row and sheet.cell(heading_row, column).value == REMEDY_HEADING:
        for at in range(1, sheet.max_row + 1):
            sheet.cell(at, column).value = None


def _redden(cell: BookCell | MergedCell) -> None:
    from openpyxl.styles import PatternFill

    cell.fill = PatternFill("solid", fgColor=_LIGHT_RED)


def _write_text(sheet: Worksheet, row: int, column: int, text: str, *, bold: bool = False, red: bool = False) -> None:
    from openpyxl.styles import Alignment, Font

    cell = sheet.cell(row, column)
    cell.value = clean(text)
    cell.data_type = "s"
    cell.font = Font(bold=bold, color="FFB00020" if red or bold else None)
    cell.alignment = Alignment(wrap_text=True, vertical="top")
    if red:
        _redden(cell)


def _summarise(book: Workbook, faults: Sequence[Fault]) -> None:
    """One line in the first row of the first sheet, beside the title; no row is moved for it."""
    rows = len({(fault.sheet, fault.row) for fault in faults})
    text = (
        f"共 {rows} 行有问题，未导入；红色是有问题的单元格，原因和改法写在“{REMEDY_HEADING}”一列。"
        "改好后保存，直接再导入本文件即可，已导入的行不会重复。"
    )
    first = book.worksheets[0]
    heading_row = next((fault.heading_row for fault in faults if fault.sheet == first.title), 1)
    column = _advice_column(first, heading_row)
    if first.cell(1, column).value == REMEDY_HEADING:
        column += 1  # the heading itself stands in the first row
    _write_text(first, 1, column, text, bold=True)
