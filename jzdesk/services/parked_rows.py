"""What becomes of parked rows when an import is taken back, or that undo is: they go and come with their import."""

from __future__ import annotations

from sqlalchemy import Connection, update

from jzdesk.store.tables import parked_row


def solved_by(run: int, today: str) -> str:
    """What is noted of a row that an import (or a retry, which is one) has solved."""
    return f"{today} {_solved(run)}"


def _solved(run: int) -> str:
    return f"第 {run} 次导入时已改正"


def taken_back_by(run: int) -> str:
    """How the note of a row ends whose import was undone."""
    return f"第 {run} 次导入已撤销"


def take_back(connection: Connection, run: int, today: str) -> None:
    """An import was undone: its own rows wait no longer, and rows that it had solved wait again."""
    solved = parked_row.c.solved.like(f"% {_solved(run)}")
    connection.execute(update(parked_row).where(solved).values(solved=None))
    mine = (parked_row.c.run == run, parked_row.c.solved.is_(None))
    connection.execute(update(parked_row).where(*mine).values(solved=f"{today} {taken_back_by(run)}"))


def bring_back(connection: Connection, run: int) -> None:
    """The undo of an import was itself undone: its rows wait again."""
    taken = parked_row.c.solved.like(f"% {taken_back_by(run)}")
    connection.execute(update(parked_row).where(taken).values(solved=None))
