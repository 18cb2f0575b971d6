"""The county's side of the stick: every package verified, taken in, parked, held or refused, each with its sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from sqlalchemy import and_, select

from jzdesk.core.errors import UserError
from jzdesk.services import attachments, identity, package_log, renewing, township_moves
from jzdesk.services.arrivals import InboxLine, claimed_school, look_at, package_files
from jzdesk.services.arriving import Arrived, arrive, hold_back, note_fork
from jzdesk.services.context import COUNTY_SCOPE, Context
from jzdesk.services.disk import files
from jzdesk.services.package_log import EntryCounts
from jzdesk.services.verdicts import MergeOutcome, aside, rejected, verdict
from jzdesk.store import claims
from jzdesk.store import journal as book
from jzdesk.store.folder import copy_durably
from jzdesk.store.tables import chain, package
from jzdesk.store.unit import Unit
from jzdesk.sync import stick
from jzdesk.sync.branches import spoken_of
from jzdesk.sync.certificate import Trust
from jzdesk.sync.merge import FUTURE, Fork, Gap, Licence
from jzdesk.sync.package import SUFFIX, PackageReader, open_package
from jzdesk.sync.refusal import PackageRefused
from jzdesk.sync.stretch import WITHHOLDING, Manifest, Numbered

_HOUR = (3600 * 1000) << 10  # hybrid time
Progress = Callable[[int, int], None]


class MergeService:
    """Takes packages in; with `reading` into a township station's view of its schools, which keeps the files anyway."""

    def __init__(self, context: Context, *, reading: bool = False) -> None:
        self._context, self._reading = context, reading

    def inbox(
        self, paths: Iterable[Path], progress: Progress | None = None, cancel: Callable[[], bool] | None = None
    ) -> list[InboxLine]:
        """Packages in these files and folders, every byte verified but nothing merged; `cancel` stops in between."""
        files, trust = package_files(paths), self.trust()
        lines: list[InboxLine] = []
        for index, path in enumerate(files):
            if cancel and cancel():
                break
            if progress:
                progress(index, len(files))
            lines.append(look_at(self._context, path, trust))
        if progress:
            progress(len(files), len(files))
        return lines

    def merge(
        self, paths: Iterable[Path], progress: Progress | None = None, cancel: Callable[[], bool] | None = None
    ) -> list[MergeOutcome]:
        """Take in every package, one transaction each; what waits for a missing one is taken in when that comes.

        The search index follows (`Services.index`), so that the report does not wait for it.
        """
        if self._context.info.kind == "school":
            raise UserError("数据包由县里或乡镇中心学校并入，本站是学校", "学校请读取县里的回执。")
        if self._context.info.kind == "township" and not self._reading:
            raise UserError("乡镇站收各校的数据包是为了查看和转交", "请在“乡镇转交”里收下（jz township take）。")
        files = package_files(paths)
        outcomes = self.take_waiting()
        for index, path in enumerate(files):
            if cancel and cancel():
                break
            if progress:
                progress(index, len(files))
            outcomes.append(self._merge_file(path))
            if outcomes[-1].outcome in ("applied", "held"):
                outcomes += self._retry_parked()
        if progress:
            progress(len(files), len(files))
        return outcomes

    def take_waiting(self) -> list[MergeOutcome]:
        """Take in what was parked and fits now: after an update, a decision, or a program that was cut short."""
        self._note_older_forks()
        return self._retry_parked(unread=True) + self._retry_parked()

    def arrivals(self, school: str | None = None) -> list[package_log.LogLine]:
        """The log of packages, newest first; with `school` those of one school."""
        with self._context.read() as connection:
            return package_log.arrivals(connection, school)

    def trust(self) -> Trust:
        """Who may sign packages for this county."""
        card, today = identity.county_card(self._context), package_log.today(self._context)
        signers = identity.county_signers(self._context)
        with self._context.read() as connection:
            issued = renewing.issued(connection) if is_county(self._context) and len(signers) > 1 else None
            return Trust(card.county, signers, today, renewing.renewed(connection, today), issued)

    def _merge_file(self, path: Path, name: str = "") -> MergeOutcome:
        """Copy to local disk, check that copy, take that copy in; `name` is how it first came, when not as `path`."""
        name = name or path.name
        local: Path | None = None
        try:
            local = stick.read_local_copy(path, self._context.folder.sub("received"))
            with open_package(local, identity.opening_keys(self._context), self.trust()) as reader:
                self._check_id(reader.manifest)
                outcome = self._take(reader, name, local)
        except PackageRefused as refused:
            if refused.kind == "version" and local is not None:
                outcome = self._park_unread(name, local, refused)
            else:
                outcome = rejected(name, refused, claimed_school(self._context, name))
        except UserError as fault:
            outcome = rejected(name, fault, claimed_school(self._context, name))
        if local is not None and (self._reading or outcome.outcome not in ("applied", "held")):
            local.unlink(missing_ok=True)
        return outcome

    def _take(self, reader: PackageReader, name: str, local: Path) -> MergeOutcome:
        """One transaction: the entries, and the line in the log."""
        manifest = reader.manifest
        whole = manifest.last_n - manifest.first_n + 1
        try:
            return self._take_or_set_aside(reader, name, local, EntryCounts(whole, held=whole))
        except PackageRefused as refused:
            nothing = EntryCounts(whole, rejected=whole)
            self._log(reader, name, local, "rejected", refused.sentence(), nothing)
            return MergeOutcome(name, manifest.school_name, "rejected", refused.sentence(), nothing)

    def _take_or_set_aside(self, reader: PackageReader, name: str, local: Path, waits: EntryCounts) -> MergeOutcome:
        try:
            with self._context.write() as unit:
                digest = file_digest(local)
                entries, then = reader.entries(), township_moves.stand_after if self._reading else None
                return take_package(self._context, unit, reader, reader.manifest, entries, name, digest, then)
        except (Gap, Fork) as obstacle:
            check_whole(reader)
            return self._set_aside(reader, name, local, *aside(obstacle), waits)

    def _set_aside(
        self, reader: PackageReader, name: str, local: Path, outcome: str, reason: str, counts: EntryCounts
    ) -> MergeOutcome:
        """Keep the whole file for later, in place of a copy that is not the same; nothing of it is applied."""
        manifest = reader.manifest
        kept = self._context.folder.sub(outcome) / f"{manifest.package_id}{SUFFIX}"
        if not _same(kept, local):
            _keep(local, kept)
        if not self._logged(manifest.package_id, outcome):
            self._log(reader, name, local, outcome, reason, counts)
        return MergeOutcome(name, manifest.school_name, outcome, reason, counts)

    def _check_id(self, manifest: Manifest) -> None:
        """Files that wait and decisions on packages go by the id: nobody may use that of somebody else's package."""
        query = select(package.c.id).where(package.c.package_id == manifest.package_id, package.c.direction == "in")
        with self._context.read() as connection:
            if connection.execute(query.where(package.c.dev != manifest.device).limit(1)).first() is not None:
                raise PackageRefused("数据包的标识与另一台电脑的数据包相同", "container")

    def _logged(self, package_id: str, outcome: str) -> bool:
        query = select(package.c.id).where(package.c.package_id == package_id, package.c.outcome == outcome)
        with self._context.read() as connection:
            return connection.execute(query).first() is not None

    def _log(
        self, reader: PackageReader, name: str, local: Path, outcome: str, reason: str, counts: EntryCounts
    ) -> None:
        records = self._speaks_of(reader) if outcome == "fork" else {}
        with self._context.store.local() as connection:
            package_log.note_arrival(
                connection,
                reader.manifest,
                name,
                file_digest(local),
                outcome,
                reason,
                counts,
                self._context.store.clock,
            )
            if outcome == "fork":
                note_fork(connection, reader.manifest, records)

    def _speaks_of(self, reader: PackageReader) -> Mapping[str, claims.Records]:
        """The records of which only this package speaks."""
        with self._context.read() as connection:
            return spoken_of(connection, reader.entries(), licence_of(self._context, reader))

    def _note_older_forks(self) -> None:
        """Note what the packages of forks speak of that came before a program which did so at once."""
        with self._context.read() as connection:
            missing = claims.unnoted(connection)
        for package_id in missing:
            kept = self._context.folder.sub("fork") / f"{package_id}{SUFFIX}"
            with suppress(UserError), open_package(kept, identity.opening_keys(self._context), self.trust()) as reader:
                records = self._speaks_of(reader)
                with self._context.store.local() as connection:
                    claims.note(connection, package_id, records)

    def _park_unread(self, name: str, local: Path, refused: PackageRefused) -> MergeOutcome:
        """A newer format is kept whole until this program is updated; files of one name may be two packages."""
        kept = self._context.folder.sub("parked") / f"{Path(name).stem}{SUFFIX}"
        if kept.exists() and not _same(kept, local):
            kept = kept.with_stem(f"{kept.stem}-{file_digest(local)[:16]}")
        if not _same(kept, local):
            _keep(local, kept)
        return MergeOutcome(name, "", "parked", refused.sentence(), EntryCounts())

    def _retry_parked(self, *, unread: bool = False) -> list[MergeOutcome]:
        """Take in parked packages whose missing part has come, as long as any fits; `unread`: those not read before.

        What can no longer be opened (its certificate has run out) goes on waiting, and is told every time.
        """
        done: list[MergeOutcome] = []
        refused: dict[Path, MergeOutcome] = {}
        progressed = True
        while progressed:
            progressed = False
            for kept in self._parked(unread=unread):
                outcome = self._merge_file(kept, self._first_name(kept))
                if self._has_left(kept, outcome):
                    kept.unlink()
                if outcome.outcome == "rejected":
                    refused[kept] = outcome
                elif outcome.outcome in ("applied", "held", "fork"):
                    done.append(outcome)
                progressed |= outcome.outcome in ("applied", "held")
        return [*done, *refused.values()]

    def _has_left(self, kept: Path, outcome: MergeOutcome) -> bool:
        """Whether a parked file has nothing to wait for, or waits under the name of its package from now on."""
        if outcome.outcome == "parked":
            return bool(outcome.school) and not self._logged(kept.stem, "parked")
        return outcome.outcome != "rejected" or outcome.counts.rejected > 0

    def _parked(self, *, unread: bool) -> list[Path]:
        """Parked files that begin where we are now (by their line in the log); with `unread` those without a line."""
        kept = sorted(self._context.folder.sub("parked").glob(f"*{SUFFIX}"))
        if not kept:
            return []
        query = select(package.c.package_id).where(package.c.direction == "in", package.c.outcome == "parked")
        if not unread:
            here = and_(chain.c.dev == package.c.dev, chain.c.ep == package.c.ep)
            query = query.join(chain, here).where(package.c.first_n <= chain.c.last_n + 1)
        with self._context.read() as connection:
            named = set(connection.execute(query).scalars())
        return [path for path in kept if (path.stem in named) != unread]

    def _first_name(self, kept: Path) -> str:
        """The file name a parked package first came under."""
        query = select(package.c.file).where(package.c.package_id == kept.stem).order_by(package.c.id).limit(1)
        with self._context.read() as connection:
            return connection.execute(query).scalar_one_or_none() or kept.name


