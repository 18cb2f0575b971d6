"""Classes: as rolls write them (`1班`, `1`, `三年级1班` are one class of a grade), and lists of classes."""

from __future__ import annotations

import re

from jzdesk.core.codes import table
from jzdesk.core.fields import Value
from jzdesk.models import SchoolClass
from jzdesk.services.importing.desk import Desk, Importer
from jzdesk.services.importing.image import Values
from jzdesk.services.importing.report import ADDED, CHANGED, PARKED, UNCHANGED
from jzdesk.services.importing.staff import Colleagues
from jzdesk.sheets.mapping import SheetRow

_NUMBER = re.compile(r"^[(（]?0*(\d{1,2}|[一二三四五六七八九十]{1,3})[)）]?班?$")


class Classes:
    """The classes of one school; a class not yet known is made when a pupil stands in it."""

    def __init__(self, desk: Desk) -> None:
        self._image = desk.image(SchoolClass)
        self._known = {(one["grade"], one["name"]): uid for uid, one in self._image.rows.items()}
        self._written: dict[tuple[Value, Value], str] = {}

    def place(self, grade: Value, written: Value) -> str | None:
        """The uid of the class; None without grade or class."""
        if grade is None or written is None:
            return None
        key = (grade, written)
        if (uid := self._written.get(key)) is None:
            uid = self._written[key] = self._find(str(grade), str(written))
        return uid

    def name_of(self, uid: Value) -> Value:
        """The name of a class of this school; None for another."""
        return self._image.rows.get(str(uid), {}).get("name")

    def known(self, grade: str, written: str) -> str | None:
        """The uid of a class; None for a new one."""
        # A class entered by hand keeps its own spelling.
        return self._known.get((grade, written)) or self._known.get((grade, class_name(grade, written)))

    def _find(self, grade: str, written: str) -> str:
        if (uid := self.known(grade, written)) is not None:
            return uid
        name = class_name(grade, written)
        uid = self._known[grade, name] = self._image.add({"grade": grade, "name": name})
        return uid


class ClassImporter(Importer):
    """One row, one class; the 班主任 must be known, for a name alone is nobody."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._image, self._classes = desk.image(SchoolClass), Classes(desk)
        self._colleagues = Colleagues(desk)
        self._taken: dict[str, SheetRow] = {}

    def take(self, row: SheetRow) -> str:
        """See `Importer.take`."""
        if row.faults:
            return PARKED
        get = row.values.get
        grade, written = str(get("school_class.grade")), str(get("school_class.name"))
        known = self._classes.known(grade, written)
        if known is not None and (first := self._taken.get(known)) is not None:
            row.park("dup_row", f"与{self.desk.place(first)}重复，是同一个班", "请删去一行。", "school_class.name")
            return PARKED
        head = self._colleagues.meant(row) if get("staff.name") is not None else None
        if row.faults:
            return PARKED
        return self._store(row, known, grade, written, {"head": head, "room": get("school_class.room")})

    def _store(self, row: SheetRow, known: str | None, grade: str, written: str, wanted: Values) -> str:
        uid = known or str(self._classes.place(grade, written))
        self._taken[uid] = row
        changed = self._image.set(uid, wanted)
        if known is None:
            return ADDED
        return CHANGED if changed else UNCHANGED


def class_name(grade: str, written: str) -> str:
    """The class without its grade, with 班: `小学三年级(1)班`, `三年级1班`, `1` → `1班`; other names as they are."""
    label = table("grade").label(grade)
    bare = written
    for prefix in (label, re.sub(r"^(小学|初中|普高|中职|高等)", "", label)):
        bare = bare.removeprefix(prefix)
    match = _NUMBER.match(bare)
    return f"{match[1]}班" if match else (bare or written)
