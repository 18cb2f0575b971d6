"""From rows to records: every row is offered to the importer of its kind, and the images are written at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from jzdesk.models import ENTITIES
from jzdesk.services.importing.desk import Desk, Importer
from jzdesk.services.importing.kinds import ImportKind
from jzdesk.services.importing.pace import Pace
from jzdesk.services.importing.report import (
    ADDED,
    CHANGED,
    PARKED,
    UNCHANGED,
    UNMATCHED,
    FaultLine,
    ImportReport,
)
from jzdesk.sheets.mapping import SheetRow
from jzdesk.store.unit import Unit

Watch = Callable[[SheetRow, str], object]


def take(
    desk: Desk, importer: Importer, rows: Sequence[SheetRow], pace: Pace, watch: Watch | None = None
) -> Counter[str]:
    """What the rows became, counted; notes of rows that were kept go to the report, `watch` sees each row's outcome."""
    pace.next_phase()
    outcomes: Counter[str] = Counter()
    for row in pace.over(rows):
        if row.faults:
            importer.reconsider(row)
        outcome = importer.take(row)
        outcomes[outcome] += 1
        if (row.notes or row.warnings) and outcome not in (PARKED, UNMATCHED):
            for note in (*row.notes, *row.warnings):
                desk.note(row, note.sentence())
        if watch is not None:
            watch(row, outcome)
    desk.notes[:0] = importer.closing()
    return outcomes


def write(desk: Desk, unit: Unit, pace: Pace) -> None:
    """Hand every image to the unit of work, parents first."""
    pace.next_phase()
    images = [desk.images[entity] for entity in ENTITIES if entity in desk.images]
    total = sum(image.waiting() for image in images) or 1
    done = 0

    def tell(count: int) -> None:
        nonlocal done
        done += count
        pace.at(pace.rows * done / total)

    for image in images:
        image.write(unit, tell)


def report_of(
    kind: ImportKind, file: str, rows: Sequence[SheetRow], notes: Sequence[str], desk: Desk, outcomes: Counter[str]
) -> ImportReport:
    """The outcome in rows, with every fault."""
    faults = [FaultLine.of(fault) for row in rows for fault in row.faults]
    return ImportReport(
        kind.code, file, len(rows), outcomes[ADDED], outcomes[CHANGED], outcomes[UNCHANGED],
        outcomes[PARKED], desk.tally["warned"], [*notes, *desk.notes], faults, None, outcomes[UNMATCHED],
    )  # fmt: skip
