"""The generic ledger: any registered entity listed, shown, saved, voided and restored from its field specs alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, func, or_, select

from jzdesk.core.clock import moment
from jzdesk.core.errors import UserError
from jzdesk.core.fields import EntitySpec, FieldSpec, Value
from jzdesk.core.kinds import OpenCode, Reference
from jzdesk.core.merge import ERASE, GRANT, SCOPE, Entry
from jzdesk.core.slices import slices
from jzdesk.models import BY_NAME, SPECS
from jzdesk.services.context import COUNTY_SCOPE, Context
from jzdesk.services.forms import FormProblems, understood
from jzdesk.services.sync_state import sync_states
from jzdesk.store import erasing, journal
from jzdesk.store.unit import Changes

ERASED = "（已依法删除）"
"""What a record goes by of which nothing is left that could name it."""

OPS = {"put": "填写", "void": "作废", "restore": "恢复", "resolve": "裁定", GRANT: "移交", ERASE: "依法删除"}
_ROLES = {"school": "学校", "township": "乡镇中心学校", "county": "县教育局"}


@dataclass(frozen=True, slots=True)
class Query:
    """Which records, in which order; `text` searches the fields marked for search, `school` is a code."""

    entity: str
    text: str = ""
    filters: Mapping[str, Value] = field(default_factory=dict)
    order: tuple[str, ...] = ()
    descending: bool = False
    hidden: bool = False
    school: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One record: stored values, and the display text of every field (labels, masked, references as titles).

    `travel` says how far it has travelled to the county, where that was asked for, `school` whose record it is, where
    there are those of several. `erased`: all of it was erased by law, and nothing of it can be brought back.
    """

    uid: str
    values: dict[str, Value]
    shown: dict[str, str]
    travel: str = ""
    school: str = ""
    erased: bool = False


