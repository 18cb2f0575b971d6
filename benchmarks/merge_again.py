"""Merging what is known already against merging it for the first time.

Limit: the first merge of a package. Product: the second merge of the same package, every check made again. Goal: at
least three times as fast, because sticks carry what was carried before. (A raw no-op upsert was 260,000 rows/s.)
"""

from __future__ import annotations

from benchmarks.exchange import exchange, fresh_county, merging
from benchmarks.measure import Measured, Row, Scale, seconds


def measure(scale: Scale) -> Measured:
    """Entries a second; each run is a fresh county, first merge, second merge."""
    given = exchange(scale)
    first, again = [], []
    for _ in range(scale.runs):
        with fresh_county(scale) as county:
            first.append(given.entries / seconds(merging(county, given.package)))
            again.append(given.entries / seconds(merging(county, given.package)))
    return Measured(first, again)


ROW = Row("merge_again", "merge again what is known", "entries/s", 3.0, True, measure)
