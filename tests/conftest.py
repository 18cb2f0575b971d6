"""What every test stands on: after each, all tables of every station it opened are recomputed from the journal."""

from __future__ import annotations

import gc
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from jzdesk.services.bundle import Services
from jzdesk.store.store import Store
from jzdesk.store.verify import verify
from tests.factories import ready
from tests.factories.haste import shared_statements, without_power_cuts
from tests.factories.moves import Three, prepared, three_stations
from tests.factories.places import on_server
from tests.factories.servers import TestServer, binaries, server
from tools import system

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
gc.set_threshold(20_000, 20, 50)  # an eighth of the time of thousands of tests went into looking for garbage
# The same examples in every run: a change is blamed for what it did. `--hypothesis-profile=search` looks further.
settings.register_profile("steady", derandomize=True, database=None)
settings.register_profile("search", max_examples=500)
settings.load_profile("steady")

# What tests call that is no Python, and how the Debian package is called that holds it.
PROGRAMS = {
    "age": "age", "zstd": "zstd", "ssh-keygen": "openssh-client", "pdftotext": "poppler-utils", "qpdf": "qpdf",
    "unzip": "unzip", "Xvfb": "xvfb", "xdotool": "xdotool",
}  # fmt: skip


def pytest_sessionstart(session: pytest.Session) -> None:
    """Refuse to begin without the programs tests need: a test that cannot run must not look like one that passed."""
    lacking = sorted({package for program, package in PROGRAMS.items() if shutil.which(program) is None})
    if not (binaries() / "initdb").exists():
        lacking.append("postgresql")
    if lacking and sys.platform == "linux":
        pytest.exit(system.sentence(lacking), returncode=1)


@pytest.fixture(scope="session", autouse=True)
def haste() -> Iterator[None]:
    """What is the same for every station of every test is done once, and nothing waits for the disk."""
    with without_power_cuts(), shared_statements():
        yield


@pytest.fixture(autouse=True)
def tables_agree_with_journal(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Recompute the tables of every store a test opened, when it is closed or when the test ends."""
    opened: list[Store] = []
    differences: list[str] = []
    begin, close = Store.__init__, Store.close

    def opening(self: Store, *args: Any) -> None:
        begin(self, *args)
        opened.append(self)

    def closing(self: Store) -> None:
        if self in opened:
            opened.remove(self)
            with self.read() as connection:
                differences.extend(verify(connection).differences)
        close(self)

    monkeypatch.setattr(Store, "__init__", opening)
    monkeypatch.setattr(Store, "close", closing)
    with ready.for_one_test():
        yield
    while opened:
        opened[-1].close()
    assert not differences, f"tables differ from the journal: {differences}"


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> TestServer:
    """The PostgreSQL server of this run, started when it is first asked for."""
    mine = tmp_path_factory.getbasetemp()
    alone = worker_id == "master"
    return server(mine if alone else mine.parent, mine, os.getpid() if alone else os.getppid())


@pytest.fixture(params=["file", "server"])
def both_databases(request: pytest.FixtureRequest) -> Iterator[str]:
    """Run a test twice: its stores and counties are made in files, and on a server."""
    if request.param == "file":
        yield "file"
        return
    with on_server(request.getfixturevalue("postgres")):
        yield "server"


@pytest.fixture(scope="session")
def stations(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders of a county and two certified schools, to be copied (`three`)."""
    return prepared(tmp_path_factory.mktemp("prepared"))


@pytest.fixture
def three(stations: Path, tmp_path: Path) -> Iterator[Three]:
    """A county and two of its schools, with the sticks between them."""
    with three_stations(stations, tmp_path) as made:
        yield made


@pytest.fixture
def county(tmp_path: Path) -> Services:
    """An open county station that knows the sample divisions, schools and standards."""
    from tests.factories.stations import new_county

    return new_county(tmp_path / "county")


@pytest.fixture
def school(tmp_path: Path) -> Services:
    """An open school station without a certificate."""
    from tests.factories.stations import new_school

    return new_school(tmp_path / "school")


@pytest.fixture
def certified(tmp_path: Path, county: Services) -> Services:
    """An open school station certified by `county`."""
    from tests.factories.stations import certify, new_school

    school = new_school(tmp_path / "certified")
    certify(school, county, tmp_path)
    return school
