"""Chooses a font for every character: the role's own font first, then others of the same size, never an empty box."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from functools import cache, lru_cache
from pathlib import Path

from jzdesk.core.errors import UserError
from jzdesk.core.resources import resource
from jzdesk.printing.ttf import FontUnusable, TrueType

_WENKAI = "LXGWWenKai-Regular.ttf"
_SERIF, _SERIF_BOLD, _SANS = "NotoSerifSC-Regular.ttf", "NotoSerifSC-Bold.ttf", "NotoSansSC-Regular.ttf"
_QUOTES, _FULL = "“”‘’", 900  # some fonts draw them for English; Chinese text wants a whole square
_LAST_RESORT = ("simsunb.ttf", "SimsunExtG.ttf", "msyh.ttf")


class Role(Enum):
    """What a text is on paper; the value names the installed fonts preferred and the file we bring along."""

    BODY = ("simfang.ttf", _WENKAI)
    KAI = ("simkai.ttf", _WENKAI)
    HEI = ("simhei.ttf", _SANS)
    SONG = ("simsun.ttf", _SERIF)
    TITLE = ("FZXBSJW.TTF", _SERIF_BOLD)


class MissingGlyphs(Exception):
    """Characters that no font on this machine can print."""

    def __init__(self, characters: str) -> None:
        super().__init__(characters)
        self.characters = characters


def windows_folders() -> tuple[Path, ...]:
    """Where Windows keeps fonts for everybody and for this user; empty elsewhere."""
    places = (("WINDIR", "Fonts"), ("LOCALAPPDATA", "Microsoft/Windows/Fonts"))
    return tuple(Path(os.environ[variable], folder) for variable, folder in places if variable in os.environ)


@cache
def _opened(path: Path) -> TrueType | None:
    try:
        return TrueType(path)
    except FontUnusable:
        return None


def _installed(name: str) -> TrueType | None:
    paths = (folder / name for folder in windows_folders())
    return next((font for path in paths if path.exists() and (font := _opened(path))), None)


@cache
def _bundled(name: str) -> TrueType:
    return TrueType(resource("fonts", name))


def _candidates(role: Role) -> Iterator[TrueType]:
    preferred, own = role.value
    if installed := _installed(preferred):
        yield installed
    for name in dict.fromkeys((own, _WENKAI, _SERIF, _SANS)):
        yield _bundled(name)
    for name in _LAST_RESORT:
        if installed := _installed(name):
            yield installed


class Face:
    """A role brought down to font files: for each character the font, the glyph and the width, remembered."""

    def __init__(self, role: Role) -> None:
        self.role = role
        self._known: dict[str, tuple[TrueType, int, int] | None] = {}
        self.runs = lru_cache(maxsize=8192)(self._runs)

    def find(self, character: str) -> tuple[TrueType, int, int] | None:
        """Font, glyph number and width in 1/1000 em of one character; None when no font has it."""
        if character not in self._known:
            self._known[character] = self._search(character)
        return self._known[character]

    def _search(self, character: str) -> tuple[TrueType, int, int] | None:
        found = [
            (font, glyph, font.advance(glyph)) for font in _candidates(self.role) if (glyph := font.glyph(character))
        ]
        wide = [hit for hit in found if hit[2] >= _FULL] if character in _QUOTES else []
        return next(iter(wide or found), None)

    def width(self, text: str) -> float:
        """The width of `text` in em; characters without a font count as one em."""
        found = (self.find(character) for character in text)
        return sum(hit[2] if hit else 1000 for hit in found) / 1000

    def _runs(self, text: str) -> tuple[tuple[TrueType, str], ...]:
        """`text` as stretches of one font each; raises MissingGlyphs."""
        result: list[tuple[TrueType, str]] = []
        for character in text:
            hit = self.find(character)
            if hit is None:
                raise MissingGlyphs(missing(text))
            if result and result[-1][0] is hit[0]:
                result[-1] = (hit[0], result[-1][1] + character)
            else:
                result.append((hit[0], character))
        return tuple(result)


@cache
def face(role: Role) -> Face:
    """The face for a role; fonts are opened when a first character asks for them."""
    return Face(role)


def missing(text: str) -> str:
    """The characters of `text` that no font can print, each once, in order; "" when all is well."""
    body = face(Role.BODY)
    return "".join(dict.fromkeys(character for character in text if body.find(character) is None))


@contextmanager
def naming(label: str) -> Iterator[None]:
    """Turns a missing character inside the block into a UserError that names `label`, a person or a school."""
    try:
        yield
    except MissingGlyphs as error:
        listed = "、".join(f"“{character}”（U+{ord(character):04X}）" for character in error.characters)
        raise UserError(
            f"本机字体里没有{listed}，没有打印",
            "请核对这个字是否录入正确；确需使用的，请先在本机安装含有该字的字体再打印。",
            label,
        ) from error


def forget() -> None:
    """Forgets every font opened, after fonts were installed or in tests."""
    for remembered in (face, _opened, _bundled):
        remembered.cache_clear()
