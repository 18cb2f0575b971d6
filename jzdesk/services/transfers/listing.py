"""Transfers as people read them: who goes from where to where, what the county said, what was paid this term."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, func, or_, select

from jzdesk.core import codes
from jzdesk.core.money import Fen
from jzdesk.core.term import Term
from jzdesk.models.transfer import APPROVED, REFUSED, Transfer
from jzdesk.policy.enrolment import GONE
from jzdesk.services import uncounted
from jzdesk.services.same_child import others_of
from jzdesk.services.student_tables import CLASS, ENROLMENT, SCHOOL, STUDENT
from jzdesk.services.transfers.files import TRANSFER
from jzdesk.services.transfers.money import Paid, paid_in
from jzdesk.store.tables import erased

ASKED, RECEIVED = "asked", "received"
STATES = {
    ASKED: "待县里审批", APPROVED: "等待接收", "moved": "已移交", RECEIVED: "已接收",
    REFUSED: "不同意", "revoked": "已撤回", "filed": "同意，转往外县",
}  # fmt: skip
"""How a transfer stands, by the word for machines."""


@dataclass(frozen=True, slots=True)
class TransferLine:
    """One transfer. `state` is one of STATES; `coming` whether the child comes to this station.

    `paid` are sentences about the term of the transfer, `fen` their sum; `doubles` name other rolls the child is on.
    """

    uid: str
    student: str
    name: str
    place: str
    from_code: str
    from_name: str
    to_code: str
    to_name: str
    date: str
    reason: str
    state: str
    ruled_on: str
    ruled_by: str
    ruling_reason: str
    paid: tuple[str, ...]
    fen: Fen
    doubles: tuple[str, ...]
    coming: bool = False

    @property
    def state_label(self) -> str:
        """How it stands, in Chinese."""
        return STATES[self.state]

    @property
    def way(self) -> str:
        """转入 or 转出, as seen from this station."""
        return "转入" if self.coming else "转出"


def rows_of(connection: Connection, scope: str | None, only: str | None = None) -> list[Mapping[Any, Any]]:
    """Transfers from and to one school (None: of the county), the newest first; or the one with uid `only`."""
    query = (
        select(TRANSFER, STUDENT.c.name, STUDENT.c.scope.label("now"))
        .outerjoin_from(TRANSFER, STUDENT, STUDENT.c.uid == TRANSFER.c.student)
        .where(TRANSFER.c.hidden == 0)
    )
    if scope is not None:
        mine = (TRANSFER.c.to_school == scope) & (TRANSFER.c.ruling == APPROVED)
        query = query.where(or_(TRANSFER.c.scope == scope, mine))
    if only is not None:
        query = query.where(TRANSFER.c.uid == only)
    return [dict(row) for row in connection.execute(query.order_by(TRANSFER.c.date.desc(), TRANSFER.c.uid)).mappings()]


def lines(connection: Connection, rows: Sequence[Mapping[Any, Any]], scope: str | None) -> list[TransferLine]:
    """What people see of these rows; a handful of statements however many."""
    schools = {code: name or code for code, name in connection.execute(select(SCHOOL.c.code, SCHOOL.c.name))}
    children = sorted({row["student"] for row in rows})
    rolls = _rolls(connection, children)
    paid = {term: paid_in(connection, children, term) for term in {Term.of(row["date"]) for row in rows}}
    doubles = _doubles(connection, children, schools) if scope is None else {}
    return [_line(row, schools, rolls.get(row["student"], ()), paid, doubles, scope) for row in rows]


_Roll = tuple[str, str, str, str]


def _rolls(connection: Connection, children: Sequence[str]) -> dict[str, list[_Roll]]:
    """Child → (school, status, grade, class name) of every enrolment, in the order they began."""
    query = (
        select(ENROLMENT.c.student, ENROLMENT.c.scope, ENROLMENT.c.status, ENROLMENT.c.grade, CLASS.c.name)
        .outerjoin(CLASS, CLASS.c.uid == ENROLMENT.c.school_class)
        .where(ENROLMENT.c.hidden == 0, ENROLMENT.c.student.in_(children))
    )
    found: dict[str, list[_Roll]] = {}
    for student, *roll in connection.execute(query.order_by(ENROLMENT.c.valid_from, ENROLMENT.c.uid)):
        school, status, grade, room = roll
        found.setdefault(student, []).append((school, status or "", grade or "", room or ""))
    return found


def _line(
    row: Mapping[Any, Any],
    schools: Mapping[str, str],
    rolls: Sequence[_Roll],
    paid: Mapping[Term, Mapping[str, Sequence[Paid]]],
    doubles: Mapping[str, Sequence[tuple[str, str]]],
    scope: str | None,
) -> TransferLine:
    old = [roll for roll in rolls if roll[0] == row["scope"]]
    grade, room = old[-1][2:] if old else ("", "")
    money = paid[Term.of(row["date"])].get(row["student"], ())
    return TransferLine(
        row["uid"], row["student"], row["name"] or "（未到）",
        f"{codes.table('grade').label(grade) if grade else ''}{room}", row["scope"],
        schools.get(row["scope"], row["scope"]), row["to_school"] or "", row["to_name"] or "", row["date"],
        row["reason"] or "", _state(row, rolls, scope), row["ruled_on"] or "", row["ruled_by"] or "",
        row["ruling_reason"] or "", tuple(one.sentence() for one in money), Fen(sum(one.fen for one in money)),
        tuple(said for code, said in doubles.get(row["student"], ()) if code not in (row["scope"], row["to_school"])),
        coming=row["to_school"] is not None and row["to_school"] == scope,
    )  # fmt: skip


def _state(row: Mapping[Any, Any], rolls: Iterable[_Roll], scope: str | None) -> str:
    """How it stands, as far as this station knows: the old school does not hear of the new one's class."""
    ruling: str = row["ruling"] or ASKED
    if ruling != APPROVED:
        return ruling
    if not row["to_school"]:
        return "filed"
    if row["scope"] == scope:
        return "moved" if row["now"] != scope else APPROVED
    there = any(school == row["to_school"] and status not in GONE for school, status, _, _ in rolls)
    return RECEIVED if there or row["now"] != row["to_school"] else APPROVED


