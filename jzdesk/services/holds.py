"""待裁定的记录: what was held of packages, with who, what and why, and how the county decides (sync §2.6 and §4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select, update

from jzdesk.core.clock import moment
from jzdesk.core.errors import UserError
from jzdesk.core.merge import Entry
from jzdesk.models import SPECS
from jzdesk.services import attachments, clocks
from jzdesk.services.admitting import entries, obstacle, stretch_of
from jzdesk.services.arriving import CLOCK, FORK, REASONS
from jzdesk.services.clocks import ClockLine
from jzdesk.services.context import Context
from jzdesk.services.effects import Effects, effects
from jzdesk.services.ledger import OPS, titles
from jzdesk.services.merging import is_county
from jzdesk.services.telling import fields_of, note, title_of
from jzdesk.store import journal as book
from jzdesk.store import standing
from jzdesk.store.standing import Placed, Stretch
from jzdesk.store.tables import ACCEPTED, ADMITTED, ASIDE, HELD, REFUSED, TURNED_DOWN, hold, package
from jzdesk.store.unit import Unit
from jzdesk.sync.merge import FUTURE

RULINGS = {"": "待裁定", ADMITTED: "已采纳", TURNED_DOWN: "不予采纳", ASIDE: "随分叉搁置"}
SHOWN = 200  # entries of one hold that are shown
_HOUR = (3600 * 1000) << 10  # hybrid time


@dataclass(frozen=True, slots=True)
class HoldLine:
    """One thing to decide: entries `first_n` to `last_n` of one package that wait for one reason.

    `who`, `when` and `title` are of the first entry; `ruling` is "", "admitted", "refused", or "aside" while its branch
    of a fork stands aside, and `why` its reason.
    """

    id: int
    reason: str
    school: str
    file: str
    number: int
    first_n: int
    last_n: int
    entity_label: str
    title: str
    who: str
    when: str
    ruling: str = ""
    why: str = ""

    @property
    def entries(self) -> int:
        """How many entries."""
        return self.last_n - self.first_n + 1

    @property
    def reason_label(self) -> str:
        """Why it waits, in Chinese."""
        return REASONS[self.reason]

    @property
    def ruling_label(self) -> str:
        """What was decided, in Chinese."""
        return RULINGS[self.ruling]


@dataclass(frozen=True, slots=True)
class HeldEntry:
    """One held entry: what it does to which record, in words; `scope` is whose record it claims to be."""

    n: int
    entity_label: str
    title: str
    op_label: str
    who: str
    when: str
    scope: str
    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class HoldDetail:
    """Everything to decide by: the first entries, what admitting them would change, and why that may be impossible.

    `ahead_hours` is by how much the newest entry's clock runs ahead of ours now, 0 when it does not; `photos_missing`
    counts the photographs they speak of whose pictures did not come with the package; `clock` is what is known of the
    clock of its computer when that is why it waits.
    """

    line: HoldLine
    entries: tuple[HeldEntry, ...]
    effects: Effects
    obstacle: str
    ahead_hours: int
    photos_missing: int = 0
    clock: ClockLine | None = None


class HoldService:
    """Lists and decides what is held."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def waiting(self, *, decided: bool = False, limit: int = 500) -> list[HoldLine]:
        """What waits for a decision, oldest first; with `decided` what was decided, newest first. Forks excepted."""
        query = select(hold).where(hold.c.reason != FORK)
        query = query.where(hold.c.ruling.is_not(None) if decided else hold.c.ruling.is_(None))
        query = query.order_by(hold.c.at.desc(), hold.c.id) if decided else query.order_by(hold.c.id)
        with self._context.read() as connection:
            return [_line(connection, row) for row in connection.execute(query.limit(limit)).all()]

    def detail(self, number: int) -> HoldDetail:
        """One hold with its entries and what admitting it would do; raises UserError."""
        with self._context.read() as connection:
            row = _row(connection, number)
            stretch, why = stretch_of(row), obstacle(connection, row)
            met: dict[str, str] = {}  # who is spoken of may be held too
            return HoldDetail(
                _line(connection, row),
                tuple(_held_entry(connection, one, met) for one in entries(connection, stretch, SHOWN)),
                Effects() if why else _foretell(connection, stretch),
                why,
                _ahead_hours(connection, stretch, self._context),
                attachments.missing(connection, *stretch),
                clocks.line(connection, book.chain_of(connection, row.chain).dev) if row.reason == CLOCK else None,
            )

    def admit(self, number: int, reason: str, ahead_hours: int | None = None) -> int:
        """Let the held entries count, with the reason; returns how many. Raises UserError for what never may.

        Entries dated ahead need `ahead_hours`: by how much the clock of that computer runs ahead. It holds for
        what the computer sends from now on as well.
        """
        self._check(reason)
        with self._context.write() as unit:
            row = _row(unit.connection, number)
            if row.ruling == ADMITTED:
                raise UserError("这一项已经采纳过了", "请刷新页面。", "裁定")
            if why := obstacle(unit.connection, row):
                raise UserError(why, "可以“不予采纳”，原件会一直保留。", "裁定")
            device = self._explained(unit, row, ahead_hours)
            admitted = 0
            if row.reason != CLOCK or row.ruling:
                admitted = sum(standing.settle(unit, stretch_of(row), (HELD, REFUSED)).values())
                self._note(unit, number, ADMITTED, reason)
            if device:  # one statement about a clock is enough for everything that waits for it
                admitted += clocks.explain(unit, device, ahead_hours or 0, reason, self._context.actor.account)
        self._context.store.catch_up()
        return admitted

    def refuse(self, number: int, reason: str) -> int:
        """Never let the held entries count, with the reason: they are kept, and the receipt says so."""
        self._check(reason)
        with self._context.write() as unit:
            row = _row(unit.connection, number)
            if row.ruling:
                raise UserError("这一项已经裁定过了", "请刷新页面。", "裁定")
            refused = standing.restand(unit, stretch_of(row), (HELD,), REFUSED)
            self._note(unit, number, TURNED_DOWN, reason)
        return refused

    def _check(self, reason: str) -> None:
        if not is_county(self._context):
            raise UserError("待裁定的记录由县教育局裁定", "请在县站登录后再试。", "裁定")
        if not reason.strip():
            raise UserError("没有写明裁定的理由", "请写一句理由，例如“电话核实，学生已转来本校”。", "裁定")

    def _note(self, unit: Unit, number: int, ruling: str, reason: str) -> None:
        values = {
            "ruling": ruling, "why": reason.strip()[:200], "account": self._context.actor.account,
            "at": unit.clock.tick(),
        }  # fmt: skip
        unit.connection.execute(update(hold).where(hold.c.id == number).values(values))

    def _explained(self, unit: Unit, row: Row[Any], ahead_hours: int | None) -> str:
        """The device whose clock was stated, "" when it need not be; raises UserError when it explains too little."""
        ahead = _ahead_hours(unit.connection, stretch_of(row), self._context)
        if row.reason != CLOCK and not ahead:
            return ""
        if ahead_hours is None or ahead_hours < 0:
            raise UserError("没有说明这台电脑的时钟快多少", f"请写明快几小时；按记录看至少快 {ahead} 小时。", "时钟")
        clocks.check(ahead_hours, ahead)
        return book.chain_of(unit.connection, row.chain).dev


