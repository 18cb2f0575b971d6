"""Whether the clock of this PC can be right: it never runs behind what was written here, or what the county wrote."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from jzdesk.core.clock import moment
from jzdesk.services.context import Context
from jzdesk.store import journal
from jzdesk.store.store import read_setting

COUNTY_CLOCK = "county_clock"  # setting: the county's clock when it wrote the last receipt that was read, ISO
_DAY = 24 * 3600 * 1000
_BEHIND = _DAY  # ms by which the clock may run behind what is known
_IDLE = 200 * _DAY  # ms after which somebody should look at the clock: no holiday is that long
_UNANSWERED = 400 * _DAY  # the same for the last receipt


@dataclass(frozen=True, slots=True)
class ClockDoubt:
    """Why the clock cannot, or need not, be right, and what to do; `behind` when it certainly is wrong."""

    what: str
    remedy: str
    behind: bool


def doubt(context: Context) -> ClockDoubt | None:
    """What speaks against the PC's clock, or None."""
    now = context.store.clock.now_ms()
    with context.read() as connection:
        own = max((known.last_at >> 10 for known in journal.chains(connection) if known.own), default=0)
        told = _milliseconds(read_setting(connection, COUNTY_CLOCK))
    latest = max(own, told)
    if now < latest - _BEHIND:
        return _behind(now, latest, "县里上次的回执" if told > own else "本站最后一条记录")
    if latest and now - latest > _IDLE:
        return _ahead(now, latest, "上一次使用")
    if told and now - told > _UNANSWERED:
        return _ahead(now, told, "县里上次的回执")
    return None


def _behind(now: int, latest: int, source: str) -> ClockDoubt:
    hours = -(-(latest - now) // (3600 * 1000))
    remedy = (
        "请先校正电脑的日期和时间再录入。如果现在的时间是对的，说明以前快了："
        f"请告诉县教育局大约快 {hours:,} 小时，县里说明偏差后，以前录的才会并入。"
    )
    return ClockDoubt(f"电脑的时间是 {_day(now)}，可是{source}写于 {_day(latest)}", remedy, behind=True)


def _ahead(now: int, latest: int, source: str) -> ClockDoubt:
    days = (now - latest) // _DAY
    what = f"电脑的时间是 {_day(now)}，离{source}（{_day(latest)}）已有 {days:,} 天"
    return ClockDoubt(
        what, "没有隔这么久的话，是电脑的时间快了，请先校正再录入；确实隔了这么久，不用管它。", behind=False
    )


def _day(milliseconds: int) -> str:
    return moment(milliseconds << 10)


def _milliseconds(iso: str | None) -> int:
    """An ISO moment with its offset, in milliseconds; 0 for none, or one nobody can read."""
    try:
        return int(dt.datetime.fromisoformat(iso).timestamp() * 1000) if iso else 0
    except ValueError:
        return 0
