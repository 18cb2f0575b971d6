"""Recomputes every table from the journal and compares; the same pass yields the digest of a station."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import groupby, zip_longest
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, bindparam, func, select

from jzdesk.core.chain import WITHHELD_START, chain_step
from jzdesk.core.merge import ERASE, Known, decode, record_state
from jzdesk.core.slices import slices
from jzdesk.models import BY_NAME
from jzdesk.store import figures, rows
from jzdesk.store import journal as book
from jzdesk.store.journal import GENESIS
from jzdesk.store.tables import ACCEPTED, ERASED, conflict, erased, journal

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
    """Recompute all tables, conflicts and figures from the journal, check every chain hash, and compare.

    What erasures name must be gone, and nothing else.
    """
    digest = hashlib.sha256()
    differences = _check_chains(connection)
    expected_conflicts: list[tuple[str, str, str, str]] = []
    named: set[tuple[str, str]] = set()
    for ent in sorted(BY_NAME):
        differences += _compare(connection, ent, digest, expected_conflicts, named)
    differences += _check_erased(connection, named)
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


def _check_erased(connection: Connection, named: set[tuple[str, str]]) -> Iterator[str]:
    """`named` are (id, uid) of what accepted erasures name: nothing else may be gone, and of that no body be left."""
    noted = {(row.id, row.uid) for row in connection.execute(select(erased.c.id, erased.c.uid))}
    if noted != named:
        yield "erased"
    for row in _cut_or_named(connection, {uid for _, uid in named}):
        is_named, is_cut = (row.h[:16].hex(), row.uid) in named, row.body.startswith(WITHHELD_START)
        if is_cut != (row.state == ERASED) or (row.uid and is_cut != is_named):
            yield f"{row.ent} {row.uid} erased"


def _cut_or_named(connection: Connection, uids: set[str]) -> Iterator[Row[*tuple[Any, ...]]]:
    """Entries of which only the hash is here, and those of records from which something was erased."""
    columns = (journal.c.h, journal.c.ent, journal.c.uid, journal.c.state, journal.c.body)
    cut = func.substr(journal.c.body, 1, len(WITHHELD_START)) == WITHHELD_START
    yield from rows.streamed(connection, select(*columns).where((journal.c.state == ERASED) | cut))
    for part in slices(sorted(uids)):
        yield from connection.execute(select(*columns).where(journal.c.uid.in_(part)))


_OF_ENTITY = (
    select(journal.c.uid, journal.c.h, journal.c.body)
    .where(journal.c.ent == bindparam("the_ent"), journal.c.state == ACCEPTED)
    .order_by(journal.c.uid)
)


def _expected(
    connection: Connection, ent: str, conflicts: list[tuple[str, str, str, str]], named: set[tuple[str, str]]
) -> Iterator[tuple[Any, ...]]:
    """Rows of an entity as the journal says they should be, by uid; `named` is what its erasures name."""
    for uid, group in groupby(rows.streamed(connection, _OF_ENTITY, {"the_ent": ent}), key=lambda row: row[0]):
        entries = [Known(h[:16].hex(), decode(body)) for _, h, body in group]
        state = record_state(entries)
        named.update((gone, uid) for one in entries if one.entry.op == ERASE for gone in one.entry.seen)
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


def _compare(
    connection: Connection,
    ent: str,
    digest: Any,
    conflicts: list[tuple[str, str, str, str]],
    named: set[tuple[str, str]],
) -> list[str]:
    """Walk both in step; the digest takes in what is stored."""
    differences = []
    digest.update(ent.encode())
    for expected, stored in zip_longest(_expected(connection, ent, conflicts, named), _stored(connection, ent)):
        if expected != stored:
            differences.append(f"{ent} {(expected or stored)[-3]}")
        if stored is not None:
            digest.update(_encode(stored))
    return differences
