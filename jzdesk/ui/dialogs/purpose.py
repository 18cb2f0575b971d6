"""Asks what a list with sensitive columns is for; the answer is kept on this station."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QWidget

from jzdesk.ui import widgets
from jzdesk.ui.dialogs.base import Dialog
from jzdesk.ui.inputs import LineEdit


class PurposeDialog(Dialog):
    """`purpose` holds what was written once the dialog was accepted."""

    def __init__(self, parent: QWidget | None, labels: Sequence[str]) -> None:
        shown = "、".join(labels[:6]) + ("等" if len(labels) > 6 else "")
        explain = f"名单里有{shown}，属于敏感个人信息。请写明用途；时间、经手人和用途记在本机，不会上报。"
        super().__init__(parent, "写出敏感名单", explain)
        self.edit = LineEdit()
        self.edit.setPlaceholderText("例如 报县资助中心 2025 年秋季认定")
        self.edit.returnPressed.connect(self._take)
        self.body.addWidget(widgets.label("用途"))
        self.body.addWidget(self.edit)
        self.add_button("取消", self.reject)
        self.add_button("继续", self._take, role="primary")
        self.edit.setFocus()

    @property
    def purpose(self) -> str:
        """What was written."""
        return str(self.edit.raw() or "")

    def _take(self) -> None:
        if self.purpose:
            self.accept()
        else:
            self.wrong("还没有写用途。", "请写一句，以后查起来知道这份名单给了谁、做什么用。")
            self.edit.setFocus()


def ask_purpose(parent: QWidget | None, labels: Sequence[str]) -> str | None:
    """The purpose; an empty one when nothing is sensitive; None when the person changed their mind."""
    if not labels:
        return ""
    dialog = PurposeDialog(parent, labels)
    return dialog.purpose if dialog.exec() == PurposeDialog.DialogCode.Accepted else None
