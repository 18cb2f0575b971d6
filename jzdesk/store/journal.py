"""The append-only journal: reads the entries of records, appends links of a chain, keeps the tables in step."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from jzdesk.core.merge import ERASE, Entry, Known, RecordState, decode, is_plain, record_state
from jzdesk.core.slices import slices
from jzdesk.models import BY_NAME
from jzdesk.store import dialects, erasing, rows, search
from jzdesk.store.dialects import marks, run
from jzdesk.store.engine import gate
from jzdesk.store.tables import ACCEPTED, ERASED, chain, journal

Key = tuple[str, str]  # (entity, uid)
GENESIS = bytes(32)


class Link(NamedTuple):
    """One entry of a chain: its number, its chain hash, the exact bytes received, what they say, and its standing."""

    n: int
    h: bytes
    body: bytes
    entry: Entry
    state: int = ACCEPTED

    @property
    def id(self) -> str:
        """Entry id: the first 16 bytes of the chain hash, in hexadecimal."""
        return self.h[:16].hex()


class Chain(NamedTuple):
    """The head of one device's epoch as this station knows it."""

    id: int
    dev: str
    ep: str
    own: bool
    school: str
    last_n: int
    last_h: bytes
    last_at: int
    exported_n: int
    received_n: int
    last_package: str | None
    packages: int


def _as_chain(row: Row[Any]) -> Chain:
    values = row._mapping
    return Chain(**{name: values[name] for name in Chain._fields if name != "own"}, own=bool(values["own"]))


def find_chain(connection: Connection, dev: str, ep: str) -> Chain | None:
    """The chain of a device's epoch, or None when nothing of it has arrived."""
    found = connection.execute(select(chain).where(chain.c.dev == dev, chain.c.ep == ep)).first()
    return _as_chain(found) if found else None


_OWN = select(chain).where(chain.c.own == 1).order_by(chain.c.id.desc()).limit(1)


def own_chain(connection: Connection) -> Chain:
    """The chain this station appends to (the newest of its own)."""
    return _as_chain(connection.execute(_OWN).one())


def chain_of(connection: Connection, number: int) -> Chain:
    """The chain of that number in our own table."""
    return _as_chain(connection.execute(select(chain).where(chain.c.id == number)).one())


def epoch_before(connection: Connection, known: Chain) -> str | None:
    """The epoch of our own from which this one of our own goes on, None for the first and for those of others."""
    before = select(chain.c.ep).where(chain.c.own == 1, chain.c.id < known.id).order_by(chain.c.id.desc()).limit(1)
    return connection.execute(before).scalar_one_or_none() if known.own else None


def chains(connection: Connection) -> list[Chain]:
    """Every chain known here, oldest first."""
    return [_as_chain(row) for row in connection.execute(select(chain).order_by(chain.c.id))]


def open_chain(connection: Connection, dev: str, ep: str, school: str, *, own: bool) -> Chain:
    """Begin to keep a chain."""
    values = {
        "dev": dev, "ep": ep, "own": int(own), "school": school, "last_n": 0, "last_h": GENESIS, "last_at": 0,
        "exported_n": 0, "received_n": 0, "packages": 0,
    }  # fmt: skip
    with gate(connection):
        connection.execute(insert(chain), [values])
    found = find_chain(connection, dev, ep)
    assert found is not None
    return found


def mark_chain(connection: Connection, chain_id: int, **values: Any) -> None:
    """Note what was exported or acknowledged of a chain."""
    with gate(connection):
        connection.execute(update(chain).where(chain.c.id == chain_id).values(values))


_KNOWN = "SELECT uid, h, body FROM journal WHERE ent = ? AND state = ? AND uid IN ({marks})"
_HASHES = "SELECT n, h FROM journal WHERE chain = ? AND n BETWEEN ? AND ?"
_SCOPES = "SELECT uid, scope FROM {ent} WHERE uid IN ({marks})"


def known_entries(connection: Connection, ent: str, uids: Iterable[str]) -> dict[str, list[Known]]:
    """uid → accepted entries of these records of one entity."""
    found: dict[str, list[Known]] = defaultdict(list)
    for part in slices(list(uids)):
        query = _KNOWN.format(marks=marks(len(part)))
        for uid, h, body in run(connection, query, (ent, ACCEPTED, *part)):
            found[uid].append(Known(h[:16].hex(), decode(body)))
    return found


