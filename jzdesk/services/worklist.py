"""The county's receipt as things to do (moonshot 1): each line opens its record, and goes once it was dealt with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from jzdesk.core.merge import decode
from jzdesk.models import BY_NAME, SPECS
from jzdesk.services import uncounted
from jzdesk.services.context import Context
from jzdesk.services.ledger import mentioned, titles
from jzdesk.services.settling import ConflictLine, conflict_lines
from jzdesk.services.telling import in_words
from jzdesk.services.transfers import listing
from jzdesk.store.journal import own_chain
from jzdesk.store.store import read_setting, write_setting
from jzdesk.store.tables import ERASED, chain, conflict, journal
from jzdesk.sync.receipt import Conflict, ReceiptBody

SETTING = "work_list"
MOVE = "transfer"
"""Stands as entity of the lines about transfers: they are dealt with on the page of the roll."""
_POLICY = tuple(name for name, spec in SPECS.items() if spec.owner == "county")
_FIELDS = {
    "birth_mismatch": "id_number", "sex_mismatch": "id_number", "id_number": "id_number", "no_id": "id_number",
    "doc_type": "id_type", "roll_number": "roll_number", "roll_differs": "roll_number", "pinyin": "pinyin",
    "disability_card": "disability_card", "rare_character": "name", "age_grade": "birth",
}  # fmt: skip
WHETHER_VOID = "*"
"""Stands for a field where the question is whether the record is in use at all."""
_LOOKED_AT = 1000  # of our own entries, the newest: enough for what a school has not heard of yet


@dataclass(frozen=True, slots=True)
class WorkItem:
    """One thing the county asks for: `entity` and `uid` open the record, `field` (or "") is where the cursor goes.

    `done` once the field was set here after the receipt was read, or its question answered; for a line about the whole
    record once anything of it was changed; and for a record no longer in use.
    """

    entity: str
    uid: str
    field: str
    title: str
    sentence: str
    done: bool


class WorkListService:
    """What the last receipt asks to be put right, and which children come or were not let go."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def items(self, *, open_only: bool = False) -> list[WorkItem]:
        """The lines of the last receipt, those not dealt with first."""
        with self._context.read() as connection:
            stored = read_setting(connection, SETTING)
            found = [*_moves(connection, self._context), *(_items(connection, stored) if stored else ())]
        listed = sorted(found, key=lambda item: (item.done, item.title))
        return [item for item in listed if not (open_only and item.done)]

    def left(self) -> int:
        """How many lines wait."""
        return len(self.items(open_only=True))


def _moves(connection: Connection, context: Context) -> Iterator[WorkItem]:
    """Transfers that wait for this school, and files that lack something; they go once they are dealt with."""
    if context.info.kind == "county":
        return
    waiting = list(listing.to_do(connection, context.author.scope))
    named = titles(connection, "student", [student for student, _ in waiting])
    for student, sentence in waiting:
        yield WorkItem(MOVE, student, "", named.get(student, ""), sentence, done=False)
    for one in uncounted.lacking(connection):
        yield WorkItem("student", one.student, "", one.name, one.sentence(), done=False)


def asked_about(connection: Connection, ent: str, uids: Sequence[str]) -> set[str]:
    """Those of these records about which the last receipt asks something that nobody has dealt with."""
    stored = read_setting(connection, SETTING)
    lines = [line for line in stored["lines"] if line[0] == ent] if stored else []
    named = sorted({line[1] for line in lines} & set(uids))
    if not named:
        return set()
    deeds = _deeds(connection, stored, ent, named)
    return {uid for _, uid, field, sentence in lines if uid in named and not deeds[uid].answer(field, sentence)}


def keep(connection: Connection, body: ReceiptBody) -> None:
    """Take over the lines of a receipt that was just believed; they replace those of the one before."""
    lines = [
        *((one.ent, one.uid, one.field or "", one.sentence) for one in body.problems),
        *((one.ent, one.uid, "", one.sentence) for one in body.duplicates if one.state != "distinct"),
        *((one.ent, one.uid, one.field, one.sentence) for one in body.conflicts if not one.ended),
    ]
    own = own_chain(connection)
    write_setting(connection, SETTING, {"chain": own.id, "n": own.last_n, "lines": lines})


def _items(connection: Connection, stored: Mapping[str, Any]) -> Iterator[WorkItem]:
    by_ent: dict[str, set[str]] = defaultdict(set)
    for ent, uid, _, _ in stored["lines"]:
        by_ent[ent].add(uid)
    named: dict[tuple[str, str], str] = {}
    deeds: dict[tuple[str, str], _Deeds] = {}
    for ent, uids in by_ent.items():
        if ent in BY_NAME:
            named |= {(ent, uid): title for uid, title in titles(connection, ent, sorted(uids)).items()}
            deeds |= {(ent, uid): deed for uid, deed in _deeds(connection, stored, ent, sorted(uids)).items()}
    for ent, uid, field, sentence in stored["lines"]:
        done = (ent, uid) in deeds and deeds[ent, uid].answer(field, sentence)
        yield WorkItem(ent, uid, field, named.get((ent, uid), ""), sentence, done)


