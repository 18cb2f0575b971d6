"""Page geometry of reference §6.1, rows that stack on pages, page breaks and page numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from jzdesk.printing.fonts import Role, face, naming
from jzdesk.printing.linebreak import balanced, break_lines

if TYPE_CHECKING:
    from jzdesk.printing.pdf import Paper

MM = 72 / 25.4
A4 = (210 * MM, 297 * MM)
A4_LANDSCAPE = (297 * MM, 210 * MM)
SIZE_2, SIZE_3, SIZE_4, SIZE_5 = 22.0, 16.0, 14.0, 10.5
_BASELINE = 0.86  # of the font size, below the top of the character square


@dataclass(frozen=True)
class Frame:
    """A sheet of paper and the rectangle that text may fill, in points from the lower left corner."""

    size: tuple[float, float]
    left: float
    top: float
    width: float
    height: float


OFFICE = Frame(A4, 28 * MM, A4[1] - 37 * MM, 156 * MM, 225 * MM)
WIDE = Frame(A4_LANDSCAPE, 14 * MM, A4_LANDSCAPE[1] - 14 * MM, 271 * MM, 180 * MM)


@dataclass(frozen=True)
class Grid:
    """So many characters a line and lines a page on the type area: 28 × 22 is the office standard."""

    characters: int
    lines: int

    @property
    def size(self) -> float:
        """Font size in points."""
        return OFFICE.width / self.characters

    @property
    def pitch(self) -> float:
        """Distance between lines in points."""
        return OFFICE.height / self.lines


STANDARD = Grid(28, 22)


@dataclass(frozen=True)
class Text:
    """Words on a row: `x` from the left of the frame, `down` from the top of the row to the baseline."""

    x: float
    down: float
    role: Role
    size: float
    text: str
    gap: float = 0.0

    def operators(self, paper: Paper, left: float, top: float) -> str:
        """The drawing instructions with the row's corner at (left, top)."""
        return paper.operators(left + self.x, top - self.down, self.role, self.size, self.text, self.gap)


@dataclass(frozen=True)
class Rule:
    """A straight line on a row, measured as Text is."""

    x: float
    down: float
    to_x: float
    to_down: float
    width: float = 0.5

    def operators(self, paper: Paper, left: float, top: float) -> str:
        """The drawing instructions with the row's corner at (left, top)."""
        begin = f"{left + self.x:.2f} {top - self.down:.2f} m"
        return f"{self.width:g} w {begin} {left + self.to_x:.2f} {top - self.to_down:.2f} l S"


@dataclass(frozen=True)
class Row:
    """A strip across the frame. `keep` ties it to the next row; `head` is repeated above it on a new page.

    `label` names the person it is about, should a character have no font; `weight` is a sum for page totals.
    """

    height: float
    marks: tuple[Text | Rule, ...] = ()
    keep: bool = False
    head: tuple[Row, ...] = ()
    label: str = ""
    weight: tuple[int, ...] = ()


def baseline(size: float, pitch: float) -> float:
    """From the top of a line `pitch` high down to the baseline of text of `size`, the square centred."""
    return (pitch - size) / 2 + _BASELINE * size


def blank(height: float, keep: bool = False) -> Row:
    """Nothing, `height` points of it."""
    return Row(height, keep=keep)


@lru_cache(maxsize=4096)
def paragraph(
    text: str, grid: Grid, role: Role = Role.BODY, lead: str = "", lead_role: Role = Role.KAI, keep: bool = False
) -> tuple[Row, ...]:
    """A justified paragraph, first line indented by two characters; `lead` are its first words in another face."""
    lines = break_lines(lead + text, grid.characters, face(role).width, 2)
    rows, done = [], 0
    for number, line in enumerate(lines):
        lead_left = max(len(lead) - done, 0)
        done += len(line.text)
        x = 0 if number else 2 * grid.size
        pieces = ((lead_role, line.text[:lead_left]), (role, line.text[lead_left:]))
        rows.append(Row(grid.pitch, _pieces(x, pieces, grid, line.gap), keep))
    return tuple(rows)


def _pieces(x: float, pieces: Iterable[tuple[Role, str]], grid: Grid, gap: float) -> tuple[Text, ...]:
    marks = []
    for role, text in pieces:
        if text:
            marks.append(Text(x, baseline(grid.size, grid.pitch), role, grid.size, text, gap * grid.size))
            x += (face(role).width(text) + gap * len(text)) * grid.size
    return tuple(marks)


