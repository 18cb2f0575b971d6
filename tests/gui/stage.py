"""A page of the window on a real station, as a person sees it: shown, settled, its dialogs answered by hand."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication, QDialog, QPushButton
from pytestqt.qtbot import QtBot

from jzdesk.services.bundle import Services
from jzdesk.services.stations import open_station
from jzdesk.ui.desk import Desk
from jzdesk.ui.drafts import StationDrafts
from jzdesk.ui.errors_shown import Message, Presenter
from jzdesk.ui.ledger.table import Table
from jzdesk.ui.page import Page
from jzdesk.ui.tasks import Tasks
from tests.factories import ready
from tests.factories.stations import EXAMPLES, PASSWORD, new_school

P = TypeVar("P", bound=Page)
TERM = "2025-2026-1"
ROLL = EXAMPLES / "学籍导出-青石镇中心小学.xlsx"


class Stage:
    """One window's worth of desk for a station, and everything that it said."""

    def __init__(self, qtbot: QtBot, tasks: Tasks, services: Services) -> None:
        self.qtbot, self.tasks, self.services = qtbot, tasks, services
        self.messages: list[Message] = []
        self.said: list[str] = []
        present = Presenter()
        present.shown.connect(self.messages.append)
        tasks._present = present
        self.desk = Desk(services, tasks, present, StationDrafts(services.ledger))
        self.desk.toasted.connect(lambda words, *_: self.said.append(words))
        self.desk.noted.connect(self.messages.append)

    def show(self, make: Callable[[Desk], P], hint: str = "") -> P:
        """Build a page, show it, let it fill."""
        page = make(self.desk)
        self.qtbot.addWidget(page)
        page.resize(1200, 720)
        page.show()
        page.arrive(hint)
        self.settle()
        return page

    def settle(self) -> None:
        """Wait until no work is under way and what it led to has been done too."""
        for _ in range(4):
            self.qtbot.waitUntil(lambda: not self.tasks.busy(), timeout=30_000)
            QApplication.processEvents()

    def dialog(self, page: Page) -> QDialog:
        """The dialog that stands over the page."""
        found = [each for each in page.findChildren(QDialog) if each.isVisible()]
        assert len(found) == 1
        return found[0]

    def press(self, dialog: QDialog, text: str) -> None:
        """Press the button whose text begins so."""
        next(each for each in dialog.findChildren(QPushButton) if each.text().startswith(text)).click()
        self.settle()


def well_behaved(table: Table) -> None:
    """The model of a table keeps what Qt expects of models."""
    QAbstractItemModelTester(table.records(), QAbstractItemModelTester.FailureReportingMode.Fatal)


@contextmanager
def unwritable(folder: Path) -> Iterator[None]:
    """The folder as a stick that takes nothing more: away for the moment."""
    away = folder.with_name(f"{folder.name}-away")
    os.rename(folder, away)  # noqa: PTH104
    try:
        yield
    finally:
        os.rename(away, folder)  # noqa: PTH104


def imported_school(folder: Path) -> Services:
    """The first school of the sample with its roll, lists, staff, pairings and accounts."""
    ready.put(folder, ("the first school", "imported"), lambda place: _imported(new_school(place)).close())
    services = open_station(folder, PASSWORD)
    services.choose_term(TERM)
    return services


def _imported(services: Services) -> Services:
    services.choose_term(TERM)
    services.imports.run("roll", ROLL)
    services.imports.run("hardship_list", EXAMPLES / "脱贫户与监测对象名单-青石镇.xls")
    for kind, stem in (("staff", "教师名册"), ("pairing", "结对帮扶"), ("accounts", "银行账户")):
        services.imports.run(kind, EXAMPLES / f"{stem}-青石镇中心小学.xlsx")
    return services
