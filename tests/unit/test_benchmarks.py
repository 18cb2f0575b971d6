"""The benchmarks run on small sizes and leave what `make bench` promises; how fast anything is, no test says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import measure, report, rows
from benchmarks.measure import Measured, Row, Scale

ROOT = Path(__file__).parents[2]
FIELDS = {"limit", "product", "ratio", "goal", "met", "unit", "runs"}


def bench(out: Path, *keys: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", *keys, "--quick", "--out", str(out)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False, encoding="utf-8")


def test_every_row_is_measured_and_stands_in_the_file_in_the_promised_shape(tmp_path: Path) -> None:
    done = bench(tmp_path / "bench.json")
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "bench.json").read_text("utf-8"))
    assert list(found) == list(rows.KEYS)
    for key, figures in found.items():
        assert set(figures) == FIELDS, key
        assert figures["limit"] > 0, key
        assert figures["product"] > 0, key
        assert figures["ratio"] == pytest.approx(figures["product"] / figures["limit"], rel=0.01), key
        assert isinstance(figures["met"], bool), key
        assert figures["runs"] >= 1, key
        assert f" {key} " in done.stdout, done.stdout


def test_a_row_nobody_knows_is_refused(tmp_path: Path) -> None:
    done = bench(tmp_path / "bench.json", "no_such_row")
    assert done.returncode == 2
    assert "no_such_row" in done.stderr
    assert not (tmp_path / "bench.json").exists()


@pytest.mark.parametrize("key", rows.KEYS)
def test_a_row_says_under_its_own_key_what_its_limit_and_goal_are(key: str) -> None:
    row = rows.row(key)
    assert row.key == key
    assert row.goal > 0
    said = sys.modules[f"benchmarks.{key}"].__doc__ or ""
    assert "Limit: " in said
    assert "oal: " in said or "goal (" in said


def test_the_full_measure_makes_at_least_five_runs(tmp_path: Path) -> None:
    assert Scale(tmp_path).runs >= 5
    limit, product = measure.in_turns(5, lambda: 2.0, lambda: 1.0)
    assert (limit, product) == ([2.0] * 5, [1.0] * 5)


def test_limit_and_product_take_turns() -> None:
    heard: list[str] = []

    def hear(name: str) -> float:
        heard.append(name)
        return 1.0

    measure.in_turns(3, lambda: hear("A"), lambda: hear("B"))
    assert "".join(heard) == "ABABAB"


@pytest.mark.parametrize(
    ("at_least", "ratio", "kept", "met"),
    [(True, 0.5, True, True), (True, 0.49, True, False), (False, 2.0, True, True), (False, 2.1, True, False),
     (True, 9.0, False, False)],
)  # fmt: skip
def test_a_goal_is_met_by_the_medians_and_by_every_further_condition(
    at_least: bool, ratio: float, kept: bool, met: bool
) -> None:
    row = Row("some", "work", "unit", 0.5 if at_least else 2.0, at_least, lambda scale: Measured([], []))
    found = report.result(row, Measured([1.0, 1.0, 50.0], [ratio, ratio, 99.0], kept))
    assert (found.ratio, found.met, found.runs) == (ratio, met, 3)


def test_rows_measured_earlier_stay_in_the_file(tmp_path: Path) -> None:
    out = tmp_path / "build" / "bench.json"
    some = report.Result(1.0, 2.0, 2.0, 1.0, True, "s", 5)
    report.save(out, {"save": some})
    report.save(out, {"aid": some})
    assert list(json.loads(out.read_text("utf-8"))) == ["save", "aid"]
