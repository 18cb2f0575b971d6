"""导入导出 on a real station: the figures balance, faulty rows wait and go, workbooks come out and in again."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from jzdesk.services.bundle import Services
from jzdesk.services.disclosures import disclosures
from jzdesk.services.ledger import Query
from jzdesk.ui import widgets
from jzdesk.ui.pages.imports import HISTORY, PARKED, REPORT, ImportsPage, guess, mapping, parked
from jzdesk.ui.pages.imports import page as imports_page
from jzdesk.ui.pages.imports.parked import FORM, LIST
from jzdesk.ui.pages.imports.schemes import SchemesDialog
from jzdesk.ui.pages.imports.wizard import MAPPING, TRIAL
from jzdesk.ui.tasks import Tasks
from tests.factories.rolls import NUMBERS, child, roll, workbook
from tests.factories.stations import EXAMPLES
from tests.gui.hands import cursor
from tests.gui.stage import ROLL, Stage, well_behaved


@pytest.fixture
def stage(qtbot: QtBot, tasks: Tasks, school: Services) -> Stage:
    return Stage(qtbot, tasks, school)


@pytest.fixture
def page(stage: Stage) -> ImportsPage:
    return stage.show(ImportsPage)


def test_a_roll_is_imported_and_the_figures_balance(page: ImportsPage, stage: Stage, school: Services) -> None:
    page.drop([ROLL])
    stage.settle()
    assert page.middle.currentIndex() == 1
    for step in (MAPPING, TRIAL):
        assert page.wizard.middle.currentIndex() == step
        assert page.report.shown is None
        page.save()
        stage.settle()
    assert page.middle.currentIndex() == 0
    report = page.report.shown
    assert report is not None
    assert (report.read, report.added, report.parked) == (416, 409, 7)
    assert page.report.figures.text() == "读取 416，新增 409，更新 0，未变 0，停放待改 7"
    assert page.tabs.currentIndex() == REPORT
    assert page.report.faults.records().rowCount() == len(report.faults)
    assert page.tabs.tabText(PARKED) == "待处理的行（7）"
    assert stage.messages == []


def test_importing_again_changes_nothing(page: ImportsPage, stage: Stage) -> None:
    for _ in range(2):
        page.bring_in("roll", ROLL)
        stage.settle()
    assert page.report.figures.text() == "读取 416，新增 0，更新 0，未变 409，停放待改 7"


def test_the_row_number_and_the_remedy_stand_in_the_table(page: ImportsPage, stage: Stage) -> None:
    page.bring_in("roll", ROLL)
    stage.settle()
    page.seek()
    well_behaved(page.parked.table)
    line = page.parked.table.row_here()
    assert line is not None
    model = page.parked.table.records()
    headings = [model.headerData(n, Qt.Orientation.Horizontal) for n in range(model.columnCount())]
    cells = dict(zip(headings, (model.index(0, n).data() for n in range(model.columnCount())), strict=True))
    assert cells["行"] == str(line.row)
    assert cells["怎么改"] == line.remedy
    assert str(line.row) in page.parked.words.text()
    assert line.remedy in page.parked.words.text()


def test_a_row_is_dismissed_with_a_reason(
    page: ImportsPage, stage: Stage, school: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.bring_in("roll", ROLL)
    stage.settle()
    before = len(school.imports.parked())
    monkeypatch.setattr(parked, "ask_reason", lambda *_: "已转学，不再登记")
    page.parked.dismiss()
    stage.settle()
    assert len(school.imports.parked()) < before
    assert page.parked.table.records().rowCount() == len(school.imports.parked())


def test_the_copy_with_the_faults_is_saved_elsewhere(
    page: ImportsPage, stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.bring_in("roll", ROLL)
    stage.settle()
    for number, save in enumerate((page.report.save_copy, page.parked.save_copy)):
        target = tmp_path / f"副本{number}.xlsx"
        monkeypatch.setattr(widgets, "pick_save", lambda *_, target=target: target)
        save()
        stage.settle()
        assert target.stat().st_size > 1000


def test_what_is_no_workbook_says_so_and_the_page_stays(page: ImportsPage, stage: Stage, tmp_path: Path) -> None:
    wrong = tmp_path / "学籍.xlsx"
    wrong.write_text("not a workbook")
    page.drop([wrong])
    stage.settle()
    assert len(stage.messages) == 1
    assert stage.messages[0].tone == "look"
    assert stage.messages[0].remedy
    assert page.report.shown is None


def test_a_file_whose_name_says_nothing_is_known_by_its_headings_or_not_guessed_at(
    page: ImportsPage, stage: Stage, tmp_path: Path
) -> None:
    page.drop([roll(tmp_path / "表1.xlsx", child())])
    stage.settle()
    assert page.wizard.kind.value() == "roll"
    page.wizard.leave()
    page.drop([workbook(tmp_path / "表2.xlsx", ("甲", "乙"), [{"甲": "宋火强", "乙": "1"}])])
    stage.settle()
    assert "看不出" in stage.messages[0].what
    assert page.middle.currentIndex() == 0


def test_columns_are_corrected_by_keyboard_and_kept_as_a_scheme(
    page: ImportsPage, stage: Stage, school: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    headings = ("甲", "乙", "丙", "丁")
    people = [("宋火强", NUMBERS[0], "三年级", "1班"), ("汪静根", NUMBERS[1], "三年级", "1班")]
    rows = [dict(zip(headings, one, strict=True)) for one in people]
    path = workbook(tmp_path / "学籍.xlsx", headings, rows)
    page.drop([path])
    stage.settle()
    view = page.wizard.mapping
    well_behaved(view.table)
    assert view.ready() == ""
    view.read_as(1, "")
    assert "身份证件号" in view.ready()
    assert not page.wizard.next.isEnabled()
    page.save()
    stage.settle()
    assert page.wizard.middle.currentIndex() == MAPPING
    view.table.selectRow(1)
    QTest.keyClick(view.table, Qt.Key.Key_Return)
    assert cursor() is view.field or cursor() is view.field.lineEdit()
    view.field.setEditText("身份证件号")
    QTest.keyClick(cursor(), Qt.Key.Key_Return)
    assert view.here().places()["student.id_number"] == 1
    assert view.table.currentIndex().row() == 2
    monkeypatch.setattr(mapping, "ask_name", lambda *_: "乡镇花名册")
    asked: list[str] = []
    monkeypatch.setattr(widgets, "confirm", lambda _, what, *__, **___: asked.append(what))
    assert not page.may_leave()
    page.wizard.leave()
    assert page.middle.currentIndex() == 1
    assert len(asked) == 2
    view.save_scheme()
    stage.settle()
    page.wizard.leave()
    assert len(asked) == 2
    page.drop([path])
    stage.settle()
    assert view.here().scheme == "乡镇花名册"
    assert view.scheme.currentText() == "乡镇花名册"
    for _ in range(2):
        page.save()
        page.save()  # an impatient second Ctrl+S does nothing more
        stage.settle()
    assert len(school.imports.history()) == 1
    assert page.report.shown is not None
    assert page.report.shown.added == 2


def test_the_heading_can_be_set_to_another_row(page: ImportsPage, stage: Stage, tmp_path: Path) -> None:
    page.drop([roll(tmp_path / "学籍.xlsx", child())])
    stage.settle()
    view = page.wizard.mapping
    assert view.heading.value() == "2-2"
    view.heading.choose("0-0")
    assert view.here().columns[0].heading == ""
    view.heading.choose("2-2")
    assert view.here().columns[0].heading == "*姓名"
    assert (item := view.preview.item(1, 0)) is not None
    assert item.text() == "*姓名"
    view.reads.click()
    assert "没有选中" in view.ready()


def test_the_trial_shows_each_row_and_can_be_narrowed_to_one_outcome(
    page: ImportsPage, stage: Stage, school: Services
) -> None:
    page.drop([ROLL])
    stage.settle()
    page.save()
    stage.settle()
    trial = page.wizard.trial
    well_behaved(trial.table)
    assert trial.table.records().rowCount() == 416
    assert trial.figures.text() == "读取 416，新增 409，更新 0，未变 0，停放待改 7"
    trial.show_only("parked")
    assert trial.table.records().rowCount() == 7
    assert trial.words.text().startswith("第 ")
    assert school.ledger.ids(Query("student")) == []
    page.wizard.go_back()
    assert page.wizard.middle.currentIndex() == MAPPING
    page.wizard.go_back()
    assert page.middle.currentIndex() == 0


def test_a_parked_row_is_corrected_in_place_with_the_keyboard(
    page: ImportsPage, stage: Stage, school: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.bring_in("roll", roll(tmp_path / "r.xlsx", child(), child(NUMBERS[1], 出生日期="20130231")))
    stage.settle()
    page.seek()
    QTest.keyClick(page.parked.table, Qt.Key.Key_Return)
    stage.settle()
    assert page.parked.currentIndex() == FORM
    edit = cursor()
    assert edit.accessibleName() == "出生日期"
    QTest.keyClicks(edit, "20130230")
    page.save()
    stage.settle()
    assert "仍然没有导入" in page.parked.form.words.text()
    edit = cursor()
    QTest.keyClicks(edit, "20150719")
    monkeypatch.setattr(widgets, "confirm", lambda *_, **__: False)
    QTest.keyClick(edit, Qt.Key.Key_Escape)
    assert page.parked.currentIndex() == FORM
    QTest.keyClick(edit, Qt.Key.Key_Return)
    stage.settle()
    assert page.parked.currentIndex() == LIST
    assert "已导入" in stage.said[-1]
    assert page.parked.table.records().rowCount() == 0
    assert len(school.ledger.ids(Query("student"))) == 2


def test_a_whole_import_is_undone_from_the_list(
    page: ImportsPage, stage: Stage, school: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.bring_in("roll", ROLL)
    stage.settle()
    page.tabs.setCurrentIndex(HISTORY)
    well_behaved(page.history.table)
    monkeypatch.setattr(widgets, "confirm", lambda *_, **__: True)
    page._undo_newest()
    stage.settle()
    assert school.ledger.ids(Query("student")) == []
    assert [line.state for line in page.history.table.all_rows()] == ["undone"]
    assert not page.history.take_back.isEnabled()
    assert page.tabs.tabText(PARKED) == "待处理的行"


def test_what_is_in_the_way_of_an_undo_is_listed_and_opens(
    page: ImportsPage, stage: Stage, school: Services, tmp_path: Path
) -> None:
    page.bring_in("roll", roll(tmp_path / "r.xlsx", child()))
    stage.settle()
    (uid,) = school.ledger.ids(Query("student"))
    school.ledger.save("student", {"phone": "13900000000"}, uid)
    went: list[tuple[str, str]] = []
    stage.desk.wanted.connect(lambda place, hint: went.append((place, hint)))
    page._undo_newest()
    stage.settle()
    assert not page.history.blockers.isHidden()
    QTest.keyClick(page.history.blockers, Qt.Key.Key_Return)
    assert went == [("student", uid)]
    assert len(school.ledger.ids(Query("student"))) == 1


def test_schemes_are_listed_renamed_and_deleted(
    page: ImportsPage, stage: Stage, school: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from jzdesk.ui.pages.imports import schemes

    sheet = school.imports.look("roll", roll(tmp_path / "r.xlsx", child())).sheets[0]
    school.imports.save_scheme("roll", "甲", sheet)
    dialog = SchemesDialog(page, stage.desk)
    dialog.show()
    stage.settle()
    monkeypatch.setattr(schemes, "ask_name", lambda *_: "乙")
    stage.press(dialog, "改名")
    assert [one.name for one in school.imports.schemes()] == ["乙"]
    stage.press(dialog, "删除")
    assert school.imports.schemes() == []
    assert dialog.middle.currentIndex() == 1


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("学籍导出-青石镇中心小学.xlsx", "roll"),
        ("学生名册-大坪教学点.xls", "roll"),
        ("脱贫户与监测对象名单-青石镇.xls", "hardship_list"),
        ("教师名册-青石镇中心小学.xlsx", "staff"),
        ("结对帮扶-青石镇中心小学.xlsx", "pairing"),
        ("银行账户-青石镇中心小学.xlsx", "accounts"),
        ("走访记录-青石镇中心小学.xlsx", "visits"),
        ("家庭成员.xlsx", "members"),
        ("班级与班主任.xlsx", "classes"),
        ("表1.xlsx", ""),
    ],
)
def test_the_name_tells_the_kind(name: str, kind: str) -> None:
    assert guess(name) == kind


def test_stopping_an_import_changes_nothing(page: ImportsPage, stage: Stage, school: Services) -> None:
    from jzdesk.ui.tasks import Task

    tasks: list[Task[object]] = []
    stage.tasks.started.connect(tasks.append)
    page.bring_in("roll", ROLL)
    tasks[0].progress.cancel()
    stage.settle()
    assert "已取消" in stage.messages[0].what
    assert school.ledger.ids(Query("student")) == []


def test_an_exported_roll_comes_back_unchanged(
    page: ImportsPage, stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.bring_in("roll", ROLL)
    stage.settle()
    out = tmp_path / "学籍.xlsx"
    monkeypatch.setattr(widgets, "pick_save", lambda *_: out)
    monkeypatch.setattr(imports_page, "ask_purpose", lambda *_: "核对名册")
    page.export("roll")
    stage.settle()
    assert "409" in stage.said[-1]
    page.bring_in("roll", out)
    stage.settle()
    assert page.report.shown is not None
    assert (page.report.shown.unchanged, page.report.shown.changed, page.report.shown.added) == (409, 0, 0)


def test_an_export_asks_what_it_is_for_and_writes_nothing_without_it(
    page: ImportsPage, stage: Stage, school: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []
    answers = iter([None, "报县资助中心"])

    def answer(_: object, labels: list[str]) -> str | None:
        asked.append(labels)
        return next(answers)

    out = tmp_path / "学籍.xlsx"
    monkeypatch.setattr(widgets, "pick_save", lambda *_: out)
    monkeypatch.setattr(imports_page, "ask_purpose", answer)
    page.export("roll")
    stage.settle()
    assert not out.exists()
    assert "身份证件号" in asked[0]
    page.export("roll")
    stage.settle()
    assert out.exists()
    assert [one.purpose for one in disclosures(school.context)] == ["报县资助中心"]


def test_a_template_can_be_saved_for_every_kind(
    page: ImportsPage, stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kind in page.kinds:
        out = tmp_path / f"{kind}.xlsx"
        monkeypatch.setattr(widgets, "pick_save", lambda *_, out=out: out)
        page.write_template(kind)
        stage.settle()
        assert out.exists()
    assert stage.messages == []


def test_nothing_waiting_says_what_to_do(page: ImportsPage) -> None:
    assert page.parked.middle.currentIndex() == 1
    assert page.report.currentIndex() == 0
    assert EXAMPLES.is_dir()
