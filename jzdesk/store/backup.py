"""A station in one file: a consistent copy of the encrypted database with its key slots, made while people work.

The device's private keys and the high-water mark are never part of it (sync §5): whoever finds a backup can neither
sign as the school nor, without a password, read it. A county's backup carries its keys sealed to the key on paper.
"""

from __future__ import annotations

import os
import secrets
import zipfile
from hashlib import sha256
from pathlib import Path
from typing import IO

import msgspec

from jzdesk.core.errors import UserError
from jzdesk.store.folder import ESCROW, StationFacts, StationFolder

SUFFIX = ".jzb"
ABOUT, DATABASE, SLOTS = "about.json", "jzdesk.db", "slots.json"
_BLOCK = 1 << 20
_SMALL = 1 << 20  # no description and no key slots are larger


class About(msgspec.Struct, frozen=True):
    """What a backup says of itself: whose it is, when it was made (ISO), what is in it."""

    facts: StationFacts
    made: str
    entries: int
    schema: int
    sha256: str
    size: int
    format: int = 1


def pack(home: StationFolder, copy: Path, target: Path, made: str, entries: int, schema: int) -> About:
    """Write the copied database with the slots into `target`, whole or not at all; raises OSError."""
    about = About(home.facts(), made, entries, schema, _digest(copy), copy.stat().st_size)
    part = target.with_name(f"{target.name}.{secrets.token_hex(4)}.part")
    try:
        with part.open("wb") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
                archive.writestr(ABOUT, msgspec.json.encode(about))
                archive.write(home.slots, SLOTS)
                if home.escrow.is_file():
                    archive.write(home.escrow, ESCROW)
                archive.write(copy, DATABASE)
            file.flush()
            os.fsync(file.fileno())
        _read_back(part, about)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return about


def read_about(path: Path) -> About:
    """What the backup says of itself; raises UserError for a file that is none."""
    try:
        with zipfile.ZipFile(path) as archive:
            return msgspec.json.decode(_small(archive, ABOUT), type=About)
    except (OSError, KeyError, zipfile.BadZipFile, msgspec.DecodeError, NotImplementedError):
        raise UserError("这个文件不是本软件的备份，或者已经损坏", "请换一份备份。", path.name) from None


def unpack(path: Path, folder: Path) -> About:
    """Put what a backup holds into a folder, the database checked; raises UserError when the file is damaged."""
    about = read_about(path)
    try:
        with zipfile.ZipFile(path) as archive:
            (folder / SLOTS).write_bytes(_small(archive, SLOTS))
            if ESCROW in archive.namelist():
                (folder / ESCROW).write_bytes(_small(archive, ESCROW))
            with archive.open(DATABASE) as packed, (folder / DATABASE).open("wb") as file:
                found = _copy(packed, file, about.size)
                os.fsync(file.fileno())
    except (KeyError, zipfile.BadZipFile, EOFError):
        found = ""
    if found != about.sha256:
        raise UserError("这份备份已经损坏，里面的内容与写入时不同", "请换一份备份；本站没有改动。", path.name)
    return about


def _small(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as member:
        return member.read(_SMALL)


def _copy(source: IO[bytes], target: IO[bytes] | None, size: int) -> str:
    """Copy at most `size` bytes (to nowhere: only read them); the digest of what was read, empty when there is more."""
    digest, left = sha256(), size
    while block := source.read(_BLOCK):
        left -= len(block)
        if left < 0:
            return ""
        digest.update(block)
        if target is not None:
            target.write(block)
    return digest.hexdigest()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return _copy(file, None, path.stat().st_size)


def _read_back(part: Path, about: About) -> None:
    """What stands on the disk must be what was written; raises OSError."""
    with zipfile.ZipFile(part) as archive, archive.open(DATABASE) as packed:
        if _copy(packed, None, about.size) != about.sha256:
            raise OSError(5, "read back differently")
