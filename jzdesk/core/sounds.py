"""How a name is read: the pinyin alias that a person types by hand, and whether two names sound the same."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from jzdesk.core.errors import ValueFault

_INITIAL = "(?:zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw])?"
_FINAL = (
    "(?:iang|iong|uang|ueng|ang|eng|ing|ong|ian|iao|uai|uan|ai|ei|ao|ou|an|en|in|un|er|ia|ie|iu|ua|ue|ui|uo"
    "|üe|üan|ün|a|o|e|i|u|ü)"
)
_SYLLABLE = re.compile(f"{_INITIAL}{_FINAL}|ng|n|m|hm|hng")
_LETTERS = re.compile(r"[^a-zü]+")
_REMEDY = "请按读音写成小写字母、每字之间空一格，例如 zeng xiao le；ü 可以写成 v。"


def syllables(alias: str) -> tuple[str, ...]:
    """`Zēng Xiǎo-Lè` → zeng, xiao, le; raises ValueFault for what is no pinyin. Tones and capitals are dropped."""
    plain = unicodedata.normalize("NFKC", alias).lower().replace("v", "ü").replace("u:", "ü")
    found = tuple(part for part in _LETTERS.split(_toneless(plain)) if part)
    wrong = next((part for part in found if _SYLLABLE.fullmatch(part) is None), None)
    if wrong is not None or not found or any(letter.isdigit() for letter in plain):
        raise ValueFault(f"“{wrong or alias.strip()}”不是一个拼音音节", _REMEDY)
    return found


def _toneless(text: str) -> str:
    """Without tone marks; the dots of ü stay."""
    kept = (mark for mark in unicodedata.normalize("NFD", text) if mark == "\u0308" or not unicodedata.combining(mark))
    return unicodedata.normalize("NFC", "".join(kept))


def spoken(name: str) -> str:
    """The characters of a name that have a sound: all but the middle dot and blanks."""
    if name.isalnum():
        return name
    return "".join(character for character in name if character.isalnum() or character == "〇")


def fits(alias: str, name: str) -> bool:
    """Whether a name in Han characters has as many as the alias has syllables; other names may be read anyhow."""
    heard = spoken(name)
    return any(character.isascii() for character in heard) or len(syllables(alias)) == len(heard)


def alike(first: str, second: str, aliases: tuple[str | None, str | None] = (None, None)) -> bool:
    """Whether two names can be read the same; `aliases` are the readings that people have set by hand.

    Loads the pinyin tables (250 ms) the first time two names of one length are compared: not for the GUI thread.
    """
    one, two = spoken(first), spoken(second)
    if not one or len(one) != len(two):
        return False
    if not any(aliases):  # nearly always, and mostly settled by the first character
        return all(mine == other or _readings(mine) & _readings(other) for mine, other in zip(one, two, strict=True))
    pairs = zip(_heard(one, aliases[0]), _heard(two, aliases[1]), strict=True)
    return all(mine & theirs for mine, theirs in pairs)


def _heard(name: str, alias: str | None) -> tuple[frozenset[str], ...]:
    """The possible readings of each character."""
    if alias:
        try:
            set_by_hand = syllables(alias)
        except ValueFault:
            set_by_hand = ()
        if len(set_by_hand) == len(name):
            return tuple(frozenset({syllable}) for syllable in set_by_hand)
    return tuple(_readings(character) for character in name)


@lru_cache(maxsize=16384)
def _readings(character: str) -> frozenset[str]:
    from pypinyin import Style, pinyin

    read = pinyin(character, style=Style.NORMAL, heteronym=True, errors="default", v_to_u=True)[0]
    return frozenset(read)
