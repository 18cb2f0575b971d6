"""From schema 2 to 3: the stick. What stands here is history and stays as it is for ever once 0.3.0 is out."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alembic.operations import Operations


def step(operations: Operations) -> None:
    """Add what schema 3 has more; nothing is changed or taken away."""
