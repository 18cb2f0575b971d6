"""No path but the journal writes a synchronised table."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, delete, insert, select, text, update
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from jzdesk.models import BY_NAME, Record, Student
from jzdesk.store import rows
from jzdesk.store.dialects.sqlite import insert_sql
from jzdesk.store.store import Store
from jzdesk.store.tables import chain, conflict, journal, setting
from tests.factories.stores import add_student, check, new_store

GUARDED = [*sorted(BY_NAME), "journal", "chain", "conflict"]
STUDENT = Record.metadata.tables["student"]
ROW = {"uid": "a" * 32, "scope": "x", "hidden": 0, "name": "冒名者"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store with one student; whatever a test tries, nothing of it may stay."""
    store = new_store(tmp_path)
    add_student(store)
    before = check(store)
    yield store
    assert before.ok
    assert check(store) == before


def _engines(store: Store) -> list[Engine]:
    return [store._writer, store._reader]


def _refused(engine: Engine, sql: str, rows: Any = None) -> None:
    with pytest.raises(DatabaseError), engine.begin() as connection:
        connection.exec_driver_sql(sql, rows) if rows else connection.exec_driver_sql(sql)


def test_raw_sql_writes_no_guarded_table(store: Store) -> None:
    for engine, table in product(_engines(store), GUARDED):
        _refused(engine, f'DELETE FROM "{table}"')
        _refused(engine, f'DELETE FROM "{table.upper()}"')
        column = "hidden" if table in BY_NAME else {"journal": "body", "chain": "last_n", "conflict": "ids"}[table]
        _refused(engine, f'UPDATE "{table}" SET {column} = 1')
        _refused(engine, f'INSERT OR REPLACE INTO "{table}" DEFAULT VALUES')


def test_a_guarded_table_is_not_dropped_renamed_or_given_a_trigger(store: Store) -> None:
    for engine, table in product(_engines(store), ("student", "journal", "chain", "conflict")):
        _refused(engine, f"DROP TABLE {table}")
        _refused(engine, f"ALTER TABLE {table} RENAME TO gone")
        _refused(engine, f"CREATE TRIGGER sly AFTER INSERT ON {table} BEGIN DELETE FROM student; END")
        _refused(engine, "CREATE TEMP TRIGGER sly AFTER INSERT ON setting BEGIN DELETE FROM student; END")


def test_core_statements_write_no_record(store: Store) -> None:
    for engine in _engines(store):
        for statement in (
            insert(STUDENT).values(ROW), update(STUDENT).values(name="冒名者"), delete(STUDENT),
            insert(conflict).values(ent="student", uid="a", field="name", ids="[]"),
            update(journal).values(body=b"{}"), update(chain).values(last_n=0),
        ):  # fmt: skip
            with pytest.raises(DatabaseError), engine.begin() as connection:
                connection.execute(statement)


def test_the_unit_of_work_of_the_orm_writes_no_record(store: Store) -> None:
    with Session(store._writer) as session:
        session.add(Student(uid="b" * 32, scope="x", hidden=0, name="冒名者"))
        with pytest.raises(DatabaseError):
            session.flush()
    with Session(store._writer) as session:
        student = session.execute(select(Student)).scalar_one()
        student.name = "改名者"
        with pytest.raises(DatabaseError):
            session.flush()


def test_executemany_with_the_very_statement_of_the_journal_is_refused_outside_it(store: Store) -> None:
    """The statement was prepared and cached while the gate stood open a moment ago."""
    sql = insert_sql("student", (*rows.columns("student"), *rows.META))
    row = (*(None for _ in rows.columns("student")), "c" * 32, "x", 0)
    for engine in _engines(store):
        _refused(engine, sql, [row, row])


def test_the_bare_driver_connection_is_guarded_too(store: Store) -> None:
    raw = store._writer.raw_connection()
    try:
        with pytest.raises(Exception, match=r"not authorized|prohibited"):
            raw.cursor().executescript("UPDATE student SET name = '冒名者';")
    finally:
        raw.close()


def test_a_reader_that_unlocks_itself_still_cannot_write_records(store: Store) -> None:
    with store._reader.connect() as connection:
        connection.exec_driver_sql("PRAGMA query_only = OFF")
        with pytest.raises(DatabaseError):
            connection.execute(text("UPDATE student SET name = '冒名者'"))
        connection.exec_driver_sql("PRAGMA query_only = ON")


def test_the_reader_writes_nothing_at_all(store: Store) -> None:
    with pytest.raises(DatabaseError), store._reader.begin() as connection:
        connection.execute(insert(setting).values(key="k", value="1"))


def test_a_local_transaction_leaves_the_synchronised_tables_shut(store: Store) -> None:
    with pytest.raises(DatabaseError), store.local() as connection:
        connection.execute(update(STUDENT).values(name="冒名者"))


def test_the_gate_is_shut_again_after_an_error_inside_it(store: Store) -> None:
    def break_in(connection: Connection) -> None:
        from jzdesk.store.engine import gate

        with gate(connection):
            raise RuntimeError("inside")

    with pytest.raises(RuntimeError), store._writer.begin() as connection:
        break_in(connection)
    with pytest.raises(DatabaseError), store._writer.begin() as connection:
        connection.execute(delete(STUDENT))


def test_tables_that_do_not_travel_can_be_written(store: Store) -> None:
    store.set_setting("term", "2025-2026-1")
    assert store.setting("term") == "2025-2026-1"


def test_in_the_product_only_the_journal_and_the_schema_open_the_gate() -> None:
    root = Path(__file__).parents[2] / "jzdesk"
    openers = {str(path.relative_to(root)) for path in root.rglob("*.py") if "gate(" in path.read_text("utf-8")}
    assert openers == {
        "store/carrying.py", "store/engine.py", "store/journal.py", "store/standing.py", "store/upgrade.py",
    }  # fmt: skip
