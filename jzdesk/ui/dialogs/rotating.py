"""换县密钥: says what it means before it is done, and what to do at once afterwards."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QCheckBox, QWidget

from jzdesk.ui import widgets
from jzdesk.ui.desk import Desk
from jzdesk.ui.dialogs.base import Dialog, show_in

if TYPE_CHECKING:
    from jzdesk.services.rotating import CountyKeys

_POINTS = (
    "怀疑县密钥泄露、县站电脑换人保管时用；平时不用换。",
    "学校不用重新申请：每份回执都带着旧密钥对新密钥的签名，读了就换过来，同时换上新证书。没有回执的用“写换钥通知…”。",
    "还不知道新密钥的学校照旧导出，县里照旧能收：旧密钥留着，只用来打开，不再签名。",
    "学校的程序要先更新到 0.3 以后的版本。换密钥以后打印的回执单，学校要先读过一次回执才认。",
    "新旧密钥在这台电脑的工作站文件夹里（device.key 和 county-keys）；有托管钥匙的，以后的备份也带着，凭纸打开。",
    "没有托管钥匙，电脑坏了又没有另存：各校还没并入的包打不开，全部学校要重新申请证书。",
)
_PROMISE = "换好以后，我马上备份一次；没有托管钥匙的，另存整个工作站文件夹，锁进保险柜"


class RotateDialog(Dialog):
    """Changes the county's keys once the person has promised to keep a copy; `done` hears of the new ones."""

    def __init__(self, parent: QWidget, desk: Desk, done: Callable[[CountyKeys], object]) -> None:
        super().__init__(parent, "换县密钥", "县里做一对新的签名和解密密钥，由现在的密钥签名交接。", width=46)
        self._desk, self._done = desk, done
        for point in _POINTS:
            self.body.addWidget(widgets.label(f"· {point}", wrap=True))
        self.promise = QCheckBox(_PROMISE)
        self.promise.toggled.connect(self._allow)
        self.body.addWidget(self.promise)
        self.add_button("取消", self.reject)
        self.deed = self.add_button("换县密钥", self.rotate, role="primary")
        self._allow()

    def rotate(self) -> None:
        """Do it."""
        job = self._desk.services.rotating.rotate
        self.deed.setEnabled(False)
        self._desk.write(
            lambda _: job(), self._finish, lambda error: show_in(self, error), title="正在换县密钥", owner=self,
            always=self._allow,
        )  # fmt: skip

    def _allow(self) -> None:
        self.deed.setEnabled(self.promise.isChecked())

    def _finish(self, keys: CountyKeys) -> None:
        self.accept()
        self._done(keys)


def write_notice(desk: Desk, page: QWidget) -> None:
    """Put the hand-over onto a stick."""
    if (to := widgets.pick_folder(page, "换钥通知写到哪个 U 盘")) is None:
        return

    def done(path: Path) -> None:
        desk.say(f"可以拔出 U 盘了。换钥通知：{path.name}，学校在“数据交换”里按“读取 U 盘上的回执”")

    job = partial(desk.services.rotating.write, to)
    desk.write(lambda _: job(), done, title="正在写换钥通知", owner=page)
