"""A township station reads what it may of its schools, and carries every file untouched, up and down."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest

from jzdesk.core.errors import StationFault, UserError
from jzdesk.services import identity
from jzdesk.services.bundle import Services
from jzdesk.services.stations import open_station
from jzdesk.services.students import StudentQuery
from jzdesk.store import journal
from jzdesk.store.journal import chains
from tests.factories.packages import forge, members_of
from tests.factories.stations import PASSWORD, certify, new_school
from tests.factories.township import CENTRE, VILLAGE, Township, make_township, open_township, pupil


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Path]:
    folders = {late: tmp_path_factory.mktemp("made") for late in (False, True)}
    for late, folder in folders.items():
        make_township(folder, late=late)
    return folders


@pytest.fixture
def place(made: dict[bool, Path], tmp_path: Path) -> Iterator[Township]:
    opened = open_township(made[False], tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def late(made: dict[bool, Path], tmp_path: Path) -> Iterator[Township]:
    """The village was certified before there was a township station."""
    opened = open_township(made[True], tmp_path)
    yield opened
    opened.close()


def digests(folder: Path, end: str = ".jzp") -> dict[str, str]:
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in folder.glob(f"*{end}")}


def test_packages_of_schools_are_read_kept_and_carried_byte_for_byte(place: Township) -> None:
    for school, name in ((place.village, "村里的"), (place.junior, "初中的")):
        pupil(school, name)
        school.exchange.export(place.stick("schools"))
    came = digests(place.stick("schools"))
    taken = place.centre.township.take([place.stick("schools")])
    assert sorted((one.state, one.school, one.number, one.entries) for one in taken) == [
        ("read", "大坪教学点", 1, 1), ("read", "青石镇中学", 1, 1),
    ]  # fmt: skip
    assert [one.sentence for one in taken] == ["", ""]
    done = place.centre.township.forward(place.stick("county"))
    assert sorted(done.written) == sorted(came)
    assert came.items() <= digests(place.stick("county")).items()
    assert len(done.own) == 1
    outcomes = place.county.merging.merge([place.stick("county")])
    assert {one.outcome for one in outcomes} == {"applied"}
    assert place.county.verify().students == 2


def test_what_the_township_reads_never_mixes_with_its_own_records(place: Township) -> None:
    pupil(place.village, "村里的")
    pupil(place.centre, "中心的")
    place.village.exchange.export(place.stick("schools"))
    place.centre.township.take([place.stick("schools")])
    assert [row.name for row in place.centre.students.rows(place.centre.students.ids(StudentQuery()))] == ["中心的"]
    assert [row.name for row in place.centre.township.pupils(VILLAGE)] == ["村里的"]
    assert place.centre.verify().entries == place.centre.context.store.own_chain().last_n + _policy(place.centre)


def _policy(station: Services) -> int:
    with station.context.read() as connection:
        return sum(known.last_n for known in chains(connection) if not known.own)


def test_a_package_that_is_not_for_the_township_is_carried_unopened(late: Township) -> None:
    place = late
    pupil(place.village)
    place.village.exchange.export(place.stick("schools"))
    (taken,) = place.centre.township.take([place.stick("schools")])
    assert (taken.state, taken.school) == ("sealed", "大坪教学点")
    assert "不是加密给本站的" in taken.sentence
    (line,) = place.centre.township.log()
    assert (line.opened, line.state_label) == (False, "待送县里（未打开）")
    place.centre.township.forward(place.stick("county"))
    assert "applied" in {one.outcome for one in place.county.merging.merge([place.stick("county")])}


def test_the_next_receipt_tells_a_school_to_seal_to_its_township(late: Township) -> None:
    place = late
    pupil(place.village)
    first = place.village.exchange.export(place.stick("a"))[0].path
    place.county.merging.merge([first])
    place.county.county.write_receipts(place.stick("a"))
    place.village.exchange.read_receipts([place.stick("a")])
    pupil(place.village)
    place.village.exchange.export(place.stick("b"))
    (taken,) = place.centre.township.take([place.stick("b")])
    assert taken.state == "read", taken.sentence
    assert "暂存待补" in taken.sentence, "the beginning went to the county alone"


def test_a_school_of_another_township_does_not_seal_to_this_one(place: Township) -> None:
    other = new_school(place.root / "other", "2143990004")
    certify(other, place.county, place.root)
    pupil(other)
    other.exchange.export(place.stick("other"))
    (taken,) = place.centre.township.take([place.stick("other")])
    assert taken.state == "sealed"
    other.close()


def test_the_county_s_receipt_says_what_became_of_what_was_carried(place: Township) -> None:
    pupil(place.village)
    place.village.exchange.export(place.stick("schools"))
    place.centre.township.take([place.stick("schools")])
    place.centre.township.forward(place.stick("county"))
    assert place.centre.township.log()[0].state == "sent"
    place.county.merging.merge([place.stick("county")])
    place.county.county.write_receipts(place.stick("county"))
    states = {one.state for one in place.centre.township.take([place.stick("county")])}
    assert states == {"own", "known", "ours", "down"}
    up = next(line for line in place.centre.township.log() if line.kind_label == "数据包")
    assert (up.state, up.times) == ("answered", 1)
    assert up.state_label.startswith("县里已并入")
    assert place.centre.township.forward(place.stick("again")).written == ()


def test_receipts_come_back_to_the_school_untouched(place: Township) -> None:
    pupil(place.village)
    place.village.exchange.export(place.stick("schools"))
    place.centre.township.take([place.stick("schools")])
    place.centre.township.forward(place.stick("county"))
    place.county.merging.merge([place.stick("county")])
    place.county.county.write_receipts(place.stick("county"))
    made = digests(place.stick("county"), ".jzh")
    place.centre.township.take([place.stick("county")])
    done = place.centre.township.deliver(place.stick("village"))
    (name,) = done.written
    assert name.startswith(VILLAGE)
    assert digests(place.stick("village"), ".jzh") == {name: made[name]}
    (outcome,) = place.village.exchange.read_receipts([place.stick("village")])
    assert outcome.outcome == "read"
    assert place.village.exchange.pending().unacknowledged == 0
    pupil(place.village)
    place.village.exchange.export(place.stick("schools"))
    place.centre.township.take([place.stick("schools")])
    assert place.centre.township.deliver(place.stick("later")).written == (), "the school has said that it read it"


def test_a_county_that_changes_its_key_is_followed_and_older_answers_still_carried(place: Township) -> None:
    pupil(place.village)
    pupil(place.centre)
    place.village.exchange.export(place.stick("schools"))
    place.centre.township.take([place.stick("schools")])
    place.centre.township.forward(place.stick("county"))
    place.county.merging.merge([place.stick("county")])
    place.county.county.write_receipts(place.stick("before"))
    place.county.rotating.rotate()
    place.county.county.write_receipts(place.stick("after"))
    states = [one.state for one in place.centre.township.take([place.stick("after")])]
    assert sorted(states) == ["down", "ours"]
    states = [one.state for one in place.centre.township.take([place.stick("before")])]
    assert sorted(states) == ["down", "refused"], "an older receipt of our own says nothing new"
    pupil(place.village, "后来")
    place.village.exchange.export(place.stick("later"))
    assert [one.state for one in place.centre.township.take([place.stick("later")])] == ["read"]


def test_answers_for_other_townships_are_left_alone(place: Township) -> None:
    other = new_school(place.root / "other", "2143990004")
    certify(other, place.county, place.root)
    for school in (other, place.village):
        pupil(school)
        place.county.merging.merge([school.exchange.export(place.stick("county"))[0].path])
    other.close()
    place.county.county.write_receipts(place.stick("county"))
    for path in place.stick("county").glob("*.jzh"):
        shutil.copy(path, place.stick("answers"))
    states = sorted(one.state for one in place.centre.township.take([place.stick("answers")]))
    assert states == ["down", "other"]
    assert [line.name for line in place.centre.township.log()] == ["大坪教学点"]


def test_nothing_is_written_twice_and_nothing_overwritten(place: Township) -> None:
    pupil(place.village)
    place.village.exchange.export(place.stick("schools"))
    place.centre.township.take([place.stick("schools")])
    (name,) = place.centre.township.forward(place.stick("county")).written
    again = place.centre.township.forward(place.stick("county"))
    assert (again.written, again.there) == ((), (name,))
    (place.stick("county") / name).write_bytes(b"something else")
    assert place.centre.township.forward(place.stick("county")).written == (name,)
    assert (place.stick("county") / name).read_bytes() == b"something else"
    assert [one.state for one in place.centre.township.take([place.stick("schools")])] == ["known"]


def test_a_damaged_package_is_refused_with_its_reason_and_not_carried(place: Township) -> None:
    pupil(place.village)
    path = place.village.exchange.export(place.stick("schools"))[0].path
    body = bytearray(path.read_bytes())
    body[len(body) // 2] ^= 1
    path.write_bytes(bytes(body))
    (taken,) = place.centre.township.take([place.stick("schools")])
    assert (taken.state, place.centre.township.log()) == ("refused", [])
    assert taken.sentence
    assert list((place.centre.info.folder / "carried").iterdir()) == []


def test_a_stick_that_takes_nothing_says_so_and_the_log_does_not_claim_it(place: Township) -> None:
    pupil(place.village)
    place.village.exchange.export(place.stick("schools"))
    place.centre.township.take([place.stick("schools")])
    with pytest.raises(StationFault, match="U 盘"):
        place.centre.township.forward(place.root / "gone")
    assert place.centre.township.log()[0].state == "waiting"
    shutil.rmtree(place.centre.info.folder / "carried")
    done = place.centre.township.forward(place.stick("county"))
    assert len(done.missing) == 1
    assert place.centre.township.log()[0].state == "waiting"


def test_the_view_is_made_anew_from_the_files(place: Township) -> None:
    pupil(place.village, "村里的")
    place.village.exchange.export(place.stick("schools"))
    place.centre.township.take([place.stick("schools")])
    folder = place.centre.info.folder
    place.centre.close()
    shutil.rmtree(folder / "schools")
    place.centre = open_station(folder, PASSWORD)
    assert [row.name for row in place.centre.township.pupils(VILLAGE)] == ["村里的"]


def test_a_package_of_a_newer_format_is_carried_as_it_is_and_read_after_the_update(
    place: Township, monkeypatch: pytest.MonkeyPatch
) -> None:
    pupil(place.village, "村里的")
    keys, stick = identity.station_keys(place.village.context), place.stick("schools")
    package = place.village.exchange.export(place.stick("mine"))[0].path
    newer = forge(stick / package.name, members_of(package), keys, lambda said: said.update(min_reader=3))
    (taken,) = place.centre.township.take([stick])
    assert (taken.state, "更新版本" in taken.sentence) == ("sealed", True)
    place.centre.township.forward(place.stick("county"))
    assert (place.stick("county") / package.name).read_bytes() == newer.read_bytes()
    assert place.centre.township.pupils(VILLAGE) == []
    folder = place.centre.info.folder
    place.centre.close()
    monkeypatch.setattr("jzdesk.sync.stretch.FORMAT", 3)
    place.centre = open_station(folder, PASSWORD)
    assert [row.name for row in place.centre.township.pupils(VILLAGE)] == ["村里的"]
    (line,) = [line for line in place.centre.township.log() if line.school == VILLAGE]
    assert (line.opened, line.entries, line.note) == (True, 1, "")


def test_what_waits_and_what_forks_at_the_township_is_carried_byte_for_byte(place: Township) -> None:
    folder = place.village.info.folder
    pupil(place.village, "从前")
    place.village.exchange.export(place.stick("schools"))
    place.village.close()
    shutil.copytree(folder, place.root / "twin")
    place.village, twin = open_station(folder, PASSWORD), open_station(place.root / "twin", PASSWORD)
    for school, name in ((place.village, "原机"), (twin, "克隆机")):
        pupil(school, name)
        school.exchange.export(place.stick("schools"))
    own = twin.context.store.own_chain()
    with twin.context.store.local() as connection:
        journal.mark_chain(connection, own.id, received_n=own.last_n)
    pupil(twin, "后来")
    last = twin.exchange.export(place.stick("last"))[0].path
    twin.close()
    taken = place.centre.township.take([place.stick("last"), place.stick("schools")])
    assert {one.state for one in taken} == {"read"}
    place.centre.township.forward(place.stick("county"))
    assert digests(place.stick("county")).items() >= (digests(place.stick("schools")) | digests(last.parent)).items()


def test_only_a_township_station_carries(place: Township) -> None:
    for service in (place.county.township, place.village.township):
        for attempt in (service.log, partial(service.take, []), partial(service.forward, place.root),
                        partial(service.deliver, place.root)):  # fmt: skip
            with pytest.raises(UserError, match="乡镇中心学校"):
                attempt()
    with pytest.raises(UserError, match="jz township take"):
        place.centre.merging.merge([place.root])


def test_packages_carry_no_more_recipients_than_they_should(place: Township) -> None:
    pupil(place.village)
    pupil(place.centre)
    for station, expected in ((place.village, 2), (place.centre, 1)):
        path = station.exchange.export(place.stick(station.info.code))[0].path
        sealed = members_of(path)["c00000.age"]
        assert sealed.split(b"\n---")[0].count(b"-> X25519") == expected
    assert place.centre.info.code == CENTRE
