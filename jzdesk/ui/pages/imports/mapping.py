"""First step of an import: which sheet, which heading, and what each column is read as; all of it can be corrected."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QBrush, QColor
from PySide6.QtWidgets import QCheckBox, QTableWidget, QTableWidgetItem, QTabWidget, QWidget

from jzdesk.core.errors import UserError
from jzdesk.ui import theme, widgets
from jzdesk.ui.desk import Desk
from jzdesk.ui.editors.choice import ChoiceEdit
from jzdesk.ui.flow import Flow
from jzdesk.ui.inputs import Pick
from jzdesk.ui.ledger.model import Column
from jzdesk.ui.pages.imports.schemes import SchemesDialog, ask_name
from jzdesk.ui.pages.imports.words import HOW
from jzdesk.ui.pages.listing import Listing

if TYPE_CHECKING:
    from jzdesk.services.importing.choosing import SheetChoice
    from jzdesk.services.importing.looking import ColumnLook, Look, SheetLook

_HEADING_ROWS = 12
_AUTO = 0


class MappingView(QWidget):
    """Shows a `Look`; `changed` when what would be imported has changed. `ready()` says whether it can be tried."""

    changed = Signal()

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self.look: Look | None = None
        self._sheets: list[SheetLook] = []
        self._labels: dict[str, str] = {}
        self.sheet = Pick(tip="工作表")
        self.reads = QCheckBox("读取这张表")
        self.heading = Pick(tip="标题在哪一行")
        self.scheme = Pick(tip="列对应方案")
        self.table = Listing(self._columns(), key=lambda column: str(column.place))
        self.preview = Preview()
        self.field = ChoiceEdit(())
        self.which = widgets.label(bold=True)
        self._lay_out()
        self._wire()

    def show_look(self, look: Look) -> None:
        """Begin with this workbook: the first sheet that is to be read is in front."""
        self.look, self._sheets, self._labels = look, list(look.sheets), dict(look.fields)
        self._fields(look)
        names: list[tuple[str | int | None, str]] = [(one.name, _titled(one)) for one in self._sheets]
        first = next((one.name for one in self._sheets if one.read), self._sheets[0].name)
        self.sheet.fill(names)
        self._quietly(self.sheet, lambda: self.sheet.choose(first))
        self.which_sheet.setVisible(len(self._sheets) > 1)
        self._show()

    def choices(self) -> list[SheetChoice]:
        """The sheets to read, as they are set."""
        return [one.choice() for one in self._sheets if one.read]

    def ready(self) -> str:
        """What still keeps the import from being tried; empty when nothing does."""
        wanted = [one for one in self._sheets if one.read]
        if not wanted:
            return "没有选中任何工作表，请勾选“读取这张表”。"
        lacking = [f"工作表“{one.name}”还没有指明{'、'.join(one.lacking)}" for one in wanted if one.lacking]
        return "；".join(lacking) + "。请在下面的表里选出是哪一列。" if lacking else ""

    def verdict(self) -> tuple[str, str]:
        """(tone, sentence): what is still lacking, or what the trial would take in."""
        if wrong := self.ready():
            return "wrong", wrong
        sheet = self.here()
        rows = sum(one.rows for one in self._sheets if one.read)
        unread = sum(not column.key for column in sheet.columns)
        scheme = f"已按方案“{sheet.scheme}”对应，" if sheet.scheme else ""
        return "muted", f"{scheme}共 {rows:,} 行，{unread} 列不读取。预演不会写入任何内容。"

    def corrected(self) -> bool:
        """Whether a person has corrected something that no scheme keeps."""
        return any(column.how == "hand" for one in self._sheets if not one.scheme for column in one.columns)

    def here(self) -> SheetLook:
        """The sheet in front."""
        return next(one for one in self._sheets if one.name == self.sheet.value())

    def read_as(self, place: int, key: str) -> None:
        """Read a column of the sheet in front as a field ("": not at all)."""
        if self.look is not None:
            self._put(self.look.put(self.here(), place, key))

    def set_heading(self, row: int, last: int) -> None:
        """The heading of the sheet in front stands in these rows (0: there is none)."""
        if self.look is not None:
            self._put(self.look.at(self.here().name, row, last))

    def use_scheme(self, number: int) -> None:
        """Read the sheet in front by a scheme (0: as it is found without one)."""
        if self.look is not None:
            here = self.here()
            self._put(self.look.use(here, number) if number else self.look.at(here.name, here.row, here.last))

    def save_scheme(self) -> None:
        """Keep the mapping of the sheet in front under a name."""
        look, sheet = self.look, self.here()
        if look is None or (name := ask_name(self, sheet.scheme or look.file.rsplit(".", 1)[0])) is None:
            return
        job = partial(self.desk.services.imports.save_scheme, look.kind, name, sheet)

        def done(_: int) -> None:
            self.desk.say(f"已保存方案“{name}”，标题相同的表以后自动照此对应")
            self._put(replace(sheet, scheme=name))

        self.desk.write(lambda _: job(), done, title="正在保存方案", owner=self)

    def manage_schemes(self) -> None:
        """Rename and delete schemes."""
        SchemesDialog(self, self.desk).exec()

    def _columns(self) -> tuple[Column, ...]:
        return (
            Column("letter", "列", 4),
            Column("heading", "表里的标题", 17),
            Column("samples", "前几个值", 27, text=lambda one: "　".join(one.samples)),
            Column("key", "读作", 18, text=self._label, tone=lambda one: "good" if one.key else "muted"),
            Column("how", "依据", 9, text=lambda one: HOW[one.how]),
            Column("doubt", "提醒", 36, text=_remark, tone=lambda one: "look" if one.doubt else "muted"),
        )

    def _label(self, column: ColumnLook) -> str:
        return self._labels.get(column.key, "不读取")

    def _lay_out(self) -> None:
        top = Flow()
        self.which_sheet = widgets.holder(widgets.row(widgets.label("工作表"), self.sheet, self.reads, space=0.4))
        top.addWidget(self.which_sheet)
        for caption, part in (("标题行", self.heading), ("方案", self.scheme)):
            top.addWidget(widgets.holder(widgets.row(widgets.label(caption), part, space=0.4)))
        top.addWidget(widgets.button("保存为方案…", self.save_scheme, icon="save"))
        top.addWidget(widgets.button("管理方案…", self.manage_schemes, role="link"))
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self._mapping_tab(), "列的对应")
        self.tabs.addTab(self.preview, "前几行")
        inside = widgets.column(widgets.holder(top), self.tabs)
        inside.setStretch(1, 1)
        self.setLayout(inside)

    def _mapping_tab(self) -> QWidget:
        self.field.setMinimumWidth(theme.em(16))
        hint = widgets.label("表里按回车来改，再回车到下一列；清空即不读取", tone="muted", wrap=True)
        strip = widgets.row(self.which, self.field, hint)
        strip.setStretch(2, 1)
        inside = widgets.column(self.table, widgets.holder(strip))
        inside.setStretch(0, 1)
        inside.setContentsMargins(0, theme.em(0.4), 0, 0)
        return widgets.holder(inside)

    def _wire(self) -> None:
        self.sheet.picked.connect(self._show)
        self.heading.picked.connect(self._heading_picked)
        self.scheme.picked.connect(self._scheme_picked)
        self.reads.clicked.connect(lambda on: self._put(replace(self.here(), read=on)))
        self.table.chosen.connect(lambda _: self._say_column())
        self.table.opened.connect(lambda _: self.field.setFocus(Qt.FocusReason.TabFocusReason))
        self.field.left.connect(self._field_left)
        QWidget.setTabOrder(self.field, self.table)

    def _fields(self, look: Look) -> None:
        """The choices of the field editor: the person's words, in the order of the kind."""
        self.field.clear()
        self.field.addItem("", None)
        for key, label in look.fields:
            self.field.addItem(label, key)

    def _put(self, sheet: SheetLook) -> None:
        self._sheets = [sheet if one.name == sheet.name else one for one in self._sheets]
        self._show()

    def _show(self) -> None:
        """Everything of the sheet in front."""
        sheet = self.here()
        self._quietly(self.heading, lambda: self._fill_headings(sheet))
        self._quietly(self.scheme, lambda: self._fill_schemes(sheet))
        self.reads.setChecked(sheet.read)
        self.table.put_rows(sheet.columns)
        if sheet.columns and self.table.uid() is None:
            self.table.selectRow(0)
        self.preview.put(sheet, self._labels)
        self._say_column()
        self.changed.emit()

    def _fill_headings(self, sheet: SheetLook) -> None:
        rows = min(_HEADING_ROWS, len(sheet.preview))
        items: list[tuple[str | int | None, str]] = [("0-0", "没有标题行")]
        items += [(f"{row}-{row}", f"第 {row} 行") for row in range(1, rows + 1)]
        items += [(f"{row}-{row + 1}", f"第 {row}、{row + 1} 两行") for row in range(1, rows)]
        if (mine := f"{sheet.row}-{sheet.last}") not in {value for value, _ in items}:
            items.append((mine, f"第 {sheet.row} 行"))
        self.heading.fill(items)
        self.heading.choose(mine)

    def _fill_schemes(self, sheet: SheetLook) -> None:
        fitting = self.look.fitting(sheet) if self.look is not None else []
        self.scheme.fill([(_AUTO, "自动识别"), *((one.id, one.name) for one in fitting)])
        self.scheme.choose(next((one.id for one in fitting if one.name == sheet.scheme), _AUTO))

    def _heading_picked(self) -> None:
        row, _, last = str(self.heading.value()).partition("-")
        self._try(lambda: self.set_heading(int(row), int(last)))

    def _scheme_picked(self) -> None:
        number = self.scheme.value()
        self._try(lambda: self.use_scheme(number if isinstance(number, int) else _AUTO))

    def _try(self, do: Callable[[], None]) -> None:
        try:
            do()
        except UserError as fault:
            self.desk.present(fault)
            self._show()

    def _say_column(self) -> None:
        column: ColumnLook | None = self.table.row_here()
        if column is not None:
            self.which.setText(f"第 {column.letter} 列读作")
            self.field.put(column.key or None)

    def _field_left(self) -> None:
        """The field was chosen, or not: on to the next column."""
        column: ColumnLook | None = self.table.row_here()
        if column is None:
            return
        wanted = self.field.raw()
        key = "" if wanted is None else str(wanted)
        if key != column.key and (not key or key in self._labels):
            self.read_as(column.place, key)
        self.table.step(1)
        self._say_column()

    @staticmethod
    def _quietly(pick: Pick, do: Callable[[], object]) -> None:
        blocked = pick.blockSignals(True)
        do()
        pick.blockSignals(blocked)