def stretch(connection: Connection, chain_id: int, after: int) -> Iterator[tuple[int, bytes, bytes]]:
    """(n, hash, body) of a chain's entries with number above `after`, in order, streamed.

    Of an erased one the body is the line that stands for it.
    """
    query = (
        select(journal.c.n, journal.c.h, journal.c.body)
        .where(journal.c.chain == chain_id, journal.c.n > after)
        .order_by(journal.c.n)
    )
    for row in rows.streamed(connection, query):
        yield row.n, row.h, row.body


def hash_at(connection: Connection, known: Chain, n: int) -> bytes | None:
    """The chain hash after entry `n`, or None when we do not hold it."""
    if n == 0:
        return GENESIS
    if n == known.last_n:
        return known.last_h
    query = select(journal.c.h).where(journal.c.chain == known.id, journal.c.n == n)
    return connection.execute(query).scalar_one_or_none()


def hashes(connection: Connection, known: Chain, first: int, last: int) -> dict[int, bytes]:
    """Number → chain hash of the entries held between `first` and `last`, both included."""
    return dict(iter(run(connection, _HASHES, (known.id, first, last))))


def readable(connection: Connection, known: Chain, numbers: Sequence[int]) -> int:
    """How many of these entries of a chain are here and not erased."""
    if not numbers:
        return 0
    inside = journal.c.n.between(min(numbers), max(numbers))
    query = select(journal.c.n).where(journal.c.chain == known.id, inside, journal.c.state != ERASED)
    return len(set(connection.execute(query).scalars()).intersection(numbers))


def scopes_of(connection: Connection, touched: Mapping[str, Collection[str]]) -> dict[Key, str]:
    """The scope of each of these records (entity → uids) that is here."""
    found: dict[Key, str] = {}
    for ent in touched.keys() & BY_NAME.keys():
        for part in slices(sorted(touched[ent])):
            query = _SCOPES.format(ent=ent, marks=marks(len(part)))
            found.update(((ent, uid), scope) for uid, scope in run(connection, query, tuple(part)))
    return found


def set_head(connection: Connection, chain_id: int, n: int, h: bytes) -> None:
    """Move the head of a chain over entries that were withheld from us."""
    with gate(connection):
        connection.execute(update(chain).where(chain.c.id == chain_id).values(last_n=n, last_h=h))


def touched_by(links: Iterable[Link]) -> dict[str, set[str]]:
    """Entity → uids of the records that links are about."""
    found: dict[str, set[str]] = defaultdict(set)
    for link in links:
        entry = link.entry
        found[entry.ent].add(entry.uid)
    return found


def append(
    connection: Connection, chain_id: int, links: Sequence[Link], unknown: Collection[str] = frozenset()
) -> dict[str, set[str]]:
    """Append consecutive links to a chain and bring the rows they touch up to date; returns entity → uids touched.

    `unknown` are uids of which nothing is here: they were looked up, or drawn by chance for these very links.
    """
    if not links:
        return {}
    last = links[-1]
    with gate(connection):
        touched = _take(connection, chain_id, links, unknown)
        at = last.entry.at or max(link.entry.at for link in links)  # a blank one has no time
        head = {"the_chain": chain_id, "last_n": last.n, "last_h": last.h, "last_at": at}
        connection.execute(_MOVE_HEAD, head)
    return touched


def fill(
    connection: Connection, chain_id: int, links: Sequence[Link], unknown: Collection[str] = frozenset()
) -> dict[str, set[str]]:
    """As `append`, where entries of the chain had been withheld from us; its head stays."""
    with gate(connection):
        return _take(connection, chain_id, links, unknown)


def _take(
    connection: Connection, chain_id: int, links: Sequence[Link], unknown: Collection[str]
) -> dict[str, set[str]]:
    touched = _apply(connection, links, unknown)
    _insert_links(connection, chain_id, links)
    erasing.carry_out(connection, (link.entry for link in links if link.state == ACCEPTED))
    return touched


