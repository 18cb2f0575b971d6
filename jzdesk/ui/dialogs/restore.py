"""从备份恢复: before log-in, because the database may be the thing that is broken."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from jzdesk.services import stations
from jzdesk.ui import theme, widgets
from jzdesk.ui.dialogs.base import Dialog, show_in
from jzdesk.ui.dialogs.passwords import PasswordEdit
from jzdesk.ui.inputs import Pick
from jzdesk.ui.pages.listing import Listing
from jzdesk.ui.pages.upkeep import BACKUPS
from jzdesk.ui.tasks import Tasks

if TYPE_CHECKING:
    from jzdesk.services.backups import Backup

FILES = "备份 (*.jzb)"


class RestoreDialog(Dialog):
    """Chooses a backup and puts it in place; `restored` is the one that was."""

    def __init__(self, parent: QWidget, folder: Path, tasks: Tasks) -> None:
        explain = "现在的数据库会移到旁边的文件夹里，不会删除。备份之后录入的内容需要重新录入，或由县里带回。"
        super().__init__(parent, "从备份恢复", explain, width=44)
        self.folder, self.tasks = folder, tasks
        self.restored: Backup | None = None
        self.table = Listing(BACKUPS, key=lambda one: one.name)
        self.table.setMinimumHeight(theme.em(9))
        self.account = Pick((), "账户")
        self.password = PasswordEdit("账户现在的密码")
        self.body.addWidget(self.table, 1)
        self.body.addLayout(widgets.row(widgets.label("账户", tone="muted"), self.account, self.password))
        self.foot.insertWidget(0, widgets.button("选择其他备份文件…", self.ask, icon="folder", role="link"))
        self.add_button("取消", self.reject)
        self.go = self.add_button("恢复", self.restore, role="primary")
        self.password.returnPressed.connect(self.restore)
        self.show_backups([])
        from jzdesk.services.backups import backups_of

        self.tasks.read("backups", partial(backups_of, folder), self.show_backups, owner=self)
        self.tasks.read("accounts", partial(stations.accounts, folder), self._show_accounts, owner=self)

    def show_backups(self, found: list[Backup]) -> None:
        """List these, the newest chosen."""
        self.table.put_rows(found)
        if found:
            self.table.selectRow(0)
        self.go.setEnabled(bool(found))

    def ask(self) -> None:
        """A backup that lies elsewhere, such as on a stick."""
        from jzdesk.services.backups import look

        if (path := widgets.pick_open(self, "选择备份文件", FILES)) is not None:
            self.tasks.read("backup", partial(look, path), self._show_also, owner=self)

    def restore(self) -> None:
        """Put the chosen backup in place, off the GUI thread."""
        from jzdesk.services import backups

        chosen: Backup | None = self.table.row_here()
        if chosen is None or not self.go.isEnabled():
            return
        if chosen.problem is not None:
            self.wrong(chosen.problem, "")
            return
        if not stations.has_keys(self.folder):
            self._move_in(chosen.path)
            return
        password, account = self.password.text(), str(self.account.value() or "") or None
        if not password:
            self.wrong("还没有填写密码。", "请填写账户现在的密码。")
            self.password.setFocus()
            return
        self.go.setEnabled(False)
        self.tasks.run(
            lambda _: backups.restore(self.folder, chosen.path, password, account),
            self._done,
            lambda error: show_in(self, error),
            title="正在恢复",
            owner=self,
            always=lambda: self.go.setEnabled(True),
        )

    def _move_in(self, path: Path) -> None:
        """The keys of this computer are gone: the station can only come back as a new device."""
        from jzdesk.ui.dialogs.moving import MoveInDialog

        dialog = MoveInDialog(self, self.folder, path, self.tasks)
        dialog.accepted.connect(lambda: self._done(dialog.restored) if dialog.restored else None)
        dialog.open()

    def _show_also(self, backup: Backup) -> None:
        self.show_backups([backup, *self.table.all_rows()])

    def _show_accounts(self, names: list[str]) -> None:
        self.account.fill([(name, name) for name in names])

    def _done(self, restored: Backup) -> None:
        self.restored = restored
        self.accept()
