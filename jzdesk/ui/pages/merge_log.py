"""合并记录 (county): every package that came and what became of it; one can be taken back, and return."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from jzdesk.ui import theme, widgets
from jzdesk.ui.desk import Desk
from jzdesk.ui.dialogs.effects import EffectsDialog
from jzdesk.ui.inputs import Pick
from jzdesk.ui.ledger.model import Column
from jzdesk.ui.pages.figures import Figure, Figures
from jzdesk.ui.pages.listing import Listing, ListingOrEmpty
from jzdesk.ui.tasks import Progress

if TYPE_CHECKING:
    from jzdesk.services.package_log import LogLine
    from jzdesk.services.withdrawing import Turnabout

OUTCOME_TONES = {
    "applied": "good", "duplicate": "muted", "withdrawn": "look", "parked": "look", "held": "look", "fork": "wrong",
    "rejected": "wrong",
}  # fmt: skip
_TAKEN = frozenset({"applied", "held", "duplicate", "withdrawn"})


class LogView(QWidget):
    """Every package that came, newest first, and what its entries became; one can be taken back and return."""

    def __init__(self, desk: Desk, changed: Callable[[], object]) -> None:
        super().__init__()
        self.desk, self._changed = desk, changed
        self._names: Mapping[str, str] = {}
        self._log: Sequence[LogLine] = ()
        self.table = Listing(
            (
                Column("when", "时间", 19),
                Column("school", "学校", 20, text=lambda one: self._names.get(one.school, one.school)),
                Column("number", "包号", 5, numeric=True),
                Column("outcome", "结果", 11, text=outcome_label, tone=_outcome_tone),
                Column("in", "收到", 8, numeric=True, text=lambda one: f"{one.counts.entries_in:,}"),
                Column("applied", "并入", 8, numeric=True, text=lambda one: f"{one.counts.applied:,}"),
                Column("known", "以前已有", 8, numeric=True, text=lambda one: f"{one.counts.known:,}"),
                Column("held", "待裁定", 7, numeric=True, text=_held, tone=_held_tone),
                Column("rejected", "未接收", 7, numeric=True, text=_rejected, tone=_rejected_tone),
                Column("reason", "说明", 40, text=lambda one: one.since or one.reason or ""),
                Column("file", "文件", 46),
            ),
            key=None,
        )  # fmt: skip
        hint = "在“收件箱”里选 U 盘并入学校的数据包，经过会记在这里。"
        self.middle = ListingOrEmpty(self.table, widgets.Empty("merge", "还没有收到过数据包", hint))
        self.figures = Figures(low=True)
        self.school = Pick([(None, "全部学校")], tip="只看一所学校")
        self.which = Pick([(None, "全部结果"), ("look", "只看没有全部并入的")], tip="只看要处理的")
        for pick in (self.school, self.which):
            pick.currentIndexChanged.connect(lambda _: self._fill())
        self.back_button = widgets.button("撤回合并…", self.take_back, icon="undo", tip="回车")
        self.return_button = widgets.button("重新并入…", self.let_return, icon="merge", tip="回车")
        head = widgets.row(self.school, self.which, None, self.return_button, self.back_button)
        self.words = widgets.label(wrap=True)
        inside = widgets.column(head, self.figures, self.middle, self.words)
        inside.setStretch(2, 1)
        self.table.chosen.connect(lambda _: self._allow())
        self.table.opened.connect(lambda _: self._open())
        inside.setContentsMargins(0, theme.em(0.6), 0, 0)
        self.setLayout(inside)

    def show_log(self, log: Sequence[LogLine], names: Mapping[str, str]) -> None:
        """Show it, with sums that balance."""
        self._names, self._log = names, log
        chosen = self.school.value()
        codes = dict.fromkeys(line.school for line in log)
        self.school.blockSignals(True)
        self.school.fill([(None, "全部学校"), *((code, names.get(code, code)) for code in codes)])
        self.school.choose(chosen if chosen in codes else None)
        self.school.blockSignals(False)
        self._fill()

    def take_back(self) -> None:
        """Show what taking the package with the cursor back would undo; then, with a reason, do it."""
        line: LogLine | None = self.table.row_here()
        if line is not None and self.back_button.isEnabled():
            service, word = self.desk.services.withdrawing, line.package_id
            self._look(partial(service.look, word), partial(self._ask_back, word))

    def let_return(self) -> None:
        """Show what letting it return would bring; then do it."""
        line: LogLine | None = self.table.row_here()
        if line is not None and self.return_button.isEnabled():
            service, word = self.desk.services.withdrawing, line.package_id
            self._look(partial(service.look_back, word), partial(self._ask_return, word))

    def _look(self, look: Callable[[Progress], Turnabout], ask: Callable[[Turnabout], None]) -> None:
        self.desk.tasks.study(look, ask, title="正在核算会改动什么", owner=self)

    def _ask_back(self, word: str, seen: Turnabout) -> None:
        explain = (
            f"{self._packet(seen)}的 {seen.entries:,} 条记录不再计入台账；原件保留，可以“重新并入”。{_along(seen)}"
        )
        dialog = EffectsDialog(self, "撤回合并", explain, seen.effects, deed="撤回合并", reason=True)
        service = self.desk.services.withdrawing
        dialog.agreed.connect(
            lambda reason: self._do(partial(service.withdraw, word, reason), "已撤回合并", "正在撤回合并")
        )
        dialog.open()

    def _ask_return(self, word: str, seen: Turnabout) -> None:
        explain = f"{self._packet(seen)}的 {seen.entries:,} 条记录重新计入台账，与没有撤回过一样。{_along(seen)}"
        dialog = EffectsDialog(self, "重新并入", explain, seen.effects, deed="重新并入")
        service = self.desk.services.withdrawing
        dialog.agreed.connect(lambda _: self._do(partial(service.rejoin, word), "已重新并入", "正在重新并入"))
        dialog.open()

    def _do(self, deed: Callable[[Progress], object], said: str, title: str) -> None:
        self.desk.write(deed, lambda _: self._done(said), title=title, cancellable=True, owner=self)

    def _done(self, said: str) -> None:
        self.desk.say(said)
        self._changed()

    def _packet(self, seen: Turnabout) -> str:
        return f"{self._names.get(seen.packet.school, seen.packet.school)}第 {seen.packet.number} 包"

    def _fill(self) -> None:
        chosen, which = self.school.value(), self.which.value()
        shown = [line for line in self._log if chosen in (None, line.school) and (not which or needs_a_look(line))]
        self.middle.put_rows(shown, narrowed=bool(self._log))
        self.figures.setVisible(bool(shown))
        self.figures.put(balance([line.counts for line in shown]), total_first=True)
        if shown and self.table.uid() is None:
            self.table.selectRow(0)
        self._allow()

    def _open(self) -> None:
        self.let_return() if self.return_button.isEnabled() else self.take_back()

    def _allow(self) -> None:
        line: LogLine | None = self.table.row_here()
        taken = line is not None and line.outcome in _TAKEN and line.last_n >= line.first_n
        back = line is not None and line.withdrawn
        self.back_button.setEnabled(taken and not back)
        self.return_button.setEnabled(taken and back)
        self.words.setText(_words(line) if line else "")
        self.words.setVisible(line is not None)


def _words(line: LogLine) -> str:
    """All that is to be said of a package, beneath the table."""
    return f"{line.file}，第 {line.first_n:,} 到第 {line.last_n:,} 条。{line.reason or ''}{line.since}"


def _along(seen: Turnabout) -> str:
    """Which packages go the same way, in a sentence."""
    if not seen.along:
        return ""
    numbers = "、".join(str(one.number) for one in seen.along[:8])
    more = f"等 {len(seen.along)} 个包" if len(seen.along) > 8 else "包"
    return f"同一台电脑的第 {numbers} {more}与它连在一起，会一同办理。"


def balance(counts: Sequence[object]) -> list[Figure]:
    """收到 = 并入 + 以前已有 + 待裁定 + 未接收, over several packages."""

    def total(name: str) -> int:
        return sum(int(getattr(one, name)) for one in counts)

    held, rejected = total("held"), total("rejected")
    return [
        Figure("收到记录", f"{total('entries_in'):,}"),
        Figure("并入", f"{total('applied'):,}", "good" if total("applied") else "muted"),
        Figure("以前已有", f"{total('known'):,}", "muted"),
        Figure("待裁定", f"{held:,}", "look" if held else "muted"),
        Figure("未接收", f"{rejected:,}", "wrong" if rejected else "muted"),
    ]


def needs_a_look(one: LogLine) -> bool:
    """Whether not all of the package counts now, as far as its own line says."""
    return one.withdrawn or one.waiting > 0 or one.outcome in ("parked", "fork", "rejected")


def outcome_label(one: LogLine) -> str:
    """The outcome in Chinese."""
    from jzdesk.services.verdicts import OUTCOMES

    return "已撤回" if one.withdrawn else OUTCOMES.get(one.outcome, one.outcome)


def _outcome_tone(one: LogLine) -> str:
    return "look" if one.withdrawn else OUTCOME_TONES.get(one.outcome, "")


def _held(one: LogLine) -> str:
    return f"{one.counts.held:,}"


def _held_tone(one: LogLine) -> str:
    return "look" if one.counts.held else ""


def _rejected(one: LogLine) -> str:
    return f"{one.counts.rejected:,}"


def _rejected_tone(one: LogLine) -> str:
    return "wrong" if one.counts.rejected else ""
