"""Kept lines as people read them: names of pupils, through whom, what accepting would do."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select

from jzdesk.core.codes import table
from jzdesk.models import Student
from jzdesk.policy.lists import NO, ListKind
from jzdesk.policy.matching import ENDED
from jzdesk.services.lists.lines import Line
from jzdesk.services.lists.shapes import OUTCOME_LABELS, PILE_LABELS, Likely, ListLine
from jzdesk.services.pupils import STUDENT, Pupil, pupils


class Showing:
    """Lines of one run; reads the pupils of the school once."""

    def __init__(self, connection: Connection, scope: str, kind: ListKind) -> None:
        self._kind = kind
        self._pupils = pupils(connection, scope)
        query = select(STUDENT.c.uid, STUDENT.c.name, STUDENT.c.birth).where(STUDENT.c.scope == scope)
        self._people = {row[0]: (row[1] or "", row[2] or "") for row in connection.execute(query)}

    def show(self, lines: Sequence[Line]) -> list[ListLine]:
        """The lines, in order."""
        return [self._show(line) for line in lines]

    def _show(self, line: Line) -> ListLine:
        facts, student = line.facts, line.student or ""
        pupil, _ = self._people.get(student, ("", ""))
        place = self._place(student)
        return ListLine(
            line.id, line.run, line.pile, PILE_LABELS[line.pile], line.row, line.name,
            Student.spec["id_number"].masked(line.number) if line.number else "", str(facts.get("birth") or ""),
            student, pupil, place, _via(line), self._gives(line), str(facts.get("says") or ""),
            _details(line),
            tuple(self._likely(str(uid), str(why)) for uid, why in facts.get("likely", ())),
            line.outcome or "", OUTCOME_LABELS.get(line.outcome or "", ""), line.reason or "", line.waiting,
            bool(facts.get("offered")),
        )  # fmt: skip

    def _place(self, student: str) -> str:
        one: Pupil | None = self._pupils.get(student)
        if one is None:
            return ""
        return one.place if one.enrolled else f"{one.place}（{table('student_status').label(one.status)}）"

    def _likely(self, uid: str, why: str) -> Likely:
        name, birth = self._people.get(uid, ("", ""))
        return Likely(uid, name, self._place(uid), birth, why)

    def _gives(self, line: Line) -> str:
        """What accepting does, in the words of the code tables."""
        facts = line.facts
        if line.pile == ENDED:
            return f"结束：{_hardship(str(facts.get('code')))}"
        fresh = facts.get("fresh", [code for code, _ in facts.get("marks", ())])
        parts = [_hardship(str(code)) for code in fresh]
        if self._kind.policy == NO:
            parts = ["不享受政策，不登记困难类型"]
        elif facts.get("keeps") and not parts:
            parts = ["风险已消除，已有的困难类型不停"]
        if facts.get("home", facts.get("household")):
            parts.append("更新家庭户")
        if facts.get("category") or facts.get("card"):
            parts.append("残疾信息")
        return "、".join(parts) or "没有变化"


def _hardship(code: str) -> str:
    """The label without its explanation in brackets."""
    return table("difficulty_type").label(code).split("（")[0]


def _details(line: Line) -> tuple[tuple[str, str], ...]:
    """What helps to recognise somebody; of a hardship that may end, since when and on what ground it is in force."""
    facts = line.facts
    if line.pile == ENDED:
        return (("登记自", str(facts.get("since") or "")), ("依据", str(facts.get("proof") or "")))
    return tuple((str(heading), str(text)) for heading, text in facts.get("details", ()))


def _via(line: Line) -> str:
    """`父亲 宋琪亦`, or `同户 宋琪亦`; empty for the pupil's own row."""
    via = line.facts.get("via")
    return f"{line.facts.get('relation') or '同户'} {via}" if via else ""
