"""导入导出 on a real station: the figures balance, faulty rows wait and go, workbooks come out and in again."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from jzdesk.services.bundle import Services
from jzdesk.services.ledger import Query
from jzdesk.ui import widgets
from jzdesk.ui.pages import imports
from jzdesk.ui.pages.imports import PARKED, REPORT, ImportsPage, guess
from jzdesk.ui.tasks import Tasks
from tests.factories.stations import EXAMPLES
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
    monkeypatch.setattr(imports, "ask_reason", lambda *_: "已转学，不再登记")
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


def test_a_file_whose_name_says_nothing_is_not_guessed_at(page: ImportsPage, stage: Stage, tmp_path: Path) -> None:
    page.drop([tmp_path / "表1.xlsx"])
    assert "看不出" in stage.messages[0].what


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
    page.export("roll")
    stage.settle()
    assert "409" in stage.said[-1]
    page.bring_in("roll", out)
    stage.settle()
    assert page.report.shown is not None
    assert (page.report.shown.unchanged, page.report.shown.changed, page.report.shown.added) == (409, 0, 0)


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
