"""Random identifiers: an ID number is never a key, and never unique."""

from __future__ import annotations

import os


def new_uid() -> str:
    """A random 128-bit identifier as 32 hexadecimal characters."""
    return os.urandom(16).hex()


def new_uids(count: int) -> list[str]:
    """`count` identifiers from one call to the system's random source."""
    pool = os.urandom(16 * count).hex()
    return [pool[i : i + 32] for i in range(0, 32 * count, 32)]
