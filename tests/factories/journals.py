"""Authors who only write and stations that only take in, in memory: what the merge machine moves about.

An author makes journal entries by hand and has no database; what it knows decides what its entries replace. A desk is
a bare database within one transaction that is never committed, and takes stretches in as the product does.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from jzdesk.core.chain import GENESIS, chain_step
from jzdesk.core.clock import Clock
from jzdesk.core.fields import Value
from jzdesk.core.merge import AUTHORITY, ERASE, GRANT, SCOPE, Entry, Known, decode, encode
from jzdesk.models import BY_NAME
from jzdesk.services.arriving import FORK, arrive, hold_back, note_fork
from jzdesk.services.revoking import stand_anew
from jzdesk.store import claims, standing
from jzdesk.store import journal as book
from jzdesk.store.journal import Chain
from jzdesk.store.standing import Stretch
from jzdesk.store.tables import (
    ACCEPTED,
    ADMITTED,
    ERASED,
    HELD,
    REFUSED,
    REVOKED,
    TURNED_DOWN,
    WITHDRAWN,
    conflict,
    hold,
    journal,
    revocation,
    withdrawal,
)
from jzdesk.store.unit import Author as Writer
from jzdesk.store.unit import Unit
from jzdesk.store.verify import verify
from jzdesk.sync import branches
from jzdesk.sync.merge import FUTURE, Fork, Gap, Licence
from jzdesk.sync.refusal import PackageRefused
from jzdesk.sync.stretch import Manifest, Numbered
from tests.factories.entries import left, naive

NOW = 1_760_000_000_000  # milliseconds, October 2025
CLOCKS = {"2009": 1_230_768_000_000, "now": NOW, "tomorrow": NOW + 86_400_000, "2099": 4_070_908_800_000}
LATEST = (NOW << 10) + FUTURE
COUNTY = "county"
Record = tuple[str, str]  # entity, uid


def uid_of(*words: object) -> str:
    """The uid these words always get."""
    return sha256(repr(words).encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Packet:
    """A stretch of an author's journal under way, and what its author may write."""

    manifest: Manifest
    entries: tuple[Numbered, ...]
    licence: Licence

    @property
    def ids(self) -> set[str]:
        return {h[:16].hex() for _, h, *_ in self.entries}


@dataclass
class Author:
    """One device of a school (or the county's) with what it has written in its epoch and what it knows."""

    device: str
    scope: str
    role: str = "school"
    sv: int = 3
    clock: str = "now"
    epoch: int = 0
    at: int = 0
    line: list[Numbered] = field(default_factory=list)
    known: dict[str, Known] = field(default_factory=dict)
    acknowledged: int = 0

    @property
    def licence(self) -> Licence:
        return Licence(frozenset({self.scope}), self.role, policy=self.role == COUNTY, latest=LATEST)

    @property
    def ep(self) -> str:
        return uid_of(self.device, self.epoch)[:16]

    def of(self, record: Record) -> list[Known]:
        """What it knows of a record."""
        return [known for known in self.known.values() if (known.entry.ent, known.entry.uid) == record]

    def write(self, record: Record, op: str = "put", values: dict[str, Value] | None = None, **forged: Any) -> None:
        """The next entry: it replaces, or has seen, exactly what its author knows."""
        seen, values = self.of(record), values or {}
        leaves = naive(seen).leaves if seen else {}
        self.at = max(self.at + 1, CLOCKS[self.clock] << 10)
        usual: dict[str, Any] = {
            "at": self.at, "actor": self.device, "dev": self.device, "ent": record[0], "ep": self.ep,
            "n": len(self.line) + 1, "op": op, "role": self.role, "salt": f"{self.device}{len(self.known)}",
            "scope": self.scope, "sv": self.sv, "uid": record[1], "set": values,
            "base": {name: tuple(sorted(leaves[name])) for name in sorted(values) if name in leaves},
            "seen": tuple(sorted(known.id for known in left(seen))) if op in ("void", "restore") else (),
        }  # fmt: skip
        entry = Entry(**usual | forged)
        body = encode(entry)
        h = chain_step(self.line[-1][1] if self.line else GENESIS, body)
        self.line.append((entry.n, h, body, decode(body)))
        self.known[h[:16].hex()] = Known(h[:16].hex(), entry)

    def packet(self, after: int) -> Packet:
        """Everything it wrote after that number."""
        part = tuple(self.line[after:])
        before, last = (self.line[n - 1][1] if n else GENESIS for n in (after, len(self.line)))
        manifest = Manifest(
            county="431099", school=self.scope, school_name=self.scope, device=self.device, epoch=self.ep, number=1,
            first_n=after + 1, chain_before=before.hex(), app="", schema=self.sv, wall_clock="", format=1,
            min_reader=1, kind="package", package_id=uid_of(self.device, self.ep, after, last), counts={}, members=(),
            last_n=len(self.line), chain_after=last.hex(),
        )  # fmt: skip
        return Packet(manifest, part, self.licence)

    def copy(self) -> Author:
        """Its disk, copied."""
        return replace(self, line=list(self.line), known=dict(self.known))

    def restored(self, backup: Author) -> Author:
        """The same device with the database of a backup: it begins a new epoch and never an old number again."""
        return replace(backup.copy(), epoch=self.epoch + 1, line=[], acknowledged=0, clock=self.clock)


