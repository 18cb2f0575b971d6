"""Fields behave as a fast typist expects."""

from __future__ import annotations

import itertools

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QInputMethodEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from jzdesk.core.kinds import Code, Date, Money, Text
from jzdesk.ui.editors.area import AreaEdit
from jzdesk.ui.editors.choice import ChoiceEdit
from jzdesk.ui.editors.reference import ReferenceEdit
from jzdesk.ui.editors.typed import DateEdit, NumberEdit
from jzdesk.ui.editors.yesno import YesNoEdit
from jzdesk.ui.inputs import Combo, LineEdit, Pick, SearchEdit
from tests.gui.hands import cursor, type_into

ANNA, BERTA = "a" * 32, "b" * 32
OPEN: list[QWidget] = []


def shown(qtbot: QtBot, *fields: QWidget) -> QWidget:
    window = QWidget()
    layout = QVBoxLayout(window)
    for field in fields:
        layout.addWidget(field)
    qtbot.addWidget(window)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    fields[0].setFocus()
    OPEN[:] = [window]  # keeps the window alive while the test looks at its fields
    return window


@pytest.mark.parametrize("typed", ["20231105", "2023.11.5", "2023/11/5", "2023年11月5日", "２０２３１１０５"])
def test_every_usual_way_of_typing_a_date_shows_iso_on_leaving(qtbot: QtBot, typed: str) -> None:
    date, after = DateEdit(Date()), LineEdit()
    shown(qtbot, date, after)
    type_into(date, typed)
    after.setFocus()
    assert date.text() == "2023-11-05"


def test_what_is_no_date_stays_as_typed(qtbot: QtBot) -> None:
    date, after = DateEdit(Date()), LineEdit()
    shown(qtbot, date, after)
    type_into(date, "20231345")
    after.setFocus()
    assert date.text() == "20231345"


def test_full_width_digits_become_plain(qtbot: QtBot) -> None:
    line, after = LineEdit(Text()), LineEdit()
    shown(qtbot, line, after)
    type_into(line, "１３８ＡＢ")
    after.setFocus()
    assert line.text() == "138AB"


def test_an_amount_is_shown_with_two_decimals(qtbot: QtBot) -> None:
    money, after = NumberEdit(Money()), LineEdit()
    shown(qtbot, money, after)
    type_into(money, "1250.5")
    after.setFocus()
    assert money.text() == "1,250.50"


def test_enter_goes_to_the_next_field_from_every_kind_of_field(qtbot: QtBot) -> None:
    fields = [
        LineEdit(),
        DateEdit(Date()),
        ChoiceEdit(Code("sex").items(), Code("sex")),
        YesNoEdit(),
        AreaEdit(),
        Pick([(1, "一"), (2, "二")]),
        LineEdit(),
    ]
    shown(qtbot, *fields)
    for here, after in itertools.pairwise(fields):
        assert here.isAncestorOf(cursor()) or here is cursor()
        QTest.keyClick(cursor(), Qt.Key.Key_Return)
        focus = cursor()
        assert focus is after or after.isAncestorOf(focus), type(here).__name__


def test_alt_enter_begins_a_line_in_a_long_text(qtbot: QtBot) -> None:
    area = AreaEdit()
    shown(qtbot, area)
    type_into(area, "a")
    QTest.keyClick(area, Qt.Key.Key_Return, Qt.KeyboardModifier.AltModifier)
    type_into(area, "b")
    assert area.raw() == "a\nb"


