"""Lines with a kind of their own: dates with a calendar, numbers to the right, ID numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QDate, Qt
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QCalendarWidget, QLineEdit, QMenu, QWidgetAction

from jzdesk.ui import icons
from jzdesk.ui.inputs import LineEdit

if TYPE_CHECKING:  # the log-in types into a line and must not wait for all kinds of values
    from jzdesk.core.kinds import Kind


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
