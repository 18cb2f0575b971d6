"""The verbs of a transfer, one for each of the three desks it passes over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from jzdesk.core.errors import UserError
from jzdesk.core.fields import Value
from jzdesk.models import BY_NAME, Enrolment
from jzdesk.models.transfer import APPROVED, REFUSED, REVOKED, Transfer
from jzdesk.policy import enrolment as rules
from jzdesk.services.context import COUNTY_SCOPE, Context
from jzdesk.services.forms import FormProblems, understood
from jzdesk.services.pairing import pair
from jzdesk.services.roll import events
from jzdesk.services.roll.timeline import only_schools
from jzdesk.services.student_tables import ENROLMENT, SCHOOL, STUDENT
from jzdesk.services.transfers import listing
from jzdesk.services.transfers.files import TRANSFER, moving
from jzdesk.services.transfers.listing import TransferLine
from jzdesk.store.unit import Unit

PLACE = "转学"


@dataclass(frozen=True, slots=True)
class Moved:
    """What a ruling did: how many records went to the other school, and the sentence about it."""

    uid: str
    records: int
    sentence: str


class TransferService:
    """Ask, withdraw (old school); approve, refuse, revoke (county); receive (new school)."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def lines(self, state: str | None = None) -> list[TransferLine]:
        """Transfers from and to this school, or of the county, the newest first; `state` as in `listing.STATES`."""
        scope = self._scope()
        with self._context.read() as connection:
            found = listing.lines(connection, listing.rows_of(connection, scope), scope)
        return [line for line in found if state in (None, line.state)]

    def line(self, uid: str) -> TransferLine:
        """One transfer; raises UserError."""
        with self._context.read() as connection:
            rows = listing.rows_of(connection, self._scope(), uid)
            if not rows:
                raise UserError("没有这次转学申请，或已撤回", "请刷新页面后重试。", PLACE)
            return listing.lines(connection, rows, self._scope())[0]

    def waiting(self) -> int:
        """How many transfers wait for this station: to be ruled on, to be received, or to be answered."""
        with self._context.read() as connection:
            return listing.count_waiting(connection, self._scope())

    def schools(self) -> list[tuple[str, str]]:
        """(code, name) of the county's schools a child can go to, this one left out."""
        query = select(SCHOOL.c.code, SCHOOL.c.name).where(
            SCHOOL.c.hidden == 0, SCHOOL.c.code != self._context.info.code
        )
        with self._context.read() as connection:
            return [(code, name or code) for code, name in connection.execute(query.order_by(SCHOOL.c.name))]

    # the school that the child leaves

    def ask(self, values: Mapping[str, object]) -> str:
        """Ask the county to move a child's file: `student`, `date`, `reason`, `proof`, `approver`, and where to.

        That is `to_school`, the code of a school of the county, or `to_name`: such a code or name, or the name of a
        school elsewhere. The event 转出 is recorded in the same transaction. Raises FormProblems and EventRefused;
        returns the transfer's uid.
        """
        only_schools(self._context)
        filled = _filled(values)
        filled["to_name"] = filled.pop("to_school", None) or filled.get("to_name")
        given, bad = understood(Transfer.spec, {"date": self._context.today(), **filled})
        extra, worse = understood(BY_NAME["enrolment_event"].spec, {n: values.get(n) for n in ("proof", "approver")})
        bad |= worse | {name: said for name, said in Transfer.spec.problems(given).items() if name not in bad}
        if bad:
            raise FormProblems(bad, PLACE)
        with self._context.write(PLACE) as unit:
            self._check_asking(unit.connection, str(given["student"]))
            given["to_school"], given["to_name"] = self._goal(unit.connection, str(given["to_name"]))
            told = {"student": given["student"], "date": given["date"], "reason": given["reason"], **extra}
            told["other_school"] = given["to_name"]
            given["event"] = events.leave(unit, self._context, {n: str(v) for n, v in told.items() if v})
            unit.deed.label = f"申请转学：{_name(unit.connection, str(given['student']))}"
            return unit.add(Transfer, given)

    def withdraw(self, uid: str, reason: str) -> None:
        """Take a request back, with the event: the child stands on the roll as before. Not once it is approved."""
        why = _reason(reason, "撤回申请")
        with self._context.write("撤回转学申请") as unit:
            row = self._row(unit.connection, uid)
            if row["ruling"] == APPROVED:
                raise UserError("县里已经同意，档案已移交，不能撤回", "确有需要请联系县教育局，由县里撤回。", PLACE)
            unit.deed.label = f"撤回转学申请：{_name(unit.connection, row['student'])}"
            if row["event"] and _in_use(unit.connection, row["event"]):
                events.void_event(unit, self._context.author.scope, row["event"], why)
            unit.void(Transfer, uid, why)

    # the county

    def approve(self, uid: str, opinion: str = "") -> Moved:
        """Move the right to write the child's records to the new school; the file follows with its next receipt."""
        self._only_county()
        with self._context.write() as unit:
            row = self._row(unit.connection, uid)
            if row["ruling"] == APPROVED:
                raise UserError("这次转学已经同意过了", "请刷新页面。", PLACE)
            if _scope_of(unit.connection, row["student"]) != row["scope"]:
                raise UserError("这名学生的档案已不在申请的学校", "请核对是不是另有一次转学。", PLACE)
            self._rule(unit, uid, APPROVED, opinion.strip())
            moved = _move(unit, row["student"], row["to_school"], PLACE) if row["to_school"] else 0
            name = _name(unit.connection, row["student"])
        gone = f"已移交 {moved} 条记录，档案随下一次回执送到" if moved else "转往外县，档案留在原学校"
        return Moved(uid, moved, f"已同意{name}转往{row['to_name']}，{gone}")

    def refuse(self, uid: str, reason: str) -> Moved:
        """Turn a request down, with the reason that the school will read."""
        self._only_county()
        why = _reason(reason, "不同意转学")
        with self._context.write() as unit:
            row = self._row(unit.connection, uid)
            if row["ruling"]:
                raise UserError("这次转学已经审批过了", "同意错了的请“撤回同意”。", PLACE)
            self._rule(unit, uid, REFUSED, why)
            name = _name(unit.connection, row["student"])
        return Moved(uid, 0, f"已回复不同意{name}转学：{why}")

    def revoke(self, uid: str, reason: str) -> Moved:
        """Take an approval back: the file returns to the old school. Not once the new school has enrolled the child."""
        self._only_county()
        why = _reason(reason, "撤回同意")
        with self._context.write() as unit:
            row = self._row(unit.connection, uid)
            if row["ruling"] != APPROVED:
                raise UserError("这次转学没有同意过", "请刷新页面。", PLACE)
            if row["to_school"]:
                _must_wait(unit.connection, row)
            self._rule(unit, uid, REVOKED, why)
            moved = _move(unit, row["student"], row["scope"], why) if row["to_school"] else 0
            name = _name(unit.connection, row["student"])
        return Moved(uid, moved, f"已撤回同意，{name}的档案退回原学校")

    # the school that the child comes to

    def receive(self, student: str, values: Mapping[str, object]) -> str:
        """Give a child who comes a place: 转入 with `date`, `to_grade`, `to_class`, `boarding`; `staff` pairs it.

        One transaction; raises FormProblems and EventRefused; returns the uid of the event.
        """
        only_schools(self._context)
        with self._context.write("接收转入") as unit:
            row = next(
                (r for r in listing.arriving(unit.connection, self._scope() or "") if r["student"] == student), None
            )
            if row is None:
                raise UserError("这名学生不在待接收的转入名单里", "请先读取县里的回执和档案文件，再刷新页面。", PLACE)
            before = _last_roll(unit.connection, student)
            told: dict[str, object] = {
                "student": student, "kind": rules.ARRIVED, "date": self._context.today(),
                "other_school": row["from_name"] or row["scope"], "to_grade": before.get("grade"), **_filled(values),
            }  # fmt: skip
            event = events.arrive(unit, self._context, told)
            boarding = values.get("boarding") or before.get("boarding")
            enrolment = unit.state(BY_NAME["enrolment_event"], event).values["enrolment"]
            unit.change(Enrolment, str(enrolment), understood(Enrolment.spec, {"boarding": boarding})[0])
            if staff := values.get("staff"):
                pair(unit, self._context.author.scope, [student], str(staff), str(told["date"]), "转入")
            unit.deed.label = f"接收转入：{row['name']}"
            return event

    def usual(self, student: str) -> dict[str, Value]:
        """Grade and boarding that a child who comes had at the old school: what the form begins with."""
        with self._context.read() as connection:
            before = _last_roll(connection, student)
        return {"to_grade": before.get("grade"), "boarding": before.get("boarding"), "date": self._context.today()}

    def _rule(self, unit: Unit, uid: str, ruling: str, why: str) -> None:
        unit.change(Transfer, uid, {
            "ruling": ruling, "ruled_on": self._context.today(), "ruled_by": self._context.actor.account,
            "ruling_reason": why[:200] or None,
        })  # fmt: skip

    def _check_asking(self, connection: Connection, student: str) -> None:
        if _scope_of(connection, student) != self._context.author.scope:
            raise UserError("这名学生的档案不归本校管理", "请由学生现在的学校申请转学。", PLACE)
        query = select(TRANSFER.c.uid).where(
            TRANSFER.c.student == student, TRANSFER.c.hidden == 0, TRANSFER.c.ruling.is_(None)
        )
        if connection.execute(query).first() is not None:
            raise UserError("这名学生已经申请过转学，县里还没有答复", "要改动的请先撤回那次申请。", PLACE)

    def _goal(self, connection: Connection, words: str) -> tuple[str | None, str]:
        """(code, name) of the school meant; a school of another county has no code."""
        query = select(SCHOOL.c.code, SCHOOL.c.name).where(
            SCHOOL.c.hidden == 0, (SCHOOL.c.code == words) | (SCHOOL.c.name == words)
        )
        found = connection.execute(query).all()
        if len(found) > 1:
            raise FormProblems({"to_name": f"有 {len(found)} 所学校都叫“{words}”。请填学校标识码。"}, PLACE)
        if not found:
            _must_be_elsewhere(connection, words)
            return None, words
        code, name = found[0]
        if code == self._context.info.code:
            raise FormProblems({"to_name": "转入学校就是本校。校内换班请登记“调班”。"}, PLACE)
        return code, name or code

    def _row(self, connection: Connection, uid: str) -> Mapping[str, Any]:
        query = select(TRANSFER).where(TRANSFER.c.uid == uid, TRANSFER.c.hidden == 0)
        if (scope := self._scope()) is not None:
            query = query.where(TRANSFER.c.scope == scope)
        row = connection.execute(query).mappings().first()
        if row is None:
            raise UserError("没有这次转学申请，或已撤回", "请刷新页面后重试。", PLACE)
        return {str(name): value for name, value in row.items()}

    def _scope(self) -> str | None:
        return None if self._context.info.kind == "county" else self._context.author.scope

    def _only_county(self) -> None:
        if self._context.author.scope != COUNTY_SCOPE:
            raise UserError("转学由县教育局审批", "请等县里的回执。", PLACE)


