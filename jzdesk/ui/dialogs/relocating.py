"""服务器换了地址或密码: where a county's database is now, asked for when nobody can log in."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtWidgets import QWidget

from jzdesk.services import relocating
from jzdesk.ui import widgets
from jzdesk.ui.dialogs.base import Dialog, show_in
from jzdesk.ui.dialogs.passwords import PasswordEdit
from jzdesk.ui.inputs import LineEdit
from jzdesk.ui.tasks import Tasks

_EXPLAIN = "管理员换了服务器、数据库名、用户或密码时用。只改地址，不复制也不改动数据；新地址里必须就是本站的数据。"


class RelocateDialog(Dialog):
    """`now` is the new address, without its password, once the dialog was accepted."""

    def __init__(self, parent: QWidget, folder: Path, account: str, password: str, tasks: Tasks) -> None:
        super().__init__(parent, "服务器换了地址或密码", _EXPLAIN, width=42)
        self.folder, self.account, self.tasks, self.now = folder, account, tasks, ""
        self.password, self.address = PasswordEdit("登录用的密码"), LineEdit()
        self.secret = PasswordEdit("地址里已有密码，或用 ~/.pgpass 时不填")
        self.password.setText(password)
        self.address.setPlaceholderText("postgresql+psycopg://用户名@服务器/数据库名?sslmode=require")
        for title, edit in (
            (f"账户“{account}”的密码", self.password), ("数据库地址", self.address), ("数据库密码", self.secret),
        ):  # fmt: skip
            edit.setAccessibleName(title)
            self.body.addWidget(widgets.label(title, tone="muted"))
            self.body.addWidget(edit)
        self.add_button("取消", self.reject)
        self.going = self.add_button("改用这个地址 (Ctrl+S)", self.go_ahead, role="primary")
        self.going.setShortcut("Ctrl+S")
        (self.address if password else self.password).setFocus()

    def go_ahead(self) -> None:
        """Ctrl+S: try the address off the GUI thread, and use it when our data is there."""
        if not self.address.text().strip():
            self.wrong("还没有填写数据库地址。", "请向管理员要新的地址。")
            self.address.setFocus()
            return
        self.going.setEnabled(False)
        self.tasks.run(
            lambda _: relocating.relocate(
                self.folder, self.password.text(), self.account or None, self.address.text(), self.secret.raw()
            ),
            self._done,
            partial(show_in, self),
            title="正在连接服务器",
            owner=self,
            always=lambda: self.going.setEnabled(True),
        )

    def _done(self, now: str) -> None:
        self.now = now
        self.accept()