def _foretell(connection: Connection, stretch: Stretch) -> Effects:
    """What admitting these entries would do; those behind a cut would go on waiting."""
    waiting = standing.counting(connection, stretch)

    def would_count(one: Placed) -> bool:
        return one.state == ACCEPTED or (one.state in (HELD, REFUSED) and waiting.holds(one))

    return effects(connection, waiting, (HELD, REFUSED), lambda one: one.state == ACCEPTED, would_count)


def _row(connection: Connection, number: int) -> Row[Any]:
    row = connection.execute(select(hold).where(hold.c.id == number, hold.c.reason != FORK)).first()
    if row is None:
        raise UserError("没有这一项待裁定的记录", "请刷新“待裁定的记录”，按其中的编号办理。", str(number))
    return row


def _ahead_hours(connection: Connection, stretch: Stretch, context: Context) -> int:
    """By how many hours, rounded up, the newest of these entries is dated ahead of now; 0 within two days."""
    now = context.store.clock.now_ms() << 10
    newest = max((entry.at for _, entry in entries(connection, stretch)), default=now)
    return 0 if newest - now <= FUTURE else -(-(newest - now) // _HOUR)


def _line(connection: Connection, row: Row[Any]) -> HoldLine:
    query = select(package.c.file, package.c.school, package.c.number).where(package.c.package_id == row.package_id)
    came = connection.execute(query.order_by(package.c.id).limit(1)).first()
    school = came.school if came else book.chain_of(connection, row.chain).school
    first = next(entries(connection, stretch_of(row), 1), None)
    entity_label, title, who, when = _about(connection, first[1]) if first else ("", "", "", "")
    return HoldLine(
        row.id, row.reason, school, came.file if came else "", came.number if came else 0, row.first_n, row.last_n,
        entity_label, title, who, when, row.ruling or "", row.why or "",
    )  # fmt: skip


def _about(connection: Connection, entry: Entry) -> tuple[str, str, str, str]:
    """(entity, title, who, when) of an entry."""
    spec = SPECS.get(entry.ent)
    who, when = entry.actor, moment(entry.at)
    if spec is None:
        return entry.ent, entry.uid[:8], who, when
    known = titles(connection, entry.ent, (entry.uid,))
    return spec.label, known.get(entry.uid) or title_of(connection, spec, entry, {}), who, when


def _held_entry(connection: Connection, numbered: tuple[int, Entry], met: dict[str, str]) -> HeldEntry:
    n, entry = numbered
    entity_label, title, who, when = _about(connection, entry)
    spec = SPECS.get(entry.ent)
    fields = [(name, str(value)) for name, value in entry.set.items()]
    if spec is not None:
        fields = fields_of(connection, spec, entry.set, met)
        note(connection, spec, entry, met)
    if entry.why:
        fields.append(("理由", entry.why))
    return HeldEntry(n, entity_label, title, OPS.get(entry.op, entry.op), who, when, entry.scope, tuple(fields))
