"""Schemes of columns: named when a mapping is kept, renamed and deleted in a list of their own."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from jzdesk.ui import theme, widgets
from jzdesk.ui.desk import Desk
from jzdesk.ui.dialogs.base import Dialog
from jzdesk.ui.inputs import LineEdit
from jzdesk.ui.ledger.model import Column
from jzdesk.ui.pages.listing import Listing, ListingOrEmpty

if TYPE_CHECKING:
    from jzdesk.services.importing.schemes import Scheme


class NameDialog(Dialog):
    """Asks for the name of a scheme; `name` holds it once the dialog was accepted."""

    def __init__(self, parent: QWidget | None, name: str) -> None:
        explain = "下次遇到标题相同的表，会自动照这个方案对应各列。"
        super().__init__(parent, "给方案取个名字", explain)
        self.edit = LineEdit()
        self.edit.put(name)
        self.edit.setAccessibleName("方案名称")
        self.body.addWidget(self.edit)
        self.add_button("取消", self.reject)
        self.add_button("保存", self._take, role="primary")
        self.edit.setFocus()
        self.edit.selectAll()

    @property
    def name(self) -> str:
        """What was typed."""
        return str(self.edit.raw() or "")

    def _take(self) -> None:
        if self.name:
            self.accept()
        else:
            self.wrong("方案还没有名字。", "请写一个名字，例如“乡镇花名册”。")


def ask_name(parent: QWidget | None, name: str) -> str | None:
    """The name of a scheme, or None when the person changed their mind."""
    dialog = NameDialog(parent, name)
    return dialog.name if dialog.exec() == NameDialog.DialogCode.Accepted else None


class SchemesDialog(Dialog):
    """All schemes, to be renamed and deleted; what was imported by them is not touched."""

    def __init__(self, parent: QWidget | None, desk: Desk) -> None:
        super().__init__(parent, "列对应方案", "删除方案不影响已经导入的资料。", width=38)
        self.desk = desk
        kinds = dict(desk.services.imports.kinds())
        columns = (
            Column("name", "名称", 24),
            Column("kind", "种类", 22, text=lambda one: kinds.get(one.kind, one.kind)),
            Column("when", "保存时间", 18),
        )
        self.table = Listing(columns, key=lambda one: str(one.id))
        hint = "导入时核对好各列，按“保存为方案”。"
        self.middle = ListingOrEmpty(self.table, widgets.Empty("ledger", "还没有方案", hint))
        self.middle.setMinimumHeight(theme.em(14))
        self.body.addWidget(self.middle)
        self.add_button("改名…", self.rename)
        self.add_button("删除", self.delete, role="danger")
        self.add_button("关闭", self.accept, role="primary")
        self.refresh()

    def refresh(self) -> None:
        """Look again."""
        self.desk.tasks.read("schemes", self.desk.services.imports.schemes, self._show, owner=self)

    def rename(self) -> None:
        """Give the scheme with the cursor another name."""
        scheme: Scheme | None = self.table.row_here()
        if scheme is None or (name := ask_name(self, scheme.name)) is None:
            return
        job = partial(self.desk.services.imports.rename_scheme, scheme.id, name)
        self.desk.write(lambda _: job(), lambda _: self.refresh(), title="正在改名", owner=self)

    def delete(self) -> None:
        """Forget the scheme with the cursor."""
        scheme: Scheme | None = self.table.row_here()
        if scheme is not None:
            job = partial(self.desk.services.imports.delete_scheme, scheme.id)
            self.desk.write(lambda _: job(), lambda _: self.refresh(), title="正在删除", owner=self)

    def _show(self, schemes: list[Scheme]) -> None:
        self.middle.put_rows(schemes)
        if schemes and self.table.uid() is None:
            self.table.selectRow(0)
