"""The hash chain of a journal: what links one entry to the next, and the id an entry gets from its link."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

GENESIS = bytes(32)


def body_hash(body: bytes) -> bytes:
    """SHA-256 (32 bytes) of the exact bytes of one JSON line, without its line end."""
    return sha256(body).digest()


def chain_step(previous: bytes, body: bytes) -> bytes:
    """The link after `previous` (32 bytes) for an entry with this body: SHA-256(previous ‖ SHA-256(body))."""
    return sha256(previous + sha256(body).digest()).digest()


def chain_links(previous: bytes, hashes: Iterable[bytes]) -> list[bytes]:
    """One link for each body hash, in order, starting after `previous`.

    Takes hashes instead of bodies so that a stretch with withheld bodies can still be followed.
    """
    return [previous := sha256(previous + digest).digest() for digest in hashes]


def entry_id(link: bytes) -> str:
    """The id of the entry that made this link: its first 16 bytes as 32 hex digits."""
    return link[:16].hex()
