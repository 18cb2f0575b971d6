"""A county restored from its backup: schools believe it again, hand in what it lacks, and new ones get everything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from jzdesk.services import backups
from jzdesk.services.bundle import Services
from jzdesk.services.ledger import Query
from jzdesk.services.stations import open_station
from jzdesk.services.students import StudentQuery
from jzdesk.store import journal
from tests.factories import places
from tests.factories.stations import PASSWORD, certify, new_school
from tests.factories.world import World, new_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with places.on_file():
        made = new_world(tmp_path)
    yield made
    made.school.close()
    made.county.close()


def restored(world: World, backup: Path) -> Services:
    """The county's database is what it was when the backup was made."""
    folder = world.county.context.folder.path
    world.county.close()
    backups.restore(folder, backup, PASSWORD)
    world.county = open_station(folder, PASSWORD)
    return world.county


def names(station: Services) -> set[str]:
    return {row.name for row in station.students.rows(station.students.ids(StudentQuery()))}


def answer(world: World, folder: Path) -> list[str]:
    """Receipts of the county, read by the school; what became of them."""
    folder.mkdir()
    world.county.county.write_receipts(folder)
    return [one.outcome for one in world.school.exchange.read_receipts([folder])]


def test_what_was_merged_after_the_backup_is_handed_in_again(world: World, tmp_path: Path) -> None:
    world.hand_in("一")
    backup = world.county.backups.make().path
    world.hand_in("二")
    assert answer(world, tmp_path / "a") == ["read"]
    assert world.school.exchange.pending().unacknowledged == 0
    for again in ("b", "c"):  # and when it is restored from that same backup once more
        county = restored(world, backup)
        assert "二" not in names(county)
        assert "refused" not in answer(world, tmp_path / again)
        assert world.school.exchange.pending().unacknowledged > 0
        assert world.merge(world.export()) == ["applied"]
        assert names(county) >= {"一", "二"}
        assert county.verify().ok


def test_a_school_that_the_backup_does_not_know_of_hands_in_everything(world: World, tmp_path: Path) -> None:
    backup = world.county.backups.make().path
    world.hand_in("一", "二")
    answer(world, tmp_path / "a")
    county = restored(world, backup)
    assert world.merge(world.export()) == ["parked"]  # what it holds to be acknowledged was left out
    assert "refused" not in answer(world, tmp_path / "b")
    assert set(world.merge(world.export())) == {"applied"}  # and what had waited
    assert names(county) == {"一", "二"}


def test_a_school_that_comes_afterwards_gets_what_was_laid_down_before(world: World, tmp_path: Path) -> None:
    county = restored(world, world.county.backups.make().path)
    later = new_school(tmp_path / "later", "2143990002")
    certify(later, county, tmp_path)
    told = later.exchange.read_receipts([tmp_path / f"stick-{later.info.device}"])
    assert [one.outcome for one in told] == ["read"]
    for entity in ("school", "programme", "standard"):
        assert later.ledger.ids(Query(entity)) == county.ledger.ids(Query(entity)) != []
    assert later.verify().ok
    later.close()


def test_county_and_school_restored_from_backups_of_one_day_end_with_all_that_a_stick_still_holds(
    world: World, tmp_path: Path
) -> None:
    """What both have lost lies in a package on some stick: in whatever order it comes, both have it again."""
    world.hand_in("一")
    theirs, ours = world.county.backups.make().path, world.school.backups.make().path
    lost = world.hand_in("二")
    old = world.receipt()
    world.read(old)
    restored(world, theirs)
    folder = world.school.context.folder.path
    world.school.close()
    backups.restore(folder, ours, PASSWORD)
    world.school = open_station(folder, PASSWORD)
    world.save("三")
    assert "refused" not in answer(world, tmp_path / "a")
    assert world.merge(*_all(world)) == ["applied"]
    (told,) = world.school.exchange.read_receipts([old])
    assert told.outcome in ("refused", "old"), "of a time that neither remembers"
    assert names(world.county) == names(world.school) == {"一", "三"}
    assert world.merge(lost) == ["applied"]
    answer(world, tmp_path / "b")
    answer(world, tmp_path / "c")
    assert names(world.county) == names(world.school) == {"一", "二", "三"}
    assert world.school.exchange.pending().unacknowledged == 0
    assert world.merge(*_all(world)) == ["applied"], "empty, and nothing is missing before it"
    world.same()


def _all(world: World) -> list[Path]:
    return [done.path for done in world.school.exchange.export(world.stick)]


def test_what_was_erased_and_forgotten_by_a_restored_county_comes_back_as_hashes_only(
    world: World, tmp_path: Path
) -> None:
    backup = world.county.backups.make().path
    world.hand_in("一", "二")
    world.read(world.receipt())
    (uid,) = [row.uid for row in world.county.students.search("一")]
    world.county.erasures.erase("student", uid, "监护人申请 2025-3")
    world.read(world.receipt())
    county = restored(world, backup)
    assert "refused" not in answer(world, tmp_path / "a")
    world.save("三")
    assert set(world.merge(world.export())) <= {"applied"}
    assert names(county) == {"二", "三"} == names(world.school)
    assert county.verify().ok
    world.save("四")
    assert world.merge(world.export()) == ["applied"]
    assert answer(world, tmp_path / "b")[-1] == "read"


def test_a_restored_county_is_told_of_what_it_still_shows_and_a_school_has_erased(world: World, tmp_path: Path) -> None:
    world.hand_in("一")
    backup = world.county.backups.make().path
    (uid,) = [row.uid for row in world.county.students.search("一")]
    world.county.erasures.erase("student", uid, "监护人申请 2025-3")
    world.read(world.receipt())
    county = restored(world, backup)
    assert names(county) == {"一"}
    with world.school.context.store.local() as connection:  # it hands in everything once more
        journal.mark_chain(connection, world.school.context.store.own_chain().id, received_n=0)
    (outcome,) = county.merging.merge([world.export()])
    assert outcome.outcome == "duplicate"
    assert outcome.reason is not None
    assert "学校已按县里的决定依法删除" in outcome.reason
    county.erasures.erase("student", uid, "监护人申请 2025-3，恢复后补办")
    assert names(county) == set()
    world.read(world.receipt())
    assert county.verify().ok
    assert world.school.verify().ok


def test_a_school_that_lost_its_disk_gets_back_what_was_not_erased(world: World, tmp_path: Path) -> None:
    backup = world.school.backups.make().path
    world.hand_in("一", "二")
    (uid,) = [row.uid for row in world.county.students.search("一")]
    world.county.erasures.erase("student", uid, "监护人申请 2025-3")
    folder = world.school.context.folder.path
    world.school.close()
    backups.restore(folder, backup, PASSWORD)
    world.school = open_station(folder, PASSWORD)
    world.merge(world.export())  # that it has begun anew
    assert "refused" not in answer(world, tmp_path / "a")
    assert names(world.school) == {"二"}
    assert world.school.verify().ok
    world.save("三")
    assert set(world.merge(world.export())) <= {"applied", "duplicate"}
    assert "refused" not in answer(world, tmp_path / "b")
    assert world.school.verify().ok