@dataclass(frozen=True, slots=True)
class Saved:
    """A record was saved under `uid`; `changed` is False when nothing differed."""

    uid: str
    changed: bool
    changes: Changes


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One change of one field: when, who, on which kind of station, what, from what, to what."""

    when: str
    who: str
    station: str
    what: str
    old: str
    new: str


class LedgerService:
    """Lists and edits records of any entity."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.specs: Mapping[str, EntitySpec] = SPECS

    def ids(self, query: Query) -> list[str]:
        """uids of all records that match, in order."""
        with self._context.read() as connection:
            return list(connection.execute(self._listing(query)).scalars())

    def first(self, query: Query, most: int) -> list[str]:
        """The first of `ids`: of long lists in their usual order found school by school, without the rest."""
        with self._context.read() as connection:
            if query == Query(query.entity) and "scope" in self._usual_order(query.entity):
                return list(islice(self._by_school(connection, query, most), most))
            return list(connection.execute(self._listing(query).limit(most)).scalars())

    def _by_school(self, connection: Connection, query: Query, most: int) -> Iterator[str]:
        """uids of one school after the other, as in the usual order, at most so many of each."""
        scope, school = _table(query.entity).c.scope, ""
        while school := connection.execute(select(func.min(scope)).where(scope > school)).scalar_one() or "":
            yield from connection.execute(self._listing(replace(query, school=school)).limit(most)).scalars()

    def _listing(self, query: Query) -> Select[Any]:
        table = _table(query.entity)
        order = [_sorting(table, query.entity, name) for name in query.order or self._usual_order(query.entity)]
        statement = select(table.c.uid).where(*_conditions(table, query))
        if self._context.info.kind != "county" and SPECS[query.entity].owner == "school":
            statement = statement.where(table.c.scope == self._context.author.scope)  # without files of other schools
        turned = ((column.desc() if query.descending else column) for column in order)
        return statement.order_by(*turned, table.c.uid)  # like everywhere, whatever the database

    def _usual_order(self, entity: str) -> tuple[str, ...]:
        """By title; where there are those of several schools, school by school."""
        spec, kind = SPECS[entity], self._context.info.kind
        title = spec.title or ("uid",)
        return title if kind != "county" or spec.owner == "county" else ("scope", *title)

    def rows(self, entity: str, uids: Sequence[str]) -> list[Row]:
        """Records by uid, in the order asked; unknown uids are left out."""
        with self._context.read() as connection:
            return rows(connection, entity, uids)

    def page(self, entity: str, uids: Sequence[str]) -> list[Row]:
        """The same with how far each has travelled, at the county whose it is, for as many as are looked at."""
        with self._context.read() as connection:
            found = rows(connection, entity, uids)
            if self._context.info.kind == "county":
                names = {} if SPECS[entity].owner == "county" else schools(connection)
                return [replace(row, school=names.get(str(row.values["scope"]), "")) for row in found]
            states: dict[str, str] = {}
            for part in slices(uids):
                states |= sync_states(connection, entity, part)
        return [replace(row, travel=states.get(row.uid, "")) for row in found]

    def schools(self) -> list[tuple[str, str]]:
        """(code, name) of the schools whose records a county's ledger holds, by name."""
        with self._context.read() as connection:
            return list(schools(connection).items())

    def record(self, entity: str, uid: str) -> Row:
        """One record; raises UserError when it does not exist."""
        found = self.page(entity, (uid,))
        if not found:
            raise UserError("这条记录不存在", "请刷新页面后重试。", SPECS[entity].label)
        return found[0]

    def choices(self, entity: str, text: str = "", limit: int = 50) -> list[tuple[str, str]]:
        """(uid, title) of records a reference can point to; of `entity.code` the code takes the place of the uid."""
        entity, _, by_code = entity.partition(".")
        uids, table = self.first(Query(entity, text), limit), _table(entity)
        coded = select(table.c.uid, table.c["code" if by_code else "uid"]).where(table.c.uid.in_(uids))
        with self._context.read() as connection:
            found, codes = titles(connection, entity, uids), dict(connection.execute(coded).all())
        return [(codes[uid], found[uid]) for uid in uids]

    def title(self, entity: str, uid: str) -> str:
        """What a record goes by; "" when it is not here."""
        with self._context.read() as connection:
            return titles(connection, entity, (uid,)).get(uid, "")

    def check(self, entity: str, values: Mapping[str, object]) -> dict[str, str]:
        """Field name → sentence, for everything that cannot be saved as it is."""
        good, bad = understood(SPECS[entity], values)
        return SPECS[entity].problems(good) | bad

    def save(self, entity: str, values: Mapping[str, object], uid: str | None = None) -> Saved:
        """Save a new record, or the fields of an old one that differ; raises FormProblems."""
        record = BY_NAME[entity]
        self.must_write(entity)
        with self._context.write(f"{'修改' if uid else '新增'}{record.label}") as unit:
            before = unit.state(record, uid).values if uid else {}
            good, bad = understood(record.spec, values, before)
            if problems := record.spec.problems({**before, **good}) | bad:
                raise FormProblems(problems, record.label)
            if uid is None:
                return Saved(unit.add(record, good), True, unit.changes)
            return Saved(uid, unit.change(record, uid, good), unit.changes)

    def void(self, entity: str, uid: str, reason: str) -> Changes:
        """作废: hide the record, with the reason; nothing is erased."""
        if not reason.strip():
            raise UserError("作废没有写明理由", "请写一句理由，例如“重复录入”。", SPECS[entity].label)
        self.must_write(entity)
        with self._context.write(f"作废{SPECS[entity].label}") as unit:
            unit.void(BY_NAME[entity], uid, reason.strip())
        return unit.changes

    def restore(self, entity: str, uid: str) -> Changes:
        """Undo 作废."""
        self.must_write(entity)
        with self._context.write(f"恢复{SPECS[entity].label}") as unit:
            unit.restore(BY_NAME[entity], uid)
        return unit.changes

    def history(self, entity: str, uid: str) -> list[HistoryLine]:
        """Every change of the record, newest first."""
        with self._context.read() as connection:
            known = journal.known_entries(connection, entity, (uid,)).get(uid, [])
            references = mentioned(connection, SPECS[entity], [item.entry.set for item in known])
        entries = sorted((item.entry for item in known), key=lambda entry: entry.at)
        return _history(SPECS[entity], entries, references)[::-1]

    def draft_keys(self) -> set[str]:
        """The forms that were left unfinished."""
        return self._context.store.draft_keys()

    def load_draft(self, key: str) -> dict[str, Any] | None:
        """What was typed and not saved."""
        return self._context.store.load_draft(key)

    def save_draft(self, key: str, values: dict[str, Any] | None) -> None:
        """Keep, or with None forget, what is being typed."""
        self._context.store.save_draft(key, values)

    def may_write(self, entity: str) -> bool:
        """Whether this station may change records of the entity from its ledger."""
        record = BY_NAME[entity]
        return not record.managed and (record.owner == "school" or self._context.info.kind == "county")

    def must_write(self, entity: str) -> None:
        """Raises UserError, with the place to go, when this station may not change records of the entity here."""
        record = BY_NAME[entity]
        if self.may_write(entity):
            return
        if record.managed:
            page = record.managed
            raise UserError(f"{record.label}由“{page}”页办理，台账里只能查看", f"请到“{page}”页操作。")
        raise UserError(f"{record.label}由县教育局维护，本站只能查看", "需要改动时请联系县教育局。")


