"""Fields to type into: each understands what its kind understands, and none surprises a fast typist.

Every editor is a QWidget with `raw()` (what stands there, None when blank), `put(value)` (a stored value),
`edited` (the person changed it) and `left` (the person is done with it); those of forms live in `jzdesk.ui.editors`.
Enter goes to the next field; text being composed by an input method never counts as typed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent, QInputMethodEvent, QKeyEvent, QWheelEvent
from PySide6.QtWidgets import (
    QComboBox,
    QLineEdit,
    QListView,
    QStyleOptionComboBox,
)

from jzdesk.core.errors import ValueFault
from jzdesk.ui import icons, theme

if TYPE_CHECKING:  # the log-in types into a line and must not wait for all kinds of values
    from jzdesk.core.fields import Value
    from jzdesk.core.kinds import Kind

ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class LineEdit(QLineEdit):
    """One line of text. On leaving it shows what its kind understood: full-width digits become plain, dates ISO."""

    edited = Signal()
    left = Signal()

    def __init__(self, kind: Kind | None = None) -> None:
        super().__init__()
        self.kind = kind
        self.composing = False
        self.textEdited.connect(self._typed)

    def raw(self) -> Value:
        """The text as it stands; None when blank."""
        return self.text().strip() or None

    def put(self, value: Value) -> None:
        """Show a stored value as its kind shows it."""
        self.setText(self._shown(value))
        self.setCursorPosition(0)

    def retype(self, raw: Value) -> None:
        """Put back what was typed before (a draft), which need not be understood."""
        self.setText("" if raw is None else str(raw))

    def tidy(self) -> None:
        """Show the text as it was understood; what cannot be understood stays as typed."""
        if self.kind is None or self.isReadOnly():
            return
        try:
            shown = self._shown(self.kind.read(self.raw()).value)
        except ValueFault:
            return
        if shown != self.text():
            self.setText(shown)

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        """Remember whether a word is still being composed."""
        self.composing = bool(event.preeditString())
        super().inputMethodEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter goes to the next field."""
        if event.key() in ENTER and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.tidy()
            self.focusNextPrevChild(True)
            self.returnPressed.emit()
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Coming by keyboard selects all, as in a cell of a workbook."""
        super().focusInEvent(event)
        if event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason):
            self.selectAll()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Leaving tidies the text."""
        super().focusOutEvent(event)
        if event.reason() != Qt.FocusReason.PopupFocusReason:
            self.composing = False
            self.tidy()
            self.left.emit()

    def _typed(self) -> None:
        if not self.composing:
            self.edited.emit()

    def _shown(self, value: Value) -> str:
        if value is None:
            return ""
        return self.kind.show(value) if self.kind is not None else str(value)


class Combo(QComboBox):
    """A closed list: F4 or Alt+↓ opens it, a wheel never changes it, Enter goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setView(popup_list())
        self.setMaxVisibleItems(14)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Let the page scroll instead."""
        event.ignore()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter goes to the next field."""
        if event.key() in ENTER:
            self.focusNextPrevChild(True)
        else:
            super().keyPressEvent(event)

    def initStyleOption(self, option: QStyleOptionComboBox) -> None:
        """A choice that is too long for its field ends in …"""
        super().initStyleOption(option)
        room = self.width() - theme.em(0.6 + 1.7) - 4
        option.currentText = self.fontMetrics().elidedText(self.currentText(), Qt.TextElideMode.ElideRight, room)


def popup_list() -> QListView:
    """The list beneath a field."""
    view = QListView()
    view.setProperty("role", "popup")
    view.setUniformItemSizes(True)
    return view


class Pick(Combo):
    """A filter or a short choice: `fill` it with (value, label); `value()` is what is chosen."""

    picked = Signal()

    def __init__(self, items: Sequence[tuple[Value, str]] = (), tip: str = "") -> None:
        super().__init__()
        self.fill(items)
        self.setToolTip(tip)
        self.setAccessibleName(tip)
        self.currentIndexChanged.connect(lambda: self.picked.emit())

    def fill(self, items: Sequence[tuple[Value, str]]) -> None:
        """Replace the choices, keeping the chosen one when it is still there; emits nothing."""
        kept = self.value()
        blocked = self.blockSignals(True)
        self.clear()
        for value, text in items:
            self.addItem(text, value)
        self.choose(kept)
        self.view().setMinimumWidth(self.view().sizeHintForColumn(0) + theme.em(2.4))
        self.blockSignals(blocked)

    def value(self) -> Value:
        """The chosen value."""
        return cast("Value", self.currentData())

    def choose(self, value: Value) -> None:
        """Choose `value` when it is among the choices."""
        index = self.findData(value)
        self.setCurrentIndex(max(0, index))


class SearchEdit(QLineEdit):
    """The search box of a page (F3): `searched(text)` shortly after typing stops; Esc clears, ↓ goes to the table."""

    searched = Signal(str)
    down = Signal()

    def __init__(self, hint: str = "查找 (F3)") -> None:
        super().__init__()
        self._composing = False
        self._last = ""
        self.setPlaceholderText(hint)
        self.setClearButtonEnabled(True)
        self.addAction(icons.icon("search"), QLineEdit.ActionPosition.LeadingPosition)
        self._timer = QTimer(self, singleShot=True, interval=180)
        self._timer.timeout.connect(self._search)
        self.textChanged.connect(lambda: None if self._composing else self._timer.start())

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        """While a word is being composed nothing is searched."""
        self._composing = bool(event.preeditString())
        if self._composing:
            self._timer.stop()
        super().inputMethodEvent(event)
        if not self._composing and event.commitString():
            self._timer.start()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter searches at once, Esc clears, ↓ goes to the table."""
        if event.key() in ENTER:
            self._timer.stop()
            self._search()
            self.down.emit()
        elif event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
        elif event.key() == Qt.Key.Key_Down:
            self.down.emit()
        else:
            super().keyPressEvent(event)

    def quiet(self, text: str) -> None:
        """Set the text without searching."""
        self._last = text
        blocked = self.blockSignals(True)
        self.setText(text)
        self.blockSignals(blocked)

    def _search(self) -> None:
        text = self.text().strip()
        if not self._composing and text != self._last:
            self._last = text
            self.searched.emit(text)
