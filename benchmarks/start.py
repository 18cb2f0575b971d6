"""From starting the program to a window one can use, against a bare Qt window.

Limit: a fresh process that shows an empty main window. Product: a fresh process that paints the log-in of a station,
ready for typing; the notes say how long logging in and the main window take after that. Goal: at most twice the bare
window; openpyxl, reportlab, pypinyin and alembic not loaded; at most 100 MB with the page of 1,000 students open.
"""

from __future__ import annotations

import atexit
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks import people
from benchmarks.measure import Measured, Row, Scale, in_turns
from tests.factories.stations import PASSWORD, new_school

_MEMORY_LIMIT = 100  # MB
_PARTS = ("imports", "log-in shown", "logging in", "main window")


def measure(scale: Scale) -> Measured:
    """Milliseconds from the start of the process to the painted window."""
    folder = scale.folder / "start"
    school = new_school(folder)
    with school.context.write() as unit:
        people.enrol(unit, range(scale.pick(1000, 20)), school.info.code)
    school.context.store.catch_up()
    school.close()
    answers: list[dict[str, Any]] = []

    def product() -> float:
        taken, answer = _start("shell", str(folder), PASSWORD)
        answers.append(answer)
        return taken

    if not scale.quick:
        _start("bare"), product()  # files come into the cache of the system, modules are compiled
        answers.clear()
    limit, ours = in_turns(scale.runs, lambda: _start("bare")[0], product)
    return Measured(limit, ours, *_conditions(answers))


def _start(*arguments: str) -> tuple[float, dict[str, Any]]:
    """(milliseconds to the painted window, what the process says of itself)."""
    command = [sys.executable, "-m", "benchmarks.windows", *arguments]
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPYCACHEPREFIX": str(_bytecode())}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    begin = time.time()
    found = subprocess.run(
        command, check=True, capture_output=True, text=True, env=environment, cwd=Path(__file__).parents[1]
    )
    answer = json.loads(found.stdout.splitlines()[-1])
    return (answer["painted"] - begin) * 1000, answer


@cache
def _bytecode() -> Path:
    """Where both programs find their modules compiled, as installed ones do; the first, uncounted run fills it."""
    folder = tempfile.TemporaryDirectory(prefix="jzdesk-bytecode-", ignore_cleanup_errors=True)
    atexit.register(folder.cleanup)
    return Path(folder.name)


def _conditions(answers: list[dict[str, Any]]) -> tuple[bool, tuple[str, ...]]:
    """(whether the further conditions hold, notes)."""
    unwanted = sorted({name for answer in answers for name in answer["unwanted"]})
    peaks = [answer["memory"] for answer in answers if answer["memory"] is not None]
    peak = max(peaks, default=0.0)
    parts = ", ".join(
        f"{part} {statistics.median(answer[part] for answer in answers) * 1000:.0f} ms" for part in _PARTS
    )
    page = "the page of students" if answers[0]["students"] else "the first page (no page of students yet)"
    notes = (
        parts,
        f"loaded without need: {'、'.join(unwanted) or 'nothing'}",
        f"memory {peak:.0f} MB with {page} open (at most {_MEMORY_LIMIT})" if peaks else "memory not measured here",
    )
    return not unwanted and peak <= _MEMORY_LIMIT, notes


ROW = Row("start", "start to a usable window", "ms", 2.0, False, measure)
