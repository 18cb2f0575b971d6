"""An import step by step: look at the workbook, correct how it is read, try it, then import it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QStackedWidget, QWidget

from jzdesk.core.errors import UserError
from jzdesk.ui import theme, widgets
from jzdesk.ui.desk import Desk
from jzdesk.ui.inputs import Pick
from jzdesk.ui.pages.files import tell
from jzdesk.ui.pages.imports.mapping import MappingView
from jzdesk.ui.pages.imports.trial import TrialView
from jzdesk.ui.tasks import Progress

if TYPE_CHECKING:
    from jzdesk.services.importing.looking import Look
    from jzdesk.services.importing.planning import Plan
    from jzdesk.services.importing.report import ImportReport

MAPPING, TRIAL = 0, 1
_STEPS = ("1 核对表格", "2 预演", "3 导入")


class Wizard(QWidget):
    """One workbook on its way in. `left` when it is given up, `imported(ImportReport)` when it is in.

    Ctrl+S goes on, Esc goes back; nothing is written before the last step.
    """

    left = Signal()
    imported = Signal(object)

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self.path = Path()
        self.kind = Pick(desk.services.imports.kinds(), "这是哪一种表")
        self.title = widgets.Elided()
        self.title.setFont(theme.large(1.15))
        self.steps = [widgets.badge(text) for text in _STEPS]
        self.mapping, self.trial = MappingView(desk), TrialView()
        self.middle = QStackedWidget()
        self.middle.addWidget(self.mapping)
        self.middle.addWidget(self.trial)
        self.give_up = widgets.button("不导入了", self.leave)
        self.back = widgets.button("上一步 (Esc)", self.go_back)
        self.next = widgets.button("", self.go_on, role="primary")
        top = widgets.row(self.title, widgets.label("种类"), self.kind, *self.steps)
        top.setStretch(0, 1)
        self.words = widgets.label(wrap=True)
        foot = widgets.row(self.give_up, self.words, self.back, self.next)
        foot.setStretch(1, 1)
        inside = widgets.column(widgets.holder(top), self.middle, widgets.holder(foot))
        inside.setStretch(1, 1)
        self.setLayout(inside)
        self.kind.picked.connect(lambda: self.open(str(self.kind.value()), self.path))
        self.mapping.changed.connect(self._say)

    def open(self, kind: str, path: Path) -> None:
        """Look at a workbook; `kind` is empty when its headings must tell."""
        self.path = path
        service = self.desk.services.imports

        def job(_: Progress) -> Look:
            if code := kind or service.recognise(path):
                return service.look(code, path)
            remedy = "请把它拖到左边对应的一行上，或在那一行按“导入”。"
            raise UserError("从文件名和标题都看不出这是哪一种表", remedy, path.name)

        self.desk.write(job, self._opened, self._failed, title=f"正在打开 {path.name}", owner=self)

    def go_on(self) -> None:
        """The next step: try it, then import it."""
        if self.mapping.look is None or not self.next.isEnabled():  # a second Ctrl+S while the first is at work
            return
        if self.middle.currentIndex() == TRIAL:
            self._import()
        else:
            self._try()

    def go_back(self) -> None:
        """The step before; from the first one the import is given up."""
        if self.middle.currentIndex() == TRIAL:
            self._show(MAPPING)
        else:
            self.leave()

    def leave(self) -> None:
        """Give the import up; nothing was written. Asks when columns were corrected and not kept as a scheme."""
        if self.may_leave():
            self.left.emit()

    def may_leave(self) -> bool:
        """Whether what was corrected may be given up."""
        if not self.isVisible() or not self.mapping.corrected():
            return True
        then = "手工改过的列对应没有保存为方案，离开后要重新指定。"
        return widgets.confirm(self, "不导入这张表了？", then, "离开", no="继续核对", danger=True)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc goes back."""
        if event.key() == Qt.Key.Key_Escape:
            self.go_back()
        else:
            super().keyPressEvent(event)

    def _opened(self, look: Look) -> None:
        blocked = self.kind.blockSignals(True)
        self.kind.choose(look.kind)
        self.kind.blockSignals(blocked)
        self.title.put(f"导入 {look.file}")
        self.mapping.show_look(look)
        self._show(MAPPING)

    def _failed(self, fault: Exception) -> bool:
        """What cannot be opened is said by the window; a workbook that is open already stays."""
        if self.mapping.look is None or self.mapping.look.file != self.path.name:
            self.left.emit()
        return False

    def _try(self) -> None:
        look = self._look()

        def work(progress: Progress) -> Plan:
            return self.desk.services.imports.plan(
                look.kind, self.path, self.mapping.choices(), tell(progress), progress.cancelled, look.sha256
            )

        self._run(work, self._tried, "正在预演")

    def _tried(self, plan: Plan) -> None:
        self.trial.show_plan(plan)
        self._show(TRIAL)

    def _import(self) -> None:
        look = self._look()

        def work(progress: Progress) -> ImportReport:
            return self.desk.services.imports.run(
                look.kind, self.path, tell(progress), progress.cancelled,
                choices=self.mapping.choices(), seen=look.sha256,
            )  # fmt: skip

        self._run(work, self.imported.emit, "正在导入")

    def _run(self, work: Callable[[Progress], object], done: Callable[..., None], title: str) -> None:
        self.next.setEnabled(False)
        self.desk.write(work, done, title=f"{title} {self.path.name}", cancellable=True, owner=self, always=self._say)

    def _look(self) -> Look:
        look = self.mapping.look
        assert look is not None
        return look

    def _show(self, step: int) -> None:
        self.middle.setCurrentIndex(step)
        for number, badge in enumerate(self.steps):
            theme.mark(badge, tone="good" if number == step else "")
        self.kind.setEnabled(step == MAPPING)
        self._say()
        (self.trial.table if step == TRIAL else self.mapping.table).setFocus()

    def _say(self) -> None:
        """What the main button would do now, and whether it can."""
        trying = self.middle.currentIndex() == TRIAL
        self.back.setVisible(trying)
        tone, words = ("muted", "这是预演，还没有写入任何内容。") if trying else self.mapping.verdict()
        self.words.setText(words)
        theme.mark(self.words, tone=tone)
        if trying and self.trial.plan is not None:
            report = self.trial.plan.report
            self.next.setText(f"导入（新增 {report.added:,}，更新 {report.changed:,}）")
            self.next.setEnabled(True)
        else:
            self.next.setText("预演 (Ctrl+S)")
            self.next.setEnabled(not self.mapping.ready())
