"""The log of packages that came and went: what was in them, and what became of them."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, insert, select

from jzdesk.core.clock import Clock, moment
from jzdesk.services.context import Context
from jzdesk.store.tables import package
from jzdesk.sync.merge import Counts
from jzdesk.sync.stretch import Manifest, PackageWritten


@dataclass(frozen=True, slots=True)
class EntryCounts:
    """Entries in = applied + known + held + rejected."""

    entries_in: int = 0
    applied: int = 0
    known: int = 0
    held: int = 0
    rejected: int = 0

    @classmethod
    def of(cls, counts: Counts) -> EntryCounts:
        """The counts of a stretch that was taken in."""
        return cls(counts.total, counts.applied, counts.known, counts.held, 0)


@dataclass(frozen=True, slots=True)
class LogLine:
    """One package that came in."""

    file: str
    school: str
    number: int
    outcome: str
    reason: str | None
    counts: EntryCounts
    when: str
    first_n: int
    last_n: int


def today(context: Context) -> dt.date:
    """Today as a date."""
    return dt.date.fromisoformat(context.today())


def note_export(connection: Connection, written: PackageWritten, clock: Clock) -> None:
    """Log a package of ours."""
    counts = EntryCounts(written.entries)
    connection.execute(
        insert(package),
        [_row(written.manifest, written.path.name, written.sha256, "out", "written", None, counts, clock)],
    )


def note_arrival(
    connection: Connection,
    manifest: Manifest,
    file: str,
    sha256: str,
    outcome: str,
    reason: str | None,
    counts: EntryCounts,
    clock: Clock,
) -> None:
    """Log a package that came in, whatever became of it."""
    connection.execute(insert(package), [_row(manifest, file, sha256, "in", outcome, reason, counts, clock)])


def _row(
    manifest: Manifest,
    file: str,
    sha256: str,
    direction: str,
    outcome: str,
    reason: str | None,
    counts: EntryCounts,
    clock: Clock,
) -> dict[str, Any]:
    return {
        "package_id": manifest.package_id,
        "file": file,
        "sha256": sha256,
        "direction": direction,
        "kind": manifest.kind,
        "dev": manifest.device,
        "ep": manifest.epoch,
        "school": manifest.school,
        "number": manifest.number,
        "first_n": manifest.first_n,
        "last_n": manifest.last_n,
        "outcome": outcome,
        "reason": reason,
        "counts": json.dumps(asdict(counts)),
        "at": clock.tick(),
    }


def last_export(connection: Connection) -> str | None:
    """When the last package was written, for people."""
    query = select(package.c.at).where(package.c.direction == "out").order_by(package.c.id.desc()).limit(1)
    at = connection.execute(query).scalar_one_or_none()
    return moment(at) if at else None


def arrivals(connection: Connection, limit: int = 1000) -> list[LogLine]:
    """Packages that came in, newest first."""
    query = select(package).where(package.c.direction == "in").order_by(package.c.id.desc()).limit(limit)
    return [
        LogLine(
            row.file,
            row.school,
            row.number,
            row.outcome,
            row.reason,
            EntryCounts(**json.loads(row.counts)),
            moment(row.at),
            row.first_n,
            row.last_n,
        )
        for row in connection.execute(query)
    ]
