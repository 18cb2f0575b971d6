"""The last actions in words, taken back and done again; what is in the way is named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from jzdesk.core.errors import UserError
from jzdesk.services.context import Actor
from jzdesk.services.ledger import LedgerService, Query
from jzdesk.services.undoing import UndoService
from tests.factories.people import Desk, verified_desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with verified_desk(tmp_path / "desk", standards=False) as desk:
        yield desk


@pytest.fixture
def ledger(desk: Desk) -> LedgerService:
    return LedgerService(desk.context)


@pytest.fixture
def undoing(desk: Desk) -> UndoService:
    return UndoService(desk.context)


def test_the_last_action_is_taken_back_and_done_again(ledger: LedgerService, undoing: UndoService) -> None:
    uid = ledger.save("staff", {"name": "吴泽建"}).uid
    ledger.save("staff", {"post": "校长"}, uid)
    last = undoing.last()
    assert last is not None
    assert last.label == "修改教职工"
    assert undoing.last_undo() is None
    undone = undoing.take_back(last.number)
    assert undone.label == "撤销：修改教职工"
    assert ledger.record("staff", uid).values["post"] is None
    assert undoing.last_undo() == undone
    before = undoing.last()
    assert before is not None
    assert before.label == "新增教职工"
    again = undoing.take_back(undone.number)
    assert again.label == "修改教职工"
    assert ledger.record("staff", uid).values["post"] == "校长"


def test_after_something_new_nothing_is_done_again(ledger: LedgerService, undoing: UndoService) -> None:
    ledger.save("staff", {"name": "吴泽建"})
    undoing.take_back(undoing.recent()[0].number)
    ledger.save("staff", {"name": "李二"})
    assert undoing.last_undo() is None


def test_another_account_s_actions_are_not_the_last_of_this_one(desk: Desk, ledger: LedgerService) -> None:
    ledger.save("staff", {"name": "吴泽建"})
    other = UndoService(replace(desk.context, actor=Actor("另一人", desk.context.actor.role)))
    assert other.last() is None
    assert len(other.recent()) == 1


def test_what_is_in_the_way_is_named_and_stays(ledger: LedgerService, undoing: UndoService) -> None:
    teacher = ledger.save("staff", {"name": "吴泽建"}).uid
    number = undoing.recent()[0].number
    ledger.save("school_class", {"grade": "三年级", "name": "1班", "head": teacher})
    (blocking,) = undoing.in_the_way(number)
    assert (blocking.entity, blocking.title) == ("school_class", "班级 小学三年级 1班")
    with pytest.raises(UserError, match="1 处改动"):
        undoing.take_back(number)
    assert ledger.ids(Query("staff")) == [teacher]


def test_an_action_of_many_records_is_taken_back_as_one(
    desk: Desk, undoing: UndoService, ledger: LedgerService
) -> None:
    from jzdesk.services.bulk import BulkService
    from jzdesk.services.plans import Wish

    bulk = BulkService(desk.context, ledger)
    bulk.apply(bulk.plan("staff", [Wish(None, {"name": f"教师{n}号"}) for n in "一二三四五"]))
    undoing.take_back(undoing.recent()[0].number)
    assert ledger.ids(Query("staff")) == []
    undoing.take_back(undoing.recent()[0].number)
    assert len(ledger.ids(Query("staff"))) == 5
