"""Classes as rolls write them: `1班`, `1`, `三年级1班` are one class of a grade."""

from __future__ import annotations

import re

from jzdesk.core.codes import table
from jzdesk.core.fields import Value
from jzdesk.models import SchoolClass
from jzdesk.services.importing.desk import Desk

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

    def _find(self, grade: str, written: str) -> str:
        # A class entered by hand keeps its own spelling.
        for name in (written, class_name(grade, written)):
            if (uid := self._known.get((grade, name))) is not None:
                return uid
        uid = self._known[grade, name] = self._image.add({"grade": grade, "name": name})
        return uid


def class_name(grade: str, written: str) -> str:
    """The class without its grade, with 班: `小学三年级(1)班`, `三年级1班`, `1` → `1班`; other names as they are."""
    label = table("grade").label(grade)
    bare = written
    for prefix in (label, re.sub(r"^(小学|初中|普高|中职|高等)", "", label)):
        bare = bare.removeprefix(prefix)
    match = _NUMBER.match(bare)
    return f"{match[1]}班" if match else (bare or written)
