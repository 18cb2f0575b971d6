"""A county that merges school after school, and then opens its list pages.

Limit: seconds a thousand entries while the first quarter of the schools comes in. Product: the same for the last
quarter. Goal: no more than one and a half times as long, that is: merging is linear in entries; and then no list page
takes more than 200 ms to its first rows. `JZ_BENCH_SCHOOLS` makes the county smaller.
"""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks import schools
from benchmarks.exchange import merging
from benchmarks.measure import Measured, Row, Scale, memory, seconds
from jzdesk.models import SPECS, School
from jzdesk.services.bundle import Services
from jzdesk.services.ledger import Query
from jzdesk.services.students import StudentQuery
from tests.factories.stations import new_county

_SHOWN = 200  # rows of a page
_PATIENCE = 200  # milliseconds
_TOLD = 12  # slowest pages that are named


def measure(scale: Scale) -> Measured:
    """Seconds a thousand entries; every school of the first and of the last quarter is a run."""
    folder = scale.folder / "many"
    folder.mkdir()
    county = new_county(folder / "county")
    number, students = int(os.environ.get("JZ_BENCH_SCHOOLS") or scale.pick(400, 4)), scale.pick(1000, 10)
    idle = memory("VmRSS")
    taken, entries = _merge_all(county, folder, number, students)
    indexed, first = seconds(county.index), seconds(county.home.summary) * 1000
    pages = _pages(county)
    county.close()
    slowest = sorted(pages, key=lambda name: -pages[name])
    notes = (
        f"{number} schools of {students:,} students, {entries:,} entries; {_each(taken)}",
        _told(taken),
        f"the search index follows in {indexed:.1f} s; memory rose {_risen(idle)}",
        f"{len(pages)} pages, ms (at most {_PATIENCE}): "
        + ", ".join(f"{name} {pages[name]:.0f}" for name in slowest[:_TOLD]),
        f"home for the first time, importing what it needs: {first:.0f} ms",
    )
    per_thousand = [one / entries * number * 1000 for one in taken]
    quarter = number // 4
    kept = pages[slowest[0]] <= _PATIENCE
    return Measured(per_thousand[:quarter], per_thousand[-quarter:], kept=kept, notes=notes)


def _merge_all(county: Services, folder: Path, number: int, students: int) -> tuple[list[float], int]:
    """Seconds for the package of each school, and how many entries they brought together."""
    taken, entries = [], 0
    for place in range(number):
        code, name = f"21439{place:05d}", f"第{place}小学"
        with county.context.write() as unit:
            unit.add(School, {"code": code, "name": name, "stage": "PRI", "rural": 1})
        written = schools.package(county, folder, code, name, range(place * students, (place + 1) * students))
        taken.append(seconds(merging(county, written.path)))
        entries += written.entries
        written.path.unlink()
    return taken, entries


def _each(taken: list[float]) -> str:
    """Seconds a package, for a few of them."""
    shown = sorted({1, *range(len(taken) // 4, len(taken) + 1, max(len(taken) // 4, 1))})
    return "seconds for the package " + ", ".join(f"no. {n}: {_about(taken, n):.2f}" for n in shown)


def _about(taken: list[float], n: int) -> float:
    """The median of the packages around the n-th."""
    return statistics.median(taken[max(n - 3, 0) : n + 2])


def _told(taken: list[float]) -> str:
    """How much longer a package takes when the county is full: the slope of a straight line through all of them."""
    if len(taken) < 8:
        return "too few packages for a slope"
    slope, start = statistics.linear_regression(range(len(taken)), taken)
    return f"a line through all: the last takes {(start + slope * len(taken)) / start:.2f}× the first"


def _risen(idle: float | None) -> str:
    peak = memory()
    return (
        "by an unknown amount" if idle is None or peak is None else f"by {peak - idle:.0f} MB, making packages included"
    )


def _pages(county: Services) -> dict[str, float]:
    """Milliseconds until the first rows of each list page are there, the median of three."""

    def ledger(entity: str) -> object:
        return county.ledger.rows(entity, county.ledger.first(Query(entity), _SHOWN))

    pages: dict[str, Callable[[], object]] = {
        "students": lambda: county.students.rows(county.students.first(StudentQuery(), _SHOWN)),
        "home": county.home.summary,
        "arrivals": county.merging.arrivals,
        "conflicts": county.settling.conflicts,
        "duplicates": county.settling.duplicates,
        "groups": county.settling.groups,
        "holds": county.holds.waiting,
        "forks": county.forks.waiting,
        "certificates": county.county.issued,
        "reports": county.reporting.overview,
        "transfers": county.transfers.lines,
        **{f"ledger {entity}": partial(ledger, entity) for entity in SPECS},
    }
    return {name: statistics.median(seconds(page) for _ in range(3)) * 1000 for name, page in pages.items()}


ROW = Row("county", "merge school after school, then list pages", "s/1000", 1.5, False, measure)
