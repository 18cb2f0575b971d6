"""转学 (school): children who leave and children who come; asked for, taken back, received, each with its paper."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from jzdesk.core.fields import Value
from jzdesk.core.kinds import Options
from jzdesk.ui import widgets
from jzdesk.ui.desk import Desk
from jzdesk.ui.dialogs.preview import preview
from jzdesk.ui.dialogs.reason import ask_reason
from jzdesk.ui.inputs import Pick
from jzdesk.ui.ledger.model import Column
from jzdesk.ui.pages.listing import Listing, ListingOrEmpty
from jzdesk.ui.pages.roll.view import DeedDialog, View, people

if TYPE_CHECKING:
    from jzdesk.services.transfers.listing import TransferLine

TONES = {
    "asked": "look",
    "approved": "look",
    "received": "good",
    "moved": "good",
    "filed": "good",
    "refused": "wrong",
    "revoked": "muted",
}
_STATES = (
    (None, "全部转学"), ("asked", "待县里审批"), ("moved", "已移交"), ("approved", "等待接收"),
    ("received", "已接收"), ("refused", "县里不同意"), ("revoked", "已撤回"), ("filed", "转往外县"),
)  # fmt: skip
_COLUMNS = (
    Column("way", "方向", 5, tone=lambda one: "good" if one.coming else ""),
    Column("name", "姓名", 8),
    Column("place", "原年级班级", 13),
    Column("other", "对方学校", 16, text=lambda one: one.from_name if one.coming else one.to_name),
    Column("date", "日期", 10),
    Column("state_label", "进度", 9, tone=lambda one: TONES[one.state]),
    Column("paid", "本学期资助", 30, text=lambda one: "；".join(one.paid) or "没有发放"),
    Column("ruling_reason", "县里的意见", 18),
    Column("reason", "转学原因", 18),
)
_OPEN = ("asked", "approved", "refused", "revoked")  # a new request can be made once the old one was taken back
_NONE = "这里没有转学。学生要转走时按 Ctrl+N 申请；要转来的学生，读取县里的回执后会列在这里。"
PAPERS = {True: "转学接收回执", False: "转学申请与档案移交单"}


class TransfersView(View):
    """The list, with what can be done about the row."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.state = Pick(_STATES, "进度")
        self.count = widgets.label(tone="muted")
        self.paper_button = widgets.button("打印…", self.print, icon="print")
        self.withdraw_button = widgets.button("撤回申请…", self.withdraw, icon="undo")
        self.receive_button = widgets.button("接收转入… (回车)", self.receive, icon="tick")
        self.new_button = widgets.button("申请转学 (Ctrl+N)", self.new, icon="plus", role="primary")
        self.table = Listing(_COLUMNS)
        empty = widgets.Empty("roll", "还没有转学的学生", _NONE)
        self.words = widgets.label(tone="muted", wrap=True)
        self.tools(
            self.state, self.count, self.paper_button, self.withdraw_button, self.receive_button, self.new_button,
            searching=False,
        )  # fmt: skip
        self.middle = ListingOrEmpty(self.table, empty)
        self.body.addWidget(self.middle, 1)
        self.body.addWidget(self.words)
        self.state.picked.connect(self.refresh)
        self.table.selected.connect(lambda _: self._tell())
        self.table.opened.connect(lambda _: self.receive())

    def refresh(self) -> None:
        """Read the transfers again."""
        state, service = self.state.value(), self.desk.services.transfers
        wanted = str(state) if state else None
        self.desk.tasks.read("roll-transfers", lambda: service.lines(wanted), self._show, owner=self)

    def point(self, hint: str) -> None:
        """`transfers#uid`: ask for this child; or receive it, when it is one that comes."""
        _, _, student = hint.partition("#")
        if student:
            service = self.desk.services.transfers
            self.desk.tasks.read("roll-transfer", service.lines, lambda found: self._begin(found, student), owner=self)

    def new(self) -> None:
        """Ask for a transfer."""
        self.ask({}, {})

    def ask(self, values: Mapping[str, Value], titles: Mapping[str, str]) -> None:
        """The dialog of a request."""
        spec, service = self.desk.services.ledger.specs["transfer"], self.desk.services.transfers
        event = self.desk.services.ledger.specs["enrolment_event"]
        schools = Options((("", "（本县以外的学校）"), *service.schools()))
        fields = (
            spec["student"],
            replace(spec["to_school"], label="本县学校", kind=schools, help=""),
            replace(spec["to_name"], label="外县学校", required=False, help="填全称；转往本县学校的不填"),
            spec["date"], spec["reason"], event["proof"], event["approver"],
        )  # fmt: skip
        DeedDialog(
            self, "申请转学", fields, service.ask, lambda _: self.desk.say("已申请转学，随下一个数据包报县里"),
            explain="同时登记“转出”。县里同意后档案移交转入学校，本校只能查看；不同意的可以撤回，学生恢复在读。",
            values={"date": self.desk.services.context.today(), **values}, titles=titles, deed="申请 (Ctrl+S)",
            choices=people(self.desk),
        ).begin()  # fmt: skip

    def withdraw(self) -> None:
        """Take the request of the row back."""
        line = self._line()
        if line is None or not _may_withdraw(line):
            self.desk.say("请选一件还没有同意的转出申请")
            return
        reason = ask_reason(self, f"撤回{line.name}的转学申请", "撤回后转出作废，学生恢复原来的状态。", "撤回申请")
        if reason is not None:
            service = self.desk.services.transfers
            self.desk.write(
                lambda _: service.withdraw(line.uid, reason), lambda _: self._done("已撤回，学生恢复原来的状态"),
                title="正在撤回", owner=self,
            )  # fmt: skip

    def receive(self) -> None:
        """Give the child of the row a place."""
        line = self._line()
        if line is None or not _may_receive(line):
            self.desk.say("请选一名等待接收的转入学生")
            return
        services, specs = self.desk.services, self.desk.services.ledger.specs
        event = specs["enrolment_event"]
        fields = (
            event["date"],
            replace(event["to_grade"], label=specs["enrolment"]["grade"].label, required=True),
            replace(event["to_class"], label=specs["enrolment"]["school_class"].label,
                    kind=Options(tuple(services.students.classes()))),
            specs["enrolment"]["boarding"],
            replace(specs["pairing"]["staff"], required=False),
        )  # fmt: skip
        paid = f"{'；'.join(line.paid)}，本学期不再重复发放。" if line.paid else "本学期还没有发放过资助。"
        DeedDialog(
            self, f"接收转入：{line.name}", fields, lambda v: services.transfers.receive(line.student, v),
            lambda _: self._done(f"已接收 {line.name}"), explain=f"由{line.from_name}转来。{paid}",
            values=services.transfers.usual(line.student), deed="接收 (Ctrl+S)",
        ).begin()  # fmt: skip

    def print(self) -> None:
        """The paper of the row."""
        line = self._line()
        if line is None:
            self.desk.say("请先选一件转学")
            return
        papers, title = self.desk.services.transfer_papers, PAPERS[line.coming]
        preview(self.desk, self, title, f"{title}-{line.name}.pdf", lambda path, _: papers.write(path, line.uid))

    def _begin(self, found: list[TransferLine], student: str) -> None:
        self._show(found)
        mine = next((line for line in found if line.student == student and line.state in _OPEN), None)
        if mine is None:
            self.ask({"student": student}, {})
            return
        self.state.choose(None)
        self.table.go_to(mine.uid)
        self.table.setFocus()
        if _may_receive(mine):
            self.receive()

    def _done(self, said: str) -> None:
        self.desk.say(said)
        self.refresh()

    def _show(self, found: list[TransferLine]) -> None:
        self.count.setText(f"{len(found):,} 件")
        self.middle.put_rows(found, narrowed=self.state.value() is not None)
        if found and self.table.uid() is None:
            self.table.selectRow(0)
        self._tell()

    def _line(self) -> TransferLine | None:
        line: TransferLine | None = self.table.row_here()
        return line

    def _tell(self) -> None:
        """The row in full, and what can be done about it."""
        line = self._line()
        self.withdraw_button.setEnabled(line is not None and _may_withdraw(line))
        self.receive_button.setEnabled(line is not None and _may_receive(line))
        self.paper_button.setEnabled(line is not None)
        self.words.setText(_told(line) if line is not None else "")


def _may_withdraw(line: TransferLine) -> bool:
    return not line.coming and line.state in ("asked", "refused", "revoked")


def _may_receive(line: TransferLine) -> bool:
    return line.coming and line.state == "approved"


def _told(line: TransferLine) -> str:
    parts = (
        f"{line.name}（{line.place}）由{line.from_name}转往{line.to_name}", f"{line.date}", f"原因：{line.reason}",
        f"县里：{line.state_label}" + (f"（{line.ruling_reason}）" if line.ruling_reason else ""), *line.paid,
        "撤回申请后学生恢复在读，可以重新申请" if not line.coming and line.state in ("refused", "revoked") else "",
    )  # fmt: skip
    return "　".join(part for part in parts if part)
