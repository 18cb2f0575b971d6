"""收件箱 (county): what lies on a stick, verified and named; merging; requests for certificates; receipts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QTabWidget, QVBoxLayout

from jzdesk.core.errors import UserError
from jzdesk.ui import theme, widgets
from jzdesk.ui.desk import Changes, Desk
from jzdesk.ui.dialogs.effects import EffectsDialog
from jzdesk.ui.errors_shown import Message
from jzdesk.ui.page import Page
from jzdesk.ui.pages.figures import Figure
from jzdesk.ui.pages.files import FileDrop, StickPick, tell
from jzdesk.ui.pages.inbox_packages import PackagesView
from jzdesk.ui.pages.inbox_requests import RequestsView
from jzdesk.ui.tasks import Progress, Task

if TYPE_CHECKING:
    from jzdesk.services.arrivals import InboxLine
    from jzdesk.services.bundle import Services
    from jzdesk.services.county import RequestLine
    from jzdesk.services.merging_preview import Preview
    from jzdesk.services.verdicts import MergeOutcome

PACKAGES, REQUESTS = 0, 1
PACKAGE_SUFFIX, REQUEST_SUFFIX = ".jzp", ".jzr"


@dataclass(frozen=True, slots=True)
class Found:
    """What lies in the chosen places; `fingerprint` is the county's own."""

    packages: list[InboxLine]
    requests: list[RequestLine]
    fingerprint: str


def look(services: Services, paths: Sequence[Path], progress: Progress) -> Found:
    """Verify the packages and read the requests in these files and folders; stops between packages."""
    folders = [path for path in paths if path.is_dir()]
    files = [path for path in paths if path.is_file()]
    wanted = [*folders, *(path for path in files if path.suffix != REQUEST_SUFFIX)]
    packages = services.merging.inbox(wanted, tell(progress), progress.cancelled)
    asked = {path for path in files if path.suffix == REQUEST_SUFFIX}
    around = [*folders, *{path.parent for path in asked}]
    requests = [
        line
        for folder in around
        for line in services.county.requests(folder)
        if folder in folders or line.path in asked
    ]
    return Found(packages, requests, services.exchange.fingerprint())


