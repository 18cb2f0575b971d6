"""工作台: what to do today, each line opening the place to do it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from math import lcm
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QGridLayout, QVBoxLayout, QWidget

from jzdesk.ui import icons, theme, widgets
from jzdesk.ui.charts import BarChart
from jzdesk.ui.desk import Changes, Desk
from jzdesk.ui.page import Page

if TYPE_CHECKING:
    from jzdesk.services.home import Card, HomeSummary, Todo

CARD_WIDTH = 13
SIDE_BY_SIDE = 58


class HomePage(Page):
    """Cards with the figures of the station, a chart of visits by grade, and the list of things to do."""

    title, icon = "工作台", "home"
    hints = "Alt+数字 换页　F5 刷新　F1 按键和版本"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._filled = False
        self._cards: list[widgets.Card] = []
        self.heading(widgets.label(_where(desk), tone="muted"))
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, theme.em(0.3), 0)
        column.setSpacing(theme.gap())
        self._grid = QGridLayout()
        self._grid.setSpacing(theme.gap())
        column.addLayout(self._grid)
        column.addLayout(self._lower_half(), 1)
        self.body.addWidget(widgets.scrolled(inside), 1)

    def arrive(self, hint: str = "") -> None:
        """Look again each time: it is the page of today."""
        self._stale = False
        self.refresh()

    def refresh(self) -> None:
        """Ask for the figures."""
        self.desk.tasks.read("home", lambda: self.desk.services.home.summary(), self._show, owner=self)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lay the cards and the two halves out for the width."""
        super().resizeEvent(event)
        self._lay_out()

    def _heard(self, changes: Changes) -> None:
        """Every change may move a figure."""
        if self.isVisible():
            self.refresh()

    def _lower_half(self) -> QBoxLayout:
        self._halves = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._halves.setSpacing(theme.gap())
        self.chart, self.chart_title = BarChart(""), widgets.label("", size=1.15, bold=True)
        chart_card = widgets.Card()
        chart_card.body.addWidget(self.chart_title)
        chart_card.body.addWidget(self.chart, 1)
        todo_card = widgets.Card("待办", space=0.1)
        self.todos = QVBoxLayout()
        self.todos.setSpacing(0)
        todo_card.body.addLayout(self.todos)
        todo_card.body.addStretch(1)
        self._halves.addWidget(chart_card, 3)
        self._halves.addWidget(todo_card, 2)
        return self._halves

    def _show(self, summary: HomeSummary) -> None:
        for old in self._cards:
            old.hide()
            old.deleteLater()
        self._cards = [self._card(each) for each in summary.cards]
        self._lay_out()
        self.chart_title.setText(summary.chart.title)
        self.chart.put(summary.chart.bars, summary.chart.empty)
        self._show_todos([todo for todo in summary.todos if todo.count])

    def _lay_out(self) -> None:
        """As many cards in a row as fit without cutting words."""
        fit = max(1, (self.width() - theme.em(2.8)) // theme.em(CARD_WIDTH + 0.75))
        count = max(1, len(self._cards))
        across = -(-count // -(-count // min(fit, count)))
        self._place_cards(across)
        beside = self.width() >= theme.em(SIDE_BY_SIDE)
        direction = QBoxLayout.Direction.LeftToRight if beside else QBoxLayout.Direction.BottomToTop
        self._halves.setDirection(direction)

    def _place_cards(self, across: int) -> None:
        """Rows of so many; the cards of a last row that is not full share its width."""
        whole = len(self._cards) // across * across
        rest = len(self._cards) - whole or across
        columns = lcm(across, rest)
        for number in range(max(columns, self._grid.columnCount())):
            self._grid.setColumnStretch(number, 1 if number < columns else 0)
        for number, card in enumerate(self._cards):
            place, wide = (number % across, columns // across) if number < whole else (number - whole, columns // rest)
            self._grid.addWidget(card, number // across, place * wide, 1, wide)

    def _card(self, card: Card) -> widgets.Card:
        made = widgets.Card(live=bool(card.page), space=0.25)
        made.body.addWidget(widgets.label(card.label, tone="muted"))
        made.body.addWidget(widgets.label(card.value, size=1.85, bold=True))
        made.body.addWidget(widgets.label(card.detail, tone="muted", wrap=True))
        made.body.addStretch(1)
        made.setAccessibleName(f"{card.label} {card.value} {card.detail}")
        if card.page:
            made.clicked.connect(partial(self.desk.go, card.page))
        return made

    def _show_todos(self, todos: Sequence[Todo]) -> None:
        widgets.clear(self.todos)
        for number, todo in enumerate(todos):
            if number:
                self.todos.addWidget(widgets.line())
            self.todos.addWidget(self._todo(todo))
        if not todos:
            self.todos.addWidget(_all_done())

    def _todo(self, todo: Todo) -> QWidget:
        open_ = widgets.button("处理", partial(self.desk.go, todo.page, todo.filter))
        open_.setAccessibleName(f"处理：{todo.label}")
        count = widgets.label(f"{todo.count:,} 项", tone="muted")
        words = widgets.row(widgets.label(todo.label, wrap=True), count, open_)
        words.setStretch(0, 1)
        made = QWidget()
        made.setLayout(words)
        words.setContentsMargins(0, theme.em(0.4), 0, theme.em(0.4))
        return made


def _all_done() -> QWidget:
    picture = widgets.label()
    picture.setPixmap(icons.pixmap("ok", theme.em(1.4), theme.GOOD))
    row = widgets.row(picture, widgets.label("今天没有待办，都处理完了。", tone="muted"), None)
    row.setAlignment(picture, Qt.AlignmentFlag.AlignVCenter)
    return widgets.holder(row)


def _where(desk: Desk) -> str:
    info = desk.services.info
    return f"{info.name}　{info.code}"
