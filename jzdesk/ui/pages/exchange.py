"""数据交换 (school): certificate, export to the stick with read-back, receipts from the county."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from jzdesk.core.errors import StationFault, UserError
from jzdesk.ui import theme, widgets
from jzdesk.ui.desk import Changes, Desk
from jzdesk.ui.dialogs.base import Dialog
from jzdesk.ui.errors_shown import Message, message_of
from jzdesk.ui.inputs import LineEdit
from jzdesk.ui.ledger.model import Column
from jzdesk.ui.page import Page
from jzdesk.ui.pages.figures import Figure, Figures
from jzdesk.ui.pages.files import FileDrop, StickPick
from jzdesk.ui.pages.listing import Listing
from jzdesk.ui.tasks import Progress, Task

if TYPE_CHECKING:
    from jzdesk.services.bundle import Services
    from jzdesk.services.exchange import Exported, Pending, ReceiptOutcome
    from jzdesk.services.slips import Acknowledged
    from jzdesk.services.worklist import WorkItem

CERTIFICATES = "县里的证书文件 (*.jzc)"
RECEIPTS = "县里的回执文件 (*.jzh *.jzd)"
_OUTCOMES = {"read": "已读取", "old": "以前读过", "other": "不是给本站的", "refused": "不能使用"}
_TONES = {"read": "good", "old": "muted", "other": "muted", "refused": "wrong"}
SIDE_BY_SIDE = 60
_WRITING = "正在写 U 盘，请不要拔出。"


@dataclass(frozen=True, slots=True)
class StationState:
    """How the station stands: its certificate, its check characters and the county's, what has travelled."""

    county: str
    county_fingerprint: str
    expires: str
    fingerprint: str
    pending: Pending

    @property
    def certified(self) -> bool:
        """Whether a certificate was taken in."""
        return bool(self.expires)


def state_of(services: Services) -> StationState:
    """Read the state of a school's station."""
    from jzdesk.services import county, identity

    pending, mine = services.exchange.pending(), services.exchange.fingerprint()
    try:
        held = identity.signed_certificate(services.context).certificate
        card = identity.county_card(services.context)
    except UserError:
        return StationState("", "", "", mine, pending)
    theirs = county.fingerprint(card.signing, card.sealing)
    return StationState(card.county_name, theirs, held.expires.isoformat(), mine, pending)


class ExchangePage(Page):
    """The three errands of a stick: certificate, export, receipt; and how far what was typed here has travelled."""

    title, icon, entities = "数据交换", "exchange", frozenset[str]()
    hints = "Ctrl+S 导出到 U 盘　F5 刷新"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.state: StationState | None = None
        self._task: Task[list[Exported]] | None = None
        self.heading(widgets.label("导出本校的改动，读取县里带回的回执和证书", tone="muted"))
        self.figures = Figures()
        self.sticks = StickPick(desk, lambda: widgets.pick_folder(self, "选择 U 盘或文件夹"))
        self.sticks.chosen.connect(lambda _: self._allow())
        self.result = widgets.Banner()
        self.receipts = ReceiptView()
        self.receipts.problems.opened.connect(lambda _: self.open_item())
        self.certificate = CertificateCard()
        self._build()

    def arrive(self, hint: str = "") -> None:
        """Look again each time."""
        self.refresh()

    def refresh(self) -> None:
        """How the station stands."""
        self.sticks.look()
        services = self.desk.services
        self.desk.tasks.read("exchange", partial(state_of, services), self._show, owner=self)
        self.desk.tasks.read("work-list", lambda: services.work_list.items(), self.receipts.show_work, owner=self)

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
        if receipts := [path for path in paths if path.suffix in (".jzh", ".jzd")]:
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
        self.body.addWidget(widgets.scrolled(inside), 1)

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
        buttons = widgets.Flow()
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
                Figure("县级证书", "有效" if state.certified else "未登记", "good" if state.certified else "look"),
                Figure("未导出的改动", f"{pending.unexported:,}", "look" if pending.unexported else "good"),
                Figure("县里未确认", f"{pending.unacknowledged:,}", "" if pending.unacknowledged else "good"),
                Figure("上次导出", (pending.last_export or "还没有")[:16], "" if pending.last_export else "muted"),
                Figure(
                    "上次回执", f"第 {pending.last_receipt} 号" if pending.last_receipt else "还没有",
                    "" if pending.last_receipt else "muted",
                ),
            )
        )  # fmt: skip
        self.certificate.show_state(state)
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
        self.refresh()

    def _requested(self, path: Path) -> None:
        words = self.state.fingerprint if self.state is not None else "见下方"
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


