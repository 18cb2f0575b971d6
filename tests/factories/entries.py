"""Journal entries of one record for tests of the merge, and a naive second reading of sync §2 to compare with."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

from hypothesis import strategies as st

from jzdesk.core.erasure import erasure
from jzdesk.core.errors import UserError
from jzdesk.core.fields import Value
from jzdesk.core.merge import AUTHORITY, ERASE, GRANT, SCOPE, Entry, Known

FIELDS = ("name", "phone", "note")
SCOPES = {"school": "2143990001", "township": "2143990001", "county": "county"}


def entry(
    at: int,
    values: dict[str, Value] | None = None,
    base: dict[str, tuple[str, ...]] | None = None,
    *,
    op: str = "put",
    role: str = "school",
    seen: tuple[str, ...] = (),
    dev: str = "d1",
    n: int = 1,
) -> Known:
    """One accepted entry with an id that follows from what it says."""
    made = Entry(
        at=at, actor="甲", dev=dev, ent="student", ep="e", n=n, op=op, role=role, salt="", scope=SCOPES[role], sv=1,
        uid="u" * 32, base=base or {}, seen=seen, set=values or {},
    )  # fmt: skip
    return Known(sha256(repr(made).encode()).hexdigest()[:32], made)


class Reading(NamedTuple):
    """What the naive reading says of a record."""

    values: dict[str, Value]
    hidden: bool
    leaves: dict[str, frozenset[str]]
    conflicts: frozenset[str]
    edited_after_void: bool


def naive(entries: Sequence[Known]) -> Reading:
    """Sync §2 sentence by sentence, quadratic and without any of the tricks of the product."""
    entries = left(entries)
    values: dict[str, Value] = {}
    leaves: dict[str, frozenset[str]] = {}
    conflicts: set[str] = set()
    for name in {name for known in entries for name in known.entry.set}:
        heads = [known for known in entries if _says(known, name) and not _replaced(known, name, entries)]
        if heads:
            values[name] = max(heads, key=_order).entry.set[name]
            leaves[name] = frozenset(head.id for head in heads)
            if len({head.entry.set[name] for head in heads}) > 1:
                conflicts.add(name)
    hidden, edited = _visibility(entries)
    return Reading(values, hidden, leaves, frozenset(conflicts), edited)


def left(entries: Sequence[Known]) -> list[Known]:
    """Those that no erasure names."""
    erasures = [known for known in entries if known.entry.op == ERASE]
    return [known for known in entries if not any(known.id in one.entry.seen for one in erasures)]


def _replaced(known: Known, name: str, entries: Sequence[Known]) -> bool:
    return any(known.id in other.entry.base.get(name, ()) for other in entries if _may_say(other, name))


def _says(known: Known, name: str) -> bool:
    return name in known.entry.set and _may_say(known, name)


def _may_say(known: Known, name: str) -> bool:
    """A grant is about the scope and nothing else, and nothing else is about the scope."""
    return (known.entry.op == GRANT) == (name == SCOPE)


def _visibility(entries: Sequence[Known]) -> tuple[bool, bool]:
    """(hidden, an edit met a void nobody has answered); neither a grant nor an erasure is an edit.

    By themselves they are no record either, but for what an erasure left.
    """
    erasures = [known for known in entries if known.entry.op == ERASE]
    entries = [known for known in entries if known.entry.op not in (GRANT, ERASE)]
    if not entries:
        said = {name for one in erasures for name, value in one.entry.set.items() if value is not None}
        return not said - {SCOPE}, False
    voids = [known for known in entries if known.entry.op == "void"]
    for void in voids:
        if all(known.entry.op == "void" or known.id in void.entry.seen for known in entries):
            return True, False
    answered = {seen for known in entries if known.entry.op == "restore" for seen in known.entry.seen}
    return False, any(void.id not in answered for void in voids)


def _order(known: Known) -> tuple[int, int, str, str]:
    return AUTHORITY[known.entry.role], known.entry.at, known.entry.dev, known.id


@st.composite
def histories(draw: st.DrawFn) -> list[Known]:
    """Entries of one record, each written by a station that had seen any part of what came before."""
    known: list[Known] = []
    for n in range(1, draw(st.integers(1, 9)) + 1):
        seen = draw(st.lists(st.sampled_from(known), unique_by=lambda one: one.id)) if known else []
        known.append(draw(_next(n, seen)))
    return known


@st.composite
def _next(draw: st.DrawFn, n: int, seen: Sequence[Known]) -> Known:
    """The next entry of somebody who knows `seen` only; clocks and devices are anything."""
    op = draw(st.sampled_from(("put", "put", "put", "put", "void", "restore", "resolve", ERASE))) if seen else "put"
    if op == ERASE:
        return draw(_erasure(n, seen))
    role = draw(st.sampled_from(tuple(AUTHORITY)))
    at, dev = draw(st.integers(0, 5)), draw(st.sampled_from(("d1", "d2", "d3")))
    if op in ("void", "restore"):
        return entry(at, op=op, role=role, seen=tuple(known.id for known in seen), dev=dev, n=n)
    names = draw(st.sets(st.sampled_from(FIELDS), min_size=1))
    values: dict[str, Value] = {name: draw(st.sampled_from((None, "甲", "乙", "丙"))) for name in sorted(names)}
    leaves = naive(seen).leaves if seen else {}
    base = {name: tuple(sorted(leaves[name])) for name in values if name in leaves}
    return entry(at, values, base, op=op, role=role, dev=dev, n=n)


@st.composite
def _erasure(draw: st.DrawFn, n: int, seen: Sequence[Known]) -> Known:
    """The county erases what it knows of some fields, or all of it; or has nothing to erase and writes something."""
    fields = draw(st.none() | st.sets(st.sampled_from(FIELDS), min_size=1, max_size=2))
    counting = left(seen)
    try:
        plan = erasure(counting, counting, fields)
    except UserError:  # two values, which somebody must settle first
        plan = None
    at = draw(st.integers(0, 5))
    if plan is None:
        return entry(at, {"note": "丁"}, role="county", dev="d0", n=n)
    return entry(at, plan.set, plan.base, op=ERASE, role="county", seen=plan.seen, dev="d0", n=n)
