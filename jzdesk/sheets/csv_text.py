"""Text files with separators: encoding (also a mixed one) and separator are found by content."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter

from jzdesk.sheets.cells import MAX_ROWS, Cell

_SEPARATORS = (",", "\t", ";", "，", "|")
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def decode(data: bytes) -> tuple[str, tuple[str, ...]] | None:
    """The text and notes about the encoding; None when the bytes are no text."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace"), ()
    if b"\0" in data:
        return None
    for encoding in ("utf-8", "gb18030"):
        try:
            return data.decode(encoding), ()
        except UnicodeDecodeError:
            continue
    return _decode_lines(data)


def _decode_lines(data: bytes) -> tuple[str, tuple[str, ...]] | None:
    """Every line in its own encoding: files glued together from two systems."""
    lines, unread = [], 0
    for line in data.split(b"\n"):
        text, whole = _decode_line(line)
        lines.append(text)
        unread += not whole
    if unread * 5 > len(lines):
        return None
    notes = ["文件里混有两种文字编码，已逐行辨认，请留意有没有乱码"]
    if unread:
        notes.append(f"有 {unread} 行含无法辨认的字符，已用“\ufffd”代替")
    return "\n".join(lines), tuple(notes)


def _decode_line(line: bytes) -> tuple[str, bool]:
    for encoding in ("utf-8", "gb18030"):
        try:
            return line.decode(encoding), True
        except UnicodeDecodeError:
            continue
    # Damaged: as whichever encoding leaves less of it unread.
    readings = [line.decode(encoding, "replace") for encoding in ("utf-8", "gb18030")]
    return min(readings, key=lambda text: text.count("\ufffd")), False


def separator(text: str) -> str | None:
    """The separator that most lines have equally often; None for prose and for a single column."""
    lines = [line for line in text[:65536].splitlines() if line.strip()][:60]
    best, most = None, 0
    for mark in _SEPARATORS:
        counts = Counter(count for line in lines if (count := line.count(mark)))
        if counts:
            times, agreeing = counts.most_common(1)[0]
            if agreeing >= 2 and agreeing * 2 >= len(lines) and agreeing * times > most:
                best, most = mark, agreeing * times
    return best


def rows_of(text: str, mark: str) -> list[list[Cell]]:
    """Rows of cells, at most one more than MAX_ROWS; blank cells None; `="431…"` is the text within."""
    csv.field_size_limit(1 << 24)
    rows: list[list[Cell]] = []
    for row in csv.reader(io.StringIO(text, newline=""), delimiter=mark):
        rows.append([_cell(cell) for cell in row])
        if len(rows) > MAX_ROWS:
            break
    return rows


def _cell(text: str) -> str | None:
    if text.startswith('="') and text.endswith('"'):
        text = text[2:-1]
    return text or None
