"""Students that may be the same child as the one being typed, and why: indexed reads, for a key press to wait on.

Never a refusal. Looked for by number (also behind the letter of a roll number, so that L → G makes no second child), by
birth together with the name, its variants or its sound, and by a guardian's telephone together with the name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, bindparam, or_, select

from jzdesk.core import citizen_id, sounds
from jzdesk.core.fields import Value
from jzdesk.core.variants import folded
from jzdesk.models.people import rolled_apart
from jzdesk.services.student_rows import StudentRow, student_rows
from jzdesk.services.student_tables import GUARDIAN, IDENTITY, MEMBER, STUDENT

MOST = 5
_AMONG = 400  # children born on one day, or sharing a telephone: more than any real school or county has
_VOIDED = "（已作废的记录）"
_COLUMNS = (
    STUDENT.c.uid, STUDENT.c.name, STUDENT.c.birth, STUDENT.c.id_number, STUDENT.c.roll_number, STUDENT.c.former_name,
    STUDENT.c.pinyin, STUDENT.c.hidden,
)  # fmt: skip

Values = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Similar:
    """A student who may be the same child; `why` in words, the weightiest first; `voided` when it was taken back."""

    row: StudentRow
    why: tuple[str, ...]
    voided: bool = False

    @property
    def uid(self) -> str:
        """The student's uid."""
        return self.row.uid

    @property
    def reason(self) -> str:
        """All reasons in one phrase."""
        return "，".join(self.why)


def similar(
    connection: Connection, values: Values, uid: str | None = None, phones: Sequence[str] = ()
) -> list[Similar]:
    """The likeliest five, best first. `values` are a student's in stored form, `uid` the record itself when saved.

    A record that was voided is found by its number only. Pairs that the county judged to be two children are left out.
    """
    reasons = _reasons(connection, values, phones)
    voided = {other for other, why in reasons.items() if any(said.endswith(_VOIDED) for said in why.values())}
    for other in (uid, *_told_apart(connection, uid)):
        reasons.pop(other or "", None)
    best = sorted(reasons, key=lambda each: min(reasons[each]))[:MOST]
    rows = student_rows(connection, best)
    return [
        Similar(row, tuple(said for _, said in sorted(reasons[row.uid].items())), row.uid in voided) for row in rows
    ]


def _reasons(connection: Connection, values: Values, phones: Sequence[str]) -> dict[str, dict[int, str]]:
    """uid → weight → why; the smaller the weight, the surer."""
    found: dict[str, dict[int, str]] = defaultdict(dict)
    for row in _by_number(connection, values):
        weight, why = same_number(row, values)
        found[row.uid][weight] = why + (_VOIDED if row.hidden else "")
    for row in _born_on(connection, values):
        found[row.uid] |= same_birth(row, values)
    for row in _phoned(connection, phones):
        found[row.uid] |= same_phone(row, values)
    return {uid: why for uid, why in found.items() if why}


def same_birth(row: Any, values: Values) -> dict[int, str]:
    """Weight → why, for another child born on the same day; `row` has name, former name, pinyin and roll number."""
    found: dict[int, str] = {}
    if named := _same_name(row, values):
        found[named[0]] = f"出生日期相同，{named[1]}"
        if _turned(row.roll_number, values.get("roll_number")):
            found[2] = "临时学籍号（L）与正式学籍号（G）可能是先后两个号"
    return found


def same_phone(row: Any, values: Values) -> dict[int, str]:
    """Weight → why, for another child whose guardian has the same telephone."""
    named = _same_name(row, values)
    return {named[0] + 1: f"监护人电话相同，{named[1]}"} if named else {}


