"""What the accepted entries of one record say it is: a pure function, the heart of every merge.

State depends on the *set* of entries only, never on the order of arrival (sync rule 2). The store uses it for one
record at a time, both when a package is merged and when every table is recomputed, so the two cannot drift apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, NamedTuple

import msgspec

from jzdesk.core.fields import Value

GRANT, SCOPE = "grant", "scope"
"""The operation with which the county moves the writing right of a record, and the one thing that it sets."""

ERASE = "erase"
"""The operation with which the county erases by law (sync §2.4): the entries in `seen` are as if they had never been,
`set` says what stays of the record, and under SCOPE the school that began it."""

WITHHELD = "withheld"
"""Not an operation: what stands in an `Entry` made for a line of which only the hash is here."""

OPERATIONS = ("put", "void", "restore", "resolve", GRANT, ERASE)
AUTHORITY = {"county": 2, "township": 1, "school": 0}
BODY_LIMIT = 64 << 10  # bytes of an entry's JSON line; no reader takes a longer one (sync §4)
_Whole = Annotated[int, msgspec.Meta(gt=-(2**53), lt=2**53)]  # sync §1: what every JSON reader keeps exactly


class Entry(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One change of one record, as its canonical JSON line (sync §1). `void` and `restore` name what they saw, `erase`
    what goes."""

    at: _Whole
    actor: str
    dev: str
    ent: str
    ep: str
    n: _Whole
    op: str
    role: str
    salt: str
    scope: str
    sv: _Whole
    uid: str
    base: dict[str, tuple[str, ...]] = {}
    seen: tuple[str, ...] = ()
    set: dict[str, str | _Whole | None] = {}
    why: str = ""


BLANK = Entry(
    at=0, actor="", dev="", ent="", ep="", n=0, op=WITHHELD, role="", salt="", scope="", sv=0, uid=""
)  # fmt: skip
"""What a withheld line says."""


class Known(NamedTuple):
    """An accepted entry with its id (32 hexadecimal characters)."""

    id: str
    entry: Entry


class RecordState(NamedTuple):
    """The record that a set of entries describes.

    `leaves` names for each field the entries nobody replaced, the shown one first; a field with leaves of different
    values is in `conflicts`. `edited_after_void` reports delete-against-edit. `scope` is where the record began, or
    where the last grant moved it; grants are leaves of the field `SCOPE`, which is no field of the record itself.
    A record of which nothing is left but grants and erasures that leave nothing is `hidden`; `gone` is one that an
    erasure left nothing of and that nobody has written since.
    """

    ent: str
    scope: str
    values: dict[str, Value]
    hidden: bool
    leaves: dict[str, tuple[str, ...]]
    conflicts: frozenset[str]
    edited_after_void: bool
    gone: bool = False


def rank(known: Known) -> tuple[int, int, str, str]:
    """Which of several leaves is shown: authority of the role, then time, device and id as tie-breaks."""
    entry = known.entry
    return AUTHORITY.get(entry.role, 0), entry.at, entry.dev, known.id


def record_state(entries: Sequence[Known]) -> RecordState:
    """The state of one record from all its accepted entries, in any order; at least one entry is needed."""
    if len(entries) == 1 and is_plain(entries[0].entry) and SCOPE not in entries[0].entry.set:
        return _single(entries[0])
    entries = remaining(entries)
    first = _first(entries)
    leaves = _leaves(entries)
    values = {field: heads[0].entry.set[field] for field, heads in leaves.items()}
    scope = str(values.pop(SCOPE, _began_at(first)))
    hidden, edited = _void_state(entries)
    return RecordState(
        first.ent,
        scope,
        values,
        hidden,
        {field: tuple(head.id for head in heads) for field, heads in leaves.items()},
        frozenset(field for field, heads in leaves.items() if _disagree(field, heads)),
        edited,
        hidden and any(known.entry.op == ERASE for known in entries) and not any(map(_is_told, values.values())),
    )


def _is_told(value: Value) -> bool:
    return value is not None


def is_plain(entry: Entry) -> bool:
    """Whether an entry alone makes a record that is just what it says."""
    return entry.op not in ("void", GRANT, ERASE)


