"""Photographs made fit to keep: upright, small, JPEG, and without what a camera writes into them (place, device)."""

from __future__ import annotations

import io
import re
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jzdesk.core.errors import UserError

if TYPE_CHECKING:
    from PIL.Image import Image

LONGEST = 1280
"""Pixels of the longer side at most."""

MOST_BYTES = 300 * 1024
BIGGEST_FILE = 40 * 1024 * 1024
_BIGGEST_PIXELS = 80_000_000
_QUALITIES = (88, 80, 70, 60, 50, 40)
_TAKEN = 0x9003  # EXIF DateTimeOriginal
_EXIF = 0x8769
_CHANGED = 0x0132
_DAY = re.compile(r"^(\d{4}):(\d{2}):(\d{2})")
_FORMATS = "请换成 JPEG、PNG、BMP、GIF、TIFF 或 WebP 格式；苹果手机请在“设置—相机—格式”里选“兼容性最佳”。"


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it is kept; `taken_on` the day the camera noted (ISO), "" when it did not."""

    data: bytes
    width: int
    height: int
    taken_on: str


def normalise(raw: bytes, where: str = "照片") -> Picture:
    """Turn upright, shrink to 1280 pixels, drop everything but the picture, and press into 300 KB; raises UserError."""
    if len(raw) > BIGGEST_FILE:
        size = len(raw) // (1024 * 1024)
        raise UserError(f"文件有 {size} MB，太大了", "请先用看图软件把照片另存为小一些的文件再添加。", where)
    from PIL import Image, ImageOps

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a bomb is told by its size, before anything is unpacked
            with Image.open(io.BytesIO(raw)) as opened:
                _check_size(opened, where)
                taken = _taken_on(opened)
                opened.draft("RGB", (LONGEST * 2, LONGEST * 2))
                upright = ImageOps.exif_transpose(opened)
                plain = _on_white(upright)
    except UserError:
        raise
    except Exception as fault:  # a damaged file fails in as many ways as Pillow has readers
        raise UserError("这个文件打不开，不是照片或者已经损坏", _FORMATS, where) from fault
    plain.thumbnail((LONGEST, LONGEST))
    data = _pressed(plain)
    return Picture(data, plain.width, plain.height, taken)


def _check_size(opened: Image, where: str) -> None:
    if opened.width * opened.height > _BIGGEST_PIXELS:
        size = f"{opened.width}×{opened.height}"
        raise UserError(f"照片有 {size} 像素，太大了", "请先用看图软件把照片缩小后再添加。", where)


def _on_white(opened: Image) -> Image:
    """Without transparency and palettes; a copy that shares nothing with the file, its notes included."""
    from PIL import Image

    if opened.mode in ("RGBA", "LA", "PA") or "transparency" in opened.info:
        layer = opened.convert("RGBA")
        ground = Image.new("RGB", layer.size, "white")
        ground.paste(layer, mask=layer.getchannel("A"))
        return ground
    plain = Image.new("RGB", opened.size)
    plain.paste(opened.convert("RGB"))
    return plain


def _pressed(picture: Image) -> bytes:
    """JPEG of at most 300 KB: a lower quality first, then fewer pixels."""
    while True:
        for quality in _QUALITIES:
            stream = io.BytesIO()
            picture.save(stream, "JPEG", quality=quality, optimize=True, progressive=True)
            if stream.tell() <= MOST_BYTES:
                return stream.getvalue()
        picture.thumbnail((picture.width * 3 // 4, picture.height * 3 // 4))


def _taken_on(opened: Image) -> str:
    """The day the camera noted, when it is a day."""
    exif = opened.getexif()
    noted = exif.get_ifd(_EXIF).get(_TAKEN) or exif.get(_CHANGED)
    match = _DAY.match(str(noted or ""))
    if match is None or not ("1990" < match[1] < "2100" and "01" <= match[2] <= "12" and "01" <= match[3] <= "31"):
        return ""
    return "-".join(match.groups())
