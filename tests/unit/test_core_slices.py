"""Long lists come in parts, in order and whole."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from jzdesk.core.slices import AT_ONCE, slices


@given(st.lists(st.integers(), max_size=40), st.integers(1, 9))
def test_the_parts_of_a_list_are_the_list_and_none_is_too_long(items: list[int], size: int) -> None:
    parts = list(slices(items, size))
    assert [item for part in parts for item in part] == items
    assert all(0 < len(part) <= size for part in parts)


def test_a_statement_takes_what_it_can() -> None:
    assert [len(part) for part in slices(range(2 * AT_ONCE + 1))] == [AT_ONCE, AT_ONCE, 1]
