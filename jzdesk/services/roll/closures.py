"""销号台账: accounts of pupils, households, problems and projects opened, closed with proof, and opened again.

Closing an account erases nothing and stops nothing: aid follows the hardships on record (reference §0 rule 14).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, or_, select

from jzdesk.core.errors import UserError
from jzdesk.core.fields import Value
from jzdesk.models import Closure, Hardship, Household
from jzdesk.policy import closure as rules
from jzdesk.policy.enrolment import Refusal
from jzdesk.services.context import Context
from jzdesk.services.forms import FormProblems, understood
from jzdesk.services.pupils import ENROLMENT, STUDENT, table_of, touches
from jzdesk.store.unit import Changes

CLOSURE, HOUSEHOLD, HARDSHIP = map(table_of, (Closure, Household, Hardship))
PLACE = "销号"
STILL_OPEN = ("open", "reopened")
OPEN, OVERDUE, PROPOSED = "open", "overdue", "proposed"
_OPENING = ("kind", "subject", "student", "household", "opened_on", "basis", "due", "measures")
_CLOSING = ("reason", "proof", "verifier", "approver", "done_on", "closed_on")
_NEEDED = ("reason", "proof", "verifier", "approver")


class ClosureRefused(UserError):
    """An account cannot be opened or closed so; `fields` names the field of the form."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.what, refusal.remedy, PLACE)
        self.fields = {refusal.field: f"{refusal.what}。{refusal.remedy}"}


@dataclass(frozen=True, slots=True)
class ClosureQuery:
    """Which accounts: `state` open (with 复号), overdue, proposed, closed, reopened or None; `kind` as stored."""

    text: str = ""
    state: str | None = None
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class ClosureLine:
    """One account in words; `proposal` is the code of the reason to close it for, with its label."""

    uid: str
    kind: str
    kind_label: str
    subject: str
    student: str
    opened_on: str
    basis: str
    due: str
    state: str
    state_label: str
    late: bool
    reason: str
    proof: str
    verifier: str
    approver: str
    closed_on: str
    reopened_on: str
    reopen_reason: str
    measures: str
    proposal: str
    proposal_label: str


