"""学籍异动: an event of a pupil recorded by its rule, changing the enrolment in the same transaction; or taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from jzdesk.core import codes
from jzdesk.core.errors import UserError
from jzdesk.core.fields import Value
from jzdesk.core.term import Term
from jzdesk.models import Enrolment, EnrolmentEvent, Student
from jzdesk.policy import enrolment as rules
from jzdesk.policy.enrolment import Refusal, Standing, Step
from jzdesk.services.context import Context
from jzdesk.services.forms import FormProblems, understood
from jzdesk.services.pupils import CLASS, EVENT, STUDENT
from jzdesk.services.roll import listing
from jzdesk.services.roll.closures import open_accounts
from jzdesk.services.roll.listing import EventLine, EventQuery
from jzdesk.services.roll.timeline import (
    PLACE,
    EventRefused,
    Timeline,
    event_values,
    insert,
    only_schools,
    take_back,
    timeline_of,
)
from jzdesk.store.unit import Changes, Unit

_SPEC = EnrolmentEvent.spec
_EXTRA = ("until", "other_school", "reason", "proof", "approver")
_CLOSING = frozenset({rules.GRADUATED, rules.LEFT, rules.DIED})


@dataclass(frozen=True, slots=True)
class EventDraft:
    """An event as typed; `kind` and `to_grade` are codes or labels, `to_class` a uid, `date` today when empty."""

    student: str
    kind: str
    date: str | None = None
    until: str | None = None
    to_grade: str | None = None
    to_class: str | None = None
    other_school: str | None = None
    reason: str | None = None
    proof: str | None = None
    approver: str | None = None

    def values(self) -> dict[str, object]:
        """By field name."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class EventDone:
    """An event is recorded: its uid, the action that can be undone, and how many open accounts of the pupil remain."""

    uid: str
    action: int | None
    sentence: str
    accounts: int
    changes: Changes


class RollService:
    """The verbs of the page 学籍异动, and the roll on any day."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def fields_of(self, kind: str | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """(fields that an event of this kind needs, fields it may have), in the order of the form."""
        if kind is None or kind not in codes.table("enrolment_event").rows:
            return (), ()
        known = rules.rule(kind)
        needed = tuple(name for name in _SPEC.fields if name in known.needs)
        return needed, tuple(name for name in _SPEC.fields if name in known.asks)

    def register(self, values: Mapping[str, object] | EventDraft) -> EventDone:
        """Record an event with what follows from it in one transaction; raises FormProblems and EventRefused."""
        only_schools(self._context)
        typed = dict(values.values() if isinstance(values, EventDraft) else values)
        typed["date"] = typed.get("date") or self._context.today()
        with self._context.write(PLACE) as unit:
            made = _typed(unit, self._context, typed)
            uid = made.run()
            accounts = open_accounts(unit.connection, made.student) if made.kind in _CLOSING else 0
        return EventDone(uid, unit.deed.number, f"已登记 {made.name} {made.rule.label}", accounts, unit.changes)

    def void(self, uid: str, reason: str) -> Changes:
        """Void the latest event of an enrolment: the pupil stands as before. Raises UserError."""
        only_schools(self._context)
        if not reason.strip():
            raise UserError("作废异动没有写明理由", "请写一句理由，例如“登记错了人”。", PLACE)
        scope = self._context.author.scope
        with self._context.write("作废异动") as unit:
            name, label = void_event(unit, scope, uid, reason.strip())
            unit.deed.label = f"作废{label}：{name}"
        return unit.changes

    def set_destination(self, uid: str, school: str) -> Changes:
        """Where a leaver went, filled in later."""
        text = _SPEC["other_school"].read(school).value
        with self._context.write("登记去向") as unit:
            unit.change(EnrolmentEvent, uid, {"other_school": text})
        return unit.changes

    def ids(self, query: EventQuery | None = None) -> list[str]:
        """uids of the events that match, the newest first."""
        wanted = query or EventQuery()
        among = self._context.store.find(wanted.text, 5000) if wanted.text.strip() else None
        with self._context.read() as connection:
            return listing.ids(connection, self._scope(), wanted, among, self._context.today())

    def rows(self, uids: Sequence[str]) -> list[EventLine]:
        """Events by uid, in the order asked."""
        with self._context.read() as connection:
            return listing.rows(connection, uids)

    def history(self, student: str) -> list[EventLine]:
        """Everything that happened to a pupil, the newest first."""
        query = select(EVENT.c.uid).where(EVENT.c.student == student, EVENT.c.hidden == 0)
        with self._context.read() as connection:
            uids = list(connection.execute(query.order_by(EVENT.c.date.desc(), EVENT.c.uid)).scalars())
            return listing.rows(connection, uids)

    def years(self) -> list[tuple[str, str]]:
        """(first year, label) of the school years that can be chosen, this one first."""
        start = Term.of(self._context.today()).start
        return [(str(year), f"{year}-{year + 1} 学年") for year in range(start, start - 10, -1)]

    def _scope(self) -> str | None:
        return None if self._context.info.kind == "county" else self._context.author.scope


def void_event(unit: Unit, scope: str, uid: str, reason: str) -> tuple[str, str]:
    """Void the latest event of an enrolment, within the caller's transaction; returns (pupil, kind) in words."""
    line, step = _found(unit.connection, scope, uid)
    take_back(unit, line, step, reason)
    return line.name, rules.rule(step.kind).label


