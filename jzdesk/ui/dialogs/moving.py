"""用备份恢复到这台电脑: a station whose computer is lost comes back from its backup, before anybody can log in."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QLineEdit, QWidget

from jzdesk.ui import widgets
from jzdesk.ui.dialogs.base import Dialog, show_in
from jzdesk.ui.dialogs.passwords import PasswordEdit
from jzdesk.ui.inputs import Pick
from jzdesk.ui.tasks import Tasks

if TYPE_CHECKING:
    from jzdesk.services.backups import Backup

FILES = "备份 (*.jzb)"


_OF_A_SCHOOL = (
    "备份里没有密钥，所以这是一台新电脑：恢复以后马上能查能录，要在“数据交换”里重新申请证书；县里发证后，"
    "原来没交完的由这台电脑接着交，县里有而备份里没有的会送还。"
)
_OF_THE_COUNTY = (
    "县站的密钥要凭纸上的托管钥匙打开；恢复以后还是原来的县站，学校不用重新申请证书，路上的数据包照样能并入。"
    "原来的电脑找到了也不要再用。"
)


def look(path: Path) -> tuple[list[str], bool]:
    """Names of the accounts of a backup, and whether it is a county's."""
    from jzdesk.services import moving

    return moving.accounts_in(path), moving.is_county(path)


class MoveInDialog(Dialog):
    """Asks for account and password of a backup and puts it into `folder`; `restored` is then the backup."""

    def __init__(self, parent: QWidget, folder: Path, path: Path, tasks: Tasks) -> None:
        super().__init__(parent, "用备份恢复到这台电脑", "原来的电脑坏了、丢了，或密钥文件没了时用。", width=42)
        self.folder, self.path, self.tasks = folder, path, tasks
        self.restored: Backup | None = None
        self.account, self.password = Pick([], "账户"), PasswordEdit("账户的密码")
        self.explain = widgets.label(tone="muted", wrap=True)
        self.escrow = QLineEdit()
        self.escrow.setAccessibleName("托管钥匙")
        self.escrow.setPlaceholderText("纸上的托管钥匙，58 位，不分大小写")
        self.escrow.setVisible(False)
        self.escrow.returnPressed.connect(self.restore)
        self.body.addWidget(self.explain)
        self.body.addWidget(widgets.label(f"备份：{path.name}", wrap=True))
        self.body.addWidget(widgets.label(f"恢复到：{folder}", tone="muted", wrap=True))
        self.body.addLayout(widgets.row(widgets.label("账户", tone="muted"), self.account, self.password))
        self.body.addWidget(self.escrow)
        self.add_button("取消", self.reject)
        self.deed = self.add_button("恢复", self.restore, role="primary")
        self.password.returnPressed.connect(self.restore)
        self.deed.setEnabled(False)
        self.tasks.run(lambda _: look(path), self._show, self._failed, title="正在读取备份", owner=self)

    def restore(self) -> None:
        """Put it in place, off the GUI thread."""
        from jzdesk.services.moving import move_in

        password, account = self.password.text(), str(self.account.value() or "") or None
        if not self.deed.isEnabled():
            return
        if not password:
            self.wrong("还没有填写密码。", "请填写备份里账户的密码。")
            self.password.setFocus()
            return
        self.deed.setEnabled(False)
        job = partial(move_in, self.folder, self.path, password, account, self.escrow.text())
        self.tasks.run(
            lambda _: job(), self._done, self._failed, title="正在恢复", owner=self,
            always=lambda: self.deed.setEnabled(True),
        )  # fmt: skip

    def _failed(self, error: Exception) -> bool:
        return show_in(self, error)

    def _show(self, found: tuple[list[str], bool]) -> None:
        names, county = found
        self.explain.setText(_OF_THE_COUNTY if county else _OF_A_SCHOOL)
        self.escrow.setVisible(county)
        self.account.fill([(name, name) for name in names])
        self.deed.setEnabled(bool(names))
        self.password.setFocus()

    def _done(self, restored: Backup) -> None:
        self.restored = restored
        self.accept()
