"""报表填写: choose a form of another system, see what goes into each column, fill it from the records."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QCheckBox, QLabel, QStackedWidget, QTabWidget, QWidget

from jzdesk.core import codes
from jzdesk.core.errors import UserError
from jzdesk.core.fields import Value
from jzdesk.ui import theme, widgets
from jzdesk.ui.desk import Changes, Desk
from jzdesk.ui.dialogs.purpose import ask_purpose
from jzdesk.ui.editors.typed import NumberEdit
from jzdesk.ui.flow import Flow
from jzdesk.ui.inputs import LineEdit, Pick
from jzdesk.ui.page import Page
from jzdesk.ui.pages.files import FileDrop, open_file, tell
from jzdesk.ui.pages.filling_views import MappingView, MissingView, ResultView, TraceView
from jzdesk.ui.tasks import Progress

if TYPE_CHECKING:
    from jzdesk.services.disclosures import Disclosure
    from jzdesk.services.filling.views import FillOrder, FillQuery, FillReport, FormView, MissingLine, SchemeLine

FORMS = "表格 (*.xlsx *.xlsm *.xls *.et *.csv)"
FILLED = "Excel 工作簿 (*.xlsx *.xlsm)"
MAPPING, SCOPE, MISSING, RESULT, TRACE = range(5)
_OTHERS = "换用已有的方案…"
_MODES = ((None, "只填空格，不同的标出来"), ("overwrite", "不同的按台账改写"))
_BASES = (("paid", "已发放"), ("granted", "已认定"))


class FillingPage(Page):
    """A form at the top with whose rows go into it; below its columns, what is missing, and the result."""

    title, icon = "报表填写", "filling"
    entities = frozenset({"student", "enrolment", "member", "guardian", "household"})
    hints = "Ctrl+N 选择表格　Ctrl+S 填写并保存　回车 改这一列　F3 列的对应关系　F5 重新检查缺项"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.view: FormView | None = None
        self._labels: dict[QWidget, QLabel] = {}
        self._county = desk.services.info.kind == "county"
        self.buttons = self.heading(widgets.label("别的系统的表格，由台账填写", tone="muted"))
        for code, label, explain in desk.services.filling.built_in():
            self.buttons.addWidget(widgets.button(label, partial(self.look, code), tip=explain))
        self.buttons.addWidget(widgets.button("选择表格… (Ctrl+N)", self.new, icon="folder", role="primary"))
        self.mapping, self.missing = MappingView(desk), MissingView(desk)
        self.result, self.trace = ResultView(desk), TraceView()
        self.mapping.settled.connect(self._settled)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.options = self._options()
        for text, part in (
            ("对应关系", self.mapping), ("填哪些人、怎么填", self.options), ("缺少的内容", self.missing),
            ("填写结果", self.result), ("用途记录", self.trace),
        ):  # fmt: skip
            self.tabs.addTab(part, text)
        drop = FileDrop()
        drop.dropped.connect(lambda paths: self.look(paths[0]))
        inside = widgets.column(self._head(), self.tabs)
        inside.setStretch(1, 1)
        inside.setContentsMargins(0, 0, 0, 0)
        drop.setLayout(inside)
        self.body.addWidget(drop, 1)

    def arrive(self, hint: str = "") -> None:
        """Filters show what there is by now; `trace` shows what was written out."""
        services = self.desk.services
        if self._county:
            self.desk.tasks.read("filling-filters", partial(_schools, self.desk), self.school.fill, owner=self)
        else:
            self.desk.tasks.read("filling-filters", services.students.classes, self._show_classes, owner=self)
        self.desk.tasks.read("filling-trace", services.filling.disclosures, self._show_trace, owner=self)
        self.desk.tasks.read("filling-schemes", services.filling.schemes, self._show_schemes, owner=self)
        if hint == "trace":
            self.tabs.setCurrentIndex(TRACE)
        super().arrive(hint)

    def refresh(self) -> None:
        """F5: what is missing."""
        if (view := self.view) is not None:
            query = self.query()
            job = partial(self.desk.services.filling.missing, view, query)
            self.desk.tasks.read("filling-missing", job, self._show_missing, owner=self)

    def seek(self) -> None:
        """F3: into the columns."""
        self.tabs.setCurrentIndex(MAPPING)
        self.mapping.table.setFocus()

    def new(self) -> None:
        """Ctrl+N: choose a form."""
        if (path := widgets.pick_open(self, "选择要填写的表格", FORMS)) is not None:
            self.look(path)

    def look(self, form: Path | str, sheet: str = "", row: int | None = None, scheme: str = "") -> None:
        """Open a form, or look at it again with another sheet or heading row."""
        service = self.desk.services.filling
        name = Path(form).name if isinstance(form, Path) else ""

        def job(_: Progress) -> FormView:
            return service.look(form, sheet=sheet, row=row, scheme=scheme)

        self.desk.write(job, self._show, title=f"正在打开{name or '表格'}", owner=self)

    def save(self) -> None:
        """Ctrl+S: fill and save under a new name."""
        view = self._named()
        if view is None:
            self.desk.present(UserError("还没有选择表格", "请按 Ctrl+N 选择一份表格，或点上方的内置表格。"))
            return
        name = f"{Path(view.file).stem}-{self.desk.services.info.name}{view.suffix}"
        if (path := widgets.pick_save(self, "填好的表存到哪里", name, FILLED)) is None:
            return
        purpose = ask_purpose(self, self.desk.services.filling.sensitive(view))
        if purpose is not None:
            self.fill_to(path, view, purpose)

    def fill_to(self, path: Path, view: FormView, purpose: str) -> None:
        """Fill off the GUI thread; stopping it writes nothing."""
        service, query, order = self.desk.services.filling, self.query(), self.order(purpose)

        def job(progress: Progress) -> FillReport:
            return service.fill(view, path, query, order, tell(progress), progress.cancelled)

        self.desk.write(job, self._filled, title=f"正在填写 {path.name}", cancellable=True, owner=self)

    def query(self) -> FillQuery:
        """Whose rows."""
        from jzdesk.services.filling.views import FillQuery

        grade, room, hardship, status = (
            _text(each.value()) for each in (self.grade, self.room, self.hardship, self.status)
        )
        return FillQuery(grade, room, hardship, status, _text(self.school.value()))

    def order(self, purpose: str) -> FillOrder:
        """How to fill."""
        from jzdesk.services.filling.views import FillOrder

        term = str(self.term.value() or "")
        overwrite = self.mode.value() == "overwrite"
        return FillOrder(
            overwrite, self.marks.isChecked(), purpose, term, str(self.basis.value()), self.adding.isChecked()
        )

    def _options(self) -> QWidget:
        """Everything that is chosen before filling."""
        grades = [(None, "全部年级"), *codes.table("grade").items()]
        kinds = [(code, label.split("（")[0]) for code, label in codes.table("difficulty_type").items()]
        statuses = [("enrolled", "在册学生"), (None, "全部状态"), *codes.table("student_status").items()]
        self.scheme, self.sheet, self.row = LineEdit(), Pick((), "工作表"), NumberEdit()
        self.grade, self.room = Pick(grades, "年级"), Pick([(None, "全部班级")], "班级")
        self.school = Pick([(None, "全部学校")], "学校")
        self.hardship = Pick([(None, "不限困难类型"), ("any", "有困难类型"), *kinds], "困难类型")
        self.status, self.mode = Pick(statuses, "学生状态"), Pick(_MODES, "表里已有的内容")
        self.term, self.basis = Pick((), "学期"), Pick(_BASES, "统计口径")
        self.known = Pick([(None, _OTHERS)], "换用已有的方案")
        self.known.picked.connect(self._take_scheme)
        self.marks = QCheckBox("标出变动并附说明页")
        self.adding = QCheckBox("表里没有的人加一行")
        for box in (self.marks, self.adding):
            box.setChecked(True)
        self.status.choose("enrolled")
        self.scheme.setAccessibleName("方案名")
        self.scheme.setMinimumWidth(theme.em(20))
        self.scheme.left.connect(self._summarise)
        self.row.setMaximumWidth(theme.em(4))
        for each in (self.school, self.grade, self.room, self.hardship, self.status):
            each.setMaximumWidth(theme.em(11))
            each.picked.connect(self.refresh)
        (self.room if self._county else self.school).hide()
        for each in (self.school, self.grade, self.room, self.hardship, self.status, self.mode, self.term, self.basis):
            each.picked.connect(self._summarise)
        self.sheet.picked.connect(self._look_again)
        self.row.returnPressed.connect(self._look_again)
        return self._laid_out()

    def _laid_out(self) -> QWidget:
        self.of_people = widgets.holder(
            _flow(self.school, self.grade, self.room, self.hardship, self.status, self.adding)
        )
        self.of_figures = widgets.holder(_flow(self.term, self.basis))
        where = _flow(_with_label("工作表", self.sheet), _with_label("列标题在第几行", self.row))
        card = widgets.Card(space=0.5)
        for text, part in (
            ("填哪些人", self.of_people), ("统计什么", self.of_figures),
            ("表里已有的内容与台账不同时", widgets.holder(_flow(self.mode, self.marks))),
            ("标题认得不对时，自己指定", widgets.holder(where)),
            ("方案名：下次填同样的表时照这样填", widgets.holder(_flow(self.scheme, self.known))),
        ):  # fmt: skip
            label = widgets.label(text, tone="muted")
            self._labels[part] = label
            card.body.addWidget(label)
            card.body.addWidget(part)
        card.body.addStretch(1)
        inside = widgets.holder(widgets.column(card))
        inside.setContentsMargins(0, theme.em(0.6), 0, 0)
        return widgets.scrolled(inside)

    def _head(self) -> QWidget:
        """The form that was chosen, or what to do."""
        self.name = widgets.label(bold=True, size=1.1)
        self.notes = widgets.label(tone="look", wrap=True)
        fill = widgets.button("填写并保存… (Ctrl+S)", self.save, icon="export", role="primary")
        blank = widgets.button("空白表…", self.save_blank, icon="save", tip="保存这份内置表格的空白样子")
        self.blank = blank
        self.summary = widgets.label(tone="muted", wrap=True)
        deeds = Flow(right=True)
        for each in (blank, fill):
            deeds.addWidget(each)
        top = widgets.row(self.name, widgets.holder(deeds))
        top.setStretch(1, 1)
        chosen = widgets.Card(space=0.4)
        chosen.body.addLayout(top)
        chosen.body.addWidget(self.summary)
        chosen.body.addWidget(self.notes)
        self.notes.hide()
        hint = "按 Ctrl+N 选一份对方系统的表格，或把表格拖到这里；也可以点上方的内置表格。"
        nothing = widgets.Card()
        nothing.body.addWidget(widgets.label("还没有选择表格", bold=True))
        nothing.body.addWidget(widgets.label(hint, tone="muted", wrap=True))
        self.head = QStackedWidget()
        self.head.addWidget(nothing)
        self.head.addWidget(chosen)
        return self.head

    def save_blank(self) -> None:
        """A built-in form without anybody in it."""
        if self.view is None:
            return
        if (path := widgets.pick_save(self, "保存空白表格", self.view.file, FILLED)) is not None:
            job = partial(self.desk.services.filling.blank, self.view.form, path)
            done = partial(self.desk.say, f"空白表格已保存为 {path.name}", "打开", partial(open_file, self.desk, path))
            self.desk.write(lambda _: job(), lambda _: done(), title="正在保存空白表格", owner=self)

    def _named(self) -> FormView | None:
        """The form under the name that its scheme has now."""
        if self.view is None:
            return None
        return replace(self.view, scheme=str(self.scheme.raw() or Path(self.view.file).stem))

    def _look_again(self) -> None:
        """Another sheet or heading row was chosen."""
        if self.view is None:
            return
        sheet, row = str(self.sheet.value() or ""), self.row.text().strip()
        number = int(row) if row.isdigit() else None
        if sheet != self.view.sheet:
            number = None
        if (sheet, number) != (self.view.sheet, self.view.row):
            form = self.view.form
            self.look(Path(form) if Path(form).suffix else form, sheet, number, str(self.scheme.raw() or ""))

    def _take_scheme(self) -> None:
        """A kept scheme was chosen for the form that is open."""
        name = str(self.known.value() or "")
        if name and self.view is not None:
            form = self.view.form
            self.look(Path(form) if Path(form).suffix else form, scheme=name)

    def _show_schemes(self, lines: list[SchemeLine]) -> None:
        self.known.fill([(None, _OTHERS), *((line.name, line.name) for line in lines)])

    def _show(self, view: FormView) -> None:
        self.view = view
        self.head.setCurrentIndex(1)
        people = view.subject == "people"
        self.name.setText(f"{view.file}　{len(view.mapped)} / {len(view.columns)} 列会填")
        self.scheme.put(view.scheme)
        self.sheet.fill([(name, name) for name in view.sheets])
        blocked = self.sheet.blockSignals(True)
        self.sheet.choose(view.sheet)
        self.sheet.blockSignals(blocked)
        self.row.setText(str(view.row))
        self.notes.setText("\n".join(view.notes))
        self.notes.setVisible(bool(view.notes))
        self.blank.setVisible(view.form in [code for code, _, _ in self.desk.services.filling.built_in()])
        for part, shown in ((self.of_people, people), (self.of_figures, not people)):
            part.setVisible(shown)
            self._labels[part].setVisible(shown)
        if not people and self.term.count() == 0:
            self.desk.tasks.read("filling-terms", self.desk.services.aid.terms, self._show_terms, owner=self)
        self._summarise()
        self.mapping.show_view(view)
        self.tabs.setCurrentIndex(MAPPING)
        self.mapping.table.setFocus()
        self.refresh()

    def _settled(self, view: FormView) -> None:
        self.view = view
        self.name.setText(f"{view.file}　{len(view.mapped)} / {len(view.columns)} 列会填")
        self.refresh()

    def _filled(self, report: FillReport) -> None:
        self.result.show_report(report)
        self.tabs.setCurrentIndex(RESULT)
        self.desk.say(
            f"已填写 {report.rows:,} 行到 {report.path.name}", "打开", partial(open_file, self.desk, report.path)
        )
        self.desk.tasks.read("filling-trace", self.desk.services.filling.disclosures, self._show_trace, owner=self)
        self.desk.tasks.read("filling-schemes", self.desk.services.filling.schemes, self._show_schemes, owner=self)

    def _show_missing(self, lines: list[MissingLine]) -> None:
        self.missing.show_lines(lines)
        self.tabs.setTabText(MISSING, f"缺少的内容（{len(lines):,} 人）" if lines else "缺少的内容")

    def _show_trace(self, lines: list[Disclosure]) -> None:
        self.trace.show_lines(lines)

    def _show_classes(self, classes: list[tuple[str, str]]) -> None:
        self.room.fill([(None, "全部班级"), *classes])

    def _summarise(self) -> None:
        """Whose rows and how, in words beside the name: the choices stand on a tab of their own."""
        people = self.view is None or self.view.subject == "people"
        place = self.school if self._county else self.room
        picks = [self.status, self.grade, place, self.hardship] if people else [self.term, self.basis]
        words = "　".join(each.currentText() for each in (*picks, self.mode))
        self.summary.setText(f"{words}　方案“{self.scheme.text()}”")

    def _show_terms(self, terms: list[tuple[str, str]]) -> None:
        self.term.fill(terms)
        self.term.choose(str(self.desk.services.context.term()))
        self._summarise()

    def _heard(self, changes: Changes) -> None:
        """Records changed: what is missing is asked again, once a form is open."""
        if self.view is not None:
            super()._heard(changes)


def _schools(desk: Desk) -> list[tuple[Value, str]]:
    """The schools of the county, by code."""
    from jzdesk.services.ledger import Query

    ledger = desk.services.ledger
    rows = ledger.rows("school", ledger.ids(Query("school")))
    return [(None, "全部学校"), *((row.values["code"], row.shown["name"]) for row in rows)]


def _flow(*parts: QWidget) -> Flow:
    flow = Flow()
    for part in parts:
        flow.addWidget(part)
    return flow


def _with_label(text: str, editor: QWidget) -> QWidget:
    return widgets.holder(widgets.row(widgets.label(text, tone="muted"), editor))


def _text(value: object) -> str | None:
    return None if value is None else str(value)
