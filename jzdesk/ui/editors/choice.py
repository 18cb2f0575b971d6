"""A code chosen by its label, typed or from the list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QComboBox, QCompleter, QLineEdit

from jzdesk.core.errors import ValueFault
from jzdesk.ui.inputs import ENTER, Combo, popup_list

if TYPE_CHECKING:  # the log-in types into a line and must not wait for all kinds of values
    from jzdesk.core.fields import Value
    from jzdesk.core.kinds import Kind


class ChoiceEdit(Combo):
    """A code chosen by label: type a part of the label or the code, or open the list; blank when nothing is chosen."""

    edited = Signal()
    left = Signal()

    def __init__(self, items: Sequence[tuple[Value, str]], kind: Kind | None = None) -> None:
        super().__init__()
        self.kind = kind
        self.setEditable(True)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(6)
        self.addItem("", None)
        for value, text in items:
            self.addItem(text, value)
        self._list = popup_list()
        self._find_as_typed()
        self.activated.connect(lambda: self.edited.emit())
        self._line().textEdited.connect(lambda: self.edited.emit())
        self._line().installEventFilter(self)

    def raw(self) -> Value:
        """The chosen value; what was typed when it is not (yet) one of the choices."""
        text = self.currentText().strip()
        if not text:
            return None
        index = self._index_of(text)
        return cast("Value", self.itemData(index)) if index >= 0 else text

    def put(self, value: Value) -> None:
        """Show a stored value; one that a newer station knows is shown as its code."""
        index = self.findData(value)
        self.setCurrentIndex(index)
        if index < 0:
            self.setEditText(str(value))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Enter goes on, also where the line itself was given the key, or its list with nothing chosen in it."""
        typed = event.type() == QEvent.Type.KeyPress and cast("QKeyEvent", event).key() in ENTER
        if typed and (watched is self._line() or not self._list.currentIndex().isValid()):
            self._go_on()
            return True
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter completes what was begun and goes to the next field."""
        if event.key() in ENTER:
            self._go_on()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Leaving completes what was begun. The line's focus is the box's own, so it never sees it go."""
        super().focusOutEvent(event)
        if event.reason() != Qt.FocusReason.PopupFocusReason:
            self._complete()
            self.left.emit()

    def _go_on(self) -> None:
        self._list.hide()  # an open list keeps the keyboard: the next field would wait for it in vain
        self._complete()
        self.focusNextPrevChild(True)

    def _line(self) -> QLineEdit:
        line = self.lineEdit()
        assert line is not None
        return line

    def _find_as_typed(self) -> None:
        completer = QCompleter(self.model(), self)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
        completer.setPopup(self._list)
        self._list.installEventFilter(self)  # after the completer's own filter, so it is asked first
        completer.activated.connect(lambda _: QTimer.singleShot(0, self, self._found))
        self.setCompleter(completer)

    def _found(self) -> None:
        self._complete()
        self.edited.emit()
        self.focusNextPrevChild(True)

    def _complete(self) -> None:
        """Choose what the typed text means, when that is one thing."""
        text = self.currentText().strip()
        index = self._index_of(text) if text else 0
        if index >= 0 and (self.currentIndex() != index or self.currentText() != self.itemText(index)):
            self.setCurrentIndex(index)
            self.setEditText(self.itemText(index))

    def _index_of(self, text: str) -> int:
        """The label itself, what the kind understands (`2`, `2-住校`), or the only label that contains the text."""
        exact = self.findText(text, Qt.MatchFlag.MatchExactly)
        if exact >= 0:
            return exact
        if self.kind is not None:
            try:
                return self.findData(self.kind.read(text).value)
            except ValueFault:
                pass
        within = [number for number in range(1, self.count()) if text in self.itemText(number)]
        return within[0] if len(within) == 1 else -1
