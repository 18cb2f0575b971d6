"""How far each record has travelled: 未导出 → 已导出 → 县已收 → 已并入."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, func, select

from jzdesk.services.context import Context
from jzdesk.store.tables import chain, conflict, journal

LABELS = ("未导出", "已导出", "已并入", "有疑问")


_TRAVELLED = (
    select(journal.c.uid, func.max(journal.c.n), chain.c.exported_n, chain.c.received_n)
    .join(chain, chain.c.id == journal.c.chain)
    .where(journal.c.ent == bindparam("ent"), journal.c.uid.in_(bindparam("uids", expanding=True)), chain.c.own == 1)
    .group_by(journal.c.uid, chain.c.id)
    .order_by(chain.c.id)
)
_DOUBTFUL = select(conflict.c.uid).where(
    conflict.c.ent == bindparam("ent"), conflict.c.uid.in_(bindparam("uids", expanding=True))
)


def sync_states(connection: Connection, ent: str, uids: Sequence[str]) -> dict[str, str]:
    """uid → state, judged by the newest own entry of each record; empty for records that are not ours to send."""
    asked = {"ent": ent, "uids": list(uids)}
    states = {row[0]: _label(*row[1:]) for row in connection.execute(_TRAVELLED, asked)}
    return states | dict.fromkeys(connection.execute(_DOUBTFUL, asked).scalars(), LABELS[3])


def _label(n: int, exported: int, received: int) -> str:
    if n <= received:
        return LABELS[2]
    return LABELS[1] if n <= exported else LABELS[0]


def unexported(context: Context) -> int:
    """Own entries that no package has carried yet."""
    query = (
        select(func.count())
        .select_from(journal)
        .join(chain, chain.c.id == journal.c.chain)
        .where(chain.c.own == 1, journal.c.n > chain.c.exported_n)
    )
    with context.read() as connection:
        return connection.execute(query).scalar_one()
