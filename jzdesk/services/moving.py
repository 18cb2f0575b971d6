"""换电脑: a backup put onto a new computer, whose keys are new; the lost computer's journal goes on being handed in.

No backup holds private keys, so the station becomes a new device with a new request. What the lost computer had written
stays in the journal under its own name, and the new one may hand it in once the county has certified that.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from jzdesk.core.clock import Clock
from jzdesk.core.errors import UserError
from jzdesk.services.backups import Backup, check_usable, look
from jzdesk.services.device import device_key
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


def move_in(folder: Path, path: Path, password: str, account: str | None = None) -> Backup:
    """Make the station of a backup live in a folder that has none, or whose keys are lost, as a new device.

    Raises UserError (a station is there, a county's backup, wrong password, damaged file) and StationFault; then
    nothing has changed.
    """
    home, about = StationFolder(folder), backup.read_about(path)
    _check(home, about)
    with files("恢复备份"):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".restore-") as unpacked:
            fresh = StationFolder(Path(unpacked))
            backup.unpack(path, fresh.path)
            key = check_usable(fresh, fresh, password, account, path)
            _become_new(fresh, about.facts, key)
            home.set_aside_leftovers()
            for name in ("slots", "keys", "database", "facts_file"):  # the facts last: then it is a station
                getattr(fresh, name).replace(getattr(home, name))
    return look(path)


def _check(home: StationFolder, about: About) -> None:
    if home.exists() and home.keys.is_file():
        raise UserError(
            "这个文件夹里已经有一个工作站", "要恢复它自己的备份，请在登录窗口点“从备份恢复”。", str(home.path)
        )
    if about.facts.kind == "county":
        raise UserError(
            "县站的密钥不在备份里，不能只凭备份换电脑",
            "请把原来电脑的整个工作站文件夹（连同 device.key、county-keys）拷过来打开。",
            about.facts.name,
        )


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
