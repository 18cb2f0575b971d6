"""What a plan for many records is: wishes in, every cell judged, what would be written; made by `services.bulk`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from jzdesk.core.fields import Value
from jzdesk.models import SPECS
from jzdesk.store.unit import Changes

SAME, CHANGED, WRONG = "same", "changed", "wrong"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person wants of one record: field → as typed or as stored. `uid` None asks for a new record."""

    uid: str | None
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Cell:
    """One field of one record: `old` and `new` as people read them (`new` as typed when wrong), `value` as stored.

    `state` is same, changed or wrong; `words` says what is wrong, or asks about what is unusual.
    """

    state: str
    old: str
    new: str
    value: Value = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """One record of a plan: the wish, and its cells; `wrong` says why nothing of it is written."""

    wish: Wish
    title: str
    cells: Mapping[str, Cell]
    wrong: str = ""

    @property
    def uid(self) -> str | None:
        """The record; None when it is to be made."""
        return self.wish.uid

    def values(self) -> dict[str, Value]:
        """Field → value of what will be written."""
        if self.wrong:
            return {}
        return {name: cell.value for name, cell in self.cells.items() if cell.state == CHANGED}


@dataclass(frozen=True)
class Plan:
    """What would be done to records of `entity`; `before` holds their fields as they were when it was made."""

    entity: str
    verb: str
    fields: tuple[str, ...]
    rows: tuple[PlannedRow, ...]
    before: Mapping[str, Mapping[str, Value]]

    @cached_property
    def changes(self) -> dict[str, dict[str, Value]]:
        """uid → fields to change."""
        return {row.uid: values for row in self.rows if row.uid and (values := row.values())}

    @cached_property
    def additions(self) -> list[dict[str, Value]]:
        """The fields of each new record."""
        return [values for row in self.rows if row.uid is None and (values := row.values())]

    @cached_property
    def wrong(self) -> list[tuple[int, str, str]]:
        """(row, field, sentence) of all that will not be written; the field is "" when it is the whole row."""
        found: list[tuple[int, str, str]] = []
        for number, row in enumerate(self.rows):
            found += [(number, name, cell.words) for name, cell in row.cells.items() if cell.state == WRONG]
            found += [(number, "", row.wrong)] if row.wrong else []
        return found

    @property
    def unchanged(self) -> int:
        """Records that are already as wished."""
        return sum(all(cell.state == SAME for cell in row.cells.values()) and not row.wrong for row in self.rows)

    def label(self) -> str:
        """The words of the action: `批量修改 30 条教职工的职务`."""
        spec = SPECS[self.entity]
        parts = [f"{self.verb} {len(self.changes)} 条{spec.label}"] if self.changes else []
        if len(self.fields) == 1 and parts:
            parts[0] += f"的{spec[self.fields[0]].label}"
        parts += [f"新增 {len(self.additions)} 条{spec.label}"] if self.additions else []
        return "，".join(parts)


@dataclass(frozen=True, slots=True)
class Applied:
    """What was done: how many records changed, the uids of new ones, the number of the action (for undoing)."""

    changed: int
    added: tuple[str, ...]
    action: int | None
    changes: Changes
