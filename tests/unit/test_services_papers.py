"""Papers: what is printed holds what it must, and nothing that it must not."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from jzdesk.core.errors import StationFault, UserError
from jzdesk.services.papers import PaperService
from jzdesk.services.pledges import PledgeService
from tests.factories.people import TERM, Desk, verified_desk

ACCOUNT = "6230901339978526431"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with verified_desk(tmp_path / "school") as made:
        yield made


def text_of(pdf: Path) -> str:
    """The text of a PDF without blanks and line ends."""
    found = subprocess.run(["pdftotext", "-layout", pdf, "-"], check=True, capture_output=True, text=True).stdout
    return "".join(found.split())


def cells_of(book: Path) -> list[list[str]]:
    from python_calamine import CalamineWorkbook

    sheet = CalamineWorkbook.from_path(book).get_sheet_by_index(0)
    return [[str(cell) for cell in row] for row in sheet.to_python()]


def batch_of_two(desk: Desk) -> str:
    """宋火强 has his father's account, 邹月欣 none."""
    student = desk.pupil("宋火强", phone="13800000001", address="青石镇青南村三组")
    desk.guardian(student)
    desk.account(student)
    desk.pupil("邹月欣", boarding="1")
    desk.aid.decide(TERM)
    return desk.aid.make_batch(TERM).uid


def test_a_notice_shows_name_grade_and_class_and_nothing_else_of_a_child(desk: Desk, tmp_path: Path) -> None:
    notice = desk.aid.post_notice(batch_of_two(desk), "2025-11-03", "0735-3721234", "政教处", "0735-3720000")
    assert PaperService(desk.context).notice(tmp_path / "公示.pdf", notice) == 1
    text = text_of(tmp_path / "公示.pdf")
    for wanted in (
        "宋火强",
        "邹月欣",
        "小学三年级",
        "1班",
        "2025年11月4日",
        "2025年11月10日",
        "5个工作日",
        "0735-3721234",
    ):
        assert wanted in text
    for forbidden in ("431099", ACCOUNT, "6431", "13800000001", "青南村", "脱贫", "宋琪亦", "2016", "625", "住校"):
        assert forbidden not in text


def test_a_child_with_two_lines_stands_on_the_notice_once(desk: Desk, tmp_path: Path) -> None:
    desk.pupil("宋火强", grade="V1")
    desk.pupil("邹月欣", grade="V1")
    desk.aid.decide(TERM)
    batch = desk.aid.make_batch(TERM).uid
    notice = desk.aid.post_notice(batch, "2025-11-03", "0735-3721234", "政教处")
    PaperService(desk.context).notice(tmp_path / "公示.pdf", notice)
    assert text_of(tmp_path / "公示.pdf").count("宋火强") == 1


def test_the_sign_off_sheet_adds_up_and_is_marked_internal(desk: Desk, tmp_path: Path) -> None:
    batch = batch_of_two(desk)
    assert PaperService(desk.context).sign_off(tmp_path / "签领.pdf", batch) == 1
    text = text_of(tmp_path / "签领.pdf")
    for wanted in ("不得张贴", "宋琪亦", "625.00", "312.50", "937.50", "人民币玖佰叁拾柒元伍角整", "银行代发"):
        assert wanted in text


def test_the_sign_off_workbook_has_the_same_lines(desk: Desk, tmp_path: Path) -> None:
    batch = batch_of_two(desk)
    assert PaperService(desk.context).sign_off_book(tmp_path / "签领.xlsx", batch) == 2
    rows = cells_of(tmp_path / "签领.xlsx")
    assert rows[2][:2] == ["序号", "姓名"]
    assert {row[1]: row[6] for row in rows[3:]} == {"宋火强": "625.0", "邹月欣": "312.5"}


