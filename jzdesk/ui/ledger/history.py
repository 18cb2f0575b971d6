"""The history of one record: who changed what, when, from what to what."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from jzdesk.services.ledger import HistoryLine
from jzdesk.ui import theme, widgets


class History(QWidget):
    """Changes in groups: one heading for each moment and person, beneath it one line for each field."""

    def __init__(self) -> None:
        super().__init__()
        self._body = QVBoxLayout(self)
        self._body.setSpacing(theme.em(0.35))

    def show_lines(self, lines: Sequence[HistoryLine]) -> None:
        """Show these lines, newest first."""
        widgets.clear(self._body)
        heading = ""
        for line in lines:
            here = f"{line.when}　{line.who}　{line.station}"
            if here != heading:
                self._heading(here, first=not heading)
                heading = here
            self._body.addWidget(widgets.label(_sentence(line), wrap=True))
        if not lines:
            self._body.addWidget(widgets.label("还没有改动记录。", tone="muted"))
        self._body.addStretch(1)

    def _heading(self, words: str, *, first: bool) -> None:
        if not first:
            self._body.addSpacing(theme.em(0.4))
        made = widgets.label(words, tone="muted", wrap=True)
        made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._body.addWidget(made)


def _sentence(line: HistoryLine) -> str:
    """`年级：三年级 → 四年级`; a first value has no arrow."""
    if line.old:
        return f"{line.what}：{line.old} → {line.new or '（清空）'}"
    return f"{line.what}：{line.new}" if line.new else line.what
