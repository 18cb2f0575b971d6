"""Making, opening and recovering a station: accounts, passwords, the recovery key, the device's own keys."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from jzdesk.core.clock import Clock
from jzdesk.core.errors import UserError
from jzdesk.services.context import Actor, Context, StationInfo, files
from jzdesk.services.device import device_key, read_mark
from jzdesk.store import journal, slots
from jzdesk.store.engine import create_database, open_engine
from jzdesk.store.folder import StationFacts, StationFolder
from jzdesk.store.store import Store

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
    with files("建立工作站文件夹"):
        folder.mkdir(parents=True, exist_ok=True)
    home = StationFolder(folder)
    with files("移开没有建完的工作站"):
        home.set_aside_leftovers()
    key, recovery_key = slots.new_database_key(), slots.new_recovery_key()
    device, epoch = _new_device(home, key), os.urandom(8).hex()
    create_database(home.database, key)
    _first_chain(home, key, device, epoch, "county" if kind == "county" else code)
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


def _first_chain(home: StationFolder, key: bytes, device: str, epoch: str, scope: str) -> None:
    engine = open_engine(home.database, key, writing=True)
    try:
        with engine.begin() as connection:
            journal.open_chain(connection, device, epoch, scope, own=True)
    finally:
        engine.dispose()


def open_station(folder: Path, password: str, account: str | None = None, clock: Clock | None = None) -> Services:
    """Log in; raises UserError for a wrong password, a foreign database or a newer one."""
    home = StationFolder(folder)
    facts = home.facts()
    key, slot = slots.unlock(slots.load(home.slots), password, account, "account")
    return _open(home, facts, key, slot.name, clock or Clock())


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


def _open(home: StationFolder, facts: StationFacts, key: bytes, account: str, clock: Clock) -> Services:
    from jzdesk.services.bundle import Services

    store = Store(home.database, key, clock)
    try:
        _watch_high_water(home, store, facts)
        county = store.setting("county") or {}
        info = StationInfo(
            facts.kind,
            facts.code,
            facts.name,
            home.path,
            facts.device,
            certified=facts.kind == "county" or bool(store.setting("certificate")),
            county_name=facts.name if facts.kind == "county" else county.get("name"),
        )
        return Services(Context(store, home, info, Actor(account, facts.kind), key))
    except BaseException:
        store.close()
        raise


def _watch_high_water(home: StationFolder, store: Store, facts: StationFacts) -> None:
    """A database older than the mark beside it was restored from a backup: begin a new epoch (sync §5)."""
    own = store.own_chain()
    mark = read_mark(home)
    if mark.get(own.ep, 0) <= own.last_n:
        return
    with store.local() as connection:
        journal.open_chain(connection, own.dev, os.urandom(8).hex(), own.school, own=True)
