"""Children whose file was erased by law and of whom a name stays, because vouchers of money paid to them are kept."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from jzdesk.services.student_tables import STUDENT
from jzdesk.store import erasing
from jzdesk.store.tables import erased


def only_named(connection: Connection, among: Any) -> set[str]:
    """Those of the students (`among`: uids, or a query for them) of whom nothing but name and number is left.

    They have no date of birth: it is required, so it is missing only where the whole file was erased.
    """
    if not erasing.anything(connection):
        return set()
    query = select(STUDENT.c.uid).where(STUDENT.c.uid.in_(among), STUDENT.c.birth.is_(None))
    return set(connection.execute(query.where(STUDENT.c.uid.in_(select(erased.c.uid)))).scalars())
