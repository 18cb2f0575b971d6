"""Fills a form of another system from records: its heading, layout and formulas stay, what differs is marked."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from jzdesk.core.errors import UserError
from jzdesk.core.fields import Value
from jzdesk.sheets.cells import Cell, Cells, Sheet, holds, letter, shown
from jzdesk.sheets.columns import Column
from jzdesk.sheets.form_file import MOST_ROWS, Form
from jzdesk.sheets.heading import Heading
from jzdesk.sheets.mapping import SheetRow, is_numbering, read_rows
from jzdesk.sheets.sheet_xml import SheetXml
from jzdesk.sheets.written import same, written

FILLED, SAME, CHANGED, ADDED = "filled", "same", "changed", "added"
DIFFERS, OVERWRITTEN, EXTRA = "differs", "overwritten", "extra"
COLOURS = {CHANGED: "FFFFE699", ADDED: "FFD5E8C8", DIFFERS: "FFF8CBAD", OVERWRITTEN: "FFF4B8C4"}
WORDS = {
    CHANGED: "比上次填写时有变动",
    ADDED: "上次填写以后新增的人",
    DIFFERS: "表里原来的内容与台账不同，没有改动，请核对",
    OVERWRITTEN: "表里原来的内容与台账不同，已按台账改写",
    EXTRA: "表里有、台账里没有，没有改动，请补进台账",
}
EXPLAINING = "填写说明"
SERIAL = "form.serial"
EVERYBODY = "*"  # in the place of a record: this key was written for somebody
_TOTAL = re.compile(r"^\s*[（(]?(合|总|共)\s*计[）)]?\s*$")
_LONG_NUMBER = 11  # longer digits are damaged as soon as somebody edits a cell without text format


@dataclass(frozen=True, slots=True)
class Assignment:
    """What one column of the form (0-based `place`, `heading` as written) gets: a column of ours, or a fixed text."""

    place: int
    heading: str
    column: Column | None = None
    fixed: str = ""
    way: str = ""

    @property
    def key(self) -> str:
        """The key of the value; empty for a fixed text."""
        return self.column.key if self.column is not None else ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One row to bring into the form: `record` names it for ever, `title` in messages.

    `total` is the line of sums; an `optional` one is filled where the form has a row for it and never added.
    """

    record: str
    title: str
    values: Mapping[str, Value]
    total: bool = False
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """Something to say about a cell: `old` and `new` are its text before and in the record, `kind` as above."""

    kind: str
    record: str
    title: str
    heading: str
    cell: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be filled in.

    `match` gives for a row of the form the records it may mean: one, none, or several that cannot be told apart.
    `before` is what was written the last time, by (record, key), blanks left out; `overwrite` replaces what differs.
    `names` are names of divisions, `titles` what is written behind these words where they stand above the heading with
    nothing behind them (填报单位：). Without `marks` no cell is coloured; without `adding` only rows that are there are
    completed.
    """

    sheet: str
    heading: Heading
    assignments: Sequence[Assignment]
    entries: Sequence[Entry]
    match: Callable[[SheetRow], Sequence[str]]
    before: Mapping[tuple[str, str], str] = field(default_factory=dict)
    overwrite: bool = False
    marks: bool = True
    names: Mapping[str, str] = field(default_factory=dict)
    adding: bool = True
    titles: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Filling:
    """What became of it. `written` is the text of every record's cells now, by (record, key), to compare next time."""

    rows: int = 0
    matched: int = 0
    added: int = 0
    cells: int = 0
    marks: list[Mark] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    unsure: list[str] = field(default_factory=list)
    formulas: int = 0
    written: dict[tuple[str, str], str] = field(default_factory=dict)

    def of(self, kind: str) -> list[Mark]:
        """The marks of one kind."""
        return [mark for mark in self.marks if mark.kind == kind]


def fill(form: Form, task: Task) -> Filling:
    """Fill the form in memory; `form.package.content()` is the filled workbook.

    Raises UserError: nothing assigned, more people than a form may have, a protected sheet with locked cells.
    """
    if not task.assignments:
        raise UserError("这份表没有一列要填", "请先把表格的列对应到台账的栏目，再填写。", form.book.path.name)
    if len(task.entries) > MOST_ROWS:
        remedy = "请按年级、班级或学校分几次填写。"
        raise UserError(f"要填 {len(task.entries):,} 行，一份表最多 {MOST_ROWS:,} 行", remedy, form.book.path.name)
    return _Filler(form, task).run()


