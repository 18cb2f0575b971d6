"""A bar chart painted by hand: how much is done of what is due."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from jzdesk.ui import theme

_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class BarChart(QWidget):
    """Bars of (label, done, due): a pale bar for what is due, a dark one in front of it for what is done."""

    def __init__(self, empty: str = "还没有数据") -> None:
        super().__init__()
        self._bars: list[tuple[str, int, int]] = []
        self._empty = empty
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(theme.em(9))

    def put(self, bars: Sequence[tuple[str, int, int]], empty: str | None = None) -> None:
        """Show these bars, or the words `empty` when there are none; the words for a screen reader follow."""
        self._bars = list(bars)
        self._empty = self._empty if empty is None else empty
        self.setAccessibleDescription("；".join(f"{label}：{done}/{due}" for label, done, due in self._bars))
        self.update()

    def sizeHint(self) -> QSize:
        """A comfortable size."""
        return QSize(theme.em(40), theme.em(20))

    def paintEvent(self, _: QPaintEvent) -> None:
        """Paint grid, bars, labels."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self._bars:
            painter.setPen(QColor(theme.MUTED))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._empty)
            return
        top = _round_up(max(max(done, due) for _, done, due in self._bars))
        area = self._area(top)
        self._paint_grid(painter, area, top)
        step = area.width() / len(self._bars)
        for number, bar in enumerate(self._bars):
            slot = QRectF(area.left() + number * step, area.top(), step, area.height())
            self._paint_bar(painter, slot, bar, top)

    def _area(self, top: int) -> QRectF:
        metrics = QFontMetricsF(self.font())
        left = metrics.horizontalAdvance(str(top)) + theme.em(0.8)
        above, below = metrics.height() * 1.3, metrics.height() * 1.6
        return QRectF(left, above, self.width() - left, self.height() - above - below)

    def _paint_grid(self, painter: QPainter, area: QRectF, top: int) -> None:
        parts = next(parts for parts in (4, 5, 3, 2, 1) if top % parts == 0)
        for number in range(parts + 1):
            y = area.bottom() - area.height() * number / parts
            painter.setPen(QPen(QColor(theme.LINE), 1))
            painter.drawLine(round(area.left()), round(y), round(area.right()), round(y))
            painter.setPen(QColor(theme.MUTED))
            words = QRectF(0, y - theme.em(1), area.left() - theme.em(0.5), theme.em(2))
            painter.drawText(words, _RIGHT, str(top * number // parts))

    def _paint_bar(self, painter: QPainter, slot: QRectF, bar: tuple[str, int, int], top: int) -> None:
        label, done, due = bar
        width = min(slot.width() * 0.52, theme.em(4.5))
        left = slot.center().x() - width / 2
        painter.setPen(Qt.PenStyle.NoPen)
        for amount, colour in ((due, theme.ACCENT_SOFT), (min(done, due), theme.ACCENT)):
            height = slot.height() * amount / top
            painter.setBrush(QColor(colour))
            painter.drawRoundedRect(QRectF(left, slot.bottom() - height, width, height), 2, 2)
        self._paint_words(painter, slot, label, f"{done}/{due}", slot.bottom() - slot.height() * due / top)

    def _paint_words(self, painter: QPainter, slot: QRectF, label: str, amount: str, y: float) -> None:
        metrics = QFontMetricsF(self.font())
        painter.setPen(QColor(theme.TEXT))
        above = QRectF(slot.left(), y - metrics.height() * 1.15, slot.width(), metrics.height())
        painter.drawText(above, Qt.AlignmentFlag.AlignCenter, amount)
        painter.setPen(QColor(theme.MUTED))
        below = QRectF(slot.left(), slot.bottom() + theme.em(0.3), slot.width(), metrics.height() * 1.2)
        shown = metrics.elidedText(label, Qt.TextElideMode.ElideRight, slot.width())
        painter.drawText(below, Qt.AlignmentFlag.AlignCenter, shown)


def _round_up(number: int) -> int:
    """The next number that divides well: 4, 8, 12, 20, 40, 80, 100, 200…"""
    step = 1
    while True:
        for base in (4, 8, 10, 12, 16, 20):
            if number <= base * step:
                return base * step
        step *= 10
