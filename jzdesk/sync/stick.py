"""The USB stick: a file gets onto it whole and read back, or not at all, and is copied off it to be read."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Final

from jzdesk.core.errors import StationFault, UserError
from jzdesk.sync.container import FILE_LIMIT
from jzdesk.sync.files import discarded_on_failure, faults_of, full, part_name, sync_folder

STICK: Final = "U 盘"
UNFINISHED: Final = re.compile(r"(.+\.jz[phdrcs])\.[0-9a-f]{8}\.part")
_BLOCK: Final = 1 << 20

Progress = Callable[[int, int], None]


def copy_to_stick(source: Path, folder: Path, progress: Progress | None = None) -> Path:
    """Copy a finished local file into a folder of the stick; returns its name there once it was read back.

    `progress` gets bytes done and bytes in all, where reading back counts again, and may raise to cancel.
    Raises StationFault for a full, a read-only and a missing stick; the stick's other files stay whole, and
    nothing unfinished keeps a name. Only after the return may somebody be told 可以拔出.
    """
    size = _size(source)
    _check_stick(folder, size)
    done = _Progress(2 * size, progress)
    part = part_name(folder / source.name)
    with faults_of(STICK), discarded_on_failure(part), _being_written(part):
        written = _copy(source, part, done)
        if _read_back(part, done) != written:
            raise StationFault(
                "写到 U 盘上的内容读回来不一样，U 盘可能已损坏",
                "原文件还在本机，U 盘上没有留下写坏的文件",
                "请换一个 U 盘再导出。",
            )
        target = _new_name(folder / source.name)
        part.rename(target)
        sync_folder(folder)
    return target


def discard_unfinished(folder: Path, ours: Callable[[str], bool]) -> list[str]:
    """Remove what a killed export left in a folder of the stick; returns the names that the files were to have.

    `ours` says whether this station writes a file of that name. Everything else stays: other names, what is no plain
    file, and what somebody is writing just now. A stick that refuses is left as it is.
    """
    found = []
    with suppress(OSError):
        for part in sorted(folder.glob("*.part")):
            match = UNFINISHED.fullmatch(part.name)
            if match and ours(match[1]) and _removed(part):
                found.append(match[1])
    return found


def _removed(part: Path) -> bool:
    """Whether this was an unfinished file that nobody writes, and is gone now."""
    with suppress(OSError):
        if part.is_file() and not part.is_symlink():
            with part.open("rb") as file:
                if not _locked(file):
                    return False
            part.unlink()
            return True
    return False


@contextmanager
def _being_written(part: Path) -> Iterator[None]:
    """Until it has its name nobody takes the file for one that was left behind; ends with the process."""
    if sys.platform == "win32":  # what is open there cannot be removed anyway
        yield
        return
    with part.open("xb") as file:
        _locked(file)
        yield


def _locked(file: BinaryIO) -> bool:
    """Take the lock of an open file; False when another process has it. A stick without locks locks nobody out."""
    if sys.platform == "win32":
        return True
    import fcntl

    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def read_local_copy(path: Path, into: Path) -> Path:
    """Copy a file from the stick into a local folder, to be checked and imported there; returns the copy.

    Raises UserError for what is no file or over 512 MB, StationFault when the stick or the disk fails.
    """
    with faults_of(STICK):
        if not path.exists():
            raise StationFault("找不到 U 盘上的文件，U 盘可能已被拔出", "本机的数据没有变动", "请重新插好，再做一次。")
    if not path.is_file():
        raise UserError("选中的不是文件", "请选择数据文件本身。", path.name)
    if path.stat().st_size > FILE_LIMIT:
        raise UserError("文件超过 512 MB 的上限", "请核对是不是本系统的数据文件。", path.name)
    target = _new_name(into / path.name)
    part = part_name(target)
    with faults_of("U 盘或本机磁盘"), discarded_on_failure(part):
        _copy(path, part, _Progress(0, None))
        part.rename(target)
        sync_folder(into)
    return target


class _Progress:
    """Adds up bytes for a person to see."""

    def __init__(self, total: int, report: Progress | None) -> None:
        self._done, self._total, self._report = 0, total, report

    def add(self, size: int) -> None:
        self._done += size
        if self._report is not None:
            self._report(self._done, self._total)


def _size(source: Path) -> int:
    try:
        return source.stat().st_size
    except OSError:
        raise UserError("要拷贝的文件已不在本机", "请重新导出。", source.name) from None


def _check_stick(folder: Path, size: int) -> None:
    """Say at once what would only fail later."""
    if not folder.is_dir():
        raise StationFault("找不到 U 盘，它可能没有插好或已被拔出", "要导出的文件还在本机", "请插好 U 盘，再导出一次。")
    with faults_of(STICK):
        if shutil.disk_usage(folder).free < size:
            raise full(STICK)


def _copy(source: Path, part: Path, done: _Progress) -> str:
    """Write all bytes under the unfinished name and force them out; the SHA-256 of what was read."""
    digest = sha256()
    with ExitStack() as open_files:
        reading = open_files.enter_context(source.open("rb"))
        writing = open_files.enter_context(part.open("wb"))
        while block := reading.read(_BLOCK):
            writing.write(block)
            digest.update(block)
            done.add(len(block))
        writing.flush()
        os.fsync(writing.fileno())
    return digest.hexdigest()


def _read_back(part: Path, done: _Progress) -> str:
    """The SHA-256 of what really stands on the stick."""
    digest = sha256()
    with part.open("rb") as file:
        _forget_cached(file)
        while block := file.read(_BLOCK):
            digest.update(block)
            done.add(len(block))
    return digest.hexdigest()


def _forget_cached(file: BinaryIO) -> None:
    """Ask the system to read from the device and not from its own memory, where it can be asked."""
    if hasattr(os, "posix_fadvise"):
        with suppress(OSError):
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _new_name(path: Path) -> Path:
    """The path, or one with a number when something of that name is there: nothing is ever overwritten."""
    candidate, number = path, 1
    while candidate.exists():
        number += 1
        candidate = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return candidate
