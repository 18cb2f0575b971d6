"""The table of a page: whole rows chosen, numbers to the right, copied as Excel takes it, all by keyboard."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QModelIndex, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFontMetrics,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView
from typing_extensions import override

from jzdesk.core.blocks import format_block
from jzdesk.ui import theme
from jzdesk.ui.ledger.model import Column, TableModel

_CHOICE_KEPT = 5000  # a larger choice is not looked up again after a refresh


class Table(QTableView):
    """Shows a TableModel. `chosen(uid)` when the row changes, `opened(uid)` on Enter or double click.

    `sorted_by(name, descending)` when the person clicks a heading whose column has an `order`. `typed(text)` when a
    character is typed over the table: pages put it into their search box.
    """

    chosen = Signal(str)
    opened = Signal(str)
    sorted_by = Signal(str, bool)
    selected = Signal(int)
    typed = Signal(str)

    def __init__(self, model: TableModel, *, several: bool = False) -> None:
        """`several`: more than one row may be chosen (Ctrl, Shift, Ctrl+A); `selected(count)` tells how many."""
        super().__init__()
        self._model = model
        self.setModel(model)
        self._several = several
        self.by_cell = False  # whether the cell with the cursor is marked, because keys do something to it
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

    def column(self) -> int:
        """The column with the cursor; the first one before there is any."""
        return max(self.currentIndex().column(), 0)

    def chosen_places(self) -> list[int]:
        """The numbers of all chosen rows, in the order of the table."""
        chosen = self.selectionModel().selection()
        stretches = (chosen.at(number) for number in range(chosen.size()))
        return sorted({row for each in stretches for row in range(each.top(), each.bottom() + 1)})

    def chosen_uids(self) -> list[str]:
        """The records of all chosen rows, in the order of the table."""
        return [self._model.uid(row) for row in self.chosen_places()]

    def choose(self, uids: Sequence[str]) -> None:
        """Choose these rows, as far as they are in the table."""
        last, chosen = self._model.columnCount() - 1, QItemSelection()
        for row in (self._model.place(uid) for uid in uids):
            if row >= 0:
                chosen.select(self._model.index(row, 0), self._model.index(row, last))
        self.selectionModel().select(chosen, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    @override
    def selectRow(self, row: int, column: int | None = None) -> None:
        """The cursor into this row, which alone is chosen, whatever keys are held down; its column stays by default."""
        here = self._model.index(row, self.column() if column is None else column)
        flags = QItemSelectionModel.SelectionFlag
        self.selectionModel().setCurrentIndex(here, flags.ClearAndSelect | flags.Rows)

    def go_to(self, uid: str | None) -> bool:
        """Put the cursor on the record; False when it is not in the table."""
        row = self._model.place(uid) if uid else -1
        if row < 0:
            return False
        self.selectRow(row)
        self.scrollTo(self._model.index(row, self.column()))
        return True

    def step(self, by: int) -> None:
        """Move the cursor up or down so many rows."""
        row = self.currentIndex().row() + by
        if 0 <= row < self._model.rowCount():
            self.selectRow(row)

    def put(self, uids: Sequence[str]) -> None:
        """Show these records; cursor and choice stay on their records when those are still among them."""
        kept, column, chosen = self.uid(), self.column(), self.chosen_uids() if self._several else []
        self._model.put(uids)
        if not self.go_to(kept):
            self.scrollToTop()
            return
        self.selectionModel().setCurrentIndex(
            self._model.index(self.currentIndex().row(), column), QItemSelectionModel.SelectionFlag.NoUpdate
        )
        if 1 < len(chosen) <= _CHOICE_KEPT:
            self.choose(chosen)

    def fit_columns(self) -> None:
        """Give every column the width its spec asks for."""
        metrics = QFontMetrics(theme.large(1, bold=True))
        for number, column in enumerate(self._model.columns):
            self.setColumnWidth(number, _width(column, metrics))

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Qt puts the cursor on the first row but chooses nothing: what a key would act on must be seen."""
        super().focusInEvent(event)
        if self.currentIndex().isValid() and not self.selectionModel().hasSelection():
            self.selectRow(self.currentIndex().row())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter opens, Ctrl+C copies."""
        uid = self.uid()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and uid is not None:
            self.opened.emit(uid)
        elif event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        else:
            super().keyPressEvent(event)

    def moveCursor(self, action: QAbstractItemView.CursorAction, modifiers: Qt.KeyboardModifier) -> QModelIndex:
        """Home and End go to the first and the last row; the cursor stays in its column, and Shift chooses."""
        rows, move = self._model.rowCount(), QAbstractItemView.CursorAction
        if rows and action in (move.MoveHome, move.MoveEnd):
            return self._model.index(0 if action == move.MoveHome else rows - 1, self.column())
        return super().moveCursor(action, modifiers)

    def keyboardSearch(self, search: str) -> None:
        """Typing finds in the search box, over all records and all fields; Qt's own way would read every row."""
        if search.strip():
            self.typed.emit(search)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Fetch the rows in view in one go, paint them, mark the cell with the cursor."""
        bottom = self.rowAt(self.viewport().height() - 1)
        self._model.want(self.rowAt(0), bottom if bottom >= 0 else self._model.rowCount() - 1)
        super().paintEvent(event)
        here = self.currentIndex()
        if self.by_cell and here.isValid() and self.hasFocus():
            painter = QPainter(self.viewport())
            painter.setPen(QPen(QColor(theme.ACCENT), 2))
            painter.drawRect(self.visualRect(here).adjusted(1, 1, -1, -2))
            painter.end()

    def copy(self) -> None:
        """Put the chosen rows on the clipboard as they are shown, with their headings, as Excel and WPS take it."""
        self.put_on_clipboard([self.texts(row) for row in self.chosen_places()])

    def texts(self, row: int) -> list[str]:
        """The cells of a row as they are shown."""
        return [str(self._model.index(row, number).data() or "") for number in range(self._model.columnCount())]

    def put_on_clipboard(self, rows: Sequence[Sequence[str]]) -> None:
        """Cells under the headings of the table."""
        heading = [column.label for column in self._model.columns]
        QGuiApplication.clipboard().setText(format_block([heading, *rows]).removesuffix("\n"))

    def _moved(self, current: QModelIndex, previous: QModelIndex) -> None:
        if current.isValid() and current.row() != previous.row():
            self.chosen.emit(self._model.uid(current.row()))

    def _count(self) -> None:
        chosen = self.selectionModel().selection()
        self.selected.emit(sum(chosen.at(number).height() for number in range(chosen.size())))

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
