"""Pledges between the school and its caseworkers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from jzdesk.core.errors import UserError
from jzdesk.models import School
from jzdesk.services.pairing import PairingService
from jzdesk.services.pledges import SCHOOL, PledgeService
from tests.factories.people import SCHOOL_NAME, SPRING, TERM, Desk, verified_desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with verified_desk(tmp_path / "school") as made:
        yield made


def test_every_caseworker_gets_one_pledge_with_the_number_of_pupils(desk: Desk) -> None:
    desk.staff("覃火超", post="校长")
    busy, other = desk.staff("吴泽建"), desk.staff("张紫欣")
    students = desk.crowd(5)
    PairingService(desk.context).assign(students[:3], busy, "2025-09-10")
    PairingService(desk.context).assign(students[3:4], other, "2025-09-10")
    run = PledgeService(desk.context).make(TERM)
    assert (run.made, run.updated, run.outdated) == (2, 0, ())
    rows = PledgeService(desk.context).list(TERM)
    assert {row.party_b: row.pupils for row in rows} == {"吴泽建": 3, "张紫欣": 1}
    assert {(row.party_a, row.state_label, row.level) for row in rows} == {(SCHOOL_NAME, "待打印", "责任人—学生")}
    assert {(row.valid_from, row.valid_to) for row in rows} == {("2025-09-01", "2026-08-31")}
    assert len({row.number for row in rows}) == 2


def test_making_them_again_changes_nothing(desk: Desk) -> None:
    desk.pair(desk.pupil(), desk.staff())
    PledgeService(desk.context).make(TERM)
    again = PledgeService(desk.context).make(TERM)
    assert (again.made, again.updated, again.withdrawn, again.changes.uids) == (0, 0, 0, set())


def test_the_spring_term_keeps_the_pledge_of_the_school_year(desk: Desk) -> None:
    desk.pair(desk.pupil(), desk.staff())
    PledgeService(desk.context).make(TERM)
    assert PledgeService(desk.context).make(SPRING).made == 0
    assert len(PledgeService(desk.context).list(SPRING)) == 1


def test_a_pledge_not_yet_printed_follows_the_pairings(desk: Desk) -> None:
    staff, other = desk.staff("吴泽建"), desk.staff("张紫欣")
    student = desk.pupil("宋火强")
    desk.pair(student, staff)
    pledges = PledgeService(desk.context)
    pledges.make(TERM)
    desk.pair(desk.pupil("邹月欣"), staff)
    assert pledges.make(TERM).updated == 1
    assert pledges.list()[0].pupils == 2
    PairingService(desk.context).assign(pledge_students(desk), other, "2025-11-05", "调整")
    run = pledges.make(TERM)
    assert (run.made, run.withdrawn) == (1, 1)
    assert [row.party_b for row in pledges.list()] == ["张紫欣"]


def pledge_students(desk: Desk) -> list[str]:
    from jzdesk.services.pledges import PLEDGE

    with desk.context.read() as connection:
        return str(connection.execute(select(PLEDGE.c.students)).scalar_one()).split(",")


def test_a_printed_pledge_keeps_its_list_and_the_difference_is_reported(desk: Desk) -> None:
    staff = desk.staff("吴泽建")
    desk.pair(desk.pupil("宋火强"), staff)
    pledges = PledgeService(desk.context)
    pledges.make(TERM)
    pledges.mark([pledges.list()[0].uid], "printed")
    desk.pair(desk.pupil("邹月欣"), staff)
    run = pledges.make(TERM)
    assert (run.updated, run.outdated) == (0, ("吴泽建",))
    assert pledges.list()[0].pupils == 1


def test_a_pledge_is_printed_signed_and_returned_and_never_goes_back(desk: Desk) -> None:
    desk.pair(desk.pupil(), desk.staff())
    pledges = PledgeService(desk.context)
    pledges.make(TERM)
    uid = pledges.list()[0].uid
    pledges.mark([uid], "signed", "2025-11-03")
    assert (pledges.list()[0].state_label, pledges.list()[0].signed_on) == ("已签订", "2025-11-03")
    with pytest.raises(UserError, match="不能退回前一步"):
        pledges.mark([uid], "printed")
    pledges.mark([uid], "returned")
    assert pledges.list()[0].signed_on == "2025-11-03"
    with pytest.raises(UserError, match="不存在"):
        pledges.mark(["0" * 32], "signed")


def test_without_pairings_there_is_nothing_to_pledge(desk: Desk) -> None:
    desk.pupil()
    with pytest.raises(UserError, match="指定帮扶责任人"):
        PledgeService(desk.context).make(TERM)


def test_the_countys_list_of_schools_names_the_head_before_the_staff_does(desk: Desk) -> None:
    from jzdesk.services.pledges import head_of

    desk.staff("覃火超", post="校长")
    with desk.context.read() as connection:
        assert head_of(connection, desk.context.info.code) == "覃火超"
        school = connection.execute(select(SCHOOL.c.uid)).scalar_one()
    with desk.as_county().write() as unit:
        unit.change(School, school, {"head": "许土豪"})
    with desk.context.read() as connection:
        assert head_of(connection, desk.context.info.code) == "许土豪"
