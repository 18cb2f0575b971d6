"""Values in words for people who compare them: records and codes by name, masked values told apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from jzdesk.core.fields import EntitySpec, FieldSpec, Value
from jzdesk.core.merge import Entry
from jzdesk.services.ledger import mentioned, shown


def in_words(known: FieldSpec | None, value: Value, names: Mapping[str, str]) -> str:
    """As `ledger.shown`; a value of a wrong type, or of a field that only a newer version knows, as it stands."""
    if known is None:
        return "" if value is None else str(value)
    try:
        return shown(known, value, names)
    except (TypeError, ValueError, AttributeError):
        return str(value)


def told_apart(known: FieldSpec | None, values: Sequence[Value], names: Mapping[str, str]) -> list[str]:
    """The values in words. Of masked ones that differ and look alike, the characters that differ are uncovered."""
    texts = [in_words(known, value, names) for value in values]
    if known is None or not known.sensitive:
        return texts
    whole = [_clear(known, value) for value in values]
    found = []
    for text, mine in zip(texts, whole, strict=True):
        alike = [other for said, other in zip(texts, whole, strict=True) if said == text and other != mine]
        found.append(_uncovered(text, mine, alike) if alike else text)
    return found


def title_of(connection: Connection, spec: EntitySpec, entry: Entry, met: Mapping[str, str]) -> str:
    """A record that is not here goes by what the entry itself says."""
    said = {name: entry.set[name] for name in spec.title if name in entry.set}
    return " ".join(text for _, text in fields_of(connection, spec, said, met) if text) or spec.label


def note(connection: Connection, spec: EntitySpec, entry: Entry, met: dict[str, str]) -> None:
    """Remember what a record is called that an entry names."""
    if any(name in entry.set for name in spec.title):
        met.setdefault(entry.uid, title_of(connection, spec, entry, met))


def fields_of(
    connection: Connection, spec: EntitySpec, values: Mapping[str, Any], met: Mapping[str, str]
) -> list[tuple[str, str]]:
    """(label, text) of fields; `met` are the titles of records that are not here, by uid."""
    names = {**met, **mentioned(connection, spec, [values])}
    known = {name: spec.fields.get(name) for name in values}
    return [(one.label if one else name, in_words(one, values[name], names)) for name, one in known.items()]


def _clear(known: FieldSpec, value: Value) -> str:
    try:
        return known.show(value)
    except (TypeError, ValueError, AttributeError):
        return str(value)


def _uncovered(text: str, mine: str, others: Sequence[str]) -> str:
    if {len(text)} != {len(mine), *map(len, others)}:
        return mine
    return "".join(
        clear if any(other[place] != clear for other in others) else covered
        for place, (covered, clear) in enumerate(zip(text, mine, strict=True))
    )
