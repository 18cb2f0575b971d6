"""Reads TrueType outlines quickly from a mapped file, and cuts a document's subset out of them."""

from __future__ import annotations

import mmap
import struct
from array import array
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from jzdesk.printing.outline import rewritten

_OUTLINES = (b"\x00\x01\x00\x00", b"true")
_EMBEDDING_FORBIDDEN = 0x0002
_NO_SUBSETTING = 0x0100
_FINENESS = 400  # units to the square kept in a document; see outline.py


class FontUnusable(Exception):
    """The file is no TrueType font that may be embedded."""


@dataclass(frozen=True)
class Metrics:
    """Sizes in 1/1000 of the font size, as a PDF font descriptor wants them."""

    box: tuple[int, int, int, int]
    ascent: int
    descent: int


class TrueType:
    """One font file: which characters it has, how wide they are, and subsets of it.

    Opening costs a few milliseconds whatever the size of the file: outlines stay on disk until a subset is cut.
    Raises FontUnusable for anything but an embeddable TrueType file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with path.open("rb") as file:
                self._data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            self._tables = self._directory()
            self._read_head()
        except (OSError, ValueError, KeyError, struct.error) as error:
            raise FontUnusable(str(path)) from error

    def _directory(self) -> dict[str, tuple[int, int]]:
        if self._data[:4] not in _OUTLINES:
            raise FontUnusable(str(self.path))
        count = self._ushort(4)
        records = struct.iter_unpack(">4sLLL", self._data[12 : 12 + 16 * count])
        return {tag.decode("latin-1"): (offset, length) for tag, _, offset, length in records}

    def _read_head(self) -> None:
        head, hhea = self._table("head"), self._table("hhea")
        self.units: int = struct.unpack_from(">H", head, 18)[0]
        self._long_offsets = struct.unpack_from(">h", head, 50)[0] == 1
        self._wide: int = struct.unpack_from(">H", hhea, 34)[0]
        self._tables["glyf"], self._tables["loca"]
        usage = struct.unpack_from(">H", self._table("OS/2"), 8)[0] if "OS/2" in self._tables else 0
        if usage & 0xF == _EMBEDDING_FORBIDDEN or usage & _NO_SUBSETTING:
            raise FontUnusable(str(self.path))

    def _ushort(self, at: int) -> int:
        return self._data[at] << 8 | self._data[at + 1]

    def _table(self, tag: str) -> bytes:
        offset, length = self._tables[tag]
        return self._data[offset : offset + length]

    @cached_property
    def metrics(self) -> Metrics:
        """Bounding box, ascent and descent of the whole font."""
        box = struct.unpack_from(">4h", self._table("head"), 36)
        up, down = struct.unpack_from(">2h", self._table("hhea"), 4)
        left, low, right, top = (self._thousandths(value) for value in box)
        return Metrics((left, low, right, top), self._thousandths(up), self._thousandths(down))

    def _thousandths(self, value: int) -> int:
        return round(value * 1000 / self.units)

    @cached_property
    def _advances(self) -> array[int]:
        return _big_endian("H", self._table("hmtx")[: 4 * self._wide])

    @cached_property
    def _offsets(self) -> array[int]:
        if self._long_offsets:
            return _big_endian("I", self._table("loca"))
        return array("I", (2 * value for value in _big_endian("H", self._table("loca"))))

    @cached_property
    def _segments(self) -> tuple[list[int], list[tuple[int, int, int]]]:
        """Sorted starts, and for each (end, offset to the glyph number, place of a glyph array or 0)."""
        best = _best_character_map(self._table("cmap"))
        segments = sorted(best)
        return [start for start, *_ in segments], [(end, delta, place) for start, end, delta, place in segments]

    def glyph(self, character: str) -> int:
        """The number of the glyph for one character, 0 when the font has none."""
        code = ord(character)
        starts, rest = self._segments
        index = bisect_right(starts, code) - 1
        if index < 0 or code > rest[index][0]:
            return 0
        _, delta, place = rest[index]
        if not place:
            return code + delta & 0xFFFF
        glyph = self._ushort(self._tables["cmap"][0] + place + 2 * (code - starts[index]))
        return glyph + delta & 0xFFFF if glyph else 0

    def advance(self, glyph: int) -> int:
        """The width of one glyph in 1/1000 of the font size."""
        return self._thousandths(self._advances[2 * min(glyph, self._wide - 1)])

    def subset(self, glyphs: list[int]) -> bytes:
        """A TrueType file whose glyph i is `glyphs[i]` of this font, without hints, names or character map.

        Made for PDF fonts with an identity map, which need no other tables. `glyphs[0]` should be 0 (notdef).
        """
        scale = min(1.0, _FINENESS / self.units)
        numbers = _Numbers(glyphs)
        outlines = [rewritten(self._outline(old), scale, numbers.of) for old in numbers]
        tables = {tag: self._table(tag) for tag in ("head", "hhea", "maxp")}
        tables["glyf"], tables["loca"] = _packed_outlines(outlines)
        tables["hmtx"] = b"".join(self._metric(old, scale) for old in numbers)
        count = struct.pack(">H", len(numbers))
        tables["head"] = _patched(
            _scaled(tables["head"], (36, 38, 40, 42), scale),
            {8: b"\0\0\0\0", 18: struct.pack(">H", round(self.units * scale)), 50: b"\0\1"},
        )
        tables["hhea"] = _patched(_scaled(tables["hhea"], (4, 6, 8, 10, 12, 14, 16), scale), {34: count})
        tables["maxp"] = _patched(tables["maxp"], {4: count})
        return _font_file(tables)

    def _outline(self, glyph: int) -> bytes:
        start = self._tables["glyf"][0]
        return self._data[start + self._offsets[glyph] : start + self._offsets[glyph + 1]]

    def _metric(self, glyph: int, scale: float) -> bytes:
        """Advance and left bearing of one glyph."""
        table = self._tables["hmtx"][0]
        beyond = glyph - self._wide
        side = table + 4 * glyph + 2 if beyond < 0 else table + 4 * self._wide + 2 * beyond
        bearing = struct.unpack(">h", self._data[side : side + 2])[0]
        advance = self._advances[2 * min(glyph, self._wide - 1)]
        return struct.pack(">Hh", round(advance * scale), round(bearing * scale))


class _Numbers(list[int]):
    """Old glyph numbers in their new order; grows while it is walked when a composite names a part not yet in."""

    def __init__(self, glyphs: Iterable[int]) -> None:
        super().__init__(glyphs)
        self._new = {old: new for new, old in reversed(list(enumerate(self)))}

    def of(self, old: int) -> int:
        """The new number of a glyph."""
        if old not in self._new:
            self._new[old] = len(self)
            self.append(old)
        return self._new[old]


def _scaled(table: bytes, places: Iterable[int], scale: float) -> bytes:
    """The table with the signed numbers at `places` times `scale`."""
    values = {at: struct.unpack_from(">h", table, at)[0] for at in places}
    return _patched(table, {at: struct.pack(">h", round(value * scale)) for at, value in values.items()})


def _big_endian(code: str, raw: bytes) -> array[int]:
    values = array(code, raw)
    values.byteswap()
    return values


def _best_character_map(cmap: bytes) -> list[tuple[int, int, int, int]]:
    found = {}
    for platform, encoding, offset in struct.iter_unpack(">HHL", cmap[4 : 4 + 8 * (cmap[2] << 8 | cmap[3])]):
        format_ = struct.unpack_from(">H", cmap, offset)[0]
        if (platform == 0 and encoding != 5) or (platform == 3 and encoding in (1, 10)):
            found[format_] = offset
    if 12 in found:
        return _groups(cmap, found[12])
    return _ranges(cmap, found[4])


def _groups(cmap: bytes, at: int) -> list[tuple[int, int, int, int]]:
    count = struct.unpack_from(">L", cmap, at + 12)[0]
    groups = struct.iter_unpack(">LLL", cmap[at + 16 : at + 16 + 12 * count])
    return [(start, end, glyph - start, 0) for start, end, glyph in groups]


def _ranges(cmap: bytes, at: int) -> list[tuple[int, int, int, int]]:
    count = struct.unpack_from(">H", cmap, at + 6)[0] // 2
    ends = struct.unpack_from(f">{count}H", cmap, at + 14)
    starts, deltas, offsets = (struct.unpack_from(f">{count}H", cmap, at + 16 + 2 * count * n) for n in (1, 2, 3))
    base = at + 16 + 6 * count
    places = [base + 2 * n + offset if offset else 0 for n, offset in enumerate(offsets)]
    return list(zip(starts, ends, deltas, places, strict=True))


def _packed_outlines(outlines: Iterable[bytes]) -> tuple[bytes, bytes]:
    glyf, places = bytearray(), [0]
    for outline in outlines:
        glyf += outline + b"\0" * (-len(outline) % 4)
        places.append(len(glyf))
    return bytes(glyf) or b"\0", struct.pack(f">{len(places)}L", *places)


def _patched(table: bytes, changes: dict[int, bytes]) -> bytes:
    result = bytearray(table)
    for at, value in changes.items():
        result[at : at + len(value)] = value
    return bytes(result)


def _checksum(data: bytes) -> int:
    padded = data + b"\0" * (-len(data) % 4)
    return sum(_big_endian("I", padded)) & 0xFFFFFFFF


def _font_file(tables: dict[str, bytes]) -> bytes:
    power = len(tables).bit_length() - 1
    span = 16 << power
    header = struct.pack(">4sHHHH", _OUTLINES[0], len(tables), span, power, 16 * len(tables) - span)
    directory, body = b"", b""
    start = len(header) + 16 * len(tables)
    for tag, data in sorted(tables.items()):
        directory += struct.pack(">4sLLL", tag.encode(), _checksum(data), start + len(body), len(data))
        body += data + b"\0" * (-len(data) % 4)
    font = header + directory + body
    head = start + sum(-(-len(data) // 4) * 4 for tag, data in tables.items() if tag < "head")
    adjustment = (0xB1B0AFBA - _checksum(font)) & 0xFFFFFFFF
    return _patched(font, {head + 8: struct.pack(">L", adjustment)})
