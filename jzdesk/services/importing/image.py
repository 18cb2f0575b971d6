"""The records of one entity in memory: as they stand, and as an import wants them; written in bulk at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from sqlalchemy import Connection, select

from jzdesk.core.fields import Value
from jzdesk.core.ids import new_uids
from jzdesk.models import Record
from jzdesk.services.importing.diary import Diary
from jzdesk.store.unit import Unit

Values = dict[str, Value]
_AT_ONCE, _DRAWN = 4000, 256  # records written together, uids drawn together


class Image:
    """Records of one entity within one scope.

    `rows` are the visible ones by uid, new ones included; `voided` those that were hidden. Nothing reaches the
    database before `write`. A `diary` hears of every change, for a dry run.
    """

    def __init__(self, connection: Connection, entity: type[Record], scope: str, diary: Diary | None = None) -> None:
        self.entity, self._diary = entity, diary
        self.rows: dict[str, Values] = {}
        self.voided: dict[str, Values] = {}
        self._new: dict[str, Values] = {}
        self._changed: dict[str, Values] = {}
        self._drawn: list[str] = []
        self._load(connection, scope)

    def _load(self, connection: Connection, scope: str) -> None:
        table: Any = self.entity.__table__
        names = (*self.entity.spec.fields, "uid", "hidden")
        query = select(*(table.c[name] for name in names)).where(table.c.scope == scope)
        for found in connection.execute(query):
            values = dict(zip(names, found, strict=True))
            uid, hidden = str(values.pop("uid")), values.pop("hidden")
            (self.voided if hidden else self.rows)[uid] = values

    def add(self, values: Values) -> str:
        """A new record, kept for `write`; returns its uid. `values` is kept as it is."""
        if not self._drawn:
            self._drawn = new_uids(_DRAWN)[::-1]
        uid = self._drawn.pop()
        self.rows[uid] = self._new[uid] = values
        if self._diary is not None:
            self._diary.add(self.entity, uid)
        return uid

    def set(self, uid: str, wanted: Mapping[str, Value]) -> bool:
        """Take over every value that is not None and differs; whether anything did."""
        current = self.rows[uid]
        differing = {name: value for name, value in wanted.items() if value is not None and current.get(name) != value}
        if not differing:
            return False
        if self._diary is not None:
            self._diary.change(self.entity, uid, current, differing)
        current.update(differing)
        if uid not in self._new:
            self._changed.setdefault(uid, {}).update(differing)
        return True

    def waiting(self) -> int:
        """How many records `write` will write."""
        return len(self._new) + len(self._changed)

    def write(self, unit: Unit, tell: Callable[[int], None]) -> None:
        """Hand everything to the unit of work; `tell` hears how many records were written since last told."""
        for part in _parts(self._new):
            unit.add_drawn(self.entity, part)
            unit.flush()
            tell(len(part))
        for part in _parts(self._changed):
            unit.change_many(self.entity, part)
            unit.flush()
            tell(len(part))
        self._new, self._changed = {}, {}


def _parts(values: dict[str, Values]) -> Iterator[dict[str, Values]]:
    items = iter(values.items())
    while part := dict(islice(items, _AT_ONCE)):
        yield part
