"""Citizen ID numbers (GB 11643) and roll numbers: read, checked, compared, masked (reference §2.1, §2.2)."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import lru_cache
from operator import mul
from typing import NamedTuple

from jzdesk.core.errors import ValueFault

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ZEROS = ord("0") * sum(_WEIGHTS)
_CHECKS = "10X98765432"

_CITIZEN = re.compile(r"^[0-9]{17}[0-9X]$")
_LEGACY = re.compile(r"^[0-9]{15}$")
_DISABILITY = re.compile(r"^([0-9]{17}[0-9X])([1-7])([1-4])(B[0-9]{1,2})?$")
_ROLL = re.compile(r"^[GJL]([0-9]{17}[0-9X])$")
_SCIENTIFIC = re.compile(r"^[0-9](\.[0-9]*)?E\+?[0-9]{1,2}$")
_OLD_RESIDENCE = re.compile(r"^[A-Z]{3}[0-9]{12}$")
_OTHER_DOCUMENT = re.compile(r"^[0-9A-Z()/-]{4,30}$")
_BLANKS = re.compile("[\\s\u200b-\u200f\u2060\ufeff]+")
_QUOTES = "'’‘`\"“”"
# What people and scanners write for the check character X: Cyrillic and Greek letters, the sign of multiplication.
_LOOKS_LIKE_X = str.maketrans({"×": "X", "✕": "X", "╳": "X", "Х": "X", "х": "X", "Χ": "X", "χ": "X"})
_STARS = "*＊●•"

_PROVINCES = frozenset(
    [
        "11",
        "12",
        "13",
        "14",
        "15",
        "21",
        "22",
        "23",
        "31",
        "32",
        "33",
        "34",
        "35",
        "36",
        "37",
        "41",
        "42",
        "43",
        "44",
        "45",
        "46",
        "50",
        "51",
        "52",
        "53",
        "54",
        "61",
        "62",
        "63",
        "64",
        "65",
        "71",
    ]
)
_RESIDENCE = frozenset({"810000", "820000", "830000"})
# The counties of 郴州 with their codes before and after 1994, so that "known here" is not too narrow.
_NEIGHBOURS = frozenset(f"4310{county:02d}" for county in (2, 3, *range(21, 29), 81)) | frozenset(
    f"4328{county:02d}" for county in (1, 2, *range(21, 32))
)

# Document types (resources/codes/id_doc_type.csv) whose numbers follow GB 11643.
_CITIZEN_KINDS = frozenset({"1", "L"})
_RESIDENT_KIND = "9"

_EARLIEST_YEAR = 1850
# A PC that wakes up in 2009 must not call a child of 2019 unborn: the clock counts only when it is later.
_BUILT = "2026-12-31"
_EVER = "9999-12-31"

_EXCEL = "请在表格里把该列设成“文本”格式，从原系统重新导出后再填；号码的末几位已经丢失，不能补猜。"
_RETYPE = "请对照证件重新填写。"

IdWarning = tuple[str, str]


class IdFault(ValueFault):
    """A number that cannot be accepted.

    `kind` is one of empty, sci, precision_loss, bad_format, masked, bad_date, future_date, bad_check, legacy15.
    """

    def __init__(self, kind: str, problem: str, remedy: str) -> None:
        super().__init__(problem, remedy)
        self.kind = kind


class IdReading(NamedTuple):
    """An accepted number.

    `value` is the normalised number (18 or, for an adult's old card, 15 characters); `birth` ISO text, `sex`
    "1" or "2", `division` the six leading digits: empty where the document does not say. `notes` are sentences
    about what was put right, `warnings` sentences that a person has to confirm, `kinds` the machine-readable
    names of both. `disability` and `level` are class and level that the number of a disability card carried.
    """

    value: str
    birth: str = ""
    sex: str = ""
    division: str = ""
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    disability: str = ""
    level: str = ""


def told(number: str) -> tuple[str, str] | None:
    """(birth, sex) that a stored number of 18 characters tells, without checking it again; None for other numbers."""
    if len(number) != 18 or not number[:17].isdigit():
        return None
    return f"{number[6:10]}-{number[10:12]}-{number[12:14]}", "1" if int(number[16]) % 2 else "2"


def check(
    raw: object,
    today: str | None = None,
    kind: str = "1",
    known: Collection[str] | None = None,
) -> IdReading:
    """Read an identity document number; raises IdFault.

    `today` (ISO) bounds the birth date; without it the clock does, but never earlier than this program was
    built. `kind` is the code of the document type. `known` are six-digit division codes of the county: a
    prefix of the same prefecture that is not among them is asked about; others are judged by province only.
    """
    text = _text_of(raw)
    if kind == "1" and known is None and (usual := _usual(text)) is not None and usual.birth <= (today or _BUILT):
        return usual
    tidied = _tidy(text)
    if kind not in _CITIZEN_KINDS and not (kind == _RESIDENT_KIND and _CITIZEN.match(tidied.value)):
        return _other_document(tidied, kind)
    if _LEGACY.match(tidied.value):
        return _legacy(tidied, today)
    tidied = _unwrap(tidied)
    if not _CITIZEN.match(tidied.value):
        raise _bad_format(tidied.value)
    return _citizen(tidied.value, tidied, today, kind, known)


@lru_cache(maxsize=16384)
def _usual(text: str) -> IdReading | None:
    """A resident's number with which nothing is wrong, whatever day it is; an import meets each several times."""
    try:
        return _citizen(text, _CLEAN, _EVER, "1", None) if text.isascii() and _CITIZEN.match(text) else None
    except IdFault:
        return None


@dataclass(frozen=True, slots=True)
class _Tidied:
    """A number while it is put right: what was done so far, in words and by name."""

    value: str
    notes: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    disability: str = ""
    level: str = ""

    def then(self, value: str, kind: str, note: str) -> _Tidied:
        """The number after one more step."""
        return replace(self, value=value, notes=(*self.notes, note), kinds=(*self.kinds, kind))


_CLEAN = _Tidied("")  # for the usual number, of which nothing has to be put right


def _text_of(raw: object) -> str:
    """The cell as text; a number cell of more than 15 digits has already lost the last ones."""
    if isinstance(raw, str):
        return raw
    if isinstance(raw, bool) or not isinstance(raw, int | float) or raw != raw or raw != int(raw):
        raise IdFault("bad_format", "证件号不是文字", _RETYPE)
    if abs(raw) >= 10**15:
        raise IdFault("precision_loss", "证件号是数值单元格，末几位已经丢失", _EXCEL)
    return str(int(raw))


def _tidy(text: str) -> _Tidied:
    """Half-width, without blanks and quotes, X in capitals; raises IdFault when nothing is left."""
    tidied = _Tidied(text.strip())
    if (half := unicodedata.normalize("NFKC", tidied.value)) != tidied.value:
        tidied = tidied.then(half, "normalize", "证件号里的全角字符已转成半角")
    if (tight := _BLANKS.sub("", half).strip(_QUOTES)) != half:
        tidied = tidied.then(tight, "blanks", "证件号里的空格和引号已去掉")
    if (upper := tight.upper()) != tight:
        tidied = tidied.then(upper, "uppercase", "证件号里的小写字母已改成大写")
    if not upper:
        raise IdFault("empty", "证件号是空的", _RETYPE)
    if (plain := upper.translate(_LOOKS_LIKE_X)) != upper:
        tidied = tidied.then(plain, "look_alike", "证件号末位的乘号或外文字母已改成 X")
    return tidied


def _unwrap(tidied: _Tidied) -> _Tidied:
    """Take the citizen number out of a roll number (G…) or a disability card's number (…43)."""
    if (match := _ROLL.match(tidied.value)) and tidied.value[0] == "G":
        return tidied.then(match[1], "strip_G", "填的是学籍号，已去掉前面的 G")
    if match := _DISABILITY.match(tidied.value):
        note = "填的是残疾人证号，已去掉后面的类别和等级"
        return replace(tidied.then(match[1], "strip_disability", note), disability=match[2], level=match[3])
    return tidied


def _bad_format(value: str) -> IdFault:
    if _SCIENTIFIC.match(value):
        return IdFault("sci", f"证件号变成了科学计数“{value}”", _EXCEL)
    if any(star in value for star in _STARS):
        return IdFault("masked", "证件号带星号，是打了码的号码", "请找到完整的号码再填；打码的几位不能补猜。")
    if set(value) & {"O", "I", "L"} and _CITIZEN.match(value.translate(str.maketrans("OIL", "011"))):
        return IdFault("bad_format", "证件号里有字母 O、I 或 L，多半是数字 0 或 1", _RETYPE)
    if not re.fullmatch(r"[0-9X]+", value):
        return IdFault("bad_format", "证件号里有数字和 X 以外的字符", _RETYPE)
    if "X" in value[:-1]:
        return IdFault("bad_format", "证件号的 X 不在末位", _RETYPE)
    return IdFault("bad_format", f"证件号有 {len(value)} 位，应为 18 位", _RETYPE)


def check_character(seventeen: str) -> str:
    """The last character that belongs to the first 17 digits (ISO 7064 MOD 11-2)."""
    return _CHECKS[(sum(map(mul, seventeen.encode(), _WEIGHTS)) - _ZEROS) % 11]


def _citizen(value: str, tidied: _Tidied, today: str | None, kind: str, known: Collection[str] | None) -> IdReading:
    """An 18-character number, of whichever document."""
    expected = check_character(value[:17])
    zeros = value.endswith("000")
    # One real number in a thousand ends in 000; a lost one keeps its check character once in eleven.
    if zeros and expected != "0":
        raise IdFault("precision_loss", "证件号末三位是 000，很可能被表格截断", _EXCEL)
    birth = _birth(value[6:14], today)
    if value[17] != expected:
        remedy = f"按前 17 位推算末位应为 {expected}；请对照证件核对是哪一位写错了。"
        raise IdFault("bad_check", f"证件号末位 {value[17]} 与校验位不符", remedy)
    if zeros:
        tidied = tidied.then(value, "zeros", "证件号末三位是 000 而校验位相符，已照录；请留意是否被表格截断")
    questions = _questions(value, kind, known)
    return IdReading(
        value,
        birth,
        "1" if int(value[16]) % 2 else "2",
        value[:6],
        tidied.notes,
        tuple(sentence for _, sentence in questions),
        tidied.kinds + tuple(name for name, _ in questions),
        tidied.disability,
        tidied.level,
    )


def _birth(digits: str, today: str | None) -> str:
    """`20120315` as ISO text; raises IdFault for a day that does not exist or has not come."""
    birth = f"{digits[:4]}-{digits[4:6]}-{digits[6:]}"
    try:
        year = dt.date.fromisoformat(birth).year
    except ValueError:
        year = 0
    if year < _EARLIEST_YEAR:
        raise IdFault("bad_date", f"证件号里的出生日期 {birth} 不存在", _RETYPE)
    # The clock is asked only about a birth that this program could not have known.
    if birth > (today or _BUILT) and birth > _latest(today):
        raise IdFault("future_date", f"证件号里的出生日期 {birth} 还没有到", _RETYPE)
    return birth


def _latest(today: str | None) -> str:
    return today if today is not None else max(f"{dt.datetime.now().astimezone():%Y-%m-%d}", _BUILT)


def _questions(value: str, kind: str, known: Collection[str] | None) -> tuple[IdWarning, ...]:
    """What a person has to confirm about a number that is formally right."""
    found: list[IdWarning] = []
    if value[0] == "9" and kind != _RESIDENT_KIND:
        found.append(("doc_type", "9 开头的是外国人永久居留身份证，请把证件类型改为“境外永久居住证”"))
    elif value[0] != "9" and not _prefix_known(value[:6], known):
        found.append(("prefix_unknown", f"证件号前六位 {value[:6]} 不是已知的行政区划，请对照证件确认"))
    return tuple(found)


def _prefix_known(prefix: str, known: Collection[str] | None) -> bool:
    """Never a reason to refuse: codes were reassigned, and parents keep theirs (reference §0 rule 9)."""
    if prefix in _RESIDENCE:
        return True
    if prefix[:2] not in _PROVINCES:
        return False
    if known is None or prefix in known or prefix in _NEIGHBOURS:
        return True
    return all(code[:4] != prefix[:4] for code in known)


def _legacy(tidied: _Tidied, today: str | None) -> IdReading:
    """An old 15-digit number: only adults have one; its long form is a suggestion for a person to confirm."""
    value = tidied.value
    birth = _birth(_legacy_century(value) + value[6:12], today)
    if _years_between(birth, _latest(today)) < 18:
        raise IdFault("legacy15", "15 位旧证件号只可能属于成年人", "请填写 18 位证件号。")
    long = lengthen(value)
    warning = f"15 位旧证件号已停用，推算的 18 位号码末四位是 {long[-4:]}，请对照现用证件换成 18 位"
    sex = "1" if int(value[14]) % 2 else "2"
    return IdReading(value, birth, sex, value[:6], tidied.notes, (warning,), (*tidied.kinds, "legacy15"))


def _legacy_century(value: str) -> str:
    """Sequence codes 996–999 were kept for people born before 1900."""
    return "18" if value[12:] in ("996", "997", "998", "999") else "19"


def _years_between(first: str, last: str) -> int:
    return int(last[:4]) - int(first[:4]) - (last[5:] < first[5:])


def lengthen(fifteen: str) -> str:
    """The 18-character form of an old number; a suggestion that a person has to confirm (reference §2.1)."""
    seventeen = fifteen[:6] + _legacy_century(fifteen) + fifteen[6:]
    return seventeen + check_character(seventeen)


def of_adults_only(value: str) -> bool:
    """Whether a number is an old 15-digit one: a child of today never had one (reference §2.1)."""
    return _LEGACY.match(value) is not None


def document_of(value: str) -> str:
    """The code of the document (id_doc_type.csv) that an 18-character number says it belongs to; "" for others."""
    if not _CITIZEN.match(value):
        return ""
    if value[:6] in _RESIDENCE:
        return "L"
    return _RESIDENT_KIND if value[0] == "9" else "1"


def disability_card(raw: str) -> IdReading:
    """The number of a disability card: citizen number, class 1–7, level 1–4 and perhaps B and a serial; raises IdFault.

    `value` is the card's number, `disability` and `level` its class and level (reference §2.1).
    """
    tidied = _tidy(raw)
    match = _DISABILITY.match(tidied.value)
    if match is None:
        problem = f"残疾人证号有 {len(tidied.value)} 位，应为 18 位身份证号加类别 1 位、等级 1 位"
        raise IdFault("bad_format", problem, "请对照残疾人证重新填写。")
    inner = check(match[1])
    return inner._replace(value=tidied.value, disability=match[2], level=match[3])


def roll_body(value: str) -> str:
    """The 18 characters behind the letter of a roll number: equal for G, J and L of one child that kept its number."""
    return value[1:] if _ROLL.match(value) else ""


def _other_document(tidied: _Tidied, kind: str) -> IdReading:
    """Passports, permits, old residence cards: no check digit is known, only the form is looked at."""
    value = tidied.value
    if _SCIENTIFIC.match(value) and "." in value:
        raise _bad_format(value)
    if not _OTHER_DOCUMENT.match(value):
        raise IdFault("bad_format", "证件号码只能有 4 到 30 个字母和数字", _RETYPE)
    if kind == _RESIDENT_KIND and not _OLD_RESIDENCE.match(value):
        warning = "永久居留证号应为 18 位（9 开头）或 3 个字母加 12 位数字，请对照证件确认"
        return IdReading(value, notes=tidied.notes, warnings=(warning,), kinds=(*tidied.kinds, "doc_type"))
    return IdReading(value, notes=tidied.notes, kinds=tidied.kinds)


def compare(reading: IdReading, birth: str | None, sex: str | None) -> tuple[IdWarning, ...]:
    """Questions where a record's birth date (ISO) or sex code disagrees with its number: (kind, sentence)."""
    found: list[IdWarning] = []
    if birth and reading.birth and birth != reading.birth:
        found.append(("birth_mismatch", f"填报的出生日期 {birth} 与证件号里的 {reading.birth} 不一致，请核对"))
    if sex in ("1", "2") and reading.sex and sex != reading.sex:
        filled, read = _SEXES[sex], _SEXES[reading.sex]
        found.append(("sex_mismatch", f"填报的性别“{filled}”与证件号里的“{read}”不一致，请核对"))
    return tuple(found)


_SEXES = {"1": "男", "2": "女"}


def mask(value: str) -> str:
    """`431***********7475`: the first three and the last four characters (reference §7)."""
    if len(value) < 8:
        return "*" * len(value)
    return value[:3] + "*" * (len(value) - 7) + value[-4:]


@lru_cache(maxsize=8192)
def parse_roll_number(raw: str) -> IdReading:
    """学籍号: G, J or L and 18 characters; raises IdFault for another form.

    A G number whose check digit fails is only asked about (an ID may be corrected later); J and L numbers are
    not checked at all (reference §0 rule 10, §2.2). `birth`, `sex` and `division` are given for G numbers.
    """
    tidied = _tidy(raw)
    value = tidied.value
    if _SCIENTIFIC.match(value):
        raise IdFault("sci", f"学籍号变成了科学计数“{value}”", _EXCEL)
    if _CITIZEN.match(value):
        raise IdFault("bad_format", "学籍号缺少前面的字母", "正式学籍号是 G 加 18 位身份证号，请核对后补上。")
    if not _ROLL.match(value):
        raise IdFault("bad_format", "学籍号应为 G、J 或 L 加 18 位", "请对照学籍系统重新填写。")
    if value[0] != "G":
        return IdReading(value, notes=tidied.notes, kinds=tidied.kinds)
    return _formal_roll_number(tidied)


def _formal_roll_number(tidied: _Tidied) -> IdReading:
    """A G number repeats the citizen number it was made from; a formal error of that number is a question."""
    try:
        inner = check(tidied.value[1:])
    except IdFault as fault:
        warning = f"学籍号里的{fault.problem}，请对照学籍系统核对"
        return IdReading(tidied.value, notes=tidied.notes, warnings=(warning,), kinds=(*tidied.kinds, fault.kind))
    return IdReading(tidied.value, inner.birth, inner.sex, inner.division, tidied.notes, kinds=tidied.kinds)
