"""What tests need not wait for: the disk, and what is the same for every station that is opened."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.dialects.sqlite.base import SQLiteDialect
from sqlalchemy.util import LRUCache

from jzdesk.store import engine, slots

PREPARE = engine._prepare  # as the product has it


@contextmanager
def without_power_cuts() -> Iterator[None]:
    """Nobody pulls the plug: nothing waits for the disk; and a password is turned into its key once."""

    def prepare(raw: Any, key: bytes, writing: bool) -> None:
        PREPARE(raw, key, writing)
        raw.execute("PRAGMA synchronous = OFF")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "_prepare", prepare)
        patch.setattr(slots, "_derive", lru_cache(slots._derive))
        patch.setattr(os, "fsync", lambda _handle: None)
        yield


@contextmanager
def shared_statements() -> Iterator[None]:
    """Statements become SQL once: all engines on files opened within know those of one another."""
    statements: LRUCache[Any, Any] = LRUCache(5000)

    def alike(*args: Any, **options: Any) -> Engine:
        made = create_engine(*args, **options)
        made._compiled_cache = statements
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "create_engine", alike)
        patch.setattr(SQLiteDialect, "__eq__", lambda one, other: type(one) is type(other))
        patch.setattr(SQLiteDialect, "__hash__", lambda one: hash(type(one)))
        yield
