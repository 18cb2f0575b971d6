"""Township: the county's word on whose a record is, brought into the view of the schools, and who counts there by it.

The view takes packages in whatever order they come, with holes where schools seal to others: which entries count there
is a function of what has come, not of when (decision 35).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from jzdesk.core.merge import ERASE, GRANT, SCOPE, Known, decode, origin
from jzdesk.core.slices import slices
from jzdesk.models import BY_NAME
from jzdesk.services.arriving import BEYOND, CLOCK, FORK, RECORD, Arrived
from jzdesk.services.context import COUNTY_SCOPE, Context
from jzdesk.services.transfers.carrying import TOLD
from jzdesk.store import journal as book
from jzdesk.store import standing
from jzdesk.store.journal import Chain, Link
from jzdesk.store.rows import streamed
from jzdesk.store.standing import Cuts, Placed
from jzdesk.store.store import write_setting
from jzdesk.store.tables import ACCEPTED, HELD, REVOKED, hold, journal
from jzdesk.store.unit import Unit

SETTING = "moves_read"  # of the view: how much of each journal of the county was looked through
Touched = Mapping[str, Collection[str]]
"""Entity → uids."""


class _Part(NamedTuple):
    """Entries of one of the station's journals that belong into the view."""

    known: Chain
    links: list[Link]


def heed(view: Context, station: Context) -> None:
    """What is read of the schools goes by the moves that the county has told the station of; each is taken over once.

    With them come the station's own entries about these records: a child that has left for a school below it is
    read there with the name that it got here.
    """
    code = county_of(station)
    with station.read() as connection:
        county = [known for known in book.chains(connection) if not known.own and known.school == code]
        marks = [[known.dev, known.ep, known.last_n, _held(connection, known)] for known in county]
        if marks == (view.store.setting(SETTING) or []):
            return
        told = [_Part(known, list(_told(connection, known))) for known in county]
        moved = book.touched_by(link for part in told for link in part.links)
        told += _ours(connection, moved)
    with view.write() as unit:
        fresh = [link for part in told for link in _take(unit, part)]
        stand(unit, book.touched_by(fresh))
        write_setting(unit.connection, SETTING, marks)
    if any(link.entry.op == ERASE for link in fresh):
        view.store.settle()


def county_of(station: Context) -> str | None:
    """The county's code; None before there is a certificate."""
    stored = station.store.setting("county")
    return str(stored["card"]["county"]) if stored else None


def stand_after(unit: Unit, arrived: Arrived) -> None:
    """The view has taken in a package: its entries, and others about the same records, count as all of them say."""
    fresh, counts = arrived.fresh, arrived.counts
    if not counts.reasons.keys() & {RECORD, CLOCK}:
        return
    before = [standing.count(unit.connection, fresh, (state,)) for state in (HELD, REVOKED)]
    stand(unit, standing.touched(unit.connection, fresh, (HELD,)))
    after = [standing.count(unit.connection, fresh, (state,)) for state in (HELD, REVOKED)]
    counts.applied += sum(before) - sum(after)
    counts.held += sum(after) - sum(before)
    for reason, more in zip((RECORD, BEYOND), (now - was for was, now in zip(before, after, strict=True)), strict=True):
        if number := counts.reasons.pop(reason, 0) + more:
            counts.reasons[reason] = number


def stand(unit: Unit, records: Touched) -> None:
    """Let the entries of these records count that `writers` wrote, and hold the others."""
    for ent in records.keys() & BY_NAME.keys():
        for part in slices(sorted(records[ent])):
            changed = list(_changed(unit.connection, standing.histories(unit.connection, ent, part).values()))
            standing.restand_each(unit, changed)


def writers(known: Sequence[Known]) -> set[str]:
    """The schools that may have written a record: each that the county gave it to, and the one where it began.

    Where it began tells the first entry of the others: a school that it was given to may have a clock that is wrong.
    """
    given = {str(one.entry.set[SCOPE]) for one in known if one.entry.op == GRANT}
    others = [one for one in known if one.entry.op == ERASE or one.entry.scope not in {*given, COUNTY_SCOPE}]
    return given | ({origin(others)} if others else set())


