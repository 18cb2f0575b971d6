"""导入导出: kinds to import and export, the step-by-step import, what waits, the last report, past imports."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSplitter, QStackedWidget, QTabWidget, QVBoxLayout, QWidget

from jzdesk.services.pasting import PASTED, forget_file
from jzdesk.ui import theme, widgets
from jzdesk.ui.desk import Changes, Desk
from jzdesk.ui.dialogs.purpose import ask_purpose
from jzdesk.ui.flow import Flow
from jzdesk.ui.page import WIDE, Page
from jzdesk.ui.pages.files import FileDrop, open_file, tell
from jzdesk.ui.pages.imports.history import HistoryView
from jzdesk.ui.pages.imports.parked import FORM, ParkedView
from jzdesk.ui.pages.imports.report import ReportView
from jzdesk.ui.pages.imports.wizard import Wizard
from jzdesk.ui.pages.imports.words import WORKBOOKS, XLSX, guess
from jzdesk.ui.tasks import Progress

if TYPE_CHECKING:
    from jzdesk.services.importing.history import ImportLine
    from jzdesk.services.importing.report import ImportReport, ParkedLine

_EXPORTED = frozenset({"roll", "members", "staff", "classes", "pairing", "accounts", "visits"})
PARKED, REPORT, HISTORY = 0, 1, 2
_HOME, _WIZARD = 0, 1


class ImportsPage(Page):
    """Kinds at the left; at the right what waits, the last report, past imports; over both an import under way."""

    title, icon = "导入导出", "import"
    hints = "Ctrl+N 选择文件　回车 就地改正　Ctrl+S 下一步、再导入　Esc 返回　F3 待处理的行　F5 刷新"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        slogan = widgets.label("把表格拖进来：先核对、再预演、最后导入；重复导入不会重复登记", tone="muted")
        self.heading(slogan)
        self.kinds = dict(desk.services.imports.kinds())
        self.report = ReportView(desk, self._undo_newest)
        self.parked = ParkedView(desk, self.refresh)
        self.history = HistoryView(desk, self.refresh)
        self.wizard = Wizard(desk)
        self._queue: list[tuple[str, Path]] = []
        self._pasted: Path | None = None
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.setMinimumSize(theme.em(24), theme.em(16))
        self.tabs.addTab(self.parked, "待处理的行")
        self.tabs.addTab(self.report, "导入报告")
        self.tabs.addTab(self.history, "导入记录")
        halves = QSplitter(Qt.Orientation.Horizontal)
        halves.setChildrenCollapsible(False)
        halves.setHandleWidth(theme.gap())
        self.kinds_area = self._kinds_card()
        halves.addWidget(self.kinds_area)
        halves.addWidget(self.tabs)
        halves.setStretchFactor(1, 1)
        self.middle = QStackedWidget()
        self.middle.addWidget(halves)
        self.middle.addWidget(self.wizard)
        self.body.addWidget(self.middle, 1)
        self.tabs.currentChanged.connect(self._make_room)
        self.parked.currentChanged.connect(self._make_room)
        self.wizard.left.connect(self._left)
        self.wizard.imported.connect(self._imported)

    def arrive(self, hint: str = "") -> None:
        """Look at what waits; `parked` brings it to the front, a kind opens its file dialog, `pasted:…` that file."""
        self.refresh()
        if hint.startswith(PASTED):
            self._pasted = Path(hint.removeprefix(PASTED))
            self.drop([self._pasted], "roll")
        if hint == "parked":
            self.tabs.setCurrentIndex(PARKED)
        elif hint in self.kinds:
            self.ask(hint)

    def refresh(self) -> None:
        """The rows that wait, and past imports."""
        self.desk.tasks.read("parked", self.desk.services.imports.parked, self._show_parked, owner=self)
        self.desk.tasks.read("imports", self.desk.services.imports.history, self._show_history, owner=self)

    def seek(self) -> None:
        """F3: into the rows that wait."""
        self.tabs.setCurrentIndex(PARKED)
        self.parked.table.setFocus()

    def save(self) -> None:
        """Ctrl+S: the next step of an import under way, or the row that is being corrected."""
        if self.middle.currentIndex() == _WIZARD:
            self.wizard.go_on()
        elif self.tabs.currentIndex() == PARKED and self.parked.currentIndex() == FORM:
            self.parked.retry()

    def may_leave(self) -> bool:
        """Asks when a row or a mapping was being corrected."""
        return self.wizard.may_leave() and self.parked.may_leave()

    def new(self) -> None:
        """Ctrl+N: choose a file; its name, else its headings tell the kind."""
        if (path := widgets.pick_open(self, "选择要导入的表格", WORKBOOKS)) is not None:
            self.drop([path])

    def ask(self, kind: str) -> None:
        """Choose a file of this kind and look at it."""
        if (path := widgets.pick_open(self, f"导入{self.kinds[kind]}", WORKBOOKS)) is not None:
            self.drop([path], kind)

    def drop(self, paths: Sequence[Path], kind: str = "") -> None:
        """Files were dropped: onto a kind, or anywhere on the page; each is looked at, one after the other."""
        self._queue = [(kind or guess(path.name), path) for path in paths]
        self._next()

    def _next(self) -> None:
        if self._queue:
            kind, path = self._queue.pop(0)
            self._turn(_WIZARD)
            self.wizard.open(kind, path)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """See whether there is room for the kinds."""
        super().resizeEvent(event)
        self._make_room()

    def _turn(self, place: int) -> None:
        """To the import under way, which needs the whole page, or back."""
        self.middle.setCurrentIndex(place)
        head = self.body.itemAt(0)
        row = head.layout() if head is not None else None
        for number in range(row.count() if row is not None else 0):
            item = row.itemAt(number) if row is not None else None
            if item is not None and (part := item.widget()) is not None:
                part.setVisible(place == _HOME)

    def _make_room(self) -> None:
        """In a narrow window wide tables and the form of a row have the page to themselves."""
        shown = self.tabs.currentIndex()
        greedy = shown == HISTORY or (shown == PARKED and self.parked.currentIndex() == FORM)
        self.kinds_area.setVisible(not greedy or self.width() >= theme.em(WIDE))

    def _left(self) -> None:
        """An import was given up; with several files dropped the next one comes."""
        self._forget_pasted()
        self._turn(_HOME)
        self._next()

    def bring_in(self, kind: str, path: Path) -> None:
        """Import one file as it is found, off the GUI thread, with progress; stopping it changes nothing."""
        service = self.desk.services.imports

        def job(progress: Progress) -> ImportReport:
            return service.run(kind, path, tell(progress), progress.cancelled)

        title = f"正在导入 {path.name}"
        self.desk.write(job, self._imported, title=title, cancellable=True, owner=self)

    def write_template(self, kind: str) -> None:
        """An empty workbook to fill in."""
        name = f"{self.kinds[kind]}模板.xlsx"
        if (path := widgets.pick_save(self, "保存模板", name, XLSX)) is None:
            return
        job = partial(self.desk.services.imports.template, kind, path)
        self.desk.write(lambda _: job(), self._written, title="正在写模板", owner=self)

    def export(self, kind: str) -> None:
        """The ledger as a workbook that can be imported again; what it is for is asked when it tells of people."""
        name = f"{self.kinds[kind]}-{self.desk.services.info.name}.xlsx"
        if (path := widgets.pick_save(self, f"导出{self.kinds[kind]}", name, XLSX)) is None:
            return
        purpose = ask_purpose(self, self.desk.services.imports.sensitive(kind))
        if purpose is None:
            return
        job = partial(self.desk.services.imports.export, kind, path, purpose)

        def done(rows: int) -> None:
            self.desk.say(f"已导出 {rows:,} 行到 {path.name}", "打开", partial(open_file, self.desk, path))

        self.desk.write(lambda _: job(), done, title=f"正在导出{self.kinds[kind]}", owner=self)

    def _written(self, path: Path) -> None:
        self.desk.say(f"模板已保存为 {path.name}", "打开", partial(open_file, self.desk, path))

    def _forget_pasted(self) -> None:
        if self._pasted is not None:
            forget_file(self._pasted)
            self._pasted = None

    def _imported(self, report: ImportReport) -> None:
        self._forget_pasted()
        self.report.show_report(report, self.kinds[report.kind])
        self.tabs.setCurrentIndex(REPORT)
        self._turn(_HOME)
        self.refresh()
        self._next()

    def _show_history(self, lines: list[ImportLine]) -> None:
        self.history.show_lines(lines)

    def _undo_newest(self) -> None:
        """From the report: the import it tells of, in the list of imports."""
        self.tabs.setCurrentIndex(HISTORY)
        self.history.choose_newest()
        self.history.undo()

    def _show_parked(self, lines: list[ParkedLine]) -> None:
        self.parked.show_lines(lines)
        rows = len({(line.file, line.sheet, line.row) for line in lines})
        self.tabs.setTabText(PARKED, f"待处理的行（{rows:,}）" if rows else "待处理的行")

    def _heard(self, changes: Changes) -> None:
        """What waits is changed by imports only, which say so themselves."""

    def _kinds_card(self) -> QWidget:
        inside = FileDrop()
        inside.dropped.connect(self.drop)
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, theme.em(0.4), 0)
        column.setSpacing(theme.em(0.5))
        for code, label in self.kinds.items():
            column.addWidget(self._kind_row(code, label))
        column.addStretch(1)
        area = widgets.scrolled(inside)
        area.setMinimumWidth(theme.em(16.1))
        return area

    def _kind_row(self, code: str, label: str) -> QWidget:
        row = FileDrop()
        row.dropped.connect(lambda paths: self.drop(paths, code))
        card = widgets.Card(space=0.35)
        buttons = Flow(0.2)
        buttons.addWidget(_deed("导入…", partial(self.ask, code), label, icon="import", role=""))
        buttons.addWidget(_deed("模板", partial(self.write_template, code), label))
        if code in _EXPORTED:
            buttons.addWidget(_deed("导出", partial(self.export, code), label))
        card.body.addWidget(widgets.label(label, bold=True, wrap=True))
        card.body.addWidget(widgets.holder(buttons))
        inside = QVBoxLayout(row)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.addWidget(card)
        return row


def _deed(text: str, do: Callable[[], object], label: str, icon: str = "", role: str = "link") -> QWidget:
    made = widgets.button(text, do, icon=icon, role=role)
    made.setAccessibleName(f"{text.rstrip('…')}{label}")
    return made
