"""What was read of a workbook: plain values in rows, with what the format says beside them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from jzdesk.core.errors import UserError

Cell: TypeAlias = str | int | float | bool | dt.date | dt.time | dt.timedelta | None
Cells: TypeAlias = Sequence[Cell]
# Rows and columns counted from 0, both ends included: first row, first column, last row, last column.
Area: TypeAlias = tuple[int, int, int, int]

MAX_ROWS = 200_000

ERROR_TEXTS = frozenset(
    {"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!", "#CALC!", "#GETTING_DATA"}
)
# What stands for a formula whose result was never computed; a text that merely begins with = is a text.
FORMULA_MARK = "#公式 ="


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: `rows[i]` is Excel's row i+1, every cell a plain value with its type kept, blank cells None.

    `hidden` says that the sheet itself is hidden, `hidden_rows` are 1-based, `merged` the merged areas.
    """

    name: str
    rows: Sequence[Cells]
    hidden: bool = False
    hidden_rows: frozenset[int] = frozenset()
    merged: tuple[Area, ...] = ()

    def is_blank(self) -> bool:
        """Whether no cell holds anything."""
        return not any(holds(cell) for row in self.rows for cell in row)


@dataclass(frozen=True, slots=True)
class Book:
    """A workbook that was read whole: `form` is "xlsx", "xls", "xlsb", "ods" or "csv", found by content.

    `notes` are sentences about what had to be guessed or repaired while reading.
    """

    path: Path
    form: str
    sheets: tuple[Sheet, ...]
    notes: tuple[str, ...] = ()
    _by_name: Mapping[str, Sheet] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_name", {sheet.name: sheet for sheet in self.sheets})

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the sheets, in order."""
        return tuple(sheet.name for sheet in self.sheets)

    def sheet(self, name: str) -> Sheet:
        """The sheet of that name; raises UserError naming the sheets there are."""
        if (found := self._by_name.get(name)) is not None:
            return found
        remedy = f"工作簿里有：{'、'.join(self.names)}，请改选其中一个。"
        raise UserError(f"没有名为“{name}”的工作表", remedy, self.path.name)


def holds(cell: Cell) -> bool:
    """Whether a cell holds anything but blanks."""
    return cell is not None and (not isinstance(cell, str) or bool(cell.strip()))


def is_error(cell: Cell) -> bool:
    """Whether a cell holds an error value of a formula."""
    return isinstance(cell, str) and cell.startswith("#") and cell in ERROR_TEXTS


def is_formula(cell: Cell) -> bool:
    """Whether a cell stands for a formula whose result was never computed."""
    return isinstance(cell, str) and cell.startswith(FORMULA_MARK)


def shown(cell: Cell) -> str:
    """A cell as a person saw it, as nearly as the value tells: whole numbers without `.0`."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return _number(cell)
    if isinstance(cell, dt.datetime):
        return cell.strftime("%Y-%m-%d %H:%M:%S").removesuffix(" 00:00:00")
    return str(cell)


def _number(number: float) -> str:
    """Beyond 15 digits a spreadsheet shows the exponent: the digits are not known any more."""
    if number.is_integer() and abs(number) < 1e15:
        return str(int(number))
    return repr(number).upper()


def letter(column: int) -> str:
    """The letters of a 0-based column: 0 is A, 26 is AA."""
    text = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(65 + rest) + text
    return text


def column_of(letters: str) -> int:
    """The 0-based column of its letters."""
    number = 0
    for character in letters:
        number = number * 26 + ord(character) - 64
    return number - 1
