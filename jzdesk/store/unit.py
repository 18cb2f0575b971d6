"""One unit of work: the only way to change a synchronised record, each change journaled in the same transaction."""

from __future__ import annotations

import os
from binascii import b2a_base64
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import count
from typing import NamedTuple

from sqlalchemy import Connection

from jzdesk.core.chain import chain_step
from jzdesk.core.clock import Clock
from jzdesk.core.erasure import erasure
from jzdesk.core.errors import UserError
from jzdesk.core.fields import Value
from jzdesk.core.ids import new_uid, new_uids
from jzdesk.core.merge import (
    BODY_LIMIT,
    ERASE,
    GRANT,
    SCOPE,
    Entry,
    Known,
    RecordState,
    changed_fields,
    encode,
    record_state,
)
from jzdesk.models import Record
from jzdesk.store import actions, erasing, journal, rows, search
from jzdesk.store.engine import SCHEMA

Entity = type[Record]
COUNTY = "county"
"""The scope of the county, which may write into every record."""


@dataclass(frozen=True, slots=True)
class Author:
    """Who writes: the account, the role of the station, and the scope (school or county code) it may write."""

    actor: str
    role: str
    scope: str


@dataclass(slots=True)
class Changes:
    """What a unit changed, so that views can refresh themselves."""

    entities: set[str] = field(default_factory=set)
    uids: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Deed:
    """What the transaction is, in words people know it by; without words it cannot be undone as one step.

    `kind` and `ref` as in `store.actions`; `number` is given when the transaction ends, None when it wrote nothing.
    """

    label: str = ""
    kind: str = actions.EDIT
    ref: int | None = None
    number: int | None = None


class _Change(NamedTuple):
    """What one entry says of its record."""

    uid: str
    set: Mapping[str, Value]
    base: dict[str, tuple[str, ...]]
    seen: tuple[str, ...] = ()


