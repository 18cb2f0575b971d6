"""A county moves to a PostgreSQL server and back: proved equal first, switched at one stroke, never half."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path
from typing import Any

import pytest

from jzdesk.core.errors import StationFault, UserError
from jzdesk.models import Student
from jzdesk.services import backups, merging
from jzdesk.services.bundle import Services
from jzdesk.services.ledger import Query
from jzdesk.services.stations import is_station, open_station
from jzdesk.services.verdicts import MergeOutcome
from jzdesk.store import carrying, server, verify
from tests.factories.people import id_number
from tests.factories.servers import SAFE_PASSWORD, SAFE_USER, TestServer
from tests.factories.stations import PASSWORD, certify, new_county, new_school


@pytest.fixture
def address(postgres: TestServer) -> str:
    """An empty database on the server."""
    return str(postgres.database())


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    folder = tmp_path / "stick"
    folder.mkdir()
    return folder


@pytest.fixture
def told(county: Services, certified: Services, stick: Path) -> Services:
    """The county once a school has reported: students, a conflict of one, a draft, a setting, a package in its log."""
    uid = add(certified, "周小")
    certified.exchange.export(stick)
    county.merging.merge([stick])
    with county.context.write("改名") as unit:
        unit.change(Student, uid, {"name": "周大"})
    with certified.context.write() as unit:
        unit.change(Student, uid, {"name": "周少"})
    certified.exchange.export(stick)
    county.merging.merge([stick])
    county.context.store.save_draft("draft", {"name": "没写完"})
    return county


def add(station: Services, name: str, **values: Any) -> str:
    with station.context.write() as unit:
        return unit.add(Student, {"name": name, "sex": "1", "birth": "2016-05-07", **values})


def reopened(station: Services) -> Services:
    station.close()
    return open_station(station.info.folder, PASSWORD)


def seen(county: Services) -> Any:
    """What people see of a county: the work at hand, who is found, conflicts, the log, what can be undone."""
    return (
        county.verify(), county.home.summary(), county.students.search("周"), county.settling.conflicts(),
        county.merging.arrivals(), county.undoing.recent(), county.context.store.load_draft("draft"),
        county.county.issued(), [county.ledger.ids(Query(entity)) for entity in county.ledger.specs],
    )  # fmt: skip


def test_there_and_back_again_everything_is_as_it_was(told: Services, address: str) -> None:
    folder, before = told.info.folder, seen(told)
    reports: list[tuple[int, int, str]] = []
    moved = told.databases.use_server(address, progress=lambda *report: reports.append(report))
    assert (moved.place.kind, moved.digest, moved.place.shown) == ("server", before[0].digest, address)
    assert {what for *_, what in reports} == {"复制", "逐表核对", "由变更日志重算"}
    assert seen(told) == before, "without opening it again"
    county = reopened(told)
    assert seen(county) == before
    uid = add(county, "服务器上的")
    assert county.students.search("fwq")[0].uid == uid
    after = seen(county)
    assert county.databases.use_file().digest == after[0].digest
    assert seen(county) == after
    county = reopened(county)
    assert (seen(county), county.databases.place().kind) == (after, "file")
    (aside,) = folder.glob("replaced-*")
    assert (aside / "jzdesk.db").is_file()
    assert not list(folder.glob("*.part*"))


def test_the_file_that_was_left_still_holds_everything(told: Services, address: str) -> None:
    before = told.verify()
    told.databases.use_server(address)
    add(told, "后来的")
    told.close()
    (told.info.folder / "server.sealed").unlink()
    left = open_station(told.info.folder, PASSWORD)
    assert left.verify() == before


def test_the_address_and_its_password_lie_nowhere_in_clear(county: Services, postgres: TestServer) -> None:
    postgres.run(f'ALTER DATABASE "{(url := postgres.database()).database}" OWNER TO {SAFE_USER}')
    safe = postgres.url(str(url.database), SAFE_USER)
    with pytest.raises(StationFault, match="连不上"):
        county.databases.try_server(str(safe), "wrong")
    tried = county.databases.try_server(str(safe), SAFE_PASSWORD)
    assert "连接在本机，不经网络" in tried.sentence
    moved = county.databases.use_server(str(safe), SAFE_PASSWORD)
    county = reopened(county)
    assert county.databases.place() == moved.place
    for text in (SAFE_PASSWORD, SAFE_USER, "Fuwuqi"):
        assert text not in moved.place.shown or text == SAFE_USER
        for path in county.info.folder.rglob("*"):
            assert path.is_dir() or text.encode() not in path.read_bytes(), path


def test_a_database_that_is_not_empty_is_not_touched(county: Services, postgres: TestServer, address: str) -> None:
    postgres.run("CREATE TABLE other (x int)", address.rpartition("/")[2])
    with pytest.raises(UserError, match="已经有别的数据"):
        county.databases.use_server(address)
    assert county.databases.place().kind == "file"
    with pytest.raises(UserError, match="本机的加密文件"):
        county.databases.use_file()


def test_a_server_that_is_too_old_or_lets_nobody_make_tables_is_refused_with_the_remedy(
    county: Services, postgres: TestServer, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shut = str(postgres.database().database)
    postgres.run("REVOKE CREATE ON SCHEMA public FROM PUBLIC", shut)
    with pytest.raises(UserError, match=r"不能在数据库里建表。.*所有者"):
        county.databases.try_server(str(postgres.url(shut, SAFE_USER)), SAFE_PASSWORD)
    monkeypatch.setattr(server, "_OLDEST", 990_000)
    with pytest.raises(UserError, match="太旧"):
        county.databases.try_server(address)


def test_only_a_county_moves_and_only_once(school: Services, county: Services, postgres: TestServer) -> None:
    address = str(postgres.database())
    with pytest.raises(UserError, match="只有县教育局"):
        school.databases.use_server(address)
    county.databases.use_server(address)
    with pytest.raises(UserError, match="已经在用服务器"):
        county.databases.use_server(str(postgres.database()))


class _Stop(Exception):
    """The person has seen enough."""


def test_a_move_that_is_stopped_or_fails_leaves_everything_where_it_was(
    told: Services, postgres: TestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, address = seen(told), str(postgres.database())

    def stop(done: int, total: int, what: str) -> None:
        if what == "逐表核对":
            raise _Stop

    with pytest.raises(_Stop):
        told.databases.use_server(address, progress=stop)
    with monkeypatch.context() as patched:
        patched.setattr(carrying._Tally, "told", lambda self: (self.rows, id(self)))
        with pytest.raises(StationFault, match="复制后核对不一致"):
            told.databases.use_server(address)
    with monkeypatch.context() as patched:
        wrong = verify.Verified(ok=False, entries=0, conflicts=0, digest="", differences=("student x",))
        patched.setattr(carrying, "verify", lambda _: wrong)
        with pytest.raises(StationFault, match="1 处与变更日志不一致"):
            told.databases.use_server(address)
    assert (seen(told), told.databases.place().kind) == (before, "file")
    told.databases.use_server(address)  # nothing was left on the server
    with pytest.raises(_Stop):
        told.databases.use_file(progress=stop)
    assert (seen(told), told.databases.place().kind) == (before, "server")
    assert not list(told.info.folder.glob("*.part*"))


@pytest.mark.parametrize(("what", "share"), [("复制", 1.0), ("逐表核对", 0.5)])
def test_a_server_that_goes_away_in_the_middle_of_a_move_leaves_everything_where_it_was(
    told: Services, postgres: TestServer, what: str, share: float
) -> None:
    before, url = seen(told), postgres.database()

    def cut(done: int, total: int, now: str) -> None:
        if now == what and done >= total * share:
            postgres.end_sessions(str(url.database))

    with pytest.raises(StationFault, match="连接断了"):
        told.databases.use_server(str(url), progress=cut)
    assert (seen(told), told.databases.place().kind) == (before, "file")
    told.databases.use_server(str(url))
    with pytest.raises(StationFault, match="连接断了"):
        told.databases.use_file(cut)
    assert (seen(told), told.databases.place().kind) == (before, "server")


def test_a_window_that_was_open_meanwhile_writes_nothing_into_the_old_place(county: Services, address: str) -> None:
    other = open_station(county.info.folder, PASSWORD)
    county.databases.use_server(address)
    with pytest.raises(StationFault, match="已经搬到服务器上"):
        add(other, "写进旧文件")
    other.close()
    other = open_station(county.info.folder, PASSWORD)
    add(other, "写到服务器")
    county.databases.use_file()
    with pytest.raises(StationFault, match="已经搬到文件上"):
        add(other, "写进旧库")
    assert county.verify().students == 1
    other.close()


def test_a_copy_of_the_folder_that_still_points_to_the_server_says_that_the_data_has_left(
    county: Services, address: str, tmp_path: Path
) -> None:
    county.databases.use_server(address)
    shutil.copytree(county.info.folder, tmp_path / "second")
    county.databases.use_file()
    with pytest.raises(UserError, match=r"已于 .* 从服务器搬回文件"):
        open_station(tmp_path / "second", PASSWORD)


def test_a_backup_of_the_server_is_a_file_that_comes_back_anywhere(told: Services, address: str) -> None:
    told.databases.use_server(address)
    before, made = told.verify(), told.backups.make()
    assert made.entries == before.entries
    assert not told.backups.due()
    add(told, "后来的")
    folder = told.info.folder
    told.close()
    (folder / "jzdesk.db").unlink()
    assert is_station(folder), "the server has it"
    backups.restore(folder, made.path, PASSWORD)
    county = open_station(folder, PASSWORD)
    assert (county.verify(), county.databases.place().kind) == (before, "file")
    (aside,) = folder.glob("replaced-*")
    assert (aside / "server.sealed").is_file()


def test_two_people_who_merge_at_once_end_as_one_who_merged_alone(
    county: Services, postgres: TestServer, tmp_path: Path, stick: Path
) -> None:
    for code in ("2143990001", "2143990002", "3143990003"):
        school = new_school(tmp_path / code, code)
        certify(school, county, tmp_path)
        for number in range(3):
            add(school, f"学生{number}", id_number=id_number(serial=number))
            school.exchange.export(stick)
    shutil.copytree(county.info.folder, tmp_path / "alone")
    county.databases.use_server(str(postgres.database()))
    county.close()
    shutil.copytree(county.info.folder, tmp_path / "second")
    people = [open_station(folder, PASSWORD) for folder in (county.info.folder, tmp_path / "second")]
    outcomes: list[list[MergeOutcome]] = [[], []]

    def merge(who: int) -> None:
        order = sorted(stick.glob("*.jzp"), reverse=bool(who))
        outcomes[who] = people[who].merging.merge(order)

    threads = [threading.Thread(target=merge, args=(who,)) for who in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    alone = open_station(tmp_path / "alone", PASSWORD)
    alone.merging.merge([stick])
    people[0].merging.merge([stick])
    assert people[0].verify().digest == people[1].verify().digest == alone.verify().digest
    assert people[0].verify().entries == alone.verify().entries
    assert {one.outcome for found in outcomes for one in found} <= {"applied", "duplicate", "parked"}


def test_whoever_merges_while_another_does_is_told_who_and_loses_nothing(
    told: Services, certified: Services, address: str, stick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told.databases.use_server(address)
    other = open_station(told.info.folder, PASSWORD)
    add(certified, "新来的")
    (done,) = certified.exchange.export(stick)
    monkeypatch.setattr(server, "WAIT", 100)
    with told.context.write() as unit:
        unit.add(Student, {"name": "正在保存"})
        with pytest.raises(StationFault, match=r"“测试员@.*”正在并入或保存数据"):
            other.merging.merge([done.path])
        assert [row.name for row in other.students.search("周")] == ["周大"], "reading goes on"
    (outcome,) = other.merging.merge([done.path])
    assert outcome.outcome == "applied"
    other.close()


def test_a_server_that_goes_away_in_the_middle_of_a_merge_changes_nothing(
    told: Services, certified: Services, postgres: TestServer, address: str, stick: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    told.databases.use_server(address)
    before = told.verify()
    add(certified, "新来的")
    (done,) = certified.exchange.export(stick)
    take = merging.take_package

    def cut(*args: Any) -> MergeOutcome:
        outcome = take(*args)
        postgres.end_sessions(address.rpartition("/")[2])
        return outcome

    with monkeypatch.context() as patched:
        patched.setattr(merging, "take_package", cut)
        with pytest.raises(StationFault, match="连接断了"):
            told.merging.merge([done.path])
    assert told.verify() == before
    (outcome,) = told.merging.merge([done.path])
    assert (outcome.outcome, outcome.counts.applied) == ("applied", 1)


def test_a_server_that_is_down_is_said_when_the_station_is_opened(
    county: Services, postgres: TestServer, address: str
) -> None:
    county.databases.use_server(address)
    county.close()
    name = address.rpartition("/")[2]
    postgres.run(f'ALTER DATABASE "{name}" RENAME TO "{name}_away"')
    with pytest.raises(StationFault, match="连不上或出错"):
        open_station(county.info.folder, PASSWORD)
    postgres.run(f'ALTER DATABASE "{name}_away" RENAME TO "{name}"')
    assert open_station(county.info.folder, PASSWORD).verify().ok


def test_a_value_with_a_nul_waits_for_a_decision_in_both_databases(
    both_databases: str, tmp_path: Path, stick: Path
) -> None:
    from tests.factories.forging import Forger

    county, school = new_county(tmp_path / "county"), new_school(tmp_path / "school")
    certify(school, county, tmp_path)
    forger = Forger(school)
    forger.say(set={"name": "周\0小"})
    forger.say()
    (outcome,) = county.merging.merge([forger.package(stick)])
    assert (outcome.outcome, outcome.counts.held, outcome.counts.applied) == ("held", 1, 1)
    forger = Forger(school)
    forger.say(uid="a\0b")
    (outcome,) = county.merging.merge([forger.package(stick)])
    assert (outcome.outcome, county.databases.place().kind) == ("rejected", both_databases)
