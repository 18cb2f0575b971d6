"""The forms on paper: what stands on them, what never may, and that they keep to their pages."""

from __future__ import annotations

import dataclasses
import re
import subprocess
from pathlib import Path

import pytest

from jzdesk.core.errors import UserError
from jzdesk.core.money import Fen
from jzdesk.printing import (
    Align,
    Column,
    Duty,
    NoticePupil,
    NoticeSheet,
    PledgePupil,
    PledgeSheet,
    RecoverySheet,
    SignOffLine,
    SignOffSheet,
    TableSheet,
    Target,
    write_notice,
    write_pledges,
    write_recovery,
    write_sign_off,
    write_table,
)
from jzdesk.printing.pledge import levels

LONG_SCHOOL = "湖南省郴州市宜章县莽山瑶族乡中心小学附设承启红军希望学校大坪村与跳石子村联合教学点"
LONG_NAME = "买买提·吐尔逊阿卜杜热合曼·努尔买买提"


def pages_of(pdf: Path) -> list[str]:
    """The text of each page, blanks removed."""
    shown = subprocess.run(["pdftotext", "-layout", pdf, "-"], check=True, capture_output=True, text=True).stdout
    return [re.sub(r"[ \u3000\n]", "", page) for page in shown.split("\f")[:-1]]


def words_of(pdf: Path) -> list[tuple[float, float, str]]:
    """Left edge, top edge and text of every word."""
    shown = subprocess.run(["pdftotext", "-bbox", pdf, "-"], check=True, capture_output=True, text=True).stdout
    found = re.findall(r'<word xMin="([\d.]+)" yMin="([\d.]+)"[^>]*>([^<]*)<', shown)
    return [(float(x), float(y), word) for x, y, word in found]


def pledge(**changes: object) -> PledgeSheet:
    sheet = PledgeSheet(
        number="青石小帮责〔2025〕1号",
        year="2025-2026",
        party_a="宜章县青石镇中心小学",
        person_a="陈建国",
        party_b="",
        person_b="李春梅（语文教师）",
        begins="2025-09-01",
        ends="2026-08-31",
        pupils=(PledgePupil("王小明", "四年级", "（2）班"),),
    )
    return dataclasses.replace(sheet, **changes)  # type: ignore[arg-type]


def notice(*names: str, **changes: object) -> NoticeSheet:
    sheet = NoticeSheet(
        school="宜章县青石镇中心小学",
        term="2025-2026-1",
        programme="义务教育家庭经济困难学生生活补助",
        pupils=tuple(NoticePupil(name, "四年级", "（2）班") for name in names),
        begins="2025-10-09",
        ends="2025-10-15",
        days=5,
        posted="2025-10-08",
        address="青石镇青石街1号",
        phone="0735-3700000",
        bureau="宜章县学生资助管理中心",
        bureau_phone="0735-3720000",
    )
    return dataclasses.replace(sheet, **changes)  # type: ignore[arg-type]


def payment(name: str, fen: int = 31250, **changes: object) -> SignOffLine:
    line = SignOffLine(
        name=name,
        sex="男",
        class_name="四年级（2）班",
        programme="非寄宿生生活补助",
        standard=Fen(fen),
        entitled=Fen(fen),
        paid=Fen(fen),
        account_name="王大明",
        bank="宜章农商银行青石支行",
        account="6230901818000000123",
        receiver="王大明（父亲）",
    )
    return dataclasses.replace(line, **changes)  # type: ignore[arg-type]


def sign_off(*lines: SignOffLine) -> SignOffSheet:
    return SignOffSheet("宜章县青石镇中心小学", "2025-2026-1", "2025秋-01", "2025-11-05", lines)


def test_a_pledge_says_who_promises_what_to_whom(tmp_path: Path) -> None:
    assert write_pledges(tmp_path / "a.pdf", [pledge(signed="2025-09-05")]) == 1
    (page,) = pages_of(tmp_path / "a.pdf")
    for part in (
        "2025—2026学年教育精准帮扶责任书",
        "宜章县青石镇中心小学",
        "李春梅",
        "王小明四年级（2）班",
        "一式两份",
    ):
        assert part in page
    assert "自2025年9月1日至2026年8月31日" in page
    assert page.endswith("2025年9月5日")


