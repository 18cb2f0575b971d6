"""各校学生 (township): what the schools' packages say, school by school, to be looked at only."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter, QWidget

from jzdesk.services.township_schools import unread_words
from jzdesk.ui import theme, widgets
from jzdesk.ui.desk import Desk
from jzdesk.ui.ledger.model import Column
from jzdesk.ui.pages.listing import Listing, ListingOrEmpty

if TYPE_CHECKING:
    from jzdesk.services.student_rows import StudentRow
    from jzdesk.services.township_schools import SchoolSeen


class SchoolsView(QWidget):
    """The schools at the left, the pupils of the one with the cursor at the right."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self.table = Listing(
            (
                Column("name", "学校", 20),
                Column("students", "学生", 6, numeric=True),
                Column("attending", "在读", 6, numeric=True),
                Column("poor", "困难", 6, numeric=True),
                Column("paired", "结对", 6, numeric=True),
                Column("visits", "走访", 6, numeric=True),
                Column("until", "数据到", 11),
            ),
            key=lambda one: one.code,
        )
        self.pupils = Listing(
            (
                Column("name", "姓名", 9),
                Column("sex", "性别", 4),
                Column("grade", "年级", 11),
                Column("school_class", "班级", 5),
                Column("hardships", "困难类型", 14),
                Column("caseworker", "责任人", 8),
                Column("status", "学籍状态", 9),
            )
        )
        hint = "收下加密时也给了本站的数据包以后，各校的学生列在这里；只能查看，改动由学校自己做。"
        self.middle = ListingOrEmpty(self.table, widgets.Empty("school", "还没有可查看的数据", hint))
        self.words = widgets.label(tone="muted", wrap=True)
        self.right = widgets.holder(widgets.column(self.words, self.pupils))
        halves = QSplitter(Qt.Orientation.Horizontal)
        halves.setChildrenCollapsible(False)
        halves.setHandleWidth(theme.gap())
        halves.addWidget(self.middle)
        halves.addWidget(self.right)
        halves.setSizes([theme.em(34), theme.em(34)])
        inside = widgets.column(halves)
        inside.setContentsMargins(0, theme.em(0.6), 0, 0)
        self.setLayout(inside)
        self.table.chosen.connect(lambda _: self._look())

    def refresh(self) -> None:
        """Look again."""
        self.desk.tasks.read("township-schools", self.desk.services.township.schools, self._show, owner=self)

    def _show(self, schools: Sequence[SchoolSeen]) -> None:
        self.middle.put_rows(schools)
        if schools and self.table.uid() is None:
            self.table.selectRow(0)
        self._look()

    def _look(self) -> None:
        school: SchoolSeen | None = self.table.row_here()
        self.right.setVisible(school is not None)
        if school is not None:
            job = partial(self.desk.services.township.pupils, school.code)
            self.desk.tasks.read("township-pupils", job, partial(self._show_pupils, school), owner=self)

    def _show_pupils(self, school: SchoolSeen, rows: Sequence[StudentRow]) -> None:
        unread = unread_words(rows)
        self.words.setText(f"{school.name}，数据到 {school.until}。只能查看；改动由学校自己做。{unread}")
        self.pupils.put_rows(rows)
