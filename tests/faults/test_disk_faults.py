"""Full, read-only and vanished disks under a real station: a sentence with the remedy, and nothing half done."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

import pytest

from jzdesk.core.errors import StationFault
from jzdesk.models import Student
from jzdesk.services.bundle import Services
from jzdesk.services.stations import open_station
from jzdesk.sync.stick import copy_to_stick
from tests.factories.stations import PASSWORD, certify, new_school

MEGABYTES = 6


class Disk:
    """A small disk of its own where the system lets us mount one; else a folder that is made to behave like one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", str(path)]
        self.real = os.name == "posix" and subprocess.run(command, capture_output=True, check=False).returncode == 0

    def unmount(self) -> None:
        if self.real:
            subprocess.run(["umount", "-l", str(self.path)], check=False, capture_output=True)

    @contextmanager
    def full(self) -> Iterator[None]:
        """No room for anything more: the disk filled to the last block, or no file may grow."""
        if not self.real:
            with _no_growth():
                yield
            return
        junk = self.path / "junk"
        with pytest.raises(OSError, match="No space"), junk.open("wb") as file:  # noqa: PT012
            while True:
                os.write(file.fileno(), bytes(4096))
        yield
        junk.unlink()

    @contextmanager
    def read_only(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        """Nothing can be written: mounted so, or every file opened for writing says so."""
        if not self.real:
            with monkeypatch.context() as patch:
                patch.setattr(Path, "open", _read_only_open)
                yield
            return
        subprocess.run(["mount", "-o", "remount,ro", str(self.path)], check=True)
        yield
        subprocess.run(["mount", "-o", "remount,rw", str(self.path)], check=True)


@contextmanager
def _no_growth() -> Iterator[None]:
    """No file of this process may grow beyond 1 KiB; the signal that goes with it is ignored by Python."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


_open = Path.open


def _read_only_open(path: Path, mode: str = "r", *args: Any, **options: Any) -> Any:
    return _open(path, mode, *args, **options) if mode in ("r", "rb") else _refuse()


def _refuse() -> NoReturn:
    raise OSError(errno.EROFS, "Read-only file system")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    disk = Disk(tmp_path / "disk")
    yield disk
    disk.unmount()


def _add(school: Services, count: int) -> None:
    with school.context.write() as unit:
        unit.add_many(Student, [{"name": "学生", "sex": "1", "birth": "2016-05-07"} for _ in range(count)])


def _closed_copy(school: Services, to: Path) -> Services:
    folder = school.info.folder
    school.close()
    shutil.copytree(folder, to)
    return open_station(to, PASSWORD)


def test_a_full_disk_while_saving_keeps_what_was_saved_and_nothing_of_this_step(disk: Disk, tmp_path: Path) -> None:
    school = _closed_copy(new_school(tmp_path / "made"), disk.path / "station")
    _add(school, 3)
    before = school.verify()
    with disk.full(), pytest.raises(StationFault) as fault:
        _add(school, 3000)
    assert fault.value.what in ("磁盘已满，写不进数据库", "数据库读写出错")
    assert disk.real is (fault.value.what == "磁盘已满，写不进数据库")
    assert "之前保存的内容都在" in fault.value.kept
    assert school.verify() == before
    _add(school, 3)
    assert school.verify().students == 6
    school.close()


def test_a_full_stick_at_export_leaves_no_file_and_the_export_can_be_repeated(disk: Disk, certified: Services) -> None:
    _add(certified, 40)
    old = disk.path / "别的文件.txt"
    old.write_text("原来的内容", "utf-8")
    before, pending = certified.verify(), certified.exchange.pending()
    with disk.full(), pytest.raises(StationFault, match="空间不够"):
        certified.exchange.export(disk.path)
    assert [path.name for path in disk.path.iterdir()] == [old.name]
    assert old.read_text("utf-8") == "原来的内容"
    assert (certified.verify(), certified.exchange.pending()) == (before, pending)
    assert certified.exchange.export(disk.path)[0].entries == 40


def test_a_full_own_disk_at_export_is_said_so_and_changes_nothing(disk: Disk, county: Services, tmp_path: Path) -> None:
    made = new_school(tmp_path / "made")
    certify(made, county, tmp_path)
    school = _closed_copy(made, disk.path / "station")
    _add(school, 40)
    stick = tmp_path / "stick"
    stick.mkdir()
    pending = school.exchange.pending()
    with disk.full(), pytest.raises(StationFault, match="磁盘空间不够"):
        school.exchange.export(stick)
    assert list(stick.iterdir()) == []
    assert list((disk.path / "station" / "letters").glob("*.jzp*")) == []
    assert school.exchange.pending() == pending
    assert school.exchange.export(stick)[0].entries == 40
    school.close()


def test_a_full_county_disk_during_a_merge_takes_nothing_in(
    disk: Disk, certified: Services, county: Services, tmp_path: Path
) -> None:
    _add(certified, 2000)
    stick = tmp_path / "stick"
    stick.mkdir()
    certified.exchange.export(stick)
    county = _closed_copy(county, disk.path / "county")
    before = county.verify()
    with disk.full(), pytest.raises(StationFault):
        county.merging.merge([stick])
    assert county.verify() == before
    assert list((disk.path / "county" / "received").glob("*.part")) == []
    assert [outcome.outcome for outcome in county.merging.merge([stick])] == ["applied"]
    county.close()


def test_a_read_only_stick_is_said_so(disk: Disk, certified: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    _add(certified, 2)
    with disk.read_only(monkeypatch), pytest.raises(StationFault, match="只读"):
        certified.exchange.export(disk.path)
    assert list(disk.path.iterdir()) == []
    assert certified.exchange.pending().unexported == 2
    assert certified.exchange.export(disk.path)


def _pragma(school: Services, what: str) -> None:
    """Say something to the one connection that writes."""
    raw = school.context.store._writer.raw_connection()
    try:
        raw.cursor().execute(f"PRAGMA {what}").fetchall()
    finally:
        raw.close()


def test_a_database_that_became_read_only_is_said_so_and_goes_on_being_read(school: Services) -> None:
    _add(school, 2)
    before = school.verify()
    _pragma(school, "query_only = ON")
    with pytest.raises(StationFault, match="只读"):
        _add(school, 1)
    assert school.verify() == before
    _pragma(school, "query_only = OFF")
    _add(school, 1)
    assert school.verify().students == 3


def test_a_station_on_a_read_only_disk_is_not_called_damaged(
    disk: Disk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _closed_copy(new_school(tmp_path / "made"), disk.path / "station").close()
    with disk.read_only(monkeypatch):
        if disk.real:  # the log beside the database cannot be made: nothing can be read, and that is said
            with pytest.raises(StationFault, match="权限"):
                open_station(disk.path / "station", PASSWORD)
        else:
            open_station(disk.path / "station", PASSWORD).close()
    assert open_station(disk.path / "station", PASSWORD).verify().ok


def test_a_stick_pulled_out_in_the_middle_of_an_export_leaves_the_station_as_it_was(
    disk: Disk, certified: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder vanishes after the first block was copied."""
    _add(certified, 5)
    stick, pending = disk.path / "stick", certified.exchange.pending()
    stick.mkdir()
    real_fsync = os.fsync

    def pulled(handle: int) -> None:
        shutil.rmtree(stick, ignore_errors=True)
        real_fsync(handle)

    with monkeypatch.context() as patch:
        patch.setattr("jzdesk.sync.stick.os.fsync", pulled)
        with pytest.raises(StationFault, match=r"找不到 U 盘|拔出"):
            certified.exchange.export(stick)
    assert certified.exchange.pending() == pending
    assert certified.verify().ok
    stick.mkdir()
    assert certified.exchange.export(stick)[0].entries == 5


def test_a_stick_pulled_out_during_a_merge_keeps_what_was_merged(
    certified: Services, county: Services, tmp_path: Path
) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    for _ in range(2):
        _add(certified, 1)
        certified.exchange.export(stick)
    first, second = sorted(stick.iterdir())

    def pull(done: int, _total: int) -> None:
        if done == 1:
            second.unlink()

    with pytest.raises(StationFault, match="拔出"):
        county.merging.merge([stick], pull)
    assert county.verify().students == 1
    assert [outcome.outcome for outcome in county.merging.merge([first])] == ["duplicate"]


def _fill(disk: Disk, _patch: pytest.MonkeyPatch) -> None:
    with suppress(OSError), (disk.path / "junk").open("wb") as file:
        while True:
            os.write(file.fileno(), bytes(4096))


def _write_protect(_disk: Disk, patch: pytest.MonkeyPatch) -> None:
    """The switch of a stick: what is open for writing fails from now on (the system mounts nothing anew that is)."""
    patch.setattr("jzdesk.sync.stick.os.fsync", lambda _handle: _refuse())


def _pull_out(disk: Disk, _patch: pytest.MonkeyPatch) -> None:
    """Nothing is reachable under its name any more; what is open leads nowhere."""
    if disk.real:
        subprocess.run(["umount", "-l", str(disk.path)], check=True)
    else:
        shutil.rmtree(disk.path)


@pytest.mark.parametrize(
    ("happens", "words"), [(_fill, "空间不够"), (_write_protect, "只读"), (_pull_out, "拔出|找不到")]
)
def test_what_happens_to_a_stick_in_mid_write_leaves_old_files_whole_and_the_new_one_absent(
    disk: Disk, tmp_path: Path, happens: Callable[[Disk, pytest.MonkeyPatch], None], words: str
) -> None:
    if not disk.real and happens is _fill:
        happens = _write_protect
        words = "只读"
    source, old = tmp_path / "new.jzp", disk.path / "old.jzp"
    source.write_bytes(os.urandom(4 << 20))
    old.write_bytes(content := os.urandom(1 << 20))
    with pytest.MonkeyPatch.context() as patch:

        def meanwhile(done: int, _total: int) -> None:
            if done == 1 << 20:
                happens(disk, patch)

        with pytest.raises(StationFault, match=words):
            copy_to_stick(source, disk.path, meanwhile)
    if old.exists():  # else the stick is gone with all that is on it, and nothing more was written to it
        assert old.read_bytes() == content
    assert not list(disk.path.glob("new*"))
    assert source.stat().st_size == 4 << 20, "the local copy is still there"
