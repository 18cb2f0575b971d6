"""The import service: a workbook is looked at, tried, imported in one transaction, taken back; and workbooks out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from sqlalchemy import insert

from jzdesk.core import garbage
from jzdesk.core.errors import StationFault, UserError
from jzdesk.services.context import Context
from jzdesk.services.importing import export, history, parking, planning, retrying, schemes, taking
from jzdesk.services.importing.choosing import SheetChoice, layouts
from jzdesk.services.importing.desk import Desk
from jzdesk.services.importing.diary import Diary
from jzdesk.services.importing.history import ImportLine
from jzdesk.services.importing.kinds import KINDS, ImportKind, kind_of
from jzdesk.services.importing.looking import Look, SheetLook, kind_of_book
from jzdesk.services.importing.pace import Pace
from jzdesk.services.importing.planning import Plan
from jzdesk.services.importing.reading import Workbook
from jzdesk.services.importing.report import PARKED, ImportReport, ParkedLine
from jzdesk.services.importing.retrying import ParkedRow, Retried
from jzdesk.services.importing.schemes import Scheme
from jzdesk.services.parked_rows import take_back
from jzdesk.services.undoing import InTheWay, UndoService
from jzdesk.sheets.files import read_fault
from jzdesk.sheets.mapping import SheetRow, read_row
from jzdesk.store.actions import IMPORT
from jzdesk.store.tables import import_run
from jzdesk.store.unit import Changes, Unit

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
        choices: Sequence[SheetChoice] | None = None,
        seen: str = "",
    ) -> ImportReport:
        """Import a workbook: everything that is right in one transaction, everything else parked in the same one.

        `choices` say how the sheets are read (else every sheet whose heading is understood); with `seen`, the SHA-256
        of the file that was looked at, a file that has changed since is refused.
        The annotated copy goes to the folder `copies` (else to the station's own) when rows were parked. Importing the
        same file again changes nothing. Raises UserError (no workbook, no heading, not a school; ImportCancelled when
        `cancel()` becomes true) and StationFault; then nothing has changed.
        """
        path, known = Path(path), self._school_kind(kind, path)
        pace = Pace(path.name, progress, cancel)
        with garbage.none_expected():
            book = Workbook(path, known, pace, choices)
            sha256 = _unchanged(path, seen)
            report = self._import(known, path, book, pace, sha256)
        return self._annotate(report, path, book.rows, copies)

    def recognise(self, path: Path | str) -> str:
        """The code of the kind that a workbook's headings speak of; empty when they do not. UserError: no workbook."""
        from jzdesk.sheets.reader import open_book

        return kind_of_book(open_book(path), list(KINDS.values()))

    def look(self, kind: str, path: Path | str) -> Look:
        """Open a workbook and say how it would be read: sheets, headings, columns; schemes known by their headings."""
        from jzdesk.sheets.reader import open_book

        path, known = Path(path), self._school_kind(kind, Path(path))
        book = open_book(path)
        return Look(book, known, self.schemes(kind), _sha256(path))

    def plan(
        self,
        kind: str,
        path: Path | str,
        choices: Sequence[SheetChoice] | None = None,
        progress: Progress | None = None,
        cancel: Cancel | None = None,
        seen: str = "",
    ) -> Plan:
        """What `run` would do, row by row, found by the same code; nothing is written. Errors as for `run`."""
        path, known = Path(path), self._school_kind(kind, Path(path))
        pace = Pace(path.name, progress, cancel)
        with garbage.none_expected():
            return planning.plan(self._context, known, path, choices, pace, _unchanged(path, seen))

    def schemes(self, kind: str = "") -> list[Scheme]:
        """The schemes that are kept (for one kind)."""
        with self._context.read() as connection:
            return schemes.every(connection, kind)

    def save_scheme(self, kind: str, name: str, sheet: SheetLook) -> int:
        """Keep how a sheet is read under a name (one of that name is replaced); returns its number."""
        texts = {column.place: column.heading for column in sheet.columns}
        ordered = [texts.get(place, "") for place in range(max(texts, default=-1) + 1)]
        span, at = sheet.last - sheet.row + 1, self._context.store.clock.tick()
        with self._context.store.local() as connection:
            return schemes.keep(connection, kind_of(kind).code, name, ordered, span, sheet.places(), at)

    def rename_scheme(self, number: int, name: str) -> None:
        """Give a scheme another name; raises UserError when it is taken."""
        with self._context.store.local() as connection:
            schemes.rename(connection, number, name)

    def delete_scheme(self, number: int) -> None:
        """Forget a scheme."""
        with self._context.store.local() as connection:
            schemes.forget(connection, number)

    def history(self) -> list[ImportLine]:
        """The imports of this station, the newest first."""
        with self._context.read() as connection:
            return history.every(connection)

    def in_the_way(self, run: int) -> list[InTheWay]:
        """What keeps an import from being undone, at most 200 records; empty when nothing does."""
        with self._context.read() as connection:
            line = history.find(connection, run)
        return UndoService(self._context).in_the_way(line.action) if line.action is not None else []

    def undo(self, run: int) -> Changes:
        """Take a whole import back, its parked rows too; raises UserError when something was built on it."""
        with self._context.read() as connection:
            line = history.find(connection, run)
        if line.action is not None:
            return UndoService(self._context).undo(line.action)
        if not line.waiting:
            raise UserError("这次导入没有改动任何资料，不需要撤销", "请选别的一次导入。", line.file)
        with self._context.store.local() as connection:
            take_back(connection, run, self._context.today())
        return Changes()

    def parked_row(self, uid: str) -> ParkedRow:
        """A parked row with all its cells, by the uid of any of its lines; raises UserError."""
        with self._context.read() as connection:
            return retrying.shown_row(retrying.find(connection, uid))

    def retry(self, uid: str, typed: Mapping[int, str] | None = None) -> Retried:
        """Import a parked row alone, with the cells that were corrected (0-based column → text), in one transaction.

        Solved, it is an import of its own that can be undone; else it waits on with what was typed and new sentences.
        """
        context = self._context
        with context.read() as connection:
            case = retrying.find(connection, uid)
        kind, line, run = KINDS[case.first.kind], case.first, None
        cells = retrying.corrected(case, typed or {})
        with context.write(f"改正后导入{kind.label}：{line.file} 第 {line.row} 行") as unit:
            diary, today = Diary(), context.today()
            desk = Desk(unit.connection, unit.author.scope, context.term(), today, diary=diary, file=line.file)
            row = read_row(case.layout, line.row, [cell or None for cell in cells], kind.columns())
            pace = Pace(line.file, None, None)
            outcomes = taking.take(desk, kind.make(desk), [row], pace)
            outcome = next(iter(outcomes))
            if outcome == PARKED:
                retrying.still_wrong(unit.connection, case, row, cells, today)
                words = "；".join(fault.advice() for fault in row.faults)
            else:
                words = _done_words(desk, diary)
                taking.write(desk, unit, pace)
                notes = [*retrying.differences(case, cells), *desk.notes]
                report = taking.report_of(kind, f"{line.file}（第 {line.row} 行）", [row], notes, desk, outcomes)
                run = _log(unit, report, hashlib.sha256("\0".join(cells).encode()).hexdigest(), [row])
                unit.deed.kind, unit.deed.ref = IMPORT, run
                retrying.solve(unit.connection, case, run, today)
        waiting = self.parked_row(self._waiting_line(case)) if outcome == PARKED else None
        return Retried(outcome, words, waiting, run)

    def _waiting_line(self, case: retrying.Case) -> str:
        """A line of the row that still waits."""
        first = case.first
        place = (first.file, first.sheet, first.row)
        return next(one.uid for one in self.parked() if (one.file, one.sheet, one.row) == place)

    def _school_kind(self, kind: str, path: Path) -> ImportKind:
        known = kind_of(kind)
        if self._context.info.kind == "county":
            raise UserError("县级工作站不导入学校的名册", "请由学校导入，再用数据包上报。", path.name)
        return known

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

    def sensitive(self, kind: str) -> list[str]:
        """Labels of what an export of this kind may tell of people; when there are any, its purpose is asked for."""
        return export.sensitive(kind)

    def export(self, kind: str, path: Path | str, purpose: str | None = None) -> int:
        """Write a ledger as a workbook and return its rows; kinds that can be imported read it back unchanged.

        `kind` is a kind of import or any entity ("student" is the roll). A list with sensitive columns leaves a trace
        on this station; with a `purpose` given, a blank one is refused. Raises UserError and StationFault.
        """
        return export.export(self._context, kind, Path(path), purpose)

    def _import(self, kind: ImportKind, path: Path, book: Workbook, pace: Pace, sha256: str) -> ImportReport:
        """Everything of one import in one transaction."""
        context = self._context
        term, today = context.term(), context.today()
        with context.write(f"导入{kind.label}：{path.name}") as unit:
            desk = Desk(
                unit.connection, unit.author.scope, term, today, several_sheets=book.several_sheets, file=path.name
            )
            outcomes = taking.take(desk, kind.make(desk), book.rows, pace)
            taking.write(desk, unit, pace)
            report = taking.report_of(kind, path.name, book.rows, book.notes, desk, outcomes)
            run = _log(unit, report, sha256, book.rows)
            unit.deed.kind, unit.deed.ref = IMPORT, run
            quiet = parking.settle(unit.connection, parking.Lot(run, kind.code, path.name, today, book.rows))
            pace.at(pace.rows)
        if quiet:
            report.notes.insert(0, f"问题行里有 {quiet} 行以前已就地改正或不再处理，不再等待")
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
        return replace(report, notes=notes, annotated=target)


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise read_fault(error, path) from error


def _unchanged(path: Path, seen: str) -> str:
    """The SHA-256 of the file; raises UserError when it is not the one that was looked at."""
    found = _sha256(path)
    if seen and found != seen:
        remedy = "请重新打开它，核对列的对应，再预演一次。"
        raise UserError("文件在预览之后又改过，与看到的不是同一份", remedy, path.name)
    return found


def _done_words(desk: Desk, diary: Diary) -> str:
    added, changes = diary.turn(desk.title)
    parts = ([f"新增{added}"] if added else []) + [change.sentence() for change in changes]
    return "；".join(parts) or "与已有内容一致，没有改动"


def _log(unit: Unit, report: ImportReport, sha256: str, rows: Sequence[SheetRow]) -> int:
    """Remember the run; returns its number."""
    names = ("read", "added", "changed", "unchanged", "parked", "unmatched", "warned")
    values = {
        "kind": report.kind,
        "file": report.file[:200],
        "sha256": sha256,
        "counts": json.dumps({name: getattr(report, name) for name in names}),
        "notes": json.dumps(report.notes, ensure_ascii=False),
        "at": unit.clock.tick(),
        "layout": layouts(rows),
    }
    inserted = unit.connection.execute(insert(import_run).values(values)).inserted_primary_key
    assert inserted is not None
    return int(inserted[0])
