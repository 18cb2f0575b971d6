"""Ruled tables: cells wrap by the Chinese rules, amounts stand right, heads come back on every page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from jzdesk.printing.fonts import Role, face
from jzdesk.printing.linebreak import break_lines
from jzdesk.printing.page import Row, Rule, Text, baseline

_PADDING = 2.6  # points between a rule and the words


class Align(Enum):
    """Where the words of a cell stand."""

    LEFT = "left"
    CENTRE = "centre"
    RIGHT = "right"


@dataclass(frozen=True)
class Column:
    """A heading, a width (in points, or a share when `fitted` to a width) and where its cells stand."""

    heading: str
    width: float
    align: Align = Align.CENTRE


@dataclass(frozen=True)
class Look:
    """The type of a table: role and size of cells and heads, least height of a row, thickness of its rules."""

    size: float = 10.5
    row: float = 22.0
    role: Role = Role.SONG
    head_role: Role = Role.HEI
    rule: float = 0.5


def fitted(columns: Sequence[Column], width: float) -> tuple[Column, ...]:
    """The columns with their widths scaled so that together they are `width` points."""
    total = sum(column.width for column in columns)
    return tuple(Column(column.heading, column.width * width / total, column.align) for column in columns)


def head_row(columns: Sequence[Column], look: Look) -> Row:
    """The row of headings, tied to the first row below it."""
    centred = [Column(column.heading, column.width) for column in columns]
    row = cells_row(centred, [column.heading for column in columns], look, role=look.head_role)
    return Row(row.height, row.marks, keep=True)


def cells_row(
    columns: Sequence[Column],
    cells: Sequence[str],
    look: Look,
    head: tuple[Row, ...] = (),
    label: str = "",
    weight: tuple[int, ...] = (),
    role: Role | None = None,
    keep: bool = False,
) -> Row:
    """One ruled row, as high as its fullest cell; `head`, `label`, `weight` and `keep` as Row has them."""
    lines = [_lines(cell, column, look, role or look.role) for column, cell in zip(columns, cells, strict=True)]
    pitch = look.size * 1.25
    height = max(look.row, max(map(len, lines)) * pitch + 2 * _PADDING)
    marks: list[Text | Rule] = list(_rules(columns, height, look.rule))
    left = 0.0
    for column, found in zip(columns, lines, strict=True):
        marks += _cell(column, found, left, height, look, role or look.role)
        left += column.width
    return Row(height, tuple(marks), keep, head, label, weight)


def _lines(cell: str, column: Column, look: Look, role: Role) -> list[str]:
    if not cell:
        return []
    room = (column.width - 2 * _PADDING) / look.size
    measure = face(role).width
    if "\n" not in cell and measure(cell) <= room:
        return [cell]
    return [line.text for line in break_lines(cell, room, measure)]


def _rules(columns: Sequence[Column], height: float, width: float) -> list[Rule]:
    total = sum(column.width for column in columns)
    rules = [Rule(0, 0, total, 0, width), Rule(0, height, total, height, width), Rule(0, 0, 0, height, width)]
    x = 0.0
    for column in columns:
        x += column.width
        rules.append(Rule(x, 0, x, height, width))
    return rules


def _cell(column: Column, lines: list[str], left: float, height: float, look: Look, role: Role) -> list[Text]:
    pitch = look.size * 1.25
    down = (height - len(lines) * pitch) / 2 + baseline(look.size, pitch)
    marks = []
    for line in lines:
        marks.append(Text(left + _offset(column, line, look, role), down, role, look.size, line))
        down += pitch
    return marks


def _offset(column: Column, line: str, look: Look, role: Role) -> float:
    if column.align is Align.LEFT:
        return _PADDING
    spare = column.width - face(role).width(line) * look.size
    return spare / 2 if column.align is Align.CENTRE else spare - _PADDING
