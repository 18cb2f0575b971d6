"""One enrolment with its events, read and written: what the other parts of the roll stand on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, select

from jzdesk.core.errors import UserError
from jzdesk.core.fields import Value
from jzdesk.core.slices import slices
from jzdesk.models import Enrolment, EnrolmentEvent
from jzdesk.policy import enrolment as rules
from jzdesk.policy.enrolment import Refusal, Standing, Step
from jzdesk.services.context import Context
from jzdesk.services.pupils import ENROLMENT, EVENT, STEP_COLUMNS, STUDENT, step_of
from jzdesk.store.unit import Unit

PLACE = "学籍异动"
_PARTS = ("status", "grade", "class")


class EventRefused(UserError):
    """An event does not fit; `fields` names the field of the form the sentence belongs to."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.what, refusal.remedy, PLACE)
        self.fields = {refusal.field: f"{refusal.what}。{refusal.remedy}"}


@dataclass(frozen=True, slots=True)
class Timeline:
    """An enrolment as it stands today, and everything that happened to it."""

    enrolment: str
    student: str
    name: str
    now: Standing
    began: str | None
    ended: str | None
    steps: tuple[Step, ...]

    def on(self, day: str) -> Standing:
        """The standing at the end of a day."""
        return rules.standing_on(self.now, self.steps, day)


def only_schools(context: Context) -> None:
    """Raises UserError at the county: the school that holds the roll changes it."""
    if context.info.kind == "county":
        raise UserError("学籍异动由学校登记，县教育局只查看", "请在学校的工作站上登记，再用数据包上报。", PLACE)


def timelines(connection: Connection, scope: str, students: Iterable[str] | None = None) -> dict[str, list[Timeline]]:
    """Student → enrolments of the school with their events, the one that began last standing last."""
    query = (
        select(
            ENROLMENT.c.uid, ENROLMENT.c.student, STUDENT.c.name, ENROLMENT.c.status, ENROLMENT.c.grade,
            ENROLMENT.c.school_class, ENROLMENT.c.valid_from, ENROLMENT.c.valid_to,
        )
        .join_from(ENROLMENT, STUDENT, STUDENT.c.uid == ENROLMENT.c.student)
        .where(ENROLMENT.c.scope == scope, ENROLMENT.c.hidden == 0, STUDENT.c.hidden == 0)
        .order_by(ENROLMENT.c.valid_from, ENROLMENT.c.uid)
    )  # fmt: skip
    steps = _steps(connection, scope, students)
    found: dict[str, list[Timeline]] = defaultdict(list)
    for part in _parts(query, ENROLMENT.c.student, students):
        for uid, student, name, status, grade, room, began, ended in connection.execute(part):
            now = Standing(status, grade, room)
            found[student].append(Timeline(uid, student, name or "", now, began, ended, tuple(steps.get(uid, ()))))
    return found


def _steps(connection: Connection, scope: str, students: Iterable[str] | None) -> dict[str, list[Step]]:
    query: Select[Any] = select(*STEP_COLUMNS, EVENT.c.enrolment).where(EVENT.c.scope == scope, EVENT.c.hidden == 0)
    found: dict[str, list[Step]] = defaultdict(list)
    for part in _parts(query.order_by(EVENT.c.date, EVENT.c.uid), EVENT.c.student, students):
        for row in connection.execute(part):
            found[row[-1]].append(step_of(row))
    return found


def _parts(query: Select[Any], column: Any, students: Iterable[str] | None) -> Iterable[Select[Any]]:
    """The query for everybody, or for so many students at a time."""
    if students is None:
        return [query]
    return [query.where(column.in_(part)) for part in slices(list(students))]


def timeline_of(connection: Connection, scope: str, student: str, day: str) -> Timeline | None:
    """The student's enrolment at this school that had begun on the day, else the last one; None without any."""
    found = timelines(connection, scope, [student]).get(student, [])
    begun = [one for one in found if (one.began or "") <= day] or found
    return begun[-1] if begun else None


def event_values(line: Timeline, step: Step, extra: dict[str, Value]) -> dict[str, Value]:
    """The values of an event; a part it does not touch is left blank."""
    return {**extra, "student": line.student, "enrolment": line.enrolment, "kind": step.kind, "date": step.date} | {
        f"{way}_{name}": standing[part] if step.touches(part) else None
        for way, standing in (("from", step.before), ("to", step.after))
        for part, name in enumerate(_PARTS)
    }


def enrolment_values(now: Standing) -> dict[str, Value]:
    """The values of an enrolment that stands so."""
    return {"status": now.status, "grade": now.grade, "school_class": now.school_class}


def insert(unit: Unit, line: Timeline, new: Step, extra: dict[str, Value]) -> str:
    """Record an event with everything that follows from it; returns its uid. Raises EventRefused."""
    plan = rules.insertion(line.now, line.steps, new, line.name)
    if isinstance(plan, Refusal):
        raise EventRefused(plan)
    values = enrolment_values(plan.now)
    if new.touches(0):
        values["valid_to"] = rules.ends_on((*line.steps, new), plan.now, line.began)
    rebase(unit, plan.rebased)
    unit.change(Enrolment, line.enrolment, values)
    return unit.add(EnrolmentEvent, event_values(line, new, extra))


def rebase(unit: Unit, steps: Sequence[Step]) -> None:
    """Later events begin from another standing now."""
    wanted: dict[str, dict[str, Value]] = {
        step.uid: {
            f"from_{name}": step.before[part] for part, name in enumerate(_PARTS) if step.touches(part)
        }
        for step in steps
    }  # fmt: skip
    if wanted:
        unit.change_many(EnrolmentEvent, wanted)


def take_back(unit: Unit, line: Timeline, step: Step, reason: str) -> None:
    """Void the latest event of an enrolment and put back what it changed; what was corrected since stays."""
    if any(one.date > step.date for one in line.steps):
        raise UserError("这次异动之后还登记了别的异动，不能直接作废", "请从最近的一次开始，依次作废。", PLACE)
    before = Standing(
        *(
            step.before[part] if step.touches(part) and line.now[part] == step.after[part] else line.now[part]
            for part in range(3)
        )
    )
    values = enrolment_values(before)
    if step.touches(0):
        rest = [one for one in line.steps if one.uid != step.uid]
        values["valid_to"] = rules.ends_on(rest, before, line.began)
    unit.change(Enrolment, line.enrolment, values)
    unit.void(EnrolmentEvent, step.uid, reason)
