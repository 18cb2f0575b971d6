"""一生一责任人: who is responsible for whom, from which day to which; a change leaves the earlier interval standing."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, or_, select

from jzdesk.core.errors import UserError
from jzdesk.core.fields import Value
from jzdesk.core.text import parse_date
from jzdesk.models import Hardship, Pairing, Staff
from jzdesk.services.context import Context
from jzdesk.services.pupils import Pupil, by_place, pupils, table_of, touches
from jzdesk.store.unit import Changes, Unit

PAIRING, STAFF, HARDSHIP = map(table_of, (Pairing, Staff, Hardship))
_ON_DUTY = (None, "on")
_PLACE = "结对帮扶"


class Load(NamedTuple):
    """How many students a member of staff is responsible for."""

    staff: str
    name: str
    students: int


@dataclass(frozen=True, slots=True)
class PairingLine:
    """One interval of responsibility."""

    uid: str
    student: str
    staff: str
    name: str
    valid_from: str
    valid_to: str
    reason: str


class PairingService:
    """Pairs students with caseworkers."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def assign(
        self, students: Sequence[str], staff: str, from_date: str | None = None, reason: str | None = None
    ) -> Changes:
        """Make `staff` responsible for the students from the day on; an earlier interval ends the day before.

        Students whose caseworker this already is stay as they are. Raises UserError for a change without a reason,
        for staff who have left, and for a day before the interval now in force began.
        """
        day = parse_date(from_date) if from_date else self._context.today()
        why = (reason or "").strip()
        with self._context.write() as unit:
            pair(unit, self._context.author.scope, students, staff, day, why)
        return unit.changes

    def current(self, student: str, day: str | None = None) -> PairingLine | None:
        """The interval in force on the day (today), or None."""
        when = parse_date(day) if day else self._context.today()
        with self._context.read() as connection:
            row = connection.execute(_named(in_force(when).where(PAIRING.c.student == student))).mappings().first()
        return _line(row) if row else None

    def intervals(self, student: str) -> list[PairingLine]:
        """Every interval of a student, newest first."""
        query = _named(select(PAIRING).where(PAIRING.c.hidden == 0, PAIRING.c.student == student))
        with self._context.read() as connection:
            rows = connection.execute(query.order_by(PAIRING.c.valid_from.desc())).mappings().all()
        return [_line(row) for row in rows]

    def load(self) -> list[Load]:
        """Everybody on duty with the number of students today, the busiest first."""
        today = self._context.today()
        query = select(STAFF.c.uid, STAFF.c.name).where(
            STAFF.c.hidden == 0, or_(STAFF.c.duty.is_(None), STAFF.c.duty == "on")
        )
        if (scope := self._scope()) is not None:
            query = query.where(STAFF.c.scope == scope)
        with self._context.read() as connection:
            counted = _counted(connection, today, set(_enrolled(connection, scope, today)))
            rows = connection.execute(query).all()
        found = [Load(uid, name or "", counted.get(uid, 0)) for uid, name in rows]
        return sorted(found, key=lambda load: (-load.students, load.name, load.staff))

    def unpaired(self, *, hardship: bool = False) -> list[str]:
        """Students on the roll without a caseworker today, by grade, class and name; or only those with a hardship."""
        today = self._context.today()
        with self._context.read() as connection:
            people = _enrolled(connection, self._scope(), today)
            paired = set(connection.execute(in_force(today).with_only_columns(PAIRING.c.student)).scalars())
            poor = set(connection.execute(_poor(today)).scalars()) if hardship else people.keys()
        left = [pupil for uid, pupil in people.items() if uid not in paired and uid in poor]
        return [pupil.uid for pupil in sorted(left, key=by_place)]

    def _scope(self) -> str | None:
        return None if self._context.info.kind == "county" else self._context.author.scope


def pair(unit: Unit, scope: str, students: Sequence[str], staff: str, day: str, why: str) -> None:
    """As `PairingService.assign`, within the caller's transaction."""
    _check_staff(unit.connection, staff)
    wanted = _check_students(unit.connection, scope, students)
    open_ones = _open_intervals(unit.connection, day)
    ends: dict[str, dict[str, Value]] = {}
    new: list[dict[str, Value]] = []
    for uid, pupil in wanted.items():
        before = open_ones.get(uid, ())
        if _stays(before, staff, day):
            continue
        _check_reason(pupil.name, before, staff, why)
        for row in before:
            _end(unit, row, day, why, pupil.name, ends)
        new.append({"student": uid, "staff": staff, "valid_from": day, "reason": why or None})
    unit.change_many(Pairing, ends)
    unit.add_many(Pairing, new)


