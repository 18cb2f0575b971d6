"""Identifiers drawn by chance: an ID number is never a key, and never unique.

A uid is 32 hexadecimal characters: 8 drawn when the program starts, 8 that count, 16 drawn anew each time. Records made
together so stand together in every index, which keeps the county's merges linear (docs/decisions/07).
"""

from __future__ import annotations

import os
from itertools import count

_START = os.urandom(4).hex()
_COUNT = count(int.from_bytes(os.urandom(3), "big"))


def new_uid() -> str:
    """A new identifier."""
    return f"{_START}{next(_COUNT) & 0xFFFFFFFF:08x}{os.urandom(8).hex()}"


def new_uids(number: int) -> list[str]:
    """`number` identifiers, in ascending order, from one call to the system's random source."""
    pool = os.urandom(8 * number).hex()
    return [f"{_START}{next(_COUNT) & 0xFFFFFFFF:08x}{pool[begin : begin + 16]}" for begin in range(0, 16 * number, 16)]
