"""维护 of a county: where its data is, and moving it to a server and back by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtWidgets import QDialog, QPushButton
from pytestqt.qtbot import QtBot

from jzdesk.services.bundle import Services
from jzdesk.services.stations import open_station
from jzdesk.ui import widgets
from jzdesk.ui.dialogs.login import LoginDialog
from jzdesk.ui.dialogs.relocating import RelocateDialog
from jzdesk.ui.dialogs.server import ServerDialog
from jzdesk.ui.pages.upkeep import UpkeepPage
from jzdesk.ui.tasks import Tasks
from tests.factories.servers import TestServer
from tests.factories.stations import PASSWORD
from tests.gui.stage import Stage


@pytest.fixture
def stage(qtbot: QtBot, tasks: Tasks, county: Services) -> Stage:
    return Stage(qtbot, tasks, county)


def _dialog(stage: Stage, page: UpkeepPage) -> ServerDialog:
    dialog = stage.dialog(page)
    assert isinstance(dialog, ServerDialog)
    return dialog


def test_a_school_has_no_choice_of_database(qtbot: QtBot, tasks: Tasks, school: Services) -> None:
    assert Stage(qtbot, tasks, school).show(UpkeepPage).database is None


def test_the_data_moves_to_a_server_and_back_by_hand(
    stage: Stage, county: Services, postgres: TestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, before = stage.show(UpkeepPage), county.verify().digest
    card = page.database
    assert card is not None
    assert "本机加密文件" in card.words.text()
    card.there.click()
    dialog = _dialog(stage, page)
    _look(stage, dialog, "还没有填写数据库地址")
    dialog.address.setText("mysql://a@b/c")
    _look(stage, dialog, "地址的写法不对")
    dialog.address.setText("postgresql://jzdesk@127.0.0.1:1/none")
    _look(stage, dialog, "连不上")
    dialog.address.setText(str(postgres.database()))
    _look(stage, dialog, "可以连接：PostgreSQL")
    dialog.going.click()
    assert "还没有确认服务器的安全" in dialog.banner.text()
    dialog.safe.setChecked(True)
    dialog.going.click()
    stage.settle()
    assert "已搬到PostgreSQL 服务器" in stage.said[-1]
    assert "PostgreSQL 服务器" in card.words.text()
    assert (county.verify().digest, card.there.isVisible(), card.back.isVisible()) == (before, False, True)
    monkeypatch.setattr(widgets, "confirm", lambda *_, **__: True)
    card.back.click()
    stage.settle()
    assert "本机加密文件" in card.words.text()
    assert (county.verify().digest, stage.messages) == (before, [])


def _look(stage: Stage, dialog: ServerDialog, said: str) -> None:
    dialog.trying.click()
    stage.settle()
    assert said in dialog.banner.text()


def test_a_move_that_fails_says_so_and_the_data_stays(
    stage: Stage, county: Services, postgres: TestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, url = stage.show(UpkeepPage), postgres.database()
    postgres.run("CREATE TABLE other (x int)", str(url.database))
    assert page.database is not None
    page.database.move_there(str(url), "")
    stage.settle()
    assert "已经有别的数据" in stage.messages[-1].what
    assert county.databases.place().kind == "file"


def _answered(dialog: RelocateDialog, said: str) -> Callable[[], bool]:
    """Whether the dialog has said this; with nothing to say it is done."""
    return lambda: said in dialog.banner.text() if said else bool(dialog.now)


def test_whoever_cannot_log_in_says_where_the_server_is_now(
    qtbot: QtBot, tasks: Tasks, county: Services, postgres: TestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, folder, before = postgres.database(), county.info.folder, county.verify().digest
    county.databases.use_server(str(url))
    county.close()
    moved = postgres.renamed(url)
    login = LoginDialog(folder, tasks)
    qtbot.addWidget(login)
    login.password.setText(PASSWORD)
    login.log_in()
    qtbot.waitUntil(lambda: "没有这个数据库" in login.banner.text(), timeout=10_000)

    def by_hand(dialog: QDialog) -> int:
        assert isinstance(dialog, RelocateDialog)
        for address, said in (
            ("", "还没有填写"), (str(postgres.database()), "没有本站的数据"), (str(moved), ""),
        ):  # fmt: skip
            dialog.address.setText(address)
            dialog.go_ahead()
            qtbot.waitUntil(_answered(dialog, said), timeout=10_000)
            qtbot.waitUntil(dialog.going.isEnabled, timeout=10_000)
        return dialog.result()

    monkeypatch.setattr(QDialog, "exec", by_hand)
    login.relocate()
    assert "已改用 postgresql" in login.banner.text()
    station = open_station(folder, PASSWORD)
    assert station.verify().digest == before
    station.close()


def test_the_link_is_not_there_for_a_station_in_a_file(qtbot: QtBot, tasks: Tasks, school: Services) -> None:
    folder = school.info.folder
    school.close()
    login = LoginDialog(folder, tasks)
    qtbot.addWidget(login)
    assert not [one for one in login.findChildren(QPushButton) if "服务器" in one.text()]
