"""Where a station's tables are: in an encrypted file, or on a server (`server.Server`); what differs as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

import sqlcipher3.dbapi2 as sqlcipher
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DatabaseError, OperationalError

from jzdesk.core.errors import StationFault
from jzdesk.store import engine as engines
from jzdesk.store.folder import SERVER, copy_durably

T = TypeVar("T")
KEPT = "这一步没有保存，之前保存的内容都在"


class Database(Protocol):
    """A place for a station's tables. Engines begin a writing transaction only when nobody else is writing."""

    def engine(self, *, writing: bool) -> Engine:
        """An engine; the one that does not write shows snapshots."""

    def check(self, reader: Engine) -> int:
        """The schema of the tables; UserError when they are not ours, or written by a newer version."""

    def check_current(self, connection: Connection) -> None:
        """Within a writing transaction: StationFault when the station has moved to another database meanwhile."""

    def fill(self, put: Callable[[Connection], T]) -> T:
        """Make all tables in an empty database, and put into them, in one transaction."""

    def keep_copy(self, engine: Engine, schema: int) -> None:
        """Keep everything as it is before it is brought up from this schema; StationFault when there is no room."""

    def settle(self, engine: Engine) -> None:
        """Leave nothing of what was overwritten in a log beside the tables."""

    def leave(self, connection: Connection, when: str) -> None:
        """Within a writing transaction: note that the station has moved away, so that nobody writes here any more."""

    def mark_schema(self, connection: Connection, schema: int) -> None:
        """Note the schema that the tables have from now on."""

    def copy_to(self, connection: Connection, target: Path) -> None:
        """Copy what a snapshot shows into a new encrypted file."""

    def fault(self, fault: DatabaseError) -> StationFault | None:
        """What the machine could not do, in words; None when the error is a mistake of ours."""


class FileDatabase:
    """The encrypted file of a station."""

    def __init__(self, path: Path, key: bytes) -> None:
        self.path, self._key = path, key

    def engine(self, *, writing: bool) -> Engine:
        """See `engine.open_engine`."""
        return engines.open_engine(self.path, self._key, writing=writing)

    def check(self, reader: Engine) -> int:
        """See `engine.check_database`."""
        return engines.check_database(reader, self.path)

    def check_current(self, connection: Connection) -> None:
        """Another window may have moved the station to a server; the file stays, but nothing is written to it."""
        if self.path.with_name(SERVER).exists():
            raise moved("服务器")

    def leave(self, connection: Connection, when: str) -> None:
        """The address of the server beside the file says so."""

    def fill(self, put: Callable[[Connection], T]) -> T:
        """Make the file; it is there only once everything is in it."""
        engines.create_database(self.path, self._key)
        engine = self.engine(writing=True)
        try:
            with engine.begin() as connection:
                done = put(connection)
        finally:
            engine.dispose()
        engines.settle_log(self.path, self._key)
        return done

    def settle(self, engine: Engine) -> None:
        """The write-ahead log is brought into the file and emptied, as soon as nobody reads what is older."""
        raw = engine.raw_connection()
        try:
            raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        finally:
            raw.close()

    def keep_copy(self, engine: Engine, schema: int) -> None:
        """Copy the file once everything stands in it; an older copy of the same schema is not overwritten."""
        self.settle(engine)
        copy = kept_copy(self.path, schema)
        if copy.exists():
            return
        try:
            copy_durably(self.path, copy)
        except OSError as fault:
            raise StationFault(
                f"升级前的数据库副本存不下来（{fault.strerror}）",
                "数据库没有升级，也没有改动",
                "请清理磁盘空间后重新打开。",
            ) from fault

    def mark_schema(self, connection: Connection, schema: int) -> None:
        """The schema stands in the head of the file."""
        connection.exec_driver_sql(f"PRAGMA user_version = {schema}")

    def copy_to(self, connection: Connection, target: Path) -> None:
        """Page by page, under the same key."""
        engines.copy_database(connection, self._key, target)

    def fault(self, fault: DatabaseError) -> StationFault | None:
        """SQLite says in English what it could not do."""
        said = str(fault.orig)
        if isinstance(fault.orig, sqlcipher.Error) and (isinstance(fault, OperationalError) or "malformed" in said):
            return station_fault(said)
        return None


@contextmanager
def faults_of(database: Database) -> Iterator[None]:
    """Name what the machine could not do; the transaction has been rolled back by then."""
    try:
        yield
    except DatabaseError as fault:
        if (named := database.fault(fault)) is not None:
            raise named from fault
        raise


def kept_copy(database: Path, schema: int) -> Path:
    """Where the file is kept as it was before it was brought up from this schema."""
    return database.with_name(f"{database.name}.v{schema}")


def moved(where: str) -> StationFault:
    """The station has moved while this window was open."""
    return StationFault(f"本站的数据库已经搬到{where}上", KEPT, "请关闭本窗口，重新打开工作站。")


def station_fault(message: str) -> StationFault:
    """The Chinese sentence for an error of SQLite."""
    if "full" in message:
        return StationFault("磁盘已满，写不进数据库", KEPT, "请清理磁盘空间后重试。")
    if "locked" in message or "busy" in message:
        return StationFault("数据库正被另一个窗口占用", KEPT, "请关闭其他打开同一工作站的窗口后重试。")
    if "readonly" in message or "read-only" in message:
        return StationFault("数据库所在的文件夹是只读的", KEPT, "请检查文件夹的权限。")
    if "unable to open" in message:
        return StationFault("数据库文件打不开", KEPT, "请检查文件夹的权限，并确认磁盘没有被拔出。")
    if "malformed" in message:
        return StationFault("数据库文件已损坏", KEPT, "请不要再录入，从“备份与恢复”里选最近的备份。")
    return StationFault("数据库读写出错", KEPT, "请检查磁盘后重试；反复出现时从备份恢复。")
