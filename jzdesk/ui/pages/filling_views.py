"""The tabs of 报表填写: what goes into each column, what is missing, what became of the filling, what went out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from jzdesk.core.errors import UserError
from jzdesk.ui import theme, widgets
from jzdesk.ui.desk import Desk
from jzdesk.ui.editors.choice import ChoiceEdit
from jzdesk.ui.flow import Flow
from jzdesk.ui.inputs import LineEdit, Pick
from jzdesk.ui.ledger.model import Column
from jzdesk.ui.pages.figures import Figure, Figures
from jzdesk.ui.pages.files import open_file
from jzdesk.ui.pages.listing import Listing, ListingOrEmpty

if TYPE_CHECKING:
    from jzdesk.services.disclosures import Disclosure
    from jzdesk.services.filling.views import FillReport, FormColumn, FormView, MissingLine

_MAPPING = (
    Column("letter", "列", 4),
    Column("heading", "表格的标题", 24),
    Column("gets", "填写的栏目", 20, tone=lambda one: "" if one.key or one.fixed else "muted"),
    Column("written", "写法", 18),
    Column("required", "必填", 5, text=lambda one: "必填" if one.required else ""),
    Column("sample", "示例", 12),
)
_MISSING = (Column("name", "姓名", 10), Column("place", "班级", 16), Column("lacks", "缺少", 40))
_TONES = {"changed": "look", "added": "good", "differs": "wrong", "overwritten": "wrong", "extra": "muted"}
_REPORT = (
    Column("cell", "单元格", 7),
    Column("title", "姓名或名称", 16),
    Column("heading", "表格的标题", 18),
    Column("old", "原来", 18),
    Column("new", "现在（台账）", 18),
    Column("what", "情况", 40, tone=lambda line: _TONES.get(line.kind, "")),
)
_TRACE = (
    Column("when", "时间", 16),
    Column("who", "经手人", 10),
    Column("what", "名单", 24),
    Column("file", "文件", 24),
    Column("rows", "行数", 6, numeric=True),
    Column("purpose", "用途", 30),
    Column("columns", "敏感内容", 40),
)


class MappingView(QWidget):
    """The columns of a form; the one with the cursor is settled below. `settled(FormView)` after every change."""

    settled = Signal(object)

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self.view: FormView | None = None
        self.table = Listing(_MAPPING, key=lambda one: one.letter)
        self.words = widgets.label(bold=True)
        self.field = ChoiceEdit([])
        self.way, self.fixed = Pick((), "写法"), LineEdit()
        self._wire()
        self._editing = self._editor()
        self._editing.hide()
        inside = widgets.column(self.table, self._editing)
        inside.setStretch(0, 1)
        inside.setContentsMargins(0, theme.em(0.6), 0, 0)
        self.setLayout(inside)

    def show_view(self, view: FormView) -> None:
        """Show a form; the cursor stays on its column."""
        fresh = self.view is None or self.view.subject != view.subject
        self.view = view
        self._editing.setVisible(bool(view.columns))
        if fresh:
            self._fill_fields(view)
        self.table.put_rows(view.columns)
        if self.table.uid() is None and view.columns:
            self.table.selectRow(0)
        self._show_column()

    def column(self) -> FormColumn | None:
        """The column with the cursor."""
        return self.table.row_here()

    def _wire(self) -> None:
        self.table.chosen.connect(lambda _: self._show_column())
        self.table.opened.connect(lambda _: self.field.setFocus(Qt.FocusReason.TabFocusReason))
        self.field.edited.connect(self._take_field)
        self.way.picked.connect(self._take_way)
        self.fixed.left.connect(self._take_fixed)
        self.fixed.returnPressed.connect(self._next)

    def _editor(self) -> QWidget:
        self.field.setMinimumWidth(theme.em(13))
        self.way.setMinimumWidth(theme.em(9))
        self.fixed.setMinimumWidth(theme.em(8))
        self.field.setAccessibleName("填写的栏目")
        self.fixed.setAccessibleName("固定文字")
        self.fixed.setPlaceholderText("或固定文字")
        self.fixed.setToolTip("每一行都填同样的文字")
        flow = Flow()
        flow.addWidget(self.words)
        for each in (self.field, self.way, self.fixed):
            flow.addWidget(each)
        card = widgets.Card(space=0.4)
        card.body.addWidget(widgets.holder(flow))
        return card

    def _fill_fields(self, view: FormView) -> None:
        self.field.blockSignals(True)
        self.field.clear()
        self.field.addItem("（不填）", "")
        for key, label in self.desk.services.filling.fields(view.subject):
            self.field.addItem(label, key)
        self.field.blockSignals(False)

    def _show_column(self) -> None:
        one = self.column()
        if one is None:
            return
        self.words.setText(f"第 {one.letter} 列　{one.heading}")
        self.field.blockSignals(True)
        self.field.setCurrentIndex(max(0, self.field.findData(one.key)))
        self.field.blockSignals(False)
        self.way.fill(one.ways or ((None, "只有一种写法"),))
        blocked = self.way.blockSignals(True)
        self.way.choose(one.way or None)
        self.way.blockSignals(blocked)
        self.way.setEnabled(bool(one.ways))
        self.fixed.put(one.fixed)

    def _take_field(self) -> None:
        key = self.field.raw()
        if key in (None, "") or self.field.findData(key) >= 0:
            self._settle(key=str(key or ""))

    def _take_way(self) -> None:
        if (one := self.column()) is not None and one.key:
            self._settle(key=one.key, way=str(self.way.value() or ""))

    def _take_fixed(self) -> None:
        text = str(self.fixed.raw() or "")
        if (one := self.column()) is not None and text != one.fixed:
            self._settle(fixed=text)

    def _next(self) -> None:
        """Enter in the last field: on to the next column of the form."""
        self.table.step(1)
        self.table.setFocus()

    def _settle(self, *, key: str = "", fixed: str = "", way: str | None = None) -> None:
        one = self.column()
        if self.view is None or one is None:
            return
        try:
            view = self.desk.services.filling.settle(self.view, one.place, key=key, fixed=fixed, way=way)
        except UserError as fault:
            self.desk.present(fault)
            return
        self.show_view(view)
        self.settled.emit(view)


class MissingView(QWidget):
    """Students without something that the form requires; Enter opens the record."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.table = Listing(_MISSING)
        empty = widgets.Empty("ok", "没有缺少的内容", "表格要求的内容每名学生都有了。")
        self.middle = ListingOrEmpty(self.table, empty)
        words = widgets.label("回车或双击打开这名学生，补好后再填；缺少内容也可以先填写。", tone="muted", wrap=True)
        self.table.opened.connect(lambda uid: desk.go("student", uid))
        inside = widgets.column(words, self.middle)
        inside.setStretch(1, 1)
        inside.setContentsMargins(0, theme.em(0.6), 0, 0)
        self.setLayout(inside)

    def show_lines(self, lines: Sequence[MissingLine]) -> None:
        """Show these."""
        self.middle.put_rows(lines)
        if lines and self.table.uid() is None:
            self.table.selectRow(0)


