"""Merging a package of new entries against writing the same rows with nothing around them.

Limit: one `executemany` upsert for each table, one transaction, in the same encrypted file with the same settings and
indexes: no journal, no checks. Product: `MergeService.merge` from stick to report. The search index follows in parts
(`Services.index`); what it takes is noted beside the ratio. The goal (half the raw speed) is 15 times what the sync
library of the best-known offline school platform reaches.
"""

from __future__ import annotations

import statistics
from typing import Any

from benchmarks.exchange import exchange, fresh_county, merging
from benchmarks.measure import Measured, Row, Scale, in_turns, seconds
from jzdesk.models import BY_NAME
from jzdesk.services.bundle import Services
from jzdesk.store.engine import gate, open_engine


def measure(scale: Scale) -> Measured:
    """Rows a second; a fresh county for every run."""
    given = exchange(scale)
    total = sum(map(len, given.rows.values()))

    def raw() -> float:
        with fresh_county(scale) as county:
            return total / seconds(lambda: upsert(county, given.rows))

    indexing: list[float] = []

    def product() -> float:
        with fresh_county(scale) as county:
            taken = seconds(merging(county, given.package))
            indexing.append(seconds(county.index))
            return given.entries / taken

    limit, ours = in_turns(scale.runs, raw, product)
    return Measured(
        limit,
        ours,
        notes=(
            f"{given.entries:,} entries, {given.package.stat().st_size / given.entries:.0f} bytes each",
            f"the search index follows in {statistics.median(indexing):.2f} s",
        ),
    )


def upsert(county: Services, rows: dict[str, list[tuple[Any, ...]]]) -> None:
    """Every row, one transaction."""
    engine = open_engine(county.context.folder.database, county.context.key, writing=True)
    try:
        with engine.begin() as connection, gate(connection):
            raw: Any = connection.connection.driver_connection
            for ent, listed in rows.items():
                raw.executemany(_statement(ent), listed)
    finally:
        engine.dispose()


def _statement(ent: str) -> str:
    names = [column.name for column in BY_NAME[ent].__table__.columns]
    listed = ", ".join(names)
    changes = ", ".join(f"{name} = excluded.{name}" for name in names if name != "uid")
    marks = ", ".join("?" * len(names))
    return f"INSERT INTO {ent} ({listed}) VALUES ({marks}) ON CONFLICT (uid) DO UPDATE SET {changes}"


ROW = Row("merge_new", "merge a package, new entries", "rows/s", 0.5, True, measure)
