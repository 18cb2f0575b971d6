"""The dry run: what an import would do, row by row, found by the same code and never written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jzdesk.services.context import Context
from jzdesk.services.importing import taking
from jzdesk.services.importing.choosing import SheetChoice
from jzdesk.services.importing.desk import Desk
from jzdesk.services.importing.diary import Change, Diary
from jzdesk.services.importing.kinds import ImportKind
from jzdesk.services.importing.pace import Pace
from jzdesk.services.importing.reading import Workbook
from jzdesk.services.importing.report import PARKED, ImportReport
from jzdesk.sheets.cells import shown
from jzdesk.sheets.mapping import SheetRow


@dataclass(frozen=True, slots=True)
class PlanLine:
    """One row: what it would become, which records it would add, what it would change, and what there is to say."""

    sheet: str
    row: int
    name: str
    outcome: str
    added: str
    changes: tuple[Change, ...]
    says: tuple[str, ...]

    def words(self) -> str:
        """Everything about the row on one line."""
        added = (f"新增{self.added}",) if self.added else ()
        return "；".join((*added, *(change.sentence() for change in self.changes), *self.says))


@dataclass(frozen=True, slots=True)
class Plan:
    """A dry run: the report as the import would give it, and every row; `sha256` is of the file that was read."""

    report: ImportReport
    lines: list[PlanLine]
    sha256: str


def plan(
    context: Context,
    kind: ImportKind,
    path: Path,
    choices: Sequence[SheetChoice] | None,
    pace: Pace,
    sha256: str,
) -> Plan:
    """Run the import on a snapshot and write nothing."""
    book = Workbook(path, kind, pace, choices)
    with context.read() as connection:
        diary = Diary()
        desk = Desk(
            connection, context.author.scope, context.term(), context.today(),
            several_sheets=book.several_sheets, diary=diary, file=path.name,
        )  # fmt: skip
        watcher = _Watcher(desk, diary, kind)
        outcomes = taking.take(desk, kind.make(desk), book.rows, pace, watcher.see)
        report = taking.report_of(kind, path.name, book.rows, book.notes, desk, outcomes)
    pace.next_phase()
    pace.at(pace.rows)
    return Plan(report, watcher.lines, sha256)


class _Watcher:
    """Writes a line for every row that was taken."""

    def __init__(self, desk: Desk, diary: Diary, kind: ImportKind) -> None:
        self._desk, self._diary = desk, diary
        self._names = kind.names
        self.lines: list[PlanLine] = []

    def see(self, row: SheetRow, outcome: str) -> None:
        """A row has become something."""
        added, changes = self._diary.turn(self._desk.title)
        if outcome == PARKED:
            says = tuple(fault.sentence() for fault in row.faults)
        else:
            says = tuple(note.sentence() for note in (*row.warnings, *row.notes))
        self.lines.append(PlanLine(row.sheet, row.number, named(row, self._names), outcome, added, changes, says))


def named(row: SheetRow, keys: Sequence[str]) -> str:
    """Whom or what a row is about, as it stands in the cells."""
    places = row.layout.heading.places
    cells = (row.cells[places[key]] for key in keys if places.get(key, len(row.cells)) < len(row.cells))
    return " ".join(" ".join(text.split()) for cell in cells if (text := shown(cell).strip()))