class ClosureService:
    """The verbs of the ledger."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def open(self, values: Mapping[str, object]) -> str:
        """Open an account; returns its uid. A pupil or household has at most one open account for one basis."""
        self._only_schools()
        typed = {name: values[name] for name in _OPENING if values.get(name) is not None}
        given, bad = understood(Closure.spec, {"opened_on": self._context.today(), **typed})
        with self._context.write("建账") as unit:
            if "subject" not in bad:
                given["subject"] = given.get("subject") or _subject(unit.connection, given)
            given["state"] = "open"
            bad |= {name: said for name, said in Closure.spec.problems(given).items() if name not in bad}
            if bad:
                raise FormProblems(bad, PLACE)
            self._check_opening(unit.connection, given)
            unit.deed.label = f"建账：{given['subject']}"
            return unit.add(Closure, given)

    def open_for_hardships(self, basis: str, due: str | None = None, opened_on: str | None = None) -> int:
        """Open an account for every pupil with a hardship today who has none open; returns how many."""
        self._only_schools()
        raw = {"kind": "student", "subject": "—", "basis": basis, "due": due, "state": "open",
               "opened_on": opened_on or self._context.today()}  # fmt: skip
        given, bad = understood(Closure.spec, raw)
        if not given.get("basis"):
            bad["basis"] = f"{Closure.spec['basis'].label}没有填写。请写明文件或认定依据。"
        if bad:
            raise FormProblems(bad, PLACE)
        with self._context.write("为困难学生建账") as unit:
            self._check_dates(given)
            people = unit.connection.execute(_poor_without(self._context.author.scope, self._context.today())).all()
            unit.add_many(Closure, [{**given, "subject": name, "student": uid} for uid, name in people])
        return len(people)

    def close(self, uids: Sequence[str], values: Mapping[str, object]) -> Changes:
        """Close accounts with reason, proof, verifier and approver, in one transaction; raises when one is closed."""
        self._only_schools()
        given, bad = understood(Closure.spec, {name: values.get(name) for name in _CLOSING})
        given["closed_on"] = given.get("closed_on") or self._context.today()
        given["done_on"] = given.get("done_on") or given["closed_on"]
        for name in _NEEDED:
            if not given.get(name) and name not in bad:
                bad[name] = f"{Closure.spec[name].label}没有填写。销号要有原因、依据材料、核实人和审批人。"
        if bad:
            raise FormProblems(bad, PLACE)
        with self._context.write(PLACE) as unit:
            rows = _rows(unit.connection, uids)
            for row in rows:
                self._check_closing(row, given)
            names = "、".join(row["subject"] for row in rows[:3])
            unit.deed.label = f"销号：{names}" + (f"等 {len(rows)} 个" if len(rows) > 3 else "")
            unit.change_many(Closure, {row["uid"]: {**given, "state": "closed"} for row in rows})
        return unit.changes

    def reopen(self, uid: str, reason: str, day: str | None = None) -> Changes:
        """复号: what was closed stands open again, with the reason; the history of the closing stays."""
        self._only_schools()
        given, bad = understood(Closure.spec, {"reopen_reason": reason, "reopened_on": day or self._context.today()})
        if not given.get("reopen_reason") and not bad:
            bad["reopen_reason"] = f"{Closure.spec['reopen_reason'].label}没有填写。请写明为什么反弹。"
        if bad:
            raise FormProblems(bad, PLACE)
        with self._context.write("复号") as unit:
            (row,) = _rows(unit.connection, [uid])
            if row["state"] != "closed":
                raise UserError(f"“{row['subject']}”没有销号，不用复号", "请刷新页面后重试。", PLACE)
            day_given, today = str(given["reopened_on"]), self._context.today()
            _refuse(rules.date_refusal("reopened_on", day_given, row["closed_on"] or row["opened_on"], today))
            unit.deed.label = f"复号：{row['subject']}"
            unit.change(Closure, uid, {**given, "state": "reopened"})
        return unit.changes

    def ids(self, query: ClosureQuery | None = None) -> list[str]:
        """uids of the accounts that match: what is due first stands first."""
        wanted = query or ClosureQuery()
        found = select(CLOSURE.c.uid).where(CLOSURE.c.hidden == 0, *self._conditions(wanted))
        order = (CLOSURE.c.state == "closed", CLOSURE.c.due.is_(None), CLOSURE.c.due, CLOSURE.c.subject, CLOSURE.c.uid)
        with self._context.read() as connection:
            return list(connection.execute(found.order_by(*order)).scalars())

    def rows(self, uids: Sequence[str]) -> list[ClosureLine]:
        """Accounts by uid, in the order asked."""
        with self._context.read() as connection:
            found = {row["uid"]: row for row in _found(connection, uids)}
            students = [row["student"] for row in found.values() if row["student"] and row["state"] in STILL_OPEN]
            proposals = _proposals(connection, students)
        today = self._context.today()
        return [_line(found[uid], proposals, today) for uid in uids if uid in found]

    def _conditions(self, query: ClosureQuery) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = []
        if self._context.info.kind != "county":
            found.append(CLOSURE.c.scope == self._context.author.scope)
        if query.kind:
            found.append(CLOSURE.c.kind == query.kind)
        for word in query.text.split():
            searched = (CLOSURE.c.subject, CLOSURE.c.basis)
            found.append(or_(*(column.contains(word, autoescape=True) for column in searched)))
        if query.state in ("closed", "reopened"):
            found.append(CLOSURE.c.state == query.state)
        elif query.state == OVERDUE:
            found.append(is_overdue(self._context.today()))
        elif query.state == PROPOSED:
            found.append(is_proposed())
        elif query.state == OPEN:
            found.append(CLOSURE.c.state.in_(STILL_OPEN))
        return found

    def _check_opening(self, connection: Connection, given: Mapping[str, Value]) -> None:
        kind = given["kind"]
        if kind in ("student", "household") and not given.get(str(kind)):
            label = Closure.spec[str(kind)].label
            raise ClosureRefused(Refusal(str(kind), f"{label}没有选定", "请输入几个字，从列表中选一个。"))
        self._check_dates(given)
        query = select(CLOSURE.c.uid).where(
            CLOSURE.c.hidden == 0, CLOSURE.c.state.in_(STILL_OPEN), CLOSURE.c.kind == kind,
            CLOSURE.c.subject == given["subject"], _same(CLOSURE.c.student, given.get("student")),
            _same(CLOSURE.c.household, given.get("household")), _same(CLOSURE.c.basis, given.get("basis")),
        )  # fmt: skip
        if connection.execute(query.limit(1)).first() is not None:
            raise ClosureRefused(
                Refusal(
                    "subject",
                    f"“{given['subject']}”已有一个未销号的同样账目",
                    "请在台账里查看；另一件事请写明不同的依据。",
                )
            )

    def _check_dates(self, given: Mapping[str, Value]) -> None:
        opened, due = str(given["opened_on"]), given.get("due")
        if opened > self._context.today():
            raise ClosureRefused(Refusal("opened_on", f"{opened} 还没有到", "请填写今天或以前的日期。"))
        if due is not None and str(due) < opened:
            raise ClosureRefused(Refusal("due", f"目标节点 {due} 早于建账日期", "请核对日期。"))

    def _check_closing(self, row: Mapping[str, Any], given: Mapping[str, Value]) -> None:
        if row["state"] not in STILL_OPEN:
            raise UserError(f"“{row['subject']}”已经销号", "请刷新页面后重试；反弹的请复号。", PLACE)
        _refuse(rules.reason_refusal(str(given["reason"]), row["kind"]))
        writer = self._context.actor.account
        _refuse(rules.people_refusal(str(given["verifier"]), str(given["approver"]), writer))
        since = row["reopened_on"] if row["state"] == "reopened" else row["opened_on"]
        _refuse(rules.date_refusal("closed_on", str(given["closed_on"]), since, self._context.today()))

    def _only_schools(self) -> None:
        if self._context.info.kind == "county":
            raise UserError("销号由学校办理，县教育局只查看", "请在学校的工作站上办理。", PLACE)


def _same(column: Any, value: Value) -> ColumnElement[bool]:
    found: ColumnElement[bool] = column.is_(None) if value is None else column == value
    return found


def _refuse(refusal: Refusal | None) -> None:
    if refusal is not None:
        raise ClosureRefused(refusal)


def _subject(connection: Connection, given: Mapping[str, Value]) -> Value:
    """The name of the pupil or household an account is about."""
    kind = given.get("kind")
    table, column = (STUDENT, "name") if kind == "student" else (HOUSEHOLD, "head")
    uid = given.get(str(kind)) if kind in ("student", "household") else None
    if uid is None:
        return None
    found = connection.execute(select(table.c[column]).where(table.c.uid == uid)).scalar_one_or_none()
    return str(found) if found else None


def _poor_without(scope: str, today: str) -> Select[Any]:
    """(uid, name) of pupils with a hardship in force and no open account."""
    poor = select(HARDSHIP.c.student).where(HARDSHIP.c.hidden == 0, touches(HARDSHIP, today, today))
    known = select(CLOSURE.c.student).where(
        CLOSURE.c.hidden == 0, CLOSURE.c.student.is_not(None), CLOSURE.c.state.in_(STILL_OPEN)
    )
    here = select(ENROLMENT.c.student).where(
        ENROLMENT.c.hidden == 0, ENROLMENT.c.scope == scope, ENROLMENT.c.status.not_in(tuple(rules.PROPOSED))
    )
    return (
        select(STUDENT.c.uid, STUDENT.c.name)
        .where(STUDENT.c.hidden == 0, STUDENT.c.uid.in_(poor), STUDENT.c.uid.in_(here), STUDENT.c.uid.not_in(known))
        .order_by(STUDENT.c.name, STUDENT.c.uid)
    )


def is_overdue(today: str) -> ColumnElement[bool]:
    """The condition that an account stands open past its day."""
    return CLOSURE.c.state.in_(STILL_OPEN) & (CLOSURE.c.due < today)


def is_proposed() -> ColumnElement[bool]:
    """The condition that the pupil of an open account has graduated, moved away or died."""
    left = select(ENROLMENT.c.student).where(ENROLMENT.c.hidden == 0, ENROLMENT.c.status.in_(tuple(rules.PROPOSED)))
    stays = select(ENROLMENT.c.student).where(ENROLMENT.c.hidden == 0, ENROLMENT.c.status.not_in(tuple(rules.PROPOSED)))
    return CLOSURE.c.state.in_(STILL_OPEN) & CLOSURE.c.student.in_(left) & CLOSURE.c.student.not_in(stays)


def open_accounts(connection: Connection, student: str) -> int:
    """How many accounts of a pupil stand open."""
    query = select(func.count()).where(
        CLOSURE.c.hidden == 0, CLOSURE.c.student == student, CLOSURE.c.state.in_(STILL_OPEN)
    )
    return connection.execute(query).scalar_one()


def _proposals(connection: Connection, students: Sequence[str]) -> dict[str, str]:
    """Student → the reason proposed, of those whose every enrolment has ended."""
    found: dict[str, str] = {}
    for start in range(0, len(students), 900):
        query = select(ENROLMENT.c.student, ENROLMENT.c.status).where(
            ENROLMENT.c.hidden == 0, ENROLMENT.c.student.in_(list(students[start : start + 900]))
        )
        rows = connection.execute(query.order_by(ENROLMENT.c.valid_from)).all()
        staying = {student for student, status in rows if status not in rules.PROPOSED}
        found |= {student: rules.PROPOSED[status] for student, status in rows if student not in staying}
    return found


def _found(connection: Connection, uids: Sequence[str]) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    for start in range(0, len(uids), 900):
        query = select(CLOSURE).where(CLOSURE.c.uid.in_(list(uids[start : start + 900])), CLOSURE.c.hidden == 0)
        found += [dict(row) for row in connection.execute(query).mappings()]
    return found


def _rows(connection: Connection, uids: Sequence[str]) -> list[Mapping[str, Any]]:
    """As `_found`; raises UserError when one is unknown or none is given."""
    found = _found(connection, uids)
    if not found or len(found) != len(set(uids)):
        raise UserError("没有选中账目，或有的已经作废", "请刷新页面后重新选择。", PLACE)
    return found


def _line(row: Mapping[str, Any], proposals: Mapping[str, str], today: str) -> ClosureLine:
    spec, proposal = Closure.spec, proposals.get(row["student"] or "", "")
    late = row["state"] in STILL_OPEN and bool(row["due"]) and row["due"] < today
    return ClosureLine(
        row["uid"], row["kind"], spec["kind"].show(row["kind"]), row["subject"] or "", row["student"] or "",
        row["opened_on"] or "", row["basis"] or "", row["due"] or "", row["state"], spec["state"].show(row["state"]),
        late, spec["reason"].show(row["reason"]), row["proof"] or "", row["verifier"] or "", row["approver"] or "",
        row["closed_on"] or "", row["reopened_on"] or "", row["reopen_reason"] or "", row["measures"] or "",
        proposal, spec["reason"].show(proposal) if proposal else "",
    )  # fmt: skip
