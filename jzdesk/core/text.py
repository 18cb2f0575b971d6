"""Text as people type it, made uniform: blanks, full-width forms, names, dates, months, telephone numbers."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from functools import lru_cache

from jzdesk.core.errors import ValueFault

_BLANKS = re.compile(r"\s+")
_LINE_BLANKS = re.compile(r"[^\S\n]+")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060\ufeff\x00-\x08\x0e-\x1f\x7f]")
_FULL_WIDTH = {code: code - 0xFEE0 for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))}

_HAN = "\u2e80-\u2fdf\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_NAME_DOT = re.compile("\\s*[·•・･‧∙⋅．]\\s*")
_HAN_STOP = re.compile(f"(?<=[{_HAN}])\\s*\\.\\s*(?=[{_HAN}])")
_HAN_BLANK = re.compile(f"(?<=[{_HAN}])\\s+|\\s+(?=[{_HAN}])")

_CLOCK = r"(?:[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?"
_DATE = re.compile(
    r"^(\d{4})\s*(?:[-./年]\s*(\d{1,2})\s*[-./月]\s*(\d{1,2})\s*日?|(\d{2})(\d{2}))" + _CLOCK + "$", re.ASCII
)
_MONTH = re.compile(r"^(\d{4})\s*(?:[-./年]\s*(\d{1,2})\s*月?|(\d{2}))$")
_EPOCH = dt.date(1899, 12, 30)
_SERIALS = range(3654, 73052)  # 1910-01-02 to 2100-01-01: the days that people in the registry can have
_YEARS = range(1850, 2151)

_DATE_REMEDY = "请写成 2023-11-05 或 20231105 这样的年月日。"
_MONTH_REMEDY = "请写成 2023-09 或 202309 这样的年月。"
_PHONE_REMEDY = "请填一个 11 位手机号，或带区号的固定电话，例如 0735-3721234。"


def normalise(text: str) -> str:
    """NFKC, without invisible characters, trimmed, each run of blanks one space; for all but prose."""
    if text.isalnum() and (text.isascii() or unicodedata.is_normalized("NFKC", text)):
        return text
    return _BLANKS.sub(" ", _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))).strip()


def normalise_prose(text: str) -> str:
    """Running text in NFC: line breaks and Chinese punctuation stay; full-width letters and digits become plain."""
    plain = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n")
    lines = _INVISIBLE.sub("", plain).translate(_FULL_WIDTH).split("\n")
    return "\n".join(_LINE_BLANKS.sub(" ", line).strip() for line in lines).strip("\n")


@lru_cache(maxsize=4096)
def normalise_name(text: str) -> str:
    """A person's name: one kind of middle dot, no blanks in a Chinese name, single ones in a foreign."""
    name = normalise(_NAME_DOT.sub("·", text))
    name = _HAN_STOP.sub("·", _NAME_DOT.sub("·", name))
    return _HAN_BLANK.sub("", name)


def parse_date(raw: object) -> str:
    """A day as ISO text from any usual form, a date object, or an Excel serial number; raises ValueFault."""
    if isinstance(raw, dt.datetime):
        return raw.date().isoformat()
    if isinstance(raw, dt.date):
        return raw.isoformat()
    if isinstance(raw, int | float) and not isinstance(raw, bool):
        return _date_of_number(raw)
    if isinstance(raw, str):
        return _date_of_text(normalise(raw))
    raise ValueFault(f"“{raw}”不是日期", _DATE_REMEDY)


def _date_of_number(number: int | float) -> str:
    """A serial number of days, or YYYYMMDD typed into a numeric cell."""
    if number == number and abs(number) < 1e9:
        if int(number) in _SERIALS:
            return (_EPOCH + dt.timedelta(days=int(number))).isoformat()
        if number == int(number):
            return _date_of_text(str(int(number)))
    raise ValueFault(f"“{number}”不是日期", _DATE_REMEDY)


@lru_cache(maxsize=8192)
def _date_of_text(text: str) -> str:
    match = _DATE.match(text)
    if match is None:
        raise ValueFault(f"“{text}”不是日期", _DATE_REMEDY)
    year, month, day = int(match[1]), int(match[2] or match[4]), int(match[3] or match[5])
    try:
        date = dt.date(year, month, day)
    except ValueError:
        raise ValueFault(f"“{text}”这一天不存在", _DATE_REMEDY) from None
    if year not in _YEARS:
        raise ValueFault(f"“{text}”的年份不合理", _DATE_REMEDY)
    return date.isoformat()


def parse_month(raw: object) -> str:
    """A month as `2023-09` from `202309`, `2023.9`, `2023年9月`, a whole date, or a cell with one of them.

    A numeric cell `2023.1` may have been typed as 2023.10, so it is refused. Raises ValueFault.
    """
    if isinstance(raw, float) and not raw.is_integer():
        raw = _dotted_month(raw)
    if isinstance(raw, int | float) and not isinstance(raw, bool) and int(raw) not in _SERIALS:
        raw = str(int(raw))
    if isinstance(raw, str) and (match := _MONTH.match(normalise(raw))):
        year, month = int(match[1]), int(match[2] or match[3])
        if 1 <= month <= 12 and year in _YEARS:
            return f"{year:04d}-{month:02d}"
    try:
        return parse_date(raw)[:7]
    except ValueFault:
        raise ValueFault(f"“{raw}”不是年月", _MONTH_REMEDY) from None


def _dotted_month(number: float) -> str:
    """`2023.9` typed into a numeric cell; whether 2023.1 was January or October nobody can tell."""
    text = repr(number)
    if text.endswith(".1"):
        raise ValueFault(f"“{text}”分不清是 1 月还是 10 月", _MONTH_REMEDY)
    return text


def format_date_cn(iso: str) -> str:
    """`2025-09-10` as `2025年9月10日`: no zeros before month and day (reference §6.1)."""
    year, month, day = iso.split("-")
    return f"{int(year)}年{int(month)}月{int(day)}日"


def format_month_cn(iso: str) -> str:
    """`2025-09` as `2025年9月`."""
    year, month = iso.split("-")
    return f"{int(year)}年{int(month)}月"


_MOBILE = re.compile(r"^(?:\+?86|0086)?(1[3-9]\d{9})$")
_LANDLINE = re.compile(r"^(?:\+?86|0086)?\(?(010|02\d|0[3-9]\d{2})\)?(\d{7,8})$")
_LOCAL = re.compile(r"^([2-8]\d{6,7})$")


def parse_phone(raw: object) -> str:
    """One telephone number: `13812345678`, `0735-3721234` or `3721234`; raises ValueFault."""
    if isinstance(raw, float) and raw.is_integer():
        raw = int(raw)
    shown = normalise(str(raw))
    digits = re.sub(r"[\s\-－—–]", "", shown)
    if (match := _MOBILE.match(digits)) or (match := _LOCAL.match(digits)):
        return match[1]
    if match := _LANDLINE.match(digits):
        return f"{match[1]}-{match[2]}"
    raise ValueFault(f"“{shown}”不是电话号码", _PHONE_REMEDY)
