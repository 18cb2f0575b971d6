"""Files as the person sees them: written whole or not at all, with sentences for what the machine refuses."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path

from jzdesk.core.errors import StationFault, UserError

_GONE = {errno.ENODEV, errno.ENXIO, errno.EIO, errno.ENOTCONN, errno.ESTALE}


def write_whole(path: Path, content: bytes) -> None:
    """Write a file whole beside its place, then move it there; an older file stays when anything fails.

    Raises StationFault: disk full, stick pulled out, file open in another program.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise write_fault(error, path) from error


def write_fault(error: OSError, path: Path) -> StationFault:
    """The sentence for a failed write."""
    kept = "台账数据没有变动，原来的文件也没有改动"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        remedy = "请清理磁盘或换一个有空间的位置，再写一次。"
        return StationFault(f"磁盘已满，“{path.name}”没有写成", kept, remedy)
    if error.errno == errno.EROFS:
        remedy = "请打开 U 盘的写保护开关，或换一个文件夹。"
        return StationFault(f"存放的位置是只读的，“{path.name}”没有写成", kept, remedy)
    if isinstance(error, PermissionError):
        remedy = "如果正用 Excel 或 WPS 打开着它，请先关闭；否则请换一个文件夹。"
        return StationFault(f"“{path.name}”被占用或没有写入权限", kept, remedy)
    if isinstance(error, FileNotFoundError | NotADirectoryError) or error.errno in _GONE:
        remedy = "请检查 U 盘是否还插着、文件夹是否还在，再写一次。"
        return StationFault(f"找不到存放“{path.name}”的位置", kept, remedy)
    remedy = "请换一个位置再写一次。"
    return StationFault(f"“{path.name}”没有写成（{error.strerror or '原因不明'}）", kept, remedy)


def read_start(path: Path, size: int) -> bytes:
    """The first bytes of a file that a person chose; raises UserError or StationFault."""
    try:
        with path.open("rb") as file:
            return file.read(size)
    except OSError as error:
        raise read_fault(error, path) from error


def read_fault(error: OSError, path: Path) -> UserError | StationFault:
    """The sentence for a failed read."""
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return UserError("没有找到这个文件", "请检查 U 盘是否插好、文件是否被移动或改名，再选一次。", str(path))
    if isinstance(error, IsADirectoryError) or path.is_dir():
        return UserError("选的是文件夹，不是工作簿", "请打开文件夹，选中里面的 Excel 文件。", path.name)
    if isinstance(error, PermissionError):
        remedy = "如果正用 Excel 或 WPS 打开着它，请先保存并关闭；否则请把它复制到桌面再选。"
        return UserError("这个文件正被占用，或没有权限读取", remedy, path.name)
    remedy = "请重新插好 U 盘，或把文件复制到电脑上再试。"
    return StationFault(f"读取“{path.name}”时出错", "台账数据没有变动", remedy)
