"""A township's view of its schools follows the children that the county moves, in whatever order files come."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import permutations
from pathlib import Path

import pytest
from sqlalchemy import select

from jzdesk.core.merge import GRANT, decode
from jzdesk.models import BY_NAME, School, Student
from jzdesk.services.bundle import Services
from jzdesk.services.ledger import Query
from jzdesk.services.stations import open_station
from jzdesk.services.students import StudentQuery
from jzdesk.services.township_schools import UNREAD
from jzdesk.store.store import Store
from jzdesk.store.tables import chain, journal
from tests.factories.moves import GROUND, LATER, MOVED_ON, TODAY, child, paid
from tests.factories.people import clock_at
from tests.factories.stations import PASSWORD, certify, new_school
from tests.factories.township import CENTRE, JUNIOR, VILLAGE, Township, make_township, open_township, pupil

FAR = "2143990004"  # a school of another township


@dataclass
class World:
    """The township, a school of another one, and the files between them all."""

    place: Township
    far: Services
    sticks: int = 0
    files: list[Path] = field(default_factory=list)

    @property
    def centre(self) -> Services:
        return self.place.centre

    @property
    def county(self) -> Services:
        return self.place.county

    def on(self, day: str) -> None:
        for station in (self.county, self.centre, self.place.village, self.place.junior, self.far):
            station.context.store.clock = clock_at(day)

    def stick(self) -> Path:
        self.sticks += 1
        return self.place.stick(str(self.sticks))

    def up(self, *schools: Services) -> Path:
        """The schools write packages, which the county merges; the township gets the stick later, or never."""
        stick = self.stick()
        for school in schools:
            school.exchange.export(stick)
        outcomes = {one.outcome for one in self.county.merging.merge([stick])}
        assert outcomes <= {"applied", "duplicate", "held"}, outcomes
        return stick

    def answers(self, *schools: Services) -> Path:
        """The county writes to everybody; the schools read, the township later."""
        stick = self.stick()
        self.county.county.write_receipts(stick)
        for school in schools:
            school.exchange.read_receipts([stick])
        return stick

    def move(self, uid: str, old: Services, new: str, day: str = MOVED_ON) -> Path:
        """The old school asks, the county approves; returns the stick with the old school's package."""
        self.on(day)
        request = old.transfers.ask({"student": uid, "to_name": new, "date": day, "reason": "随父母搬迁"})
        stick = self.up(old)
        self.county.transfers.approve(request)
        return stick

    def counts(self) -> dict[str, tuple[int, int]]:
        """School → (pupils, attending) in the township's view."""
        return {one.code: (one.students, one.attending) for one in self.centre.township.schools()}

    def names(self, school: str) -> list[str]:
        return [row.name for row in self.centre.township.pupils(school)]


def digest(centre: Services) -> str:
    """The tables of the view, once they have been worked out anew; those of the station are as well."""
    assert centre.verify().ok
    found = Services(centre.township.view).verify()
    assert found.ok, found.differences
    return found.digest


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    make_township(folder)
    county = open_station(folder / "county", PASSWORD)
    far = new_school(folder / "far", FAR)
    certify(far, county, folder)
    for station in (far, county):
        station.close()
    return folder


@pytest.fixture
def world(made: Path, tmp_path: Path) -> Iterator[World]:
    shutil.copytree(made / "far", tmp_path / "far")
    opened = World(open_township(made, tmp_path), open_station(tmp_path / "far", PASSWORD))
    opened.on(TODAY)
    yield opened
    opened.place.close()
    opened.far.close()


def received(world: World, uid: str, new: Services, day: str = MOVED_ON) -> Path:
    """The new school enrols the child, puts something right in its record and sends that."""
    new.transfers.receive(uid, {"date": day})
    new.ledger.save("student", {"phone": "13800000000"}, uid)
    return world.up(new)


def test_a_child_that_was_moved_is_listed_and_counted_where_it_is_now(world: World) -> None:
    village, junior = world.place.village, world.place.junior
    child(village, "李思远")
    uid = child(village)
    world.centre.township.take([world.move(uid, village, JUNIOR)])
    assert (world.counts(), len(world.names(VILLAGE))) == ({VILLAGE: (2, 1)}, 2)
    world.centre.township.take([world.answers(junior)])
    assert (world.counts(), world.names(VILLAGE)) == ({VILLAGE: (1, 1)}, ["李思远"])
    taken = world.centre.township.take([received(world, uid, junior)])
    assert [(one.state, one.sentence) for one in taken] == [("read", "")]
    assert world.counts() == {VILLAGE: (1, 1), JUNIOR: (1, 1)}
    (row,) = world.centre.township.pupils(JUNIOR)
    assert (row.uid, row.name, row.grade, row.status, row.hardships) == (
        uid,
        "王小明",
        "小学三年级",
        "在读",
        "脱贫家庭",
    )
    (seen,) = [one for one in world.centre.township.schools() if one.code == JUNIOR]
    assert seen.poor == 1
    digest(world.centre)


