"""Accounts of the station and its recovery key: every way in wraps the same database key, so none touches the data."""

from __future__ import annotations

from jzdesk.core.errors import UserError
from jzdesk.services.context import Context
from jzdesk.store import slots


class AccountService:
    """Who may log in here. Whoever works at the desk now is `context.actor`."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def names(self) -> list[str]:
        """Names of the accounts, oldest first."""
        return slots.accounts(self._load())

    def add(self, name: str, password: str) -> None:
        """A new account; raises UserError for a name that is taken or a weak password."""
        name = name.strip()
        if not name:
            raise UserError("没有填写账户名", "请填写使用人的姓名或岗位。", "账户")
        if name in self.names():
            raise UserError(f"已经有叫“{name}”的账户", "请换一个名字，或修改那个账户的密码。", "账户")
        slots.check_password(password)
        self._save(slots.add(self._load(), name, "account", password, self._context.key))

    def change_password(self, old: str, new: str) -> None:
        """A new password for the account at the desk; raises UserError for a wrong old one or a weak new one."""
        name = self._context.actor.account
        ways = self._load()
        slots.unlock(ways, old, name, "account")
        slots.check_password(new)
        self._save(slots.add(ways, name, "account", new, self._context.key))

    def remove(self, name: str) -> None:
        """Take an account away; what it entered stays. Raises UserError for the one at the desk, and an unknown."""
        names = self.names()
        if name not in names:
            raise UserError(f"没有叫“{name}”的账户", "请刷新后重试。", "账户")
        if name == self._context.actor.account:
            raise UserError("不能删除正在使用的账户", "请用另一个账户登录后再删除它。", "账户")
        self._save(slots.remove(self._load(), name))

    def renew_recovery_key(self) -> str:
        """A new recovery key, shown once; the old one opens nothing any more."""
        key = slots.new_recovery_key()
        ways = slots.Slots(tuple(slot for slot in self._load().slots if slot.kind != slots.RECOVERY))
        self._save(slots.add(ways, "recovery", slots.RECOVERY, key, self._context.key))
        return key

    def _load(self) -> slots.Slots:
        return slots.load(self._context.folder.slots)

    def _save(self, ways: slots.Slots) -> None:
        slots.save(self._context.folder.slots, ways)
