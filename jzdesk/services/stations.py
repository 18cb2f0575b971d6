"""Before log-in: which stations there are, making one, opening one, getting back in with the recovery key.

Opening needs the database library, which is slow to import; this module does without it until somebody logs in.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from jzdesk.core.clock import Clock
from jzdesk.core.errors import UserError
from jzdesk.services.device import device_key
from jzdesk.services.disk import files
from jzdesk.store import slots
from jzdesk.store.folder import StationFacts, StationFolder

if TYPE_CHECKING:
    from jzdesk.services.bundle import Services

KINDS = {"school": "学校（含教学点）", "township": "乡镇中心学校", "county": "县教育局"}


@dataclass(frozen=True, slots=True)
class Created:
    """A new station; the recovery key is shown once and printed, and is stored nowhere."""

    folder: Path
    recovery_key: str


def default_folder() -> Path:
    """Where a station lives when nobody says otherwise."""
    from platformdirs import user_data_path

    return user_data_path("jzdesk", appauthor=False) / "station"


def is_station(folder: Path) -> bool:
    """Whether a station lives in the folder."""
    return StationFolder(folder).exists()


def has_keys(folder: Path) -> bool:
    """Whether the station of a folder still has its private keys; without them it can only become a new device."""
    return StationFolder(folder).keys.is_file()


def accounts(folder: Path) -> list[str]:
    """Names of the accounts of a station."""
    return slots.accounts(slots.load(StationFolder(folder).slots))


def station_facts(folder: Path) -> StationFacts:
    """Kind, code and name of a station, readable before log-in."""
    return StationFolder(folder).facts()


def create_station(folder: Path, *, kind: str, code: str, name: str, account: str, password: str) -> Created:
    """Make a station; raises UserError when the folder holds one, or something about it is missing or weak."""
    _check_new(folder, kind, code, name, account)
    slots.check_password(password)
    from jzdesk.services.opening import make_database

    with files("建立工作站文件夹"):
        folder.mkdir(parents=True, exist_ok=True)
    home = StationFolder(folder)
    with files("移开没有建完的工作站"):
        home.set_aside_leftovers()
    key, recovery_key = slots.new_database_key(), slots.new_recovery_key()
    device, epoch = _new_device(home, key), os.urandom(8).hex()
    make_database(home, key, device, epoch, "county" if kind == "county" else code)
    ways = slots.add(slots.Slots(()), account, "account", password, key)
    slots.save(home.slots, slots.add(ways, "recovery", slots.RECOVERY, recovery_key, key))
    home.write_facts(StationFacts(kind, code, name, device, epoch))
    return Created(folder, recovery_key)


def _check_new(folder: Path, kind: str, code: str, name: str, account: str) -> None:
    if StationFolder(folder).exists():
        raise UserError("这个文件夹里已经有一个工作站", "请直接打开它，或换一个空文件夹。", str(folder))
    if kind not in KINDS:
        raise UserError("没有选择工作站种类", "请选择学校、乡镇中心学校或县教育局。", "种类")
    wanted = 6 if kind == "county" else 10
    if not (code.isdigit() and len(code) == wanted):
        raise UserError(
            f"代码“{code}”不是 {wanted} 位数字",
            "学校填 10 位学校标识码，县教育局填 6 位行政区划代码。",
            "代码",
        )
    if not name.strip():
        raise UserError("没有填写单位名称", "请填写单位全称，例如“青石镇中心小学”。", "名称")
    if not account.strip():
        raise UserError("没有填写账户名", "请填写使用人的姓名或岗位。", "账户")


def _new_device(home: StationFolder, key: bytes) -> str:
    """Make this device's keys, sealed beside the database; returns the device id."""
    from jzdesk.sync.keys import StationKeys

    keys = StationKeys.generate()
    keys.save(home.keys, device_key(key))
    return keys.device


def open_station(folder: Path, password: str, account: str | None = None, clock: Clock | None = None) -> Services:
    """Log in; raises UserError for a wrong password, a foreign database or a newer one."""
    from jzdesk.services.opening import open_unlocked

    home = StationFolder(folder)
    facts = home.facts()
    key, slot = slots.unlock(slots.load(home.slots), password, account, "account")
    return open_unlocked(home, facts, key, slot.name, clock or Clock())


def recover(folder: Path, recovery_key: str, account: str, new_password: str) -> None:
    """Set a new password for an account with the printed recovery key."""
    home = StationFolder(folder)
    slots.check_password(new_password)
    ways = slots.load(home.slots)
    try:
        key, _ = slots.unlock(ways, recovery_key, kind=slots.RECOVERY)
    except UserError:
        raise UserError(
            "恢复钥匙不对", "请对照打印的恢复钥匙逐组重新输入，0 和 O、1 和 I 不会出现。", "恢复钥匙"
        ) from None
    slots.save(home.slots, slots.add(ways, account, "account", new_password, key))
