"""The part of 维护 that has something to say after an erasure by law: old copies that still hold what was erased."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from jzdesk.ui import theme, widgets
from jzdesk.ui.desk import Desk
from jzdesk.ui.dialogs.base import Dialog
from jzdesk.ui.errors_shown import Message
from jzdesk.ui.ledger.model import Column
from jzdesk.ui.pages.listing import Listing

if TYPE_CHECKING:
    from jzdesk.services.erasing.copies import OldCopies

_EXPLAIN = (
    "先做一份新的备份，再删掉下面这些；删掉以后不能再用它们恢复。"
    "另存在 U 盘、别的电脑上的备份，软件够不着，请找出来自行销毁。"
)


class ClearDialog(Dialog):
    """Lists what will be deleted; `agreed` when the person goes ahead."""

    agreed = Signal()

    def __init__(self, parent: QWidget | None, names: Sequence[str]) -> None:
        super().__init__(parent, "清除旧备份", _EXPLAIN, width=40)
        self.list = Listing(
            (Column("name", f"要删掉的 {len(names):,} 份", 40, text=lambda one: str(one.given)),), key=None
        )
        self.list.put_rows(names)
        self.list.setMinimumHeight(theme.em(2.15 * min(len(names), 7) + 3))
        self.body.addWidget(self.list, 1)
        self.add_button("取消 (Esc)", self.reject)
        deed = self.add_button(f"清除这 {len(names):,} 份 (Ctrl+S)", self.go_ahead, role="danger", icon="void")
        deed.setShortcut("Ctrl+S")

    def go_ahead(self) -> None:
        """Ctrl+S."""
        self.accept()
        self.agreed.emit()


class CopiesBanner(widgets.Banner):
    """Stands in place of `explain` as long as there are such copies; its button lists them and clears them."""

    def __init__(self, page: QWidget, desk: Desk, explain: QWidget, cleared: Callable[[], object]) -> None:
        super().__init__()
        self.page, self.desk, self.explain, self._cleared = page, desk, explain, cleared
        self.closed.connect(lambda: explain.setVisible(True))
        self.names: Sequence[str] = ()

    def refresh(self) -> None:
        """Look which there are."""
        self.desk.tasks.read("old-copies", self.desk.services.erasures.old_copies, self._show, owner=self)

    def ask(self) -> None:
        """List them; then, when the person agrees, clear them off the GUI thread."""
        dialog = ClearDialog(self.page, self.names)
        dialog.agreed.connect(self.clear)
        dialog.open()

    def clear(self) -> None:
        """Make a new backup and delete the old copies."""
        service = self.desk.services.erasures
        self.desk.write(lambda _: service.clear_copies(), self._done, title="正在清除旧备份", owner=self)

    def _show(self, found: OldCopies) -> None:
        self.names = found.names
        self.explain.setVisible(not found.names)
        if not found.names:
            self.hide()
            return
        what = f"有 {len(found.names):,} 份旧备份还含有已依法删除的内容"
        self.say(Message("look", what), (("清除旧备份…", self.ask),))

    def _done(self, cleared: OldCopies) -> None:
        self.desk.say(f"已做一份新备份，清除了 {len(cleared.names):,} 份旧的")
        self._cleared()
