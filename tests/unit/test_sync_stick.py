"""The stick: files get onto it whole or not at all, whatever happens to it, and each mishap has its sentence."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from jzdesk.core.errors import StationFault, UserError
from jzdesk.sync.stick import copy_to_stick, discard_unfinished, read_local_copy

ROOT = Path(__file__).parents[2]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "school.jzp"
    path.write_bytes(os.urandom(3_500_000))
    return path


@pytest.fixture
def usb(tmp_path: Path) -> Path:
    folder = tmp_path / "usb"
    folder.mkdir()
    (folder / "old.jzp").write_bytes(b"old")
    return folder


def only_the_old(usb: Path) -> bool:
    return [(path.name, path.read_bytes()) for path in usb.iterdir()] == [("old.jzp", b"old")]


def test_a_copy_is_whole_and_never_takes_an_old_name(source: Path, usb: Path) -> None:
    seen: list[tuple[int, int]] = []
    first = copy_to_stick(source, usb, lambda done, total: seen.append((done, total)))
    second = copy_to_stick(source, usb)
    assert (first.name, second.name) == ("school.jzp", "school-2.jzp")
    assert first.read_bytes() == second.read_bytes() == source.read_bytes()
    assert seen[-1] == (7_000_000, 7_000_000)
    assert {path.name for path in usb.iterdir()} == {"old.jzp", "school.jzp", "school-2.jzp"}


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (errno.ENOSPC, "空间不够"),
        (errno.EROFS, "只读"),
        (errno.EACCES, "只读"),
        (errno.EIO, "可能已被拔出"),
        (errno.ENODEV, "可能已被拔出"),
    ],
)
@pytest.mark.parametrize("call", ["os.fsync", "pathlib.Path.rename"])
def test_a_failing_stick_is_said_in_words_and_keeps_its_files(
    source: Path, usb: Path, monkeypatch: pytest.MonkeyPatch, call: str, code: int, sentence: str
) -> None:
    def fail(*arguments: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(call, fail)
    with pytest.raises(StationFault, match=f"U 盘.*{sentence}") as caught:
        copy_to_stick(source, usb)
    assert "已有的文件没有变动" in caught.value.sentence()
    assert only_the_old(usb)


def test_a_missing_stick_and_a_missing_file_are_said_in_words(source: Path, tmp_path: Path) -> None:
    with pytest.raises(StationFault, match="没有插好"):
        copy_to_stick(source, tmp_path / "none")
    with pytest.raises(UserError, match="不在本机"):
        copy_to_stick(tmp_path / "none.jzp", tmp_path)


def test_a_stick_without_room_is_refused_before_anything_is_written(
    source: Path, usb: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(usb)
    monkeypatch.setattr("shutil.disk_usage", lambda folder: usage._replace(free=1000))
    with pytest.raises(StationFault, match="空间不够"):
        copy_to_stick(source, usb)
    assert only_the_old(usb)


def test_a_stick_that_keeps_other_bytes_than_written_is_noticed(
    source: Path, usb: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = os.fsync

    def spoil(handle: int) -> None:
        really(handle)
        for part in usb.glob("*.part"):
            with part.open("r+b") as file:
                file.seek(1_000_000)
                file.write(b"spoiled")

    monkeypatch.setattr("os.fsync", spoil)
    with pytest.raises(StationFault, match="读回来不一样"):
        copy_to_stick(source, usb)
    assert only_the_old(usb)


def test_cancelling_a_copy_leaves_nothing(source: Path, usb: Path) -> None:
    def cancel(done: int, total: int) -> None:
        if done > 1_000_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copy_to_stick(source, usb, cancel)
    assert only_the_old(usb)


# A process of its own copies onto a stick with room for the first megabyte or so: the kernel itself refuses the rest.
FULL = """
import resource, shutil, signal, sys
from pathlib import Path
from jzdesk.core.errors import StationFault
from jzdesk.sync.stick import copy_to_stick
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_200_000, 1_200_000))
try:
    copy_to_stick(Path(sys.argv[1]), Path(sys.argv[2]))
