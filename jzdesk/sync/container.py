"""The ZIP every exchanged file is: stored, plain, written in one way only, so that nothing can hide in it.

The reader rebuilds each header from the name, size and checksum it found and compares bytes: a comment, an
extra field, a gap, an overlap, compression, encryption or a second directory is a difference, and every
difference is refused.
"""

from __future__ import annotations

import os
import re
import struct
import zlib
from collections.abc import Callable
from contextlib import ExitStack, suppress
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, NamedTuple, Self

from jzdesk.sync.files import discarded_on_failure, faults_of, part_name, sync_folder
from jzdesk.sync.refusal import PackageRefused

__all__ = ["FILE_LIMIT", "MEMBER_LIMIT", "ContainerReader", "ContainerWriter", "PackageRefused", "Section"]

FILE_LIMIT: Final = 512 << 20  # bytes of a whole container
MEMBER_LIMIT: Final = 4096  # members of a container
NAME: Final = re.compile(rb"[a-z][a-z0-9-]{0,47}(\.[a-z0-9]{1,8}){1,2}")
_NAME_LIMIT: Final = 66  # bytes, the longest name the pattern lets through

_VERSION: Final = 10
_DATE: Final = 0x0021  # 1980-01-01: wall clocks do not belong in a container
_LOCAL: Final = struct.Struct("<4s5H3I2H")
_CENTRAL: Final = struct.Struct("<4s6H3I5H2I")
_END: Final = struct.Struct("<4s4H2IH")


class _Member(NamedTuple):
    """Where one member stands: `start` of its bytes, `size` in bytes, and its CRC-32."""

    start: int
    size: int
    crc: int


def _local_header(name: bytes, crc: int, size: int) -> bytes:
    return _LOCAL.pack(b"PK\3\4", _VERSION, 0, 0, 0, _DATE, crc, size, size, len(name), 0) + name


def _central_header(name: bytes, crc: int, size: int, offset: int) -> bytes:
    fields = (_VERSION, _VERSION, 0, 0, 0, _DATE, crc, size, size, len(name), 0, 0, 0, 0, 0, offset)
    return _CENTRAL.pack(b"PK\1\2", *fields) + name


def _end_record(count: int, size: int, offset: int) -> bytes:
    return _END.pack(b"PK\5\6", 0, 0, count, count, size, offset, 0)


