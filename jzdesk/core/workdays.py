"""Working days: weekends, legal holidays and the Saturdays that are worked in exchange (reference §4 F4)."""

from __future__ import annotations

import csv
import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jzdesk.core.errors import UserError, ValueFault
from jzdesk.core.resources import resource
from jzdesk.core.text import normalise, parse_date

_KINDS = {"holiday": False, "放假": False, "休": False, "workday": True, "上班": True, "班": True}
_REMEDY = "每行写 日期,holiday 或 workday,名称，例如 2027-10-01,holiday,国庆节。"
_COMPLETE = 10
_ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Calendar:
    """What is known: ISO day → whether it is worked, and the years for which that is complete."""

    exceptions: dict[str, bool]
    years: frozenset[int]

    def is_workday(self, day: str) -> bool:
        """Whether the ISO day is worked; a year without data knows weekends only."""
        if (worked := self.exceptions.get(day)) is not None:
            return worked
        return dt.date.fromisoformat(day).weekday() < 5

    def after(self, start: str, days: int) -> tuple[str, tuple[str, ...]]:
        """The day on which `days` working days after `start` are complete, and notes about missing data.

        Counting begins on the day after `start`. With `days` 0 it is `start` itself.
        """
        if days < 0:
            raise ValueError(f"days {days}")
        date = dt.date.fromisoformat(start)
        first = date
        left = days
        while left:
            date += _ONE_DAY
            left -= self.is_workday(date.isoformat())
        return date.isoformat(), self._notes(first, date)

    def between(self, first: str, last: str) -> int:
        """How many working days lie in the closed interval."""
        start, end = dt.date.fromisoformat(first), dt.date.fromisoformat(last)
        return sum(self.is_workday((start + i * _ONE_DAY).isoformat()) for i in range((end - start).days + 1))

    def _notes(self, first: dt.date, last: dt.date) -> tuple[str, ...]:
        missing = [year for year in range(first.year, last.year + 1) if year not in self.years]
        return tuple(
            f"{year} 年的节假日安排还没有数据，这一年只按周末推算；请在“节假日”里补充后重新计算" for year in missing
        )


def load(extra: Path | None = None) -> Calendar:
    """The calendar shipped with the program, completed and corrected by a local file of the same form.

    Raises UserError naming the line of `extra` that cannot be understood.
    """
    shipped = _shipped()
    if extra is None:
        return shipped
    local = _read(extra)
    return Calendar(shipped.exceptions | local, shipped.years | _years(local))


@cache
def _shipped() -> Calendar:
    days = _read(resource("holidays", "cn.csv"))
    return Calendar(days, _years(days))


def _years(days: Iterable[str]) -> frozenset[int]:
    """Years that are complete: a few days of a year only spill over from its neighbour."""
    count = Counter(int(day[:4]) for day in days)
    return frozenset(year for year, exceptions in count.items() if exceptions >= _COMPLETE)


def _read(path: Path) -> dict[str, bool]:
    return dict(_day(path, number, row) for number, row in _rows(_text(path).splitlines()))


def _text(path: Path) -> str:
    """A file from a text editor (UTF-8) or saved by a Chinese Excel (GB 18030)."""
    data = path.read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("gb18030", errors="replace")


def _rows(lines: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    """Numbered rows without comments, blank lines and the heading."""
    for number, row in enumerate(csv.reader(lines), start=1):
        if row and not row[0].startswith("#") and row[0].strip() not in ("", "day", "日期"):
            yield number, row


def _day(path: Path, number: int, row: list[str]) -> tuple[str, bool]:
    try:
        return parse_date(row[0]), _KINDS[normalise(row[1]).lower()]
    except (ValueFault, KeyError, IndexError):
        raise UserError("节假日表里有一行看不懂", _REMEDY, f"{path.name} 第 {number} 行") from None


def workdays_after(start: str, days: int) -> str:
    """`days` working days after the ISO day `start`, by the calendar shipped with the program."""
    return load().after(start, days)[0]
