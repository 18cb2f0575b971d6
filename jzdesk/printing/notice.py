"""公示 (form F4): only name, grade and class are printed, for the sheet has no field for anything else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jzdesk.printing.fonts import Role, face
from jzdesk.printing.page import (
    OFFICE,
    STANDARD,
    Grid,
    Row,
    blank,
    draw,
    ended,
    office_number,
    paginate,
    paragraph,
    tied,
    title,
)
from jzdesk.printing.table import Column, Look, cells_row, fitted, head_row
from jzdesk.printing.texts import form_text, long_date, term_words

_TWO_ABREAST_FROM = 11  # a longer list stands in two sets of columns, so that it hangs on one sheet
_LOOK = Look(size=12, row=24)
_GRIDS = (STANDARD, Grid(29, 24), Grid(30, 26), Grid(31, 28))  # smaller only where that saves a page


@dataclass(frozen=True)
class NoticePupil:
    """The three columns a posted notice may show (教财厅函〔2017〕28号)."""

    name: str
    grade: str
    class_name: str


@dataclass(frozen=True)
class NoticeSheet:
    """One notice. Dates are ISO; `days` are the working days of the period, counted from the day after posting."""

    school: str
    term: str
    programme: str
    pupils: tuple[NoticePupil, ...]
    begins: str
    ends: str
    days: int
    posted: str
    address: str
    phone: str
    bureau: str
    bureau_phone: str


def write_notice(path: Path, sheet: NoticeSheet) -> int:
    """Writes the notice as PDF and returns its pages; raises UserError naming a pupil, and StationFault."""
    from jzdesk.printing.pdf import Paper

    paper = Paper(OFFICE.size, f"{sheet.school}公示")
    pages = _pages(sheet)
    for number, rows in enumerate(pages, 1):
        draw(paper, rows, OFFICE.left, OFFICE.top)
        if len(pages) > 1:
            office_number(paper, number)
        paper.end_page()
    return paper.save(path)


def _pages(sheet: NoticeSheet) -> list[list[Row]]:
    """On one page the list is read downwards; on several across, so that each page goes on from the last."""
    grid = min(_GRIDS, key=lambda grid: len(paginate(_rows(sheet, grid, downwards=True), OFFICE.height)))
    pages = paginate(_rows(sheet, grid, downwards=True), OFFICE.height)
    return pages if len(pages) == 1 else paginate(_rows(sheet, grid, downwards=False), OFFICE.height)


def _rows(sheet: NoticeSheet, grid: Grid, downwards: bool) -> list[Row]:
    words = form_text("notice")
    rows = list(title(_title(sheet, words), 22, OFFICE.width, grid.pitch * 1.25))
    rows += [blank(grid.pitch * 0.6), *paragraph(words["opening"].format(count=len(sheet.pupils)), grid)]
    rows += paragraph(_period(sheet, words), grid)
    accept = words["accept"].format(phone=sheet.phone, school=sheet.school, address=sheet.address)
    supervise = words["supervise"].format(phone=sheet.bureau_phone, bureau=sheet.bureau)
    rows += paragraph(accept, grid, lead=words["accept_label"], lead_role=Role.HEI)
    rows += paragraph(supervise, grid, lead=words["supervise_label"], lead_role=Role.HEI)
    rows += [*paragraph(words["list_label"], grid, Role.HEI, keep=True), *_list(sheet, words, downwards)]
    return [*tied(rows, 2), *_closing(sheet, grid)]


def _title(sheet: NoticeSheet, words: dict[str, Any]) -> str:
    text: str = words["title"].format(programme=sheet.programme, **term_words(sheet.term, words))
    return text


def _period(sheet: NoticeSheet, words: dict[str, Any]) -> str:
    begins, ends = long_date(sheet.begins), long_date(sheet.ends)
    return str(words["period"].format(begins=begins, ends=ends, days=sheet.days))


def _list(sheet: NoticeSheet, words: dict[str, Any], downwards: bool) -> list[Row]:
    """The head and the rows of the list, two pupils abreast when it is long."""
    abreast = 2 if len(sheet.pupils) >= _TWO_ABREAST_FROM else 1
    columns = fitted([Column(heading, 1) for heading in words["columns"]] * abreast, OFFICE.width)
    head = (head_row(columns, _LOOK),)
    length = -(-len(sheet.pupils) // abreast)
    rows = [*head]
    for line in range(length):
        start = line * abreast
        side_by_side = sheet.pupils[line::length] if downwards else sheet.pupils[start : start + abreast]
        cells = [cell for pupil in side_by_side for cell in (pupil.name, pupil.grade, pupil.class_name)]
        cells += [""] * (len(columns) - len(cells))
        label = "、".join(pupil.name for pupil in side_by_side)
        rows.append(cells_row(columns, cells, _LOOK, head, label))
    return rows


def _closing(sheet: NoticeSheet, grid: Grid) -> list[Row]:
    """The school above its date, centred on each other, room around them for the seal (reference §6.1)."""
    date = long_date(sheet.posted)
    measure = face(Role.BODY).width
    wider = measure(sheet.school) - measure(date)
    right = max(4 - wider / 2, 0.0) if wider > 0 else 4 - wider / 2
    rows = [blank(grid.pitch * 1.2, keep=True), ended(sheet.school, right, grid, keep=True)]
    return [*rows, ended(date, max(4.0, right + wider / 2), grid)]
