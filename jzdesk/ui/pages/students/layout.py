"""A form whose short fields stand two in a row, so that a whole child fits on a small screen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TypeAlias

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QPushButton, QScrollArea, QToolButton, QWidget

from jzdesk.core.fields import EntitySpec, FieldSpec, Value, Values
from jzdesk.ui import theme, widgets
from jzdesk.ui.editors.area import AreaEdit
from jzdesk.ui.editors.choice import ChoiceEdit
from jzdesk.ui.editors.reference import ReferenceEdit
from jzdesk.ui.inputs import LineEdit
from jzdesk.ui.ledger.form import FieldBox, Form

Line: TypeAlias = "FieldSpec | tuple[FieldSpec, FieldSpec]"
LEFT, RIGHT = 5.2, 4.9
"""Width of the labels in ems: five characters, and four with the star of required fields."""

AREA_LINES = 2


def called(spec: EntitySpec, name: str, label: str = "") -> FieldSpec:
    """The field `name` of an entity, under a shorter label where the form has little room."""
    return replace(spec[name], label=label or spec[name].label)


def finish_typing(form: Form) -> None:
    """Ctrl+S may come before the field was left: what stands there is understood first, as on leaving."""
    for box in form.boxes.values():
        if isinstance(box.editor, LineEdit) and box.editor.hasFocus():
            box.editor.tidy()


class PairedForm(Form):
    """As `Form`; a line is one field over the whole width, or two short fields side by side."""

    def rows(self, title: str, lines: Sequence[Line], prefix: str, *, tool: QToolButton | None = None) -> QWidget:
        """Add a heading with its lines, in the order in which Enter goes through them; `tool` stands at its right."""
        part = QWidget()
        grid = QGridLayout(part)
        grid.setContentsMargins(0, 0, 0, theme.em(0.4))
        grid.setHorizontalSpacing(theme.em(0.4))
        grid.setVerticalSpacing(theme.em(0.45))
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(3, 1)
        if title:
            head = widgets.row(widgets.label(title, bold=True, size=1.05), None, *([tool] if tool else []))
            grid.addLayout(head, 0, 0, 1, 4)
        for line in lines:
            row, pair = grid.rowCount(), line if isinstance(line, tuple) else (line,)
            across = 1 if len(pair) == 2 else 3
            for side, spec in enumerate(pair):
                box = self._place(grid, row, 2 * side, spec, prefix, across)
                grid.addWidget(box._words, row + 1 + side, 1, 1, 3)  # a sentence reads better over the whole width
        self.add(part)
        return part

    def told(self, label: str, part: QWidget) -> QLabel:
        """Add a line that only tells something at the end of a part; returns the label that holds the words."""
        grid = part.layout()
        assert isinstance(grid, QGridLayout)
        row, words = grid.rowCount(), widgets.label(wrap=True)
        words.setContentsMargins(0, theme.em(0.4), 0, 0)
        grid.addWidget(_caption(label, LEFT), row, 0)
        grid.addWidget(words, row, 1, 1, 3)
        return words

    def link(self, part: QWidget, do: Callable[[], object]) -> QPushButton:
        """Add a deed at the end of a part, hidden until it has words."""
        grid = part.layout()
        assert isinstance(grid, QGridLayout)
        made = widgets.button("", do, role="link")
        made.hide()
        grid.addWidget(made, grid.rowCount(), 1, 1, 3, Qt.AlignmentFlag.AlignLeft)
        return made

    def load(self, values: Values, shown: Mapping[str, str] | None = None) -> None:
        """As `Form.load`; a label too long for its list shows its beginning."""
        super().load(values, shown)
        for box in self.boxes.values():
            line = box.editor.lineEdit() if isinstance(box.editor, ChoiceEdit) else None
            if line is not None:
                line.setCursorPosition(0)

    def focus(self, key: str | None = None) -> None:
        """As `Form.focus`, and the field is scrolled into view."""
        super().focus(key)
        box = self.boxes.get(key) if key else next(iter(self.boxes.values()), None)
        area = self.parentWidget()
        while area is not None and not isinstance(area, QScrollArea):
            area = area.parentWidget()
        if box is not None and isinstance(area, QScrollArea):
            area.ensureWidgetVisible(box, 0, theme.em(4))

    def taken_as_loaded(self, key: str) -> None:
        """What stands in the field now was put there by the program: it does not count as typed."""
        self._loaded[key] = self.boxes[key].raw()

    def whole_draft(self) -> dict[str, Value]:
        """As `Form.draft`, with what stood there from the beginning too: for a record that is not stored yet."""
        raws = {key: box.raw() for key, box in self.boxes.items()}
        draft: dict[str, Value] = {key: raw for key, raw in raws.items() if raw is not None}
        for key in list(draft):
            editor = self.boxes[key].editor
            if isinstance(editor, ReferenceEdit):
                draft[f"{key}#title"] = editor.text()
        return draft

    def follow(self, first: QWidget, second: QWidget) -> None:
        """Let `second` stand directly beneath `first`, also for Tab and Enter."""
        self._body.removeWidget(second)
        self._body.insertWidget(self._body.indexOf(first) + 1, second)
        self.order()

    def order(self) -> None:
        """Make Tab and Enter follow what the eye sees."""
        seen = [part for part in self._parts() if part is not None]
        for before, after in pairwise(stop for part in seen for stop in self._stops(part)):
            QWidget.setTabOrder(before, after)

    def _stops(self, part: QWidget) -> list[QWidget]:
        """Where Tab and Enter stop within a part of the form."""
        boxes = [box for box in self.boxes.values() if part.isAncestorOf(box)]
        return [stop for box in boxes for stop in box.stops()]

    def _order_fields(self) -> None:
        """On being shown: sections here do not stand in the order in which they were made."""
        self.order()

    def _parts(self) -> list[QWidget | None]:
        items = (self._body.itemAt(number) for number in range(self._body.count()))
        return [item.widget() for item in items if item is not None]

    def _place(
        self, grid: QGridLayout, number: int, column: int, spec: FieldSpec, prefix: str, across: int
    ) -> FieldBox:
        box, key = FieldBox(spec, self._choices), prefix + spec.name
        if isinstance(box.editor, AreaEdit):
            tall = round(box.editor.fontMetrics().lineSpacing() * AREA_LINES + theme.em(1.1))
            box.editor.setFixedHeight(tall)
            box.setFixedHeight(tall)
        self.boxes[key] = box
        grid.addWidget(_label(spec, box, LEFT if column == 0 else RIGHT), number, column)
        grid.addWidget(box, number, column + 1, 1, across, Qt.AlignmentFlag.AlignTop)
        box.edited.connect(self._on_edit)
        box.left.connect(self._checker(key))
        return box

    def _checker(self, key: str) -> Callable[[], None]:
        return lambda: self._check_one(key)


def _label(spec: FieldSpec, box: FieldBox, width: float) -> QLabel:
    made = _caption(spec.label + (" *" if spec.required else ""), width)
    made.setBuddy(box.editor)
    return made


def _caption(text: str, width: float) -> QLabel:
    made = widgets.label(text, tone="muted", wrap=True)
    made.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
    made.setContentsMargins(0, theme.em(0.4), 0, 0)
    made.setFixedWidth(theme.em(width))
    return made
