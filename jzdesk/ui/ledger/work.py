"""Working in a table as in a workbook: paste, fill down, change, copy and void many rows, all from the specs.

A page switches it on with one line: `self.work_in_table("student")`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence
from PySide6.QtWidgets import QMenu

from jzdesk.core.blocks import parse_block
from jzdesk.core.errors import UserError
from jzdesk.ui import widgets
from jzdesk.ui.dialogs.reason import ask_reason
from jzdesk.ui.ledger.table import Table

if TYPE_CHECKING:
    from jzdesk.services.ledger import Row
    from jzdesk.services.plans import Wish
    from jzdesk.ui.page import ListPage

MOST_COPIED = 20_000
_PASTED_AT_ONCE = 5_000


class TableWork(QObject):
    """The verbs on the chosen rows of a page's table; `adds`: rows pasted beyond the end become new records.

    `bring_in` set by a page takes rows without a record, as a sheet with headings, to where new ones are looked over.
    """

    def __init__(self, page: ListPage, entity: str, *, adds: bool) -> None:
        super().__init__(page)
        self.page, self.desk, self.entity, self.adds = page, page.desk, entity, adds
        self.bring_in: Callable[[Sequence[Sequence[str]]], None] | None = None
        self.spec = page.desk.services.ledger.specs[entity]
        self.writable = page.desk.services.ledger.may_write(entity)
        self.table: Table = page.table
        self.table.by_cell = self.writable
        self.actions = [
            self._action("修改这一栏…", "F2", self.change),
            self._action("粘贴…", "Ctrl+V", self.paste),
            self._action("向下填充…", "Ctrl+D", self.fill_down),
            self._action("复制", "Ctrl+C", self.copy),
            self._action("复制（号码不遮盖）…", "Ctrl+Shift+C", self.copy_openly),
            self._action("作废选中的…", "Ctrl+Delete", self.void),
        ]
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.table.customContextMenuRequested.connect(self._menu)

    def paste(self) -> None:
        """Ctrl+V: the block on the clipboard, anchored at the cursor; shown before anything is written."""
        if block := self._clipboard():
            self._paste(block)

    def paste_new(self) -> None:
        """Ctrl+Shift+V: every row of the clipboard is a new record, wherever the cursor stands."""
        from jzdesk.services.pasting import Place, beyond

        if self.bring_in is not None and (block := self._clipboard()):
            self.bring_in(beyond(self.spec, block, Place(self._columns(), 0, ())))

    def offer_new(self, bring_in: Callable[[Sequence[Sequence[str]]], None], text: str) -> None:
        """Rows that have no record go to `bring_in`; `text` names the verb for those that are all new."""
        self.bring_in = bring_in
        self.actions.insert(2, self._action(text, "Ctrl+Shift+V", self.paste_new))

    def _clipboard(self) -> Sequence[Sequence[str]]:
        """The block to paste; empty, and said why, when there is none or it may not be pasted."""
        if not self._may():
            return ()
        block = parse_block(QGuiApplication.clipboard().text())
        if not block:
            self.desk.say("剪贴板里没有可以粘贴的文字")
        elif len(block) > _PASTED_AT_ONCE:
            self._refuse(f"一次最多粘贴 {_PASTED_AT_ONCE:,} 行", "请分几次粘贴，或用“导入导出”整份导入。")
            return ()
        return block

    def _paste(self, block: Sequence[Sequence[str]]) -> None:
        from jzdesk.services.pasting import Place, beyond, pasted

        chosen = self.table.chosen_places()
        one_for_all = len(block) == 1 and len(chosen) > 1
        places = chosen if one_for_all else range(self._anchor(chosen), self.table.records().rowCount())
        uids = [self.table.records().uid(place) for place in places[: len(block) if not one_for_all else None]]
        place = Place(self._columns(), self.table.column(), uids, len(uids) if one_for_all else 1, self.adds)
        sheet = beyond(self.spec, block, place) if self.bring_in is not None and not one_for_all else []
        if sheet and not uids:
            self._bring(sheet)
            return
        found = pasted(self.spec, block[: len(block) - len(sheet[1:])], place)
        notes = (f"表格末尾以下的 {len(sheet) - 1} 行是新的：写入以后接着核对、预演、登记。",) if sheet else ()
        self._show(
            found.wishes, f"粘贴到{self.spec.label}", "粘贴", (*found.notes, *notes), partial(self._bring, sheet)
        )

    def _bring(self, sheet: Sequence[Sequence[str]]) -> None:
        if sheet and self.bring_in is not None:
            self.bring_in(sheet)

    def _columns(self) -> list[tuple[str, str]]:
        return [(column.name, column.label) for column in self.table.records().columns]

    def fill_down(self) -> None:
        """Ctrl+D: the value of the first chosen row (with one row chosen: of the row above) for all chosen rows."""
        from jzdesk.services.plans import Wish

        field = self._field_here()
        if not self._may() or field is None:
            return
        chosen = self.table.chosen_places()
        if len(chosen) == 1 and chosen[0] > 0:
            chosen = [chosen[0] - 1, *chosen]
        if len(chosen) < 2:
            self.desk.say("请先选中要填充的几行：第一行的值填到其余各行")
            return
        source, *rest = [self.table.records().uid(place) for place in chosen]

        def fill(rows: Sequence[Row]) -> None:
            value = rows[0].values[field] if rows else None
            self._show([Wish(uid, {field: value}) for uid in rest], "向下填充", "填充")

        job = partial(self.desk.services.ledger.rows, self.entity, [source])
        self.desk.tasks.read(f"fill:{id(self)}", job, fill, owner=self)

    def change(self) -> None:
        """F2: one field of all chosen rows, the one with the cursor to begin with."""
        from jzdesk.ui.dialogs.bulk import ChangeDialog

        uids = self.table.chosen_uids()
        if not self._may() or not uids:
            return
        name = self.table.records().columns[self.table.column()].name
        ChangeDialog(self.page, self.desk, self.entity, uids, name).open()

    def copy(self) -> None:
        """Ctrl+C: the chosen rows as they are shown, sensitive numbers masked."""
        if self._few_enough():
            self.table.copy()
            self.desk.say(f"已复制 {len(self.table.chosen_places())} 行，号码已遮盖")

    def copy_openly(self) -> None:
        """Ctrl+Shift+C: the chosen rows with sensitive numbers in full, after a question."""
        uids = self.table.chosen_uids()
        what = f"复制 {len(uids)} 行，连同完整的证件号、账号、电话？"
        then = "粘到别处以后不再受密码保护。只在确实需要时这样做，用完请删除。"
        if uids and self._few_enough() and widgets.confirm(self.page, what, then, "复制完整号码"):
            job = partial(self.desk.services.ledger.rows, self.entity, uids)
            self.desk.tasks.read(f"copy:{id(self)}", job, self._copied, owner=self)

    def void(self) -> None:
        """Ctrl+Delete: 作废 all chosen rows with one reason."""
        uids = self.table.chosen_uids()
        if not self._may() or not uids:
            return
        explain = "作废后不再出现在台账里，历史仍然保留，可以恢复，也可以撤销。"
        reason = ask_reason(self.page, f"作废选中的 {len(uids)} 条{self.spec.label}", explain, "作废")
        if reason is not None:
            bulk = self.desk.services.bulk
            self.desk.write(
                lambda _: bulk.void(self.entity, uids, reason),
                lambda _: self.desk.say(f"已作废 {len(uids)} 条（Ctrl+Z 撤销）"),
                title="正在作废",
                owner=self,
            )

    def _show(
        self,
        wishes: Sequence[Wish],
        title: str,
        verb: str,
        notes: Sequence[str] = (),
        then: Callable[[], None] | None = None,
    ) -> None:
        from jzdesk.ui.dialogs.bulk import PlanDialog

        if not wishes:
            self._refuse("剪贴板里的内容没有一格能放进这个表格", "".join(notes) or "请先点中要粘贴的第一格。")
            return
        if not self.page.may_leave():  # what is being typed in the form could not be saved over the new values
            return
        dialog = PlanDialog(self.page, self.desk, self.entity, wishes, title=title, verb=verb, notes=notes)
        if then is not None:
            dialog.written.connect(lambda _: then())
        dialog.open()

    def _copied(self, rows: Sequence[Row]) -> None:
        lines = [self.table.texts(self.table.records().place(row.uid)) for row in rows]
        for row, line in zip(rows, lines, strict=True):
            for number, column in enumerate(self.table.records().columns):
                field = self.spec.fields.get(column.name)
                if field is not None and field.sensitive:
                    line[number] = field.show(row.values[column.name])
        self.table.put_on_clipboard(lines)
        self.desk.say(f"已复制 {len(rows)} 行，号码完整")

    def _anchor(self, chosen: Sequence[int]) -> int:
        """The first chosen row; in a table without a cursor everything is new."""
        return chosen[0] if chosen else self.table.records().rowCount()

    def _field_here(self) -> str | None:
        """The field of the column with the cursor; says so when it cannot be changed here."""
        column = self.table.records().columns[self.table.column()]
        if column.name in self.spec.fields and not self.spec[column.name].readonly:
            return column.name
        self.desk.say(f"“{column.label}”不能在这个表格里改")
        return None

    def _may(self) -> bool:
        """Whether people may change these records; says where they can, when not."""
        try:
            self.desk.services.ledger.must_write(self.entity)
        except UserError as error:
            self.desk.present(error)
            return False
        return True

    def _few_enough(self) -> bool:
        count = len(self.table.chosen_places())
        if count > MOST_COPIED:
            self._refuse(f"选中的 {count:,} 行太多，没有复制", "请用“导入导出”导出成工作簿。")
        return 0 < count <= MOST_COPIED

    def _refuse(self, what: str, remedy: str) -> None:
        self.desk.present(UserError(what, remedy, self.spec.label))

    def _action(self, text: str, keys: str, do: Callable[[], None]) -> QAction:
        made = QAction(text, self.table)
        made.setShortcut(QKeySequence(keys))
        made.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        made.triggered.connect(lambda: do())
        self.table.addAction(made)
        return made

    def _menu(self, at: QPoint) -> None:
        menu = QMenu(self.table)
        menu.addActions(self.actions)
        menu.popup(self.table.viewport().mapToGlobal(at))
