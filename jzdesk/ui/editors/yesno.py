"""是, 否, or not filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QWidget

from jzdesk.ui import theme
from jzdesk.ui.inputs import ENTER

if TYPE_CHECKING:  # the log-in types into a line and must not wait for all kinds of values
    from jzdesk.core.fields import Value


class YesNoEdit(QWidget):
    """是, 否, or not filled in. ← → and the space bar choose, Y 1 是 and N 0 否, Delete clears, Enter goes on."""

    edited = Signal()
    left = Signal()

    _KEYS = {Qt.Key.Key_Y: 1, Qt.Key.Key_1: 1, Qt.Key.Key_N: 0, Qt.Key.Key_0: 0}  # noqa: RUF012 - never changed

    def __init__(self) -> None:
        super().__init__()
        self._value: int | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        inside = QHBoxLayout(self)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(0)
        self._buttons = {number: self._segment(text, number) for number, text in ((1, "是"), (0, "否"))}
        for made in self._buttons.values():
            inside.addWidget(made)

    def raw(self) -> Value:
        """1, 0 or None."""
        return self._value

    def put(self, value: Value) -> None:
        """Show a stored answer."""
        self._value = None if value is None else int(value)
        for number, made in self._buttons.items():
            made.setChecked(number == self._value)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Choose by key."""
        key = Qt.Key(event.key())
        if key in ENTER:
            self.focusNextPrevChild(True)
        elif key in self._KEYS:
            self._answer(self._KEYS[key])
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self._answer(None)
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Space):
            self._answer(0 if self._value == 1 else 1)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show where the keyboard is."""
        super().focusInEvent(event)
        self._show_focus(here=True)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Tell the form."""
        super().focusOutEvent(event)
        self._show_focus(here=False)
        self.left.emit()

    def _segment(self, text: str, number: int) -> QPushButton:
        made = QPushButton(text)
        made.setProperty("role", "segment")
        made.setCheckable(True)
        made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        made.setAutoDefault(False)
        made.clicked.connect(lambda: self._answer(None if self._value == number else number))
        return made

    def _answer(self, value: int | None) -> None:
        self.put(value)
        self.edited.emit()

    def _show_focus(self, *, here: bool) -> None:
        for made in self._buttons.values():
            theme.mark(made, here="true" if here else "false")
