"""Understands somebody's form: where its heading is, what each column wants, and how it wants it written."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from jzdesk.core.errors import UserError
from jzdesk.services.filling import columns, statistics
from jzdesk.services.filling.views import FIGURES, PEOPLE, FormColumn
from jzdesk.sheets import written
from jzdesk.sheets.cells import Sheet, letter
from jzdesk.sheets.columns import Column, heading_keys
from jzdesk.sheets.fill import Assignment, numbering_row
from jzdesk.sheets.form_file import Form
from jzdesk.sheets.heading import LOOK_AT, Heading, find_heading, heading_at
from jzdesk.sheets.lists import lists_of

_COMPACT = re.compile(r"YYYYMMDD|YYYYMM|8\s*位|6\s*位", re.IGNORECASE)
_COLLECTION = 40  # so many columns of the collection sheet make a form one of its kind
_WANTED = re.compile(r"^\s*[*＊★]|[*＊★]\s*$|必填")


@dataclass(frozen=True, slots=True)
class Found:
    """A heading on a sheet, and what kind of form it makes."""

    subject: str
    sheet: Sheet
    heading: Heading


def wanted(subject: str) -> tuple[Column, ...]:
    """The columns a form of this kind may have."""
    return columns.people() if subject == PEOPLE else statistics.columns()


def style_of(key: str) -> str:
    """What the kind of a text does not tell."""
    return written.DIVISION if key in columns.DIVISIONS else written.RATIO if key in statistics.RATIOS else ""


def recognise(form: Form, sheet: str | None = None, row: int | None = None, last: int | None = None) -> Found:
    """The sheet and heading that fit best; those given are taken. Raises UserError when no heading is found."""
    sheets = [form.book.sheet(sheet)] if sheet else [one for one in form.book.sheets if not one.hidden]
    if row is not None and not any(0 < row <= len(one.rows) for one in sheets):
        longest = max(len(one.rows) for one in sheets)
        raise UserError(
            f"第 {row} 行不在表里", f"表里最多有 {longest} 行，请改成有列标题的那一行。", form.book.path.name
        )
    found = [each for one in sheets for subject in (PEOPLE, FIGURES) if (each := _try(one, subject, row, last))]
    if not found:
        raise _no_heading(form)
    best = max(found, key=lambda each: len(each.heading.places))
    if row is None and len(best.heading.places) < 2:
        raise _no_heading(form)
    end = numbering_row(best.sheet.rows, best.heading.last)
    return replace(best, heading=replace(best.heading, last=end))


def _no_heading(form: Form) -> UserError:
    remedy = "请确认列标题在前 20 行之内、写着“姓名”“身份证件号”这样的栏目；或者自己指定标题在第几行。"
    return UserError("没有找到表头行", remedy, form.book.path.name)


def _try(sheet: Sheet, subject: str, row: int | None, last: int | None) -> Found | None:
    every = wanted(subject)
    if row is not None:
        if not 0 < row <= len(sheet.rows):
            return None
        last = last if last is not None and row <= last <= len(sheet.rows) else row
        texts = heading_at(sheet.rows, row, {}, every, last)
        return Found(subject, sheet, replace(texts, places=_places(texts.texts, every)))
    essential = _ESSENTIAL[subject]
    try:
        heading = find_heading(sheet.rows[:LOOK_AT], every, [essential])
    except UserError:
        return None
    return Found(subject, sheet, heading)


_ESSENTIAL: dict[str, Sequence[str]] = {
    PEOPLE: ("student.name", "student.id_number", "student.roll_number"),
    FIGURES: ("figure.persons", "figure.times", "figure.poor"),
}


def _places(texts: Sequence[str], every: Sequence[Column]) -> dict[str, int]:
    known = _known(every)
    found: dict[str, int] = {}
    for place, text in enumerate(texts):
        if (key := _meant(text, known)) and key not in found:
            found[key] = place
    return found


def _known(every: Sequence[Column]) -> dict[str, str]:
    """Heading as it is looked up → key; a label before every alias."""
    ranked = sorted(
        (rank, place, text, column.key)
        for place, column in enumerate(every)
        for rank, text in enumerate(column.understood())
    )
    found: dict[str, str] = {}
    for _, _, text, key in ranked:
        for plain in heading_keys(text)[:1]:
            found.setdefault(plain, key)
    return found


def _meant(text: str, known: Mapping[str, str]) -> str:
    return next((known[plain] for plain in heading_keys(text) if plain in known), "")


def form_columns(form: Form, found: Found) -> tuple[FormColumn, ...]:
    """Every column with a heading, with what goes into it as far as the program can tell."""
    every = wanted(found.subject)
    by_key, known = {column.key: column for column in every}, _known(every)
    keys = {place: key for key, place in found.heading.places.items()}
    taken, counts = set(keys.values()), Counter[str]()
    lists = lists_of(form.package.sheet(found.sheet.name).text(), form.book, found.sheet.name)
    made = []
    for place, text in enumerate(found.heading.texts):
        if not text:
            continue
        key = keys.get(place) or _second(_meant(text, known), taken)
        taken.add(key)
        made.append(_column(place, text, counts[text], by_key.get(key)))
        counts[text] += 1
    collection = sum(one.key in columns.required_by_collection() for one in made) * 2 >= _COLLECTION
    return tuple(_with_way(one, lists.get(one.place, []), collection) for one in made)


def _second(key: str, taken: set[str]) -> str:
    """A heading that stands twice means the first member of the family, then the second."""
    if key not in taken:
        return key
    other = key.replace("member1.", "member2.")
    return other if other not in taken else ""


def _column(place: int, text: str, nth: int, column: Column | None) -> FormColumn:
    one = FormColumn(place, letter(place), text, nth)
    return assigned(one, column) if column is not None else one


def assigned(one: FormColumn, column: Column) -> FormColumn:
    """The column of the form with a value of ours, written in the usual way."""
    ways = written.ways(column, style_of(column.key))
    return replace(one, key=column.key, label=column.label, fixed="", ways=ways, way=ways[0][0] if ways else "")


def _with_way(one: FormColumn, choices: Sequence[str], collection: bool) -> FormColumn:
    """How the form wants it: by its own list, else by its heading, else as the collection sheet does."""
    starred = bool(_WANTED.search(one.heading))
    required = starred or (collection and one.key in columns.required_by_collection())
    return replace(one, required=required, way=_way(one, choices, collection))


def _way(one: FormColumn, choices: Sequence[str], collection: bool) -> str:
    offered = {code for code, _ in one.ways}
    if written.LABEL in offered:
        if choices:
            return _by_list(choices)
        return written.BOTH if collection and one.key in columns.coded_by_collection() else written.LABEL
    if written.DASHES in offered:
        return written.COMPACT if collection or _COMPACT.search(one.heading) else written.DASHES
    if written.WAN in offered:
        return written.WAN if "万元" in one.heading else written.YUAN
    if written.BARE in offered:
        return written.BARE if "%" in one.heading or "％" in one.heading else written.SIGN
    return one.way


def _by_list(choices: Sequence[str]) -> str:
    """`2-住校` in the list asks for both, `2` for the code."""
    if all(re.match(r"^\w+\s*[-－—:：.、]", text) for text in choices):
        return written.BOTH
    return written.CODE if all(re.fullmatch(r"[0-9A-Z]+", text) for text in choices) else written.LABEL


def assignments(subject: str, given: Sequence[FormColumn]) -> list[Assignment]:
    """What the filling needs of the columns."""
    by_key = {column.key: column for column in wanted(subject)}
    return [
        Assignment(one.place, one.heading, by_key.get(one.key), one.fixed, one.way)
        for one in given
        if one.key in by_key or one.fixed
    ]


def kept(one: FormColumn) -> dict[str, object]:
    """What a scheme remembers of a column."""
    return {"heading": one.heading, "nth": one.nth, "key": one.key, "fixed": one.fixed, "way": one.way}


def recalled(found: Sequence[FormColumn], subject: str, body: Sequence[Mapping[str, object]]) -> tuple[FormColumn, ...]:
    """The columns as a scheme settles them; headings that it does not know stay as they were recognised."""
    by_key = {column.key: column for column in wanted(subject)}
    known = {(_plain(str(one["heading"])), one["nth"]): one for one in body}
    made = []
    for one in found:
        said = known.get((_plain(one.heading), one.nth))
        made.append(one if said is None else _settled(one, by_key.get(str(said["key"])), said))
    return tuple(made)


def _settled(one: FormColumn, column: Column | None, said: Mapping[str, object]) -> FormColumn:
    blank = replace(one, key="", label="", fixed=str(said["fixed"]), way="", ways=())
    if column is None:
        return blank
    made = assigned(blank, column)
    way = str(said["way"])
    return replace(made, way=way if way in {code for code, _ in made.ways} else made.way)


def _plain(heading: str) -> str:
    return next(iter(heading_keys(heading)), heading)
