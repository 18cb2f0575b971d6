"""From schema 1 to 2: the registry in depth. What stands here is history and stays as it is for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Column, ForeignKey, Integer, LargeBinary, String, Text, UniqueConstraint

if TYPE_CHECKING:
    from alembic.operations import Operations

_TEXTS = {
    "household": "village_group monitoring",
    "member": "sex birth ethnic post address hukou_division disability_card",
    "student": "aux_number pinyin id_valid_to birth_place native_place nationality overseas political mailing_address "
    "family_address postcode email homepage talent disability_card inclusive distance transport",
    "guardian": "relation_note",
    "enrolment": "class_number entry_mode source study_place pay_place",
    "enrolment_event": "enrolment until from_status to_status from_grade to_grade from_class to_class other_school "
    "approver",
    "hardship": "document end_reason",
}
_NUMBERS = {
    "household": "labour_count dependants_count annual_income",
    "student": "preschool bought_place asks_aid one_subsidy school_bus",
}
_RECORDS = {
    "photo": ("student kind sha256 taken_on note", "size"),
    "consent": ("student member given_by relation given_on how covers withdrawn_on photo note", ""),
    "closure": (
        (
            "kind subject student household opened_on basis due measures done_on reason proof verifier approver "
            "closed_on state reopened_on reopen_reason"
        ),
        "",
    ),
}
_INDEXES = {
    "enrolment_event": ("scope date", "enrolment", "from_class", "to_class"),
    "student": ("birth", "roll_number"),
    "photo": ("student",),
    "consent": ("student", "member", "photo"),
    "closure": ("student", "household", "state"),
}


def step(operations: Operations) -> None:
    """Add what schema 2 has more; nothing is changed or taken away."""
    for names, kind in ((_TEXTS, String), (_NUMBERS, Integer)):
        for table, columns in names.items():
            for name in columns.split():
                operations.add_column(table, Column(name, kind, nullable=True))
    for table, (texts, numbers) in _RECORDS.items():
        operations.create_table(table, *_record(texts, numbers))
    for table, indexes in _INDEXES.items():
        for columns in indexes:
            operations.create_index("_".join(("ix", table, *columns.split())), table, columns.split())
    operations.add_column("import_run", Column("layout", Text))
    operations.add_column("parked_row", Column("typed", Text))
    _local(operations)


def _record(texts: str, numbers: str) -> list[Column[object]]:
    """The columns of a synchronised table."""
    fields: list[Column[object]] = [Column(name, String) for name in texts.split()]
    fields += [Column(name, Integer) for name in numbers.split()]
    meta: list[Column[object]] = [
        Column("uid", String(32), primary_key=True),
        Column("scope", String(20), nullable=False),
        Column("hidden", Integer, nullable=False),
    ]
    return fields + meta


def _local(operations: Operations) -> None:
    """Tables that never travel."""
    operations.create_table(
        "action",
        Column("id", Integer, primary_key=True),
        Column("kind", String(10), nullable=False),
        Column("label", String(120), nullable=False),
        Column("account", String(60), nullable=False),
        Column("chain", Integer, ForeignKey("chain.id"), nullable=False),
        Column("first_n", Integer, nullable=False),
        Column("last_n", Integer, nullable=False),
        Column("at", Integer, nullable=False),
        Column("ref", Integer),
        Column("undone_by", Integer),
    )
    operations.create_index("ix_action_last", "action", ["chain", "last_n"])
    operations.create_table(
        "list_run",
        Column("id", Integer, primary_key=True),
        Column("kind", String(10), nullable=False),
        Column("file", String(200), nullable=False),
        Column("sha256", String(64), nullable=False),
        Column("listed_on", String(10), nullable=False),
        Column("counts", Text, nullable=False),
        Column("at", Integer, nullable=False),
    )
    operations.create_table(
        "list_line",
        Column("id", Integer, primary_key=True),
        Column("run", Integer, ForeignKey("list_run.id"), nullable=False),
        Column("pile", String(10), nullable=False),
        Column("row", Integer, nullable=False),
        Column("name", String(50), nullable=False),
        Column("number", String(30), nullable=False),
        Column("student", String(32)),
        Column("facts", Text, nullable=False),
        Column("outcome", String(10)),
        Column("reason", String(200)),
    )
    operations.create_index("ix_list_line_run", "list_line", ["run", "pile"])
    operations.create_table(
        "scheme",
        Column("id", Integer, primary_key=True),
        Column("direction", String(3), nullable=False),
        Column("kind", String(20), nullable=False),
        Column("name", String(60), nullable=False),
        Column("body", Text, nullable=False),
        Column("at", Integer, nullable=False),
        UniqueConstraint("direction", "kind", "name"),
    )
    operations.create_table(
        "filled_cell",
        Column("scheme", Integer, ForeignKey("scheme.id"), primary_key=True),
        Column("record", String(32), primary_key=True),
        Column("place", String(60), primary_key=True),
        Column("value", Text, nullable=False),
    )
    operations.create_table(
        "blob",
        Column("sha256", String(64), primary_key=True),
        Column("data", LargeBinary, nullable=False),
        Column("at", Integer, nullable=False),
    )
    _standing(operations)


def _standing(operations: Operations) -> None:
    """What was taken back, and what waits for a decision; of what waited before nobody noted why."""
    operations.create_table(
        "withdrawal",
        Column("id", Integer, primary_key=True),
        Column("chain", Integer, ForeignKey("chain.id"), nullable=False),
        Column("first_n", Integer, nullable=False),
        Column("package_id", String(32), nullable=False),
        Column("reason", String(200), nullable=False),
        Column("account", String(60), nullable=False),
        Column("at", Integer, nullable=False),
        Column("undone_by", String(60)),
        Column("undone_at", Integer),
    )
    operations.create_index("ix_withdrawal_chain", "withdrawal", ["chain"])
    operations.create_table(
        "hold",
        Column("id", Integer, primary_key=True),
        Column("chain", Integer, ForeignKey("chain.id"), nullable=False),
        Column("package_id", String(32), nullable=False),
        Column("first_n", Integer, nullable=False),
        Column("last_n", Integer, nullable=False),
        Column("reason", String(12), nullable=False),
        Column("ruling", String(10)),
        Column("why", String(200)),
        Column("account", String(60)),
        Column("at", Integer),
    )
    operations.create_index("ix_hold_chain", "hold", ["chain"])
    operations.create_index("ix_hold_package", "hold", ["package_id"])
    operations.execute(
        "INSERT INTO hold (chain, package_id, first_n, last_n, reason)"
        " SELECT chain, '', n, n, 'earlier' FROM journal WHERE state = 1 ORDER BY chain, n"
    )
