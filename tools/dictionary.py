"""Writes the data dictionary of the manual from the specs of all entities and the code tables.

python -m tools.dictionary [--check]
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from jzdesk.core.fields import EntitySpec, FieldSpec
from jzdesk.core.kinds import (
    Account,
    CitizenIdNumber,
    Code,
    Date,
    Integer,
    Kind,
    LongText,
    Money,
    Month,
    OpenCode,
    Options,
    PersonName,
    Phone,
    Pinyin,
    Reference,
    RollNumber,
    TermText,
    Text,
    YesNo,
)
from jzdesk.models import SPECS
from jzdesk.services.filling import columns

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "manual" / "data-dictionary.md"
_HEAD = """# 数据字典

本页由程序按各台账的字段说明生成（`make dictionary`），请不要手工修改。“认得的表头”是导入、填表时当作这一栏的列标题；
带括号、星号、序号的写法也认得。代码存储，名称显示；`2`、`住校`、`2-住校` 三种写法导入时都认得。
"""
_OWN = "本软件自定，不是国家标准"
# Where each table comes from.
_SOURCES = {
    "boarding": "全国中小学生学籍系统：1 走读、2 住校",
    "closure_reason": _OWN,
    "difficulty_type": f"名称按 2024–2025 年认定表口径，代码{_OWN}",
    "disability": "GB/T 26341-2010",
    "disability_level": "GB/T 26341-2010，一级最重",
    "enrolment_event": _OWN,
    "ethnic": "GB/T 3304；97 其他、98 外国血统",
    "grade": _OWN,
    "health": "学籍系统健康状况",
    "household_attr": f"防返贫监测口径，代码{_OWN}",
    "hukou": "学籍系统户口性质",
    "id_doc_type": "学籍系统身份证件类型",
    "inclusive_class": "学籍系统随班就读，代码待核实",
    "left_behind": "学籍系统留守儿童（教育口径）",
    "poverty_cause": "建档立卡致贫原因；各系统次序不一，按名称匹配",
    "relation": "GB/T 4761-2008 两位码",
    "school_id_prefix": "学校（机构）标识码编制规则，前两位",
    "sex": "GB/T 2261.1",
    "stage": _OWN,
    "student_status": _OWN,
    "visit_method": _OWN,
}
_LONG = frozenset({"admin_yizhang", "xueji_columns"})  # lists of hundreds, and the collection sheet itself
_NAMES: dict[type[Kind], str] = {
    Account: "银行账号",
    CitizenIdNumber: "证件号",
    Date: "日期（2025-09-10）",
    Money: "金额（存分，填元）",
    Month: "年月（2023-09）",
    PersonName: "姓名",
    Phone: "电话",
    Pinyin: "拼音",
    RollNumber: "学籍号",
    TermText: "学期（2025-2026-1）",
    YesNo: "是否",
}


def text() -> str:
    """The whole page."""
    parts = [_HEAD, "## 台账\n", "".join(f"- [{spec.label}](#{_anchor(spec)})\n" for spec in SPECS.values())]
    parts += [_entity(spec) for spec in SPECS.values()]
    parts += ["## 代码表\n", *map(_table, sorted(_tables())), "## 学籍信息采集表的 72 项\n", _collection()]
    return "\n".join(parts)


def _anchor(spec: EntitySpec) -> str:
    return f"{spec.label}-{spec.name}"


def _entity(spec: EntitySpec) -> str:
    owner = "县教育局维护，随回执下发" if spec.owner == "county" else "学校维护，随数据包上报"
    managed = f"；由“{spec.managed}”页面维护" if spec.managed else ""
    heading = ("字段", "代码名", "种类", "必填", "敏感", "认得的表头", "说明")
    rows = [_field(field) for field in spec]
    return f"### {spec.label} {spec.name}\n\n{owner}{managed}。\n\n{_grid(heading, rows)}"


def _field(field: FieldSpec) -> tuple[str, ...]:
    required, sensitive = ("是" if mark else "" for mark in (field.required, field.sensitive))
    others = "、".join(heading for heading in field.headings() if heading != field.label)
    return field.label, f"`{field.name}`", kind_words(field.kind), required, sensitive, others, field.help


def kind_words(kind: Kind) -> str:
    """What kind of value a field has, in words."""
    if isinstance(kind, Reference):
        return f"关联 {SPECS[kind.entity].label}"
    if isinstance(kind, Code):
        return f"代码 `{kind.table}`"
    if isinstance(kind, OpenCode):
        where = (f"`{kind.table}`" if kind.table else "", SPECS[kind.entity].label if kind.entity else "")
        return f"代码 {'，'.join(filter(None, where))}，可以增加"
    if isinstance(kind, Options):
        return "选项：" + "、".join(label for _, label in kind.choices)
    if isinstance(kind, Integer):
        return f"整数 {kind.low}–{kind.high}"
    if isinstance(kind, LongText | Text):
        return f"{'长' if isinstance(kind, LongText) else ''}文字，最多 {kind.length} 字"
    return _NAMES.get(type(kind), type(kind).__name__)


def _tables() -> set[str]:
    """Every code table that is shipped, but for the long lists."""
    return {path.stem for path in (ROOT / "resources" / "codes").glob("*.csv")} - _LONG


def _table(name: str) -> str:
    with (ROOT / "resources" / "codes" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        rows = [(f"`{line[0]}`", line[1]) for line in list(csv.reader(file))[1:]]
    return f"### {name}\n\n来源：{_SOURCES.get(name, _OWN)}。\n\n{_grid(('代码', '名称'), rows)}"


def _collection() -> str:
    by_key, keys = columns.by_key(), columns.collected()
    rows = []
    for row in columns.collection_rows():
        column = by_key.get(keys.get(int(row["no"]), ""))
        required = "是" if row["required"] == "1" else ""
        gets = f"{column.label}（`{column.key}`）" if column is not None else "不填"
        rows.append((row["no"], row["header"], required, row["code_table"], row["aliases"].replace("|", "、"), gets))
    return _grid(("项", "表头", "必填", "代码表", "又称", "填写的栏目"), rows)


def _grid(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join(f"| {' | '.join(_cells(line))} |" for line in lines) + "\n"


def _cells(line: Sequence[str]) -> Iterator[str]:
    for cell in line:
        yield cell.replace("|", "/").replace("\n", " ")


def main(argv: list[str]) -> int:
    """Write the page; with `--check` only say whether it is current."""
    wanted = text()
    current = TARGET.read_text("utf-8") if TARGET.exists() else ""
    if wanted == current:
        return 0
    if "--check" in argv:
        print("docs/manual/data-dictionary.md 已过时，请运行 make dictionary。", file=sys.stderr)
        return 1
    TARGET.write_text(wanted, "utf-8")
    print(f"已写出 {TARGET.relative_to(ROOT)}。")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
