"""Grants outside the compulsory stage: kindergarten, senior and vocational school (reference §3.1)."""

from __future__ import annotations

from jzdesk.core.term import Term
from jzdesk.policy.case import Case
from jzdesk.policy.decision import Finding

THIRD_YEAR_SINCE = Term(2024, 2)  # vocational third-years since spring 2025 (reference §3.1)
_THIRD_YEAR = "V3"


def hardship_grant(case: Case) -> Finding:
    """One standard for every hardship: kindergarten, and any programme that the county adds itself."""
    return _flat(case, "grant.hardship")


def vocational_grant(case: Case) -> Finding:
    """Vocational school: every hardship; third-years since spring 2025, or under the plan of 2017."""
    late = case.book.term >= THIRD_YEAR_SINCE or case.programme.seed
    if case.profile.grade == _THIRD_YEAR and not late:
        return case.refuse("vocational.third_year", "2025年春季学期以前，中职三年级不享受国家助学金")
    return _flat(case, "vocational.grant")


def senior_grant(case: Case) -> Finding:
    """Senior school: amounts are graded; the national figure is a mean and never one pupil's (reference §3.1)."""
    if not case.profile.hardships:
        return case.no_hardship()
    tiers = case.book.tiers_of(case.programme.code, case.stage)
    if not tiers:
        reason = "国家标准是平均资助标准，县里还没有录入分档金额，需人工认定；请县资助中心录入分档标准"
        return case.refuse("senior.tiers_person", reason, person=True)
    standard = case.standard(tier=case.profile.tier) if case.profile.tier else None
    if standard is None:
        reason = f"还没有评定资助档次（可选：{'、'.join(f'第{tier}档' for tier in tiers)}），需人工认定"
        return case.refuse("senior.tier_person", reason, person=True)
    reason = f"资助档次：第{standard.tier}档，按学期发放全年的一半"
    return case.grant("senior.grant", standard, reason, basis=case.basis())


def _flat(case: Case, rule: str) -> Finding:
    if (standard := case.standard()) is None:
        return case.no_standard()
    if (basis := case.basis()) is None:
        return case.no_hardship()
    return case.grant(rule, standard, basis=basis)
