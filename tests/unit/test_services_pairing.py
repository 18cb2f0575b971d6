"""一生一责任人: exactly one caseworker a student at any time, with the history kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from jzdesk.core.errors import UserError
from jzdesk.services.pairing import PairingService
from tests.factories.people import Desk, verified_desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with verified_desk(tmp_path / "school") as made:
        yield made


def intervals(desk: Desk, student: str) -> list[tuple[str, str, str]]:
    found = PairingService(desk.context).intervals(student)
    return [(one.name, one.valid_from, one.valid_to) for one in reversed(found)]


def test_a_new_caseworker_ends_the_earlier_interval_the_day_before(desk: Desk) -> None:
    student, first, second = desk.pupil(), desk.staff("吴泽建"), desk.staff("张紫欣")
    pairing = PairingService(desk.context)
    pairing.assign([student], first, "2025-09-10")
    pairing.assign([student], second, "2025-11-01", "原责任人调离")
    assert intervals(desk, student) == [("吴泽建", "2025-09-10", "2025-10-31"), ("张紫欣", "2025-11-01", "")]
    current, before = pairing.current(student), pairing.current(student, "2025-10-31")
    assert current is not None
    assert before is not None
    assert (current.name, before.name) == ("张紫欣", "吴泽建")


def test_a_change_without_a_reason_is_refused_and_nothing_is_changed(desk: Desk) -> None:
    student, first, second = desk.pupil(), desk.staff("吴泽建"), desk.staff("张紫欣")
    pairing = PairingService(desk.context)
    pairing.assign([student], first, "2025-09-10")
    with pytest.raises(UserError, match="写明原因"):
        pairing.assign([student], second, "2025-11-01")
    assert intervals(desk, student) == [("吴泽建", "2025-09-10", "")]


def test_assigning_the_same_caseworker_again_changes_nothing(desk: Desk) -> None:
    student, staff = desk.pupil(), desk.staff()
    pairing = PairingService(desk.context)
    pairing.assign([student], staff, "2025-09-10")
    assert pairing.assign([student], staff, "2025-11-01").uids == set()


def test_a_slip_of_the_same_day_is_put_right_without_an_empty_interval(desk: Desk) -> None:
    student, first, second = desk.pupil(), desk.staff("吴泽建"), desk.staff("张紫欣")
    pairing = PairingService(desk.context)
    pairing.assign([student], first, "2025-09-10")
    pairing.assign([student], second, "2025-09-10", "选错了人")
    assert intervals(desk, student) == [("张紫欣", "2025-09-10", "")]


def test_a_change_before_the_present_interval_began_is_refused(desk: Desk) -> None:
    student, first, second = desk.pupil(), desk.staff("吴泽建"), desk.staff("张紫欣")
    pairing = PairingService(desk.context)
    pairing.assign([student], first, "2025-10-10")
    with pytest.raises(UserError, match="从 2025-10-10 开始"):
        pairing.assign([student], second, "2025-09-01", "调整")


def test_two_people_at_once_after_a_merge_become_one_again(desk: Desk) -> None:
    student, first, second, third = desk.pupil(), desk.staff("吴泽建"), desk.staff("张紫欣"), desk.staff("赵静超")
    desk.pair(student, first)
    desk.pair(student, second)
    PairingService(desk.context).assign([student], third, "2025-11-01", "重新安排")
    assert [one for one in intervals(desk, student) if not one[2]] == [("赵静超", "2025-11-01", "")]


def test_whoever_has_left_is_paired_with_nobody(desk: Desk) -> None:
    pairing = PairingService(desk.context)
    with pytest.raises(UserError, match="已不在岗"):
        pairing.assign([desk.pupil()], desk.staff("韦超晓", duty="moved"))
    with pytest.raises(UserError, match="已不在读"):
        pairing.assign([desk.pupil("宋火强", status="04")], desk.staff())
    with pytest.raises(UserError, match="不在本校学籍"):
        pairing.assign(["0" * 32], desk.staff())
    with pytest.raises(UserError, match="不在教师名册"):
        pairing.assign([desk.pupil()], "0" * 32)


def test_one_caseworker_may_have_many_students_and_the_load_shows_it(desk: Desk) -> None:
    students = desk.crowd(7)
    busy, free = desk.staff("吴泽建"), desk.staff("张紫欣")
    desk.staff("韦超晓", duty="moved")
    PairingService(desk.context).assign(students[:5], busy, "2025-09-10")
    assert PairingService(desk.context).load() == [(busy, "吴泽建", 5), (free, "张紫欣", 0)]


def test_the_students_without_anybody_are_listed_the_poor_on_request(desk: Desk) -> None:
    poor, other, paired = desk.pupil("宋火强"), desk.pupil("邹月欣", hardships=()), desk.pupil("卢霞")
    desk.pupil("盘宇生", status="04")
    desk.pair(paired, desk.staff())
    pairing = PairingService(desk.context)
    assert set(pairing.unpaired()) == {poor, other}
    assert pairing.unpaired(hardship=True) == [poor]


def test_an_interval_that_has_ended_leaves_the_student_unpaired(desk: Desk) -> None:
    student = desk.pupil()
    desk.pair(student, desk.staff(), "2025-09-10", "2025-10-31")
    assert PairingService(desk.context).unpaired() == [student]
    assert PairingService(desk.context).current(student) is None
