"""学籍异动: events, the yearly promotion, the classes, the ledger 销号 and the roll on any day."""

from __future__ import annotations

from PySide6.QtWidgets import QTabWidget

from jzdesk.ui import theme
from jzdesk.ui.desk import Desk
from jzdesk.ui.page import Page
from jzdesk.ui.pages.roll.classes import ClassesView
from jzdesk.ui.pages.roll.closures import ClosuresView
from jzdesk.ui.pages.roll.day import DayView
from jzdesk.ui.pages.roll.events import EventsView
from jzdesk.ui.pages.roll.promotion import PromotionView
from jzdesk.ui.pages.roll.transfers import TransfersView
from jzdesk.ui.pages.roll.view import View

EVENTS, TRANSFERS, PROMOTION, CLASSES, CLOSURES, DAY = range(6)
_HINTS = {
    "events": EVENTS, "suspected": EVENTS, "expired": EVENTS, "promotion": PROMOTION, "classes": CLASSES,
    "closures": CLOSURES, "overdue": CLOSURES, "proposed": CLOSURES, "day": DAY, "transfers": TRANSFERS,
}  # fmt: skip


class RollPage(Page):
    """`hint`: a tab, what waits there (suspected, expired, overdue, proposed), or the uid of a pupil to record for.

    `transfers#uid` is for a pupil who goes to another school, or comes from one.
    """

    title, icon = "学籍异动", "roll"
    entities = frozenset({"enrolment", "enrolment_event", "school_class", "closure", "student", "transfer", "payment"})
    hints = "F3 查找　F5 刷新　Ctrl+Tab 换一栏　Ctrl+N 登记　回车 办理"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.heading()
        self.events, self.promotion, self.classes = EventsView(desk), PromotionView(desk), ClassesView(desk)
        self.closures, self.day, self.transfers = ClosuresView(desk), DayView(desk), TransfersView(desk)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.setMinimumSize(theme.em(30), theme.em(16))
        for view, name in (
            (self.events, "异动"), (self.transfers, "转学"), (self.promotion, "升级与毕业"), (self.classes, "班级"),
            (self.closures, "销号"), (self.day, "某日名册"),
        ):  # fmt: skip
            self.tabs.addTab(view, name)
        self.body.addWidget(self.tabs, 1)
        self.tabs.currentChanged.connect(lambda _: self.refresh())

    def arrive(self, hint: str = "") -> None:
        """Show the tab the hint names, and look again."""
        self._stale = False
        place = EVENTS if len(hint) == 32 else _HINTS.get(hint.split("#")[0], self.tabs.currentIndex())
        self.tabs.setCurrentIndex(place)
        if hint:
            self._view().point(hint)
        self.refresh()

    def refresh(self) -> None:
        """F5."""
        self._view().refresh()

    def seek(self) -> None:
        """F3."""
        self._view().seek()

    def new(self) -> None:
        """Ctrl+N."""
        self._view().new()

    def _view(self) -> View:
        view = self.tabs.currentWidget()
        assert isinstance(view, View)
        return view
