"""What merging a package would change, before it is merged; nobody has to wait for the look (decision 25)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from jzdesk.core.errors import UserError
from jzdesk.services import identity
from jzdesk.services.arriving import REASONS
from jzdesk.services.context import Context
from jzdesk.services.effects import Effects
from jzdesk.services.foretelling import foretell
from jzdesk.services.merging import MergeService, check_whole, licence_of
from jzdesk.services.package_log import EntryCounts
from jzdesk.services.verdicts import OUTCOMES, READY, aside, verdict
from jzdesk.sync import stick
from jzdesk.sync.merge import Fork, Gap
from jzdesk.sync.package import PackageReader, open_package

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


class PreviewService:
    """Looks at packages; writes nothing."""

    def __init__(self, context: Context, merging: MergeService) -> None:
        self._context, self._merging = context, merging

    def preview(self, path: Path, progress: Progress | None = None) -> Preview:
        """What merging this package would change. `progress` may raise to cancel; UserError for what cannot be read.

        Only reads: others go on saving meanwhile, and the look shows one moment. Memory stays bounded.
        """
        if self._context.info.kind == "school":
            raise UserError("数据包由县里或乡镇中心学校并入，本站是学校", "学校请读取县里的回执。")
        local = stick.read_local_copy(path, self._context.folder.sub("received"))
        try:
            with open_package(local, identity.opening_keys(self._context), self._merging.trust()) as reader:
                return self._look(reader, path.name, progress)
        finally:
            local.unlink(missing_ok=True)

    def _look(self, reader: PackageReader, name: str, progress: Progress | None) -> Preview:
        manifest = reader.manifest
        licence = licence_of(self._context, reader)
        try:
            with self._context.read() as connection:
                seen = foretell(connection, manifest, reader.entries, licence, progress)
                outcome, reason = verdict(connection, manifest, seen.counts)
        except (Gap, Fork) as obstacle:
            check_whole(reader)
            outcome, reason = aside(obstacle)
            whole = manifest.last_n - manifest.first_n + 1
            counts = EntryCounts(whole, held=whole)
            return Preview(name, manifest.school_name, manifest.number, outcome, reason, counts)
        reasons = tuple((REASONS[why], number) for why, number in sorted(seen.counts.reasons.items()))
        return Preview(
            name, manifest.school_name, manifest.number, outcome, reason, EntryCounts.of(seen.counts), seen.effects,
            seen.cases, reasons,
        )  # fmt: skip
