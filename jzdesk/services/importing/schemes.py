"""Schemes: how the columns of somebody's workbook are read, kept under a name and known again by the headings."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select, update

from jzdesk.core.clock import moment
from jzdesk.core.errors import UserError
from jzdesk.sheets.cells import Cells
from jzdesk.sheets.columns import REMEDY_HEADING, heading_keys
from jzdesk.sheets.heading import LOOK_AT, texts_at
from jzdesk.store.tables import scheme

IN = "in"
_NAME_LENGTH = 60


@dataclass(frozen=True, slots=True)
class Scheme:
    """One scheme: `headings` as they are compared, in order; `places` of the keys among them; `span` heading rows."""

    id: int
    kind: str
    name: str
    when: str
    span: int
    headings: tuple[str, ...]
    places: Mapping[str, int]

    def fit(self, texts: Sequence[str]) -> dict[str, int] | None:
        """The places for headings that are the same ones, in whatever order; None when they are not."""
        written = compared(texts)
        if not any(written) or Counter(filter(None, written)) != Counter(filter(None, self.headings)):
            return None
        where = _numbered(written)
        wanted = {named: place for place, named in enumerate(_occurrences(self.headings)) if named[0]}
        moved = {place: where[named] for named, place in wanted.items()}
        same = written == self.headings
        return {key: moved.get(place, place) for key, place in self.places.items() if place in moved or same}


def compared(texts: Sequence[str]) -> tuple[str, ...]:
    """Headings as they are compared: without marks, without the column that annotated copies add."""
    kept = [next(iter(heading_keys(text)), "") for text in texts]
    while kept and kept[-1] in ("", REMEDY_HEADING):
        kept.pop()
    return tuple(kept)


def _occurrences(headings: Sequence[str]) -> list[tuple[str, int]]:
    """Each heading with how often it stood before: two columns 姓名 are told apart by their order."""
    seen: Counter[str] = Counter()
    found = []
    for heading in headings:
        found.append((heading, seen[heading]))
        seen[heading] += 1
    return found


def _numbered(headings: Sequence[str]) -> dict[tuple[str, int], int]:
    return {named: place for place, named in enumerate(_occurrences(headings))}


def every(connection: Connection, kind: str = "") -> list[Scheme]:
    """All schemes (of one kind), by kind and name."""
    query = select(scheme).where(scheme.c.direction == IN).order_by(scheme.c.kind, scheme.c.name)
    found = []
    for row in connection.execute(query.where(scheme.c.kind == kind) if kind else query):
        body = json.loads(row.body)
        found.append(
            Scheme(row.id, row.kind, row.name, moment(row.at), body["span"], tuple(body["headings"]), body["places"])
        )
    return found


def keep(
    connection: Connection, kind: str, name: str, texts: Sequence[str], span: int, places: Mapping[str, int], at: int
) -> int:
    """Keep a scheme under a name, in place of one of that name; returns its number. Raises UserError."""
    name = _checked(name)
    headings = compared(texts)
    if not any(headings):
        raise UserError("这张表没有标题行，方案无从认出它", "没有标题行的表请每次核对列的对应，不必保存方案。", "方案")
    body = json.dumps({"span": span, "headings": headings, "places": dict(places)}, ensure_ascii=False)
    same = (scheme.c.direction == IN, scheme.c.kind == kind, scheme.c.name == name)
    connection.execute(delete(scheme).where(*same))
    made = connection.execute(
        insert(scheme).values(direction=IN, kind=kind, name=name, body=body, at=at)
    ).inserted_primary_key
    assert made is not None
    return int(made[0])


def rename(connection: Connection, number: int, name: str) -> None:
    """Give a scheme another name; raises UserError when it is taken."""
    name = _checked(name)
    kind = connection.execute(select(scheme.c.kind).where(scheme.c.id == number)).scalar_one_or_none()
    taken = select(scheme.c.id).where(scheme.c.direction == IN, scheme.c.kind == kind, scheme.c.name == name)
    if connection.execute(taken.where(scheme.c.id != number)).first() is not None:
        raise UserError(f"已经有名为“{name}”的方案", "请换一个名字，或先删除那个方案。", "方案")
    _found(connection.execute(update(scheme).where(scheme.c.id == number).values(name=name)).rowcount)


def forget(connection: Connection, number: int) -> None:
    """Delete a scheme; raises UserError when it is gone already."""
    _found(connection.execute(delete(scheme).where(scheme.c.id == number, scheme.c.direction == IN)).rowcount)


def _checked(name: str) -> str:
    if not (name := " ".join(name.split())):
        raise UserError("方案没有名字", "请写一个名字，例如“乡镇花名册”。", "方案")
    return name[:_NAME_LENGTH]


def _found(rows: int) -> None:
    if not rows:
        raise UserError("这个方案已经不在了", "请刷新页面。", "方案")


def known(rows: Sequence[Cells], schemes: Sequence[Scheme]) -> tuple[Scheme, int, dict[str, int]] | None:
    """(scheme, 1-based first heading row, places) of the first scheme whose headings stand in the sheet."""
    for one in schemes:
        for row in range(1, min(LOOK_AT, len(rows) - one.span + 1) + 1):
            if (places := one.fit(texts_at(rows, row, row + one.span - 1))) is not None:
                return one, row, places
    return None
