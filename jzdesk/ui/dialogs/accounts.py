"""Dialogs about the ways in: a new account, a new password, a new recovery key shown once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QWidget

from jzdesk.ui import widgets
from jzdesk.ui.desk import Desk
from jzdesk.ui.dialogs.base import Dialog, show_in
from jzdesk.ui.dialogs.first_run import in_lines
from jzdesk.ui.dialogs.passwords import NewPasswordDialog, PasswordEdit
from jzdesk.ui.inputs import LineEdit


class NewAccountDialog(NewPasswordDialog):
    """A name and a password, typed twice."""

    def __init__(self, parent: QWidget, desk: Desk) -> None:
        self.desk, self.name = desk, LineEdit()
        self.name.setPlaceholderText("使用人的姓名，例如 李老师")
        explain = "每次改动都会记下是哪个账户改的，请一人一个账户。"
        super().__init__(parent, desk.tasks, "新增账户", explain, [("账户名", self.name)], "新增")

    def deed(self) -> Callable[[], object]:
        """Make the account."""
        return partial(self.desk.services.accounts.add, self.name.text(), self.passwords.password())


class PasswordDialog(NewPasswordDialog):
    """The old password, and a new one typed twice."""

    def __init__(self, parent: QWidget, desk: Desk) -> None:
        self.desk, self.old = desk, PasswordEdit("现在的密码")
        explain = f"账户：{desk.services.actor.account}"
        super().__init__(parent, desk.tasks, "修改密码", explain, [("现在的密码", self.old)], "修改")

    def deed(self) -> Callable[[], object]:
        """Change it."""
        return partial(self.desk.services.accounts.change_password, self.old.text(), self.passwords.password())


class KeyDialog(Dialog):
    """A new recovery key, shown once; closing it asks whether it was kept."""

    def __init__(self, parent: QWidget, desk: Desk, key: str) -> None:
        explain = "旧的恢复钥匙已经作废。请打印或抄下新的，交给负责人收存；关闭后不再显示。"
        super().__init__(parent, "新的恢复钥匙", explain)
        self.desk, self.key = desk, key
        shown = widgets.label(in_lines(key), size=1.5, bold=True)
        shown.setAlignment(Qt.AlignmentFlag.AlignCenter)
        shown.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        card = widgets.Card()
        card.body.addWidget(shown)
        self.body.addWidget(card)
        self.saved_as = widgets.label(tone="good", wrap=True)
        self.body.addWidget(widgets.button("保存恢复钥匙单…", self.save_sheet, icon="print"))
        self.body.addWidget(self.saved_as)
        self.kept = QCheckBox("我已经打印或抄好恢复钥匙，并交给负责人收存")
        self.body.addWidget(self.kept)
        self.close_button = self.add_button("完成", self.accept, role="primary")
        self.kept.toggled.connect(self.close_button.setEnabled)
        self.close_button.setEnabled(False)

    def save_sheet(self) -> None:
        """The sheet to print."""
        path = widgets.pick_save(self, "保存恢复钥匙单", "恢复钥匙单.pdf", "PDF (*.pdf)")
        if path is None:
            return
        job = partial(self.desk.services.papers.recovery, path, self.key)
        self.desk.write(
            lambda _: job(),
            lambda _: self.saved_as.setText(f"已保存到 {path.name}，打印后请删除这个文件。"),
            partial(show_in, self),
            title="正在制作恢复钥匙单",
            owner=self,
        )

    def reject(self) -> None:
        """Leaving while the key is on screen would lose it: ask."""
        what, then = "恢复钥匙还没有收好", "关闭后它不会再显示，只能再换一把新的。"
        if self.kept.isChecked() or widgets.confirm(self, what, then, "不要钥匙，关闭", no="回去收好", danger=True):
            super().reject()
