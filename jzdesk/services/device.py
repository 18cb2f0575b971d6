"""What belongs to this computer and not to its database: the seal of its keys, and its high-water mark."""

from __future__ import annotations

import hashlib
import json

from jzdesk.store.folder import StationFolder, write_durably


def device_key(database_key: bytes) -> bytes:
    """The key that seals the device's private keys: derived, so that one log-in opens both."""
    return hashlib.sha256(b"jzdesk-device-key-1\n" + database_key).digest()


def read_mark(home: StationFolder) -> dict[str, int]:
    """Epoch → highest entry number ever exported from this folder."""
    try:
        found = json.loads(home.mark.read_text("utf-8"))
        return {str(epoch): int(n) for epoch, n in found.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def write_mark(home: StationFolder, epoch: str, n: int) -> None:
    """Remember that entries up to `n` of the epoch have left this folder."""
    marks = read_mark(home)
    marks[epoch] = max(n, marks.get(epoch, 0))
    write_durably(home.mark, json.dumps(marks).encode())