def _table(entity: str) -> Table:
    table = BY_NAME[entity].__table__
    assert isinstance(table, Table)
    return table


def _sorting(table: Table, entity: str, name: str) -> ColumnElement[Any]:
    """What a column is sorted by: itself; a reference by the first field of the title of what it refers to."""
    kind = SPECS[entity][name].kind if name in SPECS[entity].fields else None
    if not isinstance(kind, Reference) or not SPECS[kind.entity].title:
        return table.c[name]
    other = _table(kind.entity).alias()
    return select(other.c[SPECS[kind.entity].title[0]]).where(other.c.uid == table.c[name]).scalar_subquery()


def _conditions(table: Table, query: Query) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [table.c.hidden == int(query.hidden)]
    found += [table.c[name] == value for name, value in query.filters.items() if value is not None]
    if query.school:
        found.append(table.c.scope == query.school)
    if words := query.text.split():
        searched = [table.c[spec.name] for spec in SPECS[query.entity] if spec.search]
        found += [or_(*(column.contains(word, autoescape=True) for column in searched)) for word in words if searched]
    return [and_(*found)] if found else []


def rows(connection: Connection, entity: str, uids: Sequence[str]) -> list[Row]:
    """As `LedgerService.rows`, within an open connection."""
    table, spec = _table(entity), SPECS[entity]
    found: dict[str, dict[str, Value]] = {}
    for part in slices(uids):
        query = select(table).where(table.c.uid.in_(part))
        for row in connection.execute(query).mappings():
            found[row["uid"]] = dict(row)
    references = mentioned(connection, spec, found.values())
    gone = erasing.among(connection, [uid for uid, row in found.items() if _is_blank(spec, row)])
    return [_row(spec, uid, found[uid], references, erased=uid in gone) for uid in uids if uid in found]


def _row(spec: EntitySpec, uid: str, values: dict[str, Value], references: Mapping[str, str], *, erased: bool) -> Row:
    told = {name: shown(field, values[name], references) for name, field in spec.fields.items()}
    if erased and (plain := _plain_column(spec)):
        told[plain] = ERASED.strip("（）")
    return Row(uid, values, told, erased=erased)


def _plain_column(spec: EntitySpec) -> str:
    """The first column of the table that shows what is typed: of an erased record it says why the line is empty."""
    columns = spec.columns() or list(spec)
    return next((one.name for one in columns if not one.sensitive and not isinstance(one.kind, Reference)), "")


def _is_blank(spec: EntitySpec, row: Mapping[str, Value]) -> bool:
    """Whether there is nothing in the record, and it does not count."""
    return bool(row["hidden"]) and all(row[name] is None for name in spec.fields)


def schools(connection: Connection) -> dict[str, str]:
    """School code → name, by name."""
    table = _table("school")
    query = select(table.c.code, table.c.name).where(table.c.hidden == 0).order_by(table.c.name)
    return {row.code: row.name or row.code for row in connection.execute(query)}


