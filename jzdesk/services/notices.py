"""公示: the list of a batch hangs out for five working days and is taken down again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from jzdesk.core.errors import UserError
from jzdesk.core.text import parse_date
from jzdesk.core.workdays import workdays_after
from jzdesk.models import Notice
from jzdesk.services.context import Context
from jzdesk.services.payments import batch_row
from jzdesk.services.pupils import table_of

NOTICE = table_of(Notice)
NOTICE_DAYS = 5


@dataclass(frozen=True, slots=True)
class NoticeLine:
    """One notice; `down` when it has been taken down, `due` when its period is over and it still hangs."""

    uid: str
    batch: str
    name: str
    posted_on: str
    until: str
    taken_down: str
    down: bool
    due: bool


class NoticeService:
    """The verbs of a notice."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def _scope(self) -> str | None:
        """What this station shows: a school itself, the county everybody."""
        return None if self._context.info.kind == "county" else self._context.author.scope

    def post_notice(self, batch: str, posted_on: str, phone: str, address: str, supervision: str | None = None) -> str:
        """Record that the list of a batch hangs out from `posted_on`, five working days after it; returns the uid."""
        day = parse_date(posted_on)
        for value, what in ((phone, "受理电话"), (address, "受理地址")):
            if not value.strip():
                raise UserError(f"没有填写{what}", f"公示必须写明{what}，请填写后再生成。", what)
        with self._context.write() as unit:
            row = batch_row(unit.connection, batch)
            hanging = select(NOTICE.c.uid).where(
                NOTICE.c.batch == batch, NOTICE.c.hidden == 0, NOTICE.c.taken_down.is_(None)
            )
            if unit.connection.execute(hanging).first() is not None:
                raise UserError("这个批次已经有一张正在公示的名单", "请先登记撤下，再贴新的。", row["name"])
            return unit.add(Notice, {
                "batch": batch, "name": f"关于{row['name']}拟资助学生的公示", "posted_on": day,
                "until": workdays_after(day, NOTICE_DAYS), "phone": phone.strip(), "address": address.strip(),
                "supervision": (supervision or "").strip() or None,
            })  # fmt: skip

    def take_down(self, notice: str, date: str | None = None) -> None:
        """Record that a notice was taken down; not before its period is over, not in the future."""
        day = parse_date(date) if date else self._context.today()
        with self._context.write() as unit:
            row = unit.connection.execute(select(NOTICE).where(NOTICE.c.uid == notice)).mappings().first()
            if row is None:
                raise UserError("这张公示不存在", "请刷新页面后重试。", "公示")
            if day < row["until"]:
                raise UserError(f"公示期到 {row['until']} 才满", "请在期满后再撤下。", row["name"])
            if day > self._context.today():
                raise UserError(f"撤下日期 {day} 还没有到", "请填写实际撤下的日期。", row["name"])
            unit.change(Notice, notice, {"taken_down": day})

    def notices(self, batch: str | None = None) -> list[NoticeLine]:
        """Notices, newest first."""
        query = select(NOTICE).where(NOTICE.c.hidden == 0).order_by(NOTICE.c.posted_on.desc(), NOTICE.c.uid)
        if batch is not None:
            query = query.where(NOTICE.c.batch == batch)
        if (scope := self._scope()) is not None:
            query = query.where(NOTICE.c.scope == scope)
        today = self._context.today()
        with self._context.read() as connection:
            return [_notice_line(row, today) for row in connection.execute(query).mappings()]


def _notice_line(row: Mapping[Any, Any], today: str) -> NoticeLine:
    down = bool(row["taken_down"])
    return NoticeLine(
        row["uid"], row["batch"], row["name"] or "", row["posted_on"] or "", row["until"] or "",
        row["taken_down"] or "", down, not down and bool(row["until"]) and today > row["until"],
    )  # fmt: skip
