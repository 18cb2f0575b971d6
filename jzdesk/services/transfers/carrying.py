"""The file of a child on its way: written down for the new school from the journals it is in, and taken in there.

A file is a stretch of somebody else's journal (`.jzd`): the entries of the child open, all others withheld, so that
the chain can still be checked to the last link. What the county itself wrote comes with its receipt.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
from sqlalchemy import Connection, func, select

from jzdesk.core.chain import withheld_line
from jzdesk.core.merge import ERASE, GRANT, SCOPE
from jzdesk.core.slices import slices
from jzdesk.core.term import Term
from jzdesk.models import BY_NAME
from jzdesk.services import attachments, county_keys, identity, uncounted
from jzdesk.services.context import COUNTY_SCOPE, Context
from jzdesk.services.student_tables import SCHOOL
from jzdesk.services.transfers.files import came_to, flat, whole
from jzdesk.store import journal as book
from jzdesk.store import standing
from jzdesk.store.journal import Chain
from jzdesk.store.rows import streamed
from jzdesk.store.tables import ACCEPTED, journal
from jzdesk.sync import stick, succession
from jzdesk.sync.certificate import Certificate
from jzdesk.sync.merge import ANY_TIME, Licence, take
from jzdesk.sync.receipt import write_down
from jzdesk.sync.stretch import Head, OpenedStretch

Keys = Collection[tuple[str, str]]
Owners = Mapping[tuple[str, str], Collection[str]]
"""(entity, uid) → codes of schools."""

TOLD = (GRANT, ERASE)
"""What the county does with a record as a whole: every school that ever had it is told, and its township station.

An erasure is told as well to those that hold a record which was never moved (`erasing.reach.audience`).
"""


def write_files(context: Context, held: Certificate, to: Path, *, ever: bool = False) -> list[Path]:
    """County: put the files of the children who have come to the school of this device onto the stick.

    Written again with every receipt while the transfer is of this term or the last: what the old school paid
    meanwhile follows, and a lost stick is no matter. With `ever` those of all time, for a school that lost its data.
    """
    with context.read() as connection:
        children = came_to(connection, held.school, None if ever else Term.of(context.today()))
        records = whole(connection, children) if children else {}
        last = _last(connection, records)
        sources = [known for known in standing.received(connection) if known.dev != held.device and known.id in last]
    keys = flat(records)
    return [path for known in sources for path in _write(context, held, known, last[known.id], keys, to)]


def _last(connection: Connection, records: Mapping[str, Collection[str]]) -> dict[int, int]:
    """Chain → the number of its last entry about these records."""
    found: dict[int, int] = {}
    for ent, uids in records.items():
        for part in slices(sorted(uids)):
            query = select(journal.c.chain, func.max(journal.c.n)).where(
                journal.c.ent == ent, journal.c.uid.in_(part), journal.c.state == ACCEPTED
            )
            for chain, n in connection.execute(query.group_by(journal.c.chain)):
                found[chain] = max(found.get(chain, 0), n)
    return found


def _write(context: Context, held: Certificate, known: Chain, last: int, records: Keys, to: Path) -> Iterator[Path]:
    """One file, or several where the photographs of one would be too many."""
    keys, letters = identity.station_keys(context), identity.letters(context)
    links = succession.members(county_keys.successions(context))
    with context.read() as connection:
        photos = [one for one in attachments.due(connection, known.id, 0, last) if ("photo", one.uid) in records]
    after = 0
    for until, part in attachments.parts(photos, last):
        with context.read() as connection:
            head = _head(context, connection, known, after)
            written = write_down(
                letters, head, _lines(connection, known, after, until, records), keys, held.school, held.device,
                held.sealing, also=links, blobs=attachments.contents(connection, part),
            )  # fmt: skip
        yield stick.copy_to_stick(written.path, to)
        after = until


def _head(context: Context, connection: Connection, known: Chain, after: int) -> Head:
    before = book.hash_at(connection, known, after)
    assert before is not None, "a part ends with an entry that we hold"
    head = identity.head_of(context, known, after=after, before=before, number=1)
    name = connection.execute(select(SCHOOL.c.name).where(SCHOOL.c.code == known.school)).scalar() or known.school
    return msgspec.structs.replace(head, school=known.school, school_name=name, previous=None)


def _lines(connection: Connection, known: Chain, after: int, last: int, records: Keys) -> Iterator[bytes]:
    query = (
        select(journal.c.ent, journal.c.uid, journal.c.state, journal.c.body)
        .where(journal.c.chain == known.id, journal.c.n > after, journal.c.n <= last)
        .order_by(journal.c.n)
    )
    for row in streamed(connection, query):
        visible = row.state == ACCEPTED and (row.ent, row.uid) in records
        yield row.body if visible else withheld_line(row.body)


def take_file(context: Context, down: OpenedStretch) -> tuple[int, int]:
    """School: take in a part of another school's journal that the county hands on.

    Returns (entries that were new here, children they are about); raises Gap, Fork and PackageRefused.
    """
    licence = Licence(frozenset(), "", policy=False, latest=ANY_TIME, vouched=True)
    with context.write() as unit:
        children = {entry.uid for *_, entry in down.entries() if entry.ent == "student"}
        counts = take(unit, down.manifest, down.entries(), licence)
        uncounted.stand(unit)  # a file of an earlier day opens what has stopped counting since
        attachments.take_in(unit.connection, down, context.store.clock)
    return counts.applied, len(children)


def may_read(op: str, owners: Collection[str], schools: frozenset[str], *, record: bool) -> bool:
    """Whether an entry of ours is open to a station that stands for these schools.

    `owners` are the schools that ever had the record, `record` says whether the station may read it.
    """
    return not schools.isdisjoint(owners) if op in TOLD else record


def visible_to(connection: Connection, school: str, policy: Sequence[str]) -> set[tuple[str, str]]:
    """Records that our own entries touch and that the school may read: its own, and the files that came to it."""
    found: set[tuple[str, str]] = set()
    for ent, uids in _touched(connection, policy).items():
        table = BY_NAME[ent].__table__
        for part in slices(sorted(uids)):
            query = select(table.c.uid).where(table.c.uid.in_(part), table.c.scope == school)
            found.update((ent, uid) for uid in connection.execute(query).scalars())
    return found


def _touched(connection: Connection, policy: Sequence[str]) -> dict[str, set[str]]:
    own = [known.id for known in book.chains(connection) if known.own]
    query = select(journal.c.ent, journal.c.uid).where(journal.c.chain.in_(own), journal.c.ent.not_in(policy))
    found: dict[str, set[str]] = {}
    for ent, uid in connection.execute(query.distinct()):
        if ent in BY_NAME:
            found.setdefault(ent, set()).add(uid)
    return found


def owners(connection: Connection, policy: Sequence[str]) -> dict[tuple[str, str], set[str]]:
    """Records that we have moved → every school that ever wrote them, or was to: each learns of every move."""
    found: dict[tuple[str, str], set[str]] = {}
    for ent, uids in _touched(connection, policy).items():
        for part in slices(sorted(uids)):
            for uid, known in book.known_entries(connection, ent, part).items():
                moves = {str(one.entry.set.get(SCOPE)) for one in known if one.entry.op == GRANT}
                if moves:
                    found[ent, uid] = moves | {one.entry.scope for one in known} - {COUNTY_SCOPE}
    return found
