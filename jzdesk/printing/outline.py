"""Rewrites single TrueType outlines for a subset: no hints, no finer grid than paper shows, parts renumbered.

A printed pledge carries some 200 outlines; on a grid of 400 units to the square (Windows' own 仿宋 has 256) they
take a sixth less room, and the largest error at 16 pt is a hundredth of a millimetre.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from itertools import pairwise

_ARGS_ARE_WORDS, _ARGS_ARE_PLACES, _SCALE, _MORE, _XY_SCALE, _TWO_BY_TWO = 0x1, 0x2, 0x8, 0x20, 0x40, 0x80
_INSTRUCTIONS = 0x100
_ON, _X_BYTE, _Y_BYTE, _REPEAT, _X_SAME, _Y_SAME, _OVERLAP = 0x1, 0x2, 0x4, 0x8, 0x10, 0x20, 0x40


def rewritten(outline: bytes, scale: float, number_of: Callable[[int], int]) -> bytes:
    """The outline with coordinates times `scale`; `number_of` gives the new number of a part of a composite."""
    if len(outline) < 10:
        return b""
    contours, *box = struct.unpack_from(">5h", outline)
    header = struct.pack(">5h", contours, *(round(value * scale) for value in box))
    if contours < 0:
        return header + _composite(outline, scale, number_of)
    return header + _simple(outline, contours, scale)


def _composite(outline: bytes, scale: float, number_of: Callable[[int], int]) -> bytes:
    result, at, more = bytearray(), 10, True
    while more:
        flags, part = struct.unpack_from(">HH", outline, at)
        layout = ">2h" if flags & _ARGS_ARE_WORDS else ">2b"
        place = struct.unpack_from(layout, outline, at + 4)
        factor = scale if flags & _ARGS_ARE_PLACES else 1
        begin = at + 4 + struct.calcsize(layout)
        end = begin + _transform_bytes(flags)
        result += struct.pack(">HH", flags & ~_INSTRUCTIONS, number_of(part))
        result += struct.pack(layout, *(round(value * factor) for value in place)) + outline[begin:end]
        at, more = end, bool(flags & _MORE)
    return bytes(result)


def _transform_bytes(flags: int) -> int:
    sizes = ((_SCALE, 2), (_XY_SCALE, 4), (_TWO_BY_TWO, 8))
    return next((size for flag, size in sizes if flags & flag), 0)


def _simple(outline: bytes, contours: int, scale: float) -> bytes:
    ends = struct.unpack_from(f">{contours}H", outline, 10)
    at = 10 + 2 * contours
    at += 2 + struct.unpack_from(">H", outline, at)[0]  # past the hints
    count = ends[-1] + 1 if ends else 0
    flags, at = _flags(outline, at, count)
    across, at = _coordinates(outline, at, flags, _X_BYTE, _X_SAME)
    up, _ = _coordinates(outline, at, flags, _Y_BYTE, _Y_SAME)
    xs, x_marks = _packed([round(value * scale) for value in across], _X_BYTE, _X_SAME)
    ys, y_marks = _packed([round(value * scale) for value in up], _Y_BYTE, _Y_SAME)
    kept = [flag & (_ON | _OVERLAP) | x | y for flag, x, y in zip(flags, x_marks, y_marks, strict=True)]
    return outline[10 : 10 + 2 * contours] + b"\0\0" + bytes(kept) + xs + ys


def _flags(outline: bytes, at: int, count: int) -> tuple[list[int], int]:
    flags: list[int] = []
    while len(flags) < count:
        flag, at = outline[at], at + 1
        flags.append(flag)
        if flag & _REPEAT:
            flags += [flag] * outline[at]
            at += 1
    return flags, at


def _coordinates(outline: bytes, at: int, flags: list[int], short: int, same: int) -> tuple[list[int], int]:
    """Absolute coordinates of one direction."""
    values, value = [], 0
    for flag in flags:
        if flag & short:
            value += outline[at] if flag & same else -outline[at]
            at += 1
        elif not flag & same:
            value += struct.unpack_from(">h", outline, at)[0]
            at += 2
        values.append(value)
    return values, at


def _packed(values: list[int], short: int, same: int) -> tuple[bytes, list[int]]:
    """Coordinates of one direction as differences in the fewest bytes, and the flags that say how."""
    packed, marks = bytearray(), []
    for before, value in pairwise([0, *values]):
        step = value - before
        if step == 0:
            marks.append(same)
        elif -256 < step < 256:
            marks.append(short | (same if step > 0 else 0))
            packed.append(abs(step))
        else:
            marks.append(0)
            packed += struct.pack(">h", step)
    return bytes(packed), marks
