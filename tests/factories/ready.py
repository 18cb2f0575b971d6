"""Stations that stand ready: each is made once in a run, and copied whenever a test asks for one like it.

Two of one test are never copies of the same one, that would be a cloned disk: the second school of a name is made as a
second one. What is made outside of tests, or `apart` (for fixtures that several tests share), is always new.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

_KEPT = 4  # of the same name; a test that makes more of them will hardly have an equal

Name = tuple[str, ...]
_ready: dict[tuple[Name, int], Path] = {}
_asked: list[Counter[Name] | None] = [None]


@contextmanager
def for_one_test() -> Iterator[None]:
    """Copy what is asked for within."""
    _asked[0] = Counter()
    try:
        yield
    finally:
        _asked[0] = None


@contextmanager
def apart() -> Iterator[None]:
    """Make anew what is asked for within: it will be kept beyond this test."""
    asked, _asked[0] = _asked[0], None
    try:
        yield
    finally:
        _asked[0] = asked


def put(folder: Path, name: Name, make: Callable[[Path], None]) -> None:
    """Put a station into a new folder; `make` would make one, closed, and `name` says all that it is made from."""
    asked = _asked[0]
    if asked is None or folder.exists() or asked[name] == _KEPT:
        make(folder)
        return
    original = _original(name, asked[name], make)
    asked[name] += 1
    shutil.copytree(original, folder)


def _original(name: Name, number: int, make: Callable[[Path], None]) -> Path:
    if (name, number) not in _ready:
        made = Path(mkdtemp(dir=_home().name)) / "station"
        with apart():
            make(made)
        _ready[name, number] = made
    return _ready[name, number]


@cache
def _home() -> TemporaryDirectory[str]:
    """Gone when the run ends."""
    return TemporaryDirectory(prefix="jzdesk-ready-")
