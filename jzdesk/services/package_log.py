"""The log of packages that came and went: what was in them, and what became of them."""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, func, insert, select

from jzdesk.core.clock import Clock, moment
from jzdesk.services.context import Context
from jzdesk.services.erasing import reach
from jzdesk.store.tables import (
    ACCEPTED,
    ADMITTED,
    ASIDE,
    ERASED,
    TURNED_DOWN,
    chain,
    hold,
    journal,
    package,
    revocation,
    withdrawal,
)
from jzdesk.sync.merge import Counts
from jzdesk.sync.receipt import PackageOutcome
from jzdesk.sync.stretch import Manifest
from jzdesk.sync.writing import PackageWritten

_STANDS = ("applied", "held", "duplicate", "withdrawn")  # outcomes after which the entries are in the journal
_RULINGS = {ADMITTED: "县里已采纳", TURNED_DOWN: "县里不予采纳", ASIDE: "县里没有计入"}


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
    """One package that came in: what became of it then, and in `since` what was decided about it later.

    `withdrawn` is whether it is taken back now; `waiting` how many of its entries still wait for the county.
    """

    file: str
    school: str
    number: int
    outcome: str
    reason: str | None
    counts: EntryCounts
    when: str
    first_n: int
    last_n: int
    package_id: str = ""
    withdrawn: bool = False
    waiting: int = 0
    since: str = ""


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
    """Log a package that came in, whatever became of it, and which receipt its writer had read."""
    reach.note_heard(connection, manifest.device, manifest.last_receipt)
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


def arrivals(connection: Connection, school: str | None = None, limit: int = 1000) -> list[LogLine]:
    """Packages that came in, newest first; with `school` those of one school."""
    query = select(package).where(package.c.direction == "in")
    if school:
        query = query.where(package.c.school == school)
    decided = Decisions(connection)
    return [_log_line(decided, row) for row in connection.execute(query.order_by(package.c.id.desc()).limit(limit))]


def _log_line(decided: Decisions, row: Row[Any]) -> LogLine:
    later = decided.since(row)
    return LogLine(
        row.file,
        row.school,
        row.number,
        row.outcome,
        row.reason,
        EntryCounts(**json.loads(row.counts)),
        moment(row.at),
        row.first_n,
        row.last_n,
        row.package_id,
        later.withdrawn > 0,
        later.waiting,
        later.sentence,
    )


@dataclass(frozen=True, slots=True)
class Since:
    """What was decided about a package after it was taken in, in entries, and in words."""

    withdrawn: int = 0
    revoked: int = 0
    waiting: int = 0
    admitted: int = 0
    sentence: str = ""


class _Cut(NamedTuple):
    """A chain is taken back from `first_n` on."""

    first_n: int
    at: int
    reason: str


class _Revoked(NamedTuple):
    """A device is trusted up to these entries of its epochs."""

    cuts: dict[str, int]
    at: int
    reason: str


class _Ruled(NamedTuple):
    """Entries of a package that were held, with the ruling ("" for none yet)."""

    ruling: str
    why: str
    entries: int


