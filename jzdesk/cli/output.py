"""What commands print: a table or sentences for people, JSON for machines; progress goes to standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from jzdesk.cli.state import current

_WORDS: dict[bool | None, str] = {True: "是"}  # nothing and no are left blank
_UNBOUNDED = 10_000  # columns of a table in a file or a pipe: a log of the night has whole lines


def plain(value: Any) -> Any:
    """Dataclasses, paths and tuples as JSON knows them."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return value


def emit(value: Any, sentence: str = "", columns: Sequence[tuple[str, str]] = ()) -> None:
    """Print a result: JSON with `--json`; else a table of `columns` (attribute, heading), and the sentence."""
    if current().json:
        print(json.dumps(plain(value), ensure_ascii=False))
        return
    if columns:
        _table(value, columns)
    if sentence:
        print(sentence)


def _table(rows: Sequence[Any], columns: Sequence[tuple[str, str]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for _, heading in columns:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(_cell(row, name) for name, _ in columns))
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _UNBOUNDED
    console.print(table)


def _cell(row: Any, name: str) -> str:
    value = row.get(name) if isinstance(row, dict) else getattr(row, name)
    if isinstance(value, list | tuple):
        return "、".join(map(str, value))
    return _WORDS.get(value, "") if value is None or isinstance(value, bool) else str(value)


class Bar:
    """What a service reports to: done, total, and perhaps a word on what it is at."""

    def __init__(self, update: Callable[[int, int, str], None]) -> None:
        self._update = update

    def __call__(self, done: int, total: int = 0, text: str = "") -> None:
        """Move the bar."""
        self._update(done, total, text)


@contextmanager
def progress(title: str) -> Iterator[Bar | None]:
    """A progress bar on a terminal, nothing otherwise."""
    if current().json or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield Bar(
            lambda done, total, text: bar.update(task, completed=done, total=total or None, description=text or title)
        )
