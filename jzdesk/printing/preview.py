"""Pages of a PDF as pictures, for the preview on screen and for printers."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_EIGHT_BIT_RGB = b"\x08\x02\x00\x00\x00"


def page_images(pdf: Path, dpi: int = 96) -> list[bytes]:
    """Every page of `pdf` as PNG bytes at `dpi` dots an inch; raises OSError when the file cannot be read."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(pdf.read_bytes())
    except pypdfium2.PdfiumError as error:
        raise OSError(f"{pdf.name} is no PDF") from error
    try:
        return [_picture(document[number], dpi) for number in range(len(document))]
    finally:
        document.close()


def _picture(page: Any, dpi: int) -> bytes:
    bitmap = page.render(scale=dpi / 72, rev_byteorder=True, force_bitmap_format=_RGB)
    lines = memoryview(bytes(bitmap.buffer))
    rows = (lines[at : at + 3 * bitmap.width] for at in range(0, bitmap.height * bitmap.stride, bitmap.stride))
    return png(bitmap.width, bitmap.height, b"".join(b"\0" + row for row in rows))


_RGB = 2  # FPDFBitmap_BGR, three bytes a point, turned round by rev_byteorder


def png(width: int, height: int, rows: bytes) -> bytes:
    """A PNG of 8-bit RGB rows, each led by its filter byte; written by hand so that Pillow need not be shipped."""
    header = struct.pack(">LL", width, height) + _EIGHT_BIT_RGB
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 1)), (b"IEND", b""))
    return _SIGNATURE + b"".join(_chunk(kind, content) for kind, content in parts)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">L", len(content)) + kind + content + struct.pack(">L", zlib.crc32(kind + content))