@pytest.mark.parametrize("focused", [True, False])
def test_a_wheel_over_a_closed_list_changes_nothing(qtbot: QtBot, focused: bool) -> None:
    pick: Combo = Pick([(1, "一"), (2, "二"), (3, "三")])
    other = LineEdit()
    shown(qtbot, *((pick, other) if focused else (other, pick)))
    wheel = QWheelEvent(
        QPointF(5, 5),
        QPointF(pick.mapToGlobal(QPoint(5, 5))),
        QPoint(),
        QPoint(0, -120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(pick, wheel)
    assert pick.currentIndex() == 0


@pytest.mark.parametrize(("typed", "code"), [("女", "2"), ("2", "2"), ("2-女", "2"), ("女性", "2")])
def test_a_choice_is_found_by_label_or_code(qtbot: QtBot, typed: str, code: str) -> None:
    choice, after = ChoiceEdit(Code("sex").items(), Code("sex")), LineEdit()
    shown(qtbot, choice, after)
    type_into(choice.lineEdit(), typed)
    after.setFocus()
    assert choice.raw() == code


def test_what_is_no_choice_stays_visible_as_typed(qtbot: QtBot) -> None:
    choice, after = ChoiceEdit(Code("sex").items(), Code("sex")), LineEdit()
    shown(qtbot, choice, after)
    type_into(choice.lineEdit(), "不详细")
    after.setFocus()
    assert choice.raw() == "不详细"


def test_enter_in_a_list_that_opened_while_typing_goes_on_at_once(qtbot: QtBot) -> None:
    choice, after = ChoiceEdit(Code("sex").items(), Code("sex")), LineEdit()
    window = shown(qtbot, choice, after)
    type_into(choice.lineEdit(), "男")
    choice._list.show()  # as the completer does for a key
    qtbot.waitUntil(choice._list.isVisible, timeout=5000)
    QTest.keyClick(choice._list, Qt.Key.Key_Return)
    assert not choice._list.isVisible()
    assert choice.raw() == "1"
    assert window.focusWidget() is after


def test_f4_opens_the_list(qtbot: QtBot) -> None:
    pick = Pick([(1, "一"), (2, "二")])
    shown(qtbot, pick)
    QTest.keyClick(pick, Qt.Key.Key_F4)
    assert pick.view().isVisible()
    pick.hidePopup()


def test_yes_no_can_be_answered_cleared_and_left_blank(qtbot: QtBot) -> None:
    answer = YesNoEdit()
    shown(qtbot, answer)
    seen = [answer.raw()]
    for key in (Qt.Key.Key_Y, Qt.Key.Key_N, Qt.Key.Key_Delete):
        QTest.keyClick(answer, key)
        seen.append(answer.raw())
    assert seen == [None, 1, 0, None]


def test_a_word_being_composed_never_searches(qtbot: QtBot) -> None:
    search = SearchEdit()
    shown(qtbot, search)
    found: list[str] = []
    search.searched.connect(found.append)
    search.setText("wang")
    search.selectAll()
    QApplication.sendEvent(search, QInputMethodEvent("zhang", []))  # replaces the selection by an empty text
    QTest.qWait(300)
    assert found == []
    done = QInputMethodEvent("", [])
    done.setCommitString("张")
    QApplication.sendEvent(search, done)
    qtbot.waitUntil(lambda: found == ["张"])


def test_typing_searches_once_after_a_pause(qtbot: QtBot) -> None:
    search = SearchEdit()
    shown(qtbot, search)
    found: list[str] = []
    search.searched.connect(found.append)
    type_into(search, "zxm")
    qtbot.waitUntil(lambda: found == ["zxm"])


def test_a_reference_is_chosen_by_typing_a_part_of_it(qtbot: QtBot) -> None:
    people = [(ANNA, "安娜"), (BERTA, "贝塔")]
    reference, after = ReferenceEdit(lambda text: [p for p in people if text in p[1]]), LineEdit()
    shown(qtbot, reference, after)
    type_into(reference, "贝")
    after.setFocus()
    assert (reference.raw(), reference.text()) == (BERTA, "贝塔")


def test_a_reference_that_fits_several_records_is_not_guessed(qtbot: QtBot) -> None:
    people = [(ANNA, "王安"), (BERTA, "王贝")]
    reference, after = ReferenceEdit(lambda text: [p for p in people if text in p[1]]), LineEdit()
    shown(qtbot, reference, after)
    type_into(reference, "王")
    after.setFocus()
    assert reference.raw() == "王"