@dataclass
class Held:
    """An entry as it stands in a journal."""

    state: int
    body: bytes
    places: int


class Desk:
    """A station that takes packets in; everything stays within the transaction of `connection`."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.parked: list[Packet] = []
        self.forked: list[Packet] = []
        self.taken: dict[str, bytes] = {}
        self.admitted: set[str] = set()
        self.aside: set[str] = set()  # what counted when its branch was set aside
        self.waits_since: dict[str, int] = {}  # package of a fork → how many entries had come before it
        self.trusted: dict[str, set[str]] = {}

    def unit(self) -> Unit:
        return Unit(self.connection, Writer("县", COUNTY, COUNTY), Clock(lambda: NOW))

    def receive(self, packet: Packet) -> str:
        """Take a packet in, and after it whatever waited for it; returns its outcome."""
        outcome = self._take(packet)
        while outcome == "applied" and any(self._take(parked) != "parked" for parked in tuple(self.parked)):
            pass
        return outcome

    def _take(self, packet: Packet) -> str:
        try:
            with self.connection.begin_nested():
                self._apply(self.unit(), packet, packet.manifest, packet.entries)
        except Gap:
            return self._put(packet, self.parked, "parked")
        except Fork:
            self._note_fork(packet)
            return self._put(packet, self.forked, "fork")
        except PackageRefused:
            return self._refused(packet)
        self._put(packet, None, "applied")
        return "applied"

    def _note_fork(self, packet: Packet) -> None:
        if packet.manifest.package_id in self.waits_since:
            return
        self.waits_since[packet.manifest.package_id] = len(self.taken)
        with self.connection.begin_nested():
            records = branches.spoken_of(self.connection, packet.entries, packet.licence)
            note_fork(self.connection, packet.manifest, records)

    def _refused(self, packet: Packet) -> str:
        assert packet.manifest.device in self.trusted, "only another beginning of a revoked device is refused"
        return "refused"

    def _put(self, packet: Packet, pile: list[Packet] | None, outcome: str) -> str:
        for other in (self.parked, self.forked):
            if packet in other and other is not pile:
                other.remove(packet)
        if pile is not None and packet not in pile:
            pile.append(packet)
        return outcome

    def _apply(self, unit: Unit, packet: Packet, manifest: Manifest, entries: Iterable[Numbered]) -> None:
        listed = list(entries)
        arrived = arrive(unit, manifest, listed, packet.licence)
        hold_back(unit, arrived)
        counts = arrived.counts
        assert counts.total == len(listed), "entries in = applied + known + held"
        assert counts.held >= sum(counts.reasons.values()), "what is held has its reason"
        self.taken.update((h[:16].hex(), body) for _, h, body, _ in packet.entries)

    def settle(self, packet: Packet, *, theirs: bool, keep: bool = True) -> bool:
        """Decide a fork: whose story goes on; both count, or with `keep` the one that does. False: not yet."""
        with self.connection.begin_nested():
            unit, manifest = self.unit(), packet.manifest
            trunk = book.find_chain(self.connection, manifest.device, manifest.epoch)
            assert trunk is not None
            runs = branches.shared(self.connection, trunk, manifest, lambda: packet.entries)
            if not runs:
                return False
            if theirs and trunk.dev in self.trusted:
                return False
            if theirs and not branches.is_cut(self.connection, trunk):
                aside = branches.in_front(unit, trunk, runs, manifest, packet.licence)
                if aside is not None and not keep:
                    self._set_aside(aside)
                self._apply(unit, packet, manifest, packet.entries)
            elif found := branches.beside(unit, trunk, runs, manifest, lambda: packet.entries):
                if keep:
                    self._apply(unit, packet, *found)
                else:
                    self._set_aside(arrive(unit, *found, packet.licence).fresh)
                    self.taken.update((h[:16].hex(), body) for _, h, body, _ in packet.entries)
            claims.forget(self.connection, manifest.package_id)
        self._put(packet, None, "settled")
        return True

    def _set_aside(self, stretch: Stretch) -> None:
        query = select(journal.c.h).where(stretch.where((ACCEPTED,)))
        self.aside.update(h[:16].hex() for h in self.connection.execute(query).scalars())
        branches.set_aside(self.unit(), stretch, "县")

    def rule(self, pick: int, *, admit: bool) -> None:
        """Decide about something that was held."""
        first = (journal.c.chain == hold.c.chain) & (journal.c.n == hold.c.first_n)
        query = select(hold, journal.c.h).join(journal, first).where(hold.c.reason != FORK).order_by(journal.c.h)
        rows = [row for row in self.connection.execute(query) if self._may_be_ruled(row, admit=admit)]
        if not rows:
            return
        row = rows[pick % len(rows)]
        stretch = Stretch(row.chain, row.first_n, row.last_n)
        with self.connection.begin_nested():
            if admit:
                standing.settle(self.unit(), stretch, (HELD, REFUSED))
            else:
                standing.restand(self.unit(), stretch, (HELD,), REFUSED)
            ruling = ADMITTED if admit else TURNED_DOWN
            self.connection.execute(update(hold).where(hold.c.id == row.id).values(ruling=ruling))
        ids = {h[:16].hex() for h, _ in self._of(stretch)}
        (self.admitted.update if admit else self.admitted.difference_update)(ids)

    def _may_be_ruled(self, row: Row[Any], *, admit: bool) -> bool:
        entries = self._of(Stretch(row.chain, row.first_n, row.last_n))
        if admit:
            return row.ruling != ADMITTED and not any(never_counts(decode(body)) for _, body in entries)
        return row.ruling is None

    def _of(self, stretch: Stretch) -> list[tuple[bytes, bytes]]:
        """(hash, line) of every entry of a stretch that was not erased."""
        query = select(journal.c.h, journal.c.body).where(journal.c.chain == stretch.chain, journal.c.state != ERASED)
        query = query.where(journal.c.n.between(stretch.first, stretch.last))
        return [(row.h, row.body) for row in self.connection.execute(query)]

    def admit_all(self) -> None:
        """The county lets everything count that was held, except what never may."""
        with self.connection.begin_nested():
            for known in self._foreign():
                query = select(journal.c.n, journal.c.body, journal.c.h).where(journal.c.chain == known.id)
                for n, body, h in self.connection.execute(query.where(journal.c.state.in_((HELD, REFUSED)))).all():
                    if not never_counts(decode(body)):
                        standing.restand(self.unit(), Stretch(known.id, n, n), (HELD, REFUSED), ACCEPTED)
                        self.admitted.add(h[:16].hex())

    def withdraw(self, pick: int, first: int) -> None:
        """Take the end of some chain back; never of the county's own, whose erasures are final."""
        chains = [known for known in self._foreign() if known.school != COUNTY]
        if not chains:
            return
        known = chains[pick % len(chains)]
        cut = standing.cut_of(self.connection, known.id)
        first = 1 + first % max(known.last_n, 1)
        if known.last_n == 0 or (cut is not None and cut <= first):
            return
        row = {"chain": known.id, "first_n": first, "package_id": "", "reason": "", "account": "", "at": 0}
        with self.connection.begin_nested():
            self.connection.execute(insert(withdrawal), [row])
            standing.restand(self.unit(), Stretch(known.id, first, known.last_n), (ACCEPTED,), WITHDRAWN)
            standing.settle(self.unit(), Stretch(known.id, first, known.last_n), (REVOKED,))

    def rejoin(self) -> None:
        """Everything that was taken back returns."""
        with self.connection.begin_nested():
            self.connection.execute(update(withdrawal).values(undone_at=1, undone_by="县"))
            for known in self._foreign():
                standing.settle(self.unit(), Stretch(known.id, 1, known.last_n), (WITHDRAWN,))

    def revoke(self, device: str, pick: int, upto: int) -> None:
        """Trust a device up to an entry of one of its chains, and all of the others."""
        chains = [known for known in self._foreign() if known.dev == device and known.last_n]
        if not chains or device in self.trusted:
            return
        cuts: dict[str, tuple[int, str]] = {}
        self.trusted[device] = set()
        for number, known in enumerate(chains):
            query = select(journal.c.n, journal.c.h).where(journal.c.chain == known.id).order_by(journal.c.n)
            links = self.connection.execute(query).all()
            links = links[: 1 + upto % len(links)] if number == pick % len(chains) else links
            cuts[known.ep] = links[-1].n, links[-1].h.hex()
            self.trusted[device].update(link.h[:16].hex() for link in links)
        row = {"device": device, "cuts": json.dumps(cuts), "reason": "", "account": "", "at": 0}
        with self.connection.begin_nested():
            self.connection.execute(insert(revocation), [row])
            stand_anew(self.unit(), device)

    def reinstate(self) -> None:
        """Every device is trusted again."""
        with self.connection.begin_nested():
            self.connection.execute(update(revocation).values(undone_at=1, undone_by="县"))
            for device in self.trusted:
                stand_anew(self.unit(), device)
        self.trusted.clear()

    def _foreign(self) -> list[Chain]:
        return sorted((known for known in book.chains(self.connection) if not known.own), key=lambda one: one.ep)

    def journal(self) -> dict[str, Held]:
        """id → how the entry stands."""
        found: dict[str, Held] = {}
        for h, state, body in self.connection.execute(select(journal.c.h, journal.c.state, journal.c.body)):
            held = found.setdefault(h[:16].hex(), Held(state, body, 0))
            held.places += 1
        return found

    def holes(self) -> int:
        """How many numbers lack between the first and the last entry of each chain."""
        numbers = select(func.max(journal.c.n) - func.min(journal.c.n) + 1 - func.count()).group_by(journal.c.chain)
        return sum(self.connection.execute(numbers).scalars())

    def readable(self) -> dict[str, Known]:
        """Everything here that was not erased, whatever its standing."""
        return {i: Known(i, decode(one.body)) for i, one in self.journal().items() if one.state != ERASED}

    def accepted(self) -> dict[str, Known]:
        return {i: Known(i, decode(one.body)) for i, one in self.journal().items() if one.state == ACCEPTED}

    def kept_aside(self) -> dict[Record, str]:
        """The records that only a package of a fork, or a branch that was set aside, speaks of: whose they are."""
        waits = [entry for packet in self.forked for *_, entry in packet.entries]
        there = {name: (one.state, decode(one.body)) for name, one in self.journal().items() if one.state != ERASED}
        aside = [entry for name, (state, entry) in there.items() if state == REFUSED and name in self.aside]
        counts = {(entry.ent, entry.uid) for state, entry in there.values() if state == ACCEPTED}
        found = {(entry.ent, entry.uid): entry.scope for entry in (*waits, *aside)}
        return {record: scope for record, scope in found.items() if record not in counts}

    def holds(self, author: Author) -> int:
        """How far it has the author's present line."""
        known = book.find_chain(self.connection, author.device, author.ep)
        if known is None or known.last_n > len(author.line) or not known.last_n:
            return 0
        return known.last_n if author.line[known.last_n - 1][1] == known.last_h else 0

    def digest(self) -> str:
        """The digest of all tables and conflicts, after they were recomputed and compared."""
        found = verify(self.connection)
        assert found.ok, found.differences
        return found.digest


