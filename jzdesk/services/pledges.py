"""责任书 between school and caseworker: made from the pairings, printed, signed, returned."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, or_, select

from jzdesk.core.errors import UserError
from jzdesk.core.fields import Value
from jzdesk.core.term import Term
from jzdesk.core.text import parse_date
from jzdesk.models import Pledge, School
from jzdesk.services.context import Context
from jzdesk.services.pairing import PAIRING, STAFF
from jzdesk.services.pupils import day_within, pupils, span_of, table_of, touches
from jzdesk.store.unit import Changes

PLEDGE, SCHOOL = table_of(Pledge), table_of(School)
LEVEL = "staff_student"
_STATES = ("made", "printed", "signed", "returned")
_HEADS = ("校长", "园长", "负责人", "教学点负责人")
_PLACE = "责任状"


@dataclass(frozen=True, slots=True)
class PledgeRow:
    """One pledge for display; `pupils` their number."""

    uid: str
    number: str
    level: str
    party_a: str
    party_b: str
    pupils: int
    state: str
    state_label: str
    term: str
    valid_from: str
    valid_to: str
    signed_on: str


@dataclass(frozen=True, slots=True)
class PledgeRun:
    """What making the pledges led to; `outdated` names caseworkers whose printed list is no longer right."""

    made: int
    updated: int
    withdrawn: int
    outdated: tuple[str, ...]
    changes: Changes


class PledgeService:
    """Makes and follows the pledges of the caseworkers."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def make(self, term: str) -> PledgeRun:
        """One pledge a caseworker for the school year of the term; again, it only follows what has changed.

        The list of pupils of a pledge that has been printed is not changed: its caseworker comes back in
        `outdated`. Raises UserError when nobody is paired.
        """
        when = Term.parse(term)
        with self._context.write() as unit:
            wanted = _pupils_by_staff(unit.connection, when, self._context)
            known = _known(unit.connection, when, self._context.author.scope)
            if not wanted and not known:
                raise UserError("还没有结对，责任书没有对象", "请先在学生页给学生指定帮扶责任人。", _PLACE)
            new = self._new(unit.connection, when, {s: p for s, p in wanted.items() if s not in known})
            unit.add_many(Pledge, new)
            open_ones = {staff: row for staff, row in known.items() if row["state"] == "made"}
            changed = {
                row["uid"]: _list_of(wanted[staff])
                for staff, row in open_ones.items()
                if staff in wanted and row["students"] != _list_of(wanted[staff])["students"]
            }
            unit.change_many(Pledge, changed)
            gone = [row["uid"] for staff, row in open_ones.items() if staff not in wanted]
            for uid in gone:
                unit.void(Pledge, uid, "已没有帮扶学生")
        outdated = sorted(
            row["party_b"] or ""
            for staff, row in known.items()
            if row["state"] != "made" and row["students"] != _list_of(wanted.get(staff, []))["students"]
        )
        return PledgeRun(len(new), len(changed), len(gone), tuple(outdated), unit.changes)

    def _new(self, connection: Connection, term: Term, wanted: Mapping[str, list[str]]) -> list[dict[str, Value]]:
        info, scope = self._context.info, self._context.author.scope
        names = _staff_names(connection, wanted)
        head = head_of(connection, scope)
        query = select(PLEDGE.c.uid).where(PLEDGE.c.scope == scope, PLEDGE.c.number.startswith(term.school_year))
        first = len(connection.execute(query).all()) + 1
        ordered = sorted(wanted, key=lambda staff: (names.get(staff, ""), staff))
        return [
            {
                "number": f"{term.school_year}-{number:03d}", "level": LEVEL, "term": str(term), "party_a": info.name,
                "party_a_person": head, "party_b": names.get(staff) or "（未登记）", "staff": staff,
                "valid_from": term.first_day, "valid_to": Term(term.start, 2).last_day, "state": "made",
                **_list_of(wanted[staff]),
            }
            for number, staff in enumerate(ordered, first)
        ]  # fmt: skip

    def list(self, term: str | None = None) -> list[PledgeRow]:
        """The pledges of the school year of a term (or all), newest year first."""
        query = select(PLEDGE).where(PLEDGE.c.hidden == 0).order_by(PLEDGE.c.term.desc(), PLEDGE.c.number)
        if term is not None:
            query = query.where(PLEDGE.c.term.startswith(Term.parse(term).school_year))
        if self._context.info.kind != "county":
            query = query.where(PLEDGE.c.scope == self._context.author.scope)
        with self._context.read() as connection:
            return [_row(row) for row in connection.execute(query).mappings()]

    def mark(self, uids: Sequence[str], state: str, on: str | None = None) -> Changes:
        """Note that pledges are `printed`, `signed` or `returned`; raises UserError for a step back.

        The day of signing is `on` (today). Pledges that are as far already stay as they are.
        """
        if state not in _STATES[1:]:
            raise UserError("没有这种状态", "请选择已打印、已签订或已回收。", _PLACE)
        day = parse_date(on) if on else self._context.today()
        with self._context.write() as unit:
            rows = pledge_rows(unit.connection, uids)
            for row in rows:
                if _STATES.index(row["state"]) > _STATES.index(state):
                    label = Pledge.spec["state"].show(row["state"])
                    raise UserError(f"{row['party_b']}的责任书已是“{label}”，不能退回前一步", "请核对选择。", _PLACE)
            unit.change_many(Pledge, {row["uid"]: _step(row, state, day) for row in rows})
        return unit.changes


