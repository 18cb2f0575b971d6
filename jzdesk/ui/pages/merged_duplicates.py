"""同一学生 (county): the same child on two rolls, side by side; one child or two, decided with a reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from jzdesk.ui import widgets
from jzdesk.ui.desk import Desk
from jzdesk.ui.dialogs.reason import ask_reason
from jzdesk.ui.ledger.model import Column
from jzdesk.ui.pages.cases import CaseView, Choice
from jzdesk.ui.pages.listing import Listing

if TYPE_CHECKING:
    from jzdesk.services.settling import DuplicateLine


class DuplicateView(CaseView):
    """The same child on two rolls: one child, or two."""

    def __init__(self, desk: Desk, changed: Callable[[], object]) -> None:
        columns = (
            Column("id_number", "身份证号", 20),
            Column("names", "姓名", 10, text=lambda one: "／".join(dict.fromkeys(side.name for side in one.sides))),
            Column("schools", "学校", 34, text=lambda one: "／".join(side.school for side in one.sides)),
        )
        hint = "同一个身份证号出现在两所学校的名册上时，会列在这里等待核实；从不自动合并。"
        table = Listing(columns, key=lambda one: "-".join(side.uid for side in one.sides))
        super().__init__(table, widgets.Empty("ok", "没有等待核实的学生", hint))
        self.desk, self._changed = desk, changed
        self.pair: tuple[str, str] = ("", "")
        self.deeds.addWidget(
            widgets.button("是同一人… (1)", lambda: self.decide(same=True), icon="merge", role="primary")
        )
        self.deeds.addWidget(widgets.button("不是同一人… (2)", lambda: self.decide(same=False)))
        self.deeds.addWidget(widgets.button("换下一条记录来比", self.turn, role="link"))
        self.pressed.connect(lambda number: self.decide(same=number == 0) if number < 2 else None)

    def show_cases(self, cases: Sequence[DuplicateLine]) -> None:
        """Show these."""
        self.put(cases)

    def show_case(self) -> None:
        """The records side by side."""
        case: DuplicateLine | None = self.table.row_here()
        if case is None:
            return
        uids = [side.uid for side in case.sides]
        if self.pair[0] not in uids or self.pair[1] not in uids:
            self.pair = (uids[0], uids[1])
        count = f"（共 {len(uids)} 条记录，两两核实）" if len(uids) > 2 else ""
        self.question.setText(f"身份证号 {case.id_number} 登记在两处，是同一名学生吗？{count}")
        self.explain.setText("请打电话向两所学校核实后再判定。两条记录都会保留，判定和理由留在历史里。")
        shown = [next(side for side in case.sides if side.uid == uid) for uid in self.pair]
        facts = [(("学校", side.school), ("出生日期", side.birth), ("年级", side.grade)) for side in shown]
        self.place([Choice(n, side.name, fact) for n, (side, fact) in enumerate(zip(shown, facts, strict=True), 1)])
        turn = self.deeds.itemAt(2)
        if turn is not None and (button := turn.widget()) is not None:
            button.setVisible(len(uids) > 2)

    def turn(self) -> None:
        """With more than two records: compare the next pair."""
        case: DuplicateLine | None = self.table.row_here()
        if case is None:
            return
        uids = [side.uid for side in case.sides]
        pairs = [(a, b) for n, a in enumerate(uids) for b in uids[n + 1 :]]
        self.pair = pairs[(pairs.index(self.pair) + 1) % len(pairs)]
        self.show_case()

    def decide(self, *, same: bool) -> None:
        """Ask for the reason, then record the verdict."""
        if self.table.row_here() is None:
            return
        title = "是同一人" if same else "不是同一人"
        explain = "两条记录认作同一名学生。" if same else "两条记录各算一名学生，请让学校改正填错的身份证号。"
        reason = ask_reason(self, title, f"{explain}请写明核实的经过。", title)
        if reason is not None:
            self.settle(same=same, reason=reason)

    def settle(self, *, same: bool, reason: str) -> None:
        """Record it."""
        service, (first, second) = self.desk.services.settling, self.pair
        self.desk.write(
            lambda _: service.settle(first, second, same=same, reason=reason),
            lambda _: self._settled(),
            title="正在保存判定",
            owner=self,
        )

    def _settled(self) -> None:
        self.desk.say("判定已记下")
        self._changed()
