"""Conflicts and duplicate cases, side by side, and how a person settles them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from jzdesk.core.clock import moment
from jzdesk.core.errors import UserError
from jzdesk.core.fields import EntitySpec, Value
from jzdesk.core.merge import SCOPE, Known, is_plain, rank, record_state
from jzdesk.models import BY_NAME, SPECS, Enrolment, Identity, Student
from jzdesk.services.child_groups import GroupLine, group_lines
from jzdesk.services.context import COUNTY_SCOPE, Context
from jzdesk.services.duplicates import open_cases
from jzdesk.services.ledger import mentioned, schools, titles
from jzdesk.services.student_rows import present_enrolment
from jzdesk.services.telling import in_words, told_apart
from jzdesk.store import journal
from jzdesk.store.tables import conflict

_WORDS = {"*": "作废与修改", SCOPE: "归属学校"}


@dataclass(frozen=True, slots=True)
class Candidate:
    """One of several values: as stored, as shown, and who wrote it when, on which station."""

    value: Value
    shown: str
    who: str
    when: str
    station: str


@dataclass(frozen=True, slots=True)
class ConflictLine:
    """A field with several values; `field` is "*" for an edit that met a 作废: then `values` are these two, so."""

    entity: str
    entity_label: str
    uid: str
    title: str
    field: str
    field_label: str
    values: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Side:
    """One record of a duplicate case."""

    uid: str
    name: str
    school: str
    birth: str
    grade: str


@dataclass(frozen=True, slots=True)
class DuplicateLine:
    """A child that stands on several rolls; the number masked."""

    id_number: str
    sides: tuple[Side, ...]


class SettlingService:
    """Shows what needs a decision, and records it."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def conflicts(self) -> list[ConflictLine]:
        """Every open conflict."""
        with self._context.read() as connection:
            query = select(conflict.c.ent, conflict.c.uid, conflict.c.field)
            query = query.order_by(conflict.c.ent, conflict.c.uid, conflict.c.field)
            return conflict_lines(connection, [(ent, uid, field) for ent, uid, field in connection.execute(query)])

    def resolve(self, entity: str, uid: str, field: str, value: Value) -> None:
        """Settle a conflict for good: the entry names every value it replaces."""
        if field not in ("*", SCOPE) and field not in SPECS[entity].fields:
            raise UserError("这一项来自更新版本的软件，本版本不认识", "请先把软件升级到最新版再裁定。", field)
        with self._context.write() as unit:
            if field == "*":
                unit.restore(BY_NAME[entity], uid)
            elif field == SCOPE:
                unit.grant_many(BY_NAME[entity], (uid,), str(value), "裁定归属")
            else:
                unit.resolve(BY_NAME[entity], uid, field, value)

    def stay_void(self, entity: str, uid: str) -> None:
        """Settle an edit that met a 作废 the other way: the record stays void."""
        with self._context.write() as unit:
            unit.void(BY_NAME[entity], uid, "县里裁定：保持作废")

    def duplicates(self) -> list[DuplicateLine]:
        """Open duplicate cases, the records side by side."""
        with self._context.read() as connection:
            cases = open_cases(connection)
            return [
                DuplicateLine(
                    Student.spec["id_number"].masked(case.number), tuple(_side(connection, uid) for uid in case.uids)
                )
                for case in cases
            ]

    def groups(self) -> list[GroupLine]:
        """Records that are one child, those with something to settle first."""
        with self._context.read() as connection:
            return group_lines(connection)

    def strike(self, enrolment: str, reason: str) -> None:
        """注销: the county takes a child off one of two rolls, with the reason; `put_back` undoes it."""
        self._only_county(reason, "注销学籍")
        with self._context.write() as unit:
            unit.void(Enrolment, enrolment, f"注销学籍：{reason.strip()}"[:200])

    def put_back(self, enrolment: str, reason: str) -> None:
        """Undo `strike`."""
        self._only_county(reason, "恢复学籍")
        with self._context.write() as unit:
            unit.restore(Enrolment, enrolment)

    def _only_county(self, reason: str, deed: str) -> None:
        if self._context.author.scope != COUNTY_SCOPE:
            raise UserError(f"{deed}由县教育局办理", "学校请登记转出，或申请转学。", deed)
        if not reason.strip():
            raise UserError(f"{deed}没有写明理由", "请写一句理由，学校会看到。", deed)

    def settle(self, first: str, second: str, *, same: bool, reason: str) -> None:
        """Record that two records are one child, or are not; `reopen` takes it back."""
        if not reason.strip():
            raise UserError("没有写明判定的理由", "请写一句理由，例如“电话核实，已转学”。", "同一人判定")
        if first == second:
            raise UserError("选中的是同一条记录", "请选两条不同的学生记录。", "同一人判定")
        one, other = sorted((first, second))
        verdict: dict[str, Value] = {"verdict": "same" if same else "distinct", "reason": reason.strip()}
        with self._context.write() as unit:
            _both_known(unit.connection, one, other)
            if earlier := _verdict_on(unit.connection, one, other):
                unit.change(Identity, earlier, verdict)
            else:
                unit.add(Identity, {"first": one, "second": other, **verdict})

    def reopen(self, first: str, second: str, reason: str) -> None:
        """Take a verdict back, with the reason: the case is open again. UserError when there is none."""
        if not reason.strip():
            raise UserError("没有写明撤销判定的理由", "请写一句理由，例如“核实有误”。", "同一人判定")
        one, other = sorted((first, second))
        with self._context.write() as unit:
            verdict = _verdict_on(unit.connection, one, other)
            if verdict is None:
                raise UserError("这两名学生没有判定过", "请刷新“合并结果”页。", "同一人判定")
            unit.void(Identity, verdict, reason.strip())

    def reopen_all(self, pairs: Iterable[tuple[str, str]], reason: str) -> None:
        """Take back every verdict given on these pairs, with the reason."""
        if not reason.strip():
            raise UserError("没有写明撤销判定的理由", "请写一句理由，例如“核实有误”。", "同一人判定")
        with self._context.write() as unit:
            given = (_verdict_on(unit.connection, *sorted(pair)) for pair in pairs)
            unit.void_many(Identity, [uid for uid in list(given) if uid], reason.strip())


