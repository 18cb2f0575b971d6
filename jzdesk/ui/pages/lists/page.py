"""名单比对: read a department's list, see its four piles, and work through each with the keyboard."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QStackedWidget, QTabWidget, QVBoxLayout

from jzdesk.core.fields import Value
from jzdesk.ui import theme, widgets
from jzdesk.ui.desk import Desk
from jzdesk.ui.errors_shown import Message
from jzdesk.ui.flow import Flow
from jzdesk.ui.inputs import Pick
from jzdesk.ui.page import Page
from jzdesk.ui.pages.files import FileDrop, tell
from jzdesk.ui.pages.lists.ask import ListDialog
from jzdesk.ui.pages.lists.pile import PILES, PileView
from jzdesk.ui.tasks import Progress

if TYPE_CHECKING:
    from jzdesk.services.bundle import Services
    from jzdesk.services.lists.shapes import ListLine, ListLook, ListReport, ListRun

WORKBOOKS = "工作簿 (*.xlsx *.xls *.et *.csv)"
WAITING, ALL = "waiting", "all"


@dataclass(frozen=True, slots=True)
class _Seen:
    """Everything the page shows: the lists that were read, the one chosen, its lines."""

    runs: list[ListRun]
    chosen: ListRun | None
    lines: list[ListLine]


def look(services: Services, run: Value) -> _Seen:
    """Read the lists, and the lines of the chosen one (else of the newest)."""
    runs = services.lists.runs()
    chosen = next((one for one in runs if one.id == run), runs[0] if runs else None)
    return _Seen(runs, chosen, services.lists.lines(chosen.id) if chosen else [])


class ListsPage(Page):
    """A list is chosen at the top; its piles are tabs that tell how many lines wait."""

    title, icon = "名单比对", "lists"
    entities = frozenset({"hardship", "student", "enrolment", "household"})
    hints = "Ctrl+N 比对名单　回车 确认　N 非本校　K 保留　L 以后　1-9 认作　U 撤销"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._seen = _Seen([], None, [])
        self._step: tuple[int | None, list[int]] | None = None
        self.left = widgets.label(tone="muted")
        buttons = self.heading(self.left)
        buttons.addWidget(widgets.button("撤销上一步 (U)", self.undo, icon="undo"))
        buttons.addWidget(widgets.button("比对名单… (Ctrl+N)", self.new, icon="import", role="primary"))
        self.which = Pick([], "比对过的名单")
        self.which.setMaximumWidth(theme.em(34))
        self.which.setSizeAdjustPolicy(Pick.SizeAdjustPolicy.AdjustToContents)
        self.which.picked.connect(self.refresh)
        self.show_which = Pick([(WAITING, "等待处理的"), (ALL, "全部")], "显示哪些行")
        self.show_which.picked.connect(self._show_lines)
        self.figures = widgets.label(tone="muted", wrap=True)
        self.piles = [PileView(desk, spec, self._decided) for spec in PILES]
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.setMinimumSize(theme.em(30), theme.em(14))
        for view in self.piles:
            self.tabs.addTab(view, view.spec.title)
        self.tabs.currentChanged.connect(lambda _: self._focus())
        self._lay_out()
        undo = QShortcut(QKeySequence(Qt.Key.Key_U), self, self.undo)
        undo.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)

    def arrive(self, hint: str = "") -> None:
        """Look again; a number as hint opens that list."""
        self._stale = False
        if hint.isdigit():
            self.which.choose(int(hint))
        self.refresh()

    def refresh(self) -> None:
        """Read the lists again."""
        job = partial(look, self.desk.services, self.which.value())
        self.desk.tasks.read("lists", job, self._show, owner=self)

    def new(self) -> None:
        """Ctrl+N: choose a file and hold it against the roll."""
        if (path := widgets.pick_open(self, "选择部门名单", WORKBOOKS)) is not None:
            self.drop([path])

    def drop(self, paths: Sequence[Path]) -> None:
        """A file was chosen or dropped: see what it seems to be, then ask."""
        service = self.desk.services.lists
        for path in paths[:1]:
            self._look(partial(service.look, path), path.name)

    def _look(self, job: Callable[[], ListLook], name: str) -> None:
        self.desk.write(lambda _: job(), self._ask, title=f"正在看 {name}", owner=self)

    def save(self) -> None:
        """Ctrl+S: accept, as Enter does."""
        self.pile().accept()

    def seek(self) -> None:
        """F3: into the lines."""
        self._focus()

    def pile(self) -> PileView:
        """The pile in front."""
        return self.piles[self.tabs.currentIndex()]

    def undo(self) -> None:
        """U: take the last decision of this page back, or the one of the line with the cursor."""
        if self._step is None:
            self._undo_here()
            return
        (action, ids), self._step = self._step, None
        self._take_back(action, ids)

    def read(self, look: ListLook, kind: str, listed_on: str, *, older: bool) -> None:
        """Hold the list against the roll, off the GUI thread."""
        service = self.desk.services.lists

        def job(progress: Progress) -> ListReport:
            return service.read(
                look.path, kind, listed_on, older=older, progress=tell(progress), cancel=progress.cancelled
            )

        self.desk.write(job, self._read, title=f"正在比对 {look.path.name}", cancellable=True, owner=self)

    def _ask(self, look: ListLook) -> None:
        service = self.desk.services.lists
        dialog = ListDialog(self, look, service.kinds(), service.newest)
        if dialog.exec() == ListDialog.DialogCode.Accepted:
            self.read(look, dialog.kind, dialog.listed_on, older=dialog.older)
        dialog.deleteLater()

    def _read(self, report: ListReport) -> None:
        self._step = None
        tone = "look" if report.unread else "good"
        remedy = f"等待处理 {report.waiting:,} 项。" if report.waiting else "都已有着落，不用处理。"
        if report.annotated is not None:
            remedy += f"读不出的行已标在副本“{report.annotated.name}”里。"
        self.desk.note(
            Message(tone, f"{report.kind_name}（{report.listed_on}）比对完成，读取 {report.read:,} 行", remedy)
        )
        self.which.fill([(report.run, report.file), *((one.id, one.file) for one in self._seen.runs)])
        blocked = self.which.blockSignals(True)
        self.which.choose(report.run)
        self.which.blockSignals(blocked)
        self.refresh()

    def _show(self, seen: _Seen) -> None:
        before, self._seen = self._seen.chosen, seen
        self.middle.setCurrentIndex(1 if seen.chosen is None else 0)
        self.which.fill([(one.id, _called(one)) for one in seen.runs])
        if seen.chosen is None:
            self.left.setText("")
            return
        blocked = self.which.blockSignals(True)
        self.which.choose(seen.chosen.id)
        self.which.blockSignals(blocked)
        self.figures.setText(_figures(seen.chosen))
        self._show_lines()
        if before is None or before.id != seen.chosen.id:
            self._open_first(seen.chosen)

    def _show_lines(self) -> None:
        by_pile: dict[str, list[ListLine]] = defaultdict(list)
        for line in self._seen.lines:
            if line.waiting or self.show_which.value() == ALL:
                by_pile[line.pile].append(line)
        waits = self._seen.chosen.waiting if self._seen.chosen else {}
        for number, view in enumerate(self.piles):
            count = waits.get(view.spec.pile, 0)
            self.tabs.setTabText(number, f"{view.spec.title}（{count:,}）" if count else view.spec.title)
            view.put(by_pile[view.spec.pile], settled=self.show_which.value() == ALL)
        self._say_left()

    def _open_first(self, run: ListRun) -> None:
        """Another list begins with the first pile in which somebody waits."""
        waits = [number for number, view in enumerate(self.piles) if run.waiting.get(view.spec.pile)]
        self.tabs.setCurrentIndex(waits[0] if waits else 0)

    def _say_left(self) -> None:
        later = sum(line.outcome == "later" for line in self._seen.lines)
        total = sum(line.waiting for line in self._seen.lines)
        words = f"还剩 {total:,} 人" + (f"，其中 {later:,} 人以后再定" if later else "")
        self.left.setText(words if total else "这份名单都处理完了")

    def _decided(self, action: int | None, ids: list[int], words: str) -> None:
        self._step = (action, ids)
        self.desk.say(words, "撤销", self.undo)
        self.refresh()

    def _undo_here(self) -> None:
        line: ListLine | None = self.pile().table.row_here()
        if line is None or line.outcome not in ("accepted", "notours", "keep", "later"):
            self.desk.say("没有可以撤销的一步")
            return
        service, number = self.desk.services.lists, line.id
        self.desk.tasks.read(
            "list-step", lambda: service.action_of(number), lambda found: self._undo_old(line, found), owner=self
        )

    def _undo_old(self, line: ListLine, found: tuple[int, str] | None) -> None:
        """An acceptance is taken back whole: what it covered is said first."""
        if found is None:
            self._take_back(None, [line.id])
        elif widgets.confirm(self, f"撤销“{found[1]}”？", "这一步确认的人都重新等待处理，学生资料恢复原样。", "撤销"):
            self._take_back(found[0], [line.id])

    def _take_back(self, action: int | None, ids: list[int]) -> None:
        service = self.desk.services.lists

        def job() -> None:
            if action is None:
                service.reopen(ids)
            else:
                service.undo(action)

        self.desk.write(lambda _: job(), lambda _: self._taken_back(), title="正在撤销", owner=self)

    def _taken_back(self) -> None:
        self.desk.say("已撤销，重新等待处理")
        self.refresh()

    def _focus(self) -> None:
        self.pile().table.setFocus()

    def _lay_out(self) -> None:
        filters = Flow()
        filters.addWidget(self.which)
        filters.addWidget(self.show_which)
        inside = FileDrop()
        inside.dropped.connect(self.drop)
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.em(0.5))
        column.addWidget(widgets.holder(filters))
        column.addWidget(self.figures)
        column.addWidget(self.tabs, 1)
        hint = "按 Ctrl+N 选一份部门给的名单（脱贫户、监测对象、低保、特困、残疾、孤儿……），或把文件拖到这里。"
        act = widgets.button("比对名单…", self.new, icon="import", role="primary")
        empty, card = FileDrop(), widgets.Card()
        empty.dropped.connect(self.drop)
        card.body.addWidget(widgets.Empty("lists", "还没有比对过名单", hint, act))
        within = QVBoxLayout(empty)
        within.setContentsMargins(0, 0, 0, 0)
        within.addWidget(card)
        self.middle = QStackedWidget()
        self.middle.addWidget(inside)
        self.middle.addWidget(empty)
        self.middle.setCurrentIndex(1)
        self.body.addWidget(self.middle, 1)


def _called(run: ListRun) -> str:
    left = f"，还剩 {run.left:,}" if run.left else ""
    return f"{run.kind_name}　{run.listed_on}　{run.file}{left}"


def _figures(run: ListRun) -> str:
    """读取 = 对上 + 姓名不同 + 不在本校学籍 + 读不出; what the list no longer has are pupils, not rows."""
    rows = [f"{spec.title} {run.piles[spec.pile]:,}" for spec in PILES if spec.pile != "ended"]
    return f"读取 {run.read:,} 行 ＝ {' ＋ '.join(rows)}"
