"""Opens the encrypted database, and keeps every table that travels shut to anything but the journal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlcipher3.dbapi2 as sqlcipher
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError, OperationalError

from jzdesk.core.errors import StationFault, UserError
from jzdesk.models import Record
from jzdesk.store import dialects, search
from jzdesk.store.dialects.sqlite import refuse
from jzdesk.store.tables import local

SCHEMA = 5
APPLICATION_ID = 0x6A7A6401  # "jzd" 1
_CACHE = 32_000  # KiB of pages that a connection keeps
_CACHE_WRITING = 64_000  # room for the pages that one school's package touches in a full county, none read twice


@contextmanager
def gate(connection: Connection) -> Iterator[None]:
    """Open the synchronised tables for the statements inside; only the journal may call this."""
    with dialects.of(connection).opened(connection):
        yield


def open_engine(database: Path, key: bytes, *, writing: bool) -> Engine:
    """An engine on the encrypted file; the writing one begins IMMEDIATE transactions, the other cannot write."""
    engine = create_engine(
        f"sqlite:///{database}",
        module=sqlcipher,
        connect_args={"check_same_thread": False, "isolation_level": None, "timeout": 30},
        pool_size=1 if writing else 4,
        max_overflow=0 if writing else 8,
    )
    event.listen(engine, "connect", lambda raw, _record: _prepare(raw, key, writing))
    begin = "BEGIN IMMEDIATE" if writing else "BEGIN"
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    return engine


def _prepare(raw: Any, key: bytes, writing: bool) -> None:
    """Unlock a new connection and set how it works; a wrong key shows at the first read."""
    cursor = raw.cursor()
    cursor.execute("PRAGMA cipher_log_level = NONE")  # what goes wrong is said by us, not on the console
    cursor.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA temp_store = MEMORY")
    cursor.execute(f"PRAGMA cache_size = -{_CACHE_WRITING if writing else _CACHE}")
    if not writing:
        cursor.execute("PRAGMA query_only = ON")
    cursor.close()
    raw.set_authorizer(refuse)


def copy_database(connection: Connection, key: bytes, target: Path) -> None:
    """Copy the database of an open connection, as its snapshot shows it, into a new file under the same key."""
    copy = sqlcipher.connect(str(target))
    try:
        copy.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
        source: Any = connection.connection.driver_connection
        source.backup(copy)
    finally:
        copy.close()


def settle_log(database: Path, key: bytes) -> None:
    """Bring what stands in the write-ahead log into the file, where that is still possible."""
    engine = open_engine(database, key, writing=True)
    try:
        raw = engine.raw_connection()
        raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        raw.close()
    except (DatabaseError, sqlcipher.DatabaseError):
        return
    finally:
        engine.dispose()


def is_whole(database: Path, key: bytes) -> bool:
    """Whether every page and every index of a database file is in order (reads all of it)."""
    engine = open_engine(database, key, writing=False)
    try:
        with engine.connect() as connection:
            return bool(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one() == "ok")
    except DatabaseError:
        return False
    finally:
        engine.dispose()


def create_database(database: Path, key: bytes) -> None:
    """Make a new, empty, encrypted database with every table."""
    engine = open_engine(database, key, writing=True)
    try:
        _create_schema(engine)
    except OperationalError as fault:
        raise StationFault("数据库文件建不起来", "没有改动任何已有文件", "请检查文件夹的权限和磁盘空间。") from fault
    finally:
        engine.dispose()


def _create_schema(engine: Engine) -> None:
    raw = engine.raw_connection()
    try:
        cursor = raw.cursor()
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        cursor.execute(f"PRAGMA user_version = {SCHEMA}")
        cursor.close()
    finally:
        raw.close()
    with engine.begin() as connection, gate(connection):
        Record.metadata.create_all(connection)
        local.create_all(connection)
        search.create(connection)


def check_database(engine: Engine, database: Path) -> int:
    """The schema of our database; UserError for a file that is none of ours, or written by a newer version.

    What the machine cannot do (a locked or unreadable file) stays an OperationalError: such a file is not damaged.
    """
    if not database.is_file():
        raise UserError("数据库文件不见了", "请从“备份与恢复”里选最近的备份，或找回被移走的文件。", database.name)
    try:
        with engine.connect() as connection:
            application = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
            schema = int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
    except OperationalError:
        raise
    except DatabaseError:
        raise UserError(
            "数据库打不开：它不是本工作站的数据库，或者已经损坏",
            "请不要覆盖它，从“备份与恢复”里选最近的备份。",
            database.name,
        ) from None
    check_schema(application, schema, database.name)
    return schema


def check_schema(application: int, schema: int, place: str) -> None:
    """Raise UserError for tables that are none of ours, or were written by a newer version."""
    if application != APPLICATION_ID:
        raise UserError("这个文件不是本软件的数据库", "请选择建站时的文件夹。", place)
    if schema > SCHEMA:
        raise UserError(
            f"数据库来自更新的版本（{schema}，本软件支持到 {SCHEMA}）",
            "请先把软件升级到最新版再打开，数据没有改动。",
            place,
        )
