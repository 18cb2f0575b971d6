"""Groups of records that are one child, side by side, and what in them still has to be settled (sync §8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from jzdesk.core import groups
from jzdesk.models import Enrolment, Student
from jzdesk.policy.enrolment import GONE
from jzdesk.services import same_child
from jzdesk.services.student_tables import ENROLMENT, SCHOOL, STUDENT


@dataclass(frozen=True, slots=True)
class GroupSide:
    """One record of a group; `enrolment` is the place it still holds at its school, "" when it has left."""

    uid: str
    name: str
    school: str
    birth: str
    grade: str
    status: str
    enrolment: str


@dataclass(frozen=True, slots=True)
class GroupLine:
    """Records judged to be one child, the number masked; `problem` is a sentence, or "" when all is in order."""

    id_number: str
    sides: tuple[GroupSide, ...]
    problem: str

    @property
    def state_label(self) -> str:
        """Whether somebody has to see to it."""
        return "需要处理" if self.problem else "已归为一人"


def group_lines(connection: Connection) -> list[GroupLine]:
    """Every group, those with a problem first."""
    found = groups.members(same_child.heads(connection))
    apart = {frozenset(pair) for pair in same_child.pairs(connection, "distinct")}
    sides = _sides(connection, [uid for group in found.values() for uid in group])
    lines = [_line([sides[uid] for uid in group if uid in sides], apart) for group in found.values()]
    return sorted(lines, key=lambda line: (not line.problem, [side.name for side in line.sides]))


def with_problems(connection: Connection) -> int:
    """How many groups have something to settle."""
    return sum(bool(line.problem) for line in group_lines(connection))


def _line(sides: Sequence[tuple[GroupSide, str]], apart: set[frozenset[str]]) -> GroupLine:
    shown = tuple(side for side, _ in sides)
    number = next((number for _, number in sides if number), "")
    return GroupLine(Student.spec["id_number"].masked(number) if number else "", shown, _problem(shown, apart))


def _problem(sides: Sequence[GroupSide], apart: set[frozenset[str]]) -> str:
    """Two places at school at once, or a verdict that says otherwise."""
    active = [side for side in sides if side.enrolment]
    if len(active) > 1:
        schools = "、".join(side.school for side in active)
        return f"同时在 {schools} 有在读的学籍：请转出的学校申请转学，或注销其中一边的学籍。"
    uids = {side.uid for side in sides}
    if any(pair <= uids for pair in apart):
        return "其中有两条记录另判定过“不是同一人”，请核对后撤销一个判定。"
    return ""


def _sides(connection: Connection, uids: Sequence[str]) -> dict[str, tuple[GroupSide, str]]:
    """uid → (side, number)."""
    query = select(STUDENT, SCHOOL.c.name.label("school")).outerjoin(
        SCHOOL, (SCHOOL.c.code == STUDENT.c.scope) & (SCHOOL.c.hidden == 0)
    )
    places = _places(connection, uids)
    found = {}
    for row in connection.execute(query.where(STUDENT.c.uid.in_(uids))).mappings():
        place = places.get(row["uid"], {})
        spec, living = Enrolment.spec, place.get("status") not in (None, *GONE)
        found[row["uid"]] = GroupSide(
            row["uid"], row["name"] or "", row["school"] or row["scope"], row["birth"] or "",
            spec["grade"].show(place.get("grade")), spec["status"].show(place.get("status")),
            place["uid"] if living else "",
        ), row["id_number"] or ""  # fmt: skip
    return found


def _places(connection: Connection, uids: Sequence[str]) -> dict[str, Mapping[Any, Any]]:
    """Student → its place at the school that has it, the one that goes on or began last."""
    query = (
        select(ENROLMENT)
        .join(STUDENT, (STUDENT.c.uid == ENROLMENT.c.student) & (STUDENT.c.scope == ENROLMENT.c.scope))
        .where(ENROLMENT.c.student.in_(uids), ENROLMENT.c.hidden == 0)
        .order_by(ENROLMENT.c.status.not_in(GONE), ENROLMENT.c.valid_from)
    )
    return {row["student"]: dict(row) for row in connection.execute(query).mappings()}
