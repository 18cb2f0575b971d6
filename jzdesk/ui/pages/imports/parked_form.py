"""One parked row as a form: the wrong cells on top with their sentences, the rest of the row beneath."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from jzdesk.ui import theme, widgets
from jzdesk.ui.editors.choice import ChoiceEdit
from jzdesk.ui.inputs import LineEdit

if TYPE_CHECKING:
    from jzdesk.services.importing.retrying import ParkedCell, ParkedRow

_PAIRS = 2  # cells side by side in the rest of the row


class ParkedForm(QWidget):
    """Edits the cells of a row as they stood in the workbook. Enter in the last wrong cell, and Ctrl+S, try again."""

    def __init__(self, retry: Callable[[], object], close: Callable[[], object]) -> None:
        super().__init__()
        self._retry, self._close = retry, close
        self.row: ParkedRow | None = None
        self.editors: dict[int, LineEdit | ChoiceEdit] = {}
        self.title = widgets.Elided()
        self.title.setFont(theme.large(1.1))
        self.words = widgets.label(tone="wrong", wrap=True)
        self.go = widgets.button("再导入这一行 (Ctrl+S)", retry, role="primary")
        back = widgets.button("返回列表 (Esc)", close)
        self._cells = QVBoxLayout()
        body = QWidget()
        body.setLayout(widgets.column(self._cells, None))
        foot = widgets.row(back, None, self.go)
        inside = widgets.column(self.title, self.words, widgets.scrolled(body), widgets.holder(foot))
        inside.setStretch(2, 1)
        inside.setContentsMargins(0, theme.em(0.6), 0, 0)
        self.setLayout(inside)

    def show_row(self, row: ParkedRow, *, again: bool = False) -> None:
        """Show this row; `again` when it was tried and is still wrong."""
        self.row = row
        self.title.put("　".join(filter(None, (row.name, f"{row.file} 第 {row.row} 行", row.label))))
        said = (["仍然没有导入，请看红字。"] if again else []) + list(row.problems)
        self.words.setText("\n".join(said))
        self.words.setVisible(bool(said))
        widgets.clear(self._cells)
        self.editors = {}
        wrong = [cell for cell in row.cells if cell.problem]
        for cell in wrong:
            self._cells.addWidget(self._wrong_cell(cell))
        self._cells.addWidget(widgets.label("这一行的其他内容", tone="muted"))
        self._cells.addWidget(self._others([cell for cell in row.cells if not cell.problem]))
        self._order(wrong)

    def typed(self) -> dict[int, str]:
        """The cells whose text differs from what stands in the row."""
        if self.row is None:
            return {}
        before = {cell.place: cell.text for cell in self.row.cells}
        return {place: text for place, edit in self.editors.items() if (text := str(edit.raw() or "")) != before[place]}

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc goes back to the list."""
        if event.key() == Qt.Key.Key_Escape:
            self._close()
        else:
            super().keyPressEvent(event)

    def _wrong_cell(self, cell: ParkedCell) -> QWidget:
        card = widgets.Card(space=0.3)
        card.body.addWidget(widgets.label(_caption(cell), bold=True))
        edit = self._editor(cell)
        theme.mark(edit, state="wrong")
        card.body.addWidget(edit)
        card.body.addWidget(widgets.label(f"{cell.problem.rstrip('。')}。{cell.remedy}", tone="wrong", wrap=True))
        if cell.original != cell.text:
            card.body.addWidget(widgets.label(f"表里原来是：{cell.original or '（空）'}", tone="muted", wrap=True))
        return card

    def _others(self, cells: list[ParkedCell]) -> QWidget:
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.em(0.8))
        grid.setVerticalSpacing(theme.em(0.4))
        for number, cell in enumerate(cells):
            line, pair = divmod(number, _PAIRS)
            caption = widgets.label(_caption(cell), tone="" if cell.label else "muted", wrap=True)
            caption.setFixedWidth(theme.em(8))
            grid.addWidget(caption, line, pair * 2)
            grid.addWidget(self._editor(cell), line, pair * 2 + 1)
        for pair in range(_PAIRS):
            grid.setColumnStretch(pair * 2 + 1, 1)
        return widgets.holder(grid)

    def _editor(self, cell: ParkedCell) -> LineEdit | ChoiceEdit:
        """As the cell stands: what the workbook wrote is shown and kept even where no list knows it."""
        made: LineEdit | ChoiceEdit
        if cell.choices:
            made = ChoiceEdit([(label, label) for label in cell.choices])
            made.setEditText(cell.text)
            if (line := made.lineEdit()) is not None:
                line.setCursorPosition(0)
        else:
            made = LineEdit()
            made.setText(cell.text)
            made.setCursorPosition(0)
        made.setAccessibleName(cell.heading)
        self.editors[cell.place] = made
        return made

    def _order(self, wrong: list[ParkedCell]) -> None:
        """The cursor goes into the first wrong cell; Enter in the last one tries again."""
        edits = [self.editors[cell.place] for cell in wrong]
        if edits:
            last = edits[-1]
            QWidget.setTabOrder(last, self.go)
            if isinstance(last, LineEdit):
                last.returnPressed.connect(self._retry)
        for each in (edits or list(self.editors.values()))[:1]:
            each.setFocus(Qt.FocusReason.TabFocusReason)


def _caption(cell: ParkedCell) -> str:
    return cell.heading if cell.label else f"{cell.heading}（不读取）"
