"""依法删除 by hand: the county's tab and dialog, the child's page, old backups, and what is left at the school."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from jzdesk.services.bundle import Services
from jzdesk.services.ledger import Query
from jzdesk.ui.dialogs.erasing import EraseDialog
from jzdesk.ui.page import Page
from jzdesk.ui.pages.exchange import ExchangePage
from jzdesk.ui.pages.home import HomePage
from jzdesk.ui.pages.ledger_pages import LedgersPage
from jzdesk.ui.pages.merged import CONFLICTS, ERASURES, MergedPage
from jzdesk.ui.pages.students import StudentPage
from jzdesk.ui.pages.students.panel import HISTORY
from jzdesk.ui.pages.upkeep import UpkeepPage
from jzdesk.ui.pages.upkeep_copies import ClearDialog
from jzdesk.ui.tasks import Tasks
from tests.factories.moves import GROUND, Three, child, paid
from tests.gui.hands import type_into
from tests.gui.stage import Stage, well_behaved

NAME, SCHOOL = "王小明", "青石镇中心小学"


def on(qtbot: QtBot, tasks: Tasks, services: Services) -> Stage:
    return Stage(qtbot, tasks, services)


def known(three: Three, **values: str) -> str:
    """A child that the county knows."""
    uid = child(three.old, **values)
    three.up(three.old)
    return uid


def asked(stage: Stage, page: Page) -> EraseDialog:
    """The dialog that stands over the page, once it has looked."""
    stage.settle()
    found = [each for each in page.findChildren(EraseDialog) if each.isVisible()]
    assert len(found) == 1
    return found[0]


def mean_it(stage: Stage, dialog: EraseDialog, ground: str = GROUND) -> None:
    """Give the ground, type the word, press the button."""
    type_into(dialog.ground, ground)
    assert not dialog.deed.isEnabled()
    type_into(dialog.word, "删除")
    assert dialog.deed.isEnabled()
    dialog.deed.click()
    stage.settle()


def words(inside: QWidget) -> str:
    """Everything that labels say."""
    return "\n".join(label.text() for label in inside.findChildren(QLabel))


def test_a_child_is_searched_for_looked_at_and_erased(qtbot: QtBot, tasks: Tasks, three: Three) -> None:
    uid = known(three)
    stage = on(qtbot, tasks, three.county)
    went: list[tuple[str, ...]] = []
    stage.desk.wanted.connect(lambda *where: went.append(where))
    page = stage.show(MergedPage, "erasures")
    assert page.tabs.currentIndex() == ERASURES
    assert page.erasures.middle.currentIndex() == 1, "nothing was erased yet"
    assert "Ctrl+N 依法删除" in page.hints
    page.new()
    dialog = asked(stage, page)
    assert dialog.said.text() == "请先选一名学生。"
    assert not dialog.deed.isEnabled()
    type_into(dialog.who, "王小")
    dialog.who.tidy()
    dialog.who.left.emit()
    stage.settle()
    assert dialog.about.uid == uid
    assert SCHOOL in dialog.who.text(), "there are many of one name"
    assert f"将删除 7 条记录的内容（7 条变更）。要通知：{SCHOOL}。" == dialog.said.text()
    well_behaved(dialog.sums)
    assert {one.label for one in dialog.sums.all_rows()} >= {"学生", "家庭户", "监护关系", "银行账户"}
    mean_it(stage, dialog)
    assert three.county.students.search(NAME) == []
    assert stage.said == ["已依法删除 7 条记录的内容（7 条变更）"]
    assert SCHOOL in stage.messages[-1].remedy
    assert "清除旧备份" in stage.messages[-1].remedy
    well_behaved(page.erasures.table)
    assert page.erasures.table.records().rowCount() == 1, "one line for what was erased together"
    assert f"还没有删除：{SCHOOL}" in page.erasures.schools.text()
    assert "写回执" in page.erasures.words.text()
    assert GROUND in page.erasures.words.text()
    titles = {one.title for one in page.erasures.table.all_rows()}
    assert titles == {"（已依法删除）"}
    assert went == []


def test_what_stays_is_said_with_the_reason_and_what_all_schools_have_deleted(
    qtbot: QtBot, tasks: Tasks, three: Three
) -> None:
    uid = child(three.old)
    paid(three.old)
    three.up(three.old)
    stage = on(qtbot, tasks, three.county)
    page = stage.show(StudentPage, uid)
    assert page.panel.erase_button.isVisible()
    page.panel.erase_button.click()
    dialog = asked(stage, page)
    assert dialog.named.text().startswith(NAME)
    stays = {(one.label, one.why) for one in dialog.sums.all_rows() if one.deed == "保留"}
    assert ("发放明细", "发放和收支是会计凭证，保管 30 年，不能删除") in stays
    assert "保留 2 条" in dialog.said.text()
    mean_it(stage, dialog)
    three.down(three.old)
    three.up(three.old)
    merged = stage.show(MergedPage, "erasures")
    assert f"都已删除：{SCHOOL}。" == merged.erasures.schools.text()
    merged.erasures.shown.choose("waiting")
    stage.settle()
    assert merged.erasures.middle.currentIndex() == 2, "the words for nothing found"


def test_some_fields_go_and_the_others_stay(qtbot: QtBot, tasks: Tasks, three: Three) -> None:
    uid = known(three, phone="13812345678", note="喜欢画画")
    stage = on(qtbot, tasks, three.county)
    page = stage.show(StudentPage, uid)
    page.panel.erase()
    dialog = asked(stage, page)
    assert not dialog.area.isVisible()
    dialog.part.setChecked(True)
    stage.settle()
    assert dialog.area.isVisible()
    assert dialog.said.text() == "请勾选要删除的栏目。"
    assert "name" not in dialog.boxes, "a child cannot do without its name"
    assert "13812345678" not in dialog.boxes["phone"].text(), "masked as everywhere"
    dialog.boxes["phone"].click()
    stage.settle()
    (line,) = dialog.sums.all_rows()
    assert (line.label, line.why) == ("学生", "联系电话")
    assert dialog.said.text() == f"将删除“联系电话”（1 条变更）。要通知：{SCHOOL}。"
    mean_it(stage, dialog)
    values = three.county.ledger.record("student", uid).values
    assert (values["phone"], values["note"], values["name"]) == (None, "喜欢画画", NAME)
    stage.settle()
    assert page.panel.form.boxes["student.phone"].raw() is None


def test_a_ground_with_a_name_is_refused_in_the_dialog(qtbot: QtBot, tasks: Tasks, three: Three) -> None:
    uid = known(three)
    stage = on(qtbot, tasks, three.county)
    page = stage.show(StudentPage, uid)
    page.panel.erase()
    dialog = asked(stage, page)
    mean_it(stage, dialog, f"{NAME}的监护人申请")
    assert "依据里写了姓名" in dialog.said.text()
    assert dialog.isVisible()
    assert [hit.name for hit in three.county.students.search(NAME)] == [NAME]
    dialog.reject()


def test_what_was_written_again_cannot_be_overlooked_and_is_erased_once_more(
    qtbot: QtBot, tasks: Tasks, three: Three
) -> None:
    uid = known(three, phone="13812345678")
    three.old.ledger.save("student", {"phone": "13700000000"}, uid)
    three.county.erasures.erase("student", uid, GROUND, ["phone"])
    three.up(three.old)
    stage = on(qtbot, tasks, three.county)
    went: list[tuple[str, ...]] = []
    stage.desk.wanted.connect(lambda *where: went.append(where))
    home = stage.show(HomePage)
    assert "依法删除以后又有写入，等待裁定和再删" in words(home)
    page = stage.show(MergedPage, "erasures")
    assert page.tabs.tabText(ERASURES) == "依法删除（1）"
    assert "没有删干净" in page.erasures.schools.text()
    page.erasures.settle_button.click()
    assert went == [("merge", "conflicts")]
    page.arrive("conflicts")
    stage.settle()
    assert page.tabs.currentIndex() == CONFLICTS
    line = page.conflicts.table.row_here()
    assert line is not None
    blank = [one.value for one in line.values].index(None)
    QTest.keyClick(page.conflicts.table, Qt.Key(Qt.Key.Key_1 + blank))
    stage.settle()
    assert three.county.settling.conflicts() == []
    page.arrive("erasures")
    stage.settle()
    assert page.tabs.tabText(ERASURES) == "依法删除（1）", "decided, but still in the journal"
    QTest.keyClick(page.erasures.table, Qt.Key.Key_Return)
    dialog = asked(stage, page)
    assert dialog.fields() == ["phone"]
    mean_it(stage, dialog)
    assert page.tabs.tabText(ERASURES) == "依法删除"
    assert not page.erasures.again_button.isVisible()


def test_one_record_of_a_ledger_is_erased_there(qtbot: QtBot, tasks: Tasks, three: Three) -> None:
    known(three)
    stage = on(qtbot, tasks, three.county)
    page = stage.show(LedgersPage, "member")
    (uid,) = three.county.ledger.ids(Query("member"))
    ledger = page.open("member")
    stage.settle()
    ledger.open_record(uid)
    stage.settle()
    ledger.panel.erase_button.click()
    dialog = asked(stage, page)
    assert dialog.named.text() == "家庭成员“王大”"
    mean_it(stage, dialog)
    assert three.county.ledger.ids(Query("member")) == []
    assert ledger.panel.title.whole() == "（已依法删除）"
    assert ledger.panel.state.text() == "已依法删除"
    assert not ledger.panel.restore_button.isVisible()
    assert not ledger.panel.erase_button.isVisible()


def test_only_the_county_has_the_button(qtbot: QtBot, tasks: Tasks, three: Three) -> None:
    uid = child(three.old)
    stage = on(qtbot, tasks, three.old)
    page = stage.show(StudentPage, uid)
    assert not page.panel.erase_button.isVisible()
    ledgers = stage.show(LedgersPage, "member")
    member = ledgers.open("member")
    member.open_record(three.old.ledger.ids(Query("member"))[0])
    stage.settle()
    assert not member.panel.erase_button.isVisible()


def test_old_backups_are_listed_and_cleared_from_upkeep(qtbot: QtBot, tasks: Tasks, three: Three) -> None:
    uid = known(three)
    three.old.backups.make()
    three.county.erasures.erase("student", uid, GROUND)
    three.down(three.old)
    stage = on(qtbot, tasks, three.old)
    assert "旧备份还含有已依法删除的内容，等待清除" in words(stage.show(HomePage))
    page = stage.show(UpkeepPage)
    assert page.copies.text().startswith("有 1 份旧备份还含有已依法删除的内容")
    page.copies.ask()
    dialog = stage.dialog(page)
    assert isinstance(dialog, ClearDialog)
    assert tuple(dialog.list.texts(0)) == three.old.erasures.old_copies().names
    well_behaved(dialog.list)
    stage.press(dialog, "清除这 1 份")
    assert stage.said == ["已做一份新备份，清除了 1 份旧的"]
    assert page.copies.text() == ""
    assert page.table.records().rowCount() == 1
    assert "等待清除" not in words(stage.show(HomePage))


def test_a_school_reads_what_was_erased_and_every_page_shows_what_is_left(
    qtbot: QtBot, tasks: Tasks, three: Three
) -> None:
    paid_child = child(three.old)
    paid(three.old)
    other = child(three.old, "李小红")
    three.up(three.old)
    for uid in (paid_child, other):
        three.county.erasures.erase("student", uid, GROUND)
    stick = three.stick()
    three.county.county.write_receipts(stick)
    stage = on(qtbot, tasks, three.old)
    exchange = stage.show(ExchangePage)
    exchange.receipts.show_outcomes(three.old.exchange.read_receipts([stick]))
    exchange.receipts.show_work([])
    assert "县里依法删除了" in exchange.receipts.notes.text()
    for station in (three.old, three.county):
        look_around(on(qtbot, tasks, station), paid_child, other)


def look_around(stage: Stage, named: str, gone: str) -> None:
    """Every page with a child of which only name and number are left, and one of which nothing is."""
    students = stage.show(StudentPage, named)
    assert students.panel.title.whole() == NAME
    assert "None" not in words(students)
    students.panel.tabs.setCurrentIndex(HISTORY)
    stage.settle()
    assert f"依法删除：{GROUND}" in words(students.panel)
    students.open_record(gone)
    stage.settle()
    assert students.panel.title.whole() == "（已依法删除）"
    assert students.panel.state.text() == "已依法删除"
    ledgers = stage.show(LedgersPage)
    for entity in ("student", "member", "guardian", "enrolment"):
        page = ledgers.open(entity)
        page.state.choose(1)
        page.refresh()
        stage.settle()
        cells = [page.table.texts(row) for row in range(page.table.records().rowCount())]
        assert cells
        assert all(any(line) and "None" not in line for line in cells), f"a line of {entity} without a word"
        page.open_record(page.table.records().uid(0))
        stage.settle()
        assert page.panel.title.whole() == "（已依法删除）"
        assert page.panel.state.text() == "已依法删除"
    assert stage.messages == []
