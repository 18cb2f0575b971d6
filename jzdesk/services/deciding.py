"""One term decided for one school: what is recorded is held against the rules, and only what differs is written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sqlalchemy import Connection, case, func, select

from jzdesk.core import codes, garbage
from jzdesk.core.fields import Value
from jzdesk.core.money import Fen
from jzdesk.core.term import Term
from jzdesk.models import AidDecision, Batch, Hardship, Payment, School
from jzdesk.policy.decision import GRANTED, REFUSED, Finding
from jzdesk.policy.facts import Claim, Profile, PupilFacts
from jzdesk.policy.rules import Round
from jzdesk.services.erasing.left import only_named
from jzdesk.services.pupils import Pupil, pupils, span_of, table_of
from jzdesk.services.same_child import others_of
from jzdesk.services.standards import required_book
from jzdesk.store.unit import Unit

Progress = Callable[[int, int, str], None]

DECISION, PAYMENT, BATCH = table_of(AidDecision), table_of(Payment), table_of(Batch)
HARDSHIP, SCHOOL = table_of(Hardship), table_of(School)

# What every pupil has, poor or not, is no decision about a person and never counts as aided (reference §0 rule 5).
UNIVERSAL = frozenset({"NUTRITION", "COMPULSORY_FEE", "PRE_FREE", "VOC_FEE"})
_OTHER_WAY = "living.boarding"
_COMPARED = ("outcome", "fen", "basis", "reasons", "rule")
_REPORT_EVERY = 1000
_AT_ONCE = 5000
_GONE = "该学期内没有本校的有效学籍"


@dataclass(frozen=True, slots=True)
class FrozenDecision:
    """A decision already in an approved batch that would be different today; it stays as it was approved."""

    uid: str
    student: str
    name: str
    sentence: str


@dataclass(frozen=True, slots=True)
class DecisionRun:
    """What deciding a term led to.

    `judged` pupils were looked at; `granted`, `refused` and `fen` (cash) describe the term as it now stands;
    `changed` records were written by this run, `added` of them new; `frozen` were left as approved.
    """

    term: str
    judged: int
    granted: int
    refused: int
    fen: Fen
    changed: int
    added: int
    frozen: tuple[FrozenDecision, ...]


@dataclass(slots=True)
class _Plan:
    """What has to be written."""

    new: list[dict[str, Value]] = field(default_factory=list)
    changes: dict[str, dict[str, Value]] = field(default_factory=dict)
    void: list[str] = field(default_factory=list)
    frozen: list[FrozenDecision] = field(default_factory=list)


def decide_term(unit: Unit, term: Term, scope: str, school: str, progress: Progress | None = None) -> DecisionRun:
    """Decide the term for every pupil of `scope`; raises UserError when there are no standards."""
    deciding = _Deciding(unit.connection, term, scope, school)
    plan = deciding.plan(progress)
    unit.add_many(AidDecision, plan.new)
    unit.change_many(AidDecision, plan.changes)
    for uid in plan.void:
        unit.void(AidDecision, uid, _GONE)
    _follow_drafts(unit, plan)
    granted, refused, fen = totals(unit.connection, term, scope)
    changed = len(plan.new) + len(plan.changes) + len(plan.void)
    frozen = tuple(sorted(plan.frozen, key=lambda one: (one.name, one.uid)))
    return DecisionRun(str(term), len(deciding.pupils), granted, refused, fen, changed, len(plan.new), frozen)


def totals(connection: Connection, term: Term, scope: str) -> tuple[int, int, Fen]:
    """(granted, refused, cash in 分) of a term as recorded."""
    query = (
        select(DECISION.c.outcome, func.count(), func.coalesce(func.sum(DECISION.c.fen), 0))
        .where(DECISION.c.term == str(term), DECISION.c.scope == scope, DECISION.c.hidden == 0)
        .group_by(DECISION.c.outcome)
    )
    found = {outcome: (count, fen) for outcome, count, fen in connection.execute(query)}
    granted, fen = found.get(GRANTED, (0, 0))
    return granted, found.get(REFUSED, (0, 0))[0], Fen(fen)


class _Deciding:
    """Everything read once, then one pass over the pupils."""

    def __init__(self, connection: Connection, term: Term, scope: str, school: str) -> None:
        book = required_book(connection)
        self.term, self._school = term, school
        self._round = Round(term, book.standards, book.programmes)
        self._families = {one.code: one.family for one in book.programmes}
        self.pupils = pupils(connection, scope, span_of(term))
        self._hardships, self._recorded = _hardships(connection, term)
        self._schools = _schools(connection)
        self._known = _known(connection, term, scope)
        self._locked = _locked(connection, term, scope)
        recorded = select(DECISION.c.student).where(DECISION.c.term == str(term), DECISION.c.scope == scope)
        self._erased = only_named(connection, recorded)
        self._claims = _claims(connection, term, scope, self._families)
        self._alike: dict[tuple[object, ...], tuple[dict[str, Value], ...]] = {}

    def plan(self, progress: Progress | None) -> _Plan:
        """Compare every pupil's findings with what is recorded."""
        plan = _Plan()
        with garbage.none_expected():
            for done, pupil in enumerate(self.pupils.values()):
                if progress is not None and done % _REPORT_EVERY == 0:
                    progress(done, len(self.pupils), "")
                self._compare(pupil, plan)
        for uid in self._known.keys() - self.pupils.keys() - self._erased:  # vouchers of a file erased by law stay
            self._withdraw(uid, plan)
        return plan

    def _compare(self, pupil: Pupil, plan: _Plan) -> None:
        uid = pupil.uid
        known = self._known.get(uid)
        if not known and uid not in self._claims:
            plan.new += [{**values, "student": uid} for values in self._values_alike(pupil)]
            return
        known = known or {}
        findings = self._findings(pupil, self._profile(pupil), self._claims_of(uid, known), known)
        wanted = {one.programme: one for one in matters(findings.values(), pupil.uid in self._recorded)}
        for programme, finding in wanted.items():
            if programme not in known:
                plan.new.append(self._values(pupil.uid, finding))
        for programme, row in known.items():
            self._update(row, findings.get(programme), pupil.name, plan)

    def _update(self, row: Mapping[str, Any], finding: Finding | None, name: str, plan: _Plan) -> None:
        """Bring a recorded decision up to date, unless its money has been approved."""
        if row["uid"] in self._locked:
            self._report(row, finding, name, plan)
        elif finding is None:
            plan.void.append(row["uid"])
        else:
            values = self._values(row["student"], finding)
            if any(row[column] != values[column] for column in _COMPARED):
                plan.changes[row["uid"]] = {column: values[column] for column in _COMPARED}

    def _report(self, row: Mapping[str, Any], finding: Finding | None, name: str, plan: _Plan) -> None:
        now = (REFUSED, 0, _GONE) if finding is None else (finding.outcome, int(finding.fen), finding.sentence())
        if (row["outcome"], row["fen"]) == now[:2]:
            return
        today = "不享受" if now[0] == REFUSED else "金额不同"
        sentence = f"{name}已在审批过的批次里，按现在的情况应为“{today}”（{now[2]}）；原认定未改动，如需收回请登记退回"
        plan.frozen.append(FrozenDecision(row["uid"], row["student"], name, sentence))

    def _withdraw(self, uid: str, plan: _Plan) -> None:
        """A pupil who has left the roll of the term keeps what was approved and nothing else."""
        for row in self._known[uid].values():
            if row["uid"] in self._locked:
                self._report(row, None, "一名已离校的学生", plan)
            else:
                plan.void.append(row["uid"])

    def _profile(self, pupil: Pupil) -> Profile:
        stage, rural = self._schools.get(pupil.school, ("", True))
        if stage != "SPE":
            stage = _stage(pupil.grade)
        hardships = self._hardships.get(pupil.uid, ())
        return Profile(stage, pupil.grade or "", pupil.boarding or "", pupil.status or "", rural, hardships, "")

    def _values_alike(self, pupil: Pupil) -> tuple[dict[str, Value], ...]:
        """New decisions about a pupil of whom nothing is known yet, without the name: pupils in one case share them."""
        uid = pupil.uid
        recorded = uid in self._recorded
        hardships = self._hardships.get(uid)
        key = (pupil.school, pupil.grade, pupil.boarding, pupil.status, hardships, recorded)
        found = self._alike.get(key)
        if found is None:
            kept = matters(self._round.findings(self._profile(pupil)), recorded)
            found = self._alike[key] = tuple(self._values("", finding) for finding in kept)
        return found

    def _claims_of(self, uid: str, known: Mapping[str, Mapping[str, Any]]) -> tuple[Claim, ...]:
        """What other schools pay, and what this school has approved under another programme of the family."""
        own = [
            Claim(self._families.get(programme, programme), self._school, programme)
            for programme, row in known.items()
            if row["uid"] in self._locked
        ]
        return (*self._claims.get(uid, ()), *own)

    def _findings(
        self, pupil: Pupil, profile: Profile, claims: tuple[Claim, ...], known: Mapping[str, Mapping[str, Any]]
    ) -> dict[str, Finding]:
        """Programme → finding; a programme whose own money is approved is not refused because of itself."""
        plain = {one.programme: one for one in self._round.findings(profile)}
        if not claims:
            return plain
        facts = PupilFacts(
            pupil.uid, profile.stage, profile.grade, profile.boarding, profile.status,
            rural=profile.rural, household=profile.hardships, already=claims,
        )  # fmt: skip
        found = {one.programme: one.finding for one in self._round.decide(facts)}
        locked = {programme for programme, row in known.items() if row["uid"] in self._locked}
        return found | {programme: plain[programme] for programme in locked if programme in plain}

    def _values(self, student: str, finding: Finding) -> dict[str, Value]:
        return {
            "student": student, "programme": finding.programme, "term": str(self.term), "outcome": finding.outcome,
            "fen": int(finding.fen), "basis": finding.basis, "reasons": "\n".join(finding.reasons),
            "rule": finding.rule,
        }  # fmt: skip


