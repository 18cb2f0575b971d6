"""The base of all dialogs: a title, a body, buttons at the foot, and no surprises with Enter."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from PySide6.QtCore import QEvent
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QAbstractButton, QDialog, QPushButton, QVBoxLayout, QWidget

from jzdesk.core.errors import StationFault, UserError
from jzdesk.ui import theme, widgets
from jzdesk.ui.errors_shown import Message

_FIRST = {"primary": 0, "danger": 1}  # roles of buttons in the order in which Enter comes to them


class Dialog(QDialog):
    """Put things into `body`, buttons with `add_button`. Enter in a field goes on to the next; Esc gives up.

    After the last field comes the button that does the deed, whatever stands to the left of it: two Enters in a row
    must not give up what was typed.
    """

    def __init__(self, parent: QWidget | None, title: str, explain: str = "", *, width: float = 32) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setMinimumWidth(theme.em(width))
        outer = QVBoxLayout(self)
        margin = theme.em(1.5)
        outer.setContentsMargins(margin, theme.em(1.3), margin, theme.em(1.2))
        outer.setSpacing(theme.em(0.8))
        outer.addWidget(widgets.label(title, size=1.3, bold=True))
        if explain:
            outer.addWidget(widgets.label(explain, tone="muted", wrap=True))
        self.banner = widgets.Banner()
        outer.addWidget(self.banner)
        self.body = QVBoxLayout()
        self.body.setSpacing(theme.em(0.6))
        outer.addLayout(self.body, 1)
        self.foot = widgets.row(None)
        outer.addSpacing(theme.em(0.3))
        outer.addLayout(self.foot)

    def showEvent(self, event: QShowEvent) -> None:
        """Tall enough for sentences that take several lines; a layout's hint alone forgets that they wrap."""
        super().showEvent(event)
        self._deed_first()
        self._grow()

    def event(self, event: QEvent) -> bool:
        """Grow as well when something is said later, in the banner for instance."""
        done = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest and self.isVisible():
            self._grow()
        return done

    def _grow(self) -> None:
        layout = self.layout()
        if layout is not None and layout.hasHeightForWidth():
            layout.activate()
            wanted = min(layout.totalHeightForWidth(self.width()), self.screen().availableGeometry().height())
            self.resize(self.width(), max(self.height(), wanted))

    def add_button(self, text: str, do: Callable[[], object], *, role: str = "", icon: str = "") -> QPushButton:
        """Add a button at the right end of the foot."""
        made = widgets.button(text, do, role=role, icon=icon)
        self.foot.addWidget(made)
        return made

    def wrong(self, what: str, remedy: str = "") -> None:
        """Say beside the fields what is wrong; the dialog stays open."""
        self.banner.say(Message("wrong", what, remedy))

    def exec(self) -> int:
        """Show the dialog and wait for it; no button is pressed by Enter from elsewhere."""
        self._disarm()
        return super().exec()

    def open(self) -> None:
        """Show the dialog over its window without waiting for it."""
        self._disarm()
        super().open()

    def _deed_first(self) -> None:
        at_foot = [item.widget() for item in map(self.foot.itemAt, range(self.foot.count())) if item is not None]
        buttons = [each for each in at_foot if isinstance(each, QPushButton)]
        buttons.sort(key=lambda each: _FIRST.get(str(each.property("role")), len(_FIRST)))
        for before, after in pairwise(buttons):
            QWidget.setTabOrder(before, after)

    def _disarm(self) -> None:
        for each in self.findChildren(QAbstractButton):
            if isinstance(each, QPushButton):
                each.setAutoDefault(False)
                each.setDefault(False)


def show_in(dialog: Dialog, error: Exception) -> bool:
    """Show a person's or a machine's error inside the dialog; False for any other."""
    if isinstance(error, UserError):
        dialog.wrong(error.what.rstrip("。") + "。", error.remedy)
    elif isinstance(error, StationFault):
        dialog.wrong(error.what.rstrip("。") + "。", f"{error.kept.rstrip('。')}。{error.remedy}")
    else:
        return False
    return True
