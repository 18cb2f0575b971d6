"""Clocks that ran ahead: whose, how far, since when; and what follows once the county has stated by how much.

A stated offset only lets entries in. It changes no byte of them and takes no part in what is shown: where entries
disagree, their own times stay a tie-break beneath authority, and both values are shown anyway (decision 22).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, func, select, update

from jzdesk.core.clock import moment
from jzdesk.core.errors import UserError
from jzdesk.core.merge import decode
from jzdesk.services import township_moves
from jzdesk.services.admitting import entries, obstacle, stretch_of
from jzdesk.services.arriving import CLOCK, RECORD
from jzdesk.services.context import Context
from jzdesk.services.enrolled import CLOCKS
from jzdesk.services.merging import clock_setting, is_county
from jzdesk.store import claims, standing
from jzdesk.store import journal as book
from jzdesk.store.store import read_setting, write_setting
from jzdesk.store.tables import ACCEPTED, ADMITTED, HELD, REVOKED, chain, hold, journal, package, setting
from jzdesk.store.unit import Unit
from jzdesk.sync.merge import FUTURE
from jzdesk.sync.receipt import ClockAhead

HOUR = (3600 * 1000) << 10  # hybrid time
_PREFIX = clock_setting("")


@dataclass(frozen=True, slots=True)
class ClockLine:
    """One computer whose clock ran ahead: `ahead_hours` of its newest waiting entry when that arrived, `since` its
    first arrival, `waiting` entries; `stated` hours are what the county has said so far (0 for nothing)."""

    device: str
    school: str
    ahead_hours: int
    since: str
    waiting: int
    stated: int


class ClockService:
    """Lists clocks, and states by how much one runs ahead."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def listed(self) -> list[ClockLine]:
        """Computers with entries that wait because of their clock, and those whose offset was stated."""
        with self._context.read() as connection:
            devices = _waiting(connection) | {one.device for one in stated_clocks(connection)}
            return [line(connection, device) for device in sorted(devices)]

    def state(self, device: str, hours: int, reason: str) -> int:
        """The clock of a device runs ahead by so many hours: what waited for that is admitted; returns how many.

        It holds for what the device sends from now on as well. Raises UserError when it explains too little.
        """
        if not is_county(self._context):
            raise UserError("时钟偏差由县教育局说明", "请在县站登录后再试。", "时钟")
        if not reason.strip():
            raise UserError("没有写明理由", "请写一句理由，例如“电话核实，电脑日期快了五天”。", "时钟")
        with self._context.write() as unit:
            if device not in _waiting(unit.connection):
                raise UserError("这台电脑没有因时钟等待裁定的记录", "请在“待裁定的记录”里核对设备编号。", device)
            needed = max(_ahead(unit.connection, row) for row in lines(unit.connection, device))
            check(hours, needed)
            return explain(unit, device, hours, reason, self._context.actor.account)


def check(hours: int, needed: int) -> None:
    """Whether so many hours explain entries that are `needed` hours ahead; raises UserError."""
    if hours < 0 or hours + FUTURE // HOUR < needed:
        raise UserError(
            f"说明的偏差（{hours} 小时）解释不了记录上的时间，记录至少快 {needed} 小时",
            "请与学校核对那台电脑的日期和时间。",
            "时钟",
        )


def explain(unit: Unit, device: str, hours: int, reason: str, account: str) -> int:
    """Note the offset, and admit everything of the device that it explains; how many entries.

    What also touches a record of another school goes on waiting, for that reason: no clock is an excuse for it.
    """
    name = clock_setting(device)
    write_setting(unit.connection, name, max(int(read_setting(unit.connection, name, 0)), hours))
    admitted = 0
    for row in lines(unit.connection, device):
        if hours + FUTURE // HOUR < _ahead(unit.connection, row) or obstacle(unit.connection, row):
            continue
        if _touches_others(unit.connection, row):
            unit.connection.execute(update(hold).where(hold.c.id == row.id).values(reason=RECORD))
        else:
            admitted += sum(standing.settle(unit, stretch_of(row), (HELD,)).values())
            values = {"ruling": ADMITTED, "why": reason.strip()[:200], "account": account, "at": unit.clock.tick()}
            unit.connection.execute(update(hold).where(hold.c.id == row.id).values(values))
    return admitted


