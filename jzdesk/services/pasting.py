"""A pasted block of cells against the rows and columns of a table: what is wished of which record, and who is new."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from jzdesk.core.fields import EntitySpec
from jzdesk.core.text import normalise
from jzdesk.services.context import Context
from jzdesk.services.plans import Wish

Block = Sequence[Sequence[str]]
PASTED = "pasted:"
"""Before the path of such a file, where one place of the window sends another to it."""

_FOLDER, _NAME = "pasted", "粘贴的学生.csv"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a block is pasted: the table's columns as (name, label), the column with the cursor, the records from the
    cursor on, how many of them are chosen, and whether rows beyond the end may become new records."""

    columns: Sequence[tuple[str, str]]
    start: int
    uids: Sequence[str]
    chosen: int = 1
    adds: bool = True


@dataclass(frozen=True, slots=True)
class Pasted:
    """The wishes, and sentences about everything of the block that found no place."""

    wishes: tuple[Wish, ...]
    notes: tuple[str, ...] = ()


def pasted(spec: EntitySpec, block: Block, place: Place) -> Pasted:
    """What the block asks for. A first row of headings says which columns are meant, whatever stands in the table.

    One row over several chosen ones is meant for each of them, as in a workbook.
    """
    names = _by_heading(spec, block, place)
    rows = block[1:] if names else block
    names = names or _by_position(block, place)
    notes = list(_without_place(spec, names, block))
    values = [_values(spec, names, row) for row in rows]
    if len(values) == 1 and place.chosen > 1:
        values *= place.chosen
    return Pasted(*_wishes(values, place, notes))


def _wishes(
    values: list[dict[str, object]], place: Place, notes: list[str]
) -> tuple[tuple[Wish, ...], tuple[str, ...]]:
    found = []
    beyond = 0
    for given, uid in zip_longest(values, place.uids[: len(values)]):
        if uid is not None:
            found.append(Wish(uid, given))
        elif any(given.values()):
            beyond += 1
            found += [Wish(None, given)] if place.adds else []
    if beyond and not place.adds:
        notes.append(f"表格末尾以下的 {beyond} 行没有对应的记录，没有写入。")
    return tuple(found), tuple(notes)


def _values(spec: EntitySpec, names: Sequence[str], row: Sequence[str]) -> dict[str, object]:
    return {name: cell for name, cell in zip(names, row, strict=False) if name in spec.fields}


def headings(spec: EntitySpec) -> dict[str, str]:
    """Every heading that means a field → its name; labels win over further headings."""
    found = {normalise(heading): field.name for field in spec for heading in field.aliases}
    return found | {normalise(field.label): field.name for field in spec}


def _by_heading(spec: EntitySpec, block: Block, place: Place) -> list[str]:
    """The field of each column when the first row holds headings and nothing else; else an empty list."""
    known: Mapping[str, str] = {normalise(label): name for name, label in place.columns} | headings(spec)
    cells = [normalise(cell) for cell in block[0]] if block else []
    if len(block) < 2 or not any(cells) or not all(cell in known for cell in cells if cell):
        return []
    return [known.get(cell, "") for cell in cells]


def _by_position(block: Block, place: Place) -> list[str]:
    width = len(block[0]) if block else 0
    names = [name for name, _ in place.columns[place.start : place.start + width]]
    return names + [""] * (width - len(names))


def _without_place(spec: EntitySpec, names: Sequence[str], block: Block) -> Iterator[str]:
    """Sentences about columns that hold something and are not written."""
    filled = [name for number, name in enumerate(names) if any(row[number].strip() for row in block)]
    if outside := sum(not name for name in filled):
        yield f"有 {outside} 列没有对应的栏目，没有写入。"
    if other := sum(bool(name) and name not in spec.fields for name in filled):
        yield f"有 {other} 列不能在这个表格里改，没有写入；请到对应的页面办理。"


def beyond(spec: EntitySpec, block: Block, place: Place) -> list[list[str]]:
    """Rows for which the table has no record, as a sheet of their own: a row of headings, then the rows; [] for none.

    The headings are those of the block, where its first row speaks of a name as a list of people does, else those of
    the columns it was pasted over.
    """
    own = _speaks_of_a_name(block[0]) if len(block) > 1 else False
    skipped = len(place.uids) + (own or bool(_by_heading(spec, block, place)))
    rows = [list(row) for row in block[skipped:] if any(cell.strip() for cell in row)]
    labels = [label for _, label in place.columns[place.start :]]
    width = max((len(row) for row in rows), default=0)
    head = list(block[0]) if own else (labels + [""] * width)[:width]
    return [head, *rows] if rows else []


def kept_as_file(context: Context, sheet: Block) -> Path:
    """The sheet as a file that the import reads, the only one of its kind in the station; see `forget_file`."""
    path = context.folder.sub(_FOLDER) / _NAME
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(sheet)
    return path


def forget_file(path: Path) -> None:
    """Take the file away once it was imported or given up: nobody's data lies about unencrypted."""
    if path.parent.name == _FOLDER:
        path.unlink(missing_ok=True)


def _speaks_of_a_name(row: Sequence[str]) -> bool:
    cells = {normalise(cell).strip("* ") for cell in row}
    return bool(cells & {"姓名", "学生姓名"})
