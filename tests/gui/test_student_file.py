"""The whole file of a child beside the list: every field, family, photographs, consent, likely doubles, questions."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QWidget
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from jzdesk.core.fields import Value
from jzdesk.services.bundle import Services
from jzdesk.services.students import StudentDraft
from jzdesk.ui import widgets
from jzdesk.ui.pages.students import StudentPage
from jzdesk.ui.pages.students.dialog import FieldsDialog
from jzdesk.ui.tasks import Tasks
from tests.factories.people import id_number
from tests.gui.hands import cursor, type_into
from tests.gui.stage import Stage

ALBUM, FAMILY = 5, 4
PHONE = "13800000001"


@pytest.fixture
def stage(qtbot: QtBot, tasks: Tasks, school: Services) -> Stage:
    return Stage(qtbot, tasks, school)


@pytest.fixture
def page(stage: Stage, qtbot: QtBot) -> StudentPage:
    made = StudentPage(stage.desk)
    qtbot.addWidget(made, before_close_func=lambda each: each.panel.give_up())
    made.resize(1250, 740)
    made.show()
    made.activateWindow()
    made.arrive()
    stage.settle()
    return made


def child(
    school: Services, name: str = "王小明", *, guardian: str = "王大山", phone: str = PHONE, **student: Value
) -> str:
    values: dict[str, Value] = {"name": name, "sex": "1", "birth": "2016-05-07", "id_number": id_number("2016-05-07")}
    one = {"name": guardian, "relation": "51", "is_guardian": 1, "phone": phone}
    return school.students.save(StudentDraft(None, values | student, {"grade": "G03"}, (one,))).uid


def opened(page: StudentPage, stage: Stage, uid: str) -> None:
    stage.settle()
    page.open_record(uid)
    stage.settle()


def press(key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    QTest.keyClick(cursor(), key, modifier)


def write(text: str) -> None:
    type_into(QApplication.focusWidget(), text)


def fill(page: StudentPage, **values: Value) -> None:
    for name, value in values.items():
        page.panel.form.boxes[f"student.{name}"].retype(value)
    page.panel.form.check_now()


def link(widget: QWidget, text: str) -> QPushButton:
    return next(b for b in widget.findChildren(QPushButton) if b.text() == text and not b.isHidden())


def dialog_of(page: StudentPage) -> FieldsDialog:
    return next(each for each in page.findChildren(FieldsDialog) if each.isVisible())


def put(dialog: FieldsDialog, stage: Stage, **values: Value) -> None:
    for key, value in values.items():
        dialog.form.boxes[key].put(value)
    dialog.save()
    stage.settle()


def picture_file(folder: Path, colour: str = "red", name: str = "照片.jpg") -> Path:
    stream, file = io.BytesIO(), folder / name
    Image.new("RGB", (64, 48), colour).save(stream, "JPEG")
    file.write_bytes(stream.getvalue())
    return file


def test_every_field_of_child_enrolment_and_household_can_be_edited_here(page: StudentPage, stage: Stage) -> None:
    page.new()
    form = page.panel.form
    form.fold.open()
    specs = stage.services.ledger.specs
    apart = {"enrolment": {"student", "school"}}
    for entity in ("student", "enrolment", "household"):
        wanted = {f"{entity}.{field.name}" for field in specs[entity].form_fields()}
        wanted -= {f"{entity}.{name}" for name in apart.get(entity, ())}
        assert wanted <= set(form.boxes), entity


def test_the_rest_of_the_items_unfold_by_key_are_saved_and_say_how_many_hold_something(
    page: StudentPage, stage: Stage, school: Services
) -> None:
    uid = child(school)
    opened(page, stage, uid)
    form = page.panel.form
    assert not form.fold.is_open()
    assert "student.pinyin" not in form.boxes
    form.boxes["student.note"].focus()
    press(Qt.Key.Key_Return)
    assert cursor() is form.fold.button
    press(Qt.Key.Key_Return)
    assert form.fold.is_open()
    form.focus("student.pinyin")
    write("Wang Xiao Ming")
    press(Qt.Key.Key_Return)
    form.boxes["household.annual_income"].retype("12000")
    page.save()
    stage.settle()
    file = school.students.file(uid)
    assert file.student.values["pinyin"] == "wang xiao ming"
    assert file.household is not None
    assert file.household.values["annual_income"] == 1_200_000
    form.fold.toggle()
    assert "已填 2 项" in form.fold.button.text()
    assert not form.dirty()


def test_a_problem_and_a_draft_bring_the_folded_part_out(page: StudentPage, stage: Stage, school: Services) -> None:
    opened(page, stage, child(school))
    form = page.panel.form
    form.fold.open()
    form.boxes["student.pinyin"].retype("zzz")
    form.fold.toggle()
    page.save()
    assert form.fold.is_open()
    assert "音节" in form.boxes["student.pinyin"].sentence()
    page.panel.keep_draft()
    again = StudentPage(stage.desk)
    stage.qtbot.addWidget(again, before_close_func=lambda each: each.panel.give_up())
    again.show()
    opened(again, stage, page.panel.uid or "")
    assert again.panel.form.boxes["student.pinyin"].raw() == "zzz"


def test_the_four_places_stand_apart(page: StudentPage, stage: Stage, school: Services) -> None:
    uid = child(school)
    opened(page, stage, uid)
    form = page.panel.form
    assert form._school.text() in (school.info.name, school.info.code)
    typed = {
        "student.hukou_division": "431099101202", "enrolment.study_place": "青石教学点",
        "enrolment.pay_place": "乡中心校",
    }  # fmt: skip
    for key, value in typed.items():
        form.boxes[key].retype(value)
    page.save()
    stage.settle()
    file = school.students.file(uid)
    assert file.enrolment is not None
    assert (file.enrolment.values["study_place"], file.enrolment.values["pay_place"]) == ("青石教学点", "乡中心校")
    assert file.student.values["hukou_division"] == "431099101202"


def test_a_number_brings_document_and_disability_and_a_childs_old_number_is_refused(page: StudentPage) -> None:
    page.new()
    number = id_number("2016-05-07", "2", serial=61)
    fill(page, id_number=f"{number}43")
    boxes = page.panel.form.boxes
    found = [boxes[f"student.{name}"].raw() for name in ("sex", "birth", "id_type", "disability", "disability_level")]
    assert found == ["2", "2016-05-07", "1", "4", "3"]
    assert boxes["student.disability_card"].raw() == f"{number}43"
    fill(page, id_number="431099850203001")
    assert "只可能属于成年人" in boxes["student.id_number"].sentence()


def test_doubts_stand_beneath_the_field_they_are_about(page: StudentPage, stage: Stage) -> None:
    page.new()
    fill(page, name="王\U0003134a", roll_number="L431099201605071234", disability_card="123")
    stage.settle()
    boxes = page.panel.form.boxes
    assert "U+3134A" in boxes["student.name"].sentence()
    assert "残疾人证" in boxes["student.disability_card"].sentence()
    assert boxes["student.roll_number"].sentence() == ""
    boxes["student.name"].focus()
    press(Qt.Key.Key_Return)
    assert "U+3134A" in boxes["student.name"].sentence(), "going on does not take the doubt away"


def test_an_old_number_of_a_guardian_is_offered_in_its_long_form(page: StudentPage) -> None:
    page.new()
    part = page.panel.form.guardians[0]
    box = page.panel.form.boxes[f"{part.prefix}id_number"]
    box.focus()
    write("431099850203001")
    press(Qt.Key.Key_Return)
    assert not part.longer.isHidden()
    part.longer.click()
    assert str(box.raw()).startswith("43109919850203001")
    assert part.longer.isHidden()


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ({"name": "王晓鸣", "birth": "20160507"}, "姓名同音（王小明）"),
        ({"roll_number": "G431099201605071234"}, "只差开头的字母"),
    ],
)
def test_a_likely_double_is_shown_with_the_reason_and_opened_by_one_key(
    page: StudentPage,
    stage: Stage,
    school: Services,
    monkeypatch: pytest.MonkeyPatch,
    typed: dict[str, Value],
    why: str,
) -> None:
    uid = child(school, roll_number="L431099201605071234")
    stage.settle()
    page.new()
    fill(page, **typed)
    stage.settle()
    assert [each.uid for each in page.panel.twins] == [uid]
    assert why in page.panel.twin_strip.text()
    monkeypatch.setattr(widgets, "confirm", lambda *_, **__: True)
    press(Qt.Key.Key_F6)
    stage.settle()
    assert page.panel.uid == uid


def test_a_guardians_telephone_finds_the_child_and_the_next_one_can_be_looked_at(
    page: StudentPage, stage: Stage, school: Services
) -> None:
    first = child(school, id_number=id_number("2016-05-07", serial=5))
    second = child(school, id_number=id_number("2016-05-07", serial=6))
    stage.settle()
    page.new()
    fill(page, name="王小明")
    form = page.panel.form
    form.focus(f"{form.guardians[0].prefix}phone")
    write(PHONE)
    press(Qt.Key.Key_Return)
    stage.settle()
    assert {each.uid for each in page.panel.twins} == {first, second}
    shown = page.panel.twins[0].uid
    link(page.panel, "看下一个").click()
    assert page.panel.twins[0].uid != shown
    assert "监护人电话相同" in page.panel.twin_strip.text()


def test_a_double_that_was_answered_is_not_shown_again(page: StudentPage, stage: Stage, school: Services) -> None:
    child(school, id_number=id_number("2016-05-07", serial=5))
    second = child(school, phone="13800000002", id_number=id_number("2016-05-07", serial=6))
    opened(page, stage, second)
    assert page.panel.twins
    (question,) = school.students.file(second).questions
    school.students.confirm_question(question.uid, "同名不同人")
    stage.settle()
    page.panel.reload()
    stage.settle()
    assert page.panel.twins == []


def test_an_offered_hardship_is_recorded_with_one_deed(page: StudentPage, stage: Stage, school: Services) -> None:
    uid = child(school, orphan=1, disability="4", disability_card="")
    opened(page, stage, uid)
    sentences = [entry.title for entry in page.panel.questions.entries]
    assert any("孤儿" in sentence for sentence in sentences)
    link(page.panel.questions, "登记困难").click()
    stage.settle()
    link(page.panel.questions, "登记困难").click()
    stage.settle()
    assert {row.values["code"] for row in school.students.file(uid).hardships} == {"D10", "D12"}
    assert school.students.file(uid).questions == []


def test_many_questions_leave_the_form_in_sight(page: StudentPage, stage: Stage, school: Services) -> None:
    uid = child(school, orphan=1, disability="4", disability_card="123", birth="2012-01-02", id_number=None)
    opened(page, stage, uid)
    whole = len(school.students.file(uid).questions)
    assert whole > 3
    assert len(page.panel.questions.entries) == 3
    link(page.panel.questions, "全部显示").click()
    assert len(page.panel.questions.entries) == whole


def test_a_member_is_added_changed_and_taken_off(
    page: StudentPage, stage: Stage, school: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    uid = child(school)
    opened(page, stage, uid)
    page.panel.tabs.setCurrentIndex(FAMILY)
    press(Qt.Key.Key_G, Qt.KeyboardModifier.ControlModifier)
    put(dialog_of(page), stage, name="王奶奶", relation="62", birth="19500102")
    family = page.panel.family
    assert [entry.title for entry in family.members.entries] == ["王大山", "王奶奶"]
    assert family.members.entries[0].badge == "监护人"
    family.members.entries[1].deeds[0][1]()
    put(dialog_of(page), stage, phone="13800000003")
    assert "138****0003" in family.members.entries[1].detail
    monkeypatch.setattr("jzdesk.ui.pages.students.support.ask_reason", lambda *_: "登记错误")
    family.members.entries[1].deeds[1][1]()
    stage.settle()
    assert [entry.title for entry in family.members.entries] == ["王大山"]


def test_a_sister_is_a_link_that_opens_her(page: StudentPage, stage: Stage, school: Services) -> None:
    uid = child(school)
    member = school.students.file(uid).guardians[0]["member"]
    one = {"name": "王大山", "member": member, "relation": "51", "is_guardian": 1, "phone": PHONE}
    sister = {"name": "王小红", "sex": "2", "birth": "2018-03-07", "id_number": id_number("2018-03-07", "2")}
    other = school.students.save(StudentDraft(None, sister, {"grade": "G01"}, (one,))).uid
    opened(page, stage, uid)
    page.panel.tabs.setCurrentIndex(FAMILY)
    (entry,) = page.panel.family.siblings.entries
    assert entry.title.startswith("王小红")
    assert "同一监护人" in entry.detail
    link(page.panel.family.siblings, "打开").click()
    stage.settle()
    assert page.panel.uid == other


def test_a_hardship_has_proof_and_document_and_can_be_corrected(
    page: StudentPage, stage: Stage, school: Services
) -> None:
    uid = child(school)
    opened(page, stage, uid)
    page.panel.tabs.setCurrentIndex(1)
    assert page.panel.hardships.add() is not None
    put(dialog_of(page), stage, code="D05", valid_from="2025-09-01", proof="低保证", document="D-77")
    page.panel.hardships.list.entries[0].deeds[1][1]()
    put(dialog_of(page), stage, document="D-78")
    (row,) = school.students.file(uid).hardships
    assert (row.values["proof"], row.values["document"]) == ("低保证", "D-78")
    page.panel.hardships.list.entries[0].deeds[0][1]()
    put(dialog_of(page), stage, valid_to="2025-12-31", end_reason="退出低保")
    assert "退出低保" in page.panel.hardships.list.entries[0].detail


def test_photographs_are_dropped_shown_looked_at_and_taken_off(
    page: StudentPage, stage: Stage, school: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uid = child(school)
    opened(page, stage, uid)
    page.panel.tabs.setCurrentIndex(ALBUM)
    album = page.panel.album
    data, keys = QMimeData(), Qt.KeyboardModifier.NoModifier
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in (picture_file(tmp_path), tmp_path / "别的.txt")])
    drop = QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, keys)
    album.dropEvent(drop)
    stage.settle()
    (row,) = school.photos.of(uid)
    assert not album.pictures[row.uid].pixmap().isNull()
    dialog = album.look(row.uid)
    assert dialog.isVisible()
    dialog.reject()
    monkeypatch.setattr("jzdesk.ui.pages.students.album.ask_reason", lambda *_: "拍错人")
    album._void(row)
    stage.settle()
    assert album.pictures == {}


def test_a_damaged_file_gets_a_sentence_and_the_good_one_beside_it_is_kept(
    page: StudentPage, stage: Stage, school: Services, tmp_path: Path
) -> None:
    uid, bad = child(school), tmp_path / "坏.jpg"
    bad.write_bytes(b"\xff\xd8nothing")
    opened(page, stage, uid)
    page.panel.album.take([bad, picture_file(tmp_path)])
    stage.settle()
    assert any("已经损坏" in message.what for message in stage.messages)
    assert len(school.photos.of(uid)) == 1


def test_consent_is_asked_for_given_and_withdrawn(page: StudentPage, stage: Stage, school: Services) -> None:
    uid = child(school, birth="2020-05-07", id_number=id_number("2020-05-07"))
    stage.settle()
    page.arrive("no_consent")
    stage.settle()
    assert list(page.table.records().uids()) == [uid]
    opened(page, stage, uid)
    page.panel.tabs.setCurrentIndex(ALBUM)
    press(Qt.Key.Key_G, Qt.KeyboardModifier.ControlModifier)
    dialog = dialog_of(page)
    assert dialog.form.boxes["given_by"].raw() == "王大山"
    put(dialog, stage)
    assert page.panel.album.consents.entries[0].title == "王大山（父亲）"
    assert list(page.table.records().uids()) == []
    page.panel.album.consents.entries[0].deeds[0][1]()
    put(dialog_of(page), stage, note="家长来电")
    assert page.panel.album.consents.entries[0].badge == "已撤回"
    assert list(page.table.records().uids()) == [uid]


def test_a_signed_sheet_serves_the_whole_list(page: StudentPage, stage: Stage, school: Services) -> None:
    born = {"甲一": "2020-05-07", "乙二": "2019-04-06"}
    uids = [child(school, name, birth=day, id_number=id_number(day)) for name, day in born.items()]
    assert page.consent_button.isHidden()
    page.arrive("no_consent")
    stage.settle()
    assert not page.consent_button.isHidden()
    page.consent_button.click()
    dialog_of(page).save()
    stage.settle()
    assert "已登记 2 人" in stage.said
    assert all(school.students.file(uid).consents for uid in uids)
    assert list(page.table.records().uids()) == []


@pytest.mark.parametrize("tab", [FAMILY, ALBUM])
def test_a_county_looks_and_changes_nothing(
    qtbot: QtBot, tasks: Tasks, county: Services, tab: int, qtmodeltester: ModelTester
) -> None:
    stage = Stage(qtbot, tasks, county)
    page: Any = stage.show(StudentPage)
    page.panel.tabs.setCurrentIndex(tab)
    assert all(each.add_button is None for each in (page.panel.family.members, page.panel.album.consents))
    assert not page.panel.album.acceptDrops()
    qtmodeltester.check(page.table.records())


def test_a_line_of_the_receipt_opens_the_child_with_the_cursor_in_the_field(
    page: StudentPage, stage: Stage, school: Services
) -> None:
    first, second = child(school), child(school, "李思远", birth="2016-06-08", id_number=id_number("2016-06-08"))
    page.arrive(f"{first}#id_number")
    stage.settle()
    assert page.panel.uid == first
    assert page.panel.form.boxes["student.id_number"].isAncestorOf(cursor())
    page.arrive(f"{second}#grade")
    stage.settle()
    assert page.panel.form.boxes["enrolment.grade"].isAncestorOf(cursor())
    page.arrive(f"{second}#native_place")
    stage.settle()
    assert page.panel.form.fold.is_open()
    page.arrive(f"{first}#no_such_field")
    stage.settle()
    assert page.panel.uid == first


def test_the_file_of_a_child_leads_to_an_event_of_the_roll(page: StudentPage, stage: Stage, school: Services) -> None:
    uid = child(school)
    opened(page, stage, uid)
    went: list[tuple[str, str]] = []
    stage.desk.wanted.connect(lambda place, hint: went.append((place, hint)))
    page.panel.roll_button.click()
    assert went == [("roll", uid)]
    page.new()
    assert not page.panel.roll_button.isVisible()


def test_a_child_found_through_the_family_says_so_in_the_table(
    page: StudentPage, stage: Stage, school: Services
) -> None:
    child(school, guardian="欧阳大山")
    page.search.setText("欧阳")
    page.refresh()
    stage.settle()
    model = page.table.records()
    cells = [model.index(0, n).data() for n in range(model.columnCount())]
    assert model.rowCount() == 1
    assert any("按监护人找到" in cell for cell in cells)
    page.search.setText("")
    page.refresh()
    stage.settle()
    cells = [model.index(0, n).data() for n in range(model.columnCount())]
    assert not any("找到" in cell for cell in cells)


def test_clicking_a_heading_sorts_the_children(page: StudentPage, stage: Stage, school: Services) -> None:
    child(school, "白敏")
    child(school, "张丽", birth="2016-06-08", id_number=id_number("2016-06-08"))
    stage.settle()
    for first in ("白敏", "张丽"):
        page.table.horizontalHeader().sectionClicked.emit(0)
        stage.settle()
        assert page.table.records().index(0, 0).data() == first
