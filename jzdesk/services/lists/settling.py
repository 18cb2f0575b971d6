"""What a person decides about lines: accepted (and written to the pupils), not ours, kept, later; and back again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row

from jzdesk.core.errors import UserError
from jzdesk.models import ENTITIES, Hardship, Student
from jzdesk.policy import lists
from jzdesk.policy.matching import ABSENT, ENDED, MATCHED, NAME, UNREAD
from jzdesk.services.context import Context
from jzdesk.services.importing.desk import Desk
from jzdesk.services.importing.doubts import Doubts
from jzdesk.services.importing.hardships import Teller
from jzdesk.services.lists.lines import Line, lines_by_id, lines_of, run_of, store_outcomes
from jzdesk.services.lists.papers import day_before, paper_of, proof_of
from jzdesk.services.lists.shapes import ACCEPTED, COVERED, KEPT, LATER, NOT_OURS, OUTCOME_LABELS, PILE_LABELS
from jzdesk.services.lists.sorting import told_of
from jzdesk.store.unit import Unit

# Which words fit which pile, and which need a reason that others can read later.
FITTING = {
    MATCHED: (NOT_OURS, LATER), NAME: (NOT_OURS, LATER), ABSENT: (NOT_OURS, LATER), UNREAD: (NOT_OURS, LATER),
    ENDED: (KEPT, LATER),
}  # fmt: skip
NEED_REASON = {(MATCHED, NOT_OURS), (NAME, NOT_OURS), (ENDED, KEPT)}
_WHERE = "名单比对"
NUMBER_DIFFERS = "list_number"


@dataclass(frozen=True, slots=True)
class Accepted:
    """What accepting did: `lines` accepted now, `already` decided before; `action` to take it back by, if any."""

    lines: int
    already: int
    action: int | None


def accept(context: Context, ids: Collection[int]) -> Accepted:
    """Accept lines in one action: matched pupils get what the list gives, ended hardships end. Raises UserError."""
    with context.read() as connection:
        wanted = lines_by_id(connection, ids)
        kind = lists.kind_of(run_of(connection, wanted[0].run).kind) if wanted else None
    if kind is None:
        return Accepted(0, 0, None)
    with context.write(f"名单比对：{kind.name} {_deed(wanted)}") as unit:
        fresh = [line for line in lines_by_id(unit.connection, ids) if line.waiting]
        _accept(context, unit, fresh)
    return Accepted(len(fresh), len(wanted) - len(fresh), unit.deed.number)


def recognise(context: Context, number: int, student: str) -> Accepted:
    """A line that means nobody by its number is this pupil: accepted, with a question about the number."""
    with context.write("名单比对：认作本校学生") as unit:
        (line,) = lines_by_id(unit.connection, [number])
        if line.pile not in (ABSENT, UNREAD):
            raise UserError("这一行已经对上了学生", "请直接确认，或写明“不是本校的”。", _WHERE)
        if not line.waiting:
            return Accepted(0, 1, None)
        line.student = student
        _accept(context, unit, [line])
    return Accepted(1, 0, unit.deed.number)


def decide(context: Context, ids: Collection[int], outcome: str, reason: str = "") -> int:
    """Say of lines that they are not ours, kept, or for later; returns how many. Raises UserError."""
    with context.store.local() as connection:
        wanted = [line for line in lines_by_id(connection, ids) if line.waiting]
        for line in wanted:
            _check(line, outcome, reason)
            line.close(outcome, reason.strip())
        store_outcomes(connection, [*wanted, *_uncovered(connection, wanted, outcome)])
    return len(wanted)


def reopen(context: Context, ids: Collection[int]) -> int:
    """Lines that a person put aside wait again; returns how many. Accepted ones come back by undoing their step."""
    with context.store.local() as connection:
        wanted = lines_by_id(connection, ids)
        if any(line.outcome == ACCEPTED for line in wanted):
            remedy = "请撤销确认的那一步，例如 jz list undo；它改过的学生资料一起恢复。"
            raise UserError("已确认的行改过学生资料，不能只放回名单", remedy, _WHERE)
        put_aside = [line for line in wanted if line.outcome in (NOT_OURS, KEPT, LATER)]
        for line in put_aside:
            line.outcome = line.reason = None
        store_outcomes(connection, put_aside)
    return len(put_aside)


def _deed(wanted: Sequence[Line]) -> str:
    ended = sum(line.pile == ENDED for line in wanted)
    parts = [f"确认 {len(wanted) - ended} 人" if len(wanted) > ended else "", f"结束 {ended} 人" if ended else ""]
    return "、".join(filter(None, parts))


def _accept(context: Context, unit: Unit, wanted: Sequence[Line]) -> None:
    """Write what the lines give, and that they are accepted, in this transaction."""
    mark, connection = unit.mark, unit.connection
    if nobody := [line for line in wanted if not line.student]:
        what = f"第 {nobody[0].row} 行“{nobody[0].name}”还没有对上学生"
        raise UserError(what, "请先指明是哪名学生，或写明“不是本校的”。", _WHERE)
    desk = Desk(connection, unit.author.scope, context.term(), context.today())
    for number, lines in groupby(sorted(wanted, key=lambda one: (one.run, one.id)), key=lambda one: one.run):
        _apply(desk, run_of(connection, number), list(lines))
    for image in (desk.images[entity] for entity in ENTITIES if entity in desk.images):
        image.write(unit, lambda _: None)
    for line in wanted:
        line.facts["step"] = mark if unit.changes.uids else ""
        line.close(ACCEPTED)
    store_outcomes(unit.connection, wanted)


def _apply(desk: Desk, run: Row[Any], wanted: Sequence[Line]) -> None:
    kind = lists.kind_of(run.kind)
    teller = Teller(desk, paper_of(desk.connection, run.id, kind, run.file, run.listed_on))
    for line in wanted:
        if line.pile == ENDED:
            _end(desk, line, proof_of(kind, run.file, run.listed_on), run.listed_on)
            continue
        if line.student not in desk.image(Student).rows:
            raise UserError("这名学生的记录已经作废", "请刷新页面；需要时重新比对这份名单。", line.name)
        teller.apply(str(line.student), told_of(line.facts))
        if line.pile in (ABSENT, UNREAD):
            _question(desk, line)


def _end(desk: Desk, line: Line, proof: str, listed_on: str) -> None:
    """The hardship ended the day before the list that no longer has it; it stays on record."""
    image, uid = desk.image(Hardship), str(line.facts["hardship"])
    current = image.rows.get(uid)
    if current is None or str(current.get("valid_to") or "9999") < listed_on:
        return
    last = max(str(current["valid_from"]), day_before(listed_on))
    image.set(uid, {"valid_to": last, "end_reason": f"{line.facts['says']}：{proof}"[:100]})


def _question(desk: Desk, line: Line) -> None:
    """The roll's number and the list's are not the same: one of them is wrong."""
    tail = line.number[-4:] or "空"
    sentence = f"部门名单上“{line.name}”的证件号（末四位 {tail}）与学籍登记的不同，请对照证件核对"
    Doubts(desk).ask(str(line.student), NUMBER_DIFFERS, sentence)


def _check(line: Line, outcome: str, reason: str) -> None:
    if outcome not in FITTING[line.pile]:
        words = "、".join(OUTCOME_LABELS[one] for one in FITTING[line.pile])
        label = OUTCOME_LABELS.get(outcome, outcome)
        raise UserError(f"“{PILE_LABELS[line.pile]}”的行不能定为“{label}”", f"可以：确认、{words}。", _WHERE)
    if (line.pile, outcome) in NEED_REASON and not reason.strip():
        raise UserError("没有写明理由", "请写一句理由，例如“已核实是另一个人”。", _WHERE)


def _uncovered(connection: Connection, wanted: Sequence[Line], outcome: str) -> list[Line]:
    """Rows that were settled because another row said the same, wait once that one is put aside."""
    if outcome != NOT_OURS:
        return []
    aside = {(line.run, line.student, line.row) for line in wanted if line.student}
    found = [
        line
        for run in sorted({run for run, _, _ in aside})
        for line in lines_of(connection, run, outcome=COVERED)
        if (run, line.student, line.facts.get("covered")) in aside
    ]
    for line in found:
        line.outcome = line.reason = None
    return found
