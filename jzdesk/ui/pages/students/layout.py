"""A form whose short fields stand two in a row, so that a whole child fits on a small screen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TypeAlias

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QLineEdit, QToolButton, QWidget

from jzdesk.core.fields import EntitySpec, FieldSpec
from jzdesk.ui import theme, widgets
from jzdesk.ui.ledger.form import FieldBox, Form

Line: TypeAlias = "FieldSpec | tuple[FieldSpec, FieldSpec]"
LEFT, RIGHT = 5.6, 4.6
"""Width of the labels in ems: five and four characters, with the star of required fields."""


def called(spec: EntitySpec, name: str, label: str = "") -> FieldSpec:
    """The field `name` of an entity, under a shorter label where the form has little room."""
    return replace(spec[name], label=label or spec[name].label)


class PairedForm(Form):
    """As `Form`; a line is one field over the whole width, or two short fields side by side."""

    def rows(self, title: str, lines: Sequence[Line], prefix: str, *, tool: QToolButton | None = None) -> QWidget:
        """Add a heading with its lines, in the order in which Enter goes through them; `tool` stands at its right."""
        part = QWidget()
        grid = QGridLayout(part)
        grid.setContentsMargins(0, 0, 0, theme.em(0.4))
        grid.setHorizontalSpacing(theme.em(0.5))
        grid.setVerticalSpacing(theme.em(0.45))
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(3, 1)
        head = widgets.row(widgets.label(title, bold=True, size=1.05), None, *([tool] if tool else []))
        grid.addLayout(head, 0, 0, 1, 4)
        for number, line in enumerate(lines, start=1):
            if isinstance(line, tuple):
                self._place(grid, number, 0, line[0], prefix)
                self._place(grid, number, 2, line[1], prefix)
            else:
                self._place(grid, number, 0, line, prefix, across=3)
        self.add(part)
        return part

    def follow(self, first: QWidget, second: QWidget) -> None:
        """Let `second` stand directly beneath `first`, also for Tab and Enter."""
        self._body.removeWidget(second)
        self._body.insertWidget(self._body.indexOf(first) + 1, second)
        self.order()

    def order(self) -> None:
        """Make Tab and Enter follow what the eye sees."""
        seen = [part for part in self._parts() if part is not None]
        boxes = [box for part in seen for box in self.boxes.values() if part.isAncestorOf(box)]
        for before, after in pairwise(stop for box in boxes for stop in _stops(box)):
            QWidget.setTabOrder(before, after)

    def _parts(self) -> list[QWidget | None]:
        items = (self._body.itemAt(number) for number in range(self._body.count()))
        return [item.widget() for item in items if item is not None]

    def _place(
        self, grid: QGridLayout, number: int, column: int, spec: FieldSpec, prefix: str, across: int = 1
    ) -> None:
        box, key = FieldBox(spec, self._choices), prefix + spec.name
        self.boxes[key] = box
        grid.addWidget(_label(spec, box, LEFT if column == 0 else RIGHT), number, column)
        grid.addWidget(box, number, column + 1, 1, across, Qt.AlignmentFlag.AlignTop)
        box.edited.connect(self._on_edit)
        box.left.connect(self._checker(key))

    def _checker(self, key: str) -> Callable[[], None]:
        return lambda: self._check_one(key)


def _stops(box: FieldBox) -> list[QWidget]:
    """Where the cursor can stand in a box: the editor, and the mask before it."""
    return [box.editor, *box.findChildren(QLineEdit, options=Qt.FindChildOption.FindDirectChildrenOnly)]


def _label(spec: FieldSpec, box: FieldBox, width: float) -> QLabel:
    made = widgets.label(spec.label + (" *" if spec.required else ""), tone="muted", wrap=True)
    made.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
    made.setContentsMargins(0, theme.em(0.4), 0, 0)
    made.setFixedWidth(theme.em(width))
    made.setBuddy(box.editor)
    return made
