"""Does one piece of work in processes that are killed, each at another write; run by `test_crash_recovery`.

python -m tests.faults.crashing WORK PREPARED OUT INSIDE: the work is done once in a clean run that counts every write.
Then, for every write to a file and every end of a transaction (and INSIDE further points spread over the statements
within transactions), the prepared stations are copied, a forked child does the work and kills itself just before that
write, and another child judges what is left and does the work again. Prints the writes and what was wrong, as JSON.
"""

from __future__ import annotations

import gc
import json
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from sqlalchemy import Engine, event

from jzdesk.core.clock import Clock
from jzdesk.models import Student
from jzdesk.services.bundle import Services
from jzdesk.services.opening import open_unlocked
from jzdesk.store import slots
from jzdesk.store.folder import StationFolder
from tests.factories.haste import shared_statements
from tests.factories.stations import PASSWORD

NAMES = ("甲", "乙", "丙", "丁")  # in the school already, and not yet exported
SAVED = ("戊", "己", "庚", "辛")
ERASED, TOLD = "学生00", "学生10"  # merged by the county, which will erase the one, and has erased the other
FILE, COMMIT, STATEMENT = "file", "commit", "statement"
Report = Callable[[str], None]


def uid_of(name: str) -> str:
    """The uid a student of this name always gets, so that a repeated run ends in the same digest."""
    return f"{(*NAMES, *SAVED).index(name):032x}"


def save(root: Path, report: Report) -> None:
    """Save the students that are not there yet, one by one."""
    with open_at(root / "school") as school:
        for name in SAVED:
            if uid_of(name) not in {row.uid for row in school.students.search(name)}:
                with school.context.write() as unit:
                    unit.add(Student, {"name": name, "sex": "1", "birth": "2016-05-07"}, uid_of(name))
                report(name)


def export(root: Path, report: Report) -> None:
    """Put everything onto the stick."""
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
    """The county answers, and the school reads the answer, which tells of an erasure."""
    with open_at(root / "answering") as county:
        county.county.write_receipts(root / "stick")
    with open_at(root / "school") as school:
        for outcome in school.exchange.read_receipts([root / "stick"]):
            report(outcome.outcome)


def withdraw(root: Path, report: Report) -> None:
    """The county takes a package back, lets it return, and takes both of the school's back."""
    with open_at(root / "answering") as county:
        for line in county.merging.arrivals():
            if line.withdrawn:
                county.withdrawing.rejoin(line.package_id)
                break
        county.withdrawing.withdraw("1.jzp", "报错了")
        county.withdrawing.rejoin("1.jzp")
        county.withdrawing.withdraw("0.jzp", "报错了")
        report("withdrawn")


def erase(root: Path, report: Report) -> None:
    """The county erases a student."""
    with open_at(root / "answering") as county:
        for row in county.students.search(ERASED):
            county.erasures.erase("student", row.uid, "监护人申请 2025-3")
        report("erased")


WORKS: dict[str, Callable[[Path, Report], None]] = {
    "save": save, "export": export, "merge": merge, "receipt": receipt, "withdraw": withdraw, "erase": erase,
}  # fmt: skip


@cache
def key_of(folder: Path) -> bytes:
    """The database key of a prepared station; the copies are opened with it, without deriving it again and again."""
    return slots.unlock(slots.load(StationFolder(folder).slots), PASSWORD, None, "account")[0]


class open_at:  # noqa: N801 - reads as a verb
    """An open station, closed at the end; `keys` names the key of every prepared station."""

    keys: ClassVar[dict[str, bytes]] = {}

    def __init__(self, folder: Path) -> None:
        home = StationFolder(folder)
        self.station = open_unlocked(home, home.facts(), self.keys[folder.name], "测试员", Clock())

    def __enter__(self) -> Services:
        return self.station

    def __exit__(self, *_failure: object) -> None:
        self.station.close()


class _Counted:
    """A file open for writing: every block is a write of its own, and stands on the disk before the next."""

    def __init__(self, file: Any, step: Callable[[str], None]) -> None:
        self._file, self._step = file, step

    def write(self, data: Any) -> int:
        self._step(FILE)
        written = int(self._file.write(data))
        self._file.flush()
        return written

    def __enter__(self) -> _Counted:
        return self

    def __exit__(self, *failure: object) -> None:
        self._file.__exit__(*failure)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


