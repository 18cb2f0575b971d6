"""撤回合并: takes one package back out of the tables, also after later ones, and lets it return (decision 16).

What counts of a device's chain is always its beginning up to a cut (less what is held). Taking a package back moves the
cut to the first entry that no shorter package brought; what came after builds on it and goes along. Nothing leaves the
journal: the entries are marked, and the records they touch are worked out anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from jzdesk.core.errors import UserError
from jzdesk.services.context import Context
from jzdesk.services.effects import Effects, effects
from jzdesk.store import journal as book
from jzdesk.store import standing
from jzdesk.store.journal import Chain
from jzdesk.store.standing import Stretch
from jzdesk.store.tables import ACCEPTED, REVOKED, WITHDRAWN, package, withdrawal

Progress = Callable[[int, int], None]
_TAKEN = ("applied", "held", "duplicate", "withdrawn")


@dataclass(frozen=True, slots=True)
class Packet:
    """A package that was taken in, as people know it."""

    package_id: str
    file: str
    school: str
    number: int
    first_n: int
    last_n: int


@dataclass(frozen=True, slots=True)
class Turnabout:
    """What taking back, or letting return, one package would do: `along` are packages that go the same way with it."""

    packet: Packet
    along: tuple[Packet, ...]
    entries: int
    effects: Effects


@dataclass(frozen=True, slots=True)
class Turned:
    """What was taken back or has returned."""

    packet: Packet
    along: tuple[Packet, ...]
    entries: int


class WithdrawService:
    """Takes packages back, and lets them return."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def look(self, word: str, progress: Progress | None = None) -> Turnabout:
        """What taking the package back would undo; nothing is written. Raises UserError."""
        with self._context.read() as connection:
            plan = _plan_out(connection, word)
            found = effects(
                connection, plan.stretch, (ACCEPTED,), lambda one: one.state == ACCEPTED,
                lambda one: one.state == ACCEPTED and not plan.stretch.holds(one), _part(progress, plan.stretch),
            )  # fmt: skip
            count = standing.count(connection, plan.stretch, (ACCEPTED,))
        return Turnabout(plan.packet, plan.along, count, found)

    def withdraw(self, word: str, reason: str, progress: Progress | None = None) -> Turned:
        """Take the package back, with the reason; `word` is its id, the beginning of it, or its file name."""
        if not reason.strip():
            raise UserError("没有写明撤回的理由", "请写一句理由，例如“学校报错了学期”。", "撤回合并")
        with self._context.write() as unit:
            plan = _plan_out(unit.connection, word)
            values = {
                "chain": plan.stretch.chain, "first_n": plan.stretch.first, "package_id": plan.packet.package_id,
                "reason": reason.strip()[:200], "account": self._context.actor.account, "at": unit.clock.tick(),
            }  # fmt: skip
            unit.connection.execute(insert(withdrawal), [values])
            count = standing.restand(unit, plan.stretch, (ACCEPTED,), WITHDRAWN, _part(progress, plan.stretch))
            standing.settle(unit, plan.stretch, (REVOKED,))
        self._context.store.catch_up()
        return Turned(plan.packet, plan.along, count)

    def look_back(self, word: str, progress: Progress | None = None) -> Turnabout:
        """What letting the package return would bring; nothing is written. Raises UserError."""
        with self._context.read() as connection:
            plan = _plan_in(connection, word)
            trusted = standing.cuts_at(connection, book.chain_of(connection, plan.stretch.chain)).trusted
            back = plan.stretch._replace(last=min(plan.stretch.last, trusted))
            found = effects(
                connection, back, (WITHDRAWN,), lambda one: one.state == ACCEPTED,
                lambda one: one.state == ACCEPTED or (one.state == WITHDRAWN and back.holds(one)),
                _part(progress, back),
            )  # fmt: skip
            count = standing.count(connection, back, (WITHDRAWN,))
        return Turnabout(plan.packet, plan.along, count, found)

    def rejoin(self, word: str, progress: Progress | None = None) -> Turned:
        """重新并入: the same entries count again, as if they had never been taken back."""
        with self._context.write() as unit:
            plan = _plan_in(unit.connection, word)
            unit.connection.execute(
                update(withdrawal)
                .where(
                    withdrawal.c.chain == plan.stretch.chain,
                    withdrawal.c.undone_at.is_(None),
                    withdrawal.c.first_n <= plan.packet.last_n,
                )
                .values(undone_by=self._context.actor.account, undone_at=unit.clock.tick())
            )
            moved = standing.settle(unit, plan.stretch, (WITHDRAWN,), _part(progress, plan.stretch))
        self._context.store.catch_up()
        return Turned(plan.packet, plan.along, moved.get(ACCEPTED, 0))


