"""Typing a child on the student page of a school of 5,000: how long the window is busy with one key.

Limit: a frame of 16 ms. Product: the time from a key press until the window is idle again (the key's own work, checks,
answers of the reading thread and painting counted), 99 of 100 key presses, over whole children typed key by key: names,
numbers that are taken, dates, guardians, and arrows through the table. Goal: at most one frame.
"""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import time
from collections.abc import Iterator

from PySide6.QtCore import Qt
from PySide6.QtGui import QInputMethodEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from benchmarks import people
from benchmarks.measure import Measured, Row, Scale, percentile
from jzdesk.services.bundle import Services
from jzdesk.ui import program
from jzdesk.ui.errors_shown import Presenter
from jzdesk.ui.pages.students import StudentPage
from jzdesk.ui.shell import Shell
from jzdesk.ui.tasks import Tasks
from tests.factories.people import name_of
from tests.factories.stations import new_school

_FRAME = 16.0  # ms
_PAUSE = 0.03  # seconds between two keys of a fast typist


class Typist:
    """Types on the page and notes how long the window was busy, in milliseconds, with each key and what it led to."""

    def __init__(self, services: Services) -> None:
        self.app = program.application([])
        self.tasks = Tasks(present := Presenter())
        self.shell: Shell = program.open_shell(services, self.tasks, present)
        self.shell.resize(1366, 768)
        self.shell.show()
        self.shell.open("student")
        found = self.shell.page()
        assert isinstance(found, StudentPage)
        self.page, self.busy = found, list[float]()
        self.wait(1.0)

    def wait(self, seconds: float) -> float:
        """Let the window do what is due; the longest single stretch of work, in milliseconds."""
        until, longest = time.perf_counter() + seconds, 0.0
        while time.perf_counter() < until or self.tasks.busy():
            begun = time.perf_counter()
            self.app.processEvents()
            longest = max(longest, (time.perf_counter() - begun) * 1000)
            time.sleep(0.001)
        return longest

    def key(self, key: Qt.Key | str, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        """One key, or one character as an input method commits it."""
        target = QApplication.focusWidget() or self.shell
        begun = time.perf_counter()
        if isinstance(key, str) and not key.isascii():
            event = QInputMethodEvent("", [])
            event.setCommitString(key)
            QApplication.sendEvent(target, event)
        elif isinstance(key, str):
            QTest.keyClicks(target, key)
        else:
            QTest.keyClick(target, key, modifier)
        own = (time.perf_counter() - begun) * 1000
        self.busy.append(max(own, self.wait(_PAUSE)))

    def child(self, place: int) -> None:
        """A new child with one guardian, typed from the first field to the last of the guardian's; then given up."""
        self.page.setFocus()
        self.key(Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)
        person = people.student(place)
        for text in (name_of(place), str(person["id_number"]), "", "", "1", "汉", f"G{person['id_number']}", "小学三"):
            for character in text:
                self.key(character)
            self.key(Qt.Key.Key_Return)
        for character in name_of(place + 3):
            self.key(character)
        self.wait(0.4)  # the check that follows when the hands rest
        self.page.panel.give_up()
        self.wait(0.1)

    def walk(self, steps: int) -> None:
        """Arrows through the table, the file of each child beside it."""
        self.page.table.setFocus()
        for _ in range(steps):
            self.key(Qt.Key.Key_Down)

    def close(self) -> None:
        """Put the window away."""
        self.page.panel.give_up()
        self.shell.hide()
        self.shell.deleteLater()
        self.tasks.close()


def measure(scale: Scale) -> Measured:
    """Milliseconds; a run is one typist's children and walk."""
    services = new_school(scale.folder / "keys")
    size = scale.pick(5000, 40)
    with services.context.write() as unit:
        people.enrol(unit, range(size), services.info.code)
    services.context.store.catch_up()
    typist = Typist(services)
    typist.child(1)  # the first key of all loads the pinyin tables
    figures, worst = [], 0.0
    for run in range(scale.runs):
        typist.busy.clear()
        for place in _places(run, size):
            typist.child(place)
        typist.walk(scale.pick(30, 3))
        figures.append(percentile(typist.busy, 0.99))
        worst = max(worst, *typist.busy)
    typist.close()
    services.close()
    return Measured([_FRAME] * len(figures), figures, notes=(f"{size:,} students; the slowest key {worst:.1f} ms",))


def _places(run: int, size: int) -> Iterator[int]:
    """A child that is already there, and one that is not."""
    yield run * 7 % size
    yield 9_000_00 + run


ROW = Row("keys", "one key on the student page, 5,000 students", "ms", 1.0, False, measure)
