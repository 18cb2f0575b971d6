"""走访: whom to visit, most urgent first, what was visited lately, and the form that takes under a minute."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtWidgets import QSplitter, QWidget

from jzdesk.core.fields import Value
from jzdesk.services.ledger import Row
from jzdesk.services.students import StudentQuery
from jzdesk.services.visits import DueVisit
from jzdesk.ui import theme, widgets
from jzdesk.ui.desk import Desk
from jzdesk.ui.ledger.model import Column, TableModel
from jzdesk.ui.ledger.table import Table
from jzdesk.ui.page import ListPage
from jzdesk.ui.pages.visit_panel import VisitPanel

OVERDUE, SOON = "overdue", "soon"
STUDENTS_SEARCHED = 30
"""A search that finds more students than this shows visits by the names alone."""


@dataclass(frozen=True, slots=True)
class DueLine:
    """A visit wanted, named by its student."""

    uid: str
    visit: DueVisit

    @property
    def state(self) -> str:
        """`逾期 12 天`, or the day until which there is time."""
        late = self.visit.overdue_days
        return f"逾期 {late} 天" if late > 0 else f"{self.visit.due[5:]} 前"

    @property
    def tone(self) -> str:
        """Red for what is overdue, amber for what is due in the present stretch."""
        return "wrong" if self.visit.overdue_days > 0 else "look"


@dataclass(frozen=True, slots=True)
class Found:
    """What one look found: visits due, all due ones before filtering, and uids of visits made, newest first."""

    due: list[DueLine]
    made: list[str]


def _of(name: str) -> Callable[[DueLine], str]:
    return lambda line: str(getattr(line.visit, name))


DUE = (
    Column("name", "学生", 10, text=_of("name")),
    Column("school_class", "班级", 16, text=_of("school_class")),
    Column("state", "应访", 11, tone=lambda line: str(line.tone)),
    Column("caseworker", "责任人", 9, text=_of("caseworker")),
    Column("last", "上次走访", 11, text=lambda line: line.visit.last or "还没有走访"),
)


def _shown(name: str) -> Callable[[Row], str]:
    return lambda row: row.shown[name].replace("\n", " ")


MADE = (
    Column("date", "日期", 11, text=_shown("date")),
    Column("student", "学生", 10, text=_shown("student")),
    Column("method", "方式", 16, text=_shown("method")),
    Column("staff", "走访人", 9, text=_shown("staff")),
    Column("situation", "家庭情况", 30, text=_shown("situation")),
)


class VisitPage(ListPage):
    """Due visits above, visits made below, the form beside them. `hint`: "overdue", "new", or the uid of a student."""

    title, icon, unit = "走访", "visit", "人"
    entities = frozenset({"visit", "pairing", "student", "enrolment", "staff"})
    hints = "F3 查找　回车 记录这名学生　Ctrl+N 另记一名　Ctrl+S 保存并到下一名"

    def __init__(self, desk: Desk) -> None:
        self._due: dict[str, DueLine] = {}
        super().__init__(desk, DUE, self._lines, hint="学生姓名 / 拼音首字母 / 证件号任意一段 (F3)")
        self._quiet = self._drafted = False
        self._every: list[DueLine] = []
        self._build_left()
        self.urgency = self.add_filter("是否逾期", [(None, "全部应访"), (OVERDUE, "已逾期"), (SOON, "未逾期")])
        self.staff = self.add_filter("责任人", [(None, "全部责任人")])
        self.add_action("另记一次走访 (Ctrl+N)", self.new, icon="plus", primary=True)
        self.panel = VisitPanel(desk, self._offered)
        self.panel.saved.connect(self._on_saved)
        self.panel.changed.connect(self.refresh)
        self.panel.closed.connect(self.close_side)
        self.side.hold(self.panel)

    def arrive(self, hint: str = "") -> None:
        """Fill the lists; a hint names a filter or a student."""
        self.staff.fill(
            [(None, "全部责任人"), *((load.staff, load.name) for load in self.desk.services.pairing.load())]
        )
        if hint == OVERDUE:
            self.urgency.choose(OVERDUE)
        super().arrive(hint)
        if not self._drafted:
            self._drafted = True
            self.panel.offer_draft()
        if len(hint) == 32:
            self.open_record(hint)

    def refresh(self) -> None:
        """Ask what is due and what was visited; cursor and form stay."""
        self._filled = True
        job = partial(_look, self.desk, self.search.text().strip(), self.urgency.value(), self.staff.value())
        self.desk.tasks.read(f"due:{id(self)}", job, self._show_found, owner=self)

    def show_record(self, uid: str) -> None:
        """Begin a visit of the student of the row with the cursor; asks first when the form holds changes."""
        if not self.panel.may_leave():
            return
        line = self._due.get(uid)
        name = line.visit.name if line else self._name_of(uid)
        self.panel.begin(uid, name, self.panel.carried())
        if self.wide() or self._side_open:
            self.reopen_side()

    def open_record(self, uid: str) -> None:
        """Enter: begin the visit of this student, with the cursor in the first field to fill."""
        self._side_open = True
        self.show_record(uid)
        self.panel.form.focus("met")

    def show_visit(self, uid: str) -> None:
        """Show a visit that was made."""
        if self.panel.uid == uid or not self.panel.may_leave():
            return
        self.panel.show_visit(self.desk.services.ledger.record("visit", uid))
        self.reopen_side()

    def new(self) -> None:
        """Ctrl+N: a visit of somebody else, found by typing."""
        if self.panel.busy() or not self.panel.may_leave():
            return
        self.panel.begin(None, "", self.panel.carried())
        self.reopen_side()
        self.panel.form.focus("student")

    def save(self) -> None:
        """Ctrl+S."""
        self.panel.save()

    def may_leave(self) -> bool:
        """Asks when the form holds changes."""
        return self.panel.may_leave()

    def empty(self) -> QWidget:
        """Nothing is due, or nothing fits the search."""
        if self.search.text().strip() or self.urgency.value() or self.staff.value():
            return widgets.Empty("search", "没有符合条件的应访学生")
        hint = "结对以后，每名学生每月应走访一次，到期的会列在这里。"
        return widgets.Empty("visit", "现在没有应走访的学生", hint)

    def _build_left(self) -> None:
        self.made = Table(TableModel(MADE, self.desk.services.visits.rows, self))
        self.made.opened.connect(self.show_visit)
        self.made.clicked.connect(lambda index: self.show_visit(self.made.records().uid(index.row())))
        self.made_title = widgets.label("最近走访", bold=True, size=1.05)
        below = widgets.holder(widgets.column(self.made_title, self.made, space=0.4))
        left = QSplitter(Qt.Orientation.Vertical)
        left.setChildrenCollapsible(False)
        left.setHandleWidth(theme.gap())
        left.addWidget(self.middle)
        left.addWidget(below)
        left.setStretchFactor(0, 3)
        left.setStretchFactor(1, 2)
        left.setSizes([theme.em(30), theme.em(20)])
        self.splitter.insertWidget(0, left)

    def _lines(self, uids: Sequence[str]) -> list[DueLine]:
        return [self._due[uid] for uid in uids if uid in self._due]

    def _offered(self) -> list[tuple[str, str]]:
        """Students to choose from before anything is typed."""
        return [(line.uid, f"{line.visit.name} {line.visit.school_class}") for line in self._due.values()][:50]

    def _name_of(self, student: str) -> str:
        rows = self.desk.services.students.rows((student,))
        return rows[0].name if rows else ""

    def _show_found(self, found: Found) -> None:
        self._due = {line.uid: line for line in found.due}
        self._quiet = True
        self._found(list(self._due))
        self.made.put(found.made)
        self._quiet = False
        late = sum(1 for line in found.due if line.visit.overdue_days > 0)
        self.count.setText(f"应访 {len(found.due):,} 人" + (f"，其中逾期 {late:,} 人" if late else ""))
        self.made_title.setText(f"走访记录　{len(found.made):,} 次")

    def _on_row(self, uid: str) -> None:
        if not self._quiet:
            super()._on_row(uid)

    def _on_saved(self, _: str, student: str) -> None:
        """The next student with a visit due is ready at once; an old visit that was corrected stays."""
        if self.panel.uid is not None:
            return
        following = self._after(student)
        carried = self.panel.carried()
        self._point_at(following)
        name = self._due[following].visit.name if following else ""
        self.panel.begin(following, name, carried)
        self.panel.form.focus("met" if following else "student")

    def _after(self, student: str) -> str | None:
        """The next in the list, from the top again at its end; None when nobody else is due."""
        uids = list(self._due)
        place = uids.index(student) if student in self._due else -1
        return next((uid for uid in uids[place + 1 :] + uids[: max(place, 0)] if uid != student), None)

    def _point_at(self, uid: str | None) -> None:
        """Move the cursor of the table without opening anything."""
        self._quiet = True
        if not self.table.go_to(uid):
            self.table.clearSelection()
            self.table.setCurrentIndex(QModelIndex())
        self._quiet = False


def _look(desk: Desk, text: str, urgency: Value, staff: Value) -> Found:
    """On the reading thread: what is due and what was made, as the search box and filters stand."""
    lines = [DueLine(visit.student, visit) for visit in desk.services.visits.due()]
    found = desk.services.students.ids(StudentQuery(text=text)) if text else []
    if text:
        allowed = set(found)
        lines = [line for line in lines if line.uid in allowed]
    if urgency is not None:
        lines = [line for line in lines if (line.visit.overdue_days > 0) == (urgency == OVERDUE)]
    if staff is not None:
        lines = [line for line in lines if line.visit.staff == staff]
    return Found(lines, _made(desk, text, found, None if staff is None else str(staff)))


def _made(desk: Desk, text: str, students: Sequence[str], staff: str | None) -> list[str]:
    """Visits of the students found, by initials and numbers too when they are not too many; else by the names."""
    visits = desk.services.visits
    if not text or len(students) > STUDENTS_SEARCHED:
        return visits.ids(text=text, staff=staff)
    return [uid for student in students for uid in visits.ids(student=student, staff=staff)]
