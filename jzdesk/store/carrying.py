"""Carries every table of a station from one database into another, and proves that the same came out there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, func, select

from jzdesk.core.errors import StationFault
from jzdesk.models import Record
from jzdesk.store import dialects, search
from jzdesk.store.engine import gate
from jzdesk.store.rows import streamed
from jzdesk.store.tables import local
from jzdesk.store.verify import Verified, verify

Moving = Callable[[int, int, str], None]  # (done, of how many, what is done); may raise to stop
_AT_ONCE = 2000
_encode = msgspec.msgpack.Encoder().encode


@dataclass(frozen=True, slots=True)
class Carried:
    """What was carried: tables, rows, and what the recomputation in the new database found."""

    tables: int
    rows: int
    verified: Verified


class _Tally:
    """Rows of a table in any order: how many, and a sum of their hashes."""

    def __init__(self) -> None:
        self.rows, self._sum = 0, 0

    def add(self, rows: list[tuple[Any, ...]]) -> None:
        """Take rows in."""
        self.rows += len(rows)
        self._sum += sum(int.from_bytes(sha256(_encode(row)).digest()) for row in rows)

    def told(self) -> tuple[int, int]:
        """(rows, sum of hashes), equal for equal tables."""
        return self.rows, self._sum % (1 << 256)


def tables() -> list[Table]:
    """Every table of a station, those that others point to first; the index of numbers is made from them."""
    return [*Record.metadata.sorted_tables, *local.sorted_tables]


def carry_and_prove(source: Connection, target: Connection, progress: Moving) -> Carried:
    """Copy every row into the (empty) tables of another database, compare, and recompute; StationFault."""
    rows = carry(source, target, progress)
    for index, table in enumerate(tables()):
        progress(index, len(tables()), "逐表核对")
        here, there = _told(source, table), _told(target, table)
        if here != there:
            raise _differs(f"“{table.name}”表原有 {here[0]} 行，复制后 {there[0]} 行，内容不同")
    progress(0, 0, "由变更日志重算")
    verified = verify(target)
    if not verified.ok:
        raise _differs(f"有 {len(verified.differences)} 处与变更日志不一致")
    return Carried(len(tables()), rows, verified)


def carry(source: Connection, target: Connection, progress: Moving | None = None) -> int:
    """Copy every row into the (empty) tables of another database; returns how many rows."""
    total = sum(source.execute(select(func.count()).select_from(table)).scalar_one() for table in tables())
    done = 0
    with gate(target):
        for table in tables():
            target.execute(table.delete())
            for rows in _read(source, table):
                dialects.of(target).insert(target, table.name, table.columns.keys(), rows)
                done += len(rows)
                if progress:
                    progress(done, total, "复制")
        search.refill_numbers(target)
    return done


def _told(connection: Connection, table: Table) -> tuple[int, int]:
    tally = _Tally()
    for rows in _read(connection, table):
        tally.add(rows)
    return tally.told()


def _read(connection: Connection, table: Table) -> Iterator[list[tuple[Any, ...]]]:
    """All rows of a table, in parts."""
    found = (tuple(row) for row in streamed(connection, select(table)))
    while part := list(islice(found, _AT_ONCE)):
        yield part


def _differs(what: str) -> StationFault:
    return StationFault(
        f"复制后核对不一致：{what}", "本站仍用原来的数据库，没有改动", "请先核对数据（jz verify），再试一次。"
    )
