"""学籍异动 by keyboard on a real station: every tab records, shows and takes back."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QLabel, QPushButton, QTableView, QWidget
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from jzdesk.services.bundle import Services
from jzdesk.services.roll import EventDraft
from jzdesk.ui import widgets
from jzdesk.ui.dialogs.base import Dialog
from jzdesk.ui.errors_shown import Message
from jzdesk.ui.pages.home import HomePage
from jzdesk.ui.pages.roll import RollPage
from jzdesk.ui.pages.roll.view import DeedDialog
from jzdesk.ui.tasks import Tasks
from tests.factories.people import clock_at
from tests.gui.hands import type_into, wait_for
from tests.gui.stage import Stage, well_behaved

CTRL = Qt.KeyboardModifier.ControlModifier
TODAY = "2025-11-10"
NAMES = ("李思远", "王小明", "赵雨桐")


@pytest.fixture
def people(school: Services) -> dict[str, str]:
    """Three children of two classes of grade 3 and one of grade 6."""
    school.context.store.clock = clock_at(TODAY)
    rooms = {name: school.ledger.save("school_class", {"grade": "G03", "name": name}).uid for name in ("1班", "2班")}
    rooms["6"] = school.ledger.save("school_class", {"grade": "G06", "name": "1班"}).uid
    made = dict(rooms)
    for name, grade, room in (("李思远", "G03", "1班"), ("王小明", "G03", "1班"), ("赵雨桐", "G06", "6")):
        uid = school.ledger.save("student", {"name": name, "sex": "1", "birth": "2016-05-07"}).uid
        place = {"student": uid, "school": "2143990001", "grade": grade, "status": "01", "valid_from": "2024-09-01"}
        school.ledger.save("enrolment", {**place, "school_class": rooms[room]})
        made[name] = uid
    return made


@pytest.fixture
def stage(qtbot: QtBot, tasks: Tasks, school: Services, people: dict[str, str]) -> Stage:
    return Stage(qtbot, tasks, school)


@pytest.fixture
def page(stage: Stage) -> RollPage:
    made = stage.show(RollPage)
    made.activateWindow()
    return made


def press(key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    widget = QApplication.focusWidget()
    assert widget is not None
    QTest.keyClick(widget, key, modifier)


def write(text: str) -> None:
    type_into(QApplication.focusWidget(), text)
    press(Qt.Key.Key_Return)


def asked(stage: Stage, page: RollPage) -> DeedDialog:
    (found,) = [each for each in page.findChildren(QDialog) if each.isVisible()]
    assert isinstance(found, DeedDialog)
    stage.qtbot.waitUntil(lambda: QApplication.activeWindow() is found, timeout=5000)
    return found


def here(dialog: DeedDialog) -> str:
    focused = QApplication.focusWidget()
    assert focused is not None
    return next((key for key, box in dialog.form.boxes.items() if box.isAncestorOf(focused)), "")


def back_to(dialog: QWidget) -> None:
    """A list that opened while typing was the active window; a window manager would now give that back."""
    dialog.activateWindow()
    wait_for(dialog.isActiveWindow)


def fill(dialog: DeedDialog, **values: str) -> None:
    """Type into the fields as the form names them; the dialog is then saved with Ctrl+S."""
    for key, text in values.items():
        box = dialog.form.boxes.get(key) or dialog.form.boxes[f"more.{key}"]
        back_to(dialog)
        box.focus()
        wait_for(partial(_holds_cursor, box))
        type_into(QApplication.focusWidget(), text)
        press(Qt.Key.Key_Return)


def _holds_cursor(box: QWidget) -> bool:
    focused = QApplication.focusWidget()
    return focused is not None and box.isAncestorOf(focused)


def save(stage: Stage, dialog: DeedDialog) -> None:
    back_to(dialog)
    QTest.keyClick(dialog, Qt.Key.Key_S, CTRL)
    stage.settle()


def into(stage: Stage, table: QTableView) -> None:
    """Back in the window itself, with the cursor in a table."""
    table.window().activateWindow()  # a window manager would do it
    stage.qtbot.waitUntil(lambda: QApplication.activeWindow() is table.window(), timeout=5000)
    table.setFocus()


def cells(table: QTableView, column: int = 0) -> list[str]:
    model = table.model()
    return [str(model.index(row, column).data()) for row in range(model.rowCount())]


def test_a_suspension_is_recorded_by_keys_alone_and_undone_from_the_toast(
    stage: Stage, page: RollPage, school: Services, people: dict[str, str]
) -> None:
    undo: list[Callable[[], object]] = []
    stage.desk.toasted.connect(lambda _, __, do: undo.append(do) if do else None)
    page.new()
    dialog = asked(stage, page)
    assert here(dialog) == "student"
    write("王小")
    assert here(dialog) == "kind"
    write("休学")
    assert here(dialog) == "date"
    press(Qt.Key.Key_Return)
    assert here(dialog) == "more.until"
    write("2026.9.1")
    write("骨折住院")
    assert here(dialog) == "more.proof"
    save(stage, dialog)
    assert cells(page.events.table, 1) == ["王小明"]
    assert "骨折住院" in page.events.words.text()
    assert school.as_of.roll().enrolled == 2
    undo[0]()
    stage.settle()
    assert cells(page.events.table) == []
    assert school.as_of.roll().enrolled == 3


def test_the_fields_follow_the_kind_and_keep_what_both_kinds_have(stage: Stage, page: RollPage) -> None:
    page.new()
    dialog = asked(stage, page)
    dialog.form.boxes["kind"].put("02")
    dialog.form.boxes["kind"].edited.emit()
    dialog.form.boxes["more.reason"].retype("生病")
    dialog.form.boxes["kind"].put("07")
    dialog.form.boxes["kind"].edited.emit()
    assert list(dialog.form.boxes) == ["student", "kind", "date", "more.reason", "more.proof"]
    assert dialog.form.boxes["more.reason"].raw() == "生病"
    dialog.reject()


def test_what_the_rules_refuse_is_said_beside_the_field_and_the_dialog_stays(
    stage: Stage, page: RollPage, people: dict[str, str], school: Services
) -> None:
    page.events.record(people["王小明"])
    dialog = asked(stage, page)
    fill(dialog, kind="退学")
    dialog.form.boxes["more.reason"].retype("不想读")
    save(stage, dialog)
    assert "义务教育" in dialog.form.boxes["kind"].sentence()
    assert dialog.isVisible()
    fill(dialog, kind="调班")
    fill(dialog, to_class="六年级")
    save(stage, dialog)
    assert "不是小学三年级的班" in dialog.form.boxes["more.to_class"].sentence()
    fill(dialog, to_class="")
    dialog.form.boxes["more.to_class"].put(people["2班"])
    save(stage, dialog)
    assert not [each for each in page.findChildren(QDialog) if each.isVisible()]
    assert cells(page.events.table, 4) == ["1班 → 2班"]


def test_the_latest_event_is_voided_with_a_reason(
    stage: Stage, page: RollPage, school: Services, people: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    school.roll.register(EventDraft(people["王小明"], "转出", "2025-10-10", other_school="外校"))
    page.refresh()
    stage.settle()
    monkeypatch.setattr("jzdesk.ui.pages.roll.events.ask_reason", lambda *_: "没有转成")
    page.events.void_button.click()
    stage.settle()
    assert cells(page.events.table) == []
    assert school.as_of.roll().enrolled == 3


def test_whoever_waits_is_shown_and_the_next_event_is_begun_for_them(
    stage: Stage, page: RollPage, school: Services, people: dict[str, str]
) -> None:
    school.roll.register(EventDraft(people["王小明"], "疑似辍学", "2025-10-10", reason="缺课"))
    page.arrive("suspected")
    stage.settle()
    assert cells(page.events.table, 1) == ["王小明"]
    into(stage, page.events.table)
    press(Qt.Key.Key_Return)
    dialog = asked(stage, page)
    values = dialog.form.read().values
    assert (values["student"], values["kind"]) == (people["王小明"], "09")
    save(stage, dialog)
    assert cells(page.events.table) == []


def test_an_account_of_somebody_who_leaves_is_pointed_out(
    stage: Stage, page: RollPage, school: Services, people: dict[str, str]
) -> None:
    school.closures.open({"kind": "student", "student": people["王小明"], "basis": "困难认定"})
    page.arrive(people["王小明"])
    dialog = asked(stage, page)
    fill(dialog, kind="转出", other_school="外校")
    save(stage, dialog)
    assert [message.what for message in stage.messages if isinstance(message, Message)] == [
        "该生还有 1 个未销号的账目。"
    ]


def test_the_school_goes_up_with_one_staying_down_and_is_taken_back(
    stage: Stage, page: RollPage, school: Services, people: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    school.context.store.clock = clock_at("2026-09-02")
    page.arrive("promotion")
    stage.settle()
    view = page.promotion
    assert cells(view.classes, 0) == ["小学三年级1班", "小学六年级1班"]
    assert cells(view.classes, 1) == ["小学四年级1班", "毕业"]
    page.seek()
    press(Qt.Key.Key_Return)
    assert cells(view.pupils) == ["李思远", "王小明"]
    press(Qt.Key.Key_Space)
    stage.settle()
    assert view.held == {people["李思远"]}
    press(Qt.Key.Key_Return)
    stage.settle()
    assert view.held == set()
    press(Qt.Key.Key_Return)
    stage.settle()
    monkeypatch.setattr(widgets, "confirm", lambda *_, **__: True)
    undo: list[Callable[[], object]] = []
    stage.desk.toasted.connect(lambda _, __, do: undo.append(do) if do else None)
    page.new()
    stage.settle()
    assert stage.said[-1] == "升级 1 人，毕业 1 人，留级 1 人"
    assert "不会再升一次" in view.words.text()
    assert not view.do_button.isEnabled()
    grades = {line.name: line.grade for line in school.as_of.roll().lines}
    assert grades == {"李思远": "小学三年级", "王小明": "小学四年级"}
    undo[0]()
    stage.settle()
    assert len(school.as_of.roll().lines) == 3


def test_a_leaver_gets_a_destination(stage: Stage, page: RollPage, school: Services) -> None:
    school.context.store.clock = clock_at("2026-09-02")
    school.promotion.promote()
    page.arrive("promotion")
    page.promotion.what.choose("leavers")
    stage.settle()
    table = page.promotion.leavers
    assert cells(table, 3) == ["（没有登记）"]
    into(stage, table)
    press(Qt.Key.Key_Home)
    press(Qt.Key.Key_Return)
    dialog = asked(stage, page)
    write("青石镇中学")
    save(stage, dialog)
    assert cells(table, 3) == ["青石镇中学"]


def test_a_roll_of_this_year_is_not_promoted_unless_ticked(stage: Stage, page: RollPage, school: Services) -> None:
    page.arrive("promotion")
    stage.settle()
    assert "仍要升级" in page.promotion.words.text()
    page.new()
    assert "仍要升级" in stage.said[-1]
    page.promotion.anyway.click()
    stage.settle()
    assert page.promotion.do_button.isEnabled()


def test_chosen_pupils_are_split_off_into_a_new_class(
    stage: Stage, page: RollPage, school: Services, people: dict[str, str]
) -> None:
    page.arrive("classes")
    stage.settle()
    view = page.classes
    assert view.classes.uid() == people["1班"]
    into(stage, view.pupils)
    press(Qt.Key.Key_Home)
    press(Qt.Key.Key_Return)
    dialog = asked(stage, page)
    fill(dialog, new_name="3班")
    save(stage, dialog)
    assert [(line.name, line.students) for line in school.classes.classes()][:3] == [("1班", 1), ("2班", 0), ("3班", 1)]
    assert stage.said[-1] == "1 名学生已调班"


def test_classes_are_renamed_merged_and_the_empty_ones_voided(
    stage: Stage, page: RollPage, school: Services, people: dict[str, str]
) -> None:
    head = school.ledger.save("staff", {"name": "吴泽建"}).uid
    page.arrive("classes")
    stage.settle()
    view = page.classes
    into(stage, view.classes)
    press(Qt.Key.Key_Return)
    dialog = asked(stage, page)
    dialog.form.boxes["name"].retype("甲班")
    fill(dialog, head="吴泽")
    save(stage, dialog)
    line = next(one for one in school.classes.classes() if one.uid == people["1班"])
    assert (line.name, line.head_uid) == ("甲班", head)
    view.merge()
    assert "至少两个" in stage.said[-1]
    view.classes.selectRow(0)
    QTest.keyClick(view.classes, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    view.merge()
    dialog = asked(stage, page)
    dialog.form.boxes["to_class"].put(people["2班"])
    save(stage, dialog)
    assert [(one.name, one.students) for one in school.classes.classes()] == [("2班", 2), ("1班", 1)]
    school.ledger.save("school_class", {"grade": "G04", "name": "1班"})
    stage.settle()
    view.empty_button.click()
    stage.settle()
    assert len(school.classes.classes()) == 2


def test_an_account_is_opened_closed_by_two_people_and_opened_again(
    stage: Stage, page: RollPage, school: Services, people: dict[str, str]
) -> None:
    page.arrive("closures")
    stage.settle()
    view = page.closures
    assert "Ctrl+N 建账" in view.words.text()
    page.new()
    dialog = asked(stage, page)
    assert list(dialog.form.boxes)[:2] == ["kind", "more.student"]
    fill(dialog, student="王小", basis="困难认定", due="2026.6.30")
    save(stage, dialog)
    assert cells(view.table, 1) == ["王小明"]
    into(stage, view.table)
    press(Qt.Key.Key_Return)
    dialog = asked(stage, page)
    fill(dialog, reason="稳定脱贫", proof="核实表", verifier="吴泽建", approver="吴泽建")
    save(stage, dialog)
    assert "同一个人" in dialog.form.boxes["approver"].sentence()
    dialog.form.boxes["approver"].retype("李校长")
    save(stage, dialog)
    assert cells(view.table, 1) == []
    view.state.choose("closed")
    stage.settle()
    view.reopen_button.click()
    dialog = asked(stage, page)
    fill(dialog, reopen_reason="父亲生病")
    save(stage, dialog)
    (line,) = school.closures.rows(school.closures.ids())
    assert line.state == "reopened"
    view.close_chosen()
    view.state.choose(None)
    stage.settle()
    assert "复号：父亲生病" in view.words.text()
    view.reopen()
    assert "已销号的账目" in stage.said[-1]


def test_a_project_has_a_name_of_its_own_and_all_poor_pupils_get_accounts(
    stage: Stage, page: RollPage, school: Services, people: dict[str, str]
) -> None:
    hardship = {"student": people["李思远"], "code": "D01", "valid_from": "2025-09-01"}
    school.ledger.save("hardship", hardship)
    page.arrive("closures")
    page.new()
    dialog = asked(stage, page)
    dialog.form.boxes["kind"].put("project")
    dialog.form.boxes["kind"].edited.emit()
    fill(dialog, subject="环保厕所")
    save(stage, dialog)
    page.closures.poor_button.click()
    fill(asked(stage, page), basis="2025 年秋认定")
    save(stage, asked(stage, page))
    assert sorted(cells(page.closures.table, 1)) == ["李思远", "环保厕所"]


def test_the_roll_of_a_day_is_looked_at_sifted_and_written(
    stage: Stage, page: RollPage, school: Services, people: dict[str, str], tmp_path: Path
) -> None:
    school.roll.register(EventDraft(people["王小明"], "转出", "2025-10-10", other_school="外校"))
    page.arrive("day")
    stage.settle()
    view = page.day
    assert cells(view.table, 2) == ["李思远", "赵雨桐"]
    page.new()
    write("2025.10.9")
    stage.settle()
    assert cells(view.table, 2) == list(NAMES)
    assert view.count.text() == "2025-10-09 在册 3 人"
    view.grade.choose("G06")
    assert cells(view.table, 2) == ["赵雨桐"]
    view.grade.choose(None)
    view.search.setText("王")
    stage.qtbot.waitUntil(lambda: cells(view.table, 2) == ["王小明"], timeout=5000)
    view.write(tmp_path / "名册.xlsx")
    stage.settle()
    assert stage.said[-1] == "已导出 3 人到 名册.xlsx"
    for typed, said in (("2099-01-01", "还没有到"), ("昨天", "日期")):
        view.date.setText(typed)
        view.refresh()
        stage.settle()
        assert said in view.count.text()


def test_the_first_page_leads_to_what_waits(stage: Stage, school: Services, people: dict[str, str]) -> None:
    school.roll.register(EventDraft(people["王小明"], "疑似辍学", "2025-10-10", reason="缺课"))
    wanted: list[tuple[str, str]] = []
    stage.desk.wanted.connect(lambda place, hint: wanted.append((place, hint)))
    home = stage.show(HomePage)
    labels = [label.text() for label in home.findChildren(QLabel)]
    assert "疑似辍学，等待劝返" in labels
    button = next(one for one in home.findChildren(QPushButton) if "疑似辍学" in one.accessibleName())
    button.click()
    assert wanted == [("roll", "suspected")]


def test_the_models_keep_the_rules_of_qt(page: RollPage, stage: Stage, qtmodeltester: ModelTester) -> None:
    for number, table in enumerate((
        page.events.table, page.promotion.classes, page.classes.classes, page.closures.table, page.day.table,
    )):  # fmt: skip
        page.tabs.setCurrentIndex(number)
        stage.settle()
        qtmodeltester.check(table.records())
        well_behaved(table)
    well_behaved(page.promotion.pupils)
    well_behaved(page.classes.pupils)


def test_f3_goes_to_the_search_box_and_the_arrow_into_the_table(
    stage: Stage, page: RollPage, school: Services, people: dict[str, str]
) -> None:
    school.roll.register(EventDraft(people["王小明"], "转出", "2025-10-10", other_school="外校"))
    stage.settle()
    page.seek()
    assert page.events.search.hasFocus()
    press(Qt.Key.Key_Down)
    assert page.events.table.hasFocus()


def test_a_dialog_is_as_tall_as_its_sentences(stage: Stage, page: RollPage) -> None:
    page.new()
    dialog: Dialog = asked(stage, page)
    layout = dialog.layout()
    assert layout is not None
    assert dialog.height() >= layout.totalHeightForWidth(dialog.width())
    dialog.reject()
