"""A small dialog of a few fields that saves one thing: a hardship, an account, a caseworker."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget

from jzdesk.core.fields import FieldSpec, Value, Values
from jzdesk.core.kinds import Reference
from jzdesk.ui import theme, widgets
from jzdesk.ui.desk import Desk
from jzdesk.ui.dialogs.base import Dialog
from jzdesk.ui.editors.making import Choices
from jzdesk.ui.errors_shown import message_of
from jzdesk.ui.ledger.form import Form
from jzdesk.ui.pages.students.layout import Line, PairedForm, finish_typing
from jzdesk.ui.tasks import Progress

ROOM = 0.56
"""Share of the window's height that the fields may take; title, words and buttons need the rest."""


class FieldsDialog(Dialog):
    """Fields of one entity; Enter goes through them, Ctrl+S (or the button) does the deed with what was understood.

    `job(values)` runs on the writing thread; what it refuses is said in the dialog, which stays open. `choices` finds
    the records that references point to, the ledgers' way by default.
    """

    done_with = Signal()

    def __init__(
        self,
        parent: QWidget | None,
        desk: Desk,
        title: str,
        fields: Sequence[FieldSpec],
        job: Callable[[dict[str, Value]], object],
        *,
        explain: str = "",
        values: Values | None = None,
        titles: Mapping[str, str] | None = None,
        deed: str = "保存 (Ctrl+S)",
        said: str = "已保存",
        paired: Sequence[Line] = (),
        choices: Choices | None = None,
    ) -> None:
        """`paired` lays many fields out two in a row, instead of `fields` one beneath another."""
        super().__init__(parent, title, explain, width=36 if paired else 30)
        self.desk, self._job, self._said, self._busy = desk, job, said, False
        found = choices or desk.services.ledger.choices
        self.form: Form = self._paired(paired) if paired else Form(found)
        if fields:
            self.form.section("", fields)
        self.form.load(values or {}, {**self._titles(values or {}), **(titles or {})})
        self.body.addWidget(self._fitted(parent) if paired else self.form)
        self.add_button("取消 (Esc)", self.reject)
        self.add_button(deed, self.save, role="primary")
        QShortcut(QKeySequence("Ctrl+S"), self, self.save)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

    def _titles(self, values: Values) -> dict[str, str]:
        """What the records that references point to go by: an editor finds only the first few by itself."""
        kinds = {key: box.spec.kind for key, box in self.form.boxes.items() if values.get(key)}
        title = self.desk.services.ledger.title
        return {key: title(kind.entity, str(values[key])) for key, kind in kinds.items() if isinstance(kind, Reference)}

    def _paired(self, lines: Sequence[Line]) -> PairedForm:
        form = PairedForm(self.desk.services.ledger.choices)
        form.rows("", lines, "")
        return form

    def _fitted(self, parent: QWidget | None) -> QWidget:
        """The form, scrolling when the window is not tall enough for all of it."""
        area = widgets.scrolled(self.form)
        wanted = self.form.sizeHint().height() + theme.em(0.5)
        room = round(parent.window().height() * ROOM) if parent is not None else wanted
        area.setMinimumHeight(min(wanted, room))
        return area

    def begin(self) -> None:
        """Show it, with the cursor in the first field that is blank."""
        self.open()
        self.activateWindow()
        blank = next((key for key, box in self.form.boxes.items() if box.raw() is None), None)
        self.form.focus(blank)

    def save(self) -> None:
        """Do the deed, when all that was typed is understood."""
        finish_typing(self.form)
        held = self.form.read()
        self.form.problems(held.problems, held.questions)
        if held.problems:
            self.form.focus_problem(held.problems)
            return
        if self._busy:
            return
        self._busy = True
        self.desk.write(
            lambda _: self._do(_, held.values),
            lambda _: self._finished(),
            self._refused,
            title="正在保存",
            owner=self,
            always=self._free,
        )

    def _do(self, _: Progress, values: dict[str, Value]) -> object:
        return self._job(values)

    def _finished(self) -> None:
        self.desk.say(self._said)
        self.accept()
        self.done_with.emit()

    def _refused(self, error: Exception) -> bool:
        fields: dict[str, str] = getattr(error, "fields", {})
        mine = {key: said for key, said in fields.items() if key in self.form.boxes}
        if mine:
            self.form.problems(mine)
            self.form.focus_problem(mine)
        else:
            message = message_of(error)
            self.wrong(message.what, message.remedy)
        return True

    def _free(self) -> None:
        self._busy = False
