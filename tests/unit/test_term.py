"""Terms divide the school year and are counted as people count them."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jzdesk.core.errors import ValueFault
from jzdesk.core.term import Term

AUTUMN = Term(2025, 1)
SPRING = Term(2025, 2)


@pytest.mark.parametrize(
    ("written", "term"),
    [
        ("2025-2026-1", AUTUMN),
        ("２０２５-２０２６-２", SPRING),
        ("2025-2026学年秋季学期", AUTUMN),
        ("2025—2026学年第二学期", SPRING),
        ("2025-2026学年度上学期", AUTUMN),
        ("2025年秋季学期", AUTUMN),
        ("2026春", SPRING),
    ],
)
def test_a_term_is_understood_in_every_usual_form(written: str, term: Term) -> None:
    assert Term.parse(written) == term


@pytest.mark.parametrize("written", ["", "2025-2027-1", "2025-2026-3", "2025-2026", "秋季"])
def test_what_is_no_term_is_refused_with_a_remedy(written: str) -> None:
    with pytest.raises(ValueFault) as fault:
        Term.parse(written)
    assert "2025-2026-1" in fault.value.remedy


def test_a_term_knows_its_days_and_its_name() -> None:
    assert (AUTUMN.first_day, AUTUMN.last_day) == ("2025-09-01", "2026-01-31")
    assert (SPRING.first_day, SPRING.last_day) == ("2026-02-01", "2026-08-31")
    assert AUTUMN.label == "2025-2026学年秋季学期"
    assert SPRING.label == "2025-2026学年春季学期"
    assert str(SPRING) == "2025-2026-2"
    assert SPRING.school_year == "2025-2026"


@given(st.dates(dt.date(1990, 1, 1), dt.date(2090, 12, 31)))
def test_every_day_lies_in_exactly_one_term(day: dt.date) -> None:
    term = Term.of(day.isoformat())
    assert term.contains(day.isoformat())
    assert not term.next().contains(day.isoformat())
    assert not term.previous().contains(day.isoformat())


@given(st.integers(1990, 2090), st.sampled_from([1, 2]))
def test_terms_follow_each_other_without_a_gap(start: int, part: int) -> None:
    term = Term(start, part)
    gap = dt.date.fromisoformat(term.next().first_day) - dt.date.fromisoformat(term.last_day)
    assert gap == dt.timedelta(days=1)
    assert term < term.next()
    assert term.next().previous() == term
    assert Term.parse(str(term)) == Term.parse(term.label) == term


def test_a_month_alone_also_names_its_term() -> None:
    assert Term.of("2026-01") == AUTUMN
    assert Term.of("2026-02") == SPRING


@pytest.mark.parametrize(
    ("first", "last", "touches"),
    [
        (None, None, True),
        ("2026-01-31", None, True),
        ("2026-02-01", None, False),
        (None, "2025-09-01", True),
        (None, "2025-08-31", False),
    ],
)
def test_an_interval_touches_a_term_by_a_single_day(first: str | None, last: str | None, touches: bool) -> None:
    assert AUTUMN.overlaps(first, last) is touches


def test_a_third_term_does_not_exist() -> None:
    with pytest.raises(ValueError, match="part 3"):
        Term(2025, 3)
