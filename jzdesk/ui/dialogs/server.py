"""搬到服务器: the address of an empty PostgreSQL database, tried before anything is moved, and who keeps it safe."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QWidget

from jzdesk.ui import widgets
from jzdesk.ui.desk import Desk
from jzdesk.ui.dialogs.base import Dialog, show_in
from jzdesk.ui.dialogs.passwords import PasswordEdit
from jzdesk.ui.errors_shown import Message
from jzdesk.ui.inputs import LineEdit

if TYPE_CHECKING:
    from jzdesk.services.databases import Tried

_EXPLAIN = (
    "数据多、要几台电脑一起用时，可以把县站的数据放到 PostgreSQL 服务器上。请管理员先建一个空的数据库。"
    "全部数据复制并逐表核对一致后才切换；原来的文件留着不动，以后也可以搬回来。"
)


class ServerDialog(Dialog):
    """`agreed(address, password)` once the server was tried and the person has said that it is kept safe."""

    agreed = Signal(str, str)

    def __init__(self, parent: QWidget | None, desk: Desk, warning: str) -> None:
        super().__init__(parent, "搬到服务器", _EXPLAIN, width=46)
        self.desk = desk
        self.address, self.password = LineEdit(), PasswordEdit("地址里已有密码，或用 ~/.pgpass 时不填")
        self.address.setPlaceholderText("postgresql+psycopg://用户名@服务器/数据库名?sslmode=require")
        self.address.setAccessibleName("数据库地址")
        self.password.setAccessibleName("数据库密码")
        self.safe = QCheckBox("我已确认服务器的安全有人负责")
        self.body.addWidget(widgets.label("数据库地址", tone="muted"))
        self.body.addWidget(self.address)
        self.body.addWidget(widgets.label("数据库密码", tone="muted"))
        self.body.addWidget(self.password)
        self.body.addWidget(widgets.label(warning, wrap=True))
        self.body.addWidget(self.safe)
        self.add_button("取消", self.reject)
        self.trying = self.add_button("测试连接 (F5)", self.look)
        self.trying.setShortcut("F5")
        self.going = self.add_button("搬过去 (Ctrl+S)", self.go_ahead, role="primary")
        self.going.setShortcut("Ctrl+S")
        self.address.setFocus()

    def look(self) -> None:
        """F5: ask the server, off the GUI thread, and say what it answered."""
        self._ask(self._tried)

    def go_ahead(self) -> None:
        """Ctrl+S: try the server once more, then hand over."""
        if not self.safe.isChecked():
            self.wrong("还没有确认服务器的安全。", "请核实上面的几点，再勾选“我已确认”。")
            self.safe.setFocus()
            return
        self._ask(self._go)

    def _ask(self, then: Callable[[Tried], None]) -> None:
        if not self.address.text().strip():
            self.wrong("还没有填写数据库地址。", "请向管理员要地址，例如 postgresql+psycopg://jzdesk@10.0.0.5/jzdesk。")
            self.address.setFocus()
            return
        self.banner.say(Message("calm", "正在连接…"))
        job = partial(self.desk.services.databases.try_server, self.address.text(), self.password.raw())
        self.desk.tasks.read("server", job, then, partial(show_in, self), owner=self)

    def _tried(self, tried: Tried) -> None:
        self.banner.say(Message("good", tried.sentence))

    def _go(self, _tried: Tried) -> None:
        self.accept()
        self.agreed.emit(self.address.text(), self.password.text())
