"""The verbs of 依法删除: look at what an erasure would take and leave, erase, see which schools have heard of it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, insert

from jzdesk.core.erasure import GROUND
from jzdesk.core.errors import UserError
from jzdesk.core.fields import EntitySpec
from jzdesk.models import BY_NAME, SPECS
from jzdesk.policy.erasure import VOUCHERS
from jzdesk.services import townships
from jzdesk.services.context import Context
from jzdesk.services.erasing import copies, records
from jzdesk.services.erasing.listing import ErasureLine, labels, listed
from jzdesk.services.erasing.records import Planned
from jzdesk.services.ledger import rows, titles
from jzdesk.services.merging import is_county
from jzdesk.store.journal import own_chain
from jzdesk.store.tables import erasure
from jzdesk.store.unit import Unit

_CHILD = "student"
_PEOPLE = ("student", "household", "member")


@dataclass(frozen=True, slots=True)
class ErasedRecord:
    """One record: what it is called, how many entries go, the fields that go ("" for all), or why it stays."""

    entity: str
    uid: str
    label: str
    title: str
    entries: int
    fields: str = ""
    stays: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """What an erasure would do: records that go and that stay, and the schools that will be told."""

    title: str
    going: tuple[ErasedRecord, ...]
    staying: tuple[ErasedRecord, ...]
    schools: tuple[str, ...]

    @property
    def entries(self) -> int:
        """How many entries lose their content."""
        return sum(one.entries for one in self.going)


@dataclass(frozen=True, slots=True)
class FieldChoice:
    """A field that may be erased by itself: its name in code, its label, and what stands there, masked."""

    name: str
    label: str
    shown: str


@dataclass(frozen=True, slots=True)
class Erased:
    """What was done: records and entries."""

    records: int
    entries: int


class ErasureService:
    """依法删除. For the county alone."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def look(self, entity: str, uid: str, fields: Collection[str] | None = None) -> Look:
        """What `erase` would do; nothing is written. Raises UserError."""
        self._only_county()
        with self._context.read() as connection:
            return self._look(connection, self._planned(connection, entity, uid, fields), entity, uid)

    def choices(self, entity: str, uid: str, besides: Collection[str] = ()) -> list[FieldChoice]:
        """The fields of a record that have a value, or are among `besides`, and may go alone; raises UserError."""
        self._only_county()
        spec = _spec(entity)
        with self._context.read() as connection:
            found = rows(connection, entity, (uid,))
        if not found:
            raise _unknown(spec, uid)
        row = found[0]
        return [
            FieldChoice(name, known.label, row.shown[name])
            for name, known in spec.fields.items()
            if not known.required and (row.values[name] is not None or name in besides)
        ]

    def erase(self, entity: str, uid: str, ground: str, fields: Collection[str] | None = None) -> Erased:
        """Erase for ever, in one transaction: a child with everything about it, any other record by itself, or, with
        `fields`, no more than these of a record. It cannot be undone. Raises UserError.

        `ground` (the law, who asked, the paper) travels to every school concerned; it must name nobody.
        """
        self._only_county()
        ground = _checked(ground)
        with self._context.write() as unit:
            plan = self._planned(unit.connection, entity, uid, fields)
            going = [one for one in plan if not one.stays]
            _names_nobody(unit.connection, ground, going)
            schools = records.holders(unit.connection, going)
            deed = own_chain(unit.connection).last_n + 1
            done = [number for one in going if (number := self._erase(unit, one, ground, schools, deed))]
        if not done:
            raise UserError("没有可以删除的内容", "要删的内容可能已经删除，请刷新后再看。", SPECS[entity].label)
        copies.clear_received(self._context)
        return Erased(len(done), sum(done))

    def _erase(self, unit: Unit, one: Planned, ground: str, schools: Sequence[str], deed: int) -> int:
        entries = unit.erase(BY_NAME[one.ent], one.uid, one.fields, ground)
        if entries:
            chain = own_chain(unit.connection)
            row = {
                "chain": chain.id, "n": chain.last_n, "deed": deed, "ent": one.ent, "uid": one.uid, "entries": entries,
                "fields": json.dumps(one.fields) if one.fields else None, "ground": ground,
                "schools": json.dumps(schools), "account": self._context.actor.account, "at": chain.last_at,
            }  # fmt: skip
            unit.connection.execute(insert(erasure), [row])
        return entries

    def listed(self) -> list[ErasureLine]:
        """Every erasure, the newest first; of what was erased together those by themselves that were written again."""
        self._only_county()
        with self._context.read() as connection:
            return listed(connection)

    def old_copies(self) -> copies.OldCopies:
        """Backups and databases set aside that still hold what was erased; at any station."""
        return copies.old_copies(self._context)

    def clear_copies(self) -> copies.OldCopies:
        """Make a backup and delete those; at any station. Raises UserError and StationFault."""
        return copies.clear_copies(self._context)

    def _planned(self, connection: Connection, entity: str, uid: str, fields: Collection[str] | None) -> list[Planned]:
        spec = _spec(entity)
        if uid not in titles(connection, entity, [uid]):
            raise _unknown(spec, uid)
        if entity == _CHILD and fields is None:
            return records.of_child(connection, uid)
        if fields is None:
            return [Planned(entity, uid, None, _alone(spec))]
        _check_fields(spec, fields)
        return [Planned(entity, uid, tuple(name for name in spec.fields if name in fields), _alone(spec))]

    def _look(self, connection: Connection, plan: list[Planned], entity: str, uid: str) -> Look:
        sizes = records.sizes(connection, plan)
        shown = [one for one in _shown(connection, plan, sizes) if one.entries]
        going = tuple(one for one in shown if not one.stays)
        codes = records.holders(connection, [one for one in plan if not one.stays])
        names = townships.names(connection)
        staying = tuple(one for one in shown if one.stays)
        title = titles(connection, entity, [uid])[uid]
        return Look(title, going, staying, tuple(names.get(code, code) for code in codes))

    def _only_county(self) -> None:
        if not is_county(self._context):
            raise UserError(
                "依法删除由县教育局办理", "请把监护人的申请交给县教育局；填错的内容改正或作废即可。", "依法删除"
            )


