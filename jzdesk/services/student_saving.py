"""Saving a student together with enrolment, household and guardians, in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, bindparam, select

from jzdesk.core import citizen_id
from jzdesk.core.fields import Value
from jzdesk.models import Enrolment, Guardian, Household, Member, Record, Student
from jzdesk.services.context import Context
from jzdesk.services.forms import FormProblems, understood
from jzdesk.services.student_tables import ENROLMENT, MEMBER, STUDENT
from jzdesk.store.unit import Unit

IDENTITY_FIELDS = frozenset({"name", "birth", "id_number", "roll_number", "former_name", "pinyin"})
"""What decides whether two records may be one child."""


@dataclass(frozen=True, slots=True)
class StudentDraft:
    """What the student form holds; `uid` is None for a new student."""

    uid: str | None
    student: Mapping[str, object]
    enrolment: Mapping[str, object]
    guardians: tuple[Mapping[str, object], ...] = ()
    household: Mapping[str, object] = field(default_factory=dict)

    def tells_identity(self) -> bool:
        """Whether who the child is has just been typed, or who guards it."""
        return self.uid is None or bool(self.guardians) or not IDENTITY_FIELDS.isdisjoint(self.student)


OLD_NUMBER = "15 位旧证件号只可能属于成年人。学生请填写 18 位证件号。"


def understood_student(values: Mapping[str, object]) -> tuple[dict[str, Value], dict[str, str]]:
    """As `forms.understood`; a number that only adults have is a problem, not a question."""
    good, bad = understood(Student.spec, values)
    if citizen_id.of_adults_only(str(good.get("id_number") or "")) and good.get("id_type") in (None, "1", "L"):
        bad["id_number"] = OLD_NUMBER
        del good["id_number"]
    return good, bad


def store_draft(unit: Unit, draft: StudentDraft, context: Context) -> str:
    """Write a draft; returns the student's uid. Raises FormProblems naming every field."""
    parts, problems = _understand(draft, context.info.code)
    problems |= _missing(unit, draft, parts)
    if problems:
        raise FormProblems(problems, "学生")
    return _store(unit, draft.uid, parts, context)


def household_for(unit: Unit, student: str) -> str:
    """The household of a saved student; one is made when there is none yet."""
    values = unit.state(Student, student).values
    if household := values.get("household"):
        return str(household)
    made = unit.add(Household, {"address": values.get("address")})
    unit.change(Student, student, {"household": made})
    return made


@dataclass(slots=True)
class _Parts:
    """A draft in stored form."""

    student: dict[str, Value]
    enrolment: dict[str, Value]
    household: dict[str, Value]
    guardians: list[dict[str, Value]]


def _understand(draft: StudentDraft, school: str) -> tuple[_Parts, dict[str, str]]:
    problems: dict[str, str] = {}

    def read(prefix: str, entity: type[Record], values: Mapping[str, object]) -> dict[str, Value]:
        good, bad = understood_student(values) if entity is Student else understood(entity.spec, values)
        problems.update({f"{prefix}.{name}": sentence for name, sentence in bad.items()})
        return good

    guardians = []
    for index, given in enumerate(draft.guardians):
        if any(given.get(name) for name in ("name", "phone", "id_number")):
            prefix = f"guardian.{index}"
            own = {name: given.get(name) for name in ("relation", "is_guardian")}
            person = {name: given.get(name) for name in ("name", "phone", "id_number")}
            row = read(prefix, Member, person) | read(prefix, Guardian, own)
            row |= {name: str(given[name]) for name in ("uid", "member") if given.get(name)}
            guardians.append(row)
    parts = _Parts(
        read("student", Student, draft.student),
        read("enrolment", Enrolment, draft.enrolment) | ({} if draft.uid else {"school": school}),
        read("household", Household, draft.household),
        guardians,
    )
    return parts, problems


def _missing(unit: Unit, draft: StudentDraft, parts: _Parts) -> dict[str, str]:
    """Required fields that would stay empty."""
    before = unit.state(Student, draft.uid).values if draft.uid else {}
    found = {f"student.{name}": text for name, text in Student.spec.problems({**before, **parts.student}).items()}
    if draft.uid is None:
        trial = {"student": "0" * 32, "status": "01", **parts.enrolment}
        found |= {f"enrolment.{name}": text for name, text in Enrolment.spec.problems(trial).items()}
    elif parts.enrolment:
        found |= _misfits(unit, draft.uid, parts.enrolment)
    for index, guardian in enumerate(parts.guardians):
        if not guardian.get("name"):
            found[f"guardian.{index}.name"] = "监护人没有填写姓名。请填写姓名，或清空这一行。"
    return found