_MOVE_HEAD = (
    update(chain)
    .where(chain.c.id == bindparam("the_chain"))
    .values({name: bindparam(name) for name in ("last_n", "last_h", "last_at")})
)


_COLUMNS = ("chain", "n", "h", "ent", "uid", "state", "body")


def _insert_links(connection: Connection, chain_id: int, links: Sequence[Link]) -> None:
    entries = [(chain_id, n, h, entry.ent, entry.uid, state, body) for n, h, body, entry, state in links]
    dialects.of(connection).insert(connection, "journal", _COLUMNS, entries)


def recompute_newer(connection: Connection, schema: int) -> None:
    """After an upgrade: write anew what stations of a newer schema than `schema` had sent before we could show it.

    The synchronised tables must be open (`engine.gate`).
    """
    every = select(journal.c.ent, journal.c.uid, journal.c.state, journal.c.body).where(journal.c.state != ERASED)
    by_ent: dict[str, set[str]] = defaultdict(set)
    newer: list[Entry] = []
    for ent, uid, state, body in rows.streamed(connection, every):
        if (entry := decode(body)).sv > schema:
            by_ent[ent].add(uid)
            if state == ACCEPTED and entry.op == ERASE:
                newer.append(entry)
    for ent in by_ent.keys() & BY_NAME.keys():
        for part in slices(sorted(by_ent[ent])):
            recompute(connection, ent, set(part))
    erasing.carry_out(connection, newer)


def recompute(connection: Connection, ent: str, uids: set[str]) -> None:
    """Write the rows of these records anew from everything accepted; a record of which nothing is left goes away."""
    table = BY_NAME[ent].__table__
    existing = set(connection.execute(select(table.c.uid).where(table.c.uid.in_(uids))).scalars())
    states = {uid: record_state(known) for uid, known in known_entries(connection, ent, uids).items()}
    rows.delete_rows(connection, ent, existing - states.keys())
    _write(connection, ent, states, existing)
    if ent in search.SEARCHED:
        search.mark(connection, uids)


def _apply(connection: Connection, links: Iterable[Link], unknown: Collection[str]) -> dict[str, set[str]]:
    """Write the rows of the records that the accepted of these (not yet stored) links touch; returns entity → uids."""
    by_ent: dict[str, list[Link]] = defaultdict(list)
    for link in links:
        if link.state == ACCEPTED:
            by_ent[link.entry.ent].append(link)
    return {ent: _apply_entity(connection, ent, fresh, unknown) for ent, fresh in by_ent.items() if ent in BY_NAME}


def _apply_entity(connection: Connection, ent: str, fresh: Sequence[Link], unknown: Collection[str]) -> set[str]:
    """A record with one entry is that entry; any other is worked out from everything known of it. Returns uids."""
    uids = [link.entry.uid for link in fresh]
    touched = set(uids)
    before = known_entries(connection, ent, touched.difference(unknown))
    number = None if len(touched) == len(uids) else Counter(uids)  # of entries of a record
    single, others = list[Entry](), dict[str, list[Known]]()
    for uid, link in zip(uids, fresh, strict=True):
        entry = link.entry
        if uid not in before and (number is None or number[uid] == 1) and is_plain(entry):
            single.append(entry)
        else:
            others.setdefault(uid, before.get(uid, [])).append(Known(link.id, entry))
    if single:
        rows.insert_entries(connection, ent, single)
    if others:
        states = {uid: record_state(known) for uid, known in others.items()}
        _write(connection, ent, states, before.keys())
    return touched


def _write(connection: Connection, ent: str, states: Mapping[str, RecordState], existing: Iterable[str]) -> None:
    """Insert or overwrite rows, and keep the list of conflicts."""
    old = set(existing)
    new_rows = [rows.row_of(uid, state) for uid, state in states.items() if uid not in old]
    changed = {uid: state for uid, state in states.items() if uid in old}
    if new_rows:
        rows.insert_rows(connection, ent, new_rows)
    if changed:
        rows.update_rows(connection, ent, (rows.row_of(uid, state) for uid, state in changed.items()))
    unsettled = {
        uid: state for uid, state in states.items() if uid in old or state.conflicts or state.edited_after_void
    }
    if unsettled:
        rows.write_conflicts(connection, unsettled, ent)
