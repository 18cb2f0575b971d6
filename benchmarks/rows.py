"""Which rows there are, in the order of the list of goals; each module is imported when it is run."""

from __future__ import annotations

from importlib import import_module

from benchmarks.measure import Row

KEYS = (
    "merge_new", "merge_again", "package", "search", "table", "start", "keys", "save", "aid", "pledges", "pledge_size",
    "import_roll", "county",
)  # fmt: skip


def row(key: str) -> Row:
    """The row with this key."""
    found = import_module(f"benchmarks.{key}").ROW
    assert isinstance(found, Row)
    return found
