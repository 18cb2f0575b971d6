"""Recording a visit in under a minute: who, when, how, what was seen; and looking at an earlier one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QWidget

from jzdesk.core import codes
from jzdesk.core.fields import Value, Values
from jzdesk.services.ledger import Row, Saved
from jzdesk.services.students import StudentFile
from jzdesk.services.visits import VisitDraft
from jzdesk.ui import theme, widgets
from jzdesk.ui.desk import Desk
from jzdesk.ui.dialogs.reason import ask_reason
from jzdesk.ui.errors_shown import Message
from jzdesk.ui.ledger.form import Understood
from jzdesk.ui.ledger.history import History
from jzdesk.ui.ledger.panel import Panel
from jzdesk.ui.ledger.record import DRAFT_PAUSE_MS
from jzdesk.ui.pages.students.entries import EntryList
from jzdesk.ui.pages.students.layout import Line, PairedForm, called, finish_typing
from jzdesk.ui.pages.students.support import visit_entry

FIELDS = ("student", "date", "method", "staff", "met", "situation", "measures", "needs", "next_plan")
RECORD, EARLIER, HISTORY = 0, 1, 2
WIDTH = 33
Choices = Callable[[], "list[tuple[str, str]]"]


class VisitPanel(Panel):
    """`saved(uid of the visit, uid of the student)` after saving; `due` gives the students that are offered first."""

    saved = Signal(str, str)
    changed = Signal()

    def __init__(self, desk: Desk, due: Choices) -> None:
        super().__init__("记录走访")
        self.desk, self._due = desk, due
        self.uid: str | None = None
        self._stored: dict[str, Value] = {}
        self._about: Value = None
        self._helper: Value = None
        self._busy = self._hidden = False
        self.setMinimumWidth(theme.em(WIDTH))
        self._build_form()
        self.earlier = EntryList("这名学生此前的走访", "还没有走访记录。")
        self.history = History()
        for part, name in ((self._page, "记录"), (widgets.holder(widgets.column(self.earlier, None)), "此前走访")):
            self.add_tab(part, name)
        self.add_tab(self.history, "历史")
        self._build_foot()
        self._wire()
        self.begin(None)

    def begin(self, student: str | None, name: str = "", carried: Values | None = None) -> None:
        """Begin a new visit, of `student` when one is chosen; date and way are those of the one before."""
        self.uid, self._helper = None, None
        usual: dict[str, Value] = {"date": self.desk.services.context.today(), "method": "1"}
        self.form.load({**usual, **(carried or {}), "student": student}, {"student": name})
        self._stored = {}
        self._began(hidden=False)

    def show_visit(self, row: Row) -> None:
        """Show a visit that was recorded before."""
        self.uid, self._helper = row.uid, None
        self._stored = dict(row.values)
        self.form.load(row.values, row.shown)
        self._began(hidden=bool(row.values.get("hidden")))

    def offer_draft(self) -> None:
        """What was being typed when the program ended comes back."""
        draft = self.desk.drafts.load(self._draft_key())
        if draft:
            self.form.restore(draft)
            message = Message("look", "上次没有保存的走访已经找回。", "接着填完再保存，或者不要这些内容。")
            self._strip.say(message, (("不要了", self.give_up),))
            self._look_up()

    def save(self) -> None:
        """Ctrl+S."""
        finish_typing(self.form)
        held = self.form.read()
        if held.problems:
            self._show_problems(held.problems)
            return
        if self._busy or (self.uid is not None and not self.form.dirty()):
            return
        self._busy = True
        self._show_state()
        student = str(held.values["student"])
        self.desk.write(
            lambda _: self._store(held), partial(self._saved, student), self._refused, title="正在保存", owner=self,
            always=self._free,
        )  # fmt: skip

    def busy(self) -> bool:
        """Whether a visit is being saved right now."""
        return self._busy

    def carried(self) -> dict[str, Value]:
        """What the next visit of the same afternoon has in common with this one."""
        values = self.form.read().values
        return {name: values[name] for name in ("date", "method") if values.get(name) is not None}

    def may_leave(self) -> bool:
        """Whether the visit may be left; asks when there are changes."""
        if self._busy or not self.form.dirty():
            return True
        then = "不保存就离开，刚才填写的走访会丢掉。"
        if widgets.confirm(self, "这次走访还没有保存", then, "不保存，离开", no="继续填写"):
            self.give_up()
            return True
        return False

    def give_up(self) -> None:
        """Undo what was typed, the kept draft included."""
        self._timer.stop()
        self.desk.drafts.clear(self._draft_key())
        if self.uid is not None:
            self.show_visit(self.desk.services.ledger.record("visit", self.uid))
        else:
            self.begin(None)

    def keep_draft(self) -> None:
        """Keep what is being typed, so that a crash loses nothing."""
        self._timer.stop()
        if self.form.dirty():
            draft = self.form.whole_draft() if self.uid is None else self.form.draft()
            self.desk.drafts.save(self._draft_key(), draft)

    def void(self) -> None:
        """作废 with a reason; can be undone."""
        uid, ledger = self.uid, self.desk.services.ledger
        then = "作废后不再算作走访，历史仍然保留，可以恢复。"
        if uid is None or (reason := ask_reason(self, "作废这次走访", then, "作废")) is None:
            return
        self.desk.write(lambda _: ledger.void("visit", uid, reason), lambda _: self._voided(uid), title="正在作废")

    def _restore(self, uid: str) -> None:
        ledger = self.desk.services.ledger
        self.desk.write(lambda _: ledger.restore("visit", uid), lambda _: self.desk.say("已恢复"), title="正在恢复")

    def _build_form(self) -> None:
        spec = self.desk.services.ledger.specs["visit"]
        self.form = PairedForm(self._find)
        self._strip = widgets.Banner()
        self.form.add(self._strip)
        self.form.rows("", [called(spec, "student")], "")
        self.about = widgets.label(tone="muted", wrap=True)
        self.about.setContentsMargins(theme.em(5.6), 0, 0, theme.em(0.3))
        self.about.hide()
        self.form.add(self.about)
        lines: list[Line] = [
            called(spec, "method", "方式"),
            (called(spec, "date", "日期"), called(spec, "met")),
            *(called(spec, name) for name in ("situation", "measures", "needs")),
            (called(spec, "next_plan"), called(spec, "staff")),
        ]
        self.form.rows("", lines, "")
        self._page = QWidget()
        self._page.setLayout(widgets.column(self.form))

    def _build_foot(self) -> None:
        self.void_button = self.add_button("作废", self.void, role="danger", left=True)
        self.undo_button = self.add_button("撤销修改", self.give_up)
        self.save_button = self.add_button("保存并记下一个 (Ctrl+S)", self.save, role="primary")

    def _wire(self) -> None:
        self._timer = QTimer(self, singleShot=True, interval=DRAFT_PAUSE_MS)
        self._timer.timeout.connect(self.keep_draft)
        self.form.edited.connect(self._edited)
        self.form.checked.connect(self._check)
        self.form.boxes["student"].edited.connect(self._look_up)
        self.form.boxes["date"].left.connect(self._look_up)
        self.tabs.currentChanged.connect(lambda _: self._load_history())

    def _began(self, *, hidden: bool) -> None:
        self._hidden, self._about = hidden, None
        self._strip.hide()
        self.set_title("记录走访" if self.uid is None else "走访记录")
        self.tabs.setCurrentIndex(RECORD)
        self.tabs.setTabVisible(HISTORY, self.uid is not None)
        self.void_button.setVisible(self.uid is not None and not hidden)
        self.save_button.setText("保存并记下一个 (Ctrl+S)" if self.uid is None else "保存 (Ctrl+S)")
        self._look_up()
        self._show_state()

    def _show_state(self) -> None:
        dirty = self.form.dirty()
        self.undo_button.setVisible(dirty)
        self.save_button.setEnabled(not self._busy and not self._hidden and (dirty or self.uid is None))
        self.set_state("● 未保存" if dirty else "", "wrong")

    def _store(self, held: Understood) -> Saved:
        """On the writing thread: a new visit through its own checks, an old one by the fields that differ."""
        values = {name: held.values.get(name) for name in FIELDS}
        if self.uid is None:
            texts = {name: str(value) for name, value in values.items() if value is not None}
            return self.desk.services.visits.record(VisitDraft(**texts))
        changed = {name: value for name, value in values.items() if value != self._stored.get(name)}
        return self.desk.services.ledger.save("visit", changed, self.uid)

    def _saved(self, student: str, saved: Saved) -> None:
        self._timer.stop()
        self.desk.drafts.clear(self._draft_key())
        self._busy = False
        self.form.settled()
        self._stored |= {name: value for name, value in self.form.read().values.items() if self.uid}
        self.desk.say("走访已保存")
        self._show_state()
        self.saved.emit(saved.uid, student)

    def _refused(self, error: Exception) -> bool:
        """FormProblems name their fields; everything else goes to the banner."""
        problems: dict[str, str] = getattr(error, "fields", {})
        if not problems:
            return False
        self._busy = False
        self._show_problems(problems)
        return all(name in self.form.boxes for name in problems)

    def _free(self) -> None:
        if self._busy:
            self._busy = False
            self._show_state()

    def _show_problems(self, problems: dict[str, str]) -> None:
        self.tabs.setCurrentIndex(RECORD)
        self.form.problems(problems)
        self.form.focus_problem(problems)
        self.set_state(f"有 {len(problems)} 处需要改正", "wrong")

    def _edited(self) -> None:
        self._show_state()
        self._timer.start()

    def _check(self, held: Understood) -> None:
        """Shortly after typing: what is wrong with what is filled in, and whether the visit will count."""
        boxes = self.form.boxes
        wrong = {key: said for key, said in held.problems.items() if boxes[key].raw() is not None}
        asked = dict(held.questions)
        values = held.values
        if _counts(values.get("method")) and not values.get("met") and not values.get("situation"):
            asked["met"] = "见面人和家庭情况都没有写，这次走访不计入应访完成数。"
        self.form.problems(wrong, asked)

    def _look_up(self) -> None:
        """Another student or another day: say what is known, and who visits."""
        values = self.form.read().values
        student = values.get("student")
        if student is None:
            self._about = None
            self.about.hide()
            self.earlier.put([])
            return
        self._name_helper(str(student), values.get("date"))
        if student != self._about:
            self._about = student
            job = partial(self.desk.services.students.file, str(student))
            self.desk.tasks.read(f"about:{id(self)}", job, self._tell, owner=self)

    def _name_helper(self, student: str, day: Value) -> None:
        """Usually the caseworker makes the visit; whoever was typed in stays."""
        box = self.form.boxes["staff"]
        if self.uid is not None or (box.raw() is not None and box.raw() != self._helper):
            return
        current = self.desk.services.pairing.current(student, str(day) if day else None)
        self._helper = current.staff if current else None
        box.put(self._helper, current.name if current else "")
        self.form.taken_as_loaded("staff")

    def _tell(self, file: StudentFile) -> None:
        if file.uid != self._about:
            return
        phone = self.desk.services.ledger.specs["member"]["phone"].masked
        self.about.setText("\n".join(_facts(file, self.uid, phone)))
        self.about.show()
        self.earlier.put([visit_entry(row) for row in file.visits if row.uid != self.uid])

    def _load_history(self) -> None:
        if self.uid is not None and self.tabs.currentIndex() == HISTORY:
            job = partial(self.desk.services.ledger.history, "visit", self.uid)
            self.desk.tasks.read(f"history:{id(self)}", job, self.history.show_lines, owner=self)

    def _find(self, entity: str, text: str) -> list[tuple[str, str]]:
        """Students by name, pinyin, number or family, those with a visit due when nothing is typed; staff by name."""
        if entity != "student":
            return self.desk.services.ledger.choices(entity, text)
        if not text:
            return self._due()
        rows = self.desk.services.students.search(text)
        return [
            (row.uid, " ".join(filter(None, (row.name, row.grade + row.school_class, row.found_by)))) for row in rows
        ]

    def _voided(self, uid: str) -> None:
        self.desk.say("已作废", "撤销", lambda: self._restore(uid))
        self.begin(None)
        self.changed.emit()

    def _draft_key(self) -> str:
        return f"visit-form:{self.uid or 'new'}"


def _counts(method: Value) -> bool:
    """Whether this way of visiting counts towards the visits due, once something is written down."""
    row = codes.table("visit_method").rows.get(str(method))
    return row is not None and row["counts_for_rate"] == "1"


def _facts(file: StudentFile, here: str | None, phone: Callable[[Value], str]) -> list[str]:
    """What a visitor should have in mind: class, hardships, guardian, and the visit before."""
    place = file.enrolment.shown["school_class"].replace(" ", "") if file.enrolment else ""
    hardships = "、".join(row.shown["code"].split("（")[0] for row in file.hardships if not row.values["valid_to"])
    guardian = next((row for row in file.guardians if row["name"]), None)
    who = f"监护人 {guardian['name']} {phone(guardian['phone']) or '（没有电话）'}" if guardian else "没有登记监护人"
    facts = ["　".join(filter(None, (place, hardships))), who]
    before = [row.shown for row in file.visits if row.uid != here]
    if before and here is None:
        last = before[0]
        facts.append(f"上次 {last['date']} {last['method']}：{last['situation'] or '（没有写情况）'}")
        if last["needs"]:
            facts.append(f"上次的需求：{last['needs']}")
    return [fact for fact in facts if fact]
