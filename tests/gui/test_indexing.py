"""A large write is searchable a moment later, and nobody waits for that."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from jzdesk.models import Student
from jzdesk.services.bundle import Services
from jzdesk.store import search
from jzdesk.ui.desk import Desk
from jzdesk.ui.indexing import Indexing

Settle = Callable[[], None]


@pytest.fixture
def listening(desk: Desk) -> Indexing:
    owner = QObject(desk)
    return Indexing(desk, owner)


def waits(school: Services) -> bool:
    with school.context.read() as connection:
        return search.waiting(connection)


def enrol(school: Services, number: int) -> None:
    with school.context.write() as unit:
        unit.add_many(Student, [{"name": f"宋第{n}"} for n in range(number)])


def test_a_large_write_is_indexed_part_by_part_without_a_search(
    qtbot: QtBot, school: Services, desk: Desk, listening: Indexing, settle: Settle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jzdesk.ui.indexing._PART", 400)
    begun: list[str] = []
    desk.tasks.started.connect(lambda task: begun.append(task.title))
    enrol(school, 1000)
    assert waits(school)
    qtbot.waitUntil(lambda: not waits(school))
    qtbot.waitUntil(lambda: len(begun) == 4)
    assert set(begun) == {"正在整理检索索引"}
    settle()
    enrol(school, 901)
    qtbot.waitUntil(lambda: not waits(school))
    settle()


def test_a_small_write_needs_no_errand(school: Services, desk: Desk, listening: Indexing, settle: Settle) -> None:
    begun: list[object] = []
    desk.tasks.started.connect(begun.append)
    enrol(school, 10)
    settle()
    assert (begun, waits(school)) == ([], False)