class CertificateCard(widgets.Card):
    """The certificate: what stands in it, the check characters, how to get one."""

    def __init__(self) -> None:
        super().__init__("证书")
        self.words = widgets.label(wrap=True)
        self.mine = _characters()
        self.ask = widgets.button("申请证书", icon="certificate")
        self.take = widgets.button("装入证书…", icon="key")
        self.body.addWidget(self.words)
        self.body.addLayout(widgets.row(widgets.label("本站校验字"), self.mine, None))
        buttons = widgets.Flow()
        buttons.addWidget(self.ask)
        buttons.addWidget(self.take)
        self.body.addWidget(widgets.holder(buttons))

    def show_state(self, state: StationState) -> None:
        """Show it."""
        self.mine.setText(state.fingerprint)
        self.ask.setText("重新申请" if state.certified else "申请证书")
        if state.certified:
            self.words.setText(
                f"{state.county}发证，有效期至 {state.expires}。县里的校验字：{state.county_fingerprint}"
            )
        else:
            self.words.setText(
                "还没有证书。第一步：插 U 盘，按“申请证书”，送到县教育局；"
                "第二步：电话里与县里逐字核对下面的校验字；第三步：带回证书文件，按“装入证书”。"
            )


def _characters() -> QLabel:
    """Eight characters large enough to read out over the telephone."""
    made = widgets.label(size=1.5, bold=True)
    font = made.font()
    font.setLetterSpacing(font.SpacingType.PercentageSpacing, 112)
    made.setFont(font)
    made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return made


class TakeCertificate(Dialog):
    """Asks for the county's check characters as heard by telephone, then takes the certificate in."""

    def __init__(self, parent: ExchangePage, desk: Desk, path: Path, taken: Callable[[str, bool], object]) -> None:
        explain = (
            "请打电话问县教育局“本县校验字”，把八个字符填在下面；与文件里的不一样就不会装入。"
            "电话一时打不通可以留空，装入后再核对。"
        )
        super().__init__(parent, f"装入证书 {path.name}", explain)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.desk, self.path, self._taken = desk, path, taken
        self.field = LineEdit()
        self.field.setPlaceholderText("如 ABCD-2345")
        self.field.setMaxLength(20)
        self.body.addWidget(widgets.label("县里电话告知的校验字"))
        self.body.addWidget(self.field)
        self.add_button("取消 (Esc)", self.reject)
        self.deed = self.add_button("装入", self.take, role="primary")
        self.field.setFocus()

    def take(self) -> None:
        """Take it in; what is wrong is said in the dialog."""
        heard = self.field.text().strip()
        job = partial(self.desk.services.exchange.take_certificate, self.path, heard or None)
        self.deed.setEnabled(False)
        self.desk.write(
            lambda _: job(),
            partial(self._finish, bool(heard)),
            self._refused,
            title="正在装入证书",
            owner=self,
            always=lambda: self.deed.setEnabled(True),
        )

    def _finish(self, compared: bool, fingerprint: str) -> None:
        self._taken(fingerprint, compared)
        self.accept()

    def _refused(self, error: Exception) -> bool:
        message = message_of(error)
        self.wrong(message.what, message.remedy)
        if (layout := self.layout()) is not None:  # the sentence needs room of its own
            layout.activate()
            self.resize(self.width(), max(self.height(), layout.totalHeightForWidth(self.width())))
        return True