def matters(findings: Iterable[Finding], recorded: bool) -> Iterator[Finding]:
    """The findings worth a record: what is granted, and why a pupil with a recorded hardship gets nothing.

    Of a family with a grant only the grant is kept; of several refusals for one reason the first.
    """
    families: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        if finding.family not in UNIVERSAL:
            families[finding.family].append(finding)
    for family in families.values():
        granted = [one for one in family if one.outcome == GRANTED]
        if granted:
            yield from granted
        elif recorded:
            yield from _refusals(family)


def _refusals(family: Sequence[Finding]) -> Iterator[Finding]:
    """Refusals with different reasons; that the other way of boarding is meant says least."""
    telling = [one for one in family if one.rule != _OTHER_WAY] or family
    said: set[str] = set()
    for one in telling:
        if one.rule not in said:
            said.add(one.rule)
            yield one


def _stage(grade: str | None) -> str:
    return codes.table("grade").column(grade, "stage") if grade else ""


def _hardships(connection: Connection, term: Term) -> tuple[dict[str, tuple[str, ...]], set[str]]:
    """(student → codes in force in the term, everybody with any hardship on record)."""
    active: dict[str, tuple[str, ...]] = {}
    recorded: set[str] = set()
    overlaps, single = cache(term.overlaps), cache(_single)
    query = select(HARDSHIP.c.student, HARDSHIP.c.code, HARDSHIP.c.valid_from, HARDSHIP.c.valid_to).where(
        HARDSHIP.c.hidden == 0
    )
    for part in connection.execute(query).partitions(_AT_ONCE):
        for student, code, first, last in part:
            recorded.add(student)
            if code and overlaps(first, last):
                before = active.get(student)
                active[student] = tuple(sorted({*before, code})) if before else single(code)
    return active, recorded


