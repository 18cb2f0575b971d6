"""What stands in the form of a child: its keys taken apart, and its number read by the kind of document."""

from __future__ import annotations

from collections.abc import Mapping

from jzdesk.core import citizen_id
from jzdesk.core.errors import ValueFault
from jzdesk.core.fields import Value
from jzdesk.ui.ledger.form import Understood

NUMBER, CITIZEN = "student.id_number", "1"


def by_document(held: Understood, raw: Value) -> Understood:
    """A passport or travel permit has no check digit of ours: the number `raw` is read by its own rules."""
    document = held.values.get("student.id_type")
    if raw is None or document in (None, CITIZEN):
        return held
    problems = {key: said for key, said in held.problems.items() if key != NUMBER}
    questions = {key: said for key, said in held.questions.items() if key != NUMBER}
    try:
        reading = citizen_id.check(raw, kind=str(document))
    except ValueFault as fault:
        return Understood({**held.values, NUMBER: None}, {**problems, NUMBER: fault.sentence()}, questions)
    return Understood({**held.values, NUMBER: reading.value}, problems, questions)


def values_under(values: Mapping[str, Value], prefix: str) -> dict[str, Value]:
    """The values whose keys begin with `prefix`, under their own names."""
    return {key.removeprefix(prefix): value for key, value in values.items() if key.startswith(prefix)}


def is_own(key: str) -> bool:
    """Whether a key is a field of the child itself."""
    return key.startswith("student.") and key != "student.household"


def number_of(prefix: str) -> int:
    """Of `guardian.3.` the 3."""
    return int(prefix.split(".")[1])


def renamed(key: str, prefixes: Mapping[str, str]) -> str:
    """The key with its prefix replaced, where `prefixes` (old → new) knows it."""
    old = next((old for old in prefixes if key.startswith(old)), "")
    return prefixes[old] + key.removeprefix(old) if old else key
