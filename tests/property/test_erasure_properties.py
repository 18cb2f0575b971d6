"""Whatever the history of a record: what is erased is gone, and all else is as it was (sync §2.4)."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from jzdesk.core.erasure import erasure
from jzdesk.core.errors import UserError
from jzdesk.core.merge import ERASE, Known, record_state
from tests.factories.entries import FIELDS, entry, histories, left

SOME = st.sets(st.sampled_from(FIELDS), min_size=1, max_size=2)


def _erased(history: list[Known], fields: set[str] | None) -> Known | None:
    counting = left(history)
    plan = erasure(counting, counting, fields)
    if plan is None:
        return None
    return entry(9, plan.set, plan.base, op=ERASE, role="county", seen=plan.seen, dev="d0", n=99)


@given(histories(), SOME)
@settings(max_examples=150, deadline=None)
def test_the_fields_are_blank_and_all_else_is_as_it_was(history: list[Known], fields: set[str]) -> None:
    before = record_state(history)
    try:
        erased = _erased(history, fields)
    except UserError:
        assert before.conflicts - fields or before.edited_after_void
        return
    if erased is None:
        assert not any(before.values.get(name) for name in fields)
        return
    after = record_state([*history, erased])
    for name in FIELDS:
        assert after.values.get(name) == (None if name in fields else before.values.get(name))
    assert not after.conflicts - before.conflicts
    assert after.scope == before.scope
    assert record_state([*left([*history, erased])]) == after, "nothing depends on what was named"
    if any(value is not None for value in after.values.values()) and not before.edited_after_void:
        assert after.hidden == before.hidden


@given(histories())
@settings(max_examples=100, deadline=None)
def test_of_a_record_erased_whole_nothing_is_there(history: list[Known]) -> None:
    erased = _erased(history, None)
    assume(erased is not None)
    assert erased is not None
    after = record_state([*history, erased])
    assert after.hidden
    assert not any(after.values.values())
    assert not after.conflicts
    assert after.scope == record_state(history).scope


@given(histories(), SOME, st.permutations(range(12)))
@settings(max_examples=100, deadline=None)
def test_the_order_of_arrival_makes_no_difference(history: list[Known], fields: set[str], order: list[int]) -> None:
    try:
        erased = _erased(history, fields)
    except UserError:
        return
    entries = [*history, *([erased] if erased else [])]
    shuffled = [entries[at] for at in order if at < len(entries)]
    assert len(shuffled) == len(entries)
    assert record_state(shuffled) == record_state(entries)


def test_a_value_that_was_replaced_by_what_goes_does_not_come_back() -> None:
    first = entry(1, {"note": "旧", "name": "甲"}, n=1)
    second = entry(2, {"note": "新", "phone": "1"}, {"note": (first.id,)}, n=2)
    erased = _erased([first, second], {"phone"})
    assert erased is not None
    assert erased.entry.seen == (second.id,)
    after = record_state([first, second, erased])
    assert (after.values, after.conflicts) == ({"name": "甲", "note": "新", "phone": None}, frozenset())


def test_what_was_written_without_knowing_of_it_stays_and_is_a_conflict() -> None:
    first = entry(1, {"name": "甲", "phone": "1"}, n=1)
    erased = _erased([first], {"phone"})
    late = entry(3, {"phone": "2"}, {"phone": (first.id,)}, n=2)
    assert erased is not None
    assert record_state([first, erased, late]).conflicts == {"phone"}


def test_an_erasure_repeats_the_one_it_takes_the_place_of() -> None:
    first = entry(1, {"name": "甲", "phone": "1", "note": "病"}, n=1)
    one = _erased([first], {"phone"})
    assert one is not None
    two = _erased([first, one], {"note"})
    assert two is not None
    assert set(two.entry.seen) == {first.id, one.id}
    for known in ([first, one, two], [first, two], [two]):
        assert record_state(known).values == {"name": "甲", "note": None, "phone": None}


def test_a_field_with_two_values_is_settled_before_it_is_said_anew() -> None:
    both = [entry(1, {"name": "甲", "phone": "1"}, n=1), entry(2, {"name": "乙"}, n=2, dev="d2")]
    with pytest.raises(UserError, match="没裁定的冲突"):
        _erased(both, {"phone"})