def test_a_child_that_left_the_township_is_listed_no_more_and_nothing_of_it_is_lost(world: World) -> None:
    uid = child(world.place.village)
    paid(world.place.village)
    stick = world.move(uid, world.place.village, FAR)
    world.centre.township.take([stick])
    world.centre.township.take([world.answers(world.far)])
    received(world, uid, world.far)
    assert (world.counts(), world.names(VILLAGE)) == ({VILLAGE: (0, 0)}, [])
    view = Services(world.centre.township.view)
    assert view.ledger.record("student", uid).values["name"] == "王小明"
    assert view.ledger.record("student", uid).values["phone"] is None, "what the new school writes is not for us"
    assert len(view.students.file(uid).payments) == 1
    digest(world.centre)


def test_a_child_from_another_township_is_listed_as_far_as_it_can_be_read(world: World) -> None:
    uid = child(world.far)
    world.move(uid, world.far, VILLAGE)
    answers = world.answers(world.place.village)
    world.place.village.transfers.receive(uid, {"date": MOVED_ON})
    packages = world.up(world.place.village)
    for sticks in ((answers, packages), (packages, answers)):
        for stick in sticks:
            world.centre.township.take([stick])
        assert world.counts() == {VILLAGE: (1, 1)}
        (row,) = world.centre.township.pupils(VILLAGE)
        assert (row.uid, row.name, row.grade, row.status) == (uid, UNREAD, "小学三年级", "在读")
        digest(world.centre)
        begin_again(world, keep=False)
    world.place.village.ledger.save("student", {"phone": "13800000000"}, uid)
    for stick in (world.up(world.place.village), answers, packages):
        world.centre.township.take([stick])
    assert (world.counts(), world.names(VILLAGE)) == ({VILLAGE: (1, 1)}, [UNREAD])
    digest(world.centre)


def begin_again(world: World, *, keep: bool = True) -> None:
    """The view is made anew, of what is carried or of nothing."""
    folder = world.centre.info.folder
    clock = world.centre.context.store.clock
    world.centre.close()
    shutil.rmtree(folder / "schools", ignore_errors=True)
    if not keep:
        shutil.rmtree(folder)
        shutil.copytree(world.place.root / "blank", folder)
    world.place.centre = open_station(folder, PASSWORD, clock=clock)


@pytest.fixture(autouse=True)
def blank(world: World) -> None:
    """The township's station before it reads anything."""
    world.centre.close()
    shutil.copytree(world.place.root / "centre", world.place.root / "blank")
    world.place.centre = open_station(world.place.root / "centre", PASSWORD, clock=clock_at(TODAY))


def test_every_order_of_files_and_receipts_ends_in_the_same_view(world: World) -> None:
    village, junior = world.place.village, world.place.junior
    uid = child(village)
    sticks = [world.move(uid, village, JUNIOR), world.answers(junior), received(world, uid, junior)]
    village.exchange.read_receipts([world.stick()])
    ends = set()
    for order in permutations(sticks):
        for stick in order:
            world.centre.township.take([stick])
        ends.add(digest(world.centre))
        assert world.counts() == {VILLAGE: (0, 0), JUNIOR: (1, 1)}
        assert Services(world.centre.township.view).ledger.record("student", uid).values["phone"] == "13800000000"
        assert held(world.centre) == 0
        begin_again(world)
        ends.add(digest(world.centre))
        begin_again(world, keep=False)
    assert len(ends) == 1


def held(centre: Services) -> int:
    with centre.township.view.read() as connection:
        return len(connection.execute(select(journal.c.n).where(journal.c.state != 0)).all())


def test_without_the_county_s_word_the_record_stays_with_the_school_where_it_began(world: World) -> None:
    village, junior = world.place.village, world.place.junior
    uid = child(village)
    old = world.move(uid, village, JUNIOR)
    world.answers(junior)
    new = received(world, uid, junior)
    ends = set()
    for order in permutations((old, new)):
        for stick in order:
            world.centre.township.take([stick])
        ends.add(digest(world.centre))
        assert world.counts() == {VILLAGE: (1, 0), JUNIOR: (0, 0)}
        assert world.names(VILLAGE) == ["王小明"]
        assert held(world.centre) == 1, "what the new school says of the child waits for the county's word"
        begin_again(world, keep=False)
    assert len(ends) == 1


