"""Packages that wait: kept whole and verified, never in place of a good one, and taken in as soon as they can be."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest

from jzdesk.core.errors import UserError
from jzdesk.services import identity
from jzdesk.services.merging import MergeService
from jzdesk.services.students import StudentQuery
from tests.factories.clocks import Turned
from tests.factories.forks import send, twins
from tests.factories.packages import forge, members_of
from tests.factories.stations import certify, new_school
from tests.factories.township import make_township, open_township
from tests.factories.world import World, names, new_world

MANY = 5003  # two chunks


@pytest.fixture
def world(tmp_path: Path) -> World:
    return new_world(tmp_path)


def _waiting_files(world: World, folder: str = "parked") -> list[str]:
    return sorted(path.name for path in (world.county.info.folder / folder).glob("*"))


def _damaged(path: Path, to: Path, member: str) -> Path:
    """A copy with one bit of this member turned."""
    raw, data = bytearray(path.read_bytes()), members_of(path)[member]
    raw[raw.index(data) + len(data) - 5] ^= 1
    to.write_bytes(raw)
    return to


def _newer(world: World, path: Path, to: Path) -> Path:
    """The package as a program of a later version would have written it."""
    to.parent.mkdir(exist_ok=True)
    keys = identity.station_keys(world.school.context)
    return forge(to, members_of(path), keys, lambda manifest: manifest.update(min_reader=3))


def test_a_damaged_copy_that_would_wait_is_refused_and_the_good_one_is_kept_and_taken_in(
    world: World, tmp_path: Path
) -> None:
    first, second = send(world.school, world.stick, "甲"), send(world.school, world.stick, *["多"] * MANY)
    bad = _damaged(second, tmp_path / "bad.jzp", "c00001.age")
    with pytest.raises(UserError, match="与清单不符"):
        world.county.previewing.preview(bad)
    (outcome,) = world.county.merging.merge([bad])
    assert (outcome.outcome, outcome.counts.rejected) == ("rejected", MANY)
    assert "与清单不符" in (outcome.reason or "")
    assert _waiting_files(world) == []
    assert world.merge(second) == ["parked"]
    assert world.merge(first) == ["applied", "applied"]
    assert len(world.county.students.ids(StudentQuery())) == MANY + 1
    assert _waiting_files(world) == []


def test_a_damaged_copy_of_a_fork_is_refused_and_the_good_one_can_be_decided_on(world: World, tmp_path: Path) -> None:
    world.hand_in("从前")
    world.school, twin = twins(world.school, tmp_path)
    send(world.school, world.stick, "原机")
    world.merge(*world.stick.glob("*.jzp"))
    other = send(twin, world.stick, *["克隆"] * MANY)
    assert world.merge(_damaged(other, tmp_path / "bad.jzp", "c00001.age")) == ["rejected"]
    assert (_waiting_files(world, "fork"), world.county.forks.waiting()) == ([], [])
    assert world.merge(other) == ["fork"]
    (line,) = world.county.forks.waiting()
    world.county.forks.settle(line.id, "ours", "都要")
    assert names(world.county) == {"从前", "原机", "克隆"}


def test_a_signed_lie_does_not_wait(world: World, tmp_path: Path) -> None:
    send(world.school, world.stick, "甲")
    second = send(world.school, world.stick, "乙")
    lie = forge(
        tmp_path / "lie.jzp", members_of(second), identity.station_keys(world.school.context),
        lambda manifest: manifest.update(chain_after="1" * 64),
    )  # fmt: skip
    assert world.merge(lie) == ["rejected"]
    assert _waiting_files(world) == []


def test_a_copy_that_went_bad_while_it_waited_is_replaced_by_the_next(world: World) -> None:
    first, second = send(world.school, world.stick, "甲"), send(world.school, world.stick, "乙")
    world.merge(second)
    (kept,) = (world.county.info.folder / "parked").iterdir()
    _damaged(second, kept, "c00000.age")
    assert world.merge(second) == ["parked"]
    assert kept.read_bytes() == second.read_bytes()
    assert world.merge(first) == ["applied", "applied"]


def test_a_copy_that_went_bad_while_it_waited_is_told_when_its_turn_comes(world: World) -> None:
    first, second = send(world.school, world.stick, "甲"), send(world.school, world.stick, *["多"] * MANY)
    world.merge(second)
    (kept,) = (world.county.info.folder / "parked").iterdir()
    _damaged(second, kept, "c00001.age")
    assert world.merge(first) == ["applied", "rejected"]
    assert (_waiting_files(world), world.merge()) == ([], [])
    assert world.merge(second) == ["applied"]


def test_a_newer_format_waits_whole_and_is_taken_in_after_the_update(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = _newer(world, send(world.school, world.stick, "甲"), tmp_path / "新.jzp")
    before = world.county.verify()
    (outcome,) = world.county.merging.merge([package])
    assert (outcome.outcome, "更新本程序" in (outcome.reason or "")) == ("parked", True)
    assert world.county.verify() == before
    (kept,) = (world.county.info.folder / "parked").iterdir()
    assert kept.read_bytes() == package.read_bytes()
    assert world.merge() == [], "not before the update"
    monkeypatch.setattr("jzdesk.sync.stretch.FORMAT", 3)
    assert world.merge() == ["applied"]
    assert (names(world.county), _waiting_files(world)) == ({"甲"}, [])


def test_newer_packages_of_one_file_name_or_of_none_are_all_kept(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = (tmp_path / "a" / "x.jzp", tmp_path / "b" / "x.jzp", tmp_path / "c" / "x.zip")
    packages = [
        _newer(world, send(world.school, world.stick, name), to) for name, to in zip("甲乙丙", where, strict=True)
    ]
    for _ in range(2):
        assert world.merge(*packages) == ["parked"] * 3
        assert len(_waiting_files(world)) == 3
    monkeypatch.setattr("jzdesk.sync.stretch.FORMAT", 3)
    assert world.merge() == ["applied"] * 3
    assert (names(world.county), _waiting_files(world)) == ({"甲", "乙", "丙"}, [])


def test_after_the_update_what_is_still_missing_is_waited_for_in_one_copy(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = send(world.school, world.stick, "甲")
    later = [_newer(world, send(world.school, world.stick, name), tmp_path / f"{name}.jzp") for name in "乙丙"]
    world.merge(*later)
    monkeypatch.setattr("jzdesk.sync.stretch.FORMAT", 3)
    world.merge()
    assert [name for name in _waiting_files(world) if not name.startswith(("乙", "丙"))] == _waiting_files(world)
    assert len(_waiting_files(world)) == 2
    assert world.merge(first) == ["applied"] * 3
    assert (names(world.county), _waiting_files(world)) == ({"甲", "乙", "丙"}, [])


def test_what_waits_is_taken_in_after_a_program_that_was_cut_short(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = send(world.school, world.stick, "甲"), send(world.school, world.stick, "乙")
    world.merge(second)
    with monkeypatch.context() as patch:
        patch.setattr(MergeService, "_retry_parked", lambda _self, *, unread=False: [])  # killed right after the commit
        assert world.merge(first) == ["applied"]
    assert names(world.county) == {"甲"}
    assert world.merge(first) == ["applied", "duplicate"]
    assert (names(world.county), _waiting_files(world)) == ({"甲", "乙"}, [])


def test_what_waits_when_its_certificate_runs_out_is_told_and_taken_in_once_that_is_renewed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turned = Turned()
    world = new_world(tmp_path, turned.clock)
    first, second = send(world.school, world.stick, "甲"), send(world.school, world.stick, "乙")
    world.merge(second)
    with monkeypatch.context() as patch:
        patch.setattr(MergeService, "_retry_parked", lambda _self, *, unread=False: [])
        world.merge(first)
    turned.days = 4 * 366
    for _ in range(2):
        (told,) = world.county.merging.merge([])
        assert (told.outcome, "到期" in (told.reason or "")) == ("rejected", True)
        assert len(_waiting_files(world)) == 1
    world.county.county.renew(world.device, world.stick)
    assert world.merge() == ["applied"]
    assert (names(world.county), _waiting_files(world)) == ({"甲", "乙"}, [])


def test_nobody_uses_the_id_of_somebody_elses_package(world: World, tmp_path: Path) -> None:
    """With it a package could stand in the place of another that waits."""
    first, second = send(world.school, world.stick, "甲"), send(world.school, world.stick, "乙")
    other = new_school(tmp_path / "other", "2143990002")
    certify(other, world.county, tmp_path)
    send(other, world.stick, "丙")
    package = send(other, world.stick, "丁")
    taken = json.loads(members_of(second)["manifest.json"])["package_id"]
    forged = forge(
        tmp_path / "same.jzp", members_of(package), identity.station_keys(other.context),
        lambda manifest: manifest.update(package_id=taken),
    )  # fmt: skip
    assert world.merge(second, forged) == ["parked", "rejected"]
    assert world.merge(first) == ["applied", "applied"]
    assert names(world.county) == {"甲", "乙"}


def test_the_decision_on_a_fork_takes_in_what_waited_for_it(world: World, tmp_path: Path) -> None:
    base = send(world.school, world.stick, "从前")
    world.school, twin = twins(world.school, tmp_path)
    one, two, three = (send(twin, world.stick, name) for name in ("克隆一", "克隆二", "克隆三"))
    mine = send(world.school, world.stick, "原机")
    assert world.merge(base, three, mine, one) == ["applied", "parked", "applied", "fork"]
    (line,) = world.county.forks.waiting()
    world.county.forks.settle(line.id, "theirs", "旧电脑停用")
    assert world.merge(two) == ["applied", "applied"]
    assert names(world.county) == {"从前", "原机", "克隆一", "克隆二", "克隆三"}
    assert _waiting_files(world) == []


def test_the_packages_of_a_branch_may_come_in_any_order(world: World, tmp_path: Path) -> None:
    base = send(world.school, world.stick, "从前")
    world.school, twin = twins(world.school, tmp_path)
    mine = [send(world.school, world.stick, name) for name in ("原一", "原二", "原三")]
    theirs = [send(twin, world.stick, name) for name in ("克隆一", "克隆二", "克隆三")]
    world.merge(base, mine[2], theirs[2], theirs[0], mine[0])
    while lines := world.county.forks.waiting():
        world.county.forks.settle(lines[0].id, "theirs", "旧电脑继续")
    assert world.merge(mine[1], theirs[1])
    while lines := world.county.forks.waiting():
        before = len(lines)
        for line in lines:
            with suppress(UserError):  # it continues one that has not been decided on
                world.county.forks.settle(line.id, "ours", "都要")
        assert len(world.county.forks.waiting()) < before
    assert world.county.verify().ok
    assert names(world.county) == {"从前", "原一", "原二", "原三", "克隆一", "克隆二", "克隆三"}
    assert _waiting_files(world) == []


def test_a_township_names_the_file_it_took_and_not_one_that_waited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_township(tmp_path / "made")
    place = open_township(tmp_path / "made", tmp_path)
    stick = place.stick("village")
    first, second, third = (send(place.village, stick, *names) for names in ("甲", "乙乙", "丙丙丙"))
    with monkeypatch.context() as patch:
        patch.setattr(MergeService, "_retry_parked", lambda _self, *, unread=False: [])
        place.centre.township.take([second])
        place.centre.township.take([first])
    (taken,) = place.centre.township.take([third])
    assert (taken.file, taken.state, taken.entries) == (third.name, "read", 3)
    assert len(place.centre.township.pupils(place.village.info.code)) == 6
    place.close()


@pytest.mark.parametrize("cut", ["now", "none"])
def test_what_waited_beyond_the_cut_of_a_revoked_computer_is_kept_and_counts_once_that_is_undone(
    world: World, cut: str
) -> None:
    first, second, third, fourth = (send(world.school, world.stick, name) for name in "甲乙丙丁")
    assert world.merge(first, third, fourth) == ["applied", "parked", "parked"]
    world.county.revoking.revoke(world.device, "被盗", cut)
    counts = {"甲"} if cut == "now" else set()
    assert names(world.county) == counts
    assert world.merge(second) == ["held", "held", "held"]
    assert (names(world.county), _waiting_files(world)) == (counts, [])
    world.county.revoking.reinstate(world.device, "找回来了")
    assert names(world.county) == {"甲", "乙", "丙", "丁"}


def test_what_waited_for_a_package_counts_with_what_was_taken_back_before_it(world: World) -> None:
    first, second, third, fourth = (send(world.school, world.stick, name) for name in "甲乙丙丁")
    assert world.merge(first, fourth, second) == ["applied", "parked", "applied"]
    world.county.withdrawing.withdraw(second.name, "报错了")
    assert world.merge(third) == ["held", "held"]
    assert names(world.county) == {"甲"}
    world.county.withdrawing.rejoin(second.name)
    assert names(world.county) == {"甲", "乙", "丙", "丁"}


def test_a_clock_is_explained_while_what_it_wrote_is_taken_back(tmp_path: Path) -> None:
    world = new_world(tmp_path, None, Turned(5).clock)
    first, second = send(world.school, world.stick, "甲"), send(world.school, world.stick, "乙")
    assert world.merge(first, second) == ["held", "held"]
    world.county.withdrawing.withdraw(second.name, "报错了")
    world.county.clocks.state(world.device, 120, "电话核实，快五天")
    assert names(world.county) == {"甲"}, "explained, and still taken back"
    world.county.withdrawing.withdraw(first.name, "也报错了")
    assert world.merge(send(world.school, world.stick, "丙")) == ["held"]
    assert names(world.county) == set()
    world.county.withdrawing.rejoin(first.name)
    assert names(world.county) == {"甲", "乙", "丙"} - {"乙", "丙"}, "as far as the other one that was taken back"
    world.county.withdrawing.rejoin(second.name)
    assert names(world.county) == {"甲", "乙", "丙"}
    assert world.county.clocks.listed()[0].waiting == 0


def test_what_waited_while_the_county_changed_its_keys_is_opened_with_the_one_it_had_before(world: World) -> None:
    base = send(world.school, world.stick, "从前")
    world.merge(base)
    receipt = world.receipt()
    first, second = send(world.school, world.stick, "甲"), send(world.school, world.stick, "乙")
    assert world.merge(second) == ["parked"]
    world.county.rotating.rotate()
    assert world.merge(first) == ["applied", "applied"]
    assert names(world.county) == {"从前", "甲", "乙"}
    assert world.read(receipt).outcome == "read", "written before the change, and read before the school knows of it"
    assert world.read().outcome == "read"
    world.same()
