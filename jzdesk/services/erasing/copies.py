"""Copies of what was erased: of files that were taken in they go at once, of whole databases when somebody says so."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, func, select

from jzdesk.core.errors import UserError
from jzdesk.services.backups import FOLDER, BackupService
from jzdesk.services.context import Context
from jzdesk.services.disk import files
from jzdesk.store import erasing
from jzdesk.store.backup import SUFFIX
from jzdesk.store.store import read_setting, write_setting
from jzdesk.store.tables import ERASED, chain, erased, journal, package

_RECEIVED = "received"
_SET_ASIDE = ("replaced-*", "leftover-*", "jzdesk.db.v*")


@dataclass(frozen=True, slots=True)
class OldCopies:
    """Names of backups and databases set aside that hold what was erased since; empty when there is nothing to do."""

    names: tuple[str, ...]


def erased_records(connection: Connection) -> int:
    """From how many records something was erased here."""
    return connection.execute(select(func.count(erased.c.uid.distinct()))).scalar_one()


@contextmanager
def cleared_after(context: Context) -> Iterator[None]:
    """Clear afterwards what holds something that was erased inside."""
    yield
    clear_received(context)


def clear_received(context: Context) -> None:
    """Delete the local copies of files in which something stands that was erased since they were taken in."""
    if not context.store.setting(erasing.RECEIVED, False):
        return
    folder = context.folder.path / _RECEIVED
    if folder.is_dir():
        with files("清除已依法删除的内容"):
            for path in _packages(context, folder) if context.info.kind == "county" else _all(folder):
                path.unlink(missing_ok=True)
    context.store.settle()
    context.store.set_setting(erasing.RECEIVED, False)


def _all(folder: Path) -> Iterable[Path]:
    """A school keeps copies of receipts and of files of children: all has been taken in."""
    return [path for path in folder.iterdir() if path.is_file()]


def _packages(context: Context, folder: Path) -> Iterable[Path]:
    """Copies of packages with an entry that was erased; those of one name have something behind it."""
    query = (
        select(package.c.file)
        .join(chain, (chain.c.dev == package.c.dev) & (chain.c.ep == package.c.ep))
        .join(journal, (journal.c.chain == chain.c.id) & journal.c.n.between(package.c.first_n, package.c.last_n))
        .where(package.c.direction == "in", journal.c.state == ERASED)
    )
    with context.read() as connection:
        stems = {Path(name).stem for name in connection.execute(query.distinct()).scalars()}
    return [path for path in folder.iterdir() if any(path.name.startswith(stem) for stem in stems)]


def old_copies(context: Context) -> OldCopies:
    """What the person should let go of, once there was an erasure here."""
    with context.read() as connection:
        if not read_setting(connection, erasing.COPIES, False):
            return OldCopies(())
    return OldCopies(tuple(path.name for path in _copies(context)))


def clear_copies(context: Context) -> OldCopies:
    """Make a backup, and delete every copy made before; raises UserError when there is none, and StationFault."""
    if not old_copies(context).names:
        raise UserError("没有含已删除内容的旧备份", "不需要办理。", "清除旧备份")
    found = _copies(context)
    made = BackupService(context).make()
    with files("清除旧备份"):
        for path in found:
            if path.is_dir():
                shutil.rmtree(path)
            elif path != made.path:
                path.unlink(missing_ok=True)
    with context.store.local() as connection:
        write_setting(connection, erasing.COPIES, False)
    return OldCopies(tuple(path.name for path in found))


def _copies(context: Context) -> list[Path]:
    home = context.folder.path
    aside = [path for pattern in _SET_ASIDE for path in home.glob(pattern)]
    return sorted([*(home / FOLDER).glob(f"*{SUFFIX}"), *aside])