def _found(connection: Connection, scope: str, uid: str) -> tuple[Timeline, Step]:
    query = select(EVENT.c.student, EVENT.c.date).where(EVENT.c.uid == uid, EVENT.c.hidden == 0, EVENT.c.scope == scope)
    row = connection.execute(query).first()
    line = timeline_of(connection, scope, row[0], row[1]) if row else None
    step = next((one for one in line.steps if one.uid == uid), None) if line else None
    if line is None or step is None:
        raise UserError("这次异动不存在，或已经作废", "请刷新页面后重试。", PLACE)
    return line, step


def leave(unit: Unit, context: Context, given: Mapping[str, str]) -> str:
    """Record that a pupil leaves for another school, within the caller's transaction; returns the uid of the event.

    The event of a pupil who is already recorded as having left is that one. Raises EventRefused.
    """
    made = _Registering(unit, context, {**given, "kind": rules.LEFT})
    return made.left() or made.run()


def arrive(unit: Unit, context: Context, typed: Mapping[str, object]) -> str:
    """Record what was typed of an event, within the caller's transaction; as `RollService.register`."""
    return _typed(unit, context, typed).run()


def _typed(unit: Unit, context: Context, typed: Mapping[str, object]) -> _Registering:
    given, bad = understood(_SPEC, typed)
    bad |= {name: said for name, said in _SPEC.problems(given).items() if name not in bad}
    if bad:
        raise FormProblems(bad, PLACE)
    return _Registering(unit, context, {k: str(v) for k, v in given.items() if v is not None})


