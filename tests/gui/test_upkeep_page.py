"""维护: backups made and listed, everything verified; and the way back from the log-in window."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog
from pytestqt.qtbot import QtBot

from jzdesk.services.bundle import Services
from jzdesk.services.stations import open_station, recover
from jzdesk.ui import program, widgets
from jzdesk.ui.dialogs.accounts import KeyDialog, NewAccountDialog, PasswordDialog
from jzdesk.ui.dialogs.login import LoginDialog, RecoverDialog
from jzdesk.ui.dialogs.restore import RestoreDialog
from jzdesk.ui.pages.upkeep import UpkeepPage
from jzdesk.ui.tasks import Tasks
from tests.factories.stations import PASSWORD
from tests.gui.stage import Stage, unwritable, well_behaved


@pytest.fixture
def stage(qtbot: QtBot, tasks: Tasks, school: Services) -> Stage:
    return Stage(qtbot, tasks, school)


def test_a_backup_made_by_key_stands_in_the_list(stage: Stage, school: Services) -> None:
    page = stage.show(UpkeepPage)
    assert page.table.records().rowCount() == 0
    page.new()
    stage.settle()
    assert page.table.records().rowCount() == 1
    assert school.backups.listed()[0].name in stage.said[-1]
    well_behaved(page.table)


def test_a_backup_goes_to_a_chosen_folder(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    monkeypatch.setattr(widgets, "pick_folder", lambda *_: stick)
    page = stage.show(UpkeepPage)
    page.ask()
    stage.settle()
    assert len(list(stick.glob("*.jzb"))) == 1
    assert page.table.records().rowCount() == 0
    with unwritable(stick):
        page.ask()
        stage.settle()
    assert "备份没有成功" in stage.messages[-1].what


def test_verifying_says_that_everything_follows_from_the_journal(stage: Stage, school: Services) -> None:
    school.ledger.save("staff", {"name": "何老师"})
    page = stage.show(UpkeepPage)
    page.save()
    stage.settle()
    assert "一致" in page.verdict.text()
    assert school.verify().digest[:16] in page.verdict.text()


def test_the_station_backs_itself_up_once_a_day(stage: Stage, school: Services) -> None:
    for _ in range(2):
        program.back_up_daily(school, stage.tasks)
        stage.settle()
    assert len(school.backups.listed()) == 1


def test_an_account_is_added_and_removed_and_the_password_changed_by_hand(
    stage: Stage, school: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = stage.show(UpkeepPage)

    def add(dialog: QDialog) -> int:
        assert isinstance(dialog, NewAccountDialog)
        dialog.name.setText("李老师")
        dialog.passwords.first.setText("Xinde2026mima")
        dialog.take()
        assert "两遍密码不一样" in dialog.banner.text()
        dialog.passwords.second.setText("Xinde2026mima")
        QTest.keyClick(dialog.passwords.second, Qt.Key.Key_Return)
        stage.settle()
        return dialog.result()

    def change(dialog: QDialog) -> int:
        assert isinstance(dialog, PasswordDialog)
        dialog.old.setText("Cuode2025mima")
        dialog.passwords.first.setText("Xinde2026mima")
        dialog.passwords.second.setText("Xinde2026mima")
        dialog.take()
        dialog.reject()  # waits: the deed is under way
        stage.settle()
        assert "密码不对" in dialog.banner.text()
        dialog.old.setText(PASSWORD)
        dialog.take()
        stage.settle()
        return dialog.result()

    monkeypatch.setattr(QDialog, "exec", add)
    page.add_account()
    stage.settle()
    assert [one.name for one in page.accounts.all_rows()] == ["测试员", "李老师"]
    monkeypatch.setattr(QDialog, "exec", change)
    page.change_password()
    monkeypatch.setattr(widgets, "confirm", lambda *_, **__: True)
    page.accounts.selectRow(0)
    page.remove_account()
    stage.settle()
    assert "正在使用" in stage.messages[-1].what
    page.accounts.selectRow(1)
    page.remove_account()
    stage.settle()
    assert school.accounts.names() == ["测试员"]


def test_a_new_recovery_key_is_shown_once_and_can_be_printed(
    stage: Stage, school: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, shown = stage.show(UpkeepPage), []

    def by_hand(dialog: QDialog) -> int:
        assert isinstance(dialog, KeyDialog)
        shown.append(dialog.key)
        assert not dialog.close_button.isEnabled()
        dialog.save_sheet()
        stage.settle()
        assert "已保存" in dialog.saved_as.text()
        dialog.kept.setChecked(True)
        dialog.close_button.click()
        return dialog.result()

    monkeypatch.setattr(QDialog, "exec", by_hand)
    monkeypatch.setattr(widgets, "confirm", lambda *_, **__: True)
    monkeypatch.setattr(widgets, "pick_save", lambda *_: tmp_path / "钥匙.pdf")
    page.renew_key()
    stage.settle()
    assert len(shown) == 1
    assert (tmp_path / "钥匙.pdf").read_bytes().startswith(b"%PDF")
    folder = school.info.folder
    school.close()
    recover(folder, shown[0], "测试员", "Xinde2026mima")


def test_a_lost_station_comes_back_from_the_log_in_window(
    qtbot: QtBot, tasks: Tasks, school: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    school.ledger.save("staff", {"name": "何老师"})
    made, folder = school.backups.make(), school.info.folder
    school.close()
    (folder / "jzdesk.db").write_bytes(b"nothing of a database")

    def by_hand(dialog: QDialog) -> int:
        assert isinstance(dialog, RestoreDialog)
        dialog.show()
        qtbot.waitUntil(lambda: dialog.table.records().rowCount() == 1)
        QTest.keyClicks(dialog.password, "Cuode2025mima")
        QTest.keyClick(dialog.password, Qt.Key.Key_Return)
        qtbot.waitUntil(lambda: "密码" in dialog.banner.text(), timeout=10_000)
        dialog.password.clear()
        QTest.keyClicks(dialog.password, PASSWORD)
        QTest.keyClick(dialog.password, Qt.Key.Key_Return)
        qtbot.waitUntil(lambda: dialog.restored is not None, timeout=10_000)
        return dialog.result()

    login = LoginDialog(folder, tasks)
    qtbot.addWidget(login)
    monkeypatch.setattr(QDialog, "exec", by_hand)
    login.restore()
    assert made.made in login.banner.text()
    station = open_station(folder, PASSWORD)
    assert station.verify().ok
    assert [title for _, title in station.ledger.choices("staff")] == ["何老师"]


def test_a_forgotten_password_is_set_anew_with_the_recovery_key(
    qtbot: QtBot, tasks: Tasks, school: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, folder = school.accounts.renew_recovery_key(), school.info.folder
    school.close()

    def by_hand(dialog: QDialog) -> int:
        assert isinstance(dialog, RecoverDialog)
        for tried in (key[:-4] + "2222", key):
            dialog.key.setText(tried)
            for edit in (dialog.passwords.first, dialog.passwords.second):
                edit.setText("Xinde2026mima")
            QTest.keyClick(dialog.passwords.second, Qt.Key.Key_Return)
            qtbot.waitUntil(dialog.go.isEnabled, timeout=10_000)
            assert (dialog.result() == QDialog.DialogCode.Accepted) == (tried == key)
        assert dialog.account.text() == "测试员"
        return dialog.result()

    login = LoginDialog(folder, tasks)
    qtbot.addWidget(login)
    monkeypatch.setattr(QDialog, "exec", by_hand)
    login.recover()
    open_station(folder, "Xinde2026mima").close()
