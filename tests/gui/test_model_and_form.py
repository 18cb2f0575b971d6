"""The ledger machine on a small spec: model, table, form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from jzdesk.core.fields import EntitySpec, FieldSpec, Value
from jzdesk.core.kinds import CitizenIdNumber, Code, Date, LongText, Money, PersonName, Reference, YesNo
from jzdesk.ui.editors.reference import ReferenceEdit
from jzdesk.ui.inputs import LineEdit
from jzdesk.ui.ledger.form import Form
from jzdesk.ui.ledger.model import ALIGNMENT, PAGE, ROWS_KEPT, TableModel, columns_of
from jzdesk.ui.ledger.table import Table
from tests.gui.hands import cursor, type_into

TEACHER = "c" * 32
FIELDS = (
    FieldSpec("姓名", PersonName(), "name", required=True, table=10),
    FieldSpec("性别", Code("sex"), "sex", table=6),
    FieldSpec("证件号", CitizenIdNumber(), "id_number", sensitive=True),
    FieldSpec("出生日期", Date(), "birth", required=True, table=12),
    FieldSpec("金额", Money(), "fen", table=12),
    FieldSpec("是否寄宿", YesNo(), "boards"),
    FieldSpec("班主任", Reference("staff"), "teacher"),
    FieldSpec("备注", LongText(), "note"),
)
PUPIL = EntitySpec("pupil", "小学生", {field.name: field for field in FIELDS}, title=("name",))
GOOD: dict[str, Value] = {
    "name": "王小明",
    "sex": "1",
    "id_number": "431099201105120011",
    "birth": "2011-05-12",
    "fen": 125000,
    "boards": 0,
    "teacher": TEACHER,
    "note": "一行\n两行",
}


@dataclass(frozen=True)
class Row:
    uid: str
    values: dict[str, Value]
    shown: dict[str, str]


def rows(uids: Sequence[str]) -> list[Row]:
    return [Row(uid, {}, {"name": f"学生{int(uid, 16)}", "fen": "1.00"}) for uid in uids]


def uids(count: int) -> list[str]:
    return [f"{number:032x}" for number in range(count)]


def choices(entity: str, text: str) -> list[tuple[str, str]]:
    return [(TEACHER, "李老师")] if entity == "staff" and text in "李老师" else []


@pytest.fixture
def form(qtbot: QtBot) -> Form:
    made = Form.of(PUPIL, choices)
    qtbot.addWidget(made)
    made.show()
    return made


def test_the_model_keeps_the_rules_of_qt(qtmodeltester: ModelTester) -> None:
    model = TableModel(columns_of(PUPIL), rows)
    model.put(uids(450))
    qtmodeltester.check(model)


def test_rows_are_fetched_by_the_page_and_few_are_kept() -> None:
    asked: list[int] = []

    def fetch(wanted: Sequence[str]) -> list[Row]:
        asked.append(len(wanted))
        return rows(wanted)

    pages = ROWS_KEPT // PAGE + 2
    model = TableModel(columns_of(PUPIL), fetch)
    model.put(uids(PAGE * pages))
    assert asked == []
    for page in range(pages):
        assert model.index(page * PAGE + 7, 0).data() == f"学生{page * PAGE + 7}"
        model.index(page * PAGE + 8, 0).data()
    assert asked == [PAGE] * pages
    model.index(0, 0).data()
    assert len(asked) == pages + 1


def test_a_view_fetches_the_rows_it_shows_in_one_go(qtbot: QtBot) -> None:
    asked: list[int] = []

    def fetch(wanted: Sequence[str]) -> list[Row]:
        asked.append(len(wanted))
        return rows(wanted)

    table = Table(TableModel(columns_of(PUPIL), fetch))
    qtbot.addWidget(table)
    table.put(uids(400_000))
    table.resize(600, 500)
    table.grab()
    table.scrollTo(table.records().index(123_456, 0), Table.ScrollHint.PositionAtTop)
    table.grab()
    assert len(asked) == 2
    assert max(asked) < 40


def test_a_record_that_has_gone_shows_blank_cells() -> None:
    model = TableModel(columns_of(PUPIL), lambda wanted: rows(wanted)[:1])
    model.put(uids(2))
    assert model.index(1, 0).data() is None


def test_numbers_stand_right() -> None:
    model = TableModel(columns_of(PUPIL), rows)
    model.put(uids(1))
    money = [column.name for column in model.columns].index("fen")
    assert model.index(0, money).data(ALIGNMENT) & int(Qt.AlignmentFlag.AlignRight)
    assert model.headerData(money, Qt.Orientation.Horizontal, ALIGNMENT) & int(Qt.AlignmentFlag.AlignRight)


def test_a_copied_row_can_be_pasted_into_excel(qtbot: QtBot) -> None:
    table = Table(TableModel(columns_of(PUPIL), rows))
    qtbot.addWidget(table)
    table.put(uids(3))
    table.selectRow(1)
    QTest.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == "姓名\t性别\t出生日期\t金额\n学生1\t\t\t1.00"


def test_the_cursor_stays_on_its_record_when_the_rows_change(qtbot: QtBot) -> None:
    table = Table(TableModel(columns_of(PUPIL), rows))
    qtbot.addWidget(table)
    table.put(uids(5))
    table.go_to(uids(5)[3])
    table.put(uids(5)[2:])
    assert table.uid() == uids(5)[3]
    assert table.currentIndex().row() == 1


def test_a_form_shows_a_record_and_reads_it_back_unchanged(form: Form) -> None:
    form.load(GOOD, {"teacher": "李老师"})
    assert not form.dirty()
    assert form.read().values == GOOD
    assert form.read().problems == {}


def test_typing_makes_a_form_dirty_and_undoing_clean(form: Form) -> None:
    form.load(GOOD, {"teacher": "李老师"})
    name = form.boxes["name"].editor
    type_into(name, "x")
    assert form.dirty()
    QTest.keyClick(name, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert not form.dirty()


def test_what_is_wrong_stands_beneath_its_field_with_the_remedy(qtbot: QtBot, form: Form) -> None:
    form.load({})
    form.focus("birth")
    type_into(form.boxes["birth"].editor, "20231345")
    form.focus("name")
    assert "20231345" in form.boxes["birth"].sentence()
    assert "请写成" in form.boxes["birth"].sentence()


def test_leaving_a_required_field_blank_is_not_scolded_before_saving(form: Form) -> None:
    form.load({})
    form.focus("name")
    form.focus("birth")
    assert form.boxes["name"].sentence() == ""
    assert "name" in form.read().problems


def test_a_sensitive_value_is_masked_until_looked_at(form: Form) -> None:
    form.load(GOOD, {"id_number": "4310**********0011"})
    box = form.boxes["id_number"]
    assert not box.shown_openly()
    box.focus()
    QTest.keyClick(cursor(), Qt.Key.Key_F2)
    assert box.shown_openly()
    assert form.read().values["id_number"] == "431099201105120011"


def test_a_new_record_has_nothing_to_mask(form: Form) -> None:
    form.load({})
    assert form.boxes["id_number"].shown_openly()


def test_a_draft_is_typed_again_exactly(form: Form) -> None:
    form.load({})
    type_into(form.boxes["name"].editor, "王小")
    type_into(form.boxes["birth"].editor, "2011")
    teacher = form.boxes["teacher"].editor
    assert isinstance(teacher, ReferenceEdit)
    teacher.put_title(TEACHER, "李老师")
    draft = form.draft()
    form.load({})
    form.restore(draft)
    assert form.boxes["birth"].raw() == "2011"
    assert (form.boxes["name"].raw(), teacher.text()) == ("王小", "李老师")
    assert form.dirty()


def test_a_name_that_fits_no_record_is_a_problem_in_words(form: Form) -> None:
    form.load({})
    type_into(form.boxes["teacher"].editor, "赵老师")
    assert "还没有选定" in form.read().problems["teacher"]


def test_sections_of_several_entities_share_one_form(qtbot: QtBot) -> None:
    form = Form(choices)
    qtbot.addWidget(form)
    form.section("学生", FIELDS[:2], prefix="student.")
    part = form.section("监护人", FIELDS[:1], prefix="guardian.0.")
    assert list(form.boxes) == ["student.name", "student.sex", "guardian.0.name"]
    form.drop("guardian.0.", part)
    assert list(form.boxes) == ["student.name", "student.sex"]


def test_what_was_said_of_a_value_stays_until_the_value_changes(form: Form) -> None:
    name = form.boxes["name"]
    name.put("王小明")
    form.problems({"name": "这个人不在名册上"})
    name.left.emit()
    assert name.sentence() == "这个人不在名册上"
    name.retype("王大明")
    name.left.emit()
    assert name.sentence() == ""


def test_the_cursor_put_into_a_field_marks_what_stands_there(form: Form) -> None:
    name = form.boxes["name"]
    name.put("王小明")
    name.focus()
    assert isinstance(name.editor, LineEdit)
    name.editor.deselect()
    name.focus()
    assert name.editor.selectedText() == "王小明"
