"""Does one piece of work in a process that is killed with SIGKILL at its k-th write; run by `test_crash_recovery`.

python -m tests.faults.crashing WORK PREPARED OUT POINTS: for each of some kill points the prepared stations are
copied to OUT/<k> and the work is done there by a forked child, which kills itself. OUT/clean is the same work without
a kill.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from jzdesk.models import Student
from jzdesk.services.bundle import Services
from jzdesk.services.stations import open_station
from tests.factories.stations import PASSWORD

NAMES = ("甲", "乙", "丙", "丁")
Report = Callable[[str], None]


def uid_of(name: str) -> str:
    """The uid a student of this name always gets, so that a repeated run ends in the same digest."""
    return f"{NAMES.index(name):032x}"


def save(root: Path, report: Report) -> None:
    """Save the students that are not there yet, one by one."""
    with open_at(root / "school") as school:
        for name in NAMES:
            if uid_of(name) not in {row.uid for row in school.students.search(name)}:
                with school.context.write() as unit:
                    unit.add(Student, {"name": name, "sex": "1", "birth": "2016-05-07"}, uid_of(name))
                report(name)


def export(root: Path, report: Report) -> None:
    """Save, and put everything onto the stick."""
    save(root, lambda _name: None)
    with open_at(root / "school") as school:
        for done in school.exchange.export(root / "stick"):
            report(done.path.name)


def merge(root: Path, report: Report) -> None:
    """The county takes in what lies in `mail`: the later package first, so that it has to wait."""
    with open_at(root / "county") as county:
        for package in sorted((root / "mail").iterdir(), reverse=True):
            for outcome in county.merging.merge([package]):
                report(f"{outcome.package} {outcome.outcome}")


def receipt(root: Path, report: Report) -> None:
    """The county answers, and the school reads the answer."""
    merge(root, lambda _line: None)
    with open_at(root / "county") as county:
        county.county.write_receipts(root / "stick")
    with open_at(root / "school") as school:
        for outcome in school.exchange.read_receipts([root / "stick"]):
            report(outcome.outcome)


def withdraw(root: Path, report: Report) -> None:
    """The county merges, takes the later package back, lets it return, and takes both back."""
    merge(root, lambda _line: None)
    with open_at(root / "county") as county:
        for line in county.merging.arrivals():
            if line.withdrawn:
                county.withdrawing.rejoin(line.package_id)
                break
        county.withdrawing.withdraw("1.jzp", "报错了")
        county.withdrawing.rejoin("1.jzp")
        county.withdrawing.withdraw("0.jzp", "报错了")
        report("withdrawn")


WORKS: dict[str, Callable[[Path, Report], None]] = {
    "save": save, "export": export, "merge": merge, "receipt": receipt, "withdraw": withdraw,
}  # fmt: skip


class open_at:  # noqa: N801 - reads as a verb
    """An open station, closed at the end."""

    def __init__(self, folder: Path) -> None:
        self.station = open_station(folder, PASSWORD)

    def __enter__(self) -> Services:
        return self.station

    def __exit__(self, *_failure: object) -> None:
        self.station.close()


class Doom:
    """Counts every write and kills the process at one of them."""

    def __init__(self, limit: int) -> None:
        self.count, self.limit = 0, limit
        for owner, name in ((os, "fsync"), (Path, "replace"), (Path, "rename"), (Path, "unlink")):
            setattr(owner, name, self._counted(getattr(owner, name)))
        plain_open: Callable[..., Any] = Path.open

        def opening(path: Path, mode: str = "r", *args: Any, **options: Any) -> Any:
            if mode != "rb":
                self.step()
            return plain_open(path, mode, *args, **options)

        setattr(Path, "open", opening)  # noqa: B010 - mypy knows that a method is not to be assigned to
        event.listen(Engine, "before_cursor_execute", self._statement)
        event.listen(Engine, "commit", lambda _connection: self.step())

    def _counted(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **options: Any) -> Any:
            self.step()
            return call(*args, **options)

        return counted

    def _statement(self, _connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(("SELECT", "PRAGMA")):
            self.step()

    def step(self) -> None:
        """One more write."""
        self.count += 1
        if self.count == self.limit:
            os.kill(os.getpid(), signal.SIGKILL)


def _run(work: str, prepared: Path, root: Path, limit: int) -> int:
    """Do the work in a child that dies at the given write; returns how many writes there were, 0 when it died."""
    shutil.copytree(prepared, root)
    reported, counted = root / "reported", root / "counted"
    child = os.fork()
    if child == 0:
        out = os.open(reported, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        status = 1
        try:
            doom = Doom(limit)
            WORKS[work](root, lambda line: _append(out, line))
            counted.write_text(str(doom.count))
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    if not killed and os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit(f"{work} failed by itself")
    return 0 if killed else int(counted.read_text())


def _append(handle: int, line: str) -> None:
    os.write(handle, f"{line}\n".encode())


def main(work: str, prepared: str, out: str, points: str) -> None:
    """Run clean, then once for each of `points` kill points spread over the whole work."""
    total = _run(work, Path(prepared), Path(out) / "clean", 0)
    wanted = int(points)
    for limit in sorted({1 + (total - 1) * n // (wanted - 1) for n in range(wanted)}):
        if _run(work, Path(prepared), Path(out) / str(limit), limit):
            raise SystemExit(f"{work} was not killed at write {limit} of {total}")
    sys.stdout.write(f"{total}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
