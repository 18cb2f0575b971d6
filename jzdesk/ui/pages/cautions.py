"""What is doubtful about a station, each with what to do; nothing at all when nothing is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QVBoxLayout, QWidget

from jzdesk.ui import theme, widgets
from jzdesk.ui.errors_shown import Message

if TYPE_CHECKING:
    from jzdesk.services.enrolled import Caution


class Cautions(QWidget):
    """One banner for each caution; those the person put away come back with the next visit of the page."""

    def __init__(self) -> None:
        super().__init__()
        self._inside = QVBoxLayout(self)
        self._inside.setContentsMargins(0, 0, 0, 0)
        self._inside.setSpacing(theme.em(0.4))
        self._words = ""
        self.hide()

    def put(self, cautions: Sequence[Caution]) -> None:
        """Show these."""
        widgets.clear(self._inside)
        self._words = "\n".join(f"{one.what}。{one.remedy}" for one in cautions)
        for one in cautions:
            banner = widgets.Banner()
            self._inside.addWidget(banner)
            banner.say(Message("wrong" if one.grave else "look", f"{one.what}。", one.remedy))
        self.setVisible(bool(cautions))

    def text(self) -> str:
        """What is said."""
        return self._words
