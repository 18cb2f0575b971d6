"""乡镇转交: take the schools' files in, carry them to the county and back; who reports; what the packages say."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QTabWidget, QWidget

from jzdesk.core.errors import StationFault, UserError
from jzdesk.ui import theme, widgets
from jzdesk.ui.desk import Changes, Desk
from jzdesk.ui.errors_shown import Message, message_of
from jzdesk.ui.ledger.model import Column
from jzdesk.ui.page import Page
from jzdesk.ui.pages.figures import Figure, Figures
from jzdesk.ui.pages.files import FileDrop, StickPick, tell
from jzdesk.ui.pages.listing import Listing, ListingOrEmpty
from jzdesk.ui.pages.reports import ReportsView
from jzdesk.ui.pages.township_schools import SchoolsView
from jzdesk.ui.tasks import Progress, Task

if TYPE_CHECKING:
    from jzdesk.services.carried import CarriedLine
    from jzdesk.services.forwarding import Forwarded, Taken

CARRY, REPORTS, SCHOOLS = 0, 1, 2
_TONES = {
    "waiting": "look", "sent": "", "answered": "good", "within": "good", "refused": "wrong", "delivered": "good",
}  # fmt: skip


class TownshipPage(Page):
    """Three tabs: the files that are carried, who has not reported, and what the schools' packages say."""

    title, icon = "乡镇转交", "township"
    hints = "Ctrl+N 收下　Ctrl+S 送县里　F3 选择文件夹　F5 刷新"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._task: Task[list[Taken]] | None = None
        chosen = widgets.Elided("收下、转交、带回，文件不改一字")
        theme.mark(chosen, tone="muted")
        buttons = self.heading(chosen)
        self.take_button = widgets.button("收下 (Ctrl+N)", self.new, icon="inbox")
        self.back_button = widgets.button("带给学校", self.deliver, icon="back", tip="把县里的回执写上 U 盘")
        self.send_button = widgets.button("送县里 (Ctrl+S)", self.save, icon="forward", role="primary")
        for button in (self.take_button, self.back_button, self.send_button):
            buttons.addWidget(button)
        self.sticks = StickPick(desk, lambda: widgets.pick_folder(self, "选择 U 盘或文件夹"), chosen)
        self.sticks.chosen.connect(lambda _: self._allow())
        self.sticks.gone.connect(lambda _: self._allow())
        self.banner = widgets.Banner()
        self.carried = CarriedView()
        self.reports, self.schools = ReportsView(desk, low=True), SchoolsView(desk)
        self._build()
        self._allow()

    def arrive(self, hint: str = "") -> None:
        """Look again; `reports` opens that tab."""
        if hint == "reports":
            self.tabs.setCurrentIndex(REPORTS)
        self.refresh()

    def refresh(self) -> None:
        """Read everything again."""
        self.sticks.look()
        self.desk.tasks.read("township", self.desk.services.township.log, self.carried.show_log, owner=self)
        self.reports.refresh()
        self.schools.refresh()

    def seek(self) -> None:
        """F3: choose a folder."""
        self.sticks.ask()

    def new(self) -> None:
        """Ctrl+N: take in what lies on the stick."""
        if (folder := self._folder()) is not None:
            self.take([folder])

    def save(self) -> None:
        """Ctrl+S: everything for the county onto the stick."""
        if (folder := self._folder()) is not None:
            job = partial(self.desk.services.township.forward, folder)
            self._write(job, partial(self._written, True), "正在写送县里的数据")

    def deliver(self) -> None:
        """The county's answers for the schools onto the stick."""
        if (folder := self._folder()) is not None:
            job = partial(self.desk.services.township.deliver, folder, None)
            self._write(job, partial(self._written, False), "正在写给学校的回执")

    def take(self, paths: Sequence[Path]) -> None:
        """Take in these files and folders; stopping waits for the file under way."""
        service = self.desk.services.township

        def job(progress: Progress) -> list[Taken]:
            return service.take(paths, tell(progress), progress.cancelled)

        self._task = self.desk.write(
            job, self._taken, self._failed, title="正在收下各校的数据", cancellable=True, owner=self
        )

    def _write(self, job: partial[Forwarded], done: partial[None], title: str) -> None:
        self.banner.say(Message("calm", "正在写 U 盘，请不要拔出。", "写完后还要读回核对，好了会在这里告诉您。"))
        self.desk.write(lambda progress: job(progress=progress), done, self._failed, title=title, cancellable=True,
                        owner=self, always=self._stopped)  # fmt: skip

    def _build(self) -> None:
        inside = FileDrop()
        inside.dropped.connect(self.take)
        card = widgets.Card(space=0.4)
        card.body.addWidget(self.sticks)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.setMinimumSize(theme.em(30), theme.em(12))
        for view, name in ((self.carried, "转交记录"), (self.reports, "上报情况"), (self.schools, "各校学生")):
            self.tabs.addTab(view, name)
        column = widgets.column(card, self.banner, self.tabs, space=0.75)
        column.setStretch(2, 1)
        inside.setLayout(column)
        self.body.addWidget(inside, 1)

    def _folder(self) -> Path | None:
        if self.sticks.folder is None:
            self.desk.present(UserError("还没有选 U 盘", "请插好 U 盘后点选它，或按“选择文件夹”。"))
        return self.sticks.folder

    def _allow(self) -> None:
        for button in (self.take_button, self.send_button, self.back_button):
            button.setEnabled(self.sticks.folder is not None)

    def _taken(self, taken: list[Taken]) -> None:
        self.tabs.setCurrentIndex(CARRY)
        stopped = self._task is not None and self._task.progress.cancelled()
        self.banner.say(taken_message(taken, stopped=stopped))
        self.refresh()

    def _written(self, up: bool, done: Forwarded) -> None:
        self.banner.say(written_message(done, up=up))
        self.refresh()

    def _failed(self, error: Exception) -> bool:
        """What the stick refused stands where the eyes are."""
        if not isinstance(error, UserError | StationFault):
            self.banner.dismiss()
            return False
        self.banner.say(message_of(error))
        return True

    def _stopped(self) -> None:
        if self.banner.text().startswith("正在写"):
            self.banner.say(Message("calm", "已停止。写完的文件都是完整的，没写完的已经清除。", "需要时再写一次。"))
            self.refresh()

    def _heard(self, changes: Changes) -> None:
        """Nothing that is typed here changes what is carried."""


