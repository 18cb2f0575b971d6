"""Working in a table by keyboard: paste, fill down, change, copy and void many rows, undo; on every ledger."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QApplication, QDialog, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from jzdesk.models import SPECS
from jzdesk.services.bundle import Services
from jzdesk.services.ledger import Query
from jzdesk.ui import widgets
from jzdesk.ui.desk import Desk
from jzdesk.ui.dialogs.bulk import ChangeDialog, PlanDialog
from jzdesk.ui.dialogs.history import HistoryDialog
from jzdesk.ui.ledger.page import LedgerPage
from jzdesk.ui.shell import Shell
from tests.gui.hands import cursor, type_into

Settle = Callable[[], None]
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
PEOPLE = (("李二", "13800000001"), ("王三", "13800000002"), ("陈一", "13800000003"))


@pytest.fixture
def uids(school: Services) -> list[str]:
    """Three of the staff, in the order of the table."""
    return [school.ledger.save("staff", {"name": name, "phone": phone}).uid for name, phone in PEOPLE]


@pytest.fixture
def page(qtbot: QtBot, desk: Desk, settle: Settle, uids: list[str]) -> LedgerPage:
    made = LedgerPage(desk, "staff")
    qtbot.addWidget(made)
    made.resize(1200, 700)
    made.show()
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow)
    made.arrive()
    settle()
    made.table.setFocus()
    made.table.go_to(uids[0])
    settle()
    return made


@pytest.fixture
def said(desk: Desk) -> list[str]:
    found: list[str] = []
    desk.toasted.connect(lambda words, *_: found.append(words))
    return found


def put(text: str) -> None:
    QGuiApplication.clipboard().setText(text)


def cell(page: LedgerPage, row: int, name: str) -> None:
    """Put the cursor into a cell."""
    column = [each.name for each in page.table.records().columns].index(name)
    page.table.selectRow(row, column)


def key(widget: QWidget, name: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    QTest.keyClick(widget, name, modifiers)


def dialog(page: QWidget, settle: Settle) -> PlanDialog:
    settle()
    QApplication.processEvents()
    (found,) = (each for each in page.findChildren(PlanDialog) if each.isVisible())
    settle()
    return found


def posts(school: Services, uids: list[str]) -> list[object]:
    return [row.values["post"] for row in school.ledger.rows("staff", uids)]


def test_a_block_is_pasted_at_the_cursor_and_shown_before_it_is_written(
    page: LedgerPage, settle: Settle, school: Services, uids: list[str], said: list[str]
) -> None:
    cell(page, 1, "post")
    put("班主任\r\n教导主任\r\n")
    key(page.table, Qt.Key.Key_V, CTRL)
    preview = dialog(page, settle)
    assert preview.summary.text() == "2 条将改"
    assert posts(school, uids) == [None, None, None]
    key(preview, Qt.Key.Key_S, CTRL)
    settle()
    assert posts(school, uids) == [None, "班主任", "教导主任"]
    assert said == ["已修改 2 条"]


def test_wrong_cells_are_red_with_the_remedy_and_can_be_put_right_in_the_preview(
    qtbot: QtBot, page: LedgerPage, settle: Settle, school: Services, uids: list[str]
) -> None:
    cell(page, 0, "name")
    put("李二\t难\n王三\t女\n")
    key(page.table, Qt.Key.Key_V, CTRL)
    preview = dialog(page, settle)
    assert preview.summary.text() == "1 条将改，1 处有问题，不会写入"
    assert "“难”不在选项里。请改成" in preview.words.text()
    assert (preview.table.currentIndex().row(), preview.table.currentIndex().column()) == (0, 2)
    key(preview.table, Qt.Key.Key_F2)
    editor = QApplication.focusWidget()
    assert isinstance(editor, QLineEdit)
    editor.selectAll()
    type_into(editor, "男")
    key(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: preview.summary.text() == "2 条将改")
    preview.write()
    settle()
    assert [row.values["sex"] for row in school.ledger.rows("staff", uids)] == ["1", "2", None]


def test_rows_beyond_the_end_become_new_records_only_when_wished(
    page: LedgerPage, settle: Settle, school: Services, uids: list[str]
) -> None:
    cell(page, 2, "name")
    put("陈一\n赵四\n\n")
    key(page.table, Qt.Key.Key_V, CTRL)
    preview = dialog(page, settle)
    assert preview.summary.text() == "0 条将改，1 条新增，1 条不变"
    preview.adding.setChecked(False)
    settle()
    assert not preview.write_button.isEnabled()
    preview.adding.setChecked(True)
    settle()
    preview.write()
    settle()
    assert len(school.ledger.ids(Query("staff"))) == 4


def test_a_first_row_of_headings_says_which_columns_are_meant(
    page: LedgerPage, settle: Settle, school: Services, uids: list[str]
) -> None:
    cell(page, 0, "name")
    put("职务\t姓名\n校长\t李二\n")
    key(page.table, Qt.Key.Key_V, CTRL)
    dialog(page, settle).write()
    settle()
    assert posts(school, uids) == ["校长", None, None]


def test_one_row_pasted_over_several_is_meant_for_each(
    page: LedgerPage, settle: Settle, school: Services, uids: list[str]
) -> None:
    cell(page, 0, "post")
    key(page.table, Qt.Key.Key_Down, SHIFT)
    key(page.table, Qt.Key.Key_Down, SHIFT)
    assert page.count.text() == "共 3 条，选中 3 条"
    cell_of = page.table.currentIndex()
    assert page.table.records().columns[cell_of.column()].name == "post"
    put("教师")
    key(page.table, Qt.Key.Key_V, CTRL)
    dialog(page, settle).write()
    settle()
    assert posts(school, uids) == ["教师"] * 3


def test_what_finds_no_column_is_named(page: LedgerPage, settle: Settle) -> None:
    page.table.selectRow(0, page.table.records().columnCount() - 1)
    put("甲\t乙\t丙\n")
    key(page.table, Qt.Key.Key_V, CTRL)
    preview = dialog(page, settle)
    assert any("有 2 列没有对应的栏目" in label.text() for label in preview.findChildren(type(preview.summary)))


def test_fill_down_takes_the_first_chosen_row(
    page: LedgerPage, settle: Settle, school: Services, uids: list[str]
) -> None:
    school.ledger.save("staff", {"post": "教师"}, uids[0])
    settle()
    cell(page, 0, "post")
    key(page.table, Qt.Key.Key_A, CTRL)
    key(page.table, Qt.Key.Key_D, CTRL)
    preview = dialog(page, settle)
    assert preview.summary.text() == "2 条将改"
    preview.write()
    settle()
    assert posts(school, uids) == ["教师"] * 3


def test_with_one_row_chosen_fill_down_takes_the_row_above(
    page: LedgerPage, settle: Settle, school: Services, uids: list[str], said: list[str]
) -> None:
    school.ledger.save("staff", {"post": "教师"}, uids[0])
    settle()
    cell(page, 0, "post")
    key(page.table, Qt.Key.Key_D, CTRL)
    assert "请先选中要填充的几行" in said[-1]
    cell(page, 1, "post")
    key(page.table, Qt.Key.Key_D, CTRL)
    dialog(page, settle).write()
    settle()
    assert posts(school, uids) == ["教师", "教师", None]


def test_many_rows_are_changed_at_once_after_a_preview(
    page: LedgerPage, settle: Settle, school: Services, uids: list[str]
) -> None:
    cell(page, 0, "post")
    key(page.table, Qt.Key.Key_End, SHIFT)
    key(page.table, Qt.Key.Key_F2)
    preview = dialog(page, settle)
    assert isinstance(preview, ChangeDialog)
    assert preview.field.value() == "post"
    assert not preview.write_button.isEnabled()
    type_into(preview.box.editor, "班主任")
    QTest.qWait(300)
    settle()
    assert preview.summary.text() == "3 条将改"
    key(preview, Qt.Key.Key_S, CTRL)
    settle()
    assert posts(school, uids) == ["班主任"] * 3


def test_a_record_changed_behind_the_preview_is_shown_again_before_anything_is_written(
    page: LedgerPage, settle: Settle, school: Services, uids: list[str]
) -> None:
    cell(page, 0, "post")
    put("班主任\n班主任\n")
    key(page.table, Qt.Key.Key_V, CTRL)
    preview = dialog(page, settle)
    school.ledger.save("staff", {"post": "校长"}, uids[0])
    preview.write()
    settle()
    assert "又被改过" in preview.banner.text()
    assert preview.model.index(0, 1).data() == "校长 → 班主任"
    preview.write()
    settle()
    assert posts(school, uids) == ["班主任", "班主任", None]


def test_the_form_beside_shows_what_was_pasted_and_saving_it_takes_nothing_back(
    page: LedgerPage, settle: Settle, school: Services, uids: list[str]
) -> None:
    page.open_record(uids[0])
    settle()
    cell(page, 0, "post")
    put("班主任")
    key(page.table, Qt.Key.Key_V, CTRL)
    dialog(page, settle).write()
    settle()
    QApplication.processEvents()
    settle()
    assert page.panel.form.boxes["post"].raw() == "班主任"
    type_into(page.panel.form.boxes["subject"].editor, "数学")
    school.ledger.save("staff", {"post": "校长"}, uids[0])
    settle()
    page.save()
    settle()
    values = school.ledger.record("staff", uids[0]).values
    assert (values["post"], values["subject"]) == ("校长", "数学")


def test_copies_are_masked_unless_asked_for_openly(
    page: LedgerPage, settle: Settle, monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    cell(page, 0, "name")
    assert [field.name for field in SPECS["staff"] if field.sensitive and field.table]
    key(page.table, Qt.Key.Key_C, CTRL)
    masked = QGuiApplication.clipboard().text()
    assert "138****0001" in masked
    monkeypatch.setattr(widgets, "confirm", lambda *_, **__: False)
    key(page.table, Qt.Key.Key_C, CTRL | SHIFT)
    settle()
    assert QGuiApplication.clipboard().text() == masked
    monkeypatch.setattr(widgets, "confirm", lambda *_, **__: True)
    key(page.table, Qt.Key.Key_C, CTRL | SHIFT)
    settle()
    assert "13800000001" in QGuiApplication.clipboard().text()
    assert said[-1] == "已复制 1 行，号码完整"


def test_what_was_copied_masked_can_be_pasted_back_and_changes_nothing(page: LedgerPage, settle: Settle) -> None:
    cell(page, 0, "name")
    key(page.table, Qt.Key.Key_A, CTRL)
    key(page.table, Qt.Key.Key_C, CTRL)
    cell(page, 0, "name")
    key(page.table, Qt.Key.Key_V, CTRL)
    preview = dialog(page, settle)
    assert preview.summary.text() == "0 条将改，3 条不变"


def test_several_are_voided_with_one_reason(
    page: LedgerPage, settle: Settle, school: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jzdesk.ui.ledger.work.ask_reason", lambda *_: "调出")
    cell(page, 0, "name")
    key(page.table, Qt.Key.Key_Down, SHIFT)
    key(page.table, Qt.Key.Key_Delete, CTRL)
    settle()
    assert len(school.ledger.ids(Query("staff"))) == 1


def test_typing_over_the_table_searches(page: LedgerPage, settle: Settle) -> None:
    page.table.setFocus()
    key(page.table, Qt.Key.Key_W)
    assert page.search.text() == "w"
    assert page.search.hasFocus()


def test_home_and_end_keep_the_column(page: LedgerPage) -> None:
    cell(page, 1, "post")
    column = page.table.currentIndex().column()
    key(page.table, Qt.Key.Key_End)
    assert (page.table.currentIndex().row(), page.table.currentIndex().column()) == (2, column)
    key(page.table, Qt.Key.Key_Home)
    assert (page.table.currentIndex().row(), page.table.currentIndex().column()) == (0, column)
    assert page.table.chosen_places() == [0]


def test_the_preview_keeps_the_rules_of_qt(page: LedgerPage, settle: Settle) -> None:
    cell(page, 0, "post")
    put("甲\n乙\n丙\n丁\n")
    key(page.table, Qt.Key.Key_V, CTRL)
    preview = dialog(page, settle)
    QAbstractItemModelTester(preview.model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    preview.shown.choose("wrong")
    assert preview.model.rowCount() == 1
    preview.next_wrong()
    assert "姓名没有填写" in preview.words.text()


@pytest.mark.parametrize("entity", sorted(SPECS))
def test_every_ledger_that_people_may_edit_takes_a_paste_and_every_other_refuses(
    qtbot: QtBot, desk: Desk, settle: Settle, messages: list[object], school: Services, entity: str
) -> None:
    with school.context.write() as unit:
        from jzdesk.models import BY_NAME

        record = BY_NAME[entity]
        unit.add(record, {name: 1 for name, spec in record.spec.fields.items() if spec.kind.integer})
    made = LedgerPage(desk, entity)
    qtbot.addWidget(made)
    made.show()
    made.arrive()
    settle()
    made.table.selectRow(0)
    settle()
    put("\t".join(["试"] * made.table.records().columnCount()))
    made.work.paste()
    settle()
    shown = [each for each in made.findChildren(QDialog) if each.isVisible()]
    assert bool(shown) == school.ledger.may_write(entity)
    if not shown:
        assert "只能查看" in str(messages[-1])
        return
    (preview,) = shown
    assert isinstance(preview, PlanDialog)
    settle()
    assert preview.plan.rows
    made.work.fill_down()
    made.work.change()
    settle()
    assert [each for each in made.findChildren(ChangeDialog) if each.isVisible()]


@pytest.fixture
def shell(qtbot: QtBot, desk: Desk, settle: Settle) -> Shell:
    made = Shell(desk)
    qtbot.addWidget(made)
    made.show()
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow)
    settle()
    return made


def actions(shell: Shell, settle: Settle) -> HistoryDialog:
    settle()
    (found,) = (each for each in shell.findChildren(HistoryDialog) if each.isVisible())
    return found


def test_ctrl_z_takes_the_last_action_back_and_the_toast_does_it_again(
    shell: Shell, settle: Settle, school: Services, uids: list[str], desk: Desk
) -> None:
    toasts: list[tuple[str, str, Callable[[], object]]] = []
    desk.toasted.connect(lambda *parts: toasts.append(parts))
    shell.setFocus()
    key(shell, Qt.Key.Key_Z, CTRL)
    settle()
    assert len(school.ledger.ids(Query("staff"))) == 2
    words, again, do = toasts[-1]
    assert (words, again) == ("已撤销：新增教职工", "重做")
    do()
    settle()
    assert len(school.ledger.ids(Query("staff"))) == 3
    key(shell, Qt.Key.Key_Z, CTRL)
    settle()
    key(shell, Qt.Key.Key_Y, CTRL)
    settle()
    assert len(school.ledger.ids(Query("staff"))) == 3


def test_a_field_keeps_its_own_ctrl_z(shell: Shell, settle: Settle, school: Services, uids: list[str]) -> None:
    shell.open("ledger", "staff")
    settle()
    shell.page().seek()  # type: ignore[union-attr]
    box = cursor()
    assert isinstance(box, QLineEdit)
    type_into(box, "abc")
    key(box, Qt.Key.Key_Z, CTRL)
    settle()
    assert box.text() == ""
    assert len(school.ledger.ids(Query("staff"))) == 3


def test_an_action_with_something_built_on_it_shows_what_and_opens_it(
    shell: Shell, settle: Settle, school: Services
) -> None:
    teacher = school.ledger.save("staff", {"name": "吴泽建"}).uid
    room = school.ledger.save("school_class", {"grade": "三年级", "name": "1班", "head": teacher}).uid
    added = next(one.number for one in school.undoing.recent() if one.label == "新增教职工")
    shell.show_actions(added)
    listed = actions(shell, settle)
    settle()
    assert not listed.undo_button.isEnabled()
    assert "有 1 处后来的改动" in listed.said.text()
    assert "小学三年级 1班" in listed.blocking.records().index(0, 0).data()
    listed.open_record()
    settle()
    assert shell.page().title == "台账"  # type: ignore[union-attr]
    opened = next(each for each in shell.findChildren(LedgerPage) if each.entity == "school_class")
    assert opened.panel.uid == room


def test_a_chosen_action_is_undone_and_done_again_from_the_list(
    shell: Shell, settle: Settle, school: Services, uids: list[str]
) -> None:
    key(shell, Qt.Key.Key_Z, CTRL | SHIFT)
    listed = actions(shell, settle)
    settle()
    assert listed.list.records().rowCount() == 3
    listed.list.selectRow(2)
    settle()
    listed.undo()
    settle()
    assert len(school.ledger.ids(Query("staff"))) == 2
    assert listed.list.records().index(3, 3).data() == "已撤销"
    listed.list.selectRow(0)
    settle()
    assert listed.undo_button.text() == "重做"
    listed.undo()
    settle()
    assert len(school.ledger.ids(Query("staff"))) == 3
