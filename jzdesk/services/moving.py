"""换电脑: a backup put onto a new computer, whose keys are new; the lost computer's journal goes on being handed in.

A backup holds no private keys, so a school becomes a new device with a new request. What the lost computer had written
stays in the journal under its own name, and the new one may hand it in once the county has certified that. A county has
nobody to certify it anew: it comes back as it was, with the keys that its backup holds sealed to the key on paper.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from jzdesk.core.clock import Clock
from jzdesk.core.errors import UserError
from jzdesk.services.backups import Backup, check_usable, look, own_head
from jzdesk.services.device import device_key, write_mark
from jzdesk.services.disk import files
from jzdesk.store import backup, engine, journal, slots
from jzdesk.store.backup import About
from jzdesk.store.folder import StationFacts, StationFolder
from jzdesk.store.store import Store, write_setting

INHERITS = "inherits"  # setting: the computers whose journal this one took over
_OF_THE_DEVICE = ("certificate", "last_receipt", "revoked")  # settings that were about the lost computer


def accounts_in(path: Path) -> list[str]:
    """Names of the accounts of a backup, before anything is restored; raises UserError."""
    with files("读取备份"), tempfile.TemporaryDirectory() as folder:
        backup.unpack(path, Path(folder))
        return slots.accounts(slots.load(StationFolder(Path(folder)).slots))


def is_county(path: Path) -> bool:
    """Whether a backup is a county's, which needs the key on paper as well; raises UserError for no backup."""
    return backup.read_about(path).facts.kind == "county"


def move_in(folder: Path, path: Path, password: str, account: str | None = None, escrow: str = "") -> Backup:
    """Make the station of a backup live in a folder that has none, or whose keys are lost.

    A school or township becomes a new device; a county needs the paper key `escrow` and stays the one it was. Raises
    UserError (a station is there, no or a wrong paper key, wrong password, damaged file) and StationFault; then nothing
    has changed.
    """
    home, about = StationFolder(folder), backup.read_about(path)
    _check(home, about, escrow)
    with files("恢复备份"):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".restore-") as unpacked:
            fresh = StationFolder(Path(unpacked))
            backup.unpack(path, fresh.path)
            key = check_usable(fresh, fresh, password, account, path)
            if about.facts.kind == "county":
                _come_back(fresh, about.facts, key, escrow)
            else:
                _become_new(fresh, about.facts, key)
            home.set_aside_leftovers()
            for file in sorted(fresh.path.iterdir(), key=lambda file: file == fresh.facts_file):
                file.replace(home.path / file.name)  # the facts last: then it is a station
    return look(path)


def _check(home: StationFolder, about: About, escrow: str) -> None:
    if home.exists() and home.keys.is_file():
        raise UserError(
            "这个文件夹里已经有一个工作站", "要恢复它自己的备份，请在登录窗口点“从备份恢复”。", str(home.path)
        )
    if about.facts.kind == "county" and not escrow.strip():
        raise UserError(
            "县站换电脑，除了备份还要纸上的托管钥匙",
            "请输入托管钥匙单上的钥匙；没有的，拷来原来电脑的整个工作站文件夹（连同 device.key、county-keys）打开。",
            about.facts.name,
        )


def _come_back(fresh: StationFolder, facts: StationFacts, key: bytes, typed: str) -> None:
    """The same device with its keys; what it may have written after the backup is left behind by a new epoch."""
    from jzdesk.services import county_keys
    from jzdesk.sync import escrow

    kept = escrow.read_copy(fresh.escrow, escrow.typed(typed))
    if kept.county != facts.code or kept.keys[0].device != facts.device:
        raise UserError("备份里的托管副本不是这个县站的", "请换一份备份。", facts.name)
    county_keys.keep(fresh, device_key(key), kept.keys, kept.links)
    epoch, last = own_head(fresh.database, key)
    fresh.write_facts(facts)
    write_mark(fresh, epoch, last + 1)


def _become_new(fresh: StationFolder, facts: StationFacts, key: bytes) -> None:
    """New keys, a new chain; the old chains stay ours to hand in."""
    from jzdesk.sync.keys import StationKeys

    keys, epoch = StationKeys.generate(), os.urandom(8).hex()
    keys.save(fresh.keys, device_key(key))
    store = Store(fresh.database, key, Clock())
    try:
        with store.local() as connection:
            own = [known for known in journal.chains(connection) if known.own]
            write_setting(connection, INHERITS, sorted({known.dev for known in own}))
            for name in _OF_THE_DEVICE:
                write_setting(connection, name, None)
            journal.open_chain(connection, keys.device, epoch, own[-1].school, own=True)
    finally:
        store.close()
    engine.settle_log(fresh.database, key)
    fresh.write_facts(StationFacts(facts.kind, facts.code, facts.name, keys.device, epoch))
