"""责任状 and 帮扶责任书 (form F1): one page whatever the names, several pupils on an attached list."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jzdesk.core.errors import UserError
from jzdesk.printing.fonts import Role, naming
from jzdesk.printing.page import (
    OFFICE,
    STANDARD,
    Grid,
    Row,
    Text,
    baseline,
    blank,
    draw,
    ended,
    height_of,
    instructions,
    labelled,
    office_number,
    paginate,
    paragraph,
    title,
)
from jzdesk.printing.table import Align, Column, Look, cells_row, fitted, head_row
from jzdesk.printing.texts import form_text, long_date, ordinal, year_span

if TYPE_CHECKING:
    from jzdesk.printing.pdf import Paper

_TIGHTER = ((29, 24), (30, 26), (31, 27), (32, 28), (33, 29), (35, 31), (37, 33), (40, 36))
GRIDS = (STANDARD, *(Grid(characters, lines) for characters, lines in _TIGHTER))


@dataclass(frozen=True)
class Target:
    """One line of the yearly targets: what, how much, how it is checked."""

    indicator: str
    target: str
    assessment: str = ""


@dataclass(frozen=True)
class Duty:
    """One duty: its name, and what it asks."""

    lead: str
    text: str


@dataclass(frozen=True)
class PledgePupil:
    """A pupil named on a pledge; no field of a notice-forbidden kind is ever printed here."""

    name: str
    grade: str = ""
    class_name: str = ""
    sex: str = ""
    remark: str = ""


@dataclass(frozen=True)
class PledgeSheet:
    """One pledge. `level` names a section of resources/forms/pledge.toml, whose words fill what is None.

    `year` is a school year "2025-2026" or a year "2026"; `begins`, `ends` and `signed` are ISO dates, `signed`
    None leaves the date open. `persons` are 负责人 of party A and 责任人 of party B, "" leaves them to be written.
    """

    number: str
    year: str
    party_a: str
    person_a: str
    party_b: str
    person_b: str
    begins: str
    ends: str
    pupils: tuple[PledgePupil, ...] = ()
    level: str = "teacher_student"
    copies: int = 2
    signed: str | None = None
    title: str | None = None
    targets: tuple[Target, ...] | None = None
    duties: tuple[Duty, ...] | None = None

    @property
    def label(self) -> str:
        """Whom a message about this sheet names."""
        return "、".join([self.person_b or self.party_b, *(pupil.name for pupil in self.pupils[:1])])


@dataclass(frozen=True)
class _Terms:
    """What the pledges of one batch have in common: everything below the parties."""

    level: str
    begins: str
    ends: str
    copies: int
    signed: str | None
    targets: tuple[Target, ...] | None
    duties: tuple[Duty, ...] | None


@lru_cache(maxsize=32)
def levels() -> tuple[str, ...]:
    """The levels that resources/forms/pledge.toml has words for."""
    return tuple(name for name in form_text("pledge") if name != "common")


def write_pledges(path: Path, pledges: Iterable[PledgeSheet], progress: Callable[[int], None] | None = None) -> int:
    """Writes pledges one after another into one PDF and returns its pages; `progress` is told how many are done.

    Raises UserError naming the person when a character has no font, StationFault when the file cannot be written;
    then, and when `progress` raises to cancel, the old file is untouched.
    """
    from jzdesk.printing.pdf import Paper

    paper = Paper(OFFICE.size, "责任状")
    writer = _Writer(paper)
    for done, sheet in enumerate(pledges, 1):
        with naming(sheet.label):
            writer.write(sheet)
        if progress is not None:
            progress(done)
    if not paper.pages:
        raise UserError("没有选中要打印的责任状", "请先在列表里选中至少一份，再打印。")
    return paper.save(path)


class _Writer:
    """Puts pledges on paper; what a batch has in common is laid out once and kept as a form of the file."""

    def __init__(self, paper: Paper) -> None:
        self._paper = paper
        self._forms: dict[tuple[_Terms, Grid], str] = {}

    def write(self, sheet: PledgeSheet) -> None:
        """One pledge with its attachment."""
        terms = _terms(sheet)
        attached = _attachment(sheet)
        for grid in GRIDS:
            top, common = _top(sheet, grid), _common(terms, grid)
            if height_of(top) + common.height <= OFFICE.height + 0.01:
                y = draw(self._paper, top, OFFICE.left, OFFICE.top)
                self._paper.form(self._form(terms, grid), OFFICE.left, y)
                self._finish(1 if attached else 0)
                self._pages(attached, 2)
                return
        whole = [*_top(sheet, STANDARD), *_common(terms, STANDARD).rows]
        self._pages([*paginate(whole, OFFICE.height), *attached], 1)

    def _form(self, terms: _Terms, grid: Grid) -> str:
        key = (terms, grid)
        if key not in self._forms:
            self._forms[key] = f"common{len(self._forms)}"
            self._paper.keep_form(self._forms[key], instructions(self._paper, _common(terms, grid).rows))
        return self._forms[key]

    def _pages(self, pages: list[list[Row]], first: int) -> None:
        for number, rows in enumerate(pages, first):
            draw(self._paper, rows, OFFICE.left, OFFICE.top)
            self._finish(number)

    def _finish(self, number: int) -> None:
        if number:
            office_number(self._paper, number)
        self._paper.end_page()


@dataclass(frozen=True)
class _Common:
    """The rows that a batch has in common, and their height together."""

    rows: tuple[Row, ...]
    height: float


def _terms(sheet: PledgeSheet) -> _Terms:
    return _Terms(sheet.level, sheet.begins, sheet.ends, sheet.copies, sheet.signed, sheet.targets, sheet.duties)


def _words(level: str) -> dict[str, Any]:
    return {**form_text("pledge")["common"], **form_text("pledge")[level]}


def _top(sheet: PledgeSheet, grid: Grid) -> list[Row]:
    """Number, title and parties: what differs from pledge to pledge."""
    words = _words(sheet.level)
    heading = sheet.title or words["title"].format(year=year_span(sheet.year))
    rows = [_number(sheet.number, grid), *title(heading, grid.size * 22 / 16, OFFICE.width, grid.pitch * 1.4)]
    rows.append(blank(grid.pitch * 0.3))
    rows += labelled(f"{words['party_a']}：", _party(sheet.party_a, words["person_a"], sheet.person_a), grid)
    rows += labelled(f"{words['party_b']}：", _party(sheet.party_b, words["person_b"], sheet.person_b), grid)
    if sheet.pupils:
        rows += labelled(f"{words['pupils']}：", _pupils(sheet.pupils, words), grid)
    return rows


def _number(number: str, grid: Grid) -> Row:
    size = grid.size * 14 / 16
    return Row(grid.pitch, (Text(0, baseline(size, grid.pitch), Role.BODY, size, f"编号：{number}"),))


def _party(party: str, role: str, person: str) -> str:
    return f"{party}　{role}：{person or '　　　　'}" if party else f"{role}{person}"


def _pupils(pupils: tuple[PledgePupil, ...], words: dict[str, Any]) -> str:
    first = pupils[0]
    if len(pupils) > 1:
        attached: str = words["attached"].format(first=first.name, count=len(pupils))
        return attached
    return f"{first.name}　{first.grade}{first.class_name}".rstrip()


@lru_cache(maxsize=256)
def _common(terms: _Terms, grid: Grid) -> _Common:
    words = _words(terms.level)
    rows: list[Row] = [blank(grid.pitch * 0.2), *paragraph(words["opening"], grid)]
    rows += _section(1, words.get("targets_heading", "年度目标"), grid)
    for number, target in enumerate(_targets(terms, words), 1):
        rows += paragraph(f"{number}. {_target(target)}", grid)
    rows += _section(2, words.get("duties_heading", "主要职责"), grid)
    for number, duty in enumerate(_duties(terms, words), 1):
        rows += paragraph(duty.text, grid, lead=f"（{ordinal(number)}）{duty.lead}")
    rows += _run_in(3, words["assessment_heading"], words["assessment"], grid)
    rows += _run_in(4, words["term_heading"], _term(terms, words), grid)
    rows += _signatures(terms, words, grid)
    return _Common(tuple(rows), height_of(rows))


def _section(number: int, heading: str, grid: Grid) -> tuple[Row, ...]:
    return paragraph(f"{ordinal(number)}、{heading}", grid, Role.HEI, keep=True)


def _run_in(number: int, heading: str, text: str, grid: Grid) -> tuple[Row, ...]:
    return paragraph(text, grid, lead=f"{ordinal(number)}、{heading}。", lead_role=Role.HEI)


def _targets(terms: _Terms, words: dict[str, Any]) -> Iterable[Target]:
    return terms.targets if terms.targets is not None else [Target(**entry) for entry in words["targets"]]


def _duties(terms: _Terms, words: dict[str, Any]) -> Iterable[Duty]:
    return terms.duties if terms.duties is not None else [Duty(**entry) for entry in words["duties"]]


def _target(target: Target) -> str:
    checked = f"（{target.assessment}）" if target.assessment else ""
    return f"{target.indicator}：{target.target}{checked}。"


def _term(terms: _Terms, words: dict[str, Any]) -> str:
    span = words["term"].format(begins=long_date(terms.begins), ends=long_date(terms.ends))
    copies = words["copies"].get(str(terms.copies), words["copies_other"])
    return str(span + copies.format(name=words["name"], copies=terms.copies))


def _signatures(terms: _Terms, words: dict[str, Any], grid: Grid) -> list[Row]:
    """Two columns to sign in, room for the seal, the date four characters from the right (reference §6.1)."""
    pitch, down = grid.pitch * 1.25, baseline(grid.size, grid.pitch * 1.25)
    columns = (2 * grid.size, OFFICE.width / 2 + grid.size)
    rows = [blank(grid.pitch * 0.4, keep=True)]
    for pair in words["signatures"]:
        marks = tuple(
            Text(x, down, Role.BODY, grid.size, words_) for x, words_ in zip(columns, pair, strict=True) if words_
        )
        rows.append(Row(pitch, marks, keep=True))
    date = long_date(terms.signed) if terms.signed else words["blank_date"]
    return [*rows, blank(grid.pitch * 0.3, keep=True), ended(date, 4, grid)]


_LIST = fitted(
    (
        Column("序号", 3),
        Column("姓名", 7),
        Column("性别", 3),
        Column("年级", 6),
        Column("班级", 6),
        Column("备注", 9, Align.LEFT),
    ),
    OFFICE.width,
)


def _attachment(sheet: PledgeSheet) -> list[list[Row]]:
    """The pages of the list of pupils; none for a single pupil."""
    if len(sheet.pupils) < 2:
        return []
    words, look = _words(sheet.level), Look(size=12, row=26)
    head = (head_row(_LIST, look),)
    rows = [*labelled(words["attachment_mark"], "", STANDARD)]
    rows += title(words["attachment_title"], 22, OFFICE.width, STANDARD.pitch * 1.4)
    rows += [blank(STANDARD.pitch * 0.3, keep=True), *head]
    for number, pupil in enumerate(sheet.pupils, 1):
        cells = (str(number), pupil.name, pupil.sex, pupil.grade, pupil.class_name, pupil.remark)
        rows.append(cells_row(_LIST, cells, look, head, pupil.name))
    return paginate(rows, OFFICE.height)
