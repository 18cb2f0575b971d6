"""Whose a record is of which nothing counts now: it has no row, and when it counts again, nobody else must have
written in it (decision 36).

Its entries were taken back, lie beyond what is trusted of a computer, are dated ahead, or belong to a branch of a fork
that was set aside; or they wait within the package of a fork, and the record is noted here as long as they do.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec
from sqlalchemy import Connection, delete, exists, insert, literal, or_, select

from jzdesk.core.merge import Known, decode, record_state
from jzdesk.core.slices import slices
from jzdesk.models import BY_NAME
from jzdesk.store.journal import Key
from jzdesk.store.tables import (
    ACCEPTED,
    ASIDE,
    HELD,
    REFUSED,
    REVOKED,
    TURNED_DOWN,
    WITHDRAWN,
    chain,
    hold,
    journal,
    revocation,
    setting,
    withdrawal,
)

Records = Mapping[str, Collection[str]]  # entity → uids
_FORK = "fork:"  # settings: that of a package waiting whole has the records it speaks of, scope → entity → uids
_Note = dict[str, dict[str, list[str]]]
_read_note = msgspec.json.Decoder(_Note).decode

OVER = (
    (hold.c.chain == journal.c.chain) & journal.c.n.between(hold.c.first_n, hold.c.last_n) & (hold.c.reason != "fork")
)
"""Whether a hold is about an entry of the journal, and not about a whole package."""
_AHEAD = exists().where(OVER, hold.c.reason == "clock")
_GONE = exists().where(OVER, (hold.c.ruling == TURNED_DOWN) | ((hold.c.ruling == ASIDE) & (hold.c.reason != "clock")))
_MAY_COUNT = or_(
    journal.c.state.in_((ACCEPTED, WITHDRAWN, REVOKED)),
    (journal.c.state == HELD) & _AHEAD,
    (journal.c.state == REFUSED) & ~_GONE,
)
"""Whether an entry counts, or will when a package, a computer or a branch returns, or a clock is explained. What a
person turned down by itself will not."""


def of_others(connection: Connection, touched: Records, scopes: Collection[str]) -> set[Key]:
    """Those of the records that have no row here, or of which something waits, and that belong to none of these
    scopes. Records of a kind that a newer version sent have no row yet."""
    known_kinds = touched.keys() - {""} <= BY_NAME.keys()  # a line of which only the hash came names none
    if known_kinds and not _anything_waits(connection):
        return set()
    found: set[Key] = set()
    notes = _notes(connection)
    for ent, uids in touched.items():
        noted = _noted(notes, ent, uids)
        for part in slices(sorted(uids)):
            waiting = _waiting(connection, ent, part) if ent in BY_NAME else set(part)
            owners = _owners(connection, ent, waiting | (noted.keys() & set(part)))
            found.update((ent, uid) for uid, owner in (noted | owners).items() if owner not in scopes)
    return found


def _anything_waits(connection: Connection) -> bool:
    """Whether anything at all does not count and may return: mostly nothing does, and nothing need be looked up."""
    return bool(connection.execute(_ANYTHING).scalar_one())


_ANYTHING = select(
    or_(
        exists().where(withdrawal.c.undone_at.is_(None)),
        exists().where(revocation.c.undone_at.is_(None)),
        exists().where(hold.c.reason == "clock", hold.c.ruling.is_(None)),
        exists().where(chain.c.parent.is_not(None), chain.c.own == 0),
        exists().where(setting.c.key.startswith(_FORK)),
    )
)


def _waiting(connection: Connection, ent: str, uids: Sequence[str]) -> set[str]:
    query = select(journal.c.uid).where(journal.c.ent == ent, journal.c.uid.in_(uids), journal.c.state != ACCEPTED)
    return set(connection.execute(query.where(_MAY_COUNT)).scalars())


def _owners(connection: Connection, ent: str, uids: Collection[str]) -> dict[str, str]:
    """uid → whose each of these records is by the entries that count or may."""
    query = select(journal.c.uid, journal.c.h, journal.c.body).where(journal.c.ent == ent, _MAY_COUNT)
    known: dict[str, list[Known]] = defaultdict(list)
    for row in connection.execute(query.where(journal.c.uid.in_(uids))) if uids else ():
        known[row.uid].append(Known(row.h[:16].hex(), decode(row.body)))
    return {uid: record_state(entries).scope for uid, entries in known.items()}


def _notes(connection: Connection) -> list[_Note]:
    """What the packages speak of that wait whole, the first to come first."""
    of_fork = setting.c.key == literal(_FORK) + hold.c.package_id
    query = select(setting.c.value).join(hold, of_fork & (hold.c.reason == "fork")).order_by(hold.c.id)
    return [_read_note(text) for text in connection.execute(query).scalars()]


def _noted(notes: Iterable[_Note], ent: str, uids: Collection[str]) -> dict[str, str]:
    """uid → whose each of these records is by the packages that wait whole; the first to come has it."""
    found: dict[str, str] = {}
    for by_scope in notes:
        for scope, records in by_scope.items():
            for uid in set(records.get(ent, ())).intersection(uids):
                found.setdefault(uid, scope)
    return found


def note(connection: Connection, package_id: str, records: Mapping[str, Records]) -> None:
    """Remember the records (scope → entity → uids) of which only this package, kept whole, speaks."""
    listed = {scope: {ent: sorted(uids) for ent, uids in by_ent.items()} for scope, by_ent in records.items()}
    forget(connection, package_id)
    value = msgspec.json.encode(listed).decode()
    connection.execute(insert(setting), [{"key": _FORK + package_id, "value": value}])


def forget(connection: Connection, package_id: str) -> None:
    """What the package says stands in the journal from now on."""
    connection.execute(delete(setting).where(setting.c.key == _FORK + package_id))


def unnoted(connection: Connection) -> Iterable[str]:
    """The packages of undecided forks that came before this was remembered."""
    noted = exists().where(setting.c.key == literal(_FORK) + hold.c.package_id)
    query = select(hold.c.package_id).where(hold.c.reason == "fork", hold.c.ruling.is_(None), ~noted)
    return connection.execute(query.order_by(hold.c.id)).scalars().all()
