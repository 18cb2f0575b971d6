"""班级: renamed, given a head teacher, merged, split; whoever changes class gets an event, so any day stays right."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from jzdesk.core import codes
from jzdesk.core.errors import UserError
from jzdesk.core.fields import Value
from jzdesk.models import EnrolmentEvent, SchoolClass, Staff
from jzdesk.policy.enrolment import GONE, Refusal
from jzdesk.services.context import Context
from jzdesk.services.forms import FormProblems, understood
from jzdesk.services.pupils import CLASS, ENROLMENT, STUDENT, enrolled_statuses, table_of
from jzdesk.services.roll.regrouping import Regrouping, line_on
from jzdesk.services.roll.timeline import EventRefused, only_schools, timelines
from jzdesk.store.unit import Changes, Unit

STAFF = table_of(Staff)
PLACE = "班级"


@dataclass(frozen=True, slots=True)
class ClassLine:
    """One class with its counts; `others` have a place in it without being at school (休学, 辍学…)."""

    uid: str
    grade_code: str
    grade: str
    name: str
    head: str
    head_uid: str
    room: str
    students: int
    boys: int
    girls: int
    boarders: int
    others: int


@dataclass(frozen=True, slots=True)
class ClassPupil:
    """One pupil of a class."""

    uid: str
    name: str
    sex: str
    status: str
    boarding: str
    enrolled: bool


@dataclass(frozen=True, slots=True)
class Moved:
    """Pupils changed class: how many, into which one, and the action that can be undone."""

    students: int
    school_class: str
    action: int | None
    changes: Changes


class ClassService:
    """The verbs of the classes."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def classes(self) -> list[ClassLine]:
        """Every class by grade and name, with how many pupils it has today; two statements."""
        query = (
            select(CLASS.c.uid, CLASS.c.grade, CLASS.c.name, STAFF.c.name, CLASS.c.head, CLASS.c.room)
            .outerjoin_from(CLASS, STAFF, STAFF.c.uid == CLASS.c.head)
            .where(CLASS.c.hidden == 0, CLASS.c.scope == self._scope)
        )
        with self._context.read() as connection:
            rows, counted = connection.execute(query).all(), _counted(connection, self._scope)
        grades = codes.table("grade")
        order = list(grades.labels)
        found = [
            ClassLine(uid, grade or "", grades.label(grade or ""), name or "", head or "", head_uid or "", room or "",
                      **counted.get(uid, _NOBODY))
            for uid, grade, name, head, head_uid, room in rows
        ]  # fmt: skip
        return sorted(found, key=lambda one: (order.index(one.grade_code) if one.grade_code in order else 99, one.name))

    def pupils(self, uid: str) -> list[ClassPupil]:
        """Everybody with a place in the class who has not left, by name."""
        query = (
            select(STUDENT.c.uid, STUDENT.c.name, STUDENT.c.sex, ENROLMENT.c.status, ENROLMENT.c.boarding)
            .join_from(ENROLMENT, STUDENT, STUDENT.c.uid == ENROLMENT.c.student)
            .where(ENROLMENT.c.school_class == uid, *_living(self._scope))
            .order_by(STUDENT.c.name, STUDENT.c.uid)
        )
        sex, status, boarding = map(codes.table, ("sex", "student_status", "boarding"))
        with self._context.read() as connection:
            rows = connection.execute(query).all()
        return [
            ClassPupil(uid, name or "", sex.label(which or ""), status.label(state), boarding.label(way or ""),
                       state in enrolled_statuses())
            for uid, name, which, state, way in rows
        ]  # fmt: skip

    def change(self, uid: str, name: str | None = None, head: str | None = None, room: str | None = None) -> Changes:
        """Rename a class, set its head teacher (uid; "" for none) or room; what is None stays. Raises UserError.

        A new name is the name of the same class: every list shows it from then on, also lists of earlier days.
        """
        only_schools(self._context)
        typed = {key: value for key, value in (("name", name), ("head", head), ("room", room)) if value is not None}
        given, bad = understood(SchoolClass.spec, typed)
        with self._context.write("修改班级") as unit:
            row = _class(unit.connection, self._scope, uid)
            before = {key: row[key] for key in ("grade", "name")}
            bad |= {key: said for key, said in SchoolClass.spec.problems({**before, **given}).items() if key not in bad}
            if bad:
                raise FormProblems(bad, PLACE)
            self._check_name(unit.connection, row, given.get("name"))
            unit.deed.label = f"修改班级：{_label(row)}"
            unit.change(SchoolClass, uid, given)
        return unit.changes

    def merge(self, uids: Sequence[str], into: str, day: str | None = None, reason: str | None = None) -> Moved:
        """Move everybody of these classes into another of the same grade, and void the emptied ones."""
        only_schools(self._context)
        with self._context.write("合并班级") as unit:
            target = _class(unit.connection, self._scope, into)
            emptied = [_class(unit.connection, self._scope, uid) for uid in dict.fromkeys(uids) if uid != into]
            if not emptied:
                raise UserError("没有选中要并入的班", "请选中至少两个同年级的班，再指定并入哪一个。", PLACE)
            for row in emptied:
                _check_grade(row, target)
            unit.deed.label = f"合并班级：{'、'.join(map(_label, emptied))} → {target['name']}"
            people = _people(unit.connection, self._scope, [row["uid"] for row in emptied])
            self._regroup(unit, people, target, day, reason or "合并班级")
            for row in emptied:
                unit.void(SchoolClass, row["uid"], f"并入{target['name']}")
        return Moved(len(people), into, unit.deed.number, unit.changes)

    def move(
        self, students: Sequence[str], into: str | None, new: str | None = None, day: str | None = None,
        reason: str | None = None,
    ) -> Moved:  # fmt: skip
        """Move pupils of one grade into a class of that grade: `into`, or one made now and named `new` (拆班)."""
        only_schools(self._context)
        if not students:
            raise UserError("没有选中学生", "请先在名单里选中要调班的学生。", PLACE)
        with self._context.write("调班") as unit:
            grade = _one_grade(unit.connection, self._scope, students)
            uid = into or self._made(unit, grade, new)
            target = _class(unit.connection, self._scope, uid)
            if target["grade"] != grade:
                raise EventRefused(Refusal("to_class", "这个班不是学生所在年级的班", "请选择同年级的班。"))
            unit.deed.label = f"调班：{len(students)} 名学生 → {_label(target)}"
            count = self._regroup(unit, students, target, day, reason or None)
        return Moved(count, uid, unit.deed.number, unit.changes)

    def discard_empty(self, uids: Sequence[str] | None = None) -> int:
        """Void classes nobody has a place in (all of them, or those named); returns how many."""
        only_schools(self._context)
        empty = {one.uid for one in self.classes() if not one.students and not one.others}
        wanted = sorted(empty if uids is None else set(uids))
        if full := [uid for uid in wanted if uid not in empty]:
            raise UserError(f"有 {len(full)} 个班还有学生，不能作废", "请先给这些学生调班，或合并班级。", PLACE)
        if not wanted:
            raise UserError("没有空班", "班里没有学生时才能作废。", PLACE)
        with self._context.write(f"作废空班 {len(wanted)} 个") as unit:
            for uid in wanted:
                unit.void(SchoolClass, uid, "没有学生")
        return len(wanted)

    @property
    def _scope(self) -> str:
        return self._context.author.scope

    def _made(self, unit: Unit, grade: str, name: str | None) -> str:
        given, bad = understood(SchoolClass.spec, {"name": name, "grade": grade})
        bad |= SchoolClass.spec.problems(given) if not bad else {}
        if bad:
            raise FormProblems(bad, PLACE)
        self._check_name(unit.connection, {"uid": "", "grade": grade, "name": ""}, given["name"])
        return unit.add(SchoolClass, given)

    def _check_name(self, connection: Connection, row: Any, name: Value) -> None:
        if name is None or name == row["name"]:
            return
        query = select(CLASS.c.uid).where(
            CLASS.c.hidden == 0, CLASS.c.scope == self._scope, CLASS.c.grade == row["grade"], CLASS.c.name == name,
            CLASS.c.uid != row["uid"],
        )  # fmt: skip
        if connection.execute(query).first() is not None:
            raise EventRefused(Refusal("name", f"这个年级已经有“{name}”", "请换一个名称；要并成一个班请用“合并”。"))

    def _regroup(self, unit: Unit, students: Sequence[str], target: Any, day: str | None, reason: str | None) -> int:
        """One event 调班 a pupil; a change of class on the same day is put right instead of recorded twice."""
        given, bad = understood(EnrolmentEvent.spec, {"date": day or self._context.today(), "reason": reason})
        if bad:
            raise FormProblems(bad, PLACE)
        moving = Regrouping(str(given["date"]), given.get("reason"), target["uid"], self._context.today())
        lines = timelines(unit.connection, self._scope, students)
        for student in dict.fromkeys(students):
            moving.take(line_on(lines.get(student, []), moving.day))
        return moving.write(unit)


