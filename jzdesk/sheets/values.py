"""The values of a workbook in a new one: what is left of a format that cannot be written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jzdesk.sheets.cells import Book, Cell, Sheet, holds, letter, shown
from jzdesk.sheets.writer import TEXT_FORMAT, clean, sheet_name

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.cell import Cell as BookCell
    from openpyxl.cell import MergedCell


def value_copy(book: Book) -> Workbook:
    """The values and merged areas in a new workbook: text stays text, so that long numbers keep their digits."""
    from openpyxl import Workbook

    copy = Workbook()
    copy.remove(copy.worksheets[0])
    for sheet in book.sheets:
        page = copy.create_sheet(sheet_name(sheet.name))
        for at, row in enumerate(sheet.rows, 1):
            for column, value in enumerate(row, 1):
                if holds(value):
                    _put(page.cell(at, column), value)
        for column, width in _widths(sheet).items():
            page.column_dimensions[letter(column)].width = min(40.0, width * 1.3 + 3)
        for top, left, bottom, right in sheet.merged:
            page.merge_cells(start_row=top + 1, start_column=left + 1, end_row=bottom + 1, end_column=right + 1)
    return copy


def _put(cell: BookCell | MergedCell, value: Cell) -> None:
    cell.value = clean(value) if isinstance(value, str) else value
    if isinstance(value, str):
        cell.data_type, cell.number_format = "s", TEXT_FORMAT


def _widths(sheet: Sheet) -> dict[int, int]:
    """The longest text of each 0-based column; what is merged sideways says nothing about one column."""
    sideways = {(top, left) for top, left, _, right in sheet.merged if right > left}
    widths: dict[int, int] = {}
    for at, row in enumerate(sheet.rows):
        for column, value in enumerate(row):
            if holds(value) and (at, column) not in sideways:
                widths[column] = max(widths.get(column, 0), len(shown(value)))
    return widths
