"""Finds the heading row of a sheet and says which column holds which field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from jzdesk.core.errors import UserError
from jzdesk.sheets.cells import Book, Cell, Cells, Sheet, holds, letter, shown
from jzdesk.sheets.columns import REMEDY_HEADING, Column, heading_keys

LOOK_AT = 20
_LONGEST = 60  # a longer text is a note, not a heading
_SURE = 1000  # ranks: a label before every alias


@dataclass(frozen=True, slots=True)
class Heading:
    """Where the heading stands and what it means.

    `row` and `last` are the 1-based first and last row of the heading; `places` gives the 0-based column of
    each key; `texts` the heading of every column as written. `unmapped` are headings (and filled columns
    without a heading) that no wanted column understands, `doubled` sentences about second headings for the
    same field, `missing` the labels of wanted columns that the sheet does not have.
    """

    row: int
    last: int
    places: Mapping[str, int]
    texts: tuple[str, ...]
    unmapped: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def first_data_row(self) -> int:
        """The 1-based row behind the heading."""
        return self.last + 1

    def text(self, key: str) -> str:
        """The heading of a wanted column as written; empty when the sheet has none."""
        place = self.places.get(key)
        return self.texts[place] if place is not None and place < len(self.texts) else ""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A row, or two rows together, that may be the heading: per column the texts to try, the best first."""

    row: int
    last: int
    tries: tuple[tuple[str, ...], ...]
    places: dict[str, int]
    doubled: dict[int, tuple[Column, int]]


def find_heading(
    rows: Sequence[Cells], columns: Sequence[Column], essential: Sequence[Sequence[str]] | None = None
) -> Heading:
    """The heading among the first 20 rows; raises UserError naming what was looked for.

    `essential` are groups of keys of which each needs one (name, and ID number or roll number); without it
    every column marked essential is needed.
    """
    groups = _groups(columns, essential)
    known = _known(columns)
    candidates = [_matched(each, known) for each in _candidates(rows)]
    whole = [each for each in candidates if _has_all(each, groups)]
    if not whole:
        raise _no_heading(candidates, columns, groups)
    best = max(whole, key=_closeness)
    return _heading(best, rows, columns)


def find_sheet(
    book: Book, columns: Sequence[Column], essential: Sequence[Sequence[str]] | None = None
) -> tuple[Sheet, Heading]:
    """The sheet that fits the columns best, visible ones first; raises UserError when none fits."""
    found: list[tuple[Sheet, Heading]] = []
    failures: list[UserError] = []
    for sheet in sorted(book.sheets, key=lambda sheet: (sheet.hidden, sheet.is_blank())):
        try:
            found.append((sheet, find_heading(sheet.rows, columns, essential)))
        except UserError as error:
            failures.append(error)
    if not found:
        raise UserError(failures[0].what, failures[0].remedy, book.path.name)
    return max(found, key=lambda pair: (not pair[0].hidden, len(pair[1].places)))


def heading_at(
    rows: Sequence[Cells],
    row: int,
    places: Mapping[str, int],
    columns: Sequence[Column],
    last: int | None = None,
) -> Heading:
    """The heading as a person set it: 1-based row(s) (0: there is none), and the 0-based column of each key."""
    last = last or row
    tries = _tries(rows, row, last)
    short = max(places.values(), default=-1) + 1 - len(tries)
    return _heading(_Candidate(row, last, tries + ((),) * short, dict(places), {}), rows, columns)


def texts_at(rows: Sequence[Cells], row: int, last: int) -> tuple[str, ...]:
    """The headings in these 1-based rows, as written; groups over sub-headings together; none for row 0."""
    return tuple(tries[0] if tries else "" for tries in _tries(rows, row, last))


def places_at(rows: Sequence[Cells], row: int, last: int, columns: Sequence[Column]) -> dict[str, int]:
    """The place of each key whose heading in these 1-based rows is understood."""
    return _matched(_Candidate(row, last, _tries(rows, row, last), {}, {}), _known(columns)).places


def lacking(
    places: Mapping[str, int], columns: Sequence[Column], essential: Sequence[Sequence[str]] | None = None
) -> list[str]:
    """What a mapping still needs: per group without a place the labels of which one is enough."""
    groups = _groups(columns, essential)
    return ["或".join(column.label for column in group) for group in groups if not _is_placed(group, places)]


def _is_placed(group: Sequence[Column], places: Mapping[str, int]) -> bool:
    return any(column.key in places for column in group)


def _tries(rows: Sequence[Cells], row: int, last: int) -> tuple[tuple[str, ...], ...]:
    if not 0 < row <= last <= len(rows):
        return ()
    return _single(rows[row - 1]) if last == row else _double(rows[row - 1], rows[last - 1])


def _groups(columns: Sequence[Column], essential: Sequence[Sequence[str]] | None) -> list[list[Column]]:
    if essential is None:
        return [[column] for column in columns if column.essential]
    by_key = {column.key: column for column in columns}
    return [[by_key[key] for key in group] for group in essential]


def _known(columns: Sequence[Column]) -> dict[str, tuple[Column, int]]:
    """Heading key → (column, rank); of two columns that claim a heading, the better rank has it."""
    known: dict[str, tuple[Column, int]] = {}
    for column in columns:
        for rank, text in enumerate(column.understood()):
            for key in heading_keys(text)[:1]:
                if key not in known or known[key][1] > rank:
                    known[key] = (column, rank)
    return known


