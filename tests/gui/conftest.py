"""The window under test: off screen, dressed, on a real station or on a small made one."""

from __future__ import annotations

import os

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtWidgets import QApplication, QDialog, QMessageBox
from pytestqt.qtbot import QtBot

from jzdesk.services.bundle import Services
from jzdesk.ui import theme
from jzdesk.ui.desk import Desk
from jzdesk.ui.drafts import StationDrafts
from jzdesk.ui.errors_shown import Message, Presenter
from jzdesk.ui.tasks import Tasks


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The off-screen platform complains about a thing that it cannot do; every other message of Qt fails a test."""
    for item in items:
        if "/gui/" in item.path.as_posix():
            item.add_marker(pytest.mark.qt_log_ignore("This plugin does not support", extend=True))


@pytest.fixture(scope="session")
def usual_dress(qapp: QApplication) -> str:
    """The style sheet of text in its usual size."""
    theme.apply(qapp)
    return qapp.styleSheet()


@pytest.fixture(autouse=True)
def dressed(qapp: QApplication, usual_dress: str) -> None:
    """Dressed once; anew only after a test that left another size of text behind."""
    if qapp.styleSheet() != usual_dress:
        theme.apply(qapp)


@pytest.fixture(autouse=True)
def nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A modal dialog would wait for ever: one that a test did not expect fails it."""

    def unexpected(dialog: QDialog) -> int:
        raise AssertionError(f"unexpected dialog {dialog.windowTitle()}")

    monkeypatch.setattr(QDialog, "exec", unexpected)
    monkeypatch.setattr(QMessageBox, "exec", unexpected)


@pytest.fixture
def messages() -> list[Message]:
    """What the presenter has shown."""
    return []


@pytest.fixture
def tasks(messages: list[Message]) -> Iterator[Tasks]:
    present = Presenter()
    present.shown.connect(messages.append)
    made = Tasks(present)
    yield made
    made.close()


@pytest.fixture
def desk(school: Services, tasks: Tasks, messages: list[Message]) -> Desk:
    """The desk of an open school station."""
    present = Presenter()
    present.shown.connect(messages.append)
    return Desk(school, tasks, present, StationDrafts(school.ledger))


@pytest.fixture
def settle(qtbot: QtBot, tasks: Tasks) -> Callable[[], None]:
    """Wait until no work is under way."""

    def wait() -> None:
        qtbot.waitUntil(lambda: not tasks.busy(), timeout=10_000)

    return wait
