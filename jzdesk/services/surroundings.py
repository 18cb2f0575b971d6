"""What the questions about a student's record are judged with, read for many students by a handful of statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import BindParameter, Connection, Select, bindparam, or_, select

from jzdesk.core.fields import Value
from jzdesk.policy.doubts import Around, Relative
from jzdesk.services.student_tables import ACCOUNT, ENROLMENT, GUARDIAN, HARDSHIP, HOUSEHOLD, MEMBER, PHOTO, STUDENT

Values = Mapping[str, Value]

# The statements are made once: a save on the form waits for them, and building them takes longer than their answers.
_STUDENTS: BindParameter[Any] = bindparam("uids", expanding=True)
_HOMES: BindParameter[Any] = bindparam("homes", expanding=True)
_TODAY: BindParameter[Any] = bindparam("today")


def surroundings(connection: Connection, students: Mapping[str, Values], today: str) -> dict[str, Around]:
    """uid → what stands around the student; `students` are uid → values in stored form, at most some hundreds."""
    uids = list(students)
    homes = sorted({str(values["household"]) for values in students.values() if values.get("household")})
    places = _places(connection, uids)
    relatives = _relatives(connection, uids)
    households = _households(connection, homes)
    people = _people(connection, homes)
    elsewhere = _elsewhere(connection, uids)
    hardships = _pairs(connection, _HARDSHIPS, uids, today)
    holders = _pairs(connection, _HOLDERS, uids, today)
    proved = _proved(connection, [uid for uid in uids if students[uid].get("id_type") == "Z"])
    found = {}
    for uid in uids:
        home = str(students[uid].get("household") or "")
        known = people.get(home, [])
        family = {str(students[uid].get("name") or ""), *(name for name, _ in known)}
        family |= {relative.name for relative in relatives.get(uid, ())}
        found[uid] = Around(
            *places.get(uid, ("", "")), tuple(relatives.get(uid, ())), households.get(home), counted(known),
            tuple(sorted(elsewhere.get(uid, ()))), frozenset(hardships.get(uid, ())), uid in proved,
            tuple(sorted(holders.get(uid, ()))), frozenset(family),
        )  # fmt: skip
    return found


_PLACES = (
    select(ENROLMENT.c.student, ENROLMENT.c.grade, ENROLMENT.c.status)
    .join(STUDENT, STUDENT.c.uid == ENROLMENT.c.student)
    .where(ENROLMENT.c.student.in_(_STUDENTS), ENROLMENT.c.hidden == 0)
    .order_by(ENROLMENT.c.scope == STUDENT.c.scope, ENROLMENT.c.valid_from)
)


def _places(connection: Connection, uids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """uid → (grade, status) of the enrolment that began last, in the school that has the child."""
    return {row[0]: (row[1] or "", row[2] or "") for row in connection.execute(_PLACES, {"uids": uids})}


_RELATIVES = (
    select(
        GUARDIAN.c.student, MEMBER.c.uid, MEMBER.c.name, GUARDIAN.c.relation, MEMBER.c.birth, MEMBER.c.sex,
        MEMBER.c.id_number, GUARDIAN.c.is_guardian,
    )
    .join(MEMBER, MEMBER.c.uid == GUARDIAN.c.member)
    .where(GUARDIAN.c.student.in_(_STUDENTS), GUARDIAN.c.hidden == 0, MEMBER.c.hidden == 0)
    .order_by(GUARDIAN.c.position, GUARDIAN.c.uid)
)  # fmt: skip


def _relatives(connection: Connection, uids: Sequence[str]) -> dict[str, list[Relative]]:
    found: dict[str, list[Relative]] = defaultdict(list)
    for student, uid, *words, guards in connection.execute(_RELATIVES, {"uids": uids}):
        name, relation, birth, sex, number = (word or "" for word in words)
        found[student].append(Relative(uid, name, relation, birth, sex, number, bool(guards)))
    return found


_HOUSEHOLDS = select(
    HOUSEHOLD.c.uid, *(HOUSEHOLD.c[f"{name}_count"] for name in ("members", "labour", "dependants"))
).where(HOUSEHOLD.c.uid.in_(_HOMES), HOUSEHOLD.c.hidden == 0)


def _households(connection: Connection, homes: Sequence[str]) -> dict[str, Values]:
    if not homes:
        return {}
    return {row["uid"]: dict(row) for row in connection.execute(_HOUSEHOLDS, {"homes": homes}).mappings()}


def _living_in(table: Any) -> Select[Any]:
    query = select(table.c.household, table.c.name, table.c.id_number)
    return query.where(table.c.household.in_(_HOMES), table.c.hidden == 0)


_PEOPLE = (_living_in(MEMBER), _living_in(STUDENT))


def _people(connection: Connection, homes: Sequence[str]) -> dict[str, list[tuple[str, str]]]:
    """Household → (name, number) of everybody on record there, students among the members included."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for query in _PEOPLE if homes else ():
        for home, name, number in connection.execute(query, {"homes": homes}):
            found[home].append((name or "", number or ""))
    return found


def counted(people: Iterable[tuple[str, str]]) -> int:
    """How many there are, when a student is also listed as a member: one number, or one name without numbers."""
    numbers = {number for _, number in people if number}
    named = {name for name, number in people if number}
    return len(numbers) + len({name for name, number in people if not number} - named)


def _sharing_a_guardian() -> Select[Any]:
    other, mine, theirs = STUDENT.alias("other"), GUARDIAN.alias("mine"), GUARDIAN.alias("theirs")
    return (
        select(mine.c.student, other.c.name)
        .select_from(mine)
        .join(STUDENT, STUDENT.c.uid == mine.c.student)
        .join(theirs, theirs.c.member == mine.c.member)
        .join(other, other.c.uid == theirs.c.student)
        .where(
            mine.c.student.in_(_STUDENTS), mine.c.hidden == 0, theirs.c.hidden == 0, other.c.hidden == 0,
            other.c.household != STUDENT.c.household,
        )
    )  # fmt: skip


_ELSEWHERE = _sharing_a_guardian()


def _elsewhere(connection: Connection, uids: Sequence[str]) -> dict[str, set[str]]:
    """uid → names of students with a guardian of theirs who belong to another household."""
    found: dict[str, set[str]] = defaultdict(set)
    for student, name in connection.execute(_ELSEWHERE, {"uids": uids}):
        found[student].add(name or "")
    return found


def _in_force(table: Any, column: str) -> Select[Any]:
    """(student, value of the column) of the records that hold today."""
    still = or_(table.c.valid_to.is_(None), table.c.valid_to >= _TODAY)
    return select(table.c.student, table.c[column]).where(table.c.student.in_(_STUDENTS), table.c.hidden == 0, still)


_HARDSHIPS, _HOLDERS = _in_force(HARDSHIP, "code"), _in_force(ACCOUNT, "holder")


def _pairs(connection: Connection, query: Select[Any], uids: Sequence[str], today: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for uid, value in connection.execute(query, {"uids": uids, "today": today}):
        found[uid].add(value or "")
    return found


_PROVED = select(PHOTO.c.student).where(PHOTO.c.student.in_(_STUDENTS), PHOTO.c.kind == "proof", PHOTO.c.hidden == 0)


def _proved(connection: Connection, uids: Sequence[str]) -> set[str]:
    """Of these, who has a photograph of a proof."""
    return set(connection.execute(_PROVED, {"uids": uids}).scalars()) if uids else set()
