"""Recomputes every table from the journal and compares; the same pass yields the digest of a station."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import groupby, zip_longest
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, bindparam, func, select

from jzdesk.core.chain import chain_step
from jzdesk.core.merge import Known, decode, record_state
from jzdesk.models import BY_NAME
from jzdesk.store import figures, rows
from jzdesk.store import journal as book
from jzdesk.store.journal import GENESIS
from jzdesk.store.tables import ACCEPTED, conflict, journal

_encode = msgspec.json.Encoder(order="sorted").encode


@dataclass(frozen=True, slots=True)
class Verified:
    """What a full recomputation found: `differences` names records (entity and uid only), never their contents."""

    ok: bool
    entries: int
    conflicts: int
    digest: str
    differences: tuple[str, ...]


def verify(connection: Connection) -> Verified:
    """Recompute all tables, conflicts and figures from the journal, check every chain hash, and compare."""
    digest = hashlib.sha256()
    differences = _check_chains(connection)
    expected_conflicts: list[tuple[str, str, str, str]] = []
    for ent in sorted(BY_NAME):
        differences += _compare(connection, ent, digest, expected_conflicts)
    found = connection.execute(select(conflict.c.ent, conflict.c.uid, conflict.c.field, conflict.c.ids))
    stored = sorted(tuple(row) for row in found)
    if stored != sorted(expected_conflicts):
        differences.append("conflict")
    if (known := figures.read(connection)) is not None and known != figures.counted(connection):
        differences.append("figures")
    for row in stored:
        digest.update(_encode(row))
    entries = connection.execute(select(func.count()).select_from(journal)).scalar_one()
    return Verified(not differences, entries, len(stored), digest.hexdigest(), tuple(differences[:100]))


def _check_chains(connection: Connection) -> list[str]:
    """Walk every chain; a hash that does not follow from the entry before it is named.

    Of another station's chain entries may have been withheld from us: across such a hole nothing can be checked.
    """
    return [f"chain {known.dev} {n}" for known in book.chains(connection) if (n := _first_break(connection, known))]


def _first_break(connection: Connection, known: book.Chain) -> int:
    """The number of the first entry that does not follow, or 0."""
    previous, last = GENESIS, 0
    for n, h, body in book.stretch(connection, known.id, 0):
        if n == last + 1 and chain_step(previous, body) != h:
            return n
        if n != last + 1 and known.own:
            return n
        previous, last = h, n
    return known.last_n if (last == known.last_n or known.own) and previous != known.last_h else 0


_OF_ENTITY = (
    select(journal.c.uid, journal.c.h, journal.c.body)
    .where(journal.c.ent == bindparam("the_ent"), journal.c.state == ACCEPTED)
    .order_by(journal.c.uid)
)


def _expected(
    connection: Connection, ent: str, conflicts: list[tuple[str, str, str, str]]
) -> Iterator[tuple[Any, ...]]:
    """Rows of an entity as the journal says they should be, by uid."""
    for uid, group in groupby(rows.streamed(connection, _OF_ENTITY, {"the_ent": ent}), key=lambda row: row[0]):
        state = record_state([Known(h[:16].hex(), decode(body)) for _, h, body in group])
        conflicts += [(row["ent"], row["uid"], row["field"], row["ids"]) for row in rows.conflict_rows(uid, state)]
        yield rows.row_of(uid, state)


def _stored(connection: Connection, ent: str) -> Iterator[tuple[Any, ...]]:
    """Rows of an entity as they stand, by uid."""
    for row in rows.streamed(connection, _whole(ent)):
        yield tuple(row)


@cache
def _whole(ent: str) -> Select[Any]:
    table = BY_NAME[ent].__table__
    return select(*(table.c[name] for name in (*rows.columns(ent), *rows.META))).order_by(table.c.uid)


def _compare(connection: Connection, ent: str, digest: Any, conflicts: list[tuple[str, str, str, str]]) -> list[str]:
    """Walk both in step; the digest takes in what is stored."""
    differences = []
    digest.update(ent.encode())
    for expected, stored in zip_longest(_expected(connection, ent, conflicts), _stored(connection, ent)):
        if expected != stored:
            differences.append(f"{ent} {(expected or stored)[-3]}")
        if stored is not None:
            digest.update(_encode(stored))
    return differences
