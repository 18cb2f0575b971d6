"""Visits: what is due, and what may be recorded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from jzdesk.services.forms import FormProblems
from jzdesk.services.visits import VisitDraft, VisitService
from tests.factories.people import SPRING, TERM, Desk, verified_desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with verified_desk(tmp_path / "school") as made:
        yield made


def paired(desk: Desk, name: str = "宋火强", since: str = "2025-09-10") -> str:
    student = desk.pupil(name)
    desk.pair(student, desk.staff("吴泽建"), since)
    return student


def visited(desk: Desk, student: str, *days: str, method: str = "1") -> None:
    for day in days:
        VisitService(desk.context).record(VisitDraft(student, date=day, method=method, situation="家庭情况稳定"))


def test_a_student_not_visited_since_september_is_overdue_since_its_end(desk: Desk) -> None:
    paired(desk)
    (due,) = VisitService(desk.context).due("2025-11-10")
    assert (due.name, due.caseworker, due.school_class) == ("宋火强", "吴泽建", "小学三年级1班")
    assert (due.due, due.overdue_days, due.last) == ("2025-09-30", 41, "")


def test_a_student_visited_every_month_is_not_due(desk: Desk) -> None:
    visited(desk, paired(desk), "2025-09-14", "2025-10-23", "2025-11-05")
    assert VisitService(desk.context).due("2025-11-10") == []
    (due,) = VisitService(desk.context).due("2025-12-01")
    assert (due.due, due.last, due.overdue_days) == ("2025-12-31", "2025-11-05", 0)


def test_a_telephone_call_does_not_replace_a_visit(desk: Desk) -> None:
    visited(desk, paired(desk), "2025-09-14", "2025-10-23")
    student = VisitService(desk.context).due("2025-11-10")[0].student
    visited(desk, student, "2025-11-05", method="3")
    (due,) = VisitService(desk.context).due("2025-11-10")
    assert (due.due, due.last) == ("2025-11-30", "2025-11-05")


def test_a_caseworker_is_not_charged_with_the_months_before_the_pairing(desk: Desk) -> None:
    paired(desk, since="2025-11-01")
    assert VisitService(desk.context).due("2025-11-10")[0].due == "2025-11-30"


def test_whoever_has_no_caseworker_or_has_left_is_on_nobodys_list(desk: Desk) -> None:
    desk.pupil("邹月欣")
    desk.pair(desk.pupil("卢霞", status="04"), desk.staff())
    assert VisitService(desk.context).due("2025-11-10") == []


def test_the_share_visited_this_month_is_told_by_grade(desk: Desk) -> None:
    visited(desk, paired(desk, "宋火强"), "2025-11-05")
    paired(desk, "邹月欣")
    assert VisitService(desk.context).by_grade("2025-11-10") == [("小学三年级", 1, 2)]
    assert VisitService(desk.context).by_grade("2026-08-10") == []


def test_a_visit_is_recorded_for_the_students_own_caseworker_from_what_was_typed(desk: Desk) -> None:
    student = paired(desk)
    visits = VisitService(desk.context)
    saved = visits.record(VisitDraft(student, date="2025.11.5", method="入户走访", met="祖母", next_plan="2025-12-03"))
    (row,) = visits.rows([saved.uid])
    assert row.shown["staff"] == "吴泽建"
    assert (row.values["date"], row.values["method"], row.values["next_plan"]) == ("2025-11-05", "1", "2025-12-03")


def test_a_visit_of_tomorrow_is_refused_beside_the_field(desk: Desk) -> None:
    student = paired(desk)
    with pytest.raises(FormProblems) as caught:
        VisitService(desk.context).record(VisitDraft(student, date="2025-11-11"))
    assert list(caught.value.fields) == ["date"]
    assert "还没有到" in caught.value.fields["date"]


def test_everything_wrong_with_a_visit_is_said_at_once(desk: Desk) -> None:
    desk.staff()
    with pytest.raises(FormProblems) as caught:
        VisitService(desk.context).record(
            VisitDraft("0" * 32, staff="1" * 32, date="2025-13-45", method="飞鸽传书", next_plan="2025-01-01")
        )
    assert set(caught.value.fields) == {"student", "staff", "date", "method"}


def test_a_visit_without_a_date_is_refused(desk: Desk) -> None:
    student = paired(desk)
    with pytest.raises(FormProblems) as caught:
        VisitService(desk.context).record(VisitDraft(student))
    assert "没有填写" in caught.value.fields["date"]


def test_a_student_who_has_left_is_not_visited(desk: Desk) -> None:
    with pytest.raises(FormProblems) as caught:
        VisitService(desk.context).record(VisitDraft(desk.pupil(status="04"), date="2025-11-05"))
    assert "已不在读" in caught.value.fields["student"]


def test_the_next_plan_lies_after_the_visit(desk: Desk) -> None:
    with pytest.raises(FormProblems) as caught:
        VisitService(desk.context).record(VisitDraft(paired(desk), date="2025-11-05", next_plan="2025-11-05"))
    assert list(caught.value.fields) == ["next_plan"]


def test_the_same_visit_is_not_recorded_twice(desk: Desk) -> None:
    student = paired(desk)
    visited(desk, student, "2025-11-05")
    with pytest.raises(FormProblems, match="不要重复登记"):
        visited(desk, student, "2025-11-05")
    visited(desk, student, "2025-11-05", method="3")


def test_visits_are_found_newest_first_by_name_student_and_term(desk: Desk) -> None:
    first, second = paired(desk, "宋火强"), paired(desk, "邹月欣")
    visited(desk, first, "2025-09-14", "2025-10-23")
    visited(desk, second, "2025-10-01")
    visits = VisitService(desk.context)
    assert [row.values["date"] for row in visits.rows(visits.ids())] == ["2025-10-23", "2025-10-01", "2025-09-14"]
    assert len(visits.ids("火强")) == len(visits.ids(student=first)) == 2
    assert len(visits.ids("吴泽")) == 3
    assert len(visits.ids(term=TERM)) == 3
    assert visits.ids(term=SPRING) == []
