"""A field of several lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QPlainTextEdit

from jzdesk.ui import theme
from jzdesk.ui.inputs import ENTER

if TYPE_CHECKING:  # the log-in types into a line and must not wait for all kinds of values
    from jzdesk.core.fields import Value


class AreaEdit(QPlainTextEdit):
    """Several lines. Enter goes to the next field as everywhere; Alt+Enter, as in Excel, begins a new line."""

    edited = Signal()
    left = Signal()

    def __init__(self, lines: int = 3) -> None:
        super().__init__()
        self._quiet = False
        self.setTabChangesFocus(True)
        self.setPlaceholderText("Alt+回车换行")
        self.setFixedHeight(round(self.fontMetrics().lineSpacing() * lines + theme.em(1.1)))
        self.textChanged.connect(lambda: None if self._quiet else self.edited.emit())

    def sizeHint(self) -> QSize:
        """As tall as it is: Qt's own hint would leave a gap beneath it in a form."""
        return QSize(super().sizeHint().width(), self.maximumHeight())

    def raw(self) -> Value:
        """The text; None when blank."""
        return self.toPlainText().strip() or None

    def put(self, value: Value) -> None:
        """Show a stored text."""
        self._quiet = True
        self.setPlainText("" if value is None else str(value))
        self._quiet = False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter moves on, with Alt or Shift it begins a line."""
        if event.key() not in ENTER:
            super().keyPressEvent(event)
        elif event.modifiers() & (Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.ShiftModifier):
            self.insertPlainText("\n")
        else:
            self.focusNextPrevChild(True)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Tell the form."""
        super().focusOutEvent(event)
        self.left.emit()