def remaining(entries: Sequence[Known]) -> Sequence[Known]:
    """The entries that no erasure among them names."""
    gone = {name for known in entries if known.entry.op == ERASE for name in known.entry.seen}
    return [known for known in entries if known.id not in gone] if gone else entries


def origin(entries: Sequence[Known]) -> str:
    """The school that began the record, wherever it was moved to since."""
    return _began_at(_first(remaining(entries)))


def _first(entries: Sequence[Known]) -> Entry:
    """The entry that says whose the record was at first: of one that was erased from, what the county says of it."""

    def order(known: Known) -> tuple[object, ...]:
        entry = known.entry
        return entry.op != ERASE, entry.op != "put", bool(entry.base), *rank(known)

    return min(entries, key=order).entry


def _began_at(first: Entry) -> str:
    return str(first.set.get(SCOPE, first.scope)) if first.op == ERASE else first.scope


def _single(known: Known) -> RecordState:
    """The common case: a record that was written once."""
    entry = known.entry
    leaves: dict[str, tuple[str, ...]] = dict.fromkeys(entry.set, (known.id,))
    return RecordState(entry.ent, entry.scope, dict(entry.set), False, leaves, frozenset(), False)


def _leaves(entries: Iterable[Known]) -> dict[str, list[Known]]:
    """Field → entries that set it and that no accepted entry replaces, the shown one first."""
    replaced: set[tuple[str, str]] = set()
    setters: dict[str, list[Known]] = {}
    for known in entries:
        grant = known.entry.op == GRANT
        for field, ids in known.entry.base.items():
            if (field == SCOPE) == grant:
                replaced.update((field, replaced_id) for replaced_id in ids)
        for field in known.entry.set:
            if (field == SCOPE) == grant:  # nothing else moves a record, and a grant does nothing else
                setters.setdefault(field, []).append(known)
    heads = {
        field: [known for known in knowns if (field, known.id) not in replaced] for field, knowns in setters.items()
    }
    return {field: sorted(found, key=rank, reverse=True) for field, found in sorted(heads.items()) if found}


def _disagree(field: str, heads: Sequence[Known]) -> bool:
    return any(head.entry.set[field] != heads[0].entry.set[field] for head in heads[1:])


def _void_state(entries: Iterable[Known]) -> tuple[bool, bool]:
    """(hidden, edited after void): a void hides a record only while it has seen every other kind of entry of it.

    Neither a grant nor an erasure is an edit. A record of which nothing but grants has come is not there yet, and one
    of which an erasure left nothing is not there any more.
    """
    voids = [known for known in entries if known.entry.op == "void"]
    others = {known.id for known in entries if is_plain(known.entry)}
    if not voids:
        return not (others or any(_leaves_something(known.entry) for known in entries)), False
    if any(others <= set(void.entry.seen) for void in voids):
        return True, False
    return False, _unsettled(voids, entries)


def _leaves_something(entry: Entry) -> bool:
    return entry.op == ERASE and any(value is not None for name, value in entry.set.items() if name != SCOPE)


def _unsettled(voids: Sequence[Known], entries: Iterable[Known]) -> bool:
    """Whether some void was answered by nobody: no restore has seen it, while an unseen edit keeps the record."""
    answered: set[str] = set()
    for known in entries:
        if known.entry.op == "restore":
            answered.update(known.entry.seen)
    return any(void.id not in answered for void in voids)


def changed_fields(state: Mapping[str, Value], wanted: Mapping[str, Value]) -> dict[str, Value]:
    """The part of `wanted` that differs from `state`."""
    return {field: value for field, value in wanted.items() if state.get(field) != value}


_encoder = msgspec.json.Encoder(order="sorted")
_decoder = msgspec.json.Decoder(Entry)


def encode(entry: Entry) -> bytes:
    """Canonical JSON of an entry: UTF-8, sorted keys, no floats."""
    return _encoder.encode(entry)


def decode(body: bytes) -> Entry:
    """The entry in a JSON line; raises msgspec.ValidationError or msgspec.DecodeError."""
    return _decoder.decode(body)
