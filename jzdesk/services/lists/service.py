"""The list service: look at a file, read it into piles, show them, and take a person's decisions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from jzdesk.core.clock import moment
from jzdesk.core.errors import StationFault, UserError, ValueFault
from jzdesk.core.text import parse_date
from jzdesk.policy import lists
from jzdesk.policy.lists import ListKind
from jzdesk.services.context import Context
from jzdesk.services.importing import parking
from jzdesk.services.importing.desk import Desk
from jzdesk.services.importing.kinds import kind_of as import_kind
from jzdesk.services.importing.pace import Pace
from jzdesk.services.importing.reading import Workbook
from jzdesk.services.lists import lines as kept
from jzdesk.services.lists import settling
from jzdesk.services.lists.papers import newest_date, paper_of
from jzdesk.services.lists.recalling import held_elsewhere, recall, without_recognised
from jzdesk.services.lists.settling import Accepted
from jzdesk.services.lists.shapes import ListLine, ListLook, ListReport, ListRun
from jzdesk.services.lists.shown import Showing
from jzdesk.services.lists.sorting import Sorted, Sorter
from jzdesk.services.pupils import day_within, pupils
from jzdesk.services.undoing import UndoService
from jzdesk.store.tables import list_run
from jzdesk.store.unit import Changes

Progress = Callable[[int, int], object]
Cancel = Callable[[], bool]
_GROUPS = (("person.name",), ("person.id_number", "list.card", "list.roll"))
_WHERE = "名单比对"


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A list about to be read: the book, its kind and date, whether a newer one of the kind is known."""

    path: Path
    book: Workbook
    kind: ListKind
    listed_on: str
    older: bool


