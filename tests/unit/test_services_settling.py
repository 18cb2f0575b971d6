"""Conflicts and duplicate cases: seen side by side, settled by people, and taken back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, permutations
from pathlib import Path

import pytest

from jzdesk.core.errors import UserError
from jzdesk.models import Household, Student, Visit
from jzdesk.services.settling import SettlingService
from tests.factories.people import Desk, id_number, verified_desk

pytestmark = pytest.mark.usefixtures("both_databases")

NUMBER = id_number("2016-05-07", serial=411)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with verified_desk(tmp_path / "desk", standards=False) as desk:
        yield desk


@pytest.fixture
def settling(desk: Desk) -> SettlingService:
    return SettlingService(desk.context)


def _rolls(desk: Desk, count: int = 2) -> list[str]:
    return [desk.pupil(f"曾小{'乐樂了'[n]}", id_number=NUMBER) for n in range(count)]


def _open(settling: SettlingService) -> list[tuple[str, ...]]:
    return [tuple(sorted(side.name for side in line.sides)) for line in settling.duplicates()]


def test_the_same_number_twice_opens_a_case_with_both_sides(desk: Desk, settling: SettlingService) -> None:
    uids = _rolls(desk)
    desk.pupil("另一名")
    (line,) = settling.duplicates()
    assert {side.uid for side in line.sides} == set(uids)
    assert "*" in line.id_number
    assert NUMBER not in line.id_number


@pytest.mark.parametrize("same", [True, False])
def test_a_verdict_closes_the_case_and_taking_it_back_opens_it_again(
    desk: Desk, settling: SettlingService, same: bool
) -> None:
    one, two = _rolls(desk)
    settling.settle(two, one, same=same, reason="电话核实")
    assert settling.duplicates() == []
    settling.reopen(one, two, "核实有误")
    assert len(settling.duplicates()) == 1
    settling.settle(one, two, same=same, reason="再次核实")
    assert settling.duplicates() == []


def test_a_second_verdict_replaces_the_first(desk: Desk, settling: SettlingService) -> None:
    one, two = _rolls(desk)
    settling.settle(one, two, same=True, reason="看错了")
    settling.settle(two, one, same=False, reason="两名同号学生，证件待更正")
    settling.reopen(one, two, "再看")
    assert len(settling.duplicates()) == 1, "no earlier verdict is left behind"


def test_voiding_one_of_the_records_closes_the_case(desk: Desk, settling: SettlingService) -> None:
    one, _ = _rolls(desk)
    with desk.context.write() as unit:
        unit.void(Student, one, "重复录入")
    assert settling.duplicates() == []


@pytest.mark.parametrize("order", list(permutations(range(3)))[:3])
def test_the_same_child_is_the_same_child_by_way_of_a_third(
    desk: Desk, settling: SettlingService, order: Sequence[int]
) -> None:
    rolls = _rolls(desk, 3)
    a, b, c = (rolls[n] for n in order)
    settling.settle(a, b, same=True, reason="核实")
    assert len(settling.duplicates()) == 1
    settling.settle(b, c, same=True, reason="核实")
    assert settling.duplicates() == []
    settling.reopen(b, c, "有误")
    settling.settle(a, c, same=False, reason="不是一人")
    assert settling.duplicates() == [], "what holds of one holds of the group"


def test_three_children_with_one_number_stay_open_until_every_pair_was_told_apart(
    desk: Desk, settling: SettlingService
) -> None:
    pairs = list(combinations(_rolls(desk, 3), 2))
    for one, two in pairs:
        assert len(settling.duplicates()) == 1
        settling.settle(one, two, same=False, reason="核实")
    assert settling.duplicates() == []


def test_a_verdict_needs_a_reason_and_two_records(desk: Desk, settling: SettlingService) -> None:
    one, two = _rolls(desk)
    with pytest.raises(UserError, match="没有写明判定的理由"):
        settling.settle(one, two, same=True, reason=" ")
    with pytest.raises(UserError, match="同一条记录"):
        settling.settle(one, one, same=True, reason="x")
    with pytest.raises(UserError, match="没有学生记录“nobody”"):
        settling.settle(one, "nobody", same=True, reason="x")
    with pytest.raises(UserError, match="没有判定过"):
        settling.reopen(one, two, "x")
    assert len(settling.duplicates()) == 1


def _conflict(desk: Desk) -> str:
    """A student whose name was written twice by people who did not know of each other."""
    uid = desk.pupil("宋火强")
    with desk.as_county().write() as unit:
        unit.add(Student, {"name": "宋火墙"}, uid)
    return uid


def test_a_conflict_shows_every_value_with_who_and_when(desk: Desk, settling: SettlingService) -> None:
    uid = _conflict(desk)
    (line,) = settling.conflicts()
    assert (line.entity, line.entity_label, line.uid, line.field_label) == ("student", "学生", uid, "姓名")
    assert {(value.shown, value.who) for value in line.values} == {("宋火强", "宋老师"), ("宋火墙", "县资助中心")}
    assert line.title == "宋火墙", "the county is shown until somebody decides"


@pytest.mark.parametrize("name", ["宋火强", "宋火墙", "宋伙强"])
def test_deciding_a_conflict_settles_it_for_good(desk: Desk, settling: SettlingService, name: str) -> None:
    uid = _conflict(desk)
    settling.resolve("student", uid, "name", name)
    assert settling.conflicts() == []
    with desk.context.read() as connection:
        stored = connection.exec_driver_sql("SELECT name FROM student WHERE uid = ?", (uid,)).scalar_one()
    assert stored == name


def test_an_edit_that_met_a_void_is_shown_and_settled_by_keeping_the_record(
    desk: Desk, settling: SettlingService
) -> None:
    uid = desk.pupil("宋火强")
    with desk.context.write() as unit:
        unit.void(Student, uid, "转出")
        unit.add(Student, {"phone": "13800000000"}, uid)  # by somebody who had not seen the void
    (line,) = settling.conflicts()
    assert (line.field, line.field_label) == ("*", "作废与修改")
    settling.resolve("student", uid, "*", None)
    assert settling.conflicts() == []


def test_sensitive_values_are_masked_in_a_conflict(desk: Desk, settling: SettlingService) -> None:
    uid = desk.pupil("宋火强", id_number=NUMBER)
    other = id_number("2015-01-01", serial=412)
    with desk.as_county().write() as unit:
        unit.add(Student, {"id_number": other}, uid)
    (line,) = settling.conflicts()
    assert all("*" in value.shown for value in line.values)
    assert {value.value for value in line.values} == {NUMBER, other}


def test_masked_values_that_look_alike_are_told_apart(desk: Desk, settling: SettlingService) -> None:
    uid = desk.pupil("宋火强", phone="13912340003")
    with desk.as_county().write() as unit:
        unit.add(Student, {"phone": "13952340003"}, uid)
    (line,) = settling.conflicts()
    assert {value.shown for value in line.values} == {"1391***0003", "1395***0003"}


def test_records_that_a_conflict_is_about_are_called_by_their_names(desk: Desk, settling: SettlingService) -> None:
    uid = desk.pupil("宋火强")
    with desk.context.write() as unit:
        one, other = (unit.add(Household, {"head": head}) for head in ("宋大", "宋二"))
        unit.change(Student, uid, {"household": one})
    with desk.as_county().write() as unit:
        unit.add(Student, {"household": other}, uid)
    (line,) = settling.conflicts()
    assert {value.shown for value in line.values} == {"宋大", "宋二"}


def test_both_sides_of_an_edit_that_met_a_void_are_told_and_it_may_stay_void(
    desk: Desk, settling: SettlingService
) -> None:
    uid = desk.pupil("宋火强")
    with desk.context.write() as unit:
        visit = unit.add(Visit, {"student": uid, "date": "2025-10-01", "method": "01"})
        unit.void(Visit, visit, "记错了人")
    with desk.as_county().write() as unit:
        unit.add(Visit, {"date": "2025-10-02"}, visit)
    line = next(line for line in settling.conflicts() if line.field == "*")
    edit, void = line.values
    assert (edit.shown, edit.who) == ("走访日期 2025-10-02", "县资助中心")
    assert (void.shown, void.who) == ("记错了人", "宋老师")
    settling.stay_void("visit", visit)
    assert [line for line in settling.conflicts() if line.field == "*"] == []
    with desk.context.read() as connection:
        assert connection.exec_driver_sql("SELECT hidden FROM visit").scalar_one() == 1
