"""What merging a package would change, before it is merged: the merge itself, in a transaction that is rolled back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection

from jzdesk.core.errors import UserError
from jzdesk.services import identity
from jzdesk.services.arriving import REASONS, Arrived, arrive, hold_back
from jzdesk.services.context import Context
from jzdesk.services.duplicates import open_cases
from jzdesk.services.effects import Effects, effects
from jzdesk.services.merging import OUTCOMES, READY, MergeService, aside, licence_of, verdict
from jzdesk.services.package_log import EntryCounts
from jzdesk.store.standing import Placed
from jzdesk.store.tables import ACCEPTED
from jzdesk.sync import stick
from jzdesk.sync.merge import Fork, Gap
from jzdesk.sync.package import PackageReader, open_package
from jzdesk.sync.stretch import Manifest

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Preview:
    """What merging would lead to: outcome and counts as the merge will report them, and what changes in the records.

    `cases` counts duplicate cases that would open; `held` is (reason in words, entries).
    """

    package: str
    school: str
    number: int
    outcome: str
    reason: str | None
    counts: EntryCounts
    effects: Effects = field(default_factory=Effects)
    cases: int = 0
    held: tuple[tuple[str, int], ...] = ()

    @property
    def outcome_label(self) -> str:
        """The outcome in Chinese; it has not happened yet."""
        return READY if self.outcome == "applied" else OUTCOMES[self.outcome]


class _Enough(Exception):
    """Everything has been looked at: roll back."""


class PreviewService:
    """Looks at packages; writes nothing."""

    def __init__(self, context: Context, merging: MergeService) -> None:
        self._context, self._merging = context, merging

    def preview(self, path: Path, progress: Progress | None = None) -> Preview:
        """What merging this package would change. `progress` may raise to cancel; UserError for what cannot be read.

        The entries are taken in and rolled back, so nobody else can save meanwhile; memory stays bounded.
        """
        if self._context.info.kind == "school":
            raise UserError("数据包由县里或乡镇中心学校并入，本站是学校", "学校请读取县里的回执。")
        local = stick.read_local_copy(path, self._context.folder.sub("received"))
        try:
            with open_package(local, identity.station_keys(self._context).sealing, self._merging.trust()) as reader:
                self._merging.check_revoked(reader)
                return self._look(reader, path.name, progress)
        finally:
            local.unlink(missing_ok=True)

    def _look(self, reader: PackageReader, name: str, progress: Progress | None) -> Preview:
        manifest = reader.manifest
        whole = manifest.last_n - manifest.first_n + 1
        found: list[Preview] = []
        try:
            with self._context.write() as unit:
                before = _cases(unit.connection)
                arrived = arrive(
                    unit, manifest, reader.entries(), licence_of(self._context, reader), _first_half(progress, whole)
                )
                hold_back(unit, arrived)
                found.append(_preview(unit.connection, manifest, name, arrived, before, progress))
                raise _Enough
        except _Enough:
            return found[0]
        except (Gap, Fork) as obstacle:
            outcome, reason = aside(obstacle)
            counts = EntryCounts(whole, held=whole)
            return Preview(name, manifest.school_name, manifest.number, outcome, reason, counts)


def _preview(
    connection: Connection,
    manifest: Manifest,
    name: str,
    arrived: Arrived,
    before: set[tuple[str, ...]],
    progress: Progress | None,
) -> Preview:
    fresh = arrived.fresh
    total = fresh.last - fresh.first + 1

    def counted(one: Placed) -> bool:
        return one.state == ACCEPTED

    def counted_before(one: Placed) -> bool:
        return one.state == ACCEPTED and not fresh.holds(one)

    found = effects(
        connection, fresh, (ACCEPTED,), counted_before, counted,
        None if progress is None else lambda done: progress(total + done, 2 * total),
    )  # fmt: skip
    outcome, reason = verdict(connection, manifest, arrived.counts)
    reasons = tuple((REASONS[why], number) for why, number in sorted(arrived.counts.reasons.items()))
    return Preview(
        name, manifest.school_name, manifest.number, outcome, reason, EntryCounts.of(arrived.counts), found,
        len(_cases(connection) - before), reasons,
    )  # fmt: skip


def _cases(connection: Connection) -> set[tuple[str, ...]]:
    """The open duplicate cases, each by its records."""
    return {case.uids for case in open_cases(connection)}


def _first_half(progress: Progress | None, whole: int) -> Callable[[int], None] | None:
    return None if progress is None else lambda done: progress(done, 2 * whole)
