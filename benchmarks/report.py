"""Writes what was measured: a table to read, and `bench.json` for machines."""

from __future__ import annotations

import json
import statistics
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.measure import Measured, Row, spread


@dataclass(frozen=True, slots=True)
class Result:
    """One row as it stands in `bench.json`; `met` includes the further conditions that the notes name."""

    limit: float
    product: float
    ratio: float
    goal: float
    met: bool
    unit: str
    runs: int


def result(row: Row, measured: Measured) -> Result:
    """Medians and their ratio."""
    limit, product = statistics.median(measured.limit), statistics.median(measured.product)
    ratio = product / limit
    return Result(
        _short(limit), _short(product), _short(ratio), row.goal, row.met(ratio) and measured.kept, row.unit,
        len(measured.product),
    )  # fmt: skip


def _short(figure: float) -> float:
    """Four digits are more than a noisy machine knows."""
    return float(f"{figure:.4g}")


def lines(row: Row, measured: Measured, found: Result) -> list[str]:
    """What a person reads of a row."""
    sign = "≥" if row.at_least else "≤"
    noise = max(spread(measured.limit), spread(measured.product))
    head = (
        f"{'✓' if found.met else '✗'} {row.key:<12}{found.limit:>12,.6g}{found.product:>12,.6g} {row.unit:<10}"
        f"{found.ratio:>9,.4g}  {sign} {row.goal:<8g}±{noise / 2:>4.0%}  {row.work}"
    )
    return [head, *(f"      {note}" for note in measured.notes)]


HEADING = f"  {'key':<12}{'limit':>12}{'product':>12} {'unit':<10}{'ratio':>9}  {'goal':<9} noise  work"


def save(path: Path, results: dict[str, Result]) -> None:
    """Leave `bench.json`; rows measured earlier and not this time stay in it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    known = json.loads(path.read_text("utf-8")) if path.exists() else {}
    known |= {key: asdict(found) for key, found in results.items()}
    path.write_text(json.dumps(known, ensure_ascii=False, indent=1) + "\n", "utf-8")
