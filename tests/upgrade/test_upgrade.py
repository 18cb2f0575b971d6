"""Every released database still opens, and one of an older schema is brought up to date after a copy was kept."""

from __future__ import annotations

import errno
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.operations import Operations

from jzdesk.core.chain import GENESIS, chain_step
from jzdesk.core.errors import StationFault
from jzdesk.core.merge import Entry, encode
from jzdesk.services.stations import open_station
from jzdesk.services.students import StudentQuery
from jzdesk.store import databases, engine, journal, slots, tables, upgrade
from tests.factories.stations import PASSWORD, new_school
from tests.upgrade.make_fixture import NAMES

HERE = Path(__file__).parent
RELEASED = sorted(HERE.glob("v*"))
TODAY = engine.SCHEMA
NEXT = TODAY + 1


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A copy of the station of today's schema, which is old to the program of tomorrow."""
    shutil.copytree(HERE / f"v{TODAY}", tmp_path / "station")
    return tmp_path / "station"


@pytest.fixture
def newer(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The program as it will be with the next schema, whose step adds a column; counts how often the step ran."""
    ran: list[int] = []

    def step(operations: Operations) -> None:
        ran.append(1)
        operations.add_column("student", sa.Column("shoe_size", sa.Integer))
        operations.create_index("ix_student_shoe", "student", ["shoe_size"])

    monkeypatch.setattr(engine, "SCHEMA", NEXT)
    monkeypatch.setattr(upgrade, "STEPS", {TODAY: step})
    return ran


def _schema(folder: Path, name: str = "jzdesk.db") -> tuple[int, set[str]]:
    """(user_version, columns of student) as they stand in the file."""
    key, _ = slots.unlock(slots.load(folder / "slots.json"), PASSWORD)
    reading = engine.open_engine(folder / name, key, writing=False)
    with reading.connect() as connection:
        version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
        columns = {row.name for row in connection.exec_driver_sql("PRAGMA table_info(student)")}
    reading.dispose()
    return version, columns


def test_there_is_a_step_from_every_schema_and_a_fixture_of_each() -> None:
    assert sorted(upgrade.STEPS) == list(range(1, engine.SCHEMA))
    assert sorted(path.name for path in RELEASED if path.is_dir()) == [f"v{n}" for n in range(1, engine.SCHEMA + 1)]


@pytest.mark.parametrize("released", RELEASED, ids=lambda path: path.name)
def test_a_released_database_opens_and_shows_what_was_in_it(released: Path, tmp_path: Path) -> None:
    folder = tmp_path / "station"
    shutil.copytree(released, folder)
    expected = json.loads((folder / "expected.json").read_text("utf-8"))
    station = open_station(folder, PASSWORD)
    report = station.verify()
    assert report.ok, report.differences
    assert (report.entries, report.conflicts) == (expected["entries"], expected["conflicts"])
    if released.name == f"v{engine.SCHEMA}":
        assert report.digest == expected["digest"]
    shown = station.students.rows(station.students.ids(StudentQuery()))
    assert {row.name for row in shown} == set(NAMES[:3])
    assert [row.name for row in station.students.search("shq")] == [NAMES[0]]
    assert station.students.search("𠮷")[0].grade == "小学三年级"
    assert len(station.settling.conflicts()) == 1
    station.students.file(shown[0].uid)
    with station.context.write() as unit:
        assert unit.author.scope == "2143990001"


def test_what_a_newer_station_had_sent_is_shown_after_the_upgrade(tmp_path: Path) -> None:
    shutil.copytree(HERE / "v1", tmp_path / "station")
    values: dict[str, str | int | None] = {
        "name": "曾小雪",
        "sex": "2",
        "birth": "2016-01-02",
        "pinyin": "zeng xiao xue",
    }
    _receive(tmp_path / "station", "student", "f" * 32, values)
    station = open_station(tmp_path / "station", PASSWORD)
    assert station.verify().ok
    assert station.ledger.record("student", "f" * 32).values["pinyin"] == "zeng xiao xue"


def _receive(folder: Path, ent: str, uid: str, values: dict[str, str | int | None]) -> None:
    """An entry of schema 2 as a station of schema 1 keeps it: in the journal, in no table."""
    key, _ = slots.unlock(slots.load(folder / "slots.json"), PASSWORD)
    entry = Entry(
        at=1 << 50, actor="甲", dev="d" * 16, ent=ent, ep="e" * 16, n=1, op="put", role="school", salt="x",
        scope="2143990001", sv=2, uid=uid, set=values,
    )  # fmt: skip
    body = encode(entry)
    writing = engine.open_engine(folder / "jzdesk.db", key, writing=True)
    with writing.begin() as connection, engine.gate(connection):
        chain = journal.open_chain(connection, entry.dev, entry.ep, "2143990001", own=False)
    with writing.begin() as connection, engine.gate(connection):
        line = {"chain": chain.id, "n": 1, "h": chain_step(GENESIS, body), "ent": ent, "uid": uid, "state": 0}
        connection.execute(sa.insert(tables.journal), [{**line, "body": body}])
        connection.execute(
            sa.update(tables.chain).where(tables.chain.c.id == chain.id).values(last_n=1, last_h=line["h"])
        )
    writing.dispose()


def test_an_upgraded_database_has_the_tables_of_a_new_one(tmp_path: Path) -> None:
    shutil.copytree(HERE / "v1", tmp_path / "station")
    open_station(tmp_path / "station", PASSWORD).close()
    new_school(tmp_path / "new").close()
    assert _shape(tmp_path / "station") == _shape(tmp_path / "new")


def _shape(folder: Path) -> dict[str, tuple[set[tuple[str, str]], set[str]]]:
    """Table → its columns with their types, and its indexes."""
    key, _ = slots.unlock(slots.load(folder / "slots.json"), PASSWORD)
    reading = engine.open_engine(folder / "jzdesk.db", key, writing=False)
    with reading.connect() as connection:
        tables = [row.name for row in connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type='table'")]
        shape = {
            table: (
                {(row.name, row.type) for row in connection.exec_driver_sql(f"PRAGMA table_info({table})")},
                {row.name for row in connection.exec_driver_sql(f"PRAGMA index_list({table})")},
            )
            for table in tables
        }
    reading.dispose()
    return shape


def test_the_fixtures_are_small() -> None:
    assert sum(path.stat().st_size for path in HERE.glob("v*/*")) < 750_000 * TODAY


def test_an_older_schema_is_brought_up_to_date_once_and_a_copy_is_kept(old: Path, newer: list[int]) -> None:
    before = (old / "jzdesk.db").read_bytes()
    station = open_station(old, PASSWORD)
    assert station.verify().ok
    station.close()
    assert _schema(old)[0] == NEXT
    assert "shoe_size" in _schema(old)[1]
    assert (old / f"jzdesk.db.v{TODAY}").read_bytes() == before
    assert _schema(old, f"jzdesk.db.v{TODAY}")[0] == TODAY
    open_station(old, PASSWORD).close()
    assert newer == [1]


def test_the_copy_holds_what_was_still_in_the_write_ahead_log(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    station = open_station(old, PASSWORD)
    station.ledger.save("school_class", {"grade": "G01", "name": "1班"})
    entries = station.verify().entries
    shutil.copytree(old, old.parent / "cut-off")  # as a power cut would leave it, the log beside the database
    folder = old.parent / "cut-off"
    monkeypatch.setattr(engine, "SCHEMA", NEXT)
    monkeypatch.setattr(upgrade, "STEPS", {TODAY: lambda _operations: None})
    open_station(folder, PASSWORD).close()
    shutil.copyfile(folder / f"jzdesk.db.v{TODAY}", folder / "jzdesk.db")
    monkeypatch.setattr(engine, "SCHEMA", TODAY)
    assert open_station(folder, PASSWORD).verify().entries == entries


def test_a_step_that_fails_changes_nothing(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def half(operations: Operations) -> None:
        operations.add_column("student", sa.Column("shoe_size", sa.Integer))
        operations.drop_table("no_such_table")

    monkeypatch.setattr(engine, "SCHEMA", NEXT)
    monkeypatch.setattr(upgrade, "STEPS", {TODAY: half})
    with pytest.raises(StationFault):
        open_station(old, PASSWORD)
    assert _schema(old)[0] == TODAY
    assert "shoe_size" not in _schema(old)[1]
    monkeypatch.setattr(engine, "SCHEMA", TODAY)
    assert open_station(old, PASSWORD).verify().ok


def test_without_room_for_the_copy_nothing_is_upgraded(
    old: Path, newer: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_source: Path, _target: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(databases, "copy_durably", full)
    with pytest.raises(StationFault, match="副本存不下来"):
        open_station(old, PASSWORD)
    assert (newer, _schema(old)[0]) == ([], TODAY)


def test_a_database_of_today_opens_without_the_upgrading_machine(old: Path) -> None:
    script = (
        "import sys, pathlib\nfrom jzdesk.services.stations import open_station\n"
        f"open_station(pathlib.Path(sys.argv[1]), {PASSWORD!r}).close()\n"
        "sys.exit('alembic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script, str(old)], cwd=HERE.parents[1], check=False, timeout=60)
    assert done.returncode == 0
