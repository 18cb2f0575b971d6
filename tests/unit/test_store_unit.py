"""The unit of work: every change an entry, only what differs, one transaction, and nothing that cannot be read back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlcipher3.dbapi2 as sqlcipher
from sqlalchemy import func, select

from jzdesk.core.chain import GENESIS, chain_step
from jzdesk.core.clock import Clock
from jzdesk.core.errors import UserError
from jzdesk.core.fields import Value
from jzdesk.core.merge import BODY_LIMIT, Known
from jzdesk.models import Staff, Student
from jzdesk.store import journal
from jzdesk.store.engine import SCHEMA
from jzdesk.store.store import Store
from jzdesk.store.tables import conflict
from jzdesk.store.tables import journal as journal_table
from jzdesk.store.unit import Changes
from jzdesk.sync.lines import LINE_LIMIT
from tests.factories import haste
from tests.factories.stores import AUTHOR, KEY, add_student, check, new_store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return new_store(tmp_path)


def _entries(store: Store, uid: str) -> list[Known]:
    with store.read() as connection:
        return sorted(journal.known_entries(connection, "student", (uid,))[uid], key=lambda known: known.entry.n)


def _row(store: Store, uid: str) -> dict[str, Value]:
    with store.read() as connection:
        table = Student.__table__
        return dict(connection.execute(select(table).where(table.c.uid == uid)).mappings().one())


def _size(store: Store) -> int:
    with store.read() as connection:
        return connection.execute(select(func.count()).select_from(journal_table)).scalar_one()


def test_a_new_record_is_one_entry_without_bases_and_without_empty_fields(store: Store) -> None:
    uid = add_student(store, phone=None)
    (known,) = _entries(store, uid)
    assert known.entry.base == {}
    assert known.entry.set == {"name": "宋火强", "sex": "1", "birth": "2016-05-07"}
    assert (known.entry.op, known.entry.actor, known.entry.role, known.entry.scope) == (
        "put", "测试员", "school", "2143990001",
    )  # fmt: skip


def test_a_change_writes_only_the_fields_that_differ_and_names_what_they_replace(store: Store) -> None:
    uid = add_student(store)
    with store.write(AUTHOR) as unit:
        assert unit.change(Student, uid, {"name": "宋火强", "sex": "2", "phone": "13800000000"})
    first, second = _entries(store, uid)
    assert second.entry.set == {"sex": "2", "phone": "13800000000"}
    assert second.entry.base == {"sex": (first.id,)}
    assert _row(store, uid)["sex"] == "2"


def test_a_change_that_changes_nothing_is_no_entry(store: Store) -> None:
    uid = add_student(store)
    before = check(store)
    with store.write(AUTHOR) as unit:
        assert not unit.change(Student, uid, {"name": "宋火强", "phone": None})
    assert check(store) == before


def test_a_field_is_emptied_by_an_entry_that_says_so(store: Store) -> None:
    uid = add_student(store, phone="13800000000")
    with store.write(AUTHOR) as unit:
        unit.change(Student, uid, {"phone": None})
    assert _entries(store, uid)[1].entry.set == {"phone": None}
    assert _row(store, uid)["phone"] is None


def test_two_changes_in_one_unit_build_on_each_other(store: Store) -> None:
    with store.write(AUTHOR) as unit:
        uid = unit.add(Student, {"name": "甲", "sex": "1", "birth": "2016-05-07"})
        unit.change(Student, uid, {"name": "乙"})
        unit.change(Student, uid, {"name": "丙"})
    entries = _entries(store, uid)
    assert [known.entry.base.get("name", ()) for known in entries] == [(), (entries[0].id,), (entries[1].id,)]
    assert _row(store, uid)["name"] == "丙"
    assert check(store).conflicts == 0


def test_many_records_are_many_entries_in_one_unbroken_chain(store: Store) -> None:
    with store.write(AUTHOR) as unit:
        uids = unit.add_many(Staff, [{"name": f"老师{n}"} for n in range(2000)])
    assert len(set(uids)) == 2000
    own = store.own_chain()
    with store.read() as connection:
        previous = GENESIS
        for count, (n, h, body) in enumerate(journal.stretch(connection, own.id, 0), start=1):
            previous = chain_step(previous, body)
            assert (n, h) == (count, previous)
    assert (own.last_n, own.last_h) == (2000, previous)


def test_an_exception_leaves_nothing_and_the_chain_goes_on(store: Store) -> None:
    uid = add_student(store)
    before = check(store)

    def fail() -> None:
        with store.write(AUTHOR) as unit:
            unit.add_many(Staff, [{"name": f"老师{n}"} for n in range(1200)])
            unit.change(Student, uid, {"name": "改了"})
            unit.void(Student, uid, "误录")
            assert unit.connection is not None  # all of it is written by now
            raise RuntimeError("the power of the second half")

    with pytest.raises(RuntimeError):
        fail()
    assert check(store) == before
    add_student(store, "后来者")
    assert store.own_chain().last_n == 2
    assert check(store).ok


def test_nobody_hears_of_a_change_that_was_not_kept(store: Store) -> None:
    heard: list[Changes] = []
    store.subscribe(heard.append)

    def fail() -> None:
        with store.write(AUTHOR) as unit:
            unit.add(Staff, {"name": "甲"})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert heard == []
    uid = add_student(store)
    assert [(changes.entities, changes.uids) for changes in heard] == [({"student"}, {uid})]


def test_a_voided_record_is_hidden_with_its_reason_and_comes_back(store: Store) -> None:
    uid = add_student(store)
    with store.write(AUTHOR) as unit:
        unit.void(Student, uid, "重复录入")
    assert _row(store, uid)["hidden"] == 1
    first, void = _entries(store, uid)
    assert (void.entry.op, void.entry.why, void.entry.seen) == ("void", "重复录入", (first.id,))
    with store.write(AUTHOR) as unit:
        unit.restore(Student, uid)
    assert _row(store, uid)["hidden"] == 0
    assert _row(store, uid)["name"] == "宋火强"
    with store.write(AUTHOR) as unit:
        unit.void(Student, uid, "又一次")
    assert _row(store, uid)["hidden"] == 1


def test_an_unknown_record_is_said_so_and_nothing_is_written(store: Store) -> None:
    for work in ("void", "restore", "change"):

        def attempt(work: str = work) -> None:
            with store.write(AUTHOR) as unit:
                unit.add(Staff, {"name": "甲"})
                extra: tuple[object, ...] = {"void": ("x",), "restore": (), "change": ({"name": "x"},)}[work]
                getattr(unit, work)(Student, "f" * 32, *extra)

        with pytest.raises(UserError, match="1 条学生记录不存在"):
            attempt()
    assert _size(store) == 0


@pytest.mark.parametrize(
    "values",
    [{"name": 3}, {"only_child": "1"}, {"birth": dt.date(2016, 5, 7)}, {"name": 1.5}, {"nme": "甲"}, {"hidden": 1}],
)
def test_what_could_not_be_read_back_is_refused_before_it_is_journaled(store: Store, values: dict[str, Value]) -> None:
    def attempt() -> None:
        with store.write(AUTHOR) as unit:
            unit.add(Student, {"name": "甲", **values})

    with pytest.raises(TypeError):
        attempt()
    assert _size(store) == 0


def test_true_is_kept_as_one(store: Store) -> None:
    uid = add_student(store, only_child=True)
    assert _entries(store, uid)[0].entry.set["only_child"] == 1
    with store.write(AUTHOR) as unit:
        assert not unit.change(Student, uid, {"only_child": True})


def test_an_entry_no_package_could_carry_is_refused_while_it_can_still_be_shortened(store: Store) -> None:
    with pytest.raises(UserError, match="太长"):
        add_student(store, note="长" * 30_000)
    assert _size(store) == 0
    assert BODY_LIMIT == LINE_LIMIT


def test_a_number_other_readers_would_round_is_refused(store: Store) -> None:
    uid = add_student(store)
    (known,) = _entries(store, uid)
    from jzdesk.core.merge import decode, encode

    body = encode(known.entry).replace(f'"sv":{SCHEMA}'.encode(), b'"sv":9007199254740992')
    with pytest.raises(Exception, match="Expected `int`"):
        decode(body)


def test_two_stores_on_one_file_write_one_chain(store: Store, tmp_path: Path) -> None:
    other = Store(tmp_path / "jzdesk.db", KEY, Clock())
    uid = add_student(store)
    with other.write(AUTHOR) as unit:
        unit.change(Student, uid, {"name": "改名"})
    with store.write(AUTHOR) as unit:
        unit.change(Student, uid, {"name": "再改"})
    entries = _entries(other, uid)
    assert [known.entry.n for known in entries] == [1, 2, 3]
    assert entries[2].entry.base == {"name": (entries[1].id,)}
    assert check(store) == check(other)
    other.close()


def test_time_never_runs_backwards_even_when_the_clock_is_set_back(store: Store) -> None:
    minutes = iter([1_760_000_000_000, 1_700_000_000_000, 1_700_000_000_000])
    store.clock = Clock(lambda: next(minutes))
    uid = add_student(store)
    store.clock = Clock(lambda: 1_700_000_000_000)
    with store.write(AUTHOR) as unit:
        unit.change(Student, uid, {"name": "乙"})
    first, second = _entries(store, uid)
    assert second.entry.at > first.entry.at


def test_a_conflict_is_listed_until_somebody_settles_it(store: Store) -> None:
    uid = add_student(store)
    with store.write(AUTHOR) as unit:  # an edit made without having seen the first entry
        unit.add(Student, {"name": "宋火墙"}, uid)
    with store.read() as connection:
        (row,) = connection.execute(select(conflict)).all()
    assert (row.ent, row.uid, row.field) == ("student", uid, "name")
    with store.write(AUTHOR) as unit:
        unit.resolve(Student, uid, "name", "宋火强")
    with store.read() as connection:
        assert connection.execute(select(conflict)).all() == []
    assert _row(store, uid)["name"] == "宋火强"


def test_settings_and_drafts_are_kept_and_travel_nowhere(store: Store, tmp_path: Path) -> None:
    store.set_setting("窗口", {"宽": 1366})
    store.save_draft("student/new", {"name": "写了一半", "guardians": [{"name": "甲"}]})
    store.close()
    again = Store(tmp_path / "jzdesk.db", KEY, Clock())
    assert again.setting("窗口") == {"宽": 1366}
    assert again.setting("没有", 7) == 7
    assert again.load_draft("student/new") == {"name": "写了一半", "guardians": [{"name": "甲"}]}
    again.save_draft("student/new", None)
    assert again.load_draft("student/new") is None
    assert _size(again) == 0
    again.close()


def test_nothing_readable_stands_in_the_file(store: Store, tmp_path: Path) -> None:
    add_student(store, "宋火强", phone="13800000000")
    store.save_draft("k", {"name": "写了一半"})
    found = b"".join(path.read_bytes() for path in tmp_path.glob("jzdesk.db*"))
    for secret in ("宋火强".encode(), b"13800000000", "写了一半".encode(), b"SQLite format"):
        assert secret not in found


def test_a_broken_chain_and_a_changed_row_are_found(store: Store) -> None:
    uid = add_student(store)
    from jzdesk.store.engine import gate

    def tamper(sql: str) -> Iterator[str]:
        with store._writer.connect() as connection, connection.begin() as transaction, gate(connection):
            connection.exec_driver_sql(sql)
            from jzdesk.store.verify import verify

            yield from verify(connection).differences
            transaction.rollback()

    own = store.own_chain()
    assert list(tamper("UPDATE student SET name = '改'")) == [f"student {uid}"]
    assert list(tamper("DELETE FROM student")) == [f"student {uid}"]
    assert f"chain {own.dev} 1" in list(tamper("UPDATE journal SET body = CAST(replace(body, '宋', '朱') AS BLOB)"))
    assert f"chain {own.dev} 1" in list(tamper("UPDATE chain SET last_h = zeroblob(32)"))
    assert list(tamper("INSERT INTO conflict VALUES ('student', 'x', 'name', '[]')")) == ["conflict"]
    assert check(store).ok


def test_what_is_called_saved_has_reached_the_disk(tmp_path: Path) -> None:
    raw = sqlcipher.connect(str(tmp_path / "x.db"))
    haste.PREPARE(raw, KEY, True)
    assert raw.execute("PRAGMA synchronous").fetchone() == (2,), "FULL: tests do without, the product does not"
    raw.close()
