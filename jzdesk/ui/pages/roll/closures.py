"""销号: accounts by the day they are due; opened, closed with proof by two people, and opened again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from jzdesk.core.fields import Value
from jzdesk.ui import widgets
from jzdesk.ui.desk import Desk
from jzdesk.ui.inputs import Pick
from jzdesk.ui.ledger.model import Column, TableModel
from jzdesk.ui.ledger.table import Table
from jzdesk.ui.pages.roll.following import AccountDialog
from jzdesk.ui.pages.roll.view import DeedDialog, View

if TYPE_CHECKING:
    from jzdesk.services.roll.closures import ClosureLine

_STATES = (
    ("open", "未销号（含复号）"), ("overdue", "已过目标节点"), ("proposed", "已离校，建议销号"), ("closed", "已销号"),
    ("reopened", "复号"), (None, "全部账目"),
)  # fmt: skip
_TONES = {"open": "", "closed": "good", "reopened": "look"}
_COLUMNS = (
    Column("kind_label", "种类", 5),
    Column("subject", "对象", 12),
    Column("basis", "建账依据", 16),
    Column("due", "目标节点", 11, tone=lambda one: "wrong" if one.late else ""),
    Column("state_label", "状态", 7, tone=lambda one: _TONES.get(one.state, "")),
    Column("proposal_label", "建议", 6, tone=lambda one: "look"),
    Column("reason", "销号原因", 14),
    Column("closed_on", "销号日期", 11),
    Column("verifier", "核实人", 8),
    Column("approver", "审批人", 8),
    Column("opened_on", "建账日期", 11),
    Column("reopen_reason", "复号原因", 20),
)
_CLOSING = ("reason", "proof", "verifier", "approver", "closed_on")


class ClosuresView(View):
    """The ledger with its filters."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.search.setPlaceholderText("对象 / 依据 (F3)")
        self.state = Pick(_STATES, "状态")
        self.state.choose("open")
        kinds = desk.services.ledger.specs["closure"]["kind"].kind.items()  # type: ignore[attr-defined]
        self.kind = Pick([(None, "各种对象"), *kinds], "对象种类")
        self.count = widgets.label(tone="muted")
        self.poor_button = widgets.button("困难学生建账…", self.open_for_hardships, icon="student")
        self.reopen_button = widgets.button("复号…", self.reopen, icon="undo")
        self.close_button = widgets.button("销号… (回车)", self.close_chosen, icon="tick")
        self.new_button = widgets.button("建账 (Ctrl+N)", self.new, icon="plus", role="primary")
        self.table = Table(TableModel(_COLUMNS, desk.services.closures.rows, self), several=True)
        self.words = widgets.label(tone="muted", wrap=True)
        self.tools(
            self.state, self.kind, self.count, self.poor_button, self.reopen_button, self.close_button, self.new_button
        )  # fmt: skip
        self.body.addWidget(self.table, 1)
        self.body.addWidget(self.words)
        self._wire()

    def refresh(self) -> None:
        """Find the accounts again."""
        from jzdesk.services.roll.closures import ClosureQuery

        state, kind = self.state.value(), self.kind.value()
        query = ClosureQuery(self.search.text(), str(state) if state else None, str(kind) if kind else None)
        closures = self.desk.services.closures
        self.desk.tasks.read("roll-closures", lambda: closures.ids(query), self._show, owner=self)

    def point(self, hint: str) -> None:
        """overdue, proposed."""
        self.state.choose(hint)

    def new(self) -> None:
        """Open an account."""
        AccountDialog(self, lambda _: self.desk.say("已建账")).begin()

    def open_for_hardships(self) -> None:
        """One account for every pupil with a hardship who has none."""
        spec, closures = self.desk.services.ledger.specs["closure"], self.desk.services.closures
        DeedDialog(
            self, "为困难学生建账", [replace(spec["basis"], required=True), spec["due"]],
            lambda v: closures.open_for_hardships(str(v["basis"] or ""), _text(v, "due")),
            lambda count: self.desk.say(f"已为 {count} 名困难学生建账"),
            explain="给每名有困难类型、还没有未销号账目的在册学生各建一个账目。", deed="建账 (Ctrl+S)",
        ).begin()  # fmt: skip

    def close_chosen(self) -> None:
        """Close the chosen accounts: 销号 is not 删除."""
        lines = [line for line in self._chosen() if line.state != "closed"]
        if not lines:
            self.desk.say("请先选中未销号的账目")
            return
        spec, closures = self.desk.services.ledger.specs["closure"], self.desk.services.closures
        uids, proposals = [line.uid for line in lines], {line.proposal for line in lines}
        begun: dict[str, Value] = {"closed_on": self.desk.services.context.today()}
        if len(proposals) == 1 and (proposal := proposals.pop()):
            begun["reason"] = proposal
        who = lines[0].subject if len(lines) == 1 else f"{len(lines)} 个账目"
        DeedDialog(
            self, f"销号：{who}", [replace(spec[name], required=True) for name in _CLOSING],
            lambda v: closures.close(uids, v), lambda _: self.desk.say(f"已销号 {len(uids)} 个"),
            explain="销号不删除历史，也不停发资助；审批人不能是核实人或办理人自己。反弹时可以复号。",
            values=begun, deed="销号 (Ctrl+S)",
        ).begin()  # fmt: skip

    def reopen(self) -> None:
        """Open the account of the row again."""
        line = next((one for one in self._chosen() if one.state == "closed"), None)
        if line is None:
            self.desk.say("请先选中已销号的账目")
            return
        spec, closures = self.desk.services.ledger.specs["closure"], self.desk.services.closures
        fields = [replace(spec[name], required=True) for name in ("reopen_reason", "reopened_on")]
        DeedDialog(
            self, f"复号：{line.subject}", fields,
            lambda v: closures.reopen(line.uid, str(v["reopen_reason"] or ""), _text(v, "reopened_on")),
            lambda _: self.desk.say("已复号"), values={"reopened_on": self.desk.services.context.today()},
            deed="复号 (Ctrl+S)",
        ).begin()  # fmt: skip

    def _wire(self) -> None:
        self.search.searched.connect(lambda _: self.refresh())
        self.search.down.connect(self.table.setFocus)
        self.state.picked.connect(self.refresh)
        self.kind.picked.connect(self.refresh)
        self.table.selected.connect(lambda _: self._allow())
        self.table.opened.connect(lambda _: self.close_chosen())

    def _show(self, uids: list[str]) -> None:
        self.count.setText(f"{len(uids):,} 个")
        self.table.put(uids)
        if uids and self.table.uid() is None:
            self.table.selectRow(0)
        self._allow()

    def _chosen(self) -> list[ClosureLine]:
        model = self.table.records()
        rows = sorted(index.row() for index in self.table.selectionModel().selectedRows())
        return [line for row in rows if (line := model.row(row)) is not None]

    def _allow(self) -> None:
        lines = self._chosen()
        self.close_button.setEnabled(any(line.state != "closed" for line in lines))
        self.reopen_button.setEnabled(any(line.state == "closed" for line in lines))
        self.words.setText(_told(lines[0]) if len(lines) == 1 else (f"选中 {len(lines)} 个账目" if lines else _NONE))


_NONE = "这里没有账目。按 Ctrl+N 建账；到了目标节点没有销号的会出现在工作台。"


def _told(line: ClosureLine) -> str:
    parts = (
        f"{line.kind_label} {line.subject}",
        f"依据：{line.basis}" if line.basis else "",
        f"措施：{line.measures}" if line.measures else "",
        f"已过目标节点 {line.due}" if line.late else "",
        f"学生已{line.proposal_label}，建议销号" if line.proposal else "",
        f"{line.closed_on} 销号：{line.reason}（{line.proof}）" if line.closed_on else "",
        f"{line.reopened_on} 复号：{line.reopen_reason}" if line.reopened_on else "",
    )
    return "　".join(part for part in parts if part)


def _text(values: dict[str, Value], name: str) -> str | None:
    return str(values[name]) if values.get(name) is not None else None