class Preview(QTableWidget):
    """The first rows of a sheet as they stand, the heading marked, above each column what it is read as."""

    def __init__(self) -> None:
        super().__init__()
        self.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setHorizontalScrollMode(QTableWidget.ScrollMode.ScrollPerPixel)
        self.verticalHeader().setDefaultSectionSize(theme.em(2))
        self.horizontalHeader().setDefaultSectionSize(theme.em(9))

    def put(self, sheet: SheetLook, labels: dict[str, str]) -> None:
        """Show these."""
        width = max((column.place + 1 for column in sheet.columns), default=0)
        self.setRowCount(len(sheet.preview))
        self.setColumnCount(width)
        read = {column.place: labels.get(column.key, "") for column in sheet.columns}
        self.setHorizontalHeaderLabels([read.get(place, "") or "—" for place in range(width)])
        self.setVerticalHeaderLabels([str(number) for number, _ in sheet.preview])
        for at, (number, cells) in enumerate(sheet.preview):
            for place in range(width):
                item = QTableWidgetItem(" ".join(cells[place].split()) if place < len(cells) else "")
                if sheet.row <= number <= sheet.last:
                    item.setForeground(QBrush(QColor(theme.ACCENT)))
                    item.setFont(theme.large(1))
                elif number < sheet.row:
                    item.setForeground(QBrush(QColor(theme.MUTED)))
                self.setItem(at, place, item)


def _titled(sheet: SheetLook) -> str:
    return f"{sheet.name}（隐藏）" if sheet.hidden else sheet.name


def _remark(column: ColumnLook) -> str:
    return column.doubt or (f"看起来是{column.looks}" if column.looks and not column.key else "")
