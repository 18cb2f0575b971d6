"""`python -m benchmarks [keys…] [--quick] [--out FILE]`: measure, print a table, leave build/bench.json."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import tempfile
from pathlib import Path

from benchmarks import report, rows
from benchmarks.measure import Scale

_log = logging.getLogger(__name__)
OUT = Path(__file__).parents[1] / "build" / "bench.json"


def main(argv: list[str]) -> int:
    """Measure the rows asked for, all when none is named; 1 only when a row could not be measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("keys", nargs="*", metavar="key", help="、".join(rows.KEYS))
    parser.add_argument("--quick", action="store_true", help="small sizes, one run: shows that it works, no more")
    parser.add_argument("--out", type=Path, default=OUT)
    asked = parser.parse_args(argv)
    if unknown := sorted(set(asked.keys) - set(rows.KEYS)):
        parser.error(f"no such row: {', '.join(unknown)}")
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    return _measure_all(asked.keys or list(rows.KEYS), asked.quick, asked.out)


def _measure_all(keys: list[str], quick: bool, out: Path) -> int:
    print(report.HEADING, flush=True)
    failed = 0
    with tempfile.TemporaryDirectory(prefix="jzdesk-bench-", ignore_cleanup_errors=True) as folder:
        for key in keys:
            try:
                _measure(key, Scale(Path(folder), quick), out)
            except Exception:
                _log.exception("%s could not be measured", key)
                failed += 1
    return 1 if failed else 0


def _measure(key: str, scale: Scale, out: Path) -> None:
    row = rows.row(key)
    measured = row.measure(scale)
    found = report.result(row, measured)
    print("\n".join(report.lines(row, measured, found)), flush=True)
    report.save(out, {key: found})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