def _move(unit: Unit, student: str, to: str, why: str) -> int:
    records = moving(unit.connection, student, to)
    return sum(unit.grant_many(BY_NAME[ent], sorted(uids), to, why) for ent, uids in sorted(records.items()))


def _must_wait(connection: Connection, row: Mapping[str, Any]) -> None:
    """Raises UserError where the file cannot simply go back."""
    if _scope_of(connection, row["student"]) != row["to_school"]:
        raise UserError("这名学生后来又转走了", "请从最近的一次转学办起。", PLACE)
    query = select(ENROLMENT.c.uid).where(
        ENROLMENT.c.student == row["student"], ENROLMENT.c.scope == row["to_school"], ENROLMENT.c.hidden == 0,
        ENROLMENT.c.status.not_in(rules.GONE),
    )  # fmt: skip
    if connection.execute(query).first() is not None:
        raise UserError(f"{row['to_name']}已经登记了就读", "请由那所学校申请转学，转回原学校。", PLACE)


def _must_be_elsewhere(connection: Connection, words: str) -> None:
    """Raises FormProblems when the words look like a school of this county written short, or like a code."""
    query = select(SCHOOL.c.name).where(SCHOOL.c.hidden == 0, SCHOOL.c.name.contains(words, autoescape=True))
    near = list(connection.execute(query.order_by(SCHOOL.c.name).limit(3)).scalars())
    if near:
        said = f"本县有“{'”、“'.join(near)}”，是不是其中一所？请填学校的全称或标识码；外县的学校请写上县名。"
        raise FormProblems({"to_name": said}, PLACE)
    if words.isdigit():
        raise FormProblems({"to_name": f"本县没有标识码为 {words} 的学校。请核对，外县的学校请填全称。"}, PLACE)