def test_the_date_of_an_unsigned_pledge_is_left_open(tmp_path: Path) -> None:
    write_pledges(tmp_path / "a.pdf", [pledge()])
    assert pages_of(tmp_path / "a.pdf")[0].endswith("年月日")


@pytest.mark.parametrize("level", levels())
def test_every_level_is_one_page_with_long_names_too(tmp_path: Path, level: str) -> None:
    people = {"person_a": LONG_NAME, "person_b": f"{LONG_NAME}（道德与法治教师）"}
    pupils = (PledgePupil(LONG_NAME, "九年级", "（12）班"),)
    sheet = pledge(level=level, party_a=LONG_SCHOOL, party_b=LONG_SCHOOL, pupils=pupils, copies=3, **people)
    assert write_pledges(tmp_path / "a.pdf", [sheet]) == 1
    (page,) = pages_of(tmp_path / "a.pdf")
    assert page.count(LONG_NAME) == 3
    assert "一式三份" in page
    assert max(y for _, y, _ in words_of(tmp_path / "a.pdf")) < 842 - 35 * 72 / 25.4


def test_a_pledge_with_its_fonts_stays_under_60_kb(tmp_path: Path) -> None:
    for level in levels():
        write_pledges(tmp_path / "a.pdf", [pledge(level=level)])
        assert (tmp_path / "a.pdf").stat().st_size <= 60 * 1024


def test_several_pupils_are_attached_as_a_list_with_numbered_pages(tmp_path: Path) -> None:
    pupils = tuple(PledgePupil(f"王小{figure}", "四年级", "（2）班", "男") for figure in "甲乙丙丁戊己庚辛壬癸" * 4)
    assert write_pledges(tmp_path / "a.pdf", [pledge(pupils=pupils)]) == 3
    first, second, third = pages_of(tmp_path / "a.pdf")
    assert "王小甲等40名学生（名单附后）" in first
    assert second.startswith("附件帮扶学生名单序号姓名性别年级班级备注1王小甲")
    assert third.startswith("序号姓名")
    assert (first[-3:], second[-3:], third[-3:]) == ("—1—", "—2—", "—3—")


def test_targets_and_duties_may_be_given(tmp_path: Path) -> None:
    own = {"targets": (Target("出勤率", "不低于99％", "查考勤"),), "duties": (Duty("接送。", "雨雪天护送学生过河。"),)}
    write_pledges(tmp_path / "a.pdf", [pledge(title="护学责任书", **own)])
    (page,) = pages_of(tmp_path / "a.pdf")
    assert "1.出勤率：不低于99％（查考勤）。" in page
    assert "（一）接送。雨雪天护送学生过河。" in page
    assert "走访" not in page


def test_so_many_duties_that_no_page_holds_them_run_on_with_page_numbers(tmp_path: Path) -> None:
    duties = tuple(Duty(f"职责{number}。", "逐户走访，如实记录，" * 9) for number in range(1, 20))
    count = write_pledges(tmp_path / "a.pdf", [pledge(duties=duties)])
    pages = pages_of(tmp_path / "a.pdf")
    assert count == len(pages) > 1
    assert all(f"职责{number}。" in "".join(pages) for number in range(1, 20))
    assert pages[-1].endswith(f"—{count}—")
    assert "甲方（盖章）" in pages[-1]


def test_a_batch_tells_its_progress_and_can_be_cancelled(tmp_path: Path) -> None:
    told: list[int] = []
    assert write_pledges(tmp_path / "a.pdf", [pledge(number=str(n)) for n in range(3)], told.append) == 3
    assert told == [1, 2, 3]
    before = (tmp_path / "a.pdf").read_bytes()

    def stop(done: int) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        write_pledges(tmp_path / "a.pdf", [pledge()], stop)
    assert (tmp_path / "a.pdf").read_bytes() == before


def test_a_batch_keeps_each_pledge_its_own(tmp_path: Path) -> None:
    sheets = [pledge(number=f"第{n}号", pupils=(PledgePupil(f"𠮷小{n}"),), copies=2 + n % 2) for n in range(4)]
    write_pledges(tmp_path / "a.pdf", sheets)
    for number, page in enumerate(pages_of(tmp_path / "a.pdf")):
        assert f"第{number}号" in page
        assert f"𠮷小{number}" in page
        assert ("一式三份" in page) == bool(number % 2)


