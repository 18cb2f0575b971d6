"""What a change of the accepted set does to the records: counted by entity, and the first changes old → new.

It compares the state of each record from the entries that counted before with the state from those that count after:
the same pure function as everywhere (decision 1), so what is foretold is what happens. Memory does not grow.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

from sqlalchemy import Connection

from jzdesk.core.fields import EntitySpec, Value
from jzdesk.core.kinds import Reference
from jzdesk.core.merge import Known, RecordState, record_state
from jzdesk.core.slices import slices
from jzdesk.models import BY_NAME, SPECS
from jzdesk.services.ledger import code_names, titles
from jzdesk.services.telling import told_apart
from jzdesk.services.uncounted import moved_away
from jzdesk.store import standing
from jzdesk.store.standing import Placed, Stretch

LIMIT = 60  # changes of one entity that are listed one by one; all are counted
NEW, CHANGED, VOIDED, RESTORED, GONE, CLASH = "new", "changed", "voided", "restored", "gone", "clash"
LABELS = {NEW: "新增", CHANGED: "修改", VOIDED: "作废", RESTORED: "恢复", GONE: "消失", CLASH: "不同填法"}

Counts = Callable[[Placed], bool]
Naming = Callable[[str, Sequence[str]], Mapping[str, str]]


@dataclass(slots=True)
class EntityEffect:
    """What happens to the records of one entity, each counted once; `partial` ones are left without required fields.

    `opened` and `closed` are conflicts, one a field.
    """

    entity: str
    label: str
    new: int = 0
    changed: int = 0
    voided: int = 0
    restored: int = 0
    gone: int = 0
    partial: int = 0
    opened: int = 0
    closed: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """One line of what changes; `field_label` is empty when it is about the record as a whole.

    For a conflict that opens (`kind` "clash") `old` is the value shown afterwards and `new` what others wrote.
    """

    entity: str
    entity_label: str
    uid: str
    title: str
    kind: str
    field_label: str
    old: str
    new: str

    @property
    def kind_label(self) -> str:
        """The kind in Chinese."""
        return LABELS[self.kind]


@dataclass(frozen=True, slots=True)
class Effects:
    """What a change of the accepted set does; `changes` are the first `LIMIT` of each entity, `listed` counts
    all that could be listed.

    `payments` counts payments that appear, change or go, `fen` what the sum of all payments moves by. `moved` counts
    the children concerned whose file is with another school by now: that school follows with its next receipt.
    """

    entities: tuple[EntityEffect, ...] = ()
    changes: tuple[Change, ...] = ()
    listed: int = 0
    payments: int = 0
    fen: int = 0
    moved: int = 0

    def total(self, name: str) -> int:
        """A count over all entities."""
        return sum(int(getattr(one, name)) for one in self.entities)


class _Turn(NamedTuple):
    """One record before and after; None where there is none. `clashes`: field → values, of conflicts that open."""

    uid: str
    before: RecordState | None
    after: RecordState | None
    partial: bool
    clashes: dict[str, tuple[Value, ...]]


class _Where(NamedTuple):
    """A block of one of the stretches: which one, and the number it begins with."""

    stretches: Sequence[Stretch]
    states: Collection[int]
    place: int
    first: int

    def first_touches(self, placed: Iterable[Placed]) -> bool:
        """Whether none of the stretches touches the record in an earlier block."""
        touching = (
            (place, one.n)
            for one in placed if one.state in self.states
            for place, stretch in enumerate(self.stretches) if stretch.holds(one)
        )  # fmt: skip
        return min(touching) >= (self.place, self.first)


class _Told(NamedTuple):
    """A change to be listed; `name` is a field, or "" for the whole record."""

    turn: _Turn
    kind: str
    name: str


class Tally:
    """Adds up what happens record by record, and tells it at the end.

    `naming(entity, uids)` gives the titles of records, for the lines that are listed.
    """

    def __init__(self, connection: Connection, naming: Naming) -> None:
        self._connection, self._naming = connection, naming
        self._by_ent: dict[str, EntityEffect] = {}
        self._told: dict[str, list[_Told]] = defaultdict(list)
        self._listed = self._payments = self._fen = 0

    def add(self, ent: str, uid: str, was: Sequence[Known], becomes: Sequence[Known]) -> None:
        """One record, from the entries that counted of it to those that will."""
        old, new = (record_state(known) if known else None for known in (was, becomes))
        partly = _lacking(ent, new) and not _lacking(ent, old)
        self._note(ent, _Turn(uid, old, new, partly, _clashes(old, new, becomes)))

    def _note(self, ent: str, turn: _Turn) -> None:
        effect = self._by_ent.setdefault(ent, EntityEffect(ent, SPECS[ent].label))
        kind = _kind(turn)
        if kind:
            setattr(effect, kind, getattr(effect, kind) + 1)
        effect.partial += turn.partial
        old, new = _conflicts(turn.before), _conflicts(turn.after)
        effect.opened += len(new - old)
        effect.closed += len(old - new)
        if kind and kind != NEW:
            self._tell(ent, turn, kind)
        if turn.clashes:
            self._tell(ent, turn, CLASH)
        if ent == "payment":
            self._payments += bool(kind)
            self._fen += _fen(turn.after) - _fen(turn.before)

    def _tell(self, ent: str, turn: _Turn, kind: str) -> None:
        """Keep the change to be listed, field by field, as long as there is room."""
        lines = [_Told(turn, kind, name) for name in _names(SPECS[ent], turn, kind)]
        self._listed += len(lines)
        room = self._told[ent]
        room += lines[: LIMIT - len(room)]

    def result(self) -> Effects:
        """What it came to."""
        entities = tuple(self._by_ent[ent] for ent in BY_NAME if ent in self._by_ent)
        changes = tuple(line for ent in BY_NAME for line in self._lines(ent, self._told.get(ent, ())))
        return Effects(entities, changes, self._listed, self._payments, self._fen)

    def _lines(self, ent: str, told: Sequence[_Told]) -> Iterator[Change]:
        spec = SPECS[ent]
        codes = code_names(self._connection, spec, [row for one in told for row in _rows(one.turn)])
        words = {**codes, **_references(self._naming, spec, [_values(one.turn) for one in told])}
        names = self._naming(ent, sorted({one.turn.uid for one in told}))
        for one in told:
            known = one.turn.after or one.turn.before
            title = names.get(one.turn.uid) or spec.title_of(known.values if known else {})
            yield _line(spec, one.turn, one.kind, one.name, title, words)


def effects(
    connection: Connection,
    stretches: Stretch | Sequence[Stretch],
    states: Collection[int],
    before: Counts,
    after: Counts,
    progress: Callable[[int], None] | None = None,
) -> Effects:
    """What it does when the entries that count are no longer `before` but `after`.

    They differ only in entries of these stretches that stand as one of `states` now; `progress` hears how many
    entries have been looked at.
    """
    tally, done = Tally(connection, partial(titles, connection)), 0
    listed = [stretches] if isinstance(stretches, Stretch) else list(stretches)
    for place, block in ((place, block) for place, stretch in enumerate(listed) for block in stretch.blocks()):
        for ent, uids in standing.touched(connection, block, states).items():
            if ent in BY_NAME:
                for part in slices(uids):
                    for uid, placed in _begun_in(connection, ent, part, _Where(listed, states, place, block.first)):
                        was = [one.known for one in placed if before(one)]
                        tally.add(ent, uid, was, [one.known for one in placed if after(one)])
        done += block.last - block.first + 1
        if progress:
            progress(done)
    return replace(tally.result(), moved=moved_away(connection, listed, states))


def _begun_in(
    connection: Connection, ent: str, uids: Sequence[str], where: _Where
) -> Iterator[tuple[str, list[Placed]]]:
    """Each record in the block where the stretches first touch it, so that none is counted twice."""
    for uid, placed in sorted(standing.histories(connection, ent, uids).items()):
        if where.first_touches(placed):
            yield uid, placed


def _clashes(
    old: RecordState | None, new: RecordState | None, entries: Sequence[Known]
) -> dict[str, tuple[Value, ...]]:
    """Field → the values that stand against each other, the shown one first, for each conflict that opens."""
    opened = sorted(_conflicts(new) - _conflicts(old) - {"*"})
    if new is None or not opened:
        return {}
    said = {known.id: known.entry.set for known in entries}
    return {name: tuple(dict.fromkeys(said[leaf][name] for leaf in new.leaves[name])) for name in opened}


def _lacking(ent: str, state: RecordState | None) -> bool:
    """Whether a record is there without something every record of its kind has."""
    return state is not None and any(
        spec.required and state.values.get(name) is None for name, spec in SPECS[ent].fields.items()
    )


def _kind(turn: _Turn) -> str:
    """What happens to the record, or "" when nobody would see a difference."""
    before, after = turn.before, turn.after
    if before is None or after is None:
        return NEW if after else GONE if before else ""
    if before.hidden != after.hidden:
        return VOIDED if after.hidden else RESTORED
    names = before.values.keys() | after.values.keys()
    return CHANGED if any(before.values.get(name) != after.values.get(name) for name in names) else ""


def _conflicts(state: RecordState | None) -> set[str]:
    """Fields with open conflicts; `*` is an edit that met a void."""
    if state is None:
        return set()
    return {*state.conflicts, *(("*",) if state.edited_after_void else ())}


def _fen(state: RecordState | None) -> int:
    return 0 if state is None or state.hidden else int(state.values.get("fen") or 0)


def _names(spec: EntitySpec, turn: _Turn, kind: str) -> list[str]:
    """Fields that differ, or "" for a change of the whole record."""
    if kind == CLASH:
        return [name for name in turn.clashes if name in spec.fields]
    if kind != CHANGED or turn.before is None or turn.after is None:
        return [""]
    old, new = turn.before.values, turn.after.values
    return [name for name in spec.fields if old.get(name) != new.get(name)]


def _values(turn: _Turn) -> Iterator[tuple[str, Value]]:
    for row in _rows(turn):
        yield from row.items()


def _rows(turn: _Turn) -> Iterator[Mapping[str, Value]]:
    """All values that a line about it may show."""
    yield from (state.values for state in (turn.before, turn.after) if state is not None)
    yield from ({name: value} for name, values in turn.clashes.items() for value in values)


def _references(naming: Naming, spec: EntitySpec, values: Iterable[Iterable[tuple[str, Value]]]) -> Mapping[str, str]:
    """uid → title of what these values refer to."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for name, value in (pair for pairs in values for pair in pairs):
        known = spec.fields.get(name)
        if value and known is not None and isinstance(known.kind, Reference):
            wanted[known.kind.entity].add(str(value))
    found: dict[str, str] = {}
    for entity, uids in wanted.items():
        found |= naming(entity, sorted(uids))
    return found


def _line(spec: EntitySpec, turn: _Turn, kind: str, name: str, title: str, words: Mapping[str, str]) -> Change:
    if not name:
        return Change(spec.name, spec.label, turn.uid, title, kind, "", "", "")
    known = spec.fields[name]
    if kind == CLASH:
        ours, *others = (text or "（空）" for text in told_apart(known, turn.clashes[name], words))
        return Change(spec.name, spec.label, turn.uid, title, kind, known.label, ours, "／".join(others))
    values = [state.values.get(name) if state else None for state in (turn.before, turn.after)]
    old, new = told_apart(known, values, words)
    return Change(spec.name, spec.label, turn.uid, title, kind, known.label, old, new)
