"""Names: variants and sounds that may be one, aliases typed by hand, characters that nobody can show."""

from __future__ import annotations

import pytest

from jzdesk.core.errors import ValueFault
from jzdesk.core.kinds import Pinyin
from jzdesk.core.sounds import alike, fits, syllables
from jzdesk.core.variants import folded
from jzdesk.printing import fonts
from jzdesk.services import rare_names


@pytest.mark.parametrize(("one", "other"), [("陳曉峯", "陈晓峰"), ("刘䶮", "劉龑"), ("張國棟", "张国栋")])
def test_variants_of_one_name_are_folded_to_one(one: str, other: str) -> None:
    assert folded(one) == folded(other)


def test_different_names_stay_different() -> None:
    assert len({folded(name) for name in ("王小明", "王晓明", "肖明", "萧明", "丘明", "邱明")}) == 6


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("zeng xiao le", "zeng xiao le"),
        ("Zēng Xiǎo-Lè", "zeng xiao le"),
        ("lv bu", "lü bu"),
        ("ＬǙ", "lü"),
        (" ", None),
    ],
)
def test_an_alias_is_kept_as_toneless_syllables(typed: str, kept: str | None) -> None:
    assert Pinyin().read(typed).value == kept


@pytest.mark.parametrize("typed", ["曾小乐", "zxl", "zeng1 xiao3", "zeng xiao l", "---"])
def test_what_is_no_pinyin_is_refused_with_an_example(typed: str) -> None:
    with pytest.raises(ValueFault, match="音节") as fault:
        Pinyin().read(typed)
    assert "zeng xiao le" in fault.value.sentence()


def test_every_reading_of_the_pinyin_tables_is_a_syllable() -> None:
    from pypinyin.constants import PINYIN_DICT

    for readings in PINYIN_DICT.values():
        for reading in readings.split(","):
            assert len(syllables(reading)) == 1


def test_an_alias_has_a_syllable_for_every_character() -> None:
    assert fits("ou yang yu tong", "欧阳雨桐")
    assert not fits("ou yang yu", "欧阳雨桐")
    assert fits("mai mai ti ai li", "买买提·艾力")
    assert fits("an na", "Anna"), "a foreign name may be read anyhow"


def test_names_that_sound_the_same_are_alike() -> None:
    assert alike("宋火强", "宋伙强")
    assert alike("王小鸣", "王晓明")
    assert not alike("王小明", "王小红")
    assert not alike("王明", "王小明")
    assert alike("曾乐", "曾勒", (None, "zeng le"))
    assert not alike("曾乐", "曾勒", ("zeng yue", "zeng le")), "what was set by hand decides"
    assert not alike("·", "·")


def test_the_usual_characters_are_in_the_fonts_so_that_they_need_no_look() -> None:
    usual = "".join(map(chr, rare_names._USUAL)) + "".join(sorted(rare_names._PLAIN))
    assert fonts.missing(usual) == ""


@pytest.mark.parametrize("name", ["王小明", "买买提·艾力", "刘〇", "𠮷野梅", "李㛃", "陈䶮", "Anna O'Brien"])
def test_names_that_can_be_shown_are_not_asked_about(name: str) -> None:
    assert rare_names.doubt(name) == ""


def test_a_character_without_font_is_named_with_its_code_point() -> None:
    said = rare_names.doubt("王\U0003134a")
    assert "U+3134A" in said
    assert "没有字体" in said


def test_a_window_does_not_wait_for_fonts_that_are_still_shut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rare_names, "_opened", set())
    rare_names.doubt.cache_clear()
    assert rare_names.quick_doubt("王小明") == ""
    assert rare_names.quick_doubt("王\U0003134a") is None
    said = rare_names.doubt("王\U0003134a")
    assert rare_names.quick_doubt("王\U0003134a") == said != ""


def test_lost_and_home_made_characters_have_their_own_sentence() -> None:
    assert "没有转过来" in rare_names.doubt("王?明")
    assert "“□”（U+25A1）" in rare_names.doubt("王□明")
    said = rare_names.doubt("王\ue863明")
    assert "U+E863" in said
    assert "自造字" in said
