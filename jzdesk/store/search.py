"""The search index for people: what is found by which words, and the order that names have.

A student is found by name (Han characters, full pinyin or initials, from any syllable on), by an alias typed by hand,
by a former name and by any part of a number; and through the family: by name or number of a guardian, by the village
group.

The index is derived and local. A small write indexes its people at once, a large one marks them, and `catch_up`
indexes them in parts; a search never misses: it catches up first. What a record is indexed under stands in
`search_doc.said`, so an edit of anything else costs nothing. When the rules of the index change (`RULES`), a station
builds it anew the next time it is opened: everybody is marked, and a rebuild that is interrupted goes on later.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence, Set
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Connection

from jzdesk.core.pinyin import plain, readings, sort_key, spellings
from jzdesk.store import dialects
from jzdesk.store.dialects import marks, run
from jzdesk.store.tables import name_suffix, search_doc, search_pending, setting

SEARCHED = frozenset({"student", "member", "household"})
AT_ONCE = 900
_AT_A_TIME = 20_000  # documents whose numbers are indexed in one go
RULES = 2  # raise it when a record would be indexed under other words, or sorted otherwise
_RULES_KEY = "search_rules"
_MIN_FRAGMENT = 3  # the trigram index needs three characters
_END = "\U0010ffff"
_BREAK = "\x1f"
_FIELDS = {
    "student": (
        "name", "former_name", "pinyin", "roll_number", "id_number", "aux_number", "phone", "disability_card",
    ),
    "member": ("name", "id_number", "phone"),
    "household": ("village_group", "number"),
}  # fmt: skip

WHOLE, PART, GUARDIAN, VILLAGE = range(4)  # what the suffix is of; the first two are of the student's own name
NAME, NUMBER = "name", "number"
FAMILY, FAMILY_NUMBER, HOUSEHOLD, PLACE = "guardian", "guardian_number", "household", "village"
_STUDENT = f"student{_BREAK}"


class Hit(NamedTuple):
    """A student that was found, and by what: NAME, NUMBER, FAMILY, FAMILY_NUMBER, HOUSEHOLD or PLACE."""

    uid: str
    by: str


def create(connection: Connection) -> None:
    """Make the tables that SQLAlchemy does not know, and note by which rules they are filled."""
    dialects.of(connection).numbers.create(connection)
    _note_rules(connection)


def outdated(connection: Connection) -> bool:
    """Whether the index was made by other rules than ours."""
    found = run(connection, "SELECT value FROM setting WHERE key = ?", (_RULES_KEY,)).scalar()
    return found != json.dumps(RULES)


def rebuild(connection: Connection) -> None:
    """Throw the index away and mark everybody; `catch_up` does the work, in parts."""
    dialects.of(connection).numbers.drop(connection)
    for table in (name_suffix, search_doc, search_pending):
        table.drop(connection, checkfirst=True)
        table.create(connection)
    create(connection)
    for ent in sorted(SEARCHED):
        connection.exec_driver_sql(f"INSERT INTO search_pending (uid) SELECT uid FROM {ent} WHERE hidden = 0")


def _note_rules(connection: Connection) -> None:
    connection.execute(setting.delete().where(setting.c.key == _RULES_KEY))
    connection.execute(setting.insert().values(key=_RULES_KEY, value=json.dumps(RULES)))


def mark(connection: Connection, uids: Iterable[str]) -> None:
    """Note records whose index is out of date."""
    for part in _parts(sorted(uids)):
        values = ",".join(["(?)"] * len(part))
        run(connection, f"INSERT INTO search_pending (uid) VALUES {values} ON CONFLICT DO NOTHING", part)


def waiting(connection: Connection) -> bool:
    """Whether any record waits to be indexed."""
    return connection.exec_driver_sql("SELECT 1 FROM search_pending LIMIT 1").first() is not None


def catch_up(connection: Connection, most: int) -> int:
    """Index marked records, at most `most`; returns how many: fewer than `most` when none is left."""
    query = "SELECT uid FROM search_pending LIMIT ?"
    part = list(run(connection, query, (most,)).scalars())
    index(connection, part)
    for uids in _parts(part):
        run(connection, f"DELETE FROM search_pending WHERE uid IN ({marks(len(uids))})", uids)
    return len(part)


class _Doc(NamedTuple):
    """A record as the index has it: its number there, and the values it is indexed under."""

    id: int
    said: str


def index(connection: Connection, uids: Sequence[str]) -> None:
    """Bring the index of these records up to date; only what differs is written.

    Many at once go faster than one after the other: they are written in the order of the index.
    """
    old, new = _docs(connection, uids), _said(connection, uids)
    gone = [doc for uid, doc in old.items() if uid not in new]
    changed = {uid: said for uid, said in new.items() if uid in old and old[uid].said != said}
    fresh = _fresh(connection, {uid: said for uid, said in new.items() if uid not in old})
    stale = [*gone, *(old[uid] for uid in changed)]
    current = [*fresh.values(), *(_Doc(old[uid].id, said) for uid, said in changed.items())]
    _forget(connection, stale)
    _each(connection, "DELETE FROM search_doc WHERE id = ?", [(doc.id,) for doc in gone])
    _each(
        connection,
        "UPDATE search_doc SET said = ?, sort = ? WHERE id = ?",
        [(said, _sort(said), old[uid].id) for uid, said in changed.items()],
    )
    documents = [(doc.id, uid, doc.said, _sort(doc.said)) for uid, doc in fresh.items()]
    _insert(connection, "search_doc", ("id", "uid", "said", "sort"), documents)
    _remember(connection, current)


def _fresh(connection: Connection, said: dict[str, str]) -> dict[str, _Doc]:
    """Numbers for records that the index does not have; nobody else writes meanwhile."""
    if not said:
        return {}
    last = connection.exec_driver_sql("SELECT coalesce(max(id), 0) FROM search_doc").scalar_one()
    return {uid: _Doc(number, text) for number, (uid, text) in enumerate(said.items(), last + 1)}


def _docs(connection: Connection, uids: Sequence[str]) -> dict[str, _Doc]:
    found: dict[str, _Doc] = {}
    for part in _parts(uids):
        query = f"SELECT uid, id, said FROM search_doc WHERE uid IN ({marks(len(part))})"
        found.update((uid, _Doc(number, said)) for uid, number, said in run(connection, query, part))
    return found


def _said(connection: Connection, uids: Sequence[str]) -> dict[str, str]:
    """uid → kind of record and the values it is indexed under, of those that are not hidden."""
    found: dict[str, str] = {}
    for ent, fields in _FIELDS.items():
        for part in _parts([uid for uid in uids if uid not in found]):
            query = f"SELECT uid, {', '.join(fields)} FROM {ent} WHERE hidden = 0 AND uid IN ({marks(len(part))})"
            for uid, *values in run(connection, query, part).fetchall():
                if any(values):
                    found[uid] = _BREAK.join((ent, *[value or "" for value in values]))
    return found


def _parts(uids: Sequence[str]) -> Iterator[tuple[str, ...]]:
    return (tuple(uids[start : start + AT_ONCE]) for start in range(0, len(uids), AT_ONCE))


def _forget(connection: Connection, docs: Sequence[_Doc]) -> None:
    """Take out what these records were indexed under."""
    gone = [(kind, suffix, doc.id) for doc in docs for kind, suffix in _words(doc.said)]
    _each(connection, "DELETE FROM name_suffix WHERE kind = ? AND suffix = ? AND doc = ?", gone)
    if numbers := [(doc.id,) for doc in docs if any(_numbers(doc.said))]:
        dialects.of(connection).numbers.take(connection, numbers)


def _remember(connection: Connection, docs: Sequence[_Doc]) -> None:
    """Put in what these records are indexed under."""
    words = [(kind, suffix, doc.id) for doc in docs for kind, suffix in _words(doc.said)]
    words.sort()  # written in the order of the index, pages are touched once
    _insert(connection, "name_suffix", ("kind", "suffix", "doc"), words)
    _remember_numbers(connection, docs)


def _remember_numbers(connection: Connection, docs: Iterable[_Doc]) -> None:
    numbers = [(doc.id, own, family) for doc in docs for own, family in (_numbers(doc.said),) if own or family]
    if numbers:
        dialects.of(connection).numbers.put(connection, numbers)


def refill_numbers(connection: Connection) -> None:
    """Fill the empty index of numbers from the documents, which came from another database."""
    last = -1
    query = "SELECT id, said FROM search_doc WHERE id > ? ORDER BY id LIMIT ?"
    while found := [_Doc(*row) for row in run(connection, query, (last, _AT_A_TIME))]:
        _remember_numbers(connection, found)
        last = found[-1].id


def _each(connection: Connection, sql: str, rows: list[tuple[Any, ...]]) -> None:
    if rows:
        run(connection, sql, rows)


def _insert(connection: Connection, table: str, names: Sequence[str], rows: list[tuple[Any, ...]]) -> None:
    if rows:
        dialects.of(connection).insert(connection, table, names, rows)


def _sort(said: str) -> str | None:
    """The sort key of a student; other records have none."""
    if not said.startswith(_STUDENT):
        return None
    values = said.split(_BREAK, 4)
    return sort_key(values[1], values[3])


def _numbers(said: str) -> tuple[str, str]:
    """(numbers of the student, numbers of a guardian), each as one searchable text."""
    ent, *values = said.split(_BREAK)
    if ent == "student":
        return _joined(values[3:]), ""
    return "", _joined(values[1:])


def _joined(numbers: Iterable[str]) -> str:
    """Numbers as one text; one that stands in it already (a roll number repeats the ID number) is left out."""
    text = ""
    for number in numbers:
        plain_number = number.replace("-", "")
        if plain_number not in text:
            text = f"{text} {plain_number}" if text else plain_number
    return text


def _words(said: str) -> Set[tuple[int, str]]:
    """(kind, suffix) of everything that a record is found by, numbers apart."""
    ent, *values = said.split(_BREAK)
    if ent == "student":
        words = _name_words(values[0], values[2])
        return words | _name_words(values[1], "") if values[1] else words
    if ent == "member":
        return _guardian_words(values[0])
    village = plain(values[0])
    return {(VILLAGE, village[start:]) for start in range(len(village))}


@lru_cache(maxsize=4096)
def _name_words(name: str, alias: str) -> frozenset[tuple[int, str]]:
    """Every suffix of a name in Han and in initials, and full pinyin from any syllable on, of each reading."""
    if not name:
        return frozenset()
    found: set[tuple[int, str]] = set()
    for written in (plain(name), *readings(name, alias)):
        found.update((PART if start else WHOLE, written[start:]) for start in range(len(written)))
    for spelt in spellings(name, alias):
        found.update((PART if start else WHOLE, "".join(spelt[start:])) for start in range(len(spelt)))
    return frozenset(found)


@lru_cache(maxsize=4096)
def _guardian_words(name: str) -> frozenset[tuple[int, str]]:
    """Of a guardian the suffixes in Han, and the whole name in initials and in full pinyin."""
    if not name:
        return frozenset()
    pinyin = (*readings(name), *("".join(spelt) for spelt in spellings(name)))
    written = plain(name)
    return frozenset((GUARDIAN, word) for word in (*(written[at:] for at in range(len(written))), *pinyin))


def find(connection: Connection, text: str, limit: int) -> list[str]:
    """uids of students found by what was typed, best first; see `hits`."""
    return [hit.uid for hit in hits(connection, text, limit)]


def hits(connection: Connection, text: str, limit: int) -> list[Hit]:
    """Students found by what was typed: names from their beginning first, then parts of names, numbers, the family."""
    found: dict[str, str] = {}
    for by, uids in _ways(connection, plain(text.strip()), limit):
        for uid in uids:
            found.setdefault(uid, by)
        if len(found) >= limit:
            break
    return [Hit(uid, by) for uid, by in found.items()][:limit]


def _ways(connection: Connection, wanted: str, limit: int) -> Iterator[tuple[str, Iterable[str]]]:
    """The ways to find somebody, one after the other; the caller stops when it has enough."""
    if not wanted:
        return
    number = wanted if len(wanted) >= _MIN_FRAGMENT and wanted.isalnum() and wanted.isascii() else ""
    digits = number and any(letter.isdigit() for letter in number)
    if not digits:
        yield NAME, _by_name(connection, WHOLE, wanted, limit)
        yield NAME, _by_name(connection, PART, wanted, limit)
    if number:
        yield NUMBER, _by_number(connection, "own", number, limit)
    if not digits:
        yield FAMILY, _students(connection, _GUARDED, _by_name(connection, GUARDIAN, wanted, limit), limit)
    if number:
        uids = _by_number(connection, "family", number, limit)
        yield FAMILY_NUMBER, _students(connection, _GUARDED, uids, limit)
        yield HOUSEHOLD, _students(connection, _HOUSED, uids, limit)
    yield PLACE, _students(connection, _HOUSED, _by_name(connection, VILLAGE, wanted, limit), limit)


_GUARDED = (
    "SELECT DISTINCT g.student FROM guardian g JOIN student s ON s.uid = g.student AND s.hidden = 0 "
    "WHERE g.hidden = 0 AND g.member IN ({marks}) ORDER BY g.student LIMIT ?"
)
_HOUSED = "SELECT uid FROM student WHERE hidden = 0 AND household IN ({marks}) ORDER BY uid LIMIT ?"


def _by_name(connection: Connection, kind: int, wanted: str, limit: int) -> list[str]:
    """A range of one kind of suffixes: those that begin with what was typed, in their own order."""
    return dialects.of(connection).named(connection, kind, wanted, wanted + _END, limit)


def _by_number(connection: Connection, whose: str, wanted: str, limit: int) -> list[str]:
    return dialects.of(connection).numbers.find(connection, whose, wanted, limit)


def _students(connection: Connection, query: str, uids: Sequence[str], limit: int) -> list[str]:
    """The students who belong to these guardians or households."""
    if not uids:
        return []
    return [row[0] for row in run(connection, query.format(marks=marks(len(uids))), (*uids, limit))]
