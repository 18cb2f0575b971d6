"""The hands of a typist: keys for plain characters, an input method for all others."""

from __future__ import annotations

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
