"""Bare stores for tests: an encrypted database with one chain of its own, without accounts, keys or services."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection
from sqlalchemy.engine import URL

from jzdesk.core.clock import Clock
from jzdesk.core.fields import Value
from jzdesk.models import Student
from jzdesk.store import journal
from jzdesk.store.databases import Database, FileDatabase
from jzdesk.store.engine import create_database
from jzdesk.store.server import Server
from jzdesk.store.store import Store
from jzdesk.store.unit import Author
from jzdesk.store.verify import Verified, verify
from tests.factories import places

KEY = bytes(range(32))
SCHOOL = "2143990001"
AUTHOR = Author("测试员", "school", SCHOOL)


@cache
def _empty_database() -> bytes:
    """The bytes of an empty database, made once: creating all tables takes longer than most tests."""
    with TemporaryDirectory() as folder:
        create_database(Path(folder) / "jzdesk.db", KEY)
        return (Path(folder) / "jzdesk.db").read_bytes()


def new_store(folder: Path, clock: Clock | None = None) -> Store:
    """A new open store in a folder of its own, or on the server when tests run there (`places`)."""
    database = _new_database(folder)
    engine = database.engine(writing=True)
    with engine.begin() as connection:
        begin_chain(connection)
    engine.dispose()
    return Store(database, KEY, clock or Clock())


def begin_chain(connection: Connection) -> None:
    """The chain that a station of its own appends to."""
    journal.open_chain(connection, os.urandom(8).hex(), os.urandom(8).hex(), SCHOOL, own=True)


def _new_database(folder: Path) -> Database:
    folder.mkdir(parents=True, exist_ok=True)
    if (server := places.server()) is not None:
        return Server(server.database(places.template(server, "empty", _fill)), KEY)
    (folder / "jzdesk.db").write_bytes(_empty_database())
    return FileDatabase(folder / "jzdesk.db", KEY)


def _fill(url: URL) -> None:
    Server(url, KEY).fill(lambda _: None)


def reopened(store: Store, _folder: Path) -> Store:
    """The same store closed and opened again."""
    store.close()
    return Store(store.database, KEY, Clock())


def add_student(store: Store, name: str = "宋火强", **values: Value) -> str:
    """Save one student."""
    with store.write(AUTHOR) as unit:
        return unit.add(Student, {"name": name, "sex": "1", "birth": "2016-05-07", **values})


def check(store: Store) -> Verified:
    """Recompute the store."""
    with store.read() as connection:
        return verify(connection)
