"""A notice hangs for working days: holidays do not count, Saturdays worked in exchange do."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jzdesk.core.errors import UserError
from jzdesk.core.workdays import load, workdays_after


@pytest.mark.parametrize(
    ("posted", "days", "complete"),
    [
        ("2025-09-10", 5, "2025-09-17"),  # Wednesday, one weekend
        ("2025-09-26", 5, "2025-10-10"),  # the Sunday worked in exchange counts, the holiday week does not
        ("2025-09-30", 1, "2025-10-09"),
        ("2026-02-13", 2, "2026-02-24"),  # Spring Festival; Saturday 14 February is worked
        ("2025-09-10", 0, "2025-09-10"),
    ],
)
def test_the_days_are_counted_from_the_day_after_posting(posted: str, days: int, complete: str) -> None:
    assert workdays_after(posted, days) == complete


def test_the_table_says_what_its_source_says() -> None:
    calendar = load()
    day, last = dt.date(2004, 1, 1), dt.date(2026, 12, 31)
    while day <= last:
        assert calendar.is_workday(day.isoformat()) is chinese_calendar.is_workday(day), day
        day += dt.timedelta(days=1)


def test_a_year_without_data_knows_weekends_only_and_says_so() -> None:
    day, notes = load().after("2027-09-30", 2)
    assert day == "2027-10-04"
    assert any("2027" in note for note in notes)
    assert load().after("2025-09-10", 5)[1] == ()


def test_a_local_table_completes_and_corrects(tmp_path: Path) -> None:
    holidays = "".join(f"2027/10/{day},放假,国庆节\n" for day in range(1, 8))
    more = "2027-01-01,holiday,元旦\n2027-05-01,holiday,劳动节\n2027-05-03,holiday,劳动节\n2027-10-09,上班,国庆节\n"
    extra = tmp_path / "节假日.csv"
    extra.write_text("# 县里补充\n日期,类别,名称\n" + holidays + more, encoding="gb18030")
    calendar = load(extra)
    assert calendar.after("2027-09-30", 2) == ("2027-10-09", ())
    assert calendar.is_workday("2025-10-11")


def test_a_local_table_with_a_strange_line_names_the_line(tmp_path: Path) -> None:
    extra = tmp_path / "extra.csv"
    extra.write_text("day,kind,name\n2027-10-01,国庆,国庆\n", encoding="utf-8")
    with pytest.raises(UserError) as fault:
        load(extra)
    assert "第 2 行" in fault.value.sentence()


def test_days_are_never_counted_backwards() -> None:
    with pytest.raises(ValueError, match="days -1"):
        workdays_after("2025-09-10", -1)


@given(st.dates(dt.date(2004, 1, 1), dt.date(2026, 6, 30)), st.integers(1, 30))
def test_the_period_holds_exactly_that_many_working_days(posted: dt.date, days: int) -> None:
    calendar = load()
    last = calendar.after(posted.isoformat(), days)[0]
    assert calendar.is_workday(last)
    first = (posted + dt.timedelta(days=1)).isoformat()
    assert calendar.between(first, last) == days
