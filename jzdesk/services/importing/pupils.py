"""Finds the pupil that a row of a list means, or parks the row saying why nobody is meant."""

from __future__ import annotations

from jzdesk.core.fields import Value
from jzdesk.models import Student
from jzdesk.services.importing.desk import Desk
from jzdesk.services.importing.image import Values
from jzdesk.sheets.mapping import SheetRow

_NAME, _ID, _ROLL = "pupil.name", "pupil.id_number", "pupil.roll_number"


class Pupils:
    """The students on this school's roll, by number and by name."""

    def __init__(self, desk: Desk) -> None:
        self.rows = desk.image(Student).rows
        self._by_number: dict[Value, str] = {}
        self._by_roll: dict[Value, str] = {}
        self._by_name: dict[Value, list[str]] = {}
        for uid, values in self.rows.items():
            self._by_number.setdefault(values.get("id_number"), uid)
            self._by_roll.setdefault(values.get("roll_number"), uid)
            self._by_name.setdefault(values.get("name"), []).append(uid)

    def by_number(self, number: Value) -> str | None:
        """The student of that ID number."""
        return self._by_number.get(number) if number is not None else None

    def by_roll(self, roll: Value) -> str | None:
        """The student of that roll number."""
        return self._by_roll.get(roll) if roll is not None else None

    def named(self, name: Value) -> list[str]:
        """Students of that name."""
        return self._by_name.get(name, [])

    def is_called(self, uid: str, name: Value) -> bool:
        """Whether the student has, or had, that name."""
        values = self.rows[uid]
        return name in (values.get("name"), values.get("former_name"))

    def meant(self, row: SheetRow) -> tuple[str, Values] | None:
        """(uid, record) of the pupil of a row; None after parking it: no number, not on the roll, another name."""
        get = row.values.get
        uid = self.by_number(get(_ID)) or self.by_roll(get(_ROLL))
        if uid is None:
            self._park_unknown(row)
            return None
        if not self.is_called(uid, get(_NAME)):
            self.park_name(row, uid, _NAME)
            return None
        return uid, self.rows[uid]

    def park_name(self, row: SheetRow, uid: str, key: str) -> None:
        """The number is one pupil's, the name another's."""
        problem = f"姓名与学籍不一致：这个证件号的在册学生是“{self.rows[uid].get('name')}”"
        row.park("name_differs", problem, "请核对是姓名写错还是证件号写错，改正后再导入。", key)

    def _park_unknown(self, row: SheetRow) -> None:
        get = row.values.get
        if get(_ID) is None and get(_ROLL) is None:
            row.park("no_value", "没有身份证件号，无法确认是哪名学生", "请填写学生的身份证件号或学籍号。", _ID)
            return
        hint = "在册有同名学生，请先核对证件号；" if self.named(get(_NAME)) else ""
        remedy = f"{hint}确实是本校学生的，请先导入学籍或在学生页登记，再导入这张表。"
        row.park("not_on_roll", "证件号不在本校学籍里", remedy, _ID)
