"""Before and after merging, by keyboard: preview, take back, let return, decide what is held, settle a fork."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from jzdesk.cli.merged import effect_lines
from jzdesk.models import Student
from jzdesk.services.bundle import Services
from jzdesk.services.effects import Effects
from jzdesk.services.ledger import Query
from jzdesk.services.stations import open_station
from jzdesk.ui.dialogs.effects import EffectsDialog, figures_of
from jzdesk.ui.dialogs.ruling import RulingDialog
from jzdesk.ui.pages import held
from jzdesk.ui.pages.inbox import InboxPage
from jzdesk.ui.pages.listing import Listing
from jzdesk.ui.pages.merged import HOLDS, MergedPage
from jzdesk.ui.tasks import Tasks
from tests.factories.forging import Forger
from tests.factories.forks import in_parts
from tests.factories.stations import PASSWORD
from tests.gui.stage import Stage, well_behaved


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    made = tmp_path / "stick"
    made.mkdir()
    return made


@pytest.fixture
def stage(qtbot: QtBot, tasks: Tasks, county: Services) -> Stage:
    return Stage(qtbot, tasks, county)


def save(school: Services, name: str, **values: Any) -> str:
    with school.context.write() as unit:
        return unit.add(Student, {"name": name, "sex": "1", "birth": "2016-05-07", **values})


def here(table: Listing) -> Any:
    """The row with the cursor."""
    row = table.row_here()
    assert row is not None
    return row


def students(county: Services) -> int:
    return len(county.ledger.ids(Query("student")))


def effects_dialog(stage: Stage, page: Any) -> EffectsDialog:
    dialog = stage.dialog(page)
    assert isinstance(dialog, EffectsDialog)
    return dialog


def test_enter_previews_and_only_then_that_package_is_merged(
    stage: Stage, county: Services, certified: Services, stick: Path
) -> None:
    for name in ("一", "二"):
        save(certified, name)
        certified.exchange.export(stick)
    page = stage.show(InboxPage)
    page.take([stick])
    stage.settle()
    assert page.preview_button.isEnabled()
    QTest.keyClick(page.packages.table, Qt.Key.Key_Return)
    stage.settle()
    dialog = effects_dialog(stage, page)
    well_behaved(dialog.entities)
    assert dialog.figures.text() == "新增 1"
    assert any("可以并入" in label.text() for label in dialog.findChildren(QLabel))
    dialog.reject()
    assert (students(county), county.merging.arrivals()) == (0, [])

    QTest.keyClick(page.packages.table, Qt.Key.Key_Return)
    stage.settle()
    stage.press(effects_dialog(stage, page), "并入这个包")
    assert students(county) == 1
    assert [line.number for line in county.merging.arrivals()] == [1]


def test_a_preview_can_be_cancelled(stage: Stage, county: Services, certified: Services, stick: Path) -> None:
    save(certified, "一")
    certified.exchange.export(stick)
    page = stage.show(InboxPage)
    page.take([stick])
    stage.settle()
    stage.tasks.started.connect(lambda task: task.progress.cancel())
    page.preview()
    stage.settle()
    assert page.findChildren(EffectsDialog) == []
    assert page.preview_button.isEnabled()
    assert county.verify().ok
    assert list(county.info.folder.joinpath("received").glob("*.jzp")) == []


def test_a_package_is_taken_back_and_returns_by_keyboard(
    stage: Stage, county: Services, certified: Services, stick: Path
) -> None:
    uid = save(certified, "一", phone="13800000001")
    certified.exchange.export(stick)
    county.merging.merge([stick])
    with certified.context.write() as unit:
        unit.change(Student, uid, {"phone": "13800000002"})
    last = certified.exchange.export(stick)[0].path
    county.merging.merge([last])
    whole = county.verify()
    page = stage.show(MergedPage)
    well_behaved(page.log.table)
    QTest.keyClick(page.log.table, Qt.Key.Key_Return)
    stage.settle()
    dialog = effects_dialog(stage, page)
    well_behaved(dialog.changes)
    (change,) = dialog.changes.all_rows()
    assert (change.title, change.field_label, change.old, change.new) == (
        "一",
        "联系电话",
        "138****0002",
        "138****0001",
    )
    QTest.keyClick(dialog.reason, Qt.Key.Key_Return)
    assert "还没有写理由" in dialog.banner.text()
    QTest.keyClicks(dialog.reason, "wrong term")
    QTest.keyClick(dialog.reason, Qt.Key.Key_Return)
    stage.settle()
    assert stage.said == ["已撤回合并"]
    assert county.ledger.record("student", uid).values["phone"] == "13800000001"
    assert page.log.table.records().index(0, 3).data() == "已撤回"
    assert "wrong term" in page.log.words.text()
    assert not page.log.back_button.isEnabled()

    QTest.keyClick(page.log.table, Qt.Key.Key_Return)
    stage.settle()
    stage.press(effects_dialog(stage, page), "重新并入")
    assert county.verify() == whole


def test_the_log_shows_one_school_when_asked(
    stage: Stage, county: Services, certified: Services, tmp_path: Path, stick: Path
) -> None:
    from tests.factories.stations import certify, new_school

    other = new_school(tmp_path / "other", "2143990002")
    certify(other, county, tmp_path)
    for school in (certified, other, other):
        save(school, "一")
        school.exchange.export(stick)
    county.merging.merge([stick])
    page = stage.show(MergedPage)
    assert page.log.table.records().rowCount() == 3
    page.log.school.choose("2143990002")
    assert {line.school for line in page.log.table.all_rows()} == {"2143990002"}
    assert page.log.figures.text() == "收到记录 3，并入 2，以前已有 1，待裁定 0，未接收 0"
    page.refresh()
    stage.settle()
    assert page.log.table.records().rowCount() == 2, "the choice stays"
    other.close()


def waiting(school: Services, county: Services, stick: Path) -> None:
    """Two records of another school, and one that may never count."""
    forger = Forger(school)
    forger.say(scope="2143990002", set={"name": "甲生"})
    forger.say(scope="2143990002", set={"name": "乙生"})
    forger.say(role="county", set={"name": "冒名"})
    county.merging.merge([forger.package(stick)])


def test_what_is_held_is_decided_by_key_with_a_reason(
    stage: Stage, county: Services, certified: Services, stick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting(certified, county, stick)
    assert ("数据包里有记录等待裁定", 3) in [(todo.label, todo.count) for todo in county.home.summary().todos]
    page = stage.show(MergedPage, "holds")
    assert page.tabs.currentIndex() == HOLDS
    assert page.tabs.tabText(HOLDS) == "待裁定的记录（3）"
    table = page.holds.table
    well_behaved(table)
    words = [label.text() for label in page.holds.right.findChildren(QLabel)]
    assert any("甲生" in each and "大坪教学点" in each for each in words)
    monkeypatch.setattr(held, "ask_ruling", lambda *_: None)
    QTest.keyClick(table, Qt.Key.Key_1)
    stage.settle()
    assert students(county) == 0
    monkeypatch.setattr(held, "ask_ruling", lambda *_: ("电话核实", None))
    QTest.keyClick(table, Qt.Key.Key_1)
    stage.settle()
    assert students(county) == 1
    assert here(table).title == "乙生", "the cursor goes on to the next"
    QTest.keyClick(table, Qt.Key.Key_2)
    stage.settle()
    assert students(county) == 1
    assert [line.ruling for line in county.holds.waiting(decided=True)] == ["refused", "admitted"]
    words = [label.text() for label in page.holds.right.findChildren(QLabel)]
    assert "不能采纳" in words
    QTest.keyClick(table, Qt.Key.Key_1)
    stage.settle()
    assert len(county.holds.waiting()) == 1, "what may never count cannot be admitted"
    QTest.keyClick(table, Qt.Key.Key_2)
    stage.settle()
    assert page.holds.middle.currentIndex() == 1
    assert stage.messages == []


def test_enter_goes_to_the_next_case_and_round_again(
    stage: Stage, county: Services, certified: Services, stick: Path
) -> None:
    waiting(certified, county, stick)
    page = stage.show(MergedPage, "holds")
    seen = []
    for _ in range(4):
        seen.append(page.holds.table.currentIndex().row())
        QTest.keyClick(page.holds.table, Qt.Key.Key_Return)
        stage.settle()
    assert seen == [0, 1, 2, 0]


@pytest.mark.parametrize(("key", "shown"), [(Qt.Key.Key_1, "ours"), (Qt.Key.Key_2, "theirs")])
def test_a_fork_is_settled_by_key(
    stage: Stage, county: Services, certified: Services, tmp_path: Path, stick: Path, monkeypatch: pytest.MonkeyPatch,
    key: Qt.Key, shown: str,
) -> None:  # fmt: skip
    folder = certified.info.folder
    certified.close()
    shutil.copytree(folder, tmp_path / "twin")
    twins = {"ours": open_station(folder, PASSWORD), "theirs": open_station(tmp_path / "twin", PASSWORD)}
    for name, school in twins.items():
        save(school, name)
        county.merging.merge([school.exchange.export(stick)[0].path])
    page = stage.show(MergedPage, "holds")
    words = [label.text() for label in page.holds.right.findChildren(QLabel)]
    assert "原来收到的一支" in words
    assert page.holds.keep_other.isVisible()
    page.holds.keep_other.setChecked(False)
    monkeypatch.setattr(held, "ask_ruling", lambda *_: ("旧电脑停用", None))
    QTest.keyClick(page.holds.table, key)
    stage.settle()
    assert stage.said == ["分叉已裁定"]
    rows = county.ledger.rows("student", county.ledger.ids(Query("student")))
    assert [row.values["name"] for row in rows] == [shown]
    for school in twins.values():
        school.close()


def test_the_parts_of_a_branch_are_listed_in_turn_and_a_later_one_names_the_earlier(
    stage: Stage, county: Services, certified: Services, tmp_path: Path, stick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    school, twin, _ = in_parts(certified, county, tmp_path, stick)
    monkeypatch.setattr(held, "ask_ruling", lambda *_: ("旧电脑停用", None))
    page = stage.show(MergedPage, "holds")
    table = page.holds.table
    assert [here(table).id, table.records().rowCount()] == [3, 3]
    table.selectRow(1)
    stage.settle()
    assert "请先裁定编号 3" in page.holds.explain.text()
    for key in (Qt.Key.Key_1, Qt.Key.Key_2):
        QTest.keyClick(table, key)
        stage.settle()
    assert (stage.said, table.records().rowCount()) == ([], 3)
    table.selectRow(0)
    stage.settle()
    QTest.keyClick(table, Qt.Key.Key_1)
    stage.settle()
    assert (stage.said, here(table).id) == (["分叉已裁定"], 2)
    assert "两支在第 1 条以前相同" in page.holds.explain.text()
    for each in (school, twin):
        each.close()


def test_a_clock_has_to_be_explained(qtbot: QtBot) -> None:
    dialog = RulingDialog(None, "采纳", "请写明经过。", 120)
    qtbot.addWidget(dialog)
    dialog.edit.put("电脑日期快了五天")
    assert dialog.hours == 120
    dialog.clock.put("")
    dialog._take()
    assert "时钟" in dialog.banner.text()
    dialog.clock.put("96")
    dialog._take()
    assert (dialog.reason, dialog.hours) == ("电脑日期快了五天", 96)


def test_after_a_decision_the_next_conflict_is_at_hand(
    stage: Stage, county: Services, certified: Services, stick: Path
) -> None:
    uids = [certified.ledger.save("staff", {"name": f"王{n}", "post": "教师"}).uid for n in range(3)]
    certified.exchange.export(stick)
    county.merging.merge([stick])
    for uid in uids:
        county.ledger.save("staff", {"post": "班主任"}, uid)
        certified.ledger.save("staff", {"post": "教导主任"}, uid)
    certified.exchange.export(stick)
    county.merging.merge([stick])
    page = stage.show(MergedPage, "conflicts")
    table = page.conflicts.table
    QTest.keyClick(table, Qt.Key.Key_Return)
    second, third = (county.settling.conflicts()[n].uid for n in (1, 2))
    assert here(table).uid == second
    QTest.keyClick(table, Qt.Key.Key_1)
    stage.settle()
    assert here(table).uid == third
    assert len(county.settling.conflicts()) == 2


def test_how_many_children_have_moved_on_is_told_before_a_package_is_taken_back() -> None:
    seen = Effects(moved=2)
    assert [(one.label, one.value) for one in figures_of(seen)][-1] == ("涉及已转走的学生", "2")
    assert list(effect_lines(seen)) == ["涉及 2 名已转到别的学校的学生，对方读下一次回执后同样改变。"]
