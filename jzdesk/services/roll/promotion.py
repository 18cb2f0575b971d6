"""升级与毕业: the whole school goes up on 1 September, previewed class by class, in one action that can be undone.

A class is a place of its grade: pupils move from 三年级1班 to 四年级1班, and the head teacher goes with them; the
records of the classes stay what they were (docs/decisions/12).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, select

from jzdesk.core import codes
from jzdesk.core.errors import UserError
from jzdesk.core.term import Term
from jzdesk.policy import enrolment as rules
from jzdesk.policy import promotion as lots
from jzdesk.policy.promotion import DONE, GRADUATE, HELD, RECENT, STAY, UP, Lot
from jzdesk.services.context import Context
from jzdesk.services.pupils import CLASS, ENROLMENT, EVENT, STUDENT
from jzdesk.services.roll.promoting import Plan, carry_out, plan_of
from jzdesk.services.roll.timeline import Timeline, only_schools
from jzdesk.store.unit import Changes

PLACE = "升级"


@dataclass(frozen=True, slots=True)
class PromotionPupil:
    """One pupil in the preview: `what` is up, graduate, held, stay, done or recent; `note` says why not up."""

    uid: str
    name: str
    status: str
    what: str
    note: str


@dataclass(frozen=True, slots=True)
class PromotionLine:
    """One class in the preview: from where to where, how many go, stay down, and are left as they are."""

    uid: str
    grade: str
    school_class: str
    to: str
    going: int
    held: int
    left: int
    done: int
    graduates: bool
    pupils: tuple[PromotionPupil, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """What the promotion would do: `going` up, `graduating`, `held` down, `left` as they are, `done` already."""

    year: int
    label: str
    lines: tuple[PromotionLine, ...]
    going: int
    graduating: int
    held: int
    left: int
    done: int
    recent: int
    through: tuple[str, ...]

    @property
    def finished(self) -> bool:
        """Whether nobody is left to promote."""
        return not self.going and not self.graduating

    def sentence(self) -> str:
        """What would happen, or why nothing."""
        if self.finished and self.recent:
            why = f"{self.recent} 名学生的年级都是本学年登记的"
            return f"{self.label}不用升级：{why}。名册还是上学年的，请勾选“仍要升级”。"
        if self.finished:
            return f"{self.label}已经升级，不会再升一次。" if self.done else f"{self.label}没有要升级的学生。"
        rest = f"，{self.left} 人原样不动" if self.left else ""
        again = f"，{self.done} 人已办过" if self.done else ""
        return f"{self.label}：升级 {self.going} 人，毕业 {self.graduating} 人，留级 {self.held} 人{rest}{again}。"


@dataclass(frozen=True, slots=True)
class Promoted:
    """The promotion is done: how many, how many classes were made, and the action that can be undone."""

    year: int
    promoted: int
    graduated: int
    held: int
    classes: int
    action: int | None
    changes: Changes

    def sentence(self) -> str:
        """In words."""
        return f"升级 {self.promoted} 人，毕业 {self.graduated} 人，留级 {self.held} 人"


@dataclass(frozen=True, slots=True)
class Leaver:
    """One pupil who has graduated; `uid` is the event."""

    uid: str
    student: str
    name: str
    place: str
    date: str
    destination: str


class PromotionService:
    """The verbs of the tab 升级与毕业."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def year(self) -> int:
        """The school year that today belongs to, by its first calendar year."""
        return Term.of(self._context.today()).start

    def preview(
        self, held: Collection[str] = (), year: int | None = None, *, anyway: bool = False,
        through: Collection[str] = (),
    ) -> Preview:  # fmt: skip
        """What would happen. `held` students stay down; `anyway`: also those whose grade was written this year.

        `through` are last grades that go on within the school (G06 in a school of nine years).
        """
        with self._context.read() as connection:
            plan = plan_of(connection, self._scope, year or self.year(), held, anyway, through)
            return _preview(connection, plan)

    def promote(
        self, held: Collection[str] = (), year: int | None = None, *, anyway: bool = False,
        through: Collection[str] = (),
    ) -> Promoted:  # fmt: skip
        """Do it: one transaction, one action. Raises UserError before 1 September, and when nobody is left."""
        only_schools(self._context)
        start = year or self.year()
        if (day := lots.first_day(start)) > self._context.today():
            raise UserError(f"{start}-{start + 1} 学年从 {day} 开始，还不能升级", "可以先预览，到了那天再办。", PLACE)
        with self._context.write(f"升级：{start}-{start + 1} 学年") as unit:
            plan = plan_of(unit.connection, self._scope, start, held, anyway, through)
            _check(plan, held, _preview(unit.connection, plan))
            made = carry_out(unit, self._scope, plan)
        counts = plan.counts()
        return Promoted(
            start, counts[UP], counts[GRADUATE], counts[HELD], made, unit.deed.number, unit.changes
        )  # fmt: skip

    def leavers(self, year: int | None = None) -> list[Leaver]:
        """Who graduated in a school year (None: whenever), by class and name."""
        query = (
            select(
                EVENT.c.uid, EVENT.c.student, STUDENT.c.name, ENROLMENT.c.grade, CLASS.c.name, EVENT.c.date,
                EVENT.c.other_school,
            )
            .join_from(EVENT, STUDENT, STUDENT.c.uid == EVENT.c.student)
            .join(ENROLMENT, ENROLMENT.c.uid == EVENT.c.enrolment)
            .outerjoin(CLASS, CLASS.c.uid == ENROLMENT.c.school_class)
            .where(EVENT.c.hidden == 0, EVENT.c.kind == rules.GRADUATED, EVENT.c.scope == self._scope)
            .order_by(ENROLMENT.c.grade.desc(), CLASS.c.name, STUDENT.c.name, EVENT.c.uid)
        )  # fmt: skip
        if year is not None:  # graduation belongs to the summer between two school years
            query = query.where(EVENT.c.date.between(f"{year}-03-01", f"{year + 1}-02-28"))
        grades = codes.table("grade")
        with self._context.read() as connection:
            rows = connection.execute(query).all()
        return [
            Leaver(uid, student, name or "", f"{grades.label(grade or '')}{room or ''}", date, school or "")
            for uid, student, name, grade, room, date, school in rows
        ]

    @property
    def _scope(self) -> str:
        return self._context.author.scope


