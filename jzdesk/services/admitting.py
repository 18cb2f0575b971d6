"""What is held, read from the journal, and why some of it may never be let in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, select

from jzdesk.core.merge import AUTHORITY, ERASE, GRANT, Entry, decode
from jzdesk.models import BY_NAME
from jzdesk.services.context import COUNTY_SCOPE
from jzdesk.store import journal as book
from jzdesk.store.rows import streamed
from jzdesk.store.standing import Stretch
from jzdesk.store.tables import ACCEPTED, HELD, REFUSED, REVOKED, WITHDRAWN, certificate, journal
from jzdesk.sync.certificate import Certificate
from jzdesk.sync.merge import fits


def stretch_of(row: Row[Any]) -> Stretch:
    """The entries a line of `hold` is about."""
    return Stretch(row.chain, row.first_n, row.last_n)


def entries(connection: Connection, stretch: Stretch, limit: int | None = None) -> Iterator[tuple[int, Entry]]:
    """(n, entry) of a stretch, whatever its standing, streamed."""
    query = select(journal.c.n, journal.c.body).where(stretch.where((HELD, REFUSED, ACCEPTED, WITHDRAWN, REVOKED)))
    query = query.order_by(journal.c.n).limit(limit)
    for row in streamed(connection, query):
        yield row.n, decode(row.body)


def obstacle(connection: Connection, row: Row[Any]) -> str:
    """Why these entries may never count, as a sentence without its stop; "" when they may."""
    allowed = AUTHORITY.get(_role_of(connection, book.chain_of(connection, row.chain).dev), 0)
    for _, entry in entries(connection, stretch_of(row)):
        entity = BY_NAME.get(entry.ent)
        if entry.op == ERASE:
            return "依法删除只能由县里办理，学校写的不能采纳"
        if entry.op == GRANT:
            return "记录归哪所学校管理只能由县里变更，学校写的不能采纳"
        if entity is not None and entity.owner == COUNTY_SCOPE:
            return f"{entity.label}由县里维护，学校写的不能采纳，需要时请县里自己改"
        if AUTHORITY.get(entry.role, 0) > allowed:
            return "记录自称的身份高于证书上的身份，不能采纳"
        if entity is not None and not fits(entry):
            return f"{entity.label}里有一栏的内容写法不对，本版本不能采纳"
    return ""


def _role_of(connection: Connection, device: str) -> str:
    """The role on the newest certificate of a device."""
    query = select(certificate.c.body).where(certificate.c.device == device).order_by(certificate.c.issued.desc())
    raw = connection.execute(query.limit(1)).scalar_one_or_none()
    return msgspec.json.decode(raw, type=Certificate).role if raw else "school"
