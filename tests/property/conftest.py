"""The merge machine over three bare databases, for the tests that run it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine
from sqlalchemy.engine import URL

from jzdesk.store.engine import open_engine
from jzdesk.store.server import Server
from tests.factories import places
from tests.factories.machine import MergeMachine
from tests.factories.servers import TestServer
from tests.factories.stores import KEY, begin_chain, new_store


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[type[MergeMachine]]:
    """The machine over three empty databases that nothing is ever committed to."""
    with _over([_in_file(tmp_path_factory.mktemp(name)) for name in ("甲", "乙", "丙")]) as made:
        yield made


@pytest.fixture(scope="module")
def mixed_machine(tmp_path_factory: pytest.TempPathFactory, postgres: TestServer) -> Iterator[type[MergeMachine]]:
    """The machine over two databases in files and one on the server."""
    there = Server(postgres.url(places.template(postgres, "machine", _fill)), KEY)
    with _over([*(_in_file(tmp_path_factory.mktemp(name)) for name in "甲乙"), there.engine(writing=True)]) as made:
        yield made


@contextmanager
def _over(engines: list[Engine]) -> Iterator[type[MergeMachine]]:
    class Machine(MergeMachine):
        connections = tuple(_beginning(engine) for engine in engines)

    yield Machine
    for engine in engines:
        engine.dispose()


def _in_file(folder: Path) -> Engine:
    with places.on_file():
        new_store(folder).close()
    return open_engine(folder / "jzdesk.db", KEY, writing=True)


def _fill(url: URL) -> None:
    Server(url, KEY).fill(begin_chain)


def _beginning(engine: Engine) -> Callable[[], Connection]:
    def connect() -> Connection:
        connection = engine.connect()
        connection.begin()
        return connection

    return connect
