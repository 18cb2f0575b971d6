"""Breaks Chinese text into lines: no closing mark begins a line, no opening mark ends one, numbers stay whole."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

CLOSING = "，。、；：？！）〕】》〉」』”’％℃…—·,.;:?!)]}%°′″"
OPENING = "（〔【《〈「『“‘￥([{#№"
_WIDEST_GAP = 0.3  # em; a line that would need wider gaps stays ragged
_WHOLE = re.compile(
    r"\d{2,4}年(?:\d{1,2}月(?:\d{1,2}日)?)?"  # dates
    r"|\d{1,2}月\d{1,2}日"
    r"|—{2,}|…{2,}"
    r"|[A-Za-z0-9](?:[A-Za-z0-9]|[-.,:/_@+](?=[A-Za-z0-9]))*"  # words, amounts, telephone numbers
    r"|.",
    re.DOTALL,
)


@dataclass(frozen=True)
class Line:
    """One line: its text, its natural width and the gap to add after each character, both in em."""

    text: str
    width: float
    gap: float = 0.0


def units(text: str) -> list[str]:
    """`text` cut where a line may break; openers stay with what follows, closers with what precedes."""
    result: list[str] = []
    held = ""
    for piece in _WHOLE.findall(text):
        if piece[0] in OPENING and len(piece) == 1:
            held += piece
        elif result and not held and piece[0] in CLOSING and result[-1] != " ":
            result[-1] += piece
        else:
            result.append(held + piece)
            held = ""
    return [*result, held] if held else result


def break_lines(text: str, limit: float, width: Callable[[str], float], indent: float = 0.0) -> list[Line]:
    """Lines of at most `limit` em, all but the last of each paragraph justified.

    `width` measures a text in em; `indent` narrows the first line of each paragraph; "\\n" ends a paragraph.
    Blanks at the end of a line are dropped. A unit wider than a whole line is cut between characters.
    """
    lines: list[Line] = []
    for paragraph in text.split("\n"):
        lines += _paragraph(paragraph, limit, width, indent)
    return lines


def _paragraph(text: str, limit: float, width: Callable[[str], float], indent: float) -> list[Line]:
    texts: list[str] = []
    current, used, room = "", 0.0, limit - indent
    for unit in _fitting(units(text), limit - max(indent, 0.0), width):
        size = width(unit)
        if current and used + size > room + 1e-6 and not unit.isspace():
            texts.append(current)
            current, used, room = "", 0.0, limit
        if texts and not current and unit.isspace():
            continue
        current, used = current + unit, used + size
    texts.append(current)
    rooms = [limit - indent] + [limit] * len(texts)
    return [_justified(text, room, width) for text, room in zip(texts[:-1], rooms, strict=False)] + [
        Line(texts[-1].rstrip(), width(texts[-1].rstrip()))
    ]


def _fitting(pieces: list[str], limit: float, width: Callable[[str], float]) -> list[str]:
    """The same pieces, those wider than a line cut between characters."""
    result: list[str] = []
    for piece in pieces:
        result += [piece] if width(piece) <= limit else _cut(piece, limit, width)
    return result


def _cut(piece: str, limit: float, width: Callable[[str], float]) -> list[str]:
    parts, current = [], ""
    for character in piece:
        if current and width(current + character) > limit:
            parts.append(current)
            current = ""
        current += character
    return [*parts, current]


def _justified(text: str, room: float, width: Callable[[str], float]) -> Line:
    text = text.rstrip()
    natural = width(text)
    gap = (room - natural) / (len(text) - 1) if len(text) > 1 else 0.0
    return Line(text, natural, max(gap, 0.0) if gap <= _WIDEST_GAP else 0.0)


def balanced(text: str, limit: float, width: Callable[[str], float]) -> list[str]:
    """A title on as few lines as fit, broken only at "|" where the words allow it, the lines as even as can be.

    Reference §6.1: a title breaks where its meaning does.
    """
    parts = text.split("|")
    if width("".join(parts)) <= limit:
        return ["".join(parts)]
    for count in range(2, len(parts) + 1):
        options = [lines for lines in _divisions(parts, count) if max(map(width, lines)) <= limit]
        if options:
            return min(options, key=lambda lines: max(map(width, lines)) - min(map(width, lines)))
    return [line.text for line in break_lines("".join(parts), limit, width)]


def _divisions(parts: list[str], count: int) -> list[list[str]]:
    if count == 1:
        return [["".join(parts)]]
    return [
        ["".join(parts[:first]), *rest]
        for first in range(1, len(parts) - count + 2)
        for rest in _divisions(parts[first:], count - 1)
    ]