@dataclass(frozen=True, slots=True)
class _Plan:
    packet: Packet
    along: tuple[Packet, ...]
    stretch: Stretch


def _plan_out(connection: Connection, word: str) -> _Plan:
    """The stretch that leaves with a package: from its own first entry to where the chain ends, or is cut already."""
    found = find(connection, word)
    packet, known = found, _chain(connection, found)
    others = _others(connection, packet, known)
    cut = standing.cut_of(connection, known.id)
    first = max([packet.first_n, *(one.last_n + 1 for one in others if one.last_n < packet.last_n)])
    if packet.last_n < packet.first_n:
        raise UserError("这个包里没有记录，没有可撤回的", "请选别的包。", packet.file)
    if cut is not None and first >= cut:
        raise UserError("这个包已经撤回了", "需要时可以“重新并入”。", packet.file)
    last = known.last_n if cut is None else cut - 1
    along = [one for one in others if one.last_n >= packet.last_n and (cut is None or one.last_n < cut)]
    return _Plan(packet, tuple(along), Stretch(known.id, first, last))


def _plan_in(connection: Connection, word: str) -> _Plan:
    """The stretch that returns with a package: from where the chain is cut to where it will be cut then."""
    packet = find(connection, word)
    known = _chain(connection, packet)
    cut = standing.cut_of(connection, known.id)
    if cut is None or cut > packet.last_n:
        raise UserError("这个包没有撤回过，不用重新并入", "请在“合并记录”里核对。", packet.file)
    query = select(func.min(withdrawal.c.first_n)).where(
        withdrawal.c.chain == known.id, withdrawal.c.undone_at.is_(None), withdrawal.c.first_n > packet.last_n
    )
    later = connection.execute(query).scalar_one()
    last = known.last_n if later is None else int(later) - 1
    along = [one for one in _others(connection, packet, known) if cut <= one.last_n <= last]
    return _Plan(packet, tuple(along), Stretch(known.id, cut, last))


def find(connection: Connection, word: str) -> Packet:
    """The package that was taken in under this id, beginning of an id, or file name; raises UserError."""
    came = select(package.c.package_id).where(package.c.direction == "in", package.c.file == word)
    named = (package.c.package_id.startswith(word, autoescape=True)) | package.c.package_id.in_(came)
    query = select(package).where(package.c.direction == "in", package.c.outcome.in_(_TAKEN), named)
    rows = connection.execute(query.order_by(package.c.id)).all()
    if len({row.package_id for row in rows}) > 1:
        raise UserError("有几个包都符合", "请写出完整的包标识或文件名。", word)
    if not word or not rows:
        raise UserError("没有并入过这个包", "请在“合并记录”里核对文件名。", word)
    return _packet(rows[0])


def _packet(row: Row[Any]) -> Packet:
    return Packet(row.package_id, row.file, row.school, row.number, row.first_n, row.last_n)


def _chain(connection: Connection, packet: Packet) -> Chain:
    query = select(package.c.dev, package.c.ep).where(package.c.package_id == packet.package_id).limit(1)
    row = connection.execute(query).one()
    known = book.find_chain(connection, row.dev, row.ep)
    assert known is not None, "what was taken in has a chain"
    return known


def _others(connection: Connection, packet: Packet, known: Chain) -> list[Packet]:
    """Other packages of the same chain that were taken in, each once, by number."""
    query = select(package).where(
        package.c.direction == "in", package.c.dev == known.dev, package.c.ep == known.ep,
        package.c.outcome.in_(_TAKEN), package.c.package_id != packet.package_id,
        package.c.last_n >= package.c.first_n,
    )  # fmt: skip
    found = {row.package_id: _packet(row) for row in connection.execute(query.order_by(package.c.number))}
    return list(found.values())


def _part(progress: Progress | None, stretch: Stretch) -> Callable[[int], None] | None:
    """Tell how far of the whole stretch."""
    total = stretch.last - stretch.first + 1
    return None if progress is None else lambda done: progress(done, total)
