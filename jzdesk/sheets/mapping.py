"""Rows of a sheet as values of fields: what was understood, put right, or cannot be read and why."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from jzdesk.core.errors import ValueFault
from jzdesk.core.fields import Value
from jzdesk.core.kinds import (
    Account,
    CitizenIdNumber,
    Code,
    Date,
    Integer,
    Kind,
    Money,
    Month,
    Options,
    Phone,
    Reading,
    RollNumber,
    TermText,
    YesNo,
)
from jzdesk.sheets.cells import Cell, Cells, Sheet, holds, is_error, is_formula, letter, shown
from jzdesk.sheets.columns import Column, heading_keys
from jzdesk.sheets.heading import Heading

_REMEMBERED = 20_000  # readings kept per column: codes, dates and villages repeat, ID numbers do not

_FAULT_KINDS: dict[type[Kind], str] = {
    Account: "bad_account",
    CitizenIdNumber: "bad_id",
    Code: "unknown_option",
    Date: "bad_date",
    Integer: "bad_number",
    Money: "bad_money",
    Month: "bad_date",
    Options: "unknown_option",
    Phone: "bad_phone",
    RollNumber: "bad_id",
    TermText: "bad_term",
    YesNo: "unknown_option",
}

_TOTAL = re.compile(r"^[（(]?(合|总|小|共)\s*计[）)]?\s*[:：]?[\s\d.,，人名户元份]*$")
_SIGNATURE = re.compile(
    r"^(填\s*表|制\s*表|填\s*报|经\s*办|审\s*核|审\s*批|复\s*核|校\s*对|负\s*责|说\s*明|备\s*注|注|校\s*长|单位|联系|日期|盖章|附)"
    r"\S{0,6}?\s*[:：(（]"
)


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence about one cell: what was put right, or a question that remains."""

    key: str
    label: str
    text: str

    def sentence(self) -> str:
        """The sentence with the column it belongs to."""
        return f"{self.label}：{self.text}"


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a row is parked: where, the value, what is wrong with it and what to do.

    `row` is Excel's 1-based row, `label` the field, `heading` the heading as written, `column` the 0-based
    column or -1 when the fault belongs to the whole row, `heading_row` the 1-based last row of the heading.
    """

    sheet: str
    row: int
    label: str
    heading: str
    value: str
    kind: str
    problem: str
    remedy: str
    column: int = -1
    heading_row: int = 1

    def advice(self) -> str:
        """Problem and remedy, without the place."""
        return f"{self.problem.rstrip('。')}。{self.remedy}"

    def sentence(self) -> str:
        """The whole message with its place: `第 5 行“身份证件号”（F5）：…`."""
        place = f"“{self.heading or self.label}”（{letter(self.column)}{self.row}）" if self.column >= 0 else ""
        return f"第 {self.row} 行{place}：{self.advice()}"


@dataclass(frozen=True, slots=True)
class Layout:
    """The sheet that rows came from: shared by its rows, so that faults found later can name the place."""

    sheet: str
    heading: Heading
    labels: dict[str, str]


@dataclass(slots=True)
class SheetRow:
    """One row of a sheet.

    `number` is Excel's 1-based row; `cells` the original cells (those of a merged area in every row that it covers);
    `values` by column key, None where the cell
    is blank, without the keys of columns that the sheet does not have or whose cell is faulty. `skipped` says
    why a row is no record (a total, a signature, the heading repeated); it then has no values and no faults.
    """

    layout: Layout
    number: int
    cells: tuple[Cell, ...]
    values: dict[str, Value]
    notes: tuple[Note, ...] = ()
    warnings: tuple[Note, ...] = ()
    faults: tuple[Fault, ...] = ()
    skipped: str = ""

    @property
    def sheet(self) -> str:
        """The name of the sheet."""
        return self.layout.sheet

    @property
    def usable(self) -> bool:
        """Whether the row can become a record."""
        return not self.faults and not self.skipped

    def fault(self, kind: str, problem: str, remedy: str, key: str = "") -> Fault:
        """A fault of this row, of the column `key` when given; the caller adds it to `faults` with `park`."""
        heading = self.layout.heading
        column = heading.places.get(key, -1)
        value = shown(self.cells[column]) if 0 <= column < len(self.cells) else ""
        label = self.layout.labels.get(key, "")
        return Fault(
            self.sheet,
            self.number,
            label,
            heading.text(key),
            value,
            kind,
            problem,
            remedy,
            column,
            heading.last,
        )

    def park(self, kind: str, problem: str, remedy: str, key: str = "") -> Fault:
        """Add a fault that was found after reading (a repeated row, an unknown place) and return it."""
        found = self.fault(kind, problem, remedy, key)
        self.faults = (*self.faults, found)
        return found


@dataclass(frozen=True, slots=True)
class SheetRows:
    """A whole sheet: `rows` that want to be records, `skipped` ones with their reason."""

    rows: list[SheetRow]
    skipped: list[SheetRow]


def read_sheet(sheet: Sheet, heading: Heading, columns: Sequence[Column]) -> SheetRows:
    """All rows below the heading, records apart from what was skipped."""
    found = SheetRows([], [])
    for row in read_rows(sheet, heading, columns):
        (found.skipped if row.skipped else found.rows).append(row)
    return found


def read_rows(sheet: Sheet, heading: Heading, columns: Sequence[Column]) -> Iterator[SheetRow]:
    """Every row below the heading that is not blank, in order; never raises for what stands in a cell."""
    layout = Layout(sheet.name, heading, {column.key: column.label for column in columns})
    bench = _bench(heading, columns)
    marks = _SkipMarks(heading, columns)
    filled = _filled_down(sheet, heading)
    for at in range(heading.last, len(sheet.rows)):
        cells = sheet.rows[at]
        if any(holds(cell) for cell in cells):
            row = SheetRow(layout, at + 1, tuple(cells), {})
            row.skipped = "列号行" if at == heading.last and is_numbering(cells) else marks.reason(cells)
            if not row.skipped:
                if at in filled:
                    _fill_down(row, filled[at], columns)
                _read(row, bench)
                _mention_hidden(row, sheet)
            yield row


def read_row(layout: Layout, number: int, cells: Cells, columns: Sequence[Column]) -> SheetRow:
    """One row read anew, with cells that a person has corrected; `number` is its row in the workbook."""
    row = SheetRow(layout, number, tuple(cells), {})
    _read(row, _bench(layout.heading, columns))
    return row


@dataclass(frozen=True, slots=True)
class _Outcome:
    """A reading that something has to be said about; kept, because columns repeat themselves."""

    value: Value = None
    notes: tuple[Note, ...] = ()
    warnings: tuple[Note, ...] = ()
    fault: tuple[str, str, str] | None = None


class _Reader:
    """Reads one column. `clean` holds texts that need nothing said about them, `troubled` the others."""

    def __init__(self, column: Column, place: int) -> None:
        self.key, self.label, self.place, self.kind = column.key, column.label, place, column.spec.kind
        demanding = column.spec.required and not column.optional
        self.read = column.spec.read if demanding else column.spec.kind.read
        self.clean: dict[Cell, Value] = {}
        self.troubled: dict[Cell, _Outcome] = {}

    def settle(self, row: SheetRow, raw: Cell) -> None:
        """Read a cell whose text is not among the clean ones, into `row`."""
        repeats = raw is None or isinstance(raw, str)  # 1, 1.0 and True would be one key
        outcome = self.troubled.get(raw) if repeats else None
        if outcome is None:
            understood = self._understand(raw)
            if isinstance(understood, Reading):
                row.values[self.key] = understood.value
                if repeats and len(self.clean) < _REMEMBERED:
                    self.clean[raw] = understood.value
                return
            outcome = understood
            if repeats and len(self.troubled) < _REMEMBERED:
                self.troubled[raw] = outcome
        self._tell(row, outcome)

    def note(self, text: str) -> Note:
        """A sentence about this column."""
        return Note(self.key, self.label, text)

    def _understand(self, raw: Cell) -> Reading | _Outcome:
        """A clean reading as it is; anything else as an outcome."""
        if (odd := _odd(raw)) is not None:
            return _Outcome(fault=odd)
        try:
            reading = self.read(raw)
        except ValueFault as fault:
            return _Outcome(fault=(self._kind_of(fault, raw), fault.problem, fault.remedy))
        if not reading.notes and not reading.warnings:
            return reading
        notes, warnings = map(self.note, reading.notes), map(self.note, reading.warnings)
        return _Outcome(reading.value, tuple(notes), tuple(warnings))

    def _kind_of(self, fault: ValueFault, raw: Cell) -> str:
        if not holds(raw):
            return "no_value"
        return str(getattr(fault, "kind", "") or _FAULT_KINDS.get(type(self.kind), "bad_value"))

    def _tell(self, row: SheetRow, outcome: _Outcome) -> None:
        if outcome.fault is not None:
            row.park(*outcome.fault, self.key)
            return
        row.values[self.key] = outcome.value
        row.notes += outcome.notes
        row.warnings += outcome.warnings


def is_numbering(cells: Cells) -> bool:
    """Whether a row below a heading only numbers the columns: 1, 2, 3…"""
    texts = [shown(cell) for cell in cells if holds(cell)]
    return len(texts) >= 3 and texts == [str(number) for number in range(1, len(texts) + 1)]


def _odd(raw: Cell) -> tuple[str, str, str] | None:
    """The fault of an error value, of a formula without a result, of a number beyond all bounds."""
    if isinstance(raw, float) and not math.isfinite(raw):
        return "bad_number", "单元格的数值超出范围", "请核对后重新填写。"
    if not isinstance(raw, str) or not raw.startswith("#"):
        return None
    if is_formula(raw):
        remedy = "请用 Excel 或 WPS 打开工作簿保存一次，或把公式换成内容后再导入。"
        return "formula", "单元格是还没有算出结果的公式", remedy
    if is_error(raw):
        remedy = "请在表格里修好公式，或直接填写内容，保存后再导入。"
        return "formula_error", f"单元格是公式错误 {raw}", remedy
    return None


_Bench = Sequence[tuple[str, int, dict[Cell, Value], _Reader]]


def _fill_down(row: SheetRow, filled: Mapping[int, Cell], columns: Sequence[Column]) -> None:
    """Put the value of a merged area into the cells of the row that it covers, as a person sees it there."""
    cells = list(row.cells) + [None] * (max(filled) + 1 - len(row.cells))
    blank = [place for place in filled if cells[place] is None]
    for place in blank:
        cells[place] = filled[place]
    row.cells = tuple(cells)
    for column in columns:
        if row.layout.heading.places.get(column.key) in blank:
            row.notes += (Note(column.key, column.label, "合并单元格的内容已填入本行"),)


def _read(row: SheetRow, bench: _Bench) -> None:
    """Fill `row`; the `try` is all that happens where nothing is wrong."""
    cells, values = row.cells, row.values
    width = len(cells)
    for key, place, clean, reader in bench:
        raw = cells[place] if place < width else None
        try:
            values[key] = clean[raw]
        except KeyError:
            reader.settle(row, raw)


def _bench(heading: Heading, columns: Sequence[Column]) -> _Bench:
    """The readers of the columns that the sheet has, laid out for the inner loop."""
    readers = [_Reader(column, place) for column in columns if (place := heading.places.get(column.key, -1)) >= 0]
    return [(reader.key, reader.place, reader.clean, reader) for reader in readers]


def _mention_hidden(row: SheetRow, sheet: Sheet) -> None:
    if row.number in sheet.hidden_rows:
        row.notes = (*row.notes, Note("", "整行", "这一行在原表里是隐藏的，也已读取"))


def _filled_down(sheet: Sheet, heading: Heading) -> dict[int, dict[int, Cell]]:
    """Row → column → value, for cells of the data that are merged with the cell above them."""
    filled: dict[int, dict[int, Cell]] = {}
    for top, left, bottom, _ in sheet.merged:
        if heading.last <= top < bottom and top < len(sheet.rows) and left < len(sheet.rows[top]):
            for at in range(top + 1, min(bottom + 1, len(sheet.rows))):
                filled.setdefault(at, {})[left] = sheet.rows[top][left]
    return filled


class _SkipMarks:
    """Tells totals, signatures and repeated headings from records."""

    def __init__(self, heading: Heading, columns: Sequence[Column]) -> None:
        marked = [column for column in columns if column.essential] or list(columns)
        self.essential = {heading.places[column.key] for column in marked if column.key in heading.places}
        self.heading = {place: heading_keys(heading.texts[place]) for place in self.essential if heading.texts[place]}

    def reason(self, cells: Cells) -> str:
        """Why the row is no record; empty for a record."""
        place = next(at for at, cell in enumerate(cells) if holds(cell))
        if (tests := _reason_of(cells[place])) and not self._names_somebody(cells, place):
            return tests
        return "重复的表头行" if self._repeats_heading(cells) else ""

    def _names_somebody(self, cells: Cells, besides: int) -> bool:
        """Whether an essential cell is filled, other than the one that the note itself stands in."""
        return any(holds(cells[at]) for at in self.essential if at != besides and at < len(cells))

    def _repeats_heading(self, cells: Cells) -> bool:
        return bool(self.heading) and all(
            at < len(cells) and isinstance(text := cells[at], str) and heading_keys(text) == keys
            for at, keys in self.heading.items()
        )


def _reason_of(cell: Cell) -> str:
    if not isinstance(cell, str):
        return ""
    for pattern, reason in _NOTE_ROWS:
        if pattern.match(cell.strip()):
            return reason
    return ""


_NOTE_ROWS: tuple[tuple[re.Pattern[str], str], ...] = ((_TOTAL, "合计行"), (_SIGNATURE, "表尾说明"))
