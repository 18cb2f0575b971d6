"""From schema 2 to 3: the stick. What stands here is history and stays as it is for ever once 0.3.0 is out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Column, Integer, String, Text

if TYPE_CHECKING:
    from alembic.operations import Operations

_LISTED = {"household": "head", "member": "name", "enrolment": "grade uid", "visit": "date uid"}  # long ledgers' order
_TRANSFER = "student event to_school to_name date reason ruling ruled_on ruled_by ruling_reason"


def step(operations: Operations) -> None:
    """Add what schema 3 has more; nothing is changed or taken away."""
    _carried(operations)
    _revocation(operations)
    _transfer(operations)
    operations.drop_index("ix_visit_date", "visit")
    for table, columns in _LISTED.items():
        operations.create_index("_".join(("ix", table, *columns.split())), table, columns.split())


def _carried(operations: Operations) -> None:
    """What a township station carries for the schools below it."""
    operations.create_table(
        "carried",
        Column("id", Integer, primary_key=True),
        Column("sha256", String(64), nullable=False, unique=True),
        Column("file", String(200), nullable=False),
        Column("kind", String(12), nullable=False),
        Column("school", String(20), nullable=False),
        Column("name", String(60), nullable=False),
        Column("dev", String(16), nullable=False),
        Column("ep", String(64), nullable=False),
        Column("number", Integer, nullable=False),
        Column("first_n", Integer, nullable=False),
        Column("last_n", Integer, nullable=False),
        Column("package_id", String(32), nullable=False),
        Column("seen_receipt", Integer, nullable=False),
        Column("opened", Integer, nullable=False),
        Column("note", Text),
        Column("came", Integer, nullable=False),
        Column("sent", Integer),
        Column("times", Integer, nullable=False),
        Column("answer", String(12)),
        Column("told", Text),
        Column("answered", String(10)),
    )
    operations.create_index("ix_carried_package", "carried", ["package_id"])
    operations.create_index("ix_carried_device", "carried", ["dev", "ep"])


def _revocation(operations: Operations) -> None:
    """Devices no longer trusted; of one revoked before, everything taken in until now goes on counting."""
    operations.create_table(
        "revocation",
        Column("id", Integer, primary_key=True),
        Column("device", String(16), nullable=False),
        Column("cuts", Text, nullable=False),
        Column("reason", String(200), nullable=False),
        Column("account", String(60), nullable=False),
        Column("at", Integer, nullable=False),
        Column("undone_by", String(60)),
        Column("undone_at", Integer),
        Column("undone_why", String(200)),
    )
    operations.create_index("ix_revocation_device", "revocation", ["device"])
    operations.execute(
        "INSERT INTO revocation (device, cuts, reason, account, at)"
        " SELECT device, (SELECT json_group_object(ep, json_array(last_n, lower(hex(last_h)))) FROM chain"
        " WHERE dev = device AND last_n > 0), '升级以前吊销', '', 0 FROM certificate"
        " GROUP BY device HAVING count(*) = count(revoked)"
    )


def _transfer(operations: Operations) -> None:
    """Children who go to another school."""
    operations.create_table(
        "transfer",
        *(Column(name, String) for name in _TRANSFER.split()),
        Column("uid", String(32), primary_key=True),
        Column("scope", String(20), nullable=False),
        Column("hidden", Integer, nullable=False),
    )
    for column in ("student", "event", "to_school"):
        operations.create_index(f"ix_transfer_{column}", "transfer", [column])
