"""Finding people: initials, part of a name, any part of a number, and never somebody who is gone."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jzdesk.core.fields import Value
from jzdesk.core.pinyin import plain, readings, spellings
from jzdesk.models import Guardian, Household, Member, Student
from jzdesk.store import search
from jzdesk.store.store import Store
from tests.factories.people import id_number
from tests.factories.stores import AUTHOR, add_student, check, new_store, reopened

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


@pytest.mark.parametrize("typed", ["zengxiaole", "zeng", "xiaole", "le", "zeng xiao le", "Zēng", "cengxiaole", "zxl"])
def test_a_student_is_found_by_full_pinyin_from_any_syllable_on(store: Store, typed: str) -> None:
    uid = add_student(store, "曾小乐")
    add_student(store, "李美丽")
    assert store.find(typed, 10) == [uid]


def test_a_rare_character_is_found_by_its_pinyin_and_by_the_alias_typed_for_it(store: Store) -> None:
    known, typed = add_student(store, "李㛃"), add_student(store, "𠮷玉", pinyin="ji yu")
    assert store.find("lijie", 10) == store.find("lj", 10) == store.find("jie", 10) == [known]
    assert store.find("jiyu", 10) == store.find("jy", 10) == [typed]
    with store.write(AUTHOR) as unit:
        unit.change(Student, typed, {"pinyin": "qi yu"})
    assert store.find("qiyu", 10) == [typed]
    assert store.find("jiyu", 10) == []


@pytest.mark.parametrize("name", ["单雄", "解一", "曾一", "查一", "仇一", "盖一", "区一", "朴一"])
def test_a_surname_of_two_readings_is_found_by_both(store: Store, name: str) -> None:
    uid = add_student(store, name)
    for spelt in spellings(name)[:2]:
        assert store.find("".join(spelt), 10) == [uid]


def _family(store: Store, **member: Value) -> tuple[str, str, str]:
    """(student, guardian, household) with a tie between them."""
    with store.write(AUTHOR) as unit:
        home = unit.add(Household, {"village_group": "青西村3组", "number": "431099000777"})
        student = unit.add(Student, {"name": "宋火强", "household": home})
        person = unit.add(Member, {"name": "欧阳大山", "phone": "13812345678", "household": home, **member})
        unit.add(Guardian, {"student": student, "member": person})
    return student, person, home


@pytest.mark.parametrize(
    ("typed", "by"),
    [
        ("欧阳大山", search.FAMILY), ("大山", search.FAMILY), ("ouyangdashan", search.FAMILY),
        ("oyds", search.FAMILY), ("13812345678", search.FAMILY_NUMBER), ("345678", search.FAMILY_NUMBER),
        ("青西村3组", search.PLACE), ("3组", search.PLACE), ("000777", search.HOUSEHOLD), ("宋", search.NAME),
    ],
)  # fmt: skip
def test_a_student_is_found_by_the_family_and_the_hit_says_so(store: Store, typed: str, by: str) -> None:
    student, _, _ = _family(store)
    add_student(store, "李美丽")
    assert store.hits(typed, 10) == [search.Hit(student, by)]


def test_a_student_of_that_name_comes_before_a_guardian_of_that_name(store: Store) -> None:
    student, _, _ = _family(store, name="李大山")
    other = add_student(store, "李大山")
    assert store.hits("李大山", 10) == [search.Hit(other, search.NAME), search.Hit(student, search.FAMILY)]


def test_a_guardian_who_changes_name_or_number_is_found_by_the_new_one_only(store: Store) -> None:
    student, person, home = _family(store)
    with store.write(AUTHOR) as unit:
        unit.change(Member, person, {"name": "欧阳小山", "phone": "13999999999"})
        unit.change(Household, home, {"village_group": "红星组"})
    assert store.find("欧阳小山", 10) == store.find("13999999999", 10) == store.find("红星", 10) == [student]
    assert store.find("欧阳大山", 10) == store.find("13812345678", 10) == store.find("青西", 10) == []
    with store.write(AUTHOR) as unit:
        unit.void(Member, person, "重复")
    assert store.find("欧阳小山", 10) == []


def test_an_edit_of_something_else_leaves_the_index_alone(store: Store) -> None:
    uid = add_student(store, "宋火强")
    with store.read() as connection:
        before = connection.exec_driver_sql("SELECT id, said, sort FROM search_doc").all()
    with store.write(AUTHOR) as unit:
        unit.change(Student, uid, {"address": "青石镇"})
    with store.read() as connection:
        assert connection.exec_driver_sql("SELECT id, said, sort FROM search_doc").all() == before


@pytest.mark.parametrize("landline", ["0735-3721234", "07353721234", "3721234"])
def test_a_landline_is_found_with_and_without_its_dash(store: Store, landline: str) -> None:
    student, _, _ = _family(store, phone="0735-3721234")
    assert store.find(landline, 10) == [student]


def test_an_index_made_by_older_rules_is_made_anew_and_a_rebuild_can_be_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = new_store(tmp_path)
    with store.write(AUTHOR) as unit:
        uids = unit.add_many(Student, [{"name": f"宋第{n}"} for n in range(30)])
    before = check(store).digest
    monkeypatch.setattr(search, "RULES", search.RULES + 1)
    store = reopened(store, tmp_path)
    with store.local() as connection:
        assert search.catch_up(connection, 7) == 7  # and then the power fails
    store = reopened(store, tmp_path)
    assert set(store.find("songdi", 100)) == set(uids)
    with store.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM search_doc").scalar() == 30
    assert (check(store).ok, check(store).digest) == (True, before)


_NAMES = st.text(st.sampled_from("宋单解曾查乐长行㛃𠮷𬭊火强A·"), min_size=1, max_size=6).filter(
    lambda name: name.strip("·")
)


@given(st.lists(st.tuples(_NAMES, st.sampled_from(["", "ji", "ji yu le"])), min_size=1, max_size=6))
@settings(max_examples=12, deadline=None)
def test_every_name_is_found_by_each_of_its_ends_and_readings(people: list[tuple[str, str]]) -> None:
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        store = new_store(Path(folder))
        with store.write(AUTHOR) as unit:
            uids = unit.add_many(Student, [{"name": name, "pinyin": alias or None} for name, alias in people])
        for uid, (name, alias) in zip(uids, people, strict=True):
            written = [name, *readings(name, alias), *("".join(spelt) for spelt in spellings(name, alias))]
            ends = [name[at:] for at in range(len(name))]
            for typed in filter(plain, (*written, *ends)):
                assert uid in store.find(typed, 1000), typed
        store.close()


@pytest.mark.parametrize("typed", ["阿依古丽", "阿依·古丽", "古丽", "aygl", "ayiguli"])
def test_a_name_with_a_dot_is_found_with_and_without_it(store: Store, typed: str) -> None:
    uid = add_student(store, "阿依·古丽")
    assert store.find(typed, 10) == [uid]


@pytest.mark.parametrize("typed", ["tom lee", "TomLee", "lee", "Tom"])
def test_a_foreign_name_is_found_with_and_without_its_blank(store: Store, typed: str) -> None:
    uid = add_student(store, "Tom Lee")
    assert store.find(typed, 10) == [uid]
