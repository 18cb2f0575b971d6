"""Log-in: which account, its password; and the way back in with the printed recovery key."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from jzdesk.services import relocating, stations
from jzdesk.ui import widgets
from jzdesk.ui.dialogs.base import Dialog, show_in
from jzdesk.ui.dialogs.passwords import NewPasswordDialog, PasswordEdit
from jzdesk.ui.errors_shown import Message
from jzdesk.ui.inputs import LineEdit, Pick
from jzdesk.ui.tasks import Tasks

if TYPE_CHECKING:
    from jzdesk.services.bundle import Services


class LoginDialog(Dialog):
    """`services` holds the open station once the dialog was accepted.

    The name of the station and of its accounts are read right here, two small files: there is no window yet that
    could freeze, and a station that cannot even be asked for them is told of instead of a log-in (`program.enter`).
    """

    def __init__(self, folder: Path, tasks: Tasks, parent: QWidget | None = None) -> None:
        facts = stations.station_facts(folder)
        super().__init__(parent, facts.name, "教育帮扶台账　请登录", width=26)
        self.folder, self.tasks = folder, tasks
        self.services: Services | None = None
        self.account = Pick([(name, name) for name in stations.accounts(folder)], "账户")
        self.password = PasswordEdit()
        for title, edit in (("账户", self.account), ("密码", self.password)):
            self.body.addWidget(widgets.label(title, tone="muted"))
            self.body.addWidget(edit)
        if relocating.on_server(folder):
            self.body.addLayout(widgets.row(widgets.button("服务器换了地址或密码", self.relocate, role="link"), None))
        forgotten = widgets.button("忘记密码", self.recover, role="link")
        self.foot.insertWidget(0, forgotten)
        self.foot.insertWidget(1, widgets.button("从备份恢复", self.restore, role="link"))
        self.add_button("退出", self.reject)
        self.enter = self.add_button("登录", self.log_in, role="primary")
        self.password.returnPressed.connect(self.log_in)
        self.password.setFocus()

    def log_in(self) -> None:
        """Open the station off the GUI thread."""
        password, account = self.password.text(), str(self.account.value() or "")
        if not self.enter.isEnabled():
            return
        if not password:
            self.wrong("还没有填写密码。", "请填写密码后再登录。")
            self.password.setFocus()
            return
        self._allow(enter=False)
        self.tasks.run(
            lambda _: stations.open_station(self.folder, password, account or None),
            self._opened,
            self._refused,
            title="正在打开工作站",
            owner=self,
            always=lambda: self._allow(enter=True),
        )

    def recover(self) -> None:
        """Set a new password with the recovery key."""
        dialog = RecoverDialog(self, self.folder, str(self.account.value() or ""), self.tasks)
        if dialog.exec() == Dialog.DialogCode.Accepted:
            self.password.setFocus()
            self.banner.hide()

    def restore(self) -> None:
        """Put a backup in the place of the database."""
        from jzdesk.ui.dialogs.restore import RestoreDialog

        dialog = RestoreDialog(self, self.folder, self.tasks)
        if dialog.exec() == Dialog.DialogCode.Accepted and dialog.restored is not None:
            self.banner.say(Message("good", f"已恢复到 {dialog.restored.made} 的备份。", "请用现在的密码登录。"))
            self.password.setFocus()

    def relocate(self) -> None:
        """Say where the county's database is now."""
        from jzdesk.ui.dialogs.relocating import RelocateDialog

        dialog = RelocateDialog(self, self.folder, str(self.account.value() or ""), self.password.text(), self.tasks)
        if dialog.exec() == Dialog.DialogCode.Accepted:
            self.banner.say(Message("good", f"已改用 {dialog.now}。", "请登录。"))
            self.password.setFocus()

    def _opened(self, services: Services) -> None:
        self.services = services
        self.accept()

    def _refused(self, error: Exception) -> bool:
        self.password.selectAll()
        self.password.setFocus()
        return show_in(self, error)

    def _allow(self, *, enter: bool) -> None:
        self.enter.setEnabled(enter)
        self.enter.setText("登录" if enter else "正在打开……")


class RecoverDialog(NewPasswordDialog):
    """The recovery key and a new password for one account."""

    def __init__(self, parent: QWidget, folder: Path, account: str, tasks: Tasks) -> None:
        self.folder, self.key, self.account = folder, LineEdit(), LineEdit()
        self.account.put(account)
        self.key.setPlaceholderText("四个一组，横线可以不输")
        explain = "照打印的《恢复钥匙单》输入钥匙，再给账户设一个新密码。数据不受影响。"
        fields = [("恢复钥匙", self.key), ("账户", self.account)]
        super().__init__(parent, tasks, "用恢复钥匙重设密码", explain, fields, "设置新密码")

    def deed(self) -> Callable[[], object]:
        """Set it."""
        key, account = self.key.text().strip(), self.account.text().strip()
        return partial(stations.recover, self.folder, key, account, self.passwords.password())
