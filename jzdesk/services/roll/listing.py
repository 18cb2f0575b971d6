"""Events as people read them: which ones, in which order, and each as one line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, and_, func, select

from jzdesk.core import codes
from jzdesk.core.slices import slices
from jzdesk.models import EnrolmentEvent
from jzdesk.policy import enrolment as rules
from jzdesk.services.pupils import CLASS, ENROLMENT, EVENT, STUDENT
from jzdesk.services.roll.rooms import Rooms

EXPIRED, SUSPECTED, EVERY = "expired", "suspected", "all"


@dataclass(frozen=True, slots=True)
class EventQuery:
    """Which events: of one kind (a code; "all"; without one all but the yearly promotion), of one school year.

    `kind` "expired": suspensions whose expected end has passed; "suspected": pupils who may have dropped out.
    """

    text: str = ""
    kind: str | None = None
    year: str | None = None


@dataclass(frozen=True, slots=True)
class EventLine:
    """One event in words. A pupil who needs attention without any event has a line with an empty `kind`."""

    uid: str
    student: str
    name: str
    place: str
    kind: str
    kind_label: str
    date: str
    change: str
    until: str
    other_school: str
    reason: str
    proof: str
    approver: str
    status: str


def ids(
    connection: Connection, scope: str | None, query: EventQuery, among: Sequence[str] | None, today: str
) -> list[str]:
    """uids of the events, the newest first."""
    if query.kind == SUSPECTED:
        found = _suspected(connection, scope)
    elif query.kind == EXPIRED:
        found = list(connection.execute(expired(scope, today)).all())
    else:
        found = list(connection.execute(_plain(scope, query)).all())
    allowed = None if among is None else set(among)
    return [uid for uid, student in found if allowed is None or student in allowed]


def _plain(scope: str | None, query: EventQuery) -> Select[Any]:
    wanted = select(EVENT.c.uid, EVENT.c.student).where(EVENT.c.hidden == 0)
    if scope is not None:
        wanted = wanted.where(EVENT.c.scope == scope)
    if query.kind is None:
        wanted = wanted.where(EVENT.c.kind != rules.PROMOTED)
    elif query.kind != EVERY:
        wanted = wanted.where(EVENT.c.kind == query.kind)
    if query.year:
        wanted = wanted.where(EVENT.c.date.between(f"{query.year}-09-01", f"{int(query.year) + 1}-08-31"))
    return wanted.order_by(EVENT.c.date.desc(), EVENT.c.uid.desc())


def expired(scope: str | None, today: str) -> Select[Any]:
    """(event, student) of suspensions and deferments still in force whose expected end has passed."""
    query = (
        select(EVENT.c.uid, EVENT.c.student)
        .join_from(EVENT, ENROLMENT, and_(ENROLMENT.c.uid == EVENT.c.enrolment, ENROLMENT.c.hidden == 0))
        .where(EVENT.c.hidden == 0, EVENT.c.until < today, ENROLMENT.c.status == EVENT.c.to_status)
        .where(ENROLMENT.c.status.in_((rules.SUSPENDED, rules.DEFERRED)), EVENT.c.date == _last_change())
        .order_by(EVENT.c.until, EVENT.c.uid)
    )
    return query if scope is None else query.where(ENROLMENT.c.scope == scope)


def _last_change() -> Any:
    """The day on which the status of the enrolment last changed."""
    other = EVENT.alias()
    newest = select(func.max(other.c.date)).where(
        other.c.enrolment == ENROLMENT.c.uid, other.c.hidden == 0, other.c.to_status.is_not(None)
    )
    return newest.correlate(ENROLMENT).scalar_subquery()


def _suspected(connection: Connection, scope: str | None) -> list[Any]:
    """Pupils suspected to have dropped out, by the event that says so, else by their enrolment."""
    query = select(ENROLMENT.c.uid, ENROLMENT.c.student).where(
        ENROLMENT.c.hidden == 0, ENROLMENT.c.status == rules.SUSPECTED
    )
    if scope is not None:
        query = query.where(ENROLMENT.c.scope == scope)
    people = connection.execute(query).all()
    events = select(EVENT.c.enrolment, EVENT.c.uid).where(EVENT.c.hidden == 0, EVENT.c.kind == rules.SUSPECTED)
    said: dict[str, str] = {row[0]: row[1] for row in connection.execute(events.order_by(EVENT.c.date))}
    return [(said.get(uid, uid), student) for uid, student in people]


def rows(connection: Connection, uids: Sequence[str]) -> list[EventLine]:
    """Lines in the order asked; a uid may be that of an enrolment (see `EventLine`)."""
    found: dict[str, EventLine] = {}
    for part in slices(uids):
        found |= _events(connection, part)
        if missing := [uid for uid in part if uid not in found]:
            found |= _people(connection, missing)
    return [found[uid] for uid in uids if uid in found]


def _events(connection: Connection, uids: list[str]) -> dict[str, EventLine]:
    query = (
        select(EVENT, STUDENT.c.name, ENROLMENT.c.grade, ENROLMENT.c.status, CLASS.c.name.label("class_name"))
        .join_from(EVENT, STUDENT, STUDENT.c.uid == EVENT.c.student)
        .outerjoin(ENROLMENT, ENROLMENT.c.uid == EVENT.c.enrolment)
        .outerjoin(CLASS, CLASS.c.uid == ENROLMENT.c.school_class)
        .where(EVENT.c.uid.in_(uids))
    )
    found = [dict(row) for row in connection.execute(query).mappings()]
    rooms = Rooms(connection, (row[name] for row in found for name in ("from_class", "to_class")))
    return {row["uid"]: _line(row, rooms) for row in found}


def _line(row: Mapping[str, Any], rooms: Rooms) -> EventLine:
    spec = EnrolmentEvent.spec
    return EventLine(
        row["uid"], row["student"], row["name"] or "", _place(row["grade"], row["class_name"]), row["kind"] or "",
        spec["kind"].show(row["kind"]), row["date"] or "", _change(row, rooms), row["until"] or "",
        row["other_school"] or "", row["reason"] or "", row["proof"] or "", row["approver"] or "",
        codes.table("student_status").label(row["status"] or ""),
    )  # fmt: skip


def _change(row: Mapping[str, Any], rooms: Rooms) -> str:
    """`在读 → 休学`, `小学三年级 → 小学四年级，1班 → 2班` by the names of then; what stayed is left out."""
    shown = []
    for name, table in (("status", "student_status"), ("grade", "grade"), ("class", "")):
        given = [row[f"{way}_{name}"] or "" for way in ("from", "to")]
        if table:
            before, after = (codes.table(table).labels.get(code, "—") for code in given)
        else:
            before, after = (rooms.name(room, row["date"] or "") or "—" for room in given)
        if before != after:
            shown.append(f"{before} → {after}")
    return "，".join(shown)


def _people(connection: Connection, uids: list[str]) -> dict[str, EventLine]:
    query = (
        select(ENROLMENT, STUDENT.c.name, CLASS.c.name.label("class_name"))
        .join_from(ENROLMENT, STUDENT, STUDENT.c.uid == ENROLMENT.c.student)
        .outerjoin(CLASS, CLASS.c.uid == ENROLMENT.c.school_class)
        .where(ENROLMENT.c.uid.in_(uids))
    )
    statuses = codes.table("student_status")
    return {
        row["uid"]: EventLine(
            row["uid"], row["student"], row["name"] or "", _place(row["grade"], row["class_name"]), "", "", "",
            "没有登记过异动", "", "", "", "", "", statuses.label(row["status"] or ""),
        )
        for row in connection.execute(query).mappings()
    }  # fmt: skip


def _place(grade: str | None, room: str | None) -> str:
    return f"{codes.table('grade').label(grade) if grade else ''}{room or ''}"