def test_a_child_may_come_back(world: World) -> None:
    village, junior = world.place.village, world.place.junior
    uid = child(village)
    sticks = [world.move(uid, village, JUNIOR), world.answers(village, junior), received(world, uid, junior)]
    sticks += [world.move(uid, junior, VILLAGE, LATER), world.answers(village, junior)]
    sticks.append(received(world, uid, village, LATER))
    village.ledger.save("student", {"phone": "13900000000"}, uid)
    sticks.append(world.up(village))
    ends = set()
    for order in (sticks, sticks[::-1], sticks[1::2] + sticks[::2]):
        for stick in order:
            world.centre.township.take([stick])
        assert world.counts() == {VILLAGE: (1, 1), JUNIOR: (0, 0)}
        assert world.names(VILLAGE) == ["王小明"]
        assert Services(world.centre.township.view).ledger.record("student", uid).values["phone"] == "13900000000"
        ends.add(digest(world.centre))
        begin_again(world, keep=False)
    assert len(ends) == 1


def test_an_approval_that_is_taken_back_returns_the_child(world: World) -> None:
    uid = child(world.place.village)
    world.centre.township.take([world.move(uid, world.place.village, JUNIOR)])
    first = world.answers()
    world.county.transfers.revoke(world.county.transfers.lines()[0].uid, "学位已满")
    for stick in (world.answers(), first):  # the earlier one comes too late to say anything
        world.centre.township.take([stick])
        assert world.names(VILLAGE) == ["王小明"]


def test_a_child_of_the_centre_that_goes_to_a_school_below_is_read_there_by_name(world: World) -> None:
    uid = child(world.centre)
    child(world.centre, "李思远")
    world.move(uid, world.centre, JUNIOR)
    answers = world.answers(world.place.junior)
    world.centre.township.take([answers, received(world, uid, world.place.junior)])
    assert (world.counts(), world.names(JUNIOR)) == ({JUNIOR: (1, 1)}, ["王小明"])
    listed = world.centre.students
    assert [row.name for row in listed.rows(listed.ids(StudentQuery()))] == ["李思远"], "and at the centre no more"
    assert listed.ids(StudentQuery(moved=True)) == [uid]
    assert world.centre.home.summary().cards[0].value == "1"
    digest(world.centre)
    begin_again(world)
    assert world.names(JUNIOR) == ["王小明"]


def test_a_child_that_comes_to_the_centre_is_its_own_and_no_longer_the_village_s(world: World) -> None:
    uid = child(world.place.village)
    world.centre.township.take([world.move(uid, world.place.village, CENTRE)])
    answers = world.answers(world.centre)
    world.centre.township.take([answers])
    world.centre.transfers.receive(uid, {"date": MOVED_ON})
    assert (world.counts(), world.names(VILLAGE)) == ({VILLAGE: (0, 0)}, [])
    listed = world.centre.students
    assert [row.name for row in listed.rows(listed.ids(StudentQuery()))] == ["王小明"]
    digest(world.centre)


def test_the_township_is_told_of_moves_and_of_nothing_else(world: World) -> None:
    """The county's other entries about those schools stay withheld, and so do moves between other schools."""
    uid, other = child(world.place.village), child(world.far, "别处的")
    world.move(uid, world.place.village, JUNIOR)
    world.move(other, world.far, "3143990005")
    with world.county.context.write() as unit:
        unit.change(Student, uid, {"phone": "13811111111"})
    world.centre.township.take([world.answers()])
    with world.centre.context.read() as connection:
        query = select(journal.c.body).join(chain, chain.c.id == journal.c.chain).where(chain.c.own == 0)
        told = [decode(body) for body in connection.execute(query).scalars()]
    about = [entry for entry in told if BY_NAME[entry.ent].owner == "school"]
    assert {entry.op for entry in about} == {GRANT}
    assert "student" in {entry.ent for entry in about}
    assert {entry.set["scope"] for entry in about} == {JUNIOR}
    assert uid in {entry.uid for entry in about}