def shown(spec: FieldSpec, value: Value, references: Mapping[str, str]) -> str:
    """The display text of a field; references as titles, sensitive values masked."""
    if isinstance(spec.kind, Reference):
        return references.get(str(value), "（未到）") if value else ""
    if isinstance(spec.kind, OpenCode) and value in references:
        return references[str(value)]
    return spec.masked(value)


def mentioned(connection: Connection, spec: EntitySpec, values: Iterable[Mapping[str, Value]]) -> dict[str, str]:
    """uid → title of every record the values refer to, and code → name of what they name by a code."""
    values = list(values)
    wanted: dict[str, set[str]] = defaultdict(set)
    fields = [(name, field.kind.entity) for name, field in spec.fields.items() if isinstance(field.kind, Reference)]
    for row in values:
        for name, entity in fields:
            if uid := row.get(name):
                wanted[entity].add(str(uid))
    found = code_names(connection, spec, values)
    for entity, uids in wanted.items():
        found |= titles(connection, entity, sorted(uids))
    return found


def code_names(connection: Connection, spec: EntitySpec, values: Iterable[Mapping[str, Value]]) -> dict[str, str]:
    """Code → name, of the codes that other ledgers have the names of."""
    found: dict[str, str] = {}
    kinds = {name: known.kind for name, known in spec.fields.items()}
    for name, kind in kinds.items():
        if isinstance(kind, OpenCode) and kind.entity:
            table, codes = _table(kind.entity), {str(row[name]) for row in values if row.get(name)}
            for part in slices(sorted(codes)):
                query = select(table.c.code, table.c.name).where(table.c.code.in_(part), table.c.hidden == 0)
                found |= {row.code: row.name for row in connection.execute(query) if row.name}
    return found


def titles(connection: Connection, entity: str, uids: Sequence[str]) -> dict[str, str]:
    """uid → the words that identify a record to people; references within a title are followed."""
    table, spec = _table(entity), SPECS[entity]
    columns = [table.c.uid, *(table.c[name] for name in spec.title)]
    found: dict[str, dict[str, Value]] = {}
    for part in slices(uids):
        query = select(*columns).where(table.c.uid.in_(part))
        found |= {row["uid"]: dict(row) for row in connection.execute(query).mappings()}
    inner = mentioned(connection, spec, found.values())
    words = {
        uid: " ".join(filter(None, (shown(spec[name], row[name], inner) for name in spec.title)))
        for uid, row in found.items()
    }
    gone = erasing.among(connection, [uid for uid, said in words.items() if not said])
    return {uid: said or (ERASED if uid in gone else spec.label) for uid, said in words.items()}


def _history(spec: EntitySpec, entries: Sequence[Entry], references: Mapping[str, str]) -> list[HistoryLine]:
    """Oldest first: what each entry changed, with the value before it."""
    lines: list[HistoryLine] = []
    current: dict[str, Value] = {}
    for entry in entries:
        who = (moment(entry.at), entry.actor, _station(entry))
        if not entry.set:
            lines.append(HistoryLine(*who, OPS.get(entry.op, entry.op), "", entry.why))
        if entry.op == ERASE:  # what it names is gone from the lines above, what stays is the county's word
            lines.append(HistoryLine(*who, OPS[ERASE], "", entry.why))
            current = {**current, **entry.set}
            continue
        if entry.op == GRANT:
            lines.append(HistoryLine(*who, "归属学校", "", str(entry.set.get(SCOPE) or "")))
            continue
        for name, value in entry.set.items():
            if (field := spec.fields.get(name)) is not None:
                old = shown(field, current.get(name), references)
                lines.append(HistoryLine(*who, field.label, old, shown(field, value, references)))
            current[name] = value
    return lines


def _station(entry: Entry) -> str:
    place = "" if entry.scope == COUNTY_SCOPE else f" {entry.scope}"
    return f"{_ROLES.get(entry.role, entry.role)}{place}"
