"""What a workbook looks like before it is imported: its sheets, headings, columns, and how each would be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from jzdesk.core.errors import UserError
from jzdesk.services.importing.choosing import SheetChoice
from jzdesk.services.importing.kinds import ImportKind
from jzdesk.services.importing.schemes import Scheme, known
from jzdesk.sheets import guessing
from jzdesk.sheets.cells import Book, Sheet, letter, shown
from jzdesk.sheets.columns import REMEDY_HEADING
from jzdesk.sheets.heading import find_heading, lacking, places_at, texts_at

BY_HEADING, BY_CONTENT, BY_SCHEME, BY_HAND = "heading", "content", "scheme", "hand"
_PREVIEW, _SAMPLES = 15, 3


@dataclass(frozen=True, slots=True)
class ColumnLook:
    """One column of a sheet: its heading, first cells, the field it is read as ("" none), and how that was found.

    `looks` says what the cells look like, `doubt` when heading and cells disagree.
    """

    place: int
    letter: str
    heading: str
    samples: tuple[str, ...]
    key: str
    how: str
    looks: str
    doubt: str


@dataclass(frozen=True, slots=True)
class SheetLook:
    """One sheet: 1-based heading rows (0: none), columns, first rows as (number, cells), what the mapping lacks.

    `read` says whether the sheet is to be imported, `scheme` the name of the scheme that was applied.
    """

    name: str
    hidden: bool
    rows: int
    read: bool
    row: int
    last: int
    columns: tuple[ColumnLook, ...]
    preview: tuple[tuple[int, tuple[str, ...]], ...]
    lacking: tuple[str, ...]
    scheme: str = ""

    def places(self) -> dict[str, int]:
        """Field key → 0-based column."""
        return {column.key: column.place for column in self.columns if column.key}

    def choice(self) -> SheetChoice:
        """The same as an import takes it."""
        return SheetChoice(self.name, self.row, self.last, self.places())


class Look:
    """An opened workbook and how it would be read as one kind. Correcting gives a new `SheetLook`; nothing is kept."""

    def __init__(self, book: Book, kind: ImportKind, schemes: Sequence[Scheme], sha256: str) -> None:
        self._book, self._kind, self._schemes = book, kind, schemes
        self._columns = kind.columns()
        self.kind, self.label, self.file, self.sha256, self.notes = (
            kind.code,
            kind.label,
            book.path.name,
            sha256,
            book.notes,
        )
        self.fields = [(column.key, column.label) for column in self._columns]
        found = [self._first(sheet) for sheet in book.sheets if not sheet.is_blank()]
        if not any(sheet.read for sheet in found):
            best = max(range(len(found)), key=lambda at: (not found[at].hidden, len(found[at].places())))
            found[best] = replace(found[best], read=True)
        self.sheets = found

    def at(self, name: str, row: int, last: int) -> SheetLook:
        """A sheet with its heading in other rows; raises UserError when there are none such."""
        sheet = self._book.sheet(name)
        if row and not 0 < row <= last <= min(len(sheet.rows), row + 1):
            remedy = f"这张表有 {len(sheet.rows)} 行，标题行最多占两行。"
            raise UserError("标题行的行号不对", remedy, name)
        return self._seen(sheet, row, last if row else 0)

    def put(self, seen: SheetLook, place: int, key: str) -> SheetLook:
        """Read a column as a field ("": not at all); another column that was read as it is not any more."""
        columns = []
        for column in seen.columns:
            if column.place == place:
                columns.append(replace(column, key=key, how=BY_HAND, doubt=""))
            elif key and column.key == key:
                columns.append(replace(column, key="", how=BY_HAND, doubt=""))
            else:
                columns.append(column)
        return self._weighed(replace(seen, columns=tuple(columns)))

    def use(self, seen: SheetLook, number: int) -> SheetLook:
        """Read a sheet by a scheme; raises UserError when the headings are others."""
        scheme = next((one for one in self._schemes if one.id == number), None)
        met = known(self._book.sheet(seen.name).rows, [scheme]) if scheme is not None else None
        if met is None:
            remedy = "请改选“自动识别”，或另存一个方案。"
            raise UserError("这张表的标题与方案保存时的不一样", remedy, seen.name)
        return self._by_scheme(self._book.sheet(seen.name), met)

    def fitting(self, seen: SheetLook) -> list[Scheme]:
        """The schemes whose headings stand in the sheet."""
        rows = self._book.sheet(seen.name).rows
        return [one for one in self._schemes if known(rows, [one]) is not None]

    def _first(self, sheet: Sheet) -> SheetLook:
        """As found without help: by a scheme, by a heading that is understood, else by what stands in the cells."""
        if (met := known(sheet.rows, self._schemes)) is not None:
            return self._by_scheme(sheet, met)
        try:
            heading = find_heading(sheet.rows, self._columns, self._kind.groups)
        except UserError:
            row = self._likely_heading(sheet)
            return replace(self._seen(sheet, row, row), read=False)
        return self._seen(sheet, heading.row, heading.last)

    def _by_scheme(self, sheet: Sheet, met: tuple[Scheme, int, dict[str, int]]) -> SheetLook:
        scheme, row, places = met
        last = row + scheme.span - 1
        fields = {column.key for column in self._columns}
        how = {place: (key, BY_SCHEME) for key, place in places.items() if key in fields}
        return replace(self._made(sheet, row, last, how), scheme=scheme.name)

    def _likely_heading(self, sheet: Sheet) -> int:
        """The row above the first that holds people, when it holds texts; the first row where nobody is recognised."""
        first = guessing.first_data_row(sheet.rows)
        if first is None:
            return 1
        above = texts_at(sheet.rows, first, first)
        return first if sum(bool(text) for text in above) >= 2 else 0

    def _seen(self, sheet: Sheet, row: int, last: int) -> SheetLook:
        """Read by headings, then what is left by content."""
        by_heading = places_at(sheet.rows, row, last, self._columns)
        by_content = guessing.from_content(sheet.rows, last, self._columns, by_heading)
        how = {place: (key, BY_HEADING) for key, place in by_heading.items()}
        how |= {place: (key, BY_CONTENT) for key, place in by_content.items()}
        return self._made(sheet, row, last, how)

    def _made(self, sheet: Sheet, row: int, last: int, how: Mapping[int, tuple[str, str]]) -> SheetLook:
        texts = texts_at(sheet.rows, row, last)
        width = max((len(cells) for cells in sheet.rows[: last + 300]), default=0)
        columns = tuple(
            column
            for place in range(width)
            if (column := self._column(sheet, last, place, texts, how.get(place, ("", "")))) is not None
        )
        preview = tuple(
            (at + 1, tuple(shown(cell) for cell in sheet.rows[at])) for at in range(min(_PREVIEW, len(sheet.rows)))
        )
        return self._weighed(
            SheetLook(
                sheet.name, sheet.hidden, max(0, len(sheet.rows) - last), not sheet.hidden, row, last, columns,
                preview, (),
            )
        )  # fmt: skip

    def _column(
        self, sheet: Sheet, last: int, place: int, texts: Sequence[str], met: tuple[str, str]
    ) -> ColumnLook | None:
        """One column; None for one without heading and cells, and for the one that annotated copies add."""
        cells = guessing.samples(sheet.rows, last, place)
        text = texts[place] if place < len(texts) else ""
        if text == REMEDY_HEADING or not (text or cells):
            return None
        key, how = met
        look = guessing.look_of(cells)
        column = next((one for one in self._columns if one.key == key), None)
        doubt = guessing.contradiction(column, cells) if column is not None and how == BY_HEADING else ""
        shorts = tuple(" ".join(shown(cell).split())[:40] for cell in cells[:_SAMPLES])
        return ColumnLook(place, letter(place), text, shorts, key, how, look.name if look else "", doubt)

    def _weighed(self, seen: SheetLook) -> SheetLook:
        return replace(seen, lacking=tuple(lacking(seen.places(), self._columns, self._kind.groups)))


def kind_of_book(book: Book, kinds: Sequence[ImportKind]) -> str:
    """The code of the kind whose columns explain a sheet's headings best; empty when none does, or two do alike."""
    scores: dict[str, int] = {}
    for kind in kinds:
        for sheet in book.sheets:
            try:
                heading = find_heading(sheet.rows, kind.columns(), kind.groups)
            except UserError:
                continue
            scores[kind.code] = max(scores.get(kind.code, -1000), len(heading.places) - len(heading.unmapped))
    best = sorted(scores, key=lambda code: scores[code], reverse=True)
    if not best or (len(best) > 1 and scores[best[0]] == scores[best[1]]):
        return ""
    return best[0]
