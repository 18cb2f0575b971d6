"""Blocks of cells on the clipboard: what Excel and WPS write is understood, and what we write comes back the same."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jzdesk.core.blocks import format_block, parse_block


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("", []),
        ("王小明\t男\r\n李小红\t女\r\n", [["王小明", "男"], ["李小红", "女"]]),
        ("王小明", [["王小明"]]),
        ("\t男\n", [["", "男"]]),
        ('"第一行\n第二行"\t"带\t制表符"\r\n', [["第一行\n第二行", "带\t制表符"]]),
        ('"他说""好"""\n', [['他说"好"']]),
        ('"小名"乐乐\t3\n', [['"小名"乐乐', "3"]]),
        ('"没有收尾\t3\n', [['"没有收尾', "3"]]),
        ("a\tb\nc\n", [["a", "b"], ["c", ""]]),
        ("a\tb\n\t\n\n", [["a", "b"]]),
        ("'=1+1\t'甲\n", [["=1+1", "'甲"]]),
        ("a\rb", [["a"], ["b"]]),
    ],
)
def test_what_excel_and_wps_copy_is_understood(text: str, rows: list[list[str]]) -> None:
    assert parse_block(text) == rows


CELL = st.text(alphabet="甲乙ａ１\"'\t\n=+@ -x", max_size=6)


@given(rows=st.integers(1, 4).flatmap(lambda wide: st.lists(st.lists(CELL, min_size=wide, max_size=wide), min_size=1)))
@settings(max_examples=150, deadline=None)
def test_a_block_written_comes_back_as_it_was_but_for_blank_rows_at_the_end(rows: list[list[str]]) -> None:
    while len(rows) > 1 and not any(cell.strip() for cell in rows[-1]):
        rows.pop()
    assert parse_block(format_block(rows)) == rows


def test_nothing_that_is_copied_is_taken_for_a_formula() -> None:
    assert format_block([["=HYPERLINK(1)", "-3", "+86"]]) == "'=HYPERLINK(1)\t-3\t'+86\n"
