"""Brings a database of an older schema up to date, step by step, after keeping a copy of it beside the original."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine

from jzdesk.core.errors import StationFault
from jzdesk.store import engine as engines
from jzdesk.store import journal, to_schema_2, to_schema_3
from jzdesk.store.folder import copy_durably

if TYPE_CHECKING:
    from alembic.operations import Operations

Step = Callable[["Operations"], None]

# Schema version → the step from it to the next one. Steps stay for ever: every released database must still open.
STEPS: dict[int, Step] = {1: to_schema_2.step, 2: to_schema_3.step}


def kept_copy(database: Path, schema: int) -> Path:
    """Where the database is kept as it was before it was brought up from this schema."""
    return database.with_name(f"{database.name}.v{schema}")


def upgrade(engine: Engine, database: Path, schema: int) -> None:
    """Run every step from this schema on, in one transaction; raises StationFault, then nothing has changed."""
    steps = [STEPS[version] for version in range(schema, engines.SCHEMA)]
    _keep_copy(engine, database, kept_copy(database, schema))
    with engine.begin() as connection, engines.gate(connection):
        operations = _operations(connection)
        for step in steps:
            step(operations)
        journal.recompute_newer(connection, schema)
        connection.exec_driver_sql(f"PRAGMA user_version = {engines.SCHEMA}")


def _keep_copy(engine: Engine, database: Path, copy: Path) -> None:
    """Copy the file once everything stands in it; an older copy of the same schema is not overwritten."""
    raw = engine.raw_connection()
    try:
        raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        raw.close()
    if copy.exists():
        return
    try:
        copy_durably(database, copy)
    except OSError as fault:
        raise StationFault(
            f"升级前的数据库副本存不下来（{fault.strerror}）",
            "数据库没有升级，也没有改动",
            "请清理磁盘空间后重新打开。",
        ) from fault


def _operations(connection: Connection) -> Operations:
    from alembic.migration import MigrationContext
    from alembic.operations import Operations

    return Operations(MigrationContext.configure(connection))