def test_moves_of_a_school_that_comes_under_the_township_later_are_told_then(world: World) -> None:
    uid = child(world.far)
    world.move(uid, world.far, "3143990005")
    world.centre.township.take([world.answers()])
    assert Services(world.centre.township.view).ledger.rows("student", [uid]) == []
    with world.county.context.write() as unit:
        table = BY_NAME["school"].__table__
        school = unit.connection.execute(select(table.c.uid).where(table.c.code == FAR)).scalar_one()
        unit.change(School, school, {"township": "431099101"})
    world.centre.township.take([world.answers()])
    (row,) = Services(world.centre.township.view).ledger.rows("student", [uid])
    assert (row.values["scope"], row.values["hidden"]) == ("3143990005", 1)
    digest(world.centre)


def test_a_record_of_which_only_the_move_came_is_nowhere_in_the_township_s_own_ledgers(world: World) -> None:
    own = child(world.centre, "中心的")
    uid = child(world.place.village)
    before = ledgers(world.centre)
    world.move(uid, world.place.village, JUNIOR)
    taken = world.centre.township.take([world.answers()])
    assert "ours" in {one.state for one in taken}
    assert ledgers(world.centre) == before
    listed = world.centre.students
    for query in (StudentQuery(), StudentQuery(moved=True), StudentQuery(text="王小明")):
        assert uid not in listed.ids(query)
    assert listed.ids(StudentQuery()) == [own]
    assert listed.search("王小明") == []
    assert world.centre.home.summary().cards[0].value == "1"
    assert (world.centre.verify().students, world.centre.verify().ok) == (1, True)
    assert world.names(JUNIOR) == []
    assert world.counts() == {}, "nothing of these schools was read yet"


def ledgers(station: Services) -> dict[tuple[str, bool], list[str]]:
    """Everything that the ledgers list of schools, in use and voided."""
    owned = [name for name, entity in BY_NAME.items() if entity.owner == "school"]
    return {(name, void): station.ledger.ids(Query(name, hidden=void)) for name in owned for void in (False, True)}


def test_a_receipt_read_on_another_page_is_heeded_when_the_schools_are_looked_at(world: World) -> None:
    uid = child(world.place.village)
    world.centre.township.take([world.move(uid, world.place.village, FAR)])
    assert world.names(VILLAGE) == ["王小明"]
    world.centre.exchange.read_receipts([world.answers()])
    assert (world.counts(), world.names(VILLAGE)) == ({VILLAGE: (0, 0)}, [])


def test_what_is_known_already_is_not_looked_through_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    uid = child(world.place.village)
    world.centre.township.take([world.move(uid, world.place.village, JUNIOR), world.answers()])
    world.centre.township.schools()

    def written(*_: object) -> None:
        raise AssertionError("there is nothing to write")

    monkeypatch.setattr(Store, "write", written)
    assert world.centre.township.schools() == world.centre.township.schools()


def test_a_township_that_never_sent_anything_hears_of_the_move(world: World) -> None:
    uid = child(world.place.village)
    world.move(uid, world.place.village, JUNIOR)
    stick = world.answers()
    assert any(path.name.startswith(CENTRE) for path in stick.glob("*.jzh"))


def test_a_new_school_whose_clock_is_far_behind_takes_nothing_from_the_old_one(world: World) -> None:
    village, junior = world.place.village, world.place.junior
    uid = child(village)
    sticks = [world.move(uid, village, JUNIOR), world.answers(junior)]
    junior.context.store.clock = clock_at("2009-01-01")
    junior.ledger.save("student", {"phone": "13800000000"}, uid)
    sticks.append(world.up(junior))
    for order in permutations(sticks):
        for stick in order:
            world.centre.township.take([stick])
        assert (world.counts()[VILLAGE], world.names(JUNIOR)) == ((0, 0), ["王小明"])
        begin_again(world, keep=False)


def test_a_record_whose_beginning_waits_for_a_clock_is_somebody_s_all_the_same(world: World) -> None:
    """The old school's clock ran ahead: nothing of it counts before the county explains that, and then everything."""
    village, junior = world.place.village, world.place.junior
    village.context.store.clock = clock_at("2026-01-10")
    uid = child(village)
    first = world.up(village)
    world.county.clocks.state(village.info.device, 24 * 70, "电脑日期快了两个月")
    stated = world.answers(village)
    old = world.move(uid, village, JUNIOR, "2026-01-11")
    world.county.context.store.clock = junior.context.store.clock = clock_at(MOVED_ON)
    answers = world.answers(junior)
    new = received(world, uid, junior)
    ends = set()
    for order in list(permutations((first, stated, old, answers, new)))[::7]:
        if order.index(stated) > order.index(answers):
            continue  # an earlier receipt says nothing after a later one
        for stick in order:
            world.centre.township.take([stick])
        ends.add(digest(world.centre))
        assert held(world.centre) == 0
        assert (world.counts(), world.names(JUNIOR)) == ({VILLAGE: (0, 0), JUNIOR: (1, 1)}, ["王小明"])
        begin_again(world, keep=False)
    assert len(ends) == 1


