"""Pairing lists (结对帮扶): a new caseworker ends the time of the earlier one, and the interval stays."""

from __future__ import annotations

import datetime as dt

from jzdesk.core.fields import Value
from jzdesk.models import Pairing
from jzdesk.services.importing.desk import Desk, Importer
from jzdesk.services.importing.image import Values
from jzdesk.services.importing.pupils import Pupils
from jzdesk.services.importing.report import ADDED, CHANGED, PARKED, UNCHANGED
from jzdesk.services.importing.staff import Colleagues
from jzdesk.sheets.mapping import SheetRow

_FROM = "pairing.valid_from"


class PairingImporter(Importer):
    """One row, one pupil and the caseworker from a day on (blank: the term's first day)."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._pupils, self._colleagues = Pupils(desk), Colleagues(desk)
        self._image = desk.image(Pairing)
        self._of: dict[Value, list[str]] = {}
        for uid, values in self._image.rows.items():
            self._of.setdefault(values["student"], []).append(uid)

    def take(self, row: SheetRow) -> str:
        """See `Importer.take`."""
        if row.faults:
            return PARKED
        pupil, staff = self._pupils.meant(row), self._colleagues.meant(row)
        if pupil is None or staff is None:
            return PARKED
        student = pupil[0]
        written = row.values.get(_FROM)
        start = str(written or self.desk.term.first_day)
        if self._is_known(student, staff, start):
            return self._known(row, student, staff, written)
        return self._pair(row, student, staff, start)

    def _is_known(self, student: str, staff: str, start: str) -> bool:
        """Whether the two are paired now, or were from that very day."""
        mine = (self._image.rows[uid] for uid in self._of.get(student, ()))
        return any(
            one["staff"] == staff and (one.get("valid_to") is None or one["valid_from"] == start) for one in mine
        )

    def _known(self, row: SheetRow, student: str, staff: str, written: Value) -> str:
        """The same pairing again; another day is told, and a reason not yet known is kept."""
        changed = False
        for uid in self._of[student]:
            one = self._image.rows[uid]
            if one["staff"] == staff and one.get("valid_to") is None:
                if written is not None and one["valid_from"] != written:
                    self.desk.note(row, f"与同一责任人的结对已从 {one['valid_from']} 开始，保留原来的日期")
                reason = row.values.get("pairing.reason")
                changed |= one.get("reason") is None and self._image.set(uid, {"reason": reason})
        return CHANGED if changed else UNCHANGED

    def _pair(self, row: SheetRow, student: str, staff: str, start: str) -> str:
        current = self._current(student)
        if current is not None and str(self._image.rows[current]["valid_from"]) >= start:
            self._park_overlap(row, self._image.rows[current])
            return PARKED
        if current is not None:
            self._image.set(current, {"valid_to": _day_before(start)})
        values: Values = {"student": student, "staff": staff, "valid_from": start}
        if (reason := row.values.get("pairing.reason")) is not None:
            values["reason"] = reason
        self._of.setdefault(student, []).append(self._image.add(values))
        return ADDED

    def _current(self, student: str) -> str | None:
        """The pairing in force; of several, which merges can leave, the one that began last."""
        mine = [uid for uid in self._of.get(student, ()) if self._image.rows[uid].get("valid_to") is None]
        return max(mine, key=lambda uid: str(self._image.rows[uid]["valid_from"]), default=None)

    def _park_overlap(self, row: SheetRow, current: Values) -> None:
        name = self._colleagues.rows.get(str(current["staff"]), {}).get("name") or "另一位责任人"
        problem = f"该生从 {current['valid_from']} 起已由“{name}”结对，一名学生同时只能有一位责任人"
        remedy = "换人请把结对日期填成换人那一天（晚于上面的日期）；写错的请改正责任人。"
        row.park("overlap", problem, remedy, _FROM if _FROM in row.layout.heading.places else "staff.name")


def _day_before(day: str) -> str:
    return (dt.date.fromisoformat(day) - dt.timedelta(days=1)).isoformat()
