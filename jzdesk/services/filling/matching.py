"""Whom a row of somebody's form means: by number first, by name only where there is one of that name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from jzdesk.core.fields import Value
from jzdesk.sheets.fill import Entry
from jzdesk.sheets.mapping import SheetRow

_NUMBERS = ("student.id_number", "student.roll_number")
_NAME, _BIRTH, _CLASS = "student.name", "student.birth", "enrolment.school_class"


class PeopleMatcher:
    """The records a row may mean: one, none, or several of one name that cannot be told apart."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._by_number: dict[tuple[str, Value], str] = {}
        self._by_name: dict[Value, list[Entry]] = defaultdict(list)
        for entry in entries:
            self._by_name[entry.values.get(_NAME)].append(entry)
            for key in _NUMBERS:
                if (number := entry.values.get(key)) is not None:
                    self._by_number.setdefault((key, number), entry.record)

    def __call__(self, row: SheetRow) -> list[str]:
        """See the class. A row with a number that nobody has is a stranger, whatever its name."""
        numbers = [(key, number) for key in _NUMBERS if (number := row.values.get(key)) is not None]
        for known in numbers:
            if known in self._by_number:
                return [self._by_number[known]]
        namesakes = self._by_name.get(row.values.get(_NAME), [])
        fitting = [one for one in namesakes if self._fits(one, row, numbers)]
        return [one.record for one in fitting]

    @staticmethod
    def _fits(entry: Entry, row: SheetRow, numbers: Sequence[tuple[str, Value]]) -> bool:
        """Whether nothing on the row speaks against the namesake."""
        said = [*numbers, *((key, row.values.get(key)) for key in (_BIRTH, _CLASS))]
        return all(value is None or entry.values.get(key) in (None, value) for key, value in said)
