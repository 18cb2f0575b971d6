"""A school's package and the county that waits for it, made once a run: what the merge rows are measured on."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import select

from benchmarks import people
from benchmarks.measure import Scale
from jzdesk.services.bundle import Services
from jzdesk.services.stations import open_station
from jzdesk.services.verdicts import MergeOutcome
from tests.factories.stations import PASSWORD, certify, new_county, new_school

_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A closed county folder to copy, a package, its number of entries, and the rows they make by entity."""

    county: Path
    package: Path
    entries: int
    rows: dict[str, list[tuple[Any, ...]]]


@cache
def exchange(scale: Scale) -> Exchange:
    """Fill a school (about 44,000 entries; 440 when quick) and export it."""
    folder = scale.folder / "exchange"
    folder.mkdir()
    county, school = new_county(folder / "county"), new_school(folder / "school")
    certify(school, county, folder)
    with school.context.write() as unit:
        people.enrol(unit, range(scale.pick(6000, 60)), school.info.code)
    stick = folder / "stick"
    stick.mkdir()
    written = school.exchange.export(stick)[0]
    rows = _rows(school)
    school.close()
    county.close()
    return Exchange(folder / "county", written.path, written.entries, rows)


def _rows(school: Services) -> dict[str, list[tuple[Any, ...]]]:
    with school.context.read() as connection:
        return {
            entity.__tablename__: [tuple(row) for row in connection.execute(select(entity.__table__))]
            for entity in people.ENTITIES
        }


@contextmanager
def fresh_county(scale: Scale) -> Iterator[Services]:
    """A county that has not seen the package: an open copy, thrown away afterwards."""
    folder = scale.folder / f"county-{next(_numbers)}"
    shutil.copytree(exchange(scale).county, folder)
    services = open_station(folder, PASSWORD)
    try:
        yield services
    finally:
        services.close()
        shutil.rmtree(folder)


def merging(county: Services, package: Path) -> Callable[[], MergeOutcome]:
    """All that the report waits for: copy from the stick, verify, decrypt, decode, chain, journal, tables, log."""

    def merge() -> MergeOutcome:
        outcome = county.merging.merge([package])[0]
        assert outcome.outcome in ("applied", "duplicate"), outcome
        return outcome

    return merge
