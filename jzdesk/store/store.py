"""The open database of a station: read-only connections for everybody, one writer at a time."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, bindparam, delete, insert, select

from jzdesk.core import garbage
from jzdesk.core.clock import Clock
from jzdesk.core.errors import StationFault
from jzdesk.store import dialects, engine, figures, journal, search
from jzdesk.store.databases import Database, FileDatabase, faults_of
from jzdesk.store.tables import draft, setting
from jzdesk.store.unit import Author, Changes, Unit

if TYPE_CHECKING:
    from jzdesk.store.carrying import Carried, Moving

_PART = 20_000  # records indexed in one transaction


class Store:
    """One station's database. Safe to use from several threads."""

    def __init__(self, database: Path | Database, key: bytes, clock: Clock) -> None:
        self.clock = clock
        self._listeners: list[Callable[[Changes], None]] = []
        self._lock = threading.RLock()
        self._connect(FileDatabase(database, key) if isinstance(database, Path) else database)

    def _connect(self, database: Database) -> None:
        """Work with this database from now on; when that fails nothing is left open."""
        self._database = database
        self._writer, self._reader = database.engine(writing=True), database.engine(writing=False)
        try:
            with faults_of(self._database):
                self._open()
        except BaseException:
            self.close()
            raise

    def _open(self) -> None:
        """Refuse what is not ours, and bring an older schema up to date."""
        schema = self._database.check(self._reader)
        if schema < engine.SCHEMA:
            from jzdesk.store.upgrade import upgrade

            upgrade(self._writer, self._database, schema)
        with self._reader.connect() as connection:
            outdated = search.outdated(connection)
        if outdated:
            with self._writer.begin() as connection:
                search.rebuild(connection)

    @property
    def database(self) -> Database:
        """Where the tables are."""
        return self._database

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
        with faults_of(self._database), self._reader.connect() as connection:
            yield connection

    @contextmanager
    def write(self, author: Author, label: str = "") -> Iterator[Unit]:
        """One transaction: everything inside is saved together, or nothing is.

        With `label` it is an action that people see under these words and can undo (`store.actions`).
        """
        with self._writing() as connection, figures.standing(connection):
            unit = Unit(connection, author, self.clock, label)
            yield unit
            unit.finish()
        for listener in self._listeners:
            listener(unit.changes)

    @contextmanager
    def local(self) -> Iterator[Connection]:
        """A transaction on tables that never travel (settings, drafts, logs); synchronised tables stay shut."""
        with self._writing() as connection:
            yield connection

    def settle(self) -> None:
        """Leave nothing of what was overwritten in the index of numbers, nor beside the tables."""
        self.catch_up()
        with self.local() as connection:
            dialects.of(connection).numbers.settle(connection)
        with self._lock, faults_of(self._database):
            self._database.settle(self._writer)

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """A transaction in which nobody else writes, in the database where the station is now."""
        with self._lock, faults_of(self._database), self._writer.begin() as connection:
            self._database.check_current(connection)
            yield connection

    def keep_figures(self) -> None:
        """Keep the figures of `store.figures` from now on, right from the beginning."""
        with self.read() as connection:
            standing = figures.read(connection) is not None
        if not standing:
            with self.local() as connection:
                figures.begin(connection)

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

    def find(self, text: str, limit: int) -> list[str]:
        """uids of students found by name, pinyin, number or family; see `search.hits`."""
        return [hit.uid for hit in self.hits(text, limit)]

    def hits(self, text: str, limit: int) -> list[search.Hit]:
        """Students found, and by what; see `search.hits`."""
        self.catch_up()
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
        with faults_of(self._database), self._reader.connect() as connection:
            entries = connection.exec_driver_sql("SELECT count(*) FROM journal").scalar_one()
            self._database.copy_to(connection, target)
        return int(entries)

    def move(self, fresh: Database, switch: Callable[[], Database], progress: Moving) -> Carried:
        """Carry everything into an empty database, prove it, `switch` the station over, and go on in what that says.

        Nobody writes meanwhile. Whatever goes wrong before `switch`, the station stays where it is.
        """
        from jzdesk.store.carrying import carry_and_prove

        with self._lock:
            before, now = (self._writer, self._reader), None
            try:
                with faults_of(self._database), self._writer.begin() as source:
                    self._database.check_current(source)
                    with faults_of(fresh):
                        carried = fresh.fill(lambda target: carry_and_prove(source, target, progress))
                    self._database.leave(source, self.clock.today())
                    now = switch()
            except StationFault:
                if now is None:
                    raise  # else the old place could not be told: nobody uses it any more
            assert now is not None, "who switched knows where to"
            self._connect(now)
        for left in before:
            left.dispose()
        return carried

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
