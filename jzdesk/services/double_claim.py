"""The child who is being paid elsewhere this term: told to each school without saying who or where (moonshot 3)."""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Table, select

from jzdesk.core.fields import Value
from jzdesk.core.fingerprint import KEY_BYTES, Marks
from jzdesk.core.term import Term
from jzdesk.models import BY_NAME
from jzdesk.services.context import Context
from jzdesk.sync.receipt import PaidElsewhere
from jzdesk.sync.refusal import PackageRefused

SETTING = "paid_elsewhere"
SENTENCE = (
    "县里提示：这名学生本学期可能已经在别的学校享受资助。请先核实学籍和资助情况；"
    "确实在本校的请照常登记，并告知县教育局（这种提示每两千人次可能错一次）。"
)


def marks_for(connection: Connection, term: Term, school: str) -> PaidElsewhere:
    """What the county tells one school: the children whom other schools have on this term's paid or approved lists."""
    payment, student = _table("payment"), _table("student")
    query = (
        select(student.c.id_number, student.c.name)
        .join(payment, payment.c.student == student.c.uid)
        .where(
            payment.c.hidden == 0, payment.c.kind != "returned", payment.c.term == str(term),
            payment.c.scope != school, student.c.id_number.is_not(None), student.c.name.is_not(None),
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
        self._marks: Marks | None = None
        stored = context.store.setting(SETTING)
        if stored and stored["term"] == str(context.term()):
            key, packed = bytes.fromhex(stored["key"]), b64decode(stored["marks"])
            self._marks = Marks.unpacked(key, stored["bits"], packed)

    def known(self) -> int:
        """How many children the list speaks of; 0 without one."""
        return len(self._marks.sorted_marks) if self._marks else 0

    def warning(self, number: Value, name: Value) -> str | None:
        """The sentence for a child who may be paid elsewhere; None for everybody else."""
        if self._marks is None or not number or not name:
            return None
        return SENTENCE if (str(number), str(name)) in self._marks else None

    def among(self, children: Iterable[tuple[str, Value, Value]]) -> list[str]:
        """uids of those (uid, number, name) who may be paid elsewhere."""
        return [uid for uid, number, name in children if self.warning(number, name)]


def _table(name: str) -> Table:
    table = BY_NAME[name].__table__
    assert isinstance(table, Table)
    return table
