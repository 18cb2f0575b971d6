"""What stands above a child's form: who may be the same child, where it moves, and what somebody has to look at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import Signal

from jzdesk.services.ledger import Row
from jzdesk.services.questions import offered
from jzdesk.services.students import Similar, StudentFile
from jzdesk.ui import theme, widgets
from jzdesk.ui.desk import Desk
from jzdesk.ui.dialogs.reason import ask_reason
from jzdesk.ui.errors_shown import Message
from jzdesk.ui.pages.students.entries import Deed, Entry, EntryList, short_number

_GONE = ("这名学生的档案已依法删除。", "内容不能恢复；依据见“历史”。")
_NAMED = (
    "这名学生的档案已依法删除，只留凭证要用的姓名和证件号。",
    "请不要再补录；仍在本校就读、要重新登记的，请新增学生。",
)

FEW = 2
"""Questions shown before the form; the others behind a link."""


class TwinStrip(widgets.Banner):
    """The likeliest double with the reason; `wanted(uid)` opens it."""

    wanted = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Similar] = []

    def put(self, found: Sequence[Similar]) -> None:
        """Show the first of them, and who else there is."""
        self.found = list(found)
        if not found:
            self.hide()
            return
        first = found[0].row
        who = " ".join(filter(None, (first.name, first.sex, first.grade + first.school_class, short_number(first))))
        others = "、".join(each.row.name for each in found[1:])
        more = f"；还有 {len(found) - 1} 人：{others}" if others else ""
        message = Message("look", f"可能是同一名学生：{who}", f"{found[0].reason}{more}")
        deeds: list[tuple[str, Callable[[], object]]] = [("打开 (F6)", self.open)]
        if others:
            deeds.append(("看下一个", self.turn))
        self.say(message, tuple(deeds))

    def open(self) -> None:
        """F6."""
        if self.found:
            self.wanted.emit(self.found[0].uid)

    def turn(self) -> None:
        """Show the next one."""
        self.put([*self.found[1:], self.found[0]])


class MoveStrip(widgets.Banner):
    """A child who has gone to another school or whose file was erased, or who has come and waits to be received."""

    def __init__(self, desk: Desk, receive: Callable[[], object]) -> None:
        super().__init__()
        self._desk, self._receive = desk, receive

    def put(self, file: StudentFile | None) -> bool:
        """Say it, where there is anything to say; returns whether the child can only be read here."""
        info = self._desk.services.info
        self.hide()
        if file is None:
            return False
        if file.student.erased or file.only_named:
            self.say(Message("calm", *(_GONE if file.student.erased else _NAMED)))
            return True
        if info.kind == "county":
            return False
        away = file.student.values["scope"] != info.code
        if away:
            self.say(Message("calm", f"档案已转到{file.holder}，本校只能查看。"))
        elif file.enrolment is not None and not file.placed:
            self.say(Message("look", f"由{file.school}转来，还没有分班。"), (("接收转入…", self._receive),))
        return away


class QuestionCard(widgets.Card):
    """待核实: each question with what can be done about it; `settled` after one was."""

    settled = Signal(str)

    def __init__(self, desk: Desk, *, writable: bool) -> None:
        super().__init__(space=0)
        self.desk, self.writable = desk, writable
        theme.mark(self, role="banner", tone="look")
        self.list = EntryList("待核实", "")
        self.body.addWidget(self.list)
        self._asked: list[Row] = []
        self.hide()

    def put(self, asked: Sequence[Row]) -> None:
        """Show the first ones; the form stays in sight, and one link shows the rest."""
        self._asked = list(asked)
        self._show(FEW)

    def _show(self, most: int) -> None:
        entries = [self._entry(row) for row in self._asked[:most]]
        if len(self._asked) > most:
            every = partial(self._show, len(self._asked))
            entries.append(Entry(f"还有 {len(self._asked) - most} 项", deeds=(("全部显示", every),)))
        self.list.put(entries)
        self.setVisible(bool(self._asked))

    def _entry(self, row: Row) -> Entry:
        if not self.writable:
            return Entry(row.shown["sentence"], "", "", "look")
        deeds: list[Deed] = []
        remedy = "可以改正资料，或写明理由确认。"
        if offered(str(row.values["kind"])):
            deeds, remedy = [("登记困难", partial(self._accept, row))], "可以登记这项困难，或写明理由确认。"
        deeds.append(("确认无误", partial(self._confirm, row)))
        return Entry(row.shown["sentence"], remedy, "", "look", tuple(deeds))

    def _accept(self, row: Row) -> None:
        """The hardship that a question offers is recorded."""
        students = self.desk.services.students
        self._write(lambda: students.accept_offer(row.uid), "已登记困难类型")

    def _confirm(self, row: Row) -> None:
        """A question is settled with the reason why the record is right as it stands."""
        reason = ask_reason(self, "确认这项资料无误", row.shown["sentence"], "确认无误")
        if reason is not None:
            students = self.desk.services.students
            self._write(lambda: students.confirm_question(row.uid, reason), "已确认")

    def _write(self, job: Callable[[], object], said: str) -> None:
        self.desk.write(lambda _: job(), lambda _: self.settled.emit(said), title="正在保存", owner=self)
