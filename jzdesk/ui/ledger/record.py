"""One record in the panel: its form, drafts, saving, 作废 and undo, and its history. Driven by its specs alone."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QWidget

from jzdesk.core.fields import Value
from jzdesk.services.ledger import ERASED
from jzdesk.ui import widgets
from jzdesk.ui.desk import Desk
from jzdesk.ui.dialogs.erasing import About, EraseDialog
from jzdesk.ui.dialogs.reason import ask_reason
from jzdesk.ui.ledger.form import Form, Understood
from jzdesk.ui.ledger.history import History
from jzdesk.ui.ledger.model import TRAVEL_TONES
from jzdesk.ui.ledger.panel import Panel

DRAFT_PAUSE_MS = 800


class RecordPanel(Panel):
    """Shows and edits one record of `entity`. `saved(uid)` after saving, `stepped(±1)` for 上一个 and 下一个."""

    saved = Signal(str)
    stepped = Signal(int)

    def __init__(self, desk: Desk, entity: str) -> None:
        self.spec = desk.services.ledger.specs[entity]
        super().__init__(self.spec.label)
        self.desk, self.entity = desk, entity
        self.uid: str | None = None
        self._busy = self._hidden = self._erased = False
        self._travel = ""  # how far the record has travelled to the county
        self._writable = desk.services.ledger.may_write(entity)
        self._erasable = desk.services.info.kind == "county" and self.spec.owner != "county"
        self.form = Form.of(self.spec, desk.services.ledger.choices)
        self.history = History()
        self.add_tab(self.form, "资料")
        self.add_tab(self.history, "历史")
        self._build_foot()
        self._wire()
        self.form.load({})
        self._loaded(hidden=False, draft=None)

    def blank(self, values: dict[str, Value] | None = None) -> None:
        """Begin a new record, with `values` already filled in."""
        self.keep_draft()
        self.uid, self._erased = None, False
        self.form.load({})
        self.form.fill(values or {})
        self._loaded(hidden=False, draft=self._draft())
        self.set_title(f"新增{self.spec.label}")

    def show_row(self, row: Any) -> None:
        """Show a record as `services.ledger.record` gave it."""
        self.keep_draft()
        self.uid, self._travel, self._erased = row.uid, row.travel, row.erased
        self.form.load(row.values, row.shown)
        self._loaded(hidden=bool(row.values.get("hidden")), draft=self._draft())
        self.set_title(self._title(row))
        if self.tabs.currentIndex() == 1:
            self._load_history()

    def catch_up(self, row: Any) -> None:
        """The record was changed elsewhere: show it as it is now, unless something is being typed."""
        held = self.form.read().values
        if row.uid == self.uid:
            self._travel = row.travel
            self._show_state()
        if row.uid == self.uid and not self.form.dirty() and any(row.values.get(key) != held[key] for key in held):
            self.show_row(row)

    def save(self) -> None:
        """Save what is in the form; problems are shown beside their fields and the first one gets the cursor."""
        held = self.form.read()
        if held.problems:
            self._show_problems(held)
            return
        if self._busy or not self._writable or not self.form.dirty():
            return
        self._busy = True
        values = held.values
        if self.uid is not None:  # what stands in the other fields may have been changed elsewhere meanwhile
            values = {key: values[key] for key in self.form.changed()}
        job = partial(self.desk.services.ledger.save, self.entity, values, self.uid)
        self.desk.write(lambda _: job(), self._saved, self._refused, title="正在保存", owner=self, always=self._free)

    def may_leave(self) -> bool:
        """Whether the record may be left; asks when there are changes. What is given up stays as a draft no longer."""
        if not self.form.dirty():
            return True
        if widgets.confirm(
            self, "有修改还没有保存", "不保存就离开，刚才填写的内容会丢掉。", "不保存，离开", no="继续填写"
        ):
            self.give_up()
            return True
        return False

    def give_up(self) -> None:
        """Undo what was typed since the record was loaded."""
        self._timer.stop()
        self.desk.drafts.clear(self._draft_key())
        row = self.desk.services.ledger.record(self.entity, self.uid) if self.uid else None
        self.form.load(row.values if row else {}, row.shown if row else None)
        self._show_state()

    def keep_draft(self) -> None:
        """Keep what is being typed, so that a crash loses nothing."""
        self._timer.stop()
        if self.form.dirty():
            self.desk.drafts.save(self._draft_key(), self.form.draft())

    def void(self) -> None:
        """作废 with a reason; can be undone."""
        reason = ask_reason(self, f"作废“{self.title.text()}”", "作废后不再出现在台账里，历史仍然保留，可以恢复。")
        if reason is None or self.uid is None:
            return
        uid, ledger = self.uid, self.desk.services.ledger
        self.desk.write(
            lambda _: ledger.void(self.entity, uid, reason),
            lambda _: self.desk.say("已作废", "撤销", lambda: self.restore(uid)),
            title="正在作废",
        )

    def restore(self, uid: str) -> None:
        """Undo 作废."""
        ledger = self.desk.services.ledger
        self.desk.write(lambda _: ledger.restore(self.entity, uid), lambda _: self.desk.say("已恢复"), title="正在恢复")

    def erase(self) -> None:
        """依法删除: this record, or some of its fields. For the county."""
        if self.uid is not None:
            EraseDialog(self, self.desk, About(self.entity, self.uid, self.title.whole())).open()

    def _build_foot(self) -> None:
        self.back = self.add_button("上一个", lambda: self.stepped.emit(-1), left=True)
        self.forward = self.add_button("下一个", lambda: self.stepped.emit(1), left=True)
        self.erase_button = self.add_button("依法删除…", self.erase, left=True)
        self.erase_button.setToolTip("监护人依法要求删除时用；删除以后不能恢复")
        self.void_button = self.add_button("作废", self.void, role="danger")
        self.restore_button = self.add_button("恢复", lambda: self.restore(self.uid or ""))
        self.undo_button = self.add_button("撤销修改", self.give_up)
        self.save_button = self.add_button("保存", self.save, role="primary")
        self.save_button.setToolTip("Ctrl+S")

    def _wire(self) -> None:
        self._timer = QTimer(self, singleShot=True, interval=DRAFT_PAUSE_MS)
        self._timer.timeout.connect(self.keep_draft)
        self.form.edited.connect(self._edited)
        self.form.checked.connect(self._check)
        self.tabs.currentChanged.connect(self._on_tab)

    def _draft(self) -> dict[str, Value] | None:
        """What was typed here and not saved, before a crash or a power cut."""
        return self.desk.drafts.load(self._draft_key()) if self._writable else None

    def _loaded(self, *, hidden: bool, draft: dict[str, Value] | None) -> None:
        if draft:
            self.form.restore(draft)
        self._hidden = hidden
        self.void_button.setVisible(self._writable and self.uid is not None and not hidden)
        self.restore_button.setVisible(self._writable and hidden and not self._erased)
        self.erase_button.setVisible(self._erasable and self.uid is not None and not self._erased)
        for step in (self.back, self.forward):
            step.setVisible(self.uid is not None)
        for box in self.form.boxes.values():
            box.lock(locked=not self._writable or hidden)
        self.save_button.setVisible(self._writable and not hidden)
        self._show_state("已找回上次没保存的内容" if draft else "")

    def _show_state(self, words: str = "") -> None:
        dirty = self.form.dirty()
        self.undo_button.setVisible(dirty)
        self.save_button.setEnabled(dirty and not self._busy)
        if words:
            self.set_state(words, "look")
        elif self._hidden:
            self.set_state("已依法删除" if self._erased else "已作废", "muted")
        elif not self._writable:
            ours = self.spec.owner != "county" or self.desk.services.info.kind == "county"
            self.set_state("由专门页面办理" if ours else "由县教育局维护", "muted")
        else:
            travel = self._travel if self.uid is not None else ""
            self.set_state(*(("● 有未保存的修改", "wrong") if dirty else (travel, TRAVEL_TONES.get(travel, "muted"))))

    def _edited(self) -> None:
        self._show_state()
        self._timer.start()

    def _check(self, held: Understood) -> None:
        """Shortly after typing: what can be seen wrong in fields that are filled in; blanks wait for saving."""
        boxes = self.form.boxes
        wrong = {key: words for key, words in held.problems.items() if boxes[key].raw() is not None}
        problems = self.desk.services.ledger.check(self.entity, held.values)
        wrong |= {key: words for key, words in problems.items() if key in boxes and boxes[key].raw() is not None}
        self.form.problems(wrong, held.questions)

    def _show_problems(self, held: Understood) -> None:
        self.tabs.setCurrentIndex(0)
        self.form.problems(held.problems, held.questions)
        self.form.focus_problem(held.problems)
        self.set_state(f"有 {len(held.problems)} 处需要改正", "wrong")

    def _saved(self, saved: Any) -> None:
        self._timer.stop()
        self.desk.drafts.clear(self._draft_key())
        self.uid = saved.uid
        self.form.settled()
        self.form.problems({})
        self.desk.say("已保存")
        self._show_state()
        self.saved.emit(saved.uid)

    def _refused(self, error: Exception) -> bool:
        """FormProblems name their fields; everything else goes to the banner."""
        fields: dict[str, str] | None = getattr(error, "fields", None)
        if not fields:
            return False
        self._show_problems(Understood({}, fields, {}))
        return all(name in self.form.boxes for name in fields)

    def _free(self) -> None:
        self._busy = False
        self._show_state()

    def _on_tab(self, number: int) -> None:
        if number == 1:
            self._load_history()

    def _load_history(self) -> None:
        if self.uid is None:
            self.history.show_lines([])
            return
        job = partial(self.desk.services.ledger.history, self.entity, self.uid)
        self.desk.tasks.read(f"history:{id(self)}", job, self.history.show_lines, owner=self)

    def _title(self, row: Any) -> str:
        if row.erased:
            return ERASED
        words = (row.shown.get(name, "") for name in self.spec.title)
        return " ".join(word for word in words if word) or self.spec.label

    def _draft_key(self) -> str:
        return f"{self.entity}:{self.uid or 'new'}"


def nothing_chosen(label: str, *, writable: bool) -> QWidget:
    """What the panel shows before a row is chosen."""
    hint = "选中左边一行即可查看和修改；按 Ctrl+N 新增。" if writable else "选中左边一行即可查看。"
    return widgets.Empty("edit" if writable else "eye", f"还没有选中{label}", hint)
