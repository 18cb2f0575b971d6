"""What both merging a package and looking at it beforehand do: take its entries in, and note what must wait and why."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from jzdesk.core.merge import Entry, decode
from jzdesk.store import claims, standing
from jzdesk.store import journal as book
from jzdesk.store.standing import Cuts, Stretch
from jzdesk.store.tables import ACCEPTED, HELD, REVOKED, WITHDRAWN, hold, journal
from jzdesk.store.unit import Unit
from jzdesk.sync.merge import Counts, Licence, objection, take
from jzdesk.sync.refusal import PackageRefused
from jzdesk.sync.stretch import Manifest, Numbered

CLOCK, RECORD, FORK, FOLLOWS, BEYOND = "clock", "record", "fork", "withdrawn", "revoked"
REASONS = {
    "scope": "超出学校的权限范围",
    "role": "身份与证书不符",
    "policy": "改动了县里维护的内容",
    CLOCK: "电脑时钟超前两天以上",
    RECORD: "改动了别的学校的记录",
    "value": "内容的写法不对",
    FOLLOWS: "接在已撤回的内容后面",
    BEYOND: "电脑已吊销，不再计入",
    "earlier": "升级以前就在等裁定",
    FORK: "记录分叉",
}
WAITS = {WITHDRAWN: FOLLOWS, REVOKED: BEYOND}  # how an entry behind a cut stands, and why it waits


@dataclass(frozen=True, slots=True)
class Arrived:
    """A package taken in: its counts, and the entries of its chain that are new here (perhaps none)."""

    counts: Counts
    fresh: Stretch


def arrive(
    unit: Unit,
    manifest: Manifest,
    entries: Iterable[Numbered],
    licence: Licence,
    progress: Callable[[int], None] | None = None,
) -> Arrived:
    """Take a package's entries in, within the caller's transaction; raises as `sync.merge.take` does."""
    before = book.find_chain(unit.connection, manifest.device, manifest.epoch)
    counts = take(unit, manifest, entries, licence, progress)
    known = book.find_chain(unit.connection, manifest.device, manifest.epoch)
    assert known is not None, "taking a stretch in opens its chain"
    fresh = Stretch(known.id, (before.last_n if before else 0) + 1, known.last_n)
    if counts.held:
        _note_holds(unit.connection, manifest.package_id, fresh, licence)
    return Arrived(counts, fresh)


def hold_back(unit: Unit, arrived: Arrived) -> None:
    """What follows a part of its chain that was taken back waits with that part, and returns with it; what lies
    beyond the cut of a revoked device waits as well. Raises PackageRefused when the chain misses that cut."""
    known, fresh = book.chain_of(unit.connection, arrived.fresh.chain), arrived.fresh
    cuts = standing.cuts_at(unit.connection, known)
    if fresh.first <= cuts.trusted <= fresh.last:
        check_cut(cuts, cuts.trusted, book.hash_at(unit.connection, known, cuts.trusted))
    moved, counts = standing.settle(unit, fresh, (ACCEPTED,)), arrived.counts
    for becomes, reason in WAITS.items():
        if number := moved.get(becomes, 0):
            counts.applied -= number
            counts.held += number
            counts.reasons[reason] = number


def check_cut(cuts: Cuts, n: int, h: bytes | None) -> None:
    """Whoever holds a stolen key could write another beginning: it must lead to what the county had accepted."""
    if n == cuts.trusted and h != cuts.chain:
        raise PackageRefused("这台电脑已吊销，包里的记录与县里认可的不一样", "chain")


def note_fork(connection: Connection, manifest: Manifest, records: Mapping[str, claims.Records]) -> None:
    """Note a package that tells another story than what we hold of its chain: the county decides which goes on.

    Until then nobody else writes in the records of which only the package speaks (`sync.branches.spoken_of`).
    """
    known = book.find_chain(connection, manifest.device, manifest.epoch)
    assert known is not None, "a fork is told from what we hold"
    row = {
        "chain": known.id, "package_id": manifest.package_id, "first_n": manifest.first_n, "last_n": manifest.last_n,
        "reason": FORK,
    }  # fmt: skip
    connection.execute(insert(hold), [row])
    claims.note(connection, manifest.package_id, records)


def _note_holds(connection: Connection, package_id: str, fresh: Stretch, licence: Licence) -> None:
    """Note the stretches that were held; each is about one record, or all that a wrong clock wrote in a row."""
    query = select(journal.c.n, journal.c.ent, journal.c.uid, journal.c.body).where(fresh.where((HELD,)))
    found = list(_stretches(connection.execute(query.order_by(journal.c.n)), licence))
    rows = [
        {"chain": fresh.chain, "package_id": package_id, "first_n": first, "last_n": last, "reason": reason}
        for first, last, reason in found
    ]
    if rows:
        connection.execute(insert(hold), rows)


def _stretches(rows: Iterable[Row[Any]], licence: Licence) -> Iterator[tuple[int, int, str]]:
    """(first, last, reason) of entries in a row that wait for the same reason."""
    first, last = 0, 0
    same: tuple[str, ...] = ("",)
    for row in rows:
        reason = why_held(decode(row.body), licence)
        about = (reason,) if reason == CLOCK else (reason, row.ent, row.uid)
        if first and (row.n != last + 1 or about != same):
            yield first, last, same[0]
            first = 0
        first, last, same = first or row.n, row.n, about
    if first:
        yield first, last, same[0]


def why_held(entry: Entry, licence: Licence) -> str:
    """Why an entry was held: what its author may not write, else that the record is another school's."""
    return objection(entry, licence) or RECORD
