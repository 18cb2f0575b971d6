"""The part of a child's form that is folded away: made when it is first opened, so that the form stays light."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from jzdesk.core.fields import Values
from jzdesk.ui import widgets
from jzdesk.ui.pages.students import sections
from jzdesk.ui.pages.students.layout import PairedForm

TITLE = "更多学籍项目"


class Fold(QWidget):
    """A button that opens and shuts the rest of the fields; `opened` is called when they have just been made."""

    def __init__(self, form: PairedForm, specs: sections.Specs, opened: Callable[[], object]) -> None:
        super().__init__()
        self._form, self._specs, self._opened = form, specs, opened
        self._parts: list[QWidget] = []
        self.keys = frozenset(
            prefix + field.name
            for _, prefix, lines in sections.more(specs)
            for line in lines
            for field in (line if isinstance(line, tuple) else (line,))
        )
        self._filled, self._open = 0, False
        self.button = widgets.button(TITLE, self.toggle, role="link")
        row = widgets.row(self.button, None)
        row.setContentsMargins(0, 0, 0, 0)
        self.setLayout(row)
        self._name()

    def is_open(self) -> bool:
        """Whether the fields can be seen."""
        return self._open

    def toggle(self) -> None:
        """Open or shut."""
        if not self._open:
            self.open()
            return
        self._open = False
        for part in self._parts:
            part.hide()
        self._name()

    def open(self) -> None:
        """Show the fields; the first time they are made and filled."""
        self._open = True
        made = not self._parts
        if made:
            self._parts = [self._form.rows(title, lines, prefix) for title, prefix, lines in sections.more(self._specs)]
        for part in self._parts:
            part.show()
        if made:
            self._opened()
        self._name()

    def count(self, stored: Values) -> None:
        """Say on the button how many of the folded fields hold something."""
        self._filled = sum(1 for key in self.keys if stored.get(key) is not None)
        self._name()

    def _name(self) -> None:
        """The button says what it does and what is behind it."""
        said = f"已填 {self._filled} 项" if self._filled else f"{len(self.keys)} 项"
        self.button.setText(f"收起{TITLE}" if self._open else f"{TITLE}（{said}）")
