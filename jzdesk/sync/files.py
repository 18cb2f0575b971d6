"""Writing a file so that it is whole or absent, and saying in words why a disk refused."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from jzdesk.core.errors import StationFault

KEPT: Final = "已有的文件没有变动，没有写完的内容已经丢弃"
_FULL: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_READ_ONLY: Final = {errno.EROFS, errno.EACCES, errno.EPERM}
_FULL_WINDOWS: Final = {39, 112}
_READ_ONLY_WINDOWS: Final = {5, 19}


def storage_fault(error: OSError, place: str = "磁盘", kept: str = KEPT) -> StationFault:
    """The fault behind an OSError of a place (`磁盘`, `U 盘`): full, read-only or gone, in its own words."""
    code, windows = error.errno, getattr(error, "winerror", None)
    if code in _FULL or windows in _FULL_WINDOWS:
        return full(place, kept)
    if code in _READ_ONLY or windows in _READ_ONLY_WINDOWS:
        return StationFault(f"{place}不能写入，它是只读的或没有写入权限", kept, "请打开写保护开关，或换一个再试。")
    return StationFault(f"{place}读写失败，可能已被拔出或损坏", kept, "请重新插好或换一个，再做一次。")


def full(place: str, kept: str = KEPT) -> StationFault:
    """The fault of a place with no room left."""
    return StationFault(f"{place}空间不够", kept, "请腾出空间，或换一个空间大的，再做一次。")


@contextmanager
def faults_of(place: str) -> Iterator[None]:
    """Turn each OSError inside into the StationFault that says what is wrong with the place."""
    try:
        yield
    except OSError as error:
        raise storage_fault(error, place) from error


def write_durably(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Replace `path` by `data` in one step that survives a power cut; raises StationFault."""
    part = part_name(path)
    with faults_of("磁盘"), discarded_on_failure(part):
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        sync_folder(path.parent)


def part_name(path: Path) -> Path:
    """A name beside `path` for what is not finished yet."""
    return path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")


@contextmanager
def discarded_on_failure(part: Path, release: Callable[[], None] | None = None) -> Iterator[None]:
    """Remove `part` when anything goes wrong inside; `release` closes what is open on it before that."""
    try:
        yield
    except BaseException:
        if release is not None:
            with suppress(OSError):
                release()
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise


def sync_folder(folder: Path) -> None:
    """Make names in a folder durable where the system can (not on Windows, not on every stick)."""
    if os.name == "nt":
        return
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def safe_name(code: str) -> str:
    """A code as it may stand in a file name: letters, digits and `-`, everything else becomes `-`."""
    return "".join(char if char.isascii() and char.isalnum() else "-" for char in code)[:32]
