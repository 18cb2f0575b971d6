"""Indicators as numerator and denominator, so that totals are never means of percentages (reference §8)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

_TENTH = Decimal("0.1")
NOTHING = "—"


@dataclass(frozen=True, slots=True)
class Ratio:
    """`numerator` of `denominator`, both counts of students; may exceed 100 %."""

    numerator: int
    denominator: int

    @property
    def percent(self) -> Decimal | None:
        """Per cent with one decimal, half up; None when there is nobody to count."""
        if self.denominator == 0:
            return None
        return (Decimal(self.numerator * 100) / self.denominator).quantize(_TENTH, ROUND_HALF_UP)

    @property
    def text(self) -> str:
        """`97.5%`, or `—` when there is nobody to count."""
        return NOTHING if self.percent is None else f"{self.percent}%"

    @property
    def shown(self) -> str:
        """`97.5%（39/40）`: a percentage never without its counts."""
        return f"{self.text}（{self.numerator}/{self.denominator}）"

    def __add__(self, other: Ratio) -> Ratio:
        return Ratio(self.numerator + other.numerator, self.denominator + other.denominator)


def total(parts: Iterable[Ratio]) -> Ratio:
    """The line of totals: counts are added, percentages are not."""
    return sum(parts, Ratio(0, 0))


def caseworker_coverage(students: AbstractSet[str], caseworkers: Mapping[str, int]) -> Ratio:
    """责任人落实率: students (uid) with exactly one caseworker in force, of all on the roll.

    `caseworkers` counts for each uid the pairings in force on the day; two at once are as wrong as none.
    """
    return Ratio(sum(caseworkers.get(uid, 0) == 1 for uid in students), len(students))


def visit_completion(due: AbstractSet[str], visited: AbstractSet[str]) -> Ratio:
    """走访完成率: students due for a visit in the period who had at least one that counts (`visits.counts`)."""
    return Ratio(len(due & visited), len(due))


def aid_coverage(entitled: AbstractSet[str], paid_in_cash: AbstractSet[str]) -> Ratio:
    """资助覆盖率: enrolled hardship students who had at least one cash aid; meals and waivers stand elsewhere."""
    return Ratio(len(entitled & paid_in_cash), len(entitled))
