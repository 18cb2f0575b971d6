"""One pile of a list: the lines at the left, the one with the cursor at the right, decided by single keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from jzdesk.core.errors import UserError
from jzdesk.ui import theme, widgets
from jzdesk.ui.desk import Desk
from jzdesk.ui.dialogs.reason import ask_reason
from jzdesk.ui.flow import Flow
from jzdesk.ui.ledger.model import Column
from jzdesk.ui.pages.listing import Listing, ListingOrEmpty

if TYPE_CHECKING:
    from jzdesk.services.lists.shapes import Likely, ListLine

_ROW = Column("row", "行", 5, numeric=True, text=lambda one: str(one.row or ""))
_LISTED = Column("name", "名单姓名", 8)
_PUPIL = Column("pupil", "本校学生", 8)
_PLACE = Column("place", "班级", 13)
_VIA = Column("via", "通过", 11, text=lambda one: one.via or "本人", tone=lambda one: "look" if one.via else "")
_GIVES = Column("gives", "确认后", 28)
_OUTCOME = Column("outcome_label", "结果", 10, tone=lambda one: "look" if one.outcome == "later" else "muted")
_REASON = Column("reason", "理由", 24)


@dataclass(frozen=True, slots=True)
class PileSpec:
    """What is particular to a pile: columns, words for none, what Enter does, which other words fit.

    `accept` is the text of the main button, `put_aside` the outcome of its second one with its text and key;
    `reasons` says whether that one needs a reason.
    """

    pile: str
    title: str
    columns: tuple[Column, ...]
    empty: str
    accept: str
    put_aside: tuple[str, str, Qt.Key]
    reasons: bool


def _birth(one: Any) -> str:
    return one.birth or "—"


def _likely(one: Any) -> str:
    return "、".join(f"{each.name}（{each.why}）" for each in one.likely)


_DETAIL = Column("details", "名单上写的", 30, text=lambda one: "　".join(text for _, text in one.details))
_BIRTH = Column("birth", "出生日期", 12, text=_birth)
_LIKELY = Column("likely", "可能是", 34, text=_likely, tone=lambda _: "look")
_SAYS = Column("says", "说明", 44, tone=lambda one: "look" if one.waiting else "muted")
_NOT_OURS = ("notours", "非本校 (N)", Qt.Key.Key_N)
PILES = (
    PileSpec(
        "matched", "对上", (_PUPIL, _PLACE, _VIA, _GIVES, _ROW, _OUTCOME, _REASON),
        "没有等待确认的人", "登记 (回车)", _NOT_OURS, True,
    ),
    PileSpec(
        "name", "姓名不同", (_LISTED, _PUPIL, _PLACE, _VIA, _GIVES, _ROW, _OUTCOME, _REASON),
        "没有证件号相同而姓名不同的人", "是同一人 (回车)", _NOT_OURS, True,
    ),
    PileSpec(
        "absent", "不在本校学籍", (_LISTED, _BIRTH, _LIKELY, _DETAIL, _ROW, _OUTCOME, _REASON),
        "名单上的学龄人员都有着落", "", _NOT_OURS, False,
    ),
    PileSpec(
        "ended", "名单上已没有", (_PUPIL, _PLACE, _GIVES, _SAYS, _OUTCOME, _REASON),
        "没有要结束的困难类型", "结束 (回车)", ("keep", "保留… (K)", Qt.Key.Key_K), True,
    ),
    PileSpec(
        "unread", "读不出", (_LISTED, _SAYS, _ROW, _OUTCOME, _REASON),
        "每一行都读得出", "", _NOT_OURS, False,
    ),
)  # fmt: skip


class PileView(QWidget):
    """A pile. `done(action, words)` is called after every decision; `action` is None for what wrote nothing."""

    def __init__(self, desk: Desk, spec: PileSpec, done: Callable[[int | None, list[int], str], None]) -> None:
        super().__init__()
        self.desk, self.spec, self._done = desk, spec, done
        self._busy = False
        self.table = Listing(spec.columns, several=True)
        hint = "这一堆处理完了；在上面可以改看“全部”，或换一份名单。"
        self.middle = ListingOrEmpty(self.table, widgets.Empty("ok", spec.empty, hint))
        self.question = widgets.label(size=1.1, bold=True, wrap=True)
        self.explain = widgets.label(tone="muted", wrap=True)
        self._facts = QVBoxLayout()
        self.deeds = Flow(0.3)
        self._build()
        self.table.chosen.connect(lambda _: self.show_line())
        self.table.selected.connect(lambda _: self.show_line())
        self.table.opened.connect(lambda _: self.accept())
        self.table.installEventFilter(self)

    def put(self, lines: Sequence[ListLine], *, settled: bool) -> None:
        """Show these; the cursor stays on its place, so that the next line is under it once one has gone.

        `settled`: lines that were decided are among them, so what became of them has columns.
        """
        self._hide_columns(lines, settled=settled)
        row = max(0, self.table.currentIndex().row())
        had_focus = self.table.hasFocus()
        kept = self.table.uid()
        self.middle.put_rows(lines)
        if lines and (self.table.uid() is None or self.table.uid() != kept):
            self.table.selectRow(min(row, len(lines) - 1))
        if had_focus:
            self.table.setFocus()
        self.right.setVisible(bool(lines))
        self.show_line()

    def _hide_columns(self, lines: Sequence[ListLine], *, settled: bool) -> None:
        """Columns that would be empty from top to bottom give their room to the others."""
        filled = {
            _OUTCOME: settled or any(line.outcome for line in lines),
            _REASON: settled,
            _LIKELY: any(line.likely for line in lines),
        }
        for number, column in enumerate(self.spec.columns):
            self.table.setColumnHidden(number, not filled.get(column, True))

    def chosen(self) -> list[ListLine]:
        """The chosen lines that wait."""
        return [line for line in self.table.chosen_rows() if line.waiting]

    def show_line(self) -> None:
        """What the list says and whom it may mean."""
        line: ListLine | None = self.table.row_here()
        if line is None:
            return
        several = len(self.table.chosen_uids())
        self.question.setText(f"已选 {several:,} 行" if several > 1 else _question(line))
        self.explain.setText(line.says if several < 2 else "回车一次处理所选的全部行，是一步，可以撤销。")
        self.explain.setVisible(bool(self.explain.text()))
        widgets.clear(self._facts)
        if several < 2:
            for part in self._cards(line):
                self._facts.addWidget(part)
        for number in range(self.deeds.count()):
            item = self.deeds.itemAt(number)
            if item is not None and (button := item.widget()) is not None:
                button.setEnabled(bool(self.chosen()))

    def accept(self) -> None:
        """Enter: accept all chosen lines and go on; of somebody not on the roll, say so and go on."""
        chosen = self.chosen()
        if not chosen or self._busy:
            return
        if not self.spec.accept:
            self._not_on_roll(chosen)
            return
        service, ids = self.desk.services.lists, [line.id for line in chosen]
        words = "已结束" if self.spec.pile == "ended" else "已登记"
        self._write(lambda: service.accept(ids).action, ids, f"{words} {_who(chosen)}")

    def put_aside(self) -> None:
        """Not ours, or kept; with a reason where the pile asks for one."""
        chosen = self.chosen()
        outcome = self.spec.put_aside[0]
        if not chosen or self._busy:
            return
        title = {"notours": "不是本校的", "keep": "保留"}[outcome]
        reason: str | None = ""
        if self.spec.reasons:
            explain = f"{_who(chosen)}：{title}。理由会留下记录，下次比对同一份名单时不再问。"
            reason = ask_reason(self, title, explain, title)
        if reason is not None:
            self._decide(chosen, outcome, reason, f"{title}：{_who(chosen)}")

    def later(self) -> None:
        """L: leave it for another day; it goes on to be counted."""
        if (chosen := self.chosen()) and not self._busy:
            self._decide(chosen, "later", "", f"以后再定：{_who(chosen)}")
            self.table.step(1)

    def recognise(self, number: int) -> None:
        """1, 2, 3…: the line is this pupil after all."""
        line: ListLine | None = self.table.row_here()
        if line is None or not line.waiting or self._busy or number >= len(line.likely):
            return
        service, one = self.desk.services.lists, line.likely[number]
        job = partial(service.recognise, line.id, one.uid)
        self._write(lambda: job().action, [line.id], f"“{line.name}”已认作 {one.place} {one.name}")

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Single keys decide; a table would take them for a search."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and self._take(event):
            return True
        return super().eventFilter(watched, event)

    def _take(self, event: QKeyEvent) -> bool:
        if event.matches(QKeySequence.StandardKey.Save):
            self.accept()
            return True
        plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
        if not plain or event.isAutoRepeat():
            return False
        key = Qt.Key(event.key())
        if Qt.Key.Key_1 <= key <= Qt.Key.Key_9:
            self.recognise(key - Qt.Key.Key_1)
            return True
        verbs = {self.spec.put_aside[2]: self.put_aside, Qt.Key.Key_L: self.later}
        if key not in verbs:
            return False
        verbs[key]()
        return True

    def _not_on_roll(self, chosen: Sequence[ListLine]) -> None:
        """Enter where there is nothing to accept: without anybody alike it means that the child is not ours."""
        if any(line.likely for line in chosen) or self.spec.pile == "unread":
            remedy = "是本校学生的，按右边的数字键认定；不是的按 N，拿不准的按 L。"
            self.desk.present(UserError("这一行需要您看一眼再定", remedy, chosen[0].name))
            return
        self._decide(chosen, "notours", "", f"不是本校的：{_who(chosen)}")

    def _decide(self, chosen: Sequence[ListLine], outcome: str, reason: str, words: str) -> None:
        service, ids = self.desk.services.lists, [line.id for line in chosen]

        def job() -> None:
            service.decide(ids, outcome, reason)

        self._write(job, ids, words)

    def _write(self, job: Callable[[], int | None], ids: list[int], words: str) -> None:
        self._busy = True
        self.desk.write(
            lambda _: job(),
            lambda action: self._done(action, ids, words),
            title="正在保存",
            owner=self,
            always=self._free,
        )

    def _free(self) -> None:
        self._busy = False

    def _cards(self, line: ListLine) -> list[QWidget]:
        cards: list[QWidget] = []
        if line.pupil:
            pupil = [("班级", line.place), ("通过", line.via), ("确认后", line.gives)]
            cards.append(facts_card(f"本校学籍：{line.pupil}", pupil))
        if line.pile == "ended":
            cards.append(facts_card("现有登记", line.details))
        else:
            others = "　".join(text for _, text in line.details)
            listed = [("证件号", line.number), ("出生日期", line.birth), ("其他", others)]
            cards.append(facts_card(f"名单第 {line.row} 行：{line.name}", listed))
        if line.outcome:
            cards.append(facts_card("已处理", [("结果", line.outcome_label), ("理由", line.reason)]))
        elif line.likely:
            cards += [self._likely_card(number, one) for number, one in enumerate(line.likely)]
        return cards

    def _likely_card(self, number: int, one: Likely) -> QWidget:
        card = facts_card(f"可能是：{one.name}", [("班级", one.place), ("出生日期", one.birth), ("相似", one.why)])
        made = widgets.button(f"是这名学生 ({number + 1})", partial(self.recognise, number))
        made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        card.body.addWidget(made)
        return card

    def _build(self) -> None:
        if self.spec.accept:
            self.deeds.addWidget(widgets.button(self.spec.accept, self.accept, role="primary"))
        self.deeds.addWidget(widgets.button(self.spec.put_aside[1], self.put_aside))
        self.deeds.addWidget(widgets.button("以后 (L)", self.later, role="link"))
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, theme.em(0.3), 0)
        column.setSpacing(theme.em(0.6))
        self._facts.setSpacing(theme.em(0.5))
        column.addLayout(self._facts)
        column.addStretch(1)
        self.right = widgets.Card()
        for part in (self.question, self.explain):
            self.right.body.addWidget(part)
        self.right.body.addWidget(widgets.scrolled(inner), 1)
        self.right.body.addWidget(widgets.holder(self.deeds))
        self.right.setMinimumWidth(theme.em(19))
        halves = QSplitter(Qt.Orientation.Horizontal)
        halves.setChildrenCollapsible(False)
        halves.setHandleWidth(theme.gap())
        halves.addWidget(self.middle)
        halves.addWidget(self.right)
        halves.setStretchFactor(0, 1)
        halves.setSizes([theme.em(50), theme.em(21)])
        inside = widgets.column(halves)
        inside.setContentsMargins(0, theme.em(0.5), 0, 0)
        self.setLayout(inside)


def facts_card(title: str, facts: Sequence[tuple[str, str]]) -> widgets.Card:
    """A small card of (name, text), without the blank ones."""
    card = widgets.Card(space=0.2)
    card.body.addWidget(widgets.label(title, tone="muted", bold=True))
    for name, text in facts:
        if text:
            words = widgets.label(name, tone="muted")
            words.setMinimumWidth(theme.em(4.3))
            row = widgets.row(words, widgets.label(text, wrap=True))
            row.setStretch(1, 1)
            card.body.addLayout(row)
    return card


def _question(line: ListLine) -> str:
    if line.outcome and not line.waiting:
        return f"{line.name}：{line.outcome_label}"
    asks = {
        "matched": f"“{line.name}”在名单上，登记吗？",
        "name": f"名单写“{line.name}”，证件号是 {line.via or line.pupil} 的，是同一人吗？",
        "absent": f"“{line.name}”不在本校学籍，是本校学生吗？",
        "ended": f"“{line.pupil}”的困难类型还保留吗？",
        "unread": f"第 {line.row} 行“{line.name or '（无姓名）'}”读不出",
    }
    return asks[line.pile]


def _who(lines: Sequence[ListLine]) -> str:
    return f"“{lines[0].pupil or lines[0].name}”" if len(lines) == 1 else f"{len(lines):,} 人"