def _touches_others(connection: Connection, row: Row[Any]) -> bool:
    """Whether held entries are about a record of another scope than their own, even one that does not count now."""
    links = [book.Link(n, b"", b"", entry) for n, entry in entries(connection, stretch_of(row))]
    own, touched = {link.entry.scope for link in links}, book.touched_by(links)
    here = book.scopes_of(connection, touched)
    return any(scope not in own for scope in here.values()) or bool(claims.of_others(connection, touched, own))


def lines(connection: Connection, device: str) -> Sequence[Row[Any]]:
    """What waits of a device because of its clock, oldest first."""
    query = select(hold).join(chain, chain.c.id == hold.c.chain).where(chain.c.dev == device)
    query = query.where(hold.c.reason == CLOCK, hold.c.ruling.is_(None)).order_by(hold.c.id)
    return connection.execute(query).all()


def stated_clocks(connection: Connection) -> Iterator[ClockAhead]:
    """Every offset that was stated."""
    query = select(setting.c.key, setting.c.value).where(setting.c.key.startswith(_PREFIX, autoescape=True))
    for row in connection.execute(query.order_by(setting.c.key)):
        yield ClockAhead(device=row.key.removeprefix(_PREFIX), hours=int(row.value))


def told(connection: Connection, device: str, role: str) -> Iterator[ClockAhead]:
    """What a receipt says: to a township station every stated offset, to a school its own."""
    for one in stated_clocks(connection):
        if role == "township" or one.device == device:
            yield one


def heed(view: Context, station: Context) -> None:
    """Township: what is read of its schools is let in by the offsets that the county's last receipt stated."""
    listed = station.store.setting(CLOCKS) or []
    if listed == (view.store.setting(CLOCKS) or []):
        return
    with view.write() as unit:
        for one in msgspec.convert(listed, list[ClockAhead]):
            waited = [stretch_of(row) for row in lines(unit.connection, one.device)]
            explain(unit, one.device, one.hours, "县里已说明时钟偏差", "")
            for stretch in waited:
                township_moves.stand(unit, standing.touched(unit.connection, stretch, (HELD, ACCEPTED, REVOKED)))
        write_setting(unit.connection, CLOCKS, listed)


def came(connection: Connection, row: Row[Any]) -> int:
    """When the package of a hold came, in hybrid time; 0 when nobody noted it."""
    query = select(func.min(package.c.at)).where(package.c.package_id == row.package_id)
    return int(connection.execute(query).scalar_one() or 0)


def _ahead(connection: Connection, row: Row[Any]) -> int:
    """By how many hours, rounded up, the newest entry of a hold was ahead of our clock when it came."""
    query = select(journal.c.body).where(stretch_of(row).where((HELD,)))
    newest = max((decode(body).at for body in connection.execute(query).scalars()), default=0)
    return max(-(-(newest - came(connection, row)) // HOUR), 0)


def _waiting(connection: Connection) -> set[str]:
    query = select(chain.c.dev).join(hold, hold.c.chain == chain.c.id)
    return set(connection.execute(query.where(hold.c.reason == CLOCK, hold.c.ruling.is_(None))).scalars())


def line(connection: Connection, device: str) -> ClockLine:
    """What is known of the clock of a device."""
    rows, stated = lines(connection, device), int(read_setting(connection, clock_setting(device), 0))
    school = connection.execute(select(chain.c.school).where(chain.c.dev == device).limit(1)).scalar_one_or_none()
    since = min((came(connection, row) for row in rows), default=0)
    return ClockLine(
        device, school or "", max((_ahead(connection, row) for row in rows), default=0),
        moment(since) if since else "", sum(row.last_n - row.first_n + 1 for row in rows), stated,
    )  # fmt: skip
