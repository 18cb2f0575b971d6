"""SQLite: an authorizer is the guard, rows go in with prepared statements, numbers are found by a trigram index."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import sqlcipher3.dbapi2 as sqlcipher
from sqlalchemy import Connection

from jzdesk.store.dialects import GUARDED, Rows

_WRITES = frozenset({sqlcipher.SQLITE_INSERT, sqlcipher.SQLITE_UPDATE, sqlcipher.SQLITE_DELETE})
_TRIGGERS = frozenset({sqlcipher.SQLITE_CREATE_TRIGGER, sqlcipher.SQLITE_CREATE_TEMP_TRIGGER})
_ALTER: int = sqlcipher.SQLITE_ALTER_TABLE
_OK: int = sqlcipher.SQLITE_OK
_DENY: int = sqlcipher.SQLITE_DENY

_FRAGMENTS = (
    "CREATE VIRTUAL TABLE id_fragment USING fts5(own, family, content='', contentless_delete=1, tokenize='trigram')"
)
_LONG = 6  # of a number longer than this only a part is looked up
_PART = 3  # letters of a trigram
_NAMED = (
    "SELECT DISTINCT uid FROM name_suffix CROSS JOIN search_doc ON id = doc "
    "WHERE kind = ? AND suffix >= ? AND suffix < ? LIMIT ?"
)
_NUMBERED = "SELECT uid FROM id_fragment JOIN search_doc ON id = id_fragment.rowid WHERE id_fragment MATCH ? LIMIT ?"
_COMPARED = (
    "SELECT uid FROM id_fragment JOIN search_doc ON id = id_fragment.rowid "
    "WHERE id_fragment MATCH ? AND instr(lower(replace(said, '-', '')), ?) LIMIT ?"
)


def refuse(action: int, first: str | None, second: str | None, *_rest: str | None) -> int:
    """SQLite's authorizer: a synchronised table is written by the journal or not at all.

    Nor may it be renamed away, or get a trigger that writes while the journal does.
    """
    if action in _WRITES and first in GUARDED:
        return _DENY
    return _DENY if action in _TRIGGERS or (action == _ALTER and second in GUARDED) else _OK


class _Trigrams:
    """FTS5 with trigrams, without a copy of what it indexes."""

    def create(self, connection: Connection) -> None:
        connection.exec_driver_sql(_FRAGMENTS)

    def drop(self, connection: Connection) -> None:
        connection.exec_driver_sql("DROP TABLE IF EXISTS id_fragment")

    def put(self, connection: Connection, rows: Sequence[tuple[int, str, str]]) -> None:
        connection.exec_driver_sql("INSERT INTO id_fragment (rowid, own, family) VALUES (?, ?, ?)", list(rows))

    def take(self, connection: Connection, documents: Sequence[tuple[int]]) -> None:
        connection.exec_driver_sql("DELETE FROM id_fragment WHERE rowid = ?", list(documents))

    def settle(self, connection: Connection) -> None:
        """The index is written anew without it: 1.2 s for 400,000 people."""
        connection.exec_driver_sql("INSERT INTO id_fragment(id_fragment) VALUES ('optimize')")

    def find(self, connection: Connection, whose: str, wanted: str, limit: int) -> list[str]:
        """Trigram match, which for a quoted phrase already means `contains`.

        A long phrase is slow, because of the thousands who share a region, a year, a provider: of a long number its
        end (and its beginning, against the unlikely) are matched, and the rest is compared.
        """
        if len(wanted) <= _LONG:
            return _uids(connection, _NUMBERED, (f'{whose} : "{wanted}"', limit))
        match = f'{whose} : ("{wanted[:_PART]}" AND "{wanted[-_LONG:]}")'
        return _uids(connection, _COMPARED, (match, wanted, limit))


class _Sqlite:
    numbers = _Trigrams()

    @contextmanager
    def opened(self, connection: Connection) -> Iterator[None]:
        raw: Any = connection.connection.driver_connection
        raw.set_authorizer(None)
        try:
            yield
        finally:
            raw.set_authorizer(refuse)

    def insert(self, connection: Connection, table: str, names: Sequence[str], rows: Rows) -> None:
        connection.exec_driver_sql(insert_sql(table, tuple(names)), list(rows))

    def update(self, connection: Connection, table: str, names: Sequence[str], rows: Rows) -> None:
        connection.exec_driver_sql(update_sql(table, tuple(names)), list(rows))

    def overwrite(self, connection: Connection) -> None:
        """Freed pages are filled with zeros."""
        connection.exec_driver_sql("PRAGMA secure_delete = ON")

    def named(self, connection: Connection, kind: int, first: str, beyond: str, limit: int) -> list[str]:
        return _uids(connection, _NAMED, (kind, first, beyond, limit))


SQLITE = _Sqlite()


@lru_cache(maxsize=1024)
def insert_sql(table: str, names: tuple[str, ...]) -> str:
    """SQL text that inserts a row of these columns."""
    listed = ", ".join(f'"{name}"' for name in names)
    return f'INSERT INTO "{table}" ({listed}) VALUES ({",".join("?" * len(names))})'


@lru_cache(maxsize=1024)
def update_sql(table: str, names: tuple[str, ...]) -> str:
    """SQL text that overwrites a row; the last column says which."""
    listed = ", ".join(f'"{name}" = ?' for name in names[:-1])
    return f'UPDATE "{table}" SET {listed} WHERE "{names[-1]}" = ?'


def _uids(connection: Connection, sql: str, values: tuple[Any, ...]) -> list[str]:
    return [row[0] for row in connection.exec_driver_sql(sql, values)]
