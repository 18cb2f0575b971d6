"""Rows pasted into the table of students become new pupils by way of the import, whose checks they pass."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from jzdesk.services.bundle import Services
from jzdesk.services.pasting import PASTED
from jzdesk.services.students import StudentQuery
from jzdesk.ui.pages.imports import ImportsPage
from jzdesk.ui.pages.students import StudentPage
from jzdesk.ui.tasks import Tasks
from tests.factories.people import id_number
from tests.gui.stage import Stage

HEAD = "姓名\t性别\t身份证件号\t出生日期\t年级\t班级\t联系电话"


@pytest.fixture
def stage(qtbot: QtBot, tasks: Tasks, school: Services) -> Stage:
    return Stage(qtbot, tasks, school)


def pupil(name: str, serial: int, grade: str = "小学三年级") -> str:
    return f"{name}\t男\t{id_number('2016-05-07', serial=serial)}\t2016-05-07\t{grade}\t1班\t13812345678"


def sent(stage: Stage, page: StudentPage) -> Path:
    """Where the page sends what was pasted."""
    hints: list[str] = []
    stage.desk.wanted.connect(lambda _, hint: hints.append(hint))
    page.work.paste_new()
    stage.settle()
    (hint,) = hints
    return Path(hint.removeprefix(PASTED))


def test_a_pasted_list_is_tried_with_its_doubles_and_registered_in_one_step_that_can_be_undone(
    stage: Stage, school: Services
) -> None:
    school.ledger.save("student", {"name": "宋火强", "sex": "1", "birth": "2016-05-07", "phone": "13812345678"})
    QGuiApplication.clipboard().setText(
        "\n".join((HEAD, pupil("宋火强", 5), pupil("王小明", 7), pupil("李思远", 9, "九年")))
    )
    path = sent(stage, stage.show(StudentPage))
    imports = stage.show(ImportsPage, f"{PASTED}{path}")
    imports.wizard.go_on()
    stage.settle()
    imports.wizard.go_on()
    stage.settle()
    (run,) = school.imports.history()
    assert (run.file, run.added + run.changed) == ("粘贴的学生.csv", 2)
    assert {one.row for one in school.imports.parked()} == {4}
    assert not path.exists()
    assert len(school.students.ids(StudentQuery())) == 2
    school.imports.undo(run.run)
    assert len(school.students.ids(StudentQuery())) == 1


def test_rows_beyond_the_end_follow_once_the_rows_above_are_written(stage: Stage, school: Services) -> None:
    school.imports.run("roll", _roll(school))
    page = stage.show(StudentPage)
    hints: list[str] = []
    stage.desk.wanted.connect(lambda _, hint: hints.append(hint))
    page.table.setCurrentIndex(page.table.records().index(0, 0))
    QApplication.clipboard().setText("宋小强\n王小明\n李思远")
    page.work.paste()
    stage.settle()
    stage.press(stage.dialog(page), "写入")
    (hint,) = hints
    text = Path(hint.removeprefix(PASTED)).read_text("utf-8-sig")
    assert text.split() == ["姓名", "王小明", "李思远"]


def _roll(school: Services) -> Path:
    path = school.info.folder / "roll.csv"
    path.write_text(HEAD.replace("\t", ",") + "\n" + pupil("宋火强", 5).replace("\t", ",") + "\n", "utf-8")
    return path
