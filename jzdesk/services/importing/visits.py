"""Visit records (走访记录): each visit once, by whoever was the caseworker on that day when the sheet does not say."""

from __future__ import annotations

from jzdesk.core.fields import Value
from jzdesk.models import Pairing, Visit
from jzdesk.services.importing.desk import Desk, Importer
from jzdesk.services.importing.image import Values
from jzdesk.services.importing.pupils import Pupils
from jzdesk.services.importing.report import ADDED, CHANGED, PARKED, UNCHANGED
from jzdesk.services.importing.staff import Colleagues
from jzdesk.sheets.mapping import SheetRow

_FIELDS = ("date", "method", "met", "situation", "measures", "needs", "next_plan")
_SAME = ("date", "method", "situation", "measures")


class VisitImporter(Importer):
    """One row, one visit."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._pupils, self._colleagues = Pupils(desk), Colleagues(desk)
        self._image = desk.image(Visit)
        self._known = {_key(one["student"], one): uid for uid, one in self._image.rows.items()}
        self._pairings: dict[Value, list[Values]] = {}
        for one in desk.image(Pairing).rows.values():
            self._pairings.setdefault(one["student"], []).append(one)

    def take(self, row: SheetRow) -> str:
        """See `Importer.take`."""
        if row.faults or (pupil := self._pupils.meant(row)) is None:
            return PARKED
        named = row.values.get("staff.name") is not None
        staff = self._colleagues.meant(row) if named else None
        if row.faults:
            return PARKED
        cells: Values = {name: value for name in _FIELDS if (value := row.values.get(f"visit.{name}")) is not None}
        if str(cells["date"]) > self.desk.today:
            self.desk.note(row, f"走访日期 {cells['date']} 晚于今天，请核对日期或电脑的时钟")
        return self._store(pupil[0], cells, staff)

    def _store(self, student: str, cells: Values, staff: str | None) -> str:
        key = _key(student, cells)
        if (uid := self._known.get(key)) is not None:
            named: Values = {"staff": staff} if staff is not None else {}
            return CHANGED if self._image.set(uid, {**cells, **named}) else UNCHANGED
        staff = staff or self._caseworker(student, str(cells["date"]))
        values: Values = {"student": student, **cells}
        if staff is not None:
            values["staff"] = staff
        self._known[key] = self._image.add(values)
        return ADDED

    def _caseworker(self, student: str, day: str) -> str | None:
        """Who was responsible on that day."""
        for one in self._pairings.get(student, ()):
            if str(one["valid_from"]) <= day and (one.get("valid_to") is None or str(one["valid_to"]) >= day):
                return str(one["staff"])
        return None


def _key(student: Value, values: Values) -> tuple[Value, ...]:
    return (student, *(values.get(name) for name in _SAME))
