"""The living aid of the compulsory stage: who gets how much, in which term, and why."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jzdesk.core.codes import table
from jzdesk.core.money import Fen
from jzdesk.core.term import Term
from jzdesk.policy.catalogue import programmes, standards
from jzdesk.policy.decision import Decision
from jzdesk.policy.facts import Claim, HardshipFacts, PupilFacts, profile_of
from jzdesk.policy.hardship import FOUR_CLASSES
from jzdesk.policy.rules import Round, decide, pay_stops

AUTUMN_2025 = Term(2025, 1)
POOR = HardshipFacts("D01", "2015-09-01")


def pupil(**changes: Any) -> PupilFacts:
    """A boarder of a primary school from a registered poor household."""
    usual = PupilFacts("0" * 32, "PRI", "G03", "2", "01", (POOR,))
    return dataclasses.replace(usual, **changes)


def living(facts: PupilFacts, term: Term = AUTUMN_2025) -> dict[str, Decision]:
    found = decide(facts, term, standards(), programmes())
    return {one.programme: one for one in found if one.finding.family == "LIVING"}


def paid(facts: PupilFacts, term: Term = AUTUMN_2025) -> dict[str, int]:
    return {code: one.fen for code, one in living(facts, term).items() if one.payable}


@pytest.mark.parametrize(
    ("stage", "grade", "boarding", "expected"),
    [
        ("PRI", "G03", "2", {"LIVING_BOARD": 62500}),
        ("JUN", "G08", "2", {"LIVING_BOARD": 75000}),
        ("PRI", "G03", "1", {"LIVING_DAY": 31250}),
        ("JUN", "G08", "1", {"LIVING_DAY": 37500}),
        ("SPE", "G03", "2", {"LIVING_BOARD": 62500}),
        ("SPE", "G09", "1", {"LIVING_DAY": 37500}),
        ("PRE", "P3", "1", {}),
        ("SEN", "G10", "2", {}),
    ],
)
def test_autumn_2025_pays_by_stage_and_boarding(
    stage: str, grade: str, boarding: str, expected: dict[str, int]
) -> None:
    assert paid(pupil(stage=stage, grade=grade, boarding=boarding)) == expected


@pytest.mark.parametrize(
    ("term", "boarding", "code", "expected"),
    [
        (Term(2017, 1), "2", "D01", {"LIVING_BOARD": 50000}),
        (Term(2017, 1), "1", "D01", {}),
        (Term(2019, 1), "1", "D01", {"LIVING_DAY": 25000}),
        (Term(2023, 1), "1", "D12", {"LIVING_DAY": 25000}),
        (Term(2023, 1), "1", "D10", {}),
        (Term(2023, 1), "2", "D10", {"LIVING_BOARD": 50000}),
        (Term(2023, 2), "1", "D10", {"LIVING_DAY": 31250}),
        (Term(2023, 2), "2", "D10", {"LIVING_BOARD": 62500}),
        (Term(2010, 1), "2", "D01", {}),
    ],
)
def test_every_term_has_its_own_standard(term: Term, boarding: str, code: str, expected: dict[str, int]) -> None:
    assert paid(pupil(boarding=boarding, hardships=(HardshipFacts(code),)), term) == expected


def test_junior_day_pupils_had_half_a_yuan_before_2024() -> None:
    assert paid(pupil(stage="JUN", grade="G07", boarding="1"), Term(2023, 1)) == {"LIVING_DAY": 31250}


@pytest.mark.parametrize("code", list(table("difficulty_type").labels))
def test_day_pupils_before_spring_2024_had_to_belong_to_one_of_four_classes(code: str) -> None:
    granted = paid(pupil(boarding="1", hardships=(HardshipFacts(code),)), Term(2023, 1))
    assert bool(granted) is (code in FOUR_CLASSES)


@pytest.mark.parametrize("code", list(table("difficulty_type").labels))
def test_every_hardship_alone_is_enough_today(code: str) -> None:
    decision = living(pupil(hardships=(HardshipFacts(code),)))["LIVING_BOARD"]
    assert (decision.outcome, decision.basis) == ("granted", code)


def test_several_hardships_give_one_share_on_the_strongest_basis() -> None:
    facts = pupil(hardships=(HardshipFacts("D12"), HardshipFacts("D10"), HardshipFacts("D01"), HardshipFacts("D03")))
    assert paid(facts) == {"LIVING_BOARD": 62500}
    decision = living(facts)["LIVING_BOARD"]
    assert decision.basis == "D01"
    assert any("只享受一份" in reason and "残疾学生" in reason for reason in decision.reasons)


def test_the_basis_of_the_four_classes_is_one_of_them() -> None:
    facts = pupil(boarding="1", hardships=(HardshipFacts("D10"), HardshipFacts("D12")))
    assert living(facts, Term(2022, 1))["LIVING_DAY"].basis == "D12"
    assert living(facts)["LIVING_DAY"].basis == "D10"


@pytest.mark.parametrize(
    ("first", "last", "granted"),
    [
        (None, None, True),
        ("2025-09-01", None, True),
        ("2026-01-31", None, True),
        ("2026-02-01", None, False),
        ("2020-09-01", "2025-08-31", False),
        ("2020-09-01", "2025-09-01", True),
    ],
)
def test_a_hardship_counts_when_its_interval_touches_the_term(
    first: str | None, last: str | None, granted: bool
) -> None:
    assert bool(paid(pupil(hardships=(HardshipFacts("D01", first, last),)))) is granted


def test_a_hardship_of_the_household_is_one_of_the_pupil() -> None:
    assert living(pupil(hardships=(), household=("D03",)))["LIVING_BOARD"].basis == "D03"


def test_without_a_hardship_nothing_is_paid_and_the_reason_says_so() -> None:
    decision = living(pupil(hardships=()))["LIVING_BOARD"]
    assert (decision.outcome, decision.fen, decision.basis, decision.rule) == ("refused", 0, None, "hardship.none")
    assert "2025-2026学年秋季学期内没有有效的困难类型认定" in decision.reasons


@pytest.mark.parametrize("boarding", ["3", "9", "", None, "7"])
def test_an_unclear_way_of_boarding_waits_for_a_person(boarding: str | None) -> None:
    for decision in living(pupil(boarding=boarding)).values():
        assert decision.outcome == "refused"
        assert decision.finding.person
        assert "需人工认定" in decision.finding.sentence()


def test_a_special_school_without_a_known_grade_waits_for_a_person() -> None:
    found = living(pupil(stage="SPE", grade=""))
    assert found
    assert all(one.finding.person for one in found.values())


def test_boarder_and_day_pupil_exclude_each_other() -> None:
    found = living(pupil(boarding="1"))
    assert found["LIVING_DAY"].outcome == "granted"
    assert found["LIVING_BOARD"].outcome == "refused"
    assert "互斥" in found["LIVING_BOARD"].finding.sentence()


@pytest.mark.parametrize("status", list(table("student_status").labels))
def test_the_status_stops_pay_exactly_as_its_table_says(status: str) -> None:
    stops = table("student_status").column(status, "pay_stop") == "1"
    assert bool(paid(pupil(status=status))) is not stops
    if stops:
        assert table("student_status").label(status) in living(pupil(status=status))["LIVING_BOARD"].finding.sentence()


def test_which_statuses_stop_pay_is_the_callers_word() -> None:
    assert "02" in pay_stops()
    found = decide(pupil(status="02"), AUTUMN_2025, standards(), programmes(), pay_stop=())
    assert any(one.payable for one in found)


@pytest.mark.parametrize("boarding", ["1", "2"])
def test_the_same_family_is_not_paid_twice_in_a_term_not_even_by_another_school(boarding: str) -> None:
    facts = pupil(boarding=boarding, already=(Claim("LIVING", "青石镇中心小学", "LIVING_DAY"),))
    assert paid(facts) == {}
    refusals = [one for one in living(facts).values() if one.rule == "stack.same_family"]
    assert len(refusals) == 1
    assert "青石镇中心小学" in refusals[0].finding.sentence()
    assert "不得重复" in refusals[0].finding.sentence()


def test_a_claim_of_another_family_does_not_stop_the_living_aid() -> None:
    assert paid(pupil(already=(Claim("NUTRITION", "青石镇中心小学"),))) == {"LIVING_BOARD": 62500}


def test_a_grant_names_standard_proportion_basis_and_term() -> None:
    words = living(pupil(boarding="1"))["LIVING_DAY"].finding.sentence()
    for part in (
        "每生每学期 312.50 元",
        "自2023-2024学年春季学期起执行",
        "按寄宿生标准的 50%",
        "享受依据：脱贫家庭学生",
        "享受学期：2025-2026学年秋季学期",
    ):
        assert part in words


def test_the_county_may_change_a_standard_from_a_term_on() -> None:
    higher = tuple(
        dataclasses.replace(one, valid_from=Term(2025, 1), fen_per_term=Fen(70000))
        for one in standards()
        if one.programme == "LIVING_BOARD" and one.stage == "PRI" and one.valid_to is None
    )
    for order in ((*standards(), *higher), (*higher, *standards())):
        found = decide(pupil(), AUTUMN_2025, order, programmes())
        assert [one.fen for one in found if one.payable] == [70000]
        before = decide(pupil(), Term(2024, 2), order, programmes())
        assert [one.fen for one in before if one.payable] == [62500]


def test_without_a_standard_the_reason_asks_the_county_for_one() -> None:
    found = decide(pupil(), Term(2010, 1), standards(), programmes())
    decision = next(one for one in found if one.programme == "LIVING_BOARD")
    assert decision.rule == "standard.none"
    assert "请县资助中心录入标准" in decision.finding.sentence()


def test_the_plan_of_2017_paid_boarders_only() -> None:
    found = decide(pupil(), Term(2017, 1), standards(seed=True), programmes(seed=True))
    assert {one.programme: one.fen for one in found if one.payable} == {"SEED_LIVING_BOARD": 50000}
    day = decide(pupil(boarding="1"), Term(2017, 1), standards(seed=True), programmes(seed=True))
    assert not any(one.payable for one in day)


def test_both_plans_together_still_pay_one_share() -> None:
    found = decide(pupil(), Term(2017, 1), standards() + standards(seed=True), programmes() + programmes(seed=True))
    assert [one.programme for one in found if one.payable] == ["LIVING_BOARD"]
    twice = next(one for one in found if one.programme == "SEED_LIVING_BOARD")
    assert twice.rule == "stack.same_family"


PUPILS = st.builds(
    PupilFacts,
    uid=st.just("0" * 32),
    stage=st.sampled_from([*table("stage").labels]),
    grade=st.sampled_from(["", *table("grade").labels]),
    boarding=st.sampled_from([None, "1", "2", "3", "9"]),
    status=st.sampled_from([*table("student_status").labels]),
    hardships=st.lists(st.sampled_from([*table("difficulty_type").labels]), max_size=4).map(
        lambda codes: tuple(HardshipFacts(code) for code in codes)
    ),
    rural=st.booleans(),
    tier=st.sampled_from(["", "1", "2", "3"]),
)
TERMS = st.builds(Term, st.integers(2009, 2030), st.sampled_from([1, 2]))


@given(PUPILS, TERMS)
def test_nobody_is_ever_paid_twice_for_one_family_and_every_line_has_a_reason(facts: PupilFacts, term: Term) -> None:
    found = decide(facts, term, standards() + standards(seed=True), programmes() + programmes(seed=True))
    families = [one.finding.family for one in found if one.outcome == "granted"]
    assert len(families) == len(set(families))
    for one in found:
        assert one.reasons
        assert all(one.reasons)
        assert one.outcome in ("granted", "refused")
        assert one.fen >= 0
        assert one.payable or one.fen == 0
        assert one.term == str(term)


@given(st.lists(PUPILS, max_size=8), TERMS)
def test_deciding_a_county_gives_each_pupil_the_same_as_alone(pupils: list[PupilFacts], term: Term) -> None:
    round_ = Round(term, standards(), programmes())
    many = list(round_.decide_many((one.uid, profile_of(one, term)) for one in pupils))
    alone = [decide(one, term, standards(), programmes()) for one in pupils]
    assert [list(findings) for _, findings in many] == [[one.finding for one in found] for found in alone]