@lru_cache(maxsize=4096)
def labelled(label: str, text: str, grid: Grid) -> tuple[Row, ...]:
    """`label` in 黑体, then `text` in 楷体 with its further lines hanging beside the label."""
    hang = face(Role.HEI).width(label)
    down = baseline(grid.size, grid.pitch)
    lines = break_lines(text, grid.characters - hang, face(Role.KAI).width)
    first = (Text(0, down, Role.HEI, grid.size, label),)
    return tuple(
        Row(
            grid.pitch,
            (*(first if not number else ()), Text(hang * grid.size, down, Role.KAI, grid.size, line.text)),
            keep=True,
        )
        for number, line in enumerate(lines)
    )


@lru_cache(maxsize=256)
def title(text: str, size: float, width: float, pitch: float, role: Role = Role.TITLE) -> tuple[Row, ...]:
    """A centred title on as few lines as it needs, broken where `text` has "|"."""
    measure = face(role).width
    lines = balanced(text, width / size, measure)
    return tuple(
        Row(pitch, (Text((width - measure(line) * size) / 2, baseline(size, pitch), role, size, line),), keep=True)
        for line in lines
    )


def ended(text: str, right: float, grid: Grid, role: Role = Role.BODY, keep: bool = False) -> Row:
    """One line ending `right` characters before the right edge."""
    x = OFFICE.width - (right + face(role).width(text)) * grid.size
    return Row(grid.pitch, (Text(x, baseline(grid.size, grid.pitch), role, grid.size, text),), keep)


def tied(rows: Sequence[Row], count: int) -> list[Row]:
    """The same rows, the last `count` of them tied to what follows, so that no total or signature stands alone."""
    return [*rows[:-count], *(replace(row, keep=True) for row in rows[-count:])]


def height_of(rows: Iterable[Row]) -> float:
    """The rows stacked, in points."""
    return sum(row.height for row in rows)


def paginate(rows: Sequence[Row], capacity: float) -> list[list[Row]]:
    """Rows dealt out to pages `capacity` points high; tied rows stay together, heads are repeated."""
    pages: list[list[Row]] = [[]]
    room = capacity
    for group in _tied(rows):
        needed = height_of(group)
        if pages[-1] and needed > room + 0.01:
            pages.append(list(group[0].head))
            room = capacity - height_of(group[0].head)
        for row in group:  # a group higher than a page is cut all the same
            if row.height > room + 0.01 and pages[-1]:
                pages.append(list(row.head))
                room = capacity - height_of(row.head)
            pages[-1].append(row)
            room -= row.height
    return pages


def _tied(rows: Sequence[Row]) -> list[list[Row]]:
    groups: list[list[Row]] = []
    open_ = False
    for row in rows:
        if open_:
            groups[-1].append(row)
        else:
            groups.append([row])
        open_ = row.keep
    return groups


def draw(paper: Paper, rows: Iterable[Row], left: float, top: float) -> float:
    """Draws rows from `top` downwards and returns where they end; raises UserError naming a row's label."""
    for row in rows:
        if row.label:
            with naming(row.label):
                _draw_row(paper, row, left, top)
        else:
            _draw_row(paper, row, left, top)
        top -= row.height
    return top


def _draw_row(paper: Paper, row: Row, left: float, top: float) -> None:
    for mark in row.marks:
        paper.literal(mark.operators(paper, left, top))


def instructions(paper: Paper, rows: Iterable[Row]) -> list[str]:
    """What drawing the rows from the origin downwards would write, for a part that recurs."""
    result, top = [], 0.0
    for row in rows:
        result += [mark.operators(paper, 0, top) for mark in row.marks]
        top -= row.height
    return result


def office_number(paper: Paper, number: int) -> None:
    """— n — below the type area: odd pages right, even pages left, one character in (reference §6.1)."""
    text = f"— {number} —"
    y = OFFICE.top - OFFICE.height - 7 * MM - SIZE_4 * _BASELINE
    if number % 2:
        paper.right(OFFICE.left + OFFICE.width - SIZE_4, y, Role.SONG, SIZE_4, text)
    else:
        paper.text(OFFICE.left + SIZE_4, y, Role.SONG, SIZE_4, text)


def page_of(paper: Paper, frame: Frame, number: int, total: int) -> None:
    """第 n 页 共 m 页, centred below the frame."""
    y = frame.top - frame.height - 6 * MM
    paper.centred(frame.left + frame.width / 2, y, Role.SONG, 9, f"第 {number} 页　共 {total} 页")
