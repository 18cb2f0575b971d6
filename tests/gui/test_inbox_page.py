"""收件箱 with real schools: requests certified, packages named and merged, sums that balance, receipts written."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from jzdesk.services.bundle import Services
from jzdesk.services.exchange import Stick
from jzdesk.services.ledger import Query
from jzdesk.ui import widgets
from jzdesk.ui.dialogs import escrow as escrow_dialog
from jzdesk.ui.dialogs.effects import EffectsDialog
from jzdesk.ui.dialogs.escrow import EscrowDialog
from jzdesk.ui.dialogs.rotating import RotateDialog
from jzdesk.ui.editors.reference import CodeEdit
from jzdesk.ui.ledger.page import LedgerPage
from jzdesk.ui.pages.certificates import CertificatesPage
from jzdesk.ui.pages.inbox import REQUESTS, InboxPage
from jzdesk.ui.tasks import Tasks
from tests.factories.stations import EXAMPLES, certify, new_school
from tests.gui.stage import ROLL, Stage, well_behaved
from tools.crowd import fill, senders


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    made = tmp_path / "stick"
    made.mkdir()
    return made


@pytest.fixture
def stage(qtbot: QtBot, tasks: Tasks, county: Services) -> Stage:
    return Stage(qtbot, tasks, county)


@pytest.fixture
def page(stage: Stage) -> InboxPage:
    return stage.show(InboxPage)


def test_packages_are_named_before_they_are_merged(
    page: InboxPage, stage: Stage, certified: Services, county: Services, stick: Path
) -> None:
    certified.ledger.save("staff", {"name": "陈晓岚"})
    written = certified.exchange.export(stick)[0]
    page.take([stick])
    stage.settle()
    well_behaved(page.packages.table)
    line = page.packages.table.all_rows()[0]
    assert (line.school, line.number, line.entries) == ("青石镇中心小学", "1", written.entries)
    assert line.state == "可以并入"
    assert county.merging.arrivals() == []
    assert page.merge_button.isEnabled()


def test_merging_balances_and_again_finds_everything_known(
    page: InboxPage, stage: Stage, certified: Services, county: Services, stick: Path
) -> None:
    certified.imports.run("roll", ROLL)
    entries = certified.exchange.export(stick)[0].entries
    page.take([stick])
    stage.settle()
    page.save()
    stage.settle()
    assert f"收到记录 {entries:,}，并入 {entries:,}，以前已有 0，待裁定 0，未接收 0" == page.packages.figures.text()
    assert page.banner.property("tone") == "good"
    assert not page.merge_button.isEnabled()
    page.take([stick])
    stage.settle()
    page.merge()
    stage.settle()
    assert f"收到记录 {entries:,}，并入 0，以前已有 {entries:,}，待裁定 0，未接收 0" == page.packages.figures.text()
    assert county.verify().students == 409


def test_a_flipped_byte_is_refused_with_its_sentence(
    page: InboxPage, stage: Stage, certified: Services, county: Services, stick: Path
) -> None:
    certified.ledger.save("staff", {"name": "陈晓岚"})
    package = certified.exchange.export(stick)[0].path
    body = bytearray(package.read_bytes())
    body[len(body) * 2 // 3] ^= 1
    package.write_bytes(bytes(body))
    page.drop([package])
    stage.settle()
    line = page.packages.table.all_rows()[0]
    assert line.sentence
    assert line.tone == "wrong"
    page.merge()
    stage.settle()
    assert page.packages.table.all_rows()[0].state == "未接收"
    assert page.banner.property("tone") == "wrong"
    assert county.ledger.ids(Query("staff")) == []


def test_stopping_keeps_what_was_merged_and_leaves_the_rest(
    page: InboxPage, stage: Stage, county: Services, certified: Services, tmp_path: Path, stick: Path
) -> None:
    other = new_school(tmp_path / "other", "2143990002")
    certify(other, county, tmp_path)
    for services in (certified, other):
        services.ledger.save("staff", {"name": "陈晓岚"})
        services.exchange.export(stick)
    page.take([stick])
    stage.settle()
    stage.tasks.progressed.connect(lambda task, done, *_: task.progress.cancel() if done == 0 else None)
    page.merge()
    assert page._task is not None
    page._task.progress.cancel()
    stage.settle()
    assert "已停止" in page.banner.text()
    left = 2 - len(county.merging.arrivals())
    assert left
    assert f"还有 {left} 个没有动，按 Ctrl+S 接着并入" in page.banner.text()
    stage.tasks.progressed.disconnect()
    page.save()
    stage.settle()
    assert len(county.merging.arrivals()) == 2
    assert "已停止" not in page.banner.text()
    assert not page.merge_button.isEnabled()
    other.close()


def test_one_package_is_merged_by_itself_and_the_others_stay_in_view(
    page: InboxPage, stage: Stage, county: Services, tmp_path: Path
) -> None:
    folder = tmp_path / "three"
    folder.mkdir()
    fill(senders(county, 3, tmp_path), folder, county.context.store.clock.tick(), 2)
    page.take([folder])
    stage.settle()
    page.packages.table.selectRow(1)
    QTest.keyClick(page.packages.table, Qt.Key.Key_Return)
    stage.settle()
    stage.press(stage.dialog(page), "并入这个包")
    assert "已并入" in page.banner.text()
    assert "还有 2 个没有动" in page.banner.text()
    assert [line.number for line in page.packages.table.all_rows()] == ["1", "1"]
    assert page.packages.table.currentIndex().row() == 1, "the cursor is on the next one"
    page.save()
    stage.settle()
    assert len(county.merging.arrivals()) == 3


def test_the_keyboard_goes_to_the_packages_once_they_are_there(
    page: InboxPage, stage: Stage, certified: Services, stick: Path
) -> None:
    certified.exchange.export(stick)
    page.activateWindow()
    page.sticks.findChildren(QPushButton)[0].setFocus()
    page.take([stick])
    stage.settle()
    assert page.packages.table.hasFocus()


def test_what_needs_a_person_stands_first_and_says_why_beneath(
    page: InboxPage, stage: Stage, county: Services, tmp_path: Path
) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    fill(senders(county, 24, tmp_path), folder, county.context.store.clock.tick(), 2)
    page.take([folder])
    stage.settle()
    rows = page.packages.table.all_rows()
    assert [row.tone for row in rows] == ["wrong", "look", *["good"] * 22]
    assert [row.state for row in rows[:3]] == ["未接收", "前面有缺，先存放", "可以并入"]
    assert (rows[0].school, rows[0].entries) == ("双溪乡冲小学（据文件名）", 0), "somebody has to be called up"
    assert page.packages.about.text().startswith(rows[0].file)
    assert rows[2].kinds.startswith("走访 1、学生 1、学籍 1")
    page.merge()
    stage.settle()
    rows = page.packages.table.all_rows()
    assert [row.state for row in rows[:4]] == ["未接收", "部分待裁定", "部分待裁定", "暂存待补"]
    assert "收到记录" in page.packages.figures.text()


def test_verifying_can_be_stopped_between_packages(
    page: InboxPage, stage: Stage, county: Services, tmp_path: Path
) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    fill(senders(county, 6, tmp_path), folder, county.context.store.clock.tick(), 1)
    stage.tasks.started.connect(lambda task: task.progress.cancel())
    page.take([folder])
    stage.settle()
    assert page.banner.text().startswith("已停止核验：核验了 0 个")
    assert not page.merge_button.isEnabled()
    stage.tasks.started.disconnect()
    page.refresh()
    page.refresh()
    stage.settle()
    assert len(page.packages.waiting) == 6


def test_a_request_is_certified_after_comparing(
    page: InboxPage, stage: Stage, school: Services, stick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    school.exchange.request(stick)
    page.take([stick])
    stage.settle()
    well_behaved(page.requests.table)
    assert page.tabs.currentIndex() == REQUESTS
    asked: list[str] = []

    def agree(_: object, what: str, then: str, *__: object) -> bool:
        asked.append(what + then)
        return True

    monkeypatch.setattr(widgets, "confirm", agree)
    page.requests.issue()
    stage.settle()
    assert school.exchange.fingerprint() in asked[0]
    assert len(list(stick.glob("*.jzc"))) == 1
    assert "证书已写好" in page.banner.text()
    school.exchange.take_certificate(next(stick.glob("*.jzc")), page.requests.mine.text())


def test_a_school_that_is_not_on_the_list_is_not_certified(
    page: InboxPage, stage: Stage, tmp_path: Path, stick: Path
) -> None:
    from tests.factories.stations import new_station

    stranger = new_station(tmp_path / "stranger", "school", "2143999999", "外县小学")
    stranger.exchange.request(stick)
    page.take([stick])
    stage.settle()
    assert not page.requests.deed.isEnabled()
    assert "学校名单" in page.requests.table.records().index(0, 4).data()


def test_receipts_are_written_to_the_stick(page: InboxPage, stage: Stage, certified: Services, stick: Path) -> None:
    certified.ledger.save("staff", {"name": "陈晓岚"})
    certified.exchange.export(stick)
    page.take([stick])
    stage.settle()
    page.write_receipts()
    stage.settle()
    assert "没有回执可写" in page.banner.text()
    page.merge()
    stage.settle()
    page.write_receipts()
    stage.settle()
    assert len(list(stick.glob("*.jzh"))) == 1
    assert "可以拔出" in page.banner.text()


def test_an_empty_inbox_says_what_to_do(page: InboxPage) -> None:
    assert page.packages.middle.currentIndex() == 1
    assert not page.merge_button.isEnabled()
    assert not page.answer_button.isEnabled()


def test_schools_and_certificates(
    stage: Stage, certified: Services, county: Services, stick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = stage.show(CertificatesPage)
    assert page.table.records().rowCount() == 1
    assert "学校 9" in page.figures.text()
    page.learn(county.county.learn_schools, EXAMPLES / "学校名单.csv")
    stage.settle()
    assert "新增 0" in stage.said[-1]
    page.learn_standards()
    stage.settle()
    assert "新增项目 0" in stage.said[-1]
    page.table.selectRow(0)
    page.revoke()
    stage.settle()
    stage.press(stage.dialog(page), "看会撤下什么")
    dialog = stage.dialog(page)
    stage.press(dialog, "吊销")
    assert not county.county.issued()[0].revoked, "a reason is wanted"
    assert isinstance(dialog, EffectsDialog)
    dialog.reason.setText("电脑被盗")
    stage.press(dialog, "吊销")
    assert county.county.issued()[0].revoked
    assert "有效证书 0" in page.figures.text()
    assert "电脑被盗" in page.words.text()
    assert not page.renew_button.isEnabled()
    page.reinstate()
    stage.settle()
    dialog = stage.dialog(page)
    assert isinstance(dialog, EffectsDialog)
    dialog.reason.setText("找回来了")
    stage.press(dialog, "撤销吊销")
    assert not county.county.issued()[0].revoked
    assert "找回来了" in page.words.text()
    monkeypatch.setattr(widgets, "pick_folder", lambda *_: stick)
    page.renew()
    stage.settle()
    assert len(list(stick.glob("*.jzc"))) == 1
    assert "可以拔出" in stage.said[-1]


def test_a_paper_key_is_used_once_it_was_read_from_the_paper(
    stage: Stage, county: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = stage.show(CertificatesPage)
    assert "托管钥匙 没有" in page.figures.text()
    printed: list[str] = []
    monkeypatch.setattr(escrow_dialog, "preview", lambda *args: printed.append(args[2]))
    page.open_escrow()
    dialog = stage.dialog(page)
    assert isinstance(dialog, EscrowDialog)
    assert not dialog.deed.isVisible(), "there is nothing to check yet"
    stage.press(dialog, "打印一把新的托管钥匙…")
    assert printed == ["托管钥匙单"]
    assert not county.escrow.look().mark, "nothing before it was typed"
    dialog.typed.setText("ABCD EFGH")
    stage.press(dialog, "启用")
    assert "不一样" in dialog.banner.text()
    key = dialog._key
    assert key is not None
    dialog.typed.setText(f" {key.last[:4].lower()} {key.last[4:].lower()}")
    stage.press(dialog, "启用")
    assert county.escrow.look().mark == key.mark
    assert f"托管钥匙 {key.mark}" in page.figures.text()
    assert page.notice_button.isVisible()
    page.open_escrow()
    dialog = stage.dialog(page)
    assert isinstance(dialog, EscrowDialog)
    dialog.typed.setText(key.secret[:-1])
    stage.press(dialog, "核对")
    assert "58 位" in dialog.banner.text()
    dialog.typed.setText(key.secret)
    stage.press(dialog, "核对")
    assert "能用" in stage.said[-1]


def test_the_county_changes_its_keys_once_it_has_promised_to_keep_them(
    stage: Stage, county: Services, stick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = stage.show(CertificatesPage)
    before = page.fingerprint.text()
    assert not page.notice_button.isVisible()
    page.rotate()
    dialog = stage.dialog(page)
    assert isinstance(dialog, RotateDialog)
    stage.press(dialog, "换县密钥")
    assert county.rotating.look().fingerprint == before, "nothing before the promise"
    dialog.promise.setChecked(True)
    stage.press(dialog, "换县密钥")
    assert page.fingerprint.text() == county.rotating.look().fingerprint != before
    assert before in page.earlier.text()
    monkeypatch.setattr(widgets, "pick_folder", lambda *_: stick)
    page.notice_button.click()
    stage.settle()
    assert len(list(stick.glob("*.jzs"))) == 1


def test_a_programme_of_the_countys_own_goes_by_its_name_in_every_form(stage: Stage, county: Services) -> None:
    county.ledger.save("programme", {
        "code": "XQ_01", "name": "县奖学金", "family": "LIVING", "channel": "cash",
    })  # fmt: skip
    standard = {"programme": "XQ_01", "stage": "PRI", "valid_from": "2025-2026-1", "fen": 50000}
    uid = county.ledger.save("standard", standard).uid
    page = LedgerPage(stage.desk, "standard")
    stage.qtbot.addWidget(page)
    page.show()
    page.arrive("")
    stage.settle()
    page.open_record(uid)
    stage.settle()
    box = page.panel.form.boxes["programme"]
    editor = box.editor
    assert isinstance(editor, CodeEdit)
    assert (editor.text(), box.raw()) == ("县奖学金", "XQ_01")
    page.panel.form.boxes["source"].put("县里文件")
    page.panel.form.edited.emit()
    page.save()
    stage.settle()
    saved = county.ledger.record("standard", uid).values
    assert (saved["programme"], saved["source"]) == ("XQ_01", "县里文件")
    box.put(None)
    for typed, code in (("县奖学金", "XQ_01"), ("寄宿生生活补助", "LIVING_BOARD"), ("NEW_9", "NEW_9")):
        editor.setText(typed)
        editor.textEdited.emit(typed)
        editor.tidy()
        assert page.panel.form.read().values["programme"] == code


def test_nothing_is_written_where_a_stick_was_that_is_pulled_out(
    page: InboxPage, stage: Stage, certified: Services, county: Services, stick: Path
) -> None:
    certified.exchange.export(stick)
    page.sticks._show([Stick(stick, "U 盘", 1 << 30)])
    stage.settle()
    assert page.merge_button.isEnabled()
    page.sticks._show([])
    assert not page.merge_button.isEnabled()
    assert not page.answer_button.isEnabled()
    page.save()
    stage.settle()
    assert county.merging.arrivals() == []
    page.sticks._show([Stick(stick, "U 盘", 1 << 30)])
    stage.settle()
    assert page.merge_button.isEnabled(), "it is verified anew once it is back"
