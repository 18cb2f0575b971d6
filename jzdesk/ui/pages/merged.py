"""合并结果 (county): the log of packages, the same child on two rolls, and fields filled in differently."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QShowEvent
from PySide6.QtWidgets import QSplitter, QTabWidget, QVBoxLayout, QWidget

from jzdesk.core.fields import Value
from jzdesk.ui import theme, widgets
from jzdesk.ui.desk import Changes, Desk
from jzdesk.ui.dialogs.reason import ask_reason
from jzdesk.ui.ledger.model import Column
from jzdesk.ui.page import Page
from jzdesk.ui.pages.figures import Figure, Figures
from jzdesk.ui.pages.listing import Listing, ListingOrEmpty

if TYPE_CHECKING:
    from jzdesk.services.bundle import Services
    from jzdesk.services.package_log import LogLine
    from jzdesk.services.settling import ConflictLine, DuplicateLine

LOG, DUPLICATES, CONFLICTS = 0, 1, 2
VOIDED = "*"  # an edit that met a 作废
_HINTS = {"log": LOG, "duplicates": DUPLICATES, "conflicts": CONFLICTS}
OUTCOME_TONES = {
    "applied": "good", "duplicate": "muted", "parked": "look", "held": "look", "fork": "wrong", "rejected": "wrong",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything the page shows; `names` school code → name."""

    log: list[LogLine]
    duplicates: list[DuplicateLine]
    conflicts: list[ConflictLine]
    names: Mapping[str, str]


def look(services: Services) -> Seen:
    """Read it."""
    return Seen(
        services.merging.arrivals(), services.settling.duplicates(), services.settling.conflicts(), names_of(services)
    )


def names_of(services: Services) -> dict[str, str]:
    """School code → name."""
    from jzdesk.services.ledger import Query

    rows = services.ledger.rows("school", services.ledger.ids(Query("school")))
    return {str(row.values["code"]): str(row.values["name"] or "") for row in rows}


class MergedPage(Page):
    """Three tabs; what needs a person is counted in their titles."""

    title, icon = "合并结果", "merge"
    hints = "F5 刷新　↑↓ 换一件　数字键 选定"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.figures = Figures()
        self.heading()
        self.log = LogView()
        self.duplicates = DuplicateView(desk, self.refresh)
        self.conflicts = ConflictView(desk, self.refresh)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.setMinimumSize(theme.em(30), theme.em(14))
        self.tabs.addTab(self.log, "数据包")
        self.tabs.addTab(self.duplicates, "同一学生")
        self.tabs.addTab(self.conflicts, "不同填法")
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
        for number, (title, waiting) in enumerate(
            (("数据包", len(seen.log)), ("同一学生", len(seen.duplicates)), ("不同填法", len(seen.conflicts)))
        ):
            self.tabs.setTabText(number, f"{title}（{waiting:,}）" if waiting else title)


class LogView(QWidget):
    """Every package that came, newest first, and what its entries became."""

    def __init__(self) -> None:
        super().__init__()
        self._names: Mapping[str, str] = {}
        self.table = Listing(
            (
                Column("when", "时间", 19),
                Column("school", "学校", 20, text=lambda one: self._names.get(one.school, one.school)),
                Column("number", "包号", 5, numeric=True),
                Column("outcome", "结果", 11, text=outcome_label, tone=lambda one: OUTCOME_TONES.get(one.outcome, "")),
                Column("in", "收到", 8, numeric=True, text=lambda one: f"{one.counts.entries_in:,}"),
                Column("applied", "并入", 8, numeric=True, text=lambda one: f"{one.counts.applied:,}"),
                Column("known", "以前已有", 8, numeric=True, text=lambda one: f"{one.counts.known:,}"),
                Column("held", "待裁定", 7, numeric=True, text=_held, tone=_held_tone),
                Column("rejected", "未接收", 7, numeric=True, text=_rejected, tone=_rejected_tone),
                Column("reason", "说明", 40, text=lambda one: one.reason or ""),
                Column("file", "文件", 46),
            ),
            key=None,
        )  # fmt: skip
        hint = "在“收件箱”里选 U 盘并入学校的数据包，经过会记在这里。"
        self.middle = ListingOrEmpty(self.table, widgets.Empty("merge", "还没有收到过数据包", hint))
        self.figures = Figures()
        inside = widgets.column(self.figures, self.middle)
        inside.setStretch(1, 1)
        inside.setContentsMargins(0, theme.em(0.6), 0, 0)
        self.setLayout(inside)

    def show_log(self, log: Sequence[LogLine], names: Mapping[str, str]) -> None:
        """Show it, with sums that balance."""
        self._names = names
        self.middle.put_rows(log)
        self.figures.setVisible(bool(log))
        self.figures.put(balance([line.counts for line in log]), total_first=True)


