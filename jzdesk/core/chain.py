"""The hash chain of a journal: what links one entry to the next, and the id an entry gets from its link."""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import sha256

GENESIS = bytes(32)
WITHHELD_START = b'{"withheld":'
_WITHHELD = re.compile(rb'\{"withheld":"([0-9a-f]{64})"\}')


def withheld_line(body: bytes) -> bytes:
    """The line that stands for a body of which only the hash is left, or may be seen; of such a line itself."""
    return body if body.startswith(WITHHELD_START) else b'{"withheld":"%s"}' % sha256(body).hexdigest().encode()


def withheld_hash(line: bytes) -> bytes | None:
    """The body hash (32 bytes) that a withheld line gives; None when it gives none."""
    match = _WITHHELD.fullmatch(line)
    return bytes.fromhex(match[1].decode()) if match else None


def body_hash(body: bytes) -> bytes:
    """SHA-256 (32 bytes) of the exact bytes of one JSON line without its line end; of a withheld line what it says."""
    return withheld_hash(body) or sha256(body).digest()


def chain_step(previous: bytes, body: bytes) -> bytes:
    """The link after `previous` (32 bytes) for an entry with this body: SHA-256(previous ‖ SHA-256(body))."""
    return sha256(previous + body_hash(body)).digest()


def chain_links(previous: bytes, hashes: Iterable[bytes]) -> list[bytes]:
    """One link for each body hash, in order, starting after `previous`.

    Takes hashes instead of bodies so that a stretch with withheld bodies can still be followed.
    """
    return [previous := sha256(previous + digest).digest() for digest in hashes]


def entry_id(link: bytes) -> str:
    """The id of the entry that made this link: its first 16 bytes as 32 hex digits."""
    return link[:16].hex()