class CarriedView(QWidget):
    """The log of files, newest first, with what still has to go where."""

    def __init__(self) -> None:
        super().__init__()
        self.figures = Figures(low=True)
        self.table = Listing(
            (
                Column("came", "收到", 16),
                Column("kind_label", "种类", 9),
                Column("name", "学校", 22),
                Column("number", "包号", 5, numeric=True, text=lambda one: str(one.number or "")),
                Column("entries", "条数", 7, numeric=True, text=_entries),
                Column("state", "状态", 30, text=lambda one: one.state_label, tone=lambda one: _TONES[one.state]),
                Column("sent", "写上 U 盘", 16),
                Column("note", "说明", 40, text=_note),
                Column("file", "文件", 46),
            ),
            key=None,
        )
        hint = "插上学校带来的 U 盘按“收下”：能看的记入“各校学生”，看不了的也原样转交。"
        self.middle = ListingOrEmpty(self.table, widgets.Empty("township", "还没有收过各校的数据", hint))
        inside = widgets.column(self.figures, self.middle)
        inside.setStretch(1, 1)
        inside.setContentsMargins(0, theme.em(0.6), 0, 0)
        self.setLayout(inside)

    def show_log(self, lines: Sequence[CarriedLine]) -> None:
        """Show it."""
        up = [line for line in lines if line.kind_label == "数据包"]
        down = [line for line in lines if line.kind_label != "数据包"]
        self.middle.put_rows(lines)
        self.figures.setVisible(bool(lines))
        self.figures.put(
            (
                _figure("待送县里", up, "waiting", "look"), _figure("已送，等回执", up, "sent", ""),
                _figure("县里已收", up, "answered within", "good"), _figure("县里未接收", up, "refused", "wrong"),
                _figure("待带给学校", down, "waiting", "look"),
            )
        )  # fmt: skip


def _figure(label: str, lines: Sequence[CarriedLine], states: str, tone: str) -> Figure:
    count = sum(line.state in states.split() for line in lines)
    return Figure(label, f"{count:,}", tone if count else "muted")


def _entries(line: CarriedLine) -> str:
    return f"{line.entries:,}" if line.kind_label == "数据包" and line.number else ""


def _note(line: CarriedLine) -> str:
    if line.kind_label != "数据包":
        return ""
    return "" if line.opened else f"未打开：{line.note}"


def taken_message(taken: Sequence[Taken], *, stopped: bool) -> Message:
    """What taking files in came to."""
    counts = {
        state: sum(one.state == state for one in taken) for state in ("read", "sealed", "down", "ours", "refused")
    }
    words = (("read", "份可查看的数据包"), ("sealed", "份未打开的数据包"), ("down", "份给学校的文件"))
    parts = [f"{counts[state]} {label}" for state, label in words if counts[state]]
    what = f"收下了{'、'.join(parts)}。" if parts else "没有新的文件。"
    what += "".join(one.sentence for one in taken if one.state == "ours")
    refused = "".join(f"{one.file}：{one.sentence}" for one in taken if one.state == "refused")
    if refused:
        return Message("wrong", f"{what}有 {counts['refused']} 份没有收下。", refused)
    if stopped:
        return Message("look", f"已停止：{what}", "再按一次“收下”就接着收，收过的不会重复。")
    return Message("good", what, "可以“送县里”了。" if parts else "")


def written_message(done: Forwarded, *, up: bool) -> Message:
    """What stands on the stick."""
    own = sum(one.entries for one in done.own)
    ours = f"本站 {own:,} 条改动，" if up else ""
    there = f"，另有 {len(done.there)} 个早就在 U 盘上" if done.there else ""
    files = f"{'各校数据包' if up else '给学校的文件'} {len(done.written)} 个{there}"
    what = f"可以拔出 U 盘了。已写入{ours}{files}，都已读回核对。"
    if done.missing:
        gone = f"有 {len(done.missing)} 个原件已不在本机，请学校重新导出：{'、'.join(done.missing)}"
        return Message("look", what, gone)
    return Message("good", what, "县里处理后，把回执带回来再“收下”。" if up else "学校在“数据交换”里读取。")
