"""Bank account numbers: a failing card check digit is a question, because passbook accounts have none."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from jzdesk.core.errors import ValueFault

_FILLERS = re.compile("[\\s\\-'’‘`\u200b-\u200f\ufeff]+")
_ACCOUNT = re.compile(r"^[0-9]{10,30}$")
_SCIENTIFIC = re.compile(r"^[0-9](\.[0-9]*)?E\+?[0-9]{1,2}$", re.IGNORECASE)
_CITIZEN = re.compile(r"^[0-9]{17}[0-9X]$")
_SOCIAL_CARD = re.compile(r"^[A-Z][0-9]{8}$")

_EXCEL = "请在表格里把该列设成“文本”格式后重新填写；末几位已经丢失，不能补猜。"
_RETYPE = "请对照存折或银行卡重新填写。"


@dataclass(frozen=True, slots=True)
class AccountReading:
    """An accepted account number (digits only) and what a person should look at."""

    value: str
    warnings: tuple[str, ...] = ()


def check_account(raw: str) -> AccountReading:
    """Read an account number of 10 to 30 digits; raises ValueFault.

    Blanks and hyphens between groups go away; a number of card length that fails Luhn only warns
    (reference §2.2).
    """
    text = unicodedata.normalize("NFKC", raw).strip()
    value = _FILLERS.sub("", text).upper()
    if _SCIENTIFIC.match(value):
        raise ValueFault(f"账号变成了科学计数“{value}”", _EXCEL)
    if _SOCIAL_CARD.match(value) or (value.endswith("X") and _CITIZEN.match(value)):
        raise ValueFault("填的是社会保障卡卡号或身份证号", "发放只能用银行账号，请填写社保卡上的“银行账号”。")
    if not _ACCOUNT.match(value):
        raise ValueFault("账号应为 10 到 30 位数字", _RETYPE)
    return AccountReading(value, _warnings(value))


def luhn(digits: str) -> bool:
    """Whether the last digit is the Luhn check digit of the others."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        number = int(digit) * (1 + place % 2)
        total += number - 9 if number > 9 else number
    return total % 10 == 0


def _warnings(value: str) -> tuple[str, ...]:
    found: list[str] = []
    if 16 <= len(value) <= 19 and not luhn(value):
        found.append("账号像银行卡号但校验位不符；若是存折账号可以保留，请核对一遍")
    if len(value) > 15 and value.endswith("000"):
        found.append("账号末三位是 000，请核对是否被表格截断")
    return tuple(found)


def mask_account(value: str) -> str:
    """Only the last four digits."""
    return "*" * max(0, len(value) - 4) + value[-4:]
