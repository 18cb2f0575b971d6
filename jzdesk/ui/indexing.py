"""After a large write brings the search index up to date, part by part, before somebody searches."""

from __future__ import annotations

from PySide6.QtCore import QObject, Slot

from jzdesk.ui.desk import Changes, Desk

_LARGE = 900  # records; what a smaller write touches is indexed with it
_PART = 4000  # records; what a person saves meanwhile waits for one part at most


class Indexing(QObject):
    """Listens for as long as the window is open; several large writes in a row make one errand."""

    def __init__(self, desk: Desk, parent: QObject) -> None:
        super().__init__(parent)
        self._desk, self._busy = desk, False
        desk.changed.connect(self._heard)

    @Slot(object)
    def _heard(self, changes: Changes) -> None:
        if len(changes.uids) > _LARGE and not self._busy:
            self._busy = True
            self._go_on(_PART)

    def _go_on(self, done: int) -> None:
        if not done:
            self._busy = False
            return
        index = self._desk.services.index_some
        self._desk.write(lambda _: index(_PART), self._go_on, self._gave_up, title="正在整理检索索引", owner=self)

    def _gave_up(self, _: Exception) -> bool:
        """The error is shown as any other; the next search or the next large write tries again."""
        self._busy = False
        return False
