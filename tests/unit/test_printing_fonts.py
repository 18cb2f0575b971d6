"""Every character gets a font, or the person is named; subsets are real fonts."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.recordingPen import DecomposingRecordingPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont
from fontTools.ttLib.tables._g_l_y_f import Glyph
from fontTools.ttLib.tables.ttProgram import Program

from jzdesk.core.errors import UserError
from jzdesk.core.resources import resource
from jzdesk.printing import fonts
from jzdesk.printing.fonts import MissingGlyphs, Role, face, missing, naming
from jzdesk.printing.ttf import FontUnusable, TrueType

RARE = "𠮷𬭎㛃〇·䶮"


@pytest.fixture
def forgotten() -> Iterator[None]:
    """Fonts chosen within a test are chosen anew, and again after it."""
    fonts.forget()
    yield
    fonts.forget()


def test_rare_name_characters_have_a_font_in_every_role() -> None:
    for role in Role:
        assert "".join(text for _, text in face(role).runs(RARE)) == RARE


def test_a_character_the_heading_font_lacks_comes_from_another_font() -> None:
    runs = face(Role.HEI).runs("王㛃明")
    assert [text for _, text in runs] == ["王", "㛃", "明"]
    assert runs[0][0] is runs[2][0]
    assert runs[1][0] is not runs[0][0]


def test_quotation_marks_are_as_wide_as_a_character() -> None:
    assert all(face(role).width("“”‘’") == 4 for role in Role)


def test_missing_lists_each_character_once_and_nothing_for_good_text() -> None:
    assert missing("王小明" + RARE) == ""
    assert missing("王\U000e0bf0小\U000e0bf0\uf8ff明") == "\U000e0bf0\uf8ff"


def test_a_character_without_font_stops_with_the_name_of_the_person() -> None:
    with pytest.raises(MissingGlyphs):
        face(Role.BODY).runs("王\U000e0bf0")
    with pytest.raises(UserError) as caught, naming("四年级王小明"):
        face(Role.BODY).runs("王\U000e0bf0")
    assert "四年级王小明" in caught.value.sentence()
    assert "U+E0BF0" in caught.value.sentence()


def test_an_installed_windows_font_is_preferred(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forgotten: None
) -> None:
    (tmp_path / "Fonts").mkdir()
    shutil.copy(resource("fonts", "NotoSerifSC-Regular.ttf"), tmp_path / "Fonts" / "simhei.ttf")
    monkeypatch.setenv("WINDIR", str(tmp_path))
    assert face(Role.HEI).runs("帮扶")[0][0].path == tmp_path / "Fonts" / "simhei.ttf"
    assert face(Role.HEI).runs("㛃")[0][0].path.name == "LXGWWenKai-Regular.ttf"


def test_a_damaged_installed_font_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forgotten: None
) -> None:
    (tmp_path / "Fonts").mkdir()
    (tmp_path / "Fonts" / "simfang.ttf").write_bytes(b"\0\1\0\0 no font at all")
    monkeypatch.setenv("WINDIR", str(tmp_path))
    assert face(Role.BODY).runs("帮")[0][0].path.name == "LXGWWenKai-Regular.ttf"


@pytest.mark.parametrize("content", [b"", b"OTTO" + bytes(100), b"\0\1\0\0\0\1" + bytes(6)])
def test_what_is_no_truetype_font_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.ttf").write_bytes(content)
    with pytest.raises(FontUnusable):
        TrueType(tmp_path / "x.ttf")


def test_a_font_whose_licence_forbids_embedding_is_refused(tmp_path: Path) -> None:
    font = TTFont(resource("fonts", "NotoSansSC-Regular.ttf"))
    font["OS/2"].fsType = 2
    font.save(tmp_path / "simhei.ttf")
    with pytest.raises(FontUnusable):
        TrueType(tmp_path / "simhei.ttf")


@pytest.mark.parametrize("name", ["LXGWWenKai-Regular.ttf", "NotoSansSC-Regular.ttf", "NotoSerifSC-Bold.ttf"])
def test_glyphs_and_widths_agree_with_fonttools(name: str) -> None:
    ours, theirs = TrueType(resource("fonts", name)), TTFont(resource("fonts", name))
    map_, names = theirs.getBestCmap(), theirs.getGlyphOrder()
    for code in [*list(map_)[::97], 0x2FFF, 0x10FFFF]:
        assert (names[ours.glyph(chr(code))] if ours.glyph(chr(code)) else None) == map_.get(code)
    for code in list(map_)[::97]:
        width = theirs["hmtx"][map_[code]][0] * 1000 / theirs["head"].unitsPerEm
        assert abs(ours.advance(ours.glyph(chr(code))) - width) <= 0.5


def hinted_font_with_a_composite(path: Path, units: int) -> None:
    """A font in the manner of old Windows fonts: hints, a composite with its own hints, a plain character map."""
    builder = FontBuilder(units, isTTF=True)
    names = [".notdef", "stem", "bar", "ten"]
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({ord("十"): "ten", ord("一"): "bar", ord("丨"): "stem"})
    shapes = {".notdef": (0, 0), "stem": (units // 10, units), "bar": (units, units // 10)}
    drawn = {name: rectangle(*size) for name, size in shapes.items()}
    pen = TTGlyphPen(dict.fromkeys(names))
    pen.addComponent("stem", (1, 0, 0, 1, units // 2, 0))
    pen.addComponent("bar", (1, 0, 0, 1, 0, units // 2))
    drawn["ten"] = pen.glyph()
    for glyph in drawn.values():
        glyph.program = Program()
        glyph.program.fromBytecode(b"\xb0\x01\x21")
    builder.setupGlyf(drawn)
    builder.setupHorizontalMetrics(dict.fromkeys(names, (units, 0)))
    builder.setupHorizontalHeader(ascent=units, descent=0)
    builder.setupOS2()
    builder.setupNameTable({"familyName": "Old"})
    builder.setupPost()
    builder.save(path)


def rectangle(width: int, height: int) -> Glyph:
    pen = TTGlyphPen(None)
    if width:
        pen.moveTo((0, 0))
        pen.lineTo((0, height))
        pen.lineTo((width, height))
        pen.lineTo((width, 0))
        pen.closePath()
    return pen.glyph()


@pytest.mark.parametrize("units", [256, 1000, 2048])
def test_composites_bring_their_parts_and_lose_their_hints(tmp_path: Path, units: int) -> None:
    hinted_font_with_a_composite(tmp_path / "old.ttf", units)
    whole, parent = TrueType(tmp_path / "old.ttf"), TTFont(tmp_path / "old.ttf")
    assert [whole.glyph(character) for character in "丨一十帮"] == [1, 2, 3, 0]
    cut = TTFont(BytesIO(whole.subset([0, whole.glyph("十")])))
    assert cut["maxp"].numGlyphs == 4
    before, after = points(parent, "ten"), points(cut, cut.getGlyphName(1))
    assert len(before) == len(after) == 8
    for place, to in zip(before, after, strict=True):
        assert to == pytest.approx(place, abs=1.1 / 400)
    assert not any(hasattr(cut["glyf"][name], "program") and cut["glyf"][name].program for name in cut.getGlyphOrder())


def points(font: TTFont, glyph: str) -> list[tuple[float, float]]:
    pen = DecomposingRecordingPen(font.getGlyphSet())
    font.getGlyphSet()[glyph].draw(pen)
    em = font["head"].unitsPerEm
    return [(x / em, y / em) for _, places in pen.value for place in places if place for x, y in [place]]


@pytest.mark.parametrize("name", ["LXGWWenKai-Regular.ttf", "NotoSansSC-Regular.ttf"])
def test_a_subset_draws_the_same_outlines_to_a_four_hundredth(name: str) -> None:
    text = "帮扶责任书 2025é%；àö"
    whole, parent = TrueType(resource("fonts", name)), TTFont(resource("fonts", name))
    glyphs = [0, *(whole.glyph(character) for character in text)]
    cut = TTFont(BytesIO(whole.subset(glyphs)))
    assert cut["maxp"].numGlyphs >= len(glyphs)
    for new, old in enumerate(glyphs):
        before, after = points(parent, parent.getGlyphName(old)), points(cut, cut.getGlyphName(new))
        assert len(before) == len(after)
        for (x, y), (to_x, to_y) in zip(before, after, strict=True):
            assert abs(x - to_x) <= 2.1 / 400
            assert abs(y - to_y) <= 2.1 / 400
