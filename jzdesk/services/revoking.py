"""吊销: a device is trusted up to a cut and no further (sync §6); undoing it brings everything back exactly.

What counts of the device's chains is their beginning up to the cut. Entries beyond it stand in the journal as revoked,
whether they were taken in before or arrive later; entries up to it count whenever they arrive (decision 21).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, insert, select, update

from jzdesk.core.clock import moment
from jzdesk.core.errors import UserError
from jzdesk.services import renewing
from jzdesk.services.context import Context
from jzdesk.services.effects import Effects, effects
from jzdesk.services.enrolled import REVOCATIONS
from jzdesk.services.merging import is_county
from jzdesk.store import journal as book
from jzdesk.store import standing
from jzdesk.store.journal import Chain
from jzdesk.store.standing import Stretch
from jzdesk.store.store import write_setting
from jzdesk.store.tables import ACCEPTED, REVOKED, package, revocation
from jzdesk.store.tables import certificate as certificate_table
from jzdesk.store.unit import Unit
from jzdesk.sync.receipt import ReceiptBody, Revocation

UNTIL_NOW, NOTHING = "now", "none"
_TAKEN = ("applied", "held", "duplicate", "withdrawn")
Cuts = dict[str, tuple[int, str]]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class CutChoice:
    """Up to where a device can be trusted: `key` is "now", "none" or the id of a package; `label` says it in words."""

    key: str
    label: str


@dataclass(frozen=True, slots=True)
class Turning:
    """What revoking a device, or undoing that, would do: entries that change their standing, and the records."""

    device: str
    name: str
    entries: int
    effects: Effects


@dataclass(frozen=True, slots=True)
class RevocationLine:
    """A device that was revoked: how many entries count, how many do not; `undone` is when it was taken back, or ""."""

    device: str
    name: str
    school: str
    reason: str
    when: str
    trusted: int
    beyond: int
    undone: str
    undone_why: str


class RevokeService:
    """Revokes devices, and takes that back."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def choices(self, word: str) -> list[CutChoice]:
        """Where the cut may lie, the usual one first; `word` is a device or the serial of its certificate."""
        with self._context.read() as connection:
            packages = list(_packages(connection, device_of(connection, word)))
        told = [
            CutChoice(row.package_id, f"只认到第 {row.number} 包（{moment(row.at)} 收到，到第 {row.last_n:,} 条）")
            for row in packages
        ]
        return [CutChoice(UNTIL_NOW, "到现在为止收到的都认"), *told, CutChoice(NOTHING, "这台电脑的记录一条也不认")]

    def look(self, word: str, upto: str = UNTIL_NOW, progress: Progress | None = None) -> Turning:
        """What revoking with this cut would undo; nothing is written. Raises UserError."""
        with self._context.read() as connection:
            device = device_of(connection, word)
            beyond = list(_beyond(_chains(connection, device), _cuts(connection, device, upto)))

            def stays(one: standing.Placed) -> bool:
                return one.state == ACCEPTED and not any(stretch.holds(one) for stretch in beyond)

            found = effects(
                connection, beyond, (ACCEPTED,), lambda one: one.state == ACCEPTED, stays, _part(progress, beyond)
            )
            count = sum(standing.count(connection, stretch, (ACCEPTED,)) for stretch in beyond)
            return Turning(device, _name(connection, device), count, found)

    def revoke(self, word: str, reason: str, upto: str = UNTIL_NOW) -> int:
        """Trust the device no longer beyond the cut; how many entries that counted no longer do. Raises UserError."""
        self._check(reason)
        with self._context.write() as unit:
            device = device_of(unit.connection, word)
            if standing.cuts_of(unit.connection, device) is not None:
                raise UserError("这台电脑已经吊销了", "要换一个截止处，请先撤销吊销，再重新吊销。", device)
            cuts = _cuts(unit.connection, device, upto)
            _note(unit, device, cuts, reason, self._context.actor.account)
            _mark(unit.connection, device, self._context.today())
            return stand_anew(unit, device).get(REVOKED, 0)

    def look_back(self, word: str, progress: Progress | None = None) -> Turning:
        """What undoing the revocation would bring back; nothing is written. Raises UserError."""
        with self._context.read() as connection:
            device = device_of(connection, word)
            back = [Stretch(known.id, 1, known.last_n) for known in _chains(connection, device)]

            def returns(one: standing.Placed) -> bool:
                return one.state == ACCEPTED or (one.state == REVOKED and any(s.holds(one) for s in back))

            found = effects(
                connection, back, (REVOKED,), lambda one: one.state == ACCEPTED, returns, _part(progress, back)
            )
            count = sum(standing.count(connection, stretch, (REVOKED,)) for stretch in back)
            return Turning(device, _name(connection, device), count, found)

    def reinstate(self, word: str, reason: str) -> int:
        """撤销吊销: as if it had never been revoked; how many entries count again. Raises UserError."""
        self._check(reason)
        with self._context.write() as unit:
            device = device_of(unit.connection, word)
            if standing.cuts_of(unit.connection, device) is None:
                raise UserError("这台电脑没有吊销", "请在“学校与证书”里核对。", device)
            _lift(unit, device, reason, self._context.actor.account)
            _mark(unit.connection, device, None)
            return stand_anew(unit, device).get(ACCEPTED, 0)

    def listed(self) -> list[RevocationLine]:
        """Every revocation, the newest first, also those taken back."""
        with self._context.read() as connection:
            rows = connection.execute(select(revocation).order_by(revocation.c.id.desc())).all()
            return [_line(connection, row) for row in rows]

    def _check(self, reason: str) -> None:
        if not is_county(self._context):
            raise UserError("吊销由县教育局办理", "请在县站登录后再试。", "吊销")
        if not reason.strip():
            raise UserError("没有写明理由", "请写一句理由，例如“电脑被盗，已报案”。", "吊销")


