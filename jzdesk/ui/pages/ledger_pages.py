"""台账: a sheet of all ledgers, each opening the page that its specs make."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QStackedLayout, QVBoxLayout, QWidget

from jzdesk.ui import icons, theme, widgets
from jzdesk.ui.desk import Desk
from jzdesk.ui.ledger.page import LedgerPage
from jzdesk.ui.page import Page

_GROUPS = (
    ("学校和人员", ("school", "class", "school_class", "staff")),
    ("家庭和学生", (
        "student", "household", "member", "guardian", "enrolment", "enrolment_event", "hardship", "bank_account",
        "photo", "consent", "question", "identity",
    )),
    ("帮扶", ("pairing", "visit", "pledge", "closure")),
    ("资助", ("programme", "standard", "decision", "batch", "payment", "notice", "fund", "fund_entry")),
)  # fmt: skip
_ICONS = {
    "school": "school", "class": "student", "school_class": "student", "staff": "staff", "household": "household",
    "member": "household", "student": "student", "guardian": "user", "enrolment": "history", "hardship": "info",
    "bank_account": "bank", "pairing": "pair", "visit": "visit", "pledge": "pledge", "programme": "aid",
    "standard": "aid", "decision": "ok", "batch": "aid", "payment": "aid", "notice": "notice",
    "fund": "bank", "fund_entry": "bank",
    "enrolment_event": "roll", "photo": "user", "consent": "pledge", "question": "question", "identity": "merge",
    "closure": "tick", "division": "township",
}  # fmt: skip
CARD = 15


def groups(entities: list[str]) -> list[tuple[str, list[str]]]:
    """All entities under headings; those that no heading names stand last, so that none is ever missing."""
    known = {name for _, names in _GROUPS for name in names}
    found = [(title, [name for name in names if name in entities]) for title, names in _GROUPS]
    found.append(("其他", [name for name in entities if name not in known]))
    return [(title, names) for title, names in found if names]


class LedgersPage(Page):
    """The sheet of ledgers, and the ledger opened last. `hint` in `desk.go("ledger", "staff")` opens one."""

    title, icon = "台账", "ledger"
    hints = "Tab 选一本　回车 打开　F5 刷新"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.body.setContentsMargins(0, 0, 0, 0)
        self._stack = QStackedLayout()
        self.body.addLayout(self._stack)
        self._pages: dict[str, LedgerPage] = {}
        self._index = _Index(desk, self.open)
        self._stack.addWidget(self._index)
        self._stack.currentChanged.connect(lambda _: self._hint())

    def open(self, entity: str) -> LedgerPage:
        """Open the ledger of `entity`."""
        if entity not in self._pages:
            page = LedgerPage(self.desk, entity)
            page.add_action("全部台账", self.back, icon="back")
            self._pages[entity] = page
            self._stack.addWidget(page)
        page = self._pages[entity]
        self._stack.setCurrentWidget(page)
        page.arrive()
        page.seek()
        return page

    def back(self) -> None:
        """Return to the sheet."""
        if self.may_leave():
            self._stack.setCurrentWidget(self._index)

    def arrive(self, hint: str = "") -> None:
        """Open the ledger that `hint` names (with the record behind a colon), else show what was shown last."""
        entity, _, uid = hint.partition(":")
        if entity in self.desk.services.ledger.specs:
            opened = self.open(entity)
            if uid:
                opened.to_find = uid
                opened.open_record(uid)
        elif (page := self._here()) is not None:
            page.arrive()

    def refresh(self) -> None:
        """F5."""
        if (page := self._here()) is not None:
            page.refresh()

    def seek(self) -> None:
        """F3."""
        if (page := self._here()) is not None:
            page.seek()

    def new(self) -> None:
        """Ctrl+N."""
        if (page := self._here()) is not None:
            page.new()

    def save(self) -> None:
        """Ctrl+S."""
        if (page := self._here()) is not None:
            page.save()

    def may_leave(self) -> bool:
        """Asks when the open form holds changes."""
        page = self._here()
        return page is None or page.may_leave()

    def _hint(self) -> None:
        """The keys of the ledger in front: one that is only looked at has fewer."""
        here = self._here()
        self.hints = here.hints if here is not None else LedgersPage.hints
        self.hinted.emit()

    def _here(self) -> LedgerPage | None:
        current = self._stack.currentWidget()
        return current if isinstance(current, LedgerPage) else None


class _Index(Page):
    """The sheet: one card a ledger, under headings."""

    title = "台账"

    def __init__(self, desk: Desk, open_: Callable[[str], object]) -> None:
        super().__init__(desk)
        self.heading(widgets.label("选一本台账查看和登记", tone="muted"))
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.gap())
        self._grids: list[tuple[QGridLayout, list[widgets.Card]]] = []
        specs = desk.services.ledger.specs
        for title, names in groups(list(specs)):
            column.addWidget(widgets.label(title, tone="muted", bold=True))
            grid = QGridLayout()
            grid.setSpacing(theme.em(0.6))
            cards = [_card(name, specs[name].label, open_) for name in names]
            self._grids.append((grid, cards))
            column.addLayout(grid)
            column.addSpacing(theme.em(0.4))
        column.addStretch(1)
        self.body.addWidget(widgets.scrolled(inside), 1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """As many cards in a row as fit."""
        super().resizeEvent(event)
        across = max(1, (self.width() - theme.em(3)) // theme.em(CARD))
        for grid, cards in self._grids:
            for number in range(max(grid.columnCount(), across)):
                grid.setColumnStretch(number, 1 if number < across else 0)
            for number, card in enumerate(cards):
                grid.addWidget(card, number // across, number % across)
            for number in range(grid.count(), across):  # equal columns in every group
                grid.addWidget(QWidget(), 0, number)


def _card(name: str, label: str, open_: Callable[[str], object]) -> widgets.Card:
    made = widgets.Card(live=True)
    picture = widgets.label()
    picture.setPixmap(icons.pixmap(_ICONS.get(name, "ledger"), theme.em(1.5), theme.ACCENT))
    row = widgets.row(picture, widgets.label(label, bold=True), None, space=0.7)
    row.setAlignment(picture, Qt.AlignmentFlag.AlignVCenter)
    made.body.addLayout(row)
    made.setAccessibleName(label)
    made.clicked.connect(partial(open_, name))
    return made
