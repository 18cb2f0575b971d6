"""The county's answer on the page 数据交换: what became of receipts, what is to be put right, a receipt on paper."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QPlainTextEdit, QWidget

from jzdesk.ui import theme, widgets
from jzdesk.ui.desk import Desk
from jzdesk.ui.dialogs.base import Dialog
from jzdesk.ui.errors_shown import message_of
from jzdesk.ui.ledger.model import Column
from jzdesk.ui.pages.listing import Listing

if TYPE_CHECKING:
    from jzdesk.services.exchange import ReceiptOutcome
    from jzdesk.services.slips import Acknowledged
    from jzdesk.services.worklist import WorkItem

_OUTCOMES = {"read": "已读取", "old": "以前读过", "other": "不是给本站的", "refused": "不能使用"}
_NOTES = 6
_TONES = {"read": "good", "old": "muted", "other": "muted", "refused": "wrong"}


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
        self.outcomes: Sequence[ReceiptOutcome] = ()
        self.table = Listing(
            (
                Column("outcome", "结果", 10, text=_outcome, tone=lambda one: _TONES[one.outcome]),
                Column("sentence", "说明", 40),
                Column("file", "文件", 30),
            ),
            key=None,
        )  # fmt: skip
        self.problems = Listing(
            (
                Column("title", "谁", 9),
                Column("sentence", "县里要求改正的事项（回车打开）", 44, tone=_done_tone),
                Column("done", "办理", 6, text=lambda one: "已改动" if one.done else "待办"),
            ),
            key=None,
        )  # fmt: skip
        self.problems.setMinimumHeight(theme.em(14))
        self.words = widgets.label("县里带回的回执会说明：收到了哪些、并入了哪些、哪些要改。", tone="muted", wrap=True)
        self.notes = widgets.label(tone="look", wrap=True)
        self.asked = widgets.label(bold=True, wrap=True)
        self.about = widgets.label(wrap=True)
        self.problems.chosen.connect(lambda _: self._tell())
        inside = widgets.column(self.words, self.table, self.notes, self.asked, self.problems, self.about)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setStretch(4, 1)
        inside.addStretch(0)  # only where there is no list
        self.setLayout(inside)
        for part in (self.table, self.notes, self.asked, self.problems, self.about):
            part.hide()

    def show_outcomes(self, outcomes: Sequence[ReceiptOutcome]) -> None:
        """Show these, as a table when there are several; those for other stations only when there is nothing else."""
        ours = [one for one in outcomes if one.outcome != "other"]
        self.outcomes = ours
        self.table.put_rows(ours)
        self.table.setFixedHeight(theme.em(4.6 + 2.15 * min(len(ours), 4)))
        self.table.setVisible(len(ours) > 1)
        self.words.setText(_summary(ours, len(outcomes) - len(ours)))
        wrong = any(one.outcome == "refused" for one in ours)
        theme.mark(self.words, tone="look" if wrong or not ours else "good")

    def show_work(self, items: Sequence[WorkItem]) -> None:
        """What the last receipt asks for, also days after it was read; and what it told beside that."""
        left = sum(not item.done for item in items)
        self.problems.put_rows(items)
        if items and self.problems.uid() is None:
            self.problems.selectRow(0)
        done = "县里要求改正的都改过了，请再导出一次带给县里。"
        self.asked.setText(f"县里要求改正 {left:,} 项：回车逐条打开，改完再导出。" if left else done)
        listed = [f"{item.title}：{item.sentence}" for item in items]
        told = [note for one in self.outcomes for note in one.notes if not any(note in said for said in listed)]
        self.notes.setText("\n".join([*told[:_NOTES], *([f"……共 {len(told)} 条"] if len(told) > _NOTES else [])]))
        self.notes.setVisible(bool(told))
        for part in (self.asked, self.problems):
            part.setVisible(bool(items))
        self._tell()

    def _tell(self) -> None:
        """The line with the cursor in full."""
        item: WorkItem | None = self.problems.row_here()
        self.about.setVisible(item is not None)
        if item is not None:
            self.about.setText(f"{item.title}：{item.sentence}" if item.title else item.sentence)


def _done_tone(item: WorkItem) -> str:
    return "muted" if item.done else "look"


def place_of(item: WorkItem) -> tuple[str, str]:
    """Where a line of the work list is dealt with: the page, and what it is told."""
    if item.entity == "student":
        return "student", f"{item.uid}#{item.field}" if item.field else item.uid
    if item.entity == "transfer":  # the uid is the child's
        return "roll", f"transfers#{item.uid}"
    return "ledger", f"{item.entity}:{item.uid}"


def _outcome(one: ReceiptOutcome) -> str:
    return _OUTCOMES[one.outcome]


def _summary(ours: Sequence[ReceiptOutcome], others: int) -> str:
    if not ours:
        also = f"（有 {others} 个给别的学校的，没有动它们）" if others else ""
        return f"没有找到给本站的回执{also}。请确认县里已写好回执，再插好 U 盘读一次。"
    if len(ours) == 1:
        return ours[0].sentence
    read = sum(one.outcome == "read" for one in ours)
    return f"读了 {read} 个新回执。" if read else "没有新的回执。"
