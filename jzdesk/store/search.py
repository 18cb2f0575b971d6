"""The search index for people: names by Han or pinyin initials from any character on, numbers by any part.

The index is derived and local. A small write indexes its people at once, a large one marks them, and `catch_up` indexes
them with progress. A search never misses: it catches up first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from sqlalchemy import Connection, func, select

from jzdesk.core.pinyin import readings
from jzdesk.store.tables import search_pending

SEARCHED = frozenset({"student"})
_MIN_FRAGMENT = 3  # the trigram index needs three characters
AT_ONCE = 900


def mark(connection: Connection, uids: Iterable[str]) -> None:
    """Note records whose index is out of date."""
    _insert(connection, "INSERT OR IGNORE INTO search_pending (uid) VALUES (?)", [(uid,) for uid in uids])


def pending(connection: Connection) -> int:
    """How many records wait to be indexed."""
    return connection.execute(select(func.count()).select_from(search_pending)).scalar_one()


def catch_up(connection: Connection, progress: Callable[[int], None] | None = None) -> int:
    """Index every marked record; returns how many."""
    done = 0
    while part := list(connection.execute(select(search_pending.c.uid).limit(AT_ONCE)).scalars()):
        index(connection, part)
        connection.exec_driver_sql(f"DELETE FROM search_pending WHERE uid IN ({_marks(part)})", tuple(part))
        done += len(part)
        if progress:
            progress(done)
    return done


def index(connection: Connection, uids: list[str]) -> None:
    """Index these records (at most 900) anew."""
    docs = _docs(connection, uids)
    marks, ids = _marks(uids), tuple(docs.values())
    connection.exec_driver_sql(f"DELETE FROM name_suffix WHERE doc IN ({marks})", ids)
    connection.exec_driver_sql(f"DELETE FROM id_fragment WHERE rowid IN ({marks})", ids)
    found = connection.exec_driver_sql(
        f"SELECT uid, name, former_name, id_number, roll_number FROM student WHERE hidden = 0 AND uid IN ({marks})",
        tuple(uids),
    ).all()
    suffixes = {
        (suffix, docs[row.uid]): whole for row in found for suffix, whole in _suffixes(row.name, row.former_name)
    }
    _insert(
        connection,
        "INSERT INTO name_suffix (suffix, doc, whole) VALUES (?, ?, ?)",
        [(suffix, doc, whole) for (suffix, doc), whole in suffixes.items()],
    )
    numbers = [(docs[row.uid], _joined(row.id_number, row.roll_number)) for row in found]
    _insert(connection, "INSERT INTO id_fragment (rowid, number) VALUES (?, ?)", [row for row in numbers if row[1]])


def _insert(connection: Connection, sql: str, rows: list[tuple[Any, ...]]) -> None:
    if rows:
        connection.exec_driver_sql(sql, rows)


def _docs(connection: Connection, uids: list[str]) -> dict[str, int]:
    """uid → number of the record in the index, given out when first needed."""
    query, listed = f"SELECT uid, id FROM search_doc WHERE uid IN ({_marks(uids)})", tuple(uids)
    docs = {row.uid: row.id for row in connection.exec_driver_sql(query, listed)}
    if fresh := [(uid,) for uid in uids if uid not in docs]:
        _insert(connection, "INSERT INTO search_doc (uid) VALUES (?)", fresh)
        docs = {row.uid: row.id for row in connection.exec_driver_sql(query, listed)}
    return docs


def _marks(uids: list[str]) -> str:
    """Text for an `IN`: SQLAlchemy would take longer over a long list than SQLite takes over the answer."""
    return ",".join("?" * len(uids))


def _joined(number: str | None, roll: str | None) -> str:
    """Both numbers as one searchable text; a roll number that repeats the other is left out."""
    parts = [number] if number else []
    if roll and (number is None or number not in roll):
        parts.append(roll)
    return " ".join(parts)


def _suffixes(*names: str | None) -> Iterator[tuple[str, int]]:
    """Every suffix of a name, in Han and in pinyin initials of each reading; 1 marks the whole name."""
    for name in names:
        if name:
            for written in (name, *readings(name)):
                for start in range(len(written)):
                    yield written[start:].lower(), int(start == 0)


def find(connection: Connection, text: str, limit: int) -> list[str]:
    """uids of students whose name contains `text`, or whose pinyin initials do, or whose numbers do; best first."""
    wanted = text.strip().lower()
    if not wanted:
        return []
    found = _by_name(connection, wanted, limit)
    if len(found) < limit and len(wanted) >= _MIN_FRAGMENT and wanted.isalnum() and wanted.isascii():
        found += [uid for uid in _by_number(connection, wanted, limit) if uid not in set(found)]
    return found[:limit]


def _by_name(connection: Connection, wanted: str, limit: int) -> list[str]:
    """Suffix range scan: whole names first."""
    rows = connection.exec_driver_sql(
        "SELECT uid, whole FROM name_suffix JOIN search_doc ON id = doc WHERE suffix >= ? AND suffix < ? LIMIT ?",
        (wanted, wanted + "\U0010ffff", limit * 4),
    ).all()
    ordered = sorted(rows, key=lambda row: -row.whole)
    return list(dict.fromkeys(row.uid for row in ordered))[:limit]


def _by_number(connection: Connection, wanted: str, limit: int) -> list[str]:
    """Trigram match, which for a quoted phrase already means `contains`."""
    rows = connection.exec_driver_sql(
        "SELECT uid FROM id_fragment JOIN search_doc ON id = id_fragment.rowid WHERE number MATCH ? LIMIT ?",
        (f'"{wanted}"', limit),
    )
    return [row.uid for row in rows]
