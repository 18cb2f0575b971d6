"""A parked row by itself: shown with its cells and headings, corrected in place, and imported again alone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from jzdesk.core.errors import UserError
from jzdesk.core.ids import new_uid
from jzdesk.services.importing import parking
from jzdesk.services.importing.choosing import layout_of
from jzdesk.services.importing.kinds import KINDS
from jzdesk.services.importing.planning import named
from jzdesk.services.parked_rows import solved_by
from jzdesk.sheets.cells import letter
from jzdesk.sheets.mapping import Layout, SheetRow
from jzdesk.store.tables import import_run, parked_row


@dataclass(frozen=True, slots=True)
class ParkedCell:
    """One cell of a parked row: heading as written, the field it is read as ("" none), as it stood and as it stands.

    `choices` are the labels of a code table, empty for what is typed.
    """

    place: int
    letter: str
    heading: str
    label: str
    original: str
    text: str
    problem: str
    remedy: str
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ParkedRow:
    """A whole parked row; `problems` are the sentences that belong to no single cell."""

    uid: str
    kind: str
    label: str
    file: str
    sheet: str
    row: int
    name: str
    cells: tuple[ParkedCell, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Retried:
    """What became of a row tried again: its outcome, what was done in words, the row as it waits (None when solved).

    `run` is the number of the import that it became, None when it still waits.
    """

    outcome: str
    words: str
    waiting: ParkedRow | None
    run: int | None


@dataclass(frozen=True, slots=True)
class Case:
    """A parked row as the database holds it: all its lines that wait, its layout, its cells before and now."""

    lines: Sequence[Row[Any]]
    layout: Layout
    original: list[str]
    cells: list[str]

    @property
    def first(self) -> Row[Any]:
        """Any line: they share kind, file, sheet, row and run."""
        return self.lines[0]


def find(connection: Connection, uid: str) -> Case:
    """The row that a line belongs to; raises UserError when it waits no longer or was parked by an older version."""
    line = connection.execute(select(parked_row).where(parked_row.c.uid == uid)).first()
    lines = [] if line is None else list(connection.execute(_same_row(line)))
    if line is None or not lines:
        raise UserError("这一行已经不在待处理之列", "请刷新页面。", "待处理的行")
    run = connection.execute(select(import_run.c.layout).where(import_run.c.id == line.run)).scalar_one()
    layout = layout_of(run, line.sheet, KINDS[line.kind].columns())
    if layout is None:
        raise UserError("这一行是旧版本停放的，不能就地改", "请在原来的表里改好，再导入一次。", line.file)
    original = json.loads(lines[0].cells)
    typed = next((json.loads(one.typed) for one in lines if one.typed), original)
    width = max(len(original), len(layout.heading.texts), max(layout.heading.places.values(), default=-1) + 1)
    return Case(lines, layout, _wide(original, width), _wide(typed, width))


def _wide(cells: list[str], width: int) -> list[str]:
    return cells + [""] * (width - len(cells))


def _same_row(line: Row[Any]) -> Any:
    same = [parked_row.c[name] == getattr(line, name) for name in ("kind", "file", "sheet", "row")]
    return select(parked_row).where(*same, parked_row.c.solved.is_(None))


def shown_row(case: Case) -> ParkedRow:
    """The row as a person edits it: only columns that have a heading or hold something."""
    kind, heading = KINDS[case.first.kind], case.layout.heading
    fields = {heading.places[column.key]: column for column in kind.columns() if column.key in heading.places}
    by_heading = {line.heading: line for line in case.lines}
    used: set[str] = set()
    cells = []
    for place, text in enumerate(case.cells):
        written = heading.texts[place] if place < len(heading.texts) else ""
        column = fields.get(place)
        if not (written or text or case.original[place]):
            continue
        label = column.label if column is not None else ""
        line = by_heading.get(written or label) if column is not None else None
        if line is not None:
            used.add(line.heading)
        items = getattr(column.spec.kind, "items", None) if column is not None else None
        cells.append(
            ParkedCell(
                place, letter(place), written or f"第 {letter(place)} 列", label, case.original[place], text,
                line.problem if line else "", line.remedy if line else "",
                tuple(name for _, name in items()) if items is not None else (),
            )
        )  # fmt: skip
    others = tuple(f"{line.problem.rstrip('。')}。{line.remedy}" for line in case.lines if line.heading not in used)
    line = case.first
    row = SheetRow(case.layout, line.row, tuple(case.cells), {})
    name = named(row, kind.names)
    return ParkedRow(line.uid, kind.code, kind.label, line.file, line.sheet, line.row, name, tuple(cells), others)


def corrected(case: Case, typed: Mapping[int, str]) -> list[str]:
    """The cells with what was typed put in."""
    cells = list(case.cells)
    for place, text in typed.items():
        if not 0 <= place < len(cells):
            raise UserError(f"这一行没有第 {place + 1} 列", f"列号从 0 到 {len(cells) - 1}。", case.first.file)
        cells[place] = text.strip()
    return cells


def differences(case: Case, cells: Sequence[str]) -> list[str]:
    """What was corrected, cell by cell, for the record of the retry."""
    texts = _wide(list(case.layout.heading.texts), len(cells))
    changed = [place for place, text in enumerate(cells) if text != case.original[place]]
    return [
        f"{texts[place] or letter(place)}：{case.original[place] or '（空）'} → {cells[place] or '（空）'}"
        for place in changed
    ]


def solve(connection: Connection, case: Case, run: int, today: str) -> None:
    """The row was imported by this run: none of its lines waits any longer."""
    for line in case.lines:
        values = {"solved": solved_by(run, today)}
        connection.execute(update(parked_row).where(parked_row.c.uid == line.uid).values(values))


def still_wrong(connection: Connection, case: Case, row: SheetRow, cells: Sequence[str], today: str) -> None:
    """The row stays: with the new sentences, what was typed, and the cells as they stood in the file."""
    lot = parking.Lot(case.first.run, case.first.kind, case.first.file, today, [row])
    fresh = {str(line["heading"]): line for line in parking.lines_of(lot, case.first.file, row, case.original)}
    typed = json.dumps(list(cells), ensure_ascii=False)
    older = {line.heading: line for line in connection.execute(_every_line(case.first))}
    for heading, values in fresh.items():
        values |= {"typed": typed, "cells": case.first.cells}
        if (line := older.get(heading)) is not None:
            connection.execute(update(parked_row).where(parked_row.c.uid == line.uid).values(values))
        else:
            connection.execute(insert(parked_row).values(uid=new_uid(), **values))
    for line in case.lines:
        if line.heading not in fresh:
            values = {"solved": f"{today} 这一格已改正，本行还有别的问题"}
            connection.execute(update(parked_row).where(parked_row.c.uid == line.uid).values(values))


def _every_line(line: Row[Any]) -> Any:
    same = [parked_row.c[name] == getattr(line, name) for name in ("kind", "file", "sheet", "row")]
    return select(parked_row).where(*same)