# The statements are made once: they are asked at key presses and at every save.
_NUMBERED = (
    select(*_COLUMNS)
    .where(
        or_(
            STUDENT.c.id_number.in_(bindparam("bodies", expanding=True)),
            and_(
                STUDENT.c.roll_number.in_(bindparam("rolls", expanding=True)),
                rolled_apart(STUDENT.c.roll_number, STUDENT.c.id_number),
            ),
        )
    )
    .limit(_AMONG)
)
_BORN_ON = select(*_COLUMNS).where(STUDENT.c.birth == bindparam("birth"), STUDENT.c.hidden == 0).limit(_AMONG)
_PHONED = (
    select(*_COLUMNS)
    .where(
        STUDENT.c.uid.in_(
            select(GUARDIAN.c.student)
            .join(MEMBER, MEMBER.c.uid == GUARDIAN.c.member)
            .where(
                MEMBER.c.phone.in_(bindparam("phones", expanding=True)), MEMBER.c.hidden == 0, GUARDIAN.c.hidden == 0
            )
        ),
        STUDENT.c.hidden == 0,
    )
    .limit(_AMONG)
)
_TOLD_APART = select(IDENTITY.c.first, IDENTITY.c.second).where(
    or_(IDENTITY.c.first == bindparam("uid"), IDENTITY.c.second == bindparam("uid")),
    IDENTITY.c.verdict == "distinct",
    IDENTITY.c.hidden == 0,
)


def _by_number(connection: Connection, values: Values) -> Sequence[Any]:
    """Whoever has the number, as identity or behind a letter."""
    number, roll = values.get("id_number"), str(values.get("roll_number") or "")
    bodies = [str(body) for body in dict.fromkeys((number, citizen_id.roll_body(roll))) if body]
    if not bodies:
        return ()
    rolls = [letter + body for body in bodies for letter in "GJL"]
    return connection.execute(_NUMBERED, {"bodies": bodies, "rolls": rolls}).all()


def same_number(row: Any, values: Values) -> tuple[int, str]:
    """(weight, words): which of the two numbers is the same."""
    if row.id_number and row.id_number == values.get("id_number"):
        return 0, "身份证件号相同"
    mine, theirs = str(values.get("roll_number") or ""), str(row.roll_number or "")
    if mine and mine == theirs:
        return 1, "学籍号相同"
    if mine and theirs and mine[1:] == theirs[1:]:
        return 1, f"学籍号只差开头的字母（{theirs[0]} 与 {mine[0]}）"
    return 1, "学籍号里的号码与证件号相同"


def _born_on(connection: Connection, values: Values) -> Sequence[Any]:
    if not values.get("birth") or not values.get("name"):
        return ()
    return connection.execute(_BORN_ON, {"birth": values["birth"]}).all()


def _phoned(connection: Connection, phones: Sequence[str]) -> Sequence[Any]:
    return connection.execute(_PHONED, {"phones": list(phones)}).all() if phones else ()


def _same_name(row: Any, values: Values) -> tuple[int, str] | None:
    """(weight, words) when the names are one, or may be written or heard as one."""
    mine, theirs = str(values.get("name") or ""), str(row.name or "")
    if not mine or not theirs:
        return None
    if mine == theirs:
        return 3, "姓名相同"
    formers = {str(values.get("former_name") or ""), str(row.former_name or "")} - {""}
    if formers & {mine, theirs}:
        return 5, "姓名与曾用名相同"
    if folded(mine) == folded(theirs):
        return 7, f"姓名写法不同（{theirs}）"
    if sounds.alike(mine, theirs, (_optional(values.get("pinyin")), row.pinyin)):
        return 9, f"姓名同音（{theirs}）"
    return None


def _optional(value: Value) -> str | None:
    return str(value) if value else None


def _turned(mine: Value, theirs: Value) -> bool:
    """One roll number temporary, the other formal: what happens when a child gets its papers (reference §2.2)."""
    return {str(mine or " ")[0], str(theirs or " ")[0]} == {"L", "G"}


def _told_apart(connection: Connection, uid: str | None) -> list[str]:
    """Records that people found to be another child."""
    if uid is None:
        return []
    pairs = connection.execute(_TOLD_APART, {"uid": uid})
    return [other for pair in pairs for other in pair if other != uid]
