"""From schema 3 to 4: lists of a county come school by school. History, unchanged for ever once 0.4.0 is out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import column, func, literal_column

if TYPE_CHECKING:
    from alembic.operations import Operations

_GONE = {
    "household": "head", "member": "name", "student": "name_birth", "enrolment": "grade_uid", "visit": "date_uid",
}  # fmt: skip
_BY_SCHOOL = {"household": "scope head", "member": "scope name", "student": "scope name", "visit": "scope date"}
_OWNED = (
    "staff", "guardian", "hardship", "photo", "consent", "bank_account", "pairing", "question", "identity", "closure",
    "transfer", "decision", "batch", "payment", "notice", "pledge", "fund", "fund_entry",
)  # fmt: skip


def step(operations: Operations) -> None:
    """Other indexes; nothing else is changed."""
    for table, columns in _GONE.items():
        operations.drop_index(f"ix_{table}_{columns}", table)
    for table, columns in (*_BY_SCHOOL.items(), *((owned, "scope") for owned in _OWNED)):
        operations.create_index("_".join(("ix", table, *columns.split())), table, columns.split())
    operations.drop_index("ix_student_roll_number", "student")
    apart = func.substr(column("roll_number"), literal_column("2")).is_distinct_from(column("id_number"))
    operations.create_index(
        "ix_student_rolled_apart", "student", ["roll_number"], sqlite_where=apart, postgresql_where=apart
    )
