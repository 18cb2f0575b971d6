"""Who has reported and who has not: every state with its words, worst first, on paper, and as an exit code."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from jzdesk.core.clock import Clock
from jzdesk.core.errors import UserError
from jzdesk.services.bundle import Services
from jzdesk.services.reporting import ReportLine
from jzdesk.store import journal
from tests.factories.stations import certify, new_county, new_school
from tests.factories.township import Township, make_township, open_township, pupil

START = dt.datetime(2026, 9, 1, 12, tzinfo=dt.UTC)


class Days:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.passed = 0.0

    def __call__(self) -> int:
        return int((START + dt.timedelta(days=self.passed)).timestamp() * 1000)


@pytest.fixture
def days() -> Days:
    return Days()


@pytest.fixture
def county(tmp_path: Path, days: Days) -> Services:
    return new_county(tmp_path / "county", Clock(days))


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    folder = tmp_path / "stick"
    folder.mkdir()
    return folder


def enrolled(county: Services, tmp_path: Path, code: str, days: Days) -> Services:
    school = new_school(tmp_path / code, code, Clock(days))
    certify(school, county, tmp_path)
    return school


def line(county: Services, code: str) -> ReportLine:
    return next(one for one in county.reporting.overview().lines if one.code == code)


def test_a_school_that_has_not_reported_for_long_comes_first(
    county: Services, tmp_path: Path, days: Days, stick: Path
) -> None:
    schools = {code: enrolled(county, tmp_path, code, days) for code in ("2143990001", "2143990002", "3143990003")}
    for code in ("2143990001", "2143990002"):
        pupil(schools[code])
        county.merging.merge([schools[code].exchange.export(stick)[0].path])
    days.passed = 34
    pupil(schools["2143990001"], "又一个")
    county.merging.merge([schools["2143990001"].exchange.export(stick)[0].path])
    seen = county.reporting.overview()
    assert [(one.name, one.state, one.overdue) for one in seen.lines[:2]] == [
        ("大坪教学点", "overdue", True), ("青石镇中学", "never", True),
    ]  # fmt: skip
    assert seen.lines[0].sentence == "已 34 天没有上报"
    assert (seen.lines[0].last, seen.lines[0].number, seen.lines[0].entries) == ("2026-09-01", 1, 1)
    assert seen.lines[0].period == "2026-09-01"
    assert seen.lines[1].sentence == "发证 34 天，从未上报"
    fresh = line(county, "2143990001")
    assert (fresh.state, fresh.number, fresh.entries, fresh.days) == ("good", 2, 2, 0)
    assert fresh.period == "2026-09-01 至 2026-10-05"
    assert line(county, "2143990004").sentence == "还没有申请证书"


def test_the_home_page_names_the_one_that_waits_longest(
    county: Services, tmp_path: Path, days: Days, stick: Path
) -> None:
    school = enrolled(county, tmp_path, "2143990002", days)
    pupil(school)
    county.merging.merge([school.exchange.export(stick)[0].path])
    days.passed = 34
    summary = county.home.summary()
    todo = next(one for one in summary.todos if one.page == "reports")
    assert (todo.label, todo.count) == ("超过 30 天没有上报的学校（最久：大坪教学点 34 天）", 1)
    card = next(one for one in summary.cards if one.page == "reports")
    assert card.value.startswith("1 / ")


def test_a_parked_package_says_what_it_waits_for(county: Services, tmp_path: Path, days: Days, stick: Path) -> None:
    school = enrolled(county, tmp_path, "2143990002", days)
    pupil(school)
    first = school.exchange.export(stick)[0].path
    own = school.context.store.own_chain()
    with school.context.store.local() as connection:
        journal.mark_chain(connection, own.id, received_n=own.last_n)
    pupil(school, "后来")
    second = school.exchange.export(stick)[0].path
    county.merging.merge([second])
    held = line(county, "2143990002")
    assert (held.state, held.gaps) == ("gap", ("第 2 包前面缺第 1 条",))
    county.merging.merge([first])
    assert line(county, "2143990002").state == "good"


def test_certificates_that_run_out_are_told(county: Services, tmp_path: Path, days: Days, stick: Path) -> None:
    school = enrolled(county, tmp_path, "2143990002", days)
    until = dt.date.fromisoformat(line(county, "2143990002").until)
    days.passed = (until - START.date()).days - 10
    pupil(school)
    county.merging.merge([school.exchange.export(stick)[0].path])
    assert (line(county, "2143990002").state, line(county, "2143990002").sentence) == (
        "expiring", "证书还有 10 天到期",
    )  # fmt: skip
    days.passed += 20
    assert line(county, "2143990002").state == "lapsed"


def test_after_how_many_days_is_for_the_county_to_say(county: Services, tmp_path: Path, days: Days) -> None:
    enrolled(county, tmp_path, "2143990002", days)
    days.passed = 20
    assert not county.reporting.overview().overdue
    assert len(county.reporting.overview(7).overdue) == 1
    county.reporting.set_limit(15)
    assert (county.reporting.overview().limit, len(county.reporting.overview().overdue)) == (15, 1)
    for wrong in (0, 400):
        with pytest.raises(UserError, match="不合适"):
            county.reporting.set_limit(wrong)


def test_the_list_for_the_telephone_is_paper_or_a_workbook(county: Services, tmp_path: Path, days: Days) -> None:
    enrolled(county, tmp_path, "2143990002", days)
    days.passed = 40
    everybody = len(county.reporting.overview().lines)
    for name in ("名单.pdf", "名单.xlsx"):
        assert county.reporting.write(tmp_path / name) == everybody
        assert (tmp_path / name).stat().st_size > 1000
    with pytest.raises(UserError, match=r"\.pdf 或 \.xlsx"):
        county.reporting.write(tmp_path / "名单.doc")


def test_the_list_for_the_telephone_goes_by_the_days_that_are_asked_for(
    county: Services, tmp_path: Path, days: Days, stick: Path
) -> None:
    school = enrolled(county, tmp_path, "2143990002", days)
    pupil(school)
    county.merging.merge([school.exchange.export(stick)[0].path])
    days.passed = 20
    everybody = len(county.reporting.overview().lines)
    assert county.reporting.write(tmp_path / "a.xlsx", limit=15) == everybody
    assert county.reporting.write(tmp_path / "b.xlsx", limit=60) == everybody - 1
    with pytest.raises(UserError, match="不合适"):
        county.reporting.overview(0)


def test_a_school_is_told_where_to_look(school: Services) -> None:
    with pytest.raises(UserError, match="数据交换"):
        school.reporting.overview()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    make_township(folder)
    return folder


@pytest.fixture
def place(made: Path, tmp_path: Path) -> Iterator[Township]:
    opened = open_township(made, tmp_path)
    yield opened
    opened.close()


def test_a_township_sees_the_schools_below_it(place: Township) -> None:
    pupil(place.village)
    place.village.exchange.export(place.stick("a"))
    place.centre.township.take([place.stick("a")])
    lines = place.centre.reporting.overview().lines
    assert {one.code for one in lines} == {"2143990002", "3143990003"}
    assert [(one.name, one.state, one.entries) for one in lines] == [
        ("青石镇中学", "never", 0),
        ("大坪教学点", "good", 1),
    ]
    assert lines[1].period != ""
