"""Indicators count students, show their counts, and never average percentages."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jzdesk.policy.indicators import Ratio, aid_coverage, caseworker_coverage, total, visit_completion


@pytest.mark.parametrize(
    ("numerator", "denominator", "text"),
    [
        (39, 40, "97.5%"),
        (0, 40, "0.0%"),
        (1, 3, "33.3%"),
        (2, 3, "66.7%"),
        (1, 800, "0.1%"),  # 0.125 rounds to 0.1, and
        (1, 2000, "0.1%"),  # 0.05 is rounded up
        (105, 100, "105.0%"),
        (0, 0, "—"),
        (5, 0, "—"),
    ],
)
def test_percentages_have_one_decimal_and_nobody_is_a_dash(numerator: int, denominator: int, text: str) -> None:
    assert Ratio(numerator, denominator).text == text


def test_a_percentage_is_shown_with_its_counts() -> None:
    assert Ratio(39, 40).shown == "97.5%（39/40）"


def test_totals_add_counts() -> None:
    schools = [Ratio(1, 1), Ratio(0, 9)]
    assert total(schools).percent == Decimal("10.0")
    assert total([]).text == "—"


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50))))
def test_a_total_does_not_depend_on_how_schools_are_grouped(parts: list[tuple[int, int]]) -> None:
    ratios = [Ratio(*part) for part in parts]
    half = len(ratios) // 2
    assert total(ratios) == total(ratios[:half]) + total(ratios[half:])


def test_two_caseworkers_at_once_are_as_wrong_as_none() -> None:
    students = frozenset({"a", "b", "c", "d"})
    assert caseworker_coverage(students, {"a": 1, "b": 2, "d": 0, "gone": 1}) == Ratio(1, 4)


def test_a_visit_counts_once_a_student_and_only_for_those_due() -> None:
    assert visit_completion(frozenset({"a", "b"}), frozenset({"a", "x"})) == Ratio(1, 2)


def test_aid_coverage_counts_hardship_students_paid_in_cash() -> None:
    assert aid_coverage(frozenset({"a", "b", "c"}), frozenset({"a", "b", "rich"})) == Ratio(2, 3)
