"""导入记录: every import and what it brought; a whole one is taken back, or what is in the way is shown."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from jzdesk.ui import theme, widgets
from jzdesk.ui.desk import Desk
from jzdesk.ui.ledger.model import Column
from jzdesk.ui.pages.listing import Listing, ListingOrEmpty

if TYPE_CHECKING:
    from jzdesk.services.importing.history import ImportLine
    from jzdesk.services.undoing import InTheWay

_STATES = {"stands": ("有效", "good"), "undone": ("已撤销", "muted"), "nothing": ("没有改动", "muted")}


_SHOWN = 200  # so many records in the way are named at most


def _name(line: ImportLine) -> str:
    return f"第 {line.run} 次　{line.label}　{line.file}"


def _state(line: ImportLine) -> str:
    return _STATES[line.state][0]


class HistoryView(QWidget):
    """The list of imports; beneath it the words about the chosen one, and what keeps it from being undone."""

    def __init__(self, desk: Desk, changed: Callable[[], object]) -> None:
        super().__init__()
        self.desk, self._changed = desk, changed
        self.table = Listing(
            (
                Column("run", "编号", 5, numeric=True),
                Column("when", "时间", 16),
                Column("label", "种类", 20),
                Column("file", "文件", 28),
                Column("state", "状态", 8, text=_state, tone=lambda line: _STATES[line.state][1]),
                Column("read", "读取", 5, numeric=True),
                Column("added", "新增", 5, numeric=True),
                Column("changed", "更新", 5, numeric=True),
                Column("unchanged", "未变", 5, numeric=True),
                Column("waiting", "还待改", 6, numeric=True, tone=lambda line: "wrong" if line.waiting else "muted"),
            ),
            key=lambda line: str(line.run),
        )
        hint = "导入过的表都列在这里，随时可以整次撤销。"
        self.middle = ListingOrEmpty(self.table, widgets.Empty("import", "还没有导入过", hint))
        self.words = widgets.label(wrap=True)
        self.take_back = widgets.button("撤销这次导入…", self.undo, icon="undo", role="danger")
        self.why = widgets.label(tone="wrong", wrap=True)
        self.blockers = Listing(
            (Column("title", "资料", 36), Column("why", "为什么", 30)), key=lambda one: f"{one.entity}:{one.uid}"
        )
        self.blockers.setFixedHeight(theme.em(9))
        foot = widgets.row(self.words, self.take_back)
        foot.setStretch(0, 1)
        self._foot = widgets.holder(foot)
        inside = widgets.column(self.middle, self._foot, self.why, self.blockers)
        inside.setStretch(0, 1)
        inside.setContentsMargins(0, theme.em(0.6), 0, 0)
        self.setLayout(inside)
        self.table.chosen.connect(lambda _: self._say())
        self.blockers.opened.connect(self._open)
        self._foot.hide()
        self._clear()

    def show_lines(self, lines: list[ImportLine]) -> None:
        """Show these."""
        self.middle.put_rows(lines)
        if lines and self.table.uid() is None:
            self.table.selectRow(0)
        self._say()

    def choose_newest(self) -> None:
        """Put the cursor on the last import."""
        if self.table.records().rowCount():
            self.table.selectRow(0)

    def undo(self) -> None:
        """Take the chosen import back, after asking; or show what is in the way."""
        line: ImportLine | None = self.table.row_here()
        if line is None:
            return
        job = partial(self.desk.services.imports.in_the_way, line.run)
        self.desk.write(lambda _: job(), partial(self._looked, line), title="正在查看", owner=self)

    def _looked(self, line: ImportLine, found: list[InTheWay]) -> None:
        if found:
            least = "至少 " if len(found) >= _SHOWN else ""
            self.why.setText(
                f"{least}{len(found):,} 处资料以这次导入为基础，请先改回或撤销下面这些（回车打开），再撤销。"
            )
            self.why.show()
            self.words.setText(_name(line))
            self.blockers.put_rows(found)
            self.blockers.show()
            self.blockers.selectRow(0)
            self.blockers.setFocus()
            return
        then = (
            f"{line.file}：新增的 {line.added:,} 行作废，更新的 {line.changed:,} 行恢复原来的内容，"
            f"停放的行不再等待。撤销本身也可以再撤销。"
        )
        if widgets.confirm(self, f"撤销第 {line.run} 次导入？", then, "撤销", danger=True):
            job = partial(self.desk.services.imports.undo, line.run)
            self.desk.write(lambda _: job(), lambda _: self._undone(line), title="正在撤销", owner=self)

    def _undone(self, line: ImportLine) -> None:
        self.desk.say(f"已撤销导入 {line.file}")
        self._changed()

    def _open(self, key: str) -> None:
        """The record that is in the way."""
        entity, _, uid = key.partition(":")
        self.desk.go("student", uid) if entity == "student" else self.desk.go("ledger", key)

    def _clear(self) -> None:
        self.why.hide()
        self.blockers.hide()

    def _say(self) -> None:
        line: ImportLine | None = self.table.row_here()
        self._foot.setVisible(line is not None)
        self._clear()
        if line is not None:
            more = f"……共 {len(line.notes):,} 条说明" if len(line.notes) > 1 else ""
            notes = f"{line.notes[0][:80]}{more}" if line.notes else "没有需要说明的事项。"
            self.words.setText(f"{_name(line)}\n{notes}")
            self.take_back.setEnabled(line.state == "stands" or line.waiting > 0)
