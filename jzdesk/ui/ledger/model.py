"""The table model: a list of uids, and rows fetched by the page only when they come into view."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QBrush, QColor

from jzdesk.core.fields import EntitySpec
from jzdesk.ui import theme

Index = QModelIndex | QPersistentModelIndex

# Looking an enum up costs microseconds in PySide6, and data() is called thousands of times a second.
DISPLAY = int(Qt.ItemDataRole.DisplayRole)
ALIGNMENT = int(Qt.ItemDataRole.TextAlignmentRole)
FOREGROUND = int(Qt.ItemDataRole.ForegroundRole)
TOOL_TIP = int(Qt.ItemDataRole.ToolTipRole)
UID = int(Qt.ItemDataRole.UserRole)
# What a delegate asks of every cell and gets no answer to: edit, decoration, font, background, check state, size hint.
_UNANSWERED = frozenset(
    int(role)
    for role in (
        Qt.ItemDataRole.EditRole,
        Qt.ItemDataRole.DecorationRole,
        Qt.ItemDataRole.FontRole,
        Qt.ItemDataRole.BackgroundRole,
        Qt.ItemDataRole.CheckStateRole,
        Qt.ItemDataRole.SizeHintRole,
    )
)
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_TONES = {
    name: QBrush(QColor(colour))
    for name, colour in (("wrong", theme.WRONG), ("look", theme.LOOK), ("good", theme.GOOD), ("muted", theme.MUTED))
}
_NO_PARENT = QModelIndex()

PAGE = 50
ROWS_KEPT = 4000


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `width` in half-width characters; `text` takes a row, `tone` gives wrong, look, good, muted or ""."""

    name: str
    label: str
    width: int = 12
    numeric: bool = False
    text: Callable[[Any], str] | None = None
    tone: Callable[[Any], str] | None = None
    order: str = ""

    def cell(self, row: Any) -> str:
        """The text of the row in this column: by `text`, else the attribute of that name."""
        return self.text(row) if self.text is not None else str(getattr(row, self.name))


TRAVEL_TONES = {"未导出": "look", "已导出": "muted", "县已收": "", "已并入": "good", "有疑问": "wrong"}
"""State of a record on its way to the county → tone."""


def columns_of(spec: EntitySpec) -> list[Column]:
    """The columns of an entity's ledger; rows are `services.ledger.Row`. Without `table` widths: its title fields."""
    fields = spec.columns() or [spec[name] for name in spec.title] or list(spec)[:4]
    return [Column(f.name, f.label, f.table or 16, f.kind.numeric, _shown(f.name), order=f.name) for f in fields]


def travel_column() -> Column:
    """How far each record has travelled to the county."""
    return Column("travel", "上报情况", 8, tone=lambda row: TRAVEL_TONES.get(row.travel, "muted"))


def school_column() -> Column:
    """Whose record each is, in a county's ledgers."""
    return Column("school", "学校", 18)


def _shown(name: str) -> Callable[[Any], str]:
    def cell(row: Any) -> str:
        return str(row.shown.get(name, ""))

    return cell


@dataclass
class Pages:
    """Rows by the page: `fetch(uids)` answers in the order asked; the rows used last are kept.

    A view that is about to paint says with `want` which rows it needs: they are then fetched in one go.
    """

    fetch: Callable[[Sequence[str]], Sequence[Any]]
    cells: Callable[[Any], list[str]]
    uids: Sequence[str] = ()
    _rows: dict[int, Any] = field(default_factory=dict)
    _texts: dict[int, list[str]] = field(default_factory=dict)

    def row(self, number: int) -> Any | None:
        """The row, or None when its record has gone meanwhile."""
        if number not in self._rows:
            first = number // PAGE * PAGE
            self._bring(range(first, min(first + PAGE, len(self.uids))))
        return self._rows[number]

    def texts(self, number: int) -> list[str]:
        """The texts of all cells of the row, made when first needed; empty when its record has gone."""
        found = self._texts.get(number)
        if found is None:
            row = self.row(number)
            found = self._texts[number] = self.cells(row) if row is not None else []
        return found

    def want(self, first: int, last: int) -> None:
        """Have these rows (both ends included) at hand."""
        missing = [number for number in range(max(first, 0), min(last + 1, len(self.uids))) if number not in self._rows]
        if missing:
            self._bring(missing)

    def forget(self) -> None:
        """Fetch again when next needed."""
        self._rows.clear()
        self._texts.clear()

    def _bring(self, numbers: Sequence[int]) -> None:
        found = {row.uid: row for row in self.fetch([self.uids[number] for number in numbers])}
        if len(self._rows) > ROWS_KEPT:
            self.forget()
        self._rows.update((number, found.get(self.uids[number])) for number in numbers)


