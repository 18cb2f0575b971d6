"""Backups: whole, encrypted, without keys; put back safely, and a restored station never numbers an entry twice."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import zipfile
from pathlib import Path

import pytest

from jzdesk.core.errors import StationFault, UserError
from jzdesk.services import backups
from jzdesk.services.bundle import Services
from jzdesk.services.stations import open_station, recover
from jzdesk.store import journal
from tests.factories.packages import members_of
from tests.factories.stations import PASSWORD, certify, new_school, new_station


def enter(school: Services, name: str) -> None:
    school.ledger.save("staff", {"name": name})


def names(station: Services) -> list[str]:
    with station.context.read() as connection:
        rows = connection.exec_driver_sql("SELECT name FROM staff WHERE hidden = 0 ORDER BY name")
        return [row.name for row in rows]


def parents(stick: Path) -> dict[str, str | None]:
    """Epoch → the epoch before it, as packages on the stick say."""
    found = (json.loads(members_of(path)["manifest.json"]) for path in stick.glob("*.jzp"))
    return {manifest["epoch"]: manifest["parent_epoch"] for manifest in found}


def reopened(school: Services) -> Services:
    folder = school.info.folder
    school.close()
    return open_station(folder, PASSWORD)


def test_a_backup_holds_everything_and_no_private_key(school: Services) -> None:
    enter(school, "何老师")
    made = school.backups.make()
    assert [one.name for one in school.backups.listed()] == [made.name]
    assert made.entries == school.verify().entries
    with zipfile.ZipFile(made.path) as archive:
        assert sorted(archive.namelist()) == ["about.json", "jzdesk.db", "slots.json"]
        assert "何老师".encode() not in archive.read("jzdesk.db")


def test_a_lost_database_comes_back_and_what_stood_there_is_kept(school: Services) -> None:
    enter(school, "何老师")
    made, digest = school.backups.make(), school.verify().digest
    enter(school, "后来的老师")
    folder = school.info.folder
    school.close()
    backups.restore(folder, made.path, PASSWORD)
    station = open_station(folder, PASSWORD)
    assert names(station) == ["何老师"]
    assert (station.verify().ok, station.verify().digest) == (True, digest)
    station.close()
    (aside,) = folder.glob("replaced-*")
    shutil.copyfile(aside / "jzdesk.db", folder / "jzdesk.db")
    assert names(open_station(folder, PASSWORD)) == ["何老师", "后来的老师"]


def test_a_restored_station_begins_a_new_epoch(school: Services) -> None:
    enter(school, "何老师")
    before = school.context.store.own_chain()
    made = school.backups.make()
    enter(school, "没有备份的老师")
    folder = school.info.folder
    school.close()
    backups.restore(folder, made.path, PASSWORD)
    station = open_station(folder, PASSWORD)
    enter(station, "恢复以后的老师")
    with station.context.read() as connection:
        chains = [known for known in journal.chains(connection) if known.own]
    assert chains[0].ep == before.ep
    assert chains[-1].ep != before.ep
    assert chains[-1].last_n == 1


def test_the_county_takes_both_epochs_of_a_restored_school(
    certified: Services, county: Services, tmp_path: Path
) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    enter(certified, "何老师")
    made, first_epoch = certified.backups.make(), certified.context.store.own_chain().ep
    enter(certified, "丢失的老师")
    certified.exchange.export(stick)
    county.merging.merge([stick])
    folder = certified.info.folder
    certified.close()
    backups.restore(folder, made.path, PASSWORD)
    station = open_station(folder, PASSWORD)
    enter(station, "新的老师")
    for old in stick.iterdir():
        old.unlink()
    station.exchange.export(stick)
    outcomes = {outcome.outcome for outcome in county.merging.merge([stick])}
    assert outcomes <= {"applied", "duplicate"}
    assert names(county) == sorted(["何老师", "丢失的老师", "新的老师"])
    assert parents(stick) == {first_epoch: None, station.context.store.own_chain().ep: first_epoch}


def test_the_county_returns_what_a_restored_school_had_handed_in(
    certified: Services, county: Services, tmp_path: Path
) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    enter(certified, "何老师")
    made = certified.backups.make()
    enter(certified, "丢失的老师")
    certified.exchange.export(stick)
    county.merging.merge([stick])
    folder = certified.info.folder
    certified.close()
    backups.restore(folder, made.path, PASSWORD)
    station = open_station(folder, PASSWORD)
    enter(station, "新的老师")
    station.exchange.export(stick)
    county.merging.merge([stick])
    county.county.write_receipts(stick)
    assert {outcome.outcome for outcome in station.exchange.read_receipts([stick])} == {"read", "old"}
    assert names(station) == names(county) == sorted(["何老师", "丢失的老师", "新的老师"])
    assert station.verify().digest == county.verify().digest
    assert station.exchange.pending().unacknowledged == 0
    enter(station, "再来一位")
    station.exchange.export(stick)
    assert {outcome.outcome for outcome in county.merging.merge([stick])} <= {"applied", "duplicate"}
    assert names(county) == names(station)


def test_what_is_returned_is_for_the_device_alone(certified: Services, county: Services, tmp_path: Path) -> None:
    stick, other = tmp_path / "stick", new_school(tmp_path / "other", "2143990002")
    stick.mkdir()
    certify(other, county, tmp_path)
    enter(certified, "何老师")
    certified.exchange.export(stick)
    county.merging.merge([stick])
    (returned,) = county.county.return_entries(certified.info.device, stick)
    assert [outcome.outcome for outcome in other.exchange.read_receipts([returned])] == ["other"]
    assert [outcome.outcome for outcome in certified.exchange.read_receipts([returned])] == ["old"]
    with pytest.raises(UserError, match="没有收到过"):
        county.county.return_entries(other.info.device, stick)


def test_a_wrong_password_a_damaged_file_and_a_foreign_backup_change_nothing(school: Services, tmp_path: Path) -> None:
    enter(school, "何老师")
    made = school.backups.make()
    foreign = new_station(tmp_path / "other", "school", "2143990002", "大坪教学点").backups.make()
    broken = tmp_path / "坏的.jzb"
    data = bytearray(made.path.read_bytes())
    data[len(data) // 2] ^= 1
    broken.write_bytes(bytes(data))
    folder, digest = school.info.folder, school.verify().digest
    school.close()
    for path, password, words in (
        (made.path, "Cuode2025mima", "密码"),
        (foreign.path, PASSWORD, "另一台电脑"),
        (broken, PASSWORD, "损坏"),
        (Path(__file__), PASSWORD, "不是本软件的备份"),
    ):
        with pytest.raises(UserError, match=words):
            backups.restore(folder, path, password)
    station = open_station(folder, PASSWORD)
    assert station.verify().digest == digest
    assert list(folder.glob("replaced-*")) == []
    assert list(folder.glob(".restore-*")) == []


def test_the_password_of_today_opens_a_backup_of_yesterday(tmp_path: Path) -> None:
    from jzdesk.services.stations import create_station

    folder = tmp_path / "school"
    key = create_station(
        folder, kind="school", code="2143990001", name="青石镇中心小学", account="测试员", password=PASSWORD
    ).recovery_key
    station = open_station(folder, PASSWORD)
    enter(station, "何老师")
    made = station.backups.make()
    station.close()
    recover(folder, key, "测试员", "Xinde2026mima")
    backups.restore(folder, made.path, "Xinde2026mima")
    assert names(open_station(folder, "Xinde2026mima")) == ["何老师"]


def test_a_damaged_database_is_replaced_too(school: Services) -> None:
    enter(school, "何老师")
    made = school.backups.make()
    folder = school.info.folder
    school.close()
    (folder / "jzdesk.db").write_bytes(b"nothing of a database")
    backups.restore(folder, made.path, PASSWORD)
    assert names(open_station(folder, PASSWORD)) == ["何老师"]


def test_a_backup_is_due_once_a_day_and_only_when_something_changed(
    school: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert school.backups.due()
    enter(school, "何老师")
    school.backups.make()
    enter(school, "后来的老师")
    assert not school.backups.due()
    real = backups._now
    monkeypatch.setattr(backups, "_now", lambda: real() + dt.timedelta(days=1))
    assert school.backups.due()
    school.backups.make()
    monkeypatch.setattr(backups, "_now", lambda: real() + dt.timedelta(days=2))
    assert not school.backups.due()


def test_old_backups_are_thinned_out_to_one_a_day_and_one_a_month(tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    for month in range(1, 13):
        for day in range(1, 29):
            for hour in (8, 17):
                (folder / f"2143990001_2026{month:02d}{day:02d}_{hour:02d}0000.jzb").touch()
    backups._thin_out(folder)
    left = sorted(path.name.split("_")[1] for path in folder.iterdir())
    assert all("_170000" in path.name for path in folder.iterdir())
    assert left[-14:] == [f"202612{day:02d}" for day in range(15, 29)]
    assert left[:-14] == [f"2026{month:02d}28" for month in range(1, 12)]


def test_a_stick_that_is_gone_is_said_and_nothing_half_is_left(school: Services, tmp_path: Path) -> None:
    with pytest.raises(StationFault, match="备份没有成功"):
        school.backups.make(tmp_path / "no-stick")
    assert list(school.info.folder.glob(".backup-*")) == []


def test_a_new_school_can_be_restored_before_anything_was_entered(tmp_path: Path) -> None:
    station = new_school(tmp_path / "school")
    made = station.backups.make()
    folder = station.info.folder
    station.close()
    backups.restore(folder, made.path, PASSWORD)
    assert names(open_station(folder, PASSWORD)) == []