def _candidates(rows: Sequence[Cells]) -> Iterable[_Candidate]:
    """Every single row, then every two rows that may be groups over sub-headings."""
    for at, row in enumerate(rows[:LOOK_AT]):
        if any(holds(cell) for cell in row):
            yield _Candidate(at + 1, at + 1, _single(row), {}, {})
            if at + 1 < min(len(rows), LOOK_AT) and any(holds(cell) for cell in rows[at + 1]):
                yield _Candidate(at + 1, at + 2, _double(row, rows[at + 1]), {}, {})


def _single(row: Cells) -> tuple[tuple[str, ...], ...]:
    return tuple(_texts(cell) for cell in row)


def _double(above: Cells, below: Cells) -> tuple[tuple[str, ...], ...]:
    """A group over sub-headings: 成员1 over 姓名 is tried as 成员1姓名, then as 姓名."""
    tries, group = [], ""
    for column in range(max(len(above), len(below))):
        top, sub = _at(above, column), _at(below, column)
        group = top or group
        both = (f"{group}{sub}", sub) if sub and group else (sub,)
        tries.append(both if sub else _texts(top))
    return tuple(tries)


def _at(row: Cells, column: int) -> str:
    return "".join(_texts(row[column])) if column < len(row) else ""


def _texts(cell: Cell) -> tuple[str, ...]:
    text = " ".join(shown(cell).split())
    return (text,) if 0 < len(text) <= _LONGEST else ()


def _matched(candidate: _Candidate, known: Mapping[str, tuple[Column, int]]) -> _Candidate:
    """Give each wanted column the place whose heading means it best."""
    claims = []
    for place, tries in enumerate(candidate.tries):
        if (claim := _claim(tries, known)) is not None:
            claims.append((claim[1], place, claim[0]))
    for rank, place, column in sorted(claims, key=lambda claim: claim[:2]):
        if column.key in candidate.places:
            candidate.doubled[place] = (column, rank)
        else:
            candidate.places[column.key] = place
    return candidate


def _claim(tries: Sequence[str], known: Mapping[str, tuple[Column, int]]) -> tuple[Column, int] | None:
    """The wanted column that the first understood form of a heading means, with the rank of the match."""
    for text in tries:
        for loose, key in enumerate(heading_keys(text)):
            if (hit := known.get(key)) is not None:
                return hit[0], hit[1] + loose * _SURE
    return None


def _closeness(candidate: _Candidate) -> tuple[int, int, int]:
    """More headings understood, then one row rather than two, then the upper one."""
    return len(candidate.places), candidate.row - candidate.last, -candidate.row


def _has_all(candidate: _Candidate, groups: Sequence[Sequence[Column]]) -> bool:
    return bool(candidate.places) and not _lacking(candidate, groups)


def _lacking(candidate: _Candidate, groups: Sequence[Sequence[Column]]) -> list[Sequence[Column]]:
    return [group for group in groups if not any(column.key in candidate.places for column in group)]


def _no_heading(
    candidates: Sequence[_Candidate], columns: Sequence[Column], groups: Sequence[Sequence[Column]]
) -> UserError:
    """Name the row that comes closest and what it lacks, or what was looked for when no row comes close."""
    wanted = groups or [list(columns)]
    best = max(candidates, key=_closeness, default=None)
    sought = "，以及".join(_names(group) for group in wanted)
    remedy = f"请在人员数据上方加一行列标题，至少要有 {sought}，放在前 {LOOK_AT} 行之内，保存后再选。"
    if best is None or len(best.places) < 2:
        return UserError(f"没有找到表头行：在前 {LOOK_AT} 行里找了 {sought}", remedy)
    lacking = "、".join(_names(group) for group in _lacking(best, wanted))
    what = f"没有找到表头行：第 {best.row} 行最像表头，但缺少 {lacking}"
    return UserError(what, f"请在第 {best.last} 行补上这一列的标题（或把原有标题改成这个名字），保存后再选。")


def _names(group: Sequence[Column]) -> str:
    """`“身份证件号”（也可写作 证件号码、身份证号）`."""
    names = list(dict.fromkeys(text for column in group for text in column.understood()))
    others = f"（也可写作{'、'.join(names[1:5])}）" if len(names) > 1 else ""
    return f"“{names[0]}”{others}"


def _heading(candidate: _Candidate, rows: Sequence[Cells], columns: Sequence[Column]) -> Heading:
    texts = tuple(tries[0] if tries else "" for tries in candidate.tries)
    used = set(candidate.places.values())
    unmapped = [text for place, text in enumerate(texts) if text and place not in used and text != REMEDY_HEADING]
    unmapped += [f"第 {letter(place)} 列（没有标题）" for place in _unnamed(rows, candidate.last, texts)]
    doubled = tuple(
        _doubled(texts, place, candidate.places[column.key], column)
        for place, (column, _) in sorted(candidate.doubled.items())
    )
    missing = tuple(column.label for column in columns if column.key not in candidate.places)
    return Heading(candidate.row, candidate.last, candidate.places, texts, tuple(unmapped), doubled, missing)


def _doubled(texts: Sequence[str], place: int, used: int, column: Column) -> str:
    return (
        f"“{texts[place]}”（第 {letter(place)} 列）与“{texts[used]}”（第 {letter(used)} 列）"
        f"都表示{column.label}，只读取第 {letter(used)} 列"
    )


def _unnamed(rows: Sequence[Cells], last: int, texts: Sequence[str]) -> list[int]:
    """Columns without a heading that hold something all the same."""
    width = max((len(row) for row in rows), default=0)
    blank = [place for place in range(width) if place >= len(texts) or not texts[place]]
    found: set[int] = set()
    for row in rows[last:] if blank else ():
        found.update(place for place in blank if place < len(row) and row[place] is not None)
        if found:
            blank = [place for place in blank if place not in found]
    return sorted(found)
