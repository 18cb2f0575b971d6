"""Cross-checks are questions, never refusals: opened by the program, kept until somebody confirms or corrects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import select

from jzdesk.core import citizen_id
from jzdesk.core.errors import ValueFault
from jzdesk.core.fields import Value
from jzdesk.models import Question, Student
from jzdesk.store.unit import Unit

_QUESTION = Question.__table__


def open_questions(values: Mapping[str, Value], today: str) -> list[tuple[str, str]]:
    """(kind, sentence) for everything about a student's values that somebody should look at."""
    number = values.get("id_number")
    if not number:
        return []
    try:
        reading = citizen_id.check(str(number), today=today)
    except ValueFault:
        return []
    birth, sex = values.get("birth"), values.get("sex")
    return list(citizen_id.compare(reading, str(birth) if birth else None, str(sex) if sex else None))


def review(unit: Unit, uids: Iterable[str], today: str) -> int:
    """Bring the questions of these students up to date; returns how many students have one open."""
    listed = list(uids)
    states = unit.states(Student, listed)
    query = select(_QUESTION).where(_QUESTION.c.student.in_(listed), _QUESTION.c.hidden == 0)
    known: dict[str, dict[str, tuple[str, str]]] = {}
    for row in unit.connection.execute(query):
        known.setdefault(row.student, {})[row.kind] = (row.uid, row.state)
    return sum(_review_one(unit, uid, states[uid].values, known.get(uid, {}), today) for uid in listed)


def _review_one(
    unit: Unit, uid: str, values: Mapping[str, Value], known: Mapping[str, tuple[str, str]], today: str
) -> bool:
    asked = dict(open_questions(values, today))
    for kind, sentence in asked.items():
        if kind not in known:
            unit.add(Question, {"student": uid, "kind": kind, "sentence": sentence, "state": "open"})
        elif known[kind][1] == "gone":
            unit.change(Question, known[kind][0], {"state": "open", "sentence": sentence})
    for kind, (question, state) in known.items():
        if kind in _OWN_KINDS and kind not in asked and state == "open":
            unit.change(Question, question, {"state": "gone"})
    return any(known.get(kind, ("", "open"))[1] != "confirmed" for kind in asked)


_OWN_KINDS = frozenset({"birth_mismatch", "sex_mismatch"})
