"""Packages as they lie on a stick, before anything is merged: verified to the last byte, named, in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec
from sqlalchemy import Connection

from jzdesk.core.clock import moment
from jzdesk.core.errors import UserError
from jzdesk.core.merge import decode
from jzdesk.models import SPECS
from jzdesk.services import identity
from jzdesk.services.context import Context
from jzdesk.services.ledger import schools
from jzdesk.services.verdicts import FORKS, OUTCOMES, READY, WAITS, cut_within, seen, trusted_to
from jzdesk.store import journal as book
from jzdesk.sync.certificate import Trust
from jzdesk.sync.merge import Fork, Gap, place
from jzdesk.sync.package import SUFFIX, PackageReader, open_package
from jzdesk.sync.stretch import Manifest


@dataclass(frozen=True, slots=True)
class InboxLine:
    """A package seen before it is merged: verified and named, or the sentence why it cannot be.

    `period` is from the day of its first entry to the day it was written; `kinds` what is in it, in words. The school
    of one that cannot be read is known from the name of the file only, and says so.
    """

    path: Path
    school: str
    number: int
    entries: int
    state: str
    sentence: str | None
    period: str = ""
    kinds: str = ""

    @property
    def waits(self) -> bool:
        """Whether it would be kept and not merged: entries are missing before it, or it tells another story."""
        return self.state in (WAITS, FORKS)


def look_at(context: Context, path: Path, trust: Trust) -> InboxLine:
    """Verify a package to its last byte and name it; nothing is merged."""
    try:
        with open_package(path, identity.opening_keys(context), trust) as reader:
            reader.stretch.check_members()
            manifest = reader.manifest
            entries = manifest.last_n - manifest.first_n + 1
            state = _state(context, manifest)
            return InboxLine(
                path, manifest.school_name, manifest.number, entries, state, None, _period(reader), _kinds(manifest)
            )
    except UserError as fault:
        return InboxLine(path, claimed_school(context, path.name), 0, 0, OUTCOMES["rejected"], fault.sentence())


def claimed_school(context: Context, file: str) -> str:
    """The school whose code stands in front of a file's name, for files that cannot be asked: whom to call up."""
    code, found, _ = file.partition("_")
    with context.read() as connection:
        name = schools(connection).get(code) if found else None
    return f"{name}（据文件名）" if name else ""


def _state(context: Context, manifest: Manifest) -> str:
    with context.read() as connection:
        if (trusted := trusted_to(connection, manifest)) < manifest.last_n:
            return f"电脑已吊销，只认到第 {trusted} 条" if trusted >= manifest.first_n else "电脑已吊销，不计入"
        if not seen(connection, manifest.package_id):
            return _fit(connection, manifest)
        return "以前已撤回" if cut_within(connection, manifest) else "以前已并入"


def _fit(connection: Connection, manifest: Manifest) -> str:
    """Whether a package goes on where its chain ends here, as far as its manifest tells; its lines are not read.

    Raises PackageRefused for one that begins in the air.
    """
    try:
        known = place(connection, manifest)
    except Gap:
        return WAITS
    except Fork:
        return FORKS
    here = book.hash_at(connection, known, manifest.last_n) if known and manifest.last_n <= known.last_n else None
    return READY if here is None or here.hex() == manifest.chain_after else FORKS


def _period(reader: PackageReader) -> str:
    """From when to when: the day of the first entry, and the day the package was written."""
    written, first = reader.manifest.wall_clock[:10], reader.stretch.first_line()
    try:
        begun = moment(decode(first).at)[:10] if first else written
    except (msgspec.DecodeError, ValueError, OverflowError):  # what stands there is judged when it is merged
        begun = written
    if begun == written:
        return written
    return f"{begun} 至 {written[5:] if begun[:4] == written[:4] else written}"


def _kinds(manifest: Manifest) -> str:
    """`学生 120、走访 30`: how many entries of what, most first."""
    counted = sorted(((sum(ops.values()), ent) for ent, ops in manifest.counts.items()), reverse=True)
    return "、".join(f"{SPECS[ent].label if ent in SPECS else ent} {count:,}" for count, ent in counted)


def package_files(paths: Iterable[Path]) -> list[Path]:
    """Packages in these files and folders, in the order they were written."""
    found: list[Path] = []
    for path in paths:
        found += sorted(path.glob(f"*{SUFFIX}")) if path.is_dir() else [path]
    return found
