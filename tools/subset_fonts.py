"""Cuts full Chinese fonts down to GB 2312 and the signs that forms use: `subset_fonts.py OUT FONT.ttf…`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

# Whole blocks that cost little and appear in forms, in notes and in names with foreign letters.
BLOCKS = (
    range(0x0020, 0x007F),  # ASCII
    range(0x00A0, 0x0180),  # Latin with marks: pinyin, café
    range(0x01CD, 0x01DD),  # pinyin vowels with the third tone
    range(0x2010, 0x2028),  # dashes, quotation marks, ellipsis
    range(0x2460, 0x249C),  # ① ⑴ ⒈
    range(0x3000, 0x3030),  # 、。〇〈〉《》「」【】〔〕
    range(0x3220, 0x322A),  # ㈠ to ㈩
    range(0xFF01, 0xFF5F),  # full-width forms
    range(0xFFE0, 0xFFE7),  # ￥ and friends
)
SIGNS = "·×÷±≈≠≤≥→←↑↓√∑∞°′″℃№㎡㎏％‰€※★☆●○◎◆◇■□▲△▼▽✓"


def gb2312() -> Iterator[int]:
    """Every code point of GB 2312-80: 6,763 Han characters and the signs before them."""
    for row in range(0xA1, 0xF8):
        for cell in range(0xA1, 0xFF):
            character = bytes((row, cell)).decode("gb2312", errors="ignore")
            if character:
                yield ord(character)


def wanted() -> set[int]:
    """The code points that the program's own fonts carry; anything rarer comes from the fallback font."""
    return {*gb2312(), *(code for block in BLOCKS for code in block), *map(ord, SIGNS)}


def cut(source: Path, target: Path) -> None:
    """Write the subset of one font; ValueError when its outlines are not TrueType, which reportlab needs."""
    font = TTFont(source)
    if "glyf" not in font:
        raise ValueError(f"{source.name}: no TrueType outlines")
    subsetter = subset.Subsetter(_options())
    subsetter.populate(unicodes=wanted())
    subsetter.subset(font)
    font.save(target)


def _options() -> subset.Options:
    """Names stay whole, as copyright and licence travel in them; hints and vertical forms are dropped."""
    options = subset.Options()
    options.name_IDs = ["*"]
    options.name_languages = ["*"]
    options.notdef_outline = True
    options.hinting = False
    options.layout_features = ["kern", "locl", "ccmp"]
    options.drop_tables += ["BASE", "vhea", "vmtx", "STAT"]
    return options


def target_name(source: Path) -> str:
    """`NotoSerifSC_700Bold.ttf` becomes `NotoSerifSC-Bold.ttf`."""
    family, _, weight = source.stem.partition("_")
    return f"{family}-{weight.lstrip('0123456789')}.ttf" if weight else source.name


def main(argv: list[str] | None = None) -> int:
    """Cut each named font into the folder OUT and print its size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("fonts", type=Path, nargs="+")
    arguments = parser.parse_args(argv)
    arguments.out.mkdir(parents=True, exist_ok=True)
    for source in arguments.fonts:
        target = arguments.out / target_name(source)
        cut(source, target)
        print(f"{target.name}  {target.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
