"""待裁定的记录 (county): what was held and why, and two stories of one device; 1 and 2 decide, each with a reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QBoxLayout, QCheckBox

from jzdesk.ui import widgets
from jzdesk.ui.desk import Desk
from jzdesk.ui.dialogs.effects import figures_of
from jzdesk.ui.dialogs.ruling import ask_ruling
from jzdesk.ui.ledger.model import Column
from jzdesk.ui.pages.cases import CaseView, Choice
from jzdesk.ui.pages.listing import Listing

if TYPE_CHECKING:
    from typing import TypeAlias

    from jzdesk.services.clocks import ClockLine
    from jzdesk.services.forks import Branch, ForkDetail, ForkLine
    from jzdesk.services.holds import HeldEntry, HoldDetail, HoldLine

    Held: TypeAlias = HoldLine | ForkLine

_SHOWN = 4
_FORK = "记录分叉"


class HeldView(CaseView):
    """What waits at the left; what it is, and what each answer does, at the right."""

    def __init__(self, desk: Desk, changed: Callable[[], object]) -> None:
        columns = (
            Column("id", "编号", 4, numeric=True),
            Column("reason_label", "原因", 18),
            Column("school", "学校", 14, text=lambda one: self._names.get(one.school, one.school)),
            Column("title", "记录", 10),
            Column("count", "条数", 6, numeric=True, text=lambda one: f"{one.last_n - one.first_n + 1:,}"),
        )
        hint = "学校越权、时钟不准或硬盘被复制时，记录先放在这里，等县里裁定；原件永远保留。"
        self._names: Mapping[str, str] = {}
        table = Listing(columns, key=lambda one: str(one.id))
        super().__init__(table, widgets.Empty("ok", "没有待裁定的记录", hint))
        self.desk, self._changed = desk, changed
        self._row.setDirection(QBoxLayout.Direction.TopToBottom)  # long words: one card beneath the other
        self.detail: HoldDetail | ForkDetail | None = None
        self.keep_other = QCheckBox("另一支的记录也留在台账里")
        self.keep_other.setChecked(True)
        self.deeds.addWidget(self.keep_other)
        self.pressed.connect(self.choose)

    def show_holds(self, holds: Sequence[Held], names: Mapping[str, str]) -> None:
        """Show these."""
        self._names = names
        self.put(holds)

    def show_case(self) -> None:
        """Read the one with the cursor; it is shown when it is here."""
        line: Held | None = self.table.row_here()
        self.detail = None
        self.place(())
        self.keep_other.setVisible(False)
        if line is None:
            return
        self.question.setText("正在读取……")
        self.explain.setText("")
        self.desk.tasks.read("held", partial(self._read, line), self._show, owner=self)

    def _read(self, line: Held) -> HoldDetail | ForkDetail:
        services = self.desk.services
        return services.forks.detail(line.id) if line.reason_label == _FORK else services.holds.detail(line.id)

    def choose(self, number: int) -> None:
        """1 or 2 (from 0): ask for the reason, then decide."""
        seen = self.detail
        if seen is None or number > 1:
            return
        from jzdesk.services.holds import HoldDetail

        self._rule(seen, number) if isinstance(seen, HoldDetail) else self._settle(seen, number)

    def _show(self, seen: HoldDetail | ForkDetail) -> None:
        from jzdesk.services.holds import HoldDetail

        self.detail = seen
        self._show_hold(seen) if isinstance(seen, HoldDetail) else self._show_fork(seen)

    def _show_hold(self, seen: HoldDetail) -> None:
        line = seen.line
        school = self._names.get(line.school, line.school)
        self.question.setText(f"{school}第 {line.number} 包的 {line.entries:,} 条记录：{line.reason_label}。要采纳吗？")
        words = [_words(entry, self._names) for entry in seen.entries[:_SHOWN]]
        if line.entries > _SHOWN:
            words.append(f"……共 {line.entries:,} 条")
        self.explain.setText("\n".join(words))
        facts = [(one.label, one.value) for one in figures_of(seen.effects)]
        if seen.clock is not None:
            facts += _clock_facts(seen.clock)
        elif seen.ahead_hours:
            facts.append(("时钟", f"比现在快约 {seen.ahead_hours:,} 小时"))
        if seen.photos_missing:
            facts.append(("照片", f"{seen.photos_missing:,} 张的原图没有随包收到，采纳后请学校重新上传这几张再导出"))
        first = (
            Choice(1, "采纳", facts, "采纳") if not seen.obstacle else Choice(1, "不能采纳", (("原因", seen.obstacle),))
        )
        second = Choice(2, "不予采纳", (("结果", "原件保留，不计入台账，回执会告诉学校"),), "不予采纳")
        self._offer(first, second)

    def _show_fork(self, seen: ForkDetail) -> None:
        line = seen.line
        school = self._names.get(line.school, line.school)
        self.question.setText(f"{school}的同一台电脑交来两份不同的记录，以后以哪一支继续？")
        shared = seen.missing or f"两支在第 {seen.after} 条以前相同。"
        self.explain.setText(
            f"{shared}硬盘被复制或从备份恢复过会这样，请打电话问清哪台还在用。两支都会保存；另一支留在台账里时，有出入的栏目列入“不同填法”。"
        )
        first = Choice(1, "原来收到的一支", _branch_facts(seen.ours), "让它继续" if _may_go_on(seen, 0) else "")
        second = Choice(2, f"{line.title}的一支", _branch_facts(seen.theirs), "让它继续" if _may_go_on(seen, 1) else "")
        self.keep_other.setVisible(seen.after is not None)
        self._offer(first, second)

    def _offer(self, *cards: Choice) -> None:
        for number, card in enumerate(cards):
            card.clicked.connect(partial(self.choose, number))
        self.place(cards)

    def _rule(self, seen: HoldDetail, number: int) -> None:
        if number == 0 and seen.obstacle:
            return
        title = "不予采纳" if number else "采纳"
        ahead = 0 if number else max(seen.ahead_hours, seen.clock.ahead_hours if seen.clock else 0)
        explain = "不予采纳的记录一直保留，回执会告诉学校。" if number else "采纳后这些记录计入台账。"
        ruling = ask_ruling(self, title, f"{explain}请写明核实的经过。", ahead)
        if ruling is None:
            return
        reason, hours = ruling
        service, uid = self.desk.services.holds, seen.line.id
        deed = partial(service.refuse, uid, reason) if number else partial(service.admit, uid, reason, hours)
        self._do(deed, f"已{title}" if not number else title)

    def _settle(self, seen: ForkDetail, number: int) -> None:
        if not _may_go_on(seen, number):
            return
        title = "让这一支继续" if number else "让原来的一支继续"
        explain = "另一支也会保存；裁定以后不能改判，请先打电话问清。请写明核实的经过，例如“旧电脑已停用”。"
        ruling = ask_ruling(self, title, explain, 0)
        if ruling is None:
            return
        keep = self.keep_other.isChecked() and seen.after is not None
        service, continues = self.desk.services.forks, "theirs" if number else "ours"
        self._do(partial(service.settle, seen.line.id, continues, ruling[0], keep_other=keep), "分叉已裁定")

    def _do(self, deed: Callable[[], object], said: str) -> None:
        self.detail = None  # a second key press must not decide twice
        self.desk.write(lambda _: deed(), lambda _: self.desk.say(said), title="正在保存裁定", owner=self,
                        always=self._after)  # fmt: skip

    def _after(self) -> None:
        """What is left is shown; what could not be decided is shown again."""
        self._changed()


def _words(entry: HeldEntry, names: Mapping[str, str]) -> str:
    """One entry in a line: who did what to which record, and the fields."""
    fields = "，".join(f"{label} {text}" for label, text in entry.fields[:6])
    place = "县教育局" if entry.scope == "county" else names.get(entry.scope, entry.scope)
    return f"{entry.when} {entry.who} {entry.op_label}{entry.entity_label}“{entry.title}”（归属 {place}）：{fields}"


def _clock_facts(clock: ClockLine) -> list[tuple[str, str]]:
    """Whose clock it is, how far ahead, since when, and what else is let in with it."""
    return [
        ("时钟", f"收到时比县站快约 {clock.ahead_hours:,} 小时"),
        ("电脑", f"{clock.device}，最早 {clock.since} 收到"),
        ("一并采纳", f"这台电脑因时钟在等的全部 {clock.waiting:,} 条"),
    ]


def _may_go_on(seen: ForkDetail, number: int) -> bool:
    """Whether the branch with this number (from 0) can go on: a package that misses what lies before it cannot, and
    nothing can be said of one that follows another that waits."""
    return not seen.missing or (number == 0 and seen.first is None)


def _branch_facts(branch: Branch) -> list[tuple[str, str]]:
    return [
        ("条数", f"{branch.entries:,}"),
        ("时间", f"{branch.first} 至 {branch.last}" if branch.first else "（没有更多）"),
        ("填写人", "、".join(branch.who)),
        ("内容", "\n".join(branch.examples[:4])),
    ]
