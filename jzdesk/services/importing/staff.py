"""Staff lists (教师名册), and the search for the member of staff that other lists name."""

from __future__ import annotations

from jzdesk.core.fields import Value
from jzdesk.models import Staff
from jzdesk.services.importing import columns
from jzdesk.services.importing.desk import Desk, Importer
from jzdesk.services.importing.image import Values
from jzdesk.services.importing.report import ADDED, CHANGED, PARKED, UNCHANGED
from jzdesk.sheets.mapping import SheetRow

GROUPS = (("staff.name",), ("staff.id_number", "staff.phone", "staff.post"))
_ID = "staff.id_number"


class StaffImporter(Importer):
    """One row, one member of staff, known by ID number, else by name where numbers lack."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._image = desk.image(Staff)
        self._colleagues = Colleagues(desk)
        self._taken: dict[str, SheetRow] = {}
        self._keys = [(name, f"staff.{name}") for name in columns.plain_fields(Staff)]

    def take(self, row: SheetRow) -> str:
        """See `Importer.take`."""
        if row.faults:
            return PARKED
        cells: Values = {name: value for name, key in self._keys if (value := row.values.get(key)) is not None}
        uid = self._known(row, cells)
        if uid is not None and (first := self._taken.get(uid)) is not None:
            row.park("dup_row", f"与{self.desk.place(first)}重复，是同一个人", "请删去一行。", _ID)
        if row.faults:
            return PARKED
        if uid is None:
            uid = self._image.add(cells)
            self._colleagues.index(uid, cells)
            self._taken[uid] = row
            return ADDED
        self._taken[uid] = row
        return CHANGED if self._image.set(uid, cells) else UNCHANGED

    def _known(self, row: SheetRow, cells: Values) -> str | None:
        """The record of the row's person; None when new, or after parking when several could be meant."""
        number = cells.get("id_number")
        if number is not None and (found := self._colleagues.by_number(number)) is not None:
            return found
        namesakes = [
            uid
            for uid in self._colleagues.named(cells.get("name"))
            if number is None or self._image.rows[uid].get("id_number") is None
        ]
        if len(namesakes) > 1:
            row.park("ambiguous", f"有 {len(namesakes)} 位同名教职工，看不出是哪一位", "请填写身份证件号。", _ID)
        return namesakes[0] if len(namesakes) == 1 else None


class Colleagues:
    """The staff of one school by number and by name."""

    def __init__(self, desk: Desk) -> None:
        self.rows = desk.image(Staff).rows
        self._by_number: dict[Value, str] = {}
        self._by_name: dict[Value, list[str]] = {}
        for uid, values in self.rows.items():
            self.index(uid, values)

    def index(self, uid: str, values: Values) -> None:
        """Make somebody findable."""
        if (number := values.get("id_number")) is not None:
            self._by_number.setdefault(number, uid)
        self._by_name.setdefault(values.get("name"), []).append(uid)

    def by_number(self, number: Value) -> str | None:
        """The member of staff of that ID number."""
        return self._by_number.get(number)

    def named(self, name: Value) -> list[str]:
        """Everybody of that name."""
        return self._by_name.get(name, [])

    def meant(self, row: SheetRow) -> str | None:
        """The caseworker whom the row names; None after parking it: nobody, or several of that name."""
        get = row.values.get
        number, name, phone = get("staff.id_number"), get("staff.name"), get("staff.phone")
        if number is not None and (found := self.by_number(number)) is not None:
            return found
        namesakes = self.named(name)
        if len(namesakes) > 1 and phone is not None:
            namesakes = [uid for uid in namesakes if self.rows[uid].get("phone") == phone] or namesakes
        if len(namesakes) == 1:
            return namesakes[0]
        if namesakes:
            problem = f"有 {len(namesakes)} 位教职工都叫“{name}”，看不出是哪一位"
            row.park("ambiguous", problem, "请在表里加“责任人身份证号”或“责任人联系电话”一列。", "staff.name")
        else:
            remedy = "请先导入教师名册或登记这位教职工；名字写错的请改正。"
            row.park("unknown_staff", f"教职工里没有“{name}”", remedy, "staff.name")
        return None
