"""Township: the log of files carried between schools and county: what came, when it left, what the county answered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, insert, or_, select, update

from jzdesk.core.clock import Clock, moment
from jzdesk.store.tables import carried
from jzdesk.sync import sealing
from jzdesk.sync.receipt import ReceiptBody

PACKAGE, RECEIPT, DOWN, CERTIFICATE = "package", "receipt", "down", "certificate"
FOLDER = "carried"  # of the files that are carried, under their own names
KINDS = {PACKAGE: "数据包", RECEIPT: "回执", DOWN: "送还的数据", CERTIFICATE: "证书"}
_WITH_COUNTY = ("applied", "duplicate", "held", "parked", "fork")
_ANSWERS = {
    "applied": "县里已并入", "duplicate": "县里已有", "held": "县里已收，部分待裁定", "parked": "县里已收，等缺的包",
    "fork": "县里已收，记录分叉待裁定", "rejected": "县里未接收",
}  # fmt: skip
WAITING, SENT, ANSWERED, WITHIN, REFUSED, DELIVERED = "waiting", "sent", "answered", "within", "refused", "delivered"


@dataclass(frozen=True, slots=True)
class Item:
    """A file that is carried: which station it is from (upward) or for (downward), and its place in that journal."""

    sha256: str
    file: str
    kind: str
    school: str
    name: str
    device: str
    epoch: str = ""
    number: int = 0
    first_n: int = 0
    last_n: int = 0
    package_id: str = ""
    seen_receipt: int = 0


@dataclass(frozen=True, slots=True)
class CarriedLine:
    """One line of the log; `state` is waiting, sent, answered, within (a later package), refused or delivered."""

    file: str
    kind_label: str
    school: str
    name: str
    number: int
    entries: int
    opened: bool
    note: str
    came: str
    sent: str
    times: int
    state: str
    state_label: str


def known(connection: Connection, sha256: str) -> bool:
    """Whether this very file came before."""
    return connection.execute(select(carried.c.id).where(carried.c.sha256 == sha256)).first() is not None


def carried_for(connection: Connection, device: str) -> bool:
    """Whether a package of this device came through our hands."""
    query = select(carried.c.id).where(carried.c.dev == device, carried.c.kind == PACKAGE).limit(1)
    return connection.execute(query).first() is not None


def note(connection: Connection, item: Item, clock: Clock, *, opened: bool, why: str = "") -> None:
    """A file has come; `why` it was not opened."""
    row = {
        "sha256": item.sha256, "file": item.file, "kind": item.kind, "school": item.school, "name": item.name,
        "dev": item.device, "ep": item.epoch, "number": item.number, "first_n": item.first_n, "last_n": item.last_n,
        "package_id": item.package_id, "seen_receipt": item.seen_receipt, "opened": int(opened), "note": why or None,
        "came": clock.tick(), "times": 0,
    }  # fmt: skip
    connection.execute(insert(carried), [row])


def unopened(connection: Connection) -> list[Row[Any]]:
    """Packages that could not be opened when they came, oldest first, without those that are sealed to others."""
    query = select(carried).where(carried.c.kind == PACKAGE, carried.c.opened == 0)
    found = connection.execute(query.order_by(carried.c.id)).all()
    return [row for row in found if not (row.note or "").startswith(sealing.NOT_FOR_US)]


def note_opened(connection: Connection, number: int, item: Item) -> None:
    """A package was read after all; what is not known of one that cannot be opened is known now."""
    values = {
        "opened": 1, "note": None, "school": item.school, "name": item.name, "dev": item.device, "ep": item.epoch,
        "number": item.number, "first_n": item.first_n, "last_n": item.last_n, "package_id": item.package_id,
        "seen_receipt": item.seen_receipt,
    }  # fmt: skip
    connection.execute(update(carried).where(carried.c.id == number).values(values))


def note_sent(connection: Connection, number: int, clock: Clock) -> None:
    """The file stands on a stick now."""
    values = {"sent": clock.tick(), "times": carried.c.times + 1}
    connection.execute(update(carried).where(carried.c.id == number).values(values))


def answered(connection: Connection, body: ReceiptBody, today: str) -> None:
    """Take over what the county's receipt says of packages that were carried."""
    for one in body.carried:
        values = {"answer": one.outcome, "told": one.sentence, "answered": today}
        connection.execute(update(carried).where(carried.c.package_id == one.package_id).values(values))


