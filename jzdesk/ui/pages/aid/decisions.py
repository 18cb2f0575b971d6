"""认定: who gets what this term, and for each line the ground down to the clause — 每一分钱的依据."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from jzdesk.core.money import format_yuan
from jzdesk.ui import theme, widgets
from jzdesk.ui.desk import Desk
from jzdesk.ui.errors_shown import Message
from jzdesk.ui.flow import Flow
from jzdesk.ui.inputs import Pick, SearchEdit
from jzdesk.ui.ledger.model import Column
from jzdesk.ui.pages.figures import Figure, Figures
from jzdesk.ui.pages.listing import Listing, ListingOrEmpty
from jzdesk.ui.tasks import Progress

if TYPE_CHECKING:
    from jzdesk.services.aid import DecisionLine, ProgrammeTotal, Why
    from jzdesk.services.deciding import DecisionRun

_COLUMNS = (
    Column("name", "姓名", 9),
    Column("outcome", "结论", 6, tone=lambda one: "good" if one.granted else "muted"),
    Column("amount", "本学期金额", 10, numeric=True),
    Column("programme", "项目", 17),
    Column("school_class", "班级", 12),
    Column("basis", "享受依据", 17),
    Column("batch", "批次", 15),
    Column("reasons", "理由", 40, tone=lambda one: "look" if one.elsewhere else ""),
)
_OUTCOMES = ((None, "全部结论"), ("granted", "享受"), ("refused", "不享受"))


@dataclass(frozen=True, slots=True)
class Decided:
    """What the tab shows for one term."""

    lines: list[DecisionLine]
    totals: list[ProgrammeTotal]


class DecisionsView(QWidget):
    """Run the decisions, sift them, read their ground."""

    def __init__(self, desk: Desk, term: Callable[[], str]) -> None:
        super().__init__()
        self.desk, self._term = desk, term
        self._all: list[DecisionLine] = []
        self.figures = Figures()
        self.search = SearchEdit("姓名 / 班级 (F3)")
        self.outcome = Pick(_OUTCOMES, "结论")
        self.programme = Pick([(None, "全部项目")], "项目")
        self.count = widgets.label(tone="muted")
        self.run_button = widgets.button("认定本学期 (Ctrl+N)", self.decide, icon="tick", role="primary")
        self.table = Listing(_COLUMNS)
        begin = widgets.button("认定本学期", self.decide, icon="tick", role="primary")
        hint = "按县里的标准逐个学生认定，每一条都写明依据；资料变了可以再认定一次，已审批的不会改。"
        self.middle = ListingOrEmpty(self.table, widgets.Empty("aid", "这个学期还没有认定", hint, begin))
        self.why = WhyView()
        self._build()
        self._wire()

    def seek(self) -> None:
        """F3."""
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def refresh(self) -> None:
        """Read the decisions of the term."""
        aid, term = self.desk.services.aid, self._term()
        job = lambda: Decided(aid.decisions(term), aid.totals(term))  # noqa: E731
        self.desk.tasks.read("decisions", job, self._show, owner=self)

    def decide(self) -> None:
        """Decide the term for every pupil, with progress; stopping it changes nothing."""
        aid, term = self.desk.services.aid, self._term()

        def job(progress: Progress) -> DecisionRun:
            return aid.decide(term, progress)

        self.desk.write(job, self._decided, title="正在认定资助", cancellable=True, owner=self)

    def _build(self) -> None:
        filters = Flow()
        for part in (self.outcome, self.programme, self.count, self.run_button):
            filters.addWidget(part)
        self.programme.setMaximumWidth(theme.em(16))
        self.search.setMinimumWidth(theme.em(12))
        row = widgets.row(widgets.column(self.search, None), widgets.holder(filters))
        row.setStretch(0, 1)
        halves = QSplitter(Qt.Orientation.Horizontal)
        halves.setChildrenCollapsible(False)
        halves.setHandleWidth(theme.gap())
        halves.addWidget(self.middle)
        halves.addWidget(self.why)
        halves.setStretchFactor(0, 5)
        halves.setStretchFactor(1, 2)
        halves.setSizes([theme.em(50), theme.em(20)])
        inside = QVBoxLayout(self)
        inside.setContentsMargins(0, theme.em(0.6), 0, 0)
        inside.setSpacing(theme.em(0.6))
        inside.addWidget(self.figures)
        inside.addLayout(row)
        inside.addWidget(halves, 1)

    def _wire(self) -> None:
        self.search.searched.connect(lambda _: self._sift())
        self.search.down.connect(self.table.setFocus)
        self.outcome.picked.connect(self._sift)
        self.programme.picked.connect(self._sift)
        self.table.chosen.connect(self._ask_why)

    def _show(self, decided: Decided) -> None:
        self._all = decided.lines
        names = {line.programme_code: line.programme for line in decided.lines}
        self.programme.fill([(None, "全部项目"), *sorted(names.items(), key=lambda item: item[1])])
        self.figures.put(totals(decided.totals))
        self.figures.setVisible(bool(decided.totals))
        self._sift()

    def _sift(self) -> None:
        text, programme = self.search.text().strip(), self.programme.value()
        granted = {"granted": True, "refused": False}.get(str(self.outcome.value()))
        shown = [
            line
            for line in self._all
            if programme in (None, line.programme_code)
            and granted in (None, line.granted)
            and text in f"{line.name} {line.school_class}"
        ]
        self.count.setText(f"{len(shown):,} 条")
        if self._all:
            self.middle.setCurrentIndex(0)
            self.table.put_rows(shown)
        else:
            self.middle.put_rows(())
        if shown and self.table.uid() is None:
            self.table.selectRow(0)
        if not shown:
            self.why.show_nothing()

    def _ask_why(self, uid: str) -> None:
        job = partial(self.desk.services.aid.why, uid)
        self.desk.tasks.read("why", job, self.why.show_why, lambda _: True, owner=self)

    def _decided(self, run: DecisionRun) -> None:
        sums = f"享受 {run.granted:,} 条，合计 {format_yuan(run.fen)} 元"
        self.desk.say(f"看了 {run.judged:,} 名学生：{sums}；这次改动 {run.changed:,} 条")
        if run.frozen:
            names = "、".join(one.name for one in run.frozen[:6]) + ("等" if len(run.frozen) > 6 else "")
            remedy = f"{names}。{run.frozen[0].sentence}"
            self.desk.note(
                Message("look", f"有 {len(run.frozen)} 条已审批的认定与现在的资料不一致，没有改动。", remedy)
            )
        self.refresh()


def totals(found: Sequence[ProgrammeTotal]) -> list[Figure]:
    """One figure a programme; cash as money, what is no cash as a number of pupils."""
    return [
        Figure(f"{one.name}　{one.students:,} 人", f"{format_yuan(one.fen)}" if one.fen else one.channel_label)
        for one in found
    ]


class WhyView(widgets.Card):
    """每一分钱的依据: clause, standard, dates, proportion, stacking, and where the money stands."""

    def __init__(self) -> None:
        super().__init__()
        self.setMinimumWidth(theme.em(15))
        self._inside = QWidget()
        self._lines = widgets.column(space=0.5)
        self._inside.setLayout(self._lines)
        self.body.addWidget(widgets.scrolled(self._inside), 1)
        self.shown: Why | None = None
        self.show_nothing()

    def show_nothing(self) -> None:
        """No line is chosen."""
        self.shown = None
        widgets.clear(self._lines)
        self._lines.addWidget(
            widgets.Empty("info", "每一分钱的依据", "选中左边一行，这里写明条款、标准、日期、比例和叠加规则。")
        )

    def show_why(self, why: Why) -> None:
        """Show the ground of one decision."""
        self.shown = why
        widgets.clear(self._lines)
        self._lines.addWidget(widgets.label(f"{why.name}　{why.outcome}", size=1.15, bold=True, wrap=True))
        self._lines.addWidget(widgets.label(f"{why.programme}　{why.amount} 元", wrap=True))
        self._lines.addWidget(widgets.label(why.term, tone="muted", wrap=True))
        self._part("请先核实", why.warnings)
        self._part("依据", why.reasons)
        self._part("困难类型", [line.removeprefix("困难类型：") for line in why.hardships])
        self._part("叠加规则", (why.stacking,))
        self._part("发放", why.payments)
        self._lines.addStretch(1)

    def _part(self, title: str, lines: Sequence[str]) -> None:
        if not (words := [line for line in lines if line]):
            return
        self._lines.addWidget(widgets.line())
        self._lines.addWidget(widgets.label(title, tone="muted", bold=True))
        for line in words:
            made = widgets.label(line, wrap=True)
            made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self._lines.addWidget(made)
