"""What stands beside a table, or over it where the window is narrow."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from jzdesk.ui import theme, widgets


class Side(QFrame):
    """A page's side panel: beside the table when there is room, else a drawer over the page.

    Put one widget into it with `hold`; the page decides with `beside`. Esc closes a drawer (`left` is emitted).
    """

    left = Signal()

    def __init__(self, host: QWidget) -> None:
        super().__init__(host)
        self._host = host
        self._scrim = Scrim(host)
        self._scrim.pressed.connect(self.left)
        self.drawer = False
        self._body = QVBoxLayout(self)
        self._body.setContentsMargins(0, 0, 0, 0)

    def hold(self, widget: QWidget) -> None:
        """Show `widget` in the panel."""
        widgets.clear(self._body)
        self._body.addWidget(widget)
        widget.show()  # at once: the cursor goes into it next

    def as_drawer(self) -> None:
        """Lie over the host, at its right edge."""
        self.drawer = True
        theme.mark(self, role="drawer")
        if self.parentWidget() is not self._host:
            self.setParent(self._host)

    def as_panel(self) -> None:
        """Stand beside the table (the page puts it into its splitter)."""
        self.drawer = False
        self._scrim.hide()
        theme.mark(self, role="card")

    def opened(self) -> None:
        """Show the panel (with the shade behind it when it is a drawer)."""
        self._scrim.setVisible(self.drawer)
        self.show()
        self.settle()

    def shut(self) -> None:
        """Put it away."""
        self._scrim.hide()
        self.hide()

    def settle(self) -> None:
        """Take the right part of the host (called when that is resized)."""
        if not self.drawer:
            return
        self._scrim.setGeometry(self._host.rect())
        width = min(theme.em(34), self._host.width() - theme.em(3))
        self.setGeometry(self._host.width() - width, 0, width, self._host.height())
        self._scrim.raise_()
        self.raise_()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc leaves."""
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)


class Scrim(QFrame):
    """The shade behind a drawer; pressing it leaves the drawer."""

    pressed = Signal()

    def __init__(self, host: QWidget) -> None:
        super().__init__(host)
        self.setProperty("role", "scrim")
        self.hide()

    def mousePressEvent(self, _: QMouseEvent) -> None:
        """Pressed outside the drawer."""
        self.pressed.emit()
