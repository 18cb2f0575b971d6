"""People of a list against a roll: by number, checked by name, then by family; and who may be meant after all."""

from __future__ import annotations

import pytest

from jzdesk.core.citizen_id import check_character
from jzdesk.policy.matching import ABSENT, MATCHED, NAME, UNREAD, Found, Kin, Listed, Pupil, Rollbook, is_of_school_age
from tests.factories.people import id_number

DAY = "2025-09-10"
BOY, GIRL = id_number("2016-05-07", serial=11), id_number("2014-03-02", "2", 12)
FATHER, UNCLE = id_number("1982-07-01", serial=21), id_number("1980-01-02", serial=22)
OLD = FATHER[:6] + FATHER[8:17]


@pytest.fixture
def book() -> Rollbook:
    return Rollbook(
        [
            Pupil("boy", "宋火强", "宋强", BOY, f"G{BOY}", "2016-05-07", "house"),
            Pupil("girl", "阿依·古丽", "", GIRL, "L431099201403020001", "2014-03-02", "house"),
            Pupil("other", "王梓涵", "", "", "", "2015-01-01", ""),
        ],
        [
            Kin("father", "宋琪亦", FATHER, "house", (("boy", "51"), ("girl", "51"))),
            Kin("uncle", "宋琪友", UNCLE, "", (("boy", "83"),)),
        ],
        {"house": "43109910100001"},
    )


def whom(found: Found) -> list[str]:
    return [one.uid for one in found.pupils]


@pytest.mark.parametrize("name", ["宋火强", "宋 火强", "宋强"])
def test_a_number_and_a_name_present_or_former_make_a_match(book: Rollbook, name: str) -> None:
    found = book.find(Listed(name, BOY))
    assert (found.pile, whom(found), found.family) == (MATCHED, ["boy"], False)


@pytest.mark.parametrize("name", ["阿依古丽", "阿依 • 古丽", "阿依.古丽"])
def test_dots_and_blanks_are_no_other_name(book: Rollbook, name: str) -> None:
    assert book.find(Listed(name, GIRL)).pile == MATCHED


def test_another_name_is_a_pile_of_its_own_and_says_whose_number_it_is(book: Rollbook) -> None:
    found = book.find(Listed("宋火星", BOY))
    assert (found.pile, whom(found)) == (NAME, ["boy"])
    assert "宋火强" in found.says


def test_a_roll_number_means_its_pupil_even_when_the_number_was_corrected_since(book: Rollbook) -> None:
    assert whom(book.find(Listed("阿依古丽", "", "L431099201403020001"))) == ["girl"]
    moved = Rollbook([Pupil("boy", "宋火强", "", GIRL, f"G{BOY}", "2016-05-07")])
    assert whom(moved.find(Listed("宋火强", BOY))) == ["boy"]


def test_a_parent_means_every_child_of_the_family(book: Rollbook) -> None:
    found = book.find(Listed("宋琪亦", FATHER))
    assert (found.pile, whom(found), found.family) == (MATCHED, ["boy", "girl"], True)
    assert {(one.via, one.relation) for one in found.pupils} == {("宋琪亦", "51")}


def test_an_old_number_of_15_digits_is_the_same_person(book: Rollbook) -> None:
    assert whom(book.find(Listed("宋琪亦", OLD))) == ["boy", "girl"]


def test_where_only_parents_count_an_uncle_does_not(book: Rollbook) -> None:
    assert whom(book.find(Listed("宋琪友", UNCLE))) == ["boy"]
    assert book.find(Listed("宋琪友", UNCLE), "parent").pile == ABSENT
    assert whom(book.find(Listed("宋琪亦", FATHER), "parent")) == ["boy", "girl"]
    assert book.find(Listed("宋琪亦", FATHER), "").pile == ABSENT


def test_a_parent_with_another_name_is_asked_about(book: Rollbook) -> None:
    found = book.find(Listed("宋琪一", FATHER))
    assert (found.pile, found.family) == (NAME, True)
    assert "家庭成员" in found.says


def test_people_of_one_household_number_are_one_family(book: Rollbook) -> None:
    stranger = id_number("1950-01-01", serial=31)
    assert whom(book.find(Listed("宋大", stranger, household="43109910100001"))) == ["boy", "girl"]
    assert book.find(Listed("宋大", stranger, household="43109910100001"), "parent").pile == ABSENT


def test_a_child_of_school_age_who_is_not_on_the_roll_stays_a_question_and_points_to_its_household(
    book: Rollbook,
) -> None:
    sister = Listed("宋小妹", id_number("2017-06-06", "2", 41), household="43109910100001")
    found = book.find(sister, "household", DAY)
    assert (found.pile, found.family, [one.uid for one in found.pupils]) == (ABSENT, True, ["boy", "girl"])
    assert "宋火强" in found.says


def test_without_a_number_nobody_is_matched_and_a_namesake_is_for_a_person(book: Rollbook) -> None:
    assert book.find(Listed("宋火强")).pile == UNREAD
    assert book.find(Listed("宋火强")).says
    assert book.find(Listed("没有此人")).pile == ABSENT


def test_a_row_with_a_fault_cannot_be_read_whoever_it_is(book: Rollbook) -> None:
    assert book.find(Listed("宋火强", BOY, fault="证件号末位不符")) == Found(UNREAD, says="证件号末位不符")


def test_the_likeliest_are_suggested_first_with_the_reason(book: Rollbook) -> None:
    twin = id_number("2016-05-07", serial=77)
    (first,) = book.suggest(Listed("宋火强", twin))
    assert (first.uid, first.why) == ("boy", "姓名、出生日期都相同，证件号不同")
    (sounds,) = book.suggest(Listed("宋伙强", twin))
    assert (sounds.uid, "同音" in sounds.why) == ("boy", True)
    (namesake,) = book.suggest(Listed("宋火强", id_number("2013-05-07", serial=3)))
    assert (namesake.uid, namesake.why) == ("boy", "同名，出生日期不同")


def test_one_wrong_digit_is_near_also_in_a_number_that_fails_its_check(book: Rollbook) -> None:
    wrong = f"{BOY[:15]}{(int(BOY[15]) + 1) % 10}{BOY[16]}"
    for number in (wrong + check_character(wrong), wrong + BOY[17]):
        assert ("boy", "证件号只差一两位") in book.suggest(Listed("李四", ""), number)


@pytest.mark.parametrize(
    ("birth", "wanted"), [("2023-01-01", False), ("2022-09-10", True), ("2004-09-11", True), ("2004-09-10", False)]
)
def test_school_age_is_three_to_twenty(birth: str, wanted: bool) -> None:
    assert is_of_school_age(Listed("某", id_number(birth)), DAY) is wanted


def test_whose_birth_is_unknown_may_be_of_school_age() -> None:
    assert is_of_school_age(Listed("某"), DAY)
