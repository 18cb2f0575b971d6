"""依法删除 (county): what was erased on what ground, which schools have not deleted it yet, and what came in again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QWidget

from jzdesk.ui import theme, widgets
from jzdesk.ui.desk import Desk
from jzdesk.ui.dialogs.erasing import About, EraseDialog
from jzdesk.ui.inputs import Pick
from jzdesk.ui.ledger.model import Column
from jzdesk.ui.pages.listing import Listing, ListingOrEmpty

if TYPE_CHECKING:
    from jzdesk.services.erasing.listing import ErasureLine

_ALL, _WAITING, _AGAIN = None, "waiting", "again"
_SHOWN = ((_ALL, "全部"), (_WAITING, "还有学校没删"), (_AGAIN, "之后又有写入"))
_NAMED = 12  # schools that one sentence names


def _heard_tone(one: ErasureLine) -> str:
    return "look" if one.waiting else "good"


COLUMNS = (
    Column("again", "之后", 8, text=lambda one: "又有写入" if one.again else "", tone=lambda _: "wrong"),
    Column("heard", "各校", 11, tone=_heard_tone),
    Column("label", "台账", 9),
    Column("title", "记录", 13),
    Column("fields", "删除的内容", 16),
    Column("when", "时间", 17),
    Column("who", "办理人", 8),
    Column("entries", "变更", 5, numeric=True, text=lambda one: f"{one.entries:,}"),
    Column("ground", "依据", 40),
)


class ErasureView(QWidget):
    """Every erasure, the newest first; what is still to be done about the one with the cursor stands beneath."""

    def __init__(self, desk: Desk, changed: Callable[[], object]) -> None:
        super().__init__()
        self.desk, self._changed = desk, changed
        self._lines: Sequence[ErasureLine] = ()
        self.table = Listing(COLUMNS, key=lambda one: str(one.number))
        hint = "监护人依法要求删除时，按“依法删除…”办理；删了什么、依据和各校删到哪里，会记在这里。"
        self.middle = ListingOrEmpty(self.table, widgets.Empty("void", "还没有依法删除过", hint))
        self.shown = Pick(_SHOWN, tip="只看要处理的")
        self.shown.currentIndexChanged.connect(lambda _: self._fill())
        self.settle_button = widgets.button("去“不同填法”裁定", self.settle, icon="merge")
        self.again_button = widgets.button("再删一次…", self.once_more)
        self.new_button = widgets.button("依法删除… (Ctrl+N)", self.begin, icon="void", role="danger")
        head = widgets.row(self.shown, None, self.settle_button, self.again_button, self.new_button)
        self.schools = widgets.label(wrap=True, bold=True)
        self.words = widgets.label(wrap=True)
        inside = widgets.column(head, self.middle, self.schools, self.words)
        inside.setStretch(1, 1)
        inside.setContentsMargins(0, theme.em(0.6), 0, 0)
        self.setLayout(inside)
        self.table.chosen.connect(lambda _: self._tell())
        self.table.opened.connect(lambda _: self.once_more())
        self._tell()

    def show_erasures(self, lines: Sequence[ErasureLine]) -> None:
        """Show these, what was written again first."""
        self._lines = sorted(lines, key=lambda line: not line.again)
        self._fill()

    def begin(self) -> None:
        """Ctrl+N: erase a child that is searched for first."""
        EraseDialog(self, self.desk, None, self._changed).open()

    def once_more(self) -> None:
        """Erase what somebody who had not heard has written since."""
        line = self._line()
        if line is not None and line.again:
            about = About(line.entity, line.uid, line.title, line.names)
            EraseDialog(self, self.desk, about, self._changed).open()

    def settle(self) -> None:
        """The conflict that has to be decided first stands on a tab of its own."""
        self.desk.go("merge", "conflicts")

    def showEvent(self, event: QShowEvent) -> None:
        """The keyboard goes to the list, or to the button where there is none."""
        super().showEvent(event)
        (self.table if self._lines else self.new_button).setFocus()

    def _fill(self) -> None:
        which = self.shown.value()
        shown = [line for line in self._lines if which is _ALL or (line.again if which == _AGAIN else line.waiting)]
        self.middle.put_rows(shown, narrowed=bool(self._lines))
        if shown and self.table.uid() is None:
            self.table.selectRow(0)
        self._tell()

    def _tell(self) -> None:
        line = self._line()
        again = line is not None and line.again
        self.settle_button.setVisible(again)
        self.again_button.setVisible(again)
        for part in (self.schools, self.words):
            part.setVisible(line is not None)
        if line is not None:
            self.schools.setText(_where(line))
            theme.mark(self.schools, tone="wrong" if again else _heard_tone(line))
            self.words.setText(f"{_advice(line)}依据：{line.ground}")

    def _line(self) -> ErasureLine | None:
        line: ErasureLine | None = self.table.row_here()
        return line


def _where(line: ErasureLine) -> str:
    """How far it has got, with the schools by name."""
    if line.again:
        return "删除以后，还没得到通知的学校又写了这条内容，没有删干净。"
    if line.waiting:
        more = f"等 {len(line.waiting)} 所" if len(line.waiting) > _NAMED else ""
        return f"还没有删除：{'、'.join(line.waiting[:_NAMED])}{more}。"
    return f"都已删除：{'、'.join(line.schools)}。" if line.schools else "只在县里，没有要通知的学校。"


def _advice(line: ErasureLine) -> str:
    """What to do about it."""
    if line.again:
        return "先到“不同填法”裁定（列着的话），再按“再删一次…”，然后写回执。"
    if line.waiting:
        return "请在“收件箱”写回执，带给学校读取；学校读过以后再报来数据包，这里才算已删除。"
    return ""
