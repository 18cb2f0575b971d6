"""转学 (county): both schools side by side, what was paid this term and what else is known; one key decides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from jzdesk.ui import widgets
from jzdesk.ui.desk import Desk
from jzdesk.ui.dialogs.preview import preview
from jzdesk.ui.dialogs.reason import ask_reason
from jzdesk.ui.ledger.model import Column
from jzdesk.ui.pages.cases import CaseView, Choice
from jzdesk.ui.pages.listing import Listing

if TYPE_CHECKING:
    from jzdesk.services.transfers.listing import TransferLine
    from jzdesk.services.transfers.service import Moved

PAPER = "转学审批意见"
_TONES = {"asked": "look", "received": "good", "filed": "good", "refused": "wrong", "revoked": "muted"}


class TransferView(CaseView):
    """Requests that wait first, then those decided."""

    def __init__(self, desk: Desk, changed: Callable[[], object]) -> None:
        columns = (
            Column("name", "姓名", 8),
            Column("state_label", "进度", 8, tone=lambda one: _TONES.get(one.state, "")),
            Column("from_name", "转出学校", 13),
            Column("to_name", "转入学校", 13),
            Column("date", "日期", 10),
        )
        hint = "学校申请转学、报来数据包以后，会列在这里等待审批。"
        super().__init__(Listing(columns), widgets.Empty("ok", "没有转学申请", hint))
        self.desk, self._changed = desk, changed
        self._busy = False
        self.approve_button = widgets.button("同意，移交档案 (1)", self.approve, icon="tick", role="primary")
        self.refuse_button = widgets.button("不同意… (2)", self.refuse)
        self.revoke_button = widgets.button("撤回同意…", self.revoke, icon="undo")
        self.paper_button = widgets.button("打印审批意见…", self.print, icon="print")
        for button in (self.approve_button, self.refuse_button, self.revoke_button, self.paper_button):
            self.deeds.addWidget(button)
        self.pressed.connect(self._key)

    def show_transfers(self, lines: Sequence[TransferLine]) -> None:
        """Show these, those that wait first."""
        self.put(
            [*(line for line in lines if line.state == "asked"), *(line for line in lines if line.state != "asked")]
        )

    def show_case(self) -> None:
        """The two schools side by side."""
        line = self._line()
        if line is None:
            return
        self.question.setText(f"{line.name}（{line.place}）从{line.from_name}转往{line.to_name}，{_question(line)}")
        self.explain.setText(_explain(line))
        paid = "；".join(line.paid) or "没有发放"
        old = (("转出日期", line.date), ("转学原因", line.reason), ("本学期", paid))
        other = "；".join(line.doubles) or "没有发现"
        new = (("学校", line.to_code or "外县学校"), ("其他学籍", other), ("意见", line.ruling_reason or "无"))
        self.place([Choice(1, line.from_name, old), Choice(2, line.to_name, new)])
        self.approve_button.setVisible(line.state in ("asked", "refused", "revoked"))
        self.refuse_button.setVisible(line.state == "asked")
        self.revoke_button.setVisible(line.state in ("approved", "filed"))
        self.paper_button.setVisible(line.state != "asked")

    def approve(self) -> None:
        """同意: the file goes to the new school."""
        line = self._line()
        if line is not None and line.state != "received":
            self._rule(lambda: self.desk.services.transfers.approve(line.uid))

    def refuse(self) -> None:
        """不同意, with the reason."""
        line = self._line()
        if line is None or line.state != "asked":
            return
        reason = ask_reason(self, f"不同意{line.name}转学", "理由会写在回执里，原学校据此撤回或改正。", "不同意")
        if reason is not None:
            self._rule(lambda: self.desk.services.transfers.refuse(line.uid, reason))

    def revoke(self) -> None:
        """撤回同意: the file goes back, as long as the new school has not enrolled the child."""
        if (line := self._line()) is None:
            return
        reason = ask_reason(
            self, f"撤回同意{line.name}转学", "档案退回原学校；转入学校已登记就读的不能撤回。", "撤回同意"
        )
        if reason is not None:
            self._rule(lambda: self.desk.services.transfers.revoke(line.uid, reason))

    def print(self) -> None:
        """The ruling on paper."""
        if (line := self._line()) is not None:
            papers = self.desk.services.transfer_papers
            preview(self.desk, self, PAPER, f"{PAPER}-{line.name}.pdf", lambda path, _: papers.write(path, line.uid))

    def _key(self, number: int) -> None:
        line = self._line()
        if line is not None and line.state == "asked" and number < 2:
            (self.approve, self.refuse)[number]()

    def _rule(self, job: Callable[[], Moved]) -> None:
        if self._busy:
            return
        self._busy = True
        self.desk.write(lambda _: job(), self._ruled, title="正在保存审批", owner=self, always=self._free)

    def _ruled(self, moved: Moved) -> None:
        self.desk.say(moved.sentence)
        self._changed()

    def _free(self) -> None:
        self._busy = False

    def _line(self) -> TransferLine | None:
        line: TransferLine | None = self.table.row_here()
        return line


def _question(line: TransferLine) -> str:
    return "是否同意？" if line.state == "asked" else f"{line.state_label}。"


def _explain(line: TransferLine) -> str:
    if line.state == "asked" and not line.to_code:
        return "转往外县的，县里备案，档案仍留在原学校。"
    if line.state == "asked":
        return "同意后档案随下一次回执送到转入学校，原学校只能查看；本学期已发的资助，转入学校不再重复发放。"
    ruled = f"{line.ruled_on} {line.ruled_by}".strip()
    return f"审批：{ruled}。" if ruled else ""
