"""Photographs on their way: which contents belong to a stretch of journal, out of this station and into another.

What a held entry speaks of is kept as well: once it is admitted the picture is there, without the stick.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import NamedTuple

from sqlalchemy import Connection, select

from jzdesk.core.clock import Clock
from jzdesk.core.merge import decode
from jzdesk.core.slices import slices
from jzdesk.store.dialects import run
from jzdesk.store.tables import ERASED, blob, journal
from jzdesk.sync.refusal import PackageRefused
from jzdesk.sync.stretch import OpenedStretch, blob_name

PHOTO_LIMIT = 2 << 20  # bytes of one photograph; they are made much smaller when they are taken in
MOST, MOST_BYTES = 3000, 256 << 20  # photographs of one package, well within what a container may hold


class Due(NamedTuple):
    """The content that the entry `n` of our chain speaks of."""

    n: int
    uid: str
    digest: str
    size: int


def due(connection: Connection, chain: int, after: int, last: int) -> list[Due]:
    """The photographs that entries `after`+1 to `last` of a chain speak of, in order."""
    query = select(journal.c.n, journal.c.uid, journal.c.body).where(
        journal.c.chain == chain,
        journal.c.n > after,
        journal.c.n <= last,
        journal.c.ent == "photo",
        journal.c.state != ERASED,
    )
    found = []
    for n, uid, body in connection.execute(query.order_by(journal.c.n)):
        said = decode(body).set
        if (digest := said.get("sha256")) is not None:
            found.append(Due(n, uid, str(digest), int(said.get("size") or 0)))
    return found


def parts(wanted: Sequence[Due], last: int) -> list[tuple[int, list[Due]]]:
    """Cut a stretch that ends with `last` so that each part's photographs fit: (last entry, photographs) of each."""
    found: list[tuple[int, list[Due]]] = []
    part: list[Due] = []
    for one in wanted:
        if part and (len(part) == MOST or sum(each.size for each in part) + one.size > MOST_BYTES):
            found.append((one.n - 1, part))
            part = []
        part.append(one)
    return [*found, (last, part)]


def contents(connection: Connection, wanted: Sequence[Due]) -> Iterator[tuple[str, bytes]]:
    """(member name, content) of those photographs that are here, each once."""
    for uid, digest in {one.uid: one.digest for one in wanted}.items():
        data = connection.execute(select(blob.c.data).where(blob.c.sha256 == digest)).scalar_one_or_none()
        if data is not None:
            yield blob_name(uid), data


def take_in(connection: Connection, reader: OpenedStretch, clock: Clock) -> str | None:
    """Keep the photographs of a package whose entries are in the journal; a sentence when some do not fit theirs."""
    names = {member.name.removeprefix("b-").removesuffix(".age") for member in reader.manifest.members}
    uids = sorted(name for name in names if len(name) == 32)
    wrong = 0
    for part in slices(uids):
        said = _digests(connection, part)
        for uid in part:
            wrong += not _keep(connection, reader, uid, said[uid], clock)
    return f"有 {wrong} 张照片与记录不符，没有收下，请学校重新导出。" if wrong else None


def missing(connection: Connection, chain: int, first: int, last: int) -> int:
    """How many photographs entries `first` to `last` of a chain speak of whose content is not here."""
    wanted = {one.digest for one in due(connection, chain, first - 1, last)}
    query = select(blob.c.sha256).where(blob.c.sha256.in_(sorted(wanted)))
    return len(wanted) - len(connection.execute(query).all())


def _digests(connection: Connection, uids: Sequence[str]) -> dict[str, set[str]]:
    """Photograph → the contents that entries of the journal give it, whether they count or are held."""
    found: dict[str, set[str]] = {uid: set() for uid in uids}
    query = select(journal.c.uid, journal.c.body).where(journal.c.ent == "photo", journal.c.uid.in_(uids))
    for uid, body in connection.execute(query.where(journal.c.state != ERASED)):
        if (digest := decode(body).set.get("sha256")) is not None:
            found[uid].add(str(digest))
    return found


def _keep(connection: Connection, reader: OpenedStretch, uid: str, said: set[str], clock: Clock) -> bool:
    """Whether the content is what an entry about it says; only then it is kept."""
    if not said:
        return False
    try:
        data = reader.stretch.open_member(blob_name(uid), PHOTO_LIMIT)
    except PackageRefused as refused:
        if refused.kind == "chunk":
            raise
        return False
    if (digest := sha256(data).hexdigest()) not in said:
        return False
    once = "INSERT INTO blob (sha256, data, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
    run(connection, once, (digest, data, clock.tick()))
    return True
