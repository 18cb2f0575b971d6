"""How far each record has travelled: 未导出 → 已导出 → 县已收 → 已并入, or 有疑问 (sync §7)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from jzdesk.models import SPECS
from jzdesk.services.context import Context
from jzdesk.store.store import read_setting
from jzdesk.store.tables import chain, conflict, journal

UNEXPORTED, EXPORTED, RECEIVED, MERGED, DOUBT = "unexported", "exported", "received", "merged", "doubt"
STATES = {UNEXPORTED: "未导出", EXPORTED: "已导出", RECEIVED: "县已收", MERGED: "已并入", DOUBT: "有疑问"}
SETTING = "county_waits"  # what the last receipt said is with the county and not in its tables
_Stretches = list[tuple[str, int, int]]  # epoch, first and last number

_TRAVELLED = (
    select(journal.c.uid, func.max(journal.c.n), chain.c.ep, chain.c.exported_n, chain.c.received_n)
    .join(chain, chain.c.id == journal.c.chain)
    .where(journal.c.ent == bindparam("ent"), journal.c.uid.in_(bindparam("uids", expanding=True)), chain.c.own == 1)
    .group_by(journal.c.uid, chain.c.id)
    .order_by(chain.c.id)
)
_DOUBTFUL = select(conflict.c.uid).where(
    conflict.c.ent == bindparam("ent"), conflict.c.uid.in_(bindparam("uids", expanding=True))
)


def sync_states(connection: Connection, ent: str, uids: Sequence[str]) -> dict[str, str]:
    """uid → state in Chinese, by the newest own entry of each record (at most 900); none for what is not ours to send.

    有疑问 is a field with two values, or something the county's receipt asks and nobody has dealt with.
    """
    return {uid: STATES[state] for uid, state in states(connection, ent, uids).items()}


def states(connection: Connection, ent: str, uids: Sequence[str]) -> dict[str, str]:
    """The same as codes."""
    asked = {"ent": ent, "uids": list(uids)}
    rows = connection.execute(_TRAVELLED, asked).all()
    waits = read_setting(connection, SETTING) or {"held": [], "parked": []} if rows else {}
    found = {row[0]: _state(*row[1:], waits) for row in rows}
    doubtful = {*connection.execute(_DOUBTFUL, asked).scalars(), *_asked_about(connection, ent, uids)}
    return found | dict.fromkeys(doubtful, DOUBT)


def _asked_about(connection: Connection, ent: str, uids: Sequence[str]) -> set[str]:
    """What the county asks; before there is a receipt, the libraries of the stick are not loaded for it."""
    if not read_setting(connection, "work_list"):
        return set()
    from jzdesk.services import worklist

    return worklist.asked_about(connection, ent, uids)


def least(connection: Connection, records: Iterable[tuple[str, Sequence[str]]]) -> str:
    """The state, in Chinese, of what has travelled least of these (entity, uids); doubts come first; "" for none."""
    found = {state for ent, uids in records if uids for state in states(connection, ent, uids).values()}
    return next((STATES[state] for state in (DOUBT, UNEXPORTED, EXPORTED, RECEIVED, MERGED) if state in found), "")


def _state(n: int, epoch: str, exported: int, received: int, waits: Mapping[str, _Stretches]) -> str:
    if n <= received:
        return RECEIVED if _within(n, epoch, waits["held"]) else MERGED
    if _within(n, epoch, waits["parked"]):
        return RECEIVED
    return EXPORTED if n <= exported else UNEXPORTED


def _within(n: int, epoch: str, stretches: _Stretches) -> bool:
    return any(ep == epoch and first <= n <= last for ep, first, last in stretches)


def unexported(context: Context) -> int:
    """Own entries that no package has carried yet."""
    with context.read() as connection:
        return connection.execute(select(func.count()).select_from(_unsent().subquery())).scalar_one()


def unexported_by_entity(connection: Connection) -> list[tuple[str, int]]:
    """(label, records) with changes that no package has carried yet, in the order of the ledgers."""
    query = _unsent().subquery()
    count = select(query.c.ent, func.count(func.distinct(query.c.uid))).group_by(query.c.ent)
    counted = {row[0]: int(row[1]) for row in connection.execute(count)}
    return [(spec.label, counted[ent]) for ent, spec in SPECS.items() if ent in counted]


def _unsent() -> Any:
    return (
        select(journal.c.ent, journal.c.uid)
        .join(chain, chain.c.id == journal.c.chain)
        .where(chain.c.own == 1, journal.c.n > chain.c.exported_n)
    )
