"""Fields to type into: each understands what its kind understands, and none surprises a fast typist.

Every editor is a QWidget with `raw()` (what stands there, None when blank), `put(value)` (a stored value),
`edited` (the person changed it) and `left` (the person is done with it). `editor(spec, choices)` makes the right one.
Enter goes to the next field; text being composed by an input method never counts as typed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias, cast

from PySide6.QtCore import QDate, QEvent, QObject, QSize, QStringListModel, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QFocusEvent, QInputMethodEvent, QKeyEvent, QWheelEvent
from PySide6.QtWidgets import (
    QCalendarWidget,
    QComboBox,
    QCompleter,
    QHBoxLayout,
    QLineEdit,
    QListView,
    QMenu,
    QPlainTextEdit,
    QPushButton,
    QSizePolicy,
    QStyleOptionComboBox,
    QWidget,
    QWidgetAction,
)

from jzdesk.core.errors import ValueFault
from jzdesk.ui import icons, theme

if TYPE_CHECKING:  # the log-in types into a line and must not wait for all kinds of values
    from jzdesk.core.fields import FieldSpec, Value
    from jzdesk.core.kinds import Kind

ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
Choices = Callable[[str, str], "Sequence[tuple[str, str]]"]
"""(entity, what was typed) → [(uid, label)]: `services.ledger.choices`."""


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


class DateEdit(LineEdit):
    """A day typed in any usual form, or picked from a calendar (F4); may be blank."""

    def __init__(self, kind: Kind | None = None) -> None:
        super().__init__(kind)
        self.setPlaceholderText("如 20250910")
        action = QAction(icons.icon("calendar"), "日历", self)
        action.triggered.connect(self.open_calendar)
        self.addAction(action, QLineEdit.ActionPosition.TrailingPosition)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """F4 and Alt+↓ open the calendar."""
        down = event.key() == Qt.Key.Key_Down and event.modifiers() & Qt.KeyboardModifier.AltModifier
        if event.key() == Qt.Key.Key_F4 or down:
            self.open_calendar()
        else:
            super().keyPressEvent(event)

    def open_calendar(self) -> None:
        """Show a calendar beneath the field."""
        menu = QMenu(self)
        calendar = QCalendarWidget(menu)
        calendar.setVerticalHeaderFormat(QCalendarWidget.VerticalHeaderFormat.NoVerticalHeader)
        calendar.setFirstDayOfWeek(Qt.DayOfWeek.Monday)
        day = QDate.fromString(self.text(), Qt.DateFormat.ISODate)
        if day.isValid():
            calendar.setSelectedDate(day)
        calendar.activated.connect(lambda chosen: self._take(menu, chosen))
        calendar.clicked.connect(lambda chosen: self._take(menu, chosen))
        holder = QWidgetAction(menu)
        holder.setDefaultWidget(calendar)
        menu.addAction(holder)
        menu.popup(self.mapToGlobal(self.rect().bottomLeft()))
        calendar.setFocus()

    def _take(self, menu: QMenu, day: QDate) -> None:
        menu.close()
        self.setText(day.toString(Qt.DateFormat.ISODate))
        self.edited.emit()
        self.setFocus()


class NumberEdit(LineEdit):
    """A number or an amount in 元: to the right."""

    def __init__(self, kind: Kind | None = None) -> None:
        super().__init__(kind)
        self.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


class IdEdit(LineEdit):
    """A citizen's ID number."""

    def __init__(self, kind: Kind | None = None) -> None:
        super().__init__(kind)
        self.setPlaceholderText("18 位")


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


class Combo(QComboBox):
    """A closed list: F4 or Alt+↓ opens it, a wheel never changes it, Enter goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setView(_popup())
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


def _popup() -> QListView:
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
        self._list = _popup()
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
        completer.setPopup(_popup())
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


def _distinct(found: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Label → uid; equal labels are told apart by a number."""
    labels: dict[str, str] = {}
    for uid, label in found:
        shown, number = label, 2
        while shown in labels:
            shown, number = f"{label}（{number}）", number + 1
        labels[shown] = uid
    return labels


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


Editor: TypeAlias = LineEdit | AreaEdit | ChoiceEdit | YesNoEdit


def editor(spec: FieldSpec, choices: Choices) -> Editor:
    """The editor for a field, by its kind's `widget`; references are found through `choices`."""
    made = _made(spec.kind, choices)
    made.setAccessibleName(spec.label)
    if spec.help:
        made.setToolTip(spec.help)
    return made


def _made(kind: Kind, choices: Choices) -> Editor:
    from jzdesk.core.kinds import Code, Options, Reference, YesNo

    if isinstance(kind, Code | Options):
        return ChoiceEdit(kind.items(), kind)
    if isinstance(kind, YesNo):
        return YesNoEdit()
    if isinstance(kind, Reference):
        return ReferenceEdit(lambda text: choices(kind.entity, text))
    if kind.widget == "area":
        return AreaEdit()
    lines: dict[str, type[LineEdit]] = {"date": DateEdit, "money": NumberEdit, "number": NumberEdit, "id": IdEdit}
    return lines.get(kind.widget, LineEdit)(kind)
