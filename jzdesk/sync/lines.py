"""The lines of a chunk: cutting a stream into them, and the limits each must keep to be believed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from hashlib import sha256
from itertools import compress
from typing import Final, Generic, Literal, NamedTuple, TypeVar, cast

import msgspec

from jzdesk.core.chain import WITHHELD_START, withheld_hash
from jzdesk.core.merge import AUTHORITY, BODY_LIMIT, OPERATIONS, Entry
from jzdesk.models import BY_NAME
from jzdesk.sync.refusal import PackageRefused

CHUNK_ENTRIES: Final = 5000
LINE_LIMIT: Final = BODY_LIMIT  # bytes of a line

_T = TypeVar("_T")
_Scalar = str | int | float | bool | None
_Depth1 = _Scalar | list[_Scalar] | dict[str, _Scalar]
_Depth2 = _Scalar | list[_Depth1] | dict[str, _Depth1]
_Depth3 = _Scalar | list[_Depth2] | dict[str, _Depth2]

_WORDS: Final = {"ent": tuple(BY_NAME), "op": OPERATIONS, "role": tuple(AUTHORITY)}


class Placed(msgspec.Struct, gc=False):
    """What an entry says of its place and its kind; the rest of the line is gone through and not looked at."""

    dev: str
    ent: str
    ep: str
    n: int
    op: str


Said = Entry | Placed
_Said = TypeVar("_Said", bound=Said)
_entry: Final = msgspec.json.Decoder(Entry).decode
_placed: Final = msgspec.json.Decoder(Placed).decode
_shallow: Final = msgspec.json.Decoder(dict[str, _Depth3]).decode


class Source(NamedTuple):
    """Whose lines they are, and whether the bodies of some may be withheld (in receipts and on the way down)."""

    device: str
    epoch: str
    may_withhold: bool


@lru_cache(maxsize=8)
def _plain(source: Source) -> Callable[[bytes], Entry]:
    """Reads an entry of this source without keys that we do not know: its brackets are those of its type, three deep.

    Nor has it words that we do not know; what recurs in every line need not be made anew for each. Whatever is not
    plain is read by `_entry`.
    """
    words = {**_WORDS, "dev": (source.device,), "ep": (source.epoch,)}
    fields = [(name, Literal[known]) for name, known in words.items()]
    made = msgspec.defstruct(
        "Plain", fields, bases=(Entry,), frozen=True, omit_defaults=True, gc=False, forbid_unknown_fields=True
    )
    return msgspec.json.Decoder(cast("type[Entry]", made)).decode


Runs = list[tuple[tuple[str, str], int]]
"""(entity, operation) and how many of that kind follow each other: most records were entered kind by kind."""


class Examined(NamedTuple, Generic[_Said]):
    """Lines that kept all limits: body hashes of all; what those say that are `shown`, and their kinds.

    `shown` is None when none is withheld.
    """

    hashes: list[bytes]
    said: list[_Said]
    kinds: Runs
    shown: list[bool] | None

    def visible(self, row: Iterable[_T]) -> Iterable[_T]:
        """Of one item a line, those whose line is not withheld."""
        return _visible(row, self.shown)


def _visible(row: Iterable[_T], shown: list[bool] | None) -> Iterable[_T]:
    return row if shown is None else compress(row, shown)


def split_lines(blocks: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Lines without their ends, as many at a time as fit into the length that one may have; none is longer.

    What lies in the processor's cache is decoded twice as fast. A long or unfinished line is refused.
    """
    rest = b""
    for block in blocks:
        text, start = rest + block if rest else block, 0
        while (end := text.rfind(b"\n", start, start + LINE_LIMIT + 1)) >= 0:
            yield text[start:end].split(b"\n")
            start = end + 1
        rest = text[start:]
        if len(rest) > LINE_LIMIT:
            raise _refused("有一条记录太长")
    if rest:
        raise _refused("最后一条记录不完整")


def examine(bodies: list[bytes], source: Source, n: int) -> Examined[Entry]:
    """Check lines that begin with entry `n` of this source; raises PackageRefused `entry`.

    Each must be one JSON object within the limits, an entry that names its own place; of its length `split_lines` or
    the writer has seen to it. Best given some at a time, as `split_lines` does.
    """
    return _examined(bodies, source, n, _entries)


def glance(bodies: list[bytes], source: Source, n: int) -> Examined[Placed]:
    """As `examine`, for lines that were examined when they came into the journal: each says its place and its kind.

    That not a byte of them has changed since is for the chain to prove.
    """
    return _examined(bodies, source, n, _places)


def _examined(
    bodies: list[bytes], source: Source, n: int, decode: Callable[[Iterable[bytes], Source], list[_Said]]
) -> Examined[_Said]:
    shown = _shown(bodies) if source.may_withhold else None
    try:
        said = decode(_visible(bodies, shown), source)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise _refused("有一条记录的写法不对，或嵌套太深") from None
    kinds = _kinds(said, _visible(range(n, n + len(bodies)), shown))
    return Examined(_hashes(bodies, shown), said, kinds, shown)


def _shown(bodies: list[bytes]) -> list[bool] | None:
    shown = [not body.startswith(WITHHELD_START) for body in bodies]
    return None if all(shown) else shown


def _entries(bodies: Iterable[bytes], source: Source) -> list[Entry]:
    """What the lines say. Whoever has only keys that we know cannot be deep; the others are measured one by one."""
    listed = list(bodies)
    try:
        return list(map(_plain(source), listed))
    except msgspec.ValidationError:
        for body in listed:
            _shallow(body)
        return _of_source(list(map(_entry, listed)), source)


def _places(bodies: Iterable[bytes], source: Source) -> list[Placed]:
    return _of_source(list(map(_placed, bodies)), source)


def _of_source(said: list[_Said], source: Source) -> list[_Said]:
    device, epoch, _ = source
    if any(one.dev != device or one.ep != epoch for one in said):
        raise _refused("夹有另一台电脑的记录")
    return said


def _kinds(said: Iterable[Said], numbers: Iterable[int]) -> Runs:
    """How many there are of each kind; all must have these numbers."""
    kinds: Runs = []
    entity, operation, run = "", "", 0
    for one, n in zip(said, numbers, strict=True):
        if one.n != n:
            raise _refused("记录的序号不连续")
        if one.ent != entity or one.op != operation:
            kinds.append(((entity, operation), run))
            entity, operation, run = one.ent, one.op, 0
        run += 1
    return [*kinds, ((entity, operation), run)]


def _hashes(bodies: list[bytes], shown: list[bool] | None) -> list[bytes]:
    if shown is None:
        return [sha256(body).digest() for body in bodies]
    return [sha256(body).digest() if one else _withheld_hash(body) for body, one in zip(bodies, shown, strict=True)]


def _withheld_hash(body: bytes) -> bytes:
    if (digest := withheld_hash(body)) is None:
        raise _refused("有一条记录的写法不对")
    return digest


def _refused(reason: str) -> PackageRefused:
    return PackageRefused(reason, "entry")