def device_of(connection: Connection, word: str) -> str:
    """The device under its own id or the serial of one of its certificates; raises UserError."""
    table = certificate_table
    query = select(table.c.device).where((table.c.device == word) | (table.c.serial == word)).limit(1)
    found: str | None = connection.execute(query).scalar_one_or_none()
    if found is None:
        raise UserError(f"没有这张证书，也没有这台电脑：{word}", "请在证书清单里核对编号或设备编号。", "吊销")
    return found


def stand_anew(unit: Unit, device: str) -> dict[int, int]:
    """Let all entries of a device stand as the cuts say now; new standing → how many."""
    total: dict[int, int] = {}
    for known in _chains(unit.connection, device):
        moved = standing.settle(unit, Stretch(known.id, 1, known.last_n), (ACCEPTED, REVOKED))
        total = {state: total.get(state, 0) + moved.get(state, 0) for state in (ACCEPTED, REVOKED)}
    return total


def told(connection: Connection, school: str, role: str) -> Iterator[Revocation]:
    """County: what a receipt says of revoked devices: to a township station of all, to a school of its own."""
    query = select(revocation).where(revocation.c.undone_at.is_(None)).order_by(revocation.c.id)
    for row in connection.execute(query).all():
        held = renewing.newest(connection, row.device).certificate
        if role == "township" or held.school == school:
            yield from _papers(held.serial, row)


def _papers(serial: int, row: Row[Any]) -> Iterator[Revocation]:
    """One line that all else is beyond the cut, and one for each epoch of which something counts."""
    yield Revocation(serial=serial, device=row.device, reason=row.reason)
    for epoch, (n, chain) in sorted(json.loads(row.cuts).items()):
        yield Revocation(serial=serial, device=row.device, reason=row.reason, epoch=epoch, trusted_n=n, chain=chain)


def bare(body: ReceiptBody) -> ReceiptBody:
    """What a revoked device may still know: that it is revoked, and what became of what it had sent."""
    return ReceiptBody(
        number=body.number, device=body.device, school=body.school, issued=body.issued, epochs=body.epochs,
        packages=body.packages, revocations=body.revocations,
    )  # fmt: skip


def heed(view: Context, station: Context) -> None:
    """Township: what is read of its schools stands by the county's list, as the station's last receipt brought it."""
    listed = station.store.setting(REVOCATIONS) or []
    if listed != (view.store.setting(REVOCATIONS) or []):
        with view.write() as unit:
            take_over(unit, msgspec.convert(listed, list[Revocation]))
            write_setting(unit.connection, REVOCATIONS, listed)


