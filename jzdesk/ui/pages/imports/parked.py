"""待处理的行: rows that could not be imported, each with what is wrong; corrected in place and tried again alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QStackedWidget

from jzdesk.core.errors import UserError
from jzdesk.ui import widgets
from jzdesk.ui.desk import Desk
from jzdesk.ui.dialogs.reason import ask_reason
from jzdesk.ui.flow import Flow
from jzdesk.ui.ledger.model import Column
from jzdesk.ui.pages.files import open_file, save_copy
from jzdesk.ui.pages.imports.parked_form import ParkedForm
from jzdesk.ui.pages.imports.report import PLACE
from jzdesk.ui.pages.imports.words import XLSX
from jzdesk.ui.pages.listing import Listing, ListingOrEmpty

if TYPE_CHECKING:
    from jzdesk.services.importing.report import ParkedLine
    from jzdesk.services.importing.retrying import ParkedRow, Retried

LIST, FORM = 0, 1


class ParkedView(QStackedWidget):
    """The rows that could not be imported, each with what is wrong and what to do about it."""

    def __init__(self, desk: Desk, changed: Callable[[], object]) -> None:
        super().__init__()
        self.desk, self._changed = desk, changed
        self.table = Listing((Column("file", "文件", 21), *PLACE))
        hint = "导入时有错的行会停在这里，写明哪一格不对、怎么改；就地改好，或改好表格再导入，它们会自己消失。"
        self.middle = ListingOrEmpty(self.table, widgets.Empty("ok", "没有等待处理的行", hint))
        self.words = widgets.label(wrap=True)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.foot = Flow(right=True)
        self.foot.addWidget(widgets.button("就地改正 (回车)", self.edit, icon="edit", role="primary"))
        self.foot.addWidget(widgets.button("打开副本", self.open_copy, icon="folder"))
        self.foot.addWidget(widgets.button("另存…", self.save_copy, icon="save"))
        self.foot.addWidget(widgets.button("不再处理…", self.dismiss, icon="void", role="danger"))
        self._detail = widgets.holder(widgets.column(self.words, widgets.holder(self.foot), space=0.4))
        inside = widgets.column(self.middle, self._detail)
        inside.setStretch(0, 1)
        self.form = ParkedForm(self.retry, self.close_form)
        self.addWidget(widgets.holder(inside))
        self.addWidget(self.form)
        self._detail.hide()
        self.table.chosen.connect(lambda _: self._say())
        self.table.opened.connect(lambda _: self.edit())

    def show_lines(self, lines: Sequence[ParkedLine]) -> None:
        """Show these."""
        self.middle.put_rows(lines)
        if lines and self.table.uid() is None:
            self.table.selectRow(0)
        self._say()

    def edit(self) -> None:
        """Open the row with the cursor as a form, the wrong cell in focus."""
        line: ParkedLine | None = self.table.row_here()
        if line is not None:
            job = partial(self.desk.services.imports.parked_row, line.uid)
            self.desk.write(lambda _: job(), self._edit, title="正在打开", owner=self)

    def retry(self) -> None:
        """Import the row of the form alone, as it is corrected."""
        row = self.form.row
        if row is None or not self.form.go.isEnabled():
            return
        self.form.go.setEnabled(False)
        job = partial(self.desk.services.imports.retry, row.uid, self.form.typed())
        always = partial(self.form.go.setEnabled, True)
        self.desk.write(lambda _: job(), self._retried, title="正在导入这一行", owner=self, always=always)

    def close_form(self) -> None:
        """Back to the list; what was typed and not imported is given up only when the person says so."""
        if not self.may_leave():
            return
        self._to_list()

    def may_leave(self) -> bool:
        """Whether the form may be left; asks when something was typed and not imported."""
        if self.currentIndex() != FORM or not self.form.typed():
            return True
        then = "改过的格子还没有导入，离开后要重新填写。"
        return widgets.confirm(self, "放弃这一行的改动？", then, "放弃", no="继续改", danger=True)

    def _to_list(self) -> None:
        self.setCurrentIndex(LIST)
        self.table.setFocus()

    def dismiss(self) -> None:
        """Close the row with a reason, without importing it."""
        line: ParkedLine | None = self.table.row_here()
        if line is None:
            return
        explain = f"{line.file} 第 {line.row} 行不会导入，也不再提醒；理由会留下记录。"
        reason = ask_reason(self, "这一行不再处理", explain, "不再处理")
        if reason is None:
            return
        job = partial(self.desk.services.imports.dismiss, line.uid, reason)
        self.desk.write(lambda _: job(), lambda _: self._dismissed(), title="正在保存", owner=self)

    def open_copy(self) -> None:
        """Open the annotated copy of the workbook that the row comes from."""
        if (path := self._copy()) is not None:
            open_file(self.desk, path)

    def save_copy(self) -> None:
        """Save that copy where the person wants it."""
        if (path := self._copy()) is None:
            return
        if (target := widgets.pick_save(self, "另存问题行副本", path.name, XLSX)) is not None:
            save_copy(self.desk, path, target)

    def _copy(self) -> Path | None:
        from jzdesk.services.importing.parking import copy_name

        line: ParkedLine | None = self.table.row_here()
        if line is None:
            return None
        path = self.desk.services.info.folder / "parked" / copy_name(line.file)
        if not path.exists():
            remedy = "请把原来的表再导入一次，会重新写出标明问题的副本。"
            self.desk.present(UserError("这份表的问题行副本已经不在了", remedy, line.file))
            return None
        return path

    def _edit(self, row: ParkedRow) -> None:
        self.setCurrentIndex(FORM)
        self.form.show_row(row)

    def _retried(self, done: Retried) -> None:
        if done.waiting is not None:
            self.form.show_row(done.waiting, again=True)
            return
        undo = partial(self._undo, done.run) if done.run is not None else None
        self.desk.say(f"这一行已导入：{done.words}"[:80], "撤销" if undo is not None else "", undo)
        self._to_list()
        self._changed()

    def _undo(self, run: int) -> None:
        job = partial(self.desk.services.imports.undo, run)
        self.desk.write(lambda _: job(), self._undone, title="正在撤销", owner=self)

    def _undone(self, _: object) -> None:
        self._changed()

    def _dismissed(self) -> None:
        self.desk.say("已记下理由，不再提醒")
        self._changed()

    def _say(self) -> None:
        line: ParkedLine | None = self.table.row_here()
        self._detail.setVisible(line is not None)
        if line is not None:
            where = f"{line.file}　第 {line.row} 行　{line.column}"
            self.words.setText(f"{where}\n{line.problem.rstrip('。')}。{line.remedy}")
