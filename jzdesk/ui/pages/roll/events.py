"""异动: what happened to whom, newest first; recorded with Ctrl+N, the latest one voided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jzdesk.core import codes
from jzdesk.core.fields import Value
from jzdesk.ui import widgets
from jzdesk.ui.desk import Desk
from jzdesk.ui.dialogs.reason import ask_reason
from jzdesk.ui.errors_shown import Message
from jzdesk.ui.inputs import Pick
from jzdesk.ui.ledger.model import Column, TableModel
from jzdesk.ui.ledger.table import Table
from jzdesk.ui.pages.roll.following import EventDialog
from jzdesk.ui.pages.roll.view import View

if TYPE_CHECKING:
    from jzdesk.services.roll.events import EventDone
    from jzdesk.services.roll.listing import EventLine

_LOOK = frozenset({"07", "08", "14"})
_COLUMNS = (
    Column("date", "日期", 11),
    Column("name", "姓名", 9),
    Column("place", "现在的班级", 15),
    Column("kind_label", "异动", 10, tone=lambda one: "look" if one.kind in _LOOK else ""),
    Column("change", "变化", 20),
    Column("until", "预计截止", 11),
    Column("status", "现在的状态", 10),
    Column("reason", "原因", 18),
    Column("other_school", "来源或去向学校", 16),
)
WAITING = (("suspected", "疑似辍学的学生"), ("expired", "休学等已到期"))
_NEXT = {"suspected": "09", "expired": "03"}


@dataclass(frozen=True, slots=True)
class Looked:
    """What the tab shows."""

    uids: list[str]
    rooms: list[tuple[str, str]]


class EventsView(View):
    """The list of events and the way to record one."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.search.setPlaceholderText("姓名 / 拼音首字母 / 证件号 (F3)")
        kinds = codes.table("enrolment_event").items()
        self.kind = Pick([(None, "全部异动（不含升级）"), *WAITING, ("all", "全部异动"), *kinds], "种类")
        self.year = Pick([(None, "各学年"), *desk.services.roll.years()], "学年")
        self.count = widgets.label(tone="muted")
        self.void_button = widgets.button("作废这次异动…", self.void, icon="void", role="danger")
        self.new_button = widgets.button("登记异动 (Ctrl+N)", self.new, icon="plus", role="primary")
        self.table = Table(TableModel(_COLUMNS, desk.services.roll.rows, self))
        self.words = widgets.label(wrap=True, tone="muted")
        self._rooms: list[tuple[str, str]] = []
        self.tools(self.kind, self.year, self.count, self.new_button)
        self.body.addWidget(self.table, 1)
        beneath = widgets.row(self.words, self.void_button)  # both are about the row with the cursor
        beneath.setStretch(0, 1)
        self.body.addLayout(beneath)
        self._wire()

    def refresh(self) -> None:
        """Find the events again."""
        from jzdesk.services.roll.listing import EventQuery

        kind, year = self.kind.value(), self.year.value()
        query = EventQuery(self.search.text(), str(kind) if kind else None, str(year) if year else None)
        roll, students = self.desk.services.roll, self.desk.services.students
        self.desk.tasks.read("roll-events", lambda: Looked(roll.ids(query), students.classes()), self._show, owner=self)

    def point(self, hint: str) -> None:
        """suspected, expired: who waits; a uid of 32 characters: an event for that pupil."""
        if hint in _NEXT:
            self.kind.choose(hint)
        elif len(hint) == 32:
            self.record(hint)

    def new(self) -> None:
        """Record an event; for the pupil of the row, when the list shows who waits for one."""
        line, kind = self._line(), str(self.kind.value() or "")
        if line is not None and kind in _NEXT:
            self._ask({"student": line.student, "kind": _next(line, kind)}, {"student": line.name})
        else:
            self._ask({}, {})

    def record(self, student: str) -> None:
        """Record an event for this pupil."""
        self._ask({"student": student}, {})

    def open_line(self, uid: str) -> None:
        """Enter on a row: the next event of the same pupil."""
        self.table.go_to(uid)
        line, kind = self._line(), str(self.kind.value() or "")
        if line is not None:
            begun: dict[str, Value] = {"student": line.student}
            if kind in _NEXT:
                begun["kind"] = _next(line, kind)
            self._ask(begun, {"student": line.name})

    def void(self) -> None:
        """Take the event of the row back, with a reason."""
        line = self._line()
        if line is None or not line.kind:
            return
        what = f"{line.date} {line.name} {line.kind_label}：{line.change or '—'}。"
        explain = f"{what}学生恢复原来的状态；只能作废最近的一次。"
        if (reason := ask_reason(self, "作废异动", explain, "作废")) is not None:
            roll = self.desk.services.roll
            self.desk.write(
                lambda _: roll.void(line.uid, reason),
                lambda _: self.desk.say("异动已作废"),
                title="正在作废",
                owner=self,
            )

    def _ask(self, values: Mapping[str, Value], titles: Mapping[str, str]) -> EventDialog:
        whole = {"date": self.desk.services.context.today(), **values}
        dialog = EventDialog(self, self._rooms, self._recorded, whole, titles)
        dialog.begin()
        return dialog

    def _recorded(self, done: EventDone) -> None:
        self.undoable(done.sentence, done.action)
        if done.accounts:
            remedy = "历史和资助不受影响；要销号的请到“销号”一栏办理。"
            self.desk.note(Message("calm", f"该生还有 {done.accounts} 个未销号的账目。", remedy))

    def _wire(self) -> None:
        self.search.searched.connect(lambda _: self.refresh())
        self.search.down.connect(self._into_table)
        self.kind.picked.connect(self.refresh)
        self.year.picked.connect(self.refresh)
        self.table.chosen.connect(lambda _: self._tell())
        self.table.opened.connect(self.open_line)

    def _into_table(self) -> None:
        self.table.setFocus()
        if self.table.uid() is None and self.table.records().rowCount():
            self.table.selectRow(0)

    def _show(self, found: Looked) -> None:
        self._rooms = found.rooms
        self.count.setText(f"{len(found.uids):,} 条")
        self.table.put(found.uids)
        if found.uids and self.table.uid() is None:
            self.table.selectRow(0)
        self._tell()

    def _line(self) -> EventLine | None:
        row = self.table.currentIndex().row()
        line: EventLine | None = self.table.records().row(row) if row >= 0 else None
        return line

    def _tell(self) -> None:
        """The event of the row in full, and what can be done."""
        line = self._line()
        self.void_button.setEnabled(line is not None and bool(line.kind))
        self.words.setText(_told(line) if line else "还没有这样的异动。按 Ctrl+N 登记一次。")


def _next(line: EventLine, kind: str) -> str:
    """The event that usually comes next: back from a suspension, entering after a deferment, or persuaded."""
    return "25" if line.kind == "10" else _NEXT[kind]


def _told(line: EventLine) -> str:
    parts: Sequence[str] = (
        f"{line.name}（{line.place}，现为{line.status}）",
        f"{line.date} {line.kind_label} {line.change}".strip(),
        f"预计到 {line.until}" if line.until else "",
        line.other_school,
        f"原因：{line.reason}" if line.reason else "",
        f"依据：{line.proof}" if line.proof else "",
        f"审批：{line.approver}" if line.approver else "",
    )
    return "　".join(part for part in parts if part) + "　（回车：再登记一次异动）"
