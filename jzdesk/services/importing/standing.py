"""A known pupil's grade, class and status on a roll: what differs becomes an event by the rules, or a question.

Earlier terms must still see the earlier standing (docs/decisions/13), so an import never simply overwrites one.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import NamedTuple

from sqlalchemy import select

from jzdesk.core import codes
from jzdesk.core.term import Term
from jzdesk.models import Enrolment, EnrolmentEvent, SchoolClass
from jzdesk.policy import enrolment as rules
from jzdesk.policy import promotion as lots
from jzdesk.policy.enrolment import Refusal, Standing, Step
from jzdesk.services.importing.desk import Desk
from jzdesk.services.importing.image import Image, Values
from jzdesk.services.pupils import ENROLMENT
from jzdesk.services.roll.promoting import written_since
from jzdesk.services.roll.timeline import Timeline, enrolment_values, event_values

QUESTION = "roll_standing"
"""Kind of the question that a roll leaves where the rules do not allow what it says."""

_ATTENDING = frozenset({"01", "03", "05", "09"})
_PARTS = ("status", "grade", "school_class")
_NAMES = ("status", "grade", "class")
_BACK = {"02": rules.RETURNED, "11": rules.RETURNED, "10": rules.ENTERED, "15": rules.ENTERED}


class Outcome(NamedTuple):
    """What a roll changed of a standing: whether anything, what has to be asked, and what is worth telling."""

    changed: bool = False
    asks: str = ""
    note: str = ""


class Standings:
    """The standings of one school's pupils, with what happened to them; read only when a roll says otherwise."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._enrolments, self._classes = desk.image(Enrolment), desk.image(SchoolClass)
        self._year, self._term = lots.first_day(Term.of(desk.today).start), Term.of(desk.today).first_day

    def move(self, uid: str, name: str, wanted: Standing) -> Outcome:
        """Bring an enrolment to the standing of a roll; parts that the roll leaves blank are None in `wanted`."""
        known = self._enrolments.rows[uid]
        now = Standing(*(_text(known, part) for part in _PARTS))
        given = Standing(*(new or old for new, old in zip(wanted, now, strict=True)))
        if now.grade is None or now.status is None:
            return Outcome(self._correct(uid, given))
        outcome, blank = Outcome(), now.school_class is None and given.grade == now.grade
        if blank and given.school_class is not None:
            outcome = Outcome(self._correct(uid, now._replace(school_class=given.school_class)))
        for step in (self._of_grade, self._of_class, self._of_status):
            outcome = _both(outcome, step(uid, name, given))
        return outcome

    def _of_grade(self, uid: str, name: str, given: Standing) -> Outcome:
        """One grade up since last school year is 升级, in a school of nine years also from grade 6 to 7; a grade
        of this term is corrected; the rest only people know.
        """
        line = self._line(uid, name)
        if given.grade == line.now.grade:
            return Outcome()
        said = f"年级由“{_grade(line.now.grade)}”变为“{_grade(given.grade)}”"
        if self._begun_since(line, self._term):
            after = line.now._replace(grade=given.grade, school_class=given.school_class)
            return Outcome(self._correct(uid, after), note=f"{said}，原来的年级是本学期登记的，按更正处理")
        if lots.next_grade(line.now.grade, self._through) != given.grade or self._settled(line):
            remedy = "跳级、留级请在“学籍异动”登记；登记错了请在学生页改正；9 月 1 日前不要导入新学年的名册"
            return Outcome(asks=f"名册里{said}，不像升级，没有改动。{remedy}")
        before = line.on(self._year)
        after = before._replace(grade=given.grade, school_class=given.school_class)
        return self._happen(line, Step("", self._year, rules.PROMOTED, before, after), said)

    def _settled(self, line: Timeline) -> bool:
        """Whether the grade is one of this school year already: written in it, or something moved the pupil since."""
        since = [one for one in line.steps if one.date >= self._year]
        moved = any(one.touches(1) or one.touches(2) or one.kind == rules.RETAINED for one in since)
        return moved or self._begun_since(line, self._year)

    def _of_class(self, uid: str, name: str, given: Standing) -> Outcome:
        line = self._line(uid, name)
        room = given.school_class
        if room is None or room == line.now.school_class or self._classes.rows[room].get("grade") != line.now.grade:
            return Outcome()
        before = line.on(self._desk.today)
        said = f"班级变为“{self._classes.rows[room].get('name')}”"
        return self._happen(
            line, Step("", self._desk.today, rules.REGROUPED, before, before._replace(school_class=room)), said
        )

    def _of_status(self, uid: str, name: str, given: Standing) -> Outcome:
        line = self._line(uid, name)
        old, new = line.now.status or "", given.status or ""
        if old == new or {old, new} <= _ATTENDING:
            return Outcome(self._correct(uid, line.now._replace(status=new)))
        kind = _BACK.get(old, rules.PERSUADED) if new in _ATTENDING else new
        known, table = rules.rule(kind), codes.table("student_status")
        said = f"学籍状态由“{table.label(old)}”变为“{table.label(new)}”"
        if known.needs:
            lacking = "、".join(EnrolmentEvent.spec[need].label for need in known.needs)
            return Outcome(asks=f"名册里{said}，没有改动。请在“学籍异动”登记“{known.label}”，写明{lacking}")
        before = line.on(self._desk.today)
        after = before._replace(status=known.to_status)
        return self._happen(line, Step("", self._desk.today, kind, before, after), said)

    def _happen(self, line: Timeline, step: Step, said: str) -> Outcome:
        """Record an event when the rules allow it."""
        refusal = rules.date_refusal(step.date, line.began, self._desk.today)
        refusal = refusal or rules.transition_refusal(step.kind, step.before, line.name, step.after.grade)
        plan = refusal or rules.insertion(line.now, line.steps, step, line.name)
        if isinstance(plan, Refusal):
            return Outcome(asks=f"名册里{said}，没有改动：{plan.what}。{plan.remedy}")
        values: Values = enrolment_values(plan.now)
        if step.touches(0):
            values["valid_to"] = rules.ends_on((*line.steps, step), plan.now, line.began)
        for later in plan.rebased:
            touched = [(name, later.before[part]) for part, name in enumerate(_NAMES) if later.touches(part)]
            self._events.set(later.uid, {f"from_{name}": value for name, value in touched})
        event = event_values(line, step, {})
        self._steps[line.enrolment].append(step._replace(uid=self._events.add(event)))
        return Outcome(self._enrolments.set(line.enrolment, values))

    def _correct(self, uid: str, standing: Standing) -> bool:
        return self._enrolments.set(uid, enrolment_values(standing))

    def _line(self, uid: str, name: str) -> Timeline:
        known = self._enrolments.rows[uid]
        now = Standing(*(_text(known, part) for part in _PARTS))
        began, ended = _text(known, "valid_from"), _text(known, "valid_to")
        return Timeline(uid, str(known["student"]), name, now, began, ended, tuple(self._steps.get(uid, ())))

    def _begun_since(self, line: Timeline, day: str) -> bool:
        """Whether the enrolment, or its present grade, was first written down on that day or later."""
        return (line.began or "") >= day or line.enrolment in self._written[day]

    @cached_property
    def _written(self) -> dict[str, set[str]]:
        """Day → enrolments whose grade is no older, for the whole school at once."""
        known = {uid: _text(values, "grade") for uid, values in self._before.items()}
        return {day: written_since(self._desk.connection, known, day) for day in {self._year, self._term}}

    @cached_property
    def _before(self) -> dict[str, Values]:
        """The enrolments that were there before this import."""
        return {uid: values for uid, values in self._enrolments.rows.items() if values.get("valid_to") is None}

    @cached_property
    def _through(self) -> frozenset[str]:
        """Last grades that go on within this school, which had pupils of the next stage before this import."""
        known = select(ENROLMENT.c.grade).where(ENROLMENT.c.scope == self._desk.school, ENROLMENT.c.hidden == 0)
        held = self._desk.connection.execute(known.where(ENROLMENT.c.grade.is_not(None)).distinct()).scalars()
        return lots.through_of(set(held))

    @cached_property
    def _events(self) -> Image:
        return self._desk.image(EnrolmentEvent)

    @cached_property
    def _steps(self) -> dict[str, list[Step]]:
        found: dict[str, list[Step]] = defaultdict(list)
        for uid, one in self._events.rows.items():
            ways = (Standing(*(_text(one, f"{way}_{name}") for name in _NAMES)) for way in ("from", "to"))
            found[str(one.get("enrolment"))].append(Step(uid, str(one["date"]), str(one["kind"]), *ways))
        return found


def _both(first: Outcome, second: Outcome) -> Outcome:
    words = (filter(None, pair) for pair in ((first.asks, second.asks), (first.note, second.note)))
    return Outcome(first.changed or second.changed, *("；".join(part) for part in words))


def _text(values: Values, name: str) -> str | None:
    value = values.get(name)
    return None if value is None else str(value)


def _grade(code: str | None) -> str:
    return codes.table("grade").label(code or "")
