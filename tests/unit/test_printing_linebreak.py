"""Chinese lines: which characters may begin and end them, what stays whole, how wide they are."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from jzdesk.printing.linebreak import CLOSING, OPENING, balanced, break_lines, units

LIMIT = 12.0


def em(text: str) -> float:
    return sum(0.5 if ord(character) < 0x2000 else 1.0 for character in text)


def lines_of(text: str, limit: float = LIMIT, indent: float = 0) -> list[str]:
    return [line.text for line in break_lines(text, limit, em, indent)]


MARKS = ["，", "。", "》", "”", "（", "《", "“", "……", "——", "％", "、", " "]
WORDS = ["帮", "扶", "责任人", "王小明", "①", "abc", "312.50元", "2025年11月5日", "￥1,250.00", "0735-3700000"]
PIECES = st.sampled_from([*MARKS, *WORDS])
TEXTS = st.lists(PIECES, min_size=1, max_size=60).map("".join)


@given(TEXTS)
def test_nothing_is_lost_but_blanks(text: str) -> None:
    assert "".join(lines_of(text)).replace(" ", "") == text.replace(" ", "")


@given(TEXTS)
def test_no_line_is_wider_than_the_limit(text: str) -> None:
    assert all(em(line) <= LIMIT for line in lines_of(text))


@given(TEXTS)
def test_no_line_begins_with_a_closing_mark_nor_ends_with_an_opening_one(text: str) -> None:
    if any(em(unit) > LIMIT for unit in units(text)):
        return  # a run of marks wider than the line has to be cut somewhere
    lines = lines_of(text)
    for before, after in itertools.pairwise(lines):
        begins_after_blank = text[text.find(before) + len(before) :].startswith(" ")
        assert after[0] not in CLOSING or begins_after_blank
        assert before[-1] not in OPENING


@given(TEXTS, st.integers(0, 4))
def test_lines_are_as_full_as_they_can_be(text: str, indent: int) -> None:
    pieces = units(text)
    if any(em(unit) > LIMIT - indent for unit in pieces):
        return
    lines = lines_of(text, indent=indent)
    rebuilt, room = [""], LIMIT - indent
    for piece in pieces:
        if rebuilt[-1] and not piece.isspace() and em(rebuilt[-1] + piece) > room:
            rebuilt.append("")
            room = LIMIT
        rebuilt[-1] += piece if rebuilt[-1] or len(rebuilt) == 1 or not piece.isspace() else ""
    assert [line.rstrip() for line in rebuilt] == lines


@given(TEXTS)
def test_a_justified_line_reaches_the_edge(text: str) -> None:
    for line in break_lines(text, LIMIT, em)[:-1]:
        if line.gap:
            assert abs(line.width + line.gap * (len(line.text) - 1) - LIMIT) < 1e-6


def test_dates_amounts_and_pairs_of_dashes_stay_whole() -> None:
    text = "自2025年9月1日起每月发放￥1,250.00元——不得拖延……报0735-3700000备查"
    for limit in range(10, 20):
        whole = "\n".join(lines_of(text, limit))
        for piece in ("2025年9月1日", "￥1,250.00", "——", "……", "0735-3700000"):
            assert piece in whole


def test_a_word_wider_than_the_line_is_cut_rather_than_run_over() -> None:
    assert lines_of("6230901818000000123", 5) == ["6230901818", "000000123"]


def test_the_indent_narrows_only_the_first_line() -> None:
    assert lines_of("帮扶责任人每月走访", 4, indent=2) == ["帮扶", "责任人每", "月走访"]


def test_paragraphs_end_at_newlines_unjustified() -> None:
    lines = break_lines("领款人\n与关系", 10, em)
    assert [(line.text, line.gap) for line in lines] == [("领款人", 0.0), ("与关系", 0.0)]


def test_a_title_breaks_where_its_words_do_and_evenly() -> None:
    assert balanced("关于2025年|生活补助|拟资助学生的公示", 30, em) == ["关于2025年生活补助拟资助学生的公示"]
    assert balanced("关于2025年|生活补助|拟资助学生的公示", 12, em) == ["关于2025年生活补助", "拟资助学生的公示"]
    assert balanced("没有断点的很长很长的标题", 6, em) == ["没有断点的很", "长很长的标题"]
