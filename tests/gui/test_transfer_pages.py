"""转学 by hand: asked for at the old school, ruled on by the county, received at the new one; groups of one child."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from jzdesk.models import Enrolment, Student
from jzdesk.services.bundle import Services
from jzdesk.ui.editors.reference import ReferenceEdit
from jzdesk.ui.pages import merged_groups, merged_transfers
from jzdesk.ui.pages.merged import MergedPage
from jzdesk.ui.pages.roll import RollPage
from jzdesk.ui.pages.roll import transfers as roll_transfers
from jzdesk.ui.pages.roll.view import DeedDialog
from jzdesk.ui.pages.students import StudentPage
from jzdesk.ui.tasks import Tasks
from tests.factories.moves import NEW, Three, child, paid
from tests.factories.people import id_number
from tests.gui.stage import Stage, well_behaved


def on(qtbot: QtBot, tasks: Tasks, services: Services) -> Stage:
    return Stage(qtbot, tasks, services)


def test_a_transfer_is_asked_for_from_the_childs_page(qtbot: QtBot, tasks: Tasks, three: Three) -> None:
    uid = child(three.old)
    with three.old.context.write() as unit:  # more than a field offers by itself
        unit.add_many(Student, [{"name": f"阿{n}", "sex": "1", "birth": "2016-05-07"} for n in range(60)])
    stage = on(qtbot, tasks, three.old)
    went: list[tuple[str, ...]] = []
    stage.desk.wanted.connect(lambda *where: went.append(where))
    students = stage.show(StudentPage, uid)
    assert students.panel.move_button.isVisible()
    students.panel.move_button.click()
    assert went == [("roll", f"transfers#{uid}")]
    page = stage.show(RollPage, f"transfers#{uid}")
    well_behaved(page.transfers.table)
    dialog = stage.dialog(page)
    assert isinstance(dialog, DeedDialog)
    editor = dialog.form.boxes["student"].editor
    assert isinstance(editor, ReferenceEdit)
    assert editor.text() == "王小明"
    dialog.form.boxes["to_school"].put(NEW)
    dialog.form.boxes["reason"].put("随父母搬迁")
    dialog.save()
    stage.settle()
    assert stage.said == ["已申请转学，随下一个数据包报县里"]
    (line,) = three.old.transfers.lines()
    assert (line.student, line.to_name, line.state) == (uid, "白沙镇中心小学", "asked")
    page.refresh()
    stage.settle()
    assert page.transfers.withdraw_button.isEnabled()
    assert not page.transfers.receive_button.isEnabled()


def test_a_school_written_short_is_asked_about_beside_the_field(qtbot: QtBot, tasks: Tasks, three: Three) -> None:
    uid = child(three.old)
    stage = on(qtbot, tasks, three.old)
    page = stage.show(RollPage, f"transfers#{uid}")
    dialog = stage.dialog(page)
    assert isinstance(dialog, DeedDialog)
    dialog.form.boxes["to_name"].put("白沙镇中心")
    dialog.form.boxes["reason"].put("搬迁")
    dialog.save()
    stage.settle()
    assert dialog.isVisible()
    assert any("是不是其中一所" in label.text() for label in dialog.findChildren(QLabel))


def test_one_key_of_the_county_moves_the_file(
    qtbot: QtBot, tasks: Tasks, three: Three, monkeypatch: pytest.MonkeyPatch
) -> None:
    uid = child(three.old)
    paid(three.old)
    three.ask(uid)
    three.up()
    stage = on(qtbot, tasks, three.county)
    page = stage.show(MergedPage, "transfers")
    view = page.transfers
    well_behaved(view.table)
    assert page.tabs.tabText(4) == "转学（1）"
    words = [label.text() for label in view.findChildren(QLabel)]
    assert any("是否同意" in word for word in words)
    assert any("已由青石镇中心小学发放" in word for word in words)
    QTest.keyClick(view.table, Qt.Key.Key_1)
    stage.settle()
    assert three.county.ledger.record("student", uid).values["scope"] == NEW
    assert "已同意王小明转往白沙镇中心小学" in stage.said[-1]
    assert view.revoke_button.isVisible()
    assert not view.approve_button.isVisible()
    shown: list[str] = []
    monkeypatch.setattr(merged_transfers, "preview", lambda desk, parent, title, name, write: shown.append(name))
    view.paper_button.click()
    assert shown == ["转学审批意见-王小明.pdf"]
    monkeypatch.setattr(merged_transfers, "ask_reason", lambda *_: "家长改了主意")
    view.revoke_button.click()
    stage.settle()
    assert [line.state for line in three.county.transfers.lines()] == ["revoked"]


def test_the_county_refuses_with_a_reason(
    qtbot: QtBot, tasks: Tasks, three: Three, monkeypatch: pytest.MonkeyPatch
) -> None:
    three.ask(child(three.old))
    three.up()
    stage = on(qtbot, tasks, three.county)
    page = stage.show(MergedPage, "transfers")
    monkeypatch.setattr(merged_transfers, "ask_reason", lambda *_: "学位已满")
    QTest.keyClick(page.transfers.table, Qt.Key.Key_2)
    stage.settle()
    assert [line.ruling_reason for line in three.county.transfers.lines()] == ["学位已满"]


def test_the_new_school_receives_the_child_and_the_old_one_only_reads(
    qtbot: QtBot, tasks: Tasks, three: Three, monkeypatch: pytest.MonkeyPatch
) -> None:
    uid = three.moved()
    stage = on(qtbot, tasks, three.new)
    students = stage.show(StudentPage, uid)
    texts = [label.text() for label in students.panel.findChildren(QLabel) if label.isVisible()]
    assert any("由青石镇中心小学转来" in text for text in texts)
    page = stage.show(RollPage, f"transfers#{uid}")
    dialog = stage.dialog(page)
    assert isinstance(dialog, DeedDialog)
    dialog.save()
    stage.settle()
    assert stage.said[-1] == "已接收 王小明"
    assert [line.state for line in three.new.transfers.lines()] == ["received"]
    shown: list[str] = []
    monkeypatch.setattr(roll_transfers, "preview", lambda desk, parent, title, name, write: shown.append(name))
    page.transfers.print()
    assert shown == ["转学接收回执-王小明.pdf"]
    old = on(qtbot, tasks, three.old)
    left = old.show(StudentPage, uid)
    assert not left.panel.save_button.isVisible()
    assert not left.panel.move_button.isVisible()
    assert any("本校只能查看" in label.text() for label in left.panel.findChildren(QLabel) if label.isVisible())
    assert left.table.records().rowCount() == 0
    left.wanted.choose("moved")
    left.refresh()
    old.settle()
    assert left.table.records().rowCount() == 1


def test_a_refused_transfer_is_taken_back_on_the_page(
    qtbot: QtBot, tasks: Tasks, three: Three, monkeypatch: pytest.MonkeyPatch
) -> None:
    uid = child(three.old)
    three.county.transfers.refuse(three.asked(uid), "学位已满")
    three.down()
    stage = on(qtbot, tasks, three.old)
    page = stage.show(RollPage, f"transfers#{uid}")  # as the line of the county's receipt does
    assert "撤回申请后学生恢复在读" in page.transfers.words.text()
    monkeypatch.setattr(roll_transfers, "ask_reason", lambda *_: "不转了")
    page.transfers.withdraw_button.click()
    stage.settle()
    assert three.old.transfers.lines() == []
    assert page.transfers.middle.currentIndex() == 1


def test_two_places_of_one_child_are_settled_with_a_number_key(
    qtbot: QtBot, tasks: Tasks, three: Three, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, uids = id_number(), []
    for school in (three.old, three.new):
        with school.context.write() as unit:
            uid = unit.add(Student, {"name": "曾小乐", "sex": "1", "birth": "2016-05-07", "id_number": number})
            unit.add(Enrolment, {"student": uid, "school": school.info.code, "grade": "G03", "status": "01"})
        uids.append(uid)
    three.up()
    three.county.settling.settle(uids[0], uids[1], same=True, reason="电话核实")
    stage = on(qtbot, tasks, three.county)
    assert stage.show(StudentPage).count.text() == "共 1 人（2 条记录）"
    page = stage.show(MergedPage, "groups")
    well_behaved(page.groups.table)
    assert page.tabs.tabText(5) == "同一人分组（1）"
    monkeypatch.setattr(merged_groups, "ask_reason", lambda *_: "已在另一校就读")
    QTest.keyClick(page.groups.table, Qt.Key.Key_1)
    stage.settle()
    assert three.county.settling.groups()[0].problem == ""
    page.groups.reopen()
    stage.settle()
    assert three.county.settling.groups() == []
    assert len(three.county.settling.duplicates()) == 1