class _Filler:
    """One filling of one sheet."""

    def __init__(self, form: Form, task: Task) -> None:
        self._form, self._task = form, task
        self._sheet: Sheet = form.book.sheet(task.sheet)
        self._xml: SheetXml = form.package.sheet(task.sheet)
        self._styles = form.package.styles
        self._covered = _covered(self._sheet)
        self._rows: dict[int, Cells] = {at + 1: cells for at, cells in enumerate(self._sheet.rows)}
        self._done = Filling()
        known = {record for record, _ in task.before}
        self._known = known if any(one.record in known for one in task.entries) else set()
        self._keys_before = {key for record, key in task.before if record == EVERYBODY}
        self._places: dict[str, int] = {}

    def run(self) -> Filling:
        """Match, make room, write, explain."""
        self._clear_marks()
        self._complete_titles()
        area = self._survey()
        self._done.matched = len(self._places)
        rows = [one for one in self._task.entries if self._is_new(one, area)]
        for entry, row in zip(rows, self._room(area, len(rows)), strict=True):
            self._places[entry.record] = row
        self._done.added = len(rows)
        for entry in self._task.entries:
            if (at := self._places.get(entry.record)) is not None:
                self._write(entry, at)
        if self._task.marks:
            self._explain()
        return self._done

    def _is_new(self, entry: Entry, area: _Area) -> bool:
        """Whether an entry gets a row of its own."""
        return self._task.adding and not (
            entry.total or entry.optional or entry.record in self._places or entry.record in area.unsure
        )

    def _clear_marks(self) -> None:
        """Colours of an earlier filling go; they are ours alone, by their exact shade."""
        ours = set(COLOURS.values())
        for row, column, style in list(self._xml.styled_cells()):
            if row > self._task.heading.last and self._styles.background(style) in ours:
                self._xml.restyle(row, column, self._styles.plain(style))

    def _complete_titles(self) -> None:
        """Above the heading: who fills the form in, and for which term, where it asks for that."""
        for row in range(1, self._task.heading.row):
            for place, cell in enumerate(self._rows[row]):
                if isinstance(cell, str) and (said := completed(cell, self._task.titles)) != cell:
                    self._xml.put(row, place, said, self._xml.style(row, place))
                    self._done.cells += 1

    def _survey(self) -> _Area:
        """Which rows hold whom, which are free, and where the notes below begin."""
        area = _Area(self._task.heading.last)
        columns = [one.column for one in self._task.assignments if one.column is not None]
        heading = _read_heading(self._task)
        found = {row.number: row for row in read_rows(self._sheet, heading, columns)}
        totals = [one for one in self._task.entries if one.total]
        for number in range(self._task.heading.last + 1, max(self._xml.last_row, len(self._rows)) + 1):
            row = found.get(number)
            if row is not None and totals and _is_total(row):
                self._places[totals[0].record] = number
            if row is not None and (row.skipped or self._is_note(row)):
                area.end = number
                break
            self._survey_row(area, number, row)
        return area

    def _survey_row(self, area: _Area, number: int, row: SheetRow | None) -> None:
        area.last = number
        if row is None or not self._holds_data(row):
            area.free.append(number)
            return
        self._done.rows += 1
        area.used = number
        records = self._task.match(row)
        name = self._name_of(row)
        if len(records) > 1:
            area.unsure.update(records)
            self._done.unsure.append(f"第 {number} 行“{name}”：同名的不止一人，没有填，请在表里补上证件号后再填一次")
        elif not records:
            self._done.strangers.append(f"第 {number} 行“{name}”不在这次要填的人里，没有改动")
        elif records[0] in self._places:
            at = self._places[records[0]]
            self._done.unsure.append(f"第 {number} 行“{name}”与第 {at} 行是同一人，只填了第 {at} 行")
        else:
            self._places[records[0]] = number

    def _name_of(self, row: SheetRow) -> str:
        """What a row is called in messages: its essential cells."""
        places = [one.place for one in self._task.assignments if one.column is not None and one.column.essential]
        texts = [shown(row.cells[place]) for place in places if place < len(row.cells) and holds(row.cells[place])]
        return texts[0] if texts else ""

    def _holds_data(self, row: SheetRow) -> bool:
        """Whether a row says something about somebody: more than a running number or formulas."""
        assigned = {one.place for one in self._task.assignments if one.column is not None and one.key != SERIAL}
        return any(
            place < len(row.cells) and holds(row.cells[place]) and not self._xml.is_formula(row.number, place)
            for place in assigned
        )

    def _is_note(self, row: SheetRow) -> bool:
        """A sentence across the sheet below the rows."""
        first = next((place for place, cell in enumerate(row.cells) if holds(cell)), 0)
        at = row.number - 1
        wide = any(top == at and left == first and right - left >= 2 for top, left, _, right in self._sheet.merged)
        alone = sum(holds(cell) for cell in row.cells) == 1
        return alone and (wide or len(shown(row.cells[first])) > 20)

    def _room(self, area: _Area, wanted: int) -> list[int]:
        """Rows for so many new entries: the free ones behind the last person first, then new ones."""
        free = [row for row in area.free if row > area.used][:wanted]
        more = wanted - len(free)
        if more <= 0:
            return free
        behind = area.last
        self._make_room(area, behind, more)
        return free + list(range(behind + 1, behind + more + 1))

    def _make_room(self, area: _Area, behind: int, count: int) -> None:
        """New rows that look like the last one; below a bare heading there is nothing to look like."""
        bare = behind == self._task.heading.last
        if bare and not area.end:
            return
        self._form.package.insert_rows(self._task.sheet, behind, count)
        self._places = {one: at + count if at > behind else at for one, at in self._places.items()}
        self._rows = {at + count if at > behind else at: cells for at, cells in self._rows.items()}
        self._covered = {(row + count if row > behind else row, column) for row, column in self._covered}
        for row, column, _ in list(self._xml.styled_cells()) if bare else ():
            if behind < row <= behind + count:
                self._xml.restyle(row, column, 0)

    def _write(self, entry: Entry, row: int) -> None:
        cells = self._rows.get(row, ())
        for one in self._task.assignments:
            if (row, one.place) in self._covered:
                continue
            present = cells[one.place] if one.place < len(cells) else None
            self._settle(entry, row, one, present)

    def _settle(self, entry: Entry, row: int, one: Assignment, present: Cell) -> None:
        """One cell: written, left, or marked."""
        value = entry.values.get(one.key) if one.column is not None else one.fixed
        wanted = written(one.column, value, one.way, self._task.names) if one.column is not None else one.fixed or None
        if self._xml.is_formula(row, one.place):
            self._done.formulas += 1
            return
        if wanted is None:
            self._leave(entry, row, one, present)
            return
        agrees = same(one.column, present, value, wanted, one.way) if one.column else shown(present) == wanted
        if agrees:
            self._compare(entry, row, one, wanted)
        elif not holds(present):
            self._put(row, one, wanted)
            self._compare(entry, row, one, wanted)
        elif self._task.overwrite or one.key == SERIAL or entry.total:
            self._put(row, one, wanted)
            self._remember(entry, one, _text(wanted))
            if one.key != SERIAL:
                self._mark(OVERWRITTEN, entry, row, one, shown(present), _text(wanted))
        else:
            self._mark(DIFFERS, entry, row, one, shown(present), _text(wanted))

    def _leave(self, entry: Entry, row: int, one: Assignment, present: Cell) -> None:
        """The record has nothing for this cell: what stands there is told, and so is what was taken away since."""
        if holds(present) and not entry.total and one.key != SERIAL:
            self._mark(EXTRA, entry, row, one, shown(present), "")
        elif not holds(present) and (before := self._task.before.get((entry.record, one.key))):
            self._mark(CHANGED, entry, row, one, before, "")

    def _compare(self, entry: Entry, row: int, one: Assignment, wanted: str | float) -> None:
        """Hold what stands in the cell now against the last time."""
        text = _text(wanted)
        before = self._task.before.get((entry.record, one.key), "")
        if one.key in self._keys_before and self._known:
            if entry.record not in self._known:
                self._mark(ADDED, entry, row, one, "", text)
            elif before != text:
                self._mark(CHANGED, entry, row, one, before, text)
        self._remember(entry, one, text)

    def _remember(self, entry: Entry, one: Assignment, text: str) -> None:
        if one.key and one.key != SERIAL:
            self._done.written[entry.record, one.key] = text
            self._done.written[EVERYBODY, one.key] = ""

    def _put(self, row: int, one: Assignment, wanted: str | float) -> None:
        style = self._xml.style(row, one.place)
        if self._xml.protection and not self._styles.unlocked(style):
            what = f"工作表“{self._task.sheet}”设了保护，第 {row} 行“{one.heading}”一列不能写"
            remedy = "请在 Excel 或 WPS 里点“审阅—撤销工作表保护”（要密码的问发表的单位），保存后再填。"
            raise UserError(what, remedy, self._form.book.path.name)
        if isinstance(wanted, str) and wanted[:-1].isdigit() and len(wanted) >= _LONG_NUMBER:
            style = self._styles.for_text(style)
        self._xml.put(row, one.place, wanted, style)
        self._done.cells += 1

    def _mark(self, kind: str, entry: Entry, row: int, one: Assignment, old: str, new: str) -> None:
        place = f"{letter(one.place)}{row}"
        self._done.marks.append(Mark(kind, entry.record, entry.title, one.heading, place, old, new))
        if self._task.marks and (colour := COLOURS.get(kind)):
            self._xml.restyle(row, one.place, self._styles.marked(self._xml.style(row, one.place), colour))

    def _explain(self) -> None:
        """The legend, and every marked cell in words, on a last sheet of its own."""
        lines: list[tuple[Sequence[str], str]] = [
            (("颜色", "意思", "", "", "", ""), ""),
            *((("", WORDS[kind]), colour) for kind, colour in COLOURS.items()),
            ((), ""),
            (("单元格", "姓名或名称", "栏目", "情况", "原来", "现在（台账）"), ""),
            *(((one.cell, one.title, one.heading, WORDS[one.kind], one.old, one.new), "") for one in self._done.marks),
        ]  # fmt: skip
        if self._done.marks or EXPLAINING in self._form.package.sheet_names:
            self._form.package.explain(EXPLAINING, lines, (9, 22, 22, 40, 24, 24))


