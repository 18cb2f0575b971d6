"""From decisions to money: batches with their lines, approval, payment, returns, re-issues, and the public notice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from jzdesk.core.errors import UserError
from jzdesk.core.fields import Value
from jzdesk.core.money import Fen, format_yuan
from jzdesk.core.term import Term
from jzdesk.core.text import normalise_name, parse_date
from jzdesk.core.workdays import workdays_after
from jzdesk.models import AidDecision, BankAccount, Batch, Guardian, Member, Notice, Payment
from jzdesk.policy.decision import GRANTED
from jzdesk.services.context import Context
from jzdesk.services.pupils import STUDENT, Pupil, by_place, pupils, table_of, touches
from jzdesk.services.standards import Book, read_book
from jzdesk.store.unit import Unit

DECISION, PAYMENT, BATCH, NOTICE = map(table_of, (AidDecision, Payment, Batch, Notice))
ACCOUNT, GUARDIAN, MEMBER = table_of(BankAccount), table_of(Guardian), table_of(Member)
NOTICE_DAYS = 5
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
class NoticeLine:
    """One notice; `down` when it has been taken down, `due` when its period is over and it still hangs."""

    uid: str
    batch: str
    name: str
    posted_on: str
    until: str
    taken_down: str
    down: bool
    due: bool


@dataclass(frozen=True, slots=True)
class CashTotals:
    """Cash of a term as paid: students (each once), payments, 分."""

    students: int
    payments: int
    fen: Fen


class BatchService:
    """The verbs of a batch."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def _scope(self) -> str | None:
        """What this station shows: a school itself, the county everybody."""
        return None if self._context.info.kind == "county" else self._context.author.scope

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
        what = book.name(programme) if programme else "学生资助"
        values = {
            "number": f"{term}-{number:02d}", "name": f"{term.label}{what}{suffix}", "term": str(term),
            "programme": programme, "state": _DRAFT,
        }  # fmt: skip
        return unit.add(Batch, values)

    def _add_lines(
        self, unit: Unit, batch: str, decisions: Sequence[Mapping[str, Any]], kind: str, why: Mapping[str, str] = {}
    ) -> None:
        accounts = _accounts(unit.connection, self._context.today(), {one["student"] for one in decisions})
        rows = [_payment(batch, one, accounts.get(one["student"]), kind, why.get(one["uid"])) for one in decisions]
        unit.add_many(Payment, rows)

    def discard(self, batch: str, reason: str) -> None:
        """Give up a draft batch; its decisions are free for another. Raises UserError once it is approved."""
        with self._context.write() as unit:
            row = _batch_row(unit.connection, batch)
            _expect(row, (_DRAFT,), "作废", "已审批的批次请逐笔登记退回。")
            for payment in _payment_uids(unit.connection, batch):
                unit.void(Payment, payment, reason or "批次作废")
            unit.void(Batch, batch, reason or "批次作废")

    def approve(self, batch: str, approver: str) -> BatchLine:
        """Draft → approved; raises UserError in any other state, and when lines and decisions disagree."""
        name = normalise_name(approver)
        if not name:
            raise UserError("没有填写审批人", "请填写审批人姓名，一般是校长。", "审批人")
        with self._context.write() as unit:
            row = _batch_row(unit.connection, batch)
            _expect(row, (_DRAFT,), "审批", "已审批的批次可以直接登记发放。")
            _check_lines(unit.connection, batch)
            unit.change(Batch, batch, {"state": _APPROVED, "approver": name, "approved_on": self._context.today()})
        return self.batch(batch)

    def pay(self, batch: str, paid_on: str | None = None) -> BatchLine:
        """Approved → paid on the day given (today); raises UserError in any other state and for an impossible day."""
        day = parse_date(paid_on) if paid_on else self._context.today()
        with self._context.write() as unit:
            row = _batch_row(unit.connection, batch)
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
            row = _payment_row(unit.connection, payment)
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
            rows = [_payment_row(unit.connection, uid) for uid in wanted]
            if not rows:
                raise UserError("没有选中要补发的款项", "请选中已退回的款项。", "补发")
            decisions = _decision_rows(unit.connection, {row["decision"] for row in rows})
            for one in decisions:
                _expect_returned(unit.connection, one)
            book = read_book(unit.connection)
            programmes = {row["programme"] for row in rows}
            only = programmes.pop() if len(programmes) == 1 else None
            batch = self._new_batch(unit, Term.parse(rows[0]["term"]), only, book, "（补发）")
            said = reason.strip() or "退回后补发"
            self._add_lines(unit, batch, decisions, "reissue", dict.fromkeys((one["uid"] for one in decisions), said))
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
            return _batch_lines(connection, [_batch_row(connection, uid)])[0]

    def lines(self, batch: str) -> list[PaymentLine]:
        """The lines of a batch by grade, class and name."""
        with self._context.read() as connection:
            book = read_book(connection)
            return [_payment_line(one, book) for one in payments_of(connection, batch)]

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

    def post_notice(self, batch: str, posted_on: str, phone: str, address: str, supervision: str | None = None) -> str:
        """Record that the list of a batch hangs out from `posted_on`, five working days after it; returns the uid."""
        day = parse_date(posted_on)
        for value, what in ((phone, "受理电话"), (address, "受理地址")):
            if not value.strip():
                raise UserError(f"没有填写{what}", f"公示必须写明{what}，请填写后再生成。", what)
        with self._context.write() as unit:
            row = _batch_row(unit.connection, batch)
            hanging = select(NOTICE.c.uid).where(
                NOTICE.c.batch == batch, NOTICE.c.hidden == 0, NOTICE.c.taken_down.is_(None)
            )
            if unit.connection.execute(hanging).first() is not None:
                raise UserError("这个批次已经有一张正在公示的名单", "请先登记撤下，再贴新的。", row["name"])
            return unit.add(Notice, {
                "batch": batch, "name": f"关于{row['name']}拟资助学生的公示", "posted_on": day,
                "until": workdays_after(day, NOTICE_DAYS), "phone": phone.strip(), "address": address.strip(),
                "supervision": (supervision or "").strip() or None,
            })  # fmt: skip

    def take_down(self, notice: str, date: str | None = None) -> None:
        """Record that a notice was taken down; not before its period is over, not in the future."""
        day = parse_date(date) if date else self._context.today()
        with self._context.write() as unit:
            row = unit.connection.execute(select(NOTICE).where(NOTICE.c.uid == notice)).mappings().first()
            if row is None:
                raise UserError("这张公示不存在", "请刷新页面后重试。", "公示")
            if day < row["until"]:
                raise UserError(f"公示期到 {row['until']} 才满", "请在期满后再撤下。", row["name"])
            if day > self._context.today():
                raise UserError(f"撤下日期 {day} 还没有到", "请填写实际撤下的日期。", row["name"])
            unit.change(Notice, notice, {"taken_down": day})

    def notices(self, batch: str | None = None) -> list[NoticeLine]:
        """Notices, newest first."""
        query = select(NOTICE).where(NOTICE.c.hidden == 0).order_by(NOTICE.c.posted_on.desc(), NOTICE.c.uid)
        if batch is not None:
            query = query.where(NOTICE.c.batch == batch)
        if (scope := self._scope()) is not None:
            query = query.where(NOTICE.c.scope == scope)
        today = self._context.today()
        with self._context.read() as connection:
            return [_notice_line(row, today) for row in connection.execute(query).mappings()]


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
    people = pupils(connection, None, among=among)
    allowed = _receivers(connection, among)
    found = [
        PaymentRecord(
            row,
            row["student_name"] or "（未到）",
            people.get(row["student"]),
            _holder_warning(row, allowed.get(row["student"], set())),
        )
        for row in rows
    ]
    nobody = ("~", "", "", "")
    return sorted(
        found, key=lambda one: (by_place(one.pupil) if one.pupil else nobody, -one.row["fen"], one.row["uid"])
    )