def test_what_a_revoked_computer_began_stays_a_moved_record(world: World) -> None:
    village, junior = world.place.village, world.place.junior
    uid = child(village)
    sticks = [world.move(uid, village, JUNIOR), world.answers(junior), received(world, uid, junior)]
    world.county.revoking.revoke(village.info.device, "电脑被盗", "none")
    sticks.append(world.answers())
    ends = set()
    for order in list(permutations(sticks))[::5]:
        for stick in order:
            world.centre.township.take([stick])
        ends.add(digest(world.centre))
        assert (world.counts()[JUNIOR], world.names(JUNIOR)) == ((1, 1), [UNREAD])
        begin_again(world, keep=False)
    assert len(ends) == 1
    world.county.revoking.reinstate(village.info.device, "找回来了")
    for stick in (*sticks, world.answers()):
        world.centre.township.take([stick])
    assert world.names(JUNIOR) == ["王小明"]
    digest(world.centre)


def test_what_the_old_school_wrote_unaware_of_the_move_is_shown_as_what_it_said(world: World) -> None:
    village, junior = world.place.village, world.place.junior
    uid = child(village)
    sticks = [world.move(uid, village, JUNIOR), world.answers(junior)]
    village.ledger.save("student", {"address": "青石镇青东村"}, uid)
    sticks += [world.up(village), received(world, uid, junior)]
    ends = set()
    for order in (sticks, sticks[::-1]):
        for stick in order:
            world.centre.township.take([stick])
        ends.add(digest(world.centre))
        assert (world.counts(), world.names(JUNIOR)) == ({VILLAGE: (0, 0), JUNIOR: (1, 1)}, ["王小明"])
        begin_again(world, keep=False)
    assert len(ends) == 1


def said_in_view(centre: Services) -> bytes:
    """Everything that the journal and the tables of the view still say."""
    with centre.township.view.read() as connection:
        names = [name for (name,) in connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = [row for name in names for row in connection.exec_driver_sql(f'SELECT * FROM "{name}"').all()]
    return b"\n".join(
        bytes(value) if isinstance(value, bytes) else str(value).encode() for row in rows for value in row
    )


def test_what_the_county_erases_is_gone_from_the_view_whatever_comes_first(world: World) -> None:
    village = world.place.village
    uid = child(village, "李思远")
    other = child(village, "王小明")
    package = world.up(village)
    world.centre.township.take([package])
    world.county.erasures.erase("student", uid, GROUND)
    assert "李思远".encode() in said_in_view(world.centre)
    world.centre.township.take([world.answers()])
    assert world.names(VILLAGE) == ["王小明"]
    assert "李思远".encode() not in said_in_view(world.centre)
    before = digest(world.centre)
    world.centre.township.close()
    shutil.rmtree(world.centre.info.folder / "schools")
    anew = open_station(world.centre.info.folder, PASSWORD)
    assert [row.uid for row in anew.township.pupils(VILLAGE)] == [other]
    assert "李思远".encode() not in said_in_view(anew)
    assert digest(anew) == before
    anew.close()


def test_a_field_that_was_erased_is_blank_in_the_view_and_no_ghost_in_the_station(world: World) -> None:
    village = world.place.village
    uid = child(village, "李思远", phone="13812345678")
    world.centre.township.take([world.up(village)])
    world.county.erasures.erase("student", uid, GROUND, ["phone"])
    world.centre.township.take([world.answers()])
    assert world.names(VILLAGE) == ["李思远"]
    assert b"13812345678" not in said_in_view(world.centre)
    assert world.centre.students.ids(StudentQuery()) == []
    assert world.centre.ledger.ids(Query("student")) == []
    assert world.centre.students.search("李思远") == []
    typed = {"name": "李思远", "sex": "1", "birth": "2016-05-07"}
    assert world.centre.students.similar(typed) == []
    pupil(world.centre, "李思远")
    assert [row.school for row in world.centre.students.search("李思远")] == [CENTRE]
    assert len(world.centre.students.similar(typed)) == 1
    digest(world.centre)
