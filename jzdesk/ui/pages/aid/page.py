"""The page 资助: a term, and under it decisions, batches, standards and programmes."""

from __future__ import annotations

from PySide6.QtWidgets import QTabWidget

from jzdesk.ui import theme
from jzdesk.ui.desk import Changes, Desk
from jzdesk.ui.inputs import Pick
from jzdesk.ui.ledger.page import LedgerPage
from jzdesk.ui.page import Page
from jzdesk.ui.pages.aid.batches import BatchesView
from jzdesk.ui.pages.aid.decisions import DecisionsView

DECISIONS, BATCHES, STANDARDS, PROGRAMMES = range(4)
_HINTS = {"decisions": DECISIONS, "batches": BATCHES, "standards": STANDARDS}


class AidPage(Page):
    """One term at a time."""

    title, icon = "资助", "aid"
    entities = frozenset({"decision", "batch", "payment", "notice", "standard", "programme"})
    hints = "F3 查找　F5 刷新　Ctrl+Tab 换一栏　↑↓ 换行看依据"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.term = Pick([], "学期")
        self.heading(self.term)
        self.decisions = DecisionsView(desk, self.chosen_term)
        self.batches = BatchesView(desk, self.chosen_term)
        self.standards, self.programmes = LedgerPage(desk, "standard"), LedgerPage(desk, "programme")
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.setMinimumSize(theme.em(30), theme.em(16))
        self.tabs.addTab(self.decisions, "认定")
        self.tabs.addTab(self.batches, "批次")
        for page, name in ((self.standards, "标准"), (self.programmes, "项目")):
            page.body.setContentsMargins(0, page.body.contentsMargins().top() // 2, 0, 0)
            self.tabs.addTab(page, name)
        self.body.addWidget(self.tabs, 1)
        self.term.picked.connect(self._look)
        self.tabs.currentChanged.connect(lambda _: self._look())

    def chosen_term(self) -> str:
        """The term people look at."""
        return str(self.term.value() or self.desk.services.context.term())

    def arrive(self, hint: str = "") -> None:
        """Fill the terms, then what stands in front."""
        if hint in _HINTS:
            self.tabs.setCurrentIndex(_HINTS[hint])
        self.desk.tasks.read("aid-terms", self.desk.services.aid.terms, self._show_terms, owner=self)

    def refresh(self) -> None:
        """F5."""
        self._look()

    def seek(self) -> None:
        """F3."""
        here = self.tabs.currentWidget()
        if isinstance(here, DecisionsView | LedgerPage):
            here.seek()

    def new(self) -> None:
        """Ctrl+N: decide, make a batch, or a new standard, as the tab in front says."""
        here = self.tabs.currentWidget()
        if isinstance(here, DecisionsView):
            here.decide()
        elif isinstance(here, BatchesView | LedgerPage):
            here.new()

    def save(self) -> None:
        """Ctrl+S in the ledger of standards."""
        here = self.tabs.currentWidget()
        if isinstance(here, LedgerPage):
            here.save()

    def may_leave(self) -> bool:
        """Asks when a standard is being changed."""
        return self.standards.may_leave() and self.programmes.may_leave()

    def _heard(self, changes: Changes) -> None:
        """Records of aid changed: look again, here or when the page comes to the front."""
        if self.entities & changes.entities and self.isVisible():
            self._look()

    def _look(self) -> None:
        """Ask for what stands in front."""
        here = self.tabs.currentWidget()
        if isinstance(here, DecisionsView | BatchesView):
            here.refresh()
        elif isinstance(here, LedgerPage):
            here.arrive()
        self.term.setVisible(not isinstance(here, LedgerPage))

    def _show_terms(self, terms: list[tuple[str, str]]) -> None:
        first = self.term.count() == 0
        self.term.fill(list(terms))
        if first:
            blocked = self.term.blockSignals(True)
            self.term.choose(str(self.desk.services.context.term()))
            self.term.blockSignals(blocked)
        self._look()
