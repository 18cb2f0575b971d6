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