def _step(row: Mapping[str, Any], state: str, day: str) -> dict[str, Value]:
    values: dict[str, Value] = {"state": state}
    if state in ("signed", "returned") and not row["signed_on"]:
        values["signed_on"] = day
    return values


def pledge_rows(connection: Connection, uids: Sequence[str]) -> list[dict[str, Any]]:
    """Pledges as stored, in the order asked; raises UserError when one is missing."""
    query = select(PLEDGE).where(PLEDGE.c.uid.in_(uids), PLEDGE.c.hidden == 0)
    found = {row["uid"]: dict(row) for row in connection.execute(query).mappings()}
    if missing := [uid for uid in uids if uid not in found]:
        raise UserError(f"有 {len(missing)} 份责任书不存在或已作废", "请刷新页面后重新选择。", _PLACE)
    return [found[uid] for uid in uids]


def head_of(connection: Connection, scope: str) -> str | None:
    """The head teacher: by the county's list of schools, else by the posts of the staff."""
    head = connection.execute(select(SCHOOL.c.head).where(SCHOOL.c.code == scope, SCHOOL.c.hidden == 0)).scalar()
    if head:
        return str(head)
    query = select(STAFF.c.post, STAFF.c.name).where(
        STAFF.c.scope == scope, STAFF.c.hidden == 0, STAFF.c.post.in_(_HEADS),
        or_(STAFF.c.duty.is_(None), STAFF.c.duty == "on"),
    )  # fmt: skip
    found = sorted((_HEADS.index(post), name or "") for post, name in connection.execute(query))
    return found[0][1] or None if found else None


def _pupils_by_staff(connection: Connection, term: Term, context: Context) -> dict[str, list[str]]:
    """Staff → sorted uids of the pupils they have now, or had at the end of a term that is over."""
    scope, day = context.author.scope, day_within(term, context.today())
    on_roll = pupils(connection, scope, span_of(term))
    query = (
        select(PAIRING.c.student, PAIRING.c.staff, PAIRING.c.valid_to)
        .where(PAIRING.c.scope == scope, PAIRING.c.hidden == 0, touches(PAIRING, *span_of(term)))
        .order_by(PAIRING.c.valid_from)
    )
    last: dict[str, str | None] = {}
    for student, staff, until in connection.execute(query):
        last[student] = staff if until is None or until >= day else None
    found: dict[str, list[str]] = defaultdict(list)
    for student, staff in last.items():
        if staff is not None and student in on_roll and on_roll[student].enrolled:
            found[staff].append(student)
    return {staff: sorted(uids) for staff, uids in found.items()}


def _known(connection: Connection, term: Term, scope: str) -> dict[str, dict[str, Any]]:
    """Staff → the pledge of the school year."""
    query = select(PLEDGE).where(
        PLEDGE.c.scope == scope, PLEDGE.c.hidden == 0, PLEDGE.c.level == LEVEL,
        PLEDGE.c.term.startswith(term.school_year),
    )  # fmt: skip
    rows = connection.execute(query.order_by(PLEDGE.c.number)).mappings()
    return {row["staff"]: dict(row) for row in rows if row["staff"]}


def _staff_names(connection: Connection, wanted: Mapping[str, Any]) -> dict[str, str]:
    query = select(STAFF.c.uid, STAFF.c.name).where(STAFF.c.uid.in_(list(wanted)))
    return {uid: name or "" for uid, name in connection.execute(query)}


def _list_of(students: Sequence[str]) -> dict[str, Value]:
    return {"students": ",".join(students), "pupils": len(students)}


def _row(row: Mapping[Any, Any]) -> PledgeRow:
    spec = Pledge.spec
    return PledgeRow(
        uid=row["uid"],
        number=row["number"] or "",
        level=spec["level"].show(row["level"]),
        party_a=row["party_a"] or "",
        party_b=row["party_b"] or "",
        pupils=row["pupils"] or 0,
        state=row["state"] or "",
        state_label=spec["state"].show(row["state"]),
        term=row["term"] or "",
        valid_from=row["valid_from"] or "",
        valid_to=row["valid_to"] or "",
        signed_on=row["signed_on"] or "",
    )
