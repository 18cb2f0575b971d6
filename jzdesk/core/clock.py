"""Time as people read it, and the hybrid logical clock that orders entries without deciding anything."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import dataclass, field

_COUNTER_BITS = 10  # milliseconds × 1024 stays below 2**53 until the year 2248


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass(slots=True)
class Clock:
    """The station's clock: monotonic even when the PC's clock is set back. `now_ms` can be replaced in tests."""

    now_ms: Callable[[], int] = field(default=_now_ms)
    last: int = 0

    def tick(self, times: int = 1) -> int:
        """The next hybrid logical time: larger than every earlier one, and than every one seen.

        With `times` the first of as many that follow each other; all of them are used up.
        """
        first = max(self.last + 1, self.now_ms() << _COUNTER_BITS)
        self.last = first + times - 1
        return first

    def saw(self, at: int) -> None:
        """Take note of a time read from elsewhere."""
        self.last = max(self.last, at)

    def today(self) -> str:
        """Today as ISO text, in local time."""
        return _local(self.now_ms()).date().isoformat()


def moment(at: int) -> str:
    """A hybrid logical time as `2025-09-10 08:30` in local time, for people."""
    return _local(at >> _COUNTER_BITS).strftime("%Y-%m-%d %H:%M")


def _local(milliseconds: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(milliseconds / 1000, dt.UTC).astimezone()
