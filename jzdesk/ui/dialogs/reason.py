"""Asks for a reason before something that others will want explained."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from jzdesk.ui import widgets
from jzdesk.ui.dialogs.base import Dialog
from jzdesk.ui.editors.area import AreaEdit


class ReasonDialog(Dialog):
    """`reason` holds what was written once the dialog was accepted."""

    def __init__(self, parent: QWidget | None, title: str, explain: str, deed: str = "确定") -> None:
        super().__init__(parent, title, explain)
        self.edit = AreaEdit(3)
        self.body.addWidget(widgets.label("理由"))
        self.body.addWidget(self.edit)
        self.add_button("取消", self.reject)
        self.add_button(f"{deed} (Ctrl+S)", self._take, role="primary").setShortcut("Ctrl+S")
        self.edit.setFocus()

    @property
    def reason(self) -> str:
        """What was written."""
        return str(self.edit.raw() or "")

    def _take(self) -> None:
        if self.reason:
            self.accept()
        else:
            self.wrong("还没有写理由。", "请写一句理由，例如“重复录入”；以后查账的人看得到。")
            self.edit.setFocus()


def ask_reason(parent: QWidget | None, title: str, explain: str, deed: str = "确定") -> str | None:
    """The reason, or None when the person changed their mind."""
    dialog = ReasonDialog(parent, title, explain, deed)
    return dialog.reason if dialog.exec() == ReasonDialog.DialogCode.Accepted else None
