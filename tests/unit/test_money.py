"""Money is read as people write it and written out as vouchers want it."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jzdesk.core.errors import ValueFault
from jzdesk.core.money import Fen, format_yuan, parse_yuan, rmb_upper

VECTORS = Path(__file__).parents[1] / "data" / "rmb_upper.csv"


def vectors() -> list[tuple[str, str]]:
    with VECTORS.open(encoding="utf-8", newline="") as file:
        return [(row["amount"], row["expect"]) for row in csv.DictReader(file)]


@pytest.mark.parametrize(("amount", "expected"), vectors())
def test_every_vector_is_written_out_as_the_rules_say(amount: str, expected: str) -> None:
    assert rmb_upper(parse_yuan(amount)) == expected


@pytest.mark.parametrize(
    ("fen", "expected"),
    [
        (1050, "人民币壹拾元零伍角整"),
        (1005, "人民币壹拾元零伍分"),
        (10_000_000_000_001, "人民币壹仟亿元零壹分"),
        (-31250, "人民币负叁佰壹拾贰元伍角整"),
        (1_0000_0001_00, "人民币壹亿零壹元整"),
        (2000_0300_00, "人民币贰仟万零叁佰元整"),
    ],
)
def test_zeros_inside_an_amount_are_read_once(fen: int, expected: str) -> None:
    assert rmb_upper(fen) == expected


@pytest.mark.parametrize(
    ("written", "fen"),
    [
        ("1,250.00", 125000),
        ("￥312.5", 31250),
        ("¥ 312.50元", 31250),
        ("３１２．５", 31250),
        ("人民币1250元整", 125000),
        ("1，250", 125000),
        ("0", 0),
        ("12.", 1200),
        ("312.5000", 31250),
        (312.5, 31250),
        (0.29, 29),
        (625, 62500),
        (1250.0, 125000),
    ],
)
def test_amounts_are_understood_in_every_usual_form(written: str | float, fen: int) -> None:
    assert parse_yuan(written) == fen


@pytest.mark.parametrize(
    "written",
    ["", "元", "1.005", "12,50", "1 250", "-5", "五元", "1e3", 0.1 + 0.2, 1 / 3, float("nan"), float("inf"), True,
     1e15, "99999999999999999", "-0.01"],
)  # fmt: skip
def test_what_is_no_exact_amount_is_refused_with_a_remedy(written: str | float) -> None:
    with pytest.raises(ValueFault) as fault:
        parse_yuan(written)
    assert "请" in fault.value.remedy


def test_a_reversal_may_be_negative_when_the_caller_says_so() -> None:
    assert parse_yuan("-312.50", negative=True) == -31250
    assert format_yuan(-31250) == "-312.50"


def test_an_amount_beyond_the_capitals_is_refused() -> None:
    with pytest.raises(ValueFault):
        rmb_upper(10**14)


@given(st.integers(0, 10**14 - 1))
def test_what_is_shown_is_read_back_as_the_same_amount(fen: int) -> None:
    assert parse_yuan(format_yuan(Fen(fen))) == fen


@given(st.decimals(0, 10**9, places=2))
def test_a_number_cell_gives_the_amount_that_it_shows(amount: Decimal) -> None:
    assert parse_yuan(float(amount)) == int(amount * 100)


@given(st.integers(0, 10**14 - 1))
def test_capitals_name_exactly_one_amount(fen: int) -> None:
    assert read_capitals(rmb_upper(fen)) == fen


@given(st.integers(1, 10**14 - 1))
def test_capitals_never_repeat_a_zero_and_end_in_zheng_without_fen(fen: int) -> None:
    words = rmb_upper(fen)
    assert "零零" not in words
    assert words.endswith("分" if fen % 10 else "整")


def read_capitals(words: str) -> int:
    """An independent reader: sums digits times their places, zeros are silent."""
    digits = {char: number for number, char in enumerate("零壹贰叁肆伍陆柒捌玖")}
    places = {"拾": 10, "佰": 100, "仟": 1000}
    total = group = digit = 0
    for char in words.removeprefix("人民币").removesuffix("整"):
        if char in digits:
            digit = digits[char]
        elif char in places:
            group, digit = group + digit * places[char], 0
        elif char in "亿万元":
            total += (group + digit) * {"亿": 10**10, "万": 10**6, "元": 100}[char]
            group = digit = 0
        else:
            total, digit = total + digit * {"角": 10, "分": 1}[char], 0
    return total