except StationFault as fault:
    sys.stdout.buffer.write(fault.sentence().encode())
    sys.exit(2)
"""


def test_a_stick_that_fills_up_in_mid_write_stays_as_it_was(source: Path, usb: Path) -> None:
    run = subprocess.run([sys.executable, "-c", FULL, source, usb], cwd=ROOT, capture_output=True, check=False)
    assert (run.returncode, run.stderr) == (2, b"")
    assert "U 盘空间不够" in run.stdout.decode()
    assert only_the_old(usb)


# Dies without cleaning up at the k-th progress report, as if the stick (or the plug) had been pulled then.
PULLED = """
import os, sys
from pathlib import Path
from jzdesk.sync.stick import copy_to_stick
reports = 0
def die(done, total):
    global reports
    reports += 1
    if reports == int(sys.argv[3]):
        os._exit(9)
copy_to_stick(Path(sys.argv[1]), Path(sys.argv[2]), die)
"""


@pytest.mark.parametrize("moment", [1, 3, 4, 5, 8])
def test_pulled_out_at_any_moment_the_new_file_is_absent(source: Path, usb: Path, moment: int) -> None:
    arguments = [sys.executable, "-c", PULLED, str(source), str(usb), str(moment)]
    assert subprocess.run(arguments, cwd=ROOT, check=False).returncode == 9
    assert [path.name for path in usb.glob("*.jzp")] == ["old.jzp"]
    assert (usb / "old.jzp").read_bytes() == b"old"
    assert copy_to_stick(source, usb).read_bytes() == source.read_bytes()  # and the next attempt succeeds


def test_reading_copies_to_the_local_disk_first(source: Path, tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    copy = read_local_copy(source, inbox)
    assert copy.parent == inbox
    assert copy.read_bytes() == source.read_bytes()
    assert read_local_copy(source, inbox) != copy
    source.unlink()
    with pytest.raises(StationFault, match="找不到 U 盘"):
        read_local_copy(source, inbox)
    with pytest.raises(UserError, match="不是文件"):
        read_local_copy(tmp_path, inbox)
    huge = tmp_path / "huge.jzp"
    with huge.open("wb") as file:
        file.truncate((512 << 20) + 1)
    with pytest.raises(UserError, match="512 MB"):
        read_local_copy(huge, inbox)
    assert len(list(inbox.iterdir())) == 2


def test_what_a_killed_export_left_is_removed_and_nothing_else(usb: Path) -> None:
    ours, others = "a_1.jzp", "b_2.jzp"
    for name in (
        f"{ours}.0123abcd.part",
        f"{others}.0123abcd.part",
        f"{ours}.part",
        f"{ours}.0123ABCD.part",
        "作业.part",
    ):
        (usb / name).write_bytes(b"half")
    (usb / f"{ours}.89abcdef.part").mkdir()
    (usb / ours).write_bytes(b"whole")
    (usb / f"{ours}.76543210.part").symlink_to(usb / ours)
    before = {path.name for path in usb.iterdir()}
    assert discard_unfinished(usb, lambda name: name == ours) == [ours]
    assert before - {path.name for path in usb.iterdir()} == {f"{ours}.0123abcd.part"}
    assert (usb / ours).read_bytes() == b"whole"


def test_what_is_being_written_is_left_alone(source: Path, usb: Path) -> None:
    removed: list[str] = []
    copy_to_stick(source, usb, lambda *_: removed.extend(discard_unfinished(usb, lambda _: True)))
    assert removed == []
    assert (usb / source.name).read_bytes() == source.read_bytes()


def test_a_stick_that_is_gone_has_nothing_to_be_removed(tmp_path: Path) -> None:
    assert discard_unfinished(tmp_path / "gone", lambda _: True) == []
