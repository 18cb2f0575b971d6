"""资助资金发放签领表 (form F3): landscape, totals of the page and of the batch, for the school's own files only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jzdesk.core.money import Fen, format_yuan, rmb_upper
from jzdesk.printing.fonts import Role, face
from jzdesk.printing.page import WIDE, Row, Text, baseline, blank, draw, height_of, page_of, paginate, title
from jzdesk.printing.table import Align, Column, Look, cells_row, fitted, head_row
from jzdesk.printing.texts import form_text, long_date, term_words

if TYPE_CHECKING:
    from jzdesk.printing.pdf import Paper

_LOOK = Look(size=9, row=24, rule=0.4)
_WIDTHS = (9, 16, 9, 25, 26, 16, 17, 17, 15, 28, 37, 25, 22, 13)
_MONEY = (5, 6, 7)


@dataclass(frozen=True)
class SignOffLine:
    """One payment. `bank_paid` prints 银行代发 in the signature cell; `receiver` is who takes it and the relation."""

    name: str
    sex: str
    class_name: str
    programme: str
    standard: Fen
    entitled: Fen
    paid: Fen
    account_name: str = ""
    bank: str = ""
    account: str = ""
    receiver: str = ""
    bank_paid: bool = False
    remark: str = ""


@dataclass(frozen=True)
class SignOffSheet:
    """A batch: `term` "2025-2026-1", `batch` its number or name, `made_on` an ISO date."""

    school: str
    term: str
    batch: str
    made_on: str
    lines: tuple[SignOffLine, ...]


def write_sign_off(path: Path, sheet: SignOffSheet) -> int:
    """Writes the sheet as PDF and returns its pages; raises UserError naming a pupil, and StationFault."""
    from jzdesk.printing.pdf import Paper

    words, columns = form_text("sign_off"), _columns()
    paper = Paper(WIDE.size, f"{sheet.school}签领表")
    pages = _pages(sheet, columns, words)
    for number, rows in enumerate(pages, 1):
        _page(paper, sheet, columns, rows, words)
        page_of(paper, WIDE, number, len(pages))
        paper.end_page()
    return paper.save(path)


def _columns() -> tuple[Column, ...]:
    headings = form_text("sign_off")["columns"]
    pairs = enumerate(zip(headings, _WIDTHS, strict=True))
    columns = [
        Column(heading, width, Align.RIGHT if number in _MONEY else Align.CENTRE) for number, (heading, width) in pairs
    ]
    return fitted(columns, WIDE.width)


def _pages(sheet: SignOffSheet, columns: Sequence[Column], words: dict[str, Any]) -> list[list[Row]]:
    """The rows of each page with its total; the last also with the grand total and the signatures."""
    head = head_row(columns, _LOOK)
    lines = [_line(number, line, columns, words) for number, line in enumerate(sheet.lines, 1)]
    closing = _closing(sheet, columns, words)
    room = WIDE.height - height_of(_top(sheet, words)) - head.height - _LOOK.row
    pages = paginate(lines, room)
    if height_of(pages[-1]) + height_of(closing) > room:
        pages.append([pages[-1].pop()] if len(pages[-1]) > 1 else [])
    totals = [_total(words["page_total"], page, columns, words) for page in pages]
    whole = [[head, *page, total] for page, total in zip(pages, totals, strict=True)]
    whole[-1] += closing
    return whole


def _page(paper: Paper, sheet: SignOffSheet, columns: Sequence[Column], rows: list[Row], words: Any) -> None:
    y = draw(paper, _top(sheet, words), WIDE.left, WIDE.top)
    draw(paper, rows, WIDE.left, y)
    mark, right = words["warning"], WIDE.left + WIDE.width
    width = face(Role.HEI).width(mark) * 11 + 12
    paper.box(right - width, WIDE.top - 19, width, 18, 1)
    paper.text(right - width + 6, WIDE.top - 14, Role.HEI, 11, mark)


def _top(sheet: SignOffSheet, words: dict[str, Any]) -> list[Row]:
    heading = words["title"].format(**term_words(sheet.term, words))
    size, pitch = 10.5, 20.0
    left = words["school"].format(school=sheet.school)
    middle = words["batch"].format(batch=sheet.batch)
    right = words["made_on"].format(date=long_date(sheet.made_on))
    measure = face(Role.SONG).width
    places = (0.0, (WIDE.width - measure(middle) * size) / 2, WIDE.width - measure(right) * size)
    marks = tuple(
        Text(x, baseline(size, pitch), Role.SONG, size, text)
        for x, text in zip(places, (left, middle, right), strict=True)
    )
    return [*title(heading, 18, WIDE.width, 32), Row(pitch, marks), blank(3)]


def _line(number: int, line: SignOffLine, columns: Sequence[Column], words: dict[str, Any]) -> Row:
    amounts = tuple(format_yuan(fen) for fen in (line.standard, line.entitled, line.paid))
    sign = words["bank_paid"] if line.bank_paid else ""
    person = (str(number), line.name, line.sex, line.class_name, line.programme)
    account = (line.account_name, line.bank, line.account, line.receiver)
    cells = (*person, *amounts, *account, sign, line.remark)
    return cells_row(columns, cells, _LOOK, label=line.name, weight=(_person(line), line.entitled, line.paid))


def _person(line: SignOffLine) -> int:
    """1 for a line that is one more person; a line that takes money back is nobody new."""
    return int(line.paid >= 0)


def _total(name: str, rows: Sequence[Row], columns: Sequence[Column], words: dict[str, Any]) -> Row:
    count, entitled, paid = (sum(row.weight[part] for row in rows) for part in range(3))
    return _sum_row(name, count, Fen(entitled), Fen(paid), columns, words)


def _sum_row(name: str, count: int, entitled: Fen, paid: Fen, columns: Sequence[Column], words: dict[str, Any]) -> Row:
    """A total: its name across the first columns, then the sums under their headings."""
    wide = sum(column.width for column in columns[:5])
    rest = sum(column.width for column in columns[8:])
    merged = (Column("", wide), *columns[5:8], Column("", rest, Align.LEFT))
    cells = (f"{name}（{words['people'].format(count=count)}）", "", format_yuan(entitled), format_yuan(paid), "")
    return cells_row(merged, cells, _LOOK, role=Role.HEI)


def _closing(sheet: SignOffSheet, columns: Sequence[Column], words: dict[str, Any]) -> list[Row]:
    entitled = Fen(sum(line.entitled for line in sheet.lines))
    paid = Fen(sum(line.paid for line in sheet.lines))
    total = _sum_row(words["grand_total"], sum(map(_person, sheet.lines)), entitled, paid, columns, words)
    upper = words["upper"].format(amount=rmb_upper(paid))
    across = (Column("", WIDE.width, Align.LEFT),)
    return [
        total,
        cells_row(across, (upper,), _LOOK, role=Role.HEI),
        blank(6),
        _signatures(words),
        _note(words["warning_line"]),
    ]


def _signatures(words: dict[str, Any]) -> Row:
    step, size, pitch = WIDE.width / len(words["signatures"]), 11, 26
    marks = tuple(
        Text(number * step, baseline(size, pitch), Role.SONG, size, text)
        for number, text in enumerate(words["signatures"])
    )
    return Row(pitch, marks)


def _note(text: str) -> Row:
    return Row(16, (Text(0, baseline(9, 16), Role.KAI, 9, text),))