def test_the_payment_file_holds_what_the_bank_needs_and_names_who_is_left_out(desk: Desk, tmp_path: Path) -> None:
    batch = batch_of_two(desk)
    papers = PaperService(desk.context)
    with pytest.raises(UserError, match="还没有审批"):
        papers.payment_file(tmp_path / "代发.xlsx", batch)
    desk.aid.approve(batch, "覃火超")
    made = papers.payment_file(tmp_path / "代发.xlsx", batch)
    assert (made.lines, made.fen, made.without_account, made.left_fen) == (1, 62500, ("邹月欣",), 31250)
    assert "邹月欣" in made.sentence()
    rows = cells_of(tmp_path / "代发.xlsx")
    assert rows[0] == ["序号", "户名", "开户行", "银行账号", "金额（元）", "备注"]
    assert rows[1][:5] == ["1", "宋琪亦", "示范县农村商业银行青石支行", ACCOUNT, "625.0"]
    assert "宋火强" not in str(rows)
    assert "431099" not in str(rows)


def test_money_that_came_back_is_not_in_the_payment_file_again(desk: Desk, tmp_path: Path) -> None:
    batch = batch_of_two(desk)
    desk.aid.approve(batch, "覃火超")
    desk.aid.pay(batch)
    line = next(line for line in desk.aid.lines(batch) if line.name == "宋火强")
    desk.aid.return_payment(line.uid, "账号有误")
    with pytest.raises(UserError, match="没有一人登记了银行账户"):
        PaperService(desk.context).payment_file(tmp_path / "代发.csv", batch)


def test_a_bank_that_wants_text_gets_text(desk: Desk, tmp_path: Path) -> None:
    batch = batch_of_two(desk)
    desk.aid.approve(batch, "覃火超")
    PaperService(desk.context).payment_file(tmp_path / "代发.csv", batch)
    lines = (tmp_path / "代发.csv").read_bytes().decode("gb18030").split("\r\n")
    assert lines[1] == f"1,宋琪亦,示范县农村商业银行青石支行,{ACCOUNT},625.00,寄宿生生活补助秋季"


def test_pledges_are_printed_in_order_and_marked(desk: Desk, tmp_path: Path) -> None:
    desk.staff("覃火超", post="校长")
    staff, other = desk.staff("吴泽建"), desk.staff("张紫欣")
    for name in ("宋火强", "邹月欣"):
        desk.pair(desk.pupil(name), staff)
    desk.pair(desk.pupil("卢霞"), other)
    pledges = PledgeService(desk.context)
    pledges.make(TERM)
    steps: list[tuple[int, int, str]] = []
    uids = [row.uid for row in pledges.list(TERM)]
    pages = PaperService(desk.context).pledges(tmp_path / "责任书.pdf", uids, lambda *step: steps.append(step))
    assert (pages, steps) == (3, [(1, 2, ""), (2, 2, "")])
    text = text_of(tmp_path / "责任书.pdf")
    for wanted in ("吴泽建", "宋火强等2名学生", "邹月欣", "卢霞", "覃火超", "青石镇中心小学", "小学三年级"):
        assert wanted in text
    assert "431099" not in text
    assert {row.state_label for row in pledges.list(TERM)} == {"已打印"}


def test_a_print_that_fails_marks_nothing(desk: Desk, tmp_path: Path) -> None:
    desk.pair(desk.pupil(), desk.staff())
    pledges = PledgeService(desk.context)
    pledges.make(TERM)
    uids = [row.uid for row in pledges.list()]
    with pytest.raises(StationFault):
        PaperService(desk.context).pledges(tmp_path / "no" / "folder.pdf", uids)
    assert pledges.list()[0].state == "made"
    with pytest.raises(UserError, match="没有选中"):
        PaperService(desk.context).pledges(tmp_path / "a.pdf", [])


def test_every_page_has_a_preview_and_a_broken_file_has_a_sentence(desk: Desk, tmp_path: Path) -> None:
    papers = PaperService(desk.context)
    assert papers.recovery(tmp_path / "钥匙.pdf", "ABCD-EFGH-JKLM-NPQR") == 1
    assert "青石镇中心小学" in text_of(tmp_path / "钥匙.pdf")
    (page,) = papers.preview(tmp_path / "钥匙.pdf")
    assert page.startswith(b"\x89PNG")
    (tmp_path / "坏.pdf").write_bytes(b"no pdf")
    with pytest.raises(StationFault, match="不能预览"):
        papers.preview(tmp_path / "坏.pdf")
