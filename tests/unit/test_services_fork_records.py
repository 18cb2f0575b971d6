"""Records that only a branch of a fork knows are somebody's: nobody else writes in them before it counts again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import delete

from jzdesk.models import Student
from jzdesk.services.bundle import Services
from jzdesk.store.tables import setting
from tests.factories.forging import Forger
from tests.factories.forks import twins
from tests.factories.stations import certify, new_school
from tests.factories.world import World, names, new_world

pytestmark = pytest.mark.usefixtures("both_databases")


@dataclass
class Forked:
    """A school, the clone of its disk, and another school that knows the uids of both."""

    world: World
    twin: Services
    other: Services

    def save(self, school: Services, name: str) -> str:
        with school.context.write() as unit:
            return unit.add(Student, {"name": name, "sex": "1", "birth": "2016-05-07"})

    def hand_in(self, school: Services) -> str:
        (outcome,) = self.world.merge(school.exchange.export(self.world.stick)[-1].path)
        return outcome

    def write_elsewhere(self, uid: str) -> str:
        """The other school writes in a record; the outcome of its package."""
        forger = Forger(self.other)
        forger.say(uid=uid, set={"name": "冒名"})
        (outcome,) = self.world.merge(forger.package(self.world.stick))
        return outcome

    def settle(self, continues: str, *, keep_other: bool) -> None:
        (line,) = self.world.county.forks.waiting()
        self.world.county.forks.settle(line.id, continues, "已核实", keep_other=keep_other)


@pytest.fixture
def forked(tmp_path: Path) -> Iterator[Forked]:
    world = new_world(tmp_path)
    world.hand_in("从前")
    world.school, twin = twins(world.school, tmp_path)
    other = new_school(tmp_path / "other", "2143990002")
    certify(other, world.county, tmp_path)
    yield Forked(world, twin, other)
    for station in (twin, other, world.school, world.county):
        station.close()


def test_nobody_writes_into_a_record_of_a_branch_that_was_set_aside(forked: Forked) -> None:
    forked.save(forked.world.school, "原机")
    uid = forked.save(forked.twin, "克隆机")
    assert [forked.hand_in(school) for school in (forked.world.school, forked.twin)] == ["applied", "fork"]
    forked.settle("ours", keep_other=False)
    assert forked.write_elsewhere(uid) == "held"
    (line,) = forked.world.county.holds.waiting()
    assert (line.reason_label, line.who) == ("改动了别的学校的记录", "x")
    forked.save(forked.twin, "又一名")
    assert forked.hand_in(forked.twin) == "fork"
    forked.settle("theirs", keep_other=True)
    assert names(forked.world.county) == {"从前", "原机", "克隆机", "又一名"}
    assert forked.world.county.settling.conflicts() == []
    assert forked.world.county.verify().ok


def test_nor_into_one_of_the_story_that_had_come_first(forked: Forked) -> None:
    uid = forked.save(forked.world.school, "原机")
    forked.save(forked.twin, "克隆机")
    assert [forked.hand_in(school) for school in (forked.world.school, forked.twin)] == ["applied", "fork"]
    forked.settle("theirs", keep_other=False)
    assert forked.write_elsewhere(uid) == "held"
    forked.save(forked.world.school, "又一名")
    assert forked.hand_in(forked.world.school) == "fork"
    forked.settle("theirs", keep_other=True)
    assert names(forked.world.county) == {"从前", "原机", "克隆机", "又一名"}


@pytest.mark.parametrize("continues", ["ours", "theirs"])
@pytest.mark.parametrize("keep", [True, False])
def test_nor_into_one_of_a_package_that_waits_for_a_ruling(forked: Forked, continues: str, keep: bool) -> None:
    forked.save(forked.world.school, "原机")
    uid = forked.save(forked.twin, "克隆机")
    assert [forked.hand_in(school) for school in (forked.world.school, forked.twin)] == ["applied", "fork"]
    assert forked.write_elsewhere(uid) == "held"
    forked.settle(continues, keep_other=keep)
    ours, theirs = {"原机"}, {"克隆机"}
    shown = (ours | theirs) if keep else ours if continues == "ours" else theirs
    assert names(forked.world.county) == {"从前"} | shown
    assert [line.who for line in forked.world.county.holds.waiting()] == ["x"], "the branch itself is not held"


def test_a_package_that_waits_since_an_older_version_keeps_others_out_too(forked: Forked) -> None:
    forked.save(forked.world.school, "原机")
    uid = forked.save(forked.twin, "克隆机")
    assert [forked.hand_in(school) for school in (forked.world.school, forked.twin)] == ["applied", "fork"]
    with forked.world.county.context.store.local() as connection:  # which did not note what it speaks of
        connection.execute(delete(setting).where(setting.c.key.startswith("fork:")))
    assert forked.write_elsewhere(uid) == "held"


def test_of_two_packages_that_wait_the_first_has_the_record(forked: Forked) -> None:
    """Whichever is ruled on first."""
    uid = forked.save(forked.twin, "克隆机")
    forked.save(forked.world.school, "原机")
    forger, twin = Forger(forked.other), Forger(forked.other)
    twin.epoch = forger.epoch
    forger.say(set={"name": "别校原机"})
    twin.say(uid=uid, set={"name": "冒名"})
    stick = forked.world.stick
    assert forked.world.merge(forger.package(stick)) == ["applied"]
    assert [forked.hand_in(school) for school in (forked.world.school, forked.twin)] == ["applied", "fork"]
    assert forked.world.merge(twin.package(stick)) == ["fork"]
    for line in reversed(forked.world.county.forks.waiting()):
        forked.world.county.forks.settle(line.id, "ours", "都要", keep_other=True)
    assert names(forked.world.county) == {"从前", "原机", "克隆机", "别校原机"}


def test_who_wrote_before_the_branch_came_wrote_first(forked: Forked) -> None:
    forked.save(forked.world.school, "原机")
    uid = forked.save(forked.twin, "克隆机")
    assert forked.hand_in(forked.world.school) == "applied"
    assert forked.write_elsewhere(uid) == "applied"
    assert forked.hand_in(forked.twin) == "fork"
    forked.settle("ours", keep_other=False)
    forked.save(forked.twin, "又一名")
    assert forked.hand_in(forked.twin) == "fork"
    forked.settle("theirs", keep_other=True)
    assert names(forked.world.county) == {"从前", "原机", "冒名", "又一名"}


def test_what_a_person_turned_down_does_not_keep_others_out(forked: Forked) -> None:
    forger = Forger(forked.twin)
    forger.say(uid="c" * 32, at=4_070_908_800_000 << 10)
    assert forked.world.merge(forger.package(forked.world.stick)) == ["held"]
    (line,) = forked.world.county.holds.waiting()
    forked.world.county.holds.refuse(line.id, "不是那天写的")
    assert forked.write_elsewhere("c" * 32) == "applied"


def test_what_waited_in_a_branch_waits_again_when_it_goes_on_after_all(forked: Forked) -> None:
    """And what was ruled on by itself stays as it was ruled on."""
    holds, twin, trunk = forked.world.county.holds, Forger(forked.twin), Forger(forked.world.school)
    trunk.epoch = twin.epoch
    trunk.say(set={"name": "原机"})
    for name in ("采纳", "不采纳", "未定"):
        twin.say(set={"name": name}, scope="2143990002")
        twin.say(set={"name": f"{name}以后"})
    assert forked.world.merge(trunk.package(forked.world.stick), twin.package(forked.world.stick)) == [
        "applied",
        "fork",
    ]
    forked.settle("theirs", keep_other=True)
    admitted, refused, open_ = holds.waiting()
    holds.admit(admitted.id, "已核实")
    holds.refuse(refused.id, "没有转来")
    shown = names(forked.world.county)
    assert shown == {"从前", "原机", "采纳", "采纳以后", "不采纳以后", "未定以后"}

    trunk.say(set={"name": "原机又一名"})
    assert forked.world.merge(trunk.package(forked.world.stick)) == ["fork"]
    forked.settle("theirs", keep_other=False)
    assert names(forked.world.county) == {"从前", "原机", "原机又一名"}
    assert holds.waiting() == []
    assert (open_.id, "随分叉搁置") in {(one.id, one.ruling_label) for one in holds.waiting(decided=True)}
    log = forked.world.county.merging.arrivals()
    assert any("没有计入 1 条：随分叉搁置" in line.since for line in log)

    twin.say(set={"name": "克隆机又一名"})
    assert forked.world.merge(twin.package(forked.world.stick)) == ["fork"]
    forked.settle("theirs", keep_other=True)
    assert names(forked.world.county) == shown | {"原机又一名", "克隆机又一名"}
    assert [one.id for one in holds.waiting()] == [open_.id]
    assert forked.world.county.verify().ok


def test_stories_may_part_and_take_turns_as_often_as_they_like(forked: Forked) -> None:
    """A branch that went on without its end does not meet that end when it steps aside again."""
    one, two, three = (Forger(forked.twin, epoch="f" * 16) for _ in range(3))
    for name in ("甲一", "甲二"):
        one.say(set={"name": name})
    three.bodies, three.link = list(one.bodies), one.link
    one.say(set={"name": "甲三"})
    two.say(set={"name": "乙一"})
    three.say(set={"name": "丙三"})
    assert forked.world.merge(one.package(forked.world.stick)) == ["applied"]
    for story, name in ((two, "乙二"), (three, "丙四"), (two, "乙三"), (one, "甲四"), (three, "丙五")):
        assert forked.world.merge(story.package(forked.world.stick)) == ["fork"]
        forked.settle("theirs", keep_other=True)
        story.say(set={"name": name})
    assert names(forked.world.county) == {"从前", "甲一", "甲二", "甲三", "乙一", "乙二", "丙三", "丙四"}
    assert forked.world.county.verify().ok
