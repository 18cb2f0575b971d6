"""The child who is being paid elsewhere this term: told to each school without saying who or where (moonshot 3)."""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Table, bindparam, func, select

from jzdesk.core.fields import Value
from jzdesk.core.fingerprint import KEY_BYTES, Marks
from jzdesk.core.term import Term
from jzdesk.models import BY_NAME
from jzdesk.services.context import Context, term_at_work
from jzdesk.store.store import read_setting
from jzdesk.store.tables import setting
from jzdesk.sync.receipt import PaidElsewhere
from jzdesk.sync.refusal import PackageRefused

SETTING = "paid_elsewhere"
"""Name of the setting, and kind of the question."""

_TELLING = 100
SENTENCE = (
    "县里提示：这名学生本学期可能已经在别的学校享受资助。请先核实学籍和资助情况；"
    "确实在本校的请照常登记，并告知县教育局（这种提示每两千人次可能错一次）。"
)


def marks_for(connection: Connection, term: Term, school: str) -> PaidElsewhere:
    """What the county tells one school: the children whom other schools have on this term's paid or approved lists.

    A child that has come to the school brought what was paid with its file: of that one the school knows itself.
    """
    payment, student = _table("payment"), _table("student")
    query = (
        select(student.c.id_number, student.c.name)
        .join(payment, payment.c.student == student.c.uid)
        .where(
            payment.c.hidden == 0, payment.c.kind != "returned", payment.c.term == str(term),
            payment.c.scope != school, student.c.scope != school, student.c.id_number.is_not(None),
            student.c.name.is_not(None),
        )
        .distinct()
    )  # fmt: skip
    key = os.urandom(KEY_BYTES)
    marks = Marks.of(key, ((row.id_number, row.name) for row in connection.execute(query)))
    return PaidElsewhere(term=str(term), key=key.hex(), bits=marks.bits, marks=b64encode(marks.packed()).decode())


def kept(told: PaidElsewhere) -> dict[str, Any]:
    """What a school keeps of it in its settings; raises PackageRefused for what no county writes."""
    try:
        Marks.unpacked(bytes.fromhex(told.key), told.bits, b64decode(told.marks, validate=True))
    except ValueError:
        raise PackageRefused("回执里的重复享受提示写法不对", "container") from None
    return {"term": told.term, "key": told.key, "bits": told.bits, "marks": told.marks}


class DoubleClaims:
    """Asks the list that came with the last receipt; a list of another term says nothing."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def known(self) -> int:
        """How many children the list speaks of; 0 without one."""
        marks = self._current()
        return len(marks.sorted_marks) if marks else 0

    def warning(self, number: Value, name: Value) -> str | None:
        """The sentence for a child who may be paid elsewhere; None for everybody else."""
        return _warning(self._current(), number, name) if number and name else None

    def among(self, children: Iterable[tuple[str, Value, Value]]) -> list[str]:
        """uids of those (uid, number, name) who may be paid elsewhere."""
        marks = self._current()
        return [uid for uid, number, name in children if _warning(marks, number, name)]

    def _current(self) -> Marks | None:
        with self._context.read() as connection:
            return marks_of(connection, term_at_work(connection, self._context.today()))


_unpacked: tuple[str, str, Marks] | None = None


def marks_of(connection: Connection, term: str) -> Marks | None:
    """The marks that the last receipt brought, when they are of this term.

    Up to 40,000 are unpacked when a receipt was read, not at every key press or save: the setting begins with the term
    and a key that is drawn anew for every receipt, so what was unpacked of one with the same ends is kept.
    """
    global _unpacked
    ends = connection.execute(_ENDS, {"setting": SETTING}).scalar_one_or_none()
    if ends is None:
        return None
    if (kept_here := _unpacked) is None or kept_here[0] != ends:
        stored = read_setting(connection, SETTING)
        marks = Marks.unpacked(bytes.fromhex(stored["key"]), stored["bits"], b64decode(stored["marks"]))
        _unpacked = kept_here = (ends, stored["term"], marks)
    return kept_here[2] if kept_here[1] == term else None


_ENDS = select(
    func.substr(setting.c.value, 1, _TELLING).concat(
        func.substr(setting.c.value, func.length(setting.c.value) - _TELLING)
    )
).where(setting.c.key == bindparam("setting"))


def doubts_of(marks: Marks | None, values: Mapping[str, Value]) -> list[tuple[str, str]]:
    """(kind, sentence) to ask about a student with these values: the kind `SETTING`, or nothing."""
    said = _warning(marks, values.get("id_number"), values.get("name"))
    return [(SETTING, said)] if said else []


def _warning(marks: Marks | None, number: Value, name: Value) -> str | None:
    if marks is None or not number or not name:
        return None
    return SENTENCE if (str(number), str(name)) in marks else None


def _table(name: str) -> Table:
    table = BY_NAME[name].__table__
    assert isinstance(table, Table)
    return table