class Decisions:
    """Everything decided about packages since they came, read once for a whole list of them."""

    def __init__(self, connection: Connection) -> None:
        self._cuts: dict[tuple[str, str], list[_Cut]] = defaultdict(list)
        self._rulings: dict[str, list[_Ruled]] = defaultdict(list)
        self._revoked = {
            row.device: _Revoked({ep: n for ep, (n, _) in json.loads(row.cuts).items()}, row.at, row.reason)
            for row in connection.execute(select(revocation).where(revocation.c.undone_at.is_(None)))
        }
        taken = select(chain.c.dev, chain.c.ep, withdrawal.c.first_n, withdrawal.c.at, withdrawal.c.reason)
        taken = taken.join(chain, chain.c.id == withdrawal.c.chain).where(withdrawal.c.undone_at.is_(None))
        for dev, ep, *cut in connection.execute(taken.order_by(withdrawal.c.first_n)):
            self._cuts[dev, ep].append(_Cut(*cut))
        entries = func.sum(hold.c.last_n - hold.c.first_n + 1)
        held = select(hold.c.package_id, hold.c.ruling, hold.c.why, entries).where(hold.c.reason != "fork")
        held = held.group_by(hold.c.package_id, hold.c.ruling, hold.c.why).order_by(func.min(hold.c.id))
        for package_id, ruling, why, number in connection.execute(held):
            self._rulings[package_id].append(_Ruled(ruling or "", why or "", int(number)))

    def since(self, row: Row[Any]) -> Since:
        """What was decided about the package of this row of the log since it came."""
        if row.outcome not in _STANDS:
            return Since()
        entries = dict.fromkeys(("", *_RULINGS), 0)
        words = ""
        for ruled in self._rulings.get(row.package_id, ()):
            entries[ruled.ruling] += ruled.entries
            words += f"{_RULINGS[ruled.ruling]} {ruled.entries} 条：{ruled.why}。" if ruled.ruling else ""
        gone, why = self._taken_back(row)
        beyond, told = self._beyond(row)
        waiting = f"还有 {entries['']} 条待裁定。" if entries[""] else ""
        return Since(gone, beyond, entries[""], entries[ADMITTED], told + why + waiting + words)

    def _beyond(self, row: Row[Any]) -> tuple[int, str]:
        """How many entries of the package lie beyond the cut of its revoked device, and the sentence that says so."""
        found = self._revoked.get(row.dev)
        trusted = row.last_n if found is None else found.cuts.get(row.ep, 0)
        if found is None or trusted >= row.last_n:
            return 0, ""
        since = f"已于 {moment(found.at)} 吊销" if found.at else "已吊销"
        words = f"这台电脑{since}，只认到第 {trusted} 条，理由：{found.reason}。"
        return row.last_n - max(trusted + 1, row.first_n) + 1, words

    def _taken_back(self, row: Row[Any]) -> tuple[int, str]:
        """How many entries of the package are taken back, and the sentence that says so."""
        cut = next((cut for cut in self._cuts.get((row.dev, row.ep), ()) if cut.first_n <= row.last_n), None)
        if cut is None:
            return 0, ""
        words = f"第 {cut.first_n} 条起已于 {moment(cut.at)} 撤回合并，理由：{cut.reason}。"
        return row.last_n - max(cut.first_n, row.first_n) + 1, words


def told(connection: Connection, *devs: str, limit: int = 50) -> Iterator[PackageOutcome]:
    """What a receipt says became of the last packages of a device: as it stands now, with counts that balance.

    What was taken back, or judged never to count, is `held` there: the receipt's format knows no further outcome.
    """
    yield from _all_told(connection, package.c.dev.in_(devs), limit)


def told_of(connection: Connection, schools: Sequence[str], limit: int = 1000) -> Iterator[PackageOutcome]:
    """The same of the last packages of several schools, for the township station that carried them."""
    yield from _all_told(connection, package.c.school.in_(schools), limit)


def _all_told(connection: Connection, which: ColumnElement[bool], limit: int) -> Iterator[PackageOutcome]:
    query = select(package).where(which, package.c.direction == "in").order_by(package.c.id.desc()).limit(limit)
    decided = Decisions(connection)
    for row in connection.execute(query).all():
        yield _told(connection, decided, row)


def _told(connection: Connection, decided: Decisions, row: Row[Any]) -> PackageOutcome:
    counts, later = json.loads(row.counts), decided.since(row)
    outcome, applied, held = row.outcome, counts["applied"], counts["held"]
    cut = later.withdrawn or later.revoked
    if outcome in _STANDS:
        fresh = applied + held  # those known before came first
        applied = _counting(connection, row, fresh)
        held = fresh - applied
        outcome = "held" if held or cut else "applied" if outcome in ("applied", "held") else "duplicate"
    sentence = later.sentence if cut else (row.reason or "" if held else "") + later.sentence
    return PackageOutcome(
        package_id=row.package_id,
        number=row.number,
        outcome=outcome,
        applied=applied,
        known=counts["known"],
        held=held,
        rejected=counts["rejected"],
        sentence=sentence or None,
    )


def _counting(connection: Connection, row: Row[Any], fresh: int) -> int:
    """How many of the last `fresh` entries of a package count today, or did until they were erased by law."""
    if not fresh:
        return 0
    query = (
        select(func.count())
        .select_from(journal.join(chain, chain.c.id == journal.c.chain))
        .where(chain.c.dev == row.dev, chain.c.ep == row.ep, journal.c.state.in_((ACCEPTED, ERASED)))
        .where(journal.c.n.between(row.last_n - fresh + 1, row.last_n))
    )
    return connection.execute(query).scalar_one()