class Unit:
    """Collects changes of one transaction; `Store.write` opens and ends it. Not for use across threads."""

    def __init__(self, connection: Connection, author: Author, clock: Clock, label: str = "") -> None:
        self.author, self.clock, self.changes, self.deed = author, clock, Changes(), Deed(label)
        self._connection = connection
        self._chain = journal.own_chain(connection)
        self._n, self._h = self._chain.last_n, self._chain.last_h
        self._first_n = self._n + 1
        self._links: list[journal.Link] = []
        self._made_here: set[str] = set()
        self._touched: set[str] = set()
        clock.saw(self._chain.last_at)

    @property
    def connection(self) -> Connection:
        """The connection, with everything put so far written."""
        self.flush()
        return self._connection

    @property
    def mark(self) -> str:
        """Names the transaction before its action has a number: our chain and the first entry that it may write."""
        return f"{self._chain.id}-{self._first_n}"

    def add(self, entity: Entity, values: Mapping[str, Value], uid: str | None = None) -> str:
        """Record a new record and return its uid."""
        if not uid:
            uid = new_uid()
            self._made_here.add(uid)
        self._append(entity, "put", [_Change(uid, _told(values), {})])
        return uid

    def add_many(self, entity: Entity, rows: Iterable[Mapping[str, Value]]) -> list[str]:
        """Record many new records; the bulk way, one journal entry each."""
        listed = list(rows)
        uids = new_uids(len(listed))
        self.add_drawn(entity, dict(zip(uids, listed, strict=True)))
        return uids

    def add_drawn(self, entity: Entity, records: Mapping[str, Mapping[str, Value]]) -> None:
        """Record many new records under uids that `core.ids` has just drawn for them: nobody else can know these."""
        self._made_here.update(records)
        self._append(entity, "put", [_Change(uid, _told(values), {}) for uid, values in records.items()])

    def change(self, entity: Entity, uid: str, values: Mapping[str, Value], why: str = "") -> bool:
        """Record the fields that differ; False when nothing does. UserError when the record is unknown."""
        return self.change_many(entity, {uid: values}, why) == 1

    def change_many(self, entity: Entity, wanted: Mapping[str, Mapping[str, Value]], why: str = "") -> int:
        """Record changes of many records at once; returns how many really changed."""
        states = self.states(entity, wanted)
        changes = []
        for uid, values in wanted.items():
            state = states[uid]
            if differing := changed_fields(state.values, values):
                self._must_own(entity, (state,))
                changes.append(_Change(uid, differing, _bases(state, differing)))
        self._append(entity, "put", changes, why)
        return len(changes)

    def resolve(self, entity: Entity, uid: str, name: str, value: Value) -> None:
        """Settle a conflict: an entry that names every leaf of the field."""
        state = self.state(entity, uid)
        self._must_own(entity, (state,))
        self._append(entity, "resolve", [_Change(uid, {name: value}, _bases(state, {name: value}))])

    def void(self, entity: Entity, uid: str, why: str) -> None:
        """Hide a record, with the reason; everything known of it is named, so an unseen edit survives."""
        self.void_many(entity, (uid,), why)

    def void_many(self, entity: Entity, uids: Iterable[str], why: str) -> None:
        """Hide several records for one reason."""
        self._turn(entity, uids, "void", why)

    def restore(self, entity: Entity, uid: str) -> None:
        """Bring a hidden record back."""
        self.restore_many(entity, (uid,))

    def restore_many(self, entity: Entity, uids: Iterable[str]) -> None:
        """Bring several hidden records back."""
        self._turn(entity, uids, "restore", "")

    def grant_many(self, entity: Entity, uids: Iterable[str], scope: str, why: str) -> int:
        """Move the right to write these records to another school; returns how many moved. For the county alone."""
        states = self.states(entity, uids)
        moving = [
            _Change(uid, {SCOPE: scope}, _bases(state, {SCOPE: scope}))
            for uid, state in states.items()
            if state.scope != scope or SCOPE in state.conflicts
        ]
        self._append(entity, GRANT, moving, why)
        return len(moving)

    def erase(self, entity: Entity, uid: str, fields: Collection[str] | None, why: str) -> int:
        """Erase these fields of a record by law (None: all of it), for ever; how many entries go. For the county alone.

        Raises UserError (`core.erasure`).
        """
        connection, ent = self.connection, entity.__tablename__
        accepted = journal.known_entries(connection, ent, (uid,)).get(uid, [])
        plan = erasure(accepted, erasing.history(connection, ent, uid), fields, entity.spec.label)
        if plan is None:
            return 0
        self._append(entity, ERASE, [_Change(uid, plan.set, plan.base, plan.seen)], why)
        self.flush()
        return len(plan.seen)

    def _must_own(self, entity: Entity, states: Iterable[RecordState]) -> None:
        """Raises UserError for a record of another school, where the county would hold what we write, and for one of
        which an erasure by law left nothing."""
        states, author = list(states), self.author
        if any(state.gone for state in states):
            label = entity.spec.label
            raise UserError(f"这条{label}已依法删除，不能恢复或再改", "确需登记的，请重新登记一条。", label)
        if author.scope != COUNTY and any(state.scope != author.scope for state in states):
            label = entity.spec.label
            raise UserError(f"这条{label}归别的单位管理，本站只能查看", "需要改动时请联系现在的学校或县教育局。", label)

    def _turn(self, entity: Entity, uids: Iterable[str], op: str, why: str) -> None:
        found = self._known(entity, uids)
        self._must_own(entity, map(record_state, found.values()))
        seen = {uid: tuple(sorted(known.id for known in items)) for uid, items in found.items()}
        self._append(entity, op, [_Change(uid, {}, {}, ids) for uid, ids in seen.items()], why)

    def state(self, entity: Entity, uid: str) -> RecordState:
        """The state of one record; raises UserError when it is unknown."""
        return self.states(entity, (uid,))[uid]

    def states(self, entity: Entity, uids: Iterable[str]) -> dict[str, RecordState]:
        """The states of several records of one entity."""
        return {uid: record_state(known) for uid, known in self._known(entity, uids).items()}

    def accept(
        self,
        known: journal.Chain,
        links: Sequence[journal.Link],
        *,
        behind: bool = False,
        unknown: Collection[str] = frozenset(),
    ) -> None:
        """Append verified links of another station's chain; the caller has checked hashes, scope and order.

        `behind`: they lie before the head of the chain, withheld from us until now. `unknown`: as in `journal.append`.
        """
        self.flush()
        put = journal.fill if behind else journal.append
        touched = put(self._connection, known.id, links, unknown)
        for ent, uids in touched.items():
            self._note(ent, uids)

    def head(self, known: journal.Chain, n: int, h: bytes) -> None:
        """Move a foreign chain's head over entries withheld from us."""
        journal.set_head(self.connection, known.id, n, h)

    def restood(self, touched: Iterable[journal.Key]) -> None:
        """Take note of records whose entries changed their standing (`store.standing`)."""
        for ent, uid in touched:
            self._note(ent, (uid,))

    def flush(self) -> None:
        """Write what was collected."""
        if self._links:
            links, self._links = self._links, []
            made_here, self._made_here = self._made_here, set()
            journal.append(self._connection, self._chain.id, links, made_here)

    def finish(self) -> None:
        """Write what is left, and index the people touched: at once when they are few, else by `catch_up` later."""
        self.flush()
        self._note_deed()
        if not self._touched:
            return
        if len(self._touched) <= search.AT_ONCE:
            search.index(self._connection, sorted(self._touched))
        else:
            search.mark(self._connection, self._touched)

    def _note_deed(self) -> None:
        """Remember the action, so that it can be shown and taken back."""
        deed = self.deed
        if not deed.label or self._n < self._first_n:
            return
        deed.number = actions.note(
            self._connection,
            {
                "kind": deed.kind, "label": deed.label[:120], "account": self.author.actor, "chain": self._chain.id,
                "first_n": self._first_n, "last_n": self._n, "at": self.clock.tick(), "ref": deed.ref,
            },
        )  # fmt: skip
        if deed.kind == actions.UNDO and deed.ref is not None:
            actions.mark_undone(self._connection, deed.ref, deed.number)

    def _known(self, entity: Entity, uids: Iterable[str]) -> dict[str, list[Known]]:
        wanted = list(uids)
        found = journal.known_entries(self.connection, entity.__tablename__, wanted)
        if missing := [uid for uid in wanted if uid not in found]:
            label = entity.spec.label
            raise UserError(f"有 {len(missing)} 条{label}记录不存在", "请刷新页面后重试。", label)
        return found

    def _append(self, entity: Entity, op: str, changes: Sequence[_Change], why: str = "") -> None:
        """Make an entry of each change, extend the chain, and keep both until `flush`."""
        author, chain, ent = self.author, self._chain, entity.__tablename__
        times = count(self.clock.tick(len(changes)))
        for (uid, values, base, seen), at, salt in zip(changes, times, _salts(len(changes)), strict=False):
            entry = Entry(
                at=at, actor=author.actor, dev=chain.dev, ent=ent, ep=chain.ep, n=self._n + 1, op=op, role=author.role,
                salt=salt, scope=author.scope, sv=SCHEMA, uid=uid, base=base, seen=seen,
                set=dict(values) if op in (GRANT, ERASE) else _journaled(entity, values), why=why,
            )  # fmt: skip
            body = encode(entry)
            if len(body) > BODY_LIMIT:
                raise UserError("这条记录的内容太长，保存后无法上报", "请把长的文字缩短后再保存。", entity.spec.label)
            self._n += 1
            self._h = chain_step(self._h, body)
            self._links.append(journal.Link(self._n, self._h, body, entry))
        self._note(ent, [change.uid for change in changes])

    def _note(self, ent: str, uids: Collection[str]) -> None:
        if uids:
            self.changes.entities.add(ent)
            self.changes.uids.update(uids)
            if ent in search.SEARCHED:
                self._touched.update(uids)


