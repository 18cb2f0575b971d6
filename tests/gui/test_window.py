"""The window on a real station: every ledger, saving, undoing, leaving, the text at 150 %."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from jzdesk.core.errors import StationFault, UserError
from jzdesk.models import SPECS
from jzdesk.services import stations
from jzdesk.services.bundle import Services
from jzdesk.ui import program, theme, widgets
from jzdesk.ui.desk import Desk
from jzdesk.ui.dialogs.base import Dialog
from jzdesk.ui.dialogs.first_run import ACCOUNT, KEY, KIND, FirstRunDialog
from jzdesk.ui.dialogs.login import LoginDialog
from jzdesk.ui.dialogs.moving import MoveInDialog
from jzdesk.ui.dialogs.reason import ReasonDialog
from jzdesk.ui.dialogs.ruling import RulingDialog
from jzdesk.ui.ledger.page import LedgerPage
from jzdesk.ui.places import places_of
from jzdesk.ui.shell import PLACE_KEYS, Hints, PlaceButton, Shell
from jzdesk.ui.tasks import Tasks
from tests.factories.stations import PASSWORD
from tests.factories.world import county_copy
from tests.gui.hands import cursor, type_into

Settle = Callable[[], None]


@pytest.fixture
def staff(qtbot: QtBot, desk: Desk, settle: Settle) -> LedgerPage:
    page = LedgerPage(desk, "staff")
    qtbot.addWidget(page)
    page.resize(1200, 700)
    page.show()
    page.activateWindow()
    qtbot.waitUntil(page.isActiveWindow)
    page.arrive()
    settle()
    return page


@pytest.mark.parametrize("entity", sorted(SPECS))
def test_every_registered_entity_opens_in_the_ledger(
    qtbot: QtBot, desk: Desk, settle: Settle, messages: list[object], entity: str
) -> None:
    page = LedgerPage(desk, entity)
    qtbot.addWidget(page)
    page.resize(1200, 700)
    page.show()
    page.arrive()
    settle()
    page.new()
    assert page.table.records().columnCount() > 0
    assert list(page.panel.form.boxes) == [field.name for field in SPECS[entity].form_fields()]
    assert messages == []


def test_a_record_is_added_by_keyboard_alone(qtbot: QtBot, staff: LedgerPage, settle: Settle, school: Services) -> None:
    staff.new()
    type_into(cursor(), "陈晓岚")
    QTest.keyClick(cursor(), Qt.Key.Key_Return)
    type_into(cursor(), "女")
    QTest.keyClick(cursor(), Qt.Key.Key_Return)
    staff.save()
    qtbot.waitUntil(lambda: staff.table.records().rowCount() == 1)
    settle()
    uid = staff.table.records().uid(0)
    assert school.ledger.record("staff", uid).values["sex"] == "2"
    assert not staff.panel.form.dirty()


def test_saving_with_a_blank_required_field_says_so_and_saves_nothing(staff: LedgerPage, settle: Settle) -> None:
    staff.new()
    staff.save()
    settle()
    assert "请填写姓名" in staff.panel.form.boxes["name"].sentence()
    assert staff.table.records().rowCount() == 0


def test_an_unfinished_record_comes_back_after_a_crash(
    qtbot: QtBot, staff: LedgerPage, desk: Desk, settle: Settle
) -> None:
    staff.new()
    type_into(cursor(), "没写完")
    qtbot.waitUntil(lambda: bool(desk.drafts.load("staff:new")), timeout=5000)
    again = LedgerPage(desk, "staff")
    qtbot.addWidget(again)
    again.new()
    assert again.panel.form.boxes["name"].raw() == "没写完"


def test_voiding_hides_a_record_and_undo_brings_it_back(
    staff: LedgerPage, settle: Settle, school: Services, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    undo: list[Callable[[], object]] = []
    desk.toasted.connect(lambda _, __, do: undo.append(do) if do else None)
    uid = school.ledger.save("staff", {"name": "重复的人"}).uid
    settle()
    QApplication.processEvents()
    staff.refresh()
    settle()
    staff.open_record(uid)
    settle()
    monkeypatch.setattr("jzdesk.ui.ledger.record.ask_reason", lambda *_: "重复录入")
    staff.panel.void()
    settle()
    staff.refresh()
    settle()
    assert staff.table.records().rowCount() == 0
    undo[0]()
    settle()
    staff.refresh()
    settle()
    assert staff.table.records().rowCount() == 1


def test_leaving_with_changes_asks(staff: LedgerPage, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([False, True])
    monkeypatch.setattr(widgets, "confirm", lambda *_, **__: next(answers))
    staff.new()
    type_into(cursor(), "甲")
    assert not staff.may_leave()
    assert staff.panel.form.dirty()
    assert staff.may_leave()
    assert not staff.panel.form.dirty()


def test_the_form_is_a_drawer_in_a_narrow_window_and_esc_closes_it(staff: LedgerPage) -> None:
    assert not staff.side.drawer
    staff.resize(800, 600)
    QApplication.processEvents()
    assert staff.side.drawer
    assert staff.side.isHidden()
    staff.new()
    assert staff.side.isVisible()
    QTest.keyClick(staff.panel, Qt.Key.Key_Escape)
    assert staff.side.isHidden()


def test_a_change_made_elsewhere_appears_by_itself(qtbot: QtBot, staff: LedgerPage, school: Services) -> None:
    school.ledger.save("staff", {"name": "新来的"})
    qtbot.waitUntil(lambda: staff.table.records().rowCount() == 1)


def test_history_names_each_change(staff: LedgerPage, settle: Settle, school: Services) -> None:
    uid = school.ledger.save("staff", {"name": "王老师", "post": "班主任"}).uid
    school.ledger.save("staff", {"post": "教导主任"}, uid)
    staff.open_record(uid)
    settle()
    staff.panel.tabs.setCurrentIndex(1)
    settle()
    words = [label.text() for label in staff.panel.history.findChildren(QLabel)]
    assert "职务：班主任 → 教导主任" in words


@pytest.fixture
def shell(qtbot: QtBot, desk: Desk, settle: Settle) -> Shell:
    made = Shell(desk)
    qtbot.addWidget(made)
    made.show()
    settle()
    return made


def test_alt_and_a_number_opens_a_place(qtbot: QtBot, shell: Shell, settle: Settle) -> None:
    QTest.keyClick(shell, Qt.Key.Key_2, Qt.KeyboardModifier.AltModifier)
    settle()
    page = shell.page()
    assert page is not None
    assert page.title == shell.places[1].title


@pytest.mark.parametrize("kind", ["school", "township", "county"])
def test_every_place_has_a_key(kind: str) -> None:
    assert len(places_of(kind)) <= len(PLACE_KEYS)
    assert all(QKeySequence(f"Alt+{key}").toString() == f"Alt+{key}" for key in PLACE_KEYS)


def test_the_places_after_the_ninth_have_keys_too(qtbot: QtBot, shell: Shell, settle: Settle) -> None:
    for key, number in ((Qt.Key.Key_0, 10), (Qt.Key.Key_Minus, 11), (Qt.Key.Key_Equal, 12)):
        QTest.keyClick(shell, key, Qt.KeyboardModifier.AltModifier)
        settle()
        assert shell.windowTitle().endswith(shell.places[number - 1].title)


@pytest.mark.parametrize("percent", [100, 150])
def test_every_place_can_be_read_in_a_low_window(
    qtbot: QtBot, qapp: QApplication, desk: Desk, settle: Settle, percent: int
) -> None:
    theme.set_text_size(qapp, percent)
    shell = Shell(desk)
    qtbot.addWidget(shell)
    shell.resize(1366, 768 - 30)
    shell.show()
    settle()
    buttons = shell.navigation.findChildren(PlaceButton)
    assert len(buttons) == len(shell.places)
    for button in buttons:
        assert button.height() >= button.fontMetrics().height(), button.text()
        assert button.geometry().bottom() <= shell.navigation.height(), button.text()
    theme.set_text_size(qapp, 100)


def test_the_keyboard_goes_along_to_the_place(shell: Shell, settle: Settle) -> None:
    for place in shell.places:
        shell.open(place.key)
        settle()
        here, page = QApplication.focusWidget(), shell.page()
        assert page is not None
        assert here is not None
        assert here is page or page.isAncestorOf(here), place.title


def test_hints_without_room_are_left_out_whole(qtbot: QtBot) -> None:
    hints = Hints()
    qtbot.addWidget(hints)
    hints.show()
    hints.put("Ctrl+N 选择文件　Ctrl+S 下一步　Esc 返回　F5 刷新")
    hints.resize(theme.em(20), theme.em(2))
    shown = hints.text().split("　")
    assert shown == ["Ctrl+N 选择文件", "Ctrl+S 下一步"]
    assert "F5 刷新" in hints.toolTip()


def test_every_place_opens_without_a_word_of_complaint(shell: Shell, settle: Settle, messages: list[object]) -> None:
    for place in shell.places:
        assert shell.open(place.key)
        settle()
    assert messages == []


def test_what_is_to_be_put_right_stays_with_its_page_and_what_the_machine_failed_at_stays(
    shell: Shell, settle: Settle
) -> None:
    shell.desk.present(UserError("没有要填的学生", "请放宽筛选。"))
    shell.open("ledger")
    settle()
    assert shell.banner.text() == ""
    shell.desk.present(StationFault("磁盘已满", "没有保存", "请清理磁盘。"))
    shell.open("home")
    settle()
    assert "磁盘已满" in shell.banner.text()


def test_an_error_stands_in_the_banner_and_the_window_stays_open(shell: Shell) -> None:
    shell.desk.present(UserError("名册里没有标题行", "请在第一行写上列名。"))
    assert "请在第一行写上列名。" in shell.banner.text()
    assert shell.isVisible()


@pytest.mark.parametrize("percent", [100, 150])
def test_everything_fits_into_a_small_screen(
    qtbot: QtBot, qapp: QApplication, desk: Desk, settle: Settle, percent: int
) -> None:
    theme.set_text_size(qapp, percent)
    shell = Shell(desk)
    qtbot.addWidget(shell)
    shell.show()
    for place in shell.places:
        shell.open(place.key)
        settle()
        assert shell.minimumSizeHint().width() <= 1366, place.key
        assert shell.minimumSizeHint().height() <= 768 - 30, place.key
    theme.set_text_size(qapp, 100)


def test_text_at_150_per_cent_makes_spacing_larger_too(qapp: QApplication) -> None:
    small, sheet = theme.em(), theme.style_sheet()
    theme.set_text_size(qapp, 150)
    large = theme.em()
    assert large == pytest.approx(small * 1.5, abs=1)
    assert theme.style_sheet() != sheet
    assert "font-size" not in sheet
    theme.set_text_size(qapp, 100)


def test_qt_dialogs_speak_chinese() -> None:
    from PySide6.QtCore import QCoreApplication

    assert QCoreApplication.translate("QPlatformTheme", "Cancel") == "取消"


def test_rare_characters_have_a_font(qapp: QApplication) -> None:
    from PySide6.QtGui import QFontDatabase, QRawFont

    families = qapp.font().families()
    fonts = [QRawFont.fromFont(QFontDatabase.font(family, "", 12)) for family in families]
    for character in "䶮㛃𬱖":
        assert any(font.supportsCharacter(ord(character)) for font in fonts), character


def test_enter_in_a_dialog_does_not_press_a_button(qtbot: QtBot) -> None:
    dialog = ReasonDialog(None, "作废", "说明")
    qtbot.addWidget(dialog)
    dialog.show()
    QTest.keyClick(dialog.edit, Qt.Key.Key_Return)
    assert dialog.isVisible()
    assert not any(b.autoDefault() or b.isDefault() for b in dialog.findChildren(QPushButton))


def test_two_enters_do_the_deed_rather_than_give_up_what_was_typed(qtbot: QtBot) -> None:
    dialog = RulingDialog(None, "采纳", "说明", 72)
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.activateWindow()
    qtbot.waitUntil(dialog.edit.hasFocus)
    type_into(dialog.edit, "电话核实")
    QTest.keyClick(cursor(), Qt.Key.Key_Return)
    assert dialog.clock.hasFocus()
    QTest.keyClick(cursor(), Qt.Key.Key_Return)
    QTest.keyClick(cursor(), Qt.Key.Key_Return)
    assert dialog.result() == QDialog.DialogCode.Accepted
    assert (dialog.reason, dialog.hours) == ("电话核实", 72)


def test_a_reason_is_required(qtbot: QtBot) -> None:
    dialog = ReasonDialog(None, "作废", "说明", "作废它")
    qtbot.addWidget(dialog)
    dialog.show()
    press(dialog, "作废它 (Ctrl+S)")
    assert dialog.result() != QDialog.DialogCode.Accepted
    assert "理由" in dialog.banner.text()
    type_into(dialog.edit, "重复录入")
    press(dialog, "作废它 (Ctrl+S)")
    assert dialog.reason == "重复录入"


def test_a_wrong_password_says_so_and_the_right_one_opens(
    qtbot: QtBot, school: Services, tasks: Tasks, settle: Settle
) -> None:
    folder = school.info.folder
    school.close()
    dialog = LoginDialog(folder, tasks)
    qtbot.addWidget(dialog)
    dialog.show()
    type_into(dialog.password, "falsch-2025")
    dialog.log_in()
    settle()
    assert dialog.services is None
    assert dialog.banner.text()
    dialog.password.setText(PASSWORD)
    QTest.keyClick(dialog.password, Qt.Key.Key_Return)
    settle()
    assert dialog.services is not None
    dialog.services.close()


def test_a_backup_becomes_the_station_of_a_new_computer(
    qtbot: QtBot, tmp_path: Path, tasks: Tasks, settle: Settle, school: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup = school.backups.make().path
    device = school.info.device
    school.close()
    folder = tmp_path / "new"
    guide = FirstRunDialog(folder, tasks)
    qtbot.addWidget(guide)
    guide.show()
    monkeypatch.setattr(widgets, "pick_open", lambda *_: backup)
    guide.move_in()
    settle()
    (dialog,) = guide.findChildren(MoveInDialog)
    assert dialog.account.currentText() == "测试员"
    press(dialog, "恢复")
    assert "密码" in dialog.banner.text()
    dialog.password.setText("falsch1234")
    press(dialog, "恢复")
    settle()
    assert "密码不对" in dialog.banner.text()
    dialog.password.setText(PASSWORD)
    press(dialog, "恢复")
    settle()
    assert dialog.restored is not None
    assert guide.result() == guide.DialogCode.Accepted
    opened = stations.open_station(folder, PASSWORD)
    assert (opened.info.code, opened.info.certified) == (school.info.code, False)
    assert opened.info.device != device
    opened.close()


def test_a_county_comes_back_with_its_backup_and_its_paper_key(
    qtbot: QtBot, tmp_path: Path, tasks: Tasks, settle: Settle
) -> None:
    county = county_copy(tmp_path / "county")
    key = county.escrow.draw()
    county.escrow.adopt(key.secret)
    backup, device = county.backups.make(tmp_path).path, county.info.device
    county.close()
    guide = FirstRunDialog(tmp_path / "new", tasks)
    qtbot.addWidget(guide)
    dialog = MoveInDialog(guide, tmp_path / "new", backup, tasks)
    dialog.show()
    settle()
    assert dialog.escrow.isVisible()
    dialog.password.setText(PASSWORD)
    press(dialog, "恢复")
    settle()
    assert "托管钥匙" in dialog.banner.text()
    dialog.escrow.setText(key.secret.lower())
    press(dialog, "恢复")
    settle()
    assert dialog.restored is not None
    opened = stations.open_station(tmp_path / "new", PASSWORD)
    assert opened.info.device == device
    opened.close()


def test_the_guide_makes_a_station_and_shows_its_key_once(
    qtbot: QtBot, tmp_path: Path, tasks: Tasks, settle: Settle
) -> None:
    guide = FirstRunDialog(tmp_path / "new", tasks)
    qtbot.addWidget(guide)
    guide.show()
    guide.go(KIND)
    guide.choose_kind("school")
    type_into(guide.code, "123")
    press(guide, "下一步")
    assert "10 位" in guide.banner.text()
    guide.code.setText("2143990001")
    type_into(guide.name, "青石镇中心小学")
    press(guide, "下一步")
    assert guide.steps.currentIndex() == ACCOUNT
    type_into(guide.account, "李老师")
    type_into(guide.passwords.first, PASSWORD)
    type_into(guide.passwords.second, "anders")
    press(guide, "建立工作站")
    assert "不一样" in guide.banner.text()
    guide.passwords.second.setText(PASSWORD)
    press(guide, "建立工作站")
    settle()
    assert guide.steps.currentIndex() == KEY
    assert guide.recovery_key.replace("-", "") in guide.key_label.text().replace(" - ", "").replace("\n", "")
    assert not guide.forward.isEnabled()
    guide.kept.setChecked(True)
    assert guide.forward.isEnabled()
    assert guide.services is not None
    guide.services.close()


def test_heavy_libraries_wait_until_they_are_needed() -> None:
    import subprocess
    import sys

    code = (
        "import sys; import jzdesk.ui.program, jzdesk.ui.shell, jzdesk.ui.pages.home, jzdesk.ui.pages.ledger_pages;"
        "print([m for m in ('openpyxl','reportlab','pypinyin','alembic','pypdfium2') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_the_text_size_is_taken_from_the_command_line() -> None:
    assert program.text_size(["--text-size=150"]) == 150
    assert program.text_size(["--text-size=9000"]) == 250
    assert program.text_size([]) == 100


def press(dialog: QDialog, text: str) -> None:
    next(b for b in dialog.findChildren(QPushButton) if b.text() == text).click()


def test_qts_own_file_dialog_speaks_chinese_throughout(qtbot: QtBot, tmp_path: Path) -> None:
    host = QWidget()
    qtbot.addWidget(host)
    dialog = widgets._file_dialog(host, "选择文件", str(tmp_path), "表格 (*.xlsx)")
    words = [label.text() for label in dialog.findChildren(QLabel)]
    words += [button.text() for button in dialog.findChildren(QPushButton)]
    assert not [text for text in words if text.isascii() and text.strip()]


def test_a_file_to_write_gets_the_ending_of_the_name_proposed(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = QWidget()
    qtbot.addWidget(host)

    def choose(dialog: QFileDialog) -> int:
        dialog.setDirectory(str(tmp_path))
        dialog.selectFile("名册")
        return int(QFileDialog.DialogCode.Accepted.value)

    monkeypatch.setattr(QFileDialog, "exec", choose)
    assert widgets.pick_save(host, "保存", "模板.xlsx", "表格 (*.xlsx)") == tmp_path / "名册.xlsx"


def test_a_ledger_that_is_only_looked_at_hints_at_no_key_that_does_nothing(
    qtbot: QtBot, desk: Desk, settle: Settle
) -> None:
    shell = Shell(desk)
    qtbot.addWidget(shell)
    shell.resize(1600, 768)
    shell.show()
    (hints,) = shell.findChildren(Hints)
    shell.open("ledger", "staff")
    assert "Ctrl+N" in hints.toolTip() + hints.text()
    shell.open("ledger", "batch")
    settle()
    assert "Ctrl+N" not in hints.toolTip() + hints.text()


def test_a_dialog_grows_for_what_it_says_later(qtbot: QtBot) -> None:
    dialog = Dialog(None, "标题", width=26)
    dialog.body.addWidget(widgets.label("一行"))
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitExposed(dialog)
    before, layout = dialog.height(), dialog.layout()
    assert layout is not None
    dialog.wrong("很长的一句话。" * 20, "怎么办。" * 10)
    qtbot.waitUntil(lambda: before < layout.totalHeightForWidth(dialog.width()) <= dialog.height())