def in_force(day: str) -> Select[Any]:
    """The pairings in force on a day."""
    return select(PAIRING).where(PAIRING.c.hidden == 0, touches(PAIRING, day, day))


def _poor(day: str) -> Select[Any]:
    return select(HARDSHIP.c.student).where(HARDSHIP.c.hidden == 0, touches(HARDSHIP, day, day))


def _enrolled(connection: Connection, scope: str | None, day: str) -> dict[str, Pupil]:
    return {uid: pupil for uid, pupil in pupils(connection, scope, (day, day)).items() if pupil.enrolled}


def _counted(connection: Connection, day: str, enrolled: set[str]) -> dict[str, int]:
    """Staff → number of students on the roll."""
    found: dict[str, int] = defaultdict(int)
    query = in_force(day).with_only_columns(PAIRING.c.staff, PAIRING.c.student).distinct()
    for staff, student in connection.execute(query):
        found[staff] += student in enrolled
    return found


def _named(query: Select[Any]) -> Select[Any]:
    return query.add_columns(STAFF.c.name.label("staff_name")).outerjoin(STAFF, STAFF.c.uid == PAIRING.c.staff)


def _line(row: Mapping[Any, Any]) -> PairingLine:
    return PairingLine(
        row["uid"], row["student"], row["staff"], row["staff_name"] or "（未到）", row["valid_from"] or "",
        row["valid_to"] or "", row["reason"] or "",
    )  # fmt: skip


def _check_staff(connection: Connection, staff: str) -> None:
    query = select(STAFF.c.name, STAFF.c.duty).where(STAFF.c.uid == staff, STAFF.c.hidden == 0)
    row = connection.execute(query).first()
    if row is None:
        raise UserError("选中的责任人不在教师名册里", "请先在教职工台账里登记这名教师。", _PLACE)
    if row[1] not in _ON_DUTY:
        raise UserError(f"{row[0]}已不在岗，不能做帮扶责任人", "请选择在岗的教师，或先更正在岗情况。", _PLACE)


def _check_students(connection: Connection, scope: str, students: Sequence[str]) -> dict[str, Pupil]:
    """The students asked for; raises UserError when one is not on the roll of this school."""
    people = pupils(connection, scope)
    for uid in students:
        pupil = people.get(uid)
        if pupil is None:
            raise UserError("选中的学生不在本校学籍里", "请刷新学生列表后重新选择。", _PLACE)
        if not pupil.enrolled:
            raise UserError(f"{pupil.name}已不在读，不能结对", "请先核对学籍状态。", _PLACE)
    return {uid: people[uid] for uid in students}


def _open_intervals(connection: Connection, day: str) -> dict[str, list[Mapping[str, Any]]]:
    """Student → intervals that reach the day or begin after it."""
    query = select(PAIRING).where(PAIRING.c.hidden == 0, or_(PAIRING.c.valid_to.is_(None), PAIRING.c.valid_to >= day))
    found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in connection.execute(query).mappings():
        found[row["student"]].append(dict(row))
    return found


def _stays(before: Sequence[Mapping[str, Any]], staff: str, day: str) -> bool:
    """Whether this is the caseworker already, and nobody else besides."""
    return len(before) == 1 and before[0]["staff"] == staff and (before[0]["valid_from"] or "") <= day


def _check_reason(name: str, before: Sequence[Mapping[str, Any]], staff: str, why: str) -> None:
    if any(row["staff"] != staff for row in before) and not why:
        raise UserError(f"{name}已有帮扶责任人，更换要写明原因", "请写一句原因，例如“原责任人调离”。", _PLACE)


def _end(unit: Unit, row: Mapping[str, Any], day: str, why: str, name: str, ends: dict[str, dict[str, Value]]) -> None:
    """End an interval the day before; one that began the same day was a slip and is voided."""
    begun = row["valid_from"] or ""
    if begun > day:
        remedy = f"请把起始日期改到 {begun} 当天或之后。"
        raise UserError(f"{name}现在的责任人从 {begun} 开始，换人日期不能早于它", remedy, _PLACE)
    if begun == day:
        unit.void(Pairing, row["uid"], why or "同日更正")
    else:
        before = dt.date.fromisoformat(day) - dt.timedelta(days=1)
        ends[row["uid"]] = {"valid_to": before.isoformat()}
