"""The report of the last import: figures that balance, notes, faults, and the copy with the faults marked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QStackedWidget, QTabWidget, QWidget

from jzdesk.ui import theme, widgets
from jzdesk.ui.desk import Desk
from jzdesk.ui.flow import Flow
from jzdesk.ui.ledger.model import Column
from jzdesk.ui.pages.figures import Figure, Figures
from jzdesk.ui.pages.files import open_file, save_copy
from jzdesk.ui.pages.imports.words import XLSX
from jzdesk.ui.pages.listing import Listing

if TYPE_CHECKING:
    from jzdesk.services.importing.report import ImportReport

PLACE = (
    Column("row", "行", 5, numeric=True),
    Column("column", "列", 12),
    Column("value", "原来的内容", 17),
    Column("problem", "哪里不对", 28, tone=lambda _: "wrong"),
    Column("remedy", "怎么改", 44),
    Column("sheet", "工作表", 10),
)


class ReportView(QStackedWidget):
    """What became of the last import: figures that balance, notes, faults, and the copy with the faults marked."""

    def __init__(self, desk: Desk, undo: Callable[[], object]) -> None:
        """`undo` offers to take the import back."""
        super().__init__()
        self.desk, self._undo = desk, undo
        self._annotated: Path | None = None
        self.shown: ImportReport | None = None
        empty = widgets.Card()
        hint = "在左边选一种表，按“导入”，或把文件拖上去；以前的导入在“导入记录”里。"
        empty.body.addWidget(widgets.Empty("import", "打开程序后还没有导入过", hint))
        self.addWidget(empty)
        self.name = widgets.label(bold=True, wrap=True)
        self.figures = Figures()
        self.sentence = widgets.label(wrap=True)
        self.notes = QLabel()
        self.notes.setTextFormat(Qt.TextFormat.PlainText)
        self.notes.setWordWrap(True)
        self.notes.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.notes.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.faults = Listing(PLACE, key=None)
        self.addWidget(self._filled())

    def show_report(self, report: ImportReport, label: str) -> None:
        """Show this one."""
        self.shown = report
        self._annotated = report.annotated
        self.name.setText(f"{label}：{report.file}")
        self.figures.put(figures_of(report), total_first=True)
        tone, words = verdict(report)
        self.sentence.setText(words)
        theme.mark(self.sentence, tone=tone)
        self.notes.setText("\n".join(f"· {note}" for note in report.notes) or "没有需要说明的事项。")
        self.faults.put_rows(report.faults)
        self.tabs.setTabText(0, f"问题（{len(report.faults):,}）")
        self.tabs.setTabText(1, f"说明（{len(report.notes):,}）")
        self.tabs.setCurrentIndex(0 if report.faults else 1)
        for each in self._copies:
            each.setVisible(report.annotated is not None)
        self.setCurrentIndex(1)

    def open_copy(self) -> None:
        """Open the copy with the faults marked."""
        if self._annotated is not None:
            open_file(self.desk, self._annotated)

    def save_copy(self) -> None:
        """Save it elsewhere."""
        if self._annotated is None:
            return
        if (target := widgets.pick_save(self, "另存问题行副本", self._annotated.name, XLSX)) is not None:
            save_copy(self.desk, self._annotated, target)

    def _filled(self) -> QWidget:
        buttons = Flow()
        self._copies = (
            widgets.button("打开问题行副本", self.open_copy, icon="folder"),
            widgets.button("另存副本…", self.save_copy, icon="save"),
        )
        for each in self._copies:
            buttons.addWidget(each)
        buttons.addWidget(widgets.button("撤销这次导入…", self._undo, icon="undo"))
        self.copies = widgets.holder(buttons)
        head = widgets.Card(space=0.4)
        for part in (self.name, self.figures, self.sentence, self.copies):
            head.body.addWidget(part)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self.faults, "问题")
        self.notes.setContentsMargins(theme.em(0.6), theme.em(0.5), theme.em(0.6), theme.em(0.5))
        self.tabs.addTab(widgets.scrolled(self.notes), "说明")
        inside = widgets.column(head, self.tabs)
        inside.setStretch(1, 1)
        inside.setContentsMargins(0, theme.em(0.6), 0, 0)
        made = QWidget()
        made.setLayout(inside)
        return made


def figures_of(report: ImportReport) -> list[Figure]:
    """The rows read, and what they became."""
    figures = [
        Figure("读取", f"{report.read:,}"),
        Figure("新增", f"{report.added:,}", "good" if report.added else "muted"),
        Figure("更新", f"{report.changed:,}", "" if report.changed else "muted"),
        Figure("未变", f"{report.unchanged:,}", "" if report.unchanged else "muted"),
        Figure("停放待改", f"{report.parked:,}", "wrong" if report.parked else "muted"),
    ]
    if report.unmatched:
        figures.append(Figure("不在本校名册", f"{report.unmatched:,}", "muted"))
    return figures


def verdict(report: ImportReport) -> tuple[str, str]:
    """(tone, sentence) about a report."""
    doubts = f"另有 {report.warned:,} 行有疑问，已导入并记为待核实。" if report.warned else ""
    if not report.balanced:
        return "wrong", "行数对不上，请把这份表留下并告诉维护人员。"
    if report.parked:
        remedy = "请打开副本改正标红的格子，再导入改好的副本。"
        return "look", f"有 {report.parked:,} 行没有导入，已停放并写明改法。{remedy}{doubts}"
    if not report.added and not report.changed:
        return "muted", f"与已有内容一致，没有改动。{doubts}"
    return ("look" if report.warned else "good"), f"每一行都有着落。{doubts}"
