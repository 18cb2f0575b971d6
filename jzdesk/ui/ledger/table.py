"""The table of a page: whole rows chosen, numbers to the right, copied as Excel takes it, all by keyboard."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QFontMetrics, QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from jzdesk.ui import theme
from jzdesk.ui.ledger.model import Column, TableModel


class Table(QTableView):
    """Shows a TableModel. `chosen(uid)` when the row changes, `opened(uid)` on Enter or double click.

    `sorted_by(name, descending)` when the person clicks a heading whose column has an `order`.
    """

    chosen = Signal(str)
    opened = Signal(str)
    sorted_by = Signal(str, bool)
    selected = Signal(int)

    def __init__(self, model: TableModel, *, several: bool = False) -> None:
        """`several`: more than one row may be chosen (Ctrl, Shift, Ctrl+A); `selected(count)` tells how many."""
        super().__init__()
        self._model = model
        self.setModel(model)
        self._several = several
        self._order: tuple[str, bool] = ("", False)
        self._look()
        self._headings()
        self.fit_columns()
        self.selectionModel().currentRowChanged.connect(self._moved)
        self.selectionModel().selectionChanged.connect(self._count)
        self.doubleClicked.connect(lambda index: self.opened.emit(model.uid(index.row())))

    def records(self) -> TableModel:
        """The model."""
        return self._model

    def uid(self) -> str | None:
        """The record of the row with the cursor."""
        row = self.currentIndex().row()
        return self._model.uid(row) if row >= 0 else None

    def chosen_uids(self) -> list[str]:
        """The records of all chosen rows, in the order of the table."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        return [self._model.uid(row) for row in rows]

    def go_to(self, uid: str | None) -> bool:
        """Put the cursor on the record; False when it is not in the table."""
        row = self._model.place(uid) if uid else -1
        if row < 0:
            return False
        self.selectRow(row)
        self.scrollTo(self._model.index(row, 0))
        return True

    def step(self, by: int) -> None:
        """Move the cursor up or down so many rows."""
        row = self.currentIndex().row() + by
        if 0 <= row < self._model.rowCount():
            self.selectRow(row)

    def put(self, uids: Sequence[str]) -> None:
        """Show these records; the cursor stays on its record when that is still among them."""
        kept = self.uid()
        self._model.put(uids)
        if not self.go_to(kept):
            self.scrollToTop()

    def fit_columns(self) -> None:
        """Give every column the width its spec asks for."""
        metrics = QFontMetrics(theme.large(1, bold=True))
        for number, column in enumerate(self._model.columns):
            self.setColumnWidth(number, _width(column, metrics))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter opens, Ctrl+C copies, Home and End go to the first and last row."""
        uid = self.uid()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and uid is not None:
            self.opened.emit(uid)
        elif event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        elif event.key() == Qt.Key.Key_Home:
            self.selectRow(0)
        elif event.key() == Qt.Key.Key_End:
            self.selectRow(self._model.rowCount() - 1)
        else:
            super().keyPressEvent(event)

    def copy(self) -> None:
        """Put the chosen rows on the clipboard with their headings, cells apart by tabs, as Excel and WPS take it."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        lines = ["\t".join(column.label for column in self._model.columns)]
        for row in rows:
            cells = (self._model.index(row, number).data() for number in range(self._model.columnCount()))
            lines.append("\t".join(_one_line(cell) for cell in cells))
        QGuiApplication.clipboard().setText("\n".join(lines))

    def _moved(self, current: QModelIndex, previous: QModelIndex) -> None:
        if current.isValid() and current.row() != previous.row():
            self.chosen.emit(self._model.uid(current.row()))

    def _count(self) -> None:
        self.selected.emit(len(self.selectionModel().selectedRows()))

    def _look(self) -> None:
        one = QAbstractItemView.SelectionMode.SingleSelection
        many = QAbstractItemView.SelectionMode.ExtendedSelection
        self.setSelectionMode(many if self._several else one)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setAlternatingRowColors(True)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(theme.em(2.15))

    def _headings(self) -> None:
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setStretchLastSection(True)
        header.setMinimumSectionSize(theme.em(3))
        header.setSectionsClickable(True)
        header.sectionClicked.connect(self._sort)

    def _sort(self, section: int) -> None:
        name = self._model.columns[section].order
        if not name:
            return
        descending = self._order == (name, False)
        self._order = (name, descending)
        header = self.horizontalHeader()
        header.setSortIndicatorShown(True)
        arrow = Qt.SortOrder.DescendingOrder if descending else Qt.SortOrder.AscendingOrder
        header.setSortIndicator(section, arrow)
        self.sorted_by.emit(name, descending)


def _width(column: Column, metrics: QFontMetrics) -> int:
    """Wide enough for the heading and for the characters that the spec names."""
    return max(metrics.horizontalAdvance(column.label), theme.em(column.width * 0.56)) + theme.em(1.3)


def _one_line(cell: object) -> str:
    """A cell for the clipboard: no tabs or line breaks, and nothing that a workbook would take for a formula."""
    text = " ".join(str(cell or "").split())
    return f"'{text}" if text[:1] in "=+@" and text else text
