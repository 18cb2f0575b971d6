"""恢复钥匙单: one sheet with the key in groups of four, a QR code, and how to keep it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jzdesk.printing.fonts import Role, face, naming
from jzdesk.printing.page import (
    OFFICE,
    STANDARD,
    Grid,
    Row,
    Text,
    baseline,
    blank,
    draw,
    labelled,
    paragraph,
    title,
)
from jzdesk.printing.qr import draw_qr
from jzdesk.printing.texts import form_text, long_date

if TYPE_CHECKING:
    from jzdesk.printing.pdf import Paper

_GRID = Grid(32, 27)
_KEY_SIZE, _KEY_STEP, _KEY_PITCH, _GROUPS_A_LINE = 19.0, 14.5, 36.0, 4
_QR, _LEAD = 110.0, 20.0


@dataclass(frozen=True)
class RecoverySheet:
    """`key` in any grouping; blanks and hyphens are ignored. `made_on` is an ISO date.

    `form` names the texts. `lead` stands before the first group and `code` in the QR code, when they are more than the
    key; `mark` tells sheets of one station apart.
    """

    station: str
    key: str
    made_on: str
    qr: bool = True
    form: str = "recovery"
    lead: str = ""
    mark: str = ""
    code: str = ""

    @property
    def groups(self) -> list[str]:
        """The key four characters at a time."""
        plain = "".join(character for character in self.key if character.isalnum())
        return [plain[start : start + 4] for start in range(0, len(plain), 4)]


def write_recovery(path: Path, sheet: RecoverySheet) -> int:
    """Writes the sheet as PDF and returns its pages (1); raises UserError naming the station, and StationFault."""
    from jzdesk.printing.pdf import Paper

    words = form_text(sheet.form)
    paper = Paper(OFFICE.size, words["title"])
    with naming(sheet.station):
        y = draw(paper, _top(sheet, words), OFFICE.left, OFFICE.top)
        y = _key_box(paper, sheet, y)
        draw(paper, _advice(words), OFFICE.left, y)
    paper.end_page()
    return paper.save(path)


def _top(sheet: RecoverySheet, words: dict[str, Any]) -> list[Row]:
    rows = [*title(words["title"], 26, OFFICE.width, STANDARD.pitch * 1.5), blank(_GRID.pitch * 0.5)]
    rows += labelled(words["station"], sheet.station, _GRID)
    rows += labelled(words["made_on"], long_date(sheet.made_on), _GRID)
    if sheet.mark:
        rows += labelled(words["mark"], sheet.mark, _GRID)
    return [*rows, blank(_GRID.pitch * 0.5)]


def _key_box(paper: Paper, sheet: RecoverySheet, top: float) -> float:
    """A frame with the key and its QR code; returns where it ends."""
    groups = sheet.groups
    lines = [groups[at : at + _GROUPS_A_LINE] for at in range(0, len(groups), _GROUPS_A_LINE)]
    height = max(len(lines) * _KEY_PITCH, _QR if sheet.qr else 0) + 58 + (_LEAD if sheet.lead else 0)
    paper.box(OFFICE.left, top - height, OFFICE.width, height, 1.2)
    paper.text(OFFICE.left + 14, top - 26, Role.HEI, 12, form_text(sheet.form)["key_heading"])
    y = top - 40
    if sheet.lead:
        y -= _LEAD
        paper.text(OFFICE.left + 24, y + 4, Role.SONG, 13, sheet.lead)
    for line in lines:
        y -= _KEY_PITCH
        for place, group in enumerate(line):
            for number, character in enumerate(group):
                x = OFFICE.left + 24 + place * 71 + number * _KEY_STEP
                paper.centred(x, y + 10, Role.SONG, _KEY_SIZE, character)
    if sheet.qr:
        draw_qr(paper, sheet.code or "-".join(groups), OFFICE.left + OFFICE.width - _QR - 14, top - 44 - _QR, _QR)
    return top - height - _GRID.pitch * 0.6


def _advice(words: dict[str, Any]) -> list[Row]:
    rows = [*paragraph(words["advice_heading"], _GRID, Role.HEI)]
    for number, text in enumerate(words["advice"], 1):
        rows += paragraph(f"{number}. {text}", _GRID)
    keeper, date = words["keeper"], words["kept_on"]
    at_right = OFFICE.width - (face(Role.BODY).width(date) + 2) * _GRID.size
    down = baseline(_GRID.size, _GRID.pitch * 2)
    marks = (
        Text(2 * _GRID.size, down, Role.BODY, _GRID.size, keeper),
        Text(at_right, down, Role.BODY, _GRID.size, date),
    )
    return [*rows, blank(_GRID.pitch * 0.5), Row(_GRID.pitch * 2, marks)]
