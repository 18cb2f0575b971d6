"""Fields for passwords: one that is hidden, and a new one typed twice."""

from __future__ import annotations

from PySide6.QtWidgets import QLineEdit, QWidget

from jzdesk.ui import theme, widgets
from jzdesk.ui.inputs import LineEdit


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
