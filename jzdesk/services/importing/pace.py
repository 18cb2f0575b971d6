"""How far an import is, and whether the person has stopped it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from jzdesk.services.importing.report import ImportCancelled

T = TypeVar("T")
_EVERY = 500
_PHASES = 3  # rows are read, understood, written


class Pace:
    """Reports `progress(done, total)` in rows over all phases; raises ImportCancelled once `cancel()` says so."""

    def __init__(
        self, file: str, progress: Callable[[int, int], object] | None, cancel: Callable[[], bool] | None
    ) -> None:
        self._file, self._progress, self._cancel = file, progress, cancel
        self._rows, self._phase = 0, 0

    def begin(self, rows: int) -> None:
        """The number of rows is known."""
        self._rows = rows
        self.at(0)

    def next_phase(self) -> None:
        """A phase has ended."""
        self._phase += 1
        self.at(0)

    def over(self, rows: Iterable[T]) -> Iterator[T]:
        """The same rows, with a report now and then."""
        for done, row in enumerate(rows):
            if done % _EVERY == 0:
                self.at(done)
            yield row

    def at(self, done: float) -> None:
        """`done` rows of this phase are done."""
        if self._cancel is not None and self._cancel():
            raise ImportCancelled(self._file)
        if self._progress is not None:
            total = self._rows * _PHASES
            self._progress(min(total, self._phase * self._rows + int(done)), total)

    @property
    def rows(self) -> int:
        """How many rows a phase has."""
        return self._rows
