"""`jz verify`: every table recomputed from the journal and compared, with the counts that checks rely on."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select

from jzdesk.models import Student
from jzdesk.services.context import Context
from jzdesk.services.duplicates import open_cases
from jzdesk.store import verify as recompute


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """The outcome; `differences` names records by entity and uid only."""

    ok: bool
    entries: int
    students: int
    conflicts: int
    duplicate_cases: int
    digest: str
    differences: tuple[str, ...]


def verify(context: Context) -> VerifyReport:
    """Recompute, compare, count."""
    table = Student.__table__
    with context.read() as connection:
        found = recompute.verify(connection)
        students = connection.execute(select(func.count()).select_from(table).where(table.c.hidden == 0)).scalar_one()
        cases = len(open_cases(connection))
    return VerifyReport(found.ok, found.entries, students, found.conflicts, cases, found.digest, found.differences)
