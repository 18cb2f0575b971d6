"""Sealing for named recipients: age around zstd, so that `age -d | zstd -d` opens it; opening has limits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import Final, Protocol

import pyrage
import zstandard

from jzdesk.sync.refusal import PackageRefused

SEALED_LIMIT: Final = 16 << 20  # bytes of one sealed chunk
OPEN_LIMIT: Final = 64 << 20  # bytes of one chunk after opening
WINDOW_LIMIT: Final = 8 << 20  # bytes of memory a zstd frame may ask for
LARGE: Final = 4 << 20  # bytes of a sealed chunk beyond which it never stands in memory both sealed and opened
NOT_FOR_US: Final = "这个文件不是加密给本站的"  # begins what is said of a file that is sealed to others
_HEADER_LIMIT: Final = 16 << 10  # bytes of an age header: room for about a hundred recipients
_LEVEL: Final = 3
_STEP: Final = 256  # bytes fed at a time: a hostile 256 bytes open to at most 8 MiB
_AT_ONCE: Final = 8 << 20  # open bytes up to which a chunk is opened in one go: nearly all are smaller


def new_identity() -> str:
    """A fresh secret key for opening: `AGE-SECRET-KEY-1…`."""
    return str(pyrage.x25519.Identity.generate())


def recipient_of(identity: str) -> str:
    """The public key (`age1…`) others seal to, for the identity that opens."""
    return str(_identity(identity).to_public())


def check_recipient(recipient: str) -> None:
    """Return when this is a well-formed `age1…` key; raise PackageRefused otherwise."""
    _recipient(recipient)


def seal(data: bytes, recipients: Sequence[str]) -> bytes:
    """age(zstd(data)), to be opened by any one of `recipients` (`age1…`)."""
    if not recipients:
        raise ValueError("sealing needs at least one recipient")
    packed = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).compress(data)
    sealed: bytes = pyrage.encrypt(packed, [_recipient(one) for one in recipients])
    return sealed


def open_sealed(data: bytes, identity: str, limit: int = OPEN_LIMIT) -> bytes:
    """The bytes that were sealed, at most `limit` of them; raises PackageRefused (recipient or chunk)."""
    return b"".join(open_stream(data, identity, limit))


def open_stream(data: bytes, identity: str, limit: int = OPEN_LIMIT) -> Iterator[bytes]:
    """Like `open_sealed`, in blocks.

    What says that it is small is open when this returns: somebody else may do that meanwhile, in a thread of their own.
    Anything larger opens block by block, so that it never stands open in memory as a whole.
    """
    packed = unlock(data, identity)
    return iter((_open_small(packed),)) if _is_small(packed, limit) else _decompress(packed, limit)


def unlock(data: bytes, identity: str) -> bytes:
    """Take away the age envelope only; raises PackageRefused `recipient` when it was sealed for others.

    `identity` may hold several keys, one a line, as an age identity file does: the first that fits opens.
    """
    if len(data) > SEALED_LIMIT:
        raise _broken("加密的数据块太大")
    _check_header(data)
    try:
        packed: bytes = pyrage.decrypt(data, [_identity(line) for line in identity.split()])
    except pyrage.DecryptError as error:
        raise _unopened(error) from None
    return packed


class Pieces(Protocol):
    """Something sealed, read from its beginning in pieces of at most so many bytes; b"" at the end."""

    def read(self, size: int = -1, /) -> bytes:
        """The next piece."""
        ...

    def peek(self, size: int) -> bytes:
        """The same, which stays the next piece."""
        ...


def open_pieces(source: Pieces, identity: str, limit: int = OPEN_LIMIT) -> Iterator[bytes]:
    """As `open_stream`, of what is too large to stand in memory twice."""
    return _decompress(unlock_pieces(source, identity), limit)


def unlock_pieces(source: Pieces, identity: str) -> memoryview:
    """As `unlock`, read piece by piece."""
    _check_header(source.peek(_HEADER_LIMIT))
    keys, packed = [_identity(line) for line in identity.split()], BytesIO()
    try:
        pyrage.decrypt_io(source, packed, keys)
    except pyrage.DecryptError as error:
        raise _unopened(error) from None
    except OSError:  # so it says that a part does not belong to the beginning
        raise _broken("加密的数据块损坏，打不开") from None
    return packed.getbuffer()


def _check_header(data: bytes) -> None:
    if data.find(b"\n---", 0, _HEADER_LIMIT) < 0:
        raise _broken("加密的数据块开头损坏")


def _unopened(error: Exception) -> PackageRefused:
    if "No matching keys" in str(error):
        return PackageRefused(f"{NOT_FOR_US}，本站打不开", "recipient")
    return _broken("加密的数据块损坏，打不开")


def _is_small(packed: bytes, limit: int) -> bool:
    """Whether this begins a zstd frame that says of itself how large it is, and keeps our limits."""
    try:
        frame = zstandard.get_frame_parameters(packed)
    except zstandard.ZstdError:
        return False
    return frame.window_size <= WINDOW_LIMIT and frame.content_size <= min(_AT_ONCE, limit)


def _open_small(packed: bytes) -> bytes:
    """Exactly one zstd frame that keeps the limits; zstd holds it to the size that it names."""
    try:
        return zstandard.ZstdDecompressor().decompress(packed, allow_extra_data=False)
    except zstandard.ZstdError:
        raise _broken("压缩数据损坏、不完整，或后面多出了内容") from None


def _decompress(packed: bytes | memoryview, limit: int) -> Iterator[bytes]:
    """Exactly one zstd frame, opened step by step and stopped at `limit`."""
    stream = zstandard.ZstdDecompressor(max_window_size=WINDOW_LIMIT).decompressobj()
    total = 0
    for start in range(0, len(packed), _STEP):
        if stream.eof:
            raise _broken("压缩数据后面多出了内容")
        block = _feed(stream, packed[start : start + _STEP])
        total += len(block)
        if total > limit:
            raise _broken(f"数据块展开后超过 {limit >> 20} MB 的上限")
        if block:
            yield block
    if not stream.eof:
        raise _broken("压缩数据不完整")
    if stream.unused_data:
        raise _broken("压缩数据后面多出了内容")


def _feed(stream: zstandard.ZstdDecompressionObj, piece: bytes | memoryview) -> bytes:
    try:
        return stream.decompress(piece)
    except zstandard.ZstdError:
        raise _broken("压缩数据损坏，或者展开它需要的内存太大") from None


def _identity(text: str) -> pyrage.x25519.Identity:
    try:
        return pyrage.x25519.Identity.from_str(text)
    except pyrage.IdentityError:
        raise PackageRefused("本站的解密密钥写法不对", "recipient") from None


def _recipient(text: str) -> pyrage.x25519.Recipient:
    try:
        return pyrage.x25519.Recipient.from_str(text)
    except pyrage.RecipientError:
        raise PackageRefused("收件方的加密公钥写法不对", "recipient") from None


def _broken(reason: str) -> PackageRefused:
    return PackageRefused(reason, "chunk")
