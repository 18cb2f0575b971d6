"""How a value is written into a form of another system: codes, dates, amounts and divisions as it wants them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from jzdesk.core.errors import ValueFault
from jzdesk.core.fields import Value
from jzdesk.core.kinds import Code, Date, Integer, Kind, Money, Month, Options, YesNo
from jzdesk.sheets.cells import Cell, holds, shown
from jzdesk.sheets.columns import Column

LABEL, CODE, BOTH = "label", "code", "both"
COMPACT, DASHES, DOTS = "compact", "dashes", "dots"
YUAN, WAN = "yuan", "wan"
DIGITS, NAME = "digits", "name"
SIGN, BARE = "sign", "bare"
DIVISION, RATIO = "division", "ratio"

_CODES = ((LABEL, "名称，如 住校"), (CODE, "代码，如 2"), (BOTH, "代码-名称，如 2-住校"))
_DATES = ((COMPACT, "20230901"), (DASHES, "2023-09-01"), (DOTS, "2023.9.1"))
_MONTHS = ((COMPACT, "202309"), (DASHES, "2023-09"), (DOTS, "2023.9"))
_MONEY = ((YUAN, "元"), (WAN, "万元"))
_DIVISIONS = ((DIGITS, "12 位代码"), (NAME, "地名"))
_RATIOS = ((SIGN, "97.5%"), (BARE, "97.5"))
_STYLES = {DIVISION: _DIVISIONS, RATIO: _RATIOS}
_DIVISION_LENGTH = 12

Ways = tuple[tuple[str, str], ...]


def ways(column: Column, style: str = "") -> Ways:
    """(code, words) of the ways to write this column, the usual one first; empty when there is only one.

    `style` says what the kind of a text does not: "division" or "ratio".
    """
    return _STYLES[style] if style else _ways_of(column.spec.kind)


def _ways_of(kind: Kind) -> Ways:
    if isinstance(kind, Code | Options | YesNo):
        return _CODES
    if isinstance(kind, Date):
        return _DATES
    if isinstance(kind, Month):
        return _MONTHS
    return _MONEY if isinstance(kind, Money) else ()


def written(column: Column, value: Value, way: str, names: Mapping[str, str] | None = None) -> str | float | None:
    """The value as it goes into a cell; None for nothing. `names` gives divisions by 12 digits."""
    if value is None or value == "":
        return None
    kind = column.spec.kind
    if isinstance(kind, Code | Options | YesNo):
        return _coded(kind, value, way)
    if isinstance(kind, Date | Month):
        return _dated(str(value), way)
    if isinstance(kind, Money):
        return _amount(int(value), way)
    if isinstance(kind, Integer):
        return int(value)
    if way == BARE:
        return _bare(str(value).removesuffix("%"))
    return _division(str(value), way, names or {}) if way in (DIGITS, NAME) else column.spec.show(value)


def _bare(text: str) -> str | float:
    """A ratio as a number; where there is nothing to divide by, the dash that says so."""
    return text if text == "—" else float(text)


def _coded(kind: Code | Options | YesNo, value: str | int, way: str) -> str:
    label = kind.show(value)
    if way == CODE:
        return str(value)
    return f"{value}-{label}" if way == BOTH else label


def _dated(text: str, way: str) -> str:
    if way == COMPACT:
        return text.replace("-", "")
    return ".".join(part.lstrip("0") for part in text.split("-")) if way == DOTS else text


def _amount(fen: int, way: str) -> float:
    """元 or 万元 as a number to add up; both are exact in a double to 15 digits."""
    exact = Decimal(fen) / (1_000_000 if way == WAN else 100)
    return int(exact) if exact == int(exact) else float(exact)


def _division(code: str, way: str, names: Mapping[str, str]) -> str:
    """12 digits as the roll system wants them (reference §5.1), or the name where it is known."""
    if not code.isdigit():
        return code
    if way == NAME:
        return names.get(code.ljust(_DIVISION_LENGTH, "0"), code)
    return code.ljust(_DIVISION_LENGTH, "0")


def same(column: Column, present: Cell, value: Value, wanted: str | float | None, way: str) -> bool:
    """Whether a cell already means the value, however it is written: `2`, `住校` and `2-住校` are the same."""
    if not holds(present) or wanted is None:
        return not holds(present) and wanted is None
    if shown(present) == _plain(wanted):
        return True
    if way == DIGITS and shown(present).isdigit():
        return shown(present).ljust(_DIVISION_LENGTH, "0") == wanted
    if way == WAN:
        return isinstance(present, int | float) and abs(float(present) - float(wanted)) < 1e-9
    try:
        return column.spec.kind.read(present).value == value
    except ValueFault:
        return False


def _plain(wanted: str | float) -> str:
    return shown(wanted) if not isinstance(wanted, str) else wanted
