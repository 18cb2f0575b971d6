"""The merge machine over three bare databases, for the tests that run it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Connection, Engine

from jzdesk.store.engine import open_engine
from tests.factories.machine import MergeMachine
from tests.factories.stores import KEY, new_store


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[type[MergeMachine]]:
    """The machine over three empty databases that nothing is ever committed to."""
    engines: list[Engine] = []
    for name in ("甲", "乙", "丙"):
        folder = tmp_path_factory.mktemp(name)
        new_store(folder).close()
        engines.append(open_engine(folder / "jzdesk.db", KEY, writing=True))

    class Machine(MergeMachine):
        connections = tuple(_beginning(engine) for engine in engines)

    yield Machine
    for engine in engines:
        engine.dispose()


def _beginning(engine: Engine) -> Callable[[], Connection]:
    def connect() -> Connection:
        connection = engine.connect()
        connection.begin()
        return connection

    return connect
