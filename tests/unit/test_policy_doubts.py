"""Every cross-check asks when it should, and is silent about ordinary families."""

from __future__ import annotations

from typing import Any

import pytest

from jzdesk.policy.doubts import Around, Relative, contradictions, gaps, usual_age
from tests.factories.people import id_number

TODAY = "2025-11-10"
NUMBER = id_number("2016-05-07", "1", serial=71)
CHILD: dict[str, Any] = {
    "name": "宋火强", "birth": "2016-05-07", "sex": "1", "id_type": "1", "id_number": NUMBER,
    "roll_number": f"G{NUMBER}", "disability": "0", "orphan": 0,
}  # fmt: skip
FATHER = Relative("a" * 32, "宋大山", "51", "1985-02-03", "1", id_number("1985-02-03", "1", serial=72), True)
USUAL = Around("G03", "01", (FATHER,), {"members_count": 4}, 3)


def asked(values: dict[str, Any] | None = None, around: Around = USUAL, **changed: Any) -> dict[str, str]:
    """Kind (without whom it is about) → sentence."""
    child = {**CHILD, **(values or {}), **changed}
    found = [*contradictions(child, TODAY), *gaps(child, around, TODAY)]
    return {kind.split(".")[0]: sentence for kind, sentence in found}


def family(*relatives: Relative, **more: Any) -> Around:
    return Around("G03", "01", relatives, **more)


def relative(relation: str, birth: str = "", sex: str = "", number: str = "", *, guards: bool = True) -> Relative:
    return Relative("b" * 32, "某人", relation, birth, sex, number, guards)


def test_an_ordinary_child_is_not_asked_about() -> None:
    assert asked() == {}


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        ({"birth": "2016-05-08"}, "birth_mismatch"),
        ({"sex": "2"}, "sex_mismatch"),
        ({"id_number": "810000201605070004", "id_type": "1", "roll_number": None}, "doc_type"),
        ({"roll_number": "G" + id_number("2015-05-07", "1", serial=3)}, "roll_differs"),
        ({"disability_card": NUMBER + "43", "disability": "3"}, "disability_card"),
        ({"disability_card": "123"}, "disability_card"),
        ({"pinyin": "song huo"}, "pinyin"),
        ({"id_number": None, "roll_number": None}, "no_id"),
        ({"birth": "2010-01-02", "id_number": None}, "age_grade"),
        ({"birth": "2020-01-02", "id_number": None}, "age_grade"),
        ({"orphan": 1}, "offer_D10"),
        ({"disability": "4"}, "offer_D12"),
    ],
)
def test_a_record_that_contradicts_itself_is_asked_about(changed: dict[str, Any], kind: str) -> None:
    assert kind in asked(changed)


def test_a_residence_permit_with_its_own_document_type_is_fine() -> None:
    assert asked(id_type="L", id_number="81000020160507" + "001X", roll_number=None, birth="2016-05-07").keys() <= {
        "sex_mismatch"
    }


def test_a_temporary_roll_number_repeats_nothing() -> None:
    assert asked(roll_number="L431099201605071234") == {}


def test_a_child_without_papers_is_asked_for_proof_and_a_guardians_number() -> None:
    bare = family(relative("51"))
    assert asked(id_type="Z", id_number=None, roll_number=None, around=bare).keys() == {"no_proof", "guardian_number"}
    known = family(FATHER, proved=True)
    assert asked(id_type="Z", id_number=None, roll_number=None, around=known) == {}


@pytest.mark.parametrize(
    ("one", "kind"),
    [
        (relative("51", "2003-01-01"), "guardian_age"),
        (relative("61", "1995-01-01"), "guardian_age"),
        (relative("81", "2018-01-01"), "guardian_age"),
        (relative("51", number=id_number("1985-02-03", "2", serial=8)), "guardian_sex"),
        (relative("52", sex="1"), "guardian_sex"),
        (relative("52", number="431099850203002"), "guardian_legacy"),
    ],
)
def test_a_guardian_who_cannot_be_what_is_said_is_asked_about(one: Relative, kind: str) -> None:
    found = asked(around=family(one))
    assert list(found) == [kind]
    assert "某人" in found[kind]


def test_an_elder_brother_may_be_of_any_age_and_an_uncle_in_the_household_too() -> None:
    assert asked(around=family(relative("71", "2008-01-01"), relative("81", "2006-01-01", guards=False))) == {}


def test_two_doubtful_guardians_are_two_questions() -> None:
    young = [Relative(letter * 32, letter, "51", "2005-01-01", "1", "", True) for letter in "cd"]
    kinds = [kind for kind, _ in gaps(CHILD, family(*young), TODAY)]
    assert kinds == ["guardian_age.cccccccccccc", "guardian_age.dddddddddddd"]


def test_households_that_do_not_add_up_are_asked_about() -> None:
    assert "members_count" in asked(around=family(household={"members_count": 2}, people=3))
    assert "household_counts" in asked(around=family(household={"members_count": 2, "labour_count": 3}, people=2))
    assert "宋小花" in asked(around=family(elsewhere=("宋小花",)))["two_households"]
    assert "account_holder" in asked(around=family(holders=("李四",), family=frozenset({"宋火强"})))


def test_what_is_on_record_is_not_offered_again() -> None:
    assert asked(orphan=1, disability="4", around=family(hardships=frozenset({"D10", "D12"}))) == {}


@pytest.mark.parametrize(("grade", "age"), [("P3", 5), ("G01", 6), ("G09", 14), ("V1", 15), ("", None), ("X9", None)])
def test_a_grade_has_its_usual_age(grade: str, age: int | None) -> None:
    assert usual_age(grade) == age


def test_a_disabled_child_may_begin_later_and_one_who_left_is_not_asked() -> None:
    late = {"birth": "2011-05-07", "id_number": None}
    assert "age_grade" in asked(late)
    assert "age_grade" not in asked(late, disability="5")
    assert "age_grade" not in asked(late, around=Around("G03", "04"))
