"""升级 on 1 September: who goes up, who graduates, who is left as he is, and why (school years: reference §8)."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from jzdesk.core import codes, grades
from jzdesk.policy.enrolment import GONE, PROMOTED, REGROUPED, RETAINED, SKIPPED, Standing, Step

UP, GRADUATE, HELD, STAY, DONE, RECENT = "up", "graduate", "held", "stay", "done", "recent"


class Lot(NamedTuple):
    """What the promotion does with a pupil: `what` as above, the grade reached, and why when it does nothing."""

    what: str
    grade: str | None
    why: str = ""


def first_day(year: int) -> str:
    """The day on which a school year begins."""
    return f"{year}-09-01"


def goes_up() -> frozenset[str]:
    """Statuses with which a pupil goes up with the class: those that count as being on the roll."""
    rows = codes.table("student_status").rows
    return frozenset(code for code, row in rows.items() if row["counts_as_enrolled"] == "1")


def next_grade(grade: str | None, through: Collection[str]) -> str | None:
    """The grade after this one; a last grade in `through` goes on into the next stage of the same school."""
    if grade in through:
        return grades.THROUGH.get(str(grade))
    return grades.following(grade)


def through_of(held: Collection[str]) -> frozenset[str]:
    """The last grades that go on within a school which holds pupils of the grades `held`: G06 in one of nine years."""
    stages = {grades.stage_of(grade) for grade in held}
    return frozenset(last for last, first in grades.THROUGH.items() if grades.stage_of(first) in stages)


def lot_of(
    year: int, standing: Standing, steps: Collection[Step], began: str | None, *, recent: bool, held: bool,
    through: Collection[str] = (),
) -> Lot:  # fmt: skip
    """What the promotion into the school year that begins in `year` does with a pupil.

    `standing` on 1 September; `recent`: the grade was written down in that school year, so it is already the new one;
    `held`: chosen to stay down. Whoever changed grade or class in the new year is done: nothing is done twice.
    """
    day = first_day(year)
    label = codes.table("student_status").label(standing.status or "")
    if standing.status in GONE or standing.status not in goes_up():
        return Lot(STAY, standing.grade, f"{label}，原样不动")
    if done := [one for one in steps if one.date >= day and _settles(one)]:
        return Lot(DONE, standing.grade, f"{done[0].date} 已登记{codes.table('enrolment_event').label(done[0].kind)}")
    if (began or "") >= day:
        return Lot(DONE, standing.grade, "本学年新入学")
    if recent:
        return Lot(RECENT, standing.grade, "年级是本学年登记的")
    if held or stays_down(year, steps):
        return Lot(HELD, standing.grade, "留级")
    if (grade := next_grade(standing.grade, through)) is not None:
        return Lot(UP, grade)
    if any(one.date >= day and one.touches(0) for one in steps):
        return Lot(STAY, standing.grade, "本学年已有别的异动，请单独登记毕业")
    return Lot(GRADUATE, standing.grade)


def _settles(step: Step) -> bool:
    return step.kind in (PROMOTED, RETAINED, SKIPPED, REGROUPED) or step.touches(1) or step.touches(2)


def stays_down(year: int, steps: Collection[Step]) -> bool:
    """Whether 留级 was recorded in the spring before, without a change of grade: the pupil stays where he is."""
    return any(
        one.kind == RETAINED and not one.touches(1) and f"{year}-02-01" <= one.date < first_day(year) for one in steps
    )