def _scope_of(connection: Connection, student: str) -> str | None:
    return connection.execute(select(STUDENT.c.scope).where(STUDENT.c.uid == student)).scalar_one_or_none()


def _name(connection: Connection, student: str) -> str:
    return connection.execute(select(STUDENT.c.name).where(STUDENT.c.uid == student)).scalar_one_or_none() or "（未到）"


def _in_use(connection: Connection, event: str) -> bool:
    table = BY_NAME["enrolment_event"].__table__
    return connection.execute(select(table.c.hidden).where(table.c.uid == event)).scalar_one_or_none() == 0


def _last_roll(connection: Connection, student: str) -> dict[str, Value]:
    """Grade and boarding of the enrolment that began last."""
    query = select(ENROLMENT.c.grade, ENROLMENT.c.boarding).where(
        ENROLMENT.c.student == student, ENROLMENT.c.hidden == 0
    )
    row = connection.execute(query.order_by(ENROLMENT.c.valid_from.desc()).limit(1)).first()
    return {"grade": row.grade, "boarding": row.boarding} if row else {}


def _filled(values: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if value not in (None, "")}


def _reason(reason: str, deed: str) -> str:
    if not (why := reason.strip()):
        raise UserError(f"{deed}没有写明理由", "请写一句理由，对方学校会看到。", PLACE)
    return why
