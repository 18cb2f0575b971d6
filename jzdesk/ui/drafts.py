"""Drafts of what is being typed: the interface that pages use, and one kept in memory.

Drafts hold personal data, so nothing here writes a file; what survives a crash is kept by the services, encrypted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:  # the log-in comes by here
    from jzdesk.core.fields import Value


class Drafts(Protocol):
    """Where unfinished forms are kept; `key` names the form, e.g. `staff:new` or `staff:<uid>`."""

    def load(self, key: str) -> dict[str, Value] | None:
        """What was being typed, or None."""

    def save(self, key: str, values: dict[str, Value]) -> None:
        """Keep what is being typed."""

    def clear(self, key: str) -> None:
        """Forget it: it has been saved or given up."""


class MemoryDrafts:
    """Drafts that live as long as the window."""

    def __init__(self) -> None:
        self._kept: dict[str, dict[str, Value]] = {}

    def load(self, key: str) -> dict[str, Value] | None:
        """What was being typed, or None."""
        kept = self._kept.get(key)
        return dict(kept) if kept is not None else None

    def save(self, key: str, values: dict[str, Value]) -> None:
        """Keep what is being typed."""
        self._kept[key] = dict(values)

    def clear(self, key: str) -> None:
        """Forget it."""
        self._kept.pop(key, None)


class _Keeps(Protocol):
    """What drafts need of `services.ledger`."""

    def draft_keys(self) -> set[str]: ...

    def load_draft(self, key: str) -> dict[str, Any] | None: ...

    def save_draft(self, key: str, values: dict[str, Any] | None) -> None: ...


class StationDrafts:
    """Drafts kept by the station itself, encrypted, so that a crash loses nothing.

    Known here too, so that nobody waits for the disk: `later` takes the writing (in order, on another thread).
    """

    def __init__(self, keeper: _Keeps, later: Callable[[Callable[[], None]], None] | None = None) -> None:
        self._keeper, self._later = keeper, later
        self._stored: set[str] | None = None
        self._kept: dict[str, dict[str, Value] | None] = {}

    def load(self, key: str) -> dict[str, Value] | None:
        """What was being typed, or None."""
        if key not in self._kept:
            if self._stored is None:
                self._stored = self._keeper.draft_keys()
            self._kept[key] = self._keeper.load_draft(key) if key in self._stored else None
        kept = self._kept[key]
        return dict(kept) if kept is not None else None

    def save(self, key: str, values: dict[str, Value]) -> None:
        """Keep what is being typed."""
        if self._kept.get(key) != values:
            self._keep(key, dict(values))

    def clear(self, key: str) -> None:
        """Forget it."""
        if self.load(key) is not None:
            self._keep(key, None)

    def _keep(self, key: str, values: dict[str, Value] | None) -> None:
        self._kept[key] = values
        if self._later is None:
            self._keeper.save_draft(key, values)
        else:
            self._later(lambda: self._keeper.save_draft(key, values))
