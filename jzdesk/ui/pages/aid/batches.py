"""批次: made, posted, approved, paid, returned and paid again; and the papers of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from jzdesk.core.fields import Value
from jzdesk.core.money import format_yuan
from jzdesk.ui import icons, theme, widgets
from jzdesk.ui.desk import Desk
from jzdesk.ui.dialogs.preview import preview
from jzdesk.ui.dialogs.reason import ask_reason
from jzdesk.ui.errors_shown import Message
from jzdesk.ui.flow import Flow
from jzdesk.ui.inputs import Pick
from jzdesk.ui.ledger.model import Column
from jzdesk.ui.pages.listing import Listing, ListingOrEmpty
from jzdesk.ui.pages.students.dialog import FieldsDialog
from jzdesk.ui.tasks import Progress

if TYPE_CHECKING:
    from jzdesk.services.aid import ProgrammeTotal
    from jzdesk.services.batches import BatchLine
    from jzdesk.services.notices import NoticeLine
    from jzdesk.services.papers import PaymentFile
    from jzdesk.services.payments import PaymentLine

_ANY_HEIGHT = 16777215
_BANK = "Excel 工作簿 (*.xlsx);;CSV (*.csv)"
_XLSX = "Excel 工作簿 (*.xlsx)"
_STATE_TONES = {"draft": "look", "approved": "", "paid": "good"}
_BATCHES = (
    Column("number", "批次号", 15),
    Column("state_label", "状态", 8, tone=lambda one: _STATE_TONES.get(one.state, "")),
    Column("students", "人数", 6, numeric=True, text=lambda one: f"{one.students:,}"),
    Column("amount", "合计（元）", 12, numeric=True),
    Column("missing", "缺账户", 6, numeric=True, text=lambda one: f"{one.missing_accounts:,}",
           tone=lambda one: "look" if one.missing_accounts else "muted"),
    Column("warned", "户名存疑", 7, numeric=True, text=lambda one: f"{one.warned:,}",
           tone=lambda one: "look" if one.warned else "muted"),
    Column("returned", "已退回", 10, numeric=True, text=lambda one: format_yuan(one.returned) if one.returned else ""),
    Column("approver", "审批人", 8),
    Column("approved_on", "审批日期", 11),
    Column("paid_on", "发放日期", 11),
    Column("title", "名称", 40),
)  # fmt: skip
_LINES = (
    Column("name", "姓名", 9),
    Column("school_class", "班级", 14),
    Column("programme", "项目", 20),
    Column("amount", "金额（元）", 10, numeric=True, tone=lambda one: "look" if one.kind == "returned" else ""),
    Column("kind_label", "类别", 6, tone=lambda one: "look" if one.kind != "pay" else ""),
    Column("state_label", "状态", 7),
    Column("method", "方式", 8, tone=lambda one: "" if one.account else "look"),
    Column("holder", "户名", 9, tone=lambda one: "look" if one.warning else ""),
    Column("relation", "与学生关系", 9),
    Column("account", "账号", 20),
    Column("bank", "开户行", 20),
    Column("note", "说明", 40, text=lambda one: one.warning or one.reason, tone=lambda one: "look"),
)


@dataclass(frozen=True, slots=True)
class Opened:
    """One batch with its lines and notices."""

    batch: BatchLine
    lines: list[PaymentLine]
    notices: list[NoticeLine]


class BatchesView(QWidget):
    """The batches of the term above, the lines of the chosen one beneath."""

    def __init__(self, desk: Desk, term: Callable[[], str]) -> None:
        super().__init__()
        self.desk, self._term = desk, term
        self.opened: Opened | None = None
        self.programme = Pick([(None, "全部现金项目")], "生成批次时包括的项目")
        self.programme.setMaximumWidth(theme.em(15))
        self.make_button = widgets.button("生成批次 (Ctrl+N)", self.new, icon="plus", role="primary")
        self.table = Listing(_BATCHES)
        begin = widgets.button("生成批次", self.new, icon="plus", role="primary")
        hint = "先在“认定”里认定本学期，再生成批次；一个批次就是一次审批和发放。"
        self.middle = ListingOrEmpty(self.table, widgets.Empty("bank", "这个学期还没有发放批次", hint, begin))
        self.lines = Listing(_LINES)
        self.words = widgets.label(wrap=True)
        self.deeds: dict[str, QPushButton] = {}
        self._build()
        self.table.chosen.connect(self._open)
        self.lines.chosen.connect(lambda _: self._allow())

    def refresh(self) -> None:
        """Read the batches of the term."""
        aid, term = self.desk.services.aid, self._term()
        self.desk.tasks.read("batches", lambda: (aid.batches(term), aid.totals(term)), self._show, owner=self)

    def new(self) -> None:
        """Put everything granted in cash that is in no batch yet into one."""
        aid, term, programme = self.desk.services.aid, self._term(), self.programme.value()
        self.desk.write(
            lambda _: aid.make_batch(term, str(programme) if programme else None),
            self._made,
            title="正在生成批次",
            owner=self,
        )

    def approve(self) -> None:
        """Ask for the approver and the day."""
        batch, today = self._here().batch, self.desk.services.context.today()
        aid = self.desk.services.aid
        doubts = f"还有 {batch.warned} 人户名存疑，请先核实。" if batch.warned else ""
        self._fields(
            f"审批批次 {batch.number}",
            f"{batch.students:,} 人，合计 {batch.amount} 元。审批后金额不再改动。{doubts}",
            "batch",
            ("approver", "approved_on"),
            lambda v: aid.approve(batch.uid, _text(v, "approver"), _text(v, "approved_on")),
            {"approved_on": today},
            "审批通过 (Ctrl+S)",
            "已审批",
        )

    def pay(self) -> None:
        """Ask for the day on which the money was paid."""
        batch, aid = self._here().batch, self.desk.services.aid
        self._fields(
            f"登记发放 {batch.number}",
            f"{batch.students:,} 人，合计 {batch.amount} 元。请填写银行代发或现场签领的日期。",
            "batch",
            ("paid_on",),
            lambda v: aid.pay(batch.uid, _text(v, "paid_on")),
            {"paid_on": self.desk.services.context.today()},
            "登记已发放 (Ctrl+S)",
            "已登记发放",
        )

    def post_notice(self) -> None:
        """Ask for the day, telephone and place of the public notice, then show it."""
        batch, aid = self._here().batch, self.desk.services.aid
        self._fields(
            f"公示 {batch.number}",
            "名单只列姓名、年级和班级，公示 5 个工作日。请写明受理异议的电话和地点。",
            "notice",
            ("posted_on", "phone", "address", "supervision"),
            lambda v: aid.post_notice(
                batch.uid, _text(v, "posted_on"), _text(v, "phone"), _text(v, "address"), _text(v, "supervision")
            ),
            {"posted_on": self.desk.services.context.today()},
            "登记公示 (Ctrl+S)",
            "已登记公示，可以打印张贴了",
        )

    def print_notice(self) -> None:
        """Preview the newest notice of the batch."""
        opened, papers = self._here(), self.desk.services.papers
        notice = opened.notices[0]

        def write(path: Path, _: Progress) -> int:
            return papers.notice(path, notice.uid)

        preview(self.desk, self, "公示", f"公示-{opened.batch.number}.pdf", write)

    def take_down(self) -> None:
        """Ask for the day on which the notice was taken down."""
        aid = self.desk.services.aid
        notice = next(one for one in self._here().notices if not one.down)
        self._fields(
            "撤下公示",
            f"公示期到 {notice.until} 止，期满才能撤下。",
            "notice",
            ("taken_down",),
            lambda v: aid.take_down(notice.uid, _text(v, "taken_down")),
            {"taken_down": self.desk.services.context.today()},
            "登记撤下 (Ctrl+S)",
            "已登记撤下",
        )

    def print_sign_off(self) -> None:
        """Preview the sign-off sheet."""
        batch, papers = self._here().batch, self.desk.services.papers

        def write(path: Path, _: Progress) -> int:
            return papers.sign_off(path, batch.uid)

        preview(self.desk, self, "签领表", f"签领表-{batch.number}.pdf", write)

    def save_sign_off(self) -> None:
        """The sign-off sheet as a workbook."""
        batch = self._here().batch
        path = widgets.pick_save(self, "保存签领表", f"签领表-{batch.number}.xlsx", _XLSX)
        if path is not None:
            job = partial(self.desk.services.papers.sign_off_book, path, batch.uid)
            said = f"已保存 {path.name}"
            self.desk.write(lambda _: job(), lambda _: self.desk.say(said), title="正在写签领表", owner=self)

    def save_payment_file(self) -> None:
        """The file for the bank; who has no account is named."""
        batch = self._here().batch
        path = widgets.pick_save(self, "保存代发文件", f"代发文件-{batch.number}.xlsx", _BANK)
        if path is not None:
            self.write_payment_file(path)

    def write_payment_file(self, path: Path) -> None:
        """Write it there."""
        job = partial(self.desk.services.papers.payment_file, path, self._here().batch.uid)
        self.desk.write(lambda _: job(), self._paid_file, title="正在写代发文件", owner=self)

    def discard(self) -> None:
        """Give a draft up, with a reason."""
        batch, aid = self._here().batch, self.desk.services.aid
        explain = "批次里的认定会空出来，可以重新生成批次。"
        if (reason := ask_reason(self, f"作废批次 {batch.number}", explain, "作废")) is not None:
            said = "批次已作废"
            self.desk.write(
                lambda _: aid.discard(batch.uid, reason), lambda _: self.desk.say(said), title="正在作废", owner=self
            )

    def return_payment(self) -> None:
        """Record that the money of the chosen line came back."""
        line: PaymentLine | None = self.lines.row_here()
        if line is None:
            return
        explain = f"{line.name} {line.amount} 元。会另记一笔退回，原来那一笔不改；以后可以补发。"
        if (reason := ask_reason(self, "登记退回", explain, "登记退回")) is not None:
            aid = self.desk.services.aid
            self.desk.write(
                lambda _: aid.return_payment(line.uid, reason),
                lambda _: self.desk.say("已登记退回"),
                title="正在登记退回",
                owner=self,
            )

    def reissue(self) -> None:
        """Pay returned money again, in a draft batch of its own."""
        line: PaymentLine | None = self.lines.row_here()
        if line is not None:
            aid = self.desk.services.aid
            self.desk.write(lambda _: aid.reissue(line.uid), self._made, title="正在生成补发批次", owner=self)

    def _build(self) -> None:
        top = Flow()
        top.addWidget(self.make_button)
        top.addWidget(self.programme)
        lower = QWidget()
        column = QVBoxLayout(lower)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.em(0.5))
        column.addWidget(self._deeds())
        column.addWidget(self.words)
        column.addWidget(self.lines, 1)
        self.beneath = lower
        self.middle.setMinimumHeight(theme.em(5.5))
        inside = QVBoxLayout(self)
        inside.setContentsMargins(0, theme.em(0.6), 0, 0)
        inside.setSpacing(theme.em(0.6))
        inside.addWidget(widgets.holder(top))
        inside.addWidget(self.middle, 1)
        inside.addWidget(lower, 4)
        lower.hide()

    def _deeds(self) -> QWidget:
        flow = Flow(0.4)
        for key, text, icon, do in (
            ("post", "公示…", "notice", self.post_notice),
            ("notice", "打印公示", "print", self.print_notice),
            ("down", "撤下公示…", "", self.take_down),
            ("approve", "审批…", "ok", self.approve),
            ("sign_off", "签领表", "print", self.print_sign_off),
            ("sign_off_book", "签领表 Excel", "save", self.save_sign_off),
            ("file", "发放文件…", "bank", self.save_payment_file),
            ("pay", "登记发放…", "aid", self.pay),
            ("return", "登记退回…", "undo", self.return_payment),
            ("reissue", "补发", "refresh", self.reissue),
            ("discard", "作废批次…", "void", self.discard),
        ):
            self.deeds[key] = widgets.button(text, do, icon=icon, role="danger" if key == "discard" else "")
            flow.addWidget(self.deeds[key])
        return widgets.holder(flow)

    def _here(self) -> Opened:
        assert self.opened is not None
        return self.opened

    def _show(self, found: tuple[list[BatchLine], list[ProgrammeTotal]]) -> None:
        batches, totals = found
        cash = [(one.programme, one.name) for one in totals if one.fen]
        self.programme.fill([(None, "全部现金项目"), *cash])
        self.middle.put_rows(batches)
        self._fit(len(batches))
        self.beneath.setVisible(bool(batches))
        if not batches:
            self.opened = None
        elif (uid := self.table.uid()) is None:
            self.table.selectRow(0)
        else:
            self._open(uid)

    def _fit(self, batches: int) -> None:
        """The upper table is as tall as its batches, up to four; without any the words get all the room."""
        tall = theme.em(4 + 2.15 * min(4, batches)) if batches else _ANY_HEIGHT
        self.middle.setMaximumHeight(tall)

    def _open(self, uid: str) -> None:
        aid = self.desk.services.aid
        job = lambda: Opened(aid.batch(uid), aid.lines(uid), aid.notices(uid))  # noqa: E731
        self.desk.tasks.read("batch", job, self._show_batch, lambda _: True, owner=self)

    def _show_batch(self, opened: Opened) -> None:
        self.opened = opened
        self.lines.put_rows(opened.lines)
        tone, words = standing(opened)
        self.words.setText(words)
        theme.mark(self.words, tone=tone)
        self._allow()

    def _allow(self) -> None:
        """Only what can be done with this batch and this line."""
        opened = self.opened
        if opened is None:
            return
        state, hanging = opened.batch.state, any(not one.down for one in opened.notices)
        line: PaymentLine | None = self.lines.row_here()
        may = {
            "post": not hanging,
            "notice": bool(opened.notices),
            "down": hanging,
            "approve": state == "draft",
            "file": state != "draft",
            "pay": state == "approved",
            "return": line is not None and line.state == "paid" and line.kind != "returned",
            "reissue": line is not None and line.kind == "returned",
            "discard": state == "draft",
        }
        later = {"draft": ("file", "pay"), "paid": ("return",)}.get(state, ())  # seen, so that people know what comes
        for key, made in self.deeds.items():
            made.setVisible(may.get(key, True) or key in later)
            made.setEnabled(may.get(key, True))
        forward = {"draft": "approve", "approved": "pay"}.get(state, "")
        for key, picture in (("approve", "ok"), ("pay", "aid")):
            theme.mark(self.deeds[key], role="primary" if key == forward else "")
            self.deeds[key].setIcon(icons.icon(picture, theme.CARD if key == forward else theme.MUTED))

    def _fields(
        self,
        title: str,
        explain: str,
        entity: str,
        names: tuple[str, ...],
        job: Callable[[dict[str, Value]], object],
        values: dict[str, Value],
        deed: str,
        said: str,
    ) -> None:
        spec = self.desk.services.ledger.specs[entity]
        fields = [spec[name] for name in names]
        made = FieldsDialog(self, self.desk, title, fields, job, explain=explain, values=values, deed=deed, said=said)
        made.begin()

    def _made(self, batch: BatchLine) -> None:
        self.desk.say(f"已生成批次 {batch.number}：{batch.students:,} 人，{batch.amount} 元")
        self.table.put_rows([batch, *(one for one in self.table.all_rows() if one.uid != batch.uid)])
        self.table.go_to(batch.uid)
        self.refresh()

    def _paid_file(self, written: PaymentFile) -> None:
        tone = "look" if written.without_account else "good"
        self.desk.note(Message(tone, f"已保存 {written.path.name}。", written.sentence()))


def standing(opened: Opened) -> tuple[str, str]:
    """(tone, sentence) how a batch stands, what to look at and what comes next."""
    batch = opened.batch
    said = f"{batch.title}：{batch.students:,} 人，合计 {batch.amount} 元，{batch.state_label}。"
    looks = []
    if batch.missing_accounts:
        looks.append(f"{batch.missing_accounts:,} 人没有银行账户，需补录或由本人签领")
    if batch.warned:
        looks.append(f"{batch.warned:,} 人户名既不是学生也不是监护人，请核实")
    hanging = next((one for one in opened.notices if not one.down), None)
    if hanging is not None:
        looks.append(f"公示已期满（{hanging.until}），请撤下" if hanging.due else f"公示到 {hanging.until}")
    elif not opened.notices and batch.state == "draft":
        looks.append("还没有公示")
    due = batch.missing_accounts or batch.warned or (hanging is not None and hanging.due)
    return ("look" if due else "muted"), said + (f"{'；'.join(looks)}。" if looks else "")


def _text(values: dict[str, Value], name: str) -> str:
    return str(values.get(name) or "")