def _salts(number: int) -> Iterator[str]:
    """Salts for so many entries: 16 bytes each, from one call to the system's random source."""
    pool = os.urandom(16 * number)
    return (b2a_base64(pool[begin : begin + 16], newline=False).decode() for begin in range(0, 16 * number, 16))


def _told(values: Mapping[str, Value]) -> Mapping[str, Value]:
    """What a new record says: nothing of the fields that are blank."""
    return {name: value for name, value in values.items() if value is not None} if None in values.values() else values


def _journaled(entity: Entity, values: Mapping[str, Value]) -> dict[str, Value]:
    """The values as the journal can keep them forever; TypeError for what no reader could read back."""
    if _keeps(entity.__tablename__, tuple(values), tuple(map(type, values.values()))):
        return dict(values)
    types = rows.value_types(entity.__tablename__)
    kept: dict[str, Value] = {}
    for name, value in values.items():
        if name not in types or not (value is None or isinstance(value, types[name])):
            raise TypeError(f"{entity.__tablename__}.{name} cannot be kept as {type(value).__name__}")
        kept[name] = int(value) if isinstance(value, bool) else value
    return kept


@lru_cache(maxsize=4096)
def _keeps(ent: str, names: tuple[str, ...], kinds: tuple[type, ...]) -> bool:
    """Whether values of exactly these types are kept as they are; most records of an import look alike."""
    types = rows.value_types(ent)
    return all(kind in (types.get(name), type(None)) and name in types for name, kind in zip(names, kinds, strict=True))


def _bases(state: RecordState, values: Mapping[str, Value]) -> dict[str, tuple[str, ...]]:
    return {name: state.leaves[name] for name in sorted(values) if name in state.leaves}
