"""The one place that knows reportlab: pages, text in whole glyph runs, and fonts embedded as one subset each.

reportlab cuts a TrueType font into pieces of 256 characters and writes a to-Unicode map that is wrong beyond the
basic plane. Here each font is one composite font with two-byte codes, its glyphs numbered in order of first use.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

from reportlab import rl_config
from reportlab.pdfbase import pdfdoc
from reportlab.pdfgen.canvas import Canvas

from jzdesk.core.errors import StationFault
from jzdesk.printing.fonts import Role, face
from jzdesk.printing.ttf import TrueType

rl_config.useA85 = 0  # plain binary streams: a fifth smaller and much faster to write


class _Codes(dict[str, str]):
    """Characters of one font in one document, as hexadecimal codes given out in order of first use."""

    def __init__(self, font: TrueType) -> None:
        super().__init__()
        self.font = font
        self.glyphs = [0]

    def __missing__(self, character: str) -> str:
        code = f"{len(self.glyphs):04X}"
        self.glyphs.append(self.font.glyph(character))
        self[character] = code
        return code


class _EmbeddedFont:
    """One font of one document; asked by reportlab for its objects when the document is finished."""

    def __init__(self, font: TrueType, name: str) -> None:
        self.codes = _Codes(font)
        self.name = name

    def addObjects(self, document: Any) -> None:  # noqa: N802 - the name reportlab calls
        """Adds the composite font, its descriptor, its subset and its to-Unicode map (reportlab's protocol)."""
        base = pdfdoc.PDFName(f"{_subset_tag(self.codes)}+{self.codes.font.path.stem}")
        descendant = document.Reference(self._descendant(document, base), f"{self.name}.cid")
        composite = pdfdoc.PDFDictionary(
            {
                "Type": pdfdoc.PDFName("Font"),
                "Subtype": pdfdoc.PDFName("Type0"),
                "BaseFont": base,
                "Encoding": pdfdoc.PDFName("Identity-H"),
                "DescendantFonts": pdfdoc.PDFArray([descendant]),
                "ToUnicode": document.Reference(_stream(to_unicode(list(self.codes))), f"{self.name}.unicode"),
            }
        )
        document.idToObject["BasicFonts"].dict[self.name] = document.Reference(composite, self.name)

    def _descendant(self, document: Any, base: Any) -> Any:
        font = self.codes.font
        widths = [font.advance(glyph) for glyph in self.codes.glyphs]
        system = {"Registry": pdfdoc.PDFString("Adobe"), "Ordering": pdfdoc.PDFString("Identity"), "Supplement": 0}
        return pdfdoc.PDFDictionary(
            {
                "Type": pdfdoc.PDFName("Font"),
                "Subtype": pdfdoc.PDFName("CIDFontType2"),
                "BaseFont": base,
                "CIDSystemInfo": pdfdoc.PDFDictionary(system),
                "CIDToGIDMap": pdfdoc.PDFName("Identity"),
                "DW": 1000,
                "W": pdfdoc.PDFArray([0, pdfdoc.PDFArray(widths)]),
                "FontDescriptor": document.Reference(self._descriptor(document, base), f"{self.name}.descriptor"),
            }
        )

    def _descriptor(self, document: Any, base: Any) -> Any:
        metrics = self.codes.font.metrics
        outlines = self.codes.font.subset(self.codes.glyphs)
        return pdfdoc.PDFDictionary(
            {
                "Type": pdfdoc.PDFName("FontDescriptor"),
                "FontName": base,
                "Flags": 4,
                "FontBBox": pdfdoc.PDFArray(list(metrics.box)),
                "ItalicAngle": 0,
                "Ascent": metrics.ascent,
                "Descent": metrics.descent,
                "CapHeight": metrics.ascent,
                "StemV": 80,
                "FontFile2": document.Reference(_stream(outlines, Length1=len(outlines)), f"{self.name}.file"),
            }
        )


def _subset_tag(codes: _Codes) -> str:
    """Six capitals that differ between subsets of one font."""
    number = sum(map(ord, codes)) * 31 + len(codes)
    return "".join(chr(65 + number // 26**place % 26) for place in range(6))


def _stream(content: bytes, **entries: int) -> Any:
    stream = pdfdoc.PDFStream()
    stream.content = content
    stream.filters = [pdfdoc.PDFZCompress]
    stream.dictionary.dict.update(entries)
    return stream


def to_unicode(characters: list[str]) -> bytes:
    """The map from codes 1, 2, 3… to `characters`, with surrogate pairs, in blocks of at most 100 entries."""
    entries = [
        f"<{code:04X}> <{character.encode('utf-16-be').hex().upper()}>" for code, character in enumerate(characters, 1)
    ]
    blocks = [entries[start : start + 100] for start in range(0, len(entries), 100)]
    lines = [
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap",
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def",
        "/CMapName /Adobe-Identity-UCS def /CMapType 2 def",
        "1 begincodespacerange <0000> <FFFF> endcodespacerange",
    ]
    for block in blocks:
        lines += [f"{len(block)} beginbfchar", *block, "endbfchar"]
    lines.append("endcmap CMapName currentdict /CMap defineresource pop end end")
    return "\n".join(lines).encode("ascii")


class _QuietCanvas(Canvas):
    """A canvas that names no font of its own, so that Helvetica is not listed unembedded."""

    _doc: Any

    def _make_preamble(self) -> None:
        self._preamble = ""


class Paper:
    """A document under way. Places are points from the lower left corner; text is given with a role and a size."""

    def __init__(self, size: tuple[float, float], title: str) -> None:
        self._buffer = BytesIO()
        self.size = size
        self._canvas = _QuietCanvas(self._buffer, pagesize=size, pageCompression=1, invariant=1, lang="zh-CN")
        self._canvas.setTitle(title)
        self._canvas.setAuthor("jzdesk")
        self._fonts: dict[int, _EmbeddedFont] = {}
        self._forms: set[str] = set()
        self.pages = 0

    def text(self, x: float, y: float, role: Role, size: float, text: str, gap: float = 0.0) -> None:
        """Draws `text` with its baseline at `y`; `gap` points are added after each character.

        Raises MissingGlyphs when no font has one of the characters.
        """
        if text:
            self._canvas.addLiteral(self.operators(x, y, role, size, text, gap))

    def literal(self, operators: str) -> None:
        """Adds drawing instructions made by `operators`."""
        self._canvas.addLiteral(operators)

    def operators(self, x: float, y: float, role: Role, size: float, text: str, gap: float = 0.0) -> str:
        """What `text` writes, for callers that keep it."""
        shown = []
        for font, characters in face(role).runs(text):
            embedded = self._fonts.get(id(font)) or self._embed(font)
            codes = "".join(map(embedded.codes.__getitem__, characters))
            shown.append(f"/{embedded.name} {size:g} Tf <{codes}> Tj")
        return f"BT {gap:.3f} Tc 1 0 0 1 {x:.2f} {y:.2f} Tm {' '.join(shown)} ET"

    def _embed(self, font: TrueType) -> _EmbeddedFont:
        embedded = self._fonts[id(font)] = _EmbeddedFont(font, f"F{len(self._fonts) + 1}")
        self._canvas._doc.delayedFonts.append(embedded)
        return embedded

    def centred(self, x: float, y: float, role: Role, size: float, text: str) -> None:
        """Draws `text` with its middle at `x`."""
        self.text(x - face(role).width(text) * size / 2, y, role, size, text)

    def right(self, x: float, y: float, role: Role, size: float, text: str) -> None:
        """Draws `text` ending at `x`."""
        self.text(x - face(role).width(text) * size, y, role, size, text)

    def line(self, x1: float, y1: float, x2: float, y2: float, width: float = 0.5) -> None:
        """Draws a straight line, `width` points thick."""
        self._canvas.addLiteral(f"{width:g} w {x1:.2f} {y1:.2f} m {x2:.2f} {y2:.2f} l S")

    def box(self, x: float, y: float, width: float, height: float, thickness: float = 0.5) -> None:
        """Draws the outline of a rectangle with its lower left corner at (x, y)."""
        self._canvas.addLiteral(f"{thickness:g} w {x:.2f} {y:.2f} {width:.2f} {height:.2f} re S")

    def fill(self, x: float, y: float, width: float, height: float, grey: float = 0.0) -> None:
        """Fills a rectangle with a grey, 0 black to 1 white."""
        self._canvas.addLiteral(f"{grey:g} g {x:.2f} {y:.2f} {width:.2f} {height:.2f} re f 0 g")

    def has_form(self, name: str) -> bool:
        """Whether a repeated part of this name was kept."""
        return name in self._forms

    def keep_form(self, name: str, operators: list[str]) -> None:
        """Keeps a part that recurs on many pages, written once in the file; its origin is (0, 0)."""
        width, height = self.size
        self._canvas.beginForm(name, int(-width), int(-height), int(width) + 1, int(height) + 1)
        for literal in operators:
            self._canvas.addLiteral(literal)
        self._canvas.endForm()
        self._forms.add(name)

    def form(self, name: str, x: float, y: float) -> None:
        """Draws a kept part with its origin at (x, y)."""
        self._canvas.addLiteral(f"q 1 0 0 1 {x:.2f} {y:.2f} cm")
        self._canvas.doForm(name)
        self._canvas.addLiteral("Q")

    def end_page(self) -> None:
        """Finishes the page; the next drawing begins a new one."""
        self._canvas.showPage()
        self.pages += 1

    def save(self, path: Path) -> int:
        """Writes the document to `path` at once or not at all and returns its pages; raises StationFault."""
        self._canvas.save()
        write_whole(path, self._buffer.getvalue())
        return self.pages


def write_whole(path: Path, content: bytes) -> None:
    """Puts `content` at `path` by way of a temporary file beside it; raises StationFault, the old file untouched."""
    temporary: str | None = None
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".jzdesk-", suffix=".tmp")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except OSError as error:
        if temporary:
            with suppress(OSError):
                Path(temporary).unlink()
        raise _fault(path, error) from error


def _fault(path: Path, error: OSError) -> StationFault:
    kept = "原有文件没有改动，登记的资料不受影响"
    if isinstance(error, PermissionError):
        return StationFault(
            f"“{path.name}”写不进去，可能正在别的程序里打开", kept, "请关闭打开它的程序，或换一个位置保存。"
        )
    if isinstance(error, FileNotFoundError):
        return StationFault(f"找不到文件夹“{path.parent}”", kept, "请检查 U 盘是否插好，或换一个位置保存。")
    return StationFault(f"“{path.name}”没有写成：{os.strerror(error.errno or 0)}", kept, "请检查磁盘空间后再打印一次。")