class TakeSlip(Dialog):
    """The letters of a receipt slip: scanned in one go, or typed line by line."""

    def __init__(self, parent: QWidget, desk: Desk, taken: Callable[[Acknowledged], object]) -> None:
        explain = "用扫码枪扫回执单上的二维码，或逐行输入右边的字母；不分大小写，空格和换行随意。"
        super().__init__(parent, "录入回执单", explain)
        self.desk, self._taken = desk, taken
        self.letters = QPlainTextEdit()
        self.letters.setTabChangesFocus(True)
        self.letters.setMinimumHeight(theme.em(10))
        self.body.addWidget(self.letters)
        self.add_button("取消", self.reject)
        self.add_button("录入", self.take, role="primary")
        self.letters.setFocus()

    def take(self) -> None:
        """Check the letters and believe them, off the GUI thread."""
        typed = self.letters.toPlainText()
        job = partial(self.desk.services.slips.take, typed)
        self.desk.write(lambda _: job(), self._done, self._refused, title="正在核对回执单", owner=self)

    def _done(self, taken: Acknowledged) -> None:
        self.accept()
        self._taken(taken)

    def _refused(self, error: Exception) -> bool:
        message = message_of(error)
        self.wrong(message.what, message.remedy)
        return True


class ReceiptView(QWidget):
    """What became of the receipts that were read, and what the county asks to be put right."""

    def __init__(self) -> None:
        super().__init__()
        self.table = Listing(
            (
                Column("outcome", "结果", 10, text=_outcome, tone=lambda one: _TONES[one.outcome]),
                Column("sentence", "说明", 40),
                Column("file", "文件", 30),
            ),
            key=None,
        )  # fmt: skip
        self.table.setMinimumHeight(theme.em(7))
        self.problems = Listing(
            (
                Column("title", "谁", 12),
                Column("sentence", "县里要求改正的事项（回车打开）", 46, tone=_done_tone),
                Column("done", "办理", 8, text=lambda one: "已改动" if one.done else "待办"),
            ),
            key=None,
        )  # fmt: skip
        self.problems.setMinimumHeight(theme.em(9))
        self.words = widgets.label("县里带回的回执会说明：收到了哪些、并入了哪些、哪些要改。", tone="muted", wrap=True)
        inside = widgets.column(self.words, self.table, self.problems, None)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setStretch(2, 1)
        self.setLayout(inside)
        self.table.hide()
        self.problems.hide()

    def show_outcomes(self, outcomes: Sequence[ReceiptOutcome]) -> None:
        """Show these; those for other stations only when there is nothing else."""
        ours = [one for one in outcomes if one.outcome != "other"]
        problems = sum(len(one.problems) for one in ours)
        self.table.put_rows(ours)
        self.table.setVisible(bool(ours))
        self.words.setText(_summary(ours, len(outcomes) - len(ours), problems))
        wrong = any(one.outcome == "refused" for one in ours) or problems
        theme.mark(self.words, tone="look" if wrong or not ours else "good")

    def show_work(self, items: Sequence[WorkItem]) -> None:
        """What the last receipt asks for, also days after it was read."""
        self.problems.put_rows(items)
        self.problems.setVisible(bool(items))


def _done_tone(item: WorkItem) -> str:
    return "muted" if item.done else "look"


def place_of(item: WorkItem) -> tuple[str, str]:
    """Where a line of the work list is dealt with: the page, and what it is told."""
    if item.entity == "student":
        return "student", f"{item.uid}#{item.field}" if item.field else item.uid
    return "ledger", f"{item.entity}:{item.uid}"


def _outcome(one: ReceiptOutcome) -> str:
    return _OUTCOMES[one.outcome]


def _summary(ours: Sequence[ReceiptOutcome], others: int, problems: int) -> str:
    if not ours:
        also = f"（有 {others} 个给别的学校的，没有动它们）" if others else ""
        return f"没有找到给本站的回执{also}。请确认县里已写好回执，再插好 U 盘读一次。"
    read = sum(one.outcome == "read" for one in ours)
    said = f"读了 {read} 个新回执。" if read else "没有新的回执。"
    return f"{said}县里指出 {problems:,} 个问题，回车逐条打开改正，改完再导出。" if problems else said