def balance(counts: Sequence[object]) -> list[Figure]:
    """收到 = 并入 + 以前已有 + 待裁定 + 未接收, over several packages."""

    def total(name: str) -> int:
        return sum(int(getattr(one, name)) for one in counts)

    held, rejected = total("held"), total("rejected")
    return [
        Figure("收到记录", f"{total('entries_in'):,}"),
        Figure("并入", f"{total('applied'):,}", "good" if total("applied") else "muted"),
        Figure("以前已有", f"{total('known'):,}", "muted"),
        Figure("待裁定", f"{held:,}", "look" if held else "muted"),
        Figure("未接收", f"{rejected:,}", "wrong" if rejected else "muted"),
    ]


def outcome_label(one: LogLine) -> str:
    """The outcome in Chinese."""
    from jzdesk.services.merging import OUTCOMES

    return OUTCOMES.get(one.outcome, one.outcome)


def _held(one: LogLine) -> str:
    return f"{one.counts.held:,}"


def _held_tone(one: LogLine) -> str:
    return "look" if one.counts.held else ""


def _rejected(one: LogLine) -> str:
    return f"{one.counts.rejected:,}"


def _rejected_tone(one: LogLine) -> str:
    return "wrong" if one.counts.rejected else ""


class Choice(widgets.Card):
    """One of the things to choose from: a key, a headline, facts."""

    def __init__(self, number: int, headline: str, facts: Sequence[tuple[str, str]], deed: str = "") -> None:
        super().__init__(live=bool(deed), space=0.3)
        self.body.addWidget(widgets.label(headline, size=1.2, bold=True, wrap=True))
        for name, value in facts:
            words = widgets.label(name, tone="muted")
            words.setMinimumWidth(theme.em(4.2))
            line = widgets.row(words, widgets.label(value or "（未填）", wrap=True))
            line.setStretch(1, 1)
            self.body.addLayout(line)
        self.body.addStretch(1)
        if deed:
            made = widgets.button(f"{deed} ({number})", self.clicked.emit)
            made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            self.body.addWidget(made)
        self.setAccessibleName("，".join([headline, *(f"{name} {value}" for name, value in facts)]))


class CaseView(QWidget):
    """Cases at the left, the one with the cursor side by side at the right; number keys decide."""

    pressed = Signal(int)

    def __init__(self, table: Listing, empty: widgets.Empty) -> None:
        super().__init__()
        self.table = table
        self.middle = ListingOrEmpty(table, empty)
        self.question = widgets.label(size=1.1, bold=True, wrap=True)
        self.explain = widgets.label(tone="muted", wrap=True)
        self._sides = QWidget()
        self._row = widgets.row(space=0.75)
        self._sides.setLayout(self._row)
        self.deeds = widgets.Flow()
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.gap())
        for part in (self.question, self.explain, self._sides, widgets.holder(self.deeds)):
            column.addWidget(part)
        column.addStretch(1)
        self.right = widgets.Card()
        self.right.body.addWidget(widgets.scrolled(right), 1)
        self.right.setMinimumWidth(theme.em(24))
        halves = QSplitter(Qt.Orientation.Horizontal)
        halves.setChildrenCollapsible(False)
        halves.setHandleWidth(theme.gap())
        halves.addWidget(self.middle)
        halves.addWidget(self.right)
        halves.setSizes([theme.em(26), theme.em(34)])
        inside = widgets.column(halves)
        inside.setContentsMargins(0, theme.em(0.6), 0, 0)
        self.setLayout(inside)
        self.table.chosen.connect(lambda _: self.show_case())
        self.table.installEventFilter(self)

    def show_case(self) -> None:
        """Show the case with the cursor."""
        raise NotImplementedError

    def put(self, rows: Sequence[object]) -> None:
        """Show these cases; the cursor stays, or begins at the top."""
        self.middle.put_rows(rows)
        if rows and self.table.uid() is None:
            self.table.selectRow(0)
        self.right.setVisible(bool(rows))
        self.show_case()

    def place(self, cards: Sequence[QWidget]) -> None:
        """Stand these side by side."""
        widgets.clear(self._row)
        for card in cards:
            self._row.addWidget(card, 1)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """1, 2, 3… decide the case with the cursor; a table would take them for a search."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
            if plain and Qt.Key.Key_1 <= event.key() <= Qt.Key.Key_9 and not event.isAutoRepeat():
                self.pressed.emit(event.key() - Qt.Key.Key_1)
                return True
        return super().eventFilter(watched, event)

    def showEvent(self, event: QShowEvent) -> None:
        """The keyboard goes to the cases."""
        super().showEvent(event)
        self.table.setFocus()


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
