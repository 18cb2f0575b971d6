"""Visits: which are due, and recording one in under a minute."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from jzdesk.core.fields import Value
from jzdesk.core.term import Term
from jzdesk.core.text import parse_date
from jzdesk.models import Visit
from jzdesk.policy import visits as rules
from jzdesk.services.context import Context
from jzdesk.services.forms import FormProblems, understood
from jzdesk.services.ledger import Row, Saved
from jzdesk.services.ledger import rows as ledger_rows
from jzdesk.services.pairing import PAIRING, STAFF, in_force
from jzdesk.services.pupils import STUDENT, Pupil, pupils, span_of, table_of

VISIT = table_of(Visit)


@dataclass(frozen=True, slots=True)
class DueVisit:
    """A visit wanted: `last` the day of the last visit of any kind or "", `due` the last day for the next one."""

    student: str
    name: str
    school_class: str
    caseworker: str
    staff: str
    last: str
    due: str
    overdue_days: int


@dataclass(frozen=True, slots=True)
class VisitDraft:
    """What the visit form holds, as typed; without `staff` it is the student's caseworker."""

    student: str
    staff: str | None = None
    date: str = ""
    method: str = "1"
    met: str | None = None
    situation: str | None = None
    measures: str | None = None
    needs: str | None = None
    next_plan: str | None = None


@dataclass(frozen=True, slots=True)
class _Duty:
    """A student somebody has to visit, and since when."""

    pupil: Pupil
    staff: str
    caseworker: str
    since: str


