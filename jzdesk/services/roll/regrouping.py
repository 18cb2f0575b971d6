"""调班 of many pupils at once: one event each, checked against what else happened to them."""

from __future__ import annotations

from collections.abc import Sequence

from jzdesk.core.errors import UserError
from jzdesk.core.fields import Value
from jzdesk.models import Enrolment, EnrolmentEvent
from jzdesk.policy import enrolment as rules
from jzdesk.policy.enrolment import Refusal, Step
from jzdesk.services.roll.timeline import PLACE, EventRefused, Timeline, enrolment_values, event_values, rebase
from jzdesk.store.unit import Unit


class Regrouping:
    """Changes of class on their way into the roll, written in bulk."""

    def __init__(self, day: str, reason: Value, target: str, today: str) -> None:
        self.day, self._reason, self._target, self._today = day, reason, target, today
        self._new: list[dict[str, Value]] = []
        self._events: dict[str, dict[str, Value]] = {}
        self._void: list[str] = []
        self._enrolments: dict[str, dict[str, Value]] = {}
        self._rebased: list[Step] = []

    def take(self, line: Timeline) -> None:
        """Plan one pupil's change; raises EventRefused."""
        if refusal := rules.date_refusal(self.day, line.began, self._today):
            raise EventRefused(refusal)
        before = line.on(self.day)
        if before.school_class == self._target:
            return
        same_day = next((one for one in line.steps if one.date == self.day and one.touches(2)), None)
        if same_day is not None:
            self._put_right(line, same_day)
            return
        step = Step("", self.day, rules.REGROUPED, before, before._replace(school_class=self._target))
        refusal = rules.transition_refusal(step.kind, before, line.name)
        plan = refusal or rules.insertion(line.now, line.steps, step, line.name)
        if isinstance(plan, Refusal):
            raise EventRefused(plan)
        self._new.append(event_values(line, step, {"reason": self._reason}))
        self._enrolments[line.enrolment] = enrolment_values(plan.now)
        self._rebased += plan.rebased

    def _put_right(self, line: Timeline, step: Step) -> None:
        """The class of that day's event becomes the new one; an event that changes nothing any more is void."""
        if any(one.date > step.date and one.touches(2) for one in line.steps):
            what = f"{line.name}在 {step.date} 之后又换过班，这一天的班级不能再改"
            raise EventRefused(Refusal("date", what, "请把日期改到最后一次调班之后。"))
        if step.before._replace(school_class=self._target) == step.before and not step.touches(1):
            self._void.append(step.uid)
        else:
            self._events[step.uid] = {"to_class": self._target}
        self._enrolments[line.enrolment] = {"school_class": self._target}

    def write(self, unit: Unit) -> int:
        """Everything planned; returns how many pupils changed class."""
        rebase(unit, self._rebased)
        unit.change_many(Enrolment, self._enrolments)
        unit.change_many(EnrolmentEvent, self._events)
        for uid in self._void:
            unit.void(EnrolmentEvent, uid, "同日调回原班")
        unit.add_many(EnrolmentEvent, self._new)
        return len(self._enrolments)


def line_on(lines: Sequence[Timeline], day: str) -> Timeline:
    """The enrolment that had begun on the day, else the last; raises UserError when there is none."""
    begun = [one for one in lines if (one.began or "") <= day] or list(lines)
    if not begun:
        raise UserError("选中的学生不在本校学籍里", "请刷新名单后重新选择。", PLACE)
    return begun[-1]
