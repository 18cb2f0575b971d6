"""A digest of a whole database, for tests that say that nothing in it has changed."""

from __future__ import annotations

from collections.abc import Collection
from hashlib import sha256

from sqlalchemy import Connection, select

from jzdesk.models import Record
from jzdesk.store.tables import local


def every_table(connection: Connection, besides: Collection[str] = ()) -> str:
    """Every row of every table, except of those named in `besides`."""
    digest = sha256()
    for table in (*Record.metadata.sorted_tables, *local.sorted_tables):
        if table.name not in besides:
            rows = sorted(repr(tuple(row)) for row in connection.execute(select(table)))
            digest.update(repr((table.name, rows)).encode())
    return digest.hexdigest()