class TableModel(QAbstractTableModel):
    """What a table shows. `put(uids)` replaces the rows; `refresh()` fetches those in view again."""

    def __init__(
        self,
        columns: Sequence[Column],
        fetch: Callable[[Sequence[str]], Sequence[Any]],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.columns = list(columns)
        self._tones = [column.tone for column in self.columns]
        self._sides = [_RIGHT if column.numeric else _LEFT for column in self.columns]
        self._pages = Pages(fetch, self._cells)
        self._places: dict[str, int] = {}

    def put(self, uids: Sequence[str]) -> None:
        """Show these records, in this order."""
        self.beginResetModel()
        self._pages.uids = list(uids)
        self._pages.forget()
        self._places = {}
        self.endResetModel()

    def refresh(self) -> None:
        """Fetch the rows again, keeping order, selection and place."""
        self._pages.forget()
        if self._pages.uids:
            last = self.index(self.rowCount() - 1, self.columnCount() - 1)
            self.dataChanged.emit(self.index(0, 0), last)

    def uid(self, row: int) -> str:
        """The uid of the row."""
        return self._pages.uids[row]

    def uids(self) -> Sequence[str]:
        """All uids, in order."""
        return self._pages.uids

    def place(self, uid: str) -> int:
        """The row of the record; -1 when it is not shown."""
        if not self._places:
            self._places = {each: number for number, each in enumerate(self._pages.uids)}
        return self._places.get(uid, -1)

    def row(self, number: int) -> Any | None:
        """The whole row as the service gave it."""
        return self._pages.row(number)

    def rowCount(self, parent: Index = _NO_PARENT) -> int:
        """How many records."""
        return 0 if parent.isValid() else len(self._pages.uids)

    def columnCount(self, parent: Index = _NO_PARENT) -> int:
        """How many columns."""
        return 0 if parent.isValid() else len(self.columns)

    def want(self, first: int, last: int) -> None:
        """These rows (both ends included) are about to be shown."""
        self._pages.want(first, last)

    def data(self, index: Index, role: int = DISPLAY) -> Any:
        """Text, alignment, tone, whole text as tip, uid. Called thousands of times a second: few steps, no enums."""
        if role in _UNANSWERED or not index.isValid():
            return None
        if role in (DISPLAY, TOOL_TIP):
            texts = self._pages.texts(index.row())
            return texts[index.column()] if texts else None
        if role == ALIGNMENT:
            return self._sides[index.column()]
        if role == FOREGROUND:
            return self._tone(index)
        return self._pages.uids[index.row()] if role == UID else None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = DISPLAY) -> Any:
        """Labels above, row numbers at the side."""
        if orientation == Qt.Orientation.Vertical:
            return str(section + 1) if role == DISPLAY else None
        if not 0 <= section < len(self.columns):
            return None
        if role == DISPLAY:
            return self.columns[section].label
        if role == ALIGNMENT:
            return _RIGHT if self.columns[section].numeric else _LEFT
        return None

    def _cells(self, row: Any) -> list[str]:
        return [column.cell(row) for column in self.columns]

    def _tone(self, index: Index) -> QBrush | None:
        tone = self._tones[index.column()]
        row = self._pages.row(index.row()) if tone is not None else None
        return _TONES.get(tone(row)) if tone is not None and row is not None else None
