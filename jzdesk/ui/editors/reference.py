"""Another record, found by typing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QStringListModel, Qt, QTimer
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QCompleter

from jzdesk.ui.inputs import ENTER, LineEdit, popup_list

if TYPE_CHECKING:  # the log-in types into a line and must not wait for all kinds of values
    from jzdesk.core.fields import Value


class ReferenceEdit(LineEdit):
    """Another record, found by typing: a part of a name or its pinyin initials; ↓ and Enter choose."""

    def __init__(self, search: Callable[[str], Sequence[tuple[str, str]]]) -> None:
        super().__init__()
        self._search = search
        self._uid: str | None = None
        self._title = ""
        self._labels: dict[str, str] = {}
        self._model = QStringListModel(self)
        self._timer = QTimer(self, singleShot=True, interval=160)
        self._timer.timeout.connect(self._offer_typed)
        self.setPlaceholderText("输入几个字查找")
        self._wire(QCompleter(self._model, self))
        self.textEdited.connect(self._changed)

    def raw(self) -> Value:
        """The uid of the chosen record; the typed text when nothing is chosen yet."""
        return self._uid or (self.text().strip() or None)

    def put(self, value: Value) -> None:
        """Show the record `value` (uid) by its title; see `put_title` for when the title is known."""
        self.put_title(value, self._find_title(value) if value is not None else "")

    def put_title(self, value: Value, title: str) -> None:
        """Show the record `value` under `title` without asking for it."""
        self._timer.stop()
        self._uid, self._title = (str(value), title) if value is not None else (None, "")
        self.setText(title)
        self.setCursorPosition(0)

    def tidy(self) -> None:
        """On leaving, the only possible record is chosen."""
        text = self.text().strip()
        if not text:
            self._uid = None
        elif self._uid is None and not self.composing and len(found := list(self._search(text))) == 1:
            self._choose(*found[0])

    def _wire(self, completer: QCompleter) -> None:
        completer.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        completer.setPopup(popup_list())
        completer.setWidget(self)
        completer.activated.connect(lambda label: self._picked(str(label)))
        self._list = completer

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """↓ and F4 open the list; Enter is for the list while it is open."""
        popup = self._list.popup()
        if popup is not None and popup.isVisible() and event.key() in (*ENTER, Qt.Key.Key_Escape):
            event.ignore()
        elif event.key() in (Qt.Key.Key_Down, Qt.Key.Key_F4):
            self._offer()
        elif event.key() in ENTER and self._several():
            self._offer_typed()
        else:
            super().keyPressEvent(event)

    def _changed(self) -> None:
        self._uid = None
        if not self.composing:
            self._timer.start()

    def _several(self) -> bool:
        """Whether what was typed fits more than one record, so that Enter has to ask which."""
        text = self.text().strip()
        return self._uid is None and bool(text) and len(self._search(text)) > 1

    def _offer_typed(self) -> None:
        """Open the list with the first record marked, so that Enter alone takes it; never after the field was left."""
        self._timer.stop()
        popup = self._list.popup()
        if not self.hasFocus() or popup is None:
            return
        self._offer()
        if self._labels and self.text().strip():
            popup.setCurrentIndex(self._list.completionModel().index(0, 0))

    def _offer(self) -> None:
        """Ask for the records and open the list beneath the field."""
        if self.composing:
            return
        found = self._search("" if self._uid else self.text().strip())
        self._labels = _distinct(found)
        self._model.setStringList(list(self._labels))
        self._list.complete()

    def _picked(self, label: str) -> None:
        if label in self._labels:
            self._choose(self._labels[label], label)
            QTimer.singleShot(0, self, lambda: self.focusNextPrevChild(True))

    def _choose(self, uid: str, label: str) -> None:
        self.put_title(uid, label)
        self.edited.emit()

    def _find_title(self, value: Value) -> str:
        return next((label for uid, label in self._search("") if uid == value), str(value))


class CodeEdit(ReferenceEdit):
    """A code that another ledger has the name of: found and shown by name; a code may be typed all the same."""

    def _find_title(self, value: Value) -> str:
        return next((label for code, label in self._search(str(value)) if code == value), str(value))


def _distinct(found: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Label → uid; equal labels are told apart by a number."""
    labels: dict[str, str] = {}
    for uid, label in found:
        shown, number = label, 2
        while shown in labels:
            shown, number = f"{label}（{number}）", number + 1
        labels[shown] = uid
    return labels
