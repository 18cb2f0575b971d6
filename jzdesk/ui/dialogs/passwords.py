"""Fields for passwords: one that is hidden, a new one typed twice, and the dialog that ends in a new one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit, QWidget

from jzdesk.ui import theme, widgets
from jzdesk.ui.dialogs.base import Dialog, show_in
from jzdesk.ui.inputs import LineEdit
from jzdesk.ui.tasks import Tasks


class PasswordEdit(LineEdit):
    """A password: hidden, Enter goes on."""

    def __init__(self, hint: str = "") -> None:
        super().__init__()
        self.setEchoMode(QLineEdit.EchoMode.Password)
        self.setPlaceholderText(hint)

    def raw(self) -> str | None:
        """Exactly what was typed: blanks count in a password."""
        return self.text() or None


class PasswordPair(QWidget):
    """A new password, typed twice."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = PasswordEdit("至少 8 位"), PasswordEdit("再输入一遍，防止手误")
        inside = widgets.column(
            widgets.label("密码", tone="muted"),
            self.first,
            widgets.label("再输入一遍", tone="muted"),
            self.second,
        )
        inside.setContentsMargins(0, 0, 0, 0)
        self.setLayout(inside)

    def password(self) -> str:
        """What was typed."""
        return self.first.text()

    def problem(self) -> str:
        """What is wrong, or ""."""
        if not self.first.text():
            return "还没有设置密码。"
        wrong = self.first.text() != self.second.text()
        theme.mark(self.second, state="wrong" if wrong else "")
        return "两遍密码不一样。" if wrong else ""


class NewPasswordDialog(Dialog):
    """Some fields, then a new password typed twice; Enter in the last field, or the button, does the deed.

    The deed runs off the GUI thread: a key is made slow to derive on purpose. Until it is over the dialog stays, so
    that nobody leaves without knowing which password holds.
    """

    def __init__(
        self, parent: QWidget, tasks: Tasks, title: str, explain: str, fields: Sequence[tuple[str, LineEdit]], deed: str
    ) -> None:
        super().__init__(parent, title, explain)
        self.tasks, self._title, self._fields = tasks, title, [edit for _, edit in fields]
        self.passwords = PasswordPair()
        for label, edit in fields:
            self.body.addWidget(widgets.label(label, tone="muted"))
            self.body.addWidget(edit)
        self.body.addWidget(self.passwords)
        self.add_button("取消", self.reject)
        self.go = self.add_button(deed, self.take, role="primary")
        self.passwords.second.returnPressed.connect(self.take)
        next((edit for edit in self._fields if not edit.text()), self.passwords.first).setFocus()

    def deed(self) -> Callable[[], object]:
        """What to do with what stands in the fields now, on the writing thread."""
        raise NotImplementedError

    def take(self) -> None:
        """Do the deed; what is refused is said in the dialog, which stays open."""
        if not self.go.isEnabled():
            return
        if problem := self.passwords.problem():
            self.wrong(problem, "请重新输入两遍。")
            self.passwords.first.setFocus(Qt.FocusReason.TabFocusReason)
            return
        job = self.deed()
        self.go.setEnabled(False)
        self.tasks.run(
            lambda _: job(), lambda _: self.accept(), self._refused, title=f"正在{self._title}", owner=self,
            always=partial(self.go.setEnabled, True),
        )  # fmt: skip

    def reject(self) -> None:
        """Esc and 取消 wait for a deed under way."""
        if self.go.isEnabled():
            super().reject()

    def _refused(self, error: Exception) -> bool:
        self._fields[0].setFocus(Qt.FocusReason.TabFocusReason)
        return show_in(self, error)
