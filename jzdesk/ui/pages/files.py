"""Where files come from and go to: sticks that are present, folders, files dropped from the desktop, saved copies."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QDragEnterEvent, QDropEvent, QHideEvent, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from jzdesk.core.errors import StationFault, UserError
from jzdesk.ui import theme, widgets
from jzdesk.ui.desk import Desk
from jzdesk.ui.flow import Flow
from jzdesk.ui.tasks import Cancelled, Progress

if TYPE_CHECKING:
    from jzdesk.services.exchange import Stick

LOOK_AGAIN_MS = 3000


class FileDrop(QWidget):
    """A widget onto which files and folders can be dropped from the desktop."""

    dropped = Signal(list)

    def __init__(self) -> None:
        super().__init__()
        self.setAcceptDrops(True)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Only files are taken."""
        if paths_of(event):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Files were let go here."""
        if paths := paths_of(event):
            event.acceptProposedAction()
            self.dropped.emit(paths)


def paths_of(event: QDropEvent) -> list[Path]:
    """The local files and folders that are being dragged."""
    return [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]


class StickPick(QWidget):
    """The sticks that are present, as buttons, and one button for any folder; `chosen(Path)` when one is taken.

    Looks again every few seconds while it is seen, off the GUI thread: a dying stick may not answer for a while. A
    stick that was taken and is pulled out is `gone(Path)`, and taken again once it is back: the folder where it was
    may still be there, on the disk of the computer.
    """

    chosen = Signal(object)
    gone = Signal(object)

    def __init__(self, desk: Desk, pick: Callable[[], Path | None], aside: widgets.Elided | None = None) -> None:
        """`aside` says what was chosen, instead of what it says now, where the page has another place for that."""
        super().__init__()
        self._aside, self._usual = aside, aside.whole() if aside is not None else ""
        self._desk, self._pick = desk, pick
        self.folder: Path | None = None
        self._sticks: list[Stick] | None = None
        self._pulled: Path | None = None
        self._words = widgets.label(tone="muted", wrap=True)
        self._flow = Flow()
        inside = QVBoxLayout(self)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(theme.em(0.4))
        inside.addWidget(widgets.holder(self._flow))
        inside.addWidget(self._words)
        self._timer = QTimer(self, interval=LOOK_AGAIN_MS)
        self._timer.timeout.connect(self.look)
        self._show([])

    def look(self) -> None:
        """See which sticks are present."""
        self._desk.tasks.read(f"sticks:{id(self)}", self._desk.services.exchange.sticks, self._show, owner=self)

    def take(self, folder: Path) -> None:
        """Use this folder or stick."""
        self.folder, self._pulled = folder, None
        self._say()
        self._tidy(folder)
        self.chosen.emit(folder)

    def _tidy(self, folder: Path) -> None:
        """Rid the stick of what a killed export of ours left on it, and say so."""
        job = partial(self._desk.services.exchange.tidy, folder)
        self._desk.tasks.read(f"tidy:{id(self)}", job, self._tidied, owner=self)

    def _tidied(self, names: Sequence[str]) -> None:
        if names:
            self._desk.say(f"U 盘上有先前中断的导出留下的 {len(names):,} 个未写完的文件，已清除")

    def show_chosen(self, paths: Sequence[Path]) -> None:
        """Say what was chosen elsewhere, e.g. dropped onto the page; one folder is used from now on."""
        self.folder = paths[0] if len(paths) == 1 and paths[0].is_dir() else None
        if self.folder is not None:
            self._say()
        else:
            self._tell(f"已选 {len(paths):,} 个文件：{'、'.join(path.name for path in paths[:3])}", chosen=True)

    def ask(self) -> None:
        """Let the person choose any folder."""
        if (folder := self._pick()) is not None:
            self.take(folder)

    def showEvent(self, event: QShowEvent) -> None:
        """Look now, and again from time to time."""
        super().showEvent(event)
        self.look()
        self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody is looking."""
        super().hideEvent(event)
        self._timer.stop()

    def _show(self, sticks: list[Stick]) -> None:
        if sticks == self._sticks:
            return
        before, now = {one.path for one in self._sticks or ()}, {one.path for one in sticks}
        self._sticks = sticks
        widgets.clear(self._flow)
        for stick in sticks:
            text = f"{stick.label}（可用 {size_text(stick.free)}）"
            self._flow.addWidget(widgets.button(text, partial(self.take, stick.path), icon="stick"))
        self._flow.addWidget(widgets.button("选择文件夹…", self.ask, icon="folder"))
        if _lies_on(self.folder, before - now):
            self.folder, self._pulled = None, self.folder
            self.gone.emit(self._pulled)
        elif self.folder is None and (back := self._returned(sticks)) is not None:
            self.take(back)
        self._say()

    def _returned(self, sticks: Sequence[Stick]) -> Path | None:
        """What to use now that these are present: what was pulled out, or the only one."""
        if _lies_on(self._pulled, {one.path for one in sticks}):
            return self._pulled
        return sticks[0].path if len(sticks) == 1 else None

    def _say(self) -> None:
        if self.folder is not None:
            self._tell(f"已选：{self.folder}", chosen=True)
        elif self._pulled is not None:
            self._tell("选中的 U 盘已经拔出。插好后会自动选中；也可以另选。")
        elif self._sticks:
            self._tell("插着不止一个 U 盘，请点选其中一个。")
        else:
            self._tell("没有发现 U 盘。插好后会自动出现；也可以选择任意文件夹。")

    def _tell(self, words: str, *, chosen: bool = False) -> None:
        """Beneath the buttons; what was chosen aside, where there is a place."""
        aside = self._aside if chosen else None
        if self._aside is not None:
            self._aside.put(words if aside else self._usual)
        self._words.setText("" if aside else words)
        self._words.setVisible(aside is None)


def _lies_on(folder: Path | None, sticks: Collection[Path]) -> bool:
    return folder is not None and any(stick in (folder, *folder.parents) for stick in sticks)


def size_text(octets: int) -> str:
    """A size for people: 3.2 GB."""
    amount = float(octets)
    for unit in ("B", "KB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit in ("B", "KB") else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} TB"


def tell(progress: Progress) -> Callable[[int, int], None]:
    """`progress` for a service that is stopped by its own `cancel`: reports, and never raises half way."""

    def report(done: int, total: int) -> None:
        with suppress(Cancelled):
            progress(done, total)

    return report


def open_file(desk: Desk, path: Path) -> None:
    """Open a file with the program that the desktop has for it; says so when there is none."""
    if not path.exists():
        desk.present(UserError(f"“{path.name}”已不在原来的位置", "请重新导入一次，会再写出这份副本。"))
    elif not QDesktopServices.openUrl(QUrl.fromLocalFile(str(path))):
        remedy = "请用“另存副本”保存后，用 Excel 或 WPS 打开。"
        desk.present(UserError(f"这台电脑上没有能打开“{path.name}”的程序", remedy))


def save_copy(desk: Desk, source: Path, target: Path) -> None:
    """Copy a file of ours to where the person wants it; runs on a worker."""

    def job(_: Progress) -> None:
        try:
            shutil.copyfile(source, target)
        except OSError as fault:
            raise StationFault(
                f"“{target.name}”没有保存成功（{fault.strerror or fault}）",
                "台账数据没有变动",
                "请换一个位置，或检查磁盘和 U 盘后再试。",
            ) from fault

    desk.write(job, lambda _: desk.say(f"已保存 {target.name}"), title="正在保存")