def _payable(
    connection: Connection, term: Term, programme: str | None, scope: str, book: Book
) -> list[Mapping[str, Any]]:
    """Granted cash decisions in no batch, at most one a student and family of programmes."""
    query = select(DECISION).where(
        DECISION.c.term == str(term), DECISION.c.scope == scope, DECISION.c.hidden == 0,
        DECISION.c.outcome == GRANTED, DECISION.c.fen > 0, DECISION.c.programme.in_(book.cash),
    )  # fmt: skip
    families = {one.code: one.family for one in book.programmes}
    taken = {(student, families.get(code, code)) for student, code in _in_batches(connection, term, scope)}
    chosen: list[Mapping[str, Any]] = []
    for row in connection.execute(query.order_by(DECISION.c.programme, DECISION.c.uid)).mappings():
        key = (row["student"], families.get(row["programme"], row["programme"]))
        if key not in taken and programme in (None, row["programme"]):
            taken.add(key)
            chosen.append(dict(row))
    return chosen


def _in_batches(connection: Connection, term: Term, scope: str) -> list[tuple[str, str]]:
    """(student, programme) of every payment of the term; what was returned is paid again by `reissue` only."""
    query = select(PAYMENT.c.student, PAYMENT.c.programme).where(
        PAYMENT.c.term == str(term), PAYMENT.c.scope == scope, PAYMENT.c.hidden == 0
    )
    return [(student, programme) for student, programme in connection.execute(query)]


