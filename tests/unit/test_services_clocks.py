"""Clocks that are wrong: held until the county says by how much, told to people, and never part of what is shown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jzdesk.core.errors import UserError
from jzdesk.models import Student
from jzdesk.services import own_clock
from jzdesk.services.bundle import Services
from jzdesk.services.merging import clock_setting
from jzdesk.sync.package import open_package
from tests.factories.clocks import Turned
from tests.factories.forging import Forger
from tests.factories.stations import certify, new_school
from tests.factories.township import make_township, open_township, pupil
from tests.factories.world import World, county_copy, names, new_world


@pytest.fixture
def fast() -> Turned:
    return Turned(5)


@pytest.fixture
def world(tmp_path: Path, fast: Turned) -> World:
    """The school's clock runs five days ahead."""
    return new_world(tmp_path, school_clock=fast.clock)


def test_whose_clock_how_far_since_when_and_one_statement_for_all_of_it(world: World) -> None:
    world.save("一")
    world.merge(world.export())
    world.save("二")
    world.merge(world.export())
    assert len(world.county.holds.waiting()) == 2
    (line,) = world.county.clocks.listed()
    assert (line.device, line.school, line.waiting, line.stated) == (world.device, "2143990001", 2, 0)
    assert line.ahead_hours == 120
    assert line.since[:10] == world.county.context.today()
    before = world.county.verify()
    for hours, reason, said in ((24, "快了", "解释不了"), (120, " ", "理由"), (-1, "慢了", "解释不了")):
        with pytest.raises(UserError, match=said):
            world.county.clocks.state(world.device, hours, reason)
    with pytest.raises(UserError, match="没有因时钟"):
        world.county.clocks.state("0" * 16, 120, "快了")
    assert world.county.verify() == before
    assert world.county.clocks.state(world.device, 120, "电话核实，日期快了五天") == 2
    assert world.county.holds.waiting() == []
    assert [one.why for one in world.county.holds.waiting(decided=True)] == ["电话核实，日期快了五天"] * 2
    assert [(one.waiting, one.stated) for one in world.county.clocks.listed()] == [(0, 120)]
    world.hand_in("三")
    world.same()


def test_admitting_one_of_them_admits_what_else_waits_for_the_same_clock(world: World) -> None:
    world.save("一")
    world.merge(world.export())
    world.save("二")
    world.merge(world.export())
    first = world.county.holds.waiting()[0]
    seen = world.county.holds.detail(first.id)
    assert seen.clock is not None
    assert (seen.clock.waiting, seen.clock.device) == (2, world.device)
    assert world.county.holds.admit(first.id, "日期快了五天", 120) == 2
    assert names(world.county) == {"一", "二"}


def test_what_may_never_count_does_not_slip_in_with_a_clock(world: World, fast: Turned) -> None:
    forger = Forger(world.school)
    forger.say(at=fast.clock.tick(), set={"name": 5})
    world.merge(forger.package(world.stick))
    world.save("一")
    world.merge(world.export())
    assert world.county.clocks.state(world.device, 120, "快了五天") == 1
    assert names(world.county) == {"一"}
    assert len(world.county.holds.waiting()) == 1


def test_a_fast_clock_is_no_way_into_another_schools_records(world: World, fast: Turned, tmp_path: Path) -> None:
    other = new_school(tmp_path / "other", "2143990002")
    certify(other, world.county, tmp_path)
    uid = pupil(other, "别校的")
    world.merge(other.exchange.export(world.stick)[0].path)
    forger = Forger(world.school)
    forger.say(at=fast.clock.tick(), uid=uid, set={"name": "改别校的"})
    assert world.merge(forger.package(world.stick)) == ["held"]
    assert world.county.clocks.state(world.device, 120, "快了五天") == 0
    assert names(world.county) == {"别校的"}
    (line,) = world.county.holds.waiting()
    assert line.reason_label == "改动了别的学校的记录"
    assert world.county.holds.admit(line.id, "已核实", 120) == 1
    assert "改别校的" in {one.shown for case in world.county.settling.conflicts() for one in case.values}


def test_nor_into_those_that_do_not_count_now(world: World, fast: Turned, tmp_path: Path) -> None:
    other = new_school(tmp_path / "other", "2143990002")
    certify(other, world.county, tmp_path)
    uid = pupil(other, "别校的")
    package = other.exchange.export(world.stick)[0].path
    world.merge(package)
    world.county.withdrawing.withdraw(package.name, "报错了")
    forger = Forger(world.school)
    forger.say(at=fast.clock.tick(), uid=uid, set={"name": "改别校的"})
    assert world.merge(forger.package(world.stick)) == ["held"]
    assert world.county.clocks.state(world.device, 120, "快了五天") == 0
    world.county.withdrawing.rejoin(package.name)
    assert names(world.county) == {"别校的"}


def test_a_later_package_further_ahead_waits_again(world: World, fast: Turned) -> None:
    world.save("一")
    world.merge(world.export())
    world.county.clocks.state(world.device, 120, "快了五天")
    fast.days = 30
    world.save("二")
    assert world.merge(world.export()) == ["held"]
    (line,) = world.county.clocks.listed()
    assert (line.ahead_hours, line.stated) == (720, 120)


