"""合并结果 (county): the log of packages, the same child on two rolls, fields filled in differently, what is held."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QTabWidget

from jzdesk.core.fields import Value
from jzdesk.ui import theme, widgets
from jzdesk.ui.desk import Changes, Desk
from jzdesk.ui.dialogs.reason import ask_reason
from jzdesk.ui.ledger.model import Column
from jzdesk.ui.page import Page
from jzdesk.ui.pages.cases import CaseView, Choice
from jzdesk.ui.pages.held import HeldView
from jzdesk.ui.pages.listing import Listing
from jzdesk.ui.pages.merge_log import LogView

if TYPE_CHECKING:
    from jzdesk.services.bundle import Services
    from jzdesk.services.package_log import LogLine
    from jzdesk.services.settling import ConflictLine, DuplicateLine
    from jzdesk.ui.pages.held import Held

LOG, DUPLICATES, CONFLICTS, HOLDS = 0, 1, 2, 3
VOIDED = "*"  # an edit that met a 作废
_HINTS = {"log": LOG, "duplicates": DUPLICATES, "conflicts": CONFLICTS, "holds": HOLDS}


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything the page shows; `names` school code → name."""

    log: list[LogLine]
    duplicates: list[DuplicateLine]
    conflicts: list[ConflictLine]
    holds: list[Held]
    names: Mapping[str, str]


def look(services: Services) -> Seen:
    """Read it."""
    return Seen(
        services.merging.arrivals(),
        services.settling.duplicates(),
        services.settling.conflicts(),
        [*services.forks.waiting(), *services.holds.waiting()],
        names_of(services),
    )


def names_of(services: Services) -> dict[str, str]:
    """School code → name."""
    from jzdesk.services.ledger import Query

    rows = services.ledger.rows("school", services.ledger.ids(Query("school")))
    return {str(row.values["code"]): str(row.values["name"] or "") for row in rows}


class MergedPage(Page):
    """Four tabs; what needs a person is counted in their titles."""

    title, icon = "合并结果", "merge"
    hints = "F5 刷新　↑↓ 回车 换一件　数字键 选定"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.heading()
        self.log = LogView(desk, self.refresh)
        self.duplicates = DuplicateView(desk, self.refresh)
        self.conflicts = ConflictView(desk, self.refresh)
        self.holds = HeldView(desk, self.refresh)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.setMinimumSize(theme.em(30), theme.em(14))
        self.tabs.addTab(self.log, "合并记录")
        self.tabs.addTab(self.duplicates, "同一学生")
        self.tabs.addTab(self.conflicts, "不同填法")
        self.tabs.addTab(self.holds, "待裁定的记录")
        self.body.addWidget(self.tabs, 1)

    def arrive(self, hint: str = "") -> None:
        """Look again; `duplicates` and `conflicts` open their tab."""
        if hint in _HINTS:
            self.tabs.setCurrentIndex(_HINTS[hint])
        self.refresh()

    def refresh(self) -> None:
        """Read everything again."""
        self.desk.tasks.read("merged", partial(look, self.desk.services), self._show, owner=self)

    def _heard(self, changes: Changes) -> None:
        if self.isVisible():
            self.refresh()

    def _show(self, seen: Seen) -> None:
        self.log.show_log(seen.log, seen.names)
        self.duplicates.show_cases(seen.duplicates)
        self.conflicts.show_conflicts(seen.conflicts, seen.names)
        self.holds.show_holds(seen.holds, seen.names)
        counts = (
            ("合并记录", seen.log), ("同一学生", seen.duplicates), ("不同填法", seen.conflicts),
            ("待裁定的记录", seen.holds),
        )  # fmt: skip
        for number, (title, waiting) in enumerate((title, len(lines)) for title, lines in counts):
            self.tabs.setTabText(number, f"{title}（{waiting:,}）" if waiting else title)


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


class ConflictView(CaseView):
    """A field with several values: who wrote which one when; one key settles it for good."""

    def __init__(self, desk: Desk, changed: Callable[[], object]) -> None:
        columns = (
            Column("entity_label", "台账", 10),
            Column("title", "记录", 18),
            Column("field_label", "栏目", 12),
            Column("values", "填法", 5, numeric=True, text=lambda one: str(len(one.values))),
        )
        hint = "同一栏被两台电脑改成不同内容时，会列在这里；两种填法都留着，等县里选定。"
        table = Listing(columns, key=lambda one: f"{one.entity}-{one.uid}-{one.field}")
        super().__init__(table, widgets.Empty("ok", "没有等待裁定的填法", hint))
        self.desk, self._changed = desk, changed
        self._names: Mapping[str, str] = {}
        self._busy = False
        self.pressed.connect(self.choose)

    def show_conflicts(self, conflicts: Sequence[ConflictLine], names: Mapping[str, str]) -> None:
        """Show these."""
        self._names = names
        self.put(conflicts)

    def show_case(self) -> None:
        """The values side by side, each with its key."""
        line: ConflictLine | None = self.table.row_here()
        if line is None:
            return
        if line.field == VOIDED:
            self._show_voided(line)
            return
        self.question.setText(f"{line.entity_label}“{line.title}”的“{line.field_label}”应当是哪一个？")
        self.explain.setText("按数字键或点“采用”选定；其余填法留在历史里，选定的结果会随回执发给学校。")
        cards = []
        for number, one in enumerate(line.values, 1):
            facts = (("填写人", one.who), ("时间", one.when[:16]), ("来自", self._station(one.station)))
            card = Choice(number, one.shown or "（空）", facts, "采用")
            card.clicked.connect(partial(self.choose, number - 1))
            cards.append(card)
        self.place(cards)

    def choose(self, number: int) -> None:
        """Settle the conflict with the cursor by its value `number` (from 0)."""
        line: ConflictLine | None = self.table.row_here()
        if line is None or self._busy:
            return
        services, deeds = self.desk.services, self._deeds(line)
        if number >= len(deeds):
            return
        self._busy = True
        said, do = deeds[number]
        self.desk.write(
            lambda _: do(services),
            lambda _: self._resolved(line.field_label, said),
            title="正在保存裁定",
            owner=self,
            always=self._free,
        )

    def _deeds(self, line: ConflictLine) -> list[tuple[str, Callable[[Services], object]]]:
        """What each key does, with the word for it."""

        def settle(value: Value) -> Callable[[Services], object]:
            return lambda services: services.settling.resolve(line.entity, line.uid, line.field, value)

        if line.field != VOIDED:
            return [(one.shown, settle(one.value)) for one in line.values]

        def stay(services: Services) -> object:
            return services.ledger.void(line.entity, line.uid, "县里裁定：保持作废")

        return [("恢复这条记录", settle(None)), ("保持作废", stay)]

    def _show_voided(self, line: ConflictLine) -> None:
        """One side voided the record while another one went on editing it."""
        self.question.setText(f"{line.entity_label}“{line.title}”被作废，同时又有人修改，以哪个为准？")
        self.explain.setText("按数字键或点“采用”选定。恢复后各栏是最后的内容；保持作废时，历史仍然保留。")
        cards = []
        for number, (said, _) in enumerate(self._deeds(line), 1):
            card = Choice(number, said, (), "采用")
            card.clicked.connect(partial(self.choose, number - 1))
            cards.append(card)
        self.place(cards)

    def _station(self, scope: str) -> str:
        return "县教育局" if scope == "county" else self._names.get(scope, scope)

    def _resolved(self, label: str, shown: str) -> None:
        self.desk.say(f"“{label}”已定为“{shown or '空'}”")
        self._changed()

    def _free(self) -> None:
        self._busy = False
