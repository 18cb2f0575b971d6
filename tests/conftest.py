"""What every test stands on: after each, all tables of every station it opened are recomputed from the journal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from jzdesk.services.bundle import Services
from jzdesk.store.store import Store
from jzdesk.store.verify import verify

SchoolMaker = Callable[..., Services]


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
    yield
    for store in list(opened):
        store.close()
    assert not differences, f"tables differ from the journal: {differences}"


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
