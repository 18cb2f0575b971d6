"""A county's long lists show their beginning at once, in the order of the whole, and fill up behind it."""

from __future__ import annotations

from functools import partial

import pytest
from pytestqt.qtbot import QtBot

from jzdesk.models import Member, Student
from jzdesk.services.bundle import Services
from jzdesk.services.students import StudentQuery
from jzdesk.ui.ledger.page import LedgerPage
from jzdesk.ui.page import ListPage
from jzdesk.ui.pages.students import StudentPage
from jzdesk.ui.tasks import Tasks
from tests.gui.stage import Stage

PEOPLE = 30


@pytest.fixture
def stage(qtbot: QtBot, tasks: Tasks, county: Services, monkeypatch: pytest.MonkeyPatch) -> Stage:
    for place in ("jzdesk.ui.page", "jzdesk.ui.ledger.page", "jzdesk.ui.pages.students.page"):
        monkeypatch.setattr(f"{place}.FIRST", 20)
    with county.context.write() as unit:
        unit.add_many(Student, [{"name": f"宋第{place}", "sex": "1"} for place in range(PEOPLE)])
        unit.add_many(Member, [{"name": f"宋第{place}"} for place in range(PEOPLE)])
    return Stage(qtbot, tasks, county)


@pytest.mark.parametrize("make", [StudentPage, partial(LedgerPage, entity="member")], ids=["students", "ledger"])
def test_the_beginning_stands_there_while_the_rest_is_found(
    stage: Stage, make: type[ListPage], monkeypatch: pytest.MonkeyPatch
) -> None:
    put: list[list[str]] = []
    counted: list[str] = []
    begun = ListPage._begun

    def watching(page: ListPage, uids: list[str]) -> None:
        begun(page, uids)
        put.append(list(page.table.records().uids()))
        counted.append(page.count.text())

    monkeypatch.setattr(ListPage, "_begun", watching)
    page = stage.show(make)
    whole = list(page.table.records().uids())
    assert len(whole) == PEOPLE
    assert put == [whole[:20]]
    assert counted[0].startswith("前 20 ")
    assert counted[0].endswith("其余正在清点")
    assert f"{PEOPLE} " in page.count.text()
    page.refresh()
    stage.settle()
    assert len(put) == 1  # what is there already is not taken away to be begun again


def test_a_county_lists_everybody_by_name_and_begins_with_the_same(county: Services) -> None:
    with county.context.write() as unit:
        made = unit.add_many(Student, [{"name": name, "sex": "1"} for name in ("郑二", "艾一", "马三")])
        unit.void(Student, made[2], "试")
    assert county.students.ids(StudentQuery()) == [made[1], made[0]]
    assert county.students.first(StudentQuery(), 1) == [made[1]]
    assert county.students.first(StudentQuery(grade="G03"), 1) == []


def test_a_school_has_no_need_of_a_beginning(school: Services) -> None:
    with school.context.write() as unit:
        unit.add(Student, {"name": "宋火强", "sex": "1"})
    assert school.students.first(StudentQuery(), 1) == []