def test_a_name_that_cannot_be_printed_stops_the_pledges_and_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="李春梅（语文教师）、王\U000e0bf0"):
        write_pledges(tmp_path / "a.pdf", [pledge(), pledge(pupils=(PledgePupil("王\U000e0bf0"),))])
    assert not (tmp_path / "a.pdf").exists()


def test_nothing_to_print_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="没有选中"):
        write_pledges(tmp_path / "a.pdf", [])
    assert not list(tmp_path.iterdir())


def test_the_title_is_centred_and_the_date_keeps_four_characters_from_the_edge(tmp_path: Path) -> None:
    write_pledges(tmp_path / "a.pdf", [pledge(signed="2025-09-05")])
    shown = subprocess.run(
        ["pdftotext", "-bbox", tmp_path / "a.pdf", "-"], check=True, capture_output=True, text=True
    ).stdout
    boxes = {
        word: (float(x), float(to)) for x, to, word in re.findall(r'xMin="(\S+)" yMin.*?xMax="(\S+)".*?>(.*)<', shown)
    }
    left, right = boxes["2025—2026学年教育精准帮扶责任书"]
    middle = (28 + 156 / 2) * 72 / 25.4
    assert (left + right) / 2 == pytest.approx(middle, abs=1)
    edge = (28 + 156) * 72 / 25.4
    assert 4 * 11 < edge - boxes["2025年9月5日"][1] < 4 * 16


def test_a_posted_notice_has_three_columns_and_no_field_for_more() -> None:
    assert [field.name for field in dataclasses.fields(NoticePupil)] == ["name", "grade", "class_name"]


def test_a_notice_names_the_pupils_the_period_and_both_telephones(tmp_path: Path) -> None:
    assert write_notice(tmp_path / "a.pdf", notice("王小明", "𠮷小红")) == 1
    (page,) = pages_of(tmp_path / "a.pdf")
    assert page.startswith("关于2025—2026学年秋季学期")
    for part in ("拟对下列2名学生", "2025年10月9日至2025年10月15日（5个工作日）", "0735-3700000", "0735-3720000"):
        assert part in page
    assert "姓名年级班级王小明四年级（2）班𠮷小红四年级（2）班" in page
    assert page.endswith("宜章县青石镇中心小学2025年10月8日")


def test_a_long_notice_repeats_its_head_and_never_leaves_the_signature_alone(tmp_path: Path) -> None:
    for count in range(20, 130, 3):
        names = [f"王{number}" for number in range(count)]
        write_notice(tmp_path / "a.pdf", notice(*names))
        pages = pages_of(tmp_path / "a.pdf")
        assert all(f"王{number}四年级" in "".join(pages) for number in range(count))
        for page in pages[1:]:
            assert page.startswith("姓名年级班级姓名年级班级王")


def test_a_list_is_read_down_on_one_page_and_across_on_several(tmp_path: Path) -> None:
    def listed(count: int) -> list[str]:
        write_notice(tmp_path / "a.pdf", notice(*(f"王{number:03}" for number in range(count))))
        return re.findall(r"王\d+", "".join(pages_of(tmp_path / "a.pdf")))

    assert listed(12)[:4] == ["王000", "王006", "王001", "王007"]
    assert listed(99) == [f"王{number:03}" for number in range(99)]


def test_a_sign_off_sheet_adds_up_each_page_and_the_whole(tmp_path: Path) -> None:
    count = write_sign_off(tmp_path / "a.pdf", sign_off(*(payment(f"王小{n}") for n in range(33))))
    pages = pages_of(tmp_path / "a.pdf")
    assert len(pages) == count > 1
    sums = [re.search(r"本页小计（(\d+)人）([\d,.]+)", page) for page in pages]
    assert sum(int(found[1]) for found in sums if found) == 33
    assert "合计（33人）10,312.5010,312.50" in pages[-1]
    assert "人民币壹万零叁佰壹拾贰元伍角整" in pages[-1]
    for number, page in enumerate(pages, 1):
        assert "序号" in page.replace("\n", "") or "性别" in page
        assert "内部存档不得张贴" in page
        assert page.endswith(f"第{number}页共{count}页")
    for part in ("校长：", "经办：", "会计：", "监督："):
        assert part in pages[-1]


