"""Erasure by law (sync §2.4): what an entry of the county names leaves this station; the hashes stay, the chain holds.

The body of each named entry gives way to the line that names its hash. It happens in the transaction that takes the
erasure in, and to what is named and comes later before it is written, so the order of arrival makes no difference.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, delete, exists, insert, not_, select, update

from jzdesk.core.chain import withheld_line
from jzdesk.core.merge import ERASE, Entry, Known, decode
from jzdesk.core.slices import slices
from jzdesk.models import BY_NAME
from jzdesk.store import dialects
from jzdesk.store.tables import (
    ASIDE,
    ERASED,
    HELD,
    REFUSED,
    TURNED_DOWN,
    action,
    blob,
    draft,
    erased,
    filled_cell,
    hold,
    journal,
    list_line,
    parked_row,
    setting,
)

COPIES = "copies_hold_erased"
"""Setting: backups and copies made before hold what was erased since; they go once a newer backup is made."""

RECEIVED = "received_holds_erased"
"""Setting: so do copies of files that were taken in; they go at once, or when the station is opened next."""

WHY = "内容已依法删除"
_NUMBER = 8  # characters from which on a text names one person: a number of a document, an account, a telephone
_CUT_BODY = update(journal).where(journal.c.seq == bindparam("the_seq")).values(state=ERASED, body=bindparam("line"))


class _Row(NamedTuple):
    seq: int
    chain: int
    n: int
    entry: Entry
    line: bytes


def carry_out(connection: Connection, entries: Iterable[Entry]) -> None:
    """Erase what these accepted entries name; those that are no erasures are passed over.

    Synchronised tables must be open (`engine.gate`), and the rows of the records written anew already.
    """
    for entry in entries:
        if entry.op == ERASE:
            dialects.of(connection).overwrite(connection)
            _note(connection, entry)
            rows = list(_rows(connection, entry))
            if rows:
                connection.execute(_CUT_BODY, [{"the_seq": row.seq, "line": row.line} for row in rows])
                _end_holds(connection, rows)
                _forget_around(connection, entry.uid, [row.entry for row in rows])
                _forget_deeds(connection, rows)


def history(connection: Connection, ent: str, uid: str) -> list[Known]:
    """Every entry of a record that is here and not erased, whatever its standing."""
    query = select(journal.c.h, journal.c.body).where(
        journal.c.ent == ent, journal.c.uid == uid, journal.c.state != ERASED
    )
    return [Known(h[:16].hex(), decode(body)) for h, body in connection.execute(query.order_by(journal.c.seq))]


def anything(connection: Connection) -> bool:
    """Whether an erasure has ever been accepted here."""
    return connection.execute(select(erased.c.id).limit(1)).first() is not None


def named_of(connection: Connection, uids: Iterable[str]) -> set[str]:
    """The ids that erasures of these records name."""
    found: set[str] = set()
    for part in slices(sorted(uids)):
        found.update(connection.execute(select(erased.c.id).where(erased.c.uid.in_(part))).scalars())
    return found


def among(connection: Connection, uids: Sequence[str]) -> set[str]:
    """Those of these records from which something was erased."""
    found: set[str] = set()
    for part in slices(uids):
        found.update(connection.execute(select(erased.c.uid).where(erased.c.uid.in_(part))).scalars())
    return found


def named_among(connection: Connection, ids: Iterable[str]) -> set[str]:
    """Those of the ids that an erasure names."""
    found: set[str] = set()
    for part in slices(sorted(ids)):
        found.update(connection.execute(select(erased.c.id).where(erased.c.id.in_(part))).scalars())
    return found


def _note(connection: Connection, entry: Entry) -> None:
    known = named_among(connection, entry.seen)
    if fresh := [{"id": name, "uid": entry.uid} for name in entry.seen if name not in known]:
        connection.execute(insert(erased), fresh)
    for key in (COPIES, RECEIVED):
        connection.execute(delete(setting).where(setting.c.key == key))
        connection.execute(insert(setting), [{"key": key, "value": json.dumps(True)}])


def _rows(connection: Connection, entry: Entry) -> Iterator[_Row]:
    named = set(entry.seen)
    query = select(journal.c.seq, journal.c.chain, journal.c.n, journal.c.h, journal.c.body)
    query = query.where(journal.c.ent == entry.ent, journal.c.uid == entry.uid, journal.c.state != ERASED)
    for row in connection.execute(query).all():
        if row.h[:16].hex() in named:
            yield _Row(row.seq, row.chain, row.n, decode(row.body), withheld_line(row.body))


def _end_holds(connection: Connection, rows: Sequence[_Row]) -> None:
    """What waited for a decision and is gone waits no more."""
    for row in rows:
        left = exists(
            select(journal.c.seq).where(
                journal.c.chain == hold.c.chain,
                journal.c.n.between(hold.c.first_n, hold.c.last_n),
                journal.c.state.in_((HELD, REFUSED)),
            )
        )
        over = (hold.c.chain == row.chain) & (hold.c.first_n <= row.n) & (hold.c.last_n >= row.n)
        open_ = over & (hold.c.ruling.is_(None) | (hold.c.ruling == ASIDE)) & (hold.c.reason != "fork")
        connection.execute(update(hold).where(open_, not_(left)).values(ruling=TURNED_DOWN, why=WHY))


def _forget_around(connection: Connection, uid: str, entries: Sequence[Entry]) -> None:
    """What this station had written down of it beside the journal."""
    connection.execute(delete(draft).where(draft.c.key.contains(uid)))
    connection.execute(delete(filled_cell).where(filled_cell.c.record == uid))
    connection.execute(update(list_line).where(list_line.c.student == uid).values(name="", number="", facts="{}"))
    for number in sorted({text for text in _texts(entries) if len(text) >= _NUMBER and text.isalnum()}):
        connection.execute(delete(parked_row).where(parked_row.c.cells.contains(number)))
    _forget_pictures(connection, {str(entry.set["sha256"]) for entry in entries if entry.set.get("sha256")})


def _forget_pictures(connection: Connection, digests: Collection[str]) -> None:
    """Contents of photographs that no record shows any more."""
    photo = BY_NAME["photo"].__table__
    if digests:
        shown = set(connection.execute(select(photo.c.sha256).where(photo.c.sha256.in_(digests))).scalars())
        connection.execute(delete(blob).where(blob.c.sha256.in_(set(digests) - shown)))


def _forget_deeds(connection: Connection, rows: Iterable[_Row]) -> None:
    """Of the words for what was done the kind of deed stays: behind it may stand a name."""
    for row in rows:
        around = (action.c.chain == row.chain) & (action.c.first_n <= row.n) & (action.c.last_n >= row.n)
        for number, label in connection.execute(select(action.c.id, action.c.label).where(around)).all():
            deed, colon, _ = label.partition("：")
            if colon:
                connection.execute(update(action).where(action.c.id == number).values(label=f"{deed}（{WHY}）"))


def _texts(entries: Iterable[Entry]) -> set[str]:
    return {value for entry in entries for value in entry.set.values() if isinstance(value, str)}
