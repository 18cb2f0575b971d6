"""Keyed, truncated fingerprints of children: whether one is on a list can be asked, who is on it cannot be read.

See docs/decisions/08-double-claim.md for what the truncation hides and how often it is wrong.
"""

from __future__ import annotations

import hmac
import math
import struct
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from jzdesk.core.text import normalise_name

ONE_IN = 2000  # a child who is not on the list is taken for one who is at most once in so many
_LEAST_BITS, _MOST_BITS = 12, 32
KEY_BYTES = 16


def bits_for(children: int) -> int:
    """Bits that keep the false alarms of a list of so many children below one in `ONE_IN`."""
    return min(_MOST_BITS, max(_LEAST_BITS, math.ceil(math.log2(max(1, children) * ONE_IN))))


def fingerprint(key: bytes, number: str, name: str, bits: int) -> int:
    """The first `bits` bits of HMAC-SHA-256 over number and name; without the name nobody can try numbers through."""
    said = f"{number.strip().upper()}|{normalise_name(name).replace('·', '')}".encode()
    return int.from_bytes(hmac.digest(key, said, "sha256")[:4], "big") >> (32 - bits)


@dataclass(frozen=True, slots=True)
class Marks:
    """The fingerprints of some children: a key drawn for one reader, the bits of each, and the marks in order."""

    key: bytes
    bits: int
    sorted_marks: tuple[int, ...]

    @staticmethod
    def of(key: bytes, children: Iterable[tuple[str, str]]) -> Marks:
        """Marks of (number, name) of each child."""
        listed = set(children)
        bits = bits_for(len(listed))
        return Marks(key, bits, tuple(sorted({fingerprint(key, number, name, bits) for number, name in listed})))

    def __contains__(self, child: tuple[str, str]) -> bool:
        mark = fingerprint(self.key, child[0], child[1], self.bits)
        place = bisect_left(self.sorted_marks, mark)
        return place < len(self.sorted_marks) and self.sorted_marks[place] == mark

    def packed(self) -> bytes:
        """The marks as big-endian 32-bit numbers."""
        return struct.pack(f">{len(self.sorted_marks)}I", *self.sorted_marks)

    @staticmethod
    def unpacked(key: bytes, bits: int, packed: bytes) -> Marks:
        """Marks as they were packed; raises ValueError for what no sender packs."""
        if len(key) != KEY_BYTES or not _LEAST_BITS <= bits <= _MOST_BITS or len(packed) % 4:
            raise ValueError("no marks")
        marks = struct.unpack(f">{len(packed) // 4}I", packed)
        if any(before >= after for before, after in pairwise(marks)):
            raise ValueError("marks out of order")
        return Marks(key, bits, marks)