class InboxPage(Page):
    """Choose the stick (or drop packages), see what each is, merge, answer."""

    title, icon, entities = "收件箱", "inbox", frozenset({"school"})
    hints = "回车 预览　Ctrl+S 全部并入　F3 选择文件夹　F5 再看一次"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.paths: list[Path] = []
        self._task: Task[list[MergeOutcome]] | None = None
        self._looking: Task[Found] | None = None
        chosen = widgets.Elided()
        theme.mark(chosen, tone="muted")
        buttons = self.heading(chosen)
        self.answer_button = widgets.button("写回执", self.write_receipts, icon="export")
        self.preview_button = widgets.button(
            "预览", self.preview, icon="search", tip="回车：看这个包会改动什么，不写入"
        )
        self.merge_button = widgets.button("并入 (Ctrl+S)", self.merge, icon="merge", role="primary")
        buttons.addWidget(self.answer_button)
        buttons.addWidget(self.preview_button)
        buttons.addWidget(self.merge_button)
        self.sticks = StickPick(desk, lambda: widgets.pick_folder(self, "选择 U 盘或放数据包的文件夹"), chosen)
        self.sticks.chosen.connect(lambda folder: self.take([folder]))
        self.sticks.gone.connect(self._gone)
        self.banner = widgets.Banner()
        self.packages = PackagesView()
        self.packages.table.chosen.connect(lambda _: self._allow())
        self.packages.table.opened.connect(lambda _: self.preview())
        self.requests = RequestsView(self.issue)
        self._build()
        self._allow()

    def arrive(self, hint: str = "") -> None:
        """Look again at what lies there."""
        self.refresh()

    def refresh(self) -> None:
        """F5: verify again what lies in the chosen places; what was being verified before is given up."""
        if self._looking is not None:
            self._looking.progress.cancel()
        services, paths = self.desk.services, list(self.paths)
        task = self.desk.tasks.study(partial(look, services, paths), title="正在逐个核验数据包", owner=self)
        task.done = partial(self._looked, task)
        self._looking = task

    def _looked(self, task: Task[Found], found: Found) -> None:
        """Show what was found, unless other places are being looked into by now."""
        if task is not self._looking:
            return
        self._looking = None
        self._show(found)
        if task.progress.cancelled():
            what = f"已停止核验：核验了 {len(found.packages):,} 个，其余没有看。"
            self.banner.say(Message("look", what, "按 F5 再从头核验；现在并入只会并入列出的这些。"))

    def seek(self) -> None:
        """F3: choose a folder."""
        self.sticks.ask()

    def save(self) -> None:
        """Ctrl+S: merge."""
        self.merge()

    def take(self, paths: Sequence[Path]) -> None:
        """Look into these files and folders."""
        self.paths = list(paths)
        self.banner.dismiss()
        self.packages.forget()
        self.sticks.show_chosen(self.paths)
        self.refresh()

    def _gone(self, folder: Path) -> None:
        """The stick was pulled out: nothing is read from it or written to it any more; what was done stays in view."""
        if self.paths == [folder]:
            self.paths, self.packages.waiting = [], []
            self._allow()

    def drop(self, paths: Sequence[Path]) -> None:
        """Files and folders from the desktop."""
        self.take(paths)

    def merge(self) -> None:
        """Take in every package; stopping waits for the package under way."""
        if self.merge_button.isEnabled():
            self._merge(self._package_paths())

    def preview(self) -> None:
        """Show what merging the package with the cursor would change."""
        line = self.packages.line_here()
        if line is None or line.path is None or not self.preview_button.isEnabled():
            return
        service, path = self.desk.services.previewing, line.path
        self.preview_button.setEnabled(False)
        self.desk.tasks.study(
            lambda progress: service.preview(path, progress),
            partial(self._previewed, path),
            title=f"正在预览{line.school}第 {line.number} 包",
            owner=self,
            always=self._allow,
        )

    def _previewed(self, path: Path, seen: Preview) -> None:
        counts = seen.counts
        explain = (
            f"{seen.school}第 {seen.number} 包，{seen.outcome_label}：共 {counts.entries_in:,} 条，"
            f"并入 {counts.applied:,}，以前已有 {counts.known:,}，待裁定 {counts.held:,}。"
            f"{seen.reason or ''}现在还没有写入任何内容。"
        )
        more = [Figure(f"待裁定：{reason}", f"{number:,}", "look") for reason, number in seen.held]
        if seen.cases:
            more.append(Figure("同一学生待核实", f"{seen.cases:,}", "look"))
        dialog = EffectsDialog(self, "并入前预览", explain, seen.effects, deed="并入这个包", more=more)
        dialog.agreed.connect(lambda _: self._merge([path], alone=True))
        dialog.open()

    def _merge(self, paths: Sequence[Path], *, alone: bool = False) -> None:
        service = self.desk.services.merging

        def job(progress: Progress) -> list[MergeOutcome]:
            return service.merge(paths, tell(progress), progress.cancelled)

        self.merge_button.setEnabled(False)
        self._task = self.desk.write(
            job,
            partial(self._merged, alone=alone),
            title="正在并入数据包",
            cancellable=True,
            owner=self,
            always=self._allow,
        )

    def issue(self, line: RequestLine) -> None:
        """Certify the station that asks, after the characters were compared by telephone."""
        what = f"给“{line.name}”（{line.code}）发证？"
        then = f"请先打电话与学校逐字核对校验字：{line.fingerprint}。核对一致才发证；证书会写到申请所在的位置。"
        if widgets.confirm(self, what, then, "已核对一致，发证"):
            self.issue_to(line, line.path.parent)

    def issue_to(self, line: RequestLine, folder: Path) -> None:
        """Write the certificate with the county's standards into the folder."""
        job = partial(self.desk.services.county.issue, line.path, folder)
        self.desk.write(lambda _: job(), partial(self._issued, line), title="正在发证", owner=self)

    def write_receipts(self) -> None:
        """One receipt for every station that has sent something, onto the stick."""
        folder = self._folder()
        if folder is None:
            self.desk.present(UserError("还没有选回执写到哪里", "请插好 U 盘后点选它，或按“选择文件夹”。"))
            return
        job = partial(self.desk.services.county.write_receipts, folder)
        self.desk.write(lambda _: job(), self._answered, title="正在写回执", owner=self)

    def _heard(self, changes: Changes) -> None:
        """Merging says itself what happened; a school that was learned makes a request known."""
        if self.entities & changes.entities and self._task is None:
            super()._heard(changes)

    def _build(self) -> None:
        source = FileDrop()
        source.dropped.connect(self.drop)
        card = widgets.Card(space=0.4)
        card.body.addWidget(self.sticks)
        inside = QVBoxLayout(source)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(theme.gap())
        inside.addWidget(card)
        inside.addWidget(self.banner)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.setMinimumSize(theme.em(30), theme.em(12))
        self.tabs.addTab(self.packages, "数据包")
        self.tabs.addTab(self.requests, "申请证书")
        inside.addWidget(self.tabs, 1)
        self.body.addWidget(source, 1)

    def _folder(self) -> Path | None:
        """Where answers are written: the chosen folder, or that of the files that were dropped."""
        places = [path if path.is_dir() else path.parent for path in self.paths]
        return places[0] if places else None

    def _package_paths(self) -> list[Path]:
        return [line.path for line in self.packages.waiting]

    def _show(self, found: Found) -> None:
        self.packages.show_waiting(found.packages, chosen=bool(self.paths))
        self.requests.show_requests(found.requests, found.fingerprint)
        count, asked = len(found.packages), len(found.requests)
        self.tabs.setTabText(PACKAGES, f"数据包（{count:,}）" if count else "数据包")
        self.tabs.setTabText(REQUESTS, f"申请证书（{asked:,}）" if asked else "申请证书")
        if asked and not count:
            self.tabs.setCurrentIndex(REQUESTS)
        self._allow()

    def _allow(self) -> None:
        self.merge_button.setEnabled(bool(self.packages.waiting))
        self.answer_button.setEnabled(bool(self.paths))
        line = self.packages.line_here()
        self.preview_button.setEnabled(line is not None and line.path is not None)

    def _merged(self, outcomes: list[MergeOutcome], *, alone: bool = False) -> None:
        stopped = self._task is not None and self._task.progress.cancelled()
        self._task = None
        if alone and len(self.packages.waiting) > 1:
            self.packages.show_rest(outcomes)
        else:
            self.packages.show_outcomes(outcomes)
        self.tabs.setCurrentIndex(PACKAGES)
        self.banner.say(merge_message(outcomes, len(self.packages.waiting), stopped=stopped, alone=alone))
        self._allow()

    def _issued(self, line: RequestLine, path: Path) -> None:
        what = f"“{line.name}”的证书已写好并读回核对：{path.name}"
        self.banner.say(Message("good", what, "县里的资助标准也在里面。请学校带回后在“数据交换”里装入。"))

    def _answered(self, written: list[Path]) -> None:
        if not written:
            self.banner.say(Message("look", "还没有学校送来过数据，没有回执可写。", "请先并入学校的数据包。"))
            return
        what = f"已写好 {len(written):,} 份回执，并已读回核对，可以拔出 U 盘了。"
        self.banner.say(Message("good", what, "每所学校只能打开给自己的那一份。"))


