"""A child being paid elsewhere is noticed, nobody can be read off the list, and false alarms stay rare."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jzdesk.core.fingerprint import KEY_BYTES, ONE_IN, Marks, bits_for, fingerprint
from jzdesk.models import Batch, Payment, Student
from jzdesk.services.bundle import Services
from jzdesk.services.double_claim import DoubleClaims, kept
from jzdesk.sync.receipt import PaidElsewhere
from jzdesk.sync.refusal import PackageRefused
from tests.factories.people import id_number
from tests.factories.stations import certify, new_school

KEY = bytes(range(KEY_BYTES))
NUMBER = id_number("2016-05-07")


def many(count: int, first: int = 0) -> list[tuple[str, str]]:
    return [(f"4310992016{n:07d}0", f"学生{n}") for n in range(first, first + count)]


def test_every_child_on_the_list_is_found_also_after_the_journey() -> None:
    children = many(3000)
    marks = Marks.of(KEY, children)
    again = Marks.unpacked(KEY, marks.bits, marks.packed())
    assert all(child in again for child in children)


def test_false_alarms_are_as_rare_as_promised() -> None:
    marks = Marks.of(KEY, many(20_000))
    strangers = many(100_000, first=1_000_000)
    wrong = sum(child in marks for child in strangers)
    assert wrong / len(strangers) <= 1.3 / ONE_IN


def test_a_list_of_one_has_bits_enough_to_hide_nobody_else_behind_it() -> None:
    assert bits_for(1) == 12
    assert bits_for(40_000) == 27
    assert bits_for(10**9) == 32


def test_number_and_name_are_read_as_people_write_them() -> None:
    assert fingerprint(KEY, "43109920160507001x", "买买提·艾力", 27) == fingerprint(
        KEY, " 43109920160507001X ", "买买提•艾力", 27
    )
    assert fingerprint(KEY, NUMBER, "宋火强", 27) != fingerprint(KEY, NUMBER, "宋水强", 27)
    assert fingerprint(KEY, NUMBER, "宋火强", 27) != fingerprint(os.urandom(16), NUMBER, "宋火强", 27)


@pytest.mark.parametrize(
    ("key", "bits", "packed"),
    [(b"short", 12, b""), (KEY, 99, b""), (KEY, 12, b"abc"), (KEY, 12, b"\0\0\0\2\0\0\0\1")],
)
def test_what_no_sender_packs_is_refused(key: bytes, bits: int, packed: bytes) -> None:
    with pytest.raises(ValueError, match="marks"):
        Marks.unpacked(key, bits, packed)


def test_a_damaged_list_in_a_receipt_is_refused_in_words() -> None:
    with pytest.raises(PackageRefused, match="重复享受提示"):
        kept(PaidElsewhere(term="2025-2026-1", key="zz", bits=20, marks=""))


def pay(school: Services, number: str, name: str) -> None:
    """A paid line of this term, as batches leave it."""
    term = str(school.context.term())
    with school.context.write() as unit:
        child = unit.add(Student, {"name": name, "sex": "1", "birth": "2016-05-07", "id_number": number})
        batch = unit.add(Batch, {"name": "一批", "term": term, "state": "paid"})
        unit.add(
            Payment,
            {
                "batch": batch, "decision": "d" * 32, "student": child, "programme": "LIVING_DAY", "term": term,
                "due": 31250, "fen": 31250, "kind": "pay", "state": "paid",
            },
        )  # fmt: skip


@pytest.fixture
def schools(tmp_path: Path, county: Services) -> tuple[Services, Services]:
    """Two certified schools that have each paid a child and sent it in, and have read their receipts."""
    pair = (new_school(tmp_path / "one"), new_school(tmp_path / "two", "2143990002"))
    stick = tmp_path / "stick"
    stick.mkdir()
    for school, number, name in zip(
        pair, (NUMBER, id_number("2016-06-08", serial=3)), ("宋火强", "李思远"), strict=True
    ):
        certify(school, county, tmp_path)
        pay(school, number, name)
        school.exchange.export(stick)
    county.merging.merge([stick])
    county.county.write_receipts(stick)
    for school in pair:
        assert "read" in [outcome.outcome for outcome in school.exchange.read_receipts([stick])]
    return pair


def test_a_school_is_warned_of_a_child_another_pays_and_not_of_its_own(schools: tuple[Services, Services]) -> None:
    one, two = schools
    assert DoubleClaims(two.context).warning(NUMBER, "宋火强")
    assert DoubleClaims(two.context).known() == 1
    assert DoubleClaims(one.context).warning(NUMBER, "宋火强") is None
    assert DoubleClaims(two.context).among([("a", NUMBER, "宋火强"), ("b", NUMBER, "宋水强")]) == ["a"]


def test_a_list_of_another_term_says_nothing(schools: tuple[Services, Services]) -> None:
    _, two = schools
    two.choose_term("2030-2031-1")
    assert DoubleClaims(two.context).warning(NUMBER, "宋火强") is None


def test_two_schools_get_lists_that_cannot_be_laid_side_by_side(schools: tuple[Services, Services]) -> None:
    keys = {school.context.store.setting("paid_elsewhere")["key"] for school in schools}
    assert len(keys) == 2