@dataclass(slots=True)
class _Deeds:
    """What was done about a record: fields we set since the receipt, questions answered, whether it was changed."""

    fields: set[str]
    answers: set[str]
    touched: bool = False
    hidden: bool = False

    def answer(self, field: str, sentence: str) -> bool:
        """A line about a field waits for that field or its question; a line about the record for any change of it."""
        if self.hidden or sentence in self.answers:
            return True
        if field == WHETHER_VOID or not field:
            return self.touched or bool(self.answers)
        return field in self.fields


def _deeds(
    connection: Connection, stored: Mapping[str, Any], ent: str, uids: Sequence[str]
) -> defaultdict[str, _Deeds]:
    found: defaultdict[str, _Deeds] = defaultdict(lambda: _Deeds(set(), set()))
    table = BY_NAME[ent].__table__
    since = (
        select(journal.c.uid, journal.c.body)
        .join(chain, chain.c.id == journal.c.chain)
        .where(chain.c.own == 1, (chain.c.id > stored["chain"]) | (journal.c.n > stored["n"]))
    )
    since = since.where(journal.c.ent == ent, journal.c.uid.in_(uids), journal.c.state != ERASED)
    for uid, body in connection.execute(since):
        found[uid].touched = True
        found[uid].fields |= set(decode(body).set)
    for uid in connection.execute(select(table.c.uid).where(table.c.uid.in_(uids), table.c.hidden == 1)).scalars():
        found[uid].hidden = True
    if ent == "student":
        _answers(connection, uids, found)
    return found


def _answers(connection: Connection, students: Sequence[str], found: Mapping[str, _Deeds]) -> None:
    """The questions about a student that are answered, or answered themselves when something was put right."""
    question = BY_NAME["question"].__table__
    query = select(question.c.student, question.c.sentence).where(
        question.c.student.in_(students), question.c.hidden == 0, question.c.state != "open"
    )
    for student, sentence in connection.execute(query):
        found[student].answers.add(sentence)


def field_of(question: str) -> str | None:
    """The student's field where a question of this kind is put right; None when it is about more than one field."""
    return _FIELDS.get(question)


def conflicts_for(connection: Connection, school: str) -> Iterator[Conflict]:
    """County: the fields of a school's records with two values, and those it has decided lately."""
    for ent in SPECS:
        table = BY_NAME[ent].__table__
        query = (
            select(conflict.c.uid, conflict.c.field)
            .join(table, table.c.uid == conflict.c.uid)
            .where(conflict.c.ent == ent, table.c.scope == school)
        )
        found = [(ent, uid, field) for uid, field in connection.execute(query)]
        for line in conflict_lines(connection, found) if found else ():
            yield Conflict(ent=ent, uid=line.uid, field=line.field, ended=False, sentence=_two_values(line))
    yield from _decided(connection, school)


def _two_values(line: ConflictLine) -> str:
    said = f"{line.entity_label}的“{_label(line.entity, line.field)}”有两种填法"
    if line.field == WHETHER_VOID:
        edit, void = line.values
        told = f"{edit.who}改了{edit.shown}，{void.who}作废（{void.shown}）"
    else:
        told = "、".join(f"“{one.shown or '空'}”" for one in line.values)
    return f"{said}：{told}。等待裁定；知道哪个对的，请改正后再导出。"


def _decided(connection: Connection, school: str) -> Iterator[Conflict]:
    """What we decided lately about the school's records, newest first."""
    own = own_chain(connection)
    query = select(journal.c.ent, journal.c.uid, journal.c.body).where(
        journal.c.chain == own.id, journal.c.ent.not_in(_POLICY), journal.c.state != ERASED
    )
    for ent, uid, body in connection.execute(query.order_by(journal.c.n.desc()).limit(_LOOKED_AT)):
        entry = decode(body)
        if entry.op == "resolve" and _scope(connection, ent, uid) == school:
            names = mentioned(connection, SPECS[ent], [entry.set])
            for field, value in entry.set.items():
                shown = in_words(SPECS[ent].fields.get(field), value, names)
                said = f"{SPECS[ent].label}的“{_label(ent, field)}”县里裁定为“{shown}”。"
                yield Conflict(ent=ent, uid=uid, field=field, ended=True, sentence=said)


def _scope(connection: Connection, ent: str, uid: str) -> str | None:
    table = BY_NAME[ent].__table__
    found: str | None = connection.execute(select(table.c.scope).where(table.c.uid == uid)).scalar_one_or_none()
    return found


def _label(ent: str, field: str) -> str:
    spec = SPECS[ent].fields.get(field)
    return spec.label if spec else ("作废还是保留" if field == WHETHER_VOID else field)
