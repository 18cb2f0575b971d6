"""责任状 on a real station: made, shown, printed, signed, returned."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from jzdesk.services.bundle import Services
from jzdesk.ui import widgets
from jzdesk.ui.dialogs.preview import PreviewDialog
from jzdesk.ui.pages.pledges import PledgesPage
from jzdesk.ui.pages.students.dialog import FieldsDialog
from jzdesk.ui.tasks import Task, Tasks
from tests.gui.stage import TERM, Stage, imported_school, well_behaved


@pytest.fixture
def school(tmp_path: Path) -> Services:
    return imported_school(tmp_path / "school")


@pytest.fixture
def stage(qtbot: QtBot, tasks: Tasks, school: Services) -> Stage:
    return Stage(qtbot, tasks, school)


@pytest.fixture
def page(stage: Stage) -> PledgesPage:
    """The page with the pledges of the year made."""
    page = stage.show(PledgesPage)
    page.new()
    stage.settle()
    return page


def test_one_pledge_a_caseworker(page: PledgesPage, stage: Stage, school: Services) -> None:
    well_behaved(page.table)
    rows = school.pledges.list(TERM)
    assert page.table.records().rowCount() == len(rows) == 32
    assert sum(row.pupils for row in rows) == 128
    page.new()
    stage.settle()
    assert "没有改动" in stage.said[-1]


def test_a_pledge_names_its_pupils_beside_the_table(page: PledgesPage, stage: Stage, school: Services) -> None:
    page.table.selectRow(0)
    stage.settle()
    row = school.pledges.list(TERM)[0]
    words = [label.text() for label in page.panel.findChildren(QLabel)]
    assert f"帮扶学生 {row.pupils} 人" in words
    students = str(school.ledger.record("pledge", row.uid).values["students"]).split(",")
    for pupil in school.students.rows(students):
        assert any(pupil.name in each for each in words)


def test_the_chosen_are_saved_as_one_pdf_and_count_as_printed(
    page: PledgesPage, stage: Stage, school: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uids = [row.uid for row in school.pledges.list(TERM)][:3]
    out = tmp_path / "责任状.pdf"
    monkeypatch.setattr(widgets, "pick_save", lambda *_: out)
    page.table.selectAll()
    page.save_to(out, uids)
    stage.settle()
    assert out.read_bytes().startswith(b"%PDF")
    assert [row.uid for row in school.pledges.list(TERM) if row.state == "printed"] == uids
    out.unlink()
    page.save()
    stage.settle()
    assert "32 份" in stage.said[-1]


def test_printing_can_be_stopped(page: PledgesPage, stage: Stage, school: Services, tmp_path: Path) -> None:
    started: list[Task[object]] = []
    stage.tasks.started.connect(started.append)
    page.save_to(tmp_path / "a.pdf", [row.uid for row in school.pledges.list(TERM)])
    started[0].progress.cancel()
    stage.settle()
    assert not (tmp_path / "a.pdf").exists()
    assert all(row.state == "made" for row in school.pledges.list(TERM))


def test_one_is_previewed(page: PledgesPage, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[bytes] = []
    monkeypatch.setattr(PreviewDialog, "exec", lambda dialog: shown.append(dialog.pdf.read_bytes()))
    page.table.selectRow(0)
    stage.settle()
    page.panel.print_button.click()
    stage.settle()
    assert shown[0].startswith(b"%PDF")


def test_signed_and_returned_are_marked_with_their_day(page: PledgesPage, stage: Stage, school: Services) -> None:
    page.table.selectRow(0)
    uid = page.table.uid()
    for state, deed in (("signed", "标记已签订"), ("returned", "标记已回收")):
        page.table.go_to(uid)
        page.mark(state)
        dialog = stage.dialog(page)
        assert isinstance(dialog, FieldsDialog)
        dialog.form.boxes["signed_on"].put("2025-09-10")
        stage.press(dialog, deed)
        row = next(row for row in school.pledges.list(TERM) if row.uid == uid)
        assert (row.state, row.signed_on) == (state, "2025-09-10")


def test_a_hint_shows_only_that_state(page: PledgesPage, stage: Stage, school: Services) -> None:
    school.pledges.mark([school.pledges.list(TERM)[0].uid], "printed")
    page.arrive("printed")
    stage.settle()
    page.refresh()
    stage.settle()
    assert page.table.records().rowCount() == 1


def test_without_pairings_the_remedy_is_said(qtbot: QtBot, tasks: Tasks, county: Services, certified: Services) -> None:
    stage = Stage(qtbot, tasks, certified)
    page = stage.show(PledgesPage)
    page.new()
    stage.settle()
    assert "责任人" in stage.messages[0].remedy
