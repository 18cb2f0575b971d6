"""Names in pinyin: surnames, hand-typed readings, rare characters, and the order that lists have."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jzdesk.core.pinyin import plain, readings, sort_key, spellings, strokes
from jzdesk.core.resources import resource
from tools import strokes as maker

_HAN = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=1, max_size=20)


@pytest.mark.parametrize(
    ("name", "surname", "also"),
    [
        ("单雄", "shan", "dan"), ("解放", "xie", "jie"), ("曾强", "zeng", "ceng"), ("查理", "zha", "cha"),
        ("仇一", "qiu", "chou"), ("盖一", "ge", "gai"), ("区一", "ou", "qu"), ("朴一", "piao", "pu"),
    ],
)  # fmt: skip
def test_a_surname_has_its_own_reading_first_and_keeps_the_usual_one(name: str, surname: str, also: str) -> None:
    first = [spelt[0] for spelt in spellings(name)]
    assert first[0] == surname
    assert also in first
    assert {surname[0], also[0]} <= {letters[0] for letters in readings(name)}


def test_a_surname_of_two_characters_is_read_as_one() -> None:
    assert spellings("尉迟恭")[0] == ("yu", "chi", "gong")
    assert readings("万俟丽")[0] == "mql"


def test_the_second_reading_of_a_surname_survives_a_name_full_of_readings() -> None:
    assert "dan" in {spelt[0] for spelt in spellings("单乐长行")}
    assert len(spellings("单" * 40)) <= 5


@pytest.mark.parametrize("alias", ["ji yu", "Jí yù", "jiyu", "JI-YU", "ji'yu"])
def test_a_reading_typed_by_hand_counts_however_it_is_written(alias: str) -> None:
    assert spellings("𠮷玉", alias)[0] == ("ji", "yu")
    assert readings("𠮷玉", alias)[0] == "jy"
    assert sort_key("𠮷玉", alias).startswith("ji 06𠮷")


def test_letters_run_together_are_cut_where_the_characters_ask_for_it() -> None:
    assert spellings("西安", "xian")[0] == ("xi", "an")
    assert spellings("显", "xian")[0] == ("xian",)


def test_an_alias_that_is_no_pinyin_is_still_found_and_sorted_under() -> None:
    assert spellings("𠮷玉", "qqq")[0] == ("qqq",)
    assert sort_key("𠮷玉", "qqq").startswith("qqq")


def test_ü_is_written_v_and_as_passports_have_it() -> None:
    assert plain("Lǚ xiǎo-lè") == "lvxiaole"
    assert [spelt[0] for spelt in spellings("吕玉")] == ["lv", "lyu"]


def test_names_sort_by_pinyin_then_strokes_and_a_surname_stays_together() -> None:
    names = ["章一", "张三", "汪二", "张一", "王二", "章三", "曾一", "赵一", "单一", "㛃一"]
    assert sorted(names, key=sort_key) == [
        "㛃一", "单一", "王二", "汪二", "曾一", "张三", "张一", "章三", "章一", "赵一",
    ]  # fmt: skip


def test_a_character_without_a_reading_stands_behind_all_others_by_strokes() -> None:
    assert sorted(["𫟪一", "赵一", "𠮷一", "Tom"], key=sort_key) == ["Tom", "赵一", "𠮷一", "𫟪一"]


def test_a_single_character_stands_before_the_longer_name() -> None:
    assert sort_key("张") < sort_key("张一") < sort_key("张一一")


@given(_HAN)
@settings(max_examples=60, deadline=None)
def test_every_name_has_a_key_that_is_its_own(name: str) -> None:
    key = sort_key(name)
    assert 0 < len(key) <= 120
    assert key == sort_key(name)
    assert len(name) > 10 or all(character in key for character in name)


@pytest.mark.parametrize(
    ("character", "count"), [("一", 1), ("王", 4), ("张", 7), ("章", 11), ("𠮷", 6), ("𬭊", 12), ("x", 0)]
)
def test_strokes_are_those_of_unihan(character: str, count: int) -> None:
    assert strokes(character) == count


def test_the_table_of_strokes_is_made_of_lines_of_unihan(tmp_path: Path) -> None:
    lines = ["# Unicode version: 15.0.0", "#\tkTotalStrokes", "U+4E00\tkTotalStrokes\t1", "U+4E01\tkTotalStrokes\t2 3"]
    source, out = tmp_path / "unihan.txt", tmp_path / "strokes.txt"
    source.write_text("\n".join(lines), "utf-8")
    maker.main([str(source), str(out)])
    assert out.read_text("utf-8").splitlines()[-1] == "4E00 )*"
    assert "Unicode 15.0.0" in resource("names", "strokes.txt").read_text("ascii")
