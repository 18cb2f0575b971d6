"""The part of 维护 that only a county has: where its data is, and moving it to a server and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from jzdesk.ui import widgets
from jzdesk.ui.desk import Desk
from jzdesk.ui.dialogs.server import ServerDialog

if TYPE_CHECKING:
    from jzdesk.services.databases import Moved

_FILE = "file"


class DatabaseCard(widgets.Card):
    """Says where the data is; one button moves it to the other place."""

    def __init__(self, page: QWidget, desk: Desk) -> None:
        super().__init__(space=0.4)
        self.page, self.desk = page, desk
        self.words = widgets.label("", wrap=True)
        self.there = widgets.button("搬到服务器…", self.ask, icon="export")
        self.back = widgets.button("搬回本机文件…", self.return_, icon="import")
        line = widgets.row(self.words, self.there, self.back)
        line.setStretchFactor(self.words, 1)
        self.body.addLayout(line)

    def refresh(self) -> None:
        """Say where the data is now."""
        place = self.desk.services.databases.place()
        self.words.setText(f"数据库：{place.label}　{place.shown}")
        self.there.setVisible(place.kind == _FILE)
        self.back.setVisible(place.kind != _FILE)

    def ask(self) -> None:
        """Ask for the server, then move."""
        from jzdesk.services.databases import WARNING

        dialog = ServerDialog(self.page, self.desk, WARNING)
        dialog.agreed.connect(self.move_there)
        dialog.open()

    def move_there(self, address: str, password: str) -> None:
        """Move everything to the server, off the GUI thread; cancelled, nothing has changed."""
        service = self.desk.services.databases
        self.desk.write(
            lambda progress: service.use_server(address, password or None, progress),
            self._moved, title="正在搬到服务器", cancellable=True, owner=self.page,
        )  # fmt: skip

    def return_(self) -> None:
        """Move back into the file."""
        then = "全部数据从服务器复制回本机的加密文件，逐表核对一致后才切换。服务器上的数据不删除，但不再使用。"
        if widgets.confirm(self.page, "把数据搬回本机文件？", then, "搬回"):
            service = self.desk.services.databases
            self.desk.write(service.use_file, self._moved, title="正在搬回文件", cancellable=True, owner=self.page)

    def _moved(self, moved: Moved) -> None:
        self.desk.say(f"已搬到{moved.place.label}：{moved.rows:,} 行，逐表核对一致，校验码 {moved.digest[:16]}")
        self.refresh()
