"""The receipt slip on paper: printed by the county, scanned or typed at the school (sync §7)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, select

from jzdesk.core.errors import UserError
from jzdesk.models import BY_NAME
from jzdesk.services import identity
from jzdesk.services.context import Context
from jzdesk.services.merging import is_county
from jzdesk.services.verdicts import OUTCOMES
from jzdesk.store import journal
from jzdesk.store.journal import Chain
from jzdesk.store.tables import package
from jzdesk.sync.refusal import PackageRefused
from jzdesk.sync.slip import Reached, Slip, read_slip, write_slip

_EPOCHS = 4  # the newest; older ones were acknowledged long ago
_PACKAGES = 8


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """What a slip led to: its number, and how many entries of ours the county has confirmed by it."""

    number: int
    entries: int


class SlipService:
    """Prints slips (county) and takes them in (school)."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def write(self, device: str, path: Path) -> int:
        """County: print the slip for a device as PDF; its pages. Raises UserError before anything came from it."""
        from jzdesk.printing import SlipSheet, write_slip_sheet

        context = self._context
        if not is_county(context):
            raise UserError("回执单由县教育局打印", "请在县站上打印。")
        with context.read() as connection:
            chains = [known for known in journal.chains(connection) if known.dev == device and not known.own]
            if not chains:
                raise UserError(f"还没有收到过设备 {device} 的数据", "并入它的数据包以后再打印回执单。", "回执单")
            school = chains[-1].school
            sheet = SlipSheet(
                context.info.name, _school_name(connection, school), self._number(device), context.today(),
                tuple(write_slip(self._slip(device, chains), identity.station_keys(context).signing)),
                _packages(connection, device), _open_questions(connection, school),
            )  # fmt: skip
        return write_slip_sheet(path, sheet)

    def take(self, typed: str) -> Acknowledged:
        """School: believe a slip of our county whose hashes are on our own chains; raises UserError."""
        context = self._context
        slip = read_slip(typed, identity.county_card(context).signing)
        if slip.device != context.info.device:
            raise UserError("这张回执单是给另一台电脑的", "请交给回执单上写的学校。", "回执单")
        entries = 0
        with context.store.local() as connection:
            for mark in slip.epochs:
                entries += _acknowledge(connection, mark)
        return Acknowledged(slip.number, entries)

    def _number(self, device: str) -> int:
        return int(self._context.store.setting(f"receipt:{device}", 0))

    def _slip(self, device: str, chains: list[Chain]) -> Slip:
        reached = tuple(Reached(known.ep, known.last_n, known.last_h) for known in chains[-_EPOCHS:])
        return Slip(self._number(device), device, reached)


def _acknowledge(connection: Connection, mark: Reached) -> int:
    known = next((own for own in journal.chains(connection) if own.own and own.ep == mark.epoch), None)
    if known is None or mark.n <= known.received_n:
        return 0
    found = journal.hash_at(connection, known, mark.n)
    if found is None or found[:16] != mark.chain[:16]:
        raise PackageRefused("回执单与本站的记录对不上", "chain", "请让县里用 U 盘送回执和本校数据。")
    journal.mark_chain(connection, known.id, received_n=mark.n, exported_n=max(known.exported_n, mark.n))
    return mark.n - known.received_n


def _school_name(connection: Connection, code: str) -> str:
    table = BY_NAME["school"].__table__
    return connection.execute(select(table.c.name).where(table.c.code == code)).scalar() or code


def _packages(connection: Connection, device: str) -> tuple[tuple[str, str, str, str], ...]:
    query = select(package).where(package.c.dev == device, package.c.direction == "in").order_by(package.c.id.desc())
    return tuple(
        (f"第 {row.number} 包", OUTCOMES[row.outcome], f"{json.loads(row.counts)['applied']:,}", row.reason or "")
        for row in connection.execute(query.limit(_PACKAGES))
    )


def _open_questions(connection: Connection, school: str) -> int:
    table = BY_NAME["question"].__table__
    query = select(table.c.uid).where(table.c.scope == school, table.c.state == "open", table.c.hidden == 0)
    return len(connection.execute(query).all())
