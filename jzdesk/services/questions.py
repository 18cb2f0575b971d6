"""Cross-checks are questions, never refusals: opened by the program, kept until somebody confirms or corrects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from sqlalchemy import Connection, bindparam, select

from jzdesk.core.errors import UserError
from jzdesk.core.fields import Value
from jzdesk.models import Question, Student
from jzdesk.policy import doubts
from jzdesk.policy.doubts import Doubt
from jzdesk.services import double_claim, rare_names
from jzdesk.services.context import term_at_work
from jzdesk.services.double_claim import SETTING as PAID_ELSEWHERE
from jzdesk.services.similar import Similar
from jzdesk.services.surroundings import surroundings
from jzdesk.store.unit import Unit

SAME = "same_person"
_LONGEST = 300
_QUESTION = Question.__table__
OF_THE_RECORD = frozenset(
    {
        "birth_mismatch", "sex_mismatch", "doc_type", "id_number", "roll_number", "roll_differs", "disability_card",
        "pinyin", "no_id", "rare_character",
    }
)  # fmt: skip
"""Kinds that are about what stands in the record itself."""

OF_THE_SURROUNDINGS = frozenset(
    {
        "no_proof", "guardian_number", "age_grade", "guardian_sex", "guardian_age", "guardian_legacy", "two_households",
        "members_count", "household_counts", "account_holder", "offer_D10", "offer_D12", PAID_ELSEWHERE,
    }
)  # fmt: skip
"""Kinds that are about how the record fits to the family and the school around it."""

OWN = OF_THE_RECORD | OF_THE_SURROUNDINGS
"""Every kind that the program opens by itself, and lets go of when there is nothing to ask any more."""

Known = Mapping[str, tuple[str, str, str]]
"""Kind → (uid, state, sentence) of the questions of one student."""


def open_questions(values: Mapping[str, Value], today: str, *, at_once: bool = False) -> list[Doubt]:
    """(kind, sentence) for what a student's values say against themselves.

    `at_once` for a form that is being filled: fonts that are still shut are left so, see `rare_names.quick_doubt`.
    """
    name = str(values.get("name") or "")
    said = rare_names.quick_doubt(name) if at_once else rare_names.doubt(name)
    return [*doubts.contradictions(values, today), *([("rare_character", said)] if said else [])]


def review(unit: Unit, uids: Iterable[str], today: str, same: Mapping[str, Sequence[Similar]] | None = None) -> int:
    """Bring the questions of these students up to date; returns how many students have one open.

    `same` tells, for students whose identity was just typed, who may be the same child: kept as a question as well.
    """
    listed = list(uids)
    states = {uid: state.values for uid, state in unit.states(Student, listed).items()}
    around = surroundings(unit.connection, states, today)
    marks = double_claim.marks_of(unit.connection, term_at_work(unit.connection, today))
    known = _known(unit.connection, listed)
    asking = 0
    for uid in listed:
        asked = dict(open_questions(states[uid], today)) | dict(doubts.gaps(states[uid], around[uid], today))
        asked |= dict(double_claim.doubts_of(marks, states[uid]))
        own = OWN
        if same is not None and uid in same:
            own |= {SAME}
            asked |= {SAME: _same(same[uid])} if same[uid] else {}
        asking += _settle(unit, uid, asked, known.get(uid, {}), own)
    return asking


def _same(found: Sequence[Similar]) -> str:
    return same_sentence((str(each.row.name), each.reason) for each in found)


def same_sentence(found: Iterable[tuple[str, str]]) -> str:
    """Who it may be, as (name, why), in words that do not change when the other child goes up a grade."""
    names = "；".join(f"“{name}”（{why}）" for name, why in found)
    return f"可能与已登记的{names}是同一名学生，请确认"


_KNOWN = select(_QUESTION.c.uid, _QUESTION.c.student, _QUESTION.c.kind, _QUESTION.c.state, _QUESTION.c.sentence).where(
    _QUESTION.c.student.in_(bindparam("uids", expanding=True)), _QUESTION.c.hidden == 0
)


def _known(connection: Connection, uids: Sequence[str]) -> Mapping[str, Known]:
    found: dict[str, dict[str, tuple[str, str, str]]] = {}
    for row in connection.execute(_KNOWN, {"uids": uids}):
        found.setdefault(row.student, {})[row.kind] = (row.uid, row.state, row.sentence or "")
    return found


def verdicts(
    asked: Mapping[str, str], known: Known, own: frozenset[str]
) -> Iterator[tuple[str, str | None, dict[str, Value]]]:
    """(kind, uid or None for a new question, values) of what has to be written: what is asked now is opened, open
    questions of the kinds `own` that no longer are go; what a person confirmed stays."""
    for kind, said in asked.items():
        sentence = said[:_LONGEST]
        if kind not in known:
            yield kind, None, {"kind": kind, "sentence": sentence, "state": "open"}
        elif known[kind][1] == "gone" or (known[kind][1] == "open" and known[kind][2] != sentence):
            yield kind, known[kind][0], {"state": "open", "sentence": sentence}
    for kind, (question, state, _) in known.items():
        if kind.split(".")[0] in own and kind not in asked and state == "open":
            yield kind, question, {"state": "gone"}


def _settle(unit: Unit, uid: str, asked: Mapping[str, str], known: Known, own: frozenset[str]) -> bool:
    """Write the verdicts; whether a question of this student is open."""
    for _, question, values in verdicts(asked, known, own):
        if question is None:
            unit.add(Question, {"student": uid, **values})
        else:
            unit.change(Question, question, values)
    return any(known.get(kind, ("", "open"))[1] != "confirmed" for kind in asked)


def offered(kind: str) -> str | None:
    """The code of the hardship that a question of this kind offers to record; None for other questions."""
    return kind.removeprefix(doubts.OFFER) if kind.startswith(doubts.OFFER) else None


def confirm(unit: Unit, uid: str, reason: str) -> None:
    """Settle a question with the reason why the record is right as it stands; raises UserError without one."""
    if not reason.strip():
        raise UserError("没有写明确认的理由", "请写一句理由，例如“证件待更正，已看户口簿”。", "待核实")
    unit.change(Question, uid, {"state": "confirmed", "reason": reason.strip()})
