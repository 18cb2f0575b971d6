"""Looking at a package before it is merged: what each kind would lead to, and that nothing at all is written."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from jzdesk.core.errors import UserError
from jzdesk.models import Enrolment, Pairing, Student
from jzdesk.services import foretelling
from jzdesk.services.bundle import Services
from jzdesk.services.effects import LIMIT
from jzdesk.services.stations import open_station
from jzdesk.store import journal
from tests.factories.forging import Forger
from tests.factories.people import id_number
from tests.factories.stations import PASSWORD, certify, new_school

pytestmark = pytest.mark.usefixtures("both_databases")


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    folder = tmp_path / "stick"
    folder.mkdir()
    return folder


@pytest.fixture(autouse=True)
def nothing_is_left(county: Services) -> Iterator[None]:
    yield
    kept = [line for line in county.merging.arrivals() if line.outcome in ("applied", "held")]
    assert len(list(county.info.folder.joinpath("received").glob("*.jzp"))) == len(kept)


def save(school: Services, name: str, **values: Any) -> str:
    with school.context.write() as unit:
        return unit.add(Student, {"name": name, "sex": "1", "birth": "2016-05-07", **values})


def state(county: Services) -> tuple[object, ...]:
    report = county.verify()
    return report, county.merging.arrivals(), county.holds.waiting(), county.forks.waiting()


def test_held_entries_are_foretold_with_their_reasons(certified: Services, county: Services, stick: Path) -> None:
    forger = Forger(certified)
    forger.say(set={"name": "真学生"})
    forger.say(scope="2143990002")
    forger.say(role="county")
    before, path = state(county), forger.package(stick)
    seen = county.previewing.preview(path)
    assert (seen.outcome, seen.counts.applied, seen.counts.held) == ("held", 1, 2)
    assert dict(seen.held) == {"超出学校的权限范围": 1, "身份与证书不符": 1}
    assert seen.effects.total("new") == 1
    assert state(county) == before


def test_a_case_of_one_child_on_two_rolls_is_foretold(
    certified: Services, county: Services, tmp_path: Path, stick: Path
) -> None:
    other = new_school(tmp_path / "other", "2143990002")
    certify(other, county, tmp_path)
    number = id_number("2016-05-07", serial=301)
    save(certified, "曾小乐", id_number=number)
    save(other, "曾小乐", id_number=number)
    county.merging.merge([certified.exchange.export(stick)[0].path])
    assert county.previewing.preview(other.exchange.export(stick)[0].path).cases == 1
    assert county.verify().duplicate_cases == 0
    other.close()


def test_what_would_be_parked_or_fork_is_said(
    certified: Services, county: Services, tmp_path: Path, stick: Path
) -> None:
    folder = certified.info.folder
    certified.close()
    shutil.copytree(folder, tmp_path / "twin")
    certified, twin = open_station(folder, PASSWORD), open_station(tmp_path / "twin", PASSWORD)
    save(certified, "原机")
    save(twin, "克隆机")
    first, fork = (one.exchange.export(stick)[0].path for one in (certified, twin))
    own = certified.context.store.own_chain()
    with certified.context.store.local() as connection:
        journal.mark_chain(connection, own.id, received_n=own.last_n)
    save(certified, "后来")
    later = certified.exchange.export(stick)[0].path
    before = state(county)
    seen = county.previewing.preview(later)
    assert (seen.outcome_label, seen.counts.held, seen.effects.entities) == ("暂存待补", 1, ())
    assert seen.reason is not None
    assert "缺第 1 到第 1 条" in seen.reason
    assert state(county) == before
    county.merging.merge([first])
    before = state(county)
    assert county.previewing.preview(fork).outcome == "fork"
    assert state(county) == before
    for school in (certified, twin):
        school.close()


def test_what_would_be_refused_is_refused(certified: Services, county: Services, stick: Path) -> None:
    save(certified, "一")
    path = certified.exchange.export(stick)[0].path
    before = state(county)
    body = bytearray(path.read_bytes())
    body[len(body) * 2 // 3] ^= 1
    (stick / "damaged.jzp").write_bytes(bytes(body))
    with pytest.raises(UserError):
        county.previewing.preview(stick / "damaged.jzp")
    with pytest.raises(UserError, match="本站是学校"):
        certified.previewing.preview(path)
    county.revoking.revoke("1", "被盗")
    seen = county.previewing.preview(path)
    assert seen.reason is not None
    assert "吊销" in seen.reason
    assert seen.counts.applied == 0
    assert state(county) == before


def test_many_changes_are_counted_and_the_first_listed(certified: Services, county: Services, stick: Path) -> None:
    with certified.context.write() as unit:
        rows = [{"name": f"生{n}", "sex": "1", "birth": "2016-05-07"} for n in range(LIMIT + 20)]
        uids = unit.add_many(Student, rows)
    county.merging.merge([certified.exchange.export(stick)[0].path])
    with certified.context.write() as unit:
        unit.change_many(Student, {uid: {"phone": "13800000000"} for uid in uids})
    reached: list[tuple[int, int]] = []
    path = certified.exchange.export(stick)[0].path
    seen = county.previewing.preview(path, lambda done, total: reached.append((done, total))).effects
    assert (seen.total("changed"), seen.listed, len(seen.changes)) == (LIMIT + 20, LIMIT + 20, LIMIT)
    assert reached[-1][0] == reached[-1][1]
    assert {(one.old, one.new) for one in seen.changes} == {("", "138****0000")}


def test_the_values_that_would_stand_against_each_other_are_shown(
    certified: Services, county: Services, stick: Path
) -> None:
    uid = certified.ledger.save("staff", {"name": "王老师", "post": "教师"}).uid
    county.merging.merge([certified.exchange.export(stick)[0].path])
    county.ledger.save("staff", {"post": "班主任"}, uid)
    certified.ledger.save("staff", {"post": "教导主任"}, uid)
    (line,) = county.previewing.preview(certified.exchange.export(stick)[0].path).effects.changes
    assert (line.kind_label, line.title, line.field_label) == ("不同填法", "王老师", "职务")
    assert (line.old, line.new) == ("班主任", "教导主任")


def test_others_go_on_saving_while_somebody_looks(certified: Services, county: Services, stick: Path) -> None:
    with certified.context.write() as unit:
        unit.add_many(Student, [{"name": f"生{n}", "sex": "1", "birth": "2016-05-07"} for n in range(30)])
    saved: list[str] = []

    def meanwhile(done: int, total: int) -> None:
        if not saved:
            saved.append("")
            clerk = Thread(target=lambda: saved.append(county.ledger.save("staff", {"name": "王老师"}).uid))
            clerk.start()
            clerk.join(5)
            assert not clerk.is_alive(), "saving had to wait for the preview"

    seen = county.previewing.preview(certified.exchange.export(stick)[0].path, meanwhile)
    assert len(saved) == 2
    assert (seen.counts.applied, seen.effects.total("new")) == (30, 30)


@pytest.mark.parametrize("share", [1, 40_000])
def test_what_only_the_package_knows_is_called_by_its_name(
    certified: Services, county: Services, stick: Path, share: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(foretelling, "SHARE", share)
    child = save(certified, "曾小乐")
    first = certified.ledger.save("staff", {"name": "王老师"}).uid
    with certified.context.write() as unit:
        pairing = unit.add(Pairing, {"student": child, "staff": first, "valid_from": "2025-09-01"})
    county.merging.merge([certified.exchange.export(stick)[0].path])
    third = certified.ledger.save("staff", {"name": "新来的赵老师"}).uid
    with certified.context.write() as unit:
        unit.change(Pairing, pairing, {"staff": third})
    (line,) = county.previewing.preview(certified.exchange.export(stick)[0].path).effects.changes
    assert (line.field_label, line.old, line.new) == ("帮扶责任人", "王老师", "新来的赵老师")


def test_schools_are_called_by_name_and_masked_numbers_are_told_apart(
    certified: Services, county: Services, stick: Path
) -> None:
    with certified.context.write() as unit:
        child = unit.add(Student, {"name": "王小明", "sex": "1", "birth": "2016-05-07", "phone": "13912340003"})
        place = unit.add(Enrolment, {"student": child, "school": "2143990001", "grade": "G03", "status": "01"})
    county.merging.merge([certified.exchange.export(stick)[0].path])
    with certified.context.write() as unit:
        unit.change(Student, child, {"phone": "13952340003"})
        unit.change(Enrolment, place, {"school": "2143990002"})
    changes = county.previewing.preview(certified.exchange.export(stick)[0].path).effects.changes
    assert [(one.field_label, one.old, one.new) for one in changes] == [
        ("联系电话", "1391***0003", "1395***0003"),
        ("学籍学校", "青石镇中心小学", "大坪教学点"),
    ]
