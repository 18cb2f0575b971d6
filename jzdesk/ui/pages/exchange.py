"""数据交换 (school): certificate, export to the stick with read-back, receipts from the county."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QVBoxLayout, QWidget

from jzdesk.core.errors import StationFault, UserError
from jzdesk.ui import theme, widgets
from jzdesk.ui.desk import Changes, Desk
from jzdesk.ui.errors_shown import Message, message_of
from jzdesk.ui.flow import Flow
from jzdesk.ui.page import Page
from jzdesk.ui.pages.cautions import Cautions
from jzdesk.ui.pages.exchange_certificate import CertificateCard, TakeCertificate, certificate_figure
from jzdesk.ui.pages.exchange_receipts import ReceiptView, TakeSlip, place_of
from jzdesk.ui.pages.exchange_state import StationState, in_words, state_of
from jzdesk.ui.pages.figures import Figure, Figures
from jzdesk.ui.pages.files import FileDrop, StickPick
from jzdesk.ui.tasks import Progress, Task

if TYPE_CHECKING:
    from jzdesk.services.exchange import Exported, ReceiptOutcome
    from jzdesk.services.slips import Acknowledged
    from jzdesk.services.worklist import WorkItem

CERTIFICATES = "县里的证书文件 (*.jzc)"
RECEIPTS = "县里的回执文件 (*.jzh *.jzd *.jzs)"
SIDE_BY_SIDE = 60
_WRITING = "正在写 U 盘，请不要拔出。"


class ExchangePage(Page):
    """The three errands of a stick: certificate, export, receipt; and how far what was typed here has travelled."""

    title, icon, entities = "数据交换", "exchange", frozenset[str]()
    hints = "Ctrl+S 导出到 U 盘　回车 打开要改的一项　F5 刷新"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.state: StationState | None = None
        self._task: Task[list[Exported]] | None = None
        self._unveil = False
        self.heading(widgets.label("导出本校的改动，读取县里带回的回执和证书", tone="muted"))
        self.figures, self.cautions = Figures(), Cautions()
        self.words = widgets.label(wrap=True, tone="muted")
        self.sticks = StickPick(desk, lambda: widgets.pick_folder(self, "选择 U 盘或文件夹"))
        self.sticks.chosen.connect(lambda _: self._allow())
        self.sticks.gone.connect(lambda _: self._allow())
        self.result = widgets.Banner()
        self.receipts = ReceiptView()
        self.receipts.problems.opened.connect(lambda _: self.open_item())
        self.certificate = CertificateCard()
        self._build()

    def arrive(self, hint: str = "") -> None:
        """Look again each time; `work_list` goes to what the county asks for."""
        self._unveil = hint == "work_list"
        self.refresh()

    def refresh(self) -> None:
        """How the station stands."""
        self.sticks.look()
        services = self.desk.services
        self.desk.tasks.read("exchange", partial(state_of, services), self._show, owner=self)
        self.desk.tasks.read("work-list", lambda: services.work_list.items(), self._show_work, owner=self)

    def _show_work(self, items: list[WorkItem]) -> None:
        self.receipts.show_work(items)
        if self._unveil:  # somebody wants to see it, and it may lie far below
            self._unveil = False
            QTimer.singleShot(0, self, self._go_to_work)

    def _go_to_work(self) -> None:
        receipts, view = self.receipts, self._view
        last = receipts.about if receipts.about.isVisibleTo(self) else receipts.words
        view.ensureWidgetVisible(last, 0, theme.em(1))
        view.ensureWidgetVisible(receipts.words, 0, theme.em(1))
        if receipts.problems.isVisibleTo(self):
            receipts.problems.setFocus(Qt.FocusReason.OtherFocusReason)

    def open_item(self) -> None:
        """Enter on a line of the receipt: the record opens."""
        item: WorkItem | None = self.receipts.problems.row_here()
        if item is not None:
            self.desk.go(*place_of(item))

    def save(self) -> None:
        """Ctrl+S: export."""
        self.export()

    def export(self) -> None:
        """Write what the county has not acknowledged onto the stick; 可以拔出 only after it was read back."""
        folder = self._folder()
        if folder is None or not self.export_button.isEnabled():
            return
        self._busy(True)
        self.result.say(Message("calm", _WRITING, "写完后还要读回核对，好了会在这里告诉您。"))
        service = self.desk.services.exchange

        def job(progress: Progress) -> list[Exported]:
            return service.export(folder, progress)

        self._task = self.desk.write(
            job,
            self._exported,
            self._failed,
            title="正在导出到 U 盘",
            cancellable=True,
            owner=self,
            always=lambda: self._ended(self._task),
        )

    def request(self) -> None:
        """Write the request for a certificate onto the stick."""
        if (folder := self._folder()) is None:
            return
        job = partial(self.desk.services.exchange.request, folder)
        title = "正在写申请"
        self.desk.write(lambda _: job(), self._requested, self._failed, title=title, owner=self)

    def ask_certificate(self) -> None:
        """Choose the county's certificate file (that on the stick, when there is one) and take it in."""
        found = self._on_stick("*.jzc")
        path = found[0] if len(found) == 1 else widgets.pick_open(self, "装入县里的证书", CERTIFICATES)
        if path is not None:
            TakeCertificate(self, self.desk, path, self._taken).open()

    def read_receipts(self) -> None:
        """Read the receipts on the stick."""
        if (folder := self._folder()) is not None:
            self.read_paths([folder])

    def ask_receipts(self) -> None:
        """Choose receipt files and read them."""
        if paths := widgets.pick_opens(self, "读取回执", RECEIPTS):
            self.read_paths(paths)

    def ask_slip(self) -> None:
        """Scan or type the letters of a receipt on paper."""
        TakeSlip(self, self.desk, self._slip_taken).open()

    def _slip_taken(self, taken: Acknowledged) -> None:
        what = f"第 {taken.number} 号回执单已录入，县里又确认了 {taken.entries:,} 条改动。"
        self.result.say(Message("good", what, "县里的要求和资助标准仍随 U 盘回执带来。"))
        self.refresh()

    def read_paths(self, paths: Sequence[Path]) -> None:
        """Read these files and folders."""
        job = partial(self.desk.services.exchange.read_receipts, paths)
        self.desk.write(lambda _: job(), self._read, self._failed, title="正在读取回执", owner=self)

    def drop(self, paths: Sequence[Path]) -> None:
        """Files from the desktop: a certificate is taken in, receipts are read, a folder becomes the stick."""
        for path in paths:
            if path.is_dir():
                self.sticks.take(path)
            elif path.suffix == ".jzc":
                TakeCertificate(self, self.desk, path, self._taken).open()
        if receipts := [path for path in paths if path.suffix in (".jzh", ".jzd", ".jzs")]:
            self.read_paths(receipts)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Two halves side by side when there is room."""
        super().resizeEvent(event)
        wide = self.width() >= theme.em(SIDE_BY_SIDE)
        self._halves.setDirection(QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom)

    def _heard(self, changes: Changes) -> None:
        """Every change of a record is one more to export."""
        if self.isVisible():
            self.refresh()

    def _build(self) -> None:
        inside = FileDrop()
        inside.dropped.connect(self.drop)
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, theme.em(0.3), 0)
        column.setSpacing(theme.gap())
        standing = widgets.Card("本站状态")
        standing.body.addWidget(self.figures)
        standing.body.addWidget(self.cautions)
        standing.body.addWidget(self.words)
        column.addWidget(standing)
        self._halves = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._halves.setSpacing(theme.gap())
        left = widgets.column(self._export_card(), self.certificate, None, space=0.75)
        right = widgets.column(self._receipt_card(), space=0.75)
        self._halves.addLayout(left, 1)
        self._halves.addLayout(right, 1)
        column.addLayout(self._halves, 1)
        self.certificate.ask.clicked.connect(self.request)
        self.certificate.take.clicked.connect(self.ask_certificate)
        self._view = widgets.scrolled(inside)
        self.body.addWidget(self._view, 1)

    def _export_card(self) -> QWidget:
        card = widgets.Card("导出到 U 盘")
        self.export_button = widgets.button("导出到 U 盘 (Ctrl+S)", self.export, icon="stick", role="primary")
        self.explain = widgets.label(tone="muted", wrap=True)
        for part in (self.sticks, self.explain, self.result):
            card.body.addWidget(part)
        card.body.addLayout(widgets.row(self.export_button, None))
        return card

    def _receipt_card(self) -> QWidget:
        card = widgets.Card("县里的回执")
        buttons = Flow()
        self.read_button = widgets.button("读取 U 盘上的回执", self.read_receipts, icon="inbox")
        buttons.addWidget(self.read_button)
        buttons.addWidget(widgets.button("选择回执文件…", self.ask_receipts, icon="folder"))
        buttons.addWidget(widgets.button("录入回执单…", self.ask_slip, icon="edit"))
        card.body.addWidget(widgets.holder(buttons))
        card.body.addWidget(self.receipts, 1)
        return card

    def _folder(self) -> Path | None:
        if self.sticks.folder is None:
            self.desk.present(UserError("还没有选 U 盘", "请插好 U 盘后点选它，或按“选择文件夹”。"))
        return self.sticks.folder

    def _on_stick(self, pattern: str) -> list[Path]:
        folder, code = self.sticks.folder, self.desk.services.info.code
        try:
            return sorted(folder.glob(f"{code}_{pattern}")) if folder is not None else []
        except OSError:
            return []

    def _show(self, state: StationState) -> None:
        self.state = state
        pending = state.pending
        self.figures.put(
            (
                certificate_figure(state.enrolled),
                Figure("未导出的改动", f"{pending.unexported:,}", "look" if pending.unexported else "good"),
                Figure("县里未确认", f"{pending.unacknowledged:,}", "" if pending.unacknowledged else "good"),
                Figure("上次导出", (pending.last_export or "还没有")[:16], "" if pending.last_export else "muted"),
                Figure(
                    "上次回执", f"第 {pending.last_receipt} 号" if pending.last_receipt else "还没有",
                    "" if pending.last_receipt else "muted",
                ),
            )
        )  # fmt: skip
        self.certificate.show_state(state.enrolled)
        self.cautions.put(state.enrolled.cautions)
        self.words.setText("\n".join(in_words(pending)))
        self.words.setVisible(bool(self.words.text()))
        self._allow()

    def _allow(self) -> None:
        """Which deeds make sense now, and why not."""
        state = self.state
        ready = state is not None and state.certified
        self.export_button.setEnabled(ready and self.sticks.folder is not None)
        if not ready:
            self.explain.setText("还没有县里的证书：先在下面“申请证书”，县里发证后“装入证书”，才能导出。")
        elif state is not None and state.pending.unacknowledged == 0:
            self.explain.setText("县里已经确认了全部改动；再导出一次也不会重复。")
        else:
            self.explain.setText("会带上县里还没有确认的全部改动；重复带去也不会重复计算。")

    def _busy(self, busy: bool) -> None:
        self.export_button.setEnabled(not busy)
        if not busy:
            self._allow()

    def _exported(self, written: list[Exported]) -> None:
        entries = sum(one.entries for one in written)
        names = "、".join(one.path.name for one in written)
        what = f"可以拔出 U 盘了。已写入 {entries:,} 条改动，并已读回核对无误。"
        self.result.say(Message("good", what, f"文件：{names}"))
        self.desk.travelled()
        self.refresh()

    def _requested(self, path: Path) -> None:
        words = self.state.enrolled.fingerprint if self.state is not None else "见下方"
        remedy = f"送到县教育局后，请与县里在电话里核对本站的校验字：{words}"
        self.result.say(Message("good", f"可以拔出 U 盘了。证书申请已写入并读回核对：{path.name}", remedy))

    def _taken(self, fingerprint: str, compared: bool) -> None:
        if compared:
            self.result.say(Message("good", "证书已装入，县里的校验字与电话里说的一致。", "现在可以导出了。"))
        else:
            remedy = f"县里的校验字是 {fingerprint}。请打电话与县里核对；不一致时不要导出，并马上告诉县教育局。"
            self.result.say(Message("look", "证书已装入，但还没有核对县里的校验字。", remedy))
        self.refresh()

    def _read(self, outcomes: list[ReceiptOutcome]) -> None:
        self.receipts.show_outcomes(outcomes)
        self._unveil = True
        self.desk.travelled()
        self.refresh()

    def _failed(self, error: Exception) -> bool:
        """What the stick refused stands beside the button, not far away at the top."""
        if not isinstance(error, UserError | StationFault):
            self.result.dismiss()
            return False
        self.result.say(message_of(error))
        return True

    def _ended(self, task: Task[list[Exported]] | None) -> None:
        self._busy(False)
        if task is not None and task.progress.cancelled() and self.result.text().startswith(_WRITING):
            what = "已停止导出，没写完的文件已经清除。"
            self.result.say(Message("calm", what, "需要时再导出一次，不会漏，也不会重复。"))
