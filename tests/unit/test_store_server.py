"""The store on a PostgreSQL server: the guard, one writer at a time, snapshots, and what statements mean there."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.operations import Operations
from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from jzdesk.core.clock import Clock
from jzdesk.core.errors import StationFault, UserError
from jzdesk.models import BY_NAME, Household, Member, Record, Student
from jzdesk.store import engine, search, server, upgrade
from jzdesk.store.carrying import carry
from jzdesk.store.dialects import of
from jzdesk.store.engine import gate
from jzdesk.store.server import Server, read_url
from jzdesk.store.store import Store
from jzdesk.store.tables import action, chain, conflict, import_run, journal, parked_row, search_doc, setting
from tests.factories.places import on_server
from tests.factories.servers import SAFE_USER, TestServer
from tests.factories.stores import AUTHOR, KEY, add_student, check, new_store

GUARDED = [*sorted(BY_NAME), "journal", "chain", "conflict"]
STUDENT = Record.metadata.tables["student"]
ROW = {"uid": "a" * 32, "scope": "x", "hidden": 0, "name": "冒名者"}


@pytest.fixture(autouse=True)
def there(postgres: TestServer) -> Iterator[None]:
    with on_server(postgres):
        yield


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return new_store(tmp_path)


def place(store: Store) -> Server:
    assert isinstance(store.database, Server)
    return store.database


def another(store: Store, who: str = "李四") -> Store:
    """The same database, opened by somebody else."""
    return Store(Server(place(store).url, KEY, who), KEY, Clock())


def test_no_path_but_the_journal_writes_a_guarded_table(store: Store) -> None:
    add_student(store)
    before = check(store)
    for table in GUARDED:
        column = "hidden" if table in BY_NAME else {"journal": "state", "chain": "last_n", "conflict": "ids"}[table]
        for sql in (
            f'DELETE FROM "{table}"', f'UPDATE "{table}" SET {column} = {column}', f'TRUNCATE "{table}" CASCADE',
            f'INSERT INTO "{table}" SELECT * FROM "{table}"',
        ):  # fmt: skip
            with pytest.raises(DatabaseError, match="not authorized"), store._writer.begin() as connection:
                connection.exec_driver_sql(sql)
        with pytest.raises(DatabaseError, match="not authorized"), store._writer.begin() as connection:
            of(connection).insert(connection, table, (column,), [(1,)] * 50)  # that is COPY
    for statement in (
        insert(STUDENT).values(ROW), update(STUDENT).values(name="冒名者"), delete(STUDENT),
        insert(conflict).values(ent="student", uid="a", field="name", ids="[]"),
        update(journal).values(body=b"{}"), update(chain).values(last_n=0),
    ):  # fmt: skip
        with pytest.raises(DatabaseError, match="not authorized"), store.local() as connection:
            connection.execute(statement)
    with Session(store._writer) as session:
        session.add(Student(**ROW))
        with pytest.raises(DatabaseError):
            session.flush()
    assert check(store) == before


def _break_in(connection: Connection) -> None:
    with gate(connection):
        connection.exec_driver_sql("SELECT 1 FROM no_such_table")


def test_the_gate_is_shut_again_after_an_error_inside_it_and_after_the_transaction(store: Store) -> None:
    add_student(store)
    with store._writer.begin() as connection:
        with pytest.raises(RuntimeError), gate(connection):
            raise RuntimeError("inside")
        with pytest.raises(DatabaseError):
            connection.execute(delete(STUDENT))
    with pytest.raises(DatabaseError), store._writer.begin() as connection:
        _break_in(connection)
    with pytest.raises(DatabaseError), store._writer.begin() as connection:
        connection.execute(delete(STUDENT))


def test_the_reader_writes_nothing_at_all(store: Store) -> None:
    with pytest.raises(DatabaseError, match="read-only"), store._reader.begin() as connection:
        connection.execute(insert(setting).values(key="k", value="1"))


def test_a_second_writer_waits_a_little_and_is_told_who_writes(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    other = another(store, "张三")
    monkeypatch.setattr(server, "WAIT", 150)
    with other.write(AUTHOR) as unit:
        unit.add(Student, {"name": "宋火强"})
        with pytest.raises(StationFault, match=r"“张三@.*”正在并入或保存数据，从 ..:.. 开始") as told:
            add_student(store, "没轮到")
        assert told.value.kept == "这一步没有保存，之前保存的内容都在"
    assert add_student(store, "轮到了")
    assert check(store).entries == 2
    other.close()


def test_writers_who_come_at_the_same_time_write_one_unbroken_chain(store: Store) -> None:
    stores = [store, another(store), another(store)]

    def write(mine: Store) -> None:
        for number in range(8):
            add_student(mine, f"学生{number}")
            mine.catch_up()

    threads = [threading.Thread(target=write, args=(mine,)) for mine in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = check(store)
    assert (found.ok, found.entries) == (True, 24)
    assert len(store.find("xs", 100)) == 24
    for mine in stores[1:]:
        mine.close()


def test_reading_goes_on_while_somebody_writes_and_shows_what_was(store: Store) -> None:
    add_student(store, "早来的")
    with store.write(AUTHOR) as unit:
        for number in range(50):
            unit.add(Student, {"name": f"学生{number}"})
        assert unit.connection.execute(select(sa.func.count()).select_from(STUDENT)).scalar_one() == 51
        with store.read() as connection:
            assert connection.execute(select(STUDENT.c.name)).scalars().all() == ["早来的"]
        assert len(store.find("zld", 10)) == 1
    with store.read() as connection:
        assert connection.execute(select(sa.func.count()).select_from(STUDENT)).scalar_one() == 51


def test_a_server_that_goes_away_undoes_the_step_and_the_next_one_works_again(
    store: Store, postgres: TestServer
) -> None:
    add_student(store)
    before = check(store)
    name = str(place(store).url.database)

    def write(many: int) -> None:
        with store.write(AUTHOR) as unit:
            unit.add_many(Student, [{"name": f"学生{number}"} for number in range(many)])
            postgres.end_sessions(name)
            unit.flush()

    for many in (1, 60):  # one by one, and with COPY
        with pytest.raises(StationFault, match="连接断了") as told:
            write(many)
        assert "没有保存" in told.value.kept
    assert check(store) == before
    add_student(store)
    assert check(store).entries == before.entries + 1


def test_a_server_that_cannot_be_reached_is_named_without_its_password(store: Store) -> None:
    url = read_url("postgresql://jzdesk:geheim@127.0.0.1:1/jzdesk")
    with pytest.raises(StationFault, match=r"127\.0\.0\.1:1 连不上") as told:
        Store(Server(url, KEY), KEY, Clock())
    assert "geheim" not in str(told.value.sentence())


@pytest.mark.parametrize(
    ("database", "user", "password", "port", "remedy"),
    [
        ("postgres", SAFE_USER, "falsch", None, "用户名或密码不对"),
        ("postgres", SAFE_USER, None, None, "没有给出密码"),
        ("nirgends", "postgres", None, None, "服务器上没有这个数据库"),
        ("postgres", "niemand", None, None, "服务器上没有这个用户"),
        ("postgres?sslmode=require", "postgres", None, None, "启用 TLS"),
        ("postgres", "postgres", None, 1, "服务器没有开、端口不对"),
    ],
)
def test_a_connection_that_fails_names_what_helps(
    postgres: TestServer, database: str, user: str, password: str | None, port: int | None, remedy: str
) -> None:
    url = read_url(f"postgresql://{user}@127.0.0.1:{port or postgres.port}/{database}", password)
    with pytest.raises(StationFault, match="连不上") as told:
        Server(url, KEY).look()
    assert remedy in told.value.sentence()


def test_texts_and_nothing_stand_in_the_order_that_they_have_in_a_file(store: Store) -> None:
    """The server of the tests sorts by pinyin unless told otherwise."""
    names = ["赵", "钱", "a", "B", "b", "A", "é", "𠮷", "啊", "1", "-"]
    with store.write(AUTHOR) as unit:
        unit.add_many(Student, [{"name": name, "address": None if name == "a" else name} for name in names])
    with store.read() as connection:
        by_name = connection.execute(select(STUDENT.c.name).order_by(STUDENT.c.name)).scalars().all()
        by_address = select(STUDENT.c.address).order_by(STUDENT.c.address)
        down = select(STUDENT.c.address).order_by(STUDENT.c.address.desc())
        assert by_name == sorted(names)
        assert connection.execute(by_address).scalars().first() is None
        assert connection.execute(down).scalars().all()[-1] is None
        alike = select(STUDENT.c.name).where(STUDENT.c.name.contains("B")).order_by(STUDENT.c.name)
        assert connection.execute(alike).scalars().all() == ["B", "b"]


def test_large_numbers_and_their_sums_are_whole_numbers(store: Store) -> None:
    with store.local() as connection:
        connection.execute(insert(search_doc), [{"id": 2**52 + n, "uid": str(n), "said": ""} for n in range(2)])
        total = connection.execute(select(sa.func.sum(search_doc.c.id))).scalar_one()
        found = connection.execute(select(search_doc.c.uid).where(search_doc.c.id == 2**52)).scalar_one()
    assert (total, type(total), found) == (2**53 + 1, int, "0")


def test_long_texts_are_not_cut_and_one_with_a_nul_is_refused_in_words(store: Store) -> None:
    store.save_draft("k" * 500, {"name": "长" * 9000})
    assert store.load_draft("k" * 500) == {"name": "长" * 9000}
    with pytest.raises(StationFault, match="空字符"), store.local() as connection:
        connection.execute(insert(setting).values(key="k", value="a\0b"))


def _people(store: Store) -> None:
    names = ["宋火强", "曾强", "单小乐", "王王王", "王旺", "阿依·古丽", "Tom Lee", "李大山", "欧阳大山"]
    with store.write(AUTHOR) as unit:
        home = unit.add(Household, {"village_group": "青西村3组", "number": "HH000777"})
        for number, name in enumerate(names):
            unit.add(Student, {"name": name, "id_number": f"43109920160507{number:03d}X", "household": home})
        person = unit.add(Member, {"name": "欧阳大海", "phone": "13812345678"})
        unit.add(BY_NAME["guardian"], {"student": unit.add(Student, {"name": "赵云"}), "member": person})


TYPED = (
    "shq", "q", "w", "王", "ww", "wang", "zhq", "szq", "古丽", "aygl", "tom", "lee", "山", "3组", "村", "000777", "199",
    "431", "431099", "20160507", "4310992016050700", "002x", "002X", "07004x", "oydh", "欧阳", "138123", "zy", "",
)  # fmt: skip


def test_the_same_people_are_found_in_the_same_order_as_in_a_file(tmp_path: Path, postgres: TestServer) -> None:
    from tests.factories.places import on_file

    with on_file():
        file = new_store(tmp_path)
    _people(file)
    file.catch_up()
    moved = Server(postgres.database(), KEY)
    with file.read() as source:
        moved.fill(lambda target: carry(source, target))
    there = Store(moved, KEY, Clock())
    for limit in (1, 3, 50):
        for typed in TYPED:
            assert there.hits(typed, limit) == file.hits(typed, limit), (typed, limit)
    _people(there)
    again = check(there)
    assert again.ok
    with there.local() as connection:
        search.rebuild(connection)
    assert len(there.find("宋火强", 50)) == 2


def test_a_name_with_many_like_suffixes_does_not_hide_the_others(store: Store) -> None:
    with store.write(AUTHOR) as unit:
        unit.add_many(Student, [{"name": "王" * 40} for _ in range(4)])
        unit.add_many(Student, [{"name": f"李王{n}"} for n in range(3)])
    store.catch_up()
    with store.read() as connection:
        assert len(of(connection).named(connection, search.PART, "王", "王\U0010ffff", 6)) == 6


def test_new_rows_are_numbered_after_those_that_were_carried_over(store: Store, postgres: TestServer) -> None:
    with store.local() as connection:
        connection.execute(
            insert(import_run),
            [{"id": 7, "kind": "k", "file": "f", "sha256": "0", "counts": "{}", "notes": "", "at": 1}],
        )
    moved = Server(postgres.database(), KEY)
    with store.read() as source:
        moved.fill(lambda target: carry(source, target))
    there = Store(moved, KEY, Clock())
    with there.local() as connection:
        made = connection.execute(
            insert(import_run).values(kind="k", file="f", sha256="0", counts="{}", notes="", at=1)
        )
        assert made.inserted_primary_key == (8,)
    with there.write(AUTHOR, "新增") as unit:
        unit.add(Student, {"name": "宋火强"})
    with there.read() as connection:
        assert connection.execute(select(action.c.id)).scalars().all() == [1]
        assert connection.execute(select(sa.func.count()).select_from(parked_row)).scalar_one() == 0


def test_an_older_schema_is_brought_up_after_a_copy_was_kept_on_the_server(
    store: Store, postgres: TestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_student(store)
    store.close()

    def step(operations: Operations) -> None:
        operations.add_column("setting", sa.Column("shoe_size", sa.Integer))

    monkeypatch.setattr(engine, "SCHEMA", engine.SCHEMA + 1)
    monkeypatch.setattr(upgrade, "STEPS", {engine.SCHEMA - 1: step})
    again = another(store)
    assert check(again).ok
    kept, base = f"jzdesk_v{engine.SCHEMA - 1}", str(place(store).url.database)
    columns = "SELECT table_schema, column_name FROM information_schema.columns WHERE table_name = 'setting'"
    assert ("public", "shoe_size") in (found := postgres.run(columns, base))
    assert (kept, "key") in found
    assert (kept, "shoe_size") not in found
    assert postgres.run(f"SELECT count(*) FROM {kept}.student", base) == [(1,)]
    monkeypatch.setattr(engine, "SCHEMA", engine.SCHEMA - 2)
    with pytest.raises(UserError, match="更新的版本"):
        another(store)


@pytest.mark.parametrize(
    "text", ["", "mysql://a@b/c", "postgresql://host", "sqlite:///x.db", "postgresql+psycopg2://a@b/c"]
)
def test_what_is_no_address_of_a_postgresql_database_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="地址的写法不对"):
        read_url(text)


def test_an_address_whose_end_the_driver_does_not_know_is_refused() -> None:
    assert read_url("postgresql://a@b/c?sslmode=require&application_name=x").database == "c"
    with pytest.raises(UserError, match="末尾的“ssl_mode”看不懂"):
        read_url("postgresql://a@b/c?ssl_mode=require")
