"""依法删除: choose a child (or one record) and what of it, see what goes and what stays, say why, and mean it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QCheckBox, QRadioButton, QScrollArea, QWidget

from jzdesk.core.erasure import GROUND
from jzdesk.ui import theme, widgets
from jzdesk.ui.desk import Desk
from jzdesk.ui.dialogs.base import Dialog, show_in
from jzdesk.ui.editors.reference import ReferenceEdit
from jzdesk.ui.errors_shown import Message
from jzdesk.ui.flow import Flow
from jzdesk.ui.inputs import ENTER, LineEdit
from jzdesk.ui.ledger.model import Column
from jzdesk.ui.pages.listing import Listing

if TYPE_CHECKING:
    from jzdesk.services.erasing.service import Erased, ErasedRecord, FieldChoice, Look

WORD = "删除"
"""What a person types to say that it is meant: the same for everybody, and no name that could be mistaken."""

_CHILD = "student"
_UID = 32  # characters
_FRAME = 60  # pixels for the frame of a window and the task bar
_UNBOUNDED = 16_777_215  # what Qt takes for no limit
_EXPLAIN = "监护人依法要求删除，或保存期限已满时用。填错的内容请改正或作废，不用这里。"
_FINAL = "删除以后不能恢复，也不能撤销；有关学校读到回执，也会删除。"


@dataclass(frozen=True, slots=True)
class About:
    """What to begin with: a record, what it is called, and with `fields` no more than these of it."""

    entity: str
    uid: str
    title: str
    fields: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Sum:
    """What happens to all records of a ledger that fare alike."""

    label: str
    deed: str
    why: str
    records: int
    entries: int


_SUMS = (
    Column("label", "台账", 10),
    Column("deed", "怎么办", 6, tone=lambda one: "look" if one.deed == WORD else "good"),
    Column("records", "记录", 5, numeric=True, text=lambda one: f"{one.records:,}"),
    Column("entries", "变更", 5, numeric=True, text=lambda one: f"{one.entries:,}"),
    Column("why", "说明", 30),
)


class EraseDialog(Dialog):
    """`about` None begins with a search for a child. `done` is called once something was erased."""

    def __init__(
        self, parent: QWidget | None, desk: Desk, about: About | None, done: Callable[[], object] | None = None
    ) -> None:
        super().__init__(parent, "依法删除", _EXPLAIN, width=50)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.desk, self._then = desk, done
        self.about = about or About(_CHILD, "", "")
        self.seen: Look | None = None
        self._busy = False
        self._wanted = frozenset(self.about.fields or ())
        self._schools: dict[str, str] = {}
        self._build_question(choose=about is None)
        self._build_answer()
        self._build_words()
        self.add_button("取消 (Esc)", self.reject)
        self.deed = self.add_button("依法删除 (Ctrl+S)", self.erase, role="danger", icon="void")
        self.deed.setShortcut("Ctrl+S")
        self._allow()
        self.resize(theme.em(52), min(theme.em(46), self.screen().availableGeometry().height() - _FRAME))
        if about is None:
            desk.tasks.read(f"schools:{id(self)}", desk.services.ledger.schools, self._learn, owner=self)
        else:
            self._begin()

    def fields(self) -> list[str] | None:
        """The fields that are chosen; None for all of the record."""
        if self.whole.isChecked():
            return None
        return [name for name, box in self.boxes.items() if box.isChecked()]

    def look(self) -> None:
        """Show what would go and what stays, read off the GUI thread."""
        self.seen = None
        fields = self.fields()
        self._allow()
        if not self.about.uid or fields == []:
            self.sums.put_rows([])
            self._say("请勾选要删除的栏目。" if self.about.uid else "请先选一名学生。")
            return
        job = partial(self.desk.services.erasures.look, self.about.entity, self.about.uid, fields)
        self.desk.tasks.read(f"erase:{id(self)}", job, self._show, partial(show_in, self), owner=self)

    def erase(self) -> None:
        """Ctrl+S: do it, off the GUI thread."""
        if self._busy or not self.deed.isEnabled():
            return
        self._busy = True
        self._allow()
        about, fields, ground = self.about, self.fields(), self.ground.text().strip()
        service = self.desk.services.erasures
        self.desk.write(
            lambda _: service.erase(about.entity, about.uid, ground, fields), self._done, partial(show_in, self),
            title="正在依法删除", owner=self, always=self._free,
        )  # fmt: skip

    def reject(self) -> None:
        """Esc; what is under way is waited for."""
        if not self._busy:
            super().reject()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter goes on from the choices too."""
        if event.key() in ENTER:
            self.focusNextPrevChild(True)
        else:
            super().keyPressEvent(event)

    def _build_question(self, *, choose: bool) -> None:
        self.who = ReferenceEdit(self._find)
        self.who.setPlaceholderText("姓名 / 拼音首字母 / 证件号任意一段")
        self.who.setAccessibleName("学生")
        self.who.edited.connect(self._chosen)
        self.who.left.connect(self._chosen)
        self.named = widgets.label(self._title(), bold=True, wrap=True)
        self.who.setVisible(choose)
        self.named.setVisible(not choose)
        child = self.about.entity == _CHILD
        self.whole = QRadioButton("整个学生的档案" if child else "整条记录")
        self.part = QRadioButton("只删几栏")
        (self.part if self._wanted else self.whole).setChecked(True)
        self.part.toggled.connect(lambda _: self._turn())
        self.boxes: dict[str, QCheckBox] = {}
        self._flow = Flow()
        self.area: QScrollArea = widgets.scrolled(widgets.holder(self._flow))
        self.area.hide()
        first = widgets.row(widgets.label("学生" if child else "记录", tone="muted"), self.who, self.named)
        first.setStretch(1 if choose else 2, 1)
        both = widgets.row(self.whole, self.part, space=1.2)
        if choose:
            both.addStretch(1)
            self.body.addLayout(first)
            self.body.addLayout(both)
        else:
            first.addLayout(both)
            self.body.addLayout(first)
        self.body.addWidget(self.area, 1)

    def _build_answer(self) -> None:
        self.said = widgets.label("请先选一名学生。", wrap=True)
        self.sums = Listing(_SUMS, key=None)
        self.sums.setMinimumHeight(theme.em(5))  # its heading and a line
        self.body.addWidget(self.said)
        self.body.addWidget(self.sums, 1)

    def _build_words(self) -> None:
        self.ground, self.word = LineEdit(), LineEdit()
        self.ground.setMaxLength(GROUND[-1])
        self.ground.setPlaceholderText("依据和申请文号，不要写姓名")
        self.ground.setToolTip("例如：监护人申请，个保法第四十七条，申请书 2026-3")
        self.word.setPlaceholderText(f"输入“{WORD}”两个字")
        line = widgets.row()
        for edit, name in ((self.ground, "依据"), (self.word, "确认")):
            edit.setAccessibleName(name)
            edit.edited.connect(self._allow)
            edit.left.connect(self._allow)
            line.addWidget(widgets.label(name, tone="muted"))
            line.addWidget(edit, 2 if edit is self.ground else 1)
        self.body.addLayout(line)
        self.body.addWidget(widgets.label(_FINAL, tone="wrong", wrap=True))

    def _begin(self) -> None:
        """Ask what the record holds, then what would become of it."""
        job = partial(self.desk.services.erasures.choices, self.about.entity, self.about.uid, self._wanted)
        self.desk.tasks.read(f"fields:{id(self)}", job, self._offer, partial(show_in, self), owner=self)

    def _learn(self, schools: Sequence[tuple[str, str]]) -> None:
        self._schools = dict(schools)

    def _find(self, text: str) -> list[tuple[str, str]]:
        """Children by what was typed, each with school, class and masked number: there are many of one name."""
        found = []
        for row in self.desk.services.students.search(text):
            place = f"{self._schools.get(row.school, row.school)}{row.grade}{row.school_class}"
            found.append((row.uid, "　".join(filter(None, (row.name, place, row.id_number)))))
        return found

    def _chosen(self) -> None:
        """Another child was chosen, or what was typed fits none."""
        uid = str(self.who.raw() or "")
        uid = uid if len(uid) == _UID else ""
        if uid != self.about.uid:
            self.about = About(_CHILD, uid, self.who.text())
            self._wanted = frozenset()
            self._offer([])
            if uid:
                self._begin()

    def _offer(self, choices: Sequence[FieldChoice]) -> None:
        widgets.clear(self._flow)
        self.boxes = {}
        for one in choices:
            box = QCheckBox(f"{one.label}：{_short(one.shown) or '（空）'}")
            box.setToolTip(one.shown)
            box.setChecked(one.name in self._wanted)
            box.toggled.connect(lambda _: self.look())
            self.boxes[one.name] = box
            self._flow.addWidget(box)
        self.part.setEnabled(bool(choices) or not self.about.uid)
        if not self.part.isEnabled():
            self.whole.setChecked(True)
        self._turn()

    def _turn(self) -> None:
        choosing = self.part.isChecked() and bool(self.boxes)
        self.area.setMinimumHeight(theme.em(4.9))  # two lines of large text
        self.area.setMaximumHeight(max(self._flow.heightForWidth(self.width() - theme.em(4)), theme.em(4.9)))
        self.area.setVisible(choosing)
        self.sums.setMaximumHeight(theme.em(5.5) if choosing else _UNBOUNDED)  # fields of one record are one line
        self.look()

    def _show(self, seen: Look) -> None:
        self.seen = seen
        self.sums.put_rows(sums_of(seen))
        self._say(_sentence(seen))
        self._allow()

    def wrong(self, what: str, remedy: str = "") -> None:
        """Said where the answer stands: a banner more would not fit beside large text."""
        self._say(f"{what}{remedy}", "wrong")

    def _say(self, words: str, tone: str = "") -> None:
        self.said.setText(words)
        theme.mark(self.said, tone=tone)

    def _allow(self) -> None:
        """The deed can be done once there is something to erase, a ground, and the word."""
        ready = self.seen is not None and bool(self.seen.going) and not self._busy
        said = len(self.ground.text().strip()) >= GROUND.start and self.word.text().strip() == WORD
        self.deed.setEnabled(ready and said)

    def _done(self, erased: Erased) -> None:
        schools = self.seen.schools if self.seen is not None else ()
        self.accept()
        said = f"已依法删除 {erased.records:,} 条记录的内容（{erased.entries:,} 条变更）"
        self.desk.say(said, "去写回执", partial(self.desk.go, "inbox"))
        self.desk.note(_next(schools))
        if self._then is not None:
            self._then()

    def _free(self) -> None:
        self._busy = False
        self._allow()

    def _title(self) -> str:
        label = self.desk.services.ledger.specs[self.about.entity].label
        return self.about.title if self.about.entity == _CHILD else f"{label}“{self.about.title}”"


