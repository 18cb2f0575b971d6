"""A form built from field specs: label, editor, and what is wrong beneath the field, in words with the remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QLabel,
    QLineEdit,
    QSizePolicy,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from jzdesk.core.errors import ValueFault
from jzdesk.core.fields import EntitySpec, FieldSpec, Value, Values
from jzdesk.core.kinds import Reference
from jzdesk.ui import icons, theme, widgets
from jzdesk.ui.editors.making import Choices, editor
from jzdesk.ui.editors.reference import ReferenceEdit
from jzdesk.ui.inputs import LineEdit


@dataclass(frozen=True, slots=True)
class Understood:
    """What a form holds: `values` as they are stored, `problems` field → sentence, `questions` field → sentence."""

    values: dict[str, Value]
    problems: dict[str, str]
    questions: dict[str, str]


class FieldBox(QWidget):
    """One editor with its sentence beneath; a sensitive value is masked until the person looks at it."""

    edited = Signal()
    left = Signal()

    def __init__(self, spec: FieldSpec, choices: Choices) -> None:
        super().__init__()
        self.spec = spec
        self.editor = editor(spec, choices)
        self._masked = _Masked(self.reveal) if spec.sensitive else None
        self._said = ("", "")
        self._said_of: Value = None
        self._words = widgets.label(wrap=True)
        self._words.setFont(theme.large(0.92, bold=False))
        self._words.hide()
        inside = QVBoxLayout(self)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(theme.em(0.2))
        self._stack = QStackedLayout()
        inside.addLayout(self._stack)  # first: a stack without a parent shows what it is given as a window
        self._stack.addWidget(self.editor)
        if self._masked is not None:
            self._stack.addWidget(self._masked)
        inside.addWidget(self._words)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        self.editor.edited.connect(self.edited)
        self.editor.left.connect(self.left)

    def raw(self) -> Value:
        """What stands in the editor."""
        return self.editor.raw()

    def put(self, value: Value, shown: str = "") -> None:
        """Show a stored value; `shown` is its title (references) or its mask (sensitive fields)."""
        if isinstance(self.editor, ReferenceEdit) and shown:
            self.editor.put_title(value, shown)
        else:
            self.editor.put(value)
        if self._masked is not None:
            self._masked.setText(shown or self.spec.masked(value))
            self._stack.setCurrentIndex(1 if value is not None else 0)
        self.say("")

    def retype(self, raw: Value, title: str = "") -> None:
        """Put back what was typed before."""
        self._stack.setCurrentIndex(0)
        if isinstance(self.editor, ReferenceEdit) and title:
            self.editor.put_title(raw, title)
        elif isinstance(self.editor, LineEdit):
            self.editor.retype(raw)
        else:
            self.editor.put(raw)

    def reveal(self) -> None:
        """Show a sensitive value and let it be changed."""
        had_focus = self._masked is not None and self._masked.hasFocus()
        self._stack.setCurrentIndex(0)
        if had_focus:
            self.editor.setFocus()

    def stops(self) -> list[QWidget]:
        """The widgets that Tab comes by."""
        return [self.editor, self._masked] if self._masked is not None else [self.editor]

    def shown_openly(self) -> bool:
        """False while a sensitive value is masked."""
        return self._stack.currentIndex() == 0

    def say(self, sentence: str, tone: str = "wrong") -> None:
        """Put a sentence beneath the field, or take it away with ""; only a change is dressed anew."""
        self._said_of = self.raw()
        if (sentence, tone if sentence else "") == self._said:
            return
        self._said = (sentence, tone if sentence else "")
        self._words.setText(sentence)
        self._words.setVisible(bool(sentence))
        if sentence:
            theme.mark(self._words, tone=tone)
        theme.mark(self.editor, state=tone if sentence and tone in ("wrong", "look") else "")

    def judged(self) -> bool:
        """Whether a sentence stands beneath the field that is about what still stands in it."""
        return bool(self.sentence()) and self.raw() == self._said_of

    def sentence(self) -> str:
        """What stands beneath the field."""
        return "" if self._words.isHidden() else self._words.text()

    def focus(self) -> None:
        """Put the cursor into the field, its text marked: what is typed next replaces it, also where it already was."""
        target: QWidget = self.editor if self.shown_openly() or self._masked is None else self._masked
        target.setFocus(Qt.FocusReason.TabFocusReason)
        line = target.lineEdit() if isinstance(target, QComboBox) else target
        if isinstance(line, QLineEdit):
            line.selectAll()

    def lock(self, *, locked: bool) -> None:
        """Let the value be read but not changed."""
        self.editor.setEnabled(not locked)


class _Masked(LineEdit):
    """Stands for a sensitive value: F2 or the eye shows the real one."""

    def __init__(self, reveal: Callable[[], None]) -> None:
        super().__init__()
        self._reveal = reveal
        self.setReadOnly(True)
        action = self.addAction(icons.icon("eye"), QLineEdit.ActionPosition.TrailingPosition)
        action.setToolTip("查看和修改（F2）")
        action.triggered.connect(lambda: reveal())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """F2 reveals."""
        if event.key() == Qt.Key.Key_F2:
            self._reveal()
        else:
            super().keyPressEvent(event)


class Form(QWidget):
    """Fields under headings. Keys are field names, with a prefix when several entities share one form.

    `load` shows a record, `read` says what the form holds, `problems` puts sentences under fields.
    `edited` is emitted when the person changes anything; checks run shortly after and never block typing::

        form = Form(services.ledger.choices)
        form.section("学生", specs["student"].form_fields(), prefix="student.")
        form.section("监护人", specs["guardian"].form_fields(), prefix="guardian.0.")
    """

    edited = Signal()
    checked = Signal(object)

    def __init__(self, choices: Choices, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._choices = choices
        self.boxes: dict[str, FieldBox] = {}
        self._loaded: dict[str, Value] = {}
        self._label_width = 0
        self._labels: list[QLabel] = []
        self._body = QVBoxLayout(self)
        self._body.setContentsMargins(0, 0, 0, 0)
        self._body.setSpacing(theme.em(0.5))
        self._body.addStretch(1)
        self._timer = QTimer(self, singleShot=True, interval=350)
        self._timer.timeout.connect(self._check)

    @classmethod
    def of(cls, spec: EntitySpec, choices: Choices) -> Form:
        """The plain form of one entity."""
        form = cls(choices)
        form.section("", spec.form_fields())
        return form

    def section(self, title: str, fields: Iterable[FieldSpec], prefix: str = "") -> QWidget:
        """Add a heading and its fields; the widget returned can be hidden or removed as a whole."""
        part = QWidget()
        grid = QGridLayout(part)
        grid.setContentsMargins(0, 0, 0, theme.em(0.3))
        grid.setHorizontalSpacing(theme.em(0.7))
        grid.setVerticalSpacing(theme.em(0.5))
        grid.setColumnStretch(1, 1)
        if title:
            grid.addWidget(widgets.label(title, bold=True, size=1.05), 0, 0, 1, 2)
        for number, spec in enumerate(fields, start=1):
            self._add(grid, number, spec, prefix)
        self._body.insertWidget(self._body.count() - 1, part)
        self._align_labels()
        if self.isVisible():
            self._order_fields()
        return part

    def add(self, widget: QWidget) -> None:
        """Put something of the page's own between sections."""
        self._body.insertWidget(self._body.count() - 1, widget)

    def drop(self, prefix: str, part: QWidget) -> None:
        """Remove the section `part` whose keys begin with `prefix`."""
        for key in [key for key in self.boxes if key.startswith(prefix)]:
            del self.boxes[key]
            self._loaded.pop(key, None)
        self._labels = [label for label in self._labels if not part.isAncestorOf(label)]
        self._body.removeWidget(part)
        part.hide()
        part.deleteLater()

    def load(self, values: Values, shown: Mapping[str, str] | None = None) -> None:
        """Show a record (missing keys are blank); `shown` gives titles of references and masks."""
        self._timer.stop()
        for key, box in self.boxes.items():
            box.put(values.get(key), (shown or {}).get(key, ""))
        self._loaded = {key: box.raw() for key, box in self.boxes.items()}

    def fill(self, values: Values) -> None:
        """Change some fields to stored values as if typed: what an ID number tells, what was copied."""
        for key, value in values.items():
            if key in self.boxes:
                self.boxes[key].put(value)
                self.boxes[key].reveal()
        self.edited.emit()

    def draft(self) -> dict[str, Value]:
        """What was typed and differs from what was loaded, with the titles of references: for `Drafts.save`."""
        changed = {key: self.boxes[key].raw() for key in self.changed()}
        for key in list(changed):
            editor = self.boxes[key].editor
            if isinstance(editor, ReferenceEdit):
                changed[f"{key}#title"] = editor.text()
        return changed

    def restore(self, draft: Values) -> None:
        """Type a draft again; it counts as edited."""
        for key, box in self.boxes.items():
            if key in draft:
                box.retype(draft[key], str(draft.get(f"{key}#title") or ""))
        self.edited.emit()

    def read(self) -> Understood:
        """What the form holds, as it would be stored, and what cannot be understood."""
        values: dict[str, Value] = {}
        problems: dict[str, str] = {}
        questions: dict[str, str] = {}
        for key, box in self.boxes.items():
            try:
                reading = box.spec.read(_typed(box))
            except ValueFault as fault:
                problems[key] = fault.sentence()
                values[key] = None
                continue
            values[key] = reading.value
            if reading.warnings:
                questions[key] = "".join(reading.warnings)
        return Understood(values, problems, questions)

    def changed(self) -> set[str]:
        """The fields that the person has changed since `load`."""
        return {key for key, box in self.boxes.items() if box.raw() != self._loaded.get(key)}

    def dirty(self) -> bool:
        """Whether the person has changed anything since `load`."""
        return bool(self.changed())

    def settled(self) -> None:
        """What stands in the form is saved: it counts as unchanged from now on."""
        self._loaded = {key: box.raw() for key, box in self.boxes.items()}

    def problems(self, problems: Mapping[str, str], questions: Mapping[str, str] | None = None) -> None:
        """Put sentences beneath fields: red for wrong, amber for questions; clears the others."""
        for key, box in self.boxes.items():
            if key in problems:
                box.say(problems[key])
            else:
                box.say((questions or {}).get(key, ""), "look")

    def focus(self, key: str | None = None) -> None:
        """Put the cursor into a field, the first one by default."""
        box = self.boxes.get(key) if key else next(iter(self.boxes.values()), None)
        if box is not None:
            box.focus()

    def focus_problem(self, problems: Sequence[str] | Mapping[str, str]) -> None:
        """Put the cursor into the first field that has a problem."""
        self.focus(next((key for key in self.boxes if key in problems), None))

    def showEvent(self, event: QShowEvent) -> None:
        """Enter and Tab go through the fields in the order of the form, whatever order Qt met them in."""
        super().showEvent(event)
        self._order_fields()

    def _order_fields(self) -> None:
        stops = [stop for box in self.boxes.values() for stop in box.stops()]
        for before, after in pairwise(stops):
            QWidget.setTabOrder(before, after)

    def _add(self, grid: QGridLayout, number: int, spec: FieldSpec, prefix: str) -> None:
        box = FieldBox(spec, self._choices)
        key = prefix + spec.name
        self.boxes[key] = box
        label = widgets.label(spec.label + (" *" if spec.required else ""), tone="muted", wrap=True)
        label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
        label.setContentsMargins(0, theme.em(0.45), 0, 0)
        label.setBuddy(box.editor)
        self._labels.append(label)
        grid.addWidget(label, number, 0)
        grid.addWidget(box, number, 1)
        box.edited.connect(self._on_edit)
        box.left.connect(lambda: self._check_one(key))

    def _align_labels(self) -> None:
        """All labels of the form as wide as the widest, but never wider than seven characters."""
        width = max((label.fontMetrics().horizontalAdvance(label.text()) for label in self._labels), default=0)
        for label in self._labels:
            label.setFixedWidth(min(width + theme.em(0.2), theme.em(7.5)))

    def _on_edit(self) -> None:
        self.edited.emit()
        self._timer.start()

    def _check(self) -> None:
        """A moment after typing: tell the page, which may know more (services' checks)."""
        self.checked.emit(self.read())

    def _check_one(self, key: str) -> None:
        """On leaving a field: say what is wrong with it, unless it is simply still blank.

        What was said of a value stays until the value changes: the rules know more than the field alone, and going
        through the form, or to another window to look something up, is no answer to them.
        """
        box = self.boxes.get(key)
        if box is None or box.judged() or (box.raw() is None and not box.sentence()):
            return
        try:
            reading = box.spec.read(_typed(box)) if box.raw() is not None else None
        except ValueFault as fault:
            box.say(fault.sentence())
        else:
            box.say("".join(reading.warnings) if reading else "", "look")


def _typed(box: FieldBox) -> Value:
    """What stands in the box; a text where a record should have been chosen is a problem in words."""
    raw = box.raw()
    if isinstance(box.spec.kind, Reference) and raw is not None and not _is_uid(str(raw)):
        raise ValueFault(f"“{raw}”还没有选定", "请按 ↓ 从列表中选一个；列表里没有的，先到对应台账新增。")
    return raw


def _is_uid(text: str) -> bool:
    return len(text) == 32 and all(letter in "0123456789abcdef" for letter in text)
