"""The base of all pages, and the usual page: search box, filters, table, and a form beside it or in a drawer.

A page is written like this::

    class StaffPage(ListPage):
        title, icon, entities = "教职工", "staff", frozenset({"staff"})

        def __init__(self, desk: Desk) -> None:
            super().__init__(desk, COLUMNS, desk.services.staff.rows, hint="姓名 / 拼音首字母 (F3)")
            self.stage = self.add_filter("学段", [(None, "全部学段"), ("2", "小学")])
            self.add_action("导入 Excel", self.bring_in, icon="import")
            self.add_action("新增 (Ctrl+N)", self.new, icon="plus", primary=True)

        def ids(self) -> Callable[[], Sequence[str]]:
            query = StaffQuery(text=self.search.text(), stage=self.stage.value())
            return lambda: self.desk.services.staff.ids(query)      # runs on the reading thread

        def show_record(self, uid: str) -> None:                    # the cursor is on this row
            self.open_side(StaffForm(self.desk, uid))
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QSplitter,
    QStackedWidget,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from jzdesk.core.fields import Value
from jzdesk.ui import theme, widgets
from jzdesk.ui.desk import Changes, Desk
from jzdesk.ui.flow import Flow
from jzdesk.ui.inputs import Pick, SearchEdit
from jzdesk.ui.ledger.model import Column, TableModel
from jzdesk.ui.ledger.table import Table
from jzdesk.ui.side import Side

WIDE = 66
FIRST = 200  # rows that a long list begins with
"""A page at least so many ems wide has room for a form beside the table (a window of about 1100 px)."""
_IDLE = (QPushButton, QTabBar, QScrollArea)  # where the keyboard does nothing by itself


class Page(QWidget):
    """One page of the window. Set `title`, `icon`, and in `entities` what must change for it to look again.

    `hinted` says that `hints`, the keys shown at the foot of the window, are others now.
    """

    hinted = Signal()

    title = ""
    icon = "ledger"
    entities: frozenset[str] = frozenset()
    hints = "F3 查找　F5 刷新"

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self._stale = self._met = False
        self._resting: QWidget | None = None  # where the keyboard waits for a table to be filled
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(theme.em(1.4), theme.em(1.1), theme.em(1.4), theme.em(1.1))
        self.body.setSpacing(theme.gap())
        desk.changed.connect(self._heard)

    def arrive(self, hint: str = "") -> None:
        """The page has come to the front; `hint` as given to `desk.go`. By default looks again when stale."""
        if self._stale:
            self._stale = False
            self.refresh()

    def take_cursor(self) -> None:
        """Have the keyboard within the page, in its table where there is one: arrows and Enter work at once.

        It stays where the person left it, and in a search box. A table that has yet to be filled takes it then.
        """
        here = self._cursor()
        if here is not None and (self._met or isinstance(here, QLineEdit)):
            return
        self._met = True
        table = next((one for one in self.findChildren(Table) if one.isVisible()), None)
        if table is not None or here is None:
            (table or self).setFocus(Qt.FocusReason.OtherFocusReason)
        self._resting = None if table is not None else QApplication.focusWidget()

    def table_came(self, table: Table) -> None:
        """A table was empty and is not any more: it takes the keyboard, unless that is put to some use elsewhere."""
        here = self._cursor()
        if here is not None and (here is self._resting or isinstance(here, _IDLE)):
            table.setFocus(Qt.FocusReason.OtherFocusReason)

    def _cursor(self) -> QWidget | None:
        """The widget of the page that has the keyboard."""
        here = QApplication.focusWidget()
        return here if here is not None and (here is self or self.isAncestorOf(here)) else None

    def refresh(self) -> None:
        """Look again (F5, and when records of `entities` changed)."""

    def seek(self) -> None:
        """F3: put the cursor into the search box."""

    def new(self) -> None:
        """Ctrl+N: begin a new record."""

    def save(self) -> None:
        """Ctrl+S: save what is being typed."""

    def may_leave(self) -> bool:
        """Whether the person may go elsewhere; asks when there are changes."""
        return True

    def heading(self, *parts: QWidget) -> Flow:
        """Add the row with the title (and `parts` beside it); returns the place for buttons at the right."""
        buttons = Flow(right=True)
        title = widgets.label(self.title, size=1.35, bold=True)
        row = widgets.row(title, *parts, widgets.holder(buttons))
        yielding = next((part for part in parts if isinstance(part, widgets.Elided)), None)
        row.setStretch(row.indexOf(yielding) if yielding else row.count() - 1, 1)  # it takes what the buttons leave
        self.body.addLayout(row)
        return buttons

    def _heard(self, changes: Changes) -> None:
        """Records changed: look again now, or when the page comes to the front."""
        if not self.entities & changes.entities:
            return
        if self.isVisible():
            self.refresh()
        else:
            self._stale = True


class ListPage(Page):
    """Search box, filters, table, side panel. Subclasses give `ids` and usually `show_record`.

    `columns` and `fetch` as for `TableModel`; rows must have a `uid`. `several`: more rows than one can be chosen
    (`self.table.chosen_uids()`). `side_stays`: in a wide window the panel stands open from the beginning.
    """

    hints = "F3 查找　回车 打开　Ctrl+N 新增　Ctrl+S 保存　Ctrl+V 粘贴　Ctrl+Z 撤销"
    unit = "条"

    def __init__(
        self,
        desk: Desk,
        columns: Sequence[Column],
        fetch: Callable[[Sequence[str]], Sequence[Any]],
        *,
        hint: str = "查找 (F3)",
        several: bool = False,
        side_stays: bool = True,
    ) -> None:
        super().__init__(desk)
        self._side_stays = side_stays
        self._side_open = False
        self._primary: QPushButton | None = None
        self.to_find: str | None = None  # the cursor goes to this record once the table holds it
        self.order: tuple[str, bool] = ("", False)
        self.search = SearchEdit(hint)
        self.count = widgets.label(tone="muted")
        self.buttons = self.heading(self.count)
        self.filters = Flow()
        self.body.addLayout(self._search_row())
        self.table = Table(TableModel(columns, fetch, self), several=several)
        self._build_middle()
        self._wire()

    def ids(self) -> Callable[[], Sequence[str]]:
        """Read the search box and filters now; return the job that finds the uids (reading thread)."""
        raise NotImplementedError

    def first(self) -> Callable[[], Sequence[str]] | None:
        """A quick job that finds the first FIRST of them, for lists that may be very long; by default there is none."""
        return None

    def show_record(self, uid: str) -> None:
        """Show the record of the row with the cursor; usually `self.open_side(...)`."""

    def add_filter(self, tip: str, items: Sequence[tuple[Value, str]]) -> Pick:
        """Add a filter; the first item means "all". Its `value()` is read in `ids`."""
        made = Pick(items, tip)
        made.setMaximumWidth(theme.em(11))
        made.picked.connect(self.refresh)
        self.filters.addWidget(made)
        return made

    def add_action(
        self, text: str, do: Callable[[], object], *, icon: str = "", primary: bool = False, tip: str = ""
    ) -> QPushButton:
        """Add a button to the upper right; `primary` for the one that people come for."""
        made = widgets.button(text, do, icon=icon, role="primary" if primary else "", tip=tip)
        self.buttons.addWidget(made)
        if primary:
            self._primary = made
        elif self._primary is not None:  # the main deed stays at the right end
            self.buttons.removeWidget(self._primary)
            self.buttons.addWidget(self._primary)
        return made

    def work_in_table(self, entity: str, *, adds: bool = True) -> None:
        """Let people paste, fill down, change, copy and void rows of the table, whose columns of the same name are
        fields of `entity`. `adds`: rows pasted beyond the end become new records. Give `several=True` to `__init__`."""
        from jzdesk.ui.ledger.work import TableWork

        self.work = TableWork(self, entity, adds=adds)

    def arrive(self, hint: str = "") -> None:
        """First time: fill the table."""
        if not self._filled or self._stale:
            self._stale = False
            self.refresh()
        if hint == "new":
            self.new()

    def refresh(self) -> None:
        """Find the records again; cursor and panel stay."""
        self._filled = True
        quick = self.first() if not self.table.records().rowCount() else None
        if quick is not None:
            self.desk.tasks.read(f"first:{id(self)}", quick, self._begun, owner=self)
        self.desk.tasks.read(f"ids:{id(self)}", self.ids(), self._found, owner=self)

    def seek(self) -> None:
        """F3."""
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def wide(self) -> bool:
        """Whether there is room for the panel beside the table."""
        return self.width() >= theme.em(WIDE)

    def open_side(self, widget: QWidget) -> None:
        """Show `widget` in the panel (beside the table, or as a drawer in a narrow window)."""
        self.side.hold(widget)
        self.reopen_side()

    def reopen_side(self) -> None:
        """Show the panel with what it holds."""
        self._side_open = True
        self._arrange()
        self.side.opened()

    def close_side(self) -> None:
        """Put the drawer away, if `may_leave` agrees; in a wide window a panel that stays is left alone."""
        if not self.may_leave():
            return
        self._side_open = False
        self._arrange()
        self.table.setFocus()

    def empty(self) -> QWidget:
        """What stands in place of the table when nothing was found."""
        what = "没有找到符合条件的记录" if self.search.text().strip() else f"这里还没有{self.title}"
        return widgets.Empty("search" if self.search.text().strip() else self.icon, what)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Panel or drawer."""
        super().resizeEvent(event)
        self._arrange()

    def _search_row(self) -> QHBoxLayout:
        self.search.setMinimumWidth(theme.em(15))
        search = widgets.column(self.search, None)
        row = widgets.row(search, widgets.holder(self.filters))
        row.setStretch(0, 1)
        return row

    def _build_middle(self) -> None:
        self._filled = self._partly = False
        self.middle = QStackedWidget()
        self.middle.addWidget(self.table)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setHandleWidth(theme.gap())
        self.splitter.addWidget(self.middle)
        self.side = Side(self)
        self.side.left.connect(self.close_side)
        self.side.hide()
        self.body.addWidget(self.splitter, 1)

    def _wire(self) -> None:
        self.search.searched.connect(lambda _: self.refresh())
        self.search.down.connect(self._into_table)
        self.table.chosen.connect(self._on_row)
        self.table.opened.connect(self.open_record)
        self.table.sorted_by.connect(self._sort)
        self.table.typed.connect(self._search_typed)
        self.table.selected.connect(self._show_count)

    def open_record(self, uid: str) -> None:
        """Enter or double click: show the record even in a narrow window."""
        self._side_open = True
        self.show_record(uid)

    def _into_table(self) -> None:
        self.table.setFocus()
        if self.table.uid() is None and self.table.records().rowCount():
            self.table.selectRow(0)

    def _on_row(self, uid: str) -> None:
        if len(self.table.chosen_places()) > 1:
            return  # choosing several is not looking at one
        if self.wide() and (self._side_stays or self._side_open):
            self.show_record(uid)

    def _sort(self, name: str, descending: bool) -> None:
        self.order = (name, descending)
        self.refresh()

    def _search_typed(self, text: str) -> None:
        """A character typed over the table begins a search."""
        self.search.setFocus(Qt.FocusReason.OtherFocusReason)
        self.search.setText(text)

    def _show_count(self, chosen: int = 0) -> None:
        more = f"，选中 {chosen:,} {self.unit}" if chosen > 1 else ""
        self.count.setText(f"共 {self.table.records().rowCount():,} {self.unit}{more}")

    def _begun(self, uids: Sequence[str]) -> None:
        """The first rows are there, and can be worked with while the others are counted."""
        if len(uids) == FIRST:
            self.table.put(uids)
            self._partly = True
            self.count.setText(f"前 {FIRST} {self.unit}，其余正在清点")

    def _found(self, uids: Sequence[str]) -> None:
        seen = self.table.verticalScrollBar().value()
        self.table.put(uids)
        if self.table.uid() is None and self._partly:  # whoever has scrolled through the beginning stays there
            self.table.verticalScrollBar().setValue(seen)
        self._partly = False
        self._show_count(len(self.table.chosen_places()))
        if self.table.go_to(self.to_find):
            self.to_find = None
        self._show_empty(nothing=not uids)

    def _show_empty(self, *, nothing: bool) -> None:
        if self.middle.count() > 1 and (old := self.middle.widget(1)) is not None:
            self.middle.removeWidget(old)
            old.deleteLater()
        if nothing:
            card = widgets.Card()
            card.body.addWidget(self.empty())
            self.middle.addWidget(card)
        self.middle.setCurrentIndex(1 if nothing else 0)

    def _arrange(self) -> None:
        """Put the panel beside the table or over the page, according to the width."""
        wide = self.wide()
        if wide and self.splitter.indexOf(self.side) < 0:
            self.side.as_panel()
            self.splitter.addWidget(self.side)
            self.splitter.setStretchFactor(0, 1)
            self.splitter.setSizes([self.width(), theme.em(31)])
        elif not wide and not self.side.drawer:
            self.side.as_drawer()
        stays = wide and self._side_stays
        self.side.opened() if self._side_open or stays else self.side.shut()