def _nothing_to_pay(term: Term, programme: str | None, book: Book) -> UserError:
    if programme is not None and programme not in book.cash:
        return UserError(
            f"“{book.name(programme)}”不是由学校发放的现金补助，不能进入发放批次",
            "供餐、减免、贷款和其他部门发放的项目只登记，请选择现金补助项目。",
            "发放批次",
        )
    return UserError(f"{term.label}没有待发放的现金认定", "请先认定本学期的资助；已认定的都已进入批次。", "发放批次")


def _payment(
    batch: str, decision: Mapping[str, Any], account: Mapping[str, Any] | None, kind: str, reason: str | None
) -> dict[str, Value]:
    fen: int = decision["fen"]
    values: dict[str, Value] = {
        "batch": batch, "decision": decision["uid"], "student": decision["student"],
        "programme": decision["programme"], "term": decision["term"], "due": fen, "fen": fen, "kind": kind,
        "state": "due", "reason": reason,
    }  # fmt: skip
    return values | {name: account[name] for name in ("holder", "bank", "account", "relation")} if account else values


def _accounts(connection: Connection, day: str, students: set[str]) -> dict[str, Mapping[str, Any]]:
    """Student → the account in force on the day; of several the one that began last."""
    query = (
        select(ACCOUNT)
        .where(ACCOUNT.c.hidden == 0, touches(ACCOUNT, day, day))
        .order_by(ACCOUNT.c.valid_from, ACCOUNT.c.uid)
    )
    rows = (dict(row) for row in connection.execute(query).mappings())
    return {row["student"]: row for row in rows if row["student"] in students}


def _receivers(connection: Connection, among: Any) -> dict[str, set[str]]:
    """Student → names that may stand on the account: the student's own and the guardians'."""
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
    return found


def _holder_warning(row: Mapping[str, Any], allowed: set[str]) -> str:
    """A strong warning when the holder is neither the student nor a guardian (reference §2.2)."""
    holder = row["holder"]
    if not holder or normalise_name(holder) in allowed:
        return ""
    return f"户名“{holder}”既不是学生本人，也不是登记的监护人，有代领、冒领风险；请核实后再审批"


def _batch_row(connection: Connection, uid: str) -> Mapping[str, Any]:
    row = connection.execute(select(BATCH).where(BATCH.c.uid == uid, BATCH.c.hidden == 0)).mappings().first()
    if row is None:
        raise UserError("这个发放批次不存在或已作废", "请刷新页面后重试。", "发放批次")
    return dict(row)


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


def _payment_row(connection: Connection, uid: str) -> Mapping[str, Any]:
    row = connection.execute(select(PAYMENT).where(PAYMENT.c.uid == uid, PAYMENT.c.hidden == 0)).mappings().first()
    if row is None:
        raise UserError("这笔发放明细不存在", "请刷新页面后重试。", "发放明细")
    return dict(row)


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
    allowed = _receivers(connection, select(PAYMENT.c.student).where(PAYMENT.c.batch.in_(uids)))
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
        warned=sum(bool(_holder_warning(line, allowed.get(line["student"], set()))) for line in forth),
        returned=Fen(-sum(line["fen"] for line in lines if line["kind"] == "returned")),
        approver=row["approver"] or "",
        approved_on=row["approved_on"] or "",
        paid_on=row["paid_on"] or "",
    )


def _payment_line(one: PaymentRecord, book: Book) -> PaymentLine:
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
        account=spec["account"].masked(row["account"]),
        relation=spec["relation"].show(row["relation"]),
        method="银行代发" if one.has_account else "签领",
        warning=one.warning,
        reason=row["reason"] or "",
    )


def _notice_line(row: Mapping[Any, Any], today: str) -> NoticeLine:
    down = bool(row["taken_down"])
    return NoticeLine(
        row["uid"], row["batch"], row["name"] or "", row["posted_on"] or "", row["until"] or "",
        row["taken_down"] or "", down, not down and bool(row["until"]) and today > row["until"],
    )  # fmt: skip
