"""The promotion carried out: what happens to every pupil, written in bulk, with the classes and their teachers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from jzdesk.core.clock import moment
from jzdesk.core.fields import Value
from jzdesk.core.term import Term
from jzdesk.models import Enrolment, EnrolmentEvent, SchoolClass
from jzdesk.policy import enrolment as rules
from jzdesk.policy import promotion as lots
from jzdesk.policy.enrolment import Standing, Step
from jzdesk.policy.promotion import GRADUATE, HELD, UP, Lot
from jzdesk.services.pupils import CLASS, ENROLMENT, EVENT
from jzdesk.services.roll.timeline import Timeline, event_values, timelines
from jzdesk.store import journal
from jzdesk.store.unit import Unit

_KIND = {UP: rules.PROMOTED, GRADUATE: rules.GRADUATED, HELD: rules.RETAINED}
_LOOKED_AT = 50


@dataclass(frozen=True, slots=True)
class Plan:
    """Every enrolment that has not ended, with what happens to it."""

    year: int
    lots: tuple[tuple[Timeline, Standing, Lot], ...]
    through: tuple[str, ...]

    def counts(self) -> dict[str, int]:
        """How many pupils of each lot."""
        found: dict[str, int] = defaultdict(int)
        for _, _, lot in self.lots:
            found[lot.what] += 1
        return found


def plan_of(
    connection: Connection, scope: str, year: int, held: Collection[str], anyway: bool, through: Collection[str]
) -> Plan:
    """What the promotion into that school year does with everybody; see `PromotionService.preview`."""
    day, staying = lots.first_day(year), set(held)
    found = [lines[-1] for lines in timelines(connection, scope).values() if lines[-1].now.status not in rules.GONE]
    fresh = set() if anyway else written_since(connection, {one.enrolment: one.on(day).grade for one in found}, day)
    planned: list[tuple[Timeline, Standing, Lot]] = []
    for line in found:
        standing = line.on(day)
        lot = lots.lot_of(
            year, standing, line.steps, line.began, recent=line.enrolment in fresh, held=line.student in staying,
            through=through,
        )  # fmt: skip
        planned.append((line, standing, lot))
    return Plan(year, tuple(planned), tuple(through))


def written_since(connection: Connection, grades: Mapping[str, str | None], day: str) -> set[str]:
    """Enrolments (uid → grade) whose grade was first written down on that day or later: it is the new year's already.

    The value counts, not the writing: a promotion taken back leaves the grade that was written before.
    """
    found = set()
    for uid, known in journal.known_entries(connection, Enrolment.__tablename__, grades).items():
        written = (one.entry.at for one in known if one.entry.set.get("grade") == grades[uid])
        if not any(moment(at)[:10] < day for at in written):
            found.add(uid)
    return found


def carry_out(unit: Unit, scope: str, plan: Plan) -> int:
    """Events and enrolments in bulk, the classes that are missing, the head teachers; returns the classes made."""
    moving = [item for item in plan.lots if item[2].what in _KIND]
    rooms = _Places(unit, scope)
    events: list[dict[str, Value]] = []
    enrolments: dict[str, dict[str, Value]] = {}
    followed: dict[str, str | None] = {}
    day = lots.first_day(plan.year)
    for line, before, lot in moving:
        after = _after(before, lot, rooms)
        step = Step("", day, _KIND[lot.what], before, after)
        if lot.what != HELD:
            enrolments[line.enrolment] = _changed(line, step)
        if lot.what == UP and before.school_class and after.school_class:
            followed[before.school_class] = after.school_class
        elif lot.what == GRADUATE and before.school_class:
            followed.setdefault(before.school_class, None)
        events.append(event_values(line, step, {}))
    unit.change_many(Enrolment, enrolments)
    unit.add_many(EnrolmentEvent, events)
    rooms.lead(followed)
    return rooms.made


def _after(before: Standing, lot: Lot, rooms: _Places) -> Standing:
    if lot.what == UP:
        return before._replace(grade=lot.grade, school_class=rooms.above(before.school_class, str(lot.grade)))
    return before._replace(status=rules.GRADUATED) if lot.what == GRADUATE else before


def _changed(line: Timeline, step: Step) -> dict[str, Value]:
    """What of the enrolment changes: an event dated later may have changed the status since."""
    if step.kind == rules.GRADUATED:
        return {"status": rules.GRADUATED, "valid_to": rules.ends_on([step], step.after, line.began)}
    return {"grade": step.after.grade, "school_class": step.after.school_class}


class _Places:
    """The classes of the school: the one above each, made when there is none yet."""

    def __init__(self, unit: Unit, scope: str) -> None:
        self._unit = unit
        query = select(CLASS.c.uid, CLASS.c.grade, CLASS.c.name, CLASS.c.head, CLASS.c.hidden)
        rows: list[Any] = list(unit.connection.execute(query.where(CLASS.c.scope == scope)).all())
        self._names = {uid: name for uid, _, name, _, _ in rows}
        self._heads = {uid: head for uid, _, _, head, _ in rows}
        self._known = {(grade, name): uid for uid, grade, name, _, hidden in rows if not hidden}
        self.made = 0

    def above(self, room: str | None, grade: str) -> str | None:
        """The class of that grade with the name of this one."""
        name = self._names.get(room or "")
        if name is None:
            return None
        if (uid := self._known.get((grade, name))) is None:
            uid = self._known[grade, name] = self._unit.add(SchoolClass, {"grade": grade, "name": name})
            self.made += 1
        return uid

    def lead(self, followed: dict[str, str | None]) -> None:
        """The head teachers go up with their classes; a class nobody has come into waits for its own."""
        heads: dict[str, dict[str, Value]] = {room: {"head": None} for room in followed if self._heads.get(room)}
        for room, above in followed.items():
            if above is not None:
                heads[above] = {"head": self._heads.get(room)}
        if heads:
            self._unit.change_many(SchoolClass, heads)


def is_due(connection: Connection, scope: str, today: str) -> bool:
    """Whether the promotion of this school year waits: cheap, for 工作台.

    It does when pupils were on the roll before 1 September, nothing moved them since, and their grades were written
    down before that day. A few of them tell.
    """
    day = lots.first_day(Term.of(today).start)
    settled = select(EVENT.c.enrolment).where(
        EVENT.c.hidden == 0, EVENT.c.scope == scope, EVENT.c.date >= day, EVENT.c.enrolment.is_not(None)
    )
    waiting = (
        select(ENROLMENT.c.uid, ENROLMENT.c.grade)
        .where(ENROLMENT.c.scope == scope, ENROLMENT.c.hidden == 0, ENROLMENT.c.status.in_(lots.goes_up()))
        .where(ENROLMENT.c.valid_from < day, ENROLMENT.c.uid.not_in(settled))
        .limit(_LOOKED_AT)
    )
    found = {row[0]: row[1] for row in connection.execute(waiting)}
    return len(written_since(connection, found, day)) < len(found)
