"""The page 乡镇转交 and the page 上报情况, by hand: take in, send, bring back; who has to be called up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from jzdesk.core.ids import new_uid
from jzdesk.models import Enrolment
from jzdesk.services.bundle import Services
from jzdesk.services.township_schools import UNREAD
from jzdesk.ui import theme
from jzdesk.ui.pages.certificates import CertificatesPage
from jzdesk.ui.pages.listing import NOTHING_FOUND
from jzdesk.ui.pages.reports import ReportsPage
from jzdesk.ui.pages.township import REPORTS, SCHOOLS, TownshipPage
from jzdesk.ui.places import places_of
from jzdesk.ui.shell import Shell
from jzdesk.ui.tasks import Tasks
from tests.factories.moves import child
from tests.factories.stations import certify, new_school
from tests.factories.township import Township, make_township, open_township, pupil
from tests.gui.stage import Stage, unwritable, well_behaved


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    make_township(folder)
    return folder


@pytest.fixture
def place(made: Path, tmp_path: Path) -> Iterator[Township]:
    opened = open_township(made, tmp_path)
    pupil(opened.village, "村里的")
    opened.village.exchange.export(opened.stick("schools"))
    yield opened
    opened.close()


@pytest.fixture
def stage(qtbot: QtBot, tasks: Tasks, place: Township) -> Stage:
    return Stage(qtbot, tasks, place.centre)


def test_a_stick_is_taken_in_sent_on_and_answered(stage: Stage, place: Township) -> None:
    page = stage.show(TownshipPage)
    assert not page.send_button.isEnabled()
    page.sticks.take(place.stick("schools"))
    page.new()
    stage.settle()
    assert page.banner.text().startswith("收下了1 份可查看的数据包。")
    assert "待送县里 1" in page.carried.figures.text()
    well_behaved(page.carried.table)
    page.sticks.take(place.stick("county"))
    page.save()
    stage.settle()
    assert page.banner.text().startswith("可以拔出 U 盘了。已写入本站 0 条改动，各校数据包 1 个，都已读回核对。")
    place.county.merging.merge([place.stick("county")])
    place.county.county.write_receipts(place.stick("county"))
    page.new()
    stage.settle()
    assert "县里已收 1" in page.carried.figures.text()
    assert "待带给学校 1" in page.carried.figures.text()
    page.sticks.take(place.stick("village"))
    page.deliver()
    stage.settle()
    assert "给学校的文件 1 个" in page.banner.text()
    assert place.village.exchange.read_receipts([place.stick("village")])[0].outcome == "read"


def test_what_the_packages_say_is_shown_to_be_looked_at(stage: Stage, place: Township) -> None:
    place.centre.township.take([place.stick("schools")])
    page = stage.show(TownshipPage, "reports")
    assert page.tabs.currentIndex() == REPORTS
    assert [line.name for line in page.reports.table.all_rows()] == ["青石镇中学"]
    page.tabs.setCurrentIndex(SCHOOLS)
    stage.settle()
    assert [row.name for row in page.schools.table.all_rows()] == ["大坪教学点"]
    assert [row.name for row in page.schools.pupils.all_rows()] == ["村里的"]
    for table in (page.reports.table, page.schools.table, page.schools.pupils):
        well_behaved(table)


def test_a_child_that_was_moved_is_shown_where_it_is_now(stage: Stage, place: Township) -> None:
    uid = child(place.village)
    place.village.transfers.ask({"student": uid, "to_name": "3143990003", "reason": "升学"})
    place.village.exchange.export(place.stick("schools"))
    place.county.merging.merge([place.stick("schools")])
    place.county.transfers.approve(place.county.transfers.lines()[0].uid)
    place.county.county.write_receipts(place.stick("answers"))
    place.centre.township.take([place.stick("schools")])
    page = stage.show(TownshipPage)
    page.tabs.setCurrentIndex(SCHOOLS)
    stage.settle()
    assert [row.name for row in page.schools.pupils.all_rows()] == ["村里的", "王小明"]
    page.sticks.take(place.stick("answers"))
    page.new()
    stage.settle()
    assert [(row.name, row.students) for row in page.schools.table.all_rows()] == [("大坪教学点", 1)]
    assert [row.name for row in page.schools.pupils.all_rows()] == ["村里的"]
    assert "读不到" not in page.schools.words.text()
    place.junior.exchange.read_receipts([place.stick("answers")])
    place.junior.transfers.receive(uid, {"date": place.junior.context.today()})
    with place.junior.context.write() as unit:  # one who came from where the township reads nothing
        unit.add(Enrolment, {"student": new_uid(), "grade": "G07", "status": "01", "valid_from": "2025-09-01"})
    place.junior.exchange.export(place.stick("junior"))
    place.centre.township.take([place.stick("junior")])
    page.refresh()
    stage.settle()
    page.schools.table.selectRow(1)
    stage.settle()
    assert [(row.name, row.grade) for row in page.schools.pupils.all_rows()] == [
        ("王小明", "小学三年级"), (UNREAD, "初中七年级"),
    ]  # fmt: skip
    assert "（未到）1 名：档案在原来的学校，本站读不到。" in page.schools.words.text()
    well_behaved(page.schools.pupils)


def test_a_stick_pulled_out_says_so_where_the_eyes_are(stage: Stage, place: Township) -> None:
    place.centre.township.take([place.stick("schools")])
    page = stage.show(TownshipPage)
    page.sticks.take(place.stick("county"))
    with unwritable(place.stick("county")):
        page.save()
        stage.settle()
    assert "U 盘" in page.banner.text()
    assert place.centre.township.log()[0].state == "waiting"


def test_stopping_keeps_what_was_taken_in(stage: Stage, place: Township) -> None:
    page = stage.show(TownshipPage)
    stage.tasks.started.connect(lambda task: task.progress.cancel())
    page.take([place.stick("schools")])
    stage.settle()
    assert page.banner.text().startswith("已停止")
    assert place.centre.township.log() == []


def test_only_stations_with_schools_below_them_have_these_pages() -> None:
    keys = {kind: {each.key for each in places_of(kind)} for kind in ("school", "township", "county")}
    assert [kind for kind, found in keys.items() if "township" in found] == ["township"]
    assert [kind for kind, found in keys.items() if "reports" in found] == ["county"]


def test_the_county_sees_whom_to_call_and_takes_the_list_along(
    qtbot: QtBot, tasks: Tasks, place: Township, tmp_path: Path
) -> None:
    place.county.merging.merge([place.stick("schools")])
    stage = Stage(qtbot, tasks, place.county)
    page = stage.show(ReportsPage)
    view = page.view
    well_behaved(view.table)
    shown = {line.name: line.state_label for line in view.table.all_rows()}
    assert shown["青石镇中学"] == "从未上报"
    assert "大坪教学点" not in shown
    view.shown.choose("all")
    stage.settle()
    assert {line.name: line.state_label for line in view.table.all_rows()}["大坪教学点"] == "正常"
    view.limit.choose(7)
    stage.settle()
    assert place.county.reporting.limit() == 7
    view.export_to(tmp_path / "名单.xlsx")
    stage.settle()
    assert stage.said[-1].startswith("已导出")
    assert (tmp_path / "名单.xlsx").exists()


@pytest.mark.parametrize("percent", [100, 150])
def test_the_page_fits_into_a_small_screen_with_its_buttons_in_one_row(
    qtbot: QtBot, qapp: QApplication, stage: Stage, percent: int
) -> None:
    theme.set_text_size(qapp, percent)
    shell = Shell(stage.desk)
    qtbot.addWidget(shell)
    shell.resize(1366, 738)
    shell.show()
    shell.open("township")
    stage.settle()
    page = shell.page()
    assert isinstance(page, TownshipPage)
    for number in range(page.tabs.count()):
        page.tabs.setCurrentIndex(number)
        stage.settle()
        assert shell.minimumSizeHint().height() <= 738
    buttons = (page.take_button, page.back_button, page.send_button)
    assert len({button.mapTo(shell, QPoint()).y() for button in buttons}) == 1
    theme.set_text_size(qapp, 100)


def test_schools_are_found_by_initials_and_a_search_that_finds_nothing_says_so(
    qtbot: QtBot, tasks: Tasks, county: Services
) -> None:
    stage = Stage(qtbot, tasks, county)
    page = stage.show(ReportsPage)
    page.seek()
    for typed in ("qszzxx", "中心小学", "2143990001"):
        page.view.search.setText(typed)
        page.view.search.searched.emit(typed)
        assert "青石镇中心小学" in [line.name for line in page.view.table.all_rows()]
    page.view.search.setText("没有这所学校")
    page.view.search.searched.emit("没有这所学校")
    assert page.view.middle.currentIndex() == NOTHING_FOUND, "it does not say that all have reported"


def test_certificates_are_found_by_school(qtbot: QtBot, tasks: Tasks, county: Services, tmp_path: Path) -> None:
    for code in ("2143990001", "2143990002"):
        school = new_school(tmp_path / code, code)
        certify(school, county, tmp_path)
        school.close()
    stage = Stage(qtbot, tasks, county)
    page = stage.show(CertificatesPage)
    page.search.setText("dpjxd")
    page.search.searched.emit("dpjxd")
    assert [line.name for line in page.table.all_rows()] == ["大坪教学点"]
    assert page.revoke_button.isEnabled()
    page.refresh()
    stage.settle()
    assert len(page.table.all_rows()) == 1, "the search stays"