def test_a_page_total_is_that_of_its_page(tmp_path: Path) -> None:
    write_sign_off(tmp_path / "a.pdf", sign_off(*(payment(f"王小{n}", 100 * n) for n in range(40))))
    for page in pages_of(tmp_path / "a.pdf"):
        found = re.search(r"本页小计（\d+人）([\d,]+)\.00([\d,]+)\.00", page)
        listed = [int(n) for n in re.findall(r"王小(\d+)男", page)]
        assert found is not None
        assert int(found[2].replace(",", "")) == sum(listed)


@pytest.mark.parametrize("count", range(10, 18))
def test_the_closing_of_a_sign_off_sheet_never_runs_off_the_page(tmp_path: Path, count: int) -> None:
    write_sign_off(tmp_path / "a.pdf", sign_off(*(payment(f"王小{n}") for n in range(count))))
    pages = pages_of(tmp_path / "a.pdf")
    assert all("王小" in page for page in pages)
    notes = [y for _, y, word in words_of(tmp_path / "a.pdf") if word.startswith("本表含银行账号")]
    assert len(notes) == 1
    assert notes[0] < 595 - 14 * 72 / 25.4


def test_amounts_on_a_sign_off_sheet_end_at_one_edge(tmp_path: Path) -> None:
    lines = (payment("王小明", 31250), payment("李小红", 125000), payment("张小军", 5))
    write_sign_off(tmp_path / "a.pdf", sign_off(*lines))
    shown = subprocess.run(["pdftotext", "-bbox", tmp_path / "a.pdf", "-"], check=True, capture_output=True, text=True)
    edges = re.findall(r'xMax="(\S+)" yMax="\S+">(?:312\.50|1,250\.00|0\.05)<', shown.stdout)
    assert len(edges) == 9
    assert len({round(float(edge)) for edge in edges}) == 3


def test_money_through_the_bank_needs_no_signature(tmp_path: Path) -> None:
    write_sign_off(tmp_path / "a.pdf", sign_off(payment("王小明", bank_paid=True)))
    assert "银行代发" in pages_of(tmp_path / "a.pdf")[0]


def test_a_recovery_sheet_shows_the_key_in_fours(tmp_path: Path) -> None:
    key = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    assert write_recovery(tmp_path / "a.pdf", RecoverySheet("青石镇中心小学", key, "2025-09-01")) == 1
    (page,) = pages_of(tmp_path / "a.pdf")
    assert key[:16] in page
    assert key[16:] in page
    assert "青石镇中心小学" in page
    assert RecoverySheet("", "abcd-efgh ij", "").groups == ["abcd", "efgh", "ij"]


def test_a_report_wraps_its_cells_and_repeats_its_head(tmp_path: Path) -> None:
    columns = (Column("班级", 2), Column("人数", 1, Align.RIGHT), Column("说明", 3, Align.LEFT))
    rows = tuple((f"四年级（{n}）班", str(n), "已走访，" * (n % 9)) for n in range(1, 80))
    sheet = TableSheet(
        "走访汇总表", columns, rows, "单位：青石小学", "2025年9月", ("注：按学生去重。",), ("合计", "3160", "")
    )
    count = write_table(tmp_path / "a.pdf", sheet)
    pages = pages_of(tmp_path / "a.pdf")
    assert len(pages) == count > 1
    assert all("班级人数说明" in page for page in pages)
    assert "合计3160注：按学生去重。" in pages[-1]
    in_title = 1
    assert "".join(pages).count("访") - in_title == sum(n % 9 for n in range(1, 80))


def test_a_report_lies_across_when_asked(tmp_path: Path) -> None:
    write_table(tmp_path / "a.pdf", TableSheet("表", (Column("甲", 1),), (("一",),), landscape=True))
    shown = subprocess.run(["pdfinfo", tmp_path / "a.pdf"], check=True, capture_output=True, text=True).stdout
    assert re.search(r"Page size:\s+841\.\d+ x 595\.\d+", shown)
