"""班级: how many are in each, who leads it; renamed, merged, split, and emptied ones voided."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from jzdesk.core.fields import FieldSpec, Value
from jzdesk.core.kinds import Options
from jzdesk.ui import widgets
from jzdesk.ui.desk import Desk
from jzdesk.ui.ledger.model import Column
from jzdesk.ui.pages.listing import Listing
from jzdesk.ui.pages.roll.view import DeedDialog, View, side_by_side

if TYPE_CHECKING:
    from jzdesk.services.roll.classes import ClassLine, ClassPupil, Moved

_CLASSES = (
    Column("name", "班级", 12, text=lambda one: f"{one.grade}{one.name}"),
    Column("head", "班主任", 7, text=lambda one: one.head or "待定", tone=lambda one: "" if one.head else "look"),
    Column("students", "在校", 4, numeric=True, tone=lambda one: "" if one.students else "look"),
    Column("boys", "男", 3, numeric=True),
    Column("girls", "女", 3, numeric=True),
    Column("boarders", "住校", 4, numeric=True),
    Column("others", "其他", 4, numeric=True, tone=lambda one: "" if one.others else "muted"),
    Column("room", "教室", 10),
)
_PUPILS = (
    Column("name", "姓名", 9),
    Column("sex", "性别", 4),
    Column("status", "状态", 7, tone=lambda one: "" if one.enrolled else "muted"),
    Column("boarding", "就读方式", 7),
)
_NEW = "new_name"


class ClassesView(View):
    """Classes on the left (several for a merger), pupils on the right (several to be moved)."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.classes, self.pupils = Listing(_CLASSES, several=True), Listing(_PUPILS, several=True)
        self.words = widgets.label(tone="muted", wrap=True)
        self.edit_button = widgets.button("改名、班主任… (回车)", self.edit, icon="edit")
        self.merge_button = widgets.button("合并选中的班…", self.merge, icon="merge")
        self.empty_button = widgets.button("作废空班", self.discard_empty, icon="void")
        self.move_button = widgets.button("选中的学生调班、拆班… (Ctrl+N)", self.new, icon="forward", role="primary")
        self.tools(
            self.edit_button, self.merge_button, self.empty_button, self.move_button, searching=False
        )  # fmt: skip
        self.body.addWidget(side_by_side(self.classes, self.pupils, (39, 25)), 1)
        self.body.addWidget(self.words)
        self.classes.chosen.connect(lambda _: self._look_inside())
        self.classes.selected.connect(lambda _: self._allow())
        self.pupils.selected.connect(lambda _: self._allow())
        self.classes.opened.connect(lambda _: self.edit())
        self.pupils.opened.connect(lambda _: self.new())

    def refresh(self) -> None:
        """Count the classes again."""
        self.desk.tasks.read("roll-classes", self.desk.services.classes.classes, self._show, owner=self)

    def seek(self) -> None:
        """F3: to the classes."""
        self.classes.setFocus()

    def edit(self) -> None:
        """Name, head teacher and room of the class of the row."""
        line: ClassLine | None = self.classes.row_here()
        if line is None:
            return
        spec, service = self.desk.services.ledger.specs["school_class"], self.desk.services.classes
        DeedDialog(
            self, f"{line.grade}{line.name}", [spec[name] for name in ("name", "head", "room")],
            lambda v: service.change(line.uid, *(str(v[name] or "") for name in ("name", "head", "room"))),
            lambda _: self.desk.say("班级已修改"),
            explain="改名后，以前的名册也显示新的名称；学生换班请用“调班”。",
            values={"name": line.name, "head": line.head_uid or None, "room": line.room or None},
            titles={"head": line.head},
        ).begin()  # fmt: skip

    def merge(self) -> None:
        """Put the chosen classes together."""
        chosen: list[ClassLine] = self.classes.chosen_rows()
        if len(chosen) < 2:
            self.desk.say("请用 Ctrl 或 Shift 选中至少两个同年级的班")
            return
        uids, service = [line.uid for line in chosen], self.desk.services.classes
        fields = [self._target("并入", chosen, required=True), *self._when()]
        names = "、".join(line.grade + line.name for line in chosen)
        DeedDialog(
            self, "合并班级", fields,
            lambda v: service.merge(uids, str(v["to_class"]), _text(v, "date"), _text(v, "reason")), self._moved,
            explain=f"{names}并成一个班，其余的班作废；学生各记一次调班。",
            values={"date": self.desk.services.context.today()}, deed="合并 (Ctrl+S)",
        ).begin()  # fmt: skip

    def new(self) -> None:
        """Move the chosen pupils into another class, or into one made now."""
        people: list[ClassPupil] = self.pupils.chosen_rows()
        here: ClassLine | None = self.classes.row_here()
        if not people or here is None:
            self.desk.say("请先在右边选中要调班的学生（Ctrl+A 全选）")
            return
        others = [one for one in self.classes.all_rows() if one.grade_code == here.grade_code and one.uid != here.uid]
        name = self.desk.services.ledger.specs["school_class"]["name"]
        fields = [
            self._target("调到", others), replace(name, name=_NEW, label="或新建班级", required=False), *self._when(),
        ]  # fmt: skip
        uids, service = [one.uid for one in people], self.desk.services.classes
        DeedDialog(
            self, f"{len(people)} 名学生调班", fields,
            lambda v: service.move(uids, _text(v, "to_class"), _text(v, _NEW), _text(v, "date"), _text(v, "reason")),
            self._moved, explain="选一个同年级的班；要拆班就填写新班的名称，例如 3班。",
            values={"date": self.desk.services.context.today()}, deed="调班 (Ctrl+S)",
        ).begin()  # fmt: skip

    def discard_empty(self) -> None:
        """Void the classes nobody is in."""
        service = self.desk.services.classes
        done = lambda count: self.desk.say(f"已作废 {count} 个空班")  # noqa: E731
        self.desk.write(lambda _: service.discard_empty(), done, title="正在作废空班", owner=self)

    def _target(self, label: str, lines: list[ClassLine], *, required: bool = False) -> FieldSpec:
        spec = self.desk.services.ledger.specs["enrolment_event"]["to_class"]
        rooms = tuple((line.uid, f"{line.grade}{line.name}") for line in lines)
        return replace(spec, label=label, kind=Options(rooms), required=required)

    def _when(self) -> list[FieldSpec]:
        spec = self.desk.services.ledger.specs["enrolment_event"]
        return [spec["date"], spec["reason"]]

    def _show(self, lines: list[ClassLine]) -> None:
        self.classes.put_rows(lines)
        if lines and self.classes.uid() is None:
            self.classes.selectRow(0)
        pupils = sum(line.students for line in lines)
        empty = sum(1 for line in lines if not line.students and not line.others)
        self.empty_button.setEnabled(bool(empty))
        self.words.setText(f"{len(lines)} 个班，在校 {pupils:,} 人" + (f"，{empty} 个空班" if empty else ""))
        self._look_inside()

    def _look_inside(self) -> None:
        uid = self.classes.uid()
        if uid is None:
            self.pupils.put_rows(())
        else:
            job = partial(self.desk.services.classes.pupils, uid)
            self.desk.tasks.read("roll-class", job, self._show_pupils, owner=self)

    def _show_pupils(self, people: list[ClassPupil]) -> None:
        self.pupils.put_rows(people)
        self._allow()

    def _allow(self) -> None:
        chosen = self.classes.chosen_rows()
        self.merge_button.setEnabled(len(chosen) > 1)
        self.move_button.setEnabled(bool(self.pupils.chosen_uids()))

    def _moved(self, moved: Moved) -> None:
        self.undoable(f"{moved.students} 名学生已调班", moved.action)


def _text(values: dict[str, Value], name: str) -> str | None:
    return str(values[name]) if values.get(name) is not None else None
