"""A plan for many records as a table: old → new for every cell, red where something is wrong, open to correction."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt, Signal
from PySide6.QtGui import QBrush, QColor

from jzdesk.core.fields import EntitySpec
from jzdesk.services.plans import CHANGED, SAME, WRONG, Cell, Plan, PlannedRow
from jzdesk.ui import theme
from jzdesk.ui.ledger.model import DISPLAY, FOREGROUND, TOOL_TIP, Index

ALL, FAULTY, CHANGING = "all", "wrong", "changed"
"""Which rows are shown."""
EMPTY = Plan("", "", (), (), {})
_EDIT = int(Qt.ItemDataRole.EditRole)
_BACKGROUND = int(Qt.ItemDataRole.BackgroundRole)
_RED, _RED_SOFT = QBrush(QColor(theme.WRONG)), QBrush(QColor(theme.WRONG_SOFT))
_GREY, _AMBER, _GREEN = (QBrush(QColor(each)) for each in (theme.MUTED, theme.LOOK, theme.GOOD))
_NO_PARENT = QModelIndex()


class PlanModel(QAbstractTableModel):
    """A plan as a table: the record, then each field; a cell may be typed over (`corrected(row, field, text)`)."""

    corrected = Signal(object, str, str)

    def __init__(self, spec: EntitySpec, parent: QObject) -> None:
        super().__init__(parent)
        self._spec = spec
        self.plan = EMPTY
        self.rows: list[PlannedRow] = []

    def put(self, plan: Plan, shown: str) -> None:
        """Show the rows of a plan: all, those that change something, or those with something wrong."""
        self.beginResetModel()
        self.plan = plan
        self.rows = [row for row in plan.rows if shown == ALL or _state(row) == shown]
        self.endResetModel()

    def cell(self, index: Index) -> Cell | None:
        """The cell of a field; None in the first column, and where a row has no such field."""
        if not index.isValid() or index.column() == 0:
            return None
        return self.rows[index.row()].cells.get(self.field(index))

    def field(self, index: Index) -> str:
        """The field of a cell; "" in the first column."""
        return self.plan.fields[index.column() - 1] if index.column() > 0 else ""

    def words(self, index: Index) -> str:
        """The sentence about a cell, or about its whole row."""
        if not index.isValid():
            return ""
        cell = self.cell(index)
        words = cell.words if cell is not None else ""
        return words or self.rows[index.row()].wrong

    def next_wrong(self, after: Index) -> QModelIndex:
        """The next cell (row by row, from the top again) that is wrong."""
        width = self.columnCount()
        start = after.row() * width + after.column() if after.isValid() else -1
        for step in range(1, width * len(self.rows) + 1):
            row, column = divmod((start + step) % (width * len(self.rows)), width)
            here = self.index(row, column)
            cell = self.cell(here)
            if (cell is not None and cell.state == WRONG) or (column == 0 and self.rows[row].wrong):
                return here
        return QModelIndex()

    def rowCount(self, parent: Index = _NO_PARENT) -> int:
        """One for each record."""
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = _NO_PARENT) -> int:
        """The record, and each field."""
        return 0 if parent.isValid() else len(self.plan.fields) + 1

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Every cell of a field may be corrected."""
        usual = super().flags(index)
        return usual | Qt.ItemFlag.ItemIsEditable if self.cell(index) is not None else usual

    def setData(self, index: Index, value: Any, role: int = _EDIT) -> bool:
        """Take a correction; the plan is made again."""
        cell = self.cell(index)
        if role != _EDIT or cell is None:
            return False
        if str(value) != cell.new:
            self.corrected.emit(self.rows[index.row()].wish, self.field(index), str(value))
        return True

    def data(self, index: Index, role: int = DISPLAY) -> Any:
        """Old → new; red when wrong, grey when unchanged."""
        if not index.isValid():
            return None
        row, cell = self.rows[index.row()], self.cell(index)
        if role == TOOL_TIP:
            return self.words(index) or None
        if cell is None:
            return _of_record(row, role) if index.column() == 0 else None
        return _of_cell(row, cell, role)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = DISPLAY) -> Any:
        """The labels of the fields; the number of the row at the side."""
        if role != DISPLAY:
            return None
        if orientation == Qt.Orientation.Vertical:
            return str(section + 1)
        if section == 0:
            return self._spec.label
        name = self.plan.fields[section - 1]
        return self._spec[name].label if name in self._spec.fields else name


def _state(row: PlannedRow) -> str:
    if row.wrong or any(cell.state == WRONG for cell in row.cells.values()):
        return FAULTY
    return CHANGING if row.values() else SAME


def _of_record(row: PlannedRow, role: int) -> Any:
    if role == DISPLAY:
        return row.title
    if role == FOREGROUND:
        return _RED if row.wrong else (_GREEN if row.uid is None else None)
    return _RED_SOFT if role == _BACKGROUND and row.wrong else None


def _of_cell(row: PlannedRow, cell: Cell, role: int) -> Any:
    if role == DISPLAY:
        return _old_and_new(cell)
    if role == _EDIT:
        return cell.new
    wrong = cell.state == WRONG
    if role == _BACKGROUND:
        return _RED_SOFT if wrong else None
    if role != FOREGROUND:
        return None
    if wrong:
        return _RED
    if cell.state == SAME or row.wrong:
        return _GREY
    return _AMBER if cell.words else None


def _old_and_new(cell: Cell) -> str:
    """`教师 → 班主任`; what is wrong stands as it was typed, behind a cross."""
    new = " ".join(cell.new.split())
    if cell.state == SAME:
        return new
    if cell.state == WRONG:
        return f"✗ {new or '（清空）'}"
    if cell.state == CHANGED and not cell.old:
        return new
    return f"{' '.join(cell.old.split())} → {new or '（清空）'}"
