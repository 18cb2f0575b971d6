"""Figures that balance, as tiles in a row: 读取 416 = 新增 409 + 更新 0 + 停放 7."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from jzdesk.ui import theme, widgets
from jzdesk.ui.flow import Flow


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: its name, its value as text, and a tone (wrong, look, good, muted or "") for the value."""

    label: str
    value: str
    tone: str = ""


class Figures(QWidget):
    """Figures side by side, with signs between them when they make a sum; goes on beneath when the row is full."""

    def __init__(self, *, low: bool = False) -> None:
        """With `low` each figure stands beside its name, where a table needs the height."""
        super().__init__()
        self._low = low
        self._flow = Flow(0.5)
        self._apart = theme.em(1.6), theme.em(0.5)
        inside = QVBoxLayout(self)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.addWidget(widgets.holder(self._flow))

    def put(self, figures: Sequence[Figure], *, total_first: bool = False) -> None:
        """Show these; with `total_first` the first one is the sum of the others and the signs say so."""
        widgets.clear(self._flow)
        self._flow.setSpacing(self._apart[total_first])
        for number, figure in enumerate(figures):
            if total_first and number:
                self._flow.addWidget(widgets.label("=" if number == 1 else "+", tone="muted", size=1.2))
            self._flow.addWidget(_line(figure) if self._low else _tile(figure))
        self.setAccessibleDescription("，".join(f"{figure.label} {figure.value}" for figure in figures))

    def text(self) -> str:
        """The figures in words, as a screen reader hears them."""
        return self.accessibleDescription()


def _line(figure: Figure) -> QWidget:
    value = widgets.label(figure.value, tone=figure.tone, size=1.15, bold=True)
    return widgets.holder(widgets.row(widgets.label(figure.label, tone="muted"), value, space=0.35))


def _tile(figure: Figure) -> QWidget:
    value = widgets.label(figure.value, tone=figure.tone, size=1.35, bold=True)
    name = widgets.label(figure.label, tone="muted")
    for each in (value, name):
        each.setAlignment(Qt.AlignmentFlag.AlignHCenter)
    made = widgets.holder(widgets.column(value, name, space=0.1))
    made.setMinimumWidth(theme.em(4))
    return made
