"""What was erased by law, one line a deed: when, on what ground, how far it has got, and what was written again."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Row, select

from jzdesk.core.clock import moment
from jzdesk.core.fields import EntitySpec
from jzdesk.models import SPECS
from jzdesk.services import renewing, townships
from jzdesk.services.erasing import reach
from jzdesk.services.erasing.again import written_again
from jzdesk.services.ledger import titles
from jzdesk.store.tables import certificate, erasure

_CHILD = "student"


@dataclass(frozen=True, slots=True)
class ErasureLine:
    """One erasure: of a child's file (`records` of it), or of one record. `waiting` are schools that have not certainly
    heard of it; `again` says that somebody who had not has written there since: then it is one record, also of a file.
    `names` are the fields as `erase` takes them, to do it once more."""

    number: int
    entity: str
    label: str
    uid: str
    title: str
    fields: str
    entries: int
    when: str
    who: str
    ground: str
    schools: tuple[str, ...]
    waiting: tuple[str, ...]
    again: bool
    names: tuple[str, ...] | None = None
    records: int = 1

    @property
    def heard(self) -> str:
        """How far it has got, in words."""
        if not self.schools:
            return "只在县里"
        done = len(self.schools) - len(self.waiting)
        return "都已删除" if not self.waiting else f"{done}/{len(self.schools)} 所已删除"


class _Listeners:
    """The computers of each school, and how far each has read; `names` are school code → name."""

    def __init__(self, connection: Connection, names: Mapping[str, str]) -> None:
        self._names = names
        self._reached: dict[str, list[reach.Place]] = defaultdict(list)
        lost = renewing.heirs(connection)
        query = select(certificate.c.device, certificate.c.code).where(certificate.c.revoked.is_(None)).distinct()
        for device, code in connection.execute(query).all():
            if device not in lost:
                self._reached[code].append(reach.reached(connection, device))

    def waiting(self, schools: Iterable[str], place: reach.Place) -> Sequence[str]:
        """Names of those of the schools that have a computer which has not certainly read so far."""
        return [
            self._names.get(code, code)
            for code in schools
            if any(reached < place for reached in self._reached.get(code, ()))
        ]


def listed(connection: Connection) -> list[ErasureLine]:
    """Every erasure, the newest first; of what was erased together those by themselves that were written again."""
    done = connection.execute(select(erasure).order_by(erasure.c.id.desc())).all()
    if not done:
        return []
    names, called = townships.names(connection), _called(connection, done)
    listeners, again = _Listeners(connection, names), written_again(connection)
    lines = [_line(row, called[row.ent, row.uid], listeners, names, again=row.id in again) for row in done]
    deeds = zip(((row.chain, row.deed) for row in done), lines, strict=True)
    return [line for _, deed in groupby(deeds, itemgetter(0)) for line in _together(deed)]


def labels(spec: EntitySpec, fields: Collection[str]) -> str:
    """The fields by name; of a record with most of its fields those that stay."""
    left = [known.label for name, known in spec.fields.items() if name not in fields]
    if len(left) < len(fields):
        return f"除{'、'.join(left)}外的全部内容"
    return "、".join(spec[name].label for name in fields)


def _called(connection: Connection, done: Sequence[Row[Any]]) -> dict[tuple[str, str], str]:
    """(entity, uid) → what is left of a record's name."""
    return {
        (ent, uid): title
        for ent in dict.fromkeys(row.ent for row in done)
        for uid, title in titles(connection, ent, [row.uid for row in done if row.ent == ent]).items()
    }


def _line(row: Row[Any], title: str, listeners: _Listeners, names: Mapping[str, str], *, again: bool) -> ErasureLine:
    spec, codes = SPECS[row.ent], json.loads(row.schools)
    fields = json.loads(row.fields) if row.fields else None
    return ErasureLine(
        row.id, row.ent, spec.label, row.uid, title, labels(spec, fields) if fields else "整条记录", row.entries,
        moment(row.at), row.account, row.ground, tuple(names.get(code, code) for code in codes),
        tuple(listeners.waiting(codes, (row.chain, row.n))), again, _once_more(spec, fields),
    )  # fmt: skip


def _together(deed: Iterable[tuple[object, ErasureLine]]) -> Iterator[ErasureLine]:
    """Lines of one deed: each that was written again, and one for all the others."""
    lines = [line for _, line in deed]
    yield from (line for line in lines if line.again)
    if rest := [line for line in lines if not line.again]:
        first = next((line for line in rest if line.entity == _CHILD), rest[0])
        if len(rest) > 1:
            label, fields = f"{SPECS[_CHILD].label}档案", f"{len(rest)} 条记录"
            entries = sum(line.entries for line in rest)
            first = replace(first, label=label, fields=fields, entries=entries, records=len(rest))
        yield first


def _once_more(spec: EntitySpec, fields: Sequence[str] | None) -> tuple[str, ...] | None:
    """The fields to name when it is done again; None for a whole record, and for a child of which the name stayed."""
    whole = fields is None or any(spec[name].required for name in fields)
    return None if whole or fields is None else tuple(fields)
