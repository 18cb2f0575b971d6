"""A school's computer is lost, its backup is not: the station lives on elsewhere, and nothing is lost with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from jzdesk.core.errors import UserError
from jzdesk.models import Student
from jzdesk.services import moving
from jzdesk.services.bundle import Services
from jzdesk.services.stations import open_station
from tests.factories.stations import PASSWORD, certify, new_school
from tests.factories.world import World, names, new_world


@pytest.fixture
def world(tmp_path: Path) -> World:
    return new_world(tmp_path)


def moved(world: World, backup: Path) -> Services:
    """The backup on a new computer."""
    folder = world.stick.parent / "new"
    moving.move_in(folder, backup, PASSWORD)
    return open_station(folder, PASSWORD)


def keep_backup(world: World) -> Path:
    made = world.school.backups.make(world.stick)
    return made.path


def certified_anew(world: World, school: Services) -> None:
    (line,) = [one for one in world.county.county.requests(school.exchange.request(world.stick).parent) if one.inherits]
    assert line.inherits == (world.device,)
    school.exchange.take_certificate(world.county.county.issue(line.path, world.stick))


def test_what_the_county_lacks_reaches_it_and_what_the_backup_lacks_comes_back(world: World) -> None:
    world.hand_in("交过")
    uid = world.save("没交过")
    backup = keep_backup(world)
    world.save("备份以后交的")
    assert world.merge(world.export()) == ["applied"]
    old = world.device
    world.school.close()
    school = moved(world, backup)
    assert school.info.device != old
    assert names(school) == {"交过", "没交过"}
    assert not school.info.certified
    with pytest.raises(UserError, match="还没有县里的证书"):
        school.exchange.export(world.stick)
    with school.context.write() as unit:
        unit.add(Student, {"name": "新电脑上的", "sex": "1", "birth": "2016-05-07"})
        unit.change(Student, uid, {"phone": "13800000000"})
    certified_anew(world, school)
    written = school.exchange.export(world.stick)
    assert len(written) == 2, "the lost computer's journal, and the new one's"
    assert {one.outcome for one in world.county.merging.merge([one.path for one in written])} == {
        "applied", "duplicate",
    }  # fmt: skip
    receipts = world.county.county.write_receipts(world.stick)
    outcomes = school.exchange.read_receipts([world.stick])
    assert len(receipts) == 1
    assert {one.outcome for one in outcomes} == {"read", "old"}, "of the new computer's own journal nothing was lacking"
    assert names(school) == names(world.county) == {"交过", "没交过", "备份以后交的", "新电脑上的"}
    assert school.verify().digest == world.county.verify().digest
    assert school.exchange.pending().unacknowledged == 0
    school.close()


def test_what_was_never_handed_in_comes_from_the_new_computer(world: World) -> None:
    world.save("从没交过")
    backup = keep_backup(world)
    world.school.close()
    school = moved(world, backup)
    certified_anew(world, school)
    school.exchange.export(world.stick)
    assert {one.outcome for one in world.county.merging.merge([world.stick])} == {"applied"}
    assert school.verify().digest == world.county.verify().digest
    school.close()


def test_only_computers_of_the_same_school_are_inherited(world: World, tmp_path: Path) -> None:
    other = new_school(tmp_path / "other", "2143990002")
    certify(other, world.county, tmp_path)
    other.context.store.set_setting(moving.INHERITS, [world.device])
    path = other.exchange.request(world.stick)
    before = world.county.county.issued()
    with pytest.raises(UserError, match="另一所学校的"):
        world.county.county.issue(path, world.stick)
    assert world.county.county.issued() == before


def test_without_the_countys_word_a_computer_cannot_hand_in_anothers_journal(world: World) -> None:
    world.hand_in("交过")
    backup = keep_backup(world)
    world.school.close()
    school = moved(world, backup)
    school.context.store.set_setting(moving.INHERITS, [])
    school.exchange.take_certificate(world.county.county.issue(school.exchange.request(world.stick), world.stick))
    with pytest.raises(ValueError, match="do not belong together"):
        school.exchange.export(world.stick)
    school.close()


def test_a_station_that_is_there_and_a_county_are_refused_untouched(world: World) -> None:
    backup, folder = keep_backup(world), world.school.info.folder
    with pytest.raises(UserError, match="已经有一个工作站"):
        moving.move_in(folder, backup, PASSWORD)
    with pytest.raises(UserError, match="密码不对"):
        moving.move_in(world.stick.parent / "new", backup, "falsch1234")
    assert not (world.stick.parent / "new" / "station.json").exists()
    with pytest.raises(UserError, match="还要纸上的托管钥匙"):
        moving.move_in(world.stick.parent / "new", world.county.backups.make().path, PASSWORD)
    assert moving.accounts_in(backup) == ["测试员"]


def test_a_folder_that_lost_its_key_takes_its_backup_as_a_new_device(world: World) -> None:
    world.hand_in("交过")
    backup, folder = keep_backup(world), world.school.info.folder
    world.school.close()
    (folder / "device.key").unlink()
    moving.move_in(folder, backup, PASSWORD)
    school = open_station(folder, PASSWORD)
    assert names(school) == {"交过"}
    assert list(folder.glob("leftover-*/jzdesk.db")), "what was there is kept"
    certified_anew(world, school)
    school.close()
