"""What was done here, one action a transaction, and how an action is taken back: by new entries, never by erasing.

An undo voids what the action made and puts back what it changed. It is an action itself, so it can be undone. Nothing
is undone behind somebody's back: what was built on an action since (`dependents`) must be undone or changed first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Connection, Row, insert, select, update

from jzdesk.core.errors import UserError
from jzdesk.core.fields import Value
from jzdesk.core.kinds import Reference
from jzdesk.core.merge import Entry, Known, record_state
from jzdesk.core.slices import slices
from jzdesk.models import BY_NAME
from jzdesk.store import journal
from jzdesk.store.tables import action
from jzdesk.store.tables import journal as journal_table

if TYPE_CHECKING:
    from jzdesk.store.unit import Unit

EDIT, IMPORT, UNDO = "edit", "import", "undo"


class Action(NamedTuple):
    """Entries `first_n` to `last_n` of our chain, under the words people know them by; `ref` as in the table."""

    id: int
    kind: str
    label: str
    account: str
    chain: int
    first_n: int
    last_n: int
    at: int
    ref: int | None
    undone_by: int | None


class Dependent(NamedTuple):
    """A record in the way of an undo: `how` is "edited" (changed since) or "refers" (points to what was made)."""

    ent: str
    uid: str
    how: str


@dataclass(frozen=True, slots=True)
class _Record:
    """One record an action touched: the entries of the action, those before it that count, those after it."""

    ent: str
    uid: str
    done: tuple[Known, ...]
    before: tuple[Known, ...]
    after: tuple[Known, ...]

    @property
    def made(self) -> bool:
        """Whether the action made the record."""
        return not self.before

    def touched(self) -> set[str]:
        """Fields the action set."""
        return {name for known in self.done for name in known.entry.set}


_NOTE = insert(action)


def note(connection: Connection, values: dict[str, object]) -> int:
    """Remember an action; returns its number."""
    made = connection.execute(_NOTE, values).inserted_primary_key
    assert made is not None
    return int(made[0])


def recent(connection: Connection, limit: int = 50) -> list[Action]:
    """The newest actions first, undone ones and undos among them."""
    query = select(action).order_by(action.c.id.desc()).limit(limit)
    return [_as_action(row) for row in connection.execute(query)]


def find(connection: Connection, number: int) -> Action:
    """One action; raises UserError."""
    row = connection.execute(select(action).where(action.c.id == number)).first()
    if row is None:
        raise UserError("找不到要撤销的这一步", "请刷新页面后重试。", "撤销")
    return _as_action(row)


def of_import(connection: Connection, run: int) -> Action | None:
    """The action of an import; None when it wrote nothing."""
    query = select(action).where(action.c.kind == IMPORT, action.c.ref == run)
    row = connection.execute(query).first()
    return _as_action(row) if row else None


def _as_action(row: Row[Any]) -> Action:
    return Action(*(row._mapping[name] for name in Action._fields))


def dependents(connection: Connection, taken: Action) -> list[Dependent]:
    """What has been built on an action since, and so stands in the way of undoing it."""
    records = list(_records(connection, taken))
    found = [Dependent(record.ent, record.uid, "edited") for record in records if _is_built_on(record)]
    return [*found, *_referring(connection, records)]


def undo(unit: Unit, taken: Action) -> int:
    """Take an action back within the caller's transaction; returns how many records. Raises UserError."""
    if taken.undone_by is not None:
        raise UserError("这一步已经撤销过了", "需要时可以撤销那次“撤销”。", taken.label)
    connection = unit.connection
    if built := dependents(connection, taken):
        raise UserError(
            f"这一步之后又有 {len(built)} 处改动以它为基础，不能直接撤销", "请先撤销或改回后来的那些改动。", taken.label
        )
    records = list(_records(connection, taken))
    for ent, group in _by_entity(records).items():
        _undo_entity(unit, ent, group, f"撤销：{taken.label}")
    return len(records)


def mark_undone(connection: Connection, number: int, by: int) -> None:
    """Note that an action is undone by another; an undo that is undone brings back what it had taken back."""
    _set_undone(connection, number, by)
    taken = find(connection, number)
    if taken.kind == UNDO and taken.ref is not None:
        _revive(connection, taken.ref)


def _revive(connection: Connection, number: int) -> None:
    _set_undone(connection, number, None)
    alive = find(connection, number)
    if alive.kind == UNDO and alive.ref is not None:
        mark_undone(connection, alive.ref, alive.id)


def _set_undone(connection: Connection, number: int, by: int | None) -> None:
    connection.execute(update(action).where(action.c.id == number).values(undone_by=by))


def _by_entity(records: Iterable[_Record]) -> dict[str, list[_Record]]:
    found: dict[str, list[_Record]] = defaultdict(list)
    for record in records:
        found[record.ent].append(record)
    return found


