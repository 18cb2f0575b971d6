"""Changes the standing of entries already in the journal, and keeps the tables what the accepted ones say they are.

State is a function of the accepted set (sync §2), so any change of standing is: mark the entries, then work out anew
the records they touch. It goes block by block along the chain, so memory does not grow with the chain.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, bindparam, func, or_, select, update

from jzdesk.core.merge import Known, decode
from jzdesk.core.slices import slices
from jzdesk.models import BY_NAME
from jzdesk.store import journal as book
from jzdesk.store.engine import gate
from jzdesk.store.journal import Chain
from jzdesk.store.tables import ACCEPTED, ERASED, REVOKED, WITHDRAWN, journal, revocation, withdrawal
from jzdesk.store.tables import chain as chain_table
from jzdesk.store.unit import Unit

BLOCK = 5000
WITHOUT_END = 2**53
Progress = Callable[[int], None]


class Placed(NamedTuple):
    """An entry with its place in the journal and its standing."""

    chain: int
    n: int
    state: int
    known: Known


class Stretch(NamedTuple):
    """Entries `first` to `last` of a chain, both included."""

    chain: int
    first: int
    last: int

    def holds(self, placed: Placed) -> bool:
        """Whether an entry is one of the stretch."""
        return placed.chain == self.chain and self.first <= placed.n <= self.last

    def blocks(self) -> Iterator[Stretch]:
        """The stretch in pieces."""
        for start in range(self.first, self.last + 1, BLOCK):
            yield Stretch(self.chain, start, min(start + BLOCK - 1, self.last))

    def where(self, states: Collection[int]) -> ColumnElement[bool]:
        """The condition for its entries of these standings."""
        condition = (journal.c.chain == self.chain) & journal.c.n.between(self.first, self.last)
        return condition & journal.c.state.in_(states)


class Cuts(NamedTuple):
    """Where a chain is cut: taken back from `withdrawn` on, and trusted up to `trusted`, where its hash is `chain`."""

    withdrawn: int
    trusted: int
    chain: bytes

    def stands(self, n: int) -> int:
        """How a good entry stands."""
        return WITHDRAWN if n >= self.withdrawn else REVOKED if n > self.trusted else ACCEPTED

    def parts(self, stretch: Stretch) -> Iterator[tuple[Stretch, int]]:
        """The pieces of a stretch with the standing that good entries have there."""
        for first, last, state in (
            (1, min(self.trusted, self.withdrawn - 1), ACCEPTED), (self.trusted + 1, self.withdrawn - 1, REVOKED),
            (self.withdrawn, WITHOUT_END, WITHDRAWN),
        ):  # fmt: skip
            part = stretch._replace(first=max(first, stretch.first), last=min(last, stretch.last))
            if part.first <= part.last:
                yield part, state


def restand(unit: Unit, stretch: Stretch, was: Collection[int], becomes: int, progress: Progress | None = None) -> int:
    """Give the entries of a stretch that stand as one of `was` another standing; returns how many there were."""
    connection, changed = unit.connection, 0
    for block in stretch.blocks():
        by_ent = touched(connection, block, was)
        if by_ent:
            with gate(connection):
                changed += connection.execute(update(journal).where(block.where(was)).values(state=becomes)).rowcount
                _recompute(connection, by_ent)
            unit.restood((ent, uid) for ent, uids in by_ent.items() if ent in BY_NAME for uid in uids)
        if progress:
            progress(block.last - stretch.first + 1)
    return changed


def restand_each(unit: Unit, wanted: Sequence[tuple[Placed, int]]) -> None:
    """Give single entries the standing that each is to have; every record they touch is worked out anew once."""
    if not wanted:
        return
    by_ent: dict[str, list[str]] = defaultdict(list)
    for one, _ in wanted:
        by_ent[one.known.entry.ent].append(one.known.entry.uid)
    with gate(unit.connection):
        rows = [{"the_chain": one.chain, "the_n": one.n, "becomes": becomes} for one, becomes in wanted]
        unit.connection.execute(_STAND, rows)
        _recompute(unit.connection, {ent: sorted(set(uids)) for ent, uids in by_ent.items()})
    unit.restood((ent, uid) for ent, uids in by_ent.items() if ent in BY_NAME for uid in uids)


_STAND = (
    update(journal)
    .where(journal.c.chain == bindparam("the_chain"), journal.c.n == bindparam("the_n"))
    .values(state=bindparam("becomes"))
)


def settle(unit: Unit, stretch: Stretch, was: Collection[int], progress: Progress | None = None) -> dict[int, int]:
    """Let the entries of a stretch that stand as one of `was` stand as the cuts of their chain say.

    Returns new standing → how many. What a person held back or refused stays so unless it is one of `was`.
    """
    found: dict[int, int] = {}
    cuts = cuts_at(unit.connection, book.chain_of(unit.connection, stretch.chain))
    for part, becomes in cuts.parts(stretch):
        others = [state for state in was if state != becomes]
        found[becomes] = restand(unit, part, others, becomes, _after(progress, part.first - stretch.first))
    return found


def counting(connection: Connection, stretch: Stretch) -> Stretch:
    """The beginning of a stretch (perhaps nothing) in which good entries count."""
    cuts = cuts_at(connection, book.chain_of(connection, stretch.chain))
    return stretch._replace(last=min(stretch.last, cuts.withdrawn - 1, cuts.trusted))


def _after(progress: Progress | None, done: int) -> Progress | None:
    return None if progress is None else lambda more: progress(done + more)


def touched(connection: Connection, stretch: Stretch, states: Collection[int]) -> dict[str, list[str]]:
    """Entity → uids of the records that entries of these standings touch, each once."""
    found: dict[str, list[str]] = defaultdict(list)
    if not states:
        return found
    query = select(journal.c.ent, journal.c.uid).where(stretch.where(states)).distinct()
    for ent, uid in connection.execute(query.order_by(journal.c.ent, journal.c.uid)):
        found[ent].append(uid)
    return found


def _recompute(connection: Connection, by_ent: Mapping[str, Sequence[str]]) -> None:
    for ent, uids in by_ent.items():
        if ent in BY_NAME:  # what a newer schema sent has no table yet
            for part in slices(uids):
                book.recompute(connection, ent, set(part))


def histories(connection: Connection, ent: str, uids: Iterable[str]) -> dict[str, list[Placed]]:
    """uid → every entry of these records (at most 900) of one entity, whatever its standing, but what was erased."""
    query = select(journal.c.uid, journal.c.chain, journal.c.n, journal.c.state, journal.c.h, journal.c.body)
    found: dict[str, list[Placed]] = defaultdict(list)
    query = query.where(journal.c.ent == ent, journal.c.uid.in_(uids), journal.c.state != ERASED)
    for row in connection.execute(query):
        found[row.uid].append(Placed(row.chain, row.n, row.state, Known(row.h[:16].hex(), decode(row.body))))
    return found


def count(connection: Connection, stretch: Stretch, states: Collection[int]) -> int:
    """How many entries of a stretch stand so."""
    query = select(func.count()).select_from(journal).where(stretch.where(states))
    return connection.execute(query).scalar_one()


def cut_of(connection: Connection, chain_id: int) -> int | None:
    """The first number of a chain that was taken back and has not returned; None when all of it counts."""
    query = select(func.min(withdrawal.c.first_n)).where(
        withdrawal.c.chain == chain_id, withdrawal.c.undone_at.is_(None)
    )
    found: int | None = connection.execute(query).scalar_one()
    return found


def cuts_of(connection: Connection, device: str) -> dict[str, tuple[int, str]] | None:
    """Epoch → (last number that counts, chain hash there in hex) of a revoked device; None while it is trusted."""
    query = select(revocation.c.cuts).where(revocation.c.device == device, revocation.c.undone_at.is_(None))
    found = connection.execute(query.order_by(revocation.c.id.desc()).limit(1)).scalar_one_or_none()
    return None if found is None else {ep: (n, chain) for ep, (n, chain) in json.loads(found).items()}


def cuts_at(connection: Connection, known: Chain) -> Cuts:
    """Where a chain is cut; it need not be kept here yet (`id` 0)."""
    withdrawn = (cut_of(connection, known.id) if known.id else None) or WITHOUT_END
    cuts = cuts_of(connection, known.dev)
    trusted, chain = (WITHOUT_END, "") if cuts is None else cuts.get(known.ep, (0, ""))
    return Cuts(withdrawn, trusted, bytes.fromhex(chain))


def hand_over(connection: Connection, stretch: Stretch, target: Chain) -> None:
    """Move the entries of a stretch to another chain; none changes its standing."""
    with gate(connection):
        moved = update(journal).where(
            journal.c.chain == stretch.chain, journal.c.n.between(stretch.first, stretch.last)
        )
        connection.execute(moved.values(chain=target.id))


def open_side(connection: Connection, trunk: Chain, label: str, after: int, head: bytes) -> Chain:
    """The chain named `label` for a branch of the trunk, to hold what follows entry `after` with the hash `head`."""
    known = book.find_chain(connection, trunk.dev, label)
    side = known or book.open_chain(connection, trunk.dev, label, trunk.school, own=False)
    book.set_head(connection, side.id, after, head)
    book.mark_chain(connection, side.id, parent=trunk.ep)
    return book.chain_of(connection, side.id)


def family(connection: Connection, trunk: Chain) -> list[int]:
    """The numbers of a chain and of every branch of it."""
    table = chain_table
    query = select(table.c.id).where(table.c.dev == trunk.dev, or_(table.c.ep == trunk.ep, table.c.parent == trunk.ep))
    return list(connection.execute(query).scalars())


def held_by_a_branch(connection: Connection, trunk: Chain, n: int, h: bytes) -> bool:
    """Whether the entry with this number and hash stands in the chain or in any branch of it."""
    query = select(journal.c.seq).where(
        journal.c.chain.in_(family(connection, trunk)), journal.c.n == n, journal.c.h == h
    )
    return connection.execute(query.limit(1)).first() is not None


def received(connection: Connection) -> list[Chain]:
    """The chains of other stations, oldest first, without the side chains that we keep of forks (`open_side`)."""
    query = select(chain_table.c.id).where(chain_table.c.own == 0, chain_table.c.parent.is_(None))
    ids = set(connection.execute(query).scalars())
    return [known for known in book.chains(connection) if known.id in ids]
