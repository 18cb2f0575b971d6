"""Asks for the reason of a ruling; where a clock ran ahead also by how many hours."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from jzdesk.ui import widgets
from jzdesk.ui.dialogs.reason import ReasonDialog
from jzdesk.ui.editors.typed import NumberEdit


class RulingDialog(ReasonDialog):
    """As ReasonDialog; `hours` is what was stated of the clock, None when it was not asked."""

    def __init__(self, parent: QWidget | None, title: str, explain: str, ahead_hours: int) -> None:
        super().__init__(parent, title, explain, title)
        self.clock = NumberEdit()
        self._asked = ahead_hours > 0
        if self._asked:
            self.clock.put(str(ahead_hours))
            words = widgets.label("这台电脑的时钟快几小时（记录最多快这么多；以后同一台电脑不再拦下）", wrap=True)
            self.body.addWidget(words)
            self.body.addWidget(self.clock)
            self.setTabOrder(self.edit, self.clock)

    @property
    def hours(self) -> int | None:
        """The hours that were stated."""
        words = str(self.clock.raw() or "")
        return int(words) if self._asked and words.isdigit() else None

    def _take(self) -> None:
        if self._asked and self.hours is None:
            self.wrong("还没有写时钟快几小时。", "请写一个整数，例如 72。")
            self.clock.setFocus()
        else:
            super()._take()


def ask_ruling(parent: QWidget | None, title: str, explain: str, ahead_hours: int) -> tuple[str, int | None] | None:
    """(reason, hours), or None when the person changed their mind."""
    dialog = RulingDialog(parent, title, explain, ahead_hours)
    return (dialog.reason, dialog.hours) if dialog.exec() == RulingDialog.DialogCode.Accepted else None