@dataclass(slots=True)
class _Area:
    """Where rows may stand: `last` is the last row that is one or is free for one, `used` the last that holds
    somebody, `end` the first note below.
    """

    last: int
    end: int = 0
    used: int = 0
    free: list[int] = field(default_factory=list)
    unsure: set[str] = field(default_factory=set)


def _covered(sheet: Sheet) -> set[tuple[int, int]]:
    """(1-based row, 0-based column) of cells that lie under a merged one."""
    found: set[tuple[int, int]] = set()
    for top, left, bottom, right in sheet.merged:
        if (bottom - top + 1) * (right - left + 1) < MOST_ROWS:
            found.update((row + 1, column) for row in range(top, bottom + 1) for column in range(left, right + 1))
            found.discard((top + 1, left))
    return found


def _read_heading(task: Task) -> Heading:
    """The heading with the places that the person chose."""
    places: dict[str, int] = {}
    for one in task.assignments:
        if one.column is not None:
            places.setdefault(one.key, one.place)
    return Heading(task.heading.row, task.heading.last, places, task.heading.texts)


def _is_total(row: SheetRow) -> bool:
    return any(isinstance(cell, str) and _TOTAL.match(cell) for cell in row.cells)


def completed(text: str, titles: Mapping[str, str]) -> str:
    """`填报单位：　　　学期：` with what belongs there; what is already said stays."""
    if not titles:
        return text
    words = "|".join(map(re.escape, titles))
    blank = re.compile(rf"(?<!\w)({words})(\s*[:：])(?:[\s_]{{2,}}|[\s_]*$)")
    said, found = blank.subn(lambda each: f"{each[1]}{each[2]}{titles[each[1]]}　　", text)
    return said.rstrip() if found else text


def _text(wanted: str | float) -> str:
    return wanted if isinstance(wanted, str) else shown(wanted)


def numbering_row(rows: Sequence[Cells], last: int) -> int:
    """The last row of a heading: one further when the columns are numbered 1, 2, 3… below their headings."""
    return last + 1 if last < len(rows) and is_numbering(rows[last]) else last
