"""What a column holds, told from its cells: for headings that nobody knows, and for headings that promise otherwise."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from jzdesk.core.errors import ValueFault
from jzdesk.core.kinds import Account, CitizenIdNumber, Code, Date, Month, PersonName, Phone, RollNumber, Text
from jzdesk.sheets.cells import Cell, Cells, holds, shown
from jzdesk.sheets.columns import Column

_SAMPLE_ROWS, _SAMPLES, _LOOK_AT = 300, 40, 25
_MOST, _NAMES = 0.8, 0.6  # so many of the cells must agree; of names fewer, for surnames are many
_SAYS_NOTHING = frozenset({"无", "否", "是", "有", "其他", "其它"})
_SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪"
    "范金石廖贾夏韦付傅方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤欧阳文易常温康施葛申刁华"
)
_ID = re.compile(r"[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])[0-3]\d{4}[\dXx]")
_ROLL = re.compile(r"[GJLgjl][1-9]\d{16}[\dXx]")
_PHONE = re.compile(r"1[3-9]\d{9}")
_ACCOUNT = re.compile(r"\d{16,19}")
_DAY = re.compile(r"(?:19|20)\d{2}(?:(?:0[1-9]|1[0-2])[0-3]\d|[-./年]\d{1,2}[-./月]\d{1,2}日?)")
_MONTH = re.compile(r"(?:19|20)\d{2}(?:(?:0[1-9]|1[0-2])|[-./年]\d{1,2}月?)")
_CLASS = re.compile(r"(?:.{0,6}年级)?[(（]?(?:\d{1,4}|[一二三四五六七八九十]{1,3})[)）]?班")
_SCHOOL = re.compile(r".{2,30}(?:小学|中学|学校|教学点|幼儿园)")
_ADDRESS = re.compile(r".*[省县区市镇乡].*[村组路街号屯寨].*")
_NAME = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]{2,4}|[\u3400-\u9fff]+·[\u3400-\u9fff·]+")


@dataclass(frozen=True, slots=True)
class Look:
    """One thing that cells can look like: its name, the test of one text, the columns it can fill, how many agree.

    A `strict` look contradicts a heading that promises something else.
    """

    name: str
    test: Callable[[str], bool]
    fits: Callable[[Column], bool]
    strict: bool = False
    share: float = _MOST


def _of_kind(*kinds: type) -> Callable[[Column], bool]:
    return lambda column: isinstance(column.spec.kind, kinds)


def _called(*words: str) -> Callable[[Column], bool]:
    return lambda column: (
        type(column.spec.kind) is Text and any(word in text for word in words for text in column.understood())
    )


def _of_table(name: str) -> Callable[[Column], bool]:
    return lambda column: isinstance(column.spec.kind, Code) and column.spec.kind.table == name


def _whole(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda text: pattern.fullmatch(text) is not None


def _understood_by(table: str, *marks: str) -> Callable[[str], bool]:
    """Texts of a code table that hold one of the marks: a bare 1 could mean anything."""

    def test(text: str) -> bool:
        return any(mark in text for mark in marks) and _parses(Code(table), text)

    return test


def _is_name(text: str) -> bool:
    return text[:1] in _SURNAMES and _NAME.fullmatch(text) is not None


def _parses(kind: Code, text: str) -> bool:
    try:
        kind.read(text)
    except ValueFault:
        return False
    return True


LOOKS = (
    Look("身份证件号", _whole(_ID), _of_kind(CitizenIdNumber), strict=True),
    Look("学籍号", _whole(_ROLL), _of_kind(RollNumber), strict=True),
    Look("手机号码", _whole(_PHONE), _of_kind(Phone), strict=True),
    Look("日期", _whole(_DAY), _of_kind(Date), strict=True),
    Look("年月", _whole(_MONTH), _of_kind(Month)),
    Look("银行账号", _whole(_ACCOUNT), _of_kind(Account)),
    Look("性别", _understood_by("sex", "男", "女"), _of_table("sex"), strict=True),
    Look("年级", _understood_by("grade", "年级", "初", "高", "班"), _of_table("grade")),
    Look("班级", _whole(_CLASS), _called("班级", "班别")),
    Look("民族", _understood_by("ethnic", "族"), _of_table("ethnic")),
    Look("就读方式", _understood_by("boarding", "住", "走读", "寄宿"), _of_table("boarding")),
    Look("学校名称", _whole(_SCHOOL), _called("就读学校")),
    Look("住址", _whole(_ADDRESS), _called("住址", "地址")),
    Look("姓名", _is_name, _of_kind(PersonName), share=_NAMES),
)


def samples(rows: Sequence[Cells], last: int, place: int, count: int = _SAMPLES) -> list[Cell]:
    """The first cells of a column below the heading that hold anything."""
    found: list[Cell] = []
    for row in rows[last : last + _SAMPLE_ROWS]:
        if place < len(row) and holds(row[place]):
            found.append(row[place])
            if len(found) == count:
                break
    return found


def look_of(cells: Sequence[Cell]) -> Look | None:
    """What the cells of a column look like; None when nothing fits most of them."""
    texts = [_text(cell) for cell in cells]
    if not texts:
        return None
    return next((look for look in LOOKS if sum(map(look.test, texts)) >= look.share * len(texts)), None)


def _text(cell: Cell) -> str:
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat()
    return "".join(shown(cell).split())


def from_content(
    rows: Sequence[Cells], last: int, columns: Sequence[Column], places: Mapping[str, int]
) -> dict[str, int]:
    """Column key → place, for places that no heading explains but whose cells do; of several fields the first.

    Fields that are placed already are left alone. What could be several things (是, 否, a bare 1) is not guessed.
    """
    width = max((len(row) for row in rows[: last + _SAMPLE_ROWS]), default=0)
    taken, found = set(places.values()), dict[str, int]()
    for place in range(width):
        if place not in taken and (cells := samples(rows, last, place)):
            free = [column for column in columns if column.key not in places and column.key not in found]
            if (column := _meant(cells, free)) is not None:
                found[column.key] = place
    return found


def _meant(cells: Sequence[Cell], free: Sequence[Column]) -> Column | None:
    look = look_of(cells)
    if look is not None:
        return next(filter(look.fits, free), None)
    return next((column for column in free if _all_codes(column, cells)), None)


def _all_codes(column: Column, cells: Sequence[Cell]) -> bool:
    """Whether every cell is a label (and no bare number) of the column's code table."""
    kind = column.spec.kind
    texts = {_text(cell) for cell in cells}
    if not isinstance(kind, Code) or any(text.isdigit() for text in texts) or not texts - _SAYS_NOTHING:
        return False
    return all(_parses(kind, text) for text in texts)


def contradiction(column: Column, cells: Sequence[Cell]) -> str:
    """A sentence when the heading promises one thing and the cells look like another; else empty."""
    look = look_of(cells)
    if look is None or not look.strict or look.fits(column) or type(column.spec.kind) is Text:
        return ""
    return f"标题是“{column.label}”，内容看起来是{look.name}，请核对"


def first_data_row(rows: Sequence[Cells]) -> int | None:
    """The 0-based row in which people begin, told by their numbers, dates and sexes; None when there is none."""
    strict = [look for look in LOOKS if look.strict]
    for at, row in enumerate(rows[:_LOOK_AT]):
        texts = [_text(cell) for cell in row if holds(cell)]
        telling = sum(any(look.test(text) for look in strict) for text in texts)
        if telling >= 2 or any(_ID.fullmatch(text) for text in texts):  # a title may hold a date, never these
            return at
    return None
