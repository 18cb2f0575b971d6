"""The lines of a chunk: cutting a stream into them, and the limits each must keep to be believed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from hashlib import sha256
from itertools import compress
from operator import attrgetter
from typing import Final, NamedTuple, TypeVar

import msgspec

from jzdesk.core.fields import Value
from jzdesk.sync.refusal import PackageRefused

CHUNK_ENTRIES: Final = 5000
LINE_LIMIT: Final = 64 << 10  # bytes of a line
DEPTH_LIMIT: Final = 4  # brackets within brackets: what `_shallow` accepts

_T = TypeVar("_T")
_Scalar = str | int | float | bool | None
_Depth1 = _Scalar | list[_Scalar] | dict[str, _Scalar]
_Depth2 = _Scalar | list[_Depth1] | dict[str, _Depth1]
_Depth3 = _Scalar | list[_Depth2] | dict[str, _Depth2]
_WITHHELD: Final = re.compile(rb'\{"withheld":"([0-9a-f]{64})"\}')
_WITHHELD_START: Final = b'{"withheld":'


class _Line(msgspec.Struct, gc=False):
    """What every entry says of itself, whatever its version; `set` holds texts and whole numbers only."""

    dev: str
    ent: str
    ep: str
    n: int
    op: str
    set: dict[str, Value] = {}


_number, _author, _kind = attrgetter("n"), attrgetter("dev", "ep"), attrgetter("ent", "op")
_line: Final = msgspec.json.Decoder(_Line).decode
_shallow: Final = msgspec.json.Decoder(dict[str, _Depth3]).decode


class Examined(NamedTuple):
    """Lines that kept all limits: body hashes of all; entity and operation of those that are `shown`."""

    hashes: list[bytes]
    kinds: list[tuple[str, str]]
    shown: list[bool] | None

    def visible(self, rows: Iterable[_T]) -> Iterable[_T]:
        """Of one row a line, those whose line is not withheld."""
        return rows if self.shown is None else compress(rows, self.shown)


def split_lines(blocks: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Lines without their ends, in lists as they arrive; a long or unfinished line is refused."""
    rest = b""
    for block in blocks:
        bodies = (rest + block).split(b"\n", CHUNK_ENTRIES + 1)
        rest = bodies.pop()
        if len(bodies) > CHUNK_ENTRIES:
            raise _refused(f"一个数据块里的记录超过 {CHUNK_ENTRIES} 条的上限")
        if len(rest) > LINE_LIMIT:
            raise _refused("有一条记录太长")
        if bodies:
            yield bodies
    if rest:
        raise _refused("最后一条记录不完整")


def examine(bodies: list[bytes], device: str, epoch: str, n: int, *, may_withhold: bool) -> Examined:
    """Check lines that begin with entry `n` of this device and epoch; raises PackageRefused `entry`.

    Each must be one JSON object within the limits that names its own place.
    """
    if max(map(len, bodies)) > LINE_LIMIT:
        raise _refused("有一条记录太长")
    shown = [not body.startswith(_WITHHELD_START) for body in bodies] if may_withhold else None
    if shown is not None and all(shown):
        shown = None
    numbers: Iterable[int] = range(n, n + len(bodies))
    lines = _decoded(bodies if shown is None else list(compress(bodies, shown)))
    _check_place(lines, device, epoch, numbers if shown is None else compress(numbers, shown))
    return Examined(_hashes(bodies, shown), list(map(_kind, lines)), shown)


def withheld_line(digest: bytes) -> bytes:
    """The line that stands for an entry whose body (with this SHA-256) the reader may not see."""
    return b'{"withheld":"%s"}' % digest.hex().encode()


def _hashes(bodies: list[bytes], shown: list[bool] | None) -> list[bytes]:
    if shown is None:
        return [sha256(body).digest() for body in bodies]
    return [sha256(body).digest() if one else _withheld_hash(body) for body, one in zip(bodies, shown, strict=True)]


def _withheld_hash(body: bytes) -> bytes:
    match = _WITHHELD.fullmatch(body)
    if match is None:
        raise _refused("有一条记录的写法不对")
    return bytes.fromhex(match[1].decode())


def _decoded(bodies: list[bytes]) -> list[_Line]:
    try:
        lines = list(map(_line, bodies))
        for body in bodies:  # whoever has few brackets cannot be deep; msgspec measures the others
            if body.count(b"{") + body.count(b"[") > DEPTH_LIMIT:
                _shallow(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise _refused("有一条记录的写法不对，或嵌套太深") from None
    return lines


def _check_place(lines: list[_Line], device: str, epoch: str, numbers: Iterable[int]) -> None:
    if list(map(_number, lines)) != list(numbers):
        raise _refused("记录的序号不连续")
    if set(map(_author, lines)) - {(device, epoch)}:
        raise _refused("夹有另一台电脑的记录")


def _refused(reason: str) -> PackageRefused:
    return PackageRefused(reason, "entry")
