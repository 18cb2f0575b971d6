"""A row of a department's list as the matching takes it: who it is about, and what it says of the person."""

from __future__ import annotations

from dataclasses import dataclass

from jzdesk.core import citizen_id
from jzdesk.core.citizen_id import IdFault
from jzdesk.core.fields import Value
from jzdesk.core.text import normalise
from jzdesk.models import Guardian, Household, Member, Student
from jzdesk.policy.lists import Said
from jzdesk.policy.matching import Kin, Listed, Pupil, Rollbook
from jzdesk.services.importing.desk import Desk
from jzdesk.sheets.cells import shown
from jzdesk.sheets.mapping import SheetRow

NAME, ID, CARD = "person.name", "person.id_number", "list.card"
_DETAILS = ("list.village", "list.relation", "list.schooling")


@dataclass(frozen=True, slots=True)
class Disability:
    """What a disability card says: codes of class and level as written (or from the card's number), the number."""

    category: str = ""
    level: str = ""
    card: str = ""


@dataclass(frozen=True, slots=True)
class ListedRow:
    """`written` is the number as it stands in the cell; `details` help a person to recognise somebody."""

    row: int
    sheet: str
    who: Listed
    written: str
    said: Said
    cause: str
    disability: Disability
    document: str
    details: tuple[tuple[str, str], ...]


def listed_of(row: SheetRow) -> ListedRow:
    """The row; its faults become the sentence why it cannot be read."""
    number, card = _number(row), _card(row)
    fault = "；".join(one.advice() for one in row.faults)
    if not fault and not number and card.fault:
        fault = card.fault
    who = Listed(
        str(row.values.get(NAME) or ""), number or card.number, _roll(row), _text(row, "list.number"), fault
    )  # fmt: skip
    said = Said(*(_text(row, f"list.{name}") for name in ("attr", "monitored", "status", "enjoys", "child")))
    disability = Disability(
        _text(row, "list.category") or card.category, _text(row, "list.level") or card.level, card.text
    )
    labels = row.layout.labels
    details = tuple((labels[key], text) for key in _DETAILS if (text := _text(row, key)))
    document = _text(row, "list.document") or card.text or who.household
    return ListedRow(
        row.number, row.sheet, who, _written(row), said, _text(row, "list.cause"), disability, document, details
    )


def forgive(row: SheetRow) -> None:
    """A temporary roll number (J…, L…) in the column of ID numbers is a number too; the fault goes."""
    place = row.layout.heading.places.get(ID, -1)
    for fault in row.faults:
        if fault.column == place >= 0 and _is_roll(shown(row.cells[place])):
            row.faults = tuple(other for other in row.faults if other is not fault)
            row.values["list.roll"] = shown(row.cells[place])


def rollbook(desk: Desk) -> Rollbook:
    """The school's roll and families, from the images of an import."""
    students = desk.image(Student).rows
    ties: dict[str, list[tuple[str, str]]] = {}
    for tie in desk.image(Guardian).rows.values():
        ties.setdefault(str(tie.get("member")), []).append((str(tie.get("student")), str(tie.get("relation") or "")))
    numbers = {
        uid: str(one["number"]) for uid, one in desk.image(Household).rows.items() if one.get("number") is not None
    }
    return Rollbook([_pupil(uid, one) for uid, one in students.items()], _kin(desk, ties), numbers)


def _kin(desk: Desk, ties: dict[str, list[tuple[str, str]]]) -> list[Kin]:
    return [
        Kin(uid, str(one["name"]), str(one["id_number"]), str(one.get("household") or ""), tuple(ties.get(uid, ())))
        for uid, one in desk.image(Member).rows.items()
        if one.get("id_number")
    ]


def _pupil(uid: str, values: dict[str, Value]) -> Pupil:
    names = ("name", "former_name", "id_number", "roll_number", "birth", "household")
    return Pupil(uid, *(str(values.get(name) or "") for name in names))


@dataclass(frozen=True, slots=True)
class _Card:
    """The number of a disability card, taken apart."""

    text: str = ""
    number: str = ""
    category: str = ""
    level: str = ""
    fault: str = ""


def _card(row: SheetRow) -> _Card:
    """From the column of its own, else from an ID cell of 20 characters."""
    text = normalise(_text(row, CARD)).replace(" ", "").upper()
    if not text:
        text = _written(row)
        text = text if len(text) >= 20 else ""
    if not text:
        return _Card()
    try:
        reading = citizen_id.check(text)
    except IdFault as fault:
        return _Card(fault=fault.sentence())
    own = text if reading.disability else ""
    return _Card(own, reading.value, reading.disability, reading.level)


def _written(row: SheetRow) -> str:
    place = row.layout.heading.places.get(ID, -1)
    cell = row.cells[place] if 0 <= place < len(row.cells) else None
    return normalise(shown(cell)).replace(" ", "").upper() if cell is not None else ""


def _number(row: SheetRow) -> str:
    return str(row.values.get(ID) or "")


def _roll(row: SheetRow) -> str:
    text = normalise(_text(row, "list.roll")).replace(" ", "").upper()
    return text if _is_roll(text) else ""


def _is_roll(text: str) -> bool:
    try:
        citizen_id.parse_roll_number(text)
    except IdFault:
        return False
    return True


def _text(row: SheetRow, key: str) -> str:
    value = row.values.get(key)
    return "" if value is None else str(value)