_NOBODY = {"students": 0, "boys": 0, "girls": 0, "boarders": 0, "others": 0}


def _living(scope: str) -> tuple[Any, ...]:
    return (
        ENROLMENT.c.scope == scope, ENROLMENT.c.hidden == 0, STUDENT.c.hidden == 0, ENROLMENT.c.status.not_in(GONE),
    )  # fmt: skip


def _counted(connection: Connection, scope: str) -> dict[str, dict[str, int]]:
    """Class → counts."""
    query = (
        select(ENROLMENT.c.school_class, ENROLMENT.c.status, STUDENT.c.sex, ENROLMENT.c.boarding, func.count())
        .join_from(ENROLMENT, STUDENT, STUDENT.c.uid == ENROLMENT.c.student)
        .where(ENROLMENT.c.school_class.is_not(None), *_living(scope))
        .group_by(ENROLMENT.c.school_class, ENROLMENT.c.status, STUDENT.c.sex, ENROLMENT.c.boarding)
    )
    found: dict[str, dict[str, int]] = defaultdict(lambda: dict(_NOBODY))
    for room, status, sex, boarding, count in connection.execute(query):
        counts = found[room]
        if status not in enrolled_statuses():
            counts["others"] += count
            continue
        counts["students"] += count
        counts["boys"] += count * (sex == "1")
        counts["girls"] += count * (sex == "2")
        counts["boarders"] += count * (boarding == "2")
    return found


