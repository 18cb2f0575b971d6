"""What a list is as a proof: its kind, its name and date, and from when the hardships run that it gives."""

from __future__ import annotations

import datetime as dt
from pathlib import PurePath

from sqlalchemy import Connection, select

from jzdesk.core.term import Term
from jzdesk.policy import lists
from jzdesk.policy.lists import ListKind
from jzdesk.services.importing.hardships import Paper
from jzdesk.store.tables import list_run

LIST = "list"  # the source of hardships that a department's list proves


def day_before(day: str) -> str:
    """The day before, as ISO text."""
    return (dt.date.fromisoformat(day) - dt.timedelta(days=1)).isoformat()


def newest_date(connection: Connection, kind: str, besides: int = 0) -> str:
    """The date of the newest list of that kind that was read; "" when there is none."""
    query = select(list_run.c.listed_on).where(list_run.c.kind == kind, list_run.c.id != besides)
    return max(connection.execute(query).scalars(), default="")


def paper_of(connection: Connection, run: int, kind: ListKind, file: str, listed_on: str) -> Paper:
    """A list as proof: hardships run from the first day of its term, those of an older list up to the newer one."""
    newer = newest_date(connection, kind.code, run)
    until = day_before(newer) if newer > listed_on else None
    return Paper(LIST, listed_on, Term.of(listed_on).first_day, until, proof_of(kind, file, listed_on))


def proof_of(kind: ListKind, file: str, listed_on: str) -> str:
    """`农村低保：2025年9月低保名单（2025-09-01）`, not longer than the field."""
    name = PurePath(file).stem
    room = 100 - len(kind.name) - len(listed_on) - 3
    return f"{kind.name}：{name[:room]}（{listed_on}）"


def is_of_another_kind(proof: str, kind: ListKind) -> bool:
    """Whether a hardship's proof names a list of another kind."""
    return any(proof.startswith(f"{one.name}：") for one in lists.kinds().values() if one.code != kind.code)
