"""Deciding aid for a term, and answering for every amount: 每一分钱的依据."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from jzdesk.core import codes
from jzdesk.core.errors import UserError
from jzdesk.core.fingerprint import Marks
from jzdesk.core.money import Fen, format_yuan
from jzdesk.core.term import Term
from jzdesk.models import AidDecision, Batch, Hardship, Payment
from jzdesk.policy.decision import GRANTED
from jzdesk.services import double_claim
from jzdesk.services.batches import BatchService
from jzdesk.services.deciding import DECISION, DecisionRun, Progress, decide_term
from jzdesk.services.payments import BATCH, PAYMENT
from jzdesk.services.pupils import STUDENT, Pupil, by_place, pupils, span_of, table_of
from jzdesk.services.standards import Book, StandardService, channel_label, read_book

HARDSHIP = table_of(Hardship)
_ELSEWHERE = "可能已在别的学校享受（县里提示），请先核实"
_ONCE = "同一项目同一学期只发一份，跨学校也算；多重困难只享受一份"
_STACKING = {
    "LIVING": f"{_ONCE}；寄宿与非寄宿互斥；可与营养改善计划叠加",
    "SENIOR_GRANT": f"{_ONCE}；可与免学杂费叠加",
    "SENIOR_FEE": "减免不发现金；可与国家助学金叠加",
    "VOC_GRANT": f"{_ONCE}；可与免学费、雨露计划叠加",
    "YULU": "由农业农村部门按户籍地发放，学校只登记；可与中职助学金叠加",
}


@dataclass(frozen=True, slots=True)
class DecisionLine:
    """One decision for display; `fen` is cash for the term, `amount` the same as text, `batch` its batch if any.

    `elsewhere`: the county warns that the child may be paid by another school this term.
    """

    uid: str
    student: str
    name: str
    school_class: str
    programme: str
    programme_code: str
    amount: str
    fen: Fen
    granted: bool
    outcome: str
    basis: str
    reasons: str
    batch: str
    elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class Why:
    """The ground of one decision: `reasons` name clause, standard, dates and proportion; then what else counts."""

    uid: str
    name: str
    programme: str
    term: str
    outcome: str
    amount: str
    reasons: tuple[str, ...]
    hardships: tuple[str, ...]
    stacking: str
    payments: tuple[str, ...]
    warnings: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """Everything as sentences, for the screen and for paper."""
        return [*self.warnings, *self.reasons, *self.hardships, f"叠加规则：{self.stacking}", *self.payments]


@dataclass(frozen=True, slots=True)
class ProgrammeTotal:
    """What a programme amounts to in a term: `students` granted, `fen` cash (0 for what is not cash)."""

    programme: str
    name: str
    channel: str
    channel_label: str
    students: int
    fen: Fen


class AidService(BatchService, StandardService):
    """Decisions; batches and standards besides, so that the aid page has one counterpart."""

    def terms(self) -> list[tuple[str, str]]:
        """(term, label), newest first: every term with decisions, the term at work, and those around it."""
        at_work = self._context.term()
        with self._context.read() as connection:
            recorded = connection.execute(select(DECISION.c.term).distinct()).scalars().all()
        found = {Term.parse(term) for term in recorded if term} | {at_work.previous(), at_work, at_work.next()}
        return [(str(term), term.label) for term in sorted(found, reverse=True)]

    def decide(self, term: str, progress: Progress | None = None) -> DecisionRun:
        """Decide the term for every pupil of this school; deciding again writes only what differs.

        Money that has been approved is never changed: such decisions come back in `frozen`. Raises UserError when
        no standards came down from the county, and at the county itself.
        """
        info = self._context.info
        if info.kind == "county":
            raise UserError("资助认定由学校做，县教育局只看汇总", "请在学校的工作站上认定。", "资助认定")
        with self._context.write() as unit:
            return decide_term(unit, Term.parse(term), self._context.author.scope, info.name, progress)

    def decisions(self, term: str, outcome: str | None = None, programme: str | None = None) -> list[DecisionLine]:
        """The decisions of a term by grade, class and name; `outcome` "granted" or "refused", `programme` a code."""
        when = Term.parse(term)
        with self._context.read() as connection:
            rows = _decision_rows(connection, when, self._scope())
            people = pupils(connection, self._scope(), span_of(when))
            book, batched = read_book(connection), _batched(connection, when)
            marks = double_claim.marks_of(connection, str(when))
        found = [_line(row, people.get(row["student"]), book, batched.get(row["uid"], ""), marks) for row in rows]
        wanted = [line for line in found if programme in (None, line.programme_code)]
        if outcome is not None:
            wanted = [line for line in wanted if line.granted == (outcome == GRANTED)]
        nobody = ("~", "", "", "")
        return sorted(
            wanted,
            key=lambda line: (by_place(people[line.student]) if line.student in people else nobody, line.programme),
        )

    def why(self, uid: str) -> Why:
        """The ground of a decision, down to the clause; raises UserError when it is unknown."""
        with self._context.read() as connection:
            query = select(DECISION, STUDENT.c.name, STUDENT.c.id_number).outerjoin_from(
                DECISION, STUDENT, STUDENT.c.uid == DECISION.c.student
            )
            row = connection.execute(query.where(DECISION.c.uid == uid)).mappings().first()
            if row is None:
                raise UserError("这条认定不存在", "请刷新页面后重试。", "资助认定")
            book = read_book(connection)
            hardships = _hardship_lines(connection, row["student"], Term.parse(row["term"]))
            payments = _payment_lines(connection, uid)
            warnings = double_claim.doubts_of(double_claim.marks_of(connection, row["term"]), dict(row))
        family = next((one.family for one in book.programmes if one.code == row["programme"]), "")
        return Why(
            uid=uid,
            name=row["name"] or "（未到）",
            programme=book.name(row["programme"]),
            term=Term.parse(row["term"]).label,
            outcome=AidDecision.spec["outcome"].show(row["outcome"]),
            amount=format_yuan(row["fen"] or 0),
            reasons=tuple((row["reasons"] or "").split("\n")),
            hardships=hardships,
            stacking=_STACKING.get(family, _ONCE),
            payments=payments,
            warnings=tuple(said for _, said in warnings),
        )

    def totals(self, term: str) -> list[ProgrammeTotal]:
        """What was granted in a term, programme by programme; cash, waivers and loans never in one sum."""
        with self._context.read() as connection:
            query = (
                select(DECISION.c.programme, func.count(DECISION.c.student.distinct()), func.sum(DECISION.c.fen))
                .where(DECISION.c.term == str(Term.parse(term)), DECISION.c.hidden == 0)
                .where(DECISION.c.outcome == GRANTED)
                .group_by(DECISION.c.programme)
            )
            if (scope := self._scope()) is not None:
                query = query.where(DECISION.c.scope == scope)
            rows = connection.execute(query).all()
            book = read_book(connection)
        channels = {one.code: one.channel for one in book.programmes}
        return [
            ProgrammeTotal(
                code, book.name(code), channels.get(code, ""), channel_label(channels.get(code, "")), count, Fen(fen)
            )
            for code, count, fen in sorted(tuple(row) for row in rows)
        ]


def _decision_rows(connection: Connection, term: Term, scope: str | None) -> list[Mapping[Any, Any]]:
    query = (
        select(DECISION, STUDENT.c.name, STUDENT.c.id_number)
        .outerjoin_from(DECISION, STUDENT, STUDENT.c.uid == DECISION.c.student)
        .where(DECISION.c.term == str(term), DECISION.c.hidden == 0)
    )
    if scope is not None:
        query = query.where(DECISION.c.scope == scope)
    return [dict(row) for row in connection.execute(query).mappings()]


def _batched(connection: Connection, term: Term) -> dict[str, str]:
    """Decision → number of its batch."""
    query = (
        select(PAYMENT.c.decision, BATCH.c.number)
        .join_from(PAYMENT, BATCH, BATCH.c.uid == PAYMENT.c.batch)
        .where(PAYMENT.c.term == str(term), PAYMENT.c.hidden == 0, BATCH.c.hidden == 0)
        .order_by(BATCH.c.number.desc())
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def _line(row: Mapping[Any, Any], pupil: Pupil | None, book: Book, batch: str, marks: Marks | None) -> DecisionLine:
    spec = AidDecision.spec
    elsewhere = bool(double_claim.doubts_of(marks, row))
    reasons = [*([_ELSEWHERE] if elsewhere else []), *(row["reasons"] or "").split("\n")]
    return DecisionLine(
        uid=row["uid"],
        student=row["student"],
        name=row["name"] or "（未到）",
        school_class=pupil.place if pupil else "",
        programme=book.name(row["programme"]),
        programme_code=row["programme"],
        amount=format_yuan(row["fen"] or 0),
        fen=Fen(row["fen"] or 0),
        granted=row["outcome"] == GRANTED,
        outcome=spec["outcome"].show(row["outcome"]),
        basis=spec["basis"].show(row["basis"]),
        reasons="；".join(reasons),
        batch=batch,
        elsewhere=elsewhere,
    )


def _hardship_lines(connection: Connection, student: str, term: Term) -> tuple[str, ...]:
    """The hardships on record with their dates and sources, those outside the term marked."""
    query = select(HARDSHIP).where(HARDSHIP.c.student == student, HARDSHIP.c.hidden == 0).order_by(HARDSHIP.c.code)
    spec = Hardship.spec
    found = []
    for row in connection.execute(query).mappings():
        until = f"至 {row['valid_to']}" if row["valid_to"] else "至今"
        outside = "" if term.overlaps(row["valid_from"], row["valid_to"]) else "（不在本学期内）"
        source = "，".join(filter(None, (spec["source"].show(row["source"]), row["proof"])))
        label = codes.table("difficulty_type").label(row["code"])
        found.append(
            f"困难类型：{label}，{row['valid_from'] or ''} {until}{f'，来源：{source}' if source else ''}{outside}"
        )
    return tuple(found)


def _payment_lines(connection: Connection, decision: str) -> tuple[str, ...]:
    """Where the money stands, one sentence a payment."""
    query = (
        select(PAYMENT.c.fen, PAYMENT.c.kind, PAYMENT.c.reason, BATCH.c.number, BATCH.c.state, BATCH.c.paid_on)
        .join_from(PAYMENT, BATCH, BATCH.c.uid == PAYMENT.c.batch)
        .where(PAYMENT.c.decision == decision, PAYMENT.c.hidden == 0, BATCH.c.hidden == 0)
        .order_by(BATCH.c.number, PAYMENT.c.kind)
    )
    found = []
    for fen, kind, reason, number, state, paid_on in connection.execute(query):
        what = f"{Payment.spec['kind'].show(kind)} {format_yuan(fen)} 元"
        when = f"{paid_on} 发放" if paid_on else Batch.spec["state"].show(state)
        found.append(f"{what}：批次 {number}，{when}{f'（{reason}）' if reason else ''}")
    return tuple(found)
