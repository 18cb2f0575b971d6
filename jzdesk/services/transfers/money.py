"""What was paid for a child in a term, school by school: no school pays it a second time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, case, func, select

from jzdesk.core.money import Fen, format_yuan
from jzdesk.core.term import Term
from jzdesk.services.same_child import others_of
from jzdesk.services.standards import read_book
from jzdesk.services.student_tables import SCHOOL
from jzdesk.services.transfers.files import BATCH, PAYMENT


@dataclass(frozen=True, slots=True)
class Paid:
    """What one school put on its lists for a child under one programme; `paid` once the money went out."""

    school: str
    programme: str
    fen: Fen
    paid: bool

    def sentence(self) -> str:
        """`已由青石镇中心小学发放 625.00 元（义务教育生活补助）`."""
        how = f"已由{self.school}发放" if self.paid else f"已列入{self.school}的发放名单"
        return f"{how} {format_yuan(self.fen)} 元（{self.programme}）"


def paid_in(connection: Connection, students: Collection[str], term: Term) -> dict[str, list[Paid]]:
    """Student → what any school pays in the term, to this record or to another of the same child."""
    same = others_of(connection, students)
    about: dict[str, list[str]] = defaultdict(list)
    for child in students:
        for one in (child, *same.get(child, ())):
            about[one].append(child)
    found: dict[str, list[Paid]] = defaultdict(list)
    names = {row[0]: row[1] for row in connection.execute(select(SCHOOL.c.code, SCHOOL.c.name))}
    book = read_book(connection)
    for student, programme, scope, unpaid, fen in _sums(connection, sorted(about), term):
        paid = Paid(names.get(scope) or scope, book.name(programme), Fen(fen), not unpaid)
        for child in about[student]:
            found[child].append(paid)
    return found


def _sums(connection: Connection, students: list[str], term: Term) -> Iterable[tuple[str, str, str, int, int]]:
    """(student, programme, school, lines not yet paid, fen); what came back is taken off."""
    unpaid = func.sum(case((PAYMENT.c.state != "paid", 1), else_=0))
    query = (
        select(PAYMENT.c.student, PAYMENT.c.programme, PAYMENT.c.scope, unpaid, func.sum(PAYMENT.c.fen))
        .join_from(PAYMENT, BATCH, BATCH.c.uid == PAYMENT.c.batch)
        .where(PAYMENT.c.student.in_(students), PAYMENT.c.term == str(term), PAYMENT.c.hidden == 0)
        .where(BATCH.c.hidden == 0)
        .group_by(PAYMENT.c.student, PAYMENT.c.programme, PAYMENT.c.scope)
        .having(func.sum(PAYMENT.c.fen) > 0)
        .order_by(PAYMENT.c.scope, PAYMENT.c.programme)
    )
    return [tuple(row) for row in connection.execute(query)]
