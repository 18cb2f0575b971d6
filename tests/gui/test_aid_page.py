"""资助 on a real station: decided, grounded, put into a batch, posted, approved, paid, returned, paid again."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from jzdesk.services.bundle import Services
from jzdesk.ui.dialogs.preview import PreviewDialog
from jzdesk.ui.pages.aid import AidPage, batches
from jzdesk.ui.pages.aid.page import BATCHES
from jzdesk.ui.pages.students.dialog import FieldsDialog
from jzdesk.ui.tasks import Tasks
from tests.factories.stations import certify
from tests.gui.stage import TERM, Stage, imported_school, well_behaved


@pytest.fixture
def certified(tmp_path: Path, county: Services) -> Services:
    school = imported_school(tmp_path / "certified")
    certify(school, county, tmp_path)
    return school


@pytest.fixture
def stage(qtbot: QtBot, tasks: Tasks, certified: Services) -> Stage:
    return Stage(qtbot, tasks, certified)


@pytest.fixture
def page(stage: Stage) -> AidPage:
    return stage.show(AidPage)


@pytest.fixture
def batch(page: AidPage, stage: Stage) -> batches.BatchesView:
    """The page with the term decided and one draft batch."""
    page.decisions.decide()
    stage.settle()
    page.tabs.setCurrentIndex(BATCHES)
    page.new()
    stage.settle()
    return page.batches


def fill(stage: Stage, page: AidPage, deed: str, **values: str) -> None:
    """Fill the dialog that stands open and do its deed."""
    dialog = stage.dialog(page)
    assert isinstance(dialog, FieldsDialog)
    for name, value in values.items():
        dialog.form.boxes[name].put(value)
    stage.press(dialog, deed)


def test_deciding_fills_the_table_with_amounts_and_bases(page: AidPage, stage: Stage, certified: Services) -> None:
    assert page.decisions.middle.currentIndex() == 1
    page.new()
    stage.settle()
    lines = certified.aid.decisions(TERM)
    table = page.decisions.table
    well_behaved(table)
    assert table.records().rowCount() == len(lines) == 154
    cells = [table.records().index(0, n).data() for n in range(table.records().columnCount())]
    assert lines[0].name in cells
    assert lines[0].amount in cells
    assert "38,750.00" in page.decisions.figures.text()
    assert stage.messages == []


def test_a_line_shows_its_ground(page: AidPage, stage: Stage) -> None:
    page.decisions.decide()
    stage.settle()
    page.decisions.table.selectRow(3)
    stage.settle()
    why = page.decisions.why.shown
    assert why is not None
    assert why.uid == page.decisions.table.uid()
    words = "\n".join(label.text() for label in page.decisions.why.findChildren(QLabel))
    for line in (*why.reasons, why.stacking):
        assert line in words


def test_filters_and_search_sift_the_decisions(page: AidPage, stage: Stage) -> None:
    page.decisions.decide()
    stage.settle()
    page.decisions.programme.choose("LIVING_BOARD")
    assert page.decisions.table.records().rowCount() == 62
    page.decisions.outcome.choose("refused")
    assert page.decisions.table.records().rowCount() == 0
    assert page.decisions.why.shown is None


def test_a_batch_goes_from_draft_to_paid(
    page: AidPage, batch: batches.BatchesView, stage: Stage, certified: Services
) -> None:
    well_behaved(batch.table)
    well_behaved(batch.lines)
    assert certified.aid.batches(TERM)[0].state == "draft"
    assert "20 人没有银行账户" in batch.words.text()
    assert batch.words.property("tone") == "look"
    assert not batch.deeds["pay"].isEnabled()
    batch.approve()
    fill(stage, page, "审批通过", approver="刘校长", approved_on=certified.context.today())
    assert certified.aid.batches(TERM)[0].approver == "刘校长"
    assert not batch.deeds["approve"].isVisible()
    batch.pay()
    fill(stage, page, "登记已发放", paid_on=certified.context.today())
    assert certified.aid.batches(TERM)[0].state == "paid"
    assert certified.aid.cash(TERM).fen == 6750000
    assert stage.messages == []


def test_approving_without_a_name_is_refused_in_the_dialog(
    page: AidPage, batch: batches.BatchesView, stage: Stage, certified: Services
) -> None:
    batch.approve()
    fill(stage, page, "审批通过")
    assert stage.dialog(page).isVisible()
    assert certified.aid.batches(TERM)[0].state == "draft"


def test_a_notice_is_posted_shown_and_taken_down_only_in_time(
    page: AidPage, batch: batches.BatchesView, stage: Stage, certified: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch.post_notice()
    today = certified.context.today()
    fill(stage, page, "登记公示", posted_on=today, phone="0735-0000000", address="学校行政楼一楼")
    notice = certified.aid.notices()[0]
    assert notice.posted_on == today
    assert notice.until in batch.words.text()
    pages: list[str] = []
    monkeypatch.setattr(PreviewDialog, "exec", lambda dialog: pages.append(dialog.name))
    batch.print_notice()
    stage.settle()
    assert pages == [f"公示-{certified.aid.batches(TERM)[0].number}.pdf"]
    batch.take_down()
    fill(stage, page, "登记撤下", taken_down=today)
    assert "期满" in stage.dialog(page).banner.text()  # type: ignore[attr-defined]
    assert not certified.aid.notices()[0].down


def test_papers_of_a_batch(
    page: AidPage, batch: batches.BatchesView, stage: Stage, certified: Services, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    shown: list[bytes] = []
    monkeypatch.setattr(PreviewDialog, "exec", lambda dialog: shown.append(dialog.pdf.read_bytes()))
    batch.print_sign_off()
    stage.settle()
    assert shown[0].startswith(b"%PDF")
    assert not batch.deeds["file"].isEnabled()
    certified.aid.approve(batch.table.uid() or "", "刘校长")
    stage.settle()
    batch.write_payment_file(tmp_path / "代发.xlsx")
    stage.settle()
    assert (tmp_path / "代发.xlsx").exists()
    assert stage.messages[-1].tone == "look"
    assert "20 人没有银行账户" in stage.messages[-1].remedy


def test_returned_money_is_paid_again(
    page: AidPage, batch: batches.BatchesView, stage: Stage, certified: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    uid = batch.table.uid() or ""
    certified.aid.approve(uid, "刘校长")
    certified.aid.pay(uid)
    stage.settle()
    page.refresh()
    stage.settle()
    monkeypatch.setattr(batches, "ask_reason", lambda *_: "账号有误，银行退回")
    batch.lines.selectRow(0)
    assert batch.deeds["return"].isEnabled()
    batch.return_payment()
    stage.settle()
    returned = [line for line in batch.lines.all_rows() if line.kind == "returned"]
    assert len(returned) == 1
    batch.lines.go_to(returned[0].uid)
    assert batch.deeds["reissue"].isEnabled()
    batch.reissue()
    stage.settle()
    assert len(certified.aid.batches(TERM)) == 2
    assert stage.messages == []


def test_the_tab_of_standards_is_the_ledger(page: AidPage, stage: Stage) -> None:
    page.tabs.setCurrentIndex(2)
    stage.settle()
    assert page.standards.table.records().rowCount() == 30


def test_without_standards_the_remedy_is_said(qtbot: QtBot, tasks: Tasks, school: Services) -> None:
    school.choose_term(TERM)
    stage = Stage(qtbot, tasks, school)
    page = stage.show(AidPage)
    page.decisions.decide()
    stage.settle()
    assert "数据交换" in stage.messages[0].remedy
