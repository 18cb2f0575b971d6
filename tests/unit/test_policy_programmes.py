"""Everything beside the living aid: other cash grants, and what is never cash."""

from __future__ import annotations

import csv
import dataclasses
from typing import Any

import pytest

from jzdesk.core.money import Fen, parse_yuan
from jzdesk.core.resources import resource
from jzdesk.core.term import Term
from jzdesk.policy.catalogue import Programme, Standard, StandardBook, programmes, standards
from jzdesk.policy.decision import Decision
from jzdesk.policy.facts import HardshipFacts, PupilFacts
from jzdesk.policy.rules import RULES, decide

AUTUMN_2025 = Term(2025, 1)


def pupil(stage: str, grade: str, *codes: str, **changes: Any) -> PupilFacts:
    facts = PupilFacts("0" * 32, stage, grade, "2", "01", tuple(HardshipFacts(code) for code in codes))
    return dataclasses.replace(facts, **changes)


def decided(facts: PupilFacts, term: Term = AUTUMN_2025, seed: bool = False) -> dict[str, Decision]:
    return {one.programme: one for one in decide(facts, term, standards(seed), programmes(seed))}


def test_meals_are_for_every_rural_pupil_and_never_cash() -> None:
    meal = decided(pupil("PRI", "G01"))["NUTRITION"]
    assert (meal.outcome, meal.fen, meal.payable, meal.finding.worth) == ("granted", 0, False, 50000)
    assert "不发现金" in meal.finding.sentence()


def test_a_school_in_town_has_no_meals_of_the_programme() -> None:
    assert decided(pupil("PRI", "G01", rural=False))["NUTRITION"].outcome == "refused"


@pytest.mark.parametrize(("term", "worth"), [(Term(2012, 1), 30000), (Term(2017, 1), 40000), (Term(2021, 1), 50000)])
def test_meals_are_worth_what_the_term_says(term: Term, worth: int) -> None:
    assert decided(pupil("JUN", "G07"), term)["NUTRITION"].finding.worth == worth


@pytest.mark.parametrize("facts", [pupil("PRI", "G01", "D01"), pupil("SEN", "G10", "D01"), pupil("VOC", "V1", "D01"),
                                   pupil("PRE", "P3", "D01"), pupil("HIG", "H1", "D01")])  # fmt: skip
def test_only_cash_carries_fen(facts: PupilFacts) -> None:
    for one in decided(facts).values():
        assert one.finding.channel == "cash" or one.fen == 0


def test_kindergarten_children_in_hardship_get_500_a_term() -> None:
    assert decided(pupil("PRE", "P1", "D01"))["PRE_GRANT"].fen == 50000
    assert decided(pupil("PRE", "P1"))["PRE_GRANT"].outcome == "refused"


def test_the_last_kindergarten_year_is_free_since_autumn_2025() -> None:
    assert decided(pupil("PRE", "P3"))["PRE_FREE"].outcome == "granted"
    assert decided(pupil("PRE", "P3"))["PRE_FREE"].finding.worth is None
    assert decided(pupil("PRE", "P2"))["PRE_FREE"].outcome == "refused"
    assert decided(pupil("PRE", "P3"), Term(2024, 2))["PRE_FREE"].rule == "standard.none"


def test_the_mean_of_a_graded_grant_is_nobodys_amount() -> None:
    found = decided(pupil("SEN", "G10", "D01"))["SENIOR_GRANT"]
    assert (found.outcome, found.fen, found.finding.person) == ("refused", 0, True)
    assert "平均资助标准" in found.finding.sentence()


def test_a_tier_laid_down_by_the_county_is_paid() -> None:
    county = Standard("SENIOR_GRANT", "SEN", "", Term(2024, 2), None, Fen(165000), "县文件", "县", tier="2")
    facts = pupil("SEN", "G11", "D05", tier="2")
    found = decide(facts, AUTUMN_2025, (*standards(), county), programmes())
    assert {one.programme: one.fen for one in found if one.payable} == {"SENIOR_GRANT": 165000}
    for tier in ("", "3"):
        open_ = decide(dataclasses.replace(facts, tier=tier), AUTUMN_2025, (*standards(), county), programmes())
        assert any(one.rule == "senior.tier_person" for one in open_)


@pytest.mark.parametrize(("tier", "fen"), [("1", 50000), ("2", 100000), ("3", 150000)])
def test_the_plan_of_2017_had_three_tiers(tier: str, fen: int) -> None:
    found = decided(pupil("SEN", "G10", "D01", tier=tier), Term(2017, 1), seed=True)
    assert found["SEED_SENIOR_GRANT"].fen == fen


@pytest.mark.parametrize(("code", "granted"), [("D01", True), ("D05", True), ("D10", False), ("D99", False)])
def test_senior_fees_are_waived_for_four_classes(code: str, granted: bool) -> None:
    found = decided(pupil("SEN", "G10", code))["SENIOR_FEE"]
    assert (found.outcome == "granted") is granted
    assert not found.payable