def upward(connection: Connection) -> list[Row[Any]]:
    """Packages not known to be with the county, oldest first."""
    open_ = or_(carried.c.answer.is_(None), carried.c.answer.not_in((*_WITH_COUNTY, "rejected")))
    return list(
        connection.execute(select(carried).where(carried.c.kind == PACKAGE, open_, ~_within()).order_by(carried.c.id))
    )


def downward(connection: Connection, school: str | None = None) -> list[Row[Any]]:
    """What still has to be brought to schools: of receipts the newest of each device that the school has not seen."""
    query = select(carried).where(carried.c.kind != PACKAGE).order_by(carried.c.id)
    rows = connection.execute(query.where(carried.c.school == school) if school else query).all()
    seen = _receipts_seen(connection)
    newest = {row.dev: row.id for row in sorted(rows, key=lambda row: row.number) if row.kind == RECEIPT}
    return [
        row for row in rows if row.kind != RECEIPT or (newest[row.dev] == row.id and row.number > seen.get(row.dev, 0))
    ]


def _receipts_seen(connection: Connection) -> dict[str, int]:
    """Device → the last receipt its packages say it has read."""
    query = select(carried.c.dev, func.max(carried.c.seen_receipt)).where(carried.c.kind == PACKAGE)
    return {row[0]: row[1] for row in connection.execute(query.group_by(carried.c.dev))}


def _within() -> ColumnElement[bool]:
    """Whether the county has a later package of the same epoch: it goes at least as far, without a hole."""
    later = carried.alias()
    query = select(later.c.id).where(
        later.c.dev == carried.c.dev, later.c.ep == carried.c.ep, later.c.ep != "", later.c.last_n >= carried.c.last_n,
        later.c.answer.in_(("applied", "duplicate", "held")), later.c.id != carried.c.id,
    )  # fmt: skip
    return query.exists()


def lines(connection: Connection) -> Iterator[CarriedLine]:
    """The log, newest first."""
    query = select(carried, _within().label("within")).order_by(carried.c.id.desc())
    seen = _receipts_seen(connection)
    for row in connection.execute(query):
        state, label = _state(row, seen)
        if row.kind == PACKAGE and not row.opened:
            label += "（未打开）"
        yield CarriedLine(
            row.file, KINDS[row.kind], row.school, row.name, row.number, max(row.last_n - row.first_n + 1, 0),
            bool(row.opened), row.note or "", moment(row.came), moment(row.sent) if row.sent else "", row.times, state,
            label,
        )  # fmt: skip


def _state(row: Row[Any], seen: dict[str, int]) -> tuple[str, str]:
    if row.kind != PACKAGE:
        return _state_down(row, seen)
    if row.answer:
        words = f"{_ANSWERS[row.answer]}（{row.answered}）"
        return (REFUSED, f"{words}：{row.told}") if row.answer == "rejected" else (ANSWERED, words)
    if row.within:
        return WITHIN, "后来的包里已有，县里已收"
    return (SENT, "已写上 U 盘，等县里回执") if row.sent else (WAITING, "待送县里")


def _state_down(row: Row[Any], seen: dict[str, int]) -> tuple[str, str]:
    if row.kind == RECEIPT and row.number <= seen.get(row.dev, 0):
        return DELIVERED, "学校已读"
    return (SENT, "已写上 U 盘，带给学校") if row.sent else (WAITING, "待带给学校")
