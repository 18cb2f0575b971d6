"""The table of 400,000 students against holding all of it.

Limit: reading every row with its columns into a list and painting a table over it. Product: the page of students: the
ids in their order, one page of rows, painted. Goal: at most a fifth; and a page further on, fetched and painted, takes
at most twice as long as Qt's own view on a C++ `QStandardItemModel` that holds its rows already.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from benchmarks.big import station
from benchmarks.measure import Measured, Row, Scale, in_turns, seconds
from jzdesk.services.bundle import Services
from jzdesk.services.student_rows import student_rows
from jzdesk.services.students import StudentQuery

if TYPE_CHECKING:
    from PySide6.QtWidgets import QTableView

    from jzdesk.ui.ledger.model import Column
    from jzdesk.ui.ledger.table import Table

_PAGES, _ROWS = 20, 200
_PAGE_GOAL = 2.0
_NAMES = ("name", "sex", "id_number", "grade", "school_class", "boarding", "hardships", "phone", "caseworker")


def measure(scale: Scale) -> Measured:
    """Milliseconds to the first paint."""
    from jzdesk.ui.program import application

    application([])
    services = station(scale)
    limit, product = in_turns(scale.runs, lambda: _first(services, _eager), lambda: _first(services, _by_page))
    ours, qt = _pages(services)
    note = (
        f"a page further on {ours:.1f} ms, QStandardItemModel {qt:.1f} ms ({ours / qt:.1f}×, at most {_PAGE_GOAL:g}×)"
    )
    return Measured(limit, product, kept=ours <= _PAGE_GOAL * qt, notes=(note,))


def _columns() -> list[Column]:
    from jzdesk.ui.ledger.model import Column

    return [Column(name, name) for name in _NAMES]


def _table(fetch: Any) -> Table:
    from jzdesk.ui.ledger.model import TableModel
    from jzdesk.ui.ledger.table import Table

    table = Table(TableModel(_columns(), fetch))
    table.resize(1100, 640)
    return table


def _first(services: Services, fill: Any) -> float:
    table = None

    def work() -> None:
        nonlocal table
        table = fill(services)
        table.grab()

    return seconds(work) * 1000


def _by_page(services: Services) -> Table:
    table = _table(services.students.rows)
    table.put(services.students.ids(StudentQuery()))
    return table


def _eager(services: Services) -> Table:
    """Everything at once: all ids, all rows."""
    uids = services.students.ids(StudentQuery())
    with services.context.read() as connection:
        rows = {row.uid: row for row in student_rows(connection, uids)}

    def fetch(wanted: Sequence[str]) -> list[Any]:
        return [rows[uid] for uid in wanted]

    table = _table(fetch)
    table.put(uids)
    return table


def _pages(services: Services) -> tuple[float, float]:
    """(ours, Qt's) milliseconds for a page not seen before."""
    ours = _by_page(services)
    uids = ours.records().uids()
    theirs = _standard(services.students.rows(uids[: _PAGES * _ROWS]))
    ours.grab(), theirs.grab()
    step, their_step = len(uids) // (_PAGES + 1), theirs.model().rowCount() // (_PAGES + 1)
    numbers = range(1, _PAGES + 1)
    return _median(partial(_scroll, ours, step), numbers), _median(partial(_scroll, theirs, their_step), numbers)


def _scroll(view: QTableView, step: int, number: int) -> None:
    view.scrollTo(view.model().index(number * step, 0), view.ScrollHint.PositionAtTop)
    view.grab()


def _median(work: Callable[[int], None], numbers: range) -> float:
    return statistics.median(seconds(partial(work, number)) for number in numbers) * 1000


def _standard(rows: Sequence[Any]) -> QTableView:
    """Qt's own model filled with these rows, in Qt's own view, dressed as ours."""
    from PySide6.QtGui import QStandardItem, QStandardItemModel
    from PySide6.QtWidgets import QTableView

    view = QTableView()
    model = QStandardItemModel(view)
    for row in rows:
        model.appendRow([QStandardItem(str(getattr(row, name))) for name in _NAMES])
    view.setModel(model)
    view.resize(1100, 640)
    return view


ROW = Row("table", "table of 400k rows", "ms", 0.2, False, measure)
