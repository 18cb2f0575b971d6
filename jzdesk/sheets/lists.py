"""The lists to choose from that a form offers: they tell how it wants codes written."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from jzdesk.sheets.cells import Book, column_of, holds, shown

_RULE = re.compile(r"<(?:\w+:)?dataValidation\b([^>]*?)>(.*?)</(?:\w+:)?dataValidation>", re.DOTALL)
_SOURCE = re.compile(r"<(?:\w+:)?formula1\b[^>]*>(.*?)</(?:\w+:)?formula1>", re.DOTALL)
_INNER = re.compile(r"<(?:\w+:)?f\b[^>]*>(.*?)</(?:\w+:)?f>", re.DOTALL)
_OUTER_AREAS = re.compile(r"<(?:\w+:)?sqref>([^<]*)</")
_AREAS = re.compile(r'\bsqref="([^"]*)"')
_AREA = re.compile(r"([A-Z]+)\d*(?::([A-Z]+)\d*)?")
_RANGE = re.compile(r"(?:'?([^'!]+)'?!)?\$?([A-Z]+)\$?(\d+):\$?([A-Z]+)\$?(\d+)")


def lists_of(xml: str, book: Book, sheet: str) -> dict[int, list[str]]:
    """0-based column → the texts that its list offers; lists by formula are left out."""
    found: dict[int, list[str]] = {}
    for attributes, inside in ((match[1], match[2]) for match in _RULE.finditer(xml)):
        if 'type="list"' in attributes and (texts := _texts(inside, book, sheet)):
            for column in _columns(attributes, inside):
                found.setdefault(column, texts)
    return found


def _columns(attributes: str, inside: str) -> Iterator[int]:
    match = _AREAS.search(attributes) or _OUTER_AREAS.search(inside)
    for area in match[1].split() if match else ():
        if (ends := _AREA.match(area)) is not None:
            first = column_of(ends[1])
            yield from range(first, min(column_of(ends[2]) if ends[2] else first, first + 200) + 1)


def _texts(inside: str, book: Book, sheet: str) -> list[str]:
    source = _SOURCE.search(inside)
    if source is None:
        return []
    inner = _INNER.search(source[1])
    text = html.unescape(inner[1] if inner else source[1]).strip()
    if text.startswith('"'):
        return [part.strip() for part in text.strip('"').split(",") if part.strip()]
    match = _RANGE.fullmatch(text)
    if match is None or (match[1] or sheet) not in book.names:
        return []
    rows = book.sheet(match[1] or sheet).rows[int(match[3]) - 1 : int(match[5])]
    columns = range(column_of(match[2]), column_of(match[4]) + 1)
    return [shown(row[column]) for row in rows for column in columns if column < len(row) and holds(row[column])]
