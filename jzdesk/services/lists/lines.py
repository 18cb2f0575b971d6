"""Lines of lists as they are kept: written, found again, and whether a person still has to decide them.

What a line's acceptance wrote is an action of the journal. When that is undone, by whatever way, the line waits again:
`facts` holds under "step" which transaction it was.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, or_, select, update

from jzdesk.core.errors import UserError
from jzdesk.core.slices import slices
from jzdesk.services.lists.shapes import ACCEPTED, OPEN
from jzdesk.store.tables import action, list_line, list_run

Facts = dict[str, Any]


@dataclass(slots=True)
class Line:
    """A row of list_line; `outcome` is None while nobody has decided, and again once the acceptance was undone."""

    run: int
    pile: str
    row: int
    name: str
    number: str
    student: str | None
    facts: Facts = field(default_factory=dict)
    outcome: str | None = None
    reason: str | None = None
    id: int = 0

    @property
    def waiting(self) -> bool:
        """Whether a person has to decide."""
        return self.outcome in OPEN

    def close(self, outcome: str, reason: str = "") -> None:
        """Say what became of it."""
        self.outcome, self.reason = outcome, reason[:200] or None


def add_lines(connection: Connection, lines: Iterable[Line]) -> None:
    """Keep new lines."""
    values = [
        {
            "run": line.run, "pile": line.pile, "row": line.row, "name": line.name[:50], "number": line.number[:30],
            "student": line.student, "facts": json.dumps(line.facts, ensure_ascii=False), "outcome": line.outcome,
            "reason": line.reason,
        }
        for line in lines
    ]  # fmt: skip
    if values:
        connection.execute(insert(list_line), values)


def lines_of(connection: Connection, run: int, pile: str | None = None, outcome: str | None = None) -> list[Line]:
    """Lines of a run (of one pile, of one outcome), in the order in which they are worked through."""
    query = select(list_line).where(list_line.c.run == run)
    if outcome is not None:
        query = query.where(list_line.c.outcome == outcome)
    if pile is not None:
        query = query.where(list_line.c.pile == pile)
    return _as_lines(connection, connection.execute(query.order_by(list_line.c.id)))


def lines_by_id(connection: Connection, ids: Collection[int]) -> list[Line]:
    """These lines, by number; raises UserError when one is unknown."""
    wanted = sorted(set(ids))
    found: list[Line] = []
    for part in slices(wanted):
        query = select(list_line).where(list_line.c.id.in_(part))
        found += _as_lines(connection, connection.execute(query.order_by(list_line.c.id)))
    if len(found) != len(wanted):
        raise UserError("找不到名单里的这一行", "请刷新页面后重试。", "名单比对")
    return found


def lines_of_kind(connection: Connection, kind: str, before: int) -> list[tuple[Line, Row[Any]]]:
    """Lines of earlier runs of a kind with their runs, oldest first."""
    runs = {
        row.id: row for row in connection.execute(select(list_run).where(list_run.c.kind == kind)) if row.id < before
    }
    query = select(list_line).where(list_line.c.run.in_(runs)).order_by(list_line.c.id)
    return [(line, runs[line.run]) for line in _as_lines(connection, connection.execute(query))]


def store_outcomes(connection: Connection, lines: Sequence[Line]) -> None:
    """Write what became of these lines."""
    if not lines:
        return
    query = update(list_line).where(list_line.c.id == bindparam("line"))
    query = query.values({name: bindparam(f"the_{name}") for name in ("outcome", "reason", "student", "facts")})
    values = [
        {
            "line": line.id, "the_outcome": line.outcome, "the_reason": line.reason, "the_student": line.student,
            "the_facts": json.dumps(line.facts, ensure_ascii=False),
        }
        for line in lines
    ]  # fmt: skip
    connection.execute(query, values)


def run_of(connection: Connection, number: int) -> Row[Any]:
    """A run; raises UserError."""
    row = connection.execute(select(list_run).where(list_run.c.id == number)).first()
    if row is None:
        raise UserError("没有这次名单比对", "请在“名单比对”里选一份名单，或用 jz list runs 查看。", "名单比对")
    return row


def waiting_by_pile(connection: Connection, run: int | None = None) -> dict[tuple[int, str], int]:
    """(run, pile) → how many lines wait."""
    steps = undone_steps(connection)
    waits = or_(list_line.c.outcome.is_(None), list_line.c.outcome.in_([one for one in OPEN if one]))
    if steps:
        step = func.json_extract(list_line.c.facts, "$.step")
        waits = or_(waits, (list_line.c.outcome == ACCEPTED) & step.in_(steps))
    query = select(list_line.c.run, list_line.c.pile, func.count()).where(waits)
    if run is not None:
        query = query.where(list_line.c.run == run)
    found = connection.execute(query.group_by(list_line.c.run, list_line.c.pile))
    return {(row[0], row[1]): row[2] for row in found}


def waiting(connection: Connection) -> int:
    """How many lines of all lists wait for a person."""
    return sum(waiting_by_pile(connection).values())


def undone_steps(connection: Connection) -> set[str]:
    """Transactions that were taken back and stand taken back."""
    query = select(action.c.chain, action.c.first_n).where(action.c.undone_by.is_not(None))
    return {f"{chain}-{first}" for chain, first in connection.execute(query)}


def action_of(connection: Connection, line: Line) -> tuple[int, str] | None:
    """(number, label) of the action that a line was accepted in; None when it was not, or wrote nothing."""
    chain, _, first = str(line.facts.get("step") or "").partition("-")
    if line.outcome != ACCEPTED or not first:
        return None
    query = select(action.c.id, action.c.label).where(action.c.chain == int(chain), action.c.first_n == int(first))
    row = connection.execute(query).first()
    return (row.id, row.label) if row else None


def _as_lines(connection: Connection, rows: Iterable[Row[Any]]) -> list[Line]:
    steps = undone_steps(connection)
    return [_as_line(row, steps) for row in rows]


def _as_line(row: Row[Any], undone: set[str]) -> Line:
    facts: Facts = json.loads(row.facts)
    taken_back = row.outcome == ACCEPTED and facts.get("step") in undone
    outcome = None if taken_back else row.outcome
    return Line(row.run, row.pile, row.row, row.name, row.number, row.student, facts, outcome, row.reason, row.id)
