"""回执单: one page for a school whose receipt stick was lost, with what was taken in and a QR code to scan back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from jzdesk.printing.fonts import Role, naming
from jzdesk.printing.page import OFFICE, STANDARD, Grid, Row, blank, draw, labelled, paragraph, title
from jzdesk.printing.qr import draw_qr
from jzdesk.printing.table import Column, Look, cells_row, fitted, head_row
from jzdesk.printing.texts import form_text, long_date

if TYPE_CHECKING:
    from jzdesk.printing.pdf import Paper

_GRID = Grid(36, 32)
_QR, _LETTER, _PITCH = 130.0, 11.0, 19.0
_COLUMNS = (Column("数据包", 2), Column("结果", 2), Column("并入", 1), Column("说明", 5))
_MOST = 8


@dataclass(frozen=True)
class SlipSheet:
    """`lines` are those of the slip; `packages` (number, outcome, entries applied, sentence), the newest first."""

    county: str
    school: str
    number: int
    made_on: str
    lines: tuple[str, ...]
    packages: tuple[tuple[str, str, str, str], ...]
    left: int


def write_slip_sheet(path: Path, sheet: SlipSheet) -> int:
    """Writes the page as PDF and returns its pages (1); raises UserError naming the school, and StationFault."""
    from jzdesk.printing.pdf import Paper

    words = form_text("slip")
    paper = Paper(OFFICE.size, words["title"])
    with naming(sheet.school):
        y = draw(paper, _top(sheet, words), OFFICE.left, OFFICE.top)
        _code(paper, sheet, y - 12)
    paper.end_page()
    return paper.save(path)


def _top(sheet: SlipSheet, words: dict[str, str]) -> list[Row]:
    rows = [*title(words["title"], 22, OFFICE.width, STANDARD.pitch * 1.4), blank(6)]
    rows += labelled(words["school"], sheet.school, _GRID)
    rows += labelled(words["county"], sheet.county, _GRID)
    rows += labelled(words["number"], f"第 {sheet.number} 号　{long_date(sheet.made_on)}", _GRID)
    look = Look(size=9.5, row=19)
    columns = fitted(_COLUMNS, OFFICE.width)
    head = (head_row(columns, look),)
    rows += [blank(6), *head]
    rows += [cells_row(columns, cells, look, head) for cells in sheet.packages[:_MOST]]
    rows += [blank(8), *paragraph(words["left"].format(count=sheet.left), _GRID)]
    return [*rows, *paragraph(words["how"], _GRID)]


def _code(paper: Paper, sheet: SlipSheet, top: float) -> None:
    """The QR code, and the same letters to type when there is no scanner."""
    draw_qr(paper, "\n".join(sheet.lines), OFFICE.left, top - _QR, _QR)
    y = top - _PITCH
    for number, line in enumerate(sheet.lines, 1):
        groups = " ".join(line[at : at + 5] for at in range(0, len(line), 5))
        paper.text(OFFICE.left + _QR + 16, y, Role.SONG, _LETTER, f"{number}. {groups}")
        y -= _PITCH
