"""Where the cells of a pasted block go: by position from the cursor on, or by headings; nothing is lost unsaid."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from jzdesk.models import SPECS
from jzdesk.services.pasting import Place, pasted
from jzdesk.services.plans import Wish

STAFF = SPECS["staff"]
COLUMNS = (("name", "姓名"), ("sex", "性别"), ("load", "带几人"), ("post", "职务"))
THREE = ("a" * 32, "b" * 32, "c" * 32)


def test_cells_go_to_the_columns_and_records_from_the_cursor_on() -> None:
    found = pasted(STAFF, [["男"], ["女"]], Place(COLUMNS, 1, THREE))
    assert found.wishes == (Wish(THREE[0], {"sex": "男"}), Wish(THREE[1], {"sex": "女"}))
    assert found.notes == ()


def test_a_column_that_is_no_field_and_one_beyond_the_table_are_named() -> None:
    found = pasted(STAFF, [["男", "9", "教师", "多出来"]], Place(COLUMNS, 1, THREE))
    assert found.wishes == (Wish(THREE[0], {"sex": "男", "post": "教师"}),)
    assert ["有 1 列没有对应" in note or "有 1 列不能在这个表格里改" in note for note in found.notes] == [True, True]


def test_rows_beyond_the_end_are_new_or_named() -> None:
    block = [["甲"], ["乙"], [""]]
    assert pasted(STAFF, block, Place(COLUMNS, 0, THREE[:1])).wishes == (
        Wish(THREE[0], {"name": "甲"}),
        Wish(None, {"name": "乙"}),
    )
    found = pasted(STAFF, block, Place(COLUMNS, 0, THREE[:1], adds=False))
    assert len(found.wishes) == 1
    assert found.notes == ("表格末尾以下的 1 行没有对应的记录，没有写入。",)


def test_headings_and_their_other_names_say_the_columns() -> None:
    found = pasted(SPECS["member"], [["身份证号", "手机"], ["1", "2"]], Place(COLUMNS, 3, THREE))
    assert found.wishes == (Wish(THREE[0], {"id_number": "1", "phone": "2"}),)


def test_a_single_row_of_headings_is_a_row_of_values() -> None:
    assert pasted(STAFF, [["姓名"]], Place(COLUMNS, 0, THREE)).wishes == (Wish(THREE[0], {"name": "姓名"}),)


def test_one_row_is_meant_for_every_chosen_record() -> None:
    found = pasted(STAFF, [["教师"]], Place(COLUMNS, 3, THREE, chosen=3))
    assert found.wishes == tuple(Wish(uid, {"post": "教师"}) for uid in THREE)


@given(
    block=st.integers(1, 6).flatmap(lambda wide: st.lists(st.lists(st.sampled_from(["", "甲", "乙"]), min_size=wide,
                                                                   max_size=wide), min_size=1, max_size=6)),
    start=st.integers(0, 3),
    known=st.integers(0, 3),
    adds=st.booleans(),
)  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_every_filled_cell_is_wished_for_or_its_row_or_column_is_named(
    block: list[list[str]], start: int, known: int, adds: bool
) -> None:
    found = pasted(STAFF, block, Place(COLUMNS, start, THREE[:known], adds=adds))
    wished = sum(bool(value) for wish in found.wishes for value in wish.values.values())
    filled = sum(bool(cell) for row in block for cell in row)
    assert wished <= filled
    assert wished == filled or found.notes
    assert [wish.uid for wish in found.wishes if wish.uid] == list(THREE[: min(known, len(block))])
