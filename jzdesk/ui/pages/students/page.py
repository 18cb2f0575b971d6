"""学生: search, filters and the table of all children, and the whole file of one beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import QModelIndex
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget

from jzdesk.core import codes
from jzdesk.core.fields import Value
from jzdesk.services.consents import USUAL_SCOPE, ManyConsents
from jzdesk.services.ledger import Query
from jzdesk.services.students import StudentFile, StudentQuery, StudentRow
from jzdesk.services.sync_state import STATES
from jzdesk.ui import widgets
from jzdesk.ui.desk import Changes, Desk
from jzdesk.ui.inputs import Pick
from jzdesk.ui.ledger.model import TRAVEL_TONES, Column
from jzdesk.ui.page import FIRST, ListPage
from jzdesk.ui.pages.students.dialog import FieldsDialog
from jzdesk.ui.pages.students.entries import short_number
from jzdesk.ui.pages.students.panel import StudentPanel

QUESTIONS, UNPAIRED, NO_ACCOUNT, NO_CONSENT, MOVED = "questions", "unpaired", "no_account", "no_consent", "moved"
WANTED = (
    (None, "全部资料"), (QUESTIONS, "有待核实"), (UNPAIRED, "困难未结对"), (NO_ACCOUNT, "困难缺账户"),
    (NO_CONSENT, "缺监护人同意"),
)  # fmt: skip
LIST = frozenset({"student", "enrolment", "hardship", "pairing", "question", "school_class", "bank_account", "consent"})
FILE = LIST | {"household", "member", "guardian", "visit", "payment", "photo"}


def _state(row: StudentRow) -> str:
    if row.erased:
        return "只留凭证"
    found = f"（按{row.found_by}找到）" if row.found_by else ""
    if row.questions:
        return f"{row.questions} 项待核实{found}"
    missing = [label for label, value in (("证件号", row.id_number), ("电话", row.phone)) if not value]
    return f"缺{missing[0]}{found}" if missing else found.strip("（）") or "完整"


def _state_tone(row: StudentRow) -> str:
    if row.erased:
        return "muted"
    if row.questions or not row.id_number:
        return "look"
    return "" if not row.phone else "muted"


def _sync_tone(row: StudentRow) -> str:
    return TRAVEL_TONES.get(row.sync_state, "muted")


COLUMNS = (
    Column("name", "姓名", 10, order="name"),
    Column("sex", "性别", 4),
    Column("grade", "年级", 11, order="grade"),
    Column("school_class", "班级", 5, order="school_class"),
    Column("hardships", "困难类型", 12),
    Column("questions", "资料", 9, text=_state, tone=_state_tone),
    Column("sync_state", "上报情况", 8, tone=_sync_tone),
    Column("caseworker", "责任人", 8),
    Column("id_number", "身份证件号", 11, text=short_number),
    Column("phone", "联系电话", 12),
    Column("boarding", "就读方式", 8),
    Column("status", "学籍状态", 9, order="status"),
)


class StudentPage(ListPage):
    """The page people spend their day on.

    `hint`: "new", one of the filters of 资料, the uid of a child, or `uid#field` for the cursor in that field.
    """

    title, icon, unit, entities = "学生", "student", "人", FILE
    hints = "F3 查找　Ctrl+N 新增　Ctrl+S 保存　Ctrl+G 添一项　F2 看证件号"

    def __init__(self, desk: Desk) -> None:
        self._children: int | None = None  # at the county: how many the rows are about
        self._typed = self._text = ""  # what was searched for, and what the rows shown were found by
        self._schools: dict[str, str] = {}
        super().__init__(
            desk,
            self._columns(desk.services.info.kind),
            self._rows,
            hint="姓名 / 拼音首字母 / 证件号任意一段 (F3)",
            several=True,
        )
        self.work_in_table("student", adds=False)
        self._quiet = False
        self._goal: str | None = None
        self._asked: str | None = None
        self._field: tuple[str, str] | None = None
        self._panel: StudentPanel | None = None
        self._county = desk.services.info.kind == "county"
        if self._county:
            self.hints = "F3 查找　回车 打开　F2 看证件号　F5 刷新"
        self._build_filters()
        tip = "列表中的每名学生，由各自的第一监护人同意"
        self.consent_button = self.add_action("登记整表同意", self.consent_all, tip=tip)
        self.consent_button.hide()
        if not self._county:
            self.work.offer_new(self.bring_in, "粘贴为新学生…")
            self.add_action("新增学生 (Ctrl+N)", self.new, icon="plus", primary=True)
        QShortcut(QKeySequence("Ctrl+G"), self, lambda: self.panel.add_here())
        QShortcut(QKeySequence("F6"), self, lambda: self.panel.open_twin())
        hint = "选中左边一行即可查看。" if self._county else "选中左边一行即可查看和修改；按 Ctrl+N 新增。"
        self.side.hold(widgets.Empty("student", "还没有选中学生", hint))

    def _columns(self, kind: str) -> list[Column]:
        """A county sees the school in place of how far the record has travelled: there it has arrived."""
        if kind != "county":
            return list(COLUMNS)
        school = Column("school", "学校", 16, text=lambda row: self._schools.get(row.school, row.school))
        found = [column for column in COLUMNS if column.name != "sync_state"]
        return [*found[:4], school, *found[4:]]

    @property
    def panel(self) -> StudentPanel:
        """The file beside the table, built when first needed."""
        if self._panel is None:
            self._panel = StudentPanel(self.desk)
            self._panel.saved.connect(self._aim)
            self._panel.stepped.connect(self.table.step)
            self._panel.closed.connect(self.close_side)
            self._panel.wanted.connect(self.open_record)
            self._panel.roll_wanted.connect(partial(self.desk.go, "roll"))
            self.side.hold(self._panel)
        return self._panel

    def bring_in(self, sheet: Sequence[Sequence[str]]) -> None:
        """Pasted rows of new pupils are looked over, tried and registered as any list that is imported."""
        from jzdesk.services.pasting import PASTED, kept_as_file

        if not self.may_leave():
            return
        job = partial(kept_as_file, self.desk.services.context, sheet)
        done = lambda path: self.desk.go("imports", f"{PASTED}{path}")  # noqa: E731
        self.desk.write(lambda _: job(), done, title="正在准备粘贴的学生", owner=self)

    def ids(self) -> Callable[[], Sequence[str]]:
        """The query as the search box and filters stand."""
        query, students = self._query(), self.desk.services.students
        if not self._county:
            return partial(students.ids, query)

        def counted() -> Sequence[str]:
            uids = students.ids(query)
            self._children = students.children(uids)
            return uids

        return counted

    def first(self) -> Callable[[], Sequence[str]] | None:
        """The beginning of a county's list of everybody."""
        return partial(self.desk.services.students.first, self._query(), FIRST) if self._county else None

    def _query(self) -> StudentQuery:
        wanted, (order, descending) = self.wanted.value(), self.order
        self._typed = self.search.text().strip()
        return StudentQuery(
            text=self._typed,
            grade=_text(self.grade.value()),
            school_class=_text(self.school_class.value()),
            hardship="any" if wanted == NO_ACCOUNT and not self.hardship.value() else _text(self.hardship.value()),
            status=_text(self.status.value()),
            unpaired=wanted == UNPAIRED,
            questions=wanted == QUESTIONS,
            no_account=wanted == NO_ACCOUNT,
            no_consent=wanted == NO_CONSENT,
            moved=wanted == MOVED,
            school=_text(self.school.value()) if self.school is not None else None,
            travel=_text(self.travel.value()) if self.travel is not None else None,
            order=order,
            descending=descending,
        )

    def refresh(self) -> None:
        """As `ListPage.refresh`; a sheet of signatures is recorded where those are listed who wait for one."""
        self.consent_button.setVisible(self.wanted.value() == NO_CONSENT and not self._county)
        super().refresh()

    def consent_all(self) -> FieldsDialog | None:
        """One sheet was signed by the parents of everybody in the list: say when and how."""
        uids = list(self.table.records().uids())
        if not uids:
            return None
        spec, add = self.desk.services.ledger.specs["consent"], self.desk.services.consents.add_many
        outcome: list[ManyConsents] = []
        values: dict[str, Value] = {
            "given_on": self.desk.services.context.today(), "how": "written", "covers": USUAL_SCOPE,
        }  # fmt: skip
        dialog = FieldsDialog(
            self, self.desk, f"登记 {len(uids)} 名学生的监护人同意",
            [spec[name] for name in ("given_on", "how", "covers")],
            lambda held: outcome.append(add(uids, held)),
            explain="列表中的每名学生由各自的第一监护人同意；没有登记监护人的会留在列表里。", values=values,
        )  # fmt: skip
        dialog.done_with.connect(lambda: self.desk.say(_told(outcome[-1])))
        dialog.begin()
        return dialog

    def arrive(self, hint: str = "") -> None:
        """Filters show what there is by now; a hint names a filter or a child."""
        self._fill_filters()
        if hint in (QUESTIONS, UNPAIRED, NO_ACCOUNT, NO_CONSENT, MOVED):
            self._show_only(hint)
        if self._stale and self._panel is not None:
            self._panel.reload()
        uid, _, field = hint.partition("#")
        super().arrive(uid)
        if len(uid) == 32:
            self._field = (uid, field) if field else None
            self.open_record(uid)
            self._into_field()

    def show_record(self, uid: str) -> None:
        """Show the child of the row with the cursor; asks first when the form holds changes."""
        if self._panel is not None and self.panel.uid == uid and self.side.isVisible():
            return
        if self._panel is not None and self.panel.uid != uid and not self.panel.may_leave():
            self._point_at(self.panel.uid)
            return
        self._asked, self._goal = uid, None
        job = partial(self.desk.services.students.file, uid)
        self.desk.tasks.read(f"file:{id(self)}", job, self._show, owner=self)

    def _into_field(self) -> None:
        """The cursor goes where the hint wants it, once that child's file is there; else it waits for the file."""
        if self._field is not None and self._panel is not None and self._panel.uid == self._field[0]:
            field, self._field = self._field[1], None
            self._panel.put_cursor(field)

    def new(self) -> None:
        """Ctrl+N: a blank form with the cursor in the name; a save under way is waited for."""
        if self._county:
            return
        if self._panel is not None:  # a form built just now is blank already, or holds a draft
            if self.panel.after_saving(self.new) or not self.panel.may_leave():
                return
            self.panel.blank()
        self._asked = self._goal = None
        self._point_at(None)
        self.panel.tabs.setCurrentIndex(0)
        self.reopen_side()
        self.panel.form.focus("student.name")

    def save(self) -> None:
        """Ctrl+S."""
        if self._panel is not None:
            self._panel.save()

    def may_leave(self) -> bool:
        """Asks when the form holds changes."""
        return self._panel is None or self._panel.may_leave()

    def empty(self) -> QWidget:
        """Nothing found, with the way to begin."""
        if self.search.text().strip() or self._county or any(pick.value() for pick in self._picks()):
            return super().empty()
        begin = widgets.button("新增学生", self.new, icon="plus", role="primary")
        return widgets.Empty("student", "还没有学生", "按 Ctrl+N 逐个登记，或在“导入导出”里导入学籍名册。", begin)

    def _rows(self, uids: Sequence[str]) -> list[StudentRow]:
        """Lines of the table; those that the search found through the family say so."""
        return self.desk.services.students.rows(uids, self._text)

    def _build_filters(self) -> None:
        self.school = self.add_filter("学校", [(None, "全部学校")]) if self._county else None
        self.grade = self.add_filter("年级", [(None, "全部年级")])
        self.school_class = self.add_filter("班级", [(None, "全部班级")])
        kinds = codes.table("difficulty_type").items()
        hardships = [(code, label.split("（")[0]) for code, label in kinds]
        self.hardship = self.add_filter("困难类型", [(None, "全部类别"), ("any", "有困难类型"), *hardships])
        statuses = codes.table("student_status").items()
        self.status = self.add_filter("学籍状态", [(None, "全部状态"), *statuses])
        self.wanted = self.add_filter("资料", WANTED if self._county else (*WANTED, (MOVED, "档案已转出")))
        self.travel = None if self._county else self.add_filter("上报情况", [(None, "全部上报情况"), *STATES.items()])

    def _fill_filters(self) -> None:
        students = self.desk.services.students
        self.grade.fill([(None, "全部年级"), *students.grades()])
        self.school_class.fill([(None, "全部班级"), *students.classes()])
        if self.school is not None:
            ledger = self.desk.services.ledger
            schools = ledger.rows("school", ledger.ids(Query("school")))
            self._schools = {str(row.values["code"]): row.shown["name"] for row in schools}
            self.school.fill([(None, "全部学校"), *self._schools.items()])

    def _picks(self) -> list[Pick]:
        picks = (self.school, self.grade, self.school_class, self.hardship, self.status, self.wanted, self.travel)
        return [pick for pick in picks if pick is not None]

    def _show_only(self, wanted: str) -> None:
        """Exactly the children that a line of 工作台 counts."""
        self.search.quiet("")
        for pick in self._picks():
            blocked = pick.blockSignals(True)
            pick.choose(wanted if pick is self.wanted else None)
            pick.blockSignals(blocked)
        self._stale = True

    def _heard(self, changes: Changes) -> None:
        """The open file reads itself again too."""
        super()._heard(changes)
        if self._panel is not None and self.isVisible() and FILE & changes.entities:
            self._panel.reload()

    def _show(self, file: StudentFile) -> None:
        if file.uid != self._asked:
            return  # meanwhile the person has begun a new child
        self.panel.show_file(file)
        self._point_at(file.uid)
        if self.wide() or self._side_open:
            self.reopen_side()
        self._into_field()

    def _aim(self, uid: str) -> None:
        """A child was saved: the table will show it, without taking what is being typed out of the form."""
        self._asked = uid
        self._goal = None if self._point_at(uid) else uid

    def _point_at(self, uid: str | None) -> bool:
        """Move the cursor of the table without opening anything; False when the child is not in the table."""
        self._quiet = True
        found = self.table.go_to(uid)
        if not found:
            self.table.clearSelection()
            self.table.setCurrentIndex(QModelIndex())
        self._quiet = False
        return found

    def _found(self, uids: Sequence[str]) -> None:
        self._quiet, self._text = True, self._typed
        super()._found(uids)
        self._quiet = False
        if self._goal is not None:
            self._point_at(self._goal)
            self._goal = None

    def _show_count(self, chosen: int = 0) -> None:
        """A child on two rolls stands there twice and is counted once."""
        super()._show_count(chosen)
        listed = self.table.records().rowCount()
        if self._children is not None and self._children < listed:
            whole = f"共 {self._children:,} 人（{listed:,} 条记录）"
            self.count.setText(self.count.text().replace(f"共 {listed:,} 人", whole))

    def _on_row(self, uid: str) -> None:
        if not self._quiet:
            super()._on_row(uid)


def _told(outcome: ManyConsents) -> str:
    left = f"；{len(outcome.unknown)} 人没有登记监护人，仍在列表里" if outcome.unknown else ""
    return f"已登记 {outcome.recorded} 人{left}"


def _text(value: Value) -> str | None:
    return None if value is None else str(value)