@pytest.mark.parametrize(
    ("grade", "term", "fen"),
    [
        ("V1", AUTUMN_2025, 115000),
        ("V3", AUTUMN_2025, 115000),
        ("V3", Term(2024, 2), 115000),
        ("V3", Term(2024, 1), 0),
        ("V2", Term(2024, 1), 100000),
        ("V1", Term(2013, 1), 75000),
    ],
)
def test_vocational_third_years_are_paid_since_spring_2025(grade: str, term: Term, fen: int) -> None:
    assert decided(pupil("VOC", grade, "D01"), term)["VOC_GRANT"].fen == fen


def test_the_plan_of_2017_did_not_limit_vocational_grades() -> None:
    assert decided(pupil("VOC", "V3", "D01"), Term(2017, 1), seed=True)["SEED_VOC_GRANT"].fen == 100000


def test_yulu_stands_beside_the_vocational_grant_but_is_paid_elsewhere() -> None:
    found = decided(pupil("VOC", "V1", "D03"))
    assert found["VOC_GRANT"].payable
    assert found["VOC_FEE"].outcome == "granted"
    yulu = found["YULU"]
    assert (yulu.outcome, yulu.fen, yulu.payable, yulu.finding.worth) == ("granted", 0, False, 150000)
    assert "户籍地" in yulu.finding.sentence()
    assert decided(pupil("VOC", "V1", "D10"))["YULU"].outcome == "refused"


def test_a_loan_is_a_debt_and_adds_nothing() -> None:
    found = decided(pupil("HIG", "H1", "D01"))
    assert found["LOAN"].outcome == "granted"
    assert (found["LOAN"].fen, found["LOAN"].finding.worth) == (0, None)
    assert found["HIGHER_GRANT"].finding.worth == 185000
    assert not any(one.payable for one in found.values())


def test_a_programme_the_county_adds_is_judged_by_hardship() -> None:
    fund = Programme("COUNTY_FUND", "特困学生救助基金", "COUNTY_FUND", "县教育局", "cash", "县文件")
    standard = Standard("COUNTY_FUND", "PRI", "", Term(2025, 1), None, Fen(30000), "县文件", "县")
    found = decide(pupil("PRI", "G01", "D90"), AUTUMN_2025, (standard,), (fund,))
    assert [(one.rule, one.fen) for one in found] == [("grant.hardship", 30000)]
    assert [one.rule for one in decide(pupil("PRI", "G01"), AUTUMN_2025, (standard,), (fund,))] == ["hardship.none"]


def test_a_county_may_keep_day_and_boarding_rates_in_one_programme() -> None:
    one = Programme("COUNTY_LIVING", "生活补助", "LIVING", "学校", "cash", "县文件")
    rates = tuple(
        Standard("COUNTY_LIVING", "PRI", boarding, Term(2025, 1), None, Fen(fen), "县文件", "县")
        for boarding, fen in (("1", 31250), ("2", 62500))
    )
    for boarding, fen in (("1", 31250), ("2", 62500)):
        found = decide(pupil("PRI", "G01", "D01", boarding=boarding), AUTUMN_2025, rates, (one,))
        assert [decision.fen for decision in found] == [fen]


@pytest.mark.parametrize("seed", [False, True])
def test_the_catalogue_is_consistent(seed: bool) -> None:
    codes = [one.code for one in programmes(seed)]
    assert len(codes) == len(set(codes))
    assert {one.programme for one in standards(seed)} == set(codes)
    assert {one.family for one in programmes(seed)} <= set(RULES)
    assert {one.channel for one in programmes(seed)} <= {"cash", "meal", "waiver", "loan", "registered_elsewhere"}
    for one in standards(seed):
        assert one.valid_to is None or one.valid_from <= one.valid_to
        assert one.source
        assert one.certainty


@pytest.mark.parametrize("seed", [False, True])
def test_no_two_shipped_standards_hold_for_the_same_thing_at_once(seed: bool) -> None:
    term = Term(2010, 1)
    while term < Term(2031, 1):
        keys = [(one.programme, one.stage, one.boarding, one.tier) for one in standards(seed) if one.holds_in(term)]
        assert len(keys) == len(set(keys)), term
        term = term.next()


def test_every_amount_of_the_living_aid_comes_from_the_source_table() -> None:
    with resource("policy", "subsidy_items.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["item_code"].startswith("CE-")]
    assert rows
    for row in rows:
        boarding = "2" if row["boarding"] == "寄宿" else "1"
        code = "LIVING_BOARD" if boarding == "2" else "LIVING_DAY"
        book = StandardBook(standards(), Term.of(row["effective_from"]))
        standard = book.find(code, row["stage"], boarding)
        assert standard is not None
        assert standard.fen_per_term == parse_yuan(row["per_term_yuan"])
        assert standard.valid_to == (Term.of(row["effective_to"]) if row["effective_to"] else None)
