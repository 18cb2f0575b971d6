"""From decisions to money: batches with their lines, approval, payment, returns, re-issues, and the public notice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from jzdesk.core.errors import UserError
from jzdesk.core.money import Fen, format_yuan
from jzdesk.core.term import Term
from jzdesk.core.text import normalise_name, parse_date
from jzdesk.models import AidDecision, Batch, Payment
from jzdesk.policy.decision import GRANTED
from jzdesk.services.notices import NoticeService
from jzdesk.services.payments import (
    BATCH,
    PAYMENT,
    PaymentLine,
    accounts_on,
    batch_row,
    holder_warning,
    payment_line,
    payment_row,
    payment_values,
    payments_of,
    receivers,
)
from jzdesk.services.pupils import STUDENT, table_of
from jzdesk.services.standards import Book, read_book
from jzdesk.store.unit import Unit

DECISION = table_of(AidDecision)
SEVERAL = "家庭经济困难学生补助"  # what a batch of several programmes is called
_DRAFT, _APPROVED, _PAID = "draft", "approved", "paid"


@dataclass(frozen=True, slots=True)
class BatchLine:
    """One batch: `fen` the sum of its lines (returns already taken off), `students` how many get something.

    `missing_accounts` students have no account and sign for the money, `warned` lines have a doubtful holder.
    """

    uid: str
    number: str
    title: str
    term: str
    programme: str
    state: str
    state_label: str
    lines: int
    students: int
    fen: Fen
    amount: str
    missing_accounts: int
    warned: int
    returned: Fen
    approver: str
    approved_on: str
    paid_on: str


@dataclass(frozen=True, slots=True)
class CashTotals:
    """Cash of a term as paid: students (each once), payments, 分."""

    students: int
    payments: int
    fen: Fen


class BatchService(NoticeService):
    """The verbs of a batch."""

    def make_batch(self, term: str, programme: str | None = None) -> BatchLine:
        """A draft batch of everything granted in cash that is in no batch yet; raises UserError when nothing is.

        Each line takes over the account in force today; without one the money is signed for.
        """
        when = Term.parse(term)
        with self._context.write() as unit:
            book = read_book(unit.connection)
            chosen = _payable(unit.connection, when, programme, self._context.author.scope, book)
            if not chosen:
                raise _nothing_to_pay(when, programme, book)
            batch = self._new_batch(unit, when, programme, book, "")
            self._add_lines(unit, batch, chosen, "pay")
        return self.batch(batch)

    def _new_batch(self, unit: Unit, term: Term, programme: str | None, book: Book, suffix: str) -> str:
        scope = self._context.author.scope
        query = select(func.count()).where(BATCH.c.term == str(term), BATCH.c.scope == scope)
        number = unit.connection.execute(query).scalar_one() + 1
        what = book.name(programme) if programme else SEVERAL
        values = {
            "number": f"{term}-{number:02d}", "name": f"{term.label}{what}{suffix}", "term": str(term),
            "programme": programme, "state": _DRAFT,
        }  # fmt: skip
        return unit.add(Batch, values)

    def _add_lines(
        self, unit: Unit, batch: str, decisions: Sequence[Mapping[str, Any]], kind: str, why: str = ""
    ) -> None:
        accounts = accounts_on(unit.connection, self._context.today(), {one["student"] for one in decisions})
        rows = (payment_values(batch, one, accounts.get(one["student"]), kind, why or None) for one in decisions)
        unit.add_many(Payment, rows)

    def discard(self, batch: str, reason: str) -> None:
        """Give up a draft batch; its decisions are free for another. Raises UserError once it is approved."""
        with self._context.write() as unit:
            row = batch_row(unit.connection, batch)
            _expect(row, (_DRAFT,), "作废", "已审批的批次请逐笔登记退回。")
            for payment in _payment_uids(unit.connection, batch):
                unit.void(Payment, payment, reason or "批次作废")
            unit.void(Batch, batch, reason or "批次作废")

    def approve(self, batch: str, approver: str, approved_on: str | None = None) -> BatchLine:
        """Draft → approved on the day (today); UserError in any other state, or when lines and decisions differ."""
        name, day = normalise_name(approver), parse_date(approved_on) if approved_on else self._context.today()
        if day > self._context.today():
            raise UserError(f"审批日期 {day} 还没有到", "请填写实际审批的日期。", "审批日期")
        if not name:
            raise UserError("没有填写审批人", "请填写审批人姓名，一般是校长。", "审批人")
        with self._context.write() as unit:
            row = batch_row(unit.connection, batch)
            _expect(row, (_DRAFT,), "审批", "已审批的批次可以直接登记发放。")
            _check_lines(unit.connection, batch)
            unit.change(Batch, batch, {"state": _APPROVED, "approver": name, "approved_on": day})
        return self.batch(batch)

    def pay(self, batch: str, paid_on: str | None = None) -> BatchLine:
        """Approved → paid on the day given (today); raises UserError in any other state and for an impossible day."""
        day = parse_date(paid_on) if paid_on else self._context.today()
        with self._context.write() as unit:
            row = batch_row(unit.connection, batch)
            _expect(row, (_APPROVED,), "登记发放", "请先审批这个批次。" if row["state"] == _DRAFT else "")
            if day > self._context.today():
                raise UserError(f"发放日期 {day} 还没有到", "请填写实际发放的日期。", "发放日期")
            unit.change(Batch, batch, {"state": _PAID, "paid_on": day})
            unit.change_many(Payment, {uid: {"state": "paid"} for uid in _payment_uids(unit.connection, batch)})
        return self.batch(batch)

    def return_payment(self, payment: str, reason: str, returned_on: str | None = None) -> str:
        """Record that paid money came back: a negative line of its own beside the old one; returns its uid."""
        if not reason.strip():
            raise UserError("没有写明退回原因", "请写一句原因，例如“账号有误，银行退回”。", "退回")
        day = parse_date(returned_on) if returned_on else self._context.today()
        with self._context.write() as unit:
            row = payment_row(unit.connection, payment)
            if row["kind"] == "returned" or row["state"] != "paid":
                raise UserError("只有已发放的款项才能登记退回", "请先登记这个批次已发放。", "退回")
            if _net(unit.connection, row["decision"]) <= 0:
                raise UserError("这笔款已经退回", "需要重新发放时请选“补发”。", "退回")
            copied = {name: row[name] for name in ("batch", "decision", "student", "programme", "term", "relation")}
            account = {name: row[name] for name in ("holder", "bank", "account")}
            return unit.add(Payment, {
                **copied, **account, "due": 0, "fen": -row["fen"], "kind": "returned", "state": "paid",
                "reason": f"{day} 退回：{reason.strip()}"[:200],
            })  # fmt: skip

    def reissue(self, payments: str | Sequence[str], reason: str = "") -> BatchLine:
        """Pay returned money again: a draft batch of its own with the accounts in force today."""
        wanted = [payments] if isinstance(payments, str) else list(payments)
        with self._context.write() as unit:
            rows = [payment_row(unit.connection, uid) for uid in wanted]
            if not rows:
                raise UserError("没有选中要补发的款项", "请选中已退回的款项。", "补发")
            decisions = _decision_rows(unit.connection, {row["decision"] for row in rows})
            for one in decisions:
                _expect_returned(unit.connection, one)
            book = read_book(unit.connection)
            if len({row["term"] for row in rows}) > 1:
                raise UserError("选中的款项不在同一个学期", "请按学期分别补发。", "补发")
            programmes = {row["programme"] for row in rows}
            only = programmes.pop() if len(programmes) == 1 else None
            batch = self._new_batch(unit, Term.parse(rows[0]["term"]), only, book, "（补发）")
            self._add_lines(unit, batch, decisions, "reissue", reason.strip() or "退回后补发")
        return self.batch(batch)

    def batches(self, term: str | None = None) -> list[BatchLine]:
        """The batches of a term (or all), newest first."""
        query = select(BATCH).where(BATCH.c.hidden == 0).order_by(BATCH.c.term.desc(), BATCH.c.number.desc())
        if term is not None:
            query = query.where(BATCH.c.term == str(Term.parse(term)))
        if (scope := self._scope()) is not None:
            query = query.where(BATCH.c.scope == scope)
        with self._context.read() as connection:
            return _batch_lines(connection, [dict(row) for row in connection.execute(query).mappings()])

    def batch(self, uid: str) -> BatchLine:
        """One batch; raises UserError when it is unknown."""
        with self._context.read() as connection:
            return _batch_lines(connection, [batch_row(connection, uid)])[0]

    def lines(self, batch: str) -> list[PaymentLine]:
        """The lines of a batch by grade, class and name."""
        with self._context.read() as connection:
            book = read_book(connection)
            return [payment_line(one, book) for one in payments_of(connection, batch)]

    def cash(self, term: str) -> CashTotals:
        """What was really paid in cash in a term; returned money is taken off."""
        query = (
            select(PAYMENT.c.student, PAYMENT.c.decision, func.sum(PAYMENT.c.fen))
            .join_from(PAYMENT, BATCH, BATCH.c.uid == PAYMENT.c.batch)
            .where(PAYMENT.c.term == str(Term.parse(term)), PAYMENT.c.hidden == 0, PAYMENT.c.state == "paid")
            .where(BATCH.c.hidden == 0)
            .group_by(PAYMENT.c.student, PAYMENT.c.decision)
            .having(func.sum(PAYMENT.c.fen) > 0)
        )
        if (scope := self._scope()) is not None:
            query = query.where(PAYMENT.c.scope == scope)
        with self._context.read() as connection:
            rows = connection.execute(query).all()
        return CashTotals(len({row[0] for row in rows}), len(rows), Fen(sum(row[2] for row in rows)))


def _payable(
    connection: Connection, term: Term, programme: str | None, scope: str, book: Book
) -> list[Mapping[str, Any]]:
    """Granted cash decisions in no batch, at most one a student and family of programmes."""
    query = select(DECISION).where(
        DECISION.c.term == str(term), DECISION.c.scope == scope, DECISION.c.hidden == 0,
        DECISION.c.outcome == GRANTED, DECISION.c.fen > 0, DECISION.c.programme.in_(book.cash),
    )  # fmt: skip
    families = {one.code: one.family for one in book.programmes}
    before = _in_batches(connection, term, scope)
    seen = {decision for decision, *_ in before}  # one whose money came back is paid again by `reissue` only
    taken = {(student, families.get(code, code)) for _, student, code, net in before if net > 0}
    chosen: list[Mapping[str, Any]] = []
    for row in connection.execute(query.order_by(DECISION.c.programme, DECISION.c.uid)).mappings():
        key = (row["student"], families.get(row["programme"], row["programme"]))
        if key not in taken and row["uid"] not in seen and programme in (None, row["programme"]):
            taken.add(key)
            chosen.append(dict(row))
    return chosen


def _in_batches(connection: Connection, term: Term, scope: str) -> list[tuple[str, str, str, int]]:
    """(decision, student, programme, what was not returned) of everything that is or was in a batch of the term."""
    query = (
        select(PAYMENT.c.decision, PAYMENT.c.student, PAYMENT.c.programme, func.sum(PAYMENT.c.fen))
        .where(PAYMENT.c.term == str(term), PAYMENT.c.scope == scope, PAYMENT.c.hidden == 0)
        .group_by(PAYMENT.c.decision, PAYMENT.c.student, PAYMENT.c.programme)
    )
    return [(decision, student, programme, net) for decision, student, programme, net in connection.execute(query)]


def _nothing_to_pay(term: Term, programme: str | None, book: Book) -> UserError:
    if programme is not None and programme not in book.cash:
        return UserError(
            f"“{book.name(programme)}”不是由学校发放的现金补助，不能进入发放批次",
            "供餐、减免、贷款和其他部门发放的项目只登记，请选择现金补助项目。",
            "发放批次",
        )
    return UserError(f"{term.label}没有待发放的现金认定", "请先认定本学期的资助；已认定的都已进入批次。", "发放批次")


def _expect(row: Mapping[str, Any], states: Iterable[str], verb: str, remedy: str) -> None:
    if row["state"] not in states:
        label = Batch.spec["state"].show(row["state"])
        raise UserError(f"批次现在是“{label}”，不能{verb}", remedy or "请刷新页面核对批次的状态。", row["number"])


def _payment_uids(connection: Connection, batch: str) -> list[str]:
    query = select(PAYMENT.c.uid).where(PAYMENT.c.batch == batch, PAYMENT.c.hidden == 0)
    return [str(uid) for uid in connection.execute(query).scalars()]


def _check_lines(connection: Connection, batch: str) -> None:
    """Every line agrees with its decision, and there is one."""
    query = (
        select(PAYMENT.c.fen, DECISION.c.outcome, DECISION.c.fen, DECISION.c.hidden, STUDENT.c.name)
        .outerjoin_from(PAYMENT, DECISION, DECISION.c.uid == PAYMENT.c.decision)
        .outerjoin(STUDENT, STUDENT.c.uid == PAYMENT.c.student)
        .where(PAYMENT.c.batch == batch, PAYMENT.c.hidden == 0)
    )
    rows = connection.execute(query).all()
    if not rows:
        raise UserError("批次里没有明细", "请作废这个批次，重新认定后再生成。", "审批")
    wrong = [row[4] for row in rows if row[1] != GRANTED or row[3] or row[0] != row[2]]
    if wrong:
        names = "、".join(wrong[:3])
        raise UserError(f"有 {len(wrong)} 行与认定不一致（{names}）", "请作废这个批次，重新认定后再生成。", "审批")


def _net(connection: Connection, decision: str) -> int:
    query = select(func.coalesce(func.sum(PAYMENT.c.fen), 0)).where(
        PAYMENT.c.decision == decision, PAYMENT.c.hidden == 0
    )
    return int(connection.execute(query).scalar_one())


def _decision_rows(connection: Connection, uids: set[str]) -> list[Mapping[str, Any]]:
    query = select(DECISION).where(DECISION.c.uid.in_(uids), DECISION.c.hidden == 0)
    return [dict(row) for row in connection.execute(query).mappings()]


def _expect_returned(connection: Connection, decision: Mapping[str, Any]) -> None:
    if _net(connection, decision["uid"]) > 0:
        raise UserError("这笔款没有退回，或者已经补发", "只有登记过退回的款项才能补发。", "补发")
    if decision["outcome"] != GRANTED:
        raise UserError("这名学生现在的认定是“不享受”", "请先核对认定，确应发放时重新认定后再补发。", "补发")


def _batch_lines(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> list[BatchLine]:
    """Batches with what their lines add up to; two queries however many."""
    uids = [row["uid"] for row in rows]
    sums: dict[str, list[Mapping[Any, Any]]] = defaultdict(list)
    query = select(PAYMENT).where(PAYMENT.c.hidden == 0, PAYMENT.c.batch.in_(uids))
    for line in connection.execute(query).mappings():
        sums[line["batch"]].append(line)
    book = read_book(connection)
    allowed = receivers(connection, select(PAYMENT.c.student).where(PAYMENT.c.batch.in_(uids)))
    return [_batch_line(row, sums[row["uid"]], allowed, book) for row in rows]


def _batch_line(
    row: Mapping[str, Any], lines: Sequence[Mapping[Any, Any]], allowed: Mapping[str, set[str]], book: Book
) -> BatchLine:
    forth = [line for line in lines if line["kind"] != "returned"]
    net: dict[str, int] = defaultdict(int)
    for line in lines:
        net[line["student"]] += line["fen"]
    fen = sum(net.values())
    return BatchLine(
        uid=row["uid"],
        number=row["number"] or "",
        title=row["name"] or "",
        term=row["term"] or "",
        programme=book.name(row["programme"]) if row["programme"] else "",
        state=row["state"] or "",
        state_label=Batch.spec["state"].show(row["state"]),
        lines=len(forth),
        students=sum(value > 0 for value in net.values()),
        fen=Fen(fen),
        amount=format_yuan(fen),
        missing_accounts=sum(not line["account"] for line in forth),
        warned=sum(bool(holder_warning(line, allowed.get(line["student"], set()))) for line in forth),
        returned=Fen(-sum(line["fen"] for line in lines if line["kind"] == "returned")),
        approver=row["approver"] or "",
        approved_on=row["approved_on"] or "",
        paid_on=row["paid_on"] or "",
    )
