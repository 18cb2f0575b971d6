"""The packages of the 收件箱: before merging what each is, afterwards what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from jzdesk.ui import theme, widgets
from jzdesk.ui.ledger.model import Column
from jzdesk.ui.pages.figures import Figures
from jzdesk.ui.pages.listing import Listing, ListingOrEmpty
from jzdesk.ui.pages.merge_log import OUTCOME_TONES, balance

if TYPE_CHECKING:
    from jzdesk.services.arrivals import InboxLine
    from jzdesk.services.package_log import EntryCounts
    from jzdesk.services.verdicts import MergeOutcome

_FIRST = ("wrong", "look", "good", "", "muted")  # tones in the order of their lines
_SETTLED = frozenset({"以前已并入", "以前已撤回"})
_COUNTS = frozenset({"applied", "known", "held", "rejected"})
_BEFORE = frozenset({"period", "kinds"})


@dataclass(frozen=True, slots=True)
class PackageLine:
    """One package in the table, before merging (`counts` None) or after."""

    file: str
    school: str
    number: str
    entries: int
    state: str
    tone: str
    sentence: str
    counts: EntryCounts | None = None
    path: Path | None = None
    period: str = ""
    kinds: str = ""


class PackagesView(QWidget):
    """The packages: before merging what each is, afterwards what became of it, with sums that balance."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: list[InboxLine] = []
        self.words = widgets.label(tone="muted", wrap=True)
        self.figures = Figures(low=True)
        self.table = Listing(
            (
                Column("school", "学校", 22),
                Column("number", "包号", 5, numeric=True),
                Column("state", "状态", 12, tone=lambda one: one.tone),
                Column("period", "数据的日期", 19),
                Column("entries", "条数", 8, numeric=True, text=_entries),
                Column("kinds", "内容", 34),
                Column("applied", "并入", 8, numeric=True, text=partial(_count, "applied")),
                Column("known", "以前已有", 8, numeric=True, text=partial(_count, "known")),
                Column("held", "待裁定", 7, numeric=True, text=partial(_count, "held")),
                Column("rejected", "未接收", 7, numeric=True, text=partial(_count, "rejected")),
                Column("sentence", "说明", 44),
                Column("file", "文件", 46),
            ),
            key=None,
        )
        hint = "插上学校带来的 U 盘，或把数据包拖到这里；先逐个核验，再由您决定并入。"
        self.middle = ListingOrEmpty(self.table, widgets.Empty("inbox", "还没有要并入的数据包", hint))
        self.about = widgets.label(wrap=True)
        self.table.chosen.connect(lambda _: self._tell())
        inside = widgets.column(self.words, self.figures, self.middle, self.about)
        inside.setStretch(2, 1)
        inside.setContentsMargins(0, theme.em(0.6), 0, 0)
        self.setLayout(inside)
        self.figures.hide()

    def show_waiting(self, lines: Sequence[InboxLine], *, chosen: bool) -> None:
        """Show packages that were verified; after merging and looking again the outcome stays until others come."""
        fresh = [line for line in lines if line.state not in _SETTLED]
        if not fresh and self.figures.isVisible():
            return
        self._list(lines, chosen=chosen)

    def show_rest(self, outcomes: Sequence[MergeOutcome]) -> None:
        """One was merged by itself: the others stay in view, the cursor where it was: on the next one."""
        place = self.table.currentIndex().row()
        self._list(self._not_among(outcomes), chosen=True, place=place)

    def _not_among(self, outcomes: Sequence[MergeOutcome]) -> list[InboxLine]:
        reached = {one.package for one in outcomes}
        return [line for line in self.waiting if line.path.name not in reached]

    def _list(self, lines: Sequence[InboxLine], *, chosen: bool, place: int = 0) -> None:
        self.waiting = list(lines)
        self.figures.hide()
        self._put([_waiting_line(line) for line in lines], place)
        self._show_counts(shown=False)
        refused = sum(line.sentence is not None for line in lines)
        if not lines:
            self.words.setText("选中的位置没有数据包（文件名以 .jzp 结尾）。" if chosen else "")
        else:
            bad = f"，其中 {refused} 个不能接收，排在最前面，原因写在表的下方" if refused else ""
            self.words.setText(f"有 {len(lines):,} 个数据包，已逐个核验{bad}。确认后按“并入”。")
        self.words.setVisible(bool(self.words.text()))

    def _put(self, lines: Sequence[PackageLine], place: int = 0) -> None:
        """What needs a person first, then what is done; each in the order of the files."""
        self.middle.put_rows(sorted(lines, key=lambda line: _FIRST.index(line.tone)))
        if lines:
            self.table.selectRow(max(0, min(place, len(lines) - 1)))
        self._tell()

    def _tell(self) -> None:
        """All that is to be said of the package with the cursor, beneath the table."""
        line = self.line_here()
        self.about.setVisible(line is not None)
        if line is not None:
            words = (line.kinds and f"内容：{line.kinds}。", line.sentence)
            self.about.setText(f"{line.file}　{''.join(filter(None, words))}")

    def _show_counts(self, *, shown: bool) -> None:
        """What the entries became is known only afterwards; then what is in them matters no more."""
        for number, column in enumerate(self.table.records().columns):
            if column.name in _COUNTS | _BEFORE:
                self.table.setColumnHidden(number, shown == (column.name in _BEFORE))

    def line_here(self) -> PackageLine | None:
        """The package with the cursor."""
        line: PackageLine | None = self.table.row_here()
        return line

    def forget(self) -> None:
        """Other places are being looked into."""
        self.waiting = []
        self.figures.hide()
        self.words.setText("正在逐个核验……")
        self.words.show()

    def show_outcomes(self, outcomes: Sequence[MergeOutcome]) -> None:
        """Show what became of them; those that were not reached go on waiting."""
        numbers = {line.path.name: line.number for line in self.waiting}
        self.waiting = self._not_among(outcomes)
        self._put([_outcome_line(one, numbers.get(one.package)) for one in outcomes])
        self._show_counts(shown=True)
        self.figures.put(balance([one.counts for one in outcomes]), total_first=True)
        self.figures.show()
        self.words.hide()


def _entries(line: PackageLine) -> str:
    return f"{line.entries:,}" if line.number or line.entries else ""  # of what cannot be read nobody knows


def _count(name: str, line: PackageLine) -> str:
    return "" if line.counts is None else f"{getattr(line.counts, name):,}"


def _waiting_line(line: InboxLine) -> PackageLine:
    tone = "wrong" if line.sentence else "look" if line.waits else "muted" if line.state in _SETTLED else "good"
    number = str(line.number) if line.number else ""
    path = None if line.sentence else line.path
    return PackageLine(
        line.path.name, line.school or line.path.name, number, line.entries, line.state, tone, line.sentence or "",
        path=path, period=line.period, kinds=line.kinds,
    )  # fmt: skip


def _outcome_line(one: MergeOutcome, number: int | None) -> PackageLine:
    tone, counts = OUTCOME_TONES.get(one.outcome, ""), one.counts
    return PackageLine(
        one.package, one.school or one.package, str(number or ""), counts.entries_in, one.outcome_label, tone,
        one.reason or "", counts,
    )  # fmt: skip
