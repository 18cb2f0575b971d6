"""Deciding aid for a term: which rule judges which family, what stops everything, and what may not be had twice."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from functools import cache

from jzdesk.core.codes import table
from jzdesk.core.money import format_yuan
from jzdesk.core.term import Term
from jzdesk.policy import apart, grants
from jzdesk.policy.case import COMPULSORY, Case, stage_of
from jzdesk.policy.catalogue import Programme, Standard, StandardBook
from jzdesk.policy.decision import GRANTED, REFUSED, Decision, Finding
from jzdesk.policy.facts import Claim, Profile, PupilFacts, profile_of
from jzdesk.policy.living_aid import living_aid

Rule = Callable[[Case], Finding]

RULES: dict[str, Rule] = {
    "LIVING": living_aid,
    "NUTRITION": apart.nutrition,
    "COMPULSORY_FEE": apart.compulsory_fee,
    "PRE_GRANT": grants.hardship_grant,
    "PRE_FREE": apart.pre_free,
    "SENIOR_GRANT": grants.senior_grant,
    "SENIOR_FEE": apart.senior_fee,
    "VOC_GRANT": grants.vocational_grant,
    "VOC_FEE": apart.vocational_fee,
    "YULU": apart.yulu,
    "HIGHER_GRANT": apart.higher_grant,
    "LOAN": apart.loan,
}


@cache
def pay_stops() -> frozenset[str]:
    """Status codes that stop aid, by the table student_status (reference §3.2)."""
    rows = table("student_status").rows
    return frozenset(code for code, row in rows.items() if row["pay_stop"] == "1")


class Round:
    """One term's decisions: pupils of one profile share one tuple of findings, judged once.

    `pay_stop` are status codes that stop aid. A programme is judged only for the stages it has standards for.
    """

    def __init__(
        self,
        term: Term,
        standards: Iterable[Standard],
        programmes: Iterable[Programme],
        pay_stop: Collection[str] | None = None,
    ) -> None:
        known = tuple(standards)
        self.term = term
        self.pay_stop = pay_stops() if pay_stop is None else frozenset(pay_stop)
        self._book = StandardBook(known, term)
        self._programmes = tuple(programmes)
        self._stages = _stages(known)
        self._findings: dict[Profile, tuple[Finding, ...]] = {}

    def findings(self, profile: Profile) -> tuple[Finding, ...]:
        """What is said of every programme for this profile, in the order of the programmes."""
        found = self._findings.get(profile)
        if found is None:
            found = self._findings[profile] = self._judge(profile)
        return found

    def decide(self, pupil: PupilFacts) -> list[Decision]:
        """The decisions for one pupil, what any school has granted already included."""
        findings: Iterable[Finding] = self.findings(profile_of(pupil, self.term))
        if pupil.already:
            findings = self._without_repeats(findings, pupil.already)
        term = str(self.term)
        return [Decision(pupil.uid, term, finding) for finding in findings]

    def decide_many(self, pupils: Iterable[tuple[str, Profile]]) -> Iterator[tuple[str, tuple[Finding, ...]]]:
        """(uid, findings) for each (uid, profile): the way for a whole county; claims are the caller's."""
        known, judge = self._findings, self.findings
        for uid, profile in pupils:
            yield uid, known.get(profile) or judge(profile)

    def _judge(self, profile: Profile) -> tuple[Finding, ...]:
        stage = stage_of(profile)
        cases = (Case(one, profile, stage, self._book) for one in self._programmes if self._concerns(one, stage))
        return tuple(_once(self._judge_one(case) for case in cases))

    def _concerns(self, programme: Programme, stage: str) -> bool:
        """Whether the programme has to do with the stage; a special school's unknown grade may be compulsory."""
        stages = self._stages.get(programme.code, frozenset())
        return stage in stages or (stage == "SPE" and programme.family == "LIVING" and stages.issubset(COMPULSORY))

    def _judge_one(self, case: Case) -> Finding:
        status = case.profile.status
        if status in self.pay_stop:
            words = table("student_status").label(status)
            return case.refuse("status.pay_stop", f"名单确认日的学生状态为“{words}”，按规定停发；以前学期已发的不追溯")
        return RULES.get(case.programme.family, grants.hardship_grant)(case)

    def _without_repeats(self, findings: Iterable[Finding], already: tuple[Claim, ...]) -> Iterator[Finding]:
        claimed = {claim.family: claim for claim in reversed(already)}
        for finding in findings:
            claim = claimed.get(finding.family) if finding.outcome == GRANTED else None
            yield finding if claim is None else self._repeated(finding, claim)

    def _repeated(self, finding: Finding, claim: Claim) -> Finding:
        had = _had(claim, finding.programme)
        reason = f"{self.term.label}{had}，同一项目同一学期不得重复（跨学校也算）"
        return _refused(finding, "stack.same_family", reason)


def _had(claim: Claim, programme: str) -> str:
    """What was had already, in words: by whom, and how much where that is told."""
    if not claim.fen:
        return f"已在{claim.school}享受同一项目"
    how = f"已由{claim.school}发放" if claim.paid else f"已列入{claim.school}的发放名单，共"
    return f"{how} {format_yuan(claim.fen)} 元" + ("（同类项目）" if claim.programme != programme else "")


def _stages(standards: Iterable[Standard]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for one in standards:
        found.setdefault(one.programme, set()).add(one.stage)
    return {programme: frozenset(stages) for programme, stages in found.items()}


def _once(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Of several programmes of one family the first that is granted counts (reference §3.2)."""
    granted: dict[str, str] = {}
    for finding in findings:
        first = granted.get(finding.family)
        if finding.outcome == GRANTED and first is not None:
            yield _refused(finding, "stack.same_family", f"同一学期已享受同类项目 {first}，同类项目只享受一份")
            continue
        if finding.outcome == GRANTED:
            granted[finding.family] = finding.programme
        yield finding


def _refused(finding: Finding, rule: str, reason: str) -> Finding:
    return Finding(finding.programme, finding.family, finding.channel, REFUSED, rule, (reason,))


def decide(
    pupil: PupilFacts,
    term: Term,
    standards: Iterable[Standard],
    programmes: Iterable[Programme],
    pay_stop: Collection[str] | None = None,
) -> list[Decision]:
    """Decisions for a single pupil; for more than one make a `Round` and keep it."""
    return Round(term, standards, programmes, pay_stop).decide(pupil)
