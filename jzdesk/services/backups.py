"""备份与恢复: copies of the whole station, made by themselves once a day, and the way back when the database is lost.

A restored station begins a new epoch (sync §5), so that entries which had already left are never numbered twice.
"""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from jzdesk.core.clock import Clock
from jzdesk.core.errors import UserError
from jzdesk.services.context import Context
from jzdesk.services.device import write_mark
from jzdesk.services.disk import files
from jzdesk.store import backup, engine, journal, slots
from jzdesk.store.backup import SUFFIX, About
from jzdesk.store.folder import StationFolder, copy_durably

FOLDER = "backups"
DAILY, MONTHLY = 14, 12  # kept: the last of each of so many days, and the last of each of so many months
_STAMP = "%Y%m%d_%H%M%S"


@dataclass(frozen=True, slots=True)
class Backup:
    """One backup file; `problem` says in words why it cannot be used, None when it can. `size` in bytes."""

    path: Path
    name: str
    made: str
    entries: int
    size: int
    problem: str | None


class BackupService:
    """Backups of the open station."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def make(self, to: Path | None = None) -> Backup:
        """Write a backup beside the station, or into a folder such as a stick; raises UserError and StationFault."""
        home = self._context.folder
        target = (to or home.sub(FOLDER)) / f"{self._context.info.code}_{_now().strftime(_STAMP)}{SUFFIX}"
        with files("备份"), tempfile.TemporaryDirectory(dir=home.path, prefix=".backup-") as folder:
            copy = Path(folder) / "copy.db"
            entries = self._context.store.copy_to(copy)
            about = backup.pack(home, copy, target, _now().isoformat(timespec="seconds"), entries, engine.SCHEMA)
        if to is None:
            _thin_out(home.sub(FOLDER))
        return _shown(target, about)

    def listed(self) -> list[Backup]:
        """Backups beside the station, newest first."""
        return backups_of(self._context.folder.path)

    def due(self) -> bool:
        """Whether something was changed since the last backup, and none was made today."""
        made = next((one for one in self.listed() if one.problem is None), None)
        if made is None:
            return True
        with self._context.read() as connection:
            entries = connection.exec_driver_sql("SELECT count(*) FROM journal").scalar_one()
        return made.made[:10] != _now().date().isoformat() and int(entries) != made.entries


def backups_of(folder: Path) -> list[Backup]:
    """Backups that lie beside the station of a folder, newest first; can be asked before log-in."""
    found = sorted((folder / FOLDER).glob(f"*{SUFFIX}"), key=lambda path: path.name, reverse=True)
    return [look(path) for path in found]


def look(path: Path) -> Backup:
    """One backup file as it describes itself."""
    try:
        return _shown(path, backup.read_about(path))
    except UserError as fault:
        return Backup(path, path.name, "", 0, path.stat().st_size if path.is_file() else 0, fault.sentence())


def restore(folder: Path, path: Path, password: str, account: str | None = None) -> Backup:
    """Put a backup in the place of the station's database; what stood there is moved aside, never deleted.

    A county that was on a server is in its file afterwards; what is on the server is left as it is.
    The station must not be open. Raises UserError (another station's backup, wrong password, damaged or newer file) and
    StationFault; then nothing has changed.
    """
    home = StationFolder(folder)
    about = backup.read_about(path)
    _check_owner(home, about, path)
    with files("恢复备份"), tempfile.TemporaryDirectory(dir=folder, prefix=".restore-") as unpacked:
        fresh = StationFolder(Path(unpacked))
        backup.unpack(path, fresh.path)
        key = check_usable(home, fresh, password, account, path)
        epoch, last = own_head(fresh.database, key)
        aside = _set_aside(home, key)
        fresh.database.replace(home.database)
        if home.server.is_file():  # what is on the server stays there; this station uses the file from now on
            home.server.replace(aside / home.server.name)
        if not home.slots.is_file():
            fresh.slots.replace(home.slots)
    write_mark(home, epoch, last + 1)
    (aside / "README.txt").write_text(f"恢复备份前的数据库，恢复自 {path.name}\n", "utf-8")
    return _shown(path, about)


def _check_owner(home: StationFolder, about: About, path: Path) -> None:
    if not home.facts_file.is_file() or not home.keys.is_file():
        raise UserError(
            "这个文件夹里没有工作站的密钥，备份不能直接放进来",
            "请在原来的电脑上恢复；电脑已坏或密钥丢失的，在欢迎窗口选“用备份恢复到这台电脑”（jz backup move-in）。",
            str(home.path),
        )
    facts = home.facts()
    if about.facts.device != facts.device:
        raise UserError(
            f"这是“{about.facts.name}”另一台电脑的备份，本站是“{facts.name}”", "请选择本站自己的备份。", path.name
        )


def check_usable(home: StationFolder, fresh: StationFolder, password: str, account: str | None, path: Path) -> bytes:
    """The database key, once the password opens it and the database in the backup is whole."""
    ways = slots.load(home.slots if home.slots.is_file() else fresh.slots)
    key, _ = slots.unlock(ways, password, account, "account")
    with _reading(fresh.database, key) as connection:
        engine.check_database(connection.engine, fresh.database)
    if not engine.is_whole(fresh.database, key):
        raise UserError("备份里的数据库不完整", "请换一份备份；本站没有改动。", path.name)
    return key


@contextmanager
def _reading(database: Path, key: bytes) -> Iterator[Connection]:
    reading = engine.open_engine(database, key, writing=False)
    try:
        with reading.connect() as connection:
            yield connection
    finally:
        reading.dispose()


def own_head(database: Path, key: bytes) -> tuple[str, int]:
    """(epoch, last number) of the chain that the station of this database writes."""
    with _reading(database, key) as connection:
        own = journal.own_chain(connection)
    return own.ep, own.last_n


def _set_aside(home: StationFolder, key: bytes) -> Path:
    """Keep the present database in a folder of its own; it stays in place until the new one takes it, at one stroke."""
    aside = home.sub(f"replaced-{_now().strftime(_STAMP)}")
    if home.database.exists():
        engine.settle_log(home.database, key)
        for name in ("jzdesk.db-wal", "jzdesk.db-shm"):
            if (home.path / name).exists():
                shutil.move(home.path / name, aside / name)
        copy_durably(home.database, aside / home.database.name)
    return aside


def _thin_out(folder: Path) -> None:
    """Keep the newest backup of each of the last days and months."""
    kept: set[Path] = set()
    paths = sorted(folder.glob(f"*{SUFFIX}"), key=lambda path: path.name, reverse=True)
    for length, most in ((8, DAILY), (6, MONTHLY)):
        newest: dict[str, Path] = {}
        for path in paths:
            newest.setdefault(path.stem.rpartition("_")[0].rpartition("_")[2][:length], path)
        kept.update(list(newest.values())[:most])
    for path in paths:
        if path not in kept:
            path.unlink(missing_ok=True)


def _shown(path: Path, about: About) -> Backup:
    return Backup(path, path.name, about.made[:16].replace("T", " "), about.entries, path.stat().st_size, None)


def _now() -> dt.datetime:
    return dt.datetime.fromtimestamp(Clock().now_ms() / 1000, dt.UTC).astimezone()
