"""Second step of an import: what it would do, row by row, before anything is written."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from jzdesk.ui import theme, widgets
from jzdesk.ui.inputs import Pick
from jzdesk.ui.ledger.model import Column
from jzdesk.ui.pages.figures import Figures
from jzdesk.ui.pages.imports.report import figures_of
from jzdesk.ui.pages.imports.words import OUTCOMES
from jzdesk.ui.pages.listing import Listing

if TYPE_CHECKING:
    from jzdesk.services.importing.planning import Plan, PlanLine


class TrialView(QWidget):
    """The figures, which balance, and every row with its outcome: added, changed (old → new), unchanged, parked."""

    def __init__(self) -> None:
        super().__init__()
        self.plan: Plan | None = None
        self.figures = Figures()
        self.filter = Pick(tip="只看")
        self.table = Listing(
            (
                Column("row", "行", 6, numeric=True),
                Column("name", "姓名", 14),
                Column("outcome", "结果", 12, text=_outcome, tone=lambda line: OUTCOMES[line.outcome][1]),
                Column("words", "会怎样", 90, text=lambda line: line.words()),
            ),
            key=lambda line: f"{line.sheet}:{line.row}",
        )
        self.words = widgets.label(wrap=True)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.words.setAlignment(Qt.AlignmentFlag.AlignTop)
        only = widgets.row(widgets.label("只看"), self.filter, space=0.4)
        head = widgets.row(self.figures, widgets.holder(only))
        head.setStretch(0, 1)
        detail = widgets.scrolled(self.words)
        detail.setFixedHeight(theme.em(4.2))
        inside = widgets.column(widgets.holder(head), self.table, detail)
        inside.setStretch(1, 1)
        self.setLayout(inside)
        self.filter.picked.connect(self._show)
        self.table.chosen.connect(lambda _: self._say())

    def show_plan(self, plan: Plan) -> None:
        """Show this one."""
        self.plan = plan
        self.figures.put(figures_of(plan.report), total_first=True)
        counts = Counter(line.outcome for line in plan.lines)
        self.filter.fill(
            [("", f"全部（{len(plan.lines):,}）")]
            + [(code, f"{label}（{counts[code]:,}）") for code, (label, _) in OUTCOMES.items() if counts[code]]
        )
        self._show()

    def show_only(self, outcome: str) -> None:
        """Only the rows of one outcome ("": all)."""
        self.filter.choose(outcome)

    def _show(self) -> None:
        wanted = self.filter.value()
        lines = self.plan.lines if self.plan is not None else []
        self.table.put_rows([line for line in lines if not wanted or line.outcome == wanted])
        if self.table.uid() is None and self.table.records().rowCount():
            self.table.selectRow(0)
        self._say()

    def _say(self) -> None:
        line: PlanLine | None = self.table.row_here()
        if line is None:
            self.words.setText("")
            return
        added = [f"新增{line.added}"] if line.added else []
        parts = [*added, *(change.sentence() for change in line.changes), *line.says]
        self.words.setText(f"第 {line.row} 行　{line.name}\n" + ("\n".join(parts) or "与已有内容一致。"))


def _outcome(line: PlanLine) -> str:
    return OUTCOMES[line.outcome][0]
