"""Many records changed at once: first a plan that says old → new for every cell, then one transaction, or none.

What is wrong is never written: the plan names each wrong cell with its remedy and leaves it out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection

from jzdesk.core.errors import UserError, ValueFault
from jzdesk.core.fields import EntitySpec, FieldSpec, Value
from jzdesk.core.kinds import Reference
from jzdesk.models import BY_NAME, SPECS
from jzdesk.services import resolving
from jzdesk.services.context import Context
from jzdesk.services.forms import understood
from jzdesk.services.ledger import LedgerService, Row, rows, titles
from jzdesk.services.plans import CHANGED, SAME, WRONG, Applied, Cell, Plan, PlannedRow, Wish
from jzdesk.services.questions import review
from jzdesk.store.unit import Changes

_BLANK = (None, "")
_FIXED = ValueFault("这一栏由程序填写，不能在表格里改", "请到对应的页面办理。")
_MASK = ValueFault("号码里有遮盖用的星号", "请填完整的号码；不改就把这一格清空回原样。")


class BulkService:
    """Plans for many records of any entity that a person may edit, and carrying them out."""

    def __init__(self, context: Context, ledger: LedgerService) -> None:
        self._context = context
        self._ledger = ledger

    def plan(self, entity: str, wishes: Sequence[Wish], verb: str = "批量修改") -> Plan:
        """What the wishes would do. Raises UserError when people may not edit the entity, or name a record twice."""
        self._ledger.must_write(entity)
        spec = SPECS[entity]
        wanted = [wish for wish in wishes if wish.uid or any(value not in _BLANK for value in wish.values.values())]
        uids = [wish.uid for wish in wanted if wish.uid]
        if len(set(uids)) < len(uids):
            raise UserError("同一条记录出现了两次", "每条记录只留一行。", spec.label)
        with self._context.read() as connection:
            known = {row.uid: row for row in rows(connection, entity, uids)}
            planner = _Planner(spec, known, _References(connection, spec, wanted))
            planned = tuple(planner.row(wish) for wish in wanted)
        fields = tuple(dict.fromkeys(name for wish in wanted for name in wish.values))
        return Plan(entity, verb, fields, planned, {uid: row.values for uid, row in known.items()})

    def apply(self, plan: Plan) -> Applied:
        """Write everything of the plan that is not wrong, in one transaction.

        Raises UserError when there is nothing to write, or when a record has been changed since the plan was made.
        """
        self._ledger.must_write(plan.entity)
        if not plan.changes and not plan.additions:
            raise UserError("没有可以写入的改动", "请先改正标红的格子，或换一个值。", SPECS[plan.entity].label)
        record = BY_NAME[plan.entity]
        with self._context.write(plan.label()) as unit:
            _demand_unchanged(unit.connection, plan)
            changed = unit.change_many(record, plan.changes)
            added = unit.add_many(record, plan.additions)
            if plan.entity == "student":
                review(unit, [*plan.changes, *added], self._context.today())
        return Applied(changed, tuple(added), unit.deed.number, unit.changes)

    def void(self, entity: str, uids: Sequence[str], reason: str) -> Changes:
        """作废 all of them with one reason, in one transaction; raises UserError."""
        self._ledger.must_write(entity)
        spec = SPECS[entity]
        if not reason.strip():
            raise UserError("作废没有写明理由", "请写一句理由，例如“重复录入”。", spec.label)
        with self._context.write(f"作废 {len(uids)} 条{spec.label}") as unit:
            unit.void_many(BY_NAME[entity], uids, reason.strip())
        return unit.changes


def _demand_unchanged(connection: Connection, plan: Plan) -> None:
    """Raises UserError when a record that the plan changes is no longer as it was."""
    now = {row.uid: row.values for row in rows(connection, plan.entity, list(plan.changes))}
    stale = sum(now.get(uid) != plan.before[uid] for uid in plan.changes)
    if stale:
        raise UserError(
            f"有 {stale} 条记录在预览之后又被改过，什么都没有写入", "请看过新的预览再写入。", SPECS[plan.entity].label
        )


class _References:
    """The records that the wishes name, found with one question for each kind of record."""

    def __init__(self, connection: Connection, spec: EntitySpec, wishes: Iterable[Wish]) -> None:
        wanted: dict[str, set[str]] = defaultdict(set)
        for wish in wishes:
            for name, raw in wish.values.items():
                kind = spec.fields[name].kind if name in spec.fields else None
                if isinstance(kind, Reference) and raw not in _BLANK:
                    wanted[kind.entity].add(str(raw).strip())
        self._meant: dict[tuple[str, str], list[str]] = {}
        self.titles: dict[str, str] = {}
        for entity, texts in wanted.items():
            self._ask(connection, entity, texts)

    def _ask(self, connection: Connection, entity: str, texts: set[str]) -> None:
        given = {text for text in texts if resolving.is_uid(text)}
        found = resolving.meant(connection, entity, texts - given)
        self.titles |= titles(connection, entity, sorted(given.union(*found.values())))
        found |= {uid: [uid] if uid in self.titles else [] for uid in given}
        self._meant |= {(entity, text): uids for text, uids in found.items()}

    def uid(self, entity: str, raw: object) -> str | None:
        """The record meant; raises ValueFault."""
        text = str(raw).strip() if raw is not None else ""
        return resolving.the_one(SPECS[entity], text, self._meant[entity, text]) if text else None


class _Planner:
    """Compares wishes with the records as they are."""

    def __init__(self, spec: EntitySpec, known: Mapping[str, Row], references: _References) -> None:
        self._spec, self._known, self._references = spec, known, references

    def row(self, wish: Wish) -> PlannedRow:
        """One wish, every cell judged."""
        row = self._known.get(wish.uid) if wish.uid else None
        before = row.values if row else {}
        typed, bad = self._resolved(wish.values, row)
        good, wrong = understood(self._spec, typed, before)
        bad |= wrong
        rest = self._judge(before, good, bad, new=row is None)
        cells = {name: self._cell(name, raw, row, good, bad) for name, raw in wish.values.items()}
        return PlannedRow(wish, self._title(row), cells, self._row_wrong(wish, row) or rest)

    def _resolved(self, values: Mapping[str, object], row: Row | None) -> tuple[dict[str, object], dict[str, str]]:
        """(values with records found and masks put back, field → what is wrong)."""
        typed: dict[str, object] = {}
        bad: dict[str, str] = {}
        for name, raw in values.items():
            try:
                typed[name] = self._resolve(name, raw, row)
            except ValueFault as fault:
                bad[name] = fault.sentence()
        return typed, bad

    def _resolve(self, name: str, raw: object, row: Row | None) -> object:
        field = self._spec.fields.get(name)
        if field is None or field.readonly:
            raise _FIXED
        if isinstance(field.kind, Reference):
            return self._references.uid(field.kind.entity, raw)
        if field.sensitive and isinstance(raw, str) and "*" in raw:
            if row is not None and raw.strip() == row.shown[name]:
                return row.values[name]
            raise _MASK
        return raw

    def _judge(self, before: Mapping[str, Value], good: dict[str, Value], bad: dict[str, str], *, new: bool) -> str:
        """Move to `bad` what the record as a whole forbids; a sentence when that leaves nothing to write."""
        while True:
            found = self._problems(before, good, new=new)
            hits = [name for name in found if good.get(name) is not None or (name in good and not new)]
            if not hits:
                return "".join(found.values())
            for name in hits:
                bad[name] = found[name]
                del good[name]

    def _problems(self, before: Mapping[str, Value], good: Mapping[str, Value], *, new: bool) -> dict[str, str]:
        """Field → sentence; of an old record only what these values would newly break."""
        whole = {**before, **good}
        if new:
            return self._spec.problems(whole)
        old = [check(before) for check in self._spec.checks]
        return dict(hit for check in self._spec.checks if (hit := check(whole)) and hit not in old)

    def _cell(self, name: str, raw: object, row: Row | None, good: Mapping[str, Value], bad: Mapping[str, str]) -> Cell:
        old = row.shown.get(name, "") if row else ""
        if name in bad:
            return Cell(WRONG, old, "" if raw is None else str(raw), words=bad[name])
        value = good[name]
        if value == (row.values[name] if row else None):
            return Cell(SAME, old, old, value)
        field = self._spec[name]
        return Cell(CHANGED, old, self._shown(field, value), value, _questions(field, raw))

    def _shown(self, field: FieldSpec, value: Value) -> str:
        """In full, also what is sensitive: the person has just written it and must be able to check it."""
        return self._references.titles.get(str(value), "") if isinstance(field.kind, Reference) else field.show(value)

    def _title(self, row: Row | None) -> str:
        if row is None:
            return "新增"
        return " ".join(filter(None, (row.shown[name] for name in self._spec.title))) or self._spec.label

    def _row_wrong(self, wish: Wish, row: Row | None) -> str:
        if wish.uid and row is None:
            return "这条记录已经不在了。请刷新页面后重试。"
        return "这条记录已作废。请先恢复，再修改。" if row is not None and row.values["hidden"] else ""


def _questions(field: FieldSpec, raw: object) -> str:
    """What is unusual about a value, as a question that stops nobody."""
    try:
        return "".join(field.kind.read(raw).warnings) if isinstance(raw, str) else ""
    except ValueFault:
        return ""