class VisitService:
    """The verbs of the visit page."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def due(self, today: str | None = None) -> list[DueVisit]:
        """Students whose visit of the present stretch of the term, or an earlier one, is still wanted; urgent first."""
        day = parse_date(today) if today else self._context.today()
        term = Term.of(day)
        begun = [last for first, last in rules.windows(term) if first <= day]
        if not begun:
            return []
        with self._context.read() as connection:
            duties = _duties(connection, self._scope(), day)
            counted, latest = _counted(connection, term), _latest(connection, day)
        found = []
        for duty in duties:
            uid = duty.pupil.uid
            due = rules.next_due(counted.get(uid, ()), term, duty.since)
            if due is not None and due <= begun[-1]:
                found.append(_due_visit(duty, latest.get(uid, ""), due, day))
        return sorted(found, key=lambda visit: (visit.due, visit.caseworker, visit.school_class, visit.name))

    def by_grade(self, today: str | None = None) -> list[tuple[str, int, int]]:
        """(grade, visited, to be visited) for the present stretch of the term."""
        day = parse_date(today) if today else self._context.today()
        term = Term.of(day)
        window = next((window for window in rules.windows(term) if window[0] <= day <= window[1]), None)
        if window is None:
            return []
        with self._context.read() as connection:
            duties = _duties(connection, self._scope(), day)
            counted = _counted(connection, term)
        sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for duty in duties:
            visited = any(window[0] <= on <= window[1] for on in counted.get(duty.pupil.uid, ()))
            sums[duty.pupil.grade][0] += visited
            sums[duty.pupil.grade][1] += 1
        labels = {duty.pupil.grade: duty.pupil.grade_label for duty in duties}
        return [(labels[grade], done, wanted) for grade, (done, wanted) in sorted(sums.items())]

    def record(self, draft: VisitDraft) -> Saved:
        """Record a visit; raises FormProblems naming every field that is wrong."""
        typed = {name: getattr(draft, name) for name in Visit.spec.fields if getattr(draft, name, None) is not None}
        good, bad = understood(Visit.spec, {"date": "", **typed})
        with self._context.write() as unit:
            connection = unit.connection
            if not good.get("staff") and draft.student:
                good["staff"] = _caseworker(connection, draft.student, str(good.get("date") or self._context.today()))
            problems = Visit.spec.problems(good) | bad
            problems |= {name: said for name, said in self._checks(connection, good).items() if name not in problems}
            if problems:
                raise FormProblems(problems, Visit.label)
            uid = unit.add(Visit, good)
        return Saved(uid, True, unit.changes)

    def _checks(self, connection: Connection, values: Mapping[str, Value]) -> dict[str, str]:
        """What only the records around a visit can tell."""
        found: dict[str, str] = {}
        day, plan = str(values.get("date") or ""), str(values.get("next_plan") or "")
        if day > self._context.today():
            found["date"] = f"走访日期 {day} 还没有到。请填写实际走访的日期；打算去的日子请填“下次计划”。"
        if plan and plan <= day:
            found["next_plan"] = f"下次计划 {plan} 不在这次走访之后。请填写以后的日期，或留空。"
        if problem := _student_problem(connection, values.get("student"), self._context.author.scope):
            found["student"] = problem
        if values.get("staff") and not _exists(connection, str(values["staff"])):
            found["staff"] = "走访人不在教师名册里。请先登记这名教师，再选择。"
        if "date" not in found and _recorded(connection, values):
            found["date"] = "这一天已有同一走访人、同样方式的走访记录。请打开原来的记录补充，不要重复登记。"
        return found

    def ids(
        self, text: str = "", student: str | None = None, staff: str | None = None, term: str | None = None
    ) -> list[str]:
        """uids of visits, newest first; `text` is part of a student's or caseworker's name."""
        query = (
            select(VISIT.c.uid)
            .outerjoin_from(VISIT, STUDENT, STUDENT.c.uid == VISIT.c.student)
            .outerjoin(STAFF, STAFF.c.uid == VISIT.c.staff)
            .where(VISIT.c.hidden == 0)
            .order_by(VISIT.c.date.desc(), VISIT.c.uid)
        )
        for word in text.split():
            query = query.where(STUDENT.c.name.contains(word, autoescape=True) | STAFF.c.name.contains(word))
        wanted = {"student": student, "staff": staff}
        for name, value in wanted.items():
            query = query.where(VISIT.c[name] == value) if value else query
        if term is not None:
            query = query.where(VISIT.c.date.between(*span_of(Term.parse(term))))
        with self._context.read() as connection:
            return [str(uid) for uid in connection.execute(query).scalars()]

    def rows(self, uids: Sequence[str]) -> list[Row]:
        """Visits by uid, in the order asked, as the ledger shows them."""
        with self._context.read() as connection:
            return ledger_rows(connection, "visit", uids)

    def _scope(self) -> str | None:
        return None if self._context.info.kind == "county" else self._context.author.scope


def _duties(connection: Connection, scope: str | None, day: str) -> list[_Duty]:
    """Every student on the roll with a caseworker on the day."""
    people = pupils(connection, scope, (day, day))
    query = (
        in_force(day)
        .with_only_columns(PAIRING.c.student, PAIRING.c.staff, STAFF.c.name, PAIRING.c.valid_from)
        .outerjoin(STAFF, STAFF.c.uid == PAIRING.c.staff)
        .order_by(PAIRING.c.valid_from)
    )
    found = {
        student: _Duty(people[student], staff, name or "", since or "")
        for student, staff, name, since in connection.execute(query)
        if student in people and people[student].enrolled
    }
    return list(found.values())


def _counted(connection: Connection, term: Term) -> dict[str, list[str]]:
    """Student → days of visits that count in the term.

    Until photographs are kept with a visit, a written situation or the person met is the evidence asked for.
    """
    query = select(VISIT.c.student, VISIT.c.date, VISIT.c.method, VISIT.c.met, VISIT.c.situation).where(
        VISIT.c.hidden == 0, VISIT.c.date.between(*span_of(term))
    )
    found: dict[str, list[str]] = defaultdict(list)
    for student, day, method, met, situation in connection.execute(query):
        if rules.counts(method or "", bool(met or situation)):
            found[student].append(day)
    return found


def _latest(connection: Connection, day: str) -> dict[str, str]:
    query = select(VISIT.c.student, func.max(VISIT.c.date)).where(VISIT.c.hidden == 0, VISIT.c.date <= day)
    return {row[0]: row[1] for row in connection.execute(query.group_by(VISIT.c.student))}


def _due_visit(duty: _Duty, last: str, due: str, day: str) -> DueVisit:
    late = (dt.date.fromisoformat(day) - dt.date.fromisoformat(due)).days
    return DueVisit(
        duty.pupil.uid, duty.pupil.name, duty.pupil.place, duty.caseworker, duty.staff, last, due, max(0, late)
    )


def _caseworker(connection: Connection, student: str, day: str) -> str | None:
    query = in_force(day).with_only_columns(PAIRING.c.staff).where(PAIRING.c.student == student)
    found = connection.execute(query).scalars().first()
    return None if found is None else str(found)


def _student_problem(connection: Connection, student: Value, scope: str) -> str:
    if not student:
        return ""
    pupil = pupils(connection, scope, among=select(STUDENT.c.uid).where(STUDENT.c.uid == student)).get(str(student))
    if pupil is None:
        return "这名学生不在本校学籍里。请刷新学生列表后重新选择。"
    return "" if pupil.enrolled else f"{pupil.name}已不在读。请先核对学籍状态。"


def _exists(connection: Connection, staff: str) -> bool:
    query = select(STAFF.c.uid).where(STAFF.c.uid == staff, STAFF.c.hidden == 0)
    return connection.execute(query).first() is not None


def _recorded(connection: Connection, values: Mapping[str, Value]) -> bool:
    """Whether the same visit stands already."""
    names = ("student", "date", "method", "staff")
    conditions: list[Any] = [
        VISIT.c[name].is_(None) if values.get(name) is None else VISIT.c[name] == values[name] for name in names
    ]
    return connection.execute(select(VISIT.c.uid).where(VISIT.c.hidden == 0, *conditions)).first() is not None
