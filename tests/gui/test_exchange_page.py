"""数据交换 with real stations and a folder that plays the stick."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from jzdesk.services.bundle import Services
from jzdesk.services.exchange import Stick
from jzdesk.services.students import StudentDraft
from jzdesk.ui.ledger.page import LedgerPage
from jzdesk.ui.pages.exchange import ExchangePage
from jzdesk.ui.pages.exchange_certificate import TakeCertificate
from jzdesk.ui.pages.exchange_receipts import TakeSlip
from jzdesk.ui.pages.students import StudentPage
from jzdesk.ui.tasks import Tasks
from tests.factories.forging import Forger
from tests.gui.stage import Stage, unwritable, well_behaved


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    made = tmp_path / "stick"
    made.mkdir()
    return made


Open = Callable[[Services], tuple[ExchangePage, Stage]]


@pytest.fixture
def opened(qtbot: QtBot, tasks: Tasks, stick: Path) -> Open:
    """Opens the page on a station, with the stick chosen."""

    def make(services: Services) -> tuple[ExchangePage, Stage]:
        stage = Stage(qtbot, tasks, services)
        page = stage.show(ExchangePage)
        page.sticks.take(stick)
        return page, stage

    return make


def test_a_station_without_certificate_is_told_the_way(opened: Open, school: Services, stick: Path) -> None:
    page, stage = opened(school)
    assert not page.export_button.isEnabled()
    assert "申请证书" in page.explain.text()
    page.request()
    stage.settle()
    assert len(list(stick.glob("*.jzr"))) == 1
    assert "可以拔出" in page.result.text()
    assert school.exchange.fingerprint() in page.result.text()
    assert page.certificate.mine.text() == school.exchange.fingerprint()


def test_a_certificate_is_taken_in_when_the_characters_agree(
    opened: Open, school: Services, county: Services, stick: Path
) -> None:
    page, stage = opened(school)
    county.county.issue(school.exchange.request(stick), stick)
    page.ask_certificate()
    dialog = stage.dialog(page)
    assert isinstance(dialog, TakeCertificate)
    dialog.field.setText("AAAA-2222")
    stage.press(dialog, "装入")
    assert "不一致" in dialog.banner.text()
    assert not page.export_button.isEnabled()
    dialog.field.setText(county.exchange.fingerprint())
    stage.press(dialog, "装入")
    assert "一致" in page.result.text()
    assert page.state is not None
    assert page.state.enrolled.county_fingerprint == county.exchange.fingerprint()
    assert page.export_button.isEnabled()
    assert "示范县教育局" in page.certificate.words.text()


def test_choosing_the_stick_clears_away_what_a_killed_export_left(
    opened: Open, certified: Services, stick: Path
) -> None:
    page, stage = opened(certified)
    written = certified.exchange.export(stick)[0].path
    left = stick / f"{written.name}.0123abcd.part"
    others = stick / "2143990009_ffffffff_1234abcd_000001_89abcdef.jzp.0123abcd.part"
    for path in (left, others):
        path.write_bytes(b"half")
    said: list[str] = []
    stage.desk.toasted.connect(lambda words, *_: said.append(words))
    page.sticks.take(stick)
    stage.settle()
    assert said == ["U 盘上有先前中断的导出留下的 1 个未写完的文件，已清除"]
    assert (left.exists(), others.exists(), written.exists()) == (False, True, True)


def test_without_characters_the_page_asks_to_compare_later(
    opened: Open, school: Services, county: Services, stick: Path
) -> None:
    page, stage = opened(school)
    county.county.issue(school.exchange.request(stick), stick)
    page.ask_certificate()
    stage.press(stage.dialog(page), "装入")
    assert county.exchange.fingerprint() in page.result.text()
    assert page.result.property("tone") == "look"


def test_export_says_when_the_stick_may_be_pulled_out(opened: Open, certified: Services, stick: Path) -> None:
    certified.ledger.save("staff", {"name": "陈晓岚"})
    page, stage = opened(certified)
    assert page.state is not None
    assert page.state.pending.unexported > 0
    page.export()
    assert "可以拔出" not in page.result.text()
    stage.settle()
    packages = list(stick.glob("*.jzp"))
    assert len(packages) == 1
    assert "可以拔出" in page.result.text()
    assert packages[0].name in page.result.text()
    assert page.state.pending.unexported == 0
    assert "未导出的改动 0" in page.figures.text()


def test_a_stick_pulled_out_gets_its_own_sentence(opened: Open, certified: Services, stick: Path) -> None:
    certified.ledger.save("staff", {"name": "陈晓岚"})
    page, stage = opened(certified)
    with unwritable(stick):
        page.export()
        stage.settle()
    assert "U 盘" in page.result.text()
    assert "可以拔出" not in page.result.text()
    assert page.result.property("tone") == "wrong"
    assert certified.exchange.pending().unexported > 0
    page.export()
    stage.settle()
    assert "可以拔出" in page.result.text()


def test_stopping_an_export_leaves_nothing_half_written(opened: Open, certified: Services, stick: Path) -> None:
    certified.ledger.save("staff", {"name": "陈晓岚"})
    page, stage = opened(certified)
    page.export()
    assert page._task is not None
    page._task.progress.cancel()
    stage.settle()
    assert not [path for path in stick.iterdir() if path.suffix != ".jzp"]
    assert "已停止" in page.result.text() or "可以拔出" in page.result.text()


def test_no_stick_says_so(qtbot: QtBot, tasks: Tasks, school: Services) -> None:
    stage = Stage(qtbot, tasks, school)
    page = stage.show(ExchangePage)
    page.sticks.folder = None
    page.read_receipts()
    assert "U 盘" in stage.messages[0].what


def test_a_receipt_is_read_once(
    opened: Open, certified: Services, county: Services, stick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certified.ledger.save("staff", {"name": "陈晓岚"})
    certified.exchange.export(stick)
    county.merging.merge([stick])
    county.county.write_receipts(stick)
    page, stage = opened(certified)
    page.read_receipts()
    stage.settle()
    well_behaved(page.receipts.table)
    assert page.receipts.table.records().rowCount() == 1
    assert page.receipts.words.text().endswith("号回执已读，县里已收到本站数据。")
    assert page.state is not None
    assert page.state.pending.unacknowledged == 0
    page.read_receipts()
    stage.settle()
    assert page.receipts.table.row_here() is None
    assert page.receipts.table.all_rows()[0].outcome == "old"


def test_what_the_county_found_stands_in_a_list(
    opened: Open, certified: Services, county: Services, stick: Path
) -> None:
    from tests.gui.stage import ROLL

    certified.imports.run("roll", ROLL)
    certified.exchange.export(stick)
    county.merging.merge([stick])
    county.county.write_receipts(stick)
    page, stage = opened(certified)
    page.read_receipts()
    stage.settle()
    problems = page.receipts.table.all_rows()[0].problems
    assert problems
    assert page.receipts.problems.records().rowCount() == len(problems)
    went: list[tuple[str, str]] = []
    stage.desk.wanted.connect(lambda place, hint: went.append((place, hint)))
    page.receipts.problems.selectRow(0)
    page.open_item()
    assert [place for place, _ in went] == ["student"]
    assert len(went[0][1].partition("#")[0]) == 32
    assert page.receipts.words.property("tone") == "good"
    assert page.receipts.asked.text() == f"县里要求改正 {len(problems)} 项：回车逐条打开，改完再导出。"
    (line,) = [item for item in (page.receipts.problems.row_here(),) if item is not None]
    assert page.receipts.about.text() == f"{line.title}：{line.sentence}", "the table has no room for all of it"


def test_a_receipt_that_was_read_comes_into_view_with_the_keyboard(
    opened: Open, certified: Services, county: Services, stick: Path
) -> None:
    """Also in a narrow window, where it lies far below the button that was pressed."""
    from tests.gui.stage import ROLL

    certified.imports.run("roll", ROLL)
    certified.exchange.export(stick)
    county.merging.merge([stick])
    county.county.write_receipts(stick)
    page, stage = opened(certified)
    page.resize(560, 480)
    page.activateWindow()
    page.read_receipts()
    stage.settle()
    stage.qtbot.waitUntil(page.receipts.problems.hasFocus)
    assert page._view.verticalScrollBar().value() > 0
    assert page.receipts.asked.visibleRegion().isEmpty() is False


def test_a_package_that_waits_is_told_after_reading_the_receipt(
    opened: Open, certified: Services, county: Services, stick: Path
) -> None:
    forger = Forger(certified)
    forger.say(scope="2143990002", set={"name": "外校生"})
    county.merging.merge([forger.package(stick)])
    county.county.write_receipts(stick)
    page, stage = opened(certified)
    page.read_receipts()
    stage.settle()
    assert "第 1 号数据包" in page.receipts.notes.text()
    assert page.receipts.notes.isVisibleTo(page)


def test_no_receipt_on_the_stick_says_what_to_do(opened: Open, certified: Services) -> None:
    page, stage = opened(certified)
    page.read_receipts()
    stage.settle()
    assert "没有找到给本站的回执" in page.receipts.words.text()


def test_a_damaged_receipt_is_refused_and_changes_nothing(
    opened: Open, certified: Services, county: Services, stick: Path
) -> None:
    certified.ledger.save("staff", {"name": "陈晓岚"})
    certified.exchange.export(stick)
    county.merging.merge([stick])
    receipt = county.county.write_receipts(stick)[0]
    body = bytearray(receipt.read_bytes())
    body[len(body) // 2] ^= 1
    receipt.write_bytes(bytes(body))
    page, stage = opened(certified)
    page.drop([receipt])
    stage.settle()
    assert [one.outcome for one in page.receipts.table.all_rows()] in (["refused"], [])
    assert certified.exchange.pending().unacknowledged > 0


def test_dropping_a_folder_chooses_it(opened: Open, certified: Services, tmp_path: Path) -> None:
    page, _ = opened(certified)
    other = tmp_path / "other"
    other.mkdir()
    page.drop([other])
    assert page.sticks.folder == other
    assert str(other) in page.sticks._words.text()


def test_cards_stand_beneath_each_other_in_a_narrow_window(opened: Open, school: Services) -> None:
    page, _ = opened(school)
    page.resize(700, 600)
    QApplication.processEvents()
    assert page._halves.direction() == page._halves.Direction.TopToBottom


def test_a_receipt_on_paper_is_typed_in(opened: Open, certified: Services, county: Services, stick: Path) -> None:
    from tests.unit.test_slips import letters

    certified.ledger.save("staff", {"name": "何老师"})
    certified.exchange.export(stick)
    county.merging.merge([stick])
    page, stage = opened(certified)
    page.ask_slip()
    dialog = stage.dialog(page)
    assert isinstance(dialog, TakeSlip)
    dialog.letters.setPlainText("ABCDE")
    dialog.take()
    stage.settle()
    assert "第 1 行" in dialog.banner.text()
    dialog.letters.setPlainText(letters(county, certified.info.device))
    dialog.take()
    stage.settle()
    assert "又确认了" in page.result.text()
    assert certified.exchange.pending().unacknowledged == 0


def test_students_and_ledgers_say_how_far_each_record_has_come(
    qtbot: QtBot, tasks: Tasks, certified: Services, stick: Path
) -> None:
    stage = Stage(qtbot, tasks, certified)
    certified.ledger.save("staff", {"name": "王老师"})
    certified.students.save(StudentDraft(None, {"name": "周小", "sex": "1", "birth": "2016-05-07"}, {"grade": "G03"}))
    certified.exchange.export(stick)
    draft = StudentDraft(None, {"name": "吴大", "sex": "1", "birth": "2016-05-07"}, {"grade": "G03"})
    late = certified.students.save(draft).uid
    students = stage.show(StudentPage)
    assert students.travel is not None
    rows = certified.students.rows(students.table.records().uids())
    assert {row.name: row.sync_state for row in rows} == {"周小": "已导出", "吴大": "未导出"}
    students.travel.choose("unexported")
    stage.settle()
    assert list(students.table.records().uids()) == [late]
    students.open_record(late)
    stage.settle()
    assert students.panel.state.text() == "未导出"
    ledger = stage.show(partial(LedgerPage, entity="staff"))
    ledger.open_record(ledger.table.records().uid(0))
    stage.settle()
    assert ledger.panel.state.text() == "已导出"


def test_a_stick_that_was_pulled_out_is_used_no_more_until_it_is_back(
    opened: Open, certified: Services, stick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder where it was may still be there: what is written into it would be on no stick."""
    present = [Stick(stick, "U 盘", 1 << 30)]
    monkeypatch.setattr(type(certified.exchange), "sticks", lambda _: list(present))
    page, stage = opened(certified)
    page.sticks.look()
    stage.settle()
    assert page.export_button.isEnabled()
    present.clear()
    page.sticks.look()
    stage.settle()
    assert "已经拔出" in page.sticks._words.text()
    assert not page.export_button.isEnabled()
    page.save()
    stage.settle()
    assert list(stick.iterdir()) == []
    present.append(Stick(stick, "U 盘", 1 << 30))
    page.sticks.look()
    stage.settle()
    assert page.sticks.folder == stick
    assert page.export_button.isEnabled()