def _single(code: str) -> tuple[str, ...]:
    return (code,)


def _schools(connection: Connection) -> dict[str, tuple[str, bool]]:
    """School code → (stage, rural); a school of which nothing is said counts as rural."""
    query = select(SCHOOL.c.code, SCHOOL.c.stage, SCHOOL.c.rural).where(SCHOOL.c.hidden == 0)
    return {code: (stage or "", rural != 0) for code, stage, rural in connection.execute(query)}


def _known(connection: Connection, term: Term, scope: str) -> dict[str, dict[str, Mapping[str, Any]]]:
    """Student → programme → recorded decision."""
    found: dict[str, dict[str, Mapping[str, Any]]] = defaultdict(dict)
    query = select(
        DECISION.c.uid, DECISION.c.student, DECISION.c.programme, *(DECISION.c[column] for column in _COMPARED)
    ).where(DECISION.c.term == str(term), DECISION.c.scope == scope, DECISION.c.hidden == 0)
    for row in connection.execute(query).mappings():
        found[row["student"]][row["programme"]] = dict(row)
    return dict(found)


def _locked(connection: Connection, term: Term, scope: str) -> set[str]:
    """Decisions whose money has been approved and not been given back."""
    query = (
        select(PAYMENT.c.decision)
        .join_from(PAYMENT, BATCH, BATCH.c.uid == PAYMENT.c.batch)
        .where(PAYMENT.c.term == str(term), PAYMENT.c.scope == scope, PAYMENT.c.hidden == 0, BATCH.c.hidden == 0)
        .where(BATCH.c.state != "draft")
        .group_by(PAYMENT.c.decision)
        .having(func.sum(PAYMENT.c.fen) > 0)
    )
    return set(connection.execute(query).scalars())


