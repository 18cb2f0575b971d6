"""收件箱 (county): what lies on a stick, verified and named; merging; requests for certificates; receipts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from jzdesk.core.errors import UserError
from jzdesk.ui import theme, widgets
from jzdesk.ui.desk import Changes, Desk
from jzdesk.ui.dialogs.effects import EffectsDialog
from jzdesk.ui.errors_shown import Message
from jzdesk.ui.ledger.model import Column
from jzdesk.ui.page import Page
from jzdesk.ui.pages.figures import Figure, Figures
from jzdesk.ui.pages.files import FileDrop, StickPick, tell
from jzdesk.ui.pages.listing import Listing, ListingOrEmpty
from jzdesk.ui.pages.merge_log import OUTCOME_TONES, balance
from jzdesk.ui.tasks import Progress, Task

if TYPE_CHECKING:
    from jzdesk.services.bundle import Services
    from jzdesk.services.county import RequestLine
    from jzdesk.services.merging import InboxLine, MergeOutcome
    from jzdesk.services.merging_preview import Preview
    from jzdesk.services.package_log import EntryCounts

PACKAGES, REQUESTS = 0, 1
_SETTLED = frozenset({"以前已并入", "以前已撤回"})
_COUNTS = frozenset({"applied", "known", "held", "rejected"})
PACKAGE_SUFFIX, REQUEST_SUFFIX = ".jzp", ".jzr"


@dataclass(frozen=True, slots=True)
class Found:
    """What lies in the chosen places; `fingerprint` is the county's own."""

    packages: list[InboxLine]
    requests: list[RequestLine]
    fingerprint: str


@dataclass(frozen=True, slots=True)
class PackageLine:
    """One package in the table, before merging (`counts` None) or after."""

    file: str
    school: str
    number: str
    entries: int
    state: str
    tone: str
    sentence: str
    counts: EntryCounts | None = None
    path: Path | None = None


