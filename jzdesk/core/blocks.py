"""A block of cells as text, the way Excel and WPS put it on the clipboard: tabs, line ends, quotes where needed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_QUOTED = re.compile(r'"((?:[^"]|"")*)"(?=\t|\n|\Z)')
_NEEDS_QUOTES = ("\t", "\n")
_FORMULA = ("=", "+", "@")


def parse_block(text: str) -> list[list[str]]:
    """The rows of a block. Quoted cells may hold tabs and line breaks; blank rows at the end are no rows.

    A cell that only begins with a quotation mark (`"小名"乐乐`) is taken as it stands. All rows are made equally long.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    rows: list[list[str]] = []
    place = 0
    while place < len(text):
        row, place = _row(text, place)
        rows.append(row)
    while len(rows) > 1 and not any(cell.strip() for cell in rows[-1]):
        rows.pop()
    width = max(map(len, rows), default=0)
    return [row + [""] * (width - len(row)) for row in rows]


def _row(text: str, place: int) -> tuple[list[str], int]:
    """(cells, where the next row begins)."""
    cells: list[str] = []
    while True:
        cell, place = _cell(text, place)
        cells.append(cell)
        if place >= len(text) or text[place] == "\n":
            return cells, place + 1
        place += 1


def _cell(text: str, place: int) -> tuple[str, int]:
    """(cell, where it ends)."""
    if match := _QUOTED.match(text, place):
        return _unguarded(match[1].replace('""', '"')), match.end()
    ends = [end for end in (text.find("\t", place), text.find("\n", place)) if end >= 0]
    end = min(ends, default=len(text))
    return _unguarded(text[place:end]), end


def _unguarded(cell: str) -> str:
    """Without the mark that `format_block` puts before what a workbook would take for a formula."""
    return cell[1:] if cell.startswith("'") and cell[1:].lstrip("'").startswith(_FORMULA) else cell


def format_block(rows: Iterable[Sequence[str]]) -> str:
    """The block as text for the clipboard; `parse_block` gives the same cells back. Rows end with a line break."""
    return "".join("\t".join(map(_written, row)) + "\n" for row in rows)


def _written(cell: str) -> str:
    cell = cell.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    if cell.lstrip("'").startswith(_FORMULA):
        cell = f"'{cell}"
    if cell.startswith('"') or any(mark in cell for mark in _NEEDS_QUOTES):
        return '"' + cell.replace('"', '""') + '"'
    return cell
