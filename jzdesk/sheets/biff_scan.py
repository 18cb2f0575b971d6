"""What python-calamine leaves out of an old .xls: error cells, hidden rows, whether it is locked."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from jzdesk.sheets.xlsx_scan import Finding

MAGIC = bytes.fromhex("d0cf11e0a1b11ae1")
_END = 0xFFFFFFF0  # sector numbers from here on are marks, not places
_FORMULA, _BOUND_SHEET, _FILE_PASS, _BOOL_ERR, _ROW = 0x0006, 0x0085, 0x002F, 0x0205, 0x0208
_EOF, _BOF = 0x000A, 0x0809
_ERRORS = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
}


class Broken(Exception):
    """The compound file does not hold together."""


def streams(data: bytes) -> dict[str, bytes]:
    """The streams of a compound file by name; small ones that live in the mini stream are left empty.

    Raises Broken for a file that contradicts itself.
    """
    try:
        return _Compound(data).streams()
    except (struct.error, IndexError, ValueError) as error:
        raise Broken from error


class _Compound:
    """A compound file: sectors chained by an allocation table, a directory of streams."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.size = 1 << struct.unpack_from("<H", data, 30)[0]
        if self.size not in (512, 4096):
            raise ValueError(self.size)
        self.directory, self.small = struct.unpack_from("<I4xI", data, 48)
        self.table = self._table()

    def _sector(self, number: int) -> bytes:
        start = (number + 1) * self.size
        return self.data[start : start + self.size]

    def _table(self) -> list[int]:
        """The allocation table: for each sector the next one of its chain."""
        per_sector = self.size // 4
        places = list(struct.unpack_from("<109I", self.data, 76))
        extra, count = struct.unpack_from("<II", self.data, 68)
        for _ in range(min(count, len(self.data) // self.size)):
            block = struct.unpack(f"<{per_sector}I", self._sector(extra))
            places += block[:-1]
            extra = block[-1]
        table: list[int] = []
        for place in places:
            if place < _END and len(sector := self._sector(place)) == self.size:
                table += struct.unpack(f"<{per_sector}I", sector)
        return table

    def _chain(self, number: int) -> bytes:
        sectors: list[bytes] = []
        while number < _END:
            if len(sectors) > len(self.table):
                raise ValueError("a ring of sectors")
            sectors.append(self._sector(number))
            number = self.table[number]
        return b"".join(sectors)

    def streams(self) -> dict[str, bytes]:
        directory = self._chain(self.directory)
        found: dict[str, bytes] = {}
        for at in range(0, len(directory) - 127, 128):
            length, kind = struct.unpack_from("<HB", directory, at + 64)
            start, size = struct.unpack_from("<II", directory, at + 116)
            name = directory[at : at + max(0, min(length, 64) - 2)].decode("utf-16-le", "replace")
            if kind == 2:
                found[name] = self._chain(start)[:size] if size >= self.small else b""
        return found


def is_locked(parts: dict[str, bytes]) -> bool:
    """Whether the file asks for a password: an encrypted package, or a FILEPASS record in an old workbook."""
    if "EncryptedPackage" in parts or "EncryptionInfo" in parts:
        return True
    start = _workbook(parts)[:4096]
    return any(kind == _FILE_PASS for kind, _ in _records(start, 0))


def is_workbook(parts: dict[str, bytes]) -> bool:
    """Whether the compound file is an .xls at all (and no .doc or .ppt)."""
    return "Workbook" in parts or "Book" in parts


def scan(parts: dict[str, bytes]) -> dict[str, Finding]:
    """Findings by sheet name."""
    book = _workbook(parts)
    found: dict[str, Finding] = {}
    for kind, body in _records(book, 0):
        if kind == _BOUND_SHEET and len(body) > 8:
            found[_sheet_name(body)] = _look(book, struct.unpack_from("<I", body)[0])
    return found


def _workbook(parts: dict[str, bytes]) -> bytes:
    return parts.get("Workbook") or parts.get("Book") or b""


def _sheet_name(body: bytes) -> str:
    count, wide = body[6], body[7] & 1
    return body[8 : 8 + 2 * count].decode("utf-16-le", "replace") if wide else body[8 : 8 + count].decode("latin-1")


def _records(book: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """Record by record from `at` to the end of that part of the workbook."""
    end = len(book)
    while at + 4 <= end:
        kind, length = struct.unpack_from("<HH", book, at)
        if kind == _EOF:
            return
        yield kind, book[at + 4 : at + 4 + length]
        at += 4 + length


def _look(book: bytes, at: int) -> Finding:
    finding = Finding()
    for kind, body in _records(book, at):
        if kind == _ROW and len(body) >= 16 and body[12] & 0x20:
            finding.hidden_rows.add(struct.unpack_from("<H", body)[0] + 1)
        elif kind == _BOOL_ERR and len(body) >= 8 and body[7]:
            finding.odd_cells[struct.unpack_from("<HH", body)] = _ERRORS.get(body[6], "#N/A")
        elif kind == _FORMULA and len(body) >= 14 and body[6] == 2 and body[12:14] == b"\xff\xff":
            finding.odd_cells[struct.unpack_from("<HH", body)] = _ERRORS.get(body[8], "#N/A")
    return finding