def _spec(entity: str) -> EntitySpec:
    spec = SPECS.get(entity)
    if spec is None:
        raise UserError(f"没有“{entity}”这种记录", "请用 jz ledgers 查看有哪些台账。", "依法删除")
    return spec


def _alone(spec: EntitySpec) -> str:
    """Why a record cannot be erased by itself."""
    if spec.owner == "county":
        return "县里定下的内容，不是个人信息"
    return "会计凭证和它的依据保管 30 年，不能删除" if spec.name in {*VOUCHERS, "decision", "batch", "fund"} else ""


def _check_fields(spec: EntitySpec, fields: Iterable[str]) -> None:
    """Only what a record can do without; raises UserError."""
    for name in fields:
        if name not in spec.fields:
            raise UserError(f"{spec.label}没有“{name}”这一栏", "请核对栏目的代码。", spec.label)
        if spec.fields[name].required:
            raise UserError(
                f"“{spec.fields[name].label}”是必填项，不能单独删除",
                "填错了请改正；整条要删的，请删除整条记录。",
                spec.label,
            )


def _checked(ground: str) -> str:
    ground = " ".join(ground.split())
    if len(ground) < GROUND.start:
        raise UserError(
            "没有写明依据",
            "请写明依据和申请文号，例如“监护人申请，个保法第四十七条，申请书 2026-3”，不要写姓名。",
            "依法删除",
        )
    if len(ground) >= GROUND.stop:
        raise UserError("依据太长", f"请缩短到 {GROUND[-1]} 个字以内。", "依法删除")
    return ground


def _shown(
    connection: Connection, plan: Sequence[Planned], sizes: Mapping[tuple[str, str], int]
) -> Iterator[ErasedRecord]:
    for ent in dict.fromkeys(one.ent for one in plan):
        spec, mine = SPECS[ent], [one for one in plan if one.ent == ent]
        named = titles(connection, ent, [one.uid for one in mine])
        for one in mine:
            fields = labels(spec, one.fields) if one.fields else ""
            entries = sizes[ent, one.uid]
            yield ErasedRecord(ent, one.uid, spec.label, named.get(one.uid, spec.label), entries, fields, one.stays)


def _names_nobody(connection: Connection, ground: str, going: Sequence[Planned]) -> None:
    """The ground is kept and travels; a name in it would bring back whom it is about. Raises UserError."""
    for ent in _PEOPLE:
        named = titles(connection, ent, [one.uid for one in going if one.ent == ent])
        if any(len(name) > 1 and name in ground for name in named.values()):
            raise UserError("依据里写了姓名", "依据会保存下来，并发到有关学校；请只写依据和申请文号。", "依法删除")


def _unknown(spec: EntitySpec, uid: str) -> UserError:
    return UserError(f"没有这条{spec.label}", "请核对编号，或从学生档案里选。", uid)