def sums_of(seen: Look) -> list[Sum]:
    """By ledger, what goes before what stays; records that fare alike in one line."""
    goes = _summed([(one, WORD, one.fields or "整条记录") for one in seen.going])
    return goes + _summed([(one, "保留", one.stays) for one in seen.staying])


def _summed(told: Sequence[tuple[ErasedRecord, str, str]]) -> list[Sum]:
    found: dict[tuple[str, str], Sum] = {}
    for one, deed, why in told:
        held = found.get((one.label, why), Sum(one.label, deed, why, 0, 0))
        found[one.label, why] = Sum(one.label, deed, why, held.records + 1, held.entries + one.entries)
    return list(found.values())


def _sentence(seen: Look) -> str:
    if not seen.going:
        why = "；".join(dict.fromkeys(one.stays for one in seen.staying))
        return f"没有可以删除的内容：{why}。" if why else "没有可以删除的内容，可能已经删除。"
    schools = "、".join(seen.schools)
    told = f"要通知：{schools}。" if schools else "这些内容只在县里，没有要通知的学校。"
    stays = f"保留 {len(seen.staying):,} 条。" if seen.staying else ""
    only = seen.going[0].fields if len(seen.going) == 1 else ""
    what = f"“{only}”" if only else f" {len(seen.going):,} 条记录的内容"
    return f"将删除{what}（{seen.entries:,} 条变更）。{stays}{told}"


def _next(schools: Sequence[str]) -> Message:
    told = f"写回执，带给{'、'.join(schools)}读取；" if schools else ""
    remedy = f"{told}到“维护”清除旧备份；打印件、U 盘上的旧文件和另存的表格请自行销毁。"
    return Message("calm", "依法删除以后还要做：", remedy)


def _short(text: str) -> str:
    return text if len(text) <= 18 else f"{text[:17]}…"
