"""Account numbers are digits; a doubtful check digit is asked about, never refused."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from jzdesk.core.bank import check_account, luhn, mask_account
from jzdesk.core.errors import ValueFault

VECTORS = Path(__file__).parents[1] / "data" / "luhn.csv"


def vectors() -> list[tuple[str, bool]]:
    with VECTORS.open(encoding="utf-8", newline="") as file:
        return [(row["number"], row["valid"] == "1") for row in csv.DictReader(file)]


@pytest.mark.parametrize(("number", "valid"), vectors())
def test_every_vector_is_accepted_and_only_a_wrong_card_number_warned_about(number: str, valid: bool) -> None:
    reading = check_account(number)
    assert reading.value == number
    assert (reading.warnings == ()) is valid


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("6222 0212 3456 7894", "6222021234567894"),
        ("６２２２０２１２３４５６７８９４", "6222021234567894"),
        ("'6222-0212-3456-7894", "6222021234567894"),
        ("8101234567", "8101234567"),
    ],
)
def test_blanks_and_full_width_digits_are_put_right(typed: str, value: str) -> None:
    assert check_account(typed).value == value
    assert not check_account(typed).warnings


@pytest.mark.parametrize("typed", ["", "123456789", "6" * 31, "6.22E+15", "A12345678", "43109920130506005X", "无"])
def test_what_is_no_account_is_refused_with_a_remedy(typed: str) -> None:
    with pytest.raises(ValueFault) as fault:
        check_account(typed)
    assert "请" in fault.value.remedy


def test_a_passbook_account_of_no_card_length_is_not_asked_about() -> None:
    assert not luhn("810123456789011")
    assert check_account("810123456789011").warnings == ()


def test_three_final_zeros_are_asked_about() -> None:
    assert any("截断" in warning for warning in check_account("62220212345678000").warnings)


def test_a_masked_account_shows_the_last_four() -> None:
    assert mask_account("6222021234567894") == "************7894"
