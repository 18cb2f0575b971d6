"""How a name is spelt in pinyin: every plausible reading for searching, one reading and strokes for sorting."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import islice, product
from math import prod

from jzdesk.core.resources import resource

# Surnames whose usual reading is not the surname's (libraries, "pinyin"); the other readings are kept for search.
_SURNAMES = {
    "单": "shan", "解": "xie", "曾": "zeng", "查": "zha", "仇": "qiu", "盖": "ge", "区": "ou", "朴": "piao",
    "翟": "zhai", "尉": "wei", "缪": "miao", "乐": "yue", "种": "chong", "覃": "qin", "冼": "xian", "员": "yun",
    "晟": "cheng", "召": "shao", "折": "she", "黑": "he", "盛": "sheng", "秘": "bi", "繁": "po", "逄": "pang",
    "祭": "zhai", "幺": "yao", "长": "zhang", "谌": "chen", "郗": "xi", "洗": "xian", "石": "shi", "车": "che",
    "贾": "jia", "柏": "bai", "薄": "bo", "葛": "ge", "瞿": "qu", "隗": "wei", "纪": "ji", "任": "ren", "宁": "ning",
    "华": "hua", "应": "ying", "相": "xiang", "曲": "qu", "都": "du", "宿": "su", "卜": "bu", "占": "zhan",
    "尉迟": "yu chi", "万俟": "mo qi", "长孙": "zhang sun", "澹台": "tan tai", "单于": "chan yu", "令狐": "ling hu",
    "鲜于": "xian yu",
}  # fmt: skip
_SILENT = frozenset(" '’-·•")
_WITHOUT_DOTS = str.maketrans("", "", "·•")
_MOST = 5  # readings of a whole name
_FEW = 32  # combinations of readings that are all looked at
_EACH = 3  # readings of a character
_UNREAD = "~"  # sorts behind every letter
_PASSPORT = {"lv": "lyu", "nv": "nyu"}
_NOT_LETTERS = re.compile(r"[^a-z]+")
_KEY_LENGTH = 120  # of the column
_ROW = 64  # characters of a row of strokes.txt, see tools/strokes.py


def readings(name: str, alias: str = "") -> tuple[str, ...]:
    """Lower-case initials of `name` under its likely readings, likeliest first, at most five: `曾小乐` → zxl, cxl, …"""
    return tuple(dict.fromkeys("".join([syllable[0] for syllable in spelt]) for spelt in spellings(name, alias)))


@lru_cache(maxsize=8192)
def spellings(name: str, alias: str = "") -> tuple[tuple[str, ...], ...]:
    """The syllables of `name` under its likely readings, at most five: `曾小乐` → (zeng, xiao, le), (ceng, xiao, le)…

    ü is written v. `alias` is pinyin that somebody typed for just this name: it comes first.
    """
    return tuple(dict.fromkeys(_combined(_options(name, alias))))


@lru_cache(maxsize=8192)
def sort_key(name: str, alias: str = "") -> str:
    """What names are sorted by: for one character after the other its pinyin, its strokes, and its code point.

    So 张 (7 strokes) stands before 章 (11), with every 张 together. Tones do not count: hand-typed pinyin has none. A
    character without a known reading stands behind all others, by strokes.
    """
    if not name:
        return ""
    syllables = spellings(name, alias)[0]
    characters = name.translate(_WITHOUT_DOTS)
    if len(syllables) != len(characters):  # an alias that does not divide into this many syllables
        syllables = (syllables[0], *([""] * (len(characters) - 1)))
    key = "".join(
        f"{syllable if syllable != character else _own(character)} {strokes(character):02d}{character}"
        for syllable, character in zip(syllables, characters, strict=True)
    )
    return key[:_KEY_LENGTH]


@cache
def strokes(character: str) -> int:
    """How many strokes a character has (Unihan, kTotalStrokes); 0 when nobody has counted them."""
    code = ord(character)
    row = _strokes().get(code - code % _ROW, "")
    place = code % _ROW
    return ord(row[place]) - ord("(") if place < len(row) else 0


def plain(typed: str) -> str:
    """What was typed without tones, blanks and dots: `Lǚ xiǎo-lè` → lvxiaole, `阿依·古丽` → 阿依古丽."""
    text = typed.lower().replace("ü", "v")
    if text.isascii() and text.isalnum():
        return text
    marked = unicodedata.normalize("NFD", text).replace("u\u0308", "v")
    return "".join(letter for letter in marked if not unicodedata.combining(letter) and letter not in _SILENT)


def _combined(choices: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    """The likeliest combinations: those that differ least from the first; of a long name only one choice differs."""
    first = tuple([options[0] for options in choices])
    if max(map(len, choices), default=1) == 1:
        return [first]
    if prod(map(len, choices)) <= _FEW:
        every = product(*(range(len(options)) for options in choices))
        places = sorted(every, key=lambda taken: (len(taken) - taken.count(0), sum(taken)))[:_MOST]
        return [tuple(options[at] for options, at in zip(choices, taken, strict=True)) for taken in places]
    others = (
        (*first[:place], options[depth], *first[place + 1 :])
        for depth in range(1, _EACH)
        for place, options in enumerate(choices)
        if depth < len(options)
    )
    return [first, *islice(others, _MOST - 1)]


def _own(character: str) -> str:
    """What a character without pinyin sorts under: a letter under itself, a rare character behind all letters."""
    return character.lower() if character.isascii() else _UNREAD


def _options(name: str, alias: str) -> list[tuple[str, ...]]:
    """Readings of each character; a character without one stands for itself."""
    characters = name.translate(_WITHOUT_DOTS)
    options = list(map(syllables, characters))
    for place, syllable in enumerate(_surname(characters)):
        options[place] = tuple(dict.fromkeys((syllable, *options[place])))[:_EACH]
    if alias:
        given = _divided(alias, options)
        if given is None:
            return [(plain(alias),)]
        options = [tuple(dict.fromkeys((one, *rest))) for one, rest in zip(given, options, strict=True)]
    return options


def _surname(characters: str) -> list[str]:
    """Syllables of the surname, when it is one with a reading of its own."""
    for length in (2, 1):
        if len(characters) > length and (found := _SURNAMES.get(characters[:length])):
            return found.split()
    return _SURNAMES.get(characters, "").split()


@lru_cache(maxsize=16384)
def syllables(character: str) -> tuple[str, ...]:
    """Readings of a character as a given name has them, likeliest first, at most three."""
    from pypinyin import Style, pinyin

    if character.isascii():
        return (character.lower(),)
    read = pinyin(character, style=Style.NORMAL, heteronym=True, errors="default")[0]
    found = dict.fromkeys(one.lower() for one in read if one)
    found |= dict.fromkeys(_PASSPORT[one] for one in list(found) if one in _PASSPORT)
    return tuple(found)[:_EACH] or (character,)


def _divided(alias: str, options: list[tuple[str, ...]]) -> list[str] | None:
    """One syllable of the alias for each character; None when it cannot be divided so."""
    parts = [plain(part) for part in re.split(r"[\s'’-]+", alias.strip())]
    if len(parts) == len(options):
        return parts
    return _cut(_NOT_LETTERS.sub("", "".join(parts)), options)


def _cut(text: str, options: list[tuple[str, ...]]) -> list[str] | None:
    """Letters run together, cut at known readings of the characters, else at any syllable; the longest first."""
    if not options or not text:
        return [] if not options and not text else None
    known = [one for one in options[0] if text.startswith(one)]
    others = [text[:length] for length in range(min(6, len(text)), 0, -1) if text[:length] in _all_syllables()]
    for syllable in dict.fromkeys((*known, *others)):
        rest = _cut(text[len(syllable) :], options[1:])
        if rest is not None:
            return [syllable, *rest]
    return None


@cache
def _all_syllables() -> frozenset[str]:
    """Every syllable there is, without tones."""
    from pypinyin.constants import PINYIN_DICT

    marked = {one for read in PINYIN_DICT.values() for one in read.split(",")}
    return frozenset(plain(one) for one in marked)


@cache
def _strokes() -> dict[int, str]:
    """First code point → letters of a row of strokes.txt."""
    lines = resource("names", "strokes.txt").read_text("ascii").splitlines()
    rows = (line.split(" ", 1) for line in lines if not line.startswith("#"))
    return {int(code, 16): letters for code, letters in rows}
