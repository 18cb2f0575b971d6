"""上报情况: every school with its last package, worst first, and the list to telephone by."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from jzdesk.ui import theme, widgets
from jzdesk.ui.desk import Changes, Desk
from jzdesk.ui.dialogs.preview import preview
from jzdesk.ui.inputs import Pick, SearchEdit
from jzdesk.ui.ledger.model import Column
from jzdesk.ui.page import Page
from jzdesk.ui.pages.figures import Figure, Figures
from jzdesk.ui.pages.listing import Listing, ListingOrEmpty, found_by, learn_names

if TYPE_CHECKING:
    from jzdesk.services.bundle import Services
    from jzdesk.services.reporting import Overview, ReportLine

LIMITS = (7, 15, 30, 45, 60, 90)
_ALL, _CALL = "all", "call"
_TONES = {
    "overdue": "wrong", "never": "look", "lapsed": "wrong", "gap": "look", "late": "look", "expiring": "look",
    "uncertified": "muted", "good": "good",
}  # fmt: skip


def look(services: Services) -> Overview:
    """Read it."""
    seen = services.reporting.overview()
    learn_names(line.name for line in seen.lines)
    return seen


class ReportsView(QWidget):
    """The schools, worst first; which are shown, after how many days one is overdue, and the list on paper."""

    def __init__(self, desk: Desk, *, low: bool = False) -> None:
        super().__init__()
        self.desk = desk
        self.seen: Overview | None = None
        self.figures = Figures(low=low)
        self.shown = Pick([(_CALL, "只看有问题的"), (_ALL, "全部学校")], tip="看哪些学校")
        self.limit = Pick([(days, f"超过 {days} 天算逾期") for days in LIMITS], tip="多少天没有上报算逾期")
        self.shown.picked.connect(self._fill)
        self.limit.picked.connect(self._set_limit)
        self.search = SearchEdit("学校 / 拼音首字母 / 乡镇")
        self.search.searched.connect(lambda _: self._fill())
        self.search.setMinimumWidth(theme.em(8))
        self.table = Listing(
            (
                Column("name", "学校", 22),
                Column("state", "情况", 11, text=lambda one: one.state_label, tone=_tone),
                Column("sentence", "说明", 26),
                Column("head", "校长", 8),
                Column("phone", "联系电话", 13),
                Column("last", "最近上报", 11),
                Column("number", "包号", 5, numeric=True, text=_number),
                Column("entries", "条数", 7, numeric=True, text=_entries),
                Column("township", "乡镇", 10),
                Column("period", "数据的日期", 24),
                Column("until", "证书到期", 11),
            ),
            key=lambda one: one.code,
        )
        hint = "每所学校都按时上报，没有缺包，证书也都有效。"
        self.middle = ListingOrEmpty(self.table, widgets.Empty("ok", "没有要催的学校", hint))
        head = widgets.row(
            self.search, self.shown, self.limit, widgets.button("导出名单…", self.export, icon="export"),
            widgets.button("打印名单…", self.print, icon="print", tip="打电话用：学校、校长、电话，留出记录的地方"),
        )  # fmt: skip
        self.about = widgets.label(wrap=True)
        head.setStretch(0, 1)
        self.search.down.connect(self.table.setFocus)
        self.table.chosen.connect(lambda _: self._tell())
        inside = widgets.column(self.figures, head, self.middle, self.about)
        inside.setStretch(2, 1)
        inside.setContentsMargins(0, theme.em(0.6), 0, 0)
        self.setLayout(inside)

    def refresh(self) -> None:
        """Look again."""
        self.desk.tasks.read(f"reports:{id(self)}", partial(look, self.desk.services), self._show, owner=self)

    def print(self) -> None:
        """The list of those to be called up, on paper."""
        service = self.desk.services.reporting
        everybody = self.shown.value() == _ALL
        preview(self.desk, self, "各校上报情况", "各校上报情况.pdf",
                lambda path, _: service.write(path, everybody=everybody))  # fmt: skip

    def export(self) -> None:
        """The same as a workbook."""
        if (path := widgets.pick_save(self, "导出名单", "各校上报情况.xlsx", "工作簿 (*.xlsx)")) is not None:
            self.export_to(path)

    def export_to(self, path: Path) -> None:
        """Write it there."""
        service, everybody = self.desk.services.reporting, self.shown.value() == _ALL

        def done(schools: int) -> None:
            self.desk.say(f"已导出 {schools:,} 所学校到 {path.name}")

        job = service.write
        self.desk.tasks.study(lambda _: job(path, everybody=everybody), done, title="正在导出名单", owner=self)

    def _set_limit(self) -> None:
        days = int(str(self.limit.value()))
        if self.seen is None or days == self.seen.limit:
            return
        service = self.desk.services.reporting
        self.desk.write(lambda _: service.set_limit(days), lambda _: self.refresh(), title="正在保存", owner=self)

    def _show(self, seen: Overview) -> None:
        self.seen = seen
        if seen.limit not in LIMITS:
            days = sorted({*LIMITS, seen.limit})
            self.limit.fill([(each, f"超过 {each} 天算逾期") for each in days])
        blocked = self.limit.blockSignals(True)
        self.limit.choose(seen.limit)
        self.limit.blockSignals(blocked)
        self.figures.put(_figures(seen))
        self._fill()

    def _fill(self) -> None:
        if self.seen is None:
            return
        every, typed = self.shown.value() == _ALL or bool(self.search.text().strip()), self.search.text()
        lines = [line for line in self.seen.lines if every or line.state != "good"]
        found = [line for line in lines if found_by(typed, line.name, line.code, line.township)]
        self.middle.put_rows(found, narrowed=bool(lines))
        if self.table.uid() is None and self.table.records().rowCount():
            self.table.selectRow(0)
        self._tell()

    def _tell(self) -> None:
        """All about the school with the cursor, in a sentence to telephone by."""
        line: ReportLine | None = self.table.row_here()
        self.about.setVisible(line is not None)
        if line is not None:
            self.about.setText(in_words(line))


class ReportsPage(Page):
    """The county's page of its own."""

    title, icon = "上报情况", "calendar"
    hints = "F3 查找　F5 刷新　↑↓ 换行"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.heading(widgets.label("谁多久没有上报，缺什么，给谁打电话", tone="muted"))
        self.view = ReportsView(desk)
        self.body.addWidget(self.view, 1)

    def arrive(self, hint: str = "") -> None:
        """Look again each time."""
        self.refresh()

    def refresh(self) -> None:
        """Look again."""
        self.view.refresh()

    def seek(self) -> None:
        """F3."""
        self.view.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.view.search.selectAll()

    def _heard(self, changes: Changes) -> None:
        if self.isVisible():
            self.refresh()


