"""合并结果 with real schools: the log, a child on two rolls, a field filled in differently on two sides."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from jzdesk.core.citizen_id import check_character
from jzdesk.services.bundle import Services
from jzdesk.services.ledger import Query
from jzdesk.services.students import StudentDraft
from jzdesk.ui.pages import merged_duplicates
from jzdesk.ui.pages.merged import CONFLICTS, DUPLICATES, LOG, MergedPage
from jzdesk.ui.tasks import Tasks
from tests.factories.stations import certify, new_school
from tests.gui.stage import Stage, well_behaved

NUMBER = "43109920150102001"


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    made = tmp_path / "stick"
    made.mkdir()
    return made


@pytest.fixture
def stage(qtbot: QtBot, tasks: Tasks, county: Services) -> Stage:
    return Stage(qtbot, tasks, county)


def enrol(services: Services) -> str:
    """The same child on the roll of this school."""
    student = {"name": "曾小乐", "id_number": NUMBER + check_character(NUMBER), "sex": "1", "birth": "2015-01-02"}
    guardian = {"name": "曾大", "relation": "51", "is_guardian": 1, "phone": "13800000000"}
    draft = StudentDraft(None, student, {"grade": "G03", "boarding": "2"}, (guardian,))
    return services.students.save(draft).uid


@pytest.fixture
def twice(county: Services, certified: Services, tmp_path: Path, stick: Path) -> None:
    """One child on two rolls, both merged."""
    other = new_school(tmp_path / "other", "2143990002")
    certify(other, county, tmp_path)
    for services in (certified, other):
        enrol(services)
        services.exchange.export(stick)
    county.merging.merge([stick])
    other.close()


@pytest.mark.usefixtures("twice")
def test_the_log_names_schools_and_balances(stage: Stage, county: Services) -> None:
    page = stage.show(MergedPage)
    well_behaved(page.log.table)
    assert page.tabs.currentIndex() == LOG
    model = page.log.table.records()
    assert {model.index(row, 1).data() for row in range(model.rowCount())} == {"青石镇中心小学", "大坪教学点"}
    total = sum(line.counts.entries_in for line in county.merging.arrivals())
    assert page.log.figures.text() == f"收到记录 {total}，并入 {total}，以前已有 0，待裁定 0，未接收 0"


@pytest.mark.usefixtures("twice")
@pytest.mark.parametrize(("key", "verdict"), [(Qt.Key.Key_1, "same"), (Qt.Key.Key_2, "distinct")])
def test_a_child_on_two_rolls_is_settled_by_key_with_a_reason(
    stage: Stage, county: Services, monkeypatch: pytest.MonkeyPatch, key: Qt.Key, verdict: str
) -> None:
    page = stage.show(MergedPage, "duplicates")
    assert page.tabs.currentIndex() == DUPLICATES
    assert page.tabs.tabText(DUPLICATES) == "同一学生（1）"
    well_behaved(page.duplicates.table)
    words = [label.text() for label in page.duplicates.right.findChildren(QLabel)]
    assert {"青石镇中心小学", "大坪教学点"} <= set(words)
    assert not any(NUMBER in each for each in words)
    monkeypatch.setattr(merged_duplicates, "ask_reason", lambda *_: "电话核实")
    QTest.keyClick(page.duplicates.table, key)
    stage.settle()
    assert county.settling.duplicates() == []
    assert page.duplicates.middle.currentIndex() == 1
    judged = county.ledger.rows("identity", county.ledger.ids(Query("identity")))
    assert [(row.values["verdict"], row.values["reason"]) for row in judged] == [(verdict, "电话核实")]


@pytest.mark.usefixtures("twice")
def test_without_a_reason_nothing_is_settled(stage: Stage, county: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    page = stage.show(MergedPage, "duplicates")
    monkeypatch.setattr(merged_duplicates, "ask_reason", lambda *_: None)
    page.duplicates.decide(same=True)
    stage.settle()
    assert len(county.settling.duplicates()) == 1


@pytest.fixture
def differing(county: Services, certified: Services, stick: Path) -> str:
    """A school's teacher whose post two sides changed without knowing of each other."""
    uid = certified.ledger.save("staff", {"name": "王老师", "post": "教师"}).uid
    certified.exchange.export(stick)
    county.merging.merge([stick])
    county.ledger.save("staff", {"post": "班主任"}, uid)
    certified.ledger.save("staff", {"post": "教导主任"}, uid)
    certified.exchange.export(stick)
    county.merging.merge([stick])
    return uid


def test_one_key_settles_a_conflict(stage: Stage, county: Services, differing: str) -> None:
    page = stage.show(MergedPage, "conflicts")
    assert page.tabs.currentIndex() == CONFLICTS
    well_behaved(page.conflicts.table)
    line = page.conflicts.table.row_here()
    assert line is not None
    words = {label.text() for label in page.conflicts.right.findChildren(QLabel)}
    assert {"班主任", "教导主任", "县教育局", "青石镇中心小学"} <= words
    wanted = [one.shown for one in line.values].index("教导主任")
    QTest.keyClick(page.conflicts.table, Qt.Key(Qt.Key.Key_1 + wanted))
    stage.settle()
    assert county.settling.conflicts() == []
    assert county.ledger.record("staff", differing).values["post"] == "教导主任"
    assert page.conflicts.middle.currentIndex() == 1


def test_a_key_beyond_the_values_does_nothing(stage: Stage, county: Services, differing: str) -> None:
    page = stage.show(MergedPage, "conflicts")
    QTest.keyClick(page.conflicts.table, Qt.Key.Key_9)
    stage.settle()
    assert len(county.settling.conflicts()) == 1
    assert differing


@pytest.mark.parametrize(("key", "hidden"), [(Qt.Key.Key_1, 0), (Qt.Key.Key_2, 1)])
def test_an_edit_that_met_a_void_is_settled_by_key(
    stage: Stage, county: Services, certified: Services, stick: Path, key: Qt.Key, hidden: int
) -> None:
    uid = certified.ledger.save("staff", {"name": "王老师", "post": "教师"}).uid
    certified.exchange.export(stick)
    county.merging.merge([stick])
    county.ledger.save("staff", {"post": "班主任"}, uid)
    certified.ledger.void("staff", uid, "重复录入")
    certified.exchange.export(stick)
    county.merging.merge([stick])
    page = stage.show(MergedPage, "conflicts")
    assert page.conflicts.table.records().rowCount() == len(county.settling.conflicts()) == 1
    QTest.keyClick(page.conflicts.table, key)
    stage.settle()
    assert stage.messages == []
    assert county.settling.conflicts() == []
    assert county.ledger.record("staff", uid).values["hidden"] == hidden


def test_nothing_merged_yet_says_what_to_do(stage: Stage) -> None:
    page = stage.show(MergedPage)
    assert page.log.middle.currentIndex() == 1
    assert page.duplicates.middle.currentIndex() == 1
    assert page.conflicts.middle.currentIndex() == 1
