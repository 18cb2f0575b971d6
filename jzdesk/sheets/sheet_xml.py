"""The XML of one sheet, in which single cells are replaced while everything else stays character by character.

Libraries that read a workbook and write it again lose what they do not know: lists taken from other sheets, shapes,
macros. A form of another system must come back as it was given, so cells are changed where they stand.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from jzdesk.sheets.cells import column_of, letter
from jzdesk.sheets.shifting import Insertion, translated
from jzdesk.sheets.writer import clean

_DATA = re.compile(r"<((?:\w+:)?)sheetData\b[^>]*?(?:/>|>(.*)</(?:\w+:)?sheetData>)", re.DOTALL)
_ROW = re.compile(r"<(?:\w+:)?row\b([^>]*?)(?:/>|>(.*?)</(?:\w+:)?row>)", re.DOTALL)
_CELL = re.compile(r"<(?:\w+:)?c\b([^>]*?)(?:/>|>(.*?)</(?:\w+:)?c>)", re.DOTALL)
_FORMULA = re.compile(r"<((?:\w+:)?)f\b([^>]*?)(/>|>(.*?)</(?:\w+:)?f>)", re.DOTALL)
_RULE = re.compile(r"(<(?:\w+:)?(?:formula[12]?|f)(?:\s[^>]*)?>)([^<]*)(</)")
_COLUMN = re.compile(r"<(?:\w+:)?col\b([^>]*)/?>")
_DIMENSION = re.compile(r'(<(?:\w+:)?dimension\b[^>]*\bref=")([^"]*)(")')
_MERGED = re.compile(r'(<(?:\w+:)?mergeCell\b[^>]*\bref=")([^"]*)(")')
_MERGES = re.compile(r"(<((?:\w+:)?)mergeCells\b)([^>]*)(>)(.*?)(</(?:\w+:)?mergeCells>)", re.DOTALL)
_AREAS = re.compile(r'(\bsqref=")([^"]*)(")')
_REFS = re.compile(r'((?:<(?:\w+:)?(?:hyperlink|autoFilter|ignoredError|protectedRange)\b[^>]*?)\bref=")([^"]*)(")')
_OUTER_AREAS = re.compile(r"(<(?:\w+:)?sqref>)([^<]*)(</)")


def attribute(attributes: str, name: str) -> str:
    """The value of an attribute; empty when it is absent."""
    match = re.search(rf'(?<![\w:]){name}=(?:"([^"]*)"|\'([^\']*)\')', attributes)
    return html.unescape(match[1] if match[1] is not None else match[2]) if match else ""


def with_attribute(attributes: str, name: str, value: str | None) -> str:
    """The attributes with one replaced, added, or (None) taken away."""
    rest = re.sub(rf'\s*(?<![\w:]){name}=(?:"[^"]*"|\'[^\']*\')', "", attributes).rstrip()
    return rest if value is None else f'{rest} {name}="{html.escape(value)}"'


@dataclass(slots=True)
class XmlRow:
    """One row: its attributes, and its cells by 0-based column as (attributes, inner XML)."""

    attributes: str
    cells: dict[int, tuple[str, str]] = field(default_factory=dict)


class SheetXml:
    """One sheet. Rows are 1-based, columns 0-based. Raises ValueError for what is no sheet."""

    def __init__(self, xml: str) -> None:
        match = _DATA.search(xml)
        if match is None:
            raise ValueError("no sheetData")
        self._prefix = match[1]
        self._head, self._tail = xml[: match.start()], xml[match.end() :]
        self._rows: dict[int, XmlRow] = {}
        self._raw: dict[int, str] = {}
        self._read(match[2] or "")
        self._column_styles = self._columns()

    def _read(self, body: str) -> None:
        at = 0
        for match in _ROW.finditer(body):
            at = int(attribute(match[1], "r") or at + 1)
            self._rows[at] = XmlRow(match[1])
            self._raw[at] = match[2] or ""

    def _columns(self) -> list[tuple[int, int, int]]:
        """(first, last, style) of columns that have a style of their own."""
        found = [match[1] for match in _COLUMN.finditer(self._head)]
        return [
            (int(attribute(one, "min")) - 1, int(attribute(one, "max")) - 1, int(attribute(one, "style")))
            for one in found
            if attribute(one, "style")
        ]

    @property
    def protection(self) -> bool:
        """Whether the sheet is protected."""
        match = re.search(r"<(?:\w+:)?sheetProtection\b([^>]*)", self._tail)
        return match is not None and attribute(match[1], "sheet") in ("1", "true")

    @property
    def last_row(self) -> int:
        """The last row that is written down at all."""
        return max(self._rows, default=0)

    def style(self, row: int, column: int) -> int:
        """The style of a cell, or the one that its row or column gives."""
        found = self._row(row) if row in self._rows else None
        if found is not None and column in found.cells:
            return int(attribute(found.cells[column][0], "s") or 0)
        if found is not None and attribute(found.attributes, "customFormat") in ("1", "true"):
            return int(attribute(found.attributes, "s") or 0)
        return next((style for first, last, style in self._column_styles if first <= column <= last), 0)

    def is_formula(self, row: int, column: int) -> bool:
        """Whether the cell is computed."""
        return row in self._rows and bool(_FORMULA.search(self._row(row).cells.get(column, ("", ""))[1]))

    def put(self, row: int, column: int, value: str | float | None, style: int) -> None:
        """Replace what the cell holds; None empties it."""
        attributes = f' r="{letter(column)}{row}"' + (f' s="{style}"' if style else "")
        if value is None:
            cell = (attributes, "")
        elif isinstance(value, str):
            space = ' xml:space="preserve"' if value != value.strip() else ""
            p, text = self._prefix, html.escape(clean(value), quote=False)
            cell = (f'{attributes} t="inlineStr"', f"<{p}is><{p}t{space}>{text}</{p}t></{p}is>")
        else:
            cell = (attributes, f"<{self._prefix}v>{value!r}</{self._prefix}v>")
        self._row(row).cells[column] = cell

    def restyle(self, row: int, column: int, style: int) -> None:
        """Another style for a cell; what it holds stays."""
        cells = self._row(row).cells
        attributes, inner = cells.get(column, (f' r="{letter(column)}{row}"', ""))
        cells[column] = (with_attribute(attributes, "s", str(style)), inner)

    def styled_cells(self) -> Iterator[tuple[int, int, int]]:
        """(row, column, style) of every cell that has a style."""
        for number in sorted(self._rows):
            for column, (attributes, _) in sorted(self._row(number).cells.items()):
                if style := attribute(attributes, "s"):
                    yield number, column, int(style)

    def insert_rows(self, behind: int, count: int, sheet: str) -> Insertion:
        """Insert rows that look like the row `behind`, with its formulas; returns what other parts must follow."""
        move = Insertion(behind, count)
        self._every_row()
        model = self._row(behind)
        rows = {move.moved(number): self._moved(one, move, number, sheet) for number, one in self._rows.items()}
        plain = {
            column: with_attribute(with_attribute(attributes, "r", None), "t", None)
            for column, (attributes, _) in model.cells.items()
        }
        for number in range(behind + 1, behind + count + 1):
            rows[number] = self._like(model, plain, behind, number)
        self._rows = rows
        self._tail = self._shifted(self._tail, move, sheet)
        return move

    def shift_formulas(self, change: Callable[[str], str]) -> None:
        """Put every formula of the sheet, also those of rules, through `change`."""
        self._every_row()
        for row in self._rows.values():
            for column, (attributes, inner) in row.cells.items():
                if _FORMULA.search(inner):
                    row.cells[column] = (attributes, _formulas(inner, change, None))
        self._tail = _RULE.sub(lambda hit: f"{hit[1]}{_escaped(change, hit[2])}{hit[3]}", self._tail)

    def text(self) -> str:
        """The whole XML of the sheet."""
        p = self._prefix
        body = "".join(self._row_text(number) for number in sorted(self._rows))
        head = _DIMENSION.sub(lambda hit: f"{hit[1]}{self._extent() or hit[2]}{hit[3]}", self._head)
        return f"{head}<{p}sheetData>{body}</{p}sheetData>{self._tail}"

    def _row(self, number: int) -> XmlRow:
        """The row with its cells read; made when it is not there."""
        row = self._rows.get(number)
        if row is None:
            row = self._rows[number] = XmlRow(f' r="{number}"')
        if (raw := self._raw.pop(number, None)) is not None:
            row.cells = _cells(raw)
        return row

    def _every_row(self) -> None:
        for number in list(self._rows):
            self._row(number)

    def _row_text(self, number: int) -> str:
        p, row = self._prefix, self._rows[number]
        attributes = with_attribute(row.attributes, "spans", None)
        if (raw := self._raw.get(number)) is not None:
            return f"<{p}row{attributes}>{raw}</{p}row>"
        cells = "".join(
            f"<{p}c{attrs}>{inner}</{p}c>" if inner else f"<{p}c{attrs}/>"
            for _, (attrs, inner) in sorted(row.cells.items())
        )
        return f"<{p}row{attributes}>{cells}</{p}row>"

    def _extent(self) -> str:
        numbers = [number for number, row in self._rows.items() if row.cells or self._raw.get(number)]
        columns = [column for number in numbers for column in self._row(number).cells]
        return f"A1:{letter(max(columns))}{max(numbers)}" if columns else ""

    def _moved(self, row: XmlRow, move: Insertion, number: int, sheet: str) -> XmlRow:
        """A row at its new place, its formulas following."""
        target = move.moved(number)
        cells = {
            column: (
                with_attribute(attributes, "r", f"{letter(column)}{target}"),
                _formulas(inner, lambda text: move.formula(text, sheet, own=True), move),
            )
            for column, (attributes, inner) in row.cells.items()
        }
        return XmlRow(with_attribute(row.attributes, "r", str(target)), cells)

    @staticmethod
    def _like(model: XmlRow, plain: Mapping[int, str], row: int, target: int) -> XmlRow:
        """An empty row that looks as the model does and computes what it computes."""
        cells = {}
        for column, (_, inner) in model.cells.items():
            name = letter(column)
            formula = _copied_formula(inner, name, row, target) if inner else ""
            cells[column] = (f' r="{name}{target}"{plain[column]}', formula)
        return XmlRow(with_attribute(model.attributes, "r", str(target)), cells)

    def _shifted(self, tail: str, move: Insertion, sheet: str) -> str:
        """Merged areas, rules, links and filters behind the rows."""
        tail = _MERGES.sub(lambda hit: self._merges(hit, move), tail)
        for pattern in (_AREAS, _OUTER_AREAS):
            tail = pattern.sub(lambda hit: f"{hit[1]}{move.areas(hit[2])}{hit[3]}", tail)
        tail = _REFS.sub(lambda hit: f"{hit[1]}{move.area(hit[2])}{hit[3]}", tail)
        change = lambda text: move.formula(text, sheet, own=True)  # noqa: E731
        return _RULE.sub(lambda hit: f"{hit[1]}{_escaped(change, hit[2])}{hit[3]}", tail)

    def _merges(self, hit: re.Match[str], move: Insertion) -> str:
        """Merged areas follow; those within the model row are repeated in every new row."""
        prefix, areas = hit[2], [match[2] for match in _MERGED.finditer(hit[5])]
        found = [move.area(area, merged=True) for area in areas]
        flat = [area for area in areas if {int(one) for one in re.findall(r"\d+", area)} == {move.row}]
        for number in range(move.row + 1, move.row + move.count + 1):
            found += [re.sub(r"\d+", str(number), area) for area in flat]
        inside = "".join(f'<{prefix}mergeCell ref="{area}"/>' for area in found)
        return f"{hit[1]}{with_attribute(hit[3], 'count', str(len(found)))}{hit[4]}{inside}{hit[6]}"


def _cells(raw: str) -> dict[int, tuple[str, str]]:
    found: dict[int, tuple[str, str]] = {}
    column = -1
    for match in _CELL.finditer(raw):
        place = re.match(r"[A-Z]+", attribute(match[1], "r"))
        column = column_of(place[0]) if place else column + 1
        found[column] = (match[1].rstrip("/"), match[2] or "")
    return found


def _escaped(change: Callable[[str], str], text: str) -> str:
    return html.escape(change(html.unescape(text)), quote=False) if text.strip() else text


def _formulas(inner: str, change: Callable[[str], str], move: Insertion | None) -> str:
    """The inner XML of a cell with its formula put through `change`, and the area of a shared one moved."""

    def changed(match: re.Match[str]) -> str:
        attributes = match[2]
        if move is not None and (area := attribute(attributes, "ref")):
            attributes = with_attribute(attributes, "ref", move.area(area))
        if match[4] is None:
            return f"<{match[1]}f{attributes}/>"
        return f"<{match[1]}f{attributes}>{_escaped(change, match[4])}</{match[1]}f>"

    return _FORMULA.sub(changed, inner)


def _copied_formula(inner: str, column: str, row: int, target: int) -> str:
    """The formula of the model's cell as it reads in the new row; without one nothing."""
    match = _FORMULA.search(inner)
    if match is None:
        return ""
    if match[4] is None:  # a follower of a shared formula: the first one says how it reads
        return match[0]
    text = html.escape(translated(html.unescape(match[4]), column, row, target), quote=False)
    return f"<{match[1]}f>{text}</{match[1]}f>"
