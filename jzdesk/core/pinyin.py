"""Pinyin initials of a person's name, every plausible reading of it."""

from __future__ import annotations

from functools import lru_cache
from itertools import product

# Surnames whose usual reading is not the surname's (libraries, "pinyin"); both readings are kept for search.
_SURNAMES = {
    "单": "s", "解": "x", "曾": "z", "查": "z", "仇": "q", "盖": "g", "区": "o", "朴": "p", "翟": "z", "尉": "w",
    "缪": "m", "乐": "y", "种": "c", "覃": "q", "冼": "x", "员": "y", "晟": "c", "召": "s", "折": "s", "黑": "h",
    "盛": "s", "秘": "b", "繁": "p", "逄": "p", "祭": "z", "幺": "y", "长": "z", "谌": "c", "郗": "x", "洗": "x",
}  # fmt: skip
_MOST = 4


@lru_cache(maxsize=8192)
def readings(name: str) -> tuple[str, ...]:
    """Lower-case initials of `name` under its likely readings, likeliest first, at most four: `曾小乐` → zxl, zxy."""
    choices = [_initials(character, first=index == 0) for index, character in enumerate(name) if character != "·"]
    found = dict.fromkeys("".join(combination) for combination in product(*choices))
    return tuple(found)[:_MOST]


@lru_cache(maxsize=16384)
def _initials(character: str, *, first: bool) -> tuple[str, ...]:
    from pypinyin import Style, pinyin

    read = pinyin(character, style=Style.FIRST_LETTER, heteronym=True, errors="default")[0]
    letters = [letter[0].lower() for letter in read if letter]
    if first and character in _SURNAMES:
        letters.insert(0, _SURNAMES[character])
    return tuple(dict.fromkeys(letters))[:3] or (character,)
