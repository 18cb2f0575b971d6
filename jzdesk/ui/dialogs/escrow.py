"""托管钥匙: draws and prints the county's paper key, uses it once it was typed from the paper, and checks it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QLineEdit, QWidget

from jzdesk.ui import widgets
from jzdesk.ui.desk import Desk
from jzdesk.ui.dialogs.base import Dialog, show_in
from jzdesk.ui.dialogs.preview import preview

if TYPE_CHECKING:
    from jzdesk.services.escrow import EscrowState, PaperKey

_POINTS = (
    "电脑里不留这把钥匙，只印在纸上。县站电脑坏了、丢了：一份备份加这张纸，就能在新电脑上接着用，学校不用重新申请证书。",
    "纸和任何一份备份在一起就等于县站：纸锁进保险柜，备份另放，两个人分开保管。",
    "启用以后，各校读过下一次回执，数据包就也加密给这把钥匙。换新的以后，旧的那张就作废了。",
)


class EscrowDialog(Dialog):
    """One sheet of paper; `done` hears of the key that is in use from now on."""

    def __init__(self, parent: QWidget, desk: Desk, state: EscrowState, done: Callable[[EscrowState], object]) -> None:
        super().__init__(parent, "托管钥匙", _said(state), width=46)
        self._desk, self._done = desk, done
        self._key: PaperKey | None = None
        for point in _POINTS:
            self.body.addWidget(widgets.label(f"· {point}", wrap=True))
        self.print_button = widgets.button("打印一把新的托管钥匙…", self.print_sheet, icon="print")
        self.body.addLayout(widgets.row(self.print_button, None))
        self.typed = QLineEdit()
        self.typed.setAccessibleName("托管钥匙")
        self.typed.textChanged.connect(lambda _: self._allow())
        self.asked = widgets.label(tone="muted", wrap=True)
        self.body.addWidget(self.asked)
        self.body.addWidget(self.typed)
        self.add_button("关闭", self.reject)
        self.deed = self.add_button("核对", self.go, role="primary")
        self.typed.returnPressed.connect(self.go)
        self._in_use = bool(state.mark)
        self._ask()

    def print_sheet(self) -> None:
        """Draw a key and show its sheet; nothing is in use yet."""
        service = self._desk.services.escrow
        key = self._key = service.draw()
        name = f"托管钥匙单-{key.mark}.pdf"
        preview(self._desk, self, "托管钥匙单", name, lambda path, _: service.print_sheet(key, path))
        self.typed.clear()
        self._ask()

    def go(self) -> None:
        """Use the key just printed, or check the one in use."""
        if not self.deed.isEnabled():
            return
        typed, key, service = self.typed.text(), self._key, self._desk.services.escrow
        if key is not None and _plain(typed) != key.last:
            self.wrong("与纸上的最后两组不一样。", "请看刚印好的那张；没有印好的，请再打印一次。")
            self.typed.setFocus()
            return
        job = partial(service.adopt, key.secret) if key is not None else partial(service.check, typed)
        self.deed.setEnabled(False)
        self._desk.write(
            lambda _: job(), self._finish, lambda error: show_in(self, error), title="正在核对托管钥匙", owner=self,
            always=self._allow,
        )  # fmt: skip

    def _ask(self) -> None:
        """What to type next."""
        drawn = self._key is not None
        self.asked.setText(
            "印好以后，照纸输入最后两组共 8 个字符，证明纸上看得清："
            if drawn
            else "核对：把纸上的托管钥匙全部输入（不分大小写，空格可有可无），看它能不能打开县密钥："
        )
        for part in (self.asked, self.typed, self.deed):
            part.setVisible(drawn or self._in_use)
        self.deed.setText("启用" if drawn else "核对")
        self._allow()

    def _allow(self) -> None:
        self.deed.setEnabled(bool(self.typed.text().strip()))

    def _finish(self, state: EscrowState) -> None:
        self.accept()
        self._done(state)


def _said(state: EscrowState) -> str:
    if state.mark:
        return f"现在用的托管钥匙编号 {state.mark}，{state.since} 起用。"
    return "还没有托管钥匙：县站电脑坏了又没有另存工作站文件夹，全部学校都要重新申请证书。"


def _plain(typed: str) -> str:
    return "".join(filter(str.isalnum, typed.upper()))
