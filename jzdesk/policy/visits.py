"""Visits: which ones count, and until when the next one is due."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from jzdesk.core.codes import table
from jzdesk.core.term import Term

_ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Frequency:
    """How often a pupil is visited: once every `months` school months.

    The plan lays down no frequency (reference §1.4), so the county sets it; the usual one is monthly in the months
    in which school is held. `autumn` and `spring` are calendar months in their order.
    """

    months: int = 1
    autumn: tuple[int, ...] = (9, 10, 11, 12, 1)
    spring: tuple[int, ...] = (3, 4, 5, 6, 7)

    def __post_init__(self) -> None:
        if self.months < 1:
            raise ValueError(f"months {self.months}")

    def months_of(self, term: Term) -> tuple[int, ...]:
        """The school months of the term."""
        return self.autumn if term.part == 1 else self.spring


MONTHLY = Frequency()
Window = tuple[str, str]


@cache
def windows(term: Term, frequency: Frequency = MONTHLY) -> tuple[Window, ...]:
    """The closed intervals of ISO days of which each wants one visit that counts."""
    months = frequency.months_of(term)
    groups = [months[i : i + frequency.months] for i in range(0, len(months), frequency.months)]
    return tuple((_first_day(term, group[0]), _last_day(term, group[-1])) for group in groups)


def _first_day(term: Term, month: int) -> str:
    year = term.start if month >= 9 else term.start + 1
    return f"{year}-{month:02d}-01"


def _last_day(term: Term, month: int) -> str:
    first = dt.date.fromisoformat(_first_day(term, month))
    following = (first.replace(day=28) + 4 * _ONE_DAY).replace(day=1)
    return (following - _ONE_DAY).isoformat()


def next_due(visited: Iterable[str], term: Term, since: str = "", frequency: Frequency = MONTHLY) -> str | None:
    """The last day for the next visit: the end of the first window without a visit that counts.

    `visited` are ISO days of visits that count; windows that ended before `since` (the day on which the pairing
    began) are nobody's duty. None when the term wants no further visit.
    """
    days = tuple(visited)
    for first, last in windows(term, frequency):
        if last >= since and not any(first <= day <= last for day in days):
            return last
    return None


def overdue(due: str | None, today: str) -> bool:
    """Whether the day for the next visit has passed."""
    return due is not None and due < today


@cache
def counting_methods() -> frozenset[str]:
    """Codes of visit_method that count for the rate: the caseworker was there."""
    rows = table("visit_method").rows
    return frozenset(code for code, row in rows.items() if row["counts_for_rate"] == "1")


def counts(method: str, evidence: bool) -> bool:
    """Whether a visit counts for the rate: by its method, and only with evidence (reference §8)."""
    return evidence and method in counting_methods()


def evidence_wanted(method: str) -> str:
    """What proves a visit of this method, e.g. `照片或家长签字`."""
    return table("visit_method").column(method, "need_evidence")