def _class(connection: Connection, scope: str, uid: str) -> Any:
    query = select(CLASS).where(CLASS.c.uid == uid, CLASS.c.hidden == 0, CLASS.c.scope == scope)
    row = connection.execute(query).mappings().first()
    if row is None:
        raise UserError("这个班不存在或已作废", "请刷新页面后重试。", PLACE)
    return row


def _label(row: Any) -> str:
    return f"{codes.table('grade').label(row['grade'] or '')}{row['name'] or ''}"


def _check_grade(row: Any, target: Any) -> None:
    if row["grade"] != target["grade"]:
        what = f"{_label(row)}和{_label(target)}不是一个年级"
        raise UserError(what, "只有同年级的班可以合并。", PLACE)


def _people(connection: Connection, scope: str, rooms: Sequence[str]) -> list[str]:
    query = (
        select(ENROLMENT.c.student)
        .join_from(ENROLMENT, STUDENT, STUDENT.c.uid == ENROLMENT.c.student)
        .where(ENROLMENT.c.school_class.in_(list(rooms)), *_living(scope))
    )
    return list(connection.execute(query.order_by(ENROLMENT.c.uid)).scalars())


def _one_grade(connection: Connection, scope: str, students: Sequence[str]) -> str:
    query = (
        select(ENROLMENT.c.grade)
        .join_from(ENROLMENT, STUDENT, STUDENT.c.uid == ENROLMENT.c.student)
        .where(ENROLMENT.c.student.in_(list(students)), *_living(scope))
        .distinct()
    )
    found = list(connection.execute(query).scalars())
    if len(found) != 1:
        raise UserError("选中的学生不在同一个年级", "请分年级调班；跨年级的请登记升级、留级或跳级。", PLACE)
    return str(found[0])
