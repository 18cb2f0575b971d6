"""Consent of guardians: who lacks it, given one by one or by a whole sheet, and taken back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from jzdesk.core.errors import UserError
from jzdesk.services.consents import ConsentService, is_child, youngest_of_age
from jzdesk.services.forms import FormProblems
from jzdesk.services.home import HomeService
from jzdesk.services.ledger import LedgerService
from jzdesk.services.students import StudentQuery, StudentService
from jzdesk.services.visits import VisitService
from tests.factories.people import TODAY, Desk, verified_desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with verified_desk(tmp_path / "desk", standards=False) as desk:
        yield desk


@pytest.fixture
def consents(desk: Desk) -> ConsentService:
    return ConsentService(desk.context)


@pytest.mark.parametrize(
    ("birth", "child"), [("2011-11-09", False), ("2011-11-10", False), ("2011-11-11", True), (None, False)]
)
def test_a_child_is_under_fourteen(birth: str | None, child: bool) -> None:
    assert is_child(birth, TODAY) is child
    assert youngest_of_age("2028-02-29") == "2014-02-28"


def test_a_child_under_fourteen_waits_for_consent_until_it_is_given(desk: Desk, consents: ConsentService) -> None:
    young, father = desk.pupil("小明"), None
    desk.pupil("大明", birth="2010-01-02")
    desk.pupil("转走", status="04")
    father = desk.guardian(young)
    students = StudentService(desk.context, LedgerService(desk.context))
    assert students.ids(StudentQuery(no_consent=True)) == consents.missing() == [young]
    todos = {todo.filter: todo.count for todo in HomeService(desk.context, VisitService(desk.context)).summary().todos}
    assert todos["no_consent"] == 1
    uid = consents.add(young, {"member": father, "given_on": "2025-09-01"}).uid
    (row,) = students.file(young).consents
    assert (row.values["given_by"], row.shown["relation"], row.shown["how"]) == ("宋琪亦", "父亲", "书面签字")
    assert consents.missing() == []
    consents.withdraw(uid, note="家长来电")
    assert consents.missing() == [young]
    assert students.file(young).consents[0].values["withdrawn_on"] == TODAY


def test_days_that_cannot_be_are_refused(desk: Desk, consents: ConsentService) -> None:
    uid = desk.pupil()
    with pytest.raises(FormProblems, match="还没有到"):
        consents.add(uid, {"given_by": "宋大山", "given_on": "2026-01-01"})
    with pytest.raises(FormProblems, match="同意人没有填写"):
        consents.add(uid, {})
    with pytest.raises(UserError, match="不是这名学生的监护人"):
        consents.add(uid, {"member": "f" * 32})
    given = consents.add(uid, {"given_by": "宋大山", "given_on": "2025-09-01"}).uid
    with pytest.raises(FormProblems, match="早于同意日期"):
        consents.withdraw(given, "2025-08-01")


def test_one_signed_sheet_serves_a_whole_class(desk: Desk, consents: ConsentService) -> None:
    first, second, orphan, done = (desk.pupil(name) for name in ("甲", "乙", "丙", "丁"))
    desk.guardian(first, "甲奶奶", "62", is_guardian=0)
    desk.guardian(first, "甲爸")
    desk.guardian(second, "乙妈", "52")
    consents.add(done, {"given_by": "丁爸"})
    outcome = consents.add_many([first, second, orphan, done], {"given_on": "2025-09-05"})
    assert (outcome.recorded, outcome.already, outcome.unknown) == (2, 1, ("丙",))
    students = StudentService(desk.context, LedgerService(desk.context))
    assert students.file(first).consents[0].values["given_by"] == "甲爸", "who is in charge signs"
    assert consents.missing() == [orphan]
    assert consents.add_many([first], {}).recorded == 0
