"""登记异动: pupil, kind and day, and then only the fields that this kind of event needs or may have."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from jzdesk.core.fields import FieldSpec, Value
from jzdesk.core.kinds import Options
from jzdesk.ui.pages.roll.view import DeedDialog, View, people

if TYPE_CHECKING:
    from jzdesk.services.roll.events import EventDone

_FIRST = ("student", "kind", "date")
_MORE = "more."


class EventDialog(DeedDialog):
    """The fields follow the kind; what was typed in a field that another kind has too stays. `rooms`: (uid, label)."""

    def __init__(
        self,
        view: View,
        rooms: Sequence[tuple[str, str]],
        then: Callable[[EventDone], object],
        values: Mapping[str, Value],
        titles: Mapping[str, str] | None = None,
    ) -> None:
        roll, self._rooms = view.desk.services.roll, tuple(rooms)
        self._spec = view.desk.services.ledger.specs["enrolment_event"]
        super().__init__(
            view, "登记异动", [self._spec[name] for name in _FIRST], lambda given: roll.register(plain(given)), then,
            explain="登记后学生的状态、年级和班级随之改变；登错的可以撤销，或作废最近一次异动。",
            values=values, titles=titles, choices=people(view.desk), deed="登记 (Ctrl+S)",
        )  # fmt: skip
        self._fields_of = roll.fields_of
        self._part: QWidget | None = None
        self._kind: str | None = None
        self.form.boxes["kind"].edited.connect(self._follow)
        self.form.boxes["kind"].left.connect(self._follow)
        self._follow()

    def begin(self) -> None:
        """Show it; the pupil first, then the kind."""
        super().begin()
        self._order()

    def _follow(self) -> None:
        """Show the fields of the kind that is chosen."""
        kind = self.form.boxes["kind"].raw()
        if kind == self._kind:
            return
        self._kind = str(kind) if kind else None
        typed = {key: box.raw() for key, box in self.form.boxes.items() if key.startswith(_MORE)}
        if self._part is not None:
            self.form.drop(_MORE, self._part)
        self._part = self.form.section("", self._fields(), prefix=_MORE)
        for key, value in typed.items():
            if key in self.form.boxes and value is not None:
                self.form.boxes[key].retype(value)
        self._order()
        self.adjustSize()

    def _fields(self) -> list[FieldSpec]:
        needed, asked = self._fields_of(self._kind)
        found = {name: replace(self._spec[name], required=True) for name in needed}
        found |= {name: self._spec[name] for name in asked}
        if "to_class" in found:
            found["to_class"] = replace(found["to_class"], kind=Options(self._rooms))
        return [found[name] for name in self._spec.fields if name in found]

    def _order(self) -> None:
        """Enter goes through the fields from above to below, also through those added late."""
        stops = [stop for box in self.form.boxes.values() for stop in box.stops()]
        for before, after in pairwise(stops):
            QWidget.setTabOrder(before, after)

    def _refused(self, error: Exception) -> bool:
        fields: dict[str, str] = getattr(error, "fields", {})
        mine = {(key if key in _FIRST else _MORE + key): said for key, said in fields.items()}
        if mine and all(key in self.form.boxes for key in mine):
            self.form.problems(mine)
            self.form.focus_problem(mine)
            return True
        return super()._refused(error)


def plain(given: Mapping[str, Value]) -> dict[str, Value]:
    """By field name; blank fields are left out."""
    return {key.removeprefix(_MORE): value for key, value in given.items() if value is not None}