def in_words(line: ReportLine) -> str:
    """Who is to be asked what."""
    call = f"校长 {line.head or '（未登记）'}，电话 {line.phone or '（未登记）'}"
    last = (
        f"最近一包是 {line.last} 收到的第 {line.number} 包，{line.entries:,} 条"
        if line.number
        else "没有收到过能读的包"
    )
    period = f"，数据是 {line.period} 的" if line.period else ""
    return f"{line.name}：{line.sentence or '按时上报'}。{line.remedy}{last}{period}。{call}。"


def _figures(seen: Overview) -> list[Figure]:
    reported = sum(bool(line.last) for line in seen.lines)
    counted: list[tuple[str, int, str]] = [
        ("逾期未报", len(seen.overdue), "wrong"), ("从未上报", seen.count("never"), "look"),
        ("缺包", sum(bool(line.gaps) for line in seen.lines), "look"),
    ]  # fmt: skip
    if seen.certificates:
        lapsing, without = seen.count("lapsed", "expiring"), seen.count("uncertified")
        counted += [("证书失效或将到期", lapsing, "look"), ("还没有证书", without, "muted")]
    return [
        Figure("上报过的学校", f"{reported:,} / {len(seen.lines):,}"),
        *(Figure(label, f"{count:,}", tone if count else "muted") for label, count, tone in counted),
    ]


def _tone(line: ReportLine) -> str:
    return "wrong" if line.overdue else _TONES[line.state]


def _number(line: ReportLine) -> str:
    return f"{line.number}" if line.number else ""


def _entries(line: ReportLine) -> str:
    return f"{line.entries:,}" if line.last else ""
