"""What is with the county and does not count there: told by the county's receipt, kept by the school (sync §7)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, select

from jzdesk.services.sync_state import SETTING
from jzdesk.store import standing
from jzdesk.store.journal import Chain
from jzdesk.store.store import write_setting
from jzdesk.store.tables import ADMITTED, hold, package
from jzdesk.sync.receipt import ReceiptBody, Waiting


def waiting_of(connection: Connection, chains: Sequence[Chain]) -> Iterator[Waiting]:
    """County: what of these chains is here and does not count: held, never to count, taken back, or beyond a cut."""
    for known, first, last in stretches_of(connection, chains):
        yield Waiting(epoch=known.ep, first_n=first, last_n=last)


def stretches_of(connection: Connection, chains: Sequence[Chain]) -> Iterator[tuple[Chain, int, int]]:
    """(chain, first, last) of every stretch that does not count; they may overlap."""
    by_id = {known.id: known for known in chains}
    query = select(hold.c.chain, hold.c.first_n, hold.c.last_n).where(
        hold.c.chain.in_(by_id), hold.c.reason != "fork", hold.c.ruling.is_(None) | (hold.c.ruling != ADMITTED)
    )
    for row in connection.execute(query.order_by(hold.c.id)):
        yield by_id[row.chain], row.first_n, row.last_n
    for known in chains:
        cuts = standing.cuts_at(connection, known)
        if (first := min(cuts.withdrawn, cuts.trusted + 1)) <= known.last_n:
            yield known, first, known.last_n


def keep_waiting(connection: Connection, body: ReceiptBody) -> None:
    """School: what a believed receipt says waits; whole packages that wait go by our own log of what we sent."""
    parked = [one.package_id for one in body.packages if one.outcome in ("parked", "fork")]
    query = select(package.c.ep, package.c.first_n, package.c.last_n).where(package.c.direction == "out")
    sent = connection.execute(query.where(package.c.package_id.in_(parked))).all() if parked else ()
    held = [(one.epoch, one.first_n, one.last_n) for one in body.waiting]
    write_setting(connection, SETTING, {"held": held, "parked": [tuple(row) for row in sent]})