class Doom:
    """Counts every write and kills the process at one of them."""

    def __init__(self, limit: int) -> None:
        self.writes: list[str] = []
        self.limit = limit
        for owner, name in ((os, "fsync"), (Path, "replace"), (Path, "rename"), (Path, "unlink"), (Path, "mkdir")):
            setattr(owner, name, self._counted(getattr(owner, name)))
        plain_open: Callable[..., Any] = Path.open
        plain_fdopen: Callable[..., Any] = os.fdopen

        def opening(path: Path, mode: str = "r", *args: Any, **options: Any) -> Any:
            if mode in ("r", "rb"):
                return plain_open(path, mode, *args, **options)
            self.step(FILE)
            return _Counted(plain_open(path, mode, *args, **options), self.step)

        setattr(Path, "open", opening)  # noqa: B010 - mypy knows that a method is not to be assigned to
        setattr(os, "fdopen", lambda *args, **options: _Counted(plain_fdopen(*args, **options), self.step))  # noqa: B010
        event.listen(Engine, "before_cursor_execute", self._statement)
        event.listen(Engine, "commit", lambda _connection: self.step(COMMIT))

    def _counted(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **options: Any) -> Any:
            self.step(FILE)
            return call(*args, **options)

        return counted

    def _statement(self, _connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(("SELECT", "PRAGMA")):
            self.step(STATEMENT)

    def step(self, kind: str = FILE) -> None:
        """One more write."""
        self.writes.append(kind)
        if len(self.writes) == self.limit:
            os.kill(os.getpid(), signal.SIGKILL)


def _in_a_child(work: Callable[[], None], notes: Path) -> bool:
    """Do something in a forked child; whether it was killed. What went wrong in it is added to `notes`."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:
            with notes.open("a", encoding="utf-8") as file:
                file.write(f"{notes.parent.name}: {traceback.format_exc()}\n")
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def _doomed(work: str, root: Path, limit: int) -> None:
    """The work up to the fatal write; a clean run leaves the list of its writes."""
    out = os.open(root / "reported", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    doom = Doom(limit)
    WORKS[work](root, lambda line: _append(out, line))
    (root / "counted").write_text(json.dumps(doom.writes))


def _append(handle: int, line: str) -> None:
    os.write(handle, f"{line}\n".encode())


def points(writes: list[str], inside: int) -> list[int]:
    """At which writes to kill: all of files and commits, and so many statements evenly spread."""
    whole = [n for n, kind in enumerate(writes, 1) if kind != STATEMENT]
    rest = [n for n, kind in enumerate(writes, 1) if kind == STATEMENT]
    step = max(len(rest) // max(inside, 1), 1)
    return sorted({*whole, *rest[::step]})


def main(work: str, prepared: str, out: str, inside: str) -> None:
    """Run clean, then once for each kill point."""
    from tests.faults import judging

    source, target = Path(prepared), Path(out)
    open_at.keys = {folder.name: key_of(folder) for folder in source.iterdir() if StationFolder(folder).exists()}
    open_at.keys |= {"judge": open_at.keys["county"], "reader": open_at.keys["school"]}
    clean, notes = target / "clean", target / "notes"
    shutil.copytree(source, warm := target / "warm")
    WORKS[work](warm, lambda _line: None)  # what is imported and compiled now, no child has to import again
    judging.look_around(work, warm)
    shutil.copytree(source, clean)
    _in_a_child(lambda: _doomed(work, clean, 0), notes)
    _in_a_child(lambda: judging.note_clean(work, clean), notes)
    if notes.exists():
        raise SystemExit(notes.read_text("utf-8"))
    writes = json.loads((clean / "counted").read_text())
    gc.disable()  # no child lives long enough to need it, and each would copy every page of ours to look for garbage
    chosen, survived = points(writes, int(inside)), []
    for limit in chosen:
        root = target / str(limit)
        shutil.copytree(source, root)
        if not _in_a_child(lambda root=root, limit=limit: _doomed(work, root, limit), notes):  # type: ignore[misc]
            survived.append(limit)
        _in_a_child(lambda root=root: judging.judge(work, root, clean), notes)  # type: ignore[misc]
        shutil.rmtree(root)
    wrong = notes.read_text("utf-8") if notes.exists() else ""
    sys.stdout.write(json.dumps({"writes": writes, "points": chosen, "survived": survived, "wrong": wrong}))


if __name__ == "__main__":
    from tests.faults import crashing

    with shared_statements():
        crashing.main(*sys.argv[1:])
