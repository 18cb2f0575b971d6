"""What python-calamine leaves out of an .xlsx: error cells, open formulas, hidden rows, true extents."""

from __future__ import annotations

import html
import posixpath
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree as ET

from jzdesk.sheets.cells import FORMULA_MARK, column_of

_CHUNK = 1 << 20
_PART_LIMIT = 8 << 20
_PENDING_LIMIT = 64 << 20
_ROW = re.compile(rb"<(?:\w+:)?row\b([^>]*)>")
_HIDDEN = re.compile(rb"<(?:\w+:)?row\b[^>]*\bhidden=[\"'](?:1|true)[\"'][^>]*>")
_NUMBER = re.compile(rb"\br=[\"'](\d+)[\"']")
_CELL = re.compile(rb"<(?:\w+:)?c\b([^>]*?)(?:/>|>(.*?)</(?:\w+:)?c>)", re.DOTALL)
_PLACE = re.compile(rb"\br=[\"']([A-Z]{1,3})(\d+)[\"']")
_ERROR = re.compile(rb"\bt=[\"']e[\"']")
_VALUE = re.compile(rb"<(?:\w+:)?v\b[^>/]*>([^<]*)</")
_FORMULA = re.compile(rb"<(?:\w+:)?f\b[^>]*?(?:/>|>([^<]*)</)")
_FILLED = re.compile(rb"<(?:\w+:)?(?:v|is)\b[^>/]*>")
_FAR_COLUMN = re.compile(rb' r="[A-Z]{3}[0-9]')


@dataclass(slots=True)
class Finding:
    """What was found in one sheet; cells by (row, column) from 0, rows 1-based."""

    odd_cells: dict[tuple[int, int], str] = field(default_factory=dict)
    hidden_rows: set[int] = field(default_factory=set)
    last_row: int = 0
    last_column: int = 0


def scan(path: Path) -> dict[str, Finding]:
    """Findings by sheet name, in constant memory; of an odd package whatever can be read."""
    found: dict[str, Finding] = {}
    with zipfile.ZipFile(path) as package:
        for name, part in _sheet_parts(package):
            found[name] = finding = Finding()
            for piece in _pieces(package, part):
                look(piece, finding)
    return found


def _sheet_parts(package: zipfile.ZipFile) -> list[tuple[str, str]]:
    """(sheet name, part name) of every worksheet."""
    names = set(package.namelist())
    targets = {
        relation.get("Id"): posixpath.normpath(posixpath.join("/xl", relation.get("Target", ""))).lstrip("/")
        for relation in _small_part(package, "xl/_rels/workbook.xml.rels")
    }
    found = []
    for node in _small_part(package, "xl/workbook.xml").iter():
        if node.tag.endswith("}sheet"):
            link = next((value for key, value in node.attrib.items() if key.endswith("}id")), "")
            if (part := targets.get(link)) in names and part is not None:
                found.append((node.get("name", ""), part))
    return found


def _small_part(package: zipfile.ZipFile, name: str) -> ET.Element:
    """A small part as XML; an empty element when it is absent, broken or suspiciously large."""
    try:
        if package.getinfo(name).file_size <= _PART_LIMIT:
            return ET.fromstring(package.read(name))
    except (KeyError, ET.ParseError):
        pass
    return ET.Element("absent")


def _pieces(package: zipfile.ZipFile, part: str) -> Iterator[bytes]:
    """The part in pieces that end behind a row, so that no cell is cut in two."""
    pending = b""
    with package.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            pending += chunk
            end = pending.rfind(b"row>") + 4
            if end > 4:
                yield pending[:end]
                pending = pending[end:]
            elif len(pending) > _PENDING_LIMIT:
                return
    yield pending


def look(piece: bytes, finding: Finding) -> None:
    """Add to `finding` what a piece of a sheet's XML tells.

    Cheap searches first: only a piece that holds something odd is looked at cell by cell.
    """
    if b"hidden=" in piece:
        for match in _HIDDEN.finditer(piece):
            if number := _NUMBER.search(match[0]):
                finding.hidden_rows.add(int(number[1]))
    if any(mark in piece for mark in _odd_marks(piece)):
        finding.odd_cells.update(_odd_cells(piece))
    finding.last_row = max(finding.last_row, _last_filled_row(piece))
    if _FAR_COLUMN.search(piece):
        finding.last_column = max(finding.last_column, _last_filled_column(piece))


def _odd_marks(piece: bytes) -> tuple[bytes, ...]:
    """What betrays error cells and formulas; a few writers put a prefix before every name."""
    return (b't="e"', b"<f") if b"<row" in piece else (b't="e"', b"t='e'", b":f")


def _odd_cells(piece: bytes) -> Iterator[tuple[tuple[int, int], str]]:
    """Error cells with their error text, formulas without a result with the formula's text."""
    for match in _CELL.finditer(piece):
        content = match[2] or b""
        place = _PLACE.search(match[1])
        if place is None or not content:
            continue
        where = (int(place[2]) - 1, column_of(place[1].decode()))
        if _ERROR.search(match[1]):
            value = _VALUE.search(content)
            yield where, value[1].decode("utf-8", "replace") if value else "#N/A"
        elif (formula := _FORMULA.search(content)) and b"t=" not in match[1] and not _VALUE.search(content):
            yield where, FORMULA_MARK + html.unescape((formula[1] or b"A1").decode("utf-8", "replace"))


def _last_filled_row(piece: bytes) -> int:
    """The 1-based number of the last row of the piece that holds a value; 0 when none does."""
    plain = b"<row" in piece
    at = max(piece.rfind(mark) for mark in ((b"<v>", b"<is>") if plain else (b":v>", b":is>")))
    if at < 0:
        return 0
    start = piece.rfind(b"<row" if plain else b":row", 0, at)
    number = _NUMBER.search(piece, max(start, 0), at)
    return int(number[1]) if number else 0


def _last_filled_column(piece: bytes) -> int:
    """The 0-based last column of the piece that holds a value."""
    last = 0
    for match in _CELL.finditer(piece):
        if match[2] and _FILLED.search(match[2]) and (place := _PLACE.search(match[1])):
            last = max(last, column_of(place[1].decode()))
    return last
