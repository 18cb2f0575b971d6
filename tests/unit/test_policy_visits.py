"""A visit counts when the caseworker was there and can prove it; the next one is due by the end of its window."""

from __future__ import annotations

import pytest

from jzdesk.core.codes import table
from jzdesk.core.term import Term
from jzdesk.policy.visits import Frequency, counts, evidence_wanted, next_due, overdue, windows

AUTUMN = Term(2025, 1)


@pytest.mark.parametrize("method", list(table("visit_method").labels))
def test_a_method_counts_as_its_table_says_and_only_with_evidence(method: str) -> None:
    assert counts(method, evidence=True) is (table("visit_method").column(method, "counts_for_rate") == "1")
    assert not counts(method, evidence=False)
    assert evidence_wanted(method)


def test_an_unknown_method_does_not_count() -> None:
    assert not counts("99", evidence=True)


def test_by_default_every_school_month_wants_a_visit() -> None:
    assert windows(AUTUMN) == (
        ("2025-09-01", "2025-09-30"),
        ("2025-10-01", "2025-10-31"),
        ("2025-11-01", "2025-11-30"),
        ("2025-12-01", "2025-12-31"),
        ("2026-01-01", "2026-01-31"),
    )
    assert [last for _, last in windows(Term(2025, 2))][-1] == "2026-07-31"


def test_windows_lie_within_the_term() -> None:
    for start in range(2015, 2035):
        for part in (1, 2):
            term = Term(start, part)
            assert all(term.contains(day) for window in windows(term) for day in window)


def test_february_of_a_leap_year_has_29_days() -> None:
    assert windows(Term(2023, 2), Frequency(spring=(2, 3))) == (
        ("2024-02-01", "2024-02-29"),
        ("2024-03-01", "2024-03-31"),
    )


@pytest.mark.parametrize(
    ("visited", "since", "due"),
    [
        ([], "", "2025-09-30"),
        (["2025-09-12"], "", "2025-10-31"),
        (["2025-10-08"], "", "2025-09-30"),
        (["2025-09-12", "2025-10-08"], "", "2025-11-30"),
        ([], "2025-11-15", "2025-11-30"),
        (["2025-09-01", "2025-10-31", "2025-11-30", "2025-12-01", "2026-01-31"], "", None),
        ([], "2026-02-01", None),
    ],
)
def test_the_next_visit_is_due_at_the_end_of_the_first_empty_window(
    visited: list[str], since: str, due: str | None
) -> None:
    assert next_due(visited, AUTUMN, since) == due


def test_the_county_may_ask_for_two_visits_a_term() -> None:
    twice = Frequency(months=3)
    assert windows(AUTUMN, twice) == (("2025-09-01", "2025-11-30"), ("2025-12-01", "2026-01-31"))
    assert next_due(["2025-10-01"], AUTUMN, frequency=twice) == "2026-01-31"


def test_a_visit_is_overdue_the_day_after() -> None:
    assert not overdue("2025-09-30", "2025-09-30")
    assert overdue("2025-09-30", "2025-10-01")
    assert not overdue(None, "2025-10-01")


def test_a_frequency_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="months 0"):
        Frequency(months=0)