class ContainerWriter:
    """Writes a container member by member; the file has its name only after `finish`. Raises StationFault."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._part = part_name(path)
        self._directory: list[bytes] = []
        self._names: set[str] = set()
        self._hash, self._at = sha256(), 0
        self._stack = ExitStack()
        with faults_of("磁盘"):
            self._file = self._stack.enter_context(self._part.open("xb"))

    def add(self, name: str, data: bytes) -> None:
        """One more member; its bytes are on their way to disk and no longer held when this returns."""
        encoded = name.encode("ascii")
        if not NAME.fullmatch(encoded) or name in self._names:
            raise ValueError(f"not a member name, or twice the same: {name}")
        self._room_for(len(data))
        crc = zlib.crc32(data)
        self._directory.append(_central_header(encoded, crc, len(data), self._at))
        self._names.add(name)
        self._write(_local_header(encoded, crc, len(data)))
        self._write(data)

    def finish(self) -> str:
        """Write the directory and make the file durable under its name; returns the file's SHA-256 in hex."""
        directory = b"".join(self._directory)
        end = _end_record(len(self._directory), len(directory), self._at)
        self._write(directory + end)
        with faults_of("磁盘"), discarded_on_failure(self._part, self._file.close):
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._part.replace(self.path)
            sync_folder(self.path.parent)
        return self._hash.hexdigest()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Drop what was written unless `finish` gave it its name."""
        with suppress(OSError):
            self._stack.close()
        with suppress(OSError):
            self._part.unlink(missing_ok=True)

    def _room_for(self, size: int) -> None:
        directory = sum(map(len, self._directory)) + 2 * (_CENTRAL.size + _NAME_LIMIT) + _END.size
        if self._at + size + directory > FILE_LIMIT or len(self._directory) >= MEMBER_LIMIT:
            raise PackageRefused(
                "要写的内容超过一个文件的上限（512 MB）", "container", "请分几次导出，或联系县级管理员。"
            )

    def _write(self, data: bytes) -> None:
        with faults_of("磁盘"):
            self._file.write(data)
        self._hash.update(data)
        self._at += len(data)


class Section:
    """The bytes of one member, read in pieces from its beginning; raises PackageRefused when the file ends within."""

    def __init__(self, read: Callable[[int, int], bytes], start: int, size: int) -> None:
        self._read, self._at, self._end = read, start, start + size

    def read(self, size: int = -1, /) -> bytes:
        """The next piece, of at most `size` bytes; all that is left when that is negative."""
        data = self.peek(size)
        self._at += len(data)
        return data

    def peek(self, size: int) -> bytes:
        """The same, which stays the next piece."""
        left = self._end - self._at
        return self._read(self._at, left if size < 0 else min(size, left))


class ContainerReader:
    """Reads a container's members by name after its whole structure was checked; never extracts to a path.

    Holds at most the directory (under 0.5 MB) and the member asked for. Raises PackageRefused.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with ExitStack() as stack:
            self._file: BinaryIO = stack.enter_context(_opened(path))
            self._members = self._survey()
            self._stack = stack.pop_all()

    @property
    def names(self) -> list[str]:
        """The members in the order they stand in the file."""
        return list(self._members)

    def size(self, name: str) -> int:
        """Bytes of a member."""
        return self._member(name).size

    def read(self, name: str, limit: int, *, proved: bool = False) -> bytes:
        """The bytes of a member, refused when there are more than `limit` or the checksum differs.

        `proved`: the caller compares a digest, and that says more than the checksum.
        """
        member = self._member(name)
        if member.size > limit:
            raise _refused(f"其中的 {name} 太大，超过上限")
        data = self._bytes(member.start, member.size)
        if not proved and zlib.crc32(data) != member.crc:
            raise _refused(f"其中的 {name} 已损坏（校验和不对）")
        return data

    def section(self, name: str, limit: int) -> Section:
        """The same bytes, to be read in pieces and proved by the caller."""
        member = self._member(name)
        if member.size > limit:
            raise _refused(f"其中的 {name} 太大，超过上限")
        return Section(self._bytes, member.start, member.size)

    def close(self) -> None:
        """Let go of the file."""
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _member(self, name: str) -> _Member:
        try:
            return self._members[name]
        except KeyError:
            raise _refused(f"文件里缺少 {name}") from None

    def _bytes(self, start: int, size: int) -> bytes:
        try:
            self._file.seek(start)
            data = self._file.read(size)
        except OSError:
            raise _refused("文件读不出来，可能已损坏") from None
        if len(data) != size:
            raise _refused("文件不完整，后面缺了一段")
        return data

    def _survey(self) -> dict[str, _Member]:
        """Walk the directory; every byte outside the members' contents must be the only one it can be."""
        total = os.fstat(self._file.fileno()).st_size
        if total > FILE_LIMIT:
            raise _refused("文件超过 512 MB 的上限")
        count, size, start = self._end(total)
        directory, members, at, offset = self._bytes(start, size), dict[str, _Member](), 0, 0
        for _ in range(count):
            name, member = self._entry(directory, at, offset, start)
            if name in members:
                raise _refused(f"文件里有两个 {name}")
            members[name] = member
            at += _CENTRAL.size + len(name)
            offset = member.start + member.size
        if at != size or offset != start:
            raise _refused("文件里夹带了目录之外的内容")
        return members

    def _end(self, total: int) -> tuple[int, int, int]:
        """Count of members, and size and start of the directory, from the record that ends the file."""
        if total < _END.size:
            raise _refused("这不是本系统的数据文件，或者文件不完整")
        raw = self._bytes(total - _END.size, _END.size)
        count, size, start = _END.unpack(raw)[4:7]
        if raw[:4] != b"PK\5\6":
            raise _refused("这不是本系统的数据文件，或者文件尾部缺了、多了内容")
        if count > MEMBER_LIMIT:
            raise _refused("文件里的成员超过 4096 个的上限")
        if raw != _end_record(count, size, start) or start + size + _END.size != total:
            raise _refused("文件的目录与文件对不上")
        if size > MEMBER_LIMIT * (_CENTRAL.size + _NAME_LIMIT):
            raise _refused("文件的目录太大")
        return count, size, start

    def _entry(self, directory: bytes, at: int, offset: int, end: int) -> tuple[str, _Member]:
        """One member from its directory record at `at`; it must begin at `offset` and stay before `end`."""
        raw = directory[at : at + _CENTRAL.size]
        if len(raw) != _CENTRAL.size:
            raise _refused("文件的目录不完整")
        fields = _CENTRAL.unpack(raw)
        crc, size, length = fields[7], fields[9], fields[10]
        name = directory[at + _CENTRAL.size : at + _CENTRAL.size + length]
        if not NAME.fullmatch(name):
            raise _refused("文件里有不允许的成员名")
        if raw + name != _central_header(name, crc, size, offset):
            raise _refused("文件的目录写法不对（压缩、加密、重叠或夹带）")
        local = _local_header(name, crc, size)
        start = offset + len(local)
        if start + size > end or self._bytes(offset, len(local)) != local:
            raise _refused("文件的目录与内容对不上")
        return name.decode("ascii"), _Member(start, size, crc)


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError:
        raise PackageRefused("文件打不开或已不在原处", "container", "请重新选择文件。") from None


def _refused(reason: str) -> PackageRefused:
    return PackageRefused(reason, "container")
