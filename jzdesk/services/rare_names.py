"""Characters of a name that cannot be shown and printed: named with their code point, asked about, never refused.

The window always carries the print fonts' own fallback (`ui/theme.py`), so what paper can show the screen can too: the
print fonts are the narrower set, and the one that is asked.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

_USUAL = range(0x4E00, 0x9FA6)  # the bundled fonts hold every one of these: a test keeps it so
_PLAIN = frozenset("·〇 ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'-.")
_opened: set[bool] = set()  # not empty once a rare character has had the fonts opened
_LOST = frozenset("?？□■�*＊〓")


@lru_cache(maxsize=4096)
def doubt(name: str) -> str:
    """A sentence naming every character of a name that nobody will be able to read; "" for nearly all names."""
    rare = [character for character in dict.fromkeys(name) if not _is_usual(character)]
    lost = [character for character in rare if character in _LOST]
    own = [character for character in rare if unicodedata.category(character) == "Co"]
    unknown = [character for character in rare if character not in lost and character not in own]
    parts = (_lost(lost), _own(own), _unprintable(_missing("".join(unknown))))
    return "；".join(filter(None, parts))


def quick_doubt(name: str) -> str | None:
    """As `doubt`, for the GUI thread: None when fonts would have to be opened first (70 ms, once)."""
    if _opened or all(_is_usual(character) for character in name):
        return doubt(name)
    return None


def _is_usual(character: str) -> bool:
    return ord(character) in _USUAL or character in _PLAIN


def _missing(characters: str) -> str:
    """Of these, the ones that no font can print; fonts are opened only when a rare character asks for them."""
    if not characters:
        return ""
    from jzdesk.printing import fonts

    found = fonts.missing(characters)
    _opened.add(True)
    return found


def named(characters: str | list[str]) -> str:
    """`“𠮷”（U+20BB7）、“㛃”（U+36C3）`."""
    return "、".join(f"“{character}”（U+{ord(character):04X}）" for character in characters)


def _lost(found: list[str]) -> str:
    if not found:
        return ""
    return f"姓名里有{named(found)}，多半是生僻字在别的系统里没有转过来，请对照户口簿改成正确的字"


def _own(found: list[str]) -> str:
    if not found:
        return ""
    return f"姓名里的{named(found)}是自造字，别的电脑显示不出，请改成正式的汉字"


def _unprintable(found: str) -> str:
    if not found:
        return ""
    return (
        f"姓名里的{named(found)}本机没有字体能显示和打印，请核对是否录入正确；无误的请写明，打印前先安装含有该字的字体"
    )
