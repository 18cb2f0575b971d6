"""Classes as they were: the name on the door and the head teacher of a day, from the journal."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, select

from jzdesk.core.clock import moment
from jzdesk.core.fields import Value
from jzdesk.core.merge import record_state
from jzdesk.models import SchoolClass
from jzdesk.services.pupils import CLASS
from jzdesk.store import journal


class Rooms:
    """What these classes (uids, blanks are ignored) were on any day: two statements, however many there are.

    A day counts by when something was written down. Before a class was first written down it is what was written
    first: a school that begins in October had its classes in September too.
    """

    def __init__(self, connection: Connection, rooms: Iterable[str | None]) -> None:
        wanted = sorted({room for room in rooms if room})
        today = select(CLASS.c.uid, CLASS.c.name, CLASS.c.head).where(CLASS.c.uid.in_(wanted))
        self._today = {uid: {"name": name, "head": head} for uid, name, head in connection.execute(today)}
        self._entries = journal.known_entries(connection, SchoolClass.__tablename__, wanted)

    def name(self, room: str | None, day: str) -> str | None:
        """The name on the door; None without a class."""
        value = self._value(room, "name", day)
        return None if value is None else str(value)

    def head(self, room: str | None, day: str) -> str | None:
        """The uid of the head teacher, if there was one."""
        value = self._value(room, "head", day)
        return None if value is None else str(value)

    def _value(self, room: str | None, field: str, day: str) -> Value:
        known = self._entries.get(room or "", [])
        then = [one for one in known if moment(one.entry.at)[:10] <= day]
        if len(then) == len(known):
            return self._today.get(room or "", {}).get(field)
        if then:
            return record_state(then).values.get(field)
        written = [one.entry for one in known if field in one.entry.set]
        return min(written, key=lambda entry: (entry.at, entry.n)).set[field] if written else None
