"""A table of rows that are all at hand: reports, cases, batches; the same look and keys as every other table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from PySide6.QtWidgets import QStackedWidget

from jzdesk.ui import widgets
from jzdesk.ui.ledger.model import Column, TableModel
from jzdesk.ui.ledger.table import Table
from jzdesk.ui.page import Page

NOTHING_FOUND = 2


@dataclass(frozen=True, slots=True)
class Listed:
    """One row with the name it goes by in the table; everything else is asked of the row itself."""

    uid: str
    given: Any

    def __getattr__(self, name: str) -> Any:
        return getattr(object.__getattribute__(self, "given"), name)


def found_by(typed: str, name: str, *further: str) -> bool:
    """Whether what was typed is a part of the name or of a further word, or of the pinyin initials of the name."""
    from jzdesk.core import pinyin

    wanted = typed.strip().casefold()
    if any(wanted in word.casefold() for word in (name, *further)):
        return True
    return any(wanted in initials for initials in pinyin.readings(name))


def learn_names(names: Iterable[str]) -> None:
    """Look up the initials of names that will be searched among: the first look takes too long while typing."""
    from jzdesk.core import pinyin

    for name in names:
        pinyin.readings(name)


class Listing(Table):
    """A Table over a list. `key` names a row (its `uid`; with None the rows are numbered, so that none is lost)."""

    def __init__(
        self, columns: Sequence[Column], *, key: Callable[[Any], str] | None = attrgetter("uid"), several: bool = False
    ) -> None:
        self._held: dict[str, Listed] = {}
        self._key = key
        super().__init__(TableModel(columns, self._fetch), several=several)

    def put_rows(self, rows: Iterable[Any]) -> None:
        """Show these rows; the cursor stays on its row when that is still there."""
        named = ((self._key(row) if self._key else str(number), row) for number, row in enumerate(rows))
        self._held = {uid: Listed(uid, row) for uid, row in named}
        self.put(list(self._held))

    def row_here(self) -> Any | None:
        """The row with the cursor, as it was given."""
        uid = self.uid()
        return self._held[uid].given if uid in self._held else None

    def chosen_rows(self) -> list[Any]:
        """All chosen rows, in the order of the table."""
        return [self._held[uid].given for uid in self.chosen_uids()]

    def all_rows(self) -> list[Any]:
        """All rows, in order."""
        return [one.given for one in self._held.values()]

    def _fetch(self, uids: Sequence[str]) -> list[Listed]:
        return [self._held[uid] for uid in uids if uid in self._held]


class ListingOrEmpty(QStackedWidget):
    """A listing, or what stands in its place while there is nothing: a sentence and what to do next."""

    def __init__(self, table: Listing, empty: widgets.Empty) -> None:
        super().__init__()
        self.table = table
        card = widgets.Card()
        card.body.addWidget(empty)
        self.addWidget(table)
        self.addWidget(card)
        missed = widgets.Card()
        missed.body.addWidget(widgets.Empty("search", "没有找到符合条件的", "换个条件，或清空查找框。"))
        self.addWidget(missed)
        self.setCurrentIndex(1)

    def put_rows(self, rows: Sequence[Any], *, narrowed: bool = False) -> None:
        """Show the rows, or the words for none; with `narrowed` there are others, left out by a search or filter."""
        came = bool(rows) and self.currentIndex() == 1
        self.table.put_rows(rows)
        self.setCurrentIndex(NOTHING_FOUND if narrowed and not rows else bool(not rows))
        if came and self.table.isVisible():
            self._offer_cursor()

    def _offer_cursor(self) -> None:
        around = self.parentWidget()
        while around is not None and not isinstance(around, Page):
            around = around.parentWidget()
        if around is not None:
            around.table_came(self.table)
