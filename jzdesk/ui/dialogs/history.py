"""最近操作: what was done here, by whom and when; each undone or done again when nothing has been built on it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget

from jzdesk.ui import theme, undoing, widgets
from jzdesk.ui.desk import Changes, Desk
from jzdesk.ui.dialogs.base import Dialog
from jzdesk.ui.ledger.model import Column
from jzdesk.ui.pages.listing import Listing

if TYPE_CHECKING:
    from jzdesk.services.undoing import Done, InTheWay

_SHOWN = 200
_UNDO = "undo"


def _state(one: Done) -> str:
    return "已撤销" if one.undone else ""


COLUMNS = (
    Column("when", "时间", 17),
    Column("label", "做了什么", 44),
    Column("who", "操作人", 9),
    Column("undone", "", 8, text=_state, tone=lambda _: "muted"),
)
IN_THE_WAY = (Column("title", "记录", 30), Column("why", "为什么挡着", 30))


class HistoryDialog(Dialog):
    """The list of actions; for the one with the cursor, what is in the way of undoing it. Enter there opens it."""

    def __init__(self, parent: QWidget | None, desk: Desk, number: int | None = None) -> None:
        """`number`: the action to begin with."""
        explain = "选中一步，看能不能撤销；后来又用到它的，要先处理那些记录。撤销不会抹掉历史，随时可以重做。"
        super().__init__(parent, "最近操作", explain, width=56)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.desk, self._wanted = desk, number
        self.list = Listing(COLUMNS, key=lambda one: str(one.number))
        self.list.setMinimumHeight(theme.em(17))
        self.said = widgets.label(wrap=True)
        self.blocking = Listing(IN_THE_WAY, key=None)
        self.blocking.setMaximumHeight(theme.em(9))
        self.blocking.opened.connect(lambda _: self.open_record())
        self.body.addWidget(self.list, 1)
        self.body.addWidget(self.said)
        self.body.addWidget(self.blocking)
        self.open_button = self.add_button("打开这条记录", self.open_record)
        self.add_button("关闭", self.reject)
        self.undo_button = self.add_button("撤销这一步", self.undo, role="primary")
        self.undo_button.setToolTip("Ctrl+Z")
        QShortcut(QKeySequence("Ctrl+Z"), self, self.undo)
        self.list.chosen.connect(lambda _: self._look())
        desk.changed.connect(self._heard)
        self._show_blocking([])
        self.undo_button.setEnabled(False)
        self.refresh()

    def refresh(self) -> None:
        """Read the list again."""
        job = partial(self.desk.services.undoing.recent, _SHOWN)
        self.desk.tasks.read(f"actions:{id(self)}", job, self._put, owner=self)

    def here(self) -> Done | None:
        """The action with the cursor."""
        return self.list.row_here()

    def undo(self) -> None:
        """Take the action with the cursor back."""
        one = self.here()
        if one is not None and self.undo_button.isEnabled():
            self.undo_button.setEnabled(False)
            undoing.take_back(self.desk, one.number, self._refused)

    def open_record(self) -> None:
        """Go to the record that is in the way."""
        found: InTheWay | None = self.blocking.row_here()
        if found is not None:
            self.accept()
            self.desk.go(*place_of(found.entity, found.uid))

    def _put(self, actions: Sequence[Done]) -> None:
        kept = self.list.uid()
        self.list.put_rows(actions)
        wanted = str(self._wanted) if self._wanted is not None else kept
        self._wanted = None
        if not self.list.go_to(wanted) and actions:
            self.list.selectRow(0)
        self.list.setFocus()
        self._look()
        if not actions:
            self.said.setText("这里还没有做过可以撤销的事。")

    def _look(self) -> None:
        """Ask what is in the way of the action with the cursor."""
        one = self.here()
        self.undo_button.setEnabled(False)
        self._show_blocking([])
        if one is None:
            return
        self.undo_button.setText("重做" if one.kind == _UNDO else "撤销这一步")
        if one.undone:
            self.said.setText("这一步已经撤销；要恢复，请选中那次“撤销”，按“重做”。")
            return
        self.said.setText("正在查看……")
        job = partial(self.desk.services.undoing.in_the_way, one.number)
        self.desk.tasks.read(f"in_the_way:{id(self)}", job, self._judge, owner=self)

    def _judge(self, found: Sequence[InTheWay]) -> None:
        self._show_blocking(found)
        self.undo_button.setEnabled(not found)
        words = f"有 {len(found)} 处后来的改动以它为基础，要先撤销或改回它们；回车打开记录。"
        self.said.setText(words if found else "后来没有别的改动用到它，可以撤销。")
        theme.mark(self.said, tone="look" if found else "muted")

    def _show_blocking(self, found: Sequence[InTheWay]) -> None:
        self.blocking.put_rows(found)
        if found:
            self.blocking.selectRow(0)
        self.blocking.setVisible(bool(found))
        self.open_button.setVisible(bool(found))

    def _refused(self, _: int, error: Exception) -> bool:
        self._look()
        return False

    def _heard(self, _: Changes) -> None:
        if self.isVisible():
            self.refresh()


def place_of(entity: str, uid: str) -> tuple[str, str]:
    """(place of the window, hint) that shows a record."""
    return ("student", uid) if entity == "student" else ("ledger", f"{entity}:{uid}")
