"""名单比对 by keyboard: a list is read, each pile is worked through with single keys, every step is taken back."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog
from pytestqt.qtbot import QtBot

from jzdesk.models import Hardship
from jzdesk.services.bundle import Services
from jzdesk.ui import widgets
from jzdesk.ui.pages.lists import ListsPage, pile
from jzdesk.ui.pages.lists.ask import ListDialog
from jzdesk.ui.pages.lists.pile import PILES, PileView
from jzdesk.ui.tasks import Tasks
from tests.factories.lists import AUTUMN, BOY, GIRL, SISTER, SPRING, Village, everybody, person
from tests.factories.people import new_desk
from tests.factories.rolls import records
from tests.gui.stage import Stage, well_behaved

MATCHED, NAME, ABSENT, ENDED, UNREAD = (
    [spec.pile for spec in PILES].index(name) for name in ("matched", "name", "absent", "ended", "unread")
)


@pytest.fixture
def village(tmp_path: Path) -> Village:
    return Village(new_desk(tmp_path / "school", standards=False), tmp_path)


@pytest.fixture
def stage(qtbot: QtBot, tasks: Tasks, village: Village) -> Stage:
    return Stage(qtbot, tasks, Services(village.desk.context))


@pytest.fixture
def page(stage: Stage, village: Village) -> ListsPage:
    """The page with a list of one line a pile."""
    village.lists.read(village.paper("脱贫户", *everybody(), person("宋妹", SISTER)), listed_on=AUTUMN)
    return stage.show(ListsPage)


def press(page: ListsPage, stage: Stage, key: Qt.Key) -> None:
    """A key in the table of the pile in front."""
    QTest.keyClick(page.pile().table, key)
    stage.settle()


def codes(village: Village, name: str = "宋火强") -> list[str]:
    return sorted(str(one["code"]) for one in records(village.desk.context, Hardship, student=village.uids[name]))


def open_pile(page: ListsPage, number: int) -> PileView:
    page.tabs.setCurrentIndex(number)
    return page.pile()


def test_without_a_list_the_page_says_what_to_do(stage: Stage, village: Village) -> None:
    assert stage.show(ListsPage).middle.currentIndex() == 1


def test_the_piles_tell_how_many_wait_and_the_rows_balance(page: ListsPage) -> None:
    titles = [page.tabs.tabText(number) for number in range(page.tabs.count())]
    assert titles == ["对上（1）", "姓名不同（2）", "不在本校学籍（1）", "名单上已没有", "读不出（1）"]
    assert page.figures.text() == "读取 6 行 ＝ 对上 1 ＋ 姓名不同 2 ＋ 不在本校学籍 2 ＋ 读不出 1"
    assert page.left.text() == "还剩 5 人"
    for view in page.piles:
        well_behaved(view.table)


def test_enter_records_and_goes_on_and_u_takes_it_back(page: ListsPage, stage: Stage, village: Village) -> None:
    press(page, stage, Qt.Key.Key_Return)
    assert codes(village) == ["D01"]
    assert page.left.text() == "还剩 4 人"
    assert page.pile().middle.currentIndex() == 1
    QTest.keyClick(page, Qt.Key.Key_U)
    stage.settle()
    assert codes(village) == []
    assert page.left.text() == "还剩 5 人"
    assert page.pile().table.row_here() is not None


def test_ctrl_s_does_what_enter_does(page: ListsPage, stage: Stage, village: Village) -> None:
    page.save()
    stage.settle()
    assert codes(village) == ["D01"]


def test_the_next_line_is_under_the_cursor_once_one_is_decided(page: ListsPage, stage: Stage) -> None:
    view = open_pile(page, NAME)
    view.table.selectRow(0)
    press(page, stage, Qt.Key.Key_Return)
    left = view.table.row_here()
    assert left is not None
    assert left.waiting
    assert len(view.table.all_rows()) == 1


def test_several_are_accepted_at_once_as_one_step(stage: Stage, village: Village) -> None:
    path = village.paper("低保", person("宋火强", BOY), person("汪静根", GIRL))
    village.lists.read(path, "L04", AUTUMN)
    page = stage.show(ListsPage)
    page.pile().table.selectAll()
    assert page.pile().question.text() == "已选 3 行"  # his sister, of the same household, is offered too
    press(page, stage, Qt.Key.Key_Return)
    assert (codes(village), codes(village, "汪静根")) == (["D05"], ["D05"])
    assert page.left.text() == "这份名单都处理完了"
    page.undo()
    stage.settle()
    assert page.left.text() == "还剩 3 人"


def test_not_ours_wants_a_reason_where_the_number_is_our_pupils(
    page: ListsPage, stage: Stage, village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[str | None] = [None, "号码被冒用"]
    monkeypatch.setattr(pile, "ask_reason", lambda *_: answers.pop(0))
    press(page, stage, Qt.Key.Key_N)
    assert page.left.text() == "还剩 5 人"
    press(page, stage, Qt.Key.Key_N)
    assert page.left.text() == "还剩 4 人"
    assert codes(village) == []


def test_a_child_of_another_school_is_put_aside_by_n_and_comes_back_by_u(page: ListsPage, stage: Stage) -> None:
    open_pile(page, ABSENT)
    press(page, stage, Qt.Key.Key_N)
    assert page.left.text() == "还剩 4 人"
    page.show_which.choose("all")
    stage.settle()
    outcomes = {line.name: line.outcome for line in page.pile().table.all_rows()}
    assert outcomes == {"李学生": "notours", "陌生人": "age"}
    page.undo()
    stage.settle()
    assert page.left.text() == "还剩 5 人"


def test_enter_on_a_child_unlike_any_of_ours_means_another_school(page: ListsPage, stage: Stage) -> None:
    open_pile(page, ABSENT)
    press(page, stage, Qt.Key.Key_Return)
    assert page.left.text() == "还剩 4 人"


def test_later_stays_and_is_counted(page: ListsPage, stage: Stage) -> None:
    open_pile(page, ABSENT)
    press(page, stage, Qt.Key.Key_L)
    assert page.left.text() == "还剩 5 人，其中 1 人以后再定"
    assert len(page.pile().table.all_rows()) == 1


def test_a_number_key_says_which_pupil_is_meant(stage: Stage, village: Village) -> None:
    wrong = BOY[:17] + ("1" if BOY[17] != "1" else "2")
    village.lists.read(village.paper("脱贫户", person("宋火强", wrong)), listed_on=AUTUMN)
    page = stage.show(ListsPage)
    open_pile(page, UNREAD)
    press(page, stage, Qt.Key.Key_Return)
    assert "看一眼" in stage.messages[-1].what
    press(page, stage, Qt.Key.Key_9)
    assert codes(village) == []
    press(page, stage, Qt.Key.Key_1)
    assert codes(village) == ["D01"]


def test_a_hardship_is_ended_by_enter_or_kept_by_k(
    stage: Stage, village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = village.paper("秋", person("宋火强", BOY), person("汪静根", GIRL))
    village.lists.accept_pile(village.lists.read(path, "L04", AUTUMN).run)
    village.lists.read(village.paper("春", person("李", None)), "L04", SPRING)
    page = stage.show(ListsPage)
    view = open_pile(page, ENDED)
    assert len(view.table.all_rows()) == 2
    press(page, stage, Qt.Key.Key_Return)
    monkeypatch.setattr(pile, "ask_reason", lambda *_: "漏列")
    press(page, stage, Qt.Key.Key_K)
    assert view.table.all_rows() == []
    ends = sorted(str(one["valid_to"]) for one in records(village.desk.context, Hardship))
    assert ends == ["2026-03-09", "None"]


def test_a_settled_line_of_an_old_step_is_taken_back_after_asking(
    page: ListsPage, stage: Stage, village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    village.lists.accept_pile(village.lists.runs()[0].id)
    page.show_which.choose("all")
    page.refresh()
    stage.settle()
    asked: list[str] = []

    def agree(_: object, what: str, *__: object, **___: object) -> bool:
        asked.append(what)
        return True

    monkeypatch.setattr(widgets, "confirm", agree)
    page.pile().table.selectRow(0)
    page.undo()
    stage.settle()
    assert "确认 1 人" in asked[0]
    assert codes(village) == []


def test_a_file_is_looked_at_asked_about_and_read(
    stage: Stage, village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = stage.show(ListsPage)
    path = village.paper("农村低保2025年9月", person("宋火强", BOY))
    shown: list[tuple[str, str]] = []

    def answer(dialog: ListDialog) -> int:
        shown.append((dialog.kind, dialog.listed_on))
        return int(QDialog.DialogCode.Accepted)

    monkeypatch.setattr(ListDialog, "exec", answer)
    monkeypatch.setattr(widgets, "pick_open", lambda *_: path)
    page.new()
    stage.settle()
    assert shown == [("L04", "2025-09-01")]
    assert page.left.text() == "还剩 2 人"  # and his sister, who is offered
    assert "比对完成" in stage.messages[-1].what


def test_the_dialog_wants_a_kind_and_asks_twice_about_an_older_list(stage: Stage, village: Village) -> None:
    village.lists.read(village.paper("低保", person("宋火强", BOY)), "L04", SPRING)
    look = village.lists.look(village.paper("表", person("宋火强", BOY), title="人员"))
    dialog = ListDialog(None, look, village.lists.kinds(), village.lists.newest)
    stage.qtbot.addWidget(dialog)
    dialog.pick.choose("")
    dialog.deed.click()
    assert "种类" in dialog.banner.text()
    dialog.pick.choose("L04")
    dialog.date.put("2025-09-01")
    dialog.deed.click()
    assert (dialog.older, dialog.result()) == (True, 0)
    assert SPRING in dialog.banner.text()
    dialog.deed.click()
    assert dialog.result() == QDialog.DialogCode.Accepted
