"""Long lists a part at a time: a database takes only so many values in one statement."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")
AT_ONCE = 900
"""Values of one statement, safely below what every SQLite takes (999 in old ones)."""


def slices(items: Sequence[T], size: int = AT_ONCE) -> Iterator[list[T]]:
    """The items in order, in parts of at most `size`."""
    for start in range(0, len(items), size):
        yield list(items[start : start + size])
