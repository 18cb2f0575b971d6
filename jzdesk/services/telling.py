"""Values in words for people who compare them: records and codes by name, masked values told apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jzdesk.core.fields import FieldSpec, Value
from jzdesk.services.ledger import shown


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