class ResultView(QWidget):
    """What became of the last filling: figures, every cell that changed or differs, and notes."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self.shown: FillReport | None = None
        self.words = widgets.label(bold=True, wrap=True)
        self.figures = Figures()
        self.notes = widgets.label(tone="muted", wrap=True)
        self.notes.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.table = Listing(_REPORT, key=None)
        empty = widgets.Empty("ok", "没有变动，也没有与台账不同的格子", "与上次填写相同的格子不列出来。")
        self.middle = ListingOrEmpty(self.table, empty)
        self.table.opened.connect(lambda _: self._open_record())
        top = widgets.row(self.words, widgets.button("打开填好的表", self._open_file, icon="folder"))
        top.setStretch(0, 1)
        head = widgets.Card(space=0.3)
        head.body.addLayout(top)
        head.body.addWidget(self.figures)
        head.body.addWidget(self.notes)
        self.head = head
        inside = widgets.column(head, self.middle)
        inside.setStretch(1, 1)
        inside.setContentsMargins(0, theme.em(0.6), 0, 0)
        self.setLayout(inside)
        head.hide()

    def show_report(self, report: FillReport) -> None:
        """Show this one."""
        self.shown = report
        self.head.show()
        self.words.setText(f"已写到 {report.path.name}")
        self.words.setToolTip(str(report.path))
        self.figures.put(figures_of(report))
        notes = list(report.notes[:3])
        if len(report.notes) > len(notes):
            notes.append(f"……共 {len(report.notes):,} 条，其余见填好的表。")
        self.notes.setText("\n".join(f"· {note}" for note in notes))
        self.notes.setVisible(bool(notes))
        self.middle.put_rows(report.lines)

    def _open_file(self) -> None:
        if self.shown is not None:
            open_file(self.desk, self.shown.path)

    def _open_record(self) -> None:
        line = self.table.row_here()
        if line is not None and self.shown is not None and self.shown.subject == "people":
            self.desk.go("student", line.uid)


class TraceView(QWidget):
    """Which lists with sensitive columns were written out here, and what for."""

    def __init__(self) -> None:
        super().__init__()
        self.table = Listing(_TRACE, key=None)
        hint = "写出带证件号、账号、残疾等内容的名单时会问用途，记在这里，只留在本机。"
        self.middle = ListingOrEmpty(self.table, widgets.Empty("lock", "还没有写出过敏感名单", hint))
        inside = QVBoxLayout(self)
        inside.setContentsMargins(0, theme.em(0.6), 0, 0)
        inside.addWidget(self.middle)

    def show_lines(self, lines: Sequence[Disclosure]) -> None:
        """Show these."""
        self.middle.put_rows(lines)


def figures_of(report: FillReport) -> list[Figure]:
    """Rows and cells, and what has to be looked at."""
    counts = (("变动", "changed", "look"), ("新增的人", "added", "good"), ("与台账不同", "differs", "wrong"),
              ("按台账改写", "overwritten", "look"), ("台账里没有", "extra", "muted"))  # fmt: skip
    found = [
        Figure("填写", f"{report.rows:,}"),
        Figure("表里已有", f"{report.matched:,}"),
        Figure("新填的行", f"{report.added:,}"),
        Figure("写入的格", f"{report.cells:,}"),
    ]
    for label, kind, tone in counts:
        number = len({line.uid for line in report.of(kind)}) if kind == "added" else len(report.of(kind))
        if number:
            found.append(Figure(label, f"{number:,}", tone))
    return found
