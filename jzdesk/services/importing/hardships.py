"""Hardships that a roll or a list tells: each kept once, dated from the first day of the term."""

from __future__ import annotations

from collections.abc import Iterable

from jzdesk.core.fields import Value
from jzdesk.models import Hardship
from jzdesk.policy.hardship import HardshipMark
from jzdesk.services.importing.desk import Desk


class Hardships:
    """The hardships of one school's pupils, as (student, code) while they are in force."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._image = desk.image(Hardship)
        self._known = {
            (one["student"], one["code"])
            for one in self._image.rows.values()
            if one.get("valid_to") is None or str(one["valid_to"]) >= desk.term.first_day
        }

    def ensure(self, student: str, marks: Iterable[HardshipMark], source: str) -> bool:
        """Record what is not yet in force; whether anything was."""
        fresh = [mark for mark in marks if (student, mark.code) not in self._known]
        for mark in fresh:
            key: tuple[Value, Value] = (student, mark.code)
            self._known.add(key)
            self._image.add(
                {"student": student, "code": mark.code, "valid_from": self._desk.term.first_day, "source": source,
                 "proof": mark.said}
            )  # fmt: skip
        return bool(fresh)
