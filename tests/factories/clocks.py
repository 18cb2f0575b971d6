"""A clock that tests turn."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from jzdesk.core.clock import Clock

DAY = 24 * 3600 * 1000


@dataclass
class Turned:
    """The wall clock of one PC: the true time and `days` more (or less)."""

    days: float = 0
    clock: Clock = field(init=False)

    def __post_init__(self) -> None:
        self.clock = Clock(lambda: int(time.time() * 1000 + self.days * DAY))
