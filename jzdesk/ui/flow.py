"""A layout that goes on beneath when a row is full."""

from __future__ import annotations

from PySide6.QtCore import QMargins, QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem

from jzdesk.ui import theme


class Flow(QLayout):
    """Puts widgets in a row and goes on beneath when the row is full: filters and buttons at any text size."""

    def __init__(self, space: float = 0.6, *, right: bool = False) -> None:
        super().__init__()
        self._items: list[QLayoutItem] = []
        self._right = right
        self.setSpacing(theme.em(space))
        self.setContentsMargins(0, 0, 0, 0)

    def addItem(self, item: QLayoutItem) -> None:
        """Take an item."""
        self._items.append(item)

    def count(self) -> int:
        """How many items."""
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        """The item, or None."""
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        """Give the item up."""
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:
        """Takes no more than it needs."""
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        """Taller when narrower."""
        return True

    def heightForWidth(self, width: int) -> int:
        """The height of all rows."""
        return self._place(QRect(0, 0, width, 0), move=False)

    def setGeometry(self, rect: QRect) -> None:
        """Place the items."""
        super().setGeometry(rect)
        self._place(rect, move=True)

    def sizeHint(self) -> QSize:
        """All in one row."""
        shown = self._shown()
        wide = sum(item.sizeHint().width() for item in shown) + self.spacing() * max(0, len(shown) - 1)
        return QSize(wide, max((item.sizeHint().height() for item in shown), default=0))

    def minimumSize(self) -> QSize:
        """The widest item alone."""
        size = QSize()
        for item in self._shown():
            size = size.expandedTo(item.minimumSize())
        return size.grownBy(self._margins())

    def _margins(self) -> QMargins:
        return self.contentsMargins()

    def _shown(self) -> list[QLayoutItem]:
        return [item for item in self._items if not item.isEmpty()]

    def _rows(self, width: int) -> list[list[QLayoutItem]]:
        rows: list[list[QLayoutItem]] = [[]]
        used = 0
        for item in self._shown():
            need = item.sizeHint().width()
            if rows[-1] and used + need > width:
                rows.append([])
                used = 0
            rows[-1].append(item)
            used += need + self.spacing()
        return rows

    def _place(self, rect: QRect, *, move: bool) -> int:
        top = rect.top()
        for items in self._rows(rect.width()):
            tall = max((item.sizeHint().height() for item in items), default=0)
            if move:
                self._place_row(items, rect, top, tall)
            top += tall + (self.spacing() if items else 0)
        return max(0, top - self.spacing() - rect.top())

    def _place_row(self, items: list[QLayoutItem], rect: QRect, top: int, tall: int) -> None:
        sizes = [item.sizeHint() for item in items]
        used = sum(size.width() for size in sizes) + self.spacing() * max(0, len(items) - 1)
        left = rect.right() + 1 - used if self._right else rect.left()
        for item, size in zip(items, sizes, strict=True):
            width = min(size.width(), rect.width())
            item.setGeometry(
                QRect(
                    QPoint(max(left, rect.left()), top + (tall - size.height()) // 2),
                    QSize(width, size.height()),
                )
            )
            left += size.width() + self.spacing()