def _undo_entity(unit: Unit, ent: str, records: Sequence[_Record], why: str) -> None:
    entity = BY_NAME[ent]
    wanted = {record.uid: _values_before(record) for record in records if not record.made and record.touched()}
    unit.change_many(entity, wanted, why)
    to_void: list[str] = []
    to_restore: list[str] = []
    for record in records:
        was = not record.made and record_state(record.before).hidden
        now = record_state((*record.before, *record.done)).hidden
        if was != now and not record.made:
            (to_void if was else to_restore).append(record.uid)
        elif record.made and not now:
            to_void.append(record.uid)
    unit.void_many(entity, to_void, why)
    unit.restore_many(entity, to_restore)


def _values_before(record: _Record) -> dict[str, Value]:
    """The values that the fields set by the action had before it."""
    before = record_state(record.before).values
    return {name: before.get(name) for name in record.touched()}


def _is_built_on(record: _Record) -> bool:
    """Whether somebody changed what the action made or set."""
    fields = record.touched()
    return any(record.made or known.entry.op != "put" or fields & known.entry.set.keys() for known in record.after)


def _records(connection: Connection, taken: Action) -> Iterator[_Record]:
    """Every record the action touched, with what came before and after; undone actions do not count."""
    query = select(journal_table.c.ent, journal_table.c.uid).where(
        journal_table.c.chain == taken.chain,
        journal_table.c.n >= taken.first_n,
        journal_table.c.n <= taken.last_n,
    )
    by_ent: dict[str, set[str]] = defaultdict(set)
    for ent, uid in connection.execute(query):
        by_ent[ent].add(uid)
    own, dead = journal.chain_of(connection, taken.chain), _dead(connection, taken)
    for ent, uids in by_ent.items():
        for uid, known in sorted(journal.known_entries(connection, ent, uids).items()):
            yield _sorted_out(ent, uid, known, taken, own, dead)


def _sorted_out(
    ent: str, uid: str, known: Sequence[Known], taken: Action, own: journal.Chain, dead: Sequence[range]
) -> _Record:
    done, before, after = [], [], []
    ids = {item.id for item in known if _number(item.entry, own) in range(taken.first_n, taken.last_n + 1)}
    for item in known:
        number = _number(item.entry, own)
        if item.id in ids:
            done.append(item)
        elif number is not None and any(number in stretch for stretch in dead):
            continue
        elif (number or 0) > taken.last_n or _follows(item.entry, ids):
            after.append(item)
        else:
            before.append(item)
    return _Record(ent, uid, tuple(done), tuple(before), tuple(after))


def _number(entry: Entry, own: journal.Chain) -> int | None:
    """The entry's number in our chain; None when it is of another."""
    return entry.n if (entry.dev, entry.ep) == (own.dev, own.ep) else None


def _follows(entry: Entry, ids: set[str]) -> bool:
    """Whether another station's entry was made knowing one of these."""
    return bool(ids.intersection(entry.seen)) or any(ids.intersection(named) for named in entry.base.values())


def _dead(connection: Connection, taken: Action) -> list[range]:
    """Stretches of the chain that count for nothing: actions undone, and the undos that undid them."""
    query = select(action.c.id, action.c.first_n, action.c.last_n, action.c.undone_by)
    rows = connection.execute(query.where(action.c.chain == taken.chain)).all()
    gone: set[int] = set()
    for row in rows:
        if row.undone_by not in (None, taken.id):  # what `taken` itself undid counts as it did before it
            gone |= {row.id, row.undone_by}
    return [range(row.first_n, row.last_n + 1) for row in rows if row.id in gone]


def _referring(connection: Connection, records: Sequence[_Record]) -> list[Dependent]:
    """Records in use that point to one of those made, and will still do so when the action is taken back."""
    made = {(record.ent, record.uid) for record in records if record.made}
    put_back = {(record.ent, record.uid, name) for record in records for name in record.touched()}
    found: dict[Dependent, None] = {}
    for entity in BY_NAME.values():
        ent = entity.__tablename__
        for name, spec in entity.spec.fields.items():
            if isinstance(spec.kind, Reference):
                wanted = sorted(uid for kind, uid in made if kind == spec.kind.entity)
                for uid in _pointing(connection, ent, name, wanted):
                    if (ent, uid) not in made and (ent, uid, name) not in put_back:
                        found[Dependent(ent, uid, "refers")] = None
    return list(found)


def _pointing(connection: Connection, ent: str, name: str, wanted: Sequence[str]) -> Iterator[str]:
    table = BY_NAME[ent].__table__
    for part in slices(wanted):
        query = select(table.c.uid).where(table.c[name].in_(part), table.c.hidden == 0)
        yield from connection.execute(query).scalars()
