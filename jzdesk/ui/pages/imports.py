"""导入导出: workbooks in with a report that balances, rows that wait to be corrected, templates, workbooks out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QSplitter, QStackedWidget, QTabWidget, QVBoxLayout, QWidget

from jzdesk.core.errors import UserError
from jzdesk.ui import theme, widgets
from jzdesk.ui.desk import Changes, Desk
from jzdesk.ui.dialogs.reason import ask_reason
from jzdesk.ui.ledger.model import Column
from jzdesk.ui.page import Page
from jzdesk.ui.pages.figures import Figure, Figures
from jzdesk.ui.pages.files import FileDrop, open_file, save_copy, tell
from jzdesk.ui.pages.listing import Listing, ListingOrEmpty
from jzdesk.ui.tasks import Progress

if TYPE_CHECKING:
    from jzdesk.services.importing.report import ImportReport, ParkedLine

WORKBOOKS = "工作簿 (*.xlsx *.xls *.et *.csv)"
XLSX = "Excel 工作簿 (*.xlsx)"
_EXPORTED = frozenset({"roll", "staff", "pairing", "accounts", "visits"})
# Words in a file's name that tell its kind; the first that fits counts.
_NAMES = (
    ("staff", ("教师", "教职工")),
    ("pairing", ("结对", "责任人")),
    ("accounts", ("账户", "账号", "银行")),
    ("visits", ("走访", "家访")),
    ("hardship_list", ("脱贫", "监测", "低保", "特困", "残疾", "孤儿", "名单")),
    ("roll", ("学籍", "学生", "名册", "花名册")),
)
_PLACE = (
    Column("row", "行", 5, numeric=True),
    Column("column", "列", 12),
    Column("value", "原来的内容", 17),
    Column("problem", "哪里不对", 28, tone=lambda _: "wrong"),
    Column("remedy", "怎么改", 44),
    Column("sheet", "工作表", 10),
)
PARKED, REPORT = 0, 1


def guess(name: str) -> str:
    """The kind of import that a file's name speaks of; empty when it says nothing."""
    return next((kind for kind, words in _NAMES if any(word in name for word in words)), "")


class ImportsPage(Page):
    """Kinds at the left; at the right the rows that wait and the report of the last import."""

    title, icon = "导入导出", "import"
    hints = "Ctrl+N 选择文件导入　F3 待处理的行　F5 刷新"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.heading(widgets.label("把表格拖到对应的一行上即可导入，重复导入不会重复登记", tone="muted"))
        self.kinds = dict(desk.services.imports.kinds())
        self.report = ReportView(desk)
        self.parked = ParkedView(desk, self.refresh)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.setMinimumSize(theme.em(24), theme.em(16))
        self.tabs.addTab(self.parked, "待处理的行")
        self.tabs.addTab(self.report, "导入报告")
        halves = QSplitter(Qt.Orientation.Horizontal)
        halves.setChildrenCollapsible(False)
        halves.setHandleWidth(theme.gap())
        halves.addWidget(self._kinds_card())
        halves.addWidget(self.tabs)
        halves.setStretchFactor(1, 1)
        self.body.addWidget(halves, 1)

    def arrive(self, hint: str = "") -> None:
        """Look at what waits; `parked` brings it to the front, a kind opens its file dialog."""
        self.refresh()
        if hint == "parked":
            self.tabs.setCurrentIndex(PARKED)
        elif hint in self.kinds:
            self.ask(hint)

    def refresh(self) -> None:
        """The rows that wait."""
        self.desk.tasks.read("parked", self.desk.services.imports.parked, self._show_parked, owner=self)

    def seek(self) -> None:
        """F3: into the rows that wait."""
        self.tabs.setCurrentIndex(PARKED)
        self.parked.table.setFocus()

    def new(self) -> None:
        """Ctrl+N: choose a file; its name tells the kind."""
        if (path := widgets.pick_open(self, "选择要导入的表格", WORKBOOKS)) is not None:
            self.drop([path])

    def ask(self, kind: str) -> None:
        """Choose a file of this kind and import it."""
        if (path := widgets.pick_open(self, f"导入{self.kinds[kind]}", WORKBOOKS)) is not None:
            self.bring_in(kind, path)

    def drop(self, paths: Sequence[Path], kind: str = "") -> None:
        """Files were dropped: onto a kind, or anywhere on the page (then the names must tell the kinds)."""
        wanted = [(kind or guess(path.name), path) for path in paths]
        if (unknown := next((path for found, path in wanted if not found), None)) is not None:
            remedy = "请把它拖到左边对应的一行上，或在那一行按“导入”。"
            self.desk.present(UserError("从文件名看不出这是哪一种表", remedy, unknown.name))
            return
        for found, path in wanted:
            self.bring_in(found, path)

    def bring_in(self, kind: str, path: Path) -> None:
        """Import one file off the GUI thread, with progress; stopping it changes nothing."""
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
        """The ledger as a workbook that can be imported again."""
        name = f"{self.kinds[kind]}-{self.desk.services.info.name}.xlsx"
        if (path := widgets.pick_save(self, f"导出{self.kinds[kind]}", name, XLSX)) is None:
            return
        job = partial(self.desk.services.imports.export, kind, path)

        def done(rows: int) -> None:
            self.desk.say(f"已导出 {rows:,} 行到 {path.name}", "打开", partial(open_file, self.desk, path))

        self.desk.write(lambda _: job(), done, title=f"正在导出{self.kinds[kind]}", owner=self)

    def _written(self, path: Path) -> None:
        self.desk.say(f"模板已保存为 {path.name}", "打开", partial(open_file, self.desk, path))

    def _imported(self, report: ImportReport) -> None:
        self.report.show_report(report, self.kinds[report.kind])
        self.tabs.setCurrentIndex(REPORT)
        self.refresh()

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
        area.setMinimumWidth(theme.em(17))
        return area

    def _kind_row(self, code: str, label: str) -> QWidget:
        row = FileDrop()
        row.dropped.connect(lambda paths: self.drop(paths, code))
        card = widgets.Card(space=0.35)
        buttons = widgets.Flow(0.2)
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


