"""The open database of a station: read-only connections for everybody, one writer at a time."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select
from sqlalchemy.exc import DatabaseError, OperationalError

from jzdesk.core import garbage
from jzdesk.core.clock import Clock
from jzdesk.core.errors import StationFault
from jzdesk.store import engine, journal, search
from jzdesk.store.engine import check_database, open_engine
from jzdesk.store.tables import draft, setting
from jzdesk.store.unit import Author, Changes, Unit

_PART = 20_000  # records indexed in one transaction


class Store:
    """One station's database. Safe to use from several threads."""

    def __init__(self, database: Path, key: bytes, clock: Clock) -> None:
        self.clock = clock
        self._key = key
        self._listeners: list[Callable[[Changes], None]] = []
        self._lock = threading.RLock()
        self._writer = open_engine(database, key, writing=True)
        self._reader = open_engine(database, key, writing=False)
        try:
            with _faults():
                self._open(database)
        except BaseException:
            self.close()
            raise

    def _open(self, database: Path) -> None:
        """Refuse what is not ours, and bring an older schema up to date."""
        schema = check_database(self._reader, database)
        if schema < engine.SCHEMA:
            from jzdesk.store.upgrade import upgrade

            upgrade(self._writer, database, schema)
        with self._reader.connect() as connection:
            outdated = search.outdated(connection)
        if outdated:
            with self._writer.begin() as connection:
                search.rebuild(connection)

    def close(self) -> None:
        """Give up every connection."""
        self._reader.dispose()
        self._writer.dispose()

    def subscribe(self, listener: Callable[[Changes], None]) -> None:
        """Call `listener` with what changed after every committed write."""
        self._listeners.append(listener)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A read-only snapshot."""
        with _faults(), self._reader.connect() as connection:
            yield connection

    @contextmanager
    def write(self, author: Author, label: str = "") -> Iterator[Unit]:
        """One transaction: everything inside is saved together, or nothing is.

        With `label` it is an action that people see under these words and can undo (`store.actions`).
        """
        with self._lock, _faults(), self._writer.begin() as connection:
            unit = Unit(connection, author, self.clock, label)
            yield unit
            unit.finish()
        for listener in self._listeners:
            listener(unit.changes)

    @contextmanager
    def local(self) -> Iterator[Connection]:
        """A transaction on tables that never travel (settings, drafts, logs); synchronised tables stay shut."""
        with self._lock, _faults(), self._writer.begin() as connection:
            yield connection

    def catch_up(self, progress: Callable[[int], None] | None = None) -> None:
        """Bring the search index up to date, however much waits; interrupted, it goes on where it stopped."""
        done = 0
        while part := self.catch_up_some(_PART):
            done += part
            if progress:
                progress(done)

    def catch_up_some(self, most: int) -> int:
        """Index at most `most` of the records that wait, in one transaction; returns how many it were."""
        with self.read() as connection:
            if not search.waiting(connection):
                return 0
        with garbage.none_expected(), self.local() as connection:
            return search.catch_up(connection, most)

    def indexed(self) -> None:
        """See that the index is up to date: before a search, and before a list in the order of names."""
        self.catch_up()

    def find(self, text: str, limit: int) -> list[str]:
        """uids of students found by name, pinyin, number or family; see `search.hits`."""
        return [hit.uid for hit in self.hits(text, limit)]

    def hits(self, text: str, limit: int) -> list[search.Hit]:
        """Students found, and by what; see `search.hits`."""
        self.indexed()
        with self.read() as connection:
            return search.hits(connection, text, limit)

    def setting(self, key: str, default: Any = None) -> Any:
        """A stored setting (JSON), or `default`."""
        with self.read() as connection:
            return read_setting(connection, key, default)

    def set_setting(self, key: str, value: Any) -> None:
        """Store a setting."""
        with self.local() as connection:
            write_setting(connection, key, value)

    def draft_keys(self) -> set[str]:
        """The keys of every draft kept."""
        with self.read() as connection:
            return set(connection.execute(select(draft.c.key)).scalars())

    def load_draft(self, key: str) -> dict[str, Any] | None:
        """What was typed and not yet saved, kept encrypted with everything else."""
        with self.read() as connection:
            found = connection.execute(select(draft.c.value).where(draft.c.key == key)).scalar_one_or_none()
        return json.loads(found) if found else None

    def save_draft(self, key: str, values: dict[str, Any] | None) -> None:
        """Keep a draft, or forget it when `values` is None."""
        with self.local() as connection:
            connection.execute(delete(draft).where(draft.c.key == key))
            if values is not None:
                connection.execute(insert(draft).values(key=key, value=json.dumps(values, ensure_ascii=False)))

    def copy_to(self, target: Path) -> int:
        """Write a consistent copy of the whole database while it is in use, under the same key; its journal entries."""
        from jzdesk.store.engine import copy_database

        with _faults(), self._reader.connect() as connection:
            entries = connection.exec_driver_sql("SELECT count(*) FROM journal").scalar_one()
            copy_database(connection, self._key, target)
        return int(entries)

    def own_chain(self) -> journal.Chain:
        """The chain this station appends to."""
        with self.read() as connection:
            return journal.own_chain(connection)


_SETTING = select(setting.c.value).where(setting.c.key == bindparam("key"))


def read_setting(connection: Connection, key: str, default: Any = None) -> Any:
    """A setting within an open connection."""
    found = connection.execute(_SETTING, {"key": key}).scalar_one_or_none()
    return default if found is None else json.loads(found)


def write_setting(connection: Connection, key: str, value: Any) -> None:
    """Store a setting within an open transaction."""
    connection.execute(delete(setting).where(setting.c.key == key))
    connection.execute(insert(setting).values(key=key, value=json.dumps(value, ensure_ascii=False)))


@contextmanager
def _faults() -> Iterator[None]:
    """Name what the machine could not do; the transaction has been rolled back by then."""
    try:
        yield
    except DatabaseError as fault:
        if isinstance(fault, OperationalError) or "malformed" in str(fault.orig):
            raise station_fault(str(fault.orig)) from fault
        raise


def station_fault(message: str) -> StationFault:
    """The Chinese sentence for an error of the database engine."""
    kept = "这一步没有保存，之前保存的内容都在"
    if "full" in message:
        return StationFault("磁盘已满，写不进数据库", kept, "请清理磁盘空间后重试。")
    if "locked" in message or "busy" in message:
        return StationFault("数据库正被另一个窗口占用", kept, "请关闭其他打开同一工作站的窗口后重试。")
    if "readonly" in message or "read-only" in message:
        return StationFault("数据库所在的文件夹是只读的", kept, "请检查文件夹的权限。")
    if "unable to open" in message:
        return StationFault("数据库文件打不开", kept, "请检查文件夹的权限，并确认磁盘没有被拔出。")
    if "malformed" in message:
        return StationFault("数据库文件已损坏", kept, "请不要再录入，从“备份与恢复”里选最近的备份。")
    return StationFault("数据库读写出错", kept, "请检查磁盘后重试；反复出现时从备份恢复。")