def test_the_school_is_told_by_the_receipt(world: World) -> None:
    world.save("一")
    world.merge(world.export())
    world.county.clocks.state(world.device, 120, "快了五天")
    assert "快过约 120 小时" in world.read().sentence


def test_a_township_lets_in_what_the_county_has_explained(tmp_path: Path) -> None:
    make_township(tmp_path / "made")
    place = open_township(tmp_path / "made", tmp_path)
    try:
        village, centre, county, stick = place.village, place.centre, place.county, place.stick("all")
        village.context.store.clock.now_ms = Turned(5).clock.now_ms
        pupil(village, "快")
        pupil(centre, "镇")
        package = village.exchange.export(stick)[0].path
        centre.exchange.export(stick)
        centre.township.take([package])
        assert _shown(centre) == set()
        county.merging.merge([stick])
        county.clocks.state(village.info.device, 120, "快了五天")
        centre.township.take(county.county.write_receipts(stick))
        assert _shown(centre) == {"快"}
    finally:
        place.close()


def _shown(centre: Services) -> set[str]:
    with centre.township.view.read() as connection:
        from sqlalchemy import select

        return set(connection.execute(select(Student.__table__.c.name)).scalars())


def test_only_the_county_states_a_clock(world: World) -> None:
    with pytest.raises(UserError, match="由县教育局说明"):
        world.school.clocks.state(world.device, 1, "快了")


def _suspect(world: World) -> bool:
    with open_package(world.export(), None, world.county.merging.trust()) as package:
        return package.manifest.clock_suspect


def test_a_clock_behind_what_was_written_is_certainly_wrong(world: World, fast: Turned) -> None:
    assert own_clock.doubt(world.school.context) is None
    world.save("一")
    assert _suspect(world) is False
    fast.days = -3000
    (caution,) = world.school.exchange.standing().cautions
    assert caution.grave
    assert "本站最后一条记录写于" in caution.what
    assert "校正" in caution.remedy
    assert _suspect(world) is True
    assert "证书或电脑时钟有问题" in [todo.label for todo in world.school.home.summary().todos]


def test_a_clock_behind_the_countys_receipt_is_wrong_too(tmp_path: Path) -> None:
    clock = Turned()
    world = new_world(tmp_path, school_clock=clock.clock)
    world.hand_in("一")
    world.county.context.store.clock.now_ms = Turned(10).clock.now_ms
    world.read()
    (caution,) = world.school.exchange.standing().cautions
    assert "县里上次的回执写于" in caution.what
    clock.days = 10
    assert world.school.exchange.standing().cautions == ()


def test_a_clock_far_ahead_is_asked_about(tmp_path: Path) -> None:
    clock = Turned()
    world = new_world(tmp_path, school_clock=clock.clock)
    world.hand_in("一")
    world.read()
    clock.days = 150
    assert world.school.exchange.standing().cautions == ()
    clock.days = 300
    (caution,) = world.school.exchange.standing().cautions
    assert not caution.grave
    assert "已有 300 天" in caution.what
    clock.days = 250
    world.save("二")
    clock.days = 430
    (caution,) = world.school.exchange.standing().cautions
    assert "县里上次的回执" in caution.what


_DEEDS = st.lists(st.tuples(st.sampled_from(("save", "change", "export")), st.integers(0, 3)), min_size=4, max_size=10)


@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
@given(deeds=_DEEDS, days=st.lists(st.integers(-3000, 3000), min_size=2, max_size=2), early=st.booleans())
def test_what_is_shown_depends_on_what_was_accepted_not_on_what_was_said_of_clocks(
    tmp_path_factory: pytest.TempPathFactory, deeds: Sequence[tuple[str, int]], days: Sequence[int], early: bool
) -> None:
    """One county hears everything with the offset stated beforehand, another one states it after each package, a third
    at the end and much too high; the school and all of them show the same, byte for byte."""
    clock = Turned(days[0])
    world = new_world(tmp_path_factory.mktemp("clocks"), school_clock=clock.clock)
    uids = [world.save("甲")]
    written = []
    for number, (deed, pick) in enumerate(deeds):
        clock.days = days[number % 2]
        if deed == "save":
            uids.append(world.save(f"生{number}"))
        elif deed == "change":
            with world.school.context.write() as unit:
                unit.change(Student, uids[pick % len(uids)], {"name": f"改{number}"})
        else:
            written.append(world.export())
    written.append(world.export())
    much = 3001 * 24
    for name, before, each in (("before", True, False), ("each", False, True), ("end", False, False)):
        county = county_copy(world.stick.parent / name)
        if before:
            county.context.store.set_setting(clock_setting(world.device), much)
        for path in written if early else [*written[::-1], *written]:
            county.merging.merge([path])
            if each and county.clocks.listed():
                _explain(county, world.device, 0)
        _explain(county, world.device, much * 2)
        report = county.verify()
        assert report.ok
        assert report.digest == world.school.verify().digest
        county.close()
    world.school.close()
    world.county.close()


def _explain(county: Services, device: str, more: int) -> None:
    waiting = [one for one in county.clocks.listed() if one.waiting]
    if waiting:
        county.clocks.state(device, waiting[0].ahead_hours + more, "电话核实")
