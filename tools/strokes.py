"""Makes `resources/names/strokes.txt` of Unihan's kTotalStrokes: `strokes.py UNIHAN_IRGSOURCES.txt[.bz2] [OUT]`.

The file is part of the Unicode Character Database; Debian's package `unicode-data` has it. A line of the table is a
code point in hexadecimal and one letter for each of up to 64 characters from there on: `(` and the number of strokes
as a code point, `(` itself for a character whose strokes nobody has counted.
"""

from __future__ import annotations

import bz2
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

OUT = Path(__file__).parents[1] / "resources" / "names" / "strokes.txt"
ROW = 64
ZERO = ord("(")
_HEAD = (
    "# Strokes of Han characters, made by tools/strokes.py of Unihan's kTotalStrokes (Unicode {version}).\n"
    "# Copyright (c) Unicode, Inc.; Unicode License: UNICODE-LICENSE.txt.\n"
)


def read(lines: Iterable[str]) -> Iterator[tuple[int, int]]:
    """(code point, strokes) of the lines of Unihan; of several counts the first, which is the one of Chinese."""
    for line in lines:
        code, _, rest = line.partition("\t")
        name, _, value = rest.partition("\t")
        if name == "kTotalStrokes" and code.startswith("U+"):
            yield int(code.partition("+")[2], 16), int(value.split()[0])


def table(strokes: dict[int, int]) -> Iterator[str]:
    """The rows that hold any character."""
    for start in sorted({code - code % ROW for code in strokes}):
        letters = "".join(chr(ZERO + strokes.get(code, 0)) for code in range(start, start + ROW))
        yield f"{start:X} {letters.rstrip(chr(ZERO))}"


def _text(path: Path) -> str:
    raw = path.read_bytes()
    return (bz2.decompress(raw) if path.suffix == ".bz2" else raw).decode("utf-8")


def main(argv: list[str]) -> None:
    """Read one file, write the other."""
    text = _text(Path(argv[0]))
    version = next((line.split()[-1] for line in text.splitlines() if "Unicode version:" in line), "unknown")
    out = Path(argv[1]) if len(argv) > 1 else OUT
    out.write_text(_HEAD.format(version=version) + "\n".join(table(dict(read(text.splitlines())))) + "\n", "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