def look(services: Services, paths: Sequence[Path]) -> Found:
    """Verify the packages and read the requests in these files and folders."""
    folders = [path for path in paths if path.is_dir()]
    files = [path for path in paths if path.is_file()]
    packages = services.merging.inbox([*folders, *(path for path in files if path.suffix != REQUEST_SUFFIX)])
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
        buttons = self.heading()
        self.answer_button = widgets.button("写回执", self.write_receipts, icon="export")
        self.preview_button = widgets.button(
            "预览", self.preview, icon="search", tip="回车：看这个包会改动什么，不写入"
        )
        self.merge_button = widgets.button("并入 (Ctrl+S)", self.merge, icon="merge", role="primary")
        buttons.addWidget(self.answer_button)
        buttons.addWidget(self.preview_button)
        buttons.addWidget(self.merge_button)
        self.sticks = StickPick(desk, lambda: widgets.pick_folder(self, "选择 U 盘或放数据包的文件夹"))
        self.sticks.chosen.connect(lambda folder: self.take([folder]))
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
        """F5: verify again what lies in the chosen places."""
        services, paths = self.desk.services, list(self.paths)
        self.desk.tasks.read("inbox", lambda: look(services, paths), self._show, owner=self)

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
        self.desk.write(
            lambda progress: service.preview(path, progress),
            partial(self._previewed, path),
            title=f"正在预览{line.school}第 {line.number} 包",
            cancellable=True,
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
        dialog.agreed.connect(lambda _: self._merge([path]))
        dialog.open()

    def _merge(self, paths: Sequence[Path]) -> None:
        service = self.desk.services.merging

        def job(progress: Progress) -> list[MergeOutcome]:
            return service.merge(paths, tell(progress), progress.cancelled)

        self.merge_button.setEnabled(False)
        self._task = self.desk.write(
            job, self._merged, title="正在并入数据包", cancellable=True, owner=self, always=self._allow
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

    def _merged(self, outcomes: list[MergeOutcome]) -> None:
        stopped = self._task is not None and self._task.progress.cancelled()
        waiting = len(self.packages.waiting)
        self._task = None
        self.packages.show_outcomes(outcomes)
        self.tabs.setCurrentIndex(PACKAGES)
        self.banner.say(merge_message(outcomes, waiting, stopped=stopped))
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


def merge_message(outcomes: Sequence[MergeOutcome], waiting: int, *, stopped: bool) -> Message:
    """What a merge led to, in one banner."""
    wrong = sum(one.outcome in ("rejected", "fork") for one in outcomes)
    look_at = sum(one.outcome in ("held", "parked") for one in outcomes)
    applied = sum(one.counts.applied for one in outcomes)
    what = f"处理了 {len(outcomes):,} 个数据包，并入 {applied:,} 条记录。"
    remedy = ""
    if stopped:
        what = f"已停止：{what}"
        remedy = f"共有 {waiting:,} 个，其余没有动，可以接着并入；已并入的不会重复。"
    if wrong:
        remedy += f"有 {wrong} 个没有接收，下表写明原因和办法。"
    if look_at:
        remedy += f"有 {look_at} 个要等补齐或裁定。"
    tone = "wrong" if wrong else "look" if look_at or stopped else "good"
    return Message(tone, what, remedy or "现在可以写回执，让学校知道哪些已收到。")


class PackagesView(QWidget):
    """The packages: before merging what each is, afterwards what became of it, with sums that balance."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: list[InboxLine] = []
        self.words = widgets.label(tone="muted", wrap=True)
        self.figures = Figures()
        self.table = Listing(
            (
                Column("school", "学校", 22),
                Column("number", "包号", 5, numeric=True),
                Column("state", "状态", 12, tone=lambda one: one.tone),
                Column("entries", "条数", 8, numeric=True, text=lambda one: f"{one.entries:,}"),
                Column("applied", "并入", 8, numeric=True, text=partial(_count, "applied")),
                Column("known", "以前已有", 8, numeric=True, text=partial(_count, "known")),
                Column("held", "待裁定", 7, numeric=True, text=partial(_count, "held")),
                Column("rejected", "未接收", 7, numeric=True, text=partial(_count, "rejected")),
                Column("sentence", "说明", 44),
                Column("file", "文件", 46),
            ),
            key=None,
        )
        hint = "插上学校带来的 U 盘，或把数据包拖到这里；先逐个核验，再由您决定并入。"
        self.middle = ListingOrEmpty(self.table, widgets.Empty("inbox", "还没有要并入的数据包", hint))
        inside = widgets.column(self.words, self.figures, self.middle)
        inside.setStretch(2, 1)
        inside.setContentsMargins(0, theme.em(0.6), 0, 0)
        self.setLayout(inside)
        self.figures.hide()

    def show_waiting(self, lines: Sequence[InboxLine], *, chosen: bool) -> None:
        """Show packages that were verified; after merging and looking again the outcome stays until others come."""
        fresh = [line for line in lines if line.state not in _SETTLED]
        if not fresh and self.figures.isVisible():
            return
        self.waiting = list(lines)
        self.figures.hide()
        self.middle.put_rows([_waiting_line(line) for line in lines])
        if lines and self.table.uid() is None:
            self.table.selectRow(0)
        self._show_counts(shown=False)
        refused = sum(line.sentence is not None for line in lines)
        if not lines:
            self.words.setText("选中的位置没有数据包（文件名以 .jzp 结尾）。" if chosen else "")
        else:
            bad = f"，其中 {refused} 个不能接收，原因见“说明”" if refused else ""
            self.words.setText(f"有 {len(lines):,} 个数据包，已逐个核验{bad}。确认后按“并入”。")
        self.words.setVisible(bool(self.words.text()))

    def _show_counts(self, *, shown: bool) -> None:
        """What the entries became is known only afterwards."""
        for number, column in enumerate(self.table.records().columns):
            if column.name in _COUNTS:
                self.table.setColumnHidden(number, not shown)

    def line_here(self) -> PackageLine | None:
        """The package with the cursor."""
        line: PackageLine | None = self.table.row_here()
        return line

    def forget(self) -> None:
        """Other places are being looked into."""
        self.waiting = []
        self.figures.hide()
        self.words.setText("正在逐个核验……")
        self.words.show()

    def show_outcomes(self, outcomes: Sequence[MergeOutcome]) -> None:
        """Show what became of them."""
        numbers = {line.path.name: line.number for line in self.waiting}
        self.waiting = []
        self.middle.put_rows([_outcome_line(one, numbers.get(one.package)) for one in outcomes])
        self._show_counts(shown=True)
        self.figures.put(balance([one.counts for one in outcomes]), total_first=True)
        self.figures.show()
        self.words.hide()


def _count(name: str, line: PackageLine) -> str:
    return "" if line.counts is None else f"{getattr(line.counts, name):,}"


def _waiting_line(line: InboxLine) -> PackageLine:
    tone = "wrong" if line.sentence else "muted" if line.state in _SETTLED else "good"
    number = str(line.number) if line.number else ""
    path = None if line.sentence else line.path
    return PackageLine(
        line.path.name, line.school, number, line.entries, line.state, tone, line.sentence or "", path=path
    )


def _outcome_line(one: MergeOutcome, number: int | None) -> PackageLine:
    tone, counts = OUTCOME_TONES.get(one.outcome, ""), one.counts
    return PackageLine(
        one.package, one.school, str(number or ""), counts.entries_in, one.outcome_label, tone, one.reason or "", counts
    )


class RequestsView(QWidget):
    """Stations that ask for a certificate, each with the characters to compare by telephone."""

    def __init__(self, issue: Callable[[RequestLine], object]) -> None:
        super().__init__()
        self._issue = issue
        self.table = Listing(
            (
                Column("name", "学校", 24),
                Column("code", "学校标识码", 14),
                Column("fingerprint", "校验字", 13),
                Column("known", "在学校名单里", 12, text=_known, tone=lambda one: "" if one.known else "wrong"),
                Column("sentence", "说明", 50, text=_request_sentence),
            ),
            key=lambda one: str(one.path),
        )
        hint = "学校在“数据交换”里按“申请证书”，把申请文件放到 U 盘上带来，就会出现在这里。"
        self.middle = ListingOrEmpty(self.table, widgets.Empty("certificate", "没有证书申请", hint))
        self.mine = widgets.label(bold=True)
        self.deed = widgets.button("发证…（回车）", self.issue, icon="certificate", role="primary")
        foot = widgets.row(widgets.label("本县校验字（学校装证书时要核对）", tone="muted"), self.mine, None, self.deed)
        inside = widgets.column(self.middle, foot)
        inside.setStretch(0, 1)
        inside.setContentsMargins(0, theme.em(0.6), 0, 0)
        self.setLayout(inside)
        self.table.opened.connect(lambda _: self.issue())
        self.table.chosen.connect(lambda _: self._allow())

    def show_requests(self, lines: Sequence[RequestLine], fingerprint: str) -> None:
        """Show these."""
        self.middle.put_rows(lines)
        self.mine.setText(fingerprint)
        if lines and self.table.uid() is None:
            self.table.selectRow(0)
        self._allow()

    def issue(self) -> None:
        """Certify the one with the cursor."""
        line: RequestLine | None = self.table.row_here()
        if line is not None and self.deed.isEnabled():
            self._issue(line)

    def _allow(self) -> None:
        line: RequestLine | None = self.table.row_here()
        self.deed.setEnabled(line is not None and line.known and line.sentence is None)


def _known(line: RequestLine) -> str:
    return "是" if line.known else "" if line.sentence else "否"


def _request_sentence(line: RequestLine) -> str:
    if line.sentence:
        return line.sentence
    return "" if line.known else "不在本县学校名单里。请先在“学校与证书”里补上这所学校。"
