"""Finding people: initials, part of a name, any part of a number, and never somebody who is gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from jzdesk.models import Student
from jzdesk.store.store import Store
from tests.factories.people import id_number
from tests.factories.stores import AUTHOR, add_student, new_store

RARE = "𠮷𫟪玉"  # characters outside the basic plane (Extension B and E)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return new_store(tmp_path)


@pytest.mark.parametrize("typed", ["shq", "SHQ", " shq ", "hq", "q", "宋", "火强", "强", "宋火强"])
def test_a_student_is_found_by_initials_and_by_any_part_of_the_name(store: Store, typed: str) -> None:
    uid = add_student(store, "宋火强")
    add_student(store, "李美丽")
    assert store.find(typed, 10) == [uid]


@pytest.mark.parametrize("typed", ["zq", "sq"])
def test_a_name_with_two_readings_is_found_by_both(store: Store, typed: str) -> None:
    uid = add_student(store, "盛强" if typed == "sq" else "曾强")
    assert store.find(typed, 10) == [uid]


def test_a_student_is_found_by_any_part_of_a_number(store: Store) -> None:
    number = id_number("2016-05-07", serial=17)
    uid = add_student(store, "宋火强", id_number=number, roll_number="G" + number)
    add_student(store, "李美丽", id_number=id_number("2014-01-02", serial=3))
    for start in range(len(number) - 6):
        assert uid in store.find(number[start : start + 7], 10), number[start : start + 7]
    assert store.find(number, 10) == [uid]
    assert store.find(number[-4:].lower(), 10) == [uid]


def test_a_number_ending_in_x_is_found_however_x_is_typed(store: Store) -> None:
    number = next(n for n in (id_number("2015-03-03", serial=i) for i in range(200)) if n.endswith("X"))
    uid = add_student(store, "王小", id_number=number)
    assert store.find(number[-5:].lower(), 10) == store.find(number[-5:], 10) == [uid]


def test_a_renamed_student_is_found_by_the_new_name_only(store: Store) -> None:
    uid = add_student(store, "宋火强")
    with store.write(AUTHOR) as unit:
        unit.change(Student, uid, {"name": "赵云飞"})
    assert store.find("zyf", 10) == store.find("云飞", 10) == [uid]
    assert store.find("shq", 10) == store.find("宋", 10) == []
    with store.write(AUTHOR) as unit:
        unit.change(Student, uid, {"former_name": "宋火强"})
    assert store.find("shq", 10) == [uid]


def test_a_voided_student_is_not_found_until_restored(store: Store) -> None:
    number = id_number("2016-05-07", serial=21)
    uid = add_student(store, "宋火强", id_number=number)
    with store.write(AUTHOR) as unit:
        unit.void(Student, uid, "重复")
    assert store.find("shq", 10) == store.find(number[3:12], 10) == []
    with store.write(AUTHOR) as unit:
        unit.restore(Student, uid)
    assert store.find("shq", 10) == store.find(number[3:12], 10) == [uid]


def test_a_number_that_was_corrected_is_found_no_more_by_the_old_one(store: Store) -> None:
    old, new = id_number("2011-11-11", serial=31), id_number("2012-12-12", serial=32)
    uid = add_student(store, "宋火强", id_number=old)
    with store.write(AUTHOR) as unit:
        unit.change(Student, uid, {"id_number": new})
    assert store.find(new[6:14], 10) == [uid]
    assert store.find(old[6:14], 10) == []


@pytest.mark.parametrize("typed", [RARE, RARE[0], RARE[1:], "玉"])
def test_rare_characters_are_kept_and_found(store: Store, typed: str) -> None:
    uid = add_student(store, RARE)
    assert store.find(typed, 10) == [uid]
    with store.read() as connection:
        stored = connection.exec_driver_sql("SELECT name FROM student").scalar_one()
    assert stored == RARE


@pytest.mark.parametrize("typed", ["", "  ", '"', "'", "%", "*", "a OR b", "NEAR(", "\U0010ffff", "-1", "zzzz"])
def test_strange_input_finds_nothing_and_breaks_nothing(store: Store, typed: str) -> None:
    add_student(store, "宋火强", id_number=id_number("2016-05-07", serial=41))
    assert store.find(typed, 10) == []


def test_people_of_a_great_import_are_found_at_the_first_search(store: Store) -> None:
    with store.write(AUTHOR) as unit:
        uids = unit.add_many(Student, [{"name": f"宋第{n}", "id_number": id_number(serial=n)} for n in range(950)])
    assert set(store.find("sd", 5000)) == set(uids)
    with store.write(AUTHOR) as unit:
        unit.change(Student, uids[0], {"name": "朱第一"})
    assert store.find("zdy", 10) == [uids[0]]


def test_the_whole_name_comes_before_a_part_of_one(store: Store) -> None:
    long = add_student(store, "大宋玉")
    short = add_student(store, "宋玉")
    assert store.find("宋玉", 10) == [short, long]
    assert store.find("宋玉", 1) == [short]
