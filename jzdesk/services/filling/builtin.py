"""The two forms that the program brings along: the roll system's collection sheet, and the county's statistics."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from jzdesk.core.errors import UserError
from jzdesk.core.kinds import Account, CitizenIdNumber, Code, Integer, LongText, Money, RollNumber, Text, YesNo
from jzdesk.services.filling import columns, statistics
from jzdesk.sheets.blank_form import BlankColumn, BlankForm, blank_form
from jzdesk.sheets.columns import Column
from jzdesk.sheets.writer import MONEY_FORMAT, TEXT_FORMAT
from jzdesk.sheets.written import BOTH, written

_GROUPS = (
    (1, "学生个人基础信息"), (14, "学生个人辅助信息"), (22, "学籍基本信息"), (28, "个人联系信息"),
    (35, "个人扩展信息"), (46, "交通信息"), (49, "家庭成员或监护人一"), (61, "家庭成员或监护人二"),
)  # fmt: skip
_COLLECTION_NOTE = (
    "带 * 的必填。出生地、户口所在地填 12 位行政区划代码；日期填 8 位数字（20160507），入学年月填 6 位数字（202209）；"
    "有下拉列表的从列表中选，写成“代码-名称”。"
)
_FIGURES_NOTE = "填报单位：　　　　　　　　学期：　　　　　　　　单位：人、人次、元"
_FIGURES_RULES = (
    "说明：1. 人次按发放笔数计，退回的不计；人数按学生去重，一名学生享受多个项目只计一人。2. 占比＝受助人数÷在校数，"
    "合计行用人数相加再算；没有在校生时填“—”。3. 只统计现金补助，供餐、减免、贷款另表统计。"
    "4. 一名学生有多种困难情况的，分别计入“其中”各栏。"
)
_FIGURES_FOOT = (
    _FIGURES_RULES,
    "制表人：　　　　　　审核人：　　　　　　校长：　　　　　　日期：　　　　年　　月　　日",
)


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """A form the program brings along: its code for commands, its name, and what it is."""

    code: str
    label: str
    explain: str
    make: Callable[[], BlankForm]

    @property
    def file(self) -> Path:
        """The name of its file."""
        return Path(f"{self.label}.xlsx")

    def content(self) -> bytes:
        """The blank form."""
        return blank_form(self.make(), self.file)


def _collection() -> BlankForm:
    by_key, keys = columns.by_key(), columns.collected()
    made = []
    for row in columns.collection_rows():
        number = int(row["no"])
        column = by_key.get(keys.get(number, ""))
        heading = f"{'*' if row['required'] == '1' else ''}{row['header']}"
        group = next(name for first, name in reversed(_GROUPS) if number >= first)
        made.append(BlankColumn(heading, group, _width(column, heading), _choices(column)))
    return BlankForm("学籍信息采集表", _COLLECTION_NOTE, made, 60)


def _width(column: Column | None, heading: str) -> float:
    kind = column.spec.kind if column is not None else None
    if isinstance(kind, CitizenIdNumber | RollNumber | Account):
        return 22
    long = isinstance(kind, LongText) or (isinstance(kind, Text) and kind.length >= 100)
    return 30 if long else max(10, len(heading) * 1.1 + 4)


def _choices(column: Column | None) -> tuple[str, ...]:
    """What the collection sheet lets people choose: `2-住校`."""
    if column is None or column.key not in columns.coded_by_collection():
        return ()
    assert isinstance(column.spec.kind, Code | YesNo)
    return tuple(str(written(column, code, BOTH)) for code, _ in column.spec.kind.items())


def _figures() -> BlankForm:
    headings = {
        "school": ("学校", 24), "stage": ("学段", 10), "programme": ("资助项目", 30), "pupils": ("在校数", 9),
        "poor": ("困难生数", 9), "times": ("受助人次", 9), "persons": ("受助人数（去重）", 11),
        "fen": ("金额（元）", 14), "share": ("占比（%）", 9),
    }  # fmt: skip
    made = []
    for column in statistics.columns():
        name = column.spec.name
        heading, width = headings.get(name, (column.label, 9))
        if name != "cover":
            group = "" if name in headings else "其中（受助人数）"
            made.append(BlankColumn(heading, group, width, format=_format(column)))
    return BlankForm("受助学生统计表", _FIGURES_NOTE, made, 12, "合计", 3, _FIGURES_FOOT)


def _format(column: Column) -> str:
    if column.key in statistics.RATIOS:
        return "0.0"
    kind = column.spec.kind
    return MONEY_FORMAT if isinstance(kind, Money) else "0" if isinstance(kind, Integer) else TEXT_FORMAT


FORMS = {
    form.code: form
    for form in (
        BuiltIn("xueji", "学籍信息采集表", "学籍系统首次采集的 72 项，每名学生一行", _collection),
        BuiltIn("f5", "受助学生统计表", "按学校、学段、项目统计，人次与人数分列", _figures),
    )
}


def built_in(code: str) -> BuiltIn:
    """The form of that code; raises UserError."""
    if (found := FORMS.get(code)) is None:
        raise UserError(f"没有叫“{code}”的内置表格", f"内置的有：{'、'.join(FORMS)}；也可以给出一份表格的路径。")
    return found
