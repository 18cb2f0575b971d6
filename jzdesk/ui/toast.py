"""A short word at the foot of the window that goes away by itself."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QFrame, QWidget

from jzdesk.ui import theme, widgets


class Toast(QFrame):
    """A short word at the lower edge that goes away by itself: 已保存, with at most one button (撤销)."""

    def __init__(self, host: QWidget) -> None:
        super().__init__(host)
        self._host = host
        self.setProperty("role", "toast")
        self._words = widgets.label()
        self._button = widgets.button("")
        self._button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._button.clicked.connect(self._act)
        self._do: Callable[[], object] | None = None
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self.hide)
        inside = widgets.row(self._words, self._button, space=1)
        inside.setContentsMargins(theme.em(1.2), theme.em(0.5), theme.em(1), theme.em(0.5))
        self.setLayout(inside)
        self.hide()

    def say(self, words: str, action: str = "", do: Callable[[], object] | None = None) -> None:
        """Show `words` for five seconds (ten with an action)."""
        self._words.setText(words)
        self._button.setText(action)
        self._button.setVisible(bool(action))
        self._do = do
        self.adjustSize()
        self.settle()
        self.show()
        self.raise_()
        self._timer.start(10_000 if action else 5_000)

    def text(self) -> str:
        """What it says now; empty when hidden."""
        return "" if self.isHidden() else self._words.text()

    def settle(self) -> None:
        """Move to the lower middle of the host (called when that is resized)."""
        host = self._host
        self.move((host.width() - self.width()) // 2, host.height() - self.height() - theme.em(1.5))

    def _act(self) -> None:
        self.hide()
        if self._do is not None:
            self._do()
