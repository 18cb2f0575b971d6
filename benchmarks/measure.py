"""What a row of measurements is: a limit and the product, run in turns on the same data, medians compared."""

from __future__ import annotations

import gc
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

RUNS = 5
_QUICK_RUNS = 1
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Scale:
    """How large the measured work is, and the temporary folder in which it happens."""

    folder: Path
    quick: bool = False

    @property
    def runs(self) -> int:
        """How often limit and product are measured."""
        return _QUICK_RUNS if self.quick else RUNS

    def pick(self, full: int, quick: int) -> int:
        """A size: the one worth measuring, or the one that only shows that it works."""
        return quick if self.quick else full


@dataclass(frozen=True, slots=True)
class Measured:
    """Figures of limit and product, one a run; `kept` False when a further condition of the goal is broken."""

    limit: list[float]
    product: list[float]
    kept: bool = True
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the list of goals: product ÷ limit must be at least (`at_least`) or at most `goal`."""

    key: str
    work: str
    unit: str
    goal: float
    at_least: bool
    measure: Callable[[Scale], Measured]

    def met(self, ratio: float) -> bool:
        """Whether a ratio reaches the goal."""
        return ratio >= self.goal if self.at_least else ratio <= self.goal


def in_turns(runs: int, limit: Callable[[], float], product: Callable[[], float]) -> tuple[list[float], list[float]]:
    """A B A B…: both see the same moods of the machine. Garbage is collected before each."""
    limits, products = [], []
    for _ in range(runs):
        gc.collect()
        limits.append(limit())
        gc.collect()
        products.append(product())
    return limits, products


def seconds(work: Callable[[], object]) -> float:
    """How long a piece of work takes."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """How long a piece of work takes, and what it answers."""
    begin = time.perf_counter()
    answer = work()
    return time.perf_counter() - begin, answer


def spread(figures: list[float]) -> float:
    """How noisy: the distance of the extremes from each other, as a part of the median."""
    return (max(figures) - min(figures)) / statistics.median(figures)


def percentile(figures: list[float], part: float) -> float:
    """The figure that this part (0…1) of all figures do not exceed."""
    return sorted(figures)[min(len(figures) - 1, int(part * len(figures)))]


def memory(field: str = "VmHWM") -> float | None:
    """Peak (or `VmRSS`: present) memory of this process in MB; None where the system does not say (not Linux)."""
    if sys.platform != "linux":
        return None
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(field))
