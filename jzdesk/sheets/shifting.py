"""What becomes of references when rows are inserted into a sheet: cells, ranges, formulas, whole lists of ranges."""

from __future__ import annotations

import re
from dataclasses import dataclass

_CELL = re.compile(r"(\$?)([A-Z]{1,3})(\$?)(\d+)")
_AREA = re.compile(r"(\$?[A-Z]{1,3}\$?)(\d+):(\$?[A-Z]{1,3}\$?)(\d+)")
_ROWS = re.compile(r"(\$?)(\d+):(\$?)(\d+)")
_MAX_ROW = 1_048_576


@dataclass(frozen=True, slots=True)
class Insertion:
    """`count` rows inserted behind the 1-based `row`."""

    row: int
    count: int

    def moved(self, row: int) -> int:
        """Where a row is afterwards."""
        return row + self.count if row > self.row else row

    def grown(self, first: int, last: int) -> tuple[int, int]:
        """Where an area is afterwards: one that ends with the row, or goes beyond, grows with it."""
        if last >= _MAX_ROW or last < self.row:
            return first, last
        return self.moved(first), last + self.count

    def spanned(self, first: int, last: int) -> tuple[int, int]:
        """Where a merged area is afterwards: only one that goes beyond the row grows."""
        return self.moved(first), self.moved(last)

    def area(self, text: str, *, merged: bool = False) -> str:
        """A cell or an area such as `C5:C20`."""
        if (match := _AREA.fullmatch(text)) is not None:
            move = self.spanned if merged else self.grown
            first, last = move(int(match[2]), int(match[4]))
            return f"{match[1]}{first}:{match[3]}{last}"
        if (match := _ROWS.fullmatch(text)) is not None:
            first, last = self.grown(int(match[2]), int(match[4]))
            return f"{match[1]}{first}:{match[3]}{last}"
        return _CELL.sub(lambda hit: f"{hit[1]}{hit[2]}{hit[3]}{self.moved(int(hit[4]))}", text)

    def areas(self, text: str) -> str:
        """Several areas apart by blanks, as validations and conditional formats name theirs."""
        return " ".join(self.area(part) for part in text.split())

    def formula(self, text: str, sheet: str, *, own: bool) -> str:
        """A formula without its `=`; `own`: it stands in the sheet itself, so bare references mean it."""
        from openpyxl.formula import Tokenizer
        from openpyxl.formula.tokenizer import Token

        tokens = Tokenizer(f"={text}").items
        return "".join(
            self._operand(token.value, sheet, own=own)
            if token.type == Token.OPERAND and token.subtype == Token.RANGE
            else token.value
            for token in tokens
        )

    def _operand(self, text: str, sheet: str, *, own: bool) -> str:
        place, mark, area = text.rpartition("!")
        meant = place.strip("'").replace("''", "'") == sheet if mark else own
        return f"{place}{mark}{self.area(area)}" if meant else text


def translated(formula: str, column: str, row: int, target: int) -> str:
    """A formula of one row as it reads in another row of the same column."""
    from openpyxl.formula.translate import Translator

    return str(Translator(f"={formula}", origin=f"{column}{row}").translate_formula(f"{column}{target}")).removeprefix(
        "="
    )
