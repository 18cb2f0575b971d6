"""The import service: one workbook in, one transaction, one report; and workbooks out again."""

from __future__ import annotations

import gc
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import insert

from jzdesk.core.errors import StationFault, UserError
from jzdesk.services.context import Context
from jzdesk.services.importing import export, parking
from jzdesk.services.importing.desk import Desk, Importer
from jzdesk.services.importing.kinds import KINDS, ImportKind, kind_of
from jzdesk.services.importing.pace import Pace
from jzdesk.services.importing.reading import Workbook
from jzdesk.services.importing.report import (
    ADDED,
    CHANGED,
    PARKED,
    UNCHANGED,
    UNMATCHED,
    FaultLine,
    ImportReport,
    ParkedLine,
)
from jzdesk.sheets.mapping import SheetRow
from jzdesk.store.actions import IMPORT
from jzdesk.store.tables import import_run
from jzdesk.store.unit import Unit

Progress = Callable[[int, int], object]
Cancel = Callable[[], bool]


class ImportService:
    """Reads the workbooks people hand in, keeps what is wrong with them, and writes workbooks."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def kinds(self) -> list[tuple[str, str]]:
        """(code, label) of what can be imported, in the order in which a school does it."""
        return [(kind.code, kind.label) for kind in KINDS.values()]

    def run(
        self,
        kind: str,
        path: Path | str,
        progress: Progress | None = None,
        cancel: Cancel | None = None,
        copies: Path | None = None,
    ) -> ImportReport:
        """Import a workbook: everything that is right in one transaction, everything else parked in the same one.

        The annotated copy goes to the folder `copies` (else to the station's own) when rows were parked. Importing the
        same file again changes nothing. Raises UserError (no workbook, no heading, not a school; ImportCancelled when
        `cancel()` becomes true) and StationFault; then nothing has changed.
        """
        path, known = Path(path), kind_of(kind)
        if self._context.info.kind == "county":
            raise UserError("县级工作站不导入学校的名册", "请由学校导入，再用数据包上报。", path.name)
        pace = Pace(path.name, progress, cancel)
        with _uncollected():
            book = Workbook(path, known, pace)
            report = self._import(known, path, book, pace)
        return self._annotate(report, path, book.rows, copies)

    def parked(self) -> list[ParkedLine]:
        """Every fault of every parked row that still waits."""
        with self._context.read() as connection:
            return parking.waiting(connection)

    def dismiss(self, uid: str, reason: str) -> None:
        """Close a parked row without importing it; raises UserError without a reason."""
        with self._context.store.local() as connection:
            parking.dismiss(connection, uid, reason)

    def template(self, kind: str, path: Path | str) -> Path:
        """Write an empty workbook of a kind to fill in; raises StationFault."""
        from jzdesk.sheets.writer import write_template

        known = kind_of(kind)
        write_template(Path(path), known.label, known.columns())
        return Path(path)

    def export(self, kind: str, path: Path | str, purpose: str | None = None) -> int:
        """Write a ledger as a workbook and return its rows; kinds that can be imported read it back unchanged.

        `kind` is a kind of import or any entity ("student" is the roll). A list with sensitive columns leaves a trace
        on this station; with a `purpose` given, a blank one is refused. Raises UserError and StationFault.
        """
        return export.export(self._context, kind, Path(path), purpose)

    def _import(self, kind: ImportKind, path: Path, book: Workbook, pace: Pace) -> ImportReport:
        """Everything of one import in one transaction."""
        context = self._context
        term, today = context.term(), context.today()
        with context.write(f"导入{kind.label}：{path.name}") as unit:
            desk = Desk(
                unit.connection, unit.author.scope, term, today, several_sheets=book.several_sheets, file=path.name
            )
            outcomes = _take(desk, kind.make(desk), book.rows, pace)
            _write(desk, unit, pace)
            report = _report(kind, path, book, desk, outcomes)
            run = _log(unit, report, path)
            unit.deed.kind, unit.deed.ref = IMPORT, run
            parking.settle(unit.connection, parking.Lot(run, kind.code, path.name, today, book.rows))
            pace.at(pace.rows)
        return report

    def _annotate(self, report: ImportReport, path: Path, rows: list[SheetRow], copies: Path | None) -> ImportReport:
        """The marked copy of the person's workbook; when it cannot be written the import stands, and says so."""
        from jzdesk.sheets.annotate import annotated_copy

        faults = [fault for row in rows for fault in row.faults]
        if not faults:
            return report
        folder = copies or self._context.folder.sub("parked")
        notes, target = list(report.notes), None
        try:
            target = annotated_copy(path, folder / parking.copy_name(path.name), faults)
        except (UserError, StationFault) as fault:
            notes.append(f"带批注的副本没有写成：{fault.sentence()}问题行仍可在工作台查看。")
        return ImportReport(
            report.kind, report.file, report.read, report.added, report.changed, report.unchanged, report.parked,
            report.warned, notes, report.faults, target, report.unmatched,
        )  # fmt: skip


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without garbage collection: an import makes many small records and no cycles, and is a sixth faster so."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _take(desk: Desk, importer: Importer, rows: list[SheetRow], pace: Pace) -> Counter[str]:
    """What the rows became, counted; notes of rows that were kept go to the report."""
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
    desk.notes[:0] = importer.closing()
    return outcomes


def _write(desk: Desk, unit: Unit, pace: Pace) -> None:
    """Hand every image to the unit of work, parents first."""
    from jzdesk.models import ENTITIES

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


def _report(kind: ImportKind, path: Path, book: Workbook, desk: Desk, outcomes: Counter[str]) -> ImportReport:
    faults = [FaultLine.of(fault) for row in book.rows for fault in row.faults]
    return ImportReport(
        kind.code, path.name, len(book.rows), outcomes[ADDED], outcomes[CHANGED], outcomes[UNCHANGED],
        outcomes[PARKED], desk.tally["warned"], [*book.notes, *desk.notes], faults, None, outcomes[UNMATCHED],
    )  # fmt: skip


def _log(unit: Unit, report: ImportReport, path: Path) -> int:
    """Remember the run; returns its number."""
    names = ("read", "added", "changed", "unchanged", "parked", "unmatched", "warned")
    values = {
        "kind": report.kind,
        "file": report.file[:200],
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "counts": json.dumps({name: getattr(report, name) for name in names}),
        "notes": json.dumps(report.notes, ensure_ascii=False),
        "at": unit.clock.tick(),
    }
    inserted = unit.connection.execute(insert(import_run).values(values)).inserted_primary_key
    assert inserted is not None
    return int(inserted[0])
