"""How the sheets of one workbook are read: which of them, where the heading stands, which column is which field."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jzdesk.core.errors import UserError
from jzdesk.services.importing.kinds import ImportKind
from jzdesk.sheets.cells import Book, Sheet
from jzdesk.sheets.columns import Column
from jzdesk.sheets.heading import Heading, heading_at, lacking
from jzdesk.sheets.mapping import Layout, SheetRow


@dataclass(frozen=True, slots=True)
class SheetChoice:
    """One sheet as a person set it: 1-based first and last row of the heading (0: none), 0-based column of each key."""

    sheet: str
    row: int
    last: int
    places: Mapping[str, int]


def chosen(book: Book, choices: Sequence[SheetChoice], kind: ImportKind) -> list[tuple[Sheet, Heading]]:
    """The sheets with their headings; raises UserError when a mapping lacks what the kind cannot do without."""
    if not choices:
        raise UserError("没有选中任何工作表", "请至少选中一张工作表再导入。", book.path.name)
    columns = kind.columns()
    found = []
    for choice in choices:
        sheet = book.sheet(choice.sheet)
        if missing := lacking(choice.places, columns, kind.groups):
            remedy = "请在“列的对应”里指明是哪一列。"
            raise UserError(f"工作表“{sheet.name}”还没有指明{'、'.join(missing)}", remedy, book.path.name)
        found.append((sheet, heading_at(sheet.rows, choice.row, choice.places, columns, choice.last)))
    return found


def layouts(rows: Sequence[SheetRow]) -> str:
    """How each sheet was read, as kept with the import."""
    headings = {row.sheet: row.layout.heading for row in rows}
    kept = {
        sheet: {"row": one.row, "last": one.last, "texts": one.texts, "places": dict(one.places)}
        for sheet, one in headings.items()
    }
    return json.dumps(kept, ensure_ascii=False)


def layout_of(kept: str | None, sheet: str, columns: Sequence[Column]) -> Layout | None:
    """How a sheet was read then; None for imports made before this was kept."""
    found = json.loads(kept).get(sheet) if kept else None
    if found is None:
        return None
    known = {column.key for column in columns}
    places = {key: place for key, place in found["places"].items() if key in known}
    heading = Heading(found["row"], found["last"], places, tuple(found["texts"]))
    return Layout(sheet, heading, {column.key: column.label for column in columns})
