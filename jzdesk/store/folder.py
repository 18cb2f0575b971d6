"""Where a station keeps its files, and the plain facts about it that may be read before log-in."""

from __future__ import annotations

import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

import msgspec

from jzdesk.core.errors import StationFault, UserError

ESCROW = "county-keys.age"  # a county's keys, sealed to the key on paper; goes into every backup
SERVER = "server.sealed"  # where the database is when it is on a server; see `location.py`


class StationFacts(msgspec.Struct, frozen=True):
    """What kind of station this is; holds nothing secret."""

    kind: str
    code: str
    name: str
    device: str
    epoch: str
    format: int = 1


@dataclass(frozen=True, slots=True)
class StationFolder:
    """The files of one station below `path`."""

    path: Path

    @property
    def database(self) -> Path:
        """The encrypted database."""
        return self.path / "jzdesk.db"

    @property
    def server(self) -> Path:
        """The sealed address of the server that has the database; absent while it is in the file."""
        return self.path / SERVER

    @property
    def facts_file(self) -> Path:
        """The plain facts."""
        return self.path / "station.json"

    @property
    def slots(self) -> Path:
        """The wrapped database keys."""
        return self.path / "slots.json"

    @property
    def keys(self) -> Path:
        """The device's sealed private keys."""
        return self.path / "device.key"

    @property
    def escrow(self) -> Path:
        """Of a county: its keys, sealed to a key that exists on paper only; goes into every backup."""
        return self.path / ESCROW

    @property
    def mark(self) -> Path:
        """The high-water mark, kept outside every backup."""
        return self.path / "mark.json"

    def sub(self, name: str) -> Path:
        """A folder of the station, made when first needed."""
        folder = self.path / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def exists(self) -> bool:
        """Whether a station lives here."""
        return self.facts_file.is_file() and (self.database.is_file() or self.server.is_file())

    def set_aside_leftovers(self) -> None:
        """Move what is left of a station that was never finished, or lost its database, into a folder of its own.

        Nothing is deleted: the key files may still open a backup.
        """
        names = (
            "jzdesk.db", "jzdesk.db-wal", "jzdesk.db-shm", "slots.json", "device.key", "county-keys", ESCROW,
            "mark.json", "station.json",
        )  # fmt: skip
        left = [self.path / name for name in (*names, SERVER) if (self.path / name).exists()]
        if left:
            aside = self.sub(f"leftover-{secrets.token_hex(4)}")
            for file in left:
                file.replace(aside / file.name)

    def facts(self) -> StationFacts:
        """Read the facts; raises UserError when the folder holds no station or a damaged one."""
        if not self.facts_file.is_file():
            raise UserError("这个文件夹里没有工作站", "请选择建站时的文件夹，或新建工作站。", str(self.path))
        try:
            return msgspec.json.decode(self.facts_file.read_bytes(), type=StationFacts)
        except (msgspec.DecodeError, msgspec.ValidationError):
            raise UserError("工作站说明文件已损坏", "请从最近的备份恢复 station.json。", str(self.path)) from None

    def write_facts(self, facts: StationFacts) -> None:
        """Store the facts durably."""
        write_durably(self.facts_file, msgspec.json.format(msgspec.json.encode(facts)))


def copy_durably(source: Path, target: Path) -> None:
    """Copy a file so that `target` is whole or absent, whenever the power fails; raises OSError."""
    part = target.with_name(target.name + ".part")
    try:
        with source.open("rb") as reading, part.open("wb") as writing:
            shutil.copyfileobj(reading, writing, 1 << 20)
            writing.flush()
            os.fsync(writing.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def write_durably(path: Path, content: bytes) -> None:
    """Write a small file so that after a power cut it is either the old one or the new one."""
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as fault:
        raise StationFault(
            f"文件“{path.name}”写不进去（{fault.strerror}）", "原来的文件没有改动", "请检查磁盘空间和权限后重试。"
        ) from fault
