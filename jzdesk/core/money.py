"""Money as an integer number of 分: read, shown, and written out in capitals."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from typing import NewType

from jzdesk.core.errors import ValueFault

Fen = NewType("Fen", int)

ZERO = Fen(0)
_REMEDY = "请填写以元为单位的金额，最多两位小数，例如 312.50。"
_AROUND = re.compile(r"^(?:人民币|RMB|CNY|[¥￥])?\s*|\s*元?整?$", re.IGNORECASE)
_PLAIN = re.compile(r"^(-?)([0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.([0-9]*))?$")
_LIMIT = 10**14  # one trillion yuan: beyond it a cell held something else


def parse_yuan(raw: str | int | float, *, negative: bool = False) -> Fen:
    """An amount in yuan as 分: `1,250.00`, `￥312.5`, full-width digits, numbers of a cell.

    Raises ValueFault for anything else: a third decimal (also one that a calculation left in a float), a
    negative amount unless `negative`, text.
    """
    if isinstance(raw, bool) or not isinstance(raw, str | int | float):
        raise ValueFault("金额不是数字", _REMEDY)
    text = raw if isinstance(raw, str) else _number_text(raw)
    fen = _fen_of(text)
    if fen < 0 and not negative:
        raise ValueFault("金额是负数", "请填写零或正数；退回、冲销请用专门的功能登记。")
    return fen


def _number_text(number: int | float) -> str:
    """The shortest decimal text of a number: the way a person saw it in the cell."""
    if number != number or abs(number) > _LIMIT:
        raise ValueFault("金额超出范围", _REMEDY)
    return f"{Decimal(repr(number)):f}"


def _fen_of(text: str) -> Fen:
    plain = _AROUND.sub("", unicodedata.normalize("NFKC", text).strip())
    match = _PLAIN.match(plain)
    if match is None:
        raise ValueFault(f"“{text.strip()}”不是金额", _REMEDY)
    sign, whole, decimals = match[1], match[2].replace(",", ""), (match[3] or "").rstrip("0")
    if len(decimals) > 2:
        raise ValueFault(f"金额“{plain}”超过两位小数", _REMEDY)
    fen = int(whole) * 100 + int(decimals.ljust(2, "0"))
    if fen > _LIMIT:
        raise ValueFault("金额超出范围", _REMEDY)
    return Fen(-fen if sign else fen)


def format_yuan(fen: int) -> str:
    """`125000` as `1,250.00`; negative amounts carry a leading `-`."""
    yuan, rest = divmod(abs(fen), 100)
    return f"{'-' if fen < 0 else ''}{yuan:,}.{rest:02d}"


def in_yuan(fen: int) -> Decimal:
    """`31250` as 312.50, exactly: for files of others, which count in yuan."""
    return Decimal(fen).scaleb(-2)


_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ("", "拾", "佰", "仟")
_GROUPS = ("", "万", "亿")


def rmb_upper(fen: int) -> str:
    """The amount in capitals as on vouchers, `人民币叁佰壹拾贰元伍角整` (reference §6.2).

    整 follows 元 and 角, never 分; a run of zeros is read once; 零 stands before 角 when the 元 digit is
    zero. Raises ValueFault from one trillion yuan.
    """
    if abs(fen) >= _LIMIT:
        raise ValueFault("金额超出大写范围", "请核对金额。")
    yuan, cents = divmod(abs(fen), 100)
    sign = "负" if fen < 0 else ""
    return f"人民币{sign}{_upper_yuan(yuan, cents)}{_upper_cents(yuan, cents)}"


def _upper_yuan(yuan: int, cents: int) -> str:
    if yuan == 0:
        return "" if cents else "零元"
    groups = [yuan // 10_000**i % 10_000 for i in reversed(range(len(_GROUPS)))]
    words = ""
    for unit, group in zip(reversed(_GROUPS), groups, strict=True):
        if group == 0:
            continue
        # Two groups are joined by 零 when the lower one does not fill its thousands place.
        words += ("零" if words and group < 1000 else "") + _upper_group(group) + unit
    return words + "元"


def _upper_group(group: int) -> str:
    """Four digits: `1020` as `壹仟零贰拾`."""
    words, gap = "", False
    for place in reversed(range(4)):
        digit = group // 10**place % 10
        if digit == 0:
            gap = bool(words)
            continue
        words += ("零" if gap else "") + _DIGITS[digit] + _PLACES[place]
        gap = False
    return words


def _upper_cents(yuan: int, cents: int) -> str:
    jiao, fen = divmod(cents, 10)
    if cents == 0:
        return "整"
    gap = "零" if yuan and (jiao == 0 or yuan % 10 == 0) else ""
    return gap + (f"{_DIGITS[jiao]}角" if jiao else "") + (f"{_DIGITS[fen]}分" if fen else "整")