def unshowable(entry: Entry) -> bool:
    """Whether a value is not of its column's type."""
    entity = BY_NAME.get(entry.ent)
    kinds = {name: int if spec.kind.integer else str for name, spec in entity.spec.fields.items()} if entity else {}
    return any(
        value is not None and not isinstance(value, kinds.get(name, object)) for name, value in entry.set.items()
    )


def never_counts(entry: Entry) -> bool:
    """Whether no county may admit an entry of a school."""
    return unshowable(entry) or entry.role == COUNTY or entry.ent == "school" or entry.op in (GRANT, ERASE)


def expected(accepted: Iterable[Known]) -> tuple[dict[Record, dict[str, Any]], set[tuple[str, str, str, str]]]:
    """What the naive reading of sync §2 says of every record we have a table for: rows, and open conflicts."""
    by_record: dict[Record, list[Known]] = defaultdict(list)
    for known in accepted:
        by_record[known.entry.ent, known.entry.uid].append(known)
    rows: dict[Record, dict[str, Any]] = {}
    conflicts: set[tuple[str, str, str, str]] = set()
    for (ent, uid), entries in by_record.items():
        if ent not in BY_NAME:
            continue
        said = naive(entries)
        rows[ent, uid] = {
            **{name: said.values.get(name) for name in BY_NAME[ent].spec.fields},
            "uid": uid, "scope": said.values.get(SCOPE) or _founder(left(entries)), "hidden": int(said.hidden),
        }  # fmt: skip
        conflicts |= {(ent, uid, name, json.dumps(sorted(said.leaves[name]))) for name in said.conflicts}
        if said.edited_after_void:
            conflicts.add((ent, uid, "*", "[]"))
    return rows, conflicts


def _founder(entries: Iterable[Known]) -> str:
    """The school of the entry that made the record: a put that replaces nothing; of several the least in rank.

    Of a record that was erased from it is the one that the erasure names.
    """

    def order(known: Known) -> tuple[Any, ...]:
        entry = known.entry
        return (
            entry.op != ERASE,
            entry.op != "put",
            bool(entry.base),
            AUTHORITY[entry.role],
            entry.at,
            entry.dev,
            known.id,
        )

    first = min(entries, key=order).entry
    return str(first.set[SCOPE]) if first.op == ERASE else first.scope


def shown(connection: Connection, entities: Iterable[str]) -> dict[Record, dict[str, Any]]:
    """The rows of these tables as they stand."""
    found = {}
    for ent in entities:
        for row in connection.execute(select(BY_NAME[ent].__table__)).mappings():
            found[ent, row["uid"]] = dict(row)
    return found


def open_conflicts(connection: Connection) -> set[tuple[str, str, str, str]]:
    """The list of conflicts as it stands."""
    query = select(conflict.c.ent, conflict.c.uid, conflict.c.field, conflict.c.ids)
    return {(row.ent, row.uid, row.field, row.ids) for row in connection.execute(query)}
