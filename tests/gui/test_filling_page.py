"""报表填写 on a real station by keyboard: a form is opened, its columns settled, what is missing seen, and filled."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from openpyxl import load_workbook
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from jzdesk.models import Student
from jzdesk.services.bundle import Services
from jzdesk.services.students import StudentDraft
from jzdesk.ui import widgets
from jzdesk.ui.dialogs.purpose import PurposeDialog
from jzdesk.ui.pages import filling
from jzdesk.ui.pages.filling import MAPPING, MISSING, RESULT, SCOPE, FillingPage
from jzdesk.ui.tasks import Tasks
from tests.factories import forms
from tests.factories.people import id_number, verified_desk
from tests.gui.hands import cursor, type_into
from tests.gui.stage import Stage, well_behaved

NAMES = ("赵一", "钱二")


@pytest.fixture
def school(tmp_path: Path) -> Iterator[Services]:
    """A school without accounts and keys: made in a moment."""
    with verified_desk(tmp_path / "station", standards=False) as made:
        yield Services(made.context)


@pytest.fixture
def children(school: Services) -> dict[str, str]:
    """Two children of grade 3."""
    return {
        name: school.students.save(
            StudentDraft(None, {"name": name, "sex": "1", "birth": birth, "id_number": id_number(birth)},
                         {"grade": "G03", "boarding": "2", "status": "01"})
        ).uid
        for name, birth in zip(NAMES, ("2016-05-07", "2016-03-02"), strict=True)
    }  # fmt: skip


@pytest.fixture
def stage(qtbot: QtBot, tasks: Tasks, school: Services, children: dict[str, str]) -> Stage:
    return Stage(qtbot, tasks, school)


@pytest.fixture
def page(stage: Stage) -> FillingPage:
    return stage.show(FillingPage)


@pytest.fixture
def form(tmp_path: Path) -> Path:
    return forms.short_form(tmp_path / "名单.xlsx")


def opened(page: FillingPage, stage: Stage, form: Path | str) -> None:
    page.look(form)
    stage.settle()


def save(
    page: FillingPage, stage: Stage, out: Path, monkeypatch: pytest.MonkeyPatch, purpose: str | None = "报县"
) -> None:
    """Ctrl+S, a place, and the purpose."""
    monkeypatch.setattr(widgets, "pick_save", lambda *_: out)
    monkeypatch.setattr(filling, "ask_purpose", lambda *_: purpose)
    page.save()
    stage.settle()


def test_a_form_shows_what_goes_into_each_column(page: FillingPage, stage: Stage, form: Path) -> None:
    opened(page, stage, form)
    well_behaved(page.mapping.table)
    model = page.mapping.table.records()
    cells = [[model.index(row, column).data() for column in range(5)] for row in range(model.rowCount())]
    assert cells[1][:3] == ["B", "学生姓名", "姓名"]
    assert cells[4] == ["E", "出生日期", "出生日期", "2023-09-01", ""]
    assert cells[7][2] == "不填"
    assert "7 / 8 列会填" in page.name.text()
    assert stage.messages == []


def test_a_column_is_settled_by_keyboard_alone(page: FillingPage, stage: Stage, form: Path) -> None:
    opened(page, stage, form)
    page.seek()
    for _ in range(6):
        QTest.keyClick(cursor(), Qt.Key.Key_Down)
    QTest.keyClick(page.mapping.table, Qt.Key.Key_Return)
    assert page.mapping.field.hasFocus() or page.mapping.field.isAncestorOf(cursor())
    editor = page.mapping.field.lineEdit()
    assert editor is not None
    editor.selectAll()
    type_into(editor, "联系电话")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    assert page.view is not None
    assert next(one for one in page.view.columns if one.letter == "G").key == "student.phone"
    page.mapping.fixed.setFocus()
    type_into(page.mapping.fixed, "2025 秋")
    QTest.keyClick(page.mapping.fixed, Qt.Key.Key_Return)
    settled = next(one for one in page.view.columns if one.letter == "G")
    assert (settled.key, settled.fixed) == ("", "2025 秋")
    assert page.mapping.table.hasFocus()
    assert page.mapping.table.uid() == "H"


def test_how_it_is_written_is_chosen_beside_it(page: FillingPage, stage: Stage, form: Path) -> None:
    opened(page, stage, form)
    page.mapping.table.go_to("D")
    page.mapping.way.setCurrentIndex(page.mapping.way.findData("both"))
    assert page.view is not None
    assert page.view.columns[3].sample == "1-男"
    page.mapping.table.go_to("B")
    assert not page.mapping.way.isEnabled()
    page.mapping.table.go_to("D")
    assert page.mapping.way.value() == "both"


def test_what_is_missing_is_listed_and_opens_the_student(
    page: FillingPage, stage: Stage, children: dict[str, str]
) -> None:
    wanted: list[tuple[str, str]] = []
    stage.desk.wanted.connect(lambda place, hint: wanted.append((place, hint)))
    opened(page, stage, "xueji")
    assert page.tabs.tabText(MISSING) == "缺少的内容（2 人）"
    page.tabs.setCurrentIndex(MISSING)
    well_behaved(page.missing.table)
    QTest.keyClick(page.missing.table, Qt.Key.Key_Return)
    ((place, hint),) = wanted
    assert place == "student"
    assert hint in children.values()


def test_filling_shows_what_it_did_and_the_trace(
    page: FillingPage, stage: Stage, form: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(page, stage, form)
    save(page, stage, tmp_path / "填好.xlsx", monkeypatch)
    assert page.tabs.currentIndex() == RESULT
    assert page.result.figures.text().startswith("填写 2，表里已有 0，新填的行 2")
    assert load_workbook(tmp_path / "填好.xlsx")["名单"]["B3"].value in NAMES
    assert [line.purpose for line in page.trace.table.all_rows()] == ["报县"]
    assert "已填写 2 行" in stage.said[-1]


def test_what_changed_since_is_listed_and_opens_the_student(
    page: FillingPage,
    stage: Stage,
    form: Path,
    tmp_path: Path,
    children: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened(page, stage, form)
    save(page, stage, tmp_path / "一.xlsx", monkeypatch)
    with stage.services.context.write() as unit:
        unit.change(Student, children["赵一"], {"sex": "2"})
    save(page, stage, tmp_path / "二.xlsx", monkeypatch)
    (line,) = page.result.table.all_rows()
    assert (line.title, line.old, line.new) == ("赵一", "男", "女")
    well_behaved(page.result.table)
    wanted: list[str] = []
    stage.desk.wanted.connect(lambda _, hint: wanted.append(hint))
    page.result.table.selectRow(0)
    QTest.keyClick(page.result.table, Qt.Key.Key_Return)
    assert wanted == [children["赵一"]]


def test_without_a_purpose_nothing_is_written(
    page: FillingPage, stage: Stage, form: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(page, stage, form)
    save(page, stage, tmp_path / "填好.xlsx", monkeypatch, None)
    assert not (tmp_path / "填好.xlsx").exists()


def test_the_purpose_is_typed_and_entered(qtbot: QtBot) -> None:
    dialog = PurposeDialog(None, ["身份证件号"])
    qtbot.addWidget(dialog)
    dialog.show()
    QTest.keyClick(dialog.edit, Qt.Key.Key_Return)
    assert "还没有写用途" in dialog.banner.text()
    type_into(dialog.edit, "报县")
    QTest.keyClick(dialog.edit, Qt.Key.Key_Return)
    assert (dialog.result(), dialog.purpose) == (PurposeDialog.DialogCode.Accepted, "报县")


def test_only_one_grade_is_filled_and_said_so(page: FillingPage, stage: Stage, form: Path) -> None:
    opened(page, stage, form)
    page.tabs.setCurrentIndex(SCOPE)
    page.grade.choose("G04")
    stage.settle()
    assert page.query().grade == "G04"
    assert "小学四年级" in page.summary.text()
    page.fill_to(form.with_name("填好.xlsx"), page.view, "报县")  # type: ignore[arg-type]
    stage.settle()
    assert "没有要填的学生" in stage.messages[0].what


def test_a_kept_scheme_is_taken_for_another_form(page: FillingPage, stage: Stage, form: Path, tmp_path: Path) -> None:
    opened(page, stage, form)
    page.mapping.table.go_to("D")
    page.mapping.way.setCurrentIndex(page.mapping.way.findData("code"))
    assert page.view is not None
    stage.services.filling.keep(page.view, "县表")
    page.arrive()
    opened(page, stage, forms.short_form(tmp_path / "另一份.xlsx"))
    assert page.view.columns[3].way == "label"
    page.known.setCurrentIndex(page.known.findData("县表"))
    stage.settle()
    assert (page.view.columns[3].way, page.scheme.text()) == ("code", "县表")


def test_another_heading_row_is_pointed_at(page: FillingPage, stage: Stage, form: Path) -> None:
    opened(page, stage, form)
    page.row.setText("99")
    QTest.keyClick(page.row, Qt.Key.Key_Return)
    stage.settle()
    assert "第 99 行" in stage.messages[0].what
    page.row.setText("1")
    QTest.keyClick(page.row, Qt.Key.Key_Return)
    stage.settle()
    assert page.view is not None
    assert (page.view.row, len(page.view.mapped)) == (1, 0)


def test_the_statistics_ask_for_a_term_instead_of_people(page: FillingPage, stage: Stage) -> None:
    opened(page, stage, "f5")
    page.tabs.setCurrentIndex(SCOPE)
    assert page.of_figures.isVisible()
    assert not page.of_people.isVisible()
    assert page.term.value() == str(stage.services.context.term())
    assert page.tabs.tabText(MISSING) == "缺少的内容"


def test_the_blank_form_is_saved(
    page: FillingPage, stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(page, stage, "f5")
    monkeypatch.setattr(widgets, "pick_save", lambda *_: tmp_path / "空白.xlsx")
    page.save_blank()
    stage.settle()
    assert load_workbook(tmp_path / "空白.xlsx").worksheets[0]["A1"].value == "受助学生统计表"


def test_saving_without_a_form_says_what_to_do(page: FillingPage, stage: Stage) -> None:
    page.save()
    assert "还没有选择表格" in stage.messages[0].what
    assert page.tabs.currentIndex() == MAPPING


def test_a_file_that_is_no_form_says_so_and_the_page_stays(page: FillingPage, stage: Stage, tmp_path: Path) -> None:
    wrong = tmp_path / "表.xlsx"
    wrong.write_text("not a workbook")
    opened(page, stage, wrong)
    assert stage.messages[0].remedy
    assert page.view is None
