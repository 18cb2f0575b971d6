"""Cases to decide: a list at the left, the one with the cursor side by side at the right, one key for each answer."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QShowEvent
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from jzdesk.ui import theme, widgets
from jzdesk.ui.flow import Flow
from jzdesk.ui.pages.listing import Listing, ListingOrEmpty

_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class Choice(widgets.Card):
    """One of the things to choose from: a key, a headline, facts."""

    def __init__(self, number: int, headline: str, facts: Sequence[tuple[str, str]], deed: str = "") -> None:
        super().__init__(live=bool(deed), space=0.3)
        self.body.addWidget(widgets.label(headline, size=1.2, bold=True, wrap=True))
        for name, value in facts:
            words = widgets.label(name, tone="muted")
            words.setMinimumWidth(theme.em(4.2))
            line = widgets.row(words, widgets.label(value or "（未填）", wrap=True))
            line.setStretch(1, 1)
            line.setAlignment(words, Qt.AlignmentFlag.AlignTop)
            self.body.addLayout(line)
        self.body.addStretch(1)
        if deed:
            made = widgets.button(f"{deed} ({number})", self.clicked.emit)
            made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            self.body.addWidget(made)
        self.setAccessibleName("，".join([headline, *(f"{name} {value}" for name, value in facts)]))


class CaseView(QWidget):
    """Cases at the left, the one with the cursor side by side at the right; number keys decide."""

    pressed = Signal(int)

    def __init__(self, table: Listing, empty: widgets.Empty) -> None:
        super().__init__()
        self.table = table
        self.middle = ListingOrEmpty(table, empty)
        self.question = widgets.label(size=1.1, bold=True, wrap=True)
        self.explain = widgets.label(tone="muted", wrap=True)
        self._sides = QWidget()
        self._row = widgets.row(space=0.75)
        self._sides.setLayout(self._row)
        self.deeds = Flow()
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.gap())
        for part in (self.question, self.explain, self._sides, widgets.holder(self.deeds)):
            column.addWidget(part)
        column.addStretch(1)
        self.right = widgets.Card()
        self.right.body.addWidget(widgets.scrolled(right), 1)
        self.right.setMinimumWidth(theme.em(24))
        halves = QSplitter(Qt.Orientation.Horizontal)
        halves.setChildrenCollapsible(False)
        halves.setHandleWidth(theme.gap())
        halves.addWidget(self.middle)
        halves.addWidget(self.right)
        halves.setSizes([theme.em(26), theme.em(34)])
        inside = widgets.column(halves)
        inside.setContentsMargins(0, theme.em(0.6), 0, 0)
        self.setLayout(inside)
        self.table.chosen.connect(lambda _: self.show_case())
        self.table.installEventFilter(self)

    def show_case(self) -> None:
        """Show the case with the cursor."""
        raise NotImplementedError

    def put(self, rows: Sequence[object]) -> None:
        """Show these cases; the cursor stays on its case, or where that was: on the next one."""
        place = max(self.table.currentIndex().row(), 0)
        self.middle.put_rows(rows)
        if rows and self.table.uid() is None:
            self.table.selectRow(min(place, len(rows) - 1))
        self.right.setVisible(bool(rows))
        self.show_case()

    def place(self, cards: Sequence[QWidget]) -> None:
        """Stand these side by side."""
        widgets.clear(self._row)
        for card in cards:
            self._row.addWidget(card, 1)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """1, 2, 3… decide the case with the cursor (a table would take them for a search); Enter goes to the next."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
            if plain and self._answer(event):
                return True
        return super().eventFilter(watched, event)

    def _answer(self, event: QKeyEvent) -> bool:
        """Whether the key was one of ours."""
        if event.key() in _ENTER:
            self.next()
            return True
        if Qt.Key.Key_1 <= event.key() <= Qt.Key.Key_9 and not event.isAutoRepeat():
            self.pressed.emit(event.key() - Qt.Key.Key_1)
            return True
        return False

    def next(self) -> None:
        """The next case; after the last one the first."""
        rows = self.table.records().rowCount()
        if rows:
            self.table.selectRow((self.table.currentIndex().row() + 1) % rows)

    def showEvent(self, event: QShowEvent) -> None:
        """The keyboard goes to the cases."""
        super().showEvent(event)
        self.table.setFocus()
