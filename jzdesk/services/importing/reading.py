"""Reads every sheet of a workbook that has the heading of a kind, and tells what was left unread."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from jzdesk.core.errors import UserError
from jzdesk.services.importing.choosing import SheetChoice, chosen
from jzdesk.services.importing.kinds import ImportKind
from jzdesk.services.importing.pace import Pace
from jzdesk.sheets.cells import Book, Sheet
from jzdesk.sheets.columns import Column
from jzdesk.sheets.heading import Heading, find_heading, find_sheet
from jzdesk.sheets.mapping import SheetRow, read_rows
from jzdesk.sheets.reader import open_book

Found = tuple[Sheet, Heading]


class Workbook:
    """The rows that want to be records, in order, and notes about everything else that stands in the file.

    `titles` are the texts above the headings with the names of the sheets, `headings` the headings as written.
    Without `choices` every sheet with a heading that is understood is read.
    """

    def __init__(self, path: Path, kind: ImportKind, pace: Pace, choices: Sequence[SheetChoice] | None = None) -> None:
        book = open_book(path)
        columns = kind.columns()
        found = _sheets(book, columns, kind.groups) if choices is None else chosen(book, choices, kind)
        self.rows: list[SheetRow] = []
        self.notes = [*book.notes, *_unread_sheets(book, found)]
        self.titles = [title for sheet, heading in found for title in _titles(sheet, heading)]
        self.headings = [text for _, heading in found for text in heading.texts if text]
        self.several_sheets = len(found) > 1
        pace.begin(sum(len(sheet.rows) - heading.last for sheet, heading in found))
        for sheet, heading in found:
            self._read(sheet, heading, columns, pace)

    def _read(self, sheet: Sheet, heading: Heading, columns: Sequence[Column], pace: Pace) -> None:
        where = f"工作表“{sheet.name}”" if self.several_sheets else ""
        if heading.unmapped:
            self.notes.append(f"{where}这些列没有读取：{'、'.join(heading.unmapped)}")
        self.notes += [f"{where}{text}" for text in heading.doubled]
        for row in pace.over(read_rows(sheet, heading, columns)):
            if row.skipped:
                self.notes.append(f"{where}第 {row.number} 行是{row.skipped}，没有当作记录读取")
            else:
                self.rows.append(row)


def _sheets(book: Book, columns: Sequence[Column], groups: Sequence[Sequence[str]]) -> list[Found]:
    """Every visible sheet with a heading; when there is none, what `find_sheet` finds (or says)."""
    found: list[Found] = []
    for sheet in book.sheets:
        if not sheet.hidden and not sheet.is_blank():
            try:
                found.append((sheet, find_heading(sheet.rows, columns, groups)))
            except UserError:
                continue
    return found or [find_sheet(book, columns, groups)]


def _titles(sheet: Sheet, heading: Heading) -> list[str]:
    """What stands above the heading, and what the sheet is called."""
    above = [cell for row in sheet.rows[: heading.row - 1] for cell in row if isinstance(cell, str) and cell.strip()]
    return [*above, sheet.name]


def _unread_sheets(book: Book, found: Sequence[Found]) -> list[str]:
    """Sheets that hold something and were not read."""
    names = {sheet.name for sheet, _ in found}
    return [
        f"工作表“{sheet.name}”{'是隐藏的' if sheet.hidden else '没有认得出的表头，或没有选中'}，没有读取"
        for sheet in book.sheets
        if sheet.name not in names and not sheet.is_blank()
    ]
