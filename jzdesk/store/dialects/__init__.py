"""Where the two databases really differ within a statement: the guard, writing many rows, and finding numbers.

Everything else is said once, in SQLAlchemy or in SQL that both understand. `of` gives what belongs to a connection.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from sqlalchemy import Connection, CursorResult

from jzdesk.models import ENTITIES

GUARDED = frozenset({*(entity.__tablename__ for entity in ENTITIES), "journal", "chain", "conflict"})
Rows = Sequence[tuple[Any, ...]]


class Numbers(Protocol):
    """The index of numbers: for each document of `search_doc` those of the student and those of a guardian."""

    def create(self, connection: Connection) -> None:
        """Make the empty index."""

    def drop(self, connection: Connection) -> None:
        """Take it away, if it is there."""

    def put(self, connection: Connection, rows: Sequence[tuple[int, str, str]]) -> None:
        """Add documents that are not in it: (document, numbers of the student, numbers of a guardian)."""

    def take(self, connection: Connection, documents: Sequence[tuple[int]]) -> None:
        """Take documents out; those that are not in it do not matter."""

    def settle(self, connection: Connection) -> None:
        """Let nothing of what was taken out be left."""

    def find(self, connection: Connection, whose: str, wanted: str, limit: int) -> list[str]:
        """uids of documents whose numbers (`own` or `family`) contain `wanted`, at least three letters or digits."""


class Dialect(Protocol):
    """What the store asks of the database it writes to."""

    @property
    def numbers(self) -> Numbers:
        """The index of numbers."""

    def opened(self, connection: Connection) -> AbstractContextManager[None]:
        """Synchronised tables can be written inside; see `engine.gate`."""

    def insert(self, connection: Connection, table: str, names: Sequence[str], rows: Rows) -> None:
        """Insert new rows, however many."""

    def update(self, connection: Connection, table: str, names: Sequence[str], rows: Rows) -> None:
        """Overwrite rows; `names` and each row end with the uid that says which."""

    def overwrite(self, connection: Connection) -> None:
        """Within a transaction: what it deletes is not to be read in the file afterwards."""

    def named(self, connection: Connection, kind: int, first: str, beyond: str, limit: int) -> list[str]:
        """uids of documents with a suffix of this kind, `first` or after it and before `beyond`, in their order."""


def of(connection: Connection) -> Dialect:
    """The dialect of a connection; each is imported when it is first used."""
    if connection.dialect.name == "sqlite":
        from jzdesk.store.dialects.sqlite import SQLITE

        return SQLITE
    from jzdesk.store.dialects.postgres import POSTGRES

    return POSTGRES


def run(connection: Connection, sql: str, values: Any = None) -> CursorResult[*tuple[Any, ...]]:
    """Execute SQL text with `?` for each value; a list of tuples executes it once for each."""
    text = sql if connection.dialect.paramstyle == "qmark" else sql.replace("?", "%s")
    return connection.exec_driver_sql(text, values)


def marks(number: int) -> str:
    """Text for an `IN`: SQLAlchemy would take longer over a long list than the database takes over the answer."""
    return ",".join("?" * number)