def _misfits(unit: Unit, student: str, wanted: Mapping[str, Value]) -> dict[str, str]:
    """What the form would change of the enrolment and the rules of the roll do not allow."""
    current = _current_enrolment(unit, student)
    if current is None:
        return {}
    whole = {**unit.state(Enrolment, current).values, **wanted}
    hits = [hit for check in Enrolment.checks if (hit := check(whole)) is not None]
    return {f"enrolment.{name}": text for name, text in hits}


def _store(unit: Unit, uid: str | None, parts: _Parts, context: Context) -> str:
    """Write all parts; returns the student's uid."""
    people = _people_known(unit.connection, parts.guardians)
    household = _store_household(unit, uid, parts, people)
    student = {**parts.student, **({"household": household} if household else {})}
    if uid is None:
        uid = unit.add(Student, student)
        unit.add(Enrolment, {"status": "01", "valid_from": context.today(), **parts.enrolment, "student": uid})
    else:
        unit.change(Student, uid, student)
        _change_enrolment(unit, uid, parts.enrolment)
    for position, guardian in enumerate(parts.guardians, start=1):
        _store_guardian(unit, uid, household, position, guardian, people)
    return uid


@dataclass(slots=True)
class _Person:
    """A member on record."""

    uid: str
    household: str | None


_People = dict[str, _Person]
"""Number → whoever is on record with it."""

_NUMBERED = (
    select(MEMBER.c.id_number, MEMBER.c.uid, MEMBER.c.household)
    .where(MEMBER.c.id_number.in_(bindparam("numbers", expanding=True)), MEMBER.c.hidden == 0)
    .order_by(MEMBER.c.uid.desc())
)


def _people_known(connection: Connection, guardians: Iterable[Mapping[str, Value]]) -> _People:
    """The guardians who are on record already, by their numbers, looked for before anything is written."""
    numbers = [str(row["id_number"]) for row in guardians if row.get("id_number")]
    if not numbers:
        return {}
    found = connection.execute(_NUMBERED, {"numbers": numbers})
    return {number: _Person(uid, household) for number, uid, household in found}


def _store_household(unit: Unit, uid: str | None, parts: _Parts, people: _People) -> str | None:
    """The household of the student: the one already linked, that of a known guardian, or a new one."""
    given = parts.student.get("household")
    current = given or (unit.state(Student, uid).values.get("household") if uid else None)
    # Siblings: a guardian known by number already belongs to a household.
    current = current or next((known.household for known in people.values() if known.household), None)
    values = {name: value for name, value in parts.household.items() if value is not None}
    if current:
        if values:
            unit.change(Household, str(current), values)
        return str(current)
    if not values and not parts.guardians:
        return None
    head = next((row["name"] for row in parts.guardians if row.get("name")), None)
    address = parts.student.get("address")
    return unit.add(Household, {"head": head, "address": address, **values})


_CURRENT = (
    select(ENROLMENT.c.uid)
    .join(STUDENT, STUDENT.c.uid == ENROLMENT.c.student)
    .where(ENROLMENT.c.student == bindparam("student"), ENROLMENT.c.hidden == 0)
    .order_by((ENROLMENT.c.scope == STUDENT.c.scope).desc(), ENROLMENT.c.valid_from.desc())
    .limit(1)
)


def _current_enrolment(unit: Unit, student: str) -> str | None:
    return unit.connection.execute(_CURRENT, {"student": student}).scalar_one_or_none()


def _change_enrolment(unit: Unit, uid: str, values: Mapping[str, Value]) -> None:
    current = _current_enrolment(unit, uid)
    if current and values:
        unit.change(Enrolment, current, values)


def _store_guardian(
    unit: Unit, student: str, household: str | None, position: int, given: Mapping[str, Value], people: _People
) -> None:
    """A guardian is a member of the household and a relation to the student."""
    person = {name: given.get(name) for name in ("name", "phone", "id_number")}
    relation = {"relation": given.get("relation"), "is_guardian": given.get("is_guardian"), "position": position}
    member = given.get("member") or _member_of(unit, household, given, people)
    if member:
        unit.change(Member, str(member), person)
    else:
        member = unit.add(Member, {**person, "household": household})
        if number := person["id_number"]:
            people[str(number)] = _Person(member, household)
    if given.get("uid"):
        unit.change(Guardian, str(given["uid"]), relation)
    else:
        unit.add(Guardian, {"student": student, "member": str(member), **relation})


_NAMED = (
    select(MEMBER.c.uid)
    .where(MEMBER.c.household == bindparam("household"), MEMBER.c.name == bindparam("name"), MEMBER.c.hidden == 0)
    .limit(1)
)


def _member_of(unit: Unit, household: str | None, given: Mapping[str, Value], people: _People) -> str | None:
    """The member this person already is: same number, or same name within the household."""
    if number := given.get("id_number"):
        return people[str(number)].uid if str(number) in people else None
    if not household:
        return None
    return unit.connection.execute(_NAMED, {"household": household, "name": given.get("name")}).scalar_one_or_none()
