"""Lists within a child's file: one entry beneath another, each with what can be done to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from jzdesk.services.students import StudentRow
from jzdesk.ui import theme, widgets

Deed = tuple[str, Callable[[], object]]


@dataclass(frozen=True, slots=True)
class Entry:
    """`title` in the text's own weight, `detail` beneath, a badge in `tone`, deeds as buttons at the right."""

    title: str
    detail: str = ""
    badge: str = ""
    tone: str = ""
    deeds: tuple[Deed, ...] = ()


def short_number(row: StudentRow) -> str:
    """`431****4759`: enough to tell two children of one name apart."""
    return f"{row.id_number[:3]}****{row.id_number[-4:]}" if len(row.id_number) > 8 else row.id_number


class EntryList(QWidget):
    """A heading with its button, then the entries, built when they are seen; `nothing` is said when there are none."""

    def __init__(self, heading: str, nothing: str, add: QPushButton | None = None) -> None:
        super().__init__()
        self._nothing, self._tone, self._stale = nothing, "muted", False
        self.heading = widgets.label(heading, bold=True, size=1.05)
        self.add_button = add
        head = widgets.row(self.heading, None, *([add] if add is not None else []))
        self._body = QVBoxLayout()
        self._body.setSpacing(theme.em(0.35))
        whole = widgets.column(head, self._body, space=0.4)
        whole.setContentsMargins(0, 0, 0, theme.em(0.5))
        self.setLayout(whole)
        self.entries: list[Entry] = []

    def put(self, entries: Sequence[Entry]) -> None:
        """Show these entries."""
        self.entries = list(entries)
        self._stale = True
        if self.isVisible():
            self._build()

    def showEvent(self, event: QShowEvent) -> None:
        """What nobody has looked at so far is built now."""
        super().showEvent(event)
        self._build()

    def _build(self) -> None:
        if not self._stale:
            return
        self._stale = False
        entries = self.entries
        widgets.clear(self._body)
        for number, entry in enumerate(entries):
            if number:
                self._body.addWidget(widgets.line())
            self._body.addWidget(_shown(entry))
        if not entries and self._nothing:
            self._body.addWidget(widgets.label(self._nothing, tone=self._tone, wrap=True))

    def say(self, nothing: str, tone: str = "muted") -> None:
        """Change what is said when there are no entries."""
        self._nothing, self._tone = nothing, tone
        if not self.entries:
            self.put(())


def _shown(entry: Entry) -> QWidget:
    title = widgets.label(entry.title, wrap=True)
    words = widgets.column(title, space=0.1)
    if entry.detail:
        words.addWidget(widgets.label(entry.detail, tone="muted", wrap=True))
    row = widgets.row(words, space=0.5)
    row.setStretch(0, 1)
    if entry.badge:
        row.addWidget(widgets.badge(entry.badge, entry.tone))
    for text, do in entry.deeds:
        made = widgets.button(text, do, role="link")
        made.setAccessibleName(f"{text}：{entry.title}")
        row.addWidget(made)
    made_row = QWidget()
    made_row.setLayout(row)
    row.setContentsMargins(0, 0, 0, 0)
    return made_row