def _claims(
    connection: Connection, term: Term, scope: str, families: Mapping[str, str]
) -> dict[str, tuple[Claim, ...]]:
    """Student → what other schools pay in the term, to the same record or to one known to be the same person."""
    query = (
        select(
            PAYMENT.c.student, PAYMENT.c.programme, PAYMENT.c.scope, SCHOOL.c.name, func.sum(PAYMENT.c.fen),
            func.sum(case((PAYMENT.c.state != "paid", 1), else_=0)),
        )
        .outerjoin_from(PAYMENT, SCHOOL, SCHOOL.c.code == PAYMENT.c.scope)
        .where(PAYMENT.c.term == str(term), PAYMENT.c.scope != scope, PAYMENT.c.hidden == 0)
        .group_by(PAYMENT.c.student, PAYMENT.c.programme, PAYMENT.c.scope, SCHOOL.c.name)
        .having(func.sum(PAYMENT.c.fen) > 0)
    )  # fmt: skip
    same = others_of(connection)
    found: dict[str, list[Claim]] = defaultdict(list)
    for student, programme, code, name, fen, unpaid in connection.execute(query):
        claim = Claim(families.get(programme, programme), name or code, programme, Fen(fen), not unpaid)
        for uid in (student, *same.get(student, ())):
            found[uid].append(claim)
    return {student: tuple(claims) for student, claims in found.items()}


def _follow_drafts(unit: Unit, plan: _Plan) -> None:
    """Lines of draft batches follow their decisions: another amount, or no line any more."""
    touched = {*plan.changes, *plan.void}
    if not touched:
        return
    query = (
        select(PAYMENT.c.uid, PAYMENT.c.decision)
        .join_from(PAYMENT, BATCH, BATCH.c.uid == PAYMENT.c.batch)
        .where(PAYMENT.c.hidden == 0, BATCH.c.hidden == 0, BATCH.c.state == "draft")
    )
    amounts: dict[str, dict[str, Value]] = {}
    for payment, decision in unit.connection.execute(query).all():
        if decision not in touched:
            continue
        values = plan.changes.get(decision)
        if values is None or values["outcome"] != GRANTED:
            unit.void(Payment, payment, "认定已变更，不再享受")
        else:
            amounts[payment] = {"due": values["fen"], "fen": values["fen"]}
    unit.change_many(Payment, amounts)
