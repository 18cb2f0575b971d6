"""走访 by keyboard on a real station: who is due, recording one after another, looking back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from jzdesk.services.bundle import Services
from jzdesk.services.students import StudentDraft
from jzdesk.services.visits import VisitDraft
from jzdesk.ui import theme, widgets
from jzdesk.ui.desk import Desk
from jzdesk.ui.ledger.model import FOREGROUND
from jzdesk.ui.pages.visits import DueLine, VisitPage
from jzdesk.ui.shell import Shell
from tests.factories.people import clock_at
from tests.gui.hands import type_into

Settle = Callable[[], None]
CTRL = Qt.KeyboardModifier.ControlModifier
TODAY = "2025-11-10"
NAMES = ("王小明", "李思远", "赵雨桐")


@pytest.fixture
def people(school: Services) -> dict[str, str]:
    """Three children with one caseworker since September; two overdue, one visited each month; and one unpaired."""
    school.context.store.clock = clock_at(TODAY)
    staff = school.ledger.save("staff", {"name": "陈老师"}).uid
    school.ledger.save("staff", {"name": "何老师"})
    made = {name: child(school, name) for name in (*NAMES, "孙未结")}
    school.pairing.assign([made[name] for name in NAMES], staff, "2025-09-01")
    for day in ("2025-09-12", "2025-10-12"):
        school.visits.record(VisitDraft(made["赵雨桐"], date=day, situation="家庭情况稳定"))
    return made


@pytest.fixture
def shell(qtbot: QtBot, desk: Desk, settle: Settle, people: dict[str, str]) -> Shell:
    made = Shell(desk)
    qtbot.addWidget(made, before_close_func=give_up)
    made.resize(1366, 768)
    made.show()
    made.open("visit")
    settle()
    return made


@pytest.fixture
def page(shell: Shell) -> VisitPage:
    found = shell.page()
    assert isinstance(found, VisitPage)
    return found


@pytest.fixture
def rest(settle: Settle) -> Settle:
    """Wait until the work, and what it set off, is done."""

    def wait() -> None:
        for _ in range(3):
            settle()
            QApplication.processEvents()

    return wait


def give_up(shell: Shell) -> None:
    """A test may end in the middle of typing; closing the window would ask."""
    page = shell.page()
    if isinstance(page, VisitPage):
        page.panel.give_up()
    while shell.desk.tasks.busy():
        QApplication.processEvents()


def child(school: Services, name: str) -> str:
    student = {"name": name, "sex": "1", "birth": "2016-05-07"}
    guardians = ({"name": f"{name[0]}大山", "relation": "51", "phone": "13800000001"},)
    enrolment = {"grade": "G03", "valid_from": "2025-09-01"}
    return school.students.save(StudentDraft(None, student, enrolment, guardians)).uid


def press(key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    widget = QApplication.focusWidget()
    assert widget is not None
    QTest.keyClick(widget, key, modifier)


def write(text: str) -> None:
    type_into(QApplication.focusWidget(), text)


def here(page: VisitPage) -> str:
    focused = QApplication.focusWidget()
    assert focused is not None
    return next((key for key, box in page.panel.form.boxes.items() if box.isAncestorOf(focused)), "")


def due_names(page: VisitPage) -> list[str]:
    model = page.table.records()
    return [str(model.index(row, 0).data()) for row in range(model.rowCount())]


def visits_of(school: Services, student: str) -> list[dict[str, object]]:
    return [dict(row.values) for row in school.visits.rows(school.visits.ids(student=student))]


def test_the_most_urgent_stand_first_in_red_and_the_present_ones_in_amber(page: VisitPage) -> None:
    assert due_names(page) == ["李思远", "王小明", "赵雨桐"]
    model = page.table.records()
    tones = [model.index(row, 2).data(FOREGROUND).color().name() for row in range(3)]
    assert tones == [theme.WRONG, theme.WRONG, theme.LOOK]
    assert model.index(0, 2).data() == "逾期 41 天"
    assert "应访 3 人，其中逾期 2 人" in page.count.text()


def test_one_visit_after_another_is_recorded_without_a_mouse(
    page: VisitPage, rest: Settle, school: Services, people: dict[str, str]
) -> None:
    page.table.setFocus()
    press(Qt.Key.Key_Home)
    press(Qt.Key.Key_Return)
    rest()
    assert here(page) == "met"
    write("父亲")
    press(Qt.Key.Key_Return)
    write("父亲外出务工，祖母照看")
    press(Qt.Key.Key_Return)
    write("每周辅导一次")
    press(Qt.Key.Key_S, CTRL)
    rest()
    (visit,) = visits_of(school, people["李思远"])
    assert (visit["date"], visit["method"], visit["met"]) == (TODAY, "1", "父亲")
    assert (visit["situation"], visit["measures"]) == ("父亲外出务工，祖母照看", "每周辅导一次")
    assert school.ledger.record("visit", str(visit["uid"])).shown["staff"] == "陈老师"
    assert page.panel.form.read().values["student"] == people["王小明"]
    assert page.table.uid() == people["王小明"]
    assert here(page) == "met"
    write("母亲")
    press(Qt.Key.Key_S, CTRL)
    rest()
    assert len(visits_of(school, people["王小明"])) == 1
    assert page.panel.form.read().values["student"] == people["赵雨桐"]


def test_date_and_way_stay_for_the_next_visit_of_the_afternoon(
    page: VisitPage, rest: Settle, school: Services, people: dict[str, str]
) -> None:
    page.open_record(people["李思远"])
    rest()
    page.panel.form.focus("date")
    write("2025.11.5")
    press(Qt.Key.Key_Return)
    page.panel.form.boxes["method"].put("3")
    page.panel.form.boxes["met"].retype("父亲")
    page.save()
    rest()
    values = page.panel.form.read().values
    assert (values["student"], values["date"], values["method"]) == (people["王小明"], "2025-11-05", "3")
    assert not page.panel.form.dirty()


@pytest.mark.parametrize("typed", ["孙未", "swj"])
def test_anybody_is_found_by_typing_a_part_or_initials(
    page: VisitPage, rest: Settle, school: Services, people: dict[str, str], typed: str
) -> None:
    page.setFocus()
    press(Qt.Key.Key_N, CTRL)
    rest()
    assert here(page) == "student"
    write(typed)
    press(Qt.Key.Key_Return)
    rest()
    assert page.panel.form.read().values["student"] == people["孙未结"]
    assert "监护人 孙大山" in page.panel.about.text()
    page.panel.form.focus("situation")
    write("家庭情况稳定")
    page.save()
    rest()
    assert len(visits_of(school, people["孙未结"])) == 1
    assert page.panel.form.read().values["student"] == people["李思远"]


def test_enter_takes_the_first_of_several_offered(
    qtbot: QtBot, page: VisitPage, rest: Settle, school: Services
) -> None:
    first, second = child(school, "周子轩"), child(school, "周子涵")
    rest()
    page.new()
    write("周子")
    press(Qt.Key.Key_Return)
    popup = QApplication.activePopupWidget()
    assert popup is not None
    assert here(page) == "student"
    QTest.keyClick(popup, Qt.Key.Key_Return)
    rest()
    assert page.panel.form.read().values["student"] in (first, second)
    assert here(page) == "method"


def test_the_list_never_opens_after_the_field_was_left(qtbot: QtBot, page: VisitPage, rest: Settle) -> None:
    page.new()
    write("孙未")
    press(Qt.Key.Key_Return)
    qtbot.wait(300)
    assert QApplication.activePopupWidget() is None


def test_what_is_known_stands_beneath_the_name(page: VisitPage, rest: Settle, people: dict[str, str]) -> None:
    page.open_record(people["赵雨桐"])
    rest()
    about = page.panel.about.text()
    assert "监护人 赵大山 138****0001" in about
    assert "上次 2025-10-12 入户走访（家访）：家庭情况稳定" in about
    assert [entry.title[:10] for entry in page.panel.earlier.entries] == ["2025-10-12", "2025-09-12"]


def test_a_visit_in_the_future_is_refused_beside_the_date(
    page: VisitPage, rest: Settle, school: Services, people: dict[str, str], messages: list[object]
) -> None:
    page.open_record(people["李思远"])
    rest()
    page.panel.form.boxes["date"].retype("20251111")
    page.panel.form.boxes["met"].retype("父亲")
    page.save()
    rest()
    assert "还没有到" in page.panel.form.boxes["date"].sentence()
    assert here(page) == "date"
    assert visits_of(school, people["李思远"]) == []
    assert messages == []


def test_a_visit_without_evidence_is_asked_about_but_not_blocked(
    qtbot: QtBot, page: VisitPage, rest: Settle, school: Services, people: dict[str, str]
) -> None:
    page.open_record(people["李思远"])
    rest()
    page.panel.form.focus("needs")
    write("需要冬衣")
    qtbot.waitUntil(lambda: "不计入" in page.panel.form.boxes["met"].sentence(), timeout=3000)
    page.save()
    rest()
    assert len(visits_of(school, people["李思远"])) == 1


def test_another_visitor_than_the_caseworker_is_kept(
    page: VisitPage, rest: Settle, school: Services, people: dict[str, str]
) -> None:
    page.open_record(people["李思远"])
    rest()
    page.panel.form.focus("staff")
    page.panel.form.boxes["staff"].retype("")
    write("何老师")
    press(Qt.Key.Key_Return)
    page.panel.form.focus("date")
    press(Qt.Key.Key_Return)
    page.panel.form.boxes["met"].retype("父亲")
    page.save()
    rest()
    (uid,) = school.visits.ids(student=people["李思远"])
    assert school.ledger.record("visit", uid).shown["staff"] == "何老师"


def test_an_earlier_visit_is_opened_corrected_and_its_history_shown(
    page: VisitPage, rest: Settle, school: Services, people: dict[str, str]
) -> None:
    page.made.setFocus()
    page.made.selectRow(0)
    press(Qt.Key.Key_Return)
    rest()
    uid = page.panel.uid
    assert uid is not None
    page.panel.form.boxes["needs"].put("希望寄宿")
    page.save()
    rest()
    assert school.ledger.record("visit", uid).values["needs"] == "希望寄宿"
    assert page.panel.uid == uid
    assert len(school.ledger.history("visit", uid)) == len([v for v in school.ledger.history("visit", uid) if v.what])


def test_a_visit_is_voided_with_a_reason_and_comes_back(
    page: VisitPage, desk: Desk, rest: Settle, school: Services, people: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    undo: list[Callable[[], object]] = []
    desk.toasted.connect(lambda _, __, do: undo.append(do) if do else None)
    page.show_visit(page.made.records().uid(0))
    rest()
    monkeypatch.setattr("jzdesk.ui.pages.visit_panel.ask_reason", lambda *_: "重复登记")
    link(page, "作废").click()
    rest()
    assert page.made.records().rowCount() == 1
    undo[0]()
    rest()
    assert page.made.records().rowCount() == 2


def test_the_line_of_the_first_page_shows_the_overdue_alone(page: VisitPage, shell: Shell, rest: Settle) -> None:
    shell.open("visit", "overdue")
    rest()
    assert due_names(page) == ["李思远", "王小明"]


def test_search_narrows_both_lists(qtbot: QtBot, page: VisitPage, rest: Settle) -> None:
    page.setFocus()
    press(Qt.Key.Key_F3)
    write("zyt")
    qtbot.waitUntil(lambda: due_names(page) == ["赵雨桐"], timeout=5000)
    assert page.made.records().rowCount() == 2
    press(Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: len(due_names(page)) == 3, timeout=5000)


def test_a_student_page_sends_its_child_here(
    page: VisitPage, shell: Shell, rest: Settle, people: dict[str, str]
) -> None:
    shell.desk.go("visit", people["孙未结"])
    rest()
    assert page.panel.form.read().values["student"] == people["孙未结"]
    assert here(page) == "met"


def test_an_unfinished_visit_comes_back_after_a_crash(
    qtbot: QtBot, page: VisitPage, desk: Desk, rest: Settle, people: dict[str, str]
) -> None:
    page.open_record(people["李思远"])
    rest()
    page.panel.form.focus("situation")
    write("没写完")
    qtbot.waitUntil(lambda: bool(desk.drafts.load("visit-form:new")), timeout=5000)
    again = VisitPage(desk)
    qtbot.addWidget(again)
    again.arrive()
    rest()
    values = again.panel.form.read().values
    assert (values["student"], values["situation"]) == (people["李思远"], "没写完")


def test_leaving_with_changes_asks(
    page: VisitPage, shell: Shell, rest: Settle, people: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    page.open_record(people["李思远"])
    rest()
    page.panel.form.focus("situation")
    write("没写完")
    answers = iter([False, True])
    monkeypatch.setattr(widgets, "confirm", lambda *_, **__: next(answers))
    assert not shell.open("home")
    assert page.panel.form.boxes["situation"].raw() == "没写完"
    assert shell.open("home")
    shell.open("visit")


def test_the_models_keep_the_rules_of_qt(page: VisitPage, qtmodeltester: ModelTester) -> None:
    assert page.made.records().rowCount() == 2
    qtmodeltester.check(page.table.records())
    qtmodeltester.check(page.made.records())


def test_a_line_says_how_late_it_is(page: VisitPage) -> None:
    line = page.table.records().row(2)
    assert isinstance(line, DueLine)
    assert (line.state, line.tone) == ("11-30 前", "look")


def link(page: VisitPage, text: str) -> QPushButton:
    return next(b for b in page.findChildren(QPushButton) if b.text() == text and b.isVisible())
