"""Two stories of one device and epoch in one journal: what of a package we hold, and which chain goes on with it.

The chain under the device's own epoch is the *trunk*; every other branch is a chain of its own, named after its first
entry. However often branches are decided upon, an entry stands in the journal once: chains hand stretches over.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from itertools import islice
from typing import NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Connection, select, update

from jzdesk.core.chain import chain_step
from jzdesk.core.merge import decode
from jzdesk.store import claims, standing
from jzdesk.store import journal as book
from jzdesk.store.journal import Chain
from jzdesk.store.standing import Stretch
from jzdesk.store.tables import ACCEPTED, ADMITTED, ASIDE, HELD, REFUSED, hold, journal, package
from jzdesk.store.unit import Unit
from jzdesk.sync.merge import Licence, objection
from jzdesk.sync.stretch import Manifest, Numbered

Entries = Callable[[], Iterable[Numbered]]
_AT_ONCE = 5000
_REVIVED = {None: ACCEPTED, ADMITTED: ACCEPTED, ASIDE: HELD}  # ruling → how what a branch brings back stands
_TAKEN = ("applied", "held", "duplicate", "withdrawn")


class Run(NamedTuple):
    """Entries `first` to `last` of a package that stand in the journal, in one chain; `h` is the hash of the last."""

    chain: int
    first: int
    last: int
    h: bytes


def shared(connection: Connection, trunk: Chain, manifest: Manifest, entries: Entries) -> list[Run]:
    """What we hold, in any branch, of a package and of what goes before it, from the trunk on.

    Empty when the entry before the package is not here.
    """
    family = standing.family(connection, trunk)
    n, before = manifest.first_n - 1, bytes.fromhex(manifest.chain_before)
    held = _held(connection, family, n, n) if n else {(0, book.GENESIS): trunk.id}
    if (n, before) not in held:
        return []
    runs = _back_to_the_trunk(connection, trunk, family, Run(held[n, before], n, n, before))
    iterator = iter(entries())
    while part := list(islice(iterator, _AT_ONCE)):
        held = _held(connection, family, part[0][0], part[-1][0])
        for n, h, *_ in part:
            if (n, h) not in held:
                return runs
            runs[-1:] = _joined(runs[-1], Run(held[n, h], n, n, h))
    return runs


def _back_to_the_trunk(connection: Connection, trunk: Chain, family: Sequence[int], run: Run) -> list[Run]:
    """The run from the beginning of its branch on, and those before it: every branch hangs on an entry that is here."""
    runs = [run]
    query = select(journal.c.n, journal.c.h, journal.c.body).order_by(journal.c.n).limit(1)
    while runs[0].chain != trunk.id:
        first = connection.execute(query.where(journal.c.chain == runs[0].chain)).one()
        runs[0], n = runs[0]._replace(first=first.n), first.n - 1
        held = _held(connection, family, n, n) if n else {(0, book.GENESIS): trunk.id}
        before = next(h for _, h in held if chain_step(h, first.body) == first.h)
        runs.insert(0, Run(held[n, before], n, n, before))
    return runs


def _joined(one: Run, following: Run) -> list[Run]:
    return [one, following] if one.chain != following.chain else [following._replace(first=one.first)]


def _held(connection: Connection, family: Sequence[int], first: int, last: int) -> dict[tuple[int, bytes], int]:
    """(number, hash) → chain of the entries held between two numbers."""
    query = select(journal.c.n, journal.c.h, journal.c.chain).where(
        journal.c.chain.in_(family), journal.c.n.between(first, last)
    )
    return {(row.n, row.h): row.chain for row in connection.execute(query)}


def leaves_at(runs: Sequence[Run]) -> int | None:
    """The last entry that a package shares with the trunk; None when what lies between is not here."""
    return runs[0].last if runs else None


def is_cut(connection: Connection, trunk: Chain) -> bool:
    """Whether part of the trunk or of a branch is taken back."""
    return any(standing.cut_of(connection, number) is not None for number in standing.family(connection, trunk))


def beside(
    unit: Unit, trunk: Chain, runs: Sequence[Run], manifest: Manifest, entries: Entries
) -> tuple[Manifest, Iterator[Numbered]] | None:
    """The trunk stays: what is new of a package (None: nothing), as a stretch of the branch it continues or begins."""
    connection, last = unit.connection, runs[-1]
    first = next((h for n, h, *_ in entries() if n > last.last), None)
    if first is None:
        return None
    chain = book.chain_of(connection, last.chain)
    if chain.last_n > last.last:
        chain = standing.open_side(connection, trunk, _label(trunk, first), last.last, last.h)
    there = {"epoch": chain.ep, "first_n": last.last + 1, "chain_before": last.h.hex()}
    return msgspec.structs.replace(manifest, **there), (entry for entry in entries() if entry[0] > last.last)


def in_front(unit: Unit, trunk: Chain, runs: Sequence[Run], manifest: Manifest, licence: Licence) -> Stretch | None:
    """The trunk becomes the story of a package as far as we hold it; returns the stretch that had to step aside.

    What was set aside of that story counts again, except what was ruled upon by itself. `runs` are not empty.
    """
    after = runs[0].last
    if manifest.last_n <= after:
        return None
    aside = _step_aside(unit, trunk, after) if trunk.last_n > after else None
    for run in runs:
        if run.chain != trunk.id:
            source = book.chain_of(unit.connection, run.chain)
            whole = run if manifest.last_n > run.last else run._replace(last=source.last_n, h=source.last_h)
            _hand_over(unit.connection, source, trunk, whole.first, whole.last)
            book.set_head(unit.connection, trunk.id, whole.last, whole.h)
            if whole.last == source.last_n:  # and it began with this run: nothing is left in it
                book.set_head(unit.connection, source.id, 0, book.GENESIS)
            _revive(unit, Stretch(trunk.id, whole.first, whole.last), licence)
    return aside


def _step_aside(unit: Unit, trunk: Chain, after: int) -> Stretch:
    """Everything after this entry becomes a branch."""
    connection = unit.connection
    first, head = (book.hash_at(connection, trunk, n) for n in (after + 1, after))
    assert first is not None, "the trunk goes on"
    assert head is not None, "and the entry before is here"
    _make_room(connection, trunk, _label(trunk, first))
    side = standing.open_side(connection, trunk, _label(trunk, first), after, head)
    _hand_over(connection, trunk, side, after + 1, trunk.last_n)
    book.set_head(connection, side.id, trunk.last_n, trunk.last_h)
    book.set_head(connection, trunk.id, after, head)
    return Stretch(side.id, after + 1, trunk.last_n)


def _make_room(connection: Connection, trunk: Chain, label: str) -> None:
    """What is left in the chain of this name, because its beginning goes on without it, is named after its own."""
    left = book.find_chain(connection, trunk.dev, label)
    query = select(journal.c.n, journal.c.h).order_by(journal.c.n).limit(1)
    first = connection.execute(query.where(journal.c.chain == left.id)).first() if left else None
    if left and first:
        _make_room(connection, trunk, _label(trunk, first.h))
        side = standing.open_side(connection, trunk, _label(trunk, first.h), left.last_n, left.last_h)
        _hand_over(connection, left, side, first.n, left.last_n)


def _hand_over(connection: Connection, source: Chain, target: Chain, first: int, last: int) -> None:
    """Move entries to another chain, with what was noted of them; none changes its standing."""
    standing.hand_over(connection, Stretch(source.id, first, last), target)
    _split_holds(connection, source, first - 1)
    _split_holds(connection, source, last)
    inside = _holds_of(Stretch(source.id, first, last))
    connection.execute(update(hold).where(inside).values(chain=target.id))
    told = (package.c.dev == source.dev) & (package.c.ep == source.ep) & package.c.last_n.between(first, last)
    told &= (package.c.direction == "in") & package.c.outcome.in_(_TAKEN)
    connection.execute(update(package).where(told).values(ep=target.ep))


def _split_holds(connection: Connection, chain: Chain, after: int) -> None:
    """No hold reaches over this entry: one that does becomes two."""
    over = (hold.c.chain == chain.id) & (hold.c.first_n <= after) & (hold.c.last_n > after) & (hold.c.reason != "fork")
    for row in connection.execute(select(hold).where(over)).mappings().all():
        rest = {name: value for name, value in row.items() if name != "id"} | {"first_n": after + 1}
        connection.execute(hold.insert(), [rest])
        connection.execute(update(hold).where(hold.c.id == row["id"]).values(last_n=after))


def _revive(unit: Unit, stretch: Stretch, licence: Licence) -> None:
    """Let what was set aside with its whole branch stand again as it stood: it counts, or waits for its own ruling."""
    ruled = select(hold.c.ruling).where(claims.OVER).limit(1).scalar_subquery()
    query = select(journal.c.n, journal.c.body, ruled.label("ruling")).where(stretch.where((REFUSED,)))
    for row in unit.connection.execute(query.order_by(journal.c.n)).all():
        becomes = _REVIVED.get(row.ruling)
        if becomes is not None and (row.ruling or objection(decode(row.body), licence) is None):
            standing.restand(unit, Stretch(stretch.chain, row.n, row.n), (REFUSED,), becomes)
    waits_again = dict.fromkeys(("ruling", "why", "account", "at"))
    unit.connection.execute(update(hold).where(_holds_of(stretch), hold.c.ruling == ASIDE).values(waits_again))


def set_aside(unit: Unit, stretch: Stretch, account: str) -> None:
    """None of a branch counts until it goes on after all (`in_front`), and nothing of it waits as long."""
    standing.restand(unit, stretch, (ACCEPTED, HELD), REFUSED)
    ruling = {"ruling": ASIDE, "why": "随分叉搁置", "account": account, "at": unit.clock.tick()}
    unit.connection.execute(update(hold).where(_holds_of(stretch), hold.c.ruling.is_(None)).values(ruling))


def _holds_of(stretch: Stretch) -> ColumnElement[bool]:
    inside = (hold.c.chain == stretch.chain) & hold.c.first_n.between(stretch.first, stretch.last)
    return inside & (hold.c.reason != "fork")


def spoken_of(connection: Connection, entries: Iterable[Numbered], licence: Licence) -> dict[str, dict[str, set[str]]]:
    """The records (scope → entity → uids) that are not here and that these entries write in, as far as they may."""
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    iterator = iter(entries)
    while part := list(islice(iterator, _AT_ONCE)):
        written = [entry for *_, entry in part if objection(entry, licence) in (None, "clock")]
        touched = defaultdict[str, set[str]](set)
        for entry in written:
            touched[entry.ent].add(entry.uid)
        here = book.scopes_of(connection, touched)
        for entry in written:
            if (entry.ent, entry.uid) not in here:
                found[entry.scope][entry.ent].add(entry.uid)
    return found


def _label(trunk: Chain, first: bytes) -> str:
    """The name of the branch that begins with the entry of this hash."""
    return sha256(trunk.ep.encode() + first).hexdigest()[:16]
