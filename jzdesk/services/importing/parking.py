"""Parked rows: kept with their original cells until a person corrects the workbook or says why not."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from jzdesk.core.errors import UserError
from jzdesk.core.ids import new_uid
from jzdesk.services.importing.report import ParkedLine
from jzdesk.services.parked_rows import solved_by, taken_back_by
from jzdesk.sheets.cells import shown
from jzdesk.sheets.mapping import Fault, SheetRow
from jzdesk.store.tables import parked_row

COPY_SUFFIX = "-问题行"
_LINE = tuple(parked_row.c[name] for name in ("uid", "file", "sheet", "row", "heading", "value", "problem", "remedy"))
_Place = tuple[str, int]


def copy_name(file: str) -> str:
    """The name of the annotated copy of a workbook; correcting and importing it settles the original's rows."""
    return f"{_stem(file)}{COPY_SUFFIX}.xlsx"


def _stem(file: str) -> str:
    return PurePath(file).stem.removesuffix(COPY_SUFFIX)


@dataclass(frozen=True, slots=True)
class Lot:
    """One import as the parking sees it: its run, kind, file, day, and every row read, faulty or not."""

    run: int
    kind: str
    file: str
    today: str
    rows: Sequence[SheetRow]


def settle(connection: Connection, lot: Lot) -> int:
    """Bring the parked rows of this file up to date: keep new ones, double none, solve the corrected.

    Returns how many faulty rows do not wait, because they were put right in place or closed before.
    """
    known = _known(connection, lot)
    file = _first_name(known, lot.file)
    by_place: dict[_Place, list[Row[Any]]] = {}
    for line in known:
        by_place.setdefault((line.sheet, line.row), []).append(line)
    fresh: list[dict[str, object]] = []
    for row in lot.rows:
        lines = by_place.get((row.sheet, row.number), [])
        if lines or row.faults:
            fresh += _settle_row(connection, lot, file, row, lines)
    if fresh:
        connection.execute(insert(parked_row), fresh)
    return len({(row.sheet, row.number) for row in lot.rows if row.faults} - _waiting_places(connection, lot))


def _waiting_places(connection: Connection, lot: Lot) -> set[_Place]:
    columns = (parked_row.c.file, parked_row.c.sheet, parked_row.c.row)
    query = select(*columns).where(parked_row.c.kind == lot.kind, parked_row.c.solved.is_(None))
    return {(line.sheet, line.row) for line in connection.execute(query) if _stem(line.file) == _stem(lot.file)}


def _known(connection: Connection, lot: Lot) -> list[Row[Any]]:
    """Lines parked earlier from this file, or from the one that it is the annotated copy of."""
    query = select(parked_row).where(parked_row.c.kind == lot.kind)
    return [line for line in connection.execute(query) if _stem(line.file) == _stem(lot.file)]


def _first_name(known: Iterable[Row[Any]], file: str) -> str:
    """An annotated copy goes by the name of the original."""
    if not PurePath(file).stem.endswith(COPY_SUFFIX):
        return file
    return next((line.file for line in known), file)


def _settle_row(
    connection: Connection, lot: Lot, file: str, row: SheetRow, lines: Sequence[Row[Any]]
) -> list[dict[str, object]]:
    """Update what is known of one row; returns the lines that are new."""
    cells = [shown(cell) for cell in row.cells]
    kept: dict[str, Row[Any]] = {}
    for line in lines:
        if _is_same(json.loads(line.cells), cells):
            kept[line.heading] = line
        elif line.file == file:
            _set_aside(connection, lot, line)
    wanted = {str(values["heading"]): values for values in lines_of(lot, file, row, cells)}
    for heading, line in kept.items():
        if heading not in wanted and line.solved is None:
            _update(connection, line.uid, solved=solved_by(lot.run, lot.today))
        elif heading in wanted and (line.cells != wanted[heading]["cells"] or _is_taken_back(line)):
            _update(connection, line.uid, **wanted[heading])
    return [{"uid": new_uid(), **values} for heading, values in wanted.items() if heading not in kept]


def _is_same(before: Sequence[str], now: Sequence[str]) -> bool:
    """Whether it is the same row, perhaps corrected: at least half of what stood there still stands there."""
    filled = [(old, new) for old, new in zip(before, now, strict=False) if old]
    return not filled or 2 * sum(old == new for old, new in filled) >= len(filled)


def _set_aside(connection: Connection, lot: Lot, line: Row[Any]) -> None:
    """Another child now stands in that row of a file of the same name: the older line keeps waiting beside it."""
    if line.solved is None:
        _update(connection, line.uid, file=f"{line.file}（第 {line.run} 次导入）"[:200])
    else:
        _update(connection, line.uid, file=f"{line.file}（第 {line.run} 次导入，{line.uid[:6]}）"[:200])


def _update(connection: Connection, uid: str, **values: object) -> None:
    connection.execute(update(parked_row).where(parked_row.c.uid == uid).values(**values))


def lines_of(lot: Lot, file: str, row: SheetRow, cells: Sequence[str]) -> list[dict[str, object]]:
    """One line a faulty column; two faults of one column share a line."""
    found: dict[str, list[Fault]] = {}
    for fault in row.faults:
        found.setdefault(fault.heading or fault.label, []).append(fault)
    original = json.dumps(cells, ensure_ascii=False)
    return [
        {
            "run": lot.run, "kind": lot.kind, "file": file, "sheet": row.sheet, "row": row.number,
            "heading": heading, "value": faults[0].value, "problem": "；".join(fault.problem for fault in faults),
            "remedy": "".join(dict.fromkeys(fault.remedy for fault in faults)), "cells": original, "solved": None,
            "typed": None,
        }
        for heading, faults in found.items()
    ]  # fmt: skip


def _is_taken_back(line: Row[Any]) -> bool:
    """Whether a line was closed by an undo: imported again, it waits again."""
    return line.solved is not None and line.solved.endswith(taken_back_by(line.run))


def waiting(connection: Connection) -> list[ParkedLine]:
    """Every line that nobody has solved, by file and row."""
    query = select(*_LINE).where(parked_row.c.solved.is_(None))
    query = query.order_by(parked_row.c.file, parked_row.c.sheet, parked_row.c.row, parked_row.c.heading)
    return [ParkedLine(*line) for line in connection.execute(query)]


def dismiss(connection: Connection, uid: str, reason: str) -> None:
    """Close all lines of the row that a line belongs to, with the reason; raises UserError."""
    if not reason.strip():
        raise UserError("没有写明不再处理的理由", "请写一句理由，例如“已转学，不再登记”。", "停放的行")
    line = connection.execute(select(parked_row).where(parked_row.c.uid == uid)).first()
    if line is None:
        raise UserError("这一行已经不在待处理之列", "请刷新页面。", "停放的行")
    same = (parked_row.c.kind == line.kind, parked_row.c.file == line.file, parked_row.c.sheet == line.sheet)
    query = update(parked_row).where(*same, parked_row.c.row == line.row, parked_row.c.solved.is_(None))
    connection.execute(query.values(solved=reason.strip()[:200]))
