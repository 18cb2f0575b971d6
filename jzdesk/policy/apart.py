"""What is never paid to a pupil in cash: meals, waivers, loans, and what others pay (reference §0 rules 5, 6, 12)."""

from __future__ import annotations

from jzdesk.policy.case import Case
from jzdesk.policy.catalogue import AVERAGE
from jzdesk.policy.decision import Finding
from jzdesk.policy.hardship import FOUR_CLASSES, POVERTY

_LAST_KINDERGARTEN_YEAR = "P3"


def nutrition(case: Case) -> Finding:
    """Meals for every pupil of a rural school, poor or not."""
    if not case.profile.rural:
        return case.refuse("nutrition.town", "营养改善计划只覆盖农村义务教育学校")
    return _open(case, "nutrition.meal", "农村义务教育全体学生由学校供餐，不发现金，不计入受助人数")


def compulsory_fee(case: Case) -> Finding:
    """No fees and no costs of textbooks for every pupil of the compulsory stage."""
    return _open(case, "fee.compulsory", "义务教育阶段全体学生免学费和教科书费，属减免，不发现金")


def pre_free(case: Case) -> Finding:
    """No fees in the last year of kindergarten."""
    if case.profile.grade != _LAST_KINDERGARTEN_YEAR:
        return case.refuse("pre.free_grade", "免保育教育费只面向学前一年（大班）")
    return _open(case, "pre.free", "学前一年在园儿童免保育教育费，属减免，不发现金")


def senior_fee(case: Case) -> Finding:
    """No fees in senior school for the four classes."""
    if (standard := case.standard()) is None:
        return case.no_standard()
    if (basis := case.basis(FOUR_CLASSES)) is None:
        return case.refuse("senior.fee_classes", "普高免学杂费只面向脱贫（建档立卡）、残疾、低保、特困四类学生")
    return case.grant("senior.fee", standard, "属减免，不发现金，可与国家助学金叠加", basis=basis)


def vocational_fee(case: Case) -> Finding:
    """No fees in vocational school."""
    return _open(case, "vocational.fee", "属减免，不发现金，可与国家助学金叠加")


def yulu(case: Case) -> Finding:
    """雨露计划: paid by the department of agriculture where the household is registered; schools only note it."""
    if (standard := case.standard()) is None:
        return case.no_standard()
    if (basis := case.basis(POVERTY)) is None:
        return case.refuse("yulu.households", "雨露计划只面向脱贫户和监测对象家庭的中高职学生")
    reason = "由农业农村部门按户籍地发放，学校只登记，不进入发放批次；可与中职助学金叠加"
    return case.grant("yulu.elsewhere", standard, reason, basis=basis)


def higher_grant(case: Case) -> Finding:
    """The grant of a university, which decides and pays it."""
    if (standard := case.standard(tier=AVERAGE) or case.standard()) is None:
        return case.no_standard()
    if (basis := case.basis()) is None:
        return case.no_hardship()
    return case.grant("higher.elsewhere", standard, "由就读高校评定发放，本系统只登记", basis=basis)


def loan(case: Case) -> Finding:
    """A loan is a debt: noted, never added to aid."""
    if (standard := case.standard()) is None:
        return case.no_standard()
    if (basis := case.basis()) is None:
        return case.no_hardship()
    return case.grant("loan.apart", standard, "助学贷款属债务，单独登记，不计入资助金额", basis=basis)


def _open(case: Case, rule: str, reason: str) -> Finding:
    standard = case.standard()
    return case.no_standard() if standard is None else case.grant(rule, standard, reason)
