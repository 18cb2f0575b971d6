"""Drafts of what is being typed: the interface that pages use, and one kept in memory.

Drafts hold personal data, so nothing here writes a file; what survives a crash is kept by the services, encrypted.
"""

from __future__ import annotations

from typing import Any, Protocol

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
    """The two methods of `services.ledger` that drafts need."""

    def load_draft(self, key: str) -> dict[str, Any] | None: ...

    def save_draft(self, key: str, values: dict[str, Any] | None) -> None: ...


class StationDrafts:
    """Drafts kept by the station itself, encrypted, so that a crash loses nothing."""

    def __init__(self, keeper: _Keeps) -> None:
        self._keeper = keeper

    def load(self, key: str) -> dict[str, Value] | None:
        """What was being typed, or None."""
        return self._keeper.load_draft(key)

    def save(self, key: str, values: dict[str, Value]) -> None:
        """Keep what is being typed."""
        self._keeper.save_draft(key, values)

    def clear(self, key: str) -> None:
        """Forget it."""
        self._keeper.save_draft(key, None)
