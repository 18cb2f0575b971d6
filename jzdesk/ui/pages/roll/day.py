"""某日名册: who stood where on any day, and the list as a workbook."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from jzdesk.core.errors import ValueFault
from jzdesk.core.kinds import Date
from jzdesk.ui import theme, widgets
from jzdesk.ui.desk import Desk
from jzdesk.ui.editors.typed import DateEdit
from jzdesk.ui.errors_shown import message_of
from jzdesk.ui.inputs import Pick
from jzdesk.ui.ledger.model import Column
from jzdesk.ui.pages.listing import Listing
from jzdesk.ui.pages.roll.view import View

if TYPE_CHECKING:
    from jzdesk.services.roll.as_of import RollDay

_XLSX = "Excel 工作簿 (*.xlsx)"
_COLUMNS = (
    Column("grade", "年级", 14),
    Column("school_class", "班级", 10),
    Column("name", "姓名", 12),
    Column("sex", "性别", 6),
    Column("status", "状态", 12, tone=lambda one: "" if one.enrolled else "muted"),
    Column("boarding", "就读方式", 10),
    Column("head", "班主任", 9),
)
_SCHOOL = Column("school_name", "学校", 14)


class DayView(View):
    """A date, a table, a workbook."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.search.setPlaceholderText("姓名 / 班级 (F3)")
        self.date = DateEdit(Date())
        self.date.setAccessibleName("哪一天")
        self.date.setMaximumWidth(theme.em(11))
        self.date.put(desk.services.context.today())
        self.grade = Pick([(None, "全部年级")], "年级")
        self.count = widgets.label(bold=True, wrap=True)
        self.export_button = widgets.button("导出 Excel…", self.export, icon="export")
        self.note = widgets.label(tone="muted", wrap=True)
        county = desk.services.info.kind == "county"
        self.table = Listing((_SCHOOL, *_COLUMNS) if county else _COLUMNS)
        self.found: RollDay | None = None
        self.tools(widgets.label("哪一天"), self.date, self.grade, self.export_button)
        self.body.addWidget(self.count)
        self.body.addWidget(self.note)
        self.body.addWidget(self.table, 1)
        self.search.searched.connect(lambda _: self._sift())
        self.search.down.connect(self.table.setFocus)
        self.grade.picked.connect(self._sift)
        self.date.returnPressed.connect(self.refresh)
        self.date.left.connect(self.refresh)

    def refresh(self) -> None:
        """Read the roll of the day."""
        day, as_of = self._day(), self.desk.services.as_of
        if day is not None:
            self.desk.tasks.read("roll-day", lambda: as_of.roll(day), self._show, self._refused, owner=self)

    def new(self) -> None:
        """Ctrl+N: another day."""
        self.date.setFocus()
        self.date.selectAll()

    def export(self) -> None:
        """Ask where to, then write it."""
        if (day := self._day()) is None:
            return
        path = widgets.pick_save(self, "导出某日名册", f"名册-{day}.xlsx", _XLSX)
        if path is not None:
            self.write(path)

    def write(self, path: Path) -> None:
        """Write the workbook there."""
        day, as_of = self._day(), self.desk.services.as_of
        done = lambda count: self.desk.say(f"已导出 {count:,} 人到 {path.name}")  # noqa: E731
        self.desk.write(lambda _: as_of.export(path, day), done, title="正在导出名册", owner=self)

    def _day(self) -> str | None:
        try:
            value = Date().read(self.date.raw()).value
        except ValueFault as fault:
            self._say_wrong(fault.sentence())
            return None
        return str(value) if value else self.desk.services.context.today()

    def _say_wrong(self, sentence: str) -> None:
        self.count.setText(sentence)
        theme.mark(self.count, tone="wrong")

    def _refused(self, error: Exception) -> bool:
        message = message_of(error)
        self._say_wrong(f"{message.what}{message.remedy}")
        return True

    def _show(self, found: RollDay) -> None:
        self.found = found
        grades = {line.grade_code: line.grade for line in found.lines}
        self.grade.fill([(None, "全部年级"), *sorted(grades.items())])
        self.count.setText(found.sentence())
        self.note.setText(found.note)
        self.note.setVisible(bool(found.note))
        theme.mark(self.count, tone="")
        self._sift()

    def _sift(self) -> None:
        if self.found is None:
            return
        text, grade = self.search.text().strip(), self.grade.value()
        self.table.put_rows(
            line
            for line in self.found.lines
            if grade in (None, line.grade_code)
            and text in " ".join((line.name, f"{line.grade}{line.school_class}", line.school_name))
        )
