"""The imports of this station: what each brought, whether it still stands, and taking one back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, select

from jzdesk.core.clock import moment
from jzdesk.core.errors import UserError
from jzdesk.services.importing.kinds import KINDS
from jzdesk.store.actions import IMPORT
from jzdesk.store.tables import action, import_run, parked_row


@dataclass(frozen=True, slots=True)
class ImportLine:
    """One import: its number, kind, file, when and by whom, its counts, how many of its rows wait, and its state.

    `state` is "stands", "undone", or "nothing" when the import changed no record; `action` its number for undoing.
    """

    run: int
    kind: str
    label: str
    file: str
    when: str
    who: str
    read: int
    added: int
    changed: int
    unchanged: int
    parked: int
    unmatched: int
    waiting: int
    state: str
    action: int | None
    notes: tuple[str, ...]


def every(connection: Connection, limit: int = 500) -> list[ImportLine]:
    """The newest imports first."""
    deeds = {row.ref: row for row in connection.execute(select(action).where(action.c.kind == IMPORT))}
    rows = select(parked_row.c.run, parked_row.c.file, parked_row.c.sheet, parked_row.c.row).distinct()
    open_rows = rows.where(parked_row.c.solved.is_(None)).subquery()
    counts = select(open_rows.c.run, func.count()).group_by(open_rows.c.run)
    waiting: dict[int, int] = {row[0]: row[1] for row in connection.execute(counts)}
    runs = connection.execute(select(import_run).order_by(import_run.c.id.desc()).limit(limit))
    return [_line(run, deeds.get(run.id), waiting.get(run.id, 0)) for run in runs]


def find(connection: Connection, number: int) -> ImportLine:
    """One import; raises UserError."""
    found = [line for line in every(connection, 1_000_000) if line.run == number]
    if not found:
        raise UserError(f"没有第 {number} 次导入", "请用“导入记录”查看编号。", "导入记录")
    return found[0]


def _line(run: Row[Any], deed: Row[Any] | None, waiting: int) -> ImportLine:
    counts = json.loads(run.counts)
    state = "nothing" if deed is None else "undone" if deed.undone_by is not None else "stands"
    label = KINDS[run.kind].label if run.kind in KINDS else run.kind
    return ImportLine(
        run.id, run.kind, label, run.file, moment(run.at), deed.account if deed is not None else "",
        counts.get("read", 0), counts.get("added", 0), counts.get("changed", 0), counts.get("unchanged", 0),
        counts.get("parked", 0), counts.get("unmatched", 0), waiting, state,
        deed.id if deed is not None else None, tuple(json.loads(run.notes)),
    )  # fmt: skip
