"""转学用纸, one page each: what the old school hands over, what the county rules, what the new school has received."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jzdesk.printing.fonts import Role, naming
from jzdesk.printing.page import OFFICE, STANDARD, Grid, Row, blank, draw, height_of, labelled, paragraph, title
from jzdesk.printing.table import Align, Column, Look, cells_row, fitted
from jzdesk.printing.texts import form_text, long_date

if TYPE_CHECKING:
    from jzdesk.printing.pdf import Paper

REQUEST, RULING, RECEIPT = "request", "ruling", "receipt"
_GRIDS = (Grid(34, 30), Grid(36, 34), Grid(40, 40))
_LOOKS = (Look(size=10.5, row=23), Look(size=10, row=20), Look(size=9, row=17))
_FACTS = (Column("", 22), Column("", 78, Align.LEFT))
_SIGNATURES = (Column("", 22), Column("", 30), Column("", 48, Align.LEFT))
_DATED = "　　　　　　　　　年　　月　　日"


@dataclass(frozen=True)
class TransferSheet:
    """`kind` is REQUEST, RULING or RECEIPT; `facts` are (label, text), sensitive numbers masked already."""

    kind: str
    child: str
    from_name: str
    to_name: str
    made_on: str
    facts: tuple[tuple[str, str], ...]


def write_transfer(path: Path, sheet: TransferSheet) -> int:
    """Writes the page as PDF and returns its pages (1); raises UserError naming the child, and StationFault."""
    from jzdesk.printing.pdf import Paper

    words = form_text("transfer")
    paper = Paper(OFFICE.size, f"{words[sheet.kind]['title']}{sheet.child}")
    with naming(sheet.child):
        _draw(paper, sheet, words)
    paper.end_page()
    return paper.save(path)


def _draw(paper: Paper, sheet: TransferSheet, words: dict[str, Any]) -> None:
    """In the largest type with which it keeps to its page."""
    for grid, look in zip(_GRIDS, _LOOKS, strict=True):
        rows = _rows(sheet, words, grid, look)
        if height_of(rows) <= OFFICE.height or grid is _GRIDS[-1]:
            draw(paper, rows, OFFICE.left, OFFICE.top)
            return


def _rows(sheet: TransferSheet, words: dict[str, Any], grid: Grid, look: Look) -> list[Row]:
    own = words[sheet.kind]
    rows = [*title(own["title"], 22, OFFICE.width, STANDARD.pitch * 1.3), blank(4)]
    for name, text in (("from", sheet.from_name), ("to", sheet.to_name), ("made_on", long_date(sheet.made_on))):
        rows += labelled(words[name], text, grid)
    facts = fitted(_FACTS, OFFICE.width)
    rows += [blank(6), *(cells_row(facts, fact, look) for fact in sheet.facts), blank(8)]
    rows += [*paragraph(own["closing"], grid), blank(8)]
    signing = fitted(_SIGNATURES, OFFICE.width)
    high = Look(size=look.size, row=look.row * 1.9, role=Role.SONG)
    return [*rows, *(cells_row(signing, (*who, _DATED), high) for who in own["signatures"])]
