"""The hands of a typist: keys for plain characters, an input method for all others."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QInputMethodEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget


def cursor() -> QWidget:
    """The widget that has the keyboard."""
    found = QApplication.focusWidget()
    assert found is not None
    return found


def type_into(widget: QWidget | None, text: str) -> None:
    """Type `text`; what no key makes is committed by an input method, as on a Chinese computer."""
    assert widget is not None
    for character in text:
        if character.isascii():
            QTest.keyClicks(widget, character)
        else:
            event = QInputMethodEvent("", [])
            event.setCommitString(character)
            QApplication.sendEvent(widget, event)


def wait_for(there: Callable[[], bool], most_ms: int = 5000) -> None:
    """Let the window work until something is so."""
    for _ in range(most_ms // 5):
        if there():
            return
        QTest.qWait(5)
    raise AssertionError("it did not come to pass")
