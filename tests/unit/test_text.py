"""Names, dates, months and telephone numbers are understood as people type them."""

from __future__ import annotations

import datetime as dt
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jzdesk.core.errors import ValueFault
from jzdesk.core.text import (
    format_date_cn,
    format_month_cn,
    normalise,
    normalise_name,
    normalise_prose,
    parse_date,
    parse_month,
    parse_phone,
)
from jzdesk.models import SPECS


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("  ２-住校　", "2-住校"),
        ("青石镇\u3000 中心\t小学\n", "青石镇 中心 小学"),
        ("\ufeff姓名\u200b", "姓名"),
        ("ＡＢｃ（１）", "ABc(1)"),
        ("", ""),
        ("abc123", "abc123"),
    ],
)
def test_text_is_made_uniform(typed: str, meant: str) -> None:
    assert normalise(typed) == meant


@given(st.text())
def test_uniform_text_stays_as_it_is(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once


@pytest.mark.parametrize("raw", ["e\u0301x", "第一\0行\n二", "9" * 16, "9" * 20, "-" + "9" * 20, "\u212b 1"])
def test_whatever_a_field_reads_can_stand_in_a_line_of_the_journal(raw: str) -> None:
    """NFC, no NUL, whole numbers below 2^53: what every reader of JSON keeps exactly."""
    seen = 0
    for spec in SPECS.values():
        for field in spec.fields.values():
            try:
                value = field.read(raw).value
            except ValueFault:
                continue
            seen += 1
            if isinstance(value, str):
                assert unicodedata.is_normalized("NFC", value), (field.name, raw)
                assert "\0" not in value, (field.name, raw)
            else:
                assert value is None or abs(value) < 2**53, (field.name, raw)
    assert seen


def test_prose_keeps_its_lines_and_its_chinese_punctuation() -> None:
    assert normalise_prose("收入减少，\r\n  共３ 人  （已核对）。\n") == "收入减少，\n共3 人 （已核对）。"


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("张 三", "张三"),
        (" 李　四 ", "李四"),
        ("阿依古丽•买买提", "阿依古丽·买买提"),
        ("阿依古丽 ・ 买买提", "阿依古丽·买买提"),
        ("阿依古丽．买买提", "阿依古丽·买买提"),
        ("阿依古丽.买买提", "阿依古丽·买买提"),
        ("John  Q. Smith", "John Q. Smith"),
        ("𠮷 野", "𠮷野"),
        ("\u200b王五", "王五"),
        ("   ", ""),
    ],
)
def test_names_lose_inner_blanks_and_have_one_middle_dot(typed: str, name: str) -> None:
    assert normalise_name(typed) == name


@pytest.mark.parametrize(
    "written",
    ["20231105", "2023.11.5", "2023/11/5", "2023-11-05", "2023年11月5日", "２０２３．１１．５", " 2023-11-5 ",
     "2023-11-05 00:00:00", "2023-11-05T08:30", 20231105, 20231105.0, 45235, 45235.75,
     dt.date(2023, 11, 5), dt.datetime(2023, 11, 5, 8, 30, tzinfo=dt.UTC)],
)  # fmt: skip
def test_a_day_is_understood_in_every_usual_form(written: object) -> None:
    assert parse_date(written) == "2023-11-05"


@pytest.mark.parametrize(
    "written",
    ["20230229", "2023-13-01", "2023-11", "5/11/2023", "23.11.5", "昨天", "00000000", "3023-01-01", 12, 3.5, -1,
     float("nan"), float("inf"), True, None, "202311051", "2023.11.5.6"],
)  # fmt: skip
def test_what_is_no_day_is_refused_with_a_remedy(written: object) -> None:
    with pytest.raises(ValueFault) as fault:
        parse_date(written)
    assert "2023-11-05" in fault.value.remedy


@given(st.dates(dt.date(1910, 1, 2), dt.date(2100, 1, 1)))
def test_a_serial_number_is_the_day_that_excel_shows(day: dt.date) -> None:
    assert parse_date((day - dt.date(1899, 12, 30)).days) == day.isoformat()


@pytest.mark.parametrize(
    "written",
    ["202309", "2023.9", "2023年9月", "2023-09", "2023/9", "２０２３年９月", 202309, 202309.0, 2023.9, "20230901",
     "2023-09-01", dt.date(2023, 9, 1), 45170],
)  # fmt: skip
def test_a_month_is_understood_in_every_usual_form(written: object) -> None:
    assert parse_month(written) == "2023-09"


@pytest.mark.parametrize("written", ["202313", "2023", "9月", "", 2023.1, 2023, "202300", None, float("nan")])
def test_what_is_no_month_is_refused_with_a_remedy(written: object) -> None:
    with pytest.raises(ValueFault) as fault:
        parse_month(written)
    assert "2023-09" in fault.value.remedy


def test_days_are_printed_without_zeros() -> None:
    assert format_date_cn("2025-09-10") == "2025年9月10日"
    assert format_date_cn("2017-03-05") == "2017年3月5日"
    assert format_month_cn("2025-09") == "2025年9月"


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("13812345678", "13812345678"),
        ("138 1234 5678", "13812345678"),
        ("１３８１２３４５６７８", "13812345678"),
        ("+86 13812345678", "13812345678"),
        (13812345678, "13812345678"),
        (13812345678.0, "13812345678"),
        ("0735-3721234", "0735-3721234"),
        ("(0735)3721234", "0735-3721234"),
        ("010－12345678", "010-12345678"),
        ("3721234", "3721234"),
    ],
)
def test_telephone_numbers_are_understood(typed: object, number: str) -> None:
    assert parse_phone(typed) == number


@pytest.mark.parametrize("typed", ["", "1381234567", "138123456789", "无", "13812345678/13912345678", "0735"])
def test_what_is_no_telephone_number_is_refused(typed: str) -> None:
    with pytest.raises(ValueFault, match="电话"):
        parse_phone(typed)
