"""Whose a record is by a naive reading: who came first of those whose entries count, or may count again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from sqlalchemy import select

from jzdesk.core.merge import GRANT, SCOPE, Entry, decode
from jzdesk.models import BY_NAME
from jzdesk.store.tables import ACCEPTED, ERASED, HELD, REFUSED, journal
from tests.factories.journals import COUNTY, LATEST, Desk, Record, unshowable

COUNTYS = "0" * 16  # the county's device
_Said = tuple[bool, str, Entry]  # whether it counts now, its id ("" within a package that waits whole), what it says


def intruders(desk: Desk, schools: dict[str, str]) -> set[str]:
    """Entries that count though somebody else's entry about the record had come before; `schools`: device → its own.

    What the county admitted or moved is in order.
    """
    first: dict[Record, str] = {}
    moved = defaultdict[Record, set[str]](set)
    found: set[str] = set()
    for _, _, entry in _in_order(desk):
        if entry.dev == COUNTYS and entry.op == GRANT:
            moved[entry.ent, entry.uid].add(str(entry.set[SCOPE]))
    for counts, name, entry in _in_order(desk):
        if entry.dev != COUNTYS and name not in desk.admitted and _may_write(entry, schools):
            record = entry.ent, entry.uid
            owner = first.setdefault(record, entry.scope)
            if counts and owner != entry.scope and entry.scope not in moved[record]:
                found.add(name)
    return found


def _may_write(entry: Entry, schools: dict[str, str]) -> bool:
    """Whether its author may write such an entry; its clock aside, which may be explained."""
    return (
        entry.scope == schools[entry.dev] and entry.role == "school" and entry.op != GRANT and not unshowable(entry)
        and not (entry.ent in BY_NAME and BY_NAME[entry.ent].owner == COUNTY)
    )  # fmt: skip


def _in_order(desk: Desk) -> Iterator[_Said]:
    """What came to the desk, in the order of arrival, without what may not count any more."""
    waits = defaultdict[int, list[Entry]](list)
    for packet in desk.forked:
        waits[desk.waits_since[packet.manifest.package_id]].extend(entry for *_, entry in packet.entries)
    query = select(journal.c.h, journal.c.state, journal.c.body).order_by(journal.c.seq)
    rows = desk.connection.execute(query).all()
    for place in range(len(rows) + 1):
        yield from ((False, "", entry) for entry in waits[place])
        for row in rows[place : place + 1]:
            if row.state == ERASED:
                continue
            name, entry = row.h[:16].hex(), decode(row.body)
            ahead = row.state == HELD and entry.at > LATEST
            aside = row.state == REFUSED and name in desk.aside
            if ahead or aside or row.state not in (HELD, REFUSED):
                yield row.state == ACCEPTED, name, entry
