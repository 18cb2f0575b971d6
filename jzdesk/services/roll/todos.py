"""What of the roll waits to be done, counted for 工作台 in a handful of statements."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, func, select

from jzdesk.policy import enrolment as rules
from jzdesk.services.pupils import ENROLMENT
from jzdesk.services.roll.closures import CLOSURE, is_overdue, is_proposed
from jzdesk.services.roll.listing import expired
from jzdesk.services.roll.promoting import is_due


class Waiting(NamedTuple):
    """How many of each; `promotion` is 1 when the promotion of this school year has not been done."""

    expired: int
    suspected: int
    promotion: int
    overdue: int
    proposed: int


def waiting(connection: Connection, scope: str, today: str) -> Waiting:
    """Counts for one school."""
    suspected = select(func.count()).where(
        ENROLMENT.c.hidden == 0, ENROLMENT.c.scope == scope, ENROLMENT.c.status == rules.SUSPECTED
    )
    mine = (CLOSURE.c.hidden == 0, CLOSURE.c.scope == scope)
    overdue, proposed = (
        select(func.count()).where(*mine, condition) for condition in (is_overdue(today), is_proposed())
    )
    late = select(func.count()).select_from(expired(scope, today).order_by(None).subquery())
    return Waiting(
        connection.execute(late).scalar_one(),
        connection.execute(suspected).scalar_one(),
        int(is_due(connection, scope, today)),
        connection.execute(overdue).scalar_one(),
        connection.execute(proposed).scalar_one(),
    )  # fmt: skip
