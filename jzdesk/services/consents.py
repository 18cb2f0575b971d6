"""Consent of guardians for children under 14: who, when, how, for what, and taken back (reference §7)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from jzdesk.core.errors import UserError
from jzdesk.core.fields import Value
from jzdesk.models import Consent
from jzdesk.services.context import Context
from jzdesk.services.forms import FormProblems, understood
from jzdesk.services.ledger import Saved
from jzdesk.services.pupils import enrolled_statuses
from jzdesk.services.student_tables import CONSENT, ENROLMENT, GUARDIAN, MEMBER, STUDENT
from jzdesk.store.unit import Changes, Unit

AGE = 14
USUAL_SCOPE = "学籍与资助登记、发放、上报"


@dataclass(frozen=True, slots=True)
class ManyConsents:
    """What became of one sheet of signatures: how many were recorded, and whose guardian is not on record."""

    recorded: int
    already: int
    unknown: tuple[str, ...]


def without_consent(today: str) -> Any:
    """Select of the students on the roll who are under 14 today and have no consent in force."""
    given = select(CONSENT.c.student).where(CONSENT.c.hidden == 0, CONSENT.c.withdrawn_on.is_(None))
    enrolled = select(ENROLMENT.c.student).where(
        ENROLMENT.c.hidden == 0, ENROLMENT.c.status.in_(sorted(enrolled_statuses()))
    )
    return select(STUDENT.c.uid).where(
        STUDENT.c.hidden == 0, STUDENT.c.birth > youngest_of_age(today), STUDENT.c.uid.in_(enrolled),
        STUDENT.c.uid.not_in(given),
    )  # fmt: skip


def count_without(connection: Connection, today: str) -> int:
    """How many students wait for a consent."""
    return connection.execute(select(func.count()).select_from(without_consent(today).subquery())).scalar_one()


def youngest_of_age(today: str) -> str:
    """The birth date of whoever turns 14 today; those born later are under 14."""
    day = dt.date.fromisoformat(today)
    leap = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year - AGE, day=28 if leap else day.day).isoformat()


def is_child(birth: str | None, today: str) -> bool:
    """Whether the law asks for a guardian's consent."""
    return bool(birth) and str(birth) > youngest_of_age(today)


class ConsentService:
    """The verbs of 监护人同意."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def add(self, student: str, values: Mapping[str, object]) -> Saved:
        """Record a consent; with `member` the name and the relation are that guardian's. Raises FormProblems."""
        good, bad = understood(Consent.spec, {"how": "written", "covers": USUAL_SCOPE, **values})
        with self._context.write("登记监护人同意") as unit:
            if member := good.get("member"):
                known = _guardian(unit.connection, student, str(member))
                good = known | {name: value for name, value in good.items() if value is not None}
            good["student"] = student
            good.setdefault("given_on", self._context.today())
            if problems := Consent.spec.problems(good) | bad | self._too_late(good, "given_on"):
                raise FormProblems(problems, Consent.label)
            uid = unit.add(Consent, good)
        return Saved(uid, True, unit.changes)

    def add_many(self, students: Sequence[str], values: Mapping[str, object]) -> ManyConsents:
        """One sheet signed by many parents: each child's first guardian consented; who has consented stays as it is."""
        good, bad = understood(Consent.spec, {"how": "written", "covers": USUAL_SCOPE, **values})
        good.setdefault("given_on", self._context.today())
        if problems := bad | self._too_late(good, "given_on"):
            raise FormProblems(problems, Consent.label)
        with self._context.write(f"登记监护人同意 {len(students)} 人") as unit:
            return _record_many(unit, students, good)

    def withdraw(self, uid: str, day: str | None = None, note: str | None = None) -> Changes:
        """Taken back: from that day on the child has none; what was done before stays lawful, and recorded."""
        given = {"withdrawn_on": day or self._context.today(), **({"note": note} if note else {})}
        good, bad = understood(Consent.spec, given)
        with self._context.write("撤回监护人同意") as unit:
            before = str(unit.state(Consent, uid).values.get("given_on") or "")
            problems = bad | self._too_late(good, "withdrawn_on")
            if not problems and str(good["withdrawn_on"]) < before:
                problems = {"withdrawn_on": f"撤回日期早于同意日期 {before}。请核对日期。"}
            if problems:
                raise FormProblems(problems, Consent.label)
            unit.change(Consent, uid, good)
        return unit.changes

    def missing(self) -> list[str]:
        """uids of the students who wait for a consent."""
        with self._context.read() as connection:
            return list(connection.execute(without_consent(self._context.today())).scalars())

    def _too_late(self, values: Mapping[str, Value], name: str) -> dict[str, str]:
        day = values.get(name)
        if day and str(day) > self._context.today():
            return {name: f"{Consent.spec[name].label} {day} 还没有到。请核对日期。"}
        return {}


def _guardian(connection: Connection, student: str, member: str) -> dict[str, Value]:
    """Name and relation of a guardian of the student; raises UserError for anybody else."""
    query = (
        select(MEMBER.c.name, GUARDIAN.c.relation)
        .join(GUARDIAN, GUARDIAN.c.member == MEMBER.c.uid)
        .where(MEMBER.c.uid == member, GUARDIAN.c.student == student, GUARDIAN.c.hidden == 0)
    )
    row = connection.execute(query).first()
    if row is None:
        raise UserError("选的人不是这名学生的监护人", "请选一位已登记的监护人，或先登记监护关系。", Consent.label)
    return {"given_by": row.name, "relation": row.relation}


def _record_many(unit: Unit, students: Sequence[str], values: Mapping[str, Value]) -> ManyConsents:
    connection = unit.connection
    given = set(
        connection.execute(
            select(CONSENT.c.student).where(
                CONSENT.c.student.in_(students), CONSENT.c.hidden == 0, CONSENT.c.withdrawn_on.is_(None)
            )
        ).scalars()
    )
    first = _first_guardians(connection, students)
    waiting = [uid for uid in students if uid not in given]
    unit.add_many(Consent, [{**values, **first[uid], "student": uid} for uid in waiting if uid in first])
    names = dict(connection.execute(select(STUDENT.c.uid, STUDENT.c.name).where(STUDENT.c.uid.in_(waiting))).all())
    unknown = tuple(str(names.get(uid) or "") for uid in waiting if uid not in first)
    return ManyConsents(len(waiting) - len(unknown), len(given), unknown)


def _first_guardians(connection: Connection, students: Sequence[str]) -> dict[str, dict[str, Value]]:
    """Student → the guardian who comes first: those in charge before others."""
    query = (
        select(GUARDIAN.c.student, MEMBER.c.uid, MEMBER.c.name, GUARDIAN.c.relation)
        .join(MEMBER, MEMBER.c.uid == GUARDIAN.c.member)
        .where(GUARDIAN.c.student.in_(students), GUARDIAN.c.hidden == 0, MEMBER.c.hidden == 0)
        .order_by(func.coalesce(GUARDIAN.c.is_guardian, 0), GUARDIAN.c.position.desc(), GUARDIAN.c.uid)
    )
    return {
        student: {"member": member, "given_by": name, "relation": relation}
        for student, member, name, relation in connection.execute(query)
    }
