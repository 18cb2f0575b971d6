"""学生 by keyboard on a real station: entering, finding, correcting, confirming, taking back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QWidget
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from jzdesk.core.fields import Value
from jzdesk.services.bundle import Services
from jzdesk.services.students import StudentDraft, StudentQuery
from jzdesk.ui import theme, widgets
from jzdesk.ui.desk import Desk
from jzdesk.ui.editors.reference import ReferenceEdit
from jzdesk.ui.ledger.model import FOREGROUND
from jzdesk.ui.pages.students import StudentPage
from jzdesk.ui.pages.students.dialog import FieldsDialog
from jzdesk.ui.pages.students.panel import HISTORY
from jzdesk.ui.shell import Shell
from tests.factories.people import id_number
from tests.gui.hands import type_into

Settle = Callable[[], None]
CTRL = Qt.KeyboardModifier.ControlModifier
REASON = "jzdesk.ui.pages.students.taking_back.ask_reason"


@pytest.fixture
def room(school: Services) -> str:
    """小学三年级2班."""
    school.ledger.save("school_class", {"grade": "G03", "name": "1班"})
    return school.ledger.save("school_class", {"grade": "G03", "name": "2班"}).uid


@pytest.fixture
def shell(qtbot: QtBot, desk: Desk, settle: Settle, room: str) -> Shell:
    made = Shell(desk)
    qtbot.addWidget(made, before_close_func=give_up)
    made.resize(1366, 768)
    made.show()
    made.open("student")
    settle()
    return made


def give_up(shell: Shell) -> None:
    """A test may end in the middle of typing; closing the window would ask."""
    page = shell.page()
    if isinstance(page, StudentPage):
        page.panel.give_up()
    while shell.desk.tasks.busy():
        QApplication.processEvents()


@pytest.fixture
def page(shell: Shell) -> StudentPage:
    found = shell.page()
    assert isinstance(found, StudentPage)
    return found


@pytest.fixture
def rest(qtbot: QtBot, settle: Settle) -> Settle:
    """Wait until the work, and what it set off, is done."""

    def wait() -> None:
        for _ in range(3):
            settle()
            QApplication.processEvents()

    return wait


def press(key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    widget = QApplication.focusWidget()
    assert widget is not None
    QTest.keyClick(widget, key, modifier)


def write(text: str) -> None:
    type_into(QApplication.focusWidget(), text)


def here(page: StudentPage) -> str:
    """The key of the field that has the cursor."""
    focused = QApplication.focusWidget()
    assert focused is not None
    return next((key for key, box in page.panel.form.boxes.items() if box.isAncestorOf(focused)), "")


def enter_until(page: StudentPage, ending: str) -> None:
    """Go on with Enter until the cursor stands in the field."""
    for _ in range(60):
        if here(page).endswith(ending):
            return
        press(Qt.Key.Key_Return)
    raise AssertionError(f"Enter never came to {ending}")


def child(school: Services, name: str = "王小明", **student: Value) -> str:
    values: dict[str, Value] = {"name": name, "id_number": id_number("2016-05-07"), "sex": "1", "birth": "2016-05-07"}
    values["phone"] = "13800000001"
    guardians = ({"name": "王大山", "relation": "51", "is_guardian": 1, "phone": "13800000001"},)
    enrolment = {"grade": "G03", "boarding": "2"}
    return school.students.save(StudentDraft(None, values | student, enrolment, guardians)).uid


def opened(page: StudentPage, uid: str, rest: Settle) -> None:
    rest()
    page.open_record(uid)
    rest()


def words(widget: QWidget) -> list[str]:
    return [label.text() for label in widget.findChildren(QLabel) if not label.isHidden()]


def link(widget: QWidget, text: str) -> QPushButton:
    return next(b for b in widget.findChildren(QPushButton) if b.text() == text and not b.isHidden())


def test_a_child_with_a_guardian_is_entered_without_a_mouse(
    page: StudentPage, rest: Settle, school: Services, room: str
) -> None:
    number = id_number("2016-05-07", "2")
    page.setFocus()
    press(Qt.Key.Key_N, CTRL)
    assert here(page) == "student.name"
    write("欧阳雨桐")
    press(Qt.Key.Key_Return)
    assert here(page) == "student.id_number"
    write(number)
    press(Qt.Key.Key_Return)
    assert here(page) == "student.sex"
    assert page.panel.form.boxes["student.birth"].raw() == "2016-05-07"
    enter_until(page, "enrolment.grade")
    write("G03")
    press(Qt.Key.Key_Return)
    write("2")
    press(Qt.Key.Key_Return)
    write("住校")
    enter_until(page, ".name")
    write("欧阳大山")
    press(Qt.Key.Key_Return)
    write("父亲")
    press(Qt.Key.Key_Return)
    write("13800000002")
    press(Qt.Key.Key_S, CTRL)
    rest()
    (uid,) = school.students.ids(StudentQuery())
    file = school.students.file(uid)
    assert (file.student.values["sex"], file.student.values["id_type"]) == ("2", "1")
    assert file.enrolment is not None
    assert file.enrolment.values["school_class"] == room
    assert file.enrolment.values["boarding"] == "2"
    (guardian,) = file.guardians
    assert (guardian["name"], guardian["relation"], guardian["phone"]) == ("欧阳大山", "51", "13800000002")
    assert page.table.uid() == uid
    assert not page.panel.form.dirty()


def test_the_next_child_can_be_begun_while_the_last_is_being_saved(
    page: StudentPage, rest: Settle, school: Services, room: str
) -> None:
    for name, serial in (("甲一", 1), ("乙二", 2), ("丙三", 3)):
        page.setFocus()
        press(Qt.Key.Key_N, CTRL)
        rest()
        write(name)
        press(Qt.Key.Key_Return)
        write(id_number("2016-05-07", serial=serial))
        if name == "甲一":
            enter_until(page, "enrolment.grade")
            write("G03")
            press(Qt.Key.Key_Return)
            write("2班")
        press(Qt.Key.Key_S, CTRL)
        press(Qt.Key.Key_N, CTRL)
        rest()
        assert page.panel.uid is None
        assert here(page) == "student.name"
    rest()
    rows = school.students.rows(school.students.ids(StudentQuery()))
    assert sorted(row.name for row in rows) == ["丙三", "乙二", "甲一"]
    assert {row.school_class for row in rows} == {"2班"}
    assert page.panel.form.boxes["enrolment.grade"].raw() == "G03"
    assert not page.panel.form.dirty()


def test_what_is_typed_while_saving_is_neither_lost_nor_taken_for_saved(
    page: StudentPage, rest: Settle, school: Services
) -> None:
    uid = child(school)
    opened(page, uid, rest)
    form = page.panel.form
    form.focus("student.former_name")
    write("小明")
    page.save()
    write("明")
    rest()
    assert school.ledger.record("student", uid).values["former_name"] == "小明"
    assert form.boxes["student.former_name"].raw() == "小明明"
    assert form.dirty()
    page.save()
    rest()
    assert school.ledger.record("student", uid).values["former_name"] == "小明明"
    assert len(school.students.file(uid).guardians) == 1


def test_looking_at_a_child_changes_nothing(page: StudentPage, rest: Settle, school: Services) -> None:
    uid = child(school)
    before = len(school.ledger.history("student", uid))
    opened(page, uid, rest)
    assert not page.panel.form.dirty()
    page.save()
    rest()
    assert len(school.ledger.history("student", uid)) == before


def test_only_the_fields_that_differ_are_written(page: StudentPage, rest: Settle, school: Services) -> None:
    uid = child(school)
    opened(page, uid, rest)
    school.ledger.save("student", {"ethnic": "02"}, uid)
    page.panel.form.focus("student.address")
    write("示范县青石镇青东村")
    page.save()
    rest()
    values = school.ledger.record("student", uid).values
    assert (values["ethnic"], values["address"]) == ("02", "示范县青石镇青东村")


def test_a_wrong_number_is_said_beneath_the_field_and_typing_goes_on(page: StudentPage, rest: Settle) -> None:
    page.new()
    page.panel.form.focus("student.id_number")
    wrong = id_number("2016-05-07", "1", 7)
    wrong = wrong[:-1] + ("0" if wrong[-1] != "0" else "1")
    write(wrong)
    press(Qt.Key.Key_Return)
    assert "校验位" in page.panel.form.boxes["student.id_number"].sentence()
    assert here(page) == "student.sex"


def test_another_number_brings_its_own_birth_unless_that_was_typed(page: StudentPage, rest: Settle) -> None:
    page.new()
    boxes = page.panel.form.boxes
    page.panel.form.focus("student.id_number")
    write(id_number("2016-05-07"))
    press(Qt.Key.Key_Return)
    page.panel.form.focus("student.id_number")
    write(id_number("2017-06-08", "2"))
    press(Qt.Key.Key_Return)
    assert (boxes["student.birth"].raw(), boxes["student.sex"].raw()) == ("2017-06-08", "2")
    page.panel.form.focus("student.birth")
    write("20170609")
    press(Qt.Key.Key_Return)
    page.panel.form.check_now()
    assert boxes["student.birth"].raw() == "2017-06-09"
    assert "不一致" in boxes["student.id_number"].sentence()


def test_a_passport_is_no_citizens_number(page: StudentPage, rest: Settle, school: Services) -> None:
    from jzdesk.core import codes

    passport = next(code for code, label in codes.table("id_doc_type").items() if "护照" in label)
    page.new()
    form = page.panel.form
    for key, value in (("name", "安娜"), ("id_number", "E12345678"), ("sex", "2"), ("birth", "2016-05-07")):
        form.boxes[f"student.{key}"].retype(value)
    form.boxes["student.id_type"].put(passport)
    form.boxes["enrolment.grade"].put("G03")
    form.check_now()
    assert form.boxes["student.id_number"].sentence() == ""
    page.save()
    rest()
    (uid,) = school.students.ids(StudentQuery())
    assert school.ledger.record("student", uid).values["id_number"] == "E12345678"


def test_blank_required_fields_are_named_on_saving_and_the_first_gets_the_cursor(
    page: StudentPage, rest: Settle, school: Services
) -> None:
    page.new()
    write("只有名字")
    page.save()
    rest()
    assert here(page) == "student.sex"
    assert "请填写年级" in page.panel.form.boxes["enrolment.grade"].sentence()
    assert school.students.ids(StudentQuery()) == []


def test_a_problem_of_the_second_guardian_stands_at_the_second_guardian(
    page: StudentPage, rest: Settle, school: Services
) -> None:
    opened(page, child(school), rest)
    page.panel.form.focus("student.name")
    press(Qt.Key.Key_G, CTRL)
    assert here(page).endswith(".name")
    second = page.panel.form.guardians[1].prefix
    page.panel.form.focus(f"{second}phone")
    write("13800000009")
    page.save()
    rest()
    assert "姓名" in page.panel.form.boxes[f"{second}name"].sentence()
    page.panel.form.focus(f"{second}name")
    write("李桂花")
    page.save()
    rest()
    names = [guardian["name"] for guardian in school.students.file(page.panel.uid or "").guardians]
    assert names == ["王大山", "李桂花"]


def test_a_guardian_is_taken_off_with_a_reason_and_comes_back(
    page: StudentPage, desk: Desk, rest: Settle, school: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    undo: list[Callable[[], object]] = []
    desk.toasted.connect(lambda _, __, do: undo.append(do) if do else None)
    uid = child(school)
    opened(page, uid, rest)
    monkeypatch.setattr(REASON, lambda *_: "登记错误")
    page.panel.form.take_off(page.panel.form.guardians[0])
    rest()
    assert school.students.file(uid).guardians == []
    assert not page.panel.form.dirty()
    undo[0]()
    rest()
    assert len(school.students.file(uid).guardians) == 1
    assert page.panel.form.boxes[f"{page.panel.form.guardians[0].prefix}name"].raw() == "王大山"


def test_the_same_child_is_noticed_at_entry_and_opened_by_one_key(
    page: StudentPage, rest: Settle, school: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = id_number("2016-05-07", serial=21)
    uid = child(school, id_number=number)
    rest()
    page.new()
    write("小明")
    press(Qt.Key.Key_Return)
    write(number)
    press(Qt.Key.Key_Return)
    rest()
    assert [row.uid for row in page.panel.twins] == [uid]
    assert any("可能是同一名学生：王小明" in text for text in words(page.panel))
    monkeypatch.setattr(widgets, "confirm", lambda *_, **__: True)
    press(Qt.Key.Key_F6)
    rest()
    assert page.panel.uid == uid
    assert page.panel.twins == []


def test_an_open_question_is_amber_and_settled_with_a_reason(
    page: StudentPage, rest: Settle, school: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    uid = child(school, birth="2016-05-08")
    opened(page, uid, rest)
    model = page.table.records()
    column = [each.name for each in model.columns].index("questions")
    assert model.index(0, column).data() == "1 项待核实"
    assert model.index(0, column).data(FOREGROUND).color().name() == theme.LOOK
    monkeypatch.setattr("jzdesk.ui.pages.students.notices.ask_reason", lambda *_: "已看户口簿")
    link(page.panel, "确认无误").click()
    rest()
    assert school.students.file(uid).questions == []
    assert model.index(0, column).data() == "完整"
    assert not page.panel.form.dirty()


@pytest.mark.parametrize("text", ["小明", "wxm", "xm", "0507"])
def test_a_child_is_found_by_any_part(
    qtbot: QtBot, page: StudentPage, rest: Settle, school: Services, text: str
) -> None:
    uid = child(school)
    child(school, "李思远", id_number=id_number("2015-01-02"), birth="2015-01-02")
    rest()
    press_here = QApplication.focusWidget() or page
    QTest.keyClick(press_here, Qt.Key.Key_F3)
    write(text)
    qtbot.waitUntil(lambda: list(page.table.records().uids()) == [uid], timeout=5000)
    press(Qt.Key.Key_Return)
    rest()
    assert page.panel.uid == uid


def test_filters_and_the_lines_of_the_first_page_show_exactly_those(
    page: StudentPage, shell: Shell, rest: Settle, school: Services
) -> None:
    asked = child(school, birth="2016-05-08")
    poor = child(school, "李思远", id_number=None, roll_number="L431099201603041234", birth="2016-03-04")
    school.ledger.save("hardship", {"student": poor, "code": "D05", "valid_from": "2025-09-01"})
    rest()

    def shown() -> list[str]:
        return list(page.table.records().uids())

    for hint, uid in (("questions", asked), ("unpaired", poor), ("no_account", poor)):
        shell.open("student", hint)
        rest()
        assert shown() == [uid], hint
    account = {"student": poor, "holder": "李大山", "bank": "示范县农村商业银行", "account": "6230901339978526431"}
    school.ledger.save("bank_account", account)
    rest()
    assert shown() == []
    page.wanted.choose(None)
    page.hardship.choose("D05")
    rest()
    assert shown() == [poor]


def test_a_hardship_is_added_and_ended_by_keyboard(
    qtbot: QtBot, page: StudentPage, rest: Settle, school: Services
) -> None:
    uid = child(school)
    opened(page, uid, rest)
    page.panel.tabs.setCurrentIndex(1)
    press(Qt.Key.Key_G, CTRL)
    dialog_of(page, qtbot)
    write("低保家庭学生")
    press(Qt.Key.Key_Return)
    press(Qt.Key.Key_S, CTRL)
    rest()
    assert not dialog_open(page)
    (row,) = school.students.file(uid).hardships
    assert (row.values["code"], row.values["source"]) == ("D05", "school")
    assert page.panel.hardships.list.entries[0].title == row.shown["code"]
    link(page.panel.hardships, "结束").click()
    dialog_of(page, qtbot).form.boxes["valid_to"].retype("20990101")
    dialog_of(page, qtbot).save()
    rest()
    assert school.students.file(uid).hardships[0].values["valid_to"] == "2099-01-01"
    assert page.panel.hardships.list.entries[0].badge == "已结束"


def test_a_caseworker_is_named_and_a_change_needs_its_reason(page: StudentPage, rest: Settle, school: Services) -> None:
    first, second = (school.ledger.save("staff", {"name": name}).uid for name in ("陈老师", "何老师"))
    uid = child(school)
    opened(page, uid, rest)
    for staff, day, reason in ((first, "2025-09-10", None), (second, "2025-10-10", "原责任人调离")):
        dialog = page.panel.care.add()
        assert dialog is not None
        put(dialog, staff=staff, valid_from=day)
        dialog.save()
        rest()
        if reason:
            assert "更换要写明原因" in dialog.banner.text()
            put(dialog, reason=reason)
            dialog.save()
            rest()
    intervals = school.pairing.intervals(uid)
    assert [(each.name, each.valid_to) for each in intervals] == [("何老师", ""), ("陈老师", "2025-10-09")]
    assert [entry.badge for entry in page.panel.care.pairings.entries] == ["现任", ""]


def test_an_account_number_is_masked_until_asked_for(page: StudentPage, rest: Settle, school: Services) -> None:
    uid = child(school)
    account = {"student": uid, "holder": "王大山", "bank": "示范县农村商业银行", "account": "6230901339978526431"}
    school.ledger.save("bank_account", account)
    opened(page, uid, rest)
    page.panel.tabs.setCurrentIndex(3)
    accounts = page.panel.money.accounts
    assert "6230901339978526431" not in accounts.entries[0].title
    link(page.panel.money, "显示").click()
    assert "6230901339978526431" in accounts.entries[0].title


def test_sensitive_fields_are_masked_and_f2_shows_them(page: StudentPage, rest: Settle, school: Services) -> None:
    number = id_number("2016-05-07", serial=33)
    opened(page, child(school, id_number=number), rest)
    box = page.panel.form.boxes["student.id_number"]
    assert not box.shown_openly()
    assert not any(number in text for text in words(page))
    page.panel.form.focus("student.id_number")
    press(Qt.Key.Key_F2)
    assert box.shown_openly()
    assert not page.panel.form.dirty()


def test_history_says_who_when_from_and_to(page: StudentPage, rest: Settle, school: Services) -> None:
    uid = child(school)
    school.ledger.save("student", {"address": "青东村"}, uid)
    school.ledger.save("student", {"address": "青北村"}, uid)
    opened(page, uid, rest)
    page.panel.tabs.setCurrentIndex(HISTORY)
    rest()
    said = words(page.panel.history)
    assert "现住址：青东村 → 青北村" in said
    assert any(text.startswith("学籍·年级") for text in said)
    assert any("测试员" in text for text in said)


def test_voiding_asks_why_and_can_be_undone(
    page: StudentPage, desk: Desk, rest: Settle, school: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    undo: list[Callable[[], object]] = []
    desk.toasted.connect(lambda _, __, do: undo.append(do) if do else None)
    uid = child(school)
    opened(page, uid, rest)
    monkeypatch.setattr(REASON, lambda *_: "重复录入")
    page.panel.void_button.click()
    rest()
    assert list(page.table.records().uids()) == []
    assert not page.panel.restore_button.isHidden()
    undo[0]()
    rest()
    assert list(page.table.records().uids()) == [uid]


def test_an_unfinished_child_comes_back_after_a_crash_with_both_guardians(
    qtbot: QtBot, page: StudentPage, desk: Desk, rest: Settle
) -> None:
    page.new()
    write("没写完")
    page.panel.form.focus(f"{page.panel.form.guardians[0].prefix}name")
    write("王大山")
    page.panel.form.add_guardian()
    write("李桂花")
    qtbot.waitUntil(lambda: "李桂花" in (desk.drafts.load("student-file:new") or {}).values(), timeout=5000)
    again = StudentPage(desk)
    qtbot.addWidget(again)
    again.new()
    form = again.panel.form
    assert form.boxes["student.name"].raw() == "没写完"
    assert [form.boxes[f"{part.prefix}name"].raw() for part in form.guardians] == ["王大山", "李桂花"]
    link(again.panel, "不要了").click()
    assert desk.drafts.load("student-file:new") is None
    assert not form.dirty()


def test_leaving_with_changes_asks_and_the_cursor_goes_back(
    page: StudentPage, rest: Settle, school: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = child(school), child(school, "李思远", id_number=None)
    opened(page, first, rest)
    page.panel.form.focus("student.address")
    write("青")
    answers = iter([False, True])
    monkeypatch.setattr(widgets, "confirm", lambda *_, **__: next(answers))
    page.table.go_to(second)
    rest()
    assert (page.panel.uid, page.table.uid()) == (first, first)
    page.table.go_to(second)
    rest()
    assert page.panel.uid == second


def test_another_household_shows_what_is_known_of_it(page: StudentPage, rest: Settle, school: Services) -> None:
    household = school.ledger.save("household", {"head": "赵大户", "number": "H-7", "address": "青西村"}).uid
    uid = child(school)
    opened(page, uid, rest)
    form = page.panel.form
    form.focus("student.household")
    editor = form.boxes["student.household"].editor
    assert isinstance(editor, ReferenceEdit)
    editor.clear()
    write("赵大")
    press(Qt.Key.Key_Return)
    assert form.boxes["household.number"].raw() == "H-7"
    page.save()
    rest()
    assert school.ledger.record("student", uid).values["household"] == household
    assert school.ledger.record("household", household).values["head"] == "赵大户"


def test_esc_closes_the_drawer_of_a_narrow_window(page: StudentPage, shell: Shell, rest: Settle) -> None:
    shell.resize(980, 700)
    page.new()
    assert page.side.drawer
    assert page.side.isVisible()
    press(Qt.Key.Key_Escape)
    assert page.side.isHidden()


def test_the_model_keeps_the_rules_of_qt(
    page: StudentPage, rest: Settle, school: Services, qtmodeltester: ModelTester
) -> None:
    for number in range(5):
        child(school, f"学生{'甲乙丙丁戊'[number]}", id_number=None)
    rest()
    assert page.table.records().rowCount() == 5
    qtmodeltester.check(page.table.records())


@pytest.mark.parametrize("percent", [100, 150])
def test_no_field_of_the_form_is_cut_off(
    qtbot: QtBot, qapp: QApplication, desk: Desk, rest: Settle, school: Services, percent: int
) -> None:
    theme.set_text_size(qapp, percent)
    made = Shell(desk)
    qtbot.addWidget(made, before_close_func=give_up)
    made.resize(1366, 768)
    made.show()
    made.open("student")
    page: Any = made.page()
    opened(page, child(school), rest)
    birth = page.panel.form.boxes["student.birth"].editor
    room = birth.width() - birth.textMargins().left() - theme.em(1.2) - theme.em(1.6)
    theme_width = birth.fontMetrics().horizontalAdvance("2016-05-07")
    theme.set_text_size(qapp, 100)
    assert room >= theme_width
    assert page.panel.width() <= page.side.width()


def put(dialog: FieldsDialog, **values: str) -> None:
    for key, value in values.items():
        dialog.form.boxes[key].put(value)


def dialog_of(page: StudentPage, qtbot: QtBot) -> FieldsDialog:
    dialog = next(each for each in page.findChildren(FieldsDialog) if each.isVisible())
    qtbot.waitUntil(lambda: QApplication.activeWindow() is dialog)
    return dialog


def dialog_open(page: StudentPage) -> bool:
    return any(each.isVisible() for each in page.findChildren(FieldsDialog))
