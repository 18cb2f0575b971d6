"""Payment lines with their accounts, and who may stand on an account: what batches and papers both read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from jzdesk.core.bank import mask_account
from jzdesk.core.errors import UserError
from jzdesk.core.fields import Value
from jzdesk.core.money import Fen, format_yuan
from jzdesk.core.term import Term
from jzdesk.core.text import normalise_name
from jzdesk.models import BankAccount, Batch, Guardian, Member, Payment
from jzdesk.services.erasing.left import only_named
from jzdesk.services.pupils import STUDENT, Pupil, by_place, pupils, table_of, touches
from jzdesk.services.standards import Book

PAYMENT, BATCH = table_of(Payment), table_of(Batch)
ACCOUNT, GUARDIAN, MEMBER = table_of(BankAccount), table_of(Guardian), table_of(Member)
_ANYBODY = "*"  # who the guardians were is not known any more


@dataclass(frozen=True, slots=True)
class PaymentLine:
    """One payment for display; `account` is masked, `warning` a sentence or empty, `method` 银行代发 or 签领."""

    uid: str
    student: str
    name: str
    sex: str
    school_class: str
    programme: str
    due: Fen
    fen: Fen
    amount: str
    kind: str
    kind_label: str
    state: str
    state_label: str
    holder: str
    bank: str
    account: str
    relation: str
    method: str
    warning: str
    reason: str


@dataclass(frozen=True, slots=True)
class PaymentRecord:
    """One payment as stored, with its pupil and the warning about its holder; for papers, so `row` is unmasked."""

    row: Mapping[str, Any]
    name: str
    pupil: Pupil | None
    warning: str

    @property
    def has_account(self) -> bool:
        """Whether a bank can pay it."""
        return bool(self.row["account"])


def payments_of(connection: Connection, batch: str) -> list[PaymentRecord]:
    """The payments of a batch by grade, class and name, returns after what they return."""
    query = (
        select(PAYMENT, STUDENT.c.name.label("student_name"))
        .outerjoin_from(PAYMENT, STUDENT, STUDENT.c.uid == PAYMENT.c.student)
        .where(PAYMENT.c.batch == batch, PAYMENT.c.hidden == 0)
    )
    rows = [dict(row) for row in connection.execute(query).mappings()]
    among = select(PAYMENT.c.student).where(PAYMENT.c.batch == batch)
    term = max((row["term"] for row in rows if row["term"]), default=None)
    people = pupils(connection, None, among=among, on=Term.parse(term).last_day if term else None)
    allowed = receivers(connection, among)
    found = [
        PaymentRecord(
            row,
            row["student_name"] or "（未到）",
            people.get(row["student"]),
            holder_warning(row, allowed.get(row["student"], set())),
        )
        for row in rows
    ]
    nobody = ("~", "", "", "")
    return sorted(
        found, key=lambda one: (by_place(one.pupil) if one.pupil else nobody, -one.row["fen"], one.row["uid"])
    )


def payment_values(
    batch: str, decision: Mapping[str, Any], account: Mapping[str, Any] | None, kind: str, reason: str | None
) -> dict[str, Value]:
    """The values of a new payment of a decision; without an account it is signed for."""
    fen: int = decision["fen"]
    values: dict[str, Value] = {
        "batch": batch, "decision": decision["uid"], "student": decision["student"],
        "programme": decision["programme"], "term": decision["term"], "due": fen, "fen": fen, "kind": kind,
        "state": "due", "reason": reason,
    }  # fmt: skip
    return values | {name: account[name] for name in ("holder", "bank", "account", "relation")} if account else values


def accounts_on(connection: Connection, day: str, students: set[str]) -> dict[str, Mapping[str, Any]]:
    """Student → the account in force on the day; of several the one that began last."""
    query = (
        select(ACCOUNT)
        .where(ACCOUNT.c.hidden == 0, touches(ACCOUNT, day, day))
        .order_by(ACCOUNT.c.valid_from, ACCOUNT.c.uid)
    )
    rows = (dict(row) for row in connection.execute(query).mappings())
    return {row["student"]: row for row in rows if row["student"] in students}


def receivers(connection: Connection, among: Any) -> dict[str, set[str]]:
    """Student → names that may stand on the account: the student's own and the guardians', while these are known."""
    found: dict[str, set[str]] = defaultdict(set)
    names = select(STUDENT.c.uid, STUDENT.c.name, STUDENT.c.former_name).where(STUDENT.c.uid.in_(among))
    for uid, *own in connection.execute(names):
        found[uid] |= {normalise_name(name) for name in own if name}
    guardians = (
        select(GUARDIAN.c.student, MEMBER.c.name)
        .join_from(GUARDIAN, MEMBER, MEMBER.c.uid == GUARDIAN.c.member)
        .where(GUARDIAN.c.hidden == 0, MEMBER.c.hidden == 0, GUARDIAN.c.is_guardian == 1)
        .where(GUARDIAN.c.student.in_(among))
    )
    for student, name in connection.execute(guardians):
        found[student].add(normalise_name(name or ""))
    for student in only_named(connection, among):
        found[student].add(_ANYBODY)
    return found


def holder_warning(row: Mapping[str, Any], allowed: set[str]) -> str:
    """A strong warning when the holder is neither the student nor a guardian (reference §2.2)."""
    holder = row["holder"]
    if not holder or normalise_name(holder) in allowed or _ANYBODY in allowed:
        return ""
    return f"户名“{holder}”既不是学生本人，也不是登记的监护人，有代领、冒领风险；请核实后再审批"


def payment_line(one: PaymentRecord, book: Book) -> PaymentLine:
    """A payment as the screen shows it, the account masked."""
    row, spec = one.row, Payment.spec
    return PaymentLine(
        uid=row["uid"],
        student=row["student"],
        name=one.name,
        sex=one.pupil.sex_label if one.pupil else "",
        school_class=one.pupil.place if one.pupil else "",
        programme=book.name(row["programme"]),
        due=Fen(row["due"] or 0),
        fen=Fen(row["fen"] or 0),
        amount=format_yuan(row["fen"] or 0),
        kind=row["kind"],
        kind_label=spec["kind"].show(row["kind"]),
        state=row["state"],
        state_label=spec["state"].show(row["state"]),
        holder=row["holder"] or "",
        bank=row["bank"] or "",
        account=mask_account(row["account"] or ""),
        relation=spec["relation"].show(row["relation"]),
        method="银行代发" if one.has_account else "签领",
        warning=one.warning,
        reason=row["reason"] or "",
    )


def batch_row(connection: Connection, uid: str) -> Mapping[str, Any]:
    """A batch as stored; raises UserError when it is unknown or void."""
    row = connection.execute(select(BATCH).where(BATCH.c.uid == uid, BATCH.c.hidden == 0)).mappings().first()
    if row is None:
        raise UserError("这个发放批次不存在或已作废", "请刷新页面后重试。", "发放批次")
    return dict(row)


def payment_row(connection: Connection, uid: str) -> Mapping[str, Any]:
    """A payment as stored; raises UserError when it is unknown or void."""
    row = connection.execute(select(PAYMENT).where(PAYMENT.c.uid == uid, PAYMENT.c.hidden == 0)).mappings().first()
    if row is None:
        raise UserError("这笔发放明细不存在", "请刷新页面后重试。", "发放明细")
    return dict(row)
