"""ID numbers are put right where that is certain, asked about where not, and refused where digits are lost."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jzdesk.core.citizen_id import (
    IdFault,
    IdReading,
    check,
    check_character,
    compare,
    lengthen,
    mask,
    parse_roll_number,
)

TODAY = "2025-09-10"
KNOWN = frozenset({"431022"})
BOY = "431099201203150011"
GIRL = "43109920130506004" + check_character("43109920130506004")
VECTORS = Path(__file__).parents[1] / "data" / "id_cases.csv"

# What the vectors call a remark → the machine-readable kind of the reading.
REMARKS = {
    "": (),
    "prefix_unknown": ("prefix_unknown",),
    "doc_type应为9": ("doc_type",),
    "转大写": ("uppercase", "prefix_unknown"),
    "legacy15": ("legacy15",),
    "strip_G": ("strip_G",),
    "strip_disability": ("strip_disability",),
    "normalize": ("normalize",),
}


def vectors(accepted: bool) -> list[tuple[str, str, str]]:
    with VECTORS.open(encoding="utf-8", newline="") as file:
        rows = [(row["value"], row["expect"], row["warning"]) for row in csv.DictReader(file)]
    return [row for row in rows if (row[1] == "ok") is accepted]


@pytest.mark.parametrize(("value", "_expect", "remark"), vectors(accepted=True))
def test_every_good_vector_is_accepted_with_its_remark(value: str, _expect: str, remark: str) -> None:
    assert check(value, TODAY, known=KNOWN).kinds == REMARKS[remark]


@pytest.mark.parametrize(("value", "expect", "_remark"), vectors(accepted=False))
def test_every_bad_vector_is_refused_by_its_kind(value: str, expect: str, _remark: str) -> None:
    with pytest.raises(IdFault) as fault:
        check(value, TODAY, known=KNOWN)
    # The vectors name the broad kind; a lost number in scientific notation has its own, finer one.
    assert fault.value.kind == {"bad_format": "sci"}.get(expect, expect)
    assert "请" in fault.value.sentence()


def test_a_number_tells_birth_sex_and_division() -> None:
    reading = check(BOY, TODAY)
    assert (reading.birth, reading.sex, reading.division) == ("2012-03-15", "1", "431099")
    assert check(GIRL, TODAY).sex == "2"


def test_the_clean_number_needs_no_remark() -> None:
    reading = check(BOY, TODAY)
    assert (reading.value, reading.notes, reading.warnings, reading.kinds) == (BOY, (), (), ())


@pytest.mark.parametrize(
    ("typed", "kind"),
    [
        ("G" + BOY, "strip_G"),
        ("Ｇ" + BOY, "strip_G"),
        ("'" + BOY, "blanks"),
        ("431099 20120315 0011", "blanks"),
        ("４３１０９９２０１２０３１５００１１", "normalize"),
        (BOY + "\u200b", "blanks"),
        (BOY + "43", "strip_disability"),
        (BOY + "43B1", "strip_disability"),
    ],
)
def test_what_is_put_right_is_said(typed: str, kind: str) -> None:
    reading = check(typed, TODAY)
    assert reading.value == BOY
    assert kind in reading.kinds
    assert reading.notes
    assert not reading.warnings


def test_a_disability_card_tells_its_class_and_level() -> None:
    reading = check(BOY + "43", TODAY)
    assert (reading.disability, reading.level) == ("4", "3")


@pytest.mark.parametrize(
    ("typed", "kind"),
    [
        ("", "empty"),
        (" ' ", "empty"),
        ("4.31099E+17", "sci"),
        ("4.31e17", "sci"),
        ("４．３１０９９Ｅ＋１７", "sci"),
        ("43109920120315001", "bad_format"),
        ("4310992012031500112", "bad_format"),
        (BOY + "83", "bad_format"),
        ("L" + BOY, "bad_format"),
        ("4310992012031X0011", "bad_format"),
        ("身份证待补办", "bad_format"),
        ("431099201203150000", "precision_loss"),
        ("431099201202300011", "bad_date"),
        ("431099120203150011", "bad_date"),
        ("431099202509110012", "future_date"),
        ("431099201203150012", "bad_check"),
        (431099201203150011, "precision_loss"),
        (4.31099201203150e17, "precision_loss"),
        (1.5, "bad_format"),
        (float("nan"), "bad_format"),
        (True, "bad_format"),
        (None, "bad_format"),
    ],
)
def test_what_cannot_be_accepted_is_refused_by_its_kind(typed: object, kind: str) -> None:
    with pytest.raises(IdFault) as fault:
        check(typed, TODAY)
    assert fault.value.kind == kind


def test_an_old_number_is_refused_for_whoever_is_no_adult() -> None:
    assert check("431099091203150", "1927-12-03").kinds == ("legacy15",)
    with pytest.raises(IdFault) as fault:
        check("431099091203150", "1927-12-02")
    assert fault.value.kind == "legacy15"


def test_a_wrong_last_character_names_the_right_one() -> None:
    with pytest.raises(IdFault) as fault:
        check(BOY[:17] + "5", TODAY)
    assert "末位应为 1" in fault.value.remedy


def test_a_lost_number_names_the_remedy_in_the_spreadsheet() -> None:
    for lost in ("4.31099E+17", 431099201203150011, "431099201203150000"):
        with pytest.raises(IdFault) as fault:
            check(lost, TODAY)
        assert "文本" in fault.value.remedy


def test_an_old_number_in_a_numeric_cell_is_still_whole() -> None:
    reading = check(431022800101000.0, TODAY)
    assert reading.value == "431022800101000"
    assert reading.birth == "1980-01-01"
    assert reading.kinds == ("legacy15",)


def test_an_old_number_of_a_centenarian_belongs_to_the_century_before() -> None:
    assert check("431099990101997", TODAY).birth == "1899-01-01"
    assert check(lengthen("431099800101001"), TODAY).birth == "1980-01-01"


def test_three_zeros_are_kept_when_the_check_character_agrees_and_refused_when_not() -> None:
    reading = check("431099201908184000", TODAY)
    assert (reading.kinds, reading.warnings) == (("zeros",), ())
    assert "截断" in reading.notes[0]
    with pytest.raises(IdFault) as fault:
        check("431099201908183000", TODAY)
    assert fault.value.kind == "precision_loss"
    assert not parse_roll_number("G431099201908184000").warnings


def test_unknown_prefixes_are_asked_about_only_where_the_county_knows_better() -> None:
    elsewhere = "44528119800101" + "001"
    elsewhere += check_character(elsewhere)
    nowhere = "99" + "0000" + "19800101001"
    assert check(elsewhere, TODAY, known=KNOWN).kinds == ()
    assert check(BOY, TODAY).kinds == ()
    assert check(BOY, TODAY, known=KNOWN).kinds == ("prefix_unknown",)
    assert check(BOY, TODAY, known=KNOWN | {"431099"}).kinds == ()
    assert check(nowhere + check_character(nowhere), TODAY, kind="9").kinds == ()
    unassigned = "77000019800101001"
    assert check(unassigned + check_character(unassigned), TODAY).kinds == ("prefix_unknown",)


@pytest.mark.parametrize(
    ("value", "kind", "kinds"),
    [
        ("E12345678", "A", ()),
        ("h01234567", "6", ("uppercase",)),
        ("ABC123456789012", "9", ()),
        ("ABC1234", "9", ("doc_type",)),
        ("911840201001010005", "9", None),
    ],
)
def test_other_documents_are_not_judged_by_the_citizen_rule(
    value: str, kind: str, kinds: tuple[str, ...] | None
) -> None:
    if kinds is None:  # a new residence card is, and this one has a wrong check digit
        with pytest.raises(IdFault):
            check(value, TODAY, kind=kind)
    else:
        assert check(value, TODAY, kind=kind).kinds == kinds


def test_a_residence_permit_of_hong_kong_follows_the_citizen_rule() -> None:
    assert check("810000201201010005", TODAY, kind="L").birth == "2012-01-01"


@pytest.mark.parametrize("value", ["1", "护照遗失", "4.3E+17"])
def test_other_documents_still_need_a_plausible_form(value: str) -> None:
    with pytest.raises(IdFault):
        check(value, TODAY, kind="A")


def test_without_a_day_given_a_clock_of_2009_does_not_refuse_a_child_of_2019() -> None:
    child = "43109920190501001"
    assert check(child + check_character(child)).birth == "2019-05-01"


def test_birth_and_sex_that_disagree_are_questions() -> None:
    reading = check(BOY, TODAY)
    assert compare(reading, "2012-03-15", "1") == ()
    assert compare(reading, None, None) == ()
    assert compare(reading, "2012-03-15", "9") == ()
    assert [kind for kind, _ in compare(reading, "2012-03-16", "2")] == ["birth_mismatch", "sex_mismatch"]
    assert all("请核对" in sentence for _, sentence in compare(reading, "2012-03-16", "2"))
    assert compare(IdReading("E1234567"), "2012-03-16", "2") == ()


def test_a_masked_number_shows_three_and_four() -> None:
    assert mask("431099201705077475") == "431***********7475"
    assert mask("1234567") == "*******"


@pytest.mark.parametrize(
    ("typed", "value", "warned"),
    [
        ("G" + BOY, "G" + BOY, False),
        ("g４３１０９９ 201203150011", "G" + BOY, False),
        ("G" + BOY[:17] + "5", "G" + BOY[:17] + "5", True),
        ("L431099201203154821", "L431099201203154821", False),
        ("J43109920120315482X", "J43109920120315482X", False),
    ],
)
def test_roll_numbers_are_accepted_and_questioned(typed: str, value: str, warned: bool) -> None:
    reading = parse_roll_number(typed)
    assert reading.value == value
    assert bool(reading.warnings) is warned


@pytest.mark.parametrize("typed", [BOY, "G123", "K" + BOY, "", "4.31E+17", "L43109920120315482Y"])
def test_what_is_no_roll_number_is_refused(typed: str) -> None:
    with pytest.raises(IdFault):
        parse_roll_number(typed)


SEVENTEEN = st.builds(
    lambda day, sequence: f"431099{day:%Y%m%d}{sequence:03d}",
    st.dates(min_value=dt.date(1930, 1, 1), max_value=dt.date(2025, 9, 10)),
    st.integers(1, 999),
)


@given(SEVENTEEN)
def test_every_number_with_its_check_character_is_accepted(seventeen: str) -> None:
    number = seventeen + check_character(seventeen)
    assert check(number, TODAY).value == number


@given(SEVENTEEN, st.integers(0, 16), st.integers(1, 9))
def test_no_single_wrong_digit_goes_unnoticed(seventeen: str, place: int, shift: int) -> None:
    number = seventeen + check_character(seventeen)
    wrong = str((int(number[place]) + shift) % 10)
    with pytest.raises(IdFault):
        check(number[:place] + wrong + number[place + 1 :], TODAY)


@given(SEVENTEEN, st.integers(0, 15))
def test_no_swap_of_neighbours_goes_unnoticed(seventeen: str, place: int) -> None:
    number = seventeen + check_character(seventeen)
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    if swapped != number:
        with pytest.raises(IdFault):
            check(swapped, TODAY)


@given(st.text(max_size=24))
def test_any_text_is_either_read_or_refused(text: str) -> None:
    try:
        value, kind = check(text, TODAY).value, ""
    except IdFault as fault:
        value, kind = "", fault.kind
    assert bool(value) is not bool(kind)
