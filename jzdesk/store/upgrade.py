"""Brings a database of an older schema up to date, step by step, after keeping a copy of it beside the original."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine

from jzdesk.store import engine as engines
from jzdesk.store import journal, to_schema_2, to_schema_3, to_schema_4, to_schema_5
from jzdesk.store.databases import Database

if TYPE_CHECKING:
    from alembic.operations import Operations

Step = Callable[["Operations"], None]

# Schema version → the step from it to the next one. Steps stay for ever: every released database must still open.
STEPS: dict[int, Step] = {1: to_schema_2.step, 2: to_schema_3.step, 3: to_schema_4.step, 4: to_schema_5.step}


def upgrade(engine: Engine, database: Database, schema: int) -> None:
    """Run every step from this schema on, in one transaction; raises StationFault, then nothing has changed."""
    steps = [STEPS[version] for version in range(schema, engines.SCHEMA)]
    database.keep_copy(engine, schema)
    with engine.begin() as connection, engines.gate(connection):
        operations = _operations(connection)
        for step in steps:
            step(operations)
        journal.recompute_newer(connection, schema)
        database.mark_schema(connection, engines.SCHEMA)


def _operations(connection: Connection) -> Operations:
    from alembic.migration import MigrationContext
    from alembic.operations import Operations

    return Operations(MigrationContext.configure(connection))