def _check(plan: Plan, held: Collection[str], preview: Preview) -> None:
    if preview.finished and not preview.held:
        raise UserError(preview.sentence().rstrip("。"), "需要重来时，先撤销“升级”这一步。", PLACE)
    may = {line.student for line, _, lot in plan.lots if lot.what == HELD}
    if wrong := set(held) - may:
        names = {line.student: line.name for line, _, _ in plan.lots}
        who = "、".join(names.get(uid, "（不在册）") for uid in sorted(wrong)[:3])
        raise UserError(f"{who}不在这次升级的名单里，不能登记留级", "请重新预览，只勾选要升级的学生。", PLACE)


def _preview(connection: Connection, plan: Plan) -> Preview:
    rooms = _rooms(connection)
    groups: dict[tuple[str, str], list[tuple[Timeline, Lot]]] = defaultdict(list)
    for line, standing, lot in plan.lots:
        groups[standing.grade or "", standing.school_class or ""].append((line, lot))
    order = list(codes.table("grade").labels)
    keys = sorted(groups, key=lambda key: (order.index(key[0]) if key[0] in order else 99, rooms.get(key[1], "")))
    lines = tuple(_line(grade, room, rooms.get(room, ""), groups[grade, room], plan) for grade, room in keys)
    counts = plan.counts()
    return Preview(
        plan.year, f"{plan.year}-{plan.year + 1} 学年", lines, counts[UP], counts[GRADUATE], counts[HELD],
        counts[STAY], counts[DONE], counts[RECENT], plan.through,
    )  # fmt: skip


def _line(grade: str, room: str, name: str, people: list[tuple[Timeline, Lot]], plan: Plan) -> PromotionLine:
    table, statuses = codes.table("grade"), codes.table("student_status")
    following = lots.next_grade(grade, plan.through)
    counts: dict[str, int] = defaultdict(int)
    for _, lot in people:
        counts[lot.what] += 1
    to = f"{table.label(following)}{name}" if following else "毕业"
    shown = tuple(
        PromotionPupil(line.student, line.name, statuses.label(line.now.status or ""), lot.what, lot.why)
        for line, lot in sorted(people, key=lambda one: (one[0].name, one[0].student))
    )
    return PromotionLine(
        f"{grade}:{room}", table.label(grade), name, to, counts[UP] + counts[GRADUATE], counts[HELD], counts[STAY],
        counts[DONE] + counts[RECENT], following is None, shown,
    )  # fmt: skip


def _rooms(connection: Connection) -> dict[str, str]:
    return {row[0]: row[1] or "" for row in connection.execute(select(CLASS.c.uid, CLASS.c.name))}