def _doubles(
    connection: Connection, children: Sequence[str], schools: Mapping[str, str]
) -> dict[str, list[tuple[str, str]]]:
    """Child → (school, sentence) of active enrolments under another record of the same child, or of its number."""
    same = {child: set(others) for child, others in others_of(connection, children).items()}
    one, other = STUDENT.alias(), STUDENT.alias()
    numbers = select(one.c.uid, other.c.uid).where(
        one.c.uid.in_(children), one.c.id_number == other.c.id_number, one.c.uid != other.c.uid, other.c.hidden == 0
    )
    for child, twin in connection.execute(numbers):
        same.setdefault(child, set()).add(twin)
    rolls = _rolls(connection, sorted(set().union(*same.values())) if same else [])
    return {
        child: [
            (school, f"在{schools.get(school, school)}还有在读的学籍")
            for twin in sorted(twins) for school, status, _, _ in rolls.get(twin, ()) if status not in GONE
        ]
        for child, twins in same.items()
    }  # fmt: skip


def arriving(connection: Connection, scope: str) -> list[Mapping[Any, Any]]:
    """Approved transfers to the school whose child has no place in it yet, the oldest first."""
    placed = select(ENROLMENT.c.student).where(
        ENROLMENT.c.scope == scope, ENROLMENT.c.hidden == 0, ENROLMENT.c.status.not_in(GONE)
    )
    query = (
        select(TRANSFER, STUDENT.c.name, SCHOOL.c.name.label("from_name"))
        .join_from(TRANSFER, STUDENT, STUDENT.c.uid == TRANSFER.c.student)
        .outerjoin(SCHOOL, SCHOOL.c.code == TRANSFER.c.scope)
        .where(TRANSFER.c.to_school == scope, TRANSFER.c.ruling == APPROVED, TRANSFER.c.hidden == 0)
        .where(STUDENT.c.scope == scope, STUDENT.c.hidden == 0, STUDENT.c.uid.not_in(placed))
        .order_by(TRANSFER.c.date, TRANSFER.c.uid)
    )
    found: dict[str, Mapping[Any, Any]] = {}
    for row in connection.execute(query).mappings():
        found[row["student"]] = dict(row)  # of several moves of one child the last one counts
    return list(found.values())


