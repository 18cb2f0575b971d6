"""A plain titled table that any page can print, upright or across."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from jzdesk.printing.fonts import Role, face
from jzdesk.printing.page import (
    A4,
    MM,
    WIDE,
    Frame,
    Row,
    Text,
    baseline,
    blank,
    draw,
    page_of,
    paginate,
    tied,
    title,
)
from jzdesk.printing.table import Align, Column, Look, cells_row, fitted, head_row

__all__ = ["Align", "Column", "TableSheet", "write_table"]

UPRIGHT = Frame(A4, 20 * MM, A4[1] - 20 * MM, 170 * MM, 250 * MM)


@dataclass(frozen=True)
class TableSheet:
    """A report: `columns` with relative widths, `rows` of as many cells, lines above (left, right) and below."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    left: str = ""
    right: str = ""
    notes: tuple[str, ...] = ()
    totals: tuple[str, ...] | None = None
    landscape: bool = False
    size: float = 10.5


def write_table(path: Path, sheet: TableSheet) -> int:
    """Writes the report as PDF and returns its pages; a UserError names the first cell of the row it fails on."""
    from jzdesk.printing.pdf import Paper

    frame = WIDE if sheet.landscape else UPRIGHT
    paper = Paper(frame.size, sheet.title)
    pages = paginate(_rows(sheet, frame), frame.height)
    for number, rows in enumerate(pages, 1):
        draw(paper, rows, frame.left, frame.top)
        page_of(paper, frame, number, len(pages))
        paper.end_page()
    return paper.save(path)


def _rows(sheet: TableSheet, frame: Frame) -> list[Row]:
    look = Look(size=sheet.size, row=sheet.size * 2)
    columns = fitted(sheet.columns, frame.width)
    head = (head_row(columns, look),)
    rows = [*title(sheet.title, 18, frame.width, 30), _edges(sheet, frame), *head]
    rows += [cells_row(columns, cells, look, head, label=_label(cells)) for cells in sheet.rows]
    below: list[Row] = []
    if sheet.totals is not None:
        below.append(cells_row(columns, sheet.totals, look, head, role=Role.HEI, keep=bool(sheet.notes)))
    if sheet.notes:
        below += [blank(4, keep=True), *(_note(text) for text in sheet.notes)]
    return [*(tied(rows, 1) if below else rows), *below]


def _label(cells: tuple[str, ...]) -> str:
    return " ".join(filter(None, cells[:2]))


def _edges(sheet: TableSheet, frame: Frame) -> Row:
    size, pitch = 10.5, 20.0
    down = baseline(size, pitch)
    at_right = frame.width - face(Role.SONG).width(sheet.right) * size
    marks = [Text(0, down, Role.SONG, size, sheet.left), Text(at_right, down, Role.SONG, size, sheet.right)]
    return Row(pitch, tuple(mark for mark in marks if mark.text), keep=True)


def _note(text: str) -> Row:
    return Row(16, (Text(0, baseline(9.5, 16), Role.KAI, 9.5, text),))