def _both_known(connection: Connection, one: str, other: str) -> None:
    table = Student.__table__
    known = set(connection.execute(select(table.c.uid).where(table.c.uid.in_((one, other)))).scalars())
    for uid in (one, other):
        if uid not in known:
            raise UserError(f"没有学生记录“{uid}”", "请核对编号，见“同一学生”（jz duplicates）。", "同一人判定")


def _verdict_on(connection: Connection, one: str, other: str) -> str | None:
    """The verdict already given on a pair: a second one changes it, so that there are never two."""
    table = Identity.__table__
    query = select(table.c.uid).where(table.c.first == one, table.c.second == other, table.c.hidden == 0)
    return connection.execute(query.order_by(table.c.uid).limit(1)).scalar_one_or_none()


def conflict_lines(connection: Connection, found: Sequence[tuple[str, str, str]]) -> list[ConflictLine]:
    """These conflicts, each an (entity, uid, field), with every value."""
    by_ent: dict[str, set[str]] = defaultdict(set)
    for ent, uid, _ in found:
        by_ent[ent].add(uid)
    known = {ent: journal.known_entries(connection, ent, uids) for ent, uids in by_ent.items()}
    names = {ent: titles(connection, ent, sorted(uids)) for ent, uids in by_ent.items()}
    words = {ent: _words(connection, ent, known[ent].values()) for ent in by_ent}
    return [_line(ent, uid, field, known[ent][uid], names[ent], words[ent]) for ent, uid, field in found]


def _words(connection: Connection, ent: str, known: Iterable[Sequence[Known]]) -> dict[str, str]:
    """Uid or code → name, of everything that these entries speak of; the schools too, whose records these may be."""
    said = [item.entry.set for items in known for item in items]
    return schools(connection) | mentioned(connection, SPECS[ent], said)


def _line(
    ent: str, uid: str, field: str, known: list[Known], names: Mapping[str, str], words: Mapping[str, str]
) -> ConflictLine:
    spec = SPECS[ent]
    known_field = spec.fields.get(field)  # a newer version may have fields that we do not know
    label = _WORDS.get(field) or (known_field.label if known_field else field)
    title = names.get(uid, spec.label)
    if field == "*":
        return ConflictLine(ent, spec.label, uid, title, field, label, tuple(_kept_or_void(spec, known, words)))
    heads = set(record_state(known).leaves.get(field, ()))
    leaves = [item for item in known if item.id in heads]
    said = [item.entry.set[field] for item in leaves]
    texts = (
        [words.get(str(value), str(value)) for value in said]
        if field == SCOPE
        else told_apart(known_field, said, words)
    )
    values = tuple(map(_candidate, leaves, said, texts))
    return ConflictLine(ent, spec.label, uid, title, field, label, values)


def _candidate(known: Known, value: Value, text: str) -> Candidate:
    return Candidate(value, text, known.entry.actor, moment(known.entry.at), known.entry.scope)


def _kept_or_void(spec: EntitySpec, known: Sequence[Known], words: Mapping[str, str]) -> Iterator[Candidate]:
    """Two sides: the newest edit that the 作废 had not seen, and the 作废 with its reason."""
    void = max((item for item in known if item.entry.op == "void"), key=rank)
    seen = {*void.entry.seen, void.id}
    late = [item for item in known if item.id not in seen and is_plain(item.entry)]
    edit = max(late, key=rank)
    fields = ((spec.fields.get(name), value) for name, value in edit.entry.set.items())
    said = "，".join(f"{one.label} {in_words(one, value, words)}" for one, value in fields if one)
    yield _candidate(edit, None, said)
    yield _candidate(void, None, void.entry.why)


def _side(connection: Connection, uid: str) -> Side:
    student, school = Student.__table__, BY_NAME["school"].__table__
    enrolment = BY_NAME["enrolment"].__table__
    query = (
        select(student.c.name, student.c.birth, student.c.scope, school.c.name.label("school"), enrolment.c.grade)
        .outerjoin(school, school.c.code == student.c.scope)
        .outerjoin(enrolment, present_enrolment(student, enrolment))
        .where(student.c.uid == uid)
    )
    row = connection.execute(query).first()
    assert row is not None
    grade = SPECS["enrolment"]["grade"].show(row.grade)
    return Side(uid, row.name or "", row.school or row.scope, row.birth or "", grade)
