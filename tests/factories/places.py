"""Where new stores and counties are made: in files, or on the server while a test asks for it (`both_databases`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy.engine import URL

from tests.factories.servers import TestServer

_server: list[TestServer | None] = [None]
_templates: dict[tuple[int, str], str] = {}


def server() -> TestServer | None:
    """The server to use, or None when everything is made in files."""
    return _server[0]


@contextmanager
def on_server(used: TestServer) -> Iterator[None]:
    """Make new ones on this server; those of earlier tests go."""
    used.clear(_templates.values())
    with _at(used):
        yield


@contextmanager
def on_file() -> Iterator[None]:
    """Make new ones in files."""
    with _at(None):
        yield


@contextmanager
def _at(place: TestServer | None) -> Iterator[None]:
    before, _server[0] = _server[0], place
    try:
        yield
    finally:
        _server[0] = before


def template(used: TestServer, name: str, fill: Callable[[URL], None]) -> str:
    """The name of a database that `fill` has filled once, to be copied for every test."""
    if (used.port, name) not in _templates:
        url = used.database()
        fill(url)
        _templates[used.port, name] = str(url.database)
    return _templates[used.port, name]
