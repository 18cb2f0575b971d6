"""维护: backups, accounts and the recovery key, and the check that every table follows from the journal."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout

from jzdesk.ui import theme, widgets
from jzdesk.ui.desk import Desk
from jzdesk.ui.dialogs.accounts import KeyDialog, NewAccountDialog, PasswordDialog
from jzdesk.ui.ledger.model import Column
from jzdesk.ui.page import Page
from jzdesk.ui.pages.figures import Figure, Figures
from jzdesk.ui.pages.listing import Listing, ListingOrEmpty
from jzdesk.ui.pages.upkeep_copies import CopiesBanner
from jzdesk.ui.pages.upkeep_database import DatabaseCard

if TYPE_CHECKING:
    from jzdesk.services.backups import Backup
    from jzdesk.services.verifying import VerifyReport

BACKUPS = (
    Column("made", "备份时间", 15),
    Column("entries", "变更条数", 10, numeric=True, text=lambda one: f"{one.entries:,}"),
    Column("size", "大小", 10, numeric=True, text=lambda one: megabytes(one.size)),
    Column("name", "文件", 34),
    Column("problem", "问题", 30, text=lambda one: one.problem or "", tone=lambda _: "wrong"),
)


def megabytes(size: int) -> str:
    """`1.2 MB`."""
    return f"{size / 1_000_000:.1f} MB"


@dataclass(frozen=True, slots=True)
class _Account:
    name: str


class UpkeepPage(Page):
    """What keeps the station safe."""

    title, icon = "维护", "settings"
    hints = "Ctrl+N 立即备份　Ctrl+S 核对数据　F5 刷新"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        buttons = self.heading()
        buttons.addWidget(widgets.button("修改密码…", self.change_password, icon="key"))
        buttons.addWidget(widgets.button("核对数据 (Ctrl+S)", self.save, icon="tick"))
        buttons.addWidget(widgets.button("备份到文件夹或 U 盘…", self.ask, icon="stick"))
        buttons.addWidget(widgets.button("立即备份 (Ctrl+N)", self.new, icon="save", role="primary"))
        self.body.addWidget(self._checked())
        self.database = DatabaseCard(self, desk) if desk.services.info.kind == "county" else None
        if self.database is not None:
            self.body.addWidget(self.database)
        self.table = Listing(BACKUPS, key=lambda one: one.name)
        hint = "每天第一次打开时会自动备份；也可以现在就备份一次。"
        self.middle = ListingOrEmpty(self.table, widgets.Empty("save", "还没有备份", hint))
        self.middle.setMinimumHeight(theme.em(6.6))  # large text leaves room for two lines
        self.accounts = Listing((Column("name", "可以登录的账户", 24),), key=lambda one: one.name)
        self.accounts.setMaximumHeight(theme.em(12))
        self.accounts.setMinimumHeight(theme.em(4.6))  # the heading and one whole line
        self.body.addWidget(self.middle, 2)
        explain = (
            "备份是加密的，只有本站账户的密码能打开，里面没有本站的签名钥匙。电脑出故障时：退出后在登录窗口点“从备份恢复”。"
            "请每月把备份另存一份到 U 盘，与电脑分开保管。"
        )
        about = widgets.label(explain, tone="muted", wrap=True)
        self.copies = CopiesBanner(self, desk, about, self.refresh)
        self.body.addWidget(about)
        self.body.addWidget(self.copies)
        self.body.addWidget(self.accounts, 1)
        self.body.addLayout(self._account_deeds())

    def arrive(self, hint: str = "") -> None:
        """Look again each time."""
        self.refresh()

    def refresh(self) -> None:
        """Read the list again."""
        self.copies.refresh()
        self.desk.tasks.read("backups", self.desk.services.backups.listed, self.middle.put_rows, owner=self)
        self.desk.tasks.read("accounts", self.desk.services.accounts.names, self._show_accounts, owner=self)
        if self.database is not None:
            self.database.refresh()

    def new(self) -> None:
        """Ctrl+N: back up beside the station."""
        self.make(None)

    def ask(self) -> None:
        """Back up into a folder that the person chooses."""
        if (folder := widgets.pick_folder(self, "备份到哪个文件夹")) is not None:
            self.make(folder)

    def make(self, to: Path | None) -> None:
        """Write a backup off the GUI thread."""
        job = partial(self.desk.services.backups.make, to)
        self.desk.write(lambda _: job(), self._made, title="正在备份", owner=self)

    def save(self) -> None:
        """Ctrl+S: recompute every table from the journal and compare."""
        self.desk.write(lambda _: self.desk.services.verify(), self._verified, title="正在核对全部数据", owner=self)

    def change_password(self) -> None:
        """A new password for whoever is at the desk."""
        if PasswordDialog(self, self.desk).exec() == PasswordDialog.DialogCode.Accepted:
            self.desk.say("密码已修改，下次登录用新密码")

    def add_account(self) -> None:
        """One more person who may log in."""
        if NewAccountDialog(self, self.desk).exec() == NewAccountDialog.DialogCode.Accepted:
            self.desk.say("账户已新增")
            self.refresh()

    def remove_account(self) -> None:
        """Take away the account with the cursor."""
        account: _Account | None = self.accounts.row_here()
        if account is None:
            return
        then = "以后不能再用它登录；它录入和改动过的内容都保留。"
        if not widgets.confirm(self, f"删除账户“{account.name}”？", then, "删除", danger=True):
            return
        job = partial(self.desk.services.accounts.remove, account.name)
        self.desk.write(lambda _: job(), lambda _: self._removed(), title="正在删除账户", owner=self)

    def renew_key(self) -> None:
        """A new recovery key, when the old sheet is lost or was seen."""
        then = "旧的恢复钥匙单随即作废。请准备好打印或抄写新的。"
        if widgets.confirm(self, "换一把新的恢复钥匙？", then, "换新钥匙"):
            job = self.desk.services.accounts.renew_recovery_key
            self.desk.write(lambda _: job(), self._renewed, title="正在换恢复钥匙", owner=self)

    def _show_accounts(self, names: list[str]) -> None:
        self.accounts.put_rows(_Account(name) for name in names)

    def _removed(self) -> None:
        self.desk.say("账户已删除")
        self.refresh()

    def _renewed(self, key: str) -> None:
        KeyDialog(self, self.desk, key).exec()

    def _account_deeds(self) -> QHBoxLayout:
        deeds = (
            widgets.button("新增账户…", self.add_account, icon="plus"),
            widgets.button("换新恢复钥匙…", self.renew_key, icon="key"),
            widgets.button("删除账户…", self.remove_account, icon="void", role="danger"),
        )
        return widgets.row(*deeds, None)

    def _checked(self) -> widgets.Card:
        card = widgets.Card(space=0.4)
        self.figures = Figures()
        words = "“核对数据”由变更日志重算所有表并逐条比较，确认没有任何记录在日志之外被改动。"
        self.verdict = widgets.label(words, wrap=True)
        card.body.addWidget(self.figures)
        card.body.addWidget(self.verdict)
        return card

    def _made(self, made: Backup) -> None:
        self.desk.say(f"已备份 {made.entries:,} 条变更到 {made.name}")
        self.refresh()

    def _verified(self, report: VerifyReport) -> None:
        self.figures.put(
            [
                Figure("结果", "一致" if report.ok else "不一致", "good" if report.ok else "wrong"),
                Figure("变更", f"{report.entries:,}"),
                Figure("学生", f"{report.students:,}"),
                Figure("待裁定", f"{report.conflicts:,}", "look" if report.conflicts else ""),
                Figure("重复登记", f"{report.duplicate_cases:,}", "look" if report.duplicate_cases else ""),
            ]
        )
        if report.ok:
            words = f"所有表都与变更日志一致。校验码 {report.digest[:16]}"
        else:
            words = f"有 {len(report.differences)} 处与变更日志不一致。请先备份，再联系维护人员，不要继续录入。"
        self.verdict.setText(words)
        theme.mark(self.verdict, tone="" if report.ok else "wrong")