class _Registering:
    """One event on its way into the roll."""

    def __init__(self, unit: Unit, context: Context, given: dict[str, str]) -> None:
        self._unit, self._context, self._given = unit, context, given
        self.student, self.kind, self.date = given["student"], given["kind"], given["date"]
        self.rule = rules.rule(self.kind)
        self._line = timeline_of(unit.connection, context.author.scope, self.student, self.date)
        self.name = self._line.name if self._line else _name_of(unit.connection, self.student)
        unit.deed.label = f"{self.rule.label}：{self.name}"

    def run(self) -> str:
        """Check, then write; returns the uid of the event."""
        self._check_fields()
        if self._line is None:
            return self._first_enrolment()
        if self._begins(self._line):
            return self._beginning(self._line)
        return self._event(self._line)

    def left(self) -> str | None:
        """The event with which the pupil has left already."""
        if self._line is None or self._line.now.status != rules.LEFT:
            return None
        return next((step.uid for step in reversed(self._line.steps) if step.kind == rules.LEFT), None)

    def _check_fields(self) -> None:
        given = self._given
        for name in (*_EXTRA, "to_grade", "to_class"):
            if name in self.rule.needs and name not in given:
                label = _SPEC[name].label
                raise EventRefused(Refusal(name, f"{self.rule.label}要写明{label}", f"请填写{label}。"))
            if name in given and name not in (*self.rule.needs, *self.rule.asks):
                what = f"{self.rule.label}没有“{_SPEC[name].label}”这一项"
                raise EventRefused(Refusal(name, what, "请清空这一栏，或改选异动的种类。"))
        _refuse(rules.until_refusal(self.kind, self.date, given.get("until")))

    def _first_enrolment(self) -> str:
        """Somebody with a record and no place at this school yet."""
        if self.kind not in rules.BEGINNINGS:
            remedy = "从外校来的先登记转入，新生先登记入学。"
            raise EventRefused(Refusal("student", f"{self.name}不在本校学籍里", remedy))
        _refuse(rules.date_refusal(self.date, None, self._context.today()))
        grade = self._given.get("to_grade")
        if grade is None:
            raise EventRefused(Refusal("to_grade", f"{self.name}还没有本校学籍，要写明年级", "请填写就读的年级。"))
        after = Standing(self.rule.to_status, grade, self._class(grade, self._given.get("to_class")))
        enrolment = self._unit.add(Enrolment, {
            "student": self.student, "school": self._context.info.code, "status": after.status, "grade": grade,
            "school_class": after.school_class, "valid_from": self.date,
        })  # fmt: skip
        line = Timeline(enrolment, self.student, self.name, after, self.date, None, ())
        return self._note(line, after)

    def _begins(self, line: Timeline) -> bool:
        """Whether the event tells how an enrolment began that nothing has happened to yet."""
        attending = line.now.status in ("01", "03", "05", "09")
        return self.kind in (rules.ARRIVED, rules.ENTERED) and not line.steps and attending

    def _beginning(self, line: Timeline) -> str:
        """How the enrolment began: the day, the grade and the class of its first day."""
        _refuse(rules.date_refusal(self.date, None, self._context.today()))
        grade = self._given.get("to_grade") or line.now.grade or ""
        kept = line.now.school_class if grade == line.now.grade else None
        after = Standing(line.now.status, grade, self._class(grade, self._given.get("to_class")) or kept)
        values: dict[str, Value] = {"valid_from": self.date, "grade": grade, "school_class": after.school_class}
        self._unit.change(Enrolment, line.enrolment, values)
        return self._note(line, after)

    def _note(self, line: Timeline, standing: Standing) -> str:
        step = Step("", self.date, self.kind, standing, standing)
        return self._unit.add(EnrolmentEvent, event_values(line, step, self._extra()))

    def _event(self, line: Timeline) -> str:
        _refuse(rules.date_refusal(self.date, line.began, self._context.today()))
        before = line.on(self.date)
        _refuse(rules.transition_refusal(self.kind, before, self.name))
        step = Step("", self.date, self.kind, before, self._after(line, before))
        return insert(self._unit, line, step, self._extra())

    def _after(self, line: Timeline, before: Standing) -> Standing:
        start = Term.of(self.date).start
        promoted = any(one.kind == rules.PROMOTED and one.date >= f"{start}-09-01" for one in line.steps)
        usual = rules.usual_grade(self.kind, before.grade, promoted=promoted)
        grade = self._given.get("to_grade") or usual
        _refuse(rules.grade_refusal(self.kind, before.grade, grade))
        wanted = self._given.get("to_class")
        if self.kind == rules.REGROUPED and wanted == before.school_class:
            raise EventRefused(Refusal("to_class", f"{self.name}已经在这个班", "请选择另一个班。"))
        room = before.school_class
        if wanted is not None:
            room = self._class(grade, wanted)
        elif grade != before.grade:
            room = same_named(self._unit.connection, self._context.author.scope, room, grade)
        return Standing(self.rule.to_status or before.status, grade, room)

    def _class(self, grade: str | None, wanted: str | None) -> str | None:
        """The class wanted, when it is one of the grade."""
        if wanted is None:
            return None
        query = select(CLASS.c.grade).where(CLASS.c.uid == wanted, CLASS.c.hidden == 0)
        found = self._unit.connection.execute(query).scalar_one_or_none()
        if found is None:
            raise EventRefused(Refusal("to_class", "这个班不存在或已作废", "请重新选择班级。"))
        if found != grade:
            label = codes.table("grade").label(grade or "")
            raise EventRefused(Refusal("to_class", f"这个班不是{label}的班", f"请选择{label}的班，或先核对年级。"))
        return wanted

    def _extra(self) -> dict[str, Value]:
        return {name: self._given[name] for name in _EXTRA if name in self._given}


def _refuse(refusal: Refusal | None) -> None:
    if refusal is not None:
        raise EventRefused(refusal)


def _name_of(connection: Connection, student: str) -> str:
    query = select(STUDENT.c.name).where(STUDENT.c.uid == student, STUDENT.c.hidden == 0)
    found = connection.execute(query).scalar_one_or_none()
    if found is None:
        raise EventRefused(Refusal("student", f"这名{Student.label}的记录不存在", "请重新选择，或先到学生页登记。"))
    return str(found)


def same_named(connection: Connection, scope: str, room: str | None, grade: str | None) -> str | None:
    """The class of another grade that has the same name; None when there is none."""
    name: Any = select(CLASS.c.name).where(CLASS.c.uid == room).scalar_subquery()
    query = select(CLASS.c.uid).where(
        CLASS.c.scope == scope, CLASS.c.hidden == 0, CLASS.c.grade == grade, CLASS.c.name == name
    )
    found = connection.execute(query.limit(1)).scalar_one_or_none() if room and grade else None
    return None if found is None else str(found)
