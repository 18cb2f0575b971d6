"""Who has heard of an erasure: what each receipt held of our journal, and the last receipt that a package had seen."""

from __future__ import annotations

import json

from sqlalchemy import Connection, select

from jzdesk.store.store import read_setting, write_setting
from jzdesk.store.tables import erasure

_KEPT = 50  # receipts of a device of which we remember what they held
Place = tuple[int, int]  # one of our own chains, and a number in it


def note_told(connection: Connection, device: str, number: int, chain: int, n: int) -> None:
    """Remember up to where in our journal the receipt with this number goes."""
    told = read_setting(connection, _told(device), [])
    write_setting(connection, _told(device), [*told[-_KEPT + 1 :], (number, chain, n)])


def note_heard(connection: Connection, device: str, receipt: int | None) -> None:
    """Remember the last receipt that a device had read when it wrote a package."""
    if receipt is not None and receipt > read_setting(connection, _heard(device), 0):
        write_setting(connection, _heard(device), receipt)


def reached(connection: Connection, device: str) -> Place:
    """Up to where in our journal a device has certainly read."""
    heard = read_setting(connection, _heard(device), 0)
    told = read_setting(connection, _told(device), [])
    return max(((chain, n) for number, chain, n in told if number <= heard), default=(0, 0))


def audience(connection: Connection) -> dict[Place, frozenset[str]]:
    """Each erasure's place in our journal → the schools that hold what it names."""
    query = select(erasure.c.chain, erasure.c.n, erasure.c.schools)
    return {(row.chain, row.n): frozenset(json.loads(row.schools)) for row in connection.execute(query)}


def _told(device: str) -> str:
    return f"told:{device}"


def _heard(device: str) -> str:
    return f"heard:{device}"