class ListService:
    """名单比对."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def kinds(self) -> list[tuple[str, str]]:
        """(code, name) of the ten kinds, in the order of reference §5.3 as their codes have it."""
        return sorted((one.code, one.name) for one in lists.kinds().values())

    def look(self, path: Path | str) -> ListLook:
        """What a file seems to be; raises UserError when it is no list with names and numbers."""
        path = Path(path)
        book = self._open(path)
        kind, day = _guess_kind(path, book), lists.guess_date([path.stem, *book.titles])
        with self._context.read() as connection:
            newest = newest_date(connection, kind) if kind else ""
        name = lists.kinds()[kind].name if kind else ""
        return ListLook(path, kind, name, day, len(book.rows), newest, bool(newest and day and day < newest))

    def newest(self, kind: str) -> str:
        """The date of the newest list of a kind that was read; "" when there is none."""
        with self._context.read() as connection:
            return newest_date(connection, lists.kind_of(kind).code)

    def read(
        self,
        path: Path | str,
        kind: str = "",
        listed_on: str = "",
        *,
        older: bool = False,
        progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> ListReport:
        """Sort a list into piles; nothing is changed on any pupil.

        Kind and date are guessed from file name, title and columns when not given; without any date it is today.
        Raises UserError (no list, kind unknown, older than the newest list of its kind and not `older`,
        ImportCancelled) and StationFault.
        """
        path = Path(path)
        book = self._open(path, progress, cancel)
        with self._context.store.local() as connection:
            wanted = self._wanted(connection, path, book, kind, listed_on, older=older)
            report = self._sort(connection, wanted)
        return self._annotate(report, path, book)

    def runs(self) -> list[ListRun]:
        """Lists that were read, newest first."""
        with self._context.read() as connection:
            waiting = kept.waiting_by_pile(connection)
            rows = connection.execute(select(list_run).order_by(list_run.c.id.desc())).all()
        return [_run(row, {pile: count for (run, pile), count in waiting.items() if run == row.id}) for row in rows]

    def lines(self, run: int, pile: str | None = None, *, waiting: bool = False) -> list[ListLine]:
        """Lines of a run; with `waiting` only those a person has to decide."""
        with self._context.read() as connection:
            kind = lists.kind_of(kept.run_of(connection, run).kind)
            found = [line for line in kept.lines_of(connection, run, pile) if line.waiting or not waiting]
            return Showing(connection, self._context.author.scope, kind).show(found)

    def accept(self, ids: Collection[int]) -> Accepted:
        """Accept lines as one action that can be undone; deciding again changes nothing. Raises UserError."""
        return settling.accept(self._context, ids)

    def accept_pile(self, run: int, pile: str = "matched") -> Accepted:
        """Accept every line of a pile that waits, but for pupils who are only offered through their household."""
        return self.accept([line.id for line in self.lines(run, pile, waiting=True) if not line.offered])

    def recognise(self, line: int, student: str) -> Accepted:
        """Somebody on the list whose number is not on the roll is this pupil. Raises UserError."""
        return settling.recognise(self._context, line, student)

    def decide(self, ids: Collection[int], outcome: str, reason: str = "") -> int:
        """`notours`, `keep` or `later`, with a reason where one is needed; returns how many. Raises UserError."""
        return settling.decide(self._context, ids, outcome, reason)

    def reopen(self, ids: Collection[int]) -> int:
        """What was put aside waits again; returns how many. Raises UserError for accepted lines."""
        return settling.reopen(self._context, ids)

    def action_of(self, line: int) -> tuple[int, str] | None:
        """(number, label) of the action in which a line was accepted; None when there is nothing to take back."""
        with self._context.read() as connection:
            return kept.action_of(connection, kept.lines_by_id(connection, [line])[0])

    def undo(self, action: int) -> Changes:
        """Take an acceptance back; its lines wait again. Raises UserError when something was built on it."""
        return UndoService(self._context).undo(action)

    def _open(self, path: Path, progress: Progress | None = None, cancel: Cancel | None = None) -> Workbook:
        if self._context.info.kind == "county":
            raise UserError("县级工作站不比对名单", "请由学校在自己的工作站上比对。", path.name)
        return Workbook(path, replace(import_kind("hardship_list"), groups=_GROUPS), Pace(path.name, progress, cancel))

    def _wanted(
        self, connection: Connection, path: Path, book: Workbook, kind: str, listed_on: str, *, older: bool
    ) -> _Wanted:
        """Kind and date, given or guessed; an older list than the newest of its kind is asked about."""
        code = kind or _guess_kind(path, book)
        if not code:
            raise UserError(
                "看不出这是哪一种名单", f"请选择名单种类：{'、'.join(name for _, name in self.kinds())}。", path.name
            )
        known = lists.kind_of(code)
        day = self._day(listed_on, [path.stem, *book.titles])
        newest = newest_date(connection, known.code)
        if newest > day and not older:
            what = f"这份“{known.name}”名单（{day}）比已经比对过的（{newest}）旧"
            raise UserError(
                what, "请核对名单日期；确实要比对旧名单的，请确认后再读，它不会结束任何困难类型。", path.name
            )
        return _Wanted(path, book, known, day, newest > day)

    def _day(self, given: str, texts: list[str]) -> str:
        if given:
            try:
                return parse_date(given)
            except ValueFault as fault:
                raise UserError(fault.problem, fault.remedy, "名单日期") from None
        return lists.guess_date(texts) or day_within(self._context.term(), self._context.today())

    def _sort(self, connection: Connection, wanted: _Wanted) -> ListReport:
        context, kind, day = self._context, wanted.kind, wanted.listed_on
        scope, book = context.author.scope, wanted.book
        number = _begin(connection, wanted, context.store.clock.tick())
        run = kept.run_of(connection, number)
        desk = Desk(connection, scope, context.term(), context.today(), several_sheets=book.several_sheets)
        paper = paper_of(connection, number, kind, wanted.path.name, day)
        enrolled = [uid for uid, one in pupils(connection, scope).items() if one.enrolled]
        sorter = Sorter(desk, kind, paper, enrolled, held_elsewhere(connection, run))
        found = sorter.sort(book.rows, book.headings, older=wanted.older)
        for line in found.lines:
            line.run = number
        recall(connection, run, found.lines, sorter.is_news)
        found.lines = without_recognised(found.lines)
        kept.add_lines(connection, found.lines)
        return _finish(connection, number, wanted, found, [*book.notes, *desk.notes])

    def _annotate(self, report: ListReport, path: Path, book: Workbook) -> ListReport:
        """The marked copy of the workbook; when it cannot be written the piles stand, and the report says so."""
        from jzdesk.sheets.annotate import annotated_copy

        faults = [fault for row in book.rows for fault in row.faults]
        if not faults:
            return report
        target = self._context.folder.sub("parked") / parking.copy_name(path.name)
        try:
            return replace(report, annotated=annotated_copy(path, target, faults))
        except (UserError, StationFault) as fault:
            return replace(report, notes=(*report.notes, f"带批注的副本没有写成：{fault.sentence()}"))


def _guess_kind(path: Path, book: Workbook) -> str:
    return lists.guess_kind([path.stem, *book.titles], book.headings)


def _begin(connection: Connection, wanted: _Wanted, at: int) -> int:
    values = {
        "kind": wanted.kind.code, "file": wanted.path.name[:200], "listed_on": wanted.listed_on, "counts": "{}",
        "sha256": hashlib.sha256(wanted.path.read_bytes()).hexdigest(), "at": at,
    }  # fmt: skip
    made = connection.execute(insert(list_run).values(values)).inserted_primary_key
    assert made is not None
    return int(made[0])


def _finish(connection: Connection, number: int, wanted: _Wanted, found: Sorted, notes: list[str]) -> ListReport:
    rows = found.rows
    ended = sum(line.pile == "ended" for line in found.lines)
    counts = {pile: rows[pile] for pile in ("matched", "name", "absent", "unread")}
    all_notes = [*notes, *found.notes]
    kept_as = json.dumps({"read": found.read, **counts, "ended": ended, "notes": all_notes}, ensure_ascii=False)
    connection.execute(update(list_run).where(list_run.c.id == number).values(counts=kept_as))
    return ListReport(
        number, wanted.kind.code, wanted.kind.name, wanted.path.name, wanted.listed_on, found.read,
        counts["matched"], counts["name"], counts["absent"], counts["unread"], ended,
        sum(line.waiting for line in found.lines), tuple(all_notes),
    )  # fmt: skip


def _run(row: Row[Any], waiting: dict[str, int]) -> ListRun:
    counts = json.loads(row.counts)
    notes, read = tuple(counts.pop("notes", ())), counts.pop("read", 0)
    name = lists.kinds()[row.kind].name if row.kind in lists.kinds() else row.kind
    return ListRun(
        row.id, row.kind, name, row.file, row.listed_on, moment(row.at), read, counts, waiting, notes
    )  # fmt: skip
