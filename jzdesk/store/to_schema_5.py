"""From schema 4 to 5: erasure by law. History, unchanged for ever once 0.5.0 is out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Column, ForeignKey, Integer, String, Text, UniqueConstraint

if TYPE_CHECKING:
    from alembic.operations import Operations


def step(operations: Operations) -> None:
    """Two more tables; nothing else is changed."""
    operations.create_table(
        "erased", Column("id", String(32), primary_key=True), Column("uid", String(32), nullable=False)
    )
    operations.create_index("ix_erased_uid", "erased", ["uid"])
    operations.create_table(
        "erasure",
        Column("id", Integer, primary_key=True),
        Column("chain", Integer, ForeignKey("chain.id"), nullable=False),
        Column("n", Integer, nullable=False),
        Column("deed", Integer, nullable=False),
        Column("ent", String(30), nullable=False),
        Column("uid", String(32), nullable=False),
        Column("fields", Text),
        Column("entries", Integer, nullable=False),
        Column("ground", String(200), nullable=False),
        Column("schools", Text, nullable=False),
        Column("account", String(60), nullable=False),
        Column("at", Integer, nullable=False),
        UniqueConstraint("chain", "n"),
    )