def take_over(unit: Unit, lines: Sequence[Revocation]) -> None:
    """Township: stand by the county's list of revoked devices, in place of the one we had."""
    wanted: dict[str, Cuts] = {}
    reasons: dict[str, str] = {}
    for line in lines:
        cuts = wanted.setdefault(line.device, {})
        reasons[line.device] = line.reason
        if line.epoch is not None and line.chain is not None:
            cuts[line.epoch] = (line.trusted_n, line.chain)
    query = select(revocation.c.device).where(revocation.c.undone_at.is_(None)).distinct()
    for device in set(unit.connection.execute(query).scalars()) | wanted.keys():
        if standing.cuts_of(unit.connection, device) != wanted.get(device):
            _lift(unit, device, "县里的回执", "")
            if device in wanted:
                _note(unit, device, wanted[device], reasons[device], "")
            stand_anew(unit, device)


def _chains(connection: Connection, device: str) -> list[Chain]:
    return [known for known in book.chains(connection) if known.dev == device and not known.own]


def _cuts(connection: Connection, device: str, upto: str) -> Cuts:
    """Epoch → where it is cut; what was begun after the package that the cut is named by does not count at all."""
    known = _chains(connection, device)
    if upto == NOTHING:
        return {}
    if upto == UNTIL_NOW:
        return {one.ep: (one.last_n, one.last_h.hex()) for one in known if one.last_n}
    row = next((row for row in _packages(connection, device) if row.package_id == upto), None)
    if row is None:
        raise UserError("没有并入过这台电脑的这个包", "请在“合并记录”里核对。", upto)
    last = next(one for one in known if one.ep == row.ep)
    cuts = {one.ep: (one.last_n, one.last_h.hex()) for one in known if one.id < last.id and one.last_n}
    link = book.hash_at(connection, last, row.last_n)
    assert link is not None, "what was taken in is in the journal"
    return cuts | {last.ep: (row.last_n, link.hex())}


def _packages(connection: Connection, device: str) -> Iterator[Row[Any]]:
    """Packages of a device that were taken in, newest first, each once; without those that brought nothing."""
    query = select(package).where(
        package.c.dev == device, package.c.direction == "in", package.c.outcome.in_(_TAKEN),
        package.c.last_n >= package.c.first_n,
    )  # fmt: skip
    seen: set[str] = set()
    for row in connection.execute(query.order_by(package.c.id.desc())).all():
        if row.package_id not in seen:
            seen.add(row.package_id)
            yield row


def _beyond(known: Iterable[Chain], cuts: Mapping[str, tuple[int, str]]) -> Iterator[Stretch]:
    """What lies beyond the cuts."""
    for one in known:
        first = cuts.get(one.ep, (0, ""))[0] + 1
        if first <= one.last_n:
            yield Stretch(one.id, first, one.last_n)


def _note(unit: Unit, device: str, cuts: Cuts, reason: str, account: str) -> None:
    values = {
        "device": device, "cuts": json.dumps(cuts, sort_keys=True), "reason": reason.strip()[:200],
        "account": account, "at": unit.clock.tick(),
    }  # fmt: skip
    unit.connection.execute(insert(revocation), [values])


def _lift(unit: Unit, device: str, why: str, account: str) -> None:
    unit.connection.execute(
        update(revocation)
        .where(revocation.c.device == device, revocation.c.undone_at.is_(None))
        .values(undone_by=account, undone_at=unit.clock.tick(), undone_why=why.strip()[:200])
    )


def _mark(connection: Connection, device: str, day: str | None) -> None:
    """Every certificate of the device is revoked since `day`, or none."""
    connection.execute(update(certificate_table).where(certificate_table.c.device == device).values(revoked=day))


def _line(connection: Connection, row: Row[Any]) -> RevocationLine:
    cuts: Cuts = json.loads(row.cuts)
    beyond = sum(standing.count(connection, Stretch(one.id, 1, one.last_n), (REVOKED,))
                 for one in _chains(connection, row.device))  # fmt: skip
    held = renewing.newest(connection, row.device).certificate
    undone = moment(row.undone_at) if row.undone_at else ""
    return RevocationLine(
        row.device, held.school_name, held.school, row.reason, moment(row.at) if row.at else "",
        sum(n for n, _ in cuts.values()), 0 if undone else beyond, undone, row.undone_why or "",
    )  # fmt: skip


def _name(connection: Connection, device: str) -> str:
    return renewing.newest(connection, device).certificate.school_name


def _part(progress: Progress | None, stretches: Sequence[Stretch]) -> Callable[[int], None] | None:
    """Tell how far of all stretches."""
    total = sum(stretch.last - stretch.first + 1 for stretch in stretches)
    return None if progress is None else lambda done: progress(done, total)
