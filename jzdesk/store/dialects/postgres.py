"""PostgreSQL: a trigger is the guard, many rows go in with COPY, numbers are found by an index of their trigrams.

The trigrams are made here and kept in an array with an index of its own kind (GIN): that needs no extension, so it
works on every server, whoever runs it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from jzdesk.store.dialects import GUARDED, Rows, run

if TYPE_CHECKING:
    import psycopg

MANY = 40  # rows from which COPY is quicker than statements
GUARD = """
CREATE FUNCTION jzdesk_guard() RETURNS trigger LANGUAGE plpgsql AS $guard$
BEGIN
    IF coalesce(current_setting('jzdesk.gate', true), '') <> 'open' THEN
        RAISE EXCEPTION 'not authorized: % is written by the journal only', TG_TABLE_NAME USING ERRCODE = '42501';
    END IF;
    RETURN NULL;
END $guard$;
""" + "".join(
    f'CREATE TRIGGER jzdesk_guard BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON "{table}" '
    "FOR EACH STATEMENT EXECUTE FUNCTION jzdesk_guard();\n"
    for table in sorted(GUARDED)
)
_FRAGMENTS = """
CREATE TABLE id_fragment (
    doc BIGINT PRIMARY KEY, own TEXT NOT NULL COLLATE "C", family TEXT NOT NULL COLLATE "C",
    own_parts TEXT[] NOT NULL COLLATE "C", family_parts TEXT[] NOT NULL COLLATE "C"
);
CREATE INDEX ix_id_fragment_own ON id_fragment USING gin (own_parts);
CREATE INDEX ix_id_fragment_family ON id_fragment USING gin (family_parts);
"""
_IN_TRANSACTION = 2  # libpq: a transaction is open, and nothing in it has failed
_PART = 3  # letters of a trigram
_NAMED = (
    "SELECT uid FROM (SELECT doc, suffix FROM name_suffix WHERE kind = ? AND suffix >= ? AND suffix < ? "
    "ORDER BY suffix, doc LIMIT ?) AS found JOIN search_doc ON id = doc ORDER BY suffix, doc"
)
_NUMBERED = (
    "SELECT uid FROM id_fragment JOIN search_doc ON id = doc "
    "WHERE {whose}_parts @> ? AND strpos({whose}, ?) > 0 ORDER BY doc LIMIT ?"
)


class _Parts:
    """The trigrams of each text in an array."""

    def create(self, connection: Connection) -> None:
        script(connection, _FRAGMENTS)

    def drop(self, connection: Connection) -> None:
        connection.exec_driver_sql("DROP TABLE IF EXISTS id_fragment")

    def put(self, connection: Connection, rows: Sequence[tuple[int, str, str]]) -> None:
        names = ("doc", "own", "family", "own_parts", "family_parts")
        POSTGRES.insert(connection, "id_fragment", names, [_with_parts(*row) for row in rows])

    def take(self, connection: Connection, documents: Sequence[tuple[int]]) -> None:
        numbers = [document for (document,) in documents]
        connection.exec_driver_sql("DELETE FROM id_fragment WHERE doc = ANY(%s)", (numbers,))

    def settle(self, connection: Connection) -> None:
        """The server clears away old versions of a row by itself."""

    def find(self, connection: Connection, whose: str, wanted: str, limit: int) -> list[str]:
        return _uids(connection, _NUMBERED.format(whose=whose), (parts_of(wanted), wanted, limit))


class _Postgres:
    numbers = _Parts()

    @contextmanager
    def opened(self, connection: Connection) -> Iterator[None]:
        """A word that holds for the transaction; one that has failed takes no more words."""
        _say(connection, "open")
        try:
            yield
        finally:
            if not connection.invalidated and raw(connection).info.transaction_status == _IN_TRANSACTION:
                _say(connection, "")

    def insert(self, connection: Connection, table: str, names: Sequence[str], rows: Rows) -> None:
        if len(rows) < MANY:
            connection.exec_driver_sql(insert_sql(table, tuple(names)), list(rows))
            return
        with _named_faults(connection), raw(connection).cursor() as cursor:
            listed = ", ".join(f'"{name}"' for name in names)
            with cursor.copy(f'COPY "{table}" ({listed}) FROM STDIN') as copy:
                for row in rows:
                    copy.write_row(row)

    def update(self, connection: Connection, table: str, names: Sequence[str], rows: Rows) -> None:
        connection.exec_driver_sql(update_sql(table, tuple(names)), list(rows))

    def overwrite(self, connection: Connection) -> None:
        """Nothing to be said: the server clears away old versions of a row by itself (autovacuum)."""

    def named(self, connection: Connection, kind: int, first: str, beyond: str, limit: int) -> list[str]:
        """A name has several suffixes that begin alike; so many rows are read until enough documents are found."""
        rows = limit
        while True:
            rows *= 4
            found = _uids(connection, _NAMED, (kind, first, beyond, rows))
            uids = list(dict.fromkeys(found))
            if len(uids) >= limit or len(found) < rows:
                return uids[:limit]


POSTGRES = _Postgres()


def raw(connection: Connection) -> psycopg.Connection[Any]:
    """The driver's own connection, in the same transaction."""
    driver: Any = connection.connection.driver_connection
    return driver  # type: ignore[no-any-return]


def script(connection: Connection, statements: str) -> None:
    """Execute several statements at once."""
    with _named_faults(connection):
        raw(connection).execute(statements.encode())


def parts_of(text: str) -> list[str]:
    """The trigrams of a text, each once."""
    return sorted({text[at : at + _PART] for at in range(len(text) - _PART + 1)})


@lru_cache(maxsize=1024)
def insert_sql(table: str, names: tuple[str, ...]) -> str:
    """SQL text that inserts a row of these columns."""
    listed = ", ".join(f'"{name}"' for name in names)
    return f'INSERT INTO "{table}" ({listed}) VALUES ({", ".join(["%s"] * len(names))})'


@lru_cache(maxsize=1024)
def update_sql(table: str, names: tuple[str, ...]) -> str:
    """SQL text that overwrites a row; the last column says which."""
    listed = ", ".join(f'"{name}" = %s' for name in names[:-1])
    return f'UPDATE "{table}" SET {listed} WHERE "{names[-1]}" = %s'


def _with_parts(document: int, own: str, family: str) -> tuple[int, str, str, list[str], list[str]]:
    own, family = own.lower(), family.lower()
    return document, own, family, parts_of(own), parts_of(family)


def _say(connection: Connection, word: str) -> None:
    connection.exec_driver_sql("SELECT set_config('jzdesk.gate', %s, true)", (word,))


def _uids(connection: Connection, sql: str, values: tuple[Any, ...]) -> list[str]:
    return [row[0] for row in run(connection, sql, values)]


@contextmanager
def _named_faults(connection: Connection) -> Iterator[None]:
    """What goes wrong past SQLAlchemy is said in its words, so that everybody above understands it."""
    import psycopg

    try:
        yield
    except psycopg.Error as fault:
        lost = raw(connection).broken
        if lost:
            connection.invalidate()
        raise DBAPIError.instance(
            None, None, fault, psycopg.Error, connection_invalidated=lost, dialect=connection.dialect
        ) from fault
