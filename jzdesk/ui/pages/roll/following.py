"""Dialogs whose further fields follow a first choice: an event by its kind, an account by what it is about."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget

from jzdesk.core.fields import FieldSpec, Value
from jzdesk.core.kinds import Options
from jzdesk.ui.pages.roll.view import DeedDialog, View, people

if TYPE_CHECKING:
    from jzdesk.services.roll.events import EventDone

_MORE = "more."


class FollowingDialog(DeedDialog):
    """The fields `first` always stand; those that `follow(value of leader)` names come beneath and change with it.

    What was typed in a field that stays is kept. `job` hears the values by field name, blank ones left out.
    """

    def __init__(
        self,
        view: View,
        title: str,
        first: Sequence[FieldSpec],
        leader: str,
        follow: Callable[[str | None], Sequence[FieldSpec]],
        job: Callable[[dict[str, Value]], Any],
        then: Callable[[Any], object],
        **options: Any,
    ) -> None:
        options.setdefault("choices", people(view.desk))
        super().__init__(view, title, first, lambda given: job(plain(given)), then, **options)
        self._follow, self._leader = follow, self.form.boxes[leader]
        self._first = {spec.name for spec in first}
        self._part: QWidget | None = None
        self._shown: str | None = ""
        self._leader.edited.connect(self.follow)
        self._leader.left.connect(self.follow)
        self.follow()

    def begin(self) -> None:
        """Show it, with the cursor in the first field that is blank."""
        super().begin()
        self._order()

    def follow(self) -> None:
        """Show the fields that belong to what is chosen."""
        chosen = self._leader.raw()
        wanted = str(chosen) if chosen else None
        if wanted == self._shown:
            return
        self._shown = wanted
        typed = self.form.draft()
        if self._part is not None:
            self.form.drop(_MORE, self._part)
        self._part = self.form.section("", self._follow(wanted), prefix=_MORE)
        self._part.show()  # Qt would show it a moment later, and a quick Enter would find nothing to go to
        for key, box in self.form.boxes.items():
            if key.startswith(_MORE) and typed.get(key) is not None:
                box.retype(typed[key], str(typed.get(f"{key}#title") or ""))
        self._order()
        QTimer.singleShot(0, self, self.fit)

    def _order(self) -> None:
        """Enter goes through the fields from above to below, also through those added late."""
        stops = [stop for box in self.form.boxes.values() for stop in box.stops()]
        for before, after in pairwise(stops):
            QWidget.setTabOrder(before, after)

    def _refused(self, error: Exception) -> bool:
        fields: dict[str, str] = getattr(error, "fields", {})
        mine = {(key if key in self._first else _MORE + key): said for key, said in fields.items()}
        if mine and all(key in self.form.boxes for key in mine):
            self.form.problems(mine)
            self.form.focus_problem(mine)
            return True
        return super()._refused(error)


class EventDialog(FollowingDialog):
    """登记异动: pupil, kind and day, then only what this kind needs or may have. `rooms` are (uid, label)."""

    def __init__(
        self,
        view: View,
        rooms: Sequence[tuple[str, str]],
        then: Callable[[EventDone], object],
        values: Mapping[str, Value],
        titles: Mapping[str, str] | None = None,
    ) -> None:
        roll, spec = view.desk.services.roll, view.desk.services.ledger.specs["enrolment_event"]

        def follow(kind: str | None) -> list[FieldSpec]:
            needed, asked = roll.fields_of(kind)
            found = {name: replace(spec[name], required=True) for name in needed}
            found |= {name: spec[name] for name in asked}
            if "to_class" in found:
                found["to_class"] = replace(found["to_class"], kind=Options(tuple(rooms)))
            return [found[name] for name in spec.fields if name in found]

        first = [spec[name] for name in ("student", "kind", "date")]
        super().__init__(
            view, "登记异动", first, "kind", follow, roll.register, then, values=values, titles=titles,
            explain="登记后学生的状态、年级和班级随之改变；登错的可以撤销，或作废最近一次异动。", deed="登记 (Ctrl+S)",
        )  # fmt: skip


class AccountDialog(FollowingDialog):
    """建账: what it is about, then the pupil, the household, or the name of the problem or project."""

    def __init__(self, view: View, then: Callable[[str], object]) -> None:
        closures, spec = view.desk.services.closures, view.desk.services.ledger.specs["closure"]

        def follow(kind: str | None) -> list[FieldSpec]:
            about = kind if kind in ("student", "household") else "subject"
            opened = replace(spec["opened_on"], required=False)  # today when left blank
            return [replace(spec[about], required=True), spec["basis"], opened, spec["due"], spec["measures"]]

        super().__init__(
            view, "建账", [spec["kind"]], "kind", follow, closures.open, then, values={"kind": "student"},
            explain="记下为什么建账、到什么节点、采取什么措施；建账日期不填就是今天。", deed="建账 (Ctrl+S)",
        )  # fmt: skip


def plain(given: Mapping[str, Value]) -> dict[str, Value]:
    """By field name; blank fields are left out."""
    return {key.removeprefix(_MORE): value for key, value in given.items() if value is not None}
