"""A county that merges school after school, and then opens its list pages.

Limit: seconds a thousand entries while the first quarter of the schools comes in. Product: the same for the last
quarter. Goal: no more than one and a half times as long, that is: merging is linear in entries; and then no list page
takes more than 200 ms.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from pathlib import Path

from benchmarks import people
from benchmarks.exchange import merging
from benchmarks.measure import Measured, Row, Scale, seconds
from jzdesk.models import School
from jzdesk.services.bundle import Services
from jzdesk.services.ledger import Query
from jzdesk.services.students import StudentQuery
from tests.factories.stations import certify, new_county, new_station

_SHOWN = 200  # rows of a page
_PATIENCE = 200  # milliseconds
_LEDGERS = ("student", "enrolment", "member", "household", "hardship")


def measure(scale: Scale) -> Measured:
    """Seconds a thousand entries; every school of the first and of the last quarter is a run."""
    folder = scale.folder / "many"
    folder.mkdir()
    county = new_county(folder / "county")
    schools, students = scale.pick(40, 4), scale.pick(500, 10)
    taken = [_one_more(county, folder, number, students) for number in range(schools)]
    quarter = schools // 4
    pages = _pages(county)
    county.close()
    slow = max(pages, key=lambda name: pages[name])
    notes = (
        f"{schools} schools of {students:,} students; quarter after quarter: "
        + " ".join(f"{statistics.median(taken[at : at + quarter]):.3f}" for at in range(0, schools, quarter)),
        f"slowest of {len(pages)} pages: {slow} {pages[slow]:.0f} ms (at most {_PATIENCE})",
    )
    return Measured(taken[:quarter], taken[-quarter:], kept=pages[slow] <= _PATIENCE, notes=notes)


def _one_more(county: Services, folder: Path, number: int, students: int) -> float:
    """Fill another school, and take its package in: seconds a thousand entries."""
    code, name = f"21439{number:05d}", f"第{number}小学"
    with county.context.write() as unit:
        unit.add(School, {"code": code, "name": name, "stage": "PRI", "rural": 1})
    school = new_station(folder / code, "school", code, name)
    certify(school, county, folder)
    with school.context.write() as unit:
        people.enrol(unit, range(number * students, (number + 1) * students), code)
    written = school.exchange.export(folder)[0]
    school.close()
    return seconds(merging(county, written.path)) / written.entries * 1000


def _pages(county: Services) -> dict[str, float]:
    """Milliseconds until the first rows of each list page are there, the median of three."""

    def ledger(entity: str) -> Callable[[], object]:
        return lambda: county.ledger.rows(entity, county.ledger.ids(Query(entity))[:_SHOWN])

    pages: dict[str, Callable[[], object]] = {
        "students": lambda: county.students.rows(county.students.ids(StudentQuery())[:_SHOWN]),
        "home": county.home.summary,
        "arrivals": county.merging.arrivals,
        "conflicts": county.settling.conflicts,
        "duplicates": county.settling.duplicates,
        **{f"ledger {entity}": ledger(entity) for entity in _LEDGERS},
    }
    return {name: statistics.median(seconds(page) for _ in range(3)) * 1000 for name, page in pages.items()}


ROW = Row("county", "merge school after school, then list pages", "s/1000", 1.5, False, measure)
