"""School terms: `2025-2026-1` is the autumn term of the school year that begins on 1 September 2025."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from jzdesk.core.errors import ValueFault

_SHORT = re.compile(r"^(\d{4})-(\d{4})-([12])$")
_LONG = re.compile(r"^(\d{4})\s*[-—–~至]\s*(\d{4})\s*(?:学年)?(?:度)?\s*(秋|春|第一|第二|上|下)(?:季)?(?:学期)?$")
_SEASON = re.compile(r"^(\d{4})\s*年?\s*(秋|春)(?:季)?(?:学期)?$")
_AUTUMN = frozenset({"秋", "第一", "上", "1"})
_REMEDY = "请写成 2025-2026-1（秋季）或 2025-2026-2（春季）。"


@dataclass(frozen=True, slots=True, order=True)
class Term:
    """One term: `start` is the year in which its school year begins, `part` 1 (autumn) or 2 (spring).

    The school year runs from 1 September to 31 August, autumn to 31 January (reference §8).
    """

    start: int
    part: int

    def __post_init__(self) -> None:
        if self.part not in (1, 2):
            raise ValueError(f"part {self.part}")

    @staticmethod
    def parse(text: str) -> Term:
        """Read `2025-2026-1`, `2025-2026学年秋季学期` or `2026年春`; raises ValueFault."""
        return _parse(text)

    @staticmethod
    def of(date: str) -> Term:
        """The term in which the ISO day (or the month `2025-09`) falls."""
        year, month = int(date[:4]), int(date[5:7])
        if month >= 9:
            return Term(year, 1)
        return Term(year - 1, 1 if month == 1 else 2)

    def __str__(self) -> str:
        return f"{self.start}-{self.start + 1}-{self.part}"

    @property
    def school_year(self) -> str:
        """`2025-2026`."""
        return f"{self.start}-{self.start + 1}"

    @property
    def first_day(self) -> str:
        """ISO text of the first day."""
        return f"{self.start}-09-01" if self.part == 1 else f"{self.start + 1}-02-01"

    @property
    def last_day(self) -> str:
        """ISO text of the last day."""
        return f"{self.start + 1}-01-31" if self.part == 1 else f"{self.start + 1}-08-31"

    @property
    def season(self) -> str:
        """秋季 or 春季."""
        return "秋季" if self.part == 1 else "春季"

    @property
    def label(self) -> str:
        """`2025-2026学年秋季学期`."""
        return f"{self.school_year}学年{self.season}学期"

    def next(self) -> Term:
        """The following term."""
        return Term(self.start, 2) if self.part == 1 else Term(self.start + 1, 1)

    def previous(self) -> Term:
        """The term before."""
        return Term(self.start, 1) if self.part == 2 else Term(self.start - 1, 2)

    def contains(self, date: str) -> bool:
        """Whether the ISO day falls into the term."""
        return self.first_day <= date <= self.last_day

    def overlaps(self, first: str | None, last: str | None) -> bool:
        """Whether the closed interval of ISO days (None: open) touches the term."""
        return (first is None or first <= self.last_day) and (last is None or last >= self.first_day)


@lru_cache(maxsize=256)
def _parse(text: str) -> Term:
    plain = unicodedata.normalize("NFKC", text).strip()
    if match := _SEASON.match(plain):
        year = int(match[1])
        return Term(year, 1) if match[2] == "秋" else Term(year - 1, 2)
    match = _SHORT.match(plain) or _LONG.match(plain)
    if match is None or int(match[2]) != int(match[1]) + 1:
        raise ValueFault(f"“{plain}”不是学期", _REMEDY)
    return Term(int(match[1]), 1 if match[3] in _AUTUMN else 2)
