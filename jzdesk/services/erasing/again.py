"""Where somebody who had not heard of an erasure has written: the county settles it and erases once more.

Whoever had heard of it names it as the base of what he writes, so a new value given on purpose is told from an old one.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, func, select

from jzdesk.core.fields import Value
from jzdesk.core.merge import ERASE, GRANT, SCOPE, Known, decode
from jzdesk.core.slices import slices
from jzdesk.models import BY_NAME
from jzdesk.store.tables import ERASED, conflict, erasure, journal


class _Done(NamedTuple):
    """An erasure: its id, of which record, which fields (JSON; None: all of it)."""

    id: int
    ent: str
    uid: str
    fields: str | None


def written_again(connection: Connection) -> Set[int]:
    """Ids of the erasures against which something stands: in the tables, or only in the journal by now."""
    return {row.id for row in _against(connection)}


def count(connection: Connection) -> int:
    """How many records the county has to settle and erase once more."""
    return len({(row.ent, row.uid) for row in _against(connection)})


def _against(connection: Connection) -> Iterator[_Done]:
    done: dict[str, list[_Done]] = defaultdict(list)
    for row in connection.execute(select(erasure.c.id, erasure.c.ent, erasure.c.uid, erasure.c.fields)):
        done[row.ent].append(_Done(*row))
    for ent, rows in done.items():
        left = _left(connection, ent, Counter(one.uid for one in rows))
        shown = _shown(connection, ent, left)
        disputed = _disputed(connection, ent)
        for one in rows:
            if one.uid in left and _stands(one, left[one.uid], shown.get(one.uid, {}), disputed):
                yield one


def _stands(
    row: _Done, left: Sequence[Known], shown: Mapping[str, Value], disputed: Collection[tuple[str, str]]
) -> bool:
    """Whether something stands against this erasure; a value that somebody chose to keep does not."""
    if row.fields is None:
        return any(_says(known) for known in left)
    return any(
        (row.uid, field) in disputed or (shown.get(field) is None and _is_unheard(left, field))
        for field in json.loads(row.fields)
    )


def _left(connection: Connection, ent: str, done: Mapping[str, int]) -> Mapping[str, list[Known]]:
    """uid → its entries that are here and not erased, of the records that have more of them than erasures."""
    mine = select(erasure.c.uid).where(erasure.c.ent == ent)
    query = select(journal.c.uid, func.count()).where(journal.c.uid.in_(mine)).group_by(journal.c.uid)
    more = [uid for uid, number in connection.execute(_of(query, ent)) if number > done[uid]]
    found: dict[str, list[Known]] = defaultdict(list)
    for part in slices(more):
        query = select(journal.c.uid, journal.c.h, journal.c.body).where(journal.c.uid.in_(part))
        for uid, h, body in connection.execute(_of(query, ent)):
            found[uid].append(Known(h[:16].hex(), decode(body)))
    return found


def _of(query: Select[Any], ent: str) -> Select[Any]:
    return query.where(journal.c.ent == ent, journal.c.state != ERASED)


def _shown(connection: Connection, ent: str, uids: Iterable[str]) -> dict[str, Mapping[str, Value]]:
    """The rows of these records by uid."""
    table = BY_NAME[ent].__table__
    found: dict[str, Mapping[str, Value]] = {}
    for part in slices(sorted(uids)):
        for row in connection.execute(select(table).where(table.c.uid.in_(part))).mappings():
            found[row["uid"]] = dict(row)
    return found


def _disputed(connection: Connection, ent: str) -> set[tuple[str, str]]:
    """(uid, field) that have two values now."""
    query = select(conflict.c.uid, conflict.c.field).where(conflict.c.ent == ent)
    return {(row.uid, row.field) for row in connection.execute(query)}


def _says(known: Known) -> bool:
    """Whether an entry has a value; an erasure says anew what stays, a grant whose the record is."""
    if known.entry.op in (ERASE, GRANT):
        return False
    return any(value is not None for name, value in known.entry.set.items() if name != SCOPE)


def _is_unheard(left: Sequence[Known], field: str) -> bool:
    """Whether a value of the field was written by somebody who knew of no erasure of the record."""
    heard = {known.id for known in left if known.entry.op == ERASE}
    while more := {known.id for known in left if known.id not in heard and heard.intersection(_base(known, field))}:
        heard |= more
    return any(known.id not in heard and known.entry.set.get(field) is not None for known in left)


def _base(known: Known, field: str) -> Collection[str]:
    return known.entry.base.get(field, ())