def refused(connection: Connection, scope: str) -> list[Mapping[Any, Any]]:
    """Transfers that the school asked for and that were turned down or taken back, while it has not answered."""
    query = select(TRANSFER, STUDENT.c.name).join_from(TRANSFER, STUDENT, STUDENT.c.uid == TRANSFER.c.student)
    query = query.where(TRANSFER.c.scope == scope, TRANSFER.c.hidden == 0, STUDENT.c.scope == scope)
    query = query.where(TRANSFER.c.ruling.in_((REFUSED, "revoked"))).order_by(TRANSFER.c.date, TRANSFER.c.uid)
    return [dict(row) for row in connection.execute(query).mappings()]


def count_waiting(connection: Connection, scope: str | None) -> int:
    """How many transfers wait for a school, or with `scope` None for the county."""
    if scope is None:
        query = select(func.count()).where(TRANSFER.c.hidden == 0, TRANSFER.c.ruling.is_(None))
        return connection.execute(query).scalar_one()
    return len(arriving(connection, scope)) + len(refused(connection, scope))


def to_do(connection: Connection, scope: str) -> Iterator[tuple[str, str]]:
    """(student, sentence) of what waits for a school in the matter of transfers."""
    for row in arriving(connection, scope):
        yield row["student"], f"转入：由{row['from_name'] or row['scope']}转来，请分班、核对资料并结对。"
    for row in refused(connection, scope):
        yield row["student"], f"{_told(row)}请撤回这次转出，或改正后重新申请。"


def ruled_on(connection: Connection) -> dict[str, str | None]:
    """Transfer → ruling, of those ruled on."""
    query = select(TRANSFER.c.uid, TRANSFER.c.ruling).where(TRANSFER.c.ruling.is_not(None))
    return {row[0]: row[1] for row in connection.execute(query)}


def news(connection: Connection, scope: str, before: Mapping[str, str | None]) -> Iterator[str]:
    """What a receipt has just brought in the matter of transfers; `before` as `ruled_on` said then."""
    query: Select[Any] = select(TRANSFER, STUDENT.c.name).outerjoin_from(
        TRANSFER, STUDENT, STUDENT.c.uid == TRANSFER.c.student
    )
    query = query.where(TRANSFER.c.scope == scope, TRANSFER.c.hidden == 0, TRANSFER.c.ruling.is_not(None))
    for row in connection.execute(query.order_by(TRANSFER.c.date, TRANSFER.c.uid)).mappings():
        if before.get(row["uid"]) != row["ruling"]:
            yield _told(row)
    yield from (f"{row['name']}：{said}" for row, said in _came(connection, scope))
    if waiting := _empty(connection, scope):
        yield f"有 {waiting} 名转入学生的档案还没有读到。请把县里写在同一个 U 盘上的全部文件（包括 .jzd）一起读取。"


def _came(connection: Connection, scope: str) -> Iterator[tuple[Mapping[Any, Any], str]]:
    for row in arriving(connection, scope):
        yield row, f"由{row['from_name'] or row['scope']}转来，请分班、核对。"


def _told(row: Mapping[Any, Any]) -> str:
    said = Transfer.spec["ruling"].show(row["ruling"])
    why = f"（{row['ruling_reason']}）" if row["ruling_reason"] else ""
    moved = "，档案已移交，本校只能查看" if row["ruling"] == APPROVED and row["to_school"] else ""
    return f"{row['name']}转往{row['to_name']}：县里{said}{why}{moved}。"


def _empty(connection: Connection, scope: str) -> int:
    """Children moved to the school of whom nothing but the move has come, and nothing was erased.

    What came and does not count is told of.
    """
    query = select(STUDENT.c.uid).where(STUDENT.c.scope == scope, STUDENT.c.hidden == 1, STUDENT.c.name.is_(None))
    query = query.where(STUDENT.c.uid.not_in(select(erased.c.uid)))
    came = {one.student for one in uncounted.lacking(connection)}
    return len(set(connection.execute(query).scalars()) - came)
