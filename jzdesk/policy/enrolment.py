"""The living roll as pure functions: the standing of a pupil on any day, and which event may follow which.

An enrolment holds the standing of today; every event says what it changed. The standing of an earlier day is found by
walking back from today through the events dated later (docs/decisions/12).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from jzdesk.core import codes, grades

SUSPENDED, RETURNED, LEFT, ARRIVED, GRADUATED = "02", "03", "04", "05", "06"
SUSPECTED, DROPPED, PERSUADED, DEFERRED, HOME_TAUGHT = "07", "08", "09", "10", "11"
WITHDRAWN, DIED, MISSING, NOT_ENROLLED = "12", "13", "14", "15"
PROMOTED, RETAINED, SKIPPED, REGROUPED, ENTERED = "21", "22", "23", "24", "25"

BEGINNINGS = frozenset({ARRIVED, NOT_ENROLLED, ENTERED})
"""Events that can be the first of an enrolment."""

GONE = frozenset({LEFT, GRADUATED, WITHDRAWN, DIED})
"""Statuses with which an enrolment ends."""


class Standing(NamedTuple):
    """How a pupil stands: codes of status and grade, uid of the class."""

    status: str | None = None
    grade: str | None = None
    school_class: str | None = None


class Step(NamedTuple):
    """An event as it bears on the standing; a part that is the same before and after was not touched by it."""

    uid: str
    date: str
    kind: str
    before: Standing
    after: Standing

    def touches(self, part: int) -> bool:
        """Whether the event changed this part of the standing."""
        return self.before[part] != self.after[part]

    def forward(self, now: Standing) -> Standing:
        """The standing after the event."""
        return Standing(*(self.after[part] if self.touches(part) else now[part] for part in _PARTS))

    def back(self, now: Standing) -> Standing:
        """The standing before the event."""
        return Standing(*(self.before[part] if self.touches(part) else now[part] for part in _PARTS))


_PARTS = range(3)
_WORDS = ("状态", "年级", "班级")


class Refusal(NamedTuple):
    """Why an event may not be recorded: the field it is about, what is wrong, and the remedy."""

    field: str
    what: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Rule:
    """What the table of events says of one kind: the status it leads to, from which statuses, and what it needs.

    `needs` are fields that must be filled, `asks` fields that may be.
    """

    kind: str
    label: str
    to_status: str
    allowed: frozenset[str]
    needs: tuple[str, ...]
    asks: tuple[str, ...]
    remedy: str


class Insertion(NamedTuple):
    """What recording an event does: the standing of today, and later events that now begin from something else."""

    now: Standing
    rebased: tuple[Step, ...]


@cache
def rule(kind: str) -> Rule:
    """The rule of a kind of event, from the table `enrolment_event`; KeyError for an unknown one."""
    row = codes.table("enrolment_event").rows[kind]
    parts = {name: tuple(filter(None, row[name].split("|"))) for name in ("allowed_from", "needs", "asks")}
    return Rule(
        kind, row["name"], row["to_status"], frozenset(parts["allowed_from"]), parts["needs"], parts["asks"],
        row["remedy"],
    )  # fmt: skip


def walk_back(now: Standing, later: Iterable[Step]) -> Standing:
    """The standing before all these events, of which `now` is the standing after."""
    for step in sorted(later, key=_order, reverse=True):
        now = step.back(now)
    return now


def standing_on(now: Standing, steps: Iterable[Step], day: str) -> Standing:
    """The standing at the end of a day: that of today, walked back through the events dated later."""
    return walk_back(now, (step for step in steps if step.date > day))


def replay(first: Standing, steps: Iterable[Step], day: str) -> Standing:
    """The standing at the end of a day, told forward from the beginning."""
    for step in sorted(steps, key=_order):
        if step.date <= day:
            first = step.forward(first)
    return first


def _order(step: Step) -> tuple[str, str]:
    return step.date, step.uid


def date_refusal(date: str, began: str | None, today: str) -> Refusal | None:
    """An event lies within the enrolment and not in the future."""
    if date > today:
        return Refusal("date", f"{date} 还没有到", "异动发生以后再登记，日期不能晚于今天。")
    if began is not None and date < began:
        return Refusal("date", f"学籍从 {began} 开始，异动不能早于它", "请改日期；就读起填错的，请先在学籍台账里更正。")
    return None


def until_refusal(kind: str, date: str, until: str | None) -> Refusal | None:
    """An expected end lies after the beginning, and within two years: longer is a slip of the year."""
    if until is None:
        return None
    if until <= date:
        return Refusal("until", "预计截止不在异动日期之后", "请填写预计回来的日期。")
    if (dt.date.fromisoformat(until) - dt.date.fromisoformat(date)).days > 731:
        return Refusal("until", f"{rule(kind).label}超过两年", "请核对年份；确实更久的，到期后再登记一次。")
    return None


def transition_refusal(kind: str, standing: Standing, name: str, to_grade: str | None = None) -> Refusal | None:
    """Whether the event may follow on this standing: by the table of statuses, the stage and the grade.

    With `to_grade`, the grade it leads to, the last grade of a stage may go on into the next one of the same school.
    """
    known, label = rule(kind), codes.table("student_status").label(standing.status or "")
    if standing.status not in known.allowed:
        return Refusal("kind", f"{name}现在是“{label}”，不能登记“{known.label}”", known.remedy)
    if problem := grades.status_problem(known.to_status or None, standing.grade):
        return Refusal("kind", *_two(problem))
    goes_on = to_grade is not None and grades.THROUGH.get(standing.grade or "") == to_grade
    return None if kind == PROMOTED and goes_on else _grade_rule(kind, standing.grade, name)


def _two(sentence: str) -> tuple[str, str]:
    what, _, remedy = sentence.partition("。")
    return what, remedy


def _grade_rule(kind: str, grade: str | None, name: str) -> Refusal | None:
    """Only the last grade graduates, only the first is put off; the last is not promoted."""
    label = codes.table("grade").label(grade or "")
    if kind == GRADUATED and not grades.final(grade):
        return Refusal("kind", f"{label}不是毕业年级，{name}不能毕业", "请先核对年级；提前离校的请登记转出。")
    if kind == DEFERRED and grades.moved(grade, -1) is not None:
        return Refusal("kind", f"{label}不是入学年级，{name}不能延缓入学", "已在读的学生请登记休学。")
    if kind in (PROMOTED, SKIPPED) and grades.final(grade):
        return Refusal("kind", f"{label}是毕业年级，{name}不能升级", "请登记毕业/结业。")
    return None


def usual_grade(kind: str, grade: str | None, *, promoted: bool) -> str | None:
    """The grade an event leads to when none is named; `promoted`: the pupil went up this school year already.

    Whoever stays down before the promotion keeps the grade; after it the pupil goes one grade back.
    """
    if kind in (PROMOTED, SKIPPED):
        return grades.following(grade)
    if kind == RETAINED and promoted:
        return grades.moved(grade, -1) or grade
    return grade


def grade_refusal(kind: str, grade: str | None, wanted: str | None) -> Refusal | None:
    """Up by one for 升级, further up for 跳级, not up for 留级; always within the stage."""
    table, line = codes.table("grade"), grades.line_of(grades.stage_of(grade))
    if kind not in (PROMOTED, RETAINED, SKIPPED):
        return None
    if wanted not in line or grade not in line:
        what = f"“{table.label(wanted or '')}”和“{table.label(grade or '')}”不在一个学段"
        return Refusal("to_grade", what, "跨学段的请先登记毕业/结业，再由新学校登记入学。")
    by = line.index(wanted) - line.index(grade)
    allowed = {PROMOTED: by == 1, SKIPPED: by >= 1, RETAINED: by <= 0}[kind]
    if allowed:
        return None
    return Refusal(
        "to_grade", f"{rule(kind).label}到“{table.label(wanted)}”不对", f"现在是{table.label(grade)}，请核对。"
    )


def insertion(now: Standing, steps: Sequence[Step], new: Step, name: str) -> Insertion | Refusal:
    """What recording `new` among the other events does; refused where it does not fit its neighbours.

    Of two events of one day that change the same thing nobody could say which came last: the second is refused.
    """
    touched = [part for part in _PARTS if new.touches(part)]
    for step in steps:
        if step.date == new.date and (same := [_WORDS[part] for part in touched if step.touches(part)]):
            what = f"{new.date} 已登记“{rule(step.kind).label}”，同一天{'、'.join(same)}不能再变一次"
            return Refusal("date", what, "请改日期，或先作废那一次异动。")
    return _rebase(now, sorted((step for step in steps if step.date > new.date), key=_order), new, name)


def _rebase(now: Standing, later: Sequence[Step], new: Step, name: str) -> Insertion | Refusal:
    """Tell the later events again from the new standing; the first that does not fit refuses the new one."""
    standing, open_parts = new.forward(standing_on(now, later, new.date)), {p for p in _PARTS if new.touches(p)}
    rebased: list[Step] = []
    for step in later:
        began = step.kind in BEGINNINGS and step.before == step.after
        if not began and transition_refusal(step.kind, standing, name, step.after.grade) is not None:
            return _clash(step)
        begins = Standing(*(standing[part] if step.touches(part) else step.before[part] for part in _PARTS))
        if any(step.touches(part) and begins[part] == step.after[part] for part in _PARTS):
            return _clash(step)
        if begins != step.before:
            rebased.append(step._replace(before=begins))
        open_parts -= {part for part in _PARTS if step.touches(part)}
        standing = step.forward(standing)
    ended = Standing(*(new.after[part] if part in open_parts else now[part] for part in _PARTS))
    return Insertion(ended, tuple(rebased))


def _clash(step: Step) -> Refusal:
    what = f"{step.date} 登记的“{rule(step.kind).label}”和这次异动接不上"
    return Refusal("date", what, "请先作废后来的异动再补登记，或把日期改到它之后。")


def ends_on(steps: Iterable[Step], now: Standing, began: str | None) -> str | None:
    """The last day of an enrolment: the day before the event with which the pupil left; None while it goes on."""
    if now.status not in GONE:
        return None
    dates = [step.date for step in steps if step.touches(0)]
    if not dates:
        return None
    before = (dt.date.fromisoformat(max(dates)) - dt.timedelta(days=1)).isoformat()
    return max(before, began or before)
