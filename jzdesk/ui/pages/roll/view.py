"""What the tabs of the roll share: a body, the usual verbs, and dialogs that hand their outcome on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from jzdesk.core.fields import FieldSpec, Value
from jzdesk.ui import theme, widgets
from jzdesk.ui.desk import Desk
from jzdesk.ui.editors.making import Choices
from jzdesk.ui.flow import Flow
from jzdesk.ui.inputs import SearchEdit
from jzdesk.ui.pages.students.dialog import FieldsDialog
from jzdesk.ui.tasks import Progress


class View(QWidget):
    """One tab. `refresh` looks again; `seek`, `new` and `point` (to what a hint names) as on a page."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self.search = SearchEdit()
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(0, theme.em(0.6), 0, 0)
        self.body.setSpacing(theme.em(0.6))

    def refresh(self) -> None:
        """Look again."""

    def seek(self) -> None:
        """F3."""
        if self.search.isVisible():
            self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
            self.search.selectAll()

    def new(self) -> None:
        """Ctrl+N."""

    def point(self, hint: str) -> None:
        """Show what a hint of `desk.go` names."""

    def tools(self, *parts: QWidget, searching: bool = True) -> None:
        """The row above the table: the search box, then filters and buttons, on several lines where room is short."""
        flow = Flow()
        for part in parts:
            flow.addWidget(part)
        row: QHBoxLayout = widgets.row()
        if searching:
            self.search.setMinimumWidth(theme.em(12))
            row.addLayout(widgets.column(self.search, None))
        row.addWidget(widgets.holder(flow))
        row.setStretch(0, 1)
        self.body.addLayout(row)

    def undoable(self, said: str, action: int | None) -> None:
        """Say what was done, with a button that takes it back."""
        if action is None:
            self.desk.say(said)
        else:
            self.desk.say(said, "撤销", lambda: self._undo(action))

    def _undo(self, action: int) -> None:
        undoing = self.desk.services.undoing
        self.desk.write(
            lambda _: undoing.undo(action), lambda _: self.desk.say("已撤销"), title="正在撤销", owner=self.desk
        )


def side_by_side(left: QWidget, right: QWidget, shares: tuple[int, int]) -> QSplitter:
    """Two parts with a handle between them; `shares` in ems of a usual window."""
    made = QSplitter(Qt.Orientation.Horizontal)
    made.setChildrenCollapsible(False)
    made.setHandleWidth(theme.gap())
    for part, share in ((left, shares[0]), (right, shares[1])):
        made.addWidget(part)
        made.setStretchFactor(made.count() - 1, share)
    made.setSizes([theme.em(share) for share in shares])
    return made


class DeedDialog(FieldsDialog):
    """A dialog of fields whose job has an outcome: `then(outcome)` once it is done and the dialog closed."""

    def __init__(
        self,
        view: View,
        title: str,
        fields: Sequence[FieldSpec],
        job: Callable[[dict[str, Value]], Any],
        then: Callable[[Any], object],
        *,
        explain: str = "",
        values: Mapping[str, Value] | None = None,
        titles: Mapping[str, str] | None = None,
        deed: str = "保存 (Ctrl+S)",
        choices: Choices | None = None,
    ) -> None:
        super().__init__(
            view, view.desk, title, fields, job, explain=explain, values=values, titles=titles, deed=deed,
            choices=choices,
        )  # fmt: skip
        self._then = then
        self._outcome: object = None

    def begin(self) -> None:
        """Show it, tall enough for sentences that take several lines."""
        super().begin()
        self.fit()

    def fit(self) -> None:
        """As tall as what it holds at this width; a layout's hint alone forgets that sentences wrap."""
        layout = self.layout()
        if layout is not None:
            layout.activate()
            self.resize(self.width(), layout.totalHeightForWidth(self.width()))

    def _do(self, progress: Progress, values: dict[str, Value]) -> object:
        self._outcome = self._job(values)
        return self._outcome

    def _finished(self) -> None:
        self.accept()
        self._then(self._outcome)
        self.done_with.emit()


def people(desk: Desk) -> Choices:
    """References found as people look for them: a pupil by name, pinyin or number, with the class beside the name."""

    def find(entity: str, text: str) -> Sequence[tuple[str, str]]:
        if entity != "student":
            return desk.services.ledger.choices(entity, text)
        rows = desk.services.students.search(text)
        return [(row.uid, f"{row.name}　{row.grade}{row.school_class}") for row in rows]

    return find
