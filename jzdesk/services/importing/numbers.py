"""ID numbers in context: what a single cell leaves open, the rest of the row can settle."""

from __future__ import annotations

from jzdesk.core import citizen_id
from jzdesk.core.citizen_id import IdFault, IdReading
from jzdesk.sheets.mapping import Fault, Note, SheetRow


def trust_document(row: SheetRow, key: str, kind: str) -> None:
    """Read the number anew as that of another document than a citizen's card (passport, residence card)."""
    place = row.layout.heading.places.get(key, -1)
    for fault in row.faults:
        if fault.column == place >= 0:
            try:
                reading = citizen_id.check(row.cells[place], kind=kind)
            except IdFault:
                continue
            _accept(row, key, fault, reading)


def _accept(row: SheetRow, key: str, fault: Fault, reading: IdReading) -> None:
    row.faults = tuple(other for other in row.faults if other is not fault)
    row.values[key] = reading.value
    row.notes += tuple(Note(key, fault.label, text) for text in reading.notes)
    row.warnings += tuple(Note(key, fault.label, text) for text in reading.warnings)


def said_by(number: str) -> tuple[str, str] | None:
    """(birth, sex) that an 18-character citizen number tells; None for other numbers."""
    if len(number) != 18 or not number[:17].isdigit():
        return None
    return f"{number[6:10]}-{number[10:12]}-{number[12:14]}", "1" if int(number[16]) % 2 else "2"


def is_prefix_only(number: object) -> bool:
    """Whether all that is asked about a number is its unknown division, which proves nothing (reference §0 rule 9)."""
    try:
        reading = citizen_id.check(number)
    except IdFault:
        return False
    return "prefix_unknown" in reading.kinds and len(reading.warnings) == 1
