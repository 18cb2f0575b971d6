"""Records that are one child: groups are a function of the verdicts, counts count them once, problems are settled."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jzdesk.core import groups
from jzdesk.core.errors import UserError
from jzdesk.models import Enrolment, Student
from jzdesk.services.bundle import Services
from tests.factories.people import clock_at, id_number
from tests.factories.stations import certify, new_school

PAIRS = st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("abcdef")), max_size=8)


@settings(max_examples=80, deadline=None)
@given(PAIRS, st.randoms(use_true_random=False))
def test_groups_are_a_function_of_the_set_of_pairs(pairs: list[tuple[str, str]], chance: object) -> None:
    shuffled = [pair[::-1] for pair in pairs]
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert groups.heads(pairs) == groups.heads([*shuffled, *pairs])


@settings(max_examples=80, deadline=None)
@given(PAIRS)
def test_two_records_are_in_one_group_when_a_way_of_pairs_leads_from_one_to_the_other(
    pairs: list[tuple[str, str]],
) -> None:
    head = groups.heads(pairs)
    for one, other in combinations(sorted(head), 2):
        assert (head[one] == head[other]) == (other in _reached(one, pairs))


def _reached(one: str, pairs: Sequence[tuple[str, str]]) -> set[str]:
    found = {one}
    for _ in pairs:
        found |= {b for a, b in pairs if a in found} | {a for a, b in pairs if b in found}
    return found


NUMBER = id_number("2016-05-07", serial=77)


@pytest.fixture
def twice(certified: Services, county: Services, tmp_path: Path) -> tuple[Services, list[str]]:
    """A county where one child is on the rolls of two schools, and the records by school."""
    other = new_school(tmp_path / "other", "2143990004")
    certify(other, county, tmp_path)
    stick = tmp_path / "stick"
    stick.mkdir()
    uids = []
    for school, name in ((certified, "曾小乐"), (other, "曾小樂")):
        school.context.store.clock = clock_at("2025-11-10")
        with school.context.write() as unit:
            uid = unit.add(Student, {"name": name, "sex": "1", "birth": "2016-05-07", "id_number": NUMBER})
            unit.add(Enrolment, {"student": uid, "school": school.info.code, "grade": "G03", "status": "01",
                                 "valid_from": "2025-09-01"})  # fmt: skip
        uids.append(uid)
        school.exchange.export(stick)
    county.context.store.clock = clock_at("2025-11-11")
    county.merging.merge([stick])
    return county, uids


def _figures(county: Services) -> tuple[str, int]:
    return county.home.summary().cards[0].value, county.as_of.roll("2025-11-10").enrolled


def test_counts_count_a_group_once_and_taking_the_verdict_back_counts_two_again(
    twice: tuple[Services, list[str]],
) -> None:
    county, (one, other) = twice
    assert _figures(county) == ("2", 2)
    county.settling.settle(one, other, same=True, reason="电话核实")
    assert _figures(county) == ("1", 1)
    county.settling.reopen(one, other, "核实有误")
    assert _figures(county) == ("2", 2)


def test_two_places_at_school_in_a_group_are_a_problem_until_one_is_struck_off(
    twice: tuple[Services, list[str]], certified: Services, tmp_path: Path
) -> None:
    county, (one, other) = twice
    county.settling.settle(one, other, same=True, reason="电话核实")
    (group,) = county.settling.groups()
    assert group.problem.startswith("同时在 青石镇中心小学、白沙镇中心小学 有在读的学籍") or "同时在" in group.problem
    assert ("已判定为同一人、仍在两校就读，等待处理", 1) in [(t.label, t.count) for t in county.home.summary().todos]
    mine = next(side for side in group.sides if side.uid == one)
    with pytest.raises(UserError, match="没有写明理由"):
        county.settling.strike(mine.enrolment, "")
    county.settling.strike(mine.enrolment, "已在白沙就读")
    (group,) = county.settling.groups()
    assert (group.problem, group.state_label) == ("", "已归为一人")
    stick = tmp_path / "down"
    stick.mkdir()
    county.county.write_receipts(stick)
    certified.exchange.read_receipts([stick])
    assert certified.home.summary().cards[0].value == "0"
    county.settling.put_back(mine.enrolment, "注销错了")
    assert county.settling.groups()[0].problem


def test_both_schools_are_asked_to_settle_it(
    twice: tuple[Services, list[str]], certified: Services, tmp_path: Path
) -> None:
    county, (one, other) = twice
    county.settling.settle(one, other, same=True, reason="电话核实")
    stick = tmp_path / "down"
    stick.mkdir()
    county.county.write_receipts(stick)
    certified.exchange.read_receipts([stick])
    (item,) = certified.work_list.items()
    assert item.uid == one
    assert "同一人" in item.sentence


def test_a_verdict_that_says_otherwise_within_a_group_is_a_problem(twice: tuple[Services, list[str]]) -> None:
    county, (one, other) = twice
    with county.context.write() as unit:
        third = unit.add(Student, {"name": "曾晓乐", "sex": "1", "birth": "2016-05-07", "id_number": NUMBER})
    for first, second, same in ((one, other, True), (other, third, True), (one, third, False)):
        county.settling.settle(first, second, same=same, reason="核实")
    county.settling.strike(
        county.settling.groups()[0].sides[0].enrolment or county.settling.groups()[0].sides[1].enrolment, "x"
    )
    (group,) = county.settling.groups()
    assert "不是同一人" in group.problem


def test_a_group_is_there_again_when_a_record_that_was_taken_back_returns(twice: tuple[Services, list[str]]) -> None:
    county, (one, other) = twice
    county.settling.settle(one, other, same=True, reason="电话核实")
    settled = county.settling.groups()
    first, second = [line.file for line in county.merging.arrivals()]
    county.withdrawing.withdraw(first, "报错了")
    assert (_figures(county), county.settling.groups()) == (("1", 1), []), "what is not shown is in no group"
    county.withdrawing.withdraw(second, "报错了")
    assert _figures(county) == ("0", 0)
    county.withdrawing.rejoin(first)
    county.withdrawing.rejoin(second)
    assert (_figures(county), county.settling.groups()) == (("1", 1), settled)
    county.settling.reopen(one, other, "核实有误")
    assert _figures(county) == ("2", 2)
