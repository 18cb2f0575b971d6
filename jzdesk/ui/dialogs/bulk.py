"""What a paste, a fill or a change of many records would do: old → new for every cell, corrected here, then written."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QAbstractItemView, QCheckBox, QTableView, QWidget

from jzdesk.core.errors import UserError
from jzdesk.core.fields import Value
from jzdesk.services.plans import CHANGED, Plan, Wish
from jzdesk.ui import theme, undoing, widgets
from jzdesk.ui.desk import Desk
from jzdesk.ui.dialogs.base import Dialog
from jzdesk.ui.inputs import Pick
from jzdesk.ui.ledger.form import FieldBox
from jzdesk.ui.ledger.model import Index
from jzdesk.ui.ledger.plan_model import ALL, CHANGING, EMPTY, FAULTY, PlanModel

if TYPE_CHECKING:
    from jzdesk.services.plans import Applied


class PlanDialog(Dialog):
    """Shows a plan until it is written or given up. `written(Applied)` after writing."""

    written = Signal(object)

    def __init__(
        self,
        parent: QWidget,
        desk: Desk,
        entity: str,
        wishes: Sequence[Wish] = (),
        *,
        title: str,
        verb: str = "批量修改",
        notes: Sequence[str] = (),
    ) -> None:
        super().__init__(parent, title, width=40)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.desk, self.entity, self.verb = desk, entity, verb
        self.spec = desk.services.ledger.specs[entity]
        self.wishes = list(wishes)
        self._busy = False
        self.model = PlanModel(self.spec, self)
        self.table = QTableView()
        self.summary, self.words = widgets.label(bold=True, wrap=True), widgets.label(wrap=True)
        self.adding = QCheckBox()
        self.shown = Pick([(ALL, "全部"), (CHANGING, "会改的"), (FAULTY, "有问题的")], "看哪些行")
        self._lay_out(notes)
        self._wire()
        self.resize(min(theme.em(62), parent.window().width() - theme.em(3)), theme.em(36))
        self._plan_again()

    @property
    def plan(self) -> Plan:
        """The plan as shown."""
        return self.model.plan

    def write(self) -> None:
        """Write what is not wrong, in one transaction."""
        if self._busy or not self.write_button.isEnabled():
            return
        self._busy = True
        self.write_button.setEnabled(False)
        plan, bulk = self.plan, self.desk.services.bulk
        self.desk.write(
            lambda _: bulk.apply(plan), self._written, self._refused, title="正在写入", owner=self, always=self._free
        )

    def next_wrong(self) -> None:
        """F8: the cursor on the next cell that is wrong."""
        found = self.model.next_wrong(self.table.currentIndex())
        if found.isValid():
            self.table.setCurrentIndex(found)
            self.table.setFocus()

    def _lay_out(self, notes: Sequence[str]) -> None:
        self.next_button = widgets.button("下一处问题 (F8)", self.next_wrong)
        for note in notes:
            self.body.addWidget(widgets.label(note, tone="look", wrap=True))
        self.body.addWidget(self.summary)
        self.body.addLayout(widgets.row(self.shown, self.next_button, None, self.adding))
        self.body.addWidget(self.table, 1)
        self.body.addWidget(self.words)
        self.words.setMinimumHeight(theme.em(2.4))
        self.words.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.adding.setChecked(True)
        self.add_button("取消", self.reject)
        self.write_button = self.add_button("写入 (Ctrl+S)", self.write, role="primary")
        self.write_button.setEnabled(False)
        self._look_of_table()

    def _look_of_table(self) -> None:
        table = self.table
        table.setModel(self.model)
        table.setShowGrid(False)
        table.setAlternatingRowColors(True)
        table.setWordWrap(False)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setTabKeyNavigation(False)
        table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        triggers = QAbstractItemView.EditTrigger
        table.setEditTriggers(triggers.DoubleClicked | triggers.EditKeyPressed | triggers.AnyKeyPressed)
        table.verticalHeader().setDefaultSectionSize(theme.em(2.15))
        table.horizontalHeader().setStretchLastSection(True)
        table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        table.horizontalHeader().setHighlightSections(False)
        table.horizontalHeader().setMaximumSectionSize(theme.em(22))

    def _wire(self) -> None:
        self.model.corrected.connect(self._correct)
        self.shown.picked.connect(self._show)
        self.adding.toggled.connect(lambda: self._plan_again())
        self.table.selectionModel().currentChanged.connect(lambda here, _: self._say(here))
        QShortcut(QKeySequence("F8"), self, self.next_wrong)
        QShortcut(QKeySequence("Ctrl+S"), self, self.write)

    def _correct(self, wish: Wish, field: str, text: str) -> None:
        """A cell was typed over: the same wish with another value."""
        place = next(number for number, each in enumerate(self.wishes) if each is wish)
        self.wishes[place] = Wish(wish.uid, {**wish.values, field: text})
        self._plan_again()

    def _plan_again(self) -> None:
        adding = self.adding.isChecked()
        wishes = [wish for wish in self.wishes if wish.uid or adding]
        job = partial(self.desk.services.bulk.plan, self.entity, wishes, self.verb)
        self.desk.tasks.read(f"plan:{id(self)}", job, self._planned, self._no_plan, owner=self)

    def _planned(self, plan: Plan) -> None:
        first = self.plan is EMPTY
        here = self.table.currentIndex()
        self.model.put(plan, str(self.shown.value()))
        self._summarise(plan)
        if first:
            self._fit()
            self.next_wrong()
        if not first or not self.table.currentIndex().isValid():
            self.table.setCurrentIndex(self.model.index(max(here.row(), 0), max(here.column(), 0)))
        self._say(self.table.currentIndex())

    def _no_plan(self, error: Exception) -> bool:
        if not isinstance(error, UserError):
            return False
        self.wrong(error.what, error.remedy)
        self.write_button.setEnabled(False)
        return True

    def _summarise(self, plan: Plan) -> None:
        new = sum(wish.uid is None for wish in self.wishes)
        self.adding.setText(f"表格末尾以下的 {new} 行作为新记录登记")
        self.adding.setVisible(bool(new))
        wrong = len(plan.wrong)
        parts = [f"{len(plan.changes)} 条将改"]
        parts += [f"{len(plan.additions)} 条新增"] if new else []
        parts += [f"{plan.unchanged} 条不变"] if plan.unchanged else []
        parts += [f"{wrong} 处有问题，不会写入"] if wrong else []
        self.summary.setText("，".join(parts))
        theme.mark(self.summary, tone="wrong" if wrong else "")
        self.next_button.setVisible(bool(wrong))
        writes = len(plan.changes) + len(plan.additions)
        self.write_button.setText(f"写入 {writes} 条 (Ctrl+S)")
        self.write_button.setEnabled(bool(writes) and not self._busy)

    def _show(self) -> None:
        self.model.put(self.plan, str(self.shown.value()))
        self._say(QModelIndex())

    def _say(self, here: Index) -> None:
        """The sentence about the cell with the cursor."""
        words = self.model.words(here)
        cell = self.model.cell(here)
        self.words.setText(words)
        theme.mark(self.words, tone="look" if cell is not None and cell.state == CHANGED else "wrong")

    def _fit(self) -> None:
        self.table.resizeColumnsToContents()
        for column in range(self.model.columnCount()):
            self.table.setColumnWidth(column, min(self.table.columnWidth(column) + theme.em(0.6), theme.em(22)))

    def _written(self, done: Applied) -> None:
        words = [f"已修改 {done.changed} 条"] if done.changed else []
        words += [f"新增 {len(done.added)} 条"] if done.added else []
        number = done.action
        if number is not None:
            self.desk.say("，".join(words), "撤销", partial(undoing.take_back, self.desk, number))
        self.written.emit(done)
        self.accept()

    def _refused(self, error: Exception) -> bool:
        """Somebody changed a record meanwhile: the reason, and the plan as it is now."""
        if not isinstance(error, UserError):
            return False
        self.wrong(error.what, error.remedy)
        self._plan_again()
        return True

    def _free(self) -> None:
        self._busy = False


class ChangeDialog(PlanDialog):
    """One field of several records set to one value."""

    def __init__(self, parent: QWidget, desk: Desk, entity: str, uids: Sequence[str], field: str = "") -> None:
        """`field`: the one to begin with, when a person may edit it."""
        spec = desk.services.ledger.specs[entity]
        super().__init__(parent, desk, entity, title=f"修改 {len(uids)} 条{spec.label}")
        self._uids = list(uids)
        self.field = Pick([(each.name, each.label) for each in spec.form_fields()], "改哪一栏")
        self.field.choose(field)
        self._place = widgets.column(space=0)
        clear = widgets.button("清空这一栏", lambda: self._set(None), role="link")
        top = widgets.row(self.field, widgets.label("改为"), self._place, clear)
        top.setStretch(2, 1)
        self.body.insertLayout(0, top)
        self._timer = QTimer(self, singleShot=True, interval=250)
        self._timer.timeout.connect(lambda: self._set(self.box.raw()))
        self.field.picked.connect(self._choose_field)
        self._choose_field()

    def _choose_field(self) -> None:
        """The editor of the field; nothing is wished until something is typed."""
        self._timer.stop()
        widgets.clear(self._place)
        self.box = FieldBox(self.spec[str(self.field.value())], self.desk.services.ledger.choices)
        self._place.addWidget(self.box)
        self.box.edited.connect(self._timer.start)
        self.wishes = []
        self._plan_again()
        QTimer.singleShot(0, self.box, self.box.focus)

    def _set(self, value: Value) -> None:
        self.wishes = [Wish(uid, {self.box.spec.name: value}) for uid in self._uids]
        self._plan_again()
