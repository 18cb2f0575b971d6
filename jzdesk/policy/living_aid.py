"""Living aid of the compulsory stage: boarders and day pupils, one basis, one share (reference §3.1, §3.2)."""

from __future__ import annotations

from jzdesk.core.codes import table
from jzdesk.core.term import Term
from jzdesk.policy.case import COMPULSORY, Case
from jzdesk.policy.catalogue import Standard
from jzdesk.policy.decision import Finding
from jzdesk.policy.hardship import FOUR_CLASSES

DAY, BOARD = "1", "2"
# Day pupils of every hardship since spring 2024; before that the four classes only (reference §0 rule 2, §3.1).
DAY_FOR_ALL_SINCE = Term(2023, 2)

_WAYS = {DAY: "走读", BOARD: "住校"}
_OTHER = {DAY: "寄宿与非寄宿互斥，按非寄宿生认定", BOARD: "寄宿与非寄宿互斥，按寄宿生认定"}


def living_aid(case: Case) -> Finding:
    """Whether a pupil of the compulsory stage gets the living aid that `case.programme` stands for."""
    wanted = case.book.boarding_of(case.programme.code)
    if (refusal := _stage_refusal(case) or _boarding_refusal(case, wanted)) is not None:
        return refusal
    wanted = wanted or case.profile.boarding
    standard = case.standard(wanted) or case.standard()
    if standard is None:
        return case.no_standard()
    if not case.profile.hardships:
        return case.no_hardship()
    narrow = wanted == DAY and case.book.term < DAY_FOR_ALL_SINCE
    basis = case.basis(FOUR_CLASSES if narrow else None)
    if basis is None:
        reason = "2024年春季学期以前，非寄宿生只有脱贫（建档立卡）、残疾、低保、特困四类学生享受"
        return case.refuse("living.four_classes", reason)
    rule = "living.board" if wanted == BOARD else "living.day"
    return case.grant(rule, standard, _proportion(case, wanted, standard), basis=basis)


def _stage_refusal(case: Case) -> Finding | None:
    if case.stage in COMPULSORY:
        return None
    return case.refuse("living.grade_person", "特殊教育学校学生的年级不明，需人工认定小学或初中标准", person=True)


def _boarding_refusal(case: Case, wanted: str) -> Finding | None:
    boarding = case.profile.boarding
    if boarding not in _WAYS:
        said = table("boarding").label(boarding) if boarding else "未填写"
        return case.refuse("living.boarding_person", f"就读方式为“{said}”，寄宿或走读需人工认定", person=True)
    if wanted and boarding != wanted:
        return case.refuse(
            "living.boarding", f"就读方式为{_WAYS[boarding]}，不属于{case.programme.name}；{_OTHER[boarding]}"
        )
    return None


def _proportion(case: Case, wanted: str, standard: Standard) -> str:
    """住校 in full; 走读 with the share of the boarder's standard, computed, not assumed."""
    if wanted != DAY:
        return f"就读方式为{_WAYS[wanted]}，按标准全额"
    full = case.book.find("LIVING_BOARD", case.stage, BOARD)
    if full is None or not full.fen_per_term or standard.fen_per_term is None:
        return "就读方式为走读，按非寄宿生标准"
    share = standard.fen_per_term * 100 / full.fen_per_term
    return f"就读方式为走读，按寄宿生标准的 {share:.4g}%"