def merge_message(outcomes: Sequence[MergeOutcome], left: int, *, stopped: bool, alone: bool = False) -> Message:
    """What a merge led to, in one banner; `left` packages were not reached. One that was merged `alone` is told of."""
    wrong = sum(one.outcome == "rejected" for one in outcomes)
    decide = sum(one.outcome in ("held", "fork") for one in outcomes)
    lacking = sum(one.outcome == "parked" for one in outcomes)
    applied = sum(one.counts.applied for one in outcomes)
    what = f"处理了 {len(outcomes):,} 个数据包，并入 {applied:,} 条记录。"
    if alone and len(outcomes) == 1:
        (one,) = outcomes
        what = f"{one.school or one.package}：{one.outcome_label}，并入 {applied:,} 条记录。{one.reason or ''}"
    told = (
        (left, f"还有 {left:,} 个没有动，按 Ctrl+S 接着并入。"),
        (wrong, f"有 {wrong:,} 个没有接收，下表写明原因和办法。"),
        (decide, f"有 {decide:,} 个要裁定，请到“合并结果”的“待裁定的记录”。"),
        (lacking, f"有 {lacking:,} 个缺前面的包，缺的到了自动并入。"),
    )
    remedy = "".join(words for count, words in told if count)
    tone = "wrong" if wrong else "look" if decide or lacking or stopped else "good"
    return Message(tone, f"已停止：{what}" if stopped else what, remedy or "现在可以写回执，让学校知道哪些已收到。")
