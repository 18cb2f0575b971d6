"""The state of one record from its entries, case by case (sync §2)."""

from __future__ import annotations

from itertools import permutations

import pytest

from jzdesk.core.merge import Known, RecordState, changed_fields, decode, encode, record_state
from tests.factories.entries import entry


def _state(*entries: Known) -> RecordState:
    """The state, the same for every order."""
    states = {repr(record_state(order)) for order in permutations(entries)}
    assert len(states) == 1
    return record_state(entries)


def test_a_record_written_once_shows_what_was_written() -> None:
    state = _state(entry(1, {"name": "甲", "note": None}))
    assert state.values == {"name": "甲", "note": None}
    assert (state.hidden, state.conflicts, state.edited_after_void) == (False, frozenset(), False)


def test_what_replaces_a_value_is_shown_whatever_its_clock_says() -> None:
    first = entry(900, {"name": "甲"})
    second = entry(5, {"name": "乙"}, {"name": (first.id,)})
    state = _state(first, second)
    assert state.values == {"name": "乙"}
    assert state.leaves == {"name": (second.id,)}
    assert state.conflicts == frozenset()


def test_two_edits_of_one_field_unaware_of_each_other_are_a_conflict_that_keeps_both() -> None:
    first = entry(1, {"name": "甲"})
    one, other = (entry(at, {"name": name}, {"name": (first.id,)}) for at, name in ((2, "乙"), (3, "丙")))
    state = _state(first, one, other)
    assert state.conflicts == {"name"}
    assert state.leaves == {"name": (other.id, one.id)}
    assert state.values == {"name": "丙"}


def test_different_fields_never_conflict() -> None:
    first = entry(1, {"name": "甲", "phone": "1"})
    one = entry(2, {"name": "乙"}, {"name": (first.id,)})
    other = entry(3, {"phone": "2"}, {"phone": (first.id,)})
    state = _state(first, one, other)
    assert state.values == {"name": "乙", "phone": "2"}
    assert state.conflicts == frozenset()


def test_the_same_value_twice_is_no_conflict() -> None:
    first = entry(1, {"name": "甲"})
    one, other = (entry(at, {"name": "乙"}, {"name": (first.id,)}) for at in (2, 3))
    state = _state(first, one, other)
    assert state.conflicts == frozenset()
    assert len(state.leaves["name"]) == 2


def test_the_county_is_shown_before_a_later_school() -> None:
    first = entry(1, {"name": "甲"})
    county = entry(2, {"name": "乙"}, {"name": (first.id,)}, role="county")
    school = entry(9, {"name": "丙"}, {"name": (first.id,)})
    assert _state(first, county, school).values == {"name": "乙"}
    assert _state(first, county, school).scope == "2143990001"


def test_resolving_settles_what_it_named_and_nothing_that_came_unseen() -> None:
    first = entry(1, {"name": "甲"})
    one, other = (entry(at, {"name": name}, {"name": (first.id,)}) for at, name in ((2, "乙"), (3, "丙")))
    settled = entry(4, {"name": "乙"}, {"name": (one.id, other.id)}, op="resolve", role="county")
    assert _state(first, one, other, settled).conflicts == frozenset()
    assert _state(first, one, other, settled).values == {"name": "乙"}
    late = entry(5, {"name": "丁"}, {"name": (first.id,)})
    assert _state(first, one, other, settled, late).conflicts == {"name"}


def test_an_entry_that_arrives_before_the_one_it_replaces_keeps_its_place() -> None:
    first = entry(1, {"name": "甲"})
    second = entry(2, {"name": "乙"}, {"name": (first.id,)})
    third = entry(3, {"name": "丙"}, {"name": (second.id,)})
    assert _state(first, third).leaves["name"] == (third.id, first.id)  # the middle one is still under way
    assert _state(first, second, third).leaves["name"] == (third.id,)


def test_a_void_that_saw_everything_hides() -> None:
    first = entry(1, {"name": "甲"})
    void = entry(2, op="void", seen=(first.id,))
    state = _state(first, void)
    assert (state.hidden, state.edited_after_void) == (True, False)
    assert state.values == {"name": "甲"}


def test_a_void_that_arrives_alone_hides_and_an_unseen_record_shows() -> None:
    first = entry(1, {"name": "甲"})
    assert _state(entry(2, op="void", seen=(first.id,))).hidden
    assert not _state(entry(2, op="void"), first).hidden


def test_an_edit_a_void_had_not_seen_keeps_the_record_and_is_reported() -> None:
    first = entry(1, {"name": "甲"})
    void = entry(2, op="void", seen=(first.id,), role="county")
    edit = entry(1, {"name": "乙"}, {"name": (first.id,)})
    state = _state(first, void, edit)
    assert (state.hidden, state.edited_after_void) == (False, True)
    kept = entry(3, op="restore", seen=(first.id, void.id, edit.id))
    assert _state(first, void, edit, kept).edited_after_void is False
    again = entry(4, op="void", seen=(first.id, edit.id, void.id, kept.id))
    assert _state(first, void, edit, kept, again).hidden


def test_two_voids_at_once_hide_without_quarrel() -> None:
    first = entry(1, {"name": "甲"})
    one, other = (entry(at, op="void", seen=(first.id,)) for at in (2, 3))
    state = _state(first, one, other)
    assert (state.hidden, state.edited_after_void) == (True, False)


def test_only_what_differs_is_a_change() -> None:
    assert changed_fields({"a": 1, "b": None}, {"a": 1, "b": None, "c": None, "d": "x"}) == {"d": "x"}
    assert changed_fields({"a": "x"}, {"a": None}) == {"a": None}


def test_an_entry_survives_its_own_bytes_and_they_are_canonical() -> None:
    known = entry(7, {"phone": None, "name": "𠮷野"}, {"name": ("a" * 32,)}, seen=("b",))
    body = encode(known.entry)
    assert decode(body) == known.entry
    assert encode(decode(body)) == body
    assert "𠮷野".encode() in body
    assert body.index(b'"actor"') < body.index(b'"at"') < body.index(b'"base"') < body.index(b'"uid"')


@pytest.mark.parametrize("bad", [b"", b"{}", b"[]", b'{"at":1.5}', b"\xff", b'{"at":true}'])
def test_what_is_no_entry_is_not_taken_for_one(bad: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - msgspec's own errors are ValueErrors
        decode(bad)
