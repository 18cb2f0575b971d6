"""The panel beside a table: a title, whether something is unsaved, tabs, and the buttons at its foot."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QTabWidget, QVBoxLayout, QWidget

from jzdesk.ui import theme, widgets


class Panel(QWidget):
    """Put things into tabs with `add_tab` (one tab shows no tab bar), buttons with `add_button`.

    `closed` is emitted by the cross at the upper right.
    """

    closed = Signal()

    def __init__(self, title: str = "") -> None:
        super().__init__()
        self.title = widgets.Elided(title)
        self.title.setFont(theme.large(1.15))
        self.state = widgets.label(tone="wrong")
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.setTabBarAutoHide(True)
        self.tabs.tabBar().setDrawBase(False)
        self._foot = QHBoxLayout()
        self._foot.setSpacing(theme.em(0.5))
        self._foot.addStretch(1)
        head = widgets.row(self.title, self.state, widgets.tool("close", self.closed.emit, "收起（Esc）"))
        head.setStretch(0, 1)
        inside = QVBoxLayout(self)
        margin = theme.em(1)
        inside.setContentsMargins(margin, theme.em(0.8), margin, margin)
        inside.setSpacing(theme.em(0.6))
        inside.addLayout(head)
        inside.addWidget(self.tabs, 1)
        inside.addLayout(self._foot)

    def set_title(self, title: str) -> None:
        """Say what the panel shows."""
        self.title.put(title)

    def set_state(self, words: str, tone: str = "wrong") -> None:
        """A word at the upper right: 有未保存的修改, 已作废."""
        self.state.setText(words)
        theme.mark(self.state, tone=tone)

    def add_tab(self, inside: QWidget, name: str, *, scroll: bool = True) -> None:
        """Add a tab; `scroll` lets its content scroll when it is too tall."""
        inside.layout() and inside.layout().setContentsMargins(0, theme.em(0.6), theme.em(0.5), 0)  # type: ignore[union-attr]
        self.tabs.addTab(widgets.scrolled(inside) if scroll else inside, name)

    def add_button(
        self, text: str, do: Callable[[], object], *, role: str = "", icon: str = "", left: bool = False
    ) -> QPushButton:
        """Add a button to the foot: at the right end, or at the left."""
        made = widgets.button(text, do, role=role, icon=icon)
        where = self._left_count() if left else self._foot.count()
        self._foot.insertWidget(where, made, 0, Qt.AlignmentFlag.AlignVCenter)
        return made

    def _left_count(self) -> int:
        """How many buttons stand before the stretch."""
        for number in range(self._foot.count()):
            item = self._foot.itemAt(number)
            if item is not None and item.widget() is None:
                return number
        return self._foot.count()
