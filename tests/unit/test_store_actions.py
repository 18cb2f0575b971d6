"""Actions: one a transaction, taken back by new entries, never behind the back of what was built on them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from jzdesk.core.errors import UserError
from jzdesk.models import BY_NAME, Enrolment, Hardship, SchoolClass, Staff, Student
from jzdesk.store import actions
from jzdesk.store.actions import UNDO, Action
from jzdesk.store.store import Store
from tests.factories.stores import AUTHOR, check, new_store

CHILD = {"name": "宋火强", "sex": "1", "birth": "2016-05-07"}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return new_store(tmp_path)


def recent(store: Store) -> list[Action]:
    with store.read() as connection:
        return actions.recent(connection)


def undo(store: Store, number: int) -> int:
    with store.write(AUTHOR, "撤销") as unit:
        unit.deed.kind, unit.deed.ref = UNDO, number
        actions.undo(unit, actions.find(unit.connection, number))
    assert unit.deed.number is not None
    return unit.deed.number


def shown(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """What people see: every record in use."""
    found = {}
    with store.read() as connection:
        for name in ("student", "staff", "hardship"):
            table = BY_NAME[name].__table__
            rows = connection.execute(select(table).where(table.c.hidden == 0).order_by(table.c.uid))
            found[name] = [tuple(row) for row in rows]
    return found


def test_without_words_a_transaction_is_no_action_and_without_changes_neither(store: Store) -> None:
    with store.write(AUTHOR) as unit:
        uid = unit.add(Student, CHILD)
    with store.write(AUTHOR, "修改学生") as unit:
        unit.change(Student, uid, {"name": "宋火强"})
    assert recent(store) == []


def test_what_an_action_made_is_void_after_the_undo_and_back_after_the_redo(store: Store) -> None:
    with store.write(AUTHOR, "新增学生") as unit:
        unit.add(Student, CHILD)
    before = shown(store)
    number = undo(store, recent(store)[0].id)
    assert shown(store)["student"] == []
    again = undo(store, number)
    assert shown(store) == before
    undo(store, again)
    assert shown(store)["student"] == []
    assert [one.undone_by is None for one in recent(store)] == [True, False, True, False]


def test_a_change_goes_back_to_the_value_before_it_also_to_none(store: Store) -> None:
    with store.write(AUTHOR) as unit:
        uid = unit.add(Student, CHILD)
    before = shown(store)
    with store.write(AUTHOR, "修改学生") as unit:
        unit.change(Student, uid, {"name": "宋水强", "phone": "13800000000"})
    undo(store, recent(store)[0].id)
    assert shown(store) == before


def test_a_voided_record_comes_back(store: Store) -> None:
    with store.write(AUTHOR) as unit:
        uid = unit.add(Student, CHILD)
    before = shown(store)
    with store.write(AUTHOR, "作废学生") as unit:
        unit.void(Student, uid, "重复录入")
    undo(store, recent(store)[0].id)
    assert shown(store) == before


def test_an_action_is_not_undone_behind_a_later_change_of_the_same_field(store: Store) -> None:
    with store.write(AUTHOR, "新增学生") as unit:
        uid = unit.add(Student, CHILD)
    with store.write(AUTHOR, "修改学生") as unit:
        unit.change(Student, uid, {"phone": "13800000000"})
    first = recent(store)[1]
    with store.read() as connection:
        assert [(one.uid, one.how) for one in actions.dependents(connection, first)] == [(uid, "edited")]
    with pytest.raises(UserError, match="1 处改动"):
        undo(store, first.id)
    undo(store, recent(store)[0].id)
    undo(store, first.id)
    assert shown(store)["student"] == []


def test_a_change_of_another_field_is_not_in_the_way(store: Store) -> None:
    with store.write(AUTHOR) as unit:
        uid = unit.add(Student, CHILD)
    with store.write(AUTHOR, "改姓名") as unit:
        unit.change(Student, uid, {"name": "宋水强"})
    with store.write(AUTHOR, "改电话") as unit:
        unit.change(Student, uid, {"phone": "13800000000"})
    undo(store, recent(store)[1].id)
    row = shown(store)["student"][0]
    assert "宋火强" in row
    assert "13800000000" in row


def test_what_points_to_a_record_keeps_it_from_being_undone(store: Store) -> None:
    with store.write(AUTHOR, "新增学生") as unit:
        uid = unit.add(Student, CHILD)
    with store.write(AUTHOR, "登记困难") as unit:
        hardship = unit.add(Hardship, {"student": uid, "code": "D01", "valid_from": "2025-09-01"})
    with store.read() as connection:
        found = actions.dependents(connection, recent(store)[1])
    assert [(one.ent, one.uid, one.how) for one in found] == [("hardship", hardship, "refers")]


def test_an_action_cannot_be_undone_twice(store: Store) -> None:
    with store.write(AUTHOR, "新增教职工") as unit:
        unit.add(Staff, {"name": "何老师"})
    number = recent(store)[0].id
    undo(store, number)
    with pytest.raises(UserError, match="已经撤销"):
        undo(store, number)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "change", "void", "restore", "undo", "undo"]), st.integers(0, 5), st.integers(0, 5)
    ),
    max_size=12,
)


@given(steps=STEPS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_undoing_in_reverse_order_leads_back_through_every_earlier_state(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, int]]
) -> None:
    store = new_store(tmp_path_factory.mktemp("store"))
    uids: list[str] = []
    states = [shown(store)]
    done: list[int] = []
    for deed, which, value in steps:
        if deed == "undo":
            if done:
                undo(store, done.pop())
                states.pop()
                assert shown(store) == states[-1]
            continue
        with store.write(AUTHOR, deed) as unit:
            _do(unit, deed, uids, which, value)
        if unit.deed.number is not None:
            done.append(unit.deed.number)
            states.append(shown(store))
    while done:
        undo(store, done.pop())
        states.pop()
        assert shown(store) == states[-1]
    assert check(store).ok
    store.close()


def _do(unit: Any, deed: str, uids: list[str], which: int, value: int) -> None:
    if deed == "add":
        uids.append(unit.add(Student, {**CHILD, "phone": f"1380000000{value}"}))
        return
    if not uids:
        return
    uid = uids[which % len(uids)]
    hidden = unit.state(Student, uid).hidden
    if deed == "change" and not hidden:
        unit.change(Student, uid, {"phone": f"1380000000{value}"})
    elif deed == "void" and not hidden:
        unit.void(Student, uid, "试")
    elif deed == "restore" and hidden:
        unit.restore(Student, uid)


def test_what_an_action_made_and_gave_to_an_older_record_goes_back_with_it(store: Store) -> None:
    with store.write(AUTHOR) as unit:
        place = unit.add(Enrolment, {"student": "0" * 32, "grade": "G03", "status": "01"})
    with store.write(AUTHOR, "升级") as unit:
        room = unit.add(SchoolClass, {"grade": "G04", "name": "1班"})
        unit.change(Enrolment, place, {"grade": "G04", "school_class": room})
    undo(store, recent(store)[0].id)
    with store.read() as connection:
        table = BY_NAME["enrolment"].__table__
        assert connection.execute(select(table.c.grade, table.c.school_class)).one() == ("G03", None)
    check(store)
