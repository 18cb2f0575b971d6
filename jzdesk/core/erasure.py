"""What an erasure by law must say, so that nothing of what it names is left and nothing else changes: a pure rule."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from jzdesk.core.errors import UserError
from jzdesk.core.fields import Value
from jzdesk.core.merge import ERASE, GRANT, SCOPE, Known, origin, record_state

GROUND = range(4, 201)
"""How many characters the ground of an erasure may have."""


class Erasure(NamedTuple):
    """The content of an entry `erase`, as in `Entry`: what is left of the record, in whose place, and what goes."""

    set: dict[str, Value]
    base: dict[str, tuple[str, ...]]
    seen: tuple[str, ...]


def erasure(
    accepted: Sequence[Known], every: Sequence[Known], fields: Collection[str] | None, label: str = ""
) -> Erasure | None:
    """Erase these fields of a record (None: all of it); None when nothing is there to be erased.

    `every` are all its entries that are here, whatever their standing, `accepted` those of them that count. Each that
    gives one of the fields a value goes as a whole, so what else it says is said anew: with every entry as its base
    that counts and set the same, or an older value would come back. An earlier erasure that goes is repeated.

    Raises UserError while a field that would be said anew has two values, or nobody has settled whether the record is
    void; `label` names the record in it.
    """
    named = [known for known in every if _says(known, fields)]
    if not named:
        return None
    seen = {known.id for known in named}.union(*(known.entry.seen for known in named if known.entry.op == ERASE))
    touched = {name for known in named for name in known.entry.set if name != SCOPE}
    gone = touched if fields is None else touched.intersection(fields)
    state = record_state(accepted) if accepted else None
    if state is not None and fields is not None and (state.conflicts & (touched - gone) or state.edited_after_void):
        raise UserError("这条记录还有没裁定的冲突", "请先在“合并结果”里裁定，再办理删除。", label)
    values = {} if state is None else state.values
    return Erasure(
        {SCOPE: origin(every), **{name: None if name in gone else values.get(name) for name in sorted(touched)}},
        {name: ids for name in sorted(touched) if (ids := _setters(accepted, name))},
        tuple(sorted(seen)),
    )


def _says(known: Known, fields: Collection[str] | None) -> bool:
    """Whether an entry says something of what is to go; a grant says nothing but whose the record is."""
    entry = known.entry
    if entry.op == GRANT:
        return False
    return fields is None or any(entry.set.get(name) is not None for name in fields)


def _setters(accepted: Iterable[Known], name: str) -> tuple[str, ...]:
    return tuple(sorted(known.id for known in accepted if known.entry.op != GRANT and name in known.entry.set))
