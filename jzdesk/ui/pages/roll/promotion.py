"""升级与毕业: the whole school class by class, those who stay down ticked by name, in one action; and the leavers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QCheckBox, QStackedWidget

from jzdesk.ui import theme, widgets
from jzdesk.ui.desk import Desk
from jzdesk.ui.inputs import Pick
from jzdesk.ui.ledger.model import Column
from jzdesk.ui.pages.listing import Listing
from jzdesk.ui.pages.roll.view import DeedDialog, View, side_by_side

if TYPE_CHECKING:
    from jzdesk.services.roll.promotion import Leaver, Preview, Promoted, PromotionLine

PREVIEW, LEAVERS = "preview", "leavers"
_WHAT = {"up": "升级", "graduate": "毕业", "held": "留级", "stay": "不动", "done": "已办", "recent": "本学年登记"}
_TONES = {"held": "look", "stay": "muted", "done": "muted", "recent": "muted", "graduate": "good"}
_CLASSES = (
    Column("uid", "班级", 12, text=lambda one: f"{one.grade}{one.school_class}"),
    Column("to", "升入", 12, tone=lambda one: "good" if one.graduates else ""),
    Column("going", "人数", 4, numeric=True),
    Column("held", "留级", 4, numeric=True, tone=lambda one: "look" if one.held else "muted"),
    Column("left", "不动", 4, numeric=True, tone=lambda one: "" if one.left else "muted"),
    Column("done", "已办", 4, numeric=True, tone=lambda one: "" if one.done else "muted"),
)
_PUPILS = (
    Column("name", "姓名", 6),
    Column("what", "办理", 9, text=lambda one: one.note or _WHAT[one.what], tone=lambda one: _TONES.get(one.what, "")),
)
_LEAVERS = (
    Column("name", "姓名", 10),
    Column("place", "毕业班级", 18),
    Column("date", "毕业日期", 12),
    Column("destination", "去向", 30, text=lambda one: one.destination or "（没有登记）",
           tone=lambda one: "" if one.destination else "look"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Looked:
    """What the tab shows."""

    preview: Preview
    leavers: list[Leaver]


class PromotionView(View):
    """Preview on the left, the pupils of the class on the right; Enter or the space bar ticks 留级."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.held: set[str] = set()
        self.preview: Preview | None = None
        self.what = Pick([(PREVIEW, "升级预览"), (LEAVERS, "毕业生去向")], "看什么")
        self.anyway = QCheckBox("名册还是上学年的，仍要升级")
        self.through = QCheckBox("六年级直升本校七年级")
        self.hold_button = widgets.button("留级 / 不留级 (回车)", self.toggle, icon="tick")
        self.do_button = widgets.button("全校升级… (Ctrl+N)", self.new, icon="student", role="primary")
        self.words = widgets.label(wrap=True, bold=True)
        self.classes, self.pupils = Listing(_CLASSES), Listing(_PUPILS)
        self.leavers = Listing(_LEAVERS)
        self.stack = QStackedWidget()
        self._build()
        self._wire()

    def refresh(self) -> None:
        """Preview again with what is ticked."""
        services, held = self.desk.services, tuple(self.held)
        anyway, through = self.anyway.isChecked(), self._through()
        job = lambda: Looked(  # noqa: E731
            services.promotion.preview(held, anyway=anyway, through=through), services.promotion.leavers()
        )
        self.desk.tasks.read("roll-promotion", job, self._show, owner=self)

    def new(self) -> None:
        """Promote the whole school, after asking."""
        seen = self.preview
        if seen is None or (seen.finished and not seen.held):
            self.desk.say(seen.sentence() if seen else "正在读取名册")
            return
        then = f"{seen.sentence()}毕业班转为毕业生，班主任随班上升。一步完成，可以撤销。"
        if widgets.confirm(self, f"{seen.label}全校升级？", then, "升级"):
            self.promote()

    def promote(self) -> None:
        """Do it."""
        service, held = self.desk.services.promotion, tuple(self.held)
        anyway, through = self.anyway.isChecked(), self._through()
        self.desk.write(
            lambda _: service.promote(held, anyway=anyway, through=through), self._done, title="正在升级", owner=self
        )

    def toggle(self) -> None:
        """The pupil of the row stays down, or goes up after all."""
        pupil = self.pupils.row_here()
        if pupil is None or pupil.what not in ("up", "graduate", "held"):
            return
        self.held.symmetric_difference_update({pupil.uid})
        self.refresh()

    def seek(self) -> None:
        """F3: to the classes."""
        self.classes.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def set_destination(self) -> None:
        """Where the leaver of the row went."""
        leaver: Leaver | None = self.leavers.row_here()
        if leaver is None:
            return
        spec, roll = self.desk.services.ledger.specs["enrolment_event"]["other_school"], self.desk.services.roll
        DeedDialog(
            self, f"{leaver.name}的去向", [spec], lambda v: roll.set_destination(leaver.uid, str(v[spec.name] or "")),
            lambda _: self.desk.say("已登记去向"), values={spec.name: leaver.destination or None},
        ).begin()  # fmt: skip

    def _build(self) -> None:
        self.tools(
            self.what, self.anyway, self.through, self.hold_button, self.do_button, searching=False
        )  # fmt: skip
        self.through.hide()
        self.body.addWidget(self.words)
        self.stack.addWidget(side_by_side(self.classes, self.pupils, (37, 23)))
        self.stack.addWidget(self.leavers)
        self.stack.setMinimumHeight(theme.em(12))
        self.body.addWidget(self.stack, 1)

    def _wire(self) -> None:
        self.what.picked.connect(self._turn)
        for box in (self.anyway, self.through):
            box.toggled.connect(lambda _: self.refresh())
        self.classes.chosen.connect(lambda _: self._show_class())
        self.classes.opened.connect(lambda _: self._into_pupils())
        self.pupils.opened.connect(lambda _: self.toggle())
        self.leavers.opened.connect(lambda _: self.set_destination())
        space = QShortcut(QKeySequence(Qt.Key.Key_Space), self.pupils, context=Qt.ShortcutContext.WidgetShortcut)
        space.activated.connect(self.toggle)

    def _through(self) -> tuple[str, ...]:
        return ("G06",) if self.through.isChecked() else ()

    def _turn(self) -> None:
        leaving = self.what.value() == LEAVERS
        self.stack.setCurrentIndex(1 if leaving else 0)
        for part in (self.anyway, self.hold_button, self.do_button):
            part.setVisible(not leaving)
        self._say()

    def _say(self) -> None:
        if self.preview is None:
            return
        if self.what.value() == LEAVERS:
            self.words.setText(f"毕业生 {len(self.leavers.all_rows()):,} 人。回车登记去向。")
        else:
            self.words.setText(self.preview.sentence())

    def _into_pupils(self) -> None:
        self.pupils.setFocus()
        if self.pupils.uid() is None and self.pupils.all_rows():
            self.pupils.selectRow(0)

    def _show(self, found: Looked) -> None:
        self.preview = found.preview
        grades = {line.grade for line in found.preview.lines}
        self.through.setVisible(self.through.isChecked() or {"小学六年级", "初中七年级"} <= grades)
        self.do_button.setEnabled(not found.preview.finished or bool(found.preview.held))
        self.classes.put_rows(found.preview.lines)
        self.leavers.put_rows(found.leavers)
        if found.preview.lines and self.classes.uid() is None:
            self.classes.selectRow(0)
        self._show_class()
        self._say()

    def _show_class(self) -> None:
        line: PromotionLine | None = self.classes.row_here()
        self.pupils.put_rows(line.pupils if line else ())

    def _done(self, done: Promoted) -> None:
        self.held.clear()
        self.undoable(done.sentence(), done.action)
        self.refresh()
