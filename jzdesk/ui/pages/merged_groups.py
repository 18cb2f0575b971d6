"""同一人分组 (county): records judged to be one child; two places at school are settled, a verdict is taken back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING

from jzdesk.ui import widgets
from jzdesk.ui.desk import Desk
from jzdesk.ui.dialogs.reason import ask_reason
from jzdesk.ui.ledger.model import Column
from jzdesk.ui.pages.cases import CaseView, Choice
from jzdesk.ui.pages.listing import Listing

if TYPE_CHECKING:
    from jzdesk.services.child_groups import GroupLine


class GroupView(CaseView):
    """Groups, those with something to settle first; a number key strikes that record's place off the roll."""

    def __init__(self, desk: Desk, changed: Callable[[], object]) -> None:
        columns = (
            Column("names", "姓名", 10, text=lambda one: "／".join(dict.fromkeys(side.name for side in one.sides))),
            Column("schools", "学校", 26, text=lambda one: "／".join(side.school for side in one.sides)),
            Column("state_label", "情况", 8, tone=lambda one: "look" if one.problem else "good"),
        )
        hint = "在“同一学生”里判定为同一人的记录列在这里；统计时算一名学生，判定可以撤销。"
        table = Listing(columns, key=lambda one: "-".join(side.uid for side in one.sides))
        super().__init__(table, widgets.Empty("ok", "没有判定为同一人的记录", hint))
        self.desk, self._changed = desk, changed
        self.deeds.addWidget(widgets.button("撤销判定…", self.reopen, icon="undo"))
        self.pressed.connect(self.strike)

    def show_groups(self, groups: Sequence[GroupLine]) -> None:
        """Show these."""
        self.put(groups)

    def show_case(self) -> None:
        """The records side by side; the places at school that one may be struck off."""
        group = self._group()
        if group is None:
            return
        self.question.setText(f"{group.sides[0].name} 的 {len(group.sides)} 条记录已判定为同一人，统计时算一名学生。")
        self.explain.setText(group.problem or "没有需要处理的问题。判定有误的可以撤销，各条记录都还在。")
        striking = sum(bool(side.enrolment) for side in group.sides) > 1
        cards = []
        for number, side in enumerate(group.sides, 1):
            facts = (("姓名", side.name), ("年级", side.grade), ("状态", side.status), ("出生日期", side.birth))
            deed = "注销这边的学籍…" if striking and side.enrolment else ""
            card = Choice(number, side.school, facts, deed)
            card.clicked.connect(partial(self.strike, number - 1))
            cards.append(card)
        self.place(cards)

    def strike(self, number: int) -> None:
        """Strike the place of side `number` (from 0) off its roll, with a reason; it can be put back."""
        group = self._group()
        if group is None or number >= len(group.sides) or sum(bool(side.enrolment) for side in group.sides) < 2:
            return
        side, service = group.sides[number], self.desk.services.settling
        if not side.enrolment:
            return
        explain = f"{side.school}的学籍不再计入，学生记录和历史都还在；学校读取回执后可以看到。"
        reason = ask_reason(self, f"注销{side.school}的学籍", explain, "注销")
        if reason is not None:
            self._write(
                lambda: service.strike(side.enrolment, reason), f"已注销{side.school}的学籍",
                lambda: self._write(lambda: service.put_back(side.enrolment, "撤销注销"), "已恢复学籍"),
            )  # fmt: skip

    def reopen(self) -> None:
        """Take the verdicts on this group back."""
        if (group := self._group()) is None:
            return
        reason = ask_reason(self, "撤销同一人的判定", "各条记录重新各算一名学生，等待再次核实。", "撤销判定")
        if reason is not None:
            pairs, service = list(combinations([side.uid for side in group.sides], 2)), self.desk.services.settling
            self._write(lambda: service.reopen_all(pairs, reason), "判定已撤销")

    def _write(self, job: Callable[[], object], said: str, undo: Callable[[], object] | None = None) -> None:
        self.desk.write(lambda _: job(), lambda _: self._done(said, undo), title="正在保存", owner=self)

    def _done(self, said: str, undo: Callable[[], object] | None) -> None:
        if undo is None:
            self.desk.say(said)
        else:
            self.desk.say(said, "恢复", undo)
        self._changed()

    def _group(self) -> GroupLine | None:
        group: GroupLine | None = self.table.row_here()
        return group