def take_package(
    context: Context,
    unit: Unit,
    reader: PackageReader,
    manifest: Manifest,
    entries: Iterable[Numbered],
    name: str,
    digest: str,
    then: Callable[[Unit, Arrived], None] | None = None,
) -> MergeOutcome:
    """Take entries of a package in, with its photographs, and the line in the log; raises as `arrive` does.

    `manifest` says where the entries lie; it is the package's own, except for a branch that goes a way of its own.
    `then` has the last word on how they stand.
    """
    arrived = arrive(unit, manifest, entries, licence_of(context, reader))
    photos = attachments.take_in(unit.connection, reader, context.store.clock)
    hold_back(unit, arrived)
    if then is not None:
        then(unit, arrived)
    outcome, reason = verdict(unit.connection, manifest, arrived.counts)
    found = EntryCounts.of(arrived.counts)
    package_log.note_arrival(
        unit.connection, manifest, name, digest, outcome, photos or reason, found, context.store.clock
    )
    return MergeOutcome(name, manifest.school_name, outcome, photos or reason, found)


def licence_of(context: Context, reader: PackageReader) -> Licence:
    """What the author of a package may write, by its certificate; a clock that was explained may run ahead by that."""
    held = reader.certificate
    explained = int(context.store.setting(clock_setting(held.device), 0)) * _HOUR
    latest = (context.store.clock.now_ms() << 10) + FUTURE + explained
    blanks = reader.manifest.min_reader >= WITHHOLDING and _forgets(context)
    return Licence(frozenset(held.scope), held.role, policy=False, latest=latest, blanks=blanks)


def _forgets(context: Context) -> bool:
    """Whether more may have been erased than is known here: at a county restored from its backup, and at a township."""
    with context.read() as connection:
        return not is_county(context) or sum(known.own for known in book.chains(connection)) > 1


def clock_setting(device: str) -> str:
    """The setting that says by how many hours the clock of a device is known to run ahead."""
    return f"clock_ahead:{device}"


def check_whole(reader: PackageReader) -> None:
    """What is kept for later must be good now: raises PackageRefused for a chunk, line or photograph that is not."""
    for _ in reader.entries():
        pass
    reader.stretch.check_members()


def _same(kept: Path, local: Path) -> bool:
    return kept.exists() and file_digest(kept) == file_digest(local)


def _keep(local: Path, kept: Path) -> None:
    with files("存放数据包"):
        copy_durably(local, kept)


def file_digest(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        digest = sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def scopes_of(code: str) -> tuple[str, ...]:
    """What a school's certificate lets it write: its own records."""
    return (code,)


def is_county(context: Context) -> bool:
    """Whether this station is the county's."""
    return context.author.scope == COUNTY_SCOPE
