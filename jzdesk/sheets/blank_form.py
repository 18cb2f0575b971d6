"""Blank forms of our own: title, one or two heading rows, bordered rows to fill, a line of totals, notes below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from jzdesk.sheets.cells import letter
from jzdesk.sheets.writer import TEXT_FORMAT, lay_out, save_bytes, sheet_name

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.styles import Border
    from openpyxl.worksheet.worksheet import Worksheet

_HEAD_FILL = "FFE8EEF3"
_HEADING_ROW = 3


@dataclass(frozen=True, slots=True)
class BlankColumn:
    """One column: `group` stands above neighbours of the same group; `choices` become a list to choose from.

    `format` is the number format of its cells; all but text stands on the right.
    """

    heading: str
    group: str = ""
    width: float = 12
    choices: tuple[str, ...] = ()
    format: str = TEXT_FORMAT


@dataclass(frozen=True, slots=True)
class BlankForm:
    """A form: `rows` empty ones; `total` is the label of the last line; `foot` are lines below it."""

    title: str
    note: str
    columns: Sequence[BlankColumn]
    rows: int
    total: str = ""
    total_span: int = 1
    foot: Sequence[str] = ()


def blank_form(form: BlankForm, path: Path) -> bytes:
    """The form as a workbook; `path` names it should the machine fail. Raises StationFault."""
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = sheet_name(form.title)
    _title(sheet, form)
    last = _headings(sheet, form.columns)
    _rows(sheet, form, last)
    _choices(book, sheet, form, last)
    sheet.freeze_panes = f"B{last + 1}"
    lay_out(sheet, [column.width for column in form.columns], f"1:{last}")
    sheet.print_title_cols = "A:A"
    return save_bytes(book, path)


def _title(sheet: Worksheet, form: BlankForm) -> None:
    from openpyxl.styles import Alignment, Font

    end = letter(min(len(form.columns), 16) - 1)
    for row, text, font, side in ((1, form.title, Font(bold=True, size=16), "center"), (2, form.note, Font(), "left")):
        sheet.merge_cells(f"A{row}:{end}{row}")
        cell = sheet[f"A{row}"]
        cell.value, cell.font = text, font
        cell.alignment = Alignment(horizontal=side, vertical="center", wrap_text=True)
    sheet.row_dimensions[1].height, sheet.row_dimensions[2].height = 28, 34


def _headings(sheet: Worksheet, columns: Sequence[BlankColumn]) -> int:
    """Heading cells; returns the last heading row."""
    grouped = any(column.group for column in columns)
    last = _HEADING_ROW + grouped
    for place, column in enumerate(columns, 1):
        top = column.group if grouped and column.group else column.heading
        _head_cell(sheet, _HEADING_ROW, place, top)
        if grouped:
            _head_cell(sheet, last, place, column.heading if column.group else "")
            if not column.group:
                sheet.merge_cells(start_row=_HEADING_ROW, end_row=last, start_column=place, end_column=place)
    for group, members in groupby(enumerate(columns, 1), lambda pair: pair[1].group):
        places = [place for place, _ in members]
        if group and len(places) > 1:
            sheet.merge_cells(
                start_row=_HEADING_ROW, end_row=_HEADING_ROW, start_column=places[0], end_column=places[-1]
            )
    sheet.row_dimensions[last].height = 34
    return last


def _head_cell(sheet: Worksheet, row: int, column: int, text: str) -> None:
    from openpyxl.styles import Alignment, Font, PatternFill

    cell = sheet.cell(row, column)
    if text:
        cell.value = text
    cell.font, cell.fill, cell.border = Font(bold=True), PatternFill("solid", fgColor=_HEAD_FILL), _border()
    cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)


def _border() -> Border:
    from openpyxl.styles import Border, Side

    side = Side(style="thin", color="FF9AA7A1")
    return Border(left=side, right=side, top=side, bottom=side)


def _rows(sheet: Worksheet, form: BlankForm, last: int) -> None:
    """Empty bordered rows, the line of totals, the foot."""
    from openpyxl.styles import Alignment, Font

    border, end = _border(), last + form.rows
    for row in range(last + 1, end + 1 + bool(form.total)):
        for place, column in enumerate(form.columns, 1):
            cell = sheet.cell(row, place)
            cell.border = border
            cell.number_format = column.format
            side = "left" if column.format == TEXT_FORMAT else "right"
            cell.alignment = Alignment(horizontal=side, vertical="center")
    if form.total:
        end += 1
        sheet.cell(end, 1).value = form.total
        sheet.cell(end, 1).font = Font(bold=True)
        sheet.merge_cells(start_row=end, end_row=end, start_column=1, end_column=form.total_span)
    for number, text in enumerate(form.foot, end + 1):
        sheet.merge_cells(start_row=number, end_row=number, start_column=1, end_column=min(len(form.columns), 16))
        sheet.cell(number, 1).value = text
        sheet.cell(number, 1).alignment = Alignment(wrap_text=True, vertical="center")
        sheet.row_dimensions[number].height = 30


def _choices(book: Workbook, sheet: Worksheet, form: BlankForm, last: int) -> None:
    """Lists to choose from, on a hidden sheet; other spellings stay allowed."""
    from openpyxl.worksheet.datavalidation import DataValidation

    offered = [(place, column.choices) for place, column in enumerate(form.columns) if column.choices]
    if not offered:
        return
    lists = book.create_sheet("选项")
    lists.sheet_state = "hidden"
    for at, (place, choices) in enumerate(offered):
        for row, text in enumerate(choices, 1):
            lists.cell(row, at + 1).value = text
        source = f"选项!${letter(at)}$1:${letter(at)}${len(choices)}"
        rule = DataValidation(type="list", formula1=source, allow_blank=True, errorStyle="warning")
        rule.add(f"{letter(place)}{last + 1}:{letter(place)}{last + form.rows}")
        sheet.add_data_validation(rule)
