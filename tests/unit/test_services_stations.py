"""Making, opening and recovering a station; every kind of refusal has its sentence and leaves the files alone."""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text

from jzdesk.core.errors import StationFault, UserError
from jzdesk.services.bundle import Services
from jzdesk.services.stations import accounts, create_station, is_station, open_station, recover, station_facts
from jzdesk.store import slots
from jzdesk.store.databases import station_fault
from jzdesk.store.engine import SCHEMA, open_engine
from tests.factories.stations import PASSWORD, new_school

GOOD = {"kind": "school", "code": "2143990001", "name": "青石镇中心小学", "account": "测试员", "password": PASSWORD}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A closed station with one class in it."""
    station = new_school(tmp_path / "station")
    station.ledger.save("school_class", {"grade": "G01", "name": "1班"})
    station.close()
    return tmp_path / "station"


def _files(folder: Path) -> dict[str, bytes]:
    """What stands in a station's folder, but for the working files SQLite makes anew each time."""
    return {
        path.name: path.read_bytes() for path in folder.iterdir() if path.is_file() and not path.name.endswith("-shm")
    }


def _classes(station: Services) -> int:
    with station.context.read() as connection:
        return int(connection.execute(text("SELECT count(*) FROM school_class")).scalar_one())


def test_a_new_station_opens_and_knows_who_it_is(folder: Path) -> None:
    assert is_station(folder)
    assert accounts(folder) == ["测试员"]
    facts = station_facts(folder)
    assert (facts.kind, facts.code, facts.name) == ("school", "2143990001", "青石镇中心小学")
    station = open_station(folder, PASSWORD)
    assert (station.info.certified, station.actor.account, _classes(station)) == (False, "测试员", 1)


def test_a_second_station_does_not_fit_into_the_folder(folder: Path) -> None:
    before = _files(folder)
    with pytest.raises(UserError, match="已经有一个工作站"):
        create_station(folder, **GOOD)
    assert _files(folder) == before


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"kind": "bank"}, "种类"), ({"code": "123"}, "不是 10 位数字"), ({"code": "21439900x1"}, "不是 10 位数字"),
        ({"kind": "county"}, "不是 6 位数字"), ({"name": " "}, "单位名称"), ({"account": ""}, "账户名"),
        ({"password": "short"}, "5 位"),
    ],
)  # fmt: skip
def test_a_station_with_something_missing_is_not_made(tmp_path: Path, changes: dict[str, str], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        create_station(tmp_path / "new", **(GOOD | changes))
    assert not (tmp_path / "new").exists()


def test_a_wrong_password_is_said_so_and_touches_nothing(folder: Path) -> None:
    before = _files(folder)
    for password, account in (("Cuowude2025", None), (PASSWORD, "别人"), ("", None)):
        with pytest.raises(UserError, match="密码不对"):
            open_station(folder, password, account)
    assert _files(folder) == before


def test_a_folder_without_a_station_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="没有工作站"):
        open_station(tmp_path, PASSWORD)
    assert list(tmp_path.iterdir()) == []


def _random(database: Path) -> None:
    database.write_bytes(os.urandom(20_000))


def _plain(database: Path) -> None:
    database.unlink()
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE student (name)")
    connection.close()


def _of_another_station(database: Path) -> None:
    other = database.parent.parent / "other"
    new_school(other).close()
    shutil.copyfile(other / "jzdesk.db", database)


def _cut_short(database: Path) -> None:
    database.write_bytes(database.read_bytes()[:100])


@pytest.mark.parametrize("spoil", [_random, _plain, _of_another_station, _cut_short])
def test_a_database_that_is_not_ours_is_refused_and_left_as_it_is(folder: Path, spoil: object) -> None:
    assert callable(spoil)
    spoil(folder / "jzdesk.db")
    before = _files(folder)
    with pytest.raises(UserError, match="不是本工作站的数据库，或者已经损坏") as refused:
        open_station(folder, PASSWORD)
    assert "备份" in refused.value.remedy
    assert _files(folder) == before


def test_a_database_of_ours_made_by_another_program_is_refused(folder: Path) -> None:
    key, _ = slots.unlock(slots.load(folder / "slots.json"), PASSWORD)
    _pragma(folder, key, "application_id = 7")
    with pytest.raises(UserError, match="不是本软件的数据库"):
        open_station(folder, PASSWORD)