class ParkedView(QWidget):
    """The rows that could not be imported, each with what is wrong and what to do about it."""

    def __init__(self, desk: Desk, changed: Callable[[], object]) -> None:
        super().__init__()
        self.desk, self._changed = desk, changed
        self.table = Listing((Column("file", "文件", 21), *_PLACE))
        hint = "导入时有错的行会停在这里，写明哪一格不对、怎么改；改好后再导入一次，它们会自己消失。"
        self.middle = ListingOrEmpty(self.table, widgets.Empty("ok", "没有等待处理的行", hint))
        self.words = widgets.label(wrap=True)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.foot = widgets.Flow(right=True)
        self.foot.addWidget(widgets.button("打开问题行副本", self.open_copy, icon="folder"))
        self.foot.addWidget(widgets.button("另存副本…", self.save_copy, icon="save"))
        self.foot.addWidget(widgets.button("这一行不再处理…", self.dismiss, icon="void", role="danger"))
        self._detail = widgets.holder(widgets.column(self.words, widgets.holder(self.foot), space=0.4))
        inside = widgets.column(self.middle, self._detail)
        inside.setStretch(0, 1)
        inside.setContentsMargins(0, theme.em(0.6), 0, 0)
        self.setLayout(inside)
        self._detail.hide()
        self.table.chosen.connect(lambda _: self._say())

    def show_lines(self, lines: Sequence[ParkedLine]) -> None:
        """Show these."""
        self.middle.put_rows(lines)
        if lines and self.table.uid() is None:
            self.table.selectRow(0)
        self._say()

    def dismiss(self) -> None:
        """Close the row with a reason, without importing it."""
        line: ParkedLine | None = self.table.row_here()
        if line is None:
            return
        explain = f"{line.file} 第 {line.row} 行不会导入，也不再提醒；理由会留下记录。"
        reason = ask_reason(self, "这一行不再处理", explain, "不再处理")
        if reason is None:
            return
        job = partial(self.desk.services.imports.dismiss, line.uid, reason)
        self.desk.write(lambda _: job(), lambda _: self._dismissed(), title="正在保存", owner=self)

    def open_copy(self) -> None:
        """Open the annotated copy of the workbook that the row comes from."""
        if (path := self._copy()) is not None:
            open_file(self.desk, path)

    def save_copy(self) -> None:
        """Save that copy where the person wants it."""
        if (path := self._copy()) is None:
            return
        if (target := widgets.pick_save(self, "另存问题行副本", path.name, XLSX)) is not None:
            save_copy(self.desk, path, target)

    def _copy(self) -> Path | None:
        from jzdesk.services.importing.parking import copy_name

        line: ParkedLine | None = self.table.row_here()
        if line is None:
            return None
        path = self.desk.services.info.folder / "parked" / copy_name(line.file)
        if not path.exists():
            remedy = "请把原来的表再导入一次，会重新写出标明问题的副本。"
            self.desk.present(UserError("这份表的问题行副本已经不在了", remedy, line.file))
            return None
        return path

    def _dismissed(self) -> None:
        self.desk.say("已记下理由，不再提醒")
        self._changed()

    def _say(self) -> None:
        line: ParkedLine | None = self.table.row_here()
        self._detail.setVisible(line is not None)
        if line is not None:
            where = f"{line.file}　第 {line.row} 行　{line.column}"
            self.words.setText(f"{where}\n{line.problem.rstrip('。')}。{line.remedy}")


class ReportView(QStackedWidget):
    """What became of the last import: figures that balance, notes, faults, and the copy with the faults marked."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self._annotated: Path | None = None
        self.shown: ImportReport | None = None
        empty = widgets.Card()
        hint = "在左边选一种表，按“导入”，或把文件拖上去。"
        empty.body.addWidget(widgets.Empty("import", "还没有导入过", hint))
        self.addWidget(empty)
        self.name = widgets.label(bold=True, wrap=True)
        self.figures = Figures()
        self.sentence = widgets.label(wrap=True)
        self.notes = QLabel()
        self.notes.setTextFormat(Qt.TextFormat.PlainText)
        self.notes.setWordWrap(True)
        self.notes.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.notes.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.faults = Listing(_PLACE, key=None)
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
        self.copies.setVisible(report.annotated is not None)
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
        buttons = widgets.Flow()
        buttons.addWidget(widgets.button("打开问题行副本", self.open_copy, icon="folder"))
        buttons.addWidget(widgets.button("另存副本…", self.save_copy, icon="save"))
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