def _changed(connection: Connection, histories: Collection[Sequence[Placed]]) -> Iterator[tuple[Placed, int]]:
    """(entry, how it is to stand) of those that stand otherwise.

    What waits for another reason, or does not count because its computer was revoked, tells where a record began all
    the same: it may count again.
    """
    reason, cuts = _reasons(connection), dict[int, Cuts]()
    for placed in histories:
        good = [one for one in placed if one.state != HELD or reason(one) in (RECORD, CLOCK)]
        allowed = writers([one.known for one in good])
        for one in good:
            if one.known.entry.scope == COUNTY_SCOPE or (one.state == HELD and reason(one) == CLOCK):
                continue
            if one.chain not in cuts:
                cuts[one.chain] = standing.cuts_at(connection, book.chain_of(connection, one.chain))
            becomes = cuts[one.chain].stands(one.n) if one.known.entry.scope in allowed else HELD
            if becomes != one.state:
                yield one, becomes


def _reasons(connection: Connection) -> Callable[[Placed], str]:
    """Why a held entry waits: what was noted when it came, else that its record is another school's."""
    query = select(hold.c.chain, hold.c.first_n, hold.c.last_n, hold.c.reason)
    query = query.where(hold.c.ruling.is_(None), hold.c.reason.not_in((RECORD, FORK)))
    noted: dict[int, list[tuple[int, int, str]]] = defaultdict(list)
    for chain, first, last, why in connection.execute(query):
        noted[chain].append((first, last, why))

    def reason(one: Placed) -> str:
        return next((why for first, last, why in noted.get(one.chain, ()) if first <= one.n <= last), RECORD)

    return reason


def _held(connection: Connection, known: Chain) -> int:
    """How many entries of a chain are here: more of them when some are opened that were withheld."""
    return connection.execute(select(func.count()).where(journal.c.chain == known.id)).scalar_one()


def _told(connection: Connection, known: Chain) -> Iterator[Link]:
    """The county's entries of a chain that are about records of schools as a whole."""
    policy = [ent for ent, entity in BY_NAME.items() if entity.owner == COUNTY_SCOPE]
    query = select(journal.c.n, journal.c.h, journal.c.body).where(
        journal.c.chain == known.id, journal.c.state == ACCEPTED, journal.c.ent.not_in(policy)
    )
    for row in streamed(connection, query.order_by(journal.c.n)):
        if (entry := decode(row.body)).op in TOLD:
            yield Link(row.n, row.h, row.body, entry)


def _ours(connection: Connection, records: Touched) -> list[_Part]:
    """The station's own entries about these records."""
    own = {known.id: _Part(known, []) for known in book.chains(connection) if known.own}
    columns = (journal.c.chain, journal.c.n, journal.c.h, journal.c.body)
    for ent, uids in records.items():
        for part in slices(sorted(uids)):
            query = select(*columns).where(journal.c.ent == ent, journal.c.uid.in_(part), journal.c.chain.in_(own))
            for row in connection.execute(query.where(journal.c.state == ACCEPTED)):
                own[row.chain].links.append(Link(row.n, row.h, row.body, decode(row.body)))
    return [part for part in own.values() if part.links]


def _take(unit: Unit, part: _Part) -> list[Link]:
    """Take over what the view has not got yet of a journal; the rest of it stays withheld."""
    known, connection = part.known, unit.connection
    mine = book.find_chain(connection, known.dev, known.ep)
    mine = mine or book.open_chain(connection, known.dev, known.ep, known.school, own=False)
    here = book.hashes(connection, mine, 1, known.last_n)
    fresh = sorted((link for link in part.links if link.n not in here), key=lambda link: link.n)
    if fresh:
        unit.accept(mine, fresh, behind=True)
    if known.last_n > mine.last_n:
        unit.head(mine, known.last_n, known.last_h)
    return fresh
