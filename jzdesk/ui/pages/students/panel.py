"""One child's whole file beside the list: form, hardships, caseworker and visits, money, history."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from jzdesk.core.fields import Value, Values
from jzdesk.services.ledger import ERASED, Saved
from jzdesk.services.questions import SAME
from jzdesk.services.students import Similar, StudentFile
from jzdesk.ui import theme, widgets
from jzdesk.ui.desk import Desk
from jzdesk.ui.dialogs.erasing import About, EraseDialog
from jzdesk.ui.errors_shown import Message
from jzdesk.ui.ledger.history import History
from jzdesk.ui.ledger.model import TRAVEL_TONES
from jzdesk.ui.ledger.panel import Panel
from jzdesk.ui.ledger.record import DRAFT_PAUSE_MS
from jzdesk.ui.pages.students.album import AlbumPart
from jzdesk.ui.pages.students.family import FamilyPart
from jzdesk.ui.pages.students.form import GuardianPart, StudentForm
from jzdesk.ui.pages.students.layout import finish_typing
from jzdesk.ui.pages.students.notices import MoveStrip, QuestionCard, TwinStrip
from jzdesk.ui.pages.students.support import CarePart, HardshipPart, MoneyPart, Part
from jzdesk.ui.pages.students.taking_back import TakingBack, changes_of

FORM, HISTORY = 0, 6
WIDTH = 33
"""In ems: two short fields side by side need it."""


class StudentPanel(Panel):
    """Shows and edits one child.

    `saved(uid)` after saving, `stepped(±1)` for 上一个 and 下一个, `wanted(uid)` to open another child,
    `roll_wanted(uid)` to record an event of the roll for this one.
    """

    saved = Signal(str)
    stepped = Signal(int)
    wanted = Signal(str)
    roll_wanted = Signal(str)

    def __init__(self, desk: Desk) -> None:
        super().__init__("学生")
        self.desk = desk
        self.uid: str | None = None
        self.file: StudentFile | None = None
        self._then: Callable[[], object] | None = None
        self._busy = self._hidden = self._away = False
        self._carried: dict[str, Value] = {}
        self.writable = desk.services.info.kind != "county" and desk.services.ledger.may_write("student")
        self.setMinimumWidth(theme.em(WIDTH))
        self.form = StudentForm(desk)
        self._build_top()
        self._build_tabs()
        self._build_foot()
        self._taking = TakingBack(self, desk)
        self._wire()
        self.blank()

    @property
    def twins(self) -> list[Similar]:
        """Who may be the same child, the likeliest first."""
        return self.twin_strip.found

    def blank(self) -> None:
        """Begin a new child; class and boarding are those of the one entered before. A kept draft comes back."""
        self.keep_draft()
        self.uid = self.file = None
        self.form.blank(self._carried)
        self._show_parts()
        self._to_top()
        self._loaded("新增学生", hidden=False)

    def show_file(self, file: StudentFile) -> None:
        """Show one child."""
        if file.uid != self.uid:
            self.keep_draft()
            self._to_top()
        focused = self.form.focused()
        self.uid, self.file = file.uid, file
        self.form.show_file(file)
        self._show_parts()
        away = file.student.values["scope"] != self.desk.services.info.code
        place = (
            file.enrolment.shown["school_class"].replace(" ", "") if file.enrolment and (file.placed or away) else ""
        )
        title = ERASED if file.student.erased else "　".join(filter(None, (file.student.shown["name"], place)))
        self._loaded(title, hidden=bool(file.student.values.get("hidden")))
        if focused:
            self.form.focus(focused)

    def save(self) -> None:
        """Ctrl+S: save the child; problems stand beside their fields and the first one gets the cursor."""
        finish_typing(self.form)
        if self.form.dirty():  # Ctrl+S may come before the number was left: what it tells belongs to the child
            self.form.check_now()
        held = self.form.read()
        if held.problems:
            self._show_problems(held.problems)
            return
        if self._busy or not self.writable or not self.form.dirty():
            return
        self._busy = True
        self._show_state()
        draft, before, new = self.form.to_save(), self.form.snapshot(), self.uid is None
        students = self.desk.services.students

        def job() -> tuple[Saved, StudentFile]:
            saved = students.save(draft)
            return saved, students.file(saved.uid)

        done = partial(self._saved, before, self.form.carried() if new else None)
        self.desk.write(lambda _: job(), done, self._refused, title="正在保存", owner=self, always=self._free)

    def after_saving(self, then: Callable[[], object]) -> bool:
        """Do `then` once the save under way has succeeded; False when nothing is being saved."""
        self._then = then if self._busy else None
        return self._busy

    def may_leave(self) -> bool:
        """Whether the child may be left; asks when there are changes."""
        if self._busy or not self.form.dirty():
            return True
        what = "有修改还没有保存"
        if widgets.confirm(self, what, "不保存就离开，刚才填写的内容会丢掉。", "不保存，离开", no="继续填写"):
            self.give_up()
            return True
        return False

    def give_up(self) -> None:
        """Undo what was typed since the child was loaded, the kept draft included."""
        self._timer.stop()
        self.desk.drafts.clear(self._draft_key())
        self._draft_strip.hide()
        if self.file is not None:
            self.form.show_file(self.file)
        else:
            self.form.blank(self._carried)
        self._show_state()

    def keep_draft(self) -> None:
        """Keep what is being typed, so that a crash loses nothing."""
        self._timer.stop()
        if self.form.dirty():
            draft = self.form.whole_draft() if self.uid is None else self.form.draft()
            self.desk.drafts.save(self._draft_key(), draft)

    def reload(self) -> None:
        """Read the file again (something of it was changed here or elsewhere); what is being typed stays."""
        if self.uid is None or self._busy:
            return
        job = partial(self.desk.services.students.file, self.uid)
        self.desk.tasks.read(f"file:{id(self)}", job, self._reread, owner=self)

    def void(self) -> None:
        """作废 with a reason; can be undone."""
        if self.uid is not None and self.file is not None:
            self._taking.void(self.uid, self.file.student.shown["name"])

    def restore(self, uid: str) -> None:
        """Undo 作废."""
        self._taking.restore(uid)

    def erase(self) -> None:
        """依法删除: the child that is open, or some of its fields. For the county."""
        if self.uid is not None and self.file is not None:
            EraseDialog(self, self.desk, About("student", self.uid, self.title.whole()), self.reload).open()

    def put_cursor(self, field: str) -> None:
        """The cursor into a field of the child or of the enrolment; nothing when the form has no such field."""
        keys = (f"student.{field}", f"enrolment.{field}", field)
        key = next((each for each in keys if each in self.form.boxes or each in self.form.fold.keys), "")
        if key:
            self.tabs.setCurrentIndex(FORM)
            self.form.focus(key)

    def go_to_roll(self) -> None:
        """Record an event for this child on the page of the roll; the window asks about what is not saved yet."""
        if self.uid is not None:
            self.roll_wanted.emit(self.uid)

    def go_to_transfers(self) -> None:
        """The child goes to another school, or has come from one."""
        if self.uid is not None:
            self.roll_wanted.emit(f"transfers#{self.uid}")

    def open_twin(self) -> None:
        """F6: open the child that may be the same."""
        self.twin_strip.open()

    def add_here(self) -> None:
        """Ctrl+G: one more of what the tab in front lists."""
        if not self.writable:
            return
        part = self._parts.get(self.tabs.currentIndex())
        if part is None:
            self.tabs.setCurrentIndex(FORM)
            self.form.add_guardian()
        elif isinstance(part, HardshipPart | CarePart | MoneyPart | FamilyPart | AlbumPart):
            part.add()

    def _build_top(self) -> None:
        self._draft_strip, self._move_strip, self.twin_strip = (
            widgets.Banner(),
            MoveStrip(self.desk, self.go_to_transfers),
            TwinStrip(),
        )
        self.twin_strip.wanted.connect(self.wanted)
        self._question_card = QuestionCard(self.desk, writable=self.writable)
        self._question_card.settled.connect(self._after)
        self.questions = self._question_card.list
        inside = QVBoxLayout()
        inside.setSpacing(theme.em(0.4))
        for strip in (self._move_strip, self._draft_strip, self.twin_strip):
            inside.addWidget(strip)
        layout = self.layout()
        assert isinstance(layout, QVBoxLayout)
        layout.insertLayout(1, inside)

    def _build_tabs(self) -> None:
        first = QWidget()
        first.setLayout(widgets.column(self._question_card, self.form, space=0.6))
        self.hardships = HardshipPart(self.desk, writable=self.writable)
        self.care = CarePart(self.desk, writable=self.writable)
        self.money = MoneyPart(self.desk, writable=self.writable)
        self.family = FamilyPart(self.desk, writable=self.writable)
        self.family.wanted.connect(self.wanted)
        self.album = AlbumPart(self.desk, writable=self.writable)
        parts = (self.hardships, self.care, self.money, self.family, self.album)
        self._parts: dict[int, Part] = dict(enumerate(parts, start=1))
        self.history = History()
        self.add_tab(first, "资料")
        for part, name in zip(parts, ("困难", "帮扶", "资助", "家庭", "照片"), strict=True):
            self.add_tab(part, name)
        self.add_tab(self.history, "历史")

    def _build_foot(self) -> None:
        self.back = self.add_button("上一个", lambda: self.stepped.emit(-1), left=True)
        self.forward = self.add_button("下一个", lambda: self.stepped.emit(1), left=True)
        self.roll_button = self.add_button("异动…", self.go_to_roll, left=True)
        self.roll_button.setToolTip("学籍异动：休学、转出、调班……")
        self.roll_button.setToolTip("登记休学、复学、转出、调班等，以前的学期仍按当时的学籍")
        self.move_button = self.add_button("转学…", self.go_to_transfers, left=True)
        self.move_button.setToolTip("申请转学：登记转出，县里同意后档案移交转入学校")
        self.erase_button = self.add_button("依法删除…", self.erase, left=True)
        self.erase_button.setToolTip("监护人依法要求删除时，由县教育局办理；删除以后不能恢复")
        self.void_button = self.add_button("作废", self.void, role="danger")
        self.restore_button = self.add_button("恢复", lambda: self.restore(self.uid or ""))
        self.undo_button = self.add_button("撤销修改", self.give_up)
        self.save_button = self.add_button("保存", self.save, role="primary")
        self.save_button.setToolTip("Ctrl+S")

    def _wire(self) -> None:
        self._timer = QTimer(self, singleShot=True, interval=DRAFT_PAUSE_MS)
        self._timer.timeout.connect(self.keep_draft)
        self.form.edited.connect(self._edited)
        self.form.looked.connect(self._look_for_twins)
        self.form.unlinked.connect(self._unlink)
        self._taking.voided.connect(self._voided)
        self._taking.restored.connect(self.reload)
        self.tabs.currentChanged.connect(lambda number: self._load_history() if number == HISTORY else None)
        for part in self._parts.values():
            part.changed.connect(self.reload)

    def _loaded(self, title: str, *, hidden: bool) -> None:
        self._hidden = hidden
        self.set_title(title)
        draft = self.desk.drafts.load(self._draft_key()) if self.writable and not hidden else None
        self._offer_draft(draft)
        self._away = self._move_strip.put(self.file)
        self._lock(locked=not self.writable or hidden or self._away)
        self._show_state()

    def _offer_draft(self, draft: Values | None) -> None:
        if not draft:
            self._draft_strip.hide()
            return
        self.form.restore(draft)
        message = Message("look", "上次没有保存的内容已经找回。")
        self._draft_strip.say(message, (("不要了", self.give_up),))

    def _lock(self, *, locked: bool) -> None:
        self.form.lock(locked=locked)
        saved = self.uid is not None
        gone = self._gone()
        self.void_button.setVisible(saved and not locked)
        self.erase_button.setVisible(saved and not gone and self.desk.services.info.kind == "county")
        self.restore_button.setVisible(self.writable and self._hidden and not gone)
        self.save_button.setVisible(not locked)
        for step in (self.back, self.forward):
            step.setVisible(saved)

    def _gone(self) -> bool:
        """Whether the file was erased by law; a name may be left of it."""
        return self.file is not None and (self.file.student.erased or self.file.only_named)

    def _to_top(self) -> None:
        for area in self.tabs.findChildren(QScrollArea):
            area.verticalScrollBar().setValue(0)

    def _show_state(self) -> None:
        dirty = self.form.dirty()
        self.undo_button.setVisible(dirty)
        # What is being typed is saved first: an event begins from what stands in the record.
        here = self.uid is not None and self.writable and not self._hidden and not self._away and not dirty
        self.roll_button.setVisible(here)
        self.move_button.setVisible(here)
        self.save_button.setEnabled(dirty and not self._busy)
        if self._gone():
            self.set_state("已依法删除", "muted")
        elif self._hidden:
            self.set_state("已作废", "muted")
        elif self._away:
            self.set_state("已转出", "muted")
        elif not self.writable:
            self.set_state("由学校填写", "muted")
        else:
            travel = self.file.travel if self.file is not None and self.uid is not None else ""
            self.set_state(*(("● 未保存", "wrong") if dirty else (travel, TRAVEL_TONES.get(travel, "muted"))))

    def _show_parts(self) -> None:
        for part in self._parts.values():
            part.put(self.file)
        self._question_card.put(self.file.questions if self.file is not None else ())
        if self.tabs.currentIndex() == HISTORY:
            self._load_history()

    def _after(self, words: str) -> None:
        self.desk.say(words)
        self.reload()

    def _edited(self) -> None:
        self._show_state()
        self._timer.start()

    def _look_for_twins(self, values: Values, phones: list[Value]) -> None:
        if self.uid is not None and not self.form.dirty() and self._settled():
            self.twin_strip.put([])
            return
        job = partial(self.desk.services.students.look, values, self.uid, phones)
        self.desk.tasks.read(f"similar:{id(self)}", job, self._looked, owner=self)

    def _looked(self, found: tuple[list[Similar], str]) -> None:
        """Who it may be, and characters nobody can show: the fonts were opened for them meanwhile."""
        twins, doubt = found
        self.twin_strip.put(twins)
        name = self.form.boxes["student.name"]
        if doubt and not name.sentence():
            name.say(doubt, "look")

    def _settled(self) -> bool:
        """Whether somebody has already said that this child is no other."""
        answered = self.file.answered if self.file is not None else []
        return any(row.values["kind"] == SAME for row in answered)

    def _show_problems(self, problems: dict[str, str]) -> None:
        self.tabs.setCurrentIndex(FORM)
        self.form.refuse(problems)
        self.set_state(f"有 {len(problems)} 处需要改正", "wrong")

    def _saved(self, before: Values, carried: dict[str, Value] | None, outcome: tuple[Saved, StudentFile]) -> None:
        """`before` is what stood in the form when it was saved: what was typed since then is not lost."""
        self._timer.stop()
        self.desk.drafts.clear(self._draft_key())
        self._busy = False
        if carried is not None:
            self._carried = carried
        saved, file = outcome
        self.uid, self.file = saved.uid, file
        self.form.saved_as(before)
        if self.form.dirty():
            self.form.learn(file)
            self._show_parts()
        else:
            self.show_file(file)
        self.desk.say("已保存")
        self.saved.emit(saved.uid)
        then, self._then = self._then, None
        if then is not None:
            then()

    def _refused(self, error: Exception) -> bool:
        """FormProblems name their fields; everything else goes to the banner."""
        self._then = None
        problems = self.form.keys_of(getattr(error, "fields", {}))
        if not problems:
            return False
        self._busy = False
        self._show_problems(problems)
        return all(key in self.form.boxes for key in problems)

    def _free(self) -> None:
        if self._busy:
            self._busy = False
            self._show_state()

    def _reread(self, file: StudentFile) -> None:
        if file.uid != self.uid or self._busy:
            return
        if not self.form.dirty():
            self.show_file(file)
            return
        self.file = file
        self.form.learn(file)
        self._show_parts()

    def _voided(self) -> None:
        self.give_up()
        self.reload()

    def _unlink(self, part: GuardianPart) -> None:
        name = str(self.form.boxes[f"{part.prefix}name"].raw() or "监护人")
        if part.uid is not None and self.uid is not None:
            self._taking.unlink(part.uid, self.uid, name, partial(self._unlinked, part))

    def _unlinked(self, part: GuardianPart) -> None:
        part.uid = None
        self.form.take_off(part)
        self.reload()

    def _load_history(self) -> None:
        """Changes of the child, the enrolment, the household and the guardians, newest first."""
        if self.file is None:
            self.history.show_lines([])
            return
        job = partial(changes_of, self.desk, self.file)
        self.desk.tasks.read(f"history:{id(self)}", job, self.history.show_lines, owner=self)

    def _draft_key(self) -> str:
        return f"student-file:{self.uid or 'new'}"