def test_a_newer_schema_asks_for_an_update_and_is_left_as_it_is(folder: Path) -> None:
    key, _ = slots.unlock(slots.load(folder / "slots.json"), PASSWORD)
    _pragma(folder, key, f"user_version = {SCHEMA + 1}")
    before = _files(folder)
    with pytest.raises(UserError, match="来自更新的版本") as refused:
        open_station(folder, PASSWORD)
    assert "升级" in refused.value.remedy
    assert _files(folder) == before
    _pragma(folder, key, f"user_version = {SCHEMA}")
    assert _classes(open_station(folder, PASSWORD)) == 1


def _pragma(folder: Path, key: bytes, what: str) -> None:
    engine = open_engine(folder / "jzdesk.db", key, writing=True)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"PRAGMA {what}")
        connection.commit()
    engine.dispose()


def test_a_vanished_database_is_said_so_and_no_empty_one_is_made(folder: Path) -> None:
    (folder / "jzdesk.db").unlink()
    with pytest.raises(UserError, match="数据库文件不见了"):
        open_station(folder, PASSWORD)
    assert not (folder / "jzdesk.db").exists()


def test_a_database_in_use_is_not_called_damaged(folder: Path) -> None:
    """Another window in the middle of a long write: opening needs no write of its own."""
    key, _ = slots.unlock(slots.load(folder / "slots.json"), PASSWORD)
    other = open_engine(folder / "jzdesk.db", key, writing=True)
    with other.begin() as connection:
        connection.execute(text("SELECT 1"))
        assert _classes(open_station(folder, PASSWORD)) == 1
    other.dispose()


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        ("database or disk is full", "磁盘已满"), ("database is locked", "另一个窗口"),
        ("attempt to write a readonly database", "只读"), ("unable to open database file", "打不开"),
        ("database disk image is malformed", "已损坏"), ("disk I/O error", "读写出错"),
    ],
)  # fmt: skip
def test_what_the_database_engine_says_is_said_in_words(message: str, sentence: str) -> None:
    fault = station_fault(message)
    assert sentence in fault.what
    assert fault.remedy.startswith("请")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"kind": 1}'])
def test_damaged_facts_have_their_sentence(folder: Path, content: bytes) -> None:
    (folder / "station.json").write_bytes(content)
    with pytest.raises(UserError, match="说明文件已损坏"):
        open_station(folder, PASSWORD)


def test_damaged_slots_have_their_sentence(folder: Path) -> None:
    (folder / "slots.json").write_bytes(b"{}")
    with pytest.raises(UserError, match="口令文件缺失或已损坏"):
        open_station(folder, PASSWORD)


def test_the_recovery_key_sets_a_new_password_and_the_data_are_there(tmp_path: Path) -> None:
    made = create_station(tmp_path / "station", **GOOD)
    with pytest.raises(UserError, match="恢复钥匙不对"):
        recover(made.folder, "AAAA-BBBB-CCCC-DDDD-EEEE-FFFF", "测试员", "Xinmima2026")
    with pytest.raises(UserError, match="3 位"):
        recover(made.folder, made.recovery_key, "测试员", "abc")
    recover(made.folder, made.recovery_key.lower().replace("-", " "), "测试员", "Xinmima2026")
    with pytest.raises(UserError, match="密码不对"):
        open_station(made.folder, PASSWORD)
    assert open_station(made.folder, "Xinmima2026").verify().ok
    assert PASSWORD.encode() not in b"".join(_files(made.folder).values())
    assert made.recovery_key.encode() not in b"".join(_files(made.folder).values())


@pytest.mark.parametrize(
    "left", [("jzdesk.db",), ("jzdesk.db", "slots.json", "device.key"), ("station.json", "slots.json")]
)
def test_what_a_broken_off_beginning_left_is_set_aside_and_not_lost(folder: Path, left: tuple[str, ...]) -> None:
    """Power failed during the first-run guide, or the database was lost: beginning anew works and deletes nothing."""
    for path in list(folder.iterdir()):
        if path.is_file() and path.name not in left:
            path.unlink()
    before = _files(folder)
    create_station(folder, **GOOD)
    station = open_station(folder, PASSWORD)
    assert _classes(station) == 0
    (aside,) = folder.glob("leftover-*")
    assert _files(aside) == before


def test_a_folder_that_cannot_be_made_is_the_machines_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StationFault, match="工作站文件夹"):
        create_station(tmp_path / "file" / "station", **GOOD)
