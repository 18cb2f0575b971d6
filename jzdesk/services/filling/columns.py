"""What can stand in a column of somebody's form: the columns of the roll import, and what else a record tells.

Import and filling share one description (`services.importing.columns`), so a heading means the same both ways.
"""

from __future__ import annotations

import csv
from functools import cache

from jzdesk.core.fields import FieldSpec
from jzdesk.core.kinds import Integer, Text
from jzdesk.core.resources import resource
from jzdesk.models import BankAccount, Household, School, Staff
from jzdesk.services.importing import columns
from jzdesk.sheets.columns import Column
from jzdesk.sheets.fill import SERIAL

# Numbers of the collection sheet (xueji_columns.csv, reference §5.1) → key; 13 (照片) is no text and stays alone.
_COLLECTED = {
    1: "student.name", 2: "student.sex", 3: "student.birth", 4: "student.birth_place", 5: "student.native_place",
    6: "student.ethnic", 7: "student.nationality", 8: "student.id_type", 9: "student.id_number",
    10: "student.overseas", 11: "student.political", 12: "student.health", 14: "student.pinyin",
    15: "student.former_name", 16: "student.id_valid_to", 17: "student.hukou_division", 18: "student.hukou_kind",
    19: "student.talent", 20: "student.aux_number", 21: "enrolment.class_number", 22: "enrolment.grade",
    23: "enrolment.school_class", 24: "enrolment.entry_month", 25: "enrolment.entry_mode", 26: "enrolment.boarding",
    27: "enrolment.source", 28: "student.address", 29: "student.mailing_address", 30: "student.family_address",
    31: "student.phone", 32: "student.postcode", 33: "student.email", 34: "student.homepage",
    35: "student.only_child", 36: "student.preschool", 37: "student.left_behind", 38: "student.migrant",
    39: "student.orphan", 40: "student.martyr_child", 41: "student.inclusive", 42: "student.disability",
    43: "student.bought_place", 44: "student.asks_aid", 45: "student.one_subsidy", 46: "student.distance",
    47: "student.transport", 48: "student.school_bus",
}  # fmt: skip
_OF_MEMBER = (
    "name", "relation", "relation_note", "ethnic", "work", "address", "hukou_division", "phone", "is_guardian",
    "id_type", "id_number", "post",
)  # fmt: skip
_FIRST_MEMBER = 49
DIVISIONS = frozenset(
    {"student.birth_place", "student.hukou_division", "household.division"}
    | {f"member{number}.hukou_division" for number in columns.MEMBERS}
)
_HOUSEHOLD = ("number", "head", "division", "village_group", "attr", "cause", "members_count", "annual_income")


@cache
def collected() -> dict[int, str]:
    """Number of the collection sheet → key of the value."""
    members = {
        _FIRST_MEMBER + place * len(_OF_MEMBER) + at: f"member{number}.{name}"
        for place, number in enumerate(columns.MEMBERS)
        for at, name in enumerate(_OF_MEMBER)
    }
    return _COLLECTED | members


@cache
def collection_rows() -> list[dict[str, str]]:
    """The 72 rows of xueji_columns.csv: no, header, required, code_table, aliases, note."""
    with resource("codes", "xueji_columns.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def required_by_collection() -> frozenset[str]:
    """Keys of what the collection sheet requires."""
    keys = collected()
    return frozenset(
        keys[int(row["no"])] for row in collection_rows() if row["required"] == "1" and int(row["no"]) in keys
    )


@cache
def coded_by_collection() -> frozenset[str]:
    """Keys that the collection sheet writes as `2-住校`: those of a code table that is not our own."""
    keys = collected()
    tables = {int(row["no"]): row["code_table"] for row in collection_rows()}
    return frozenset(key for number, key in keys.items() if tables[number] not in ("", "admin12"))


@cache
def people() -> tuple[Column, ...]:
    """Every column a form about students may have; what the collection sheet calls it is understood too."""
    called = _collection_headings()
    roll = [_also(column, called.get(column.key, ())) for column in columns.roll()]
    return (Column(SERIAL, FieldSpec("序号", Integer(1), "serial", aliases=("编号", "行号"))), *roll, *_around())


def _also(column: Column, headings: tuple[str, ...]) -> Column:
    """The column, understanding these headings besides."""
    more = tuple(text for text in headings if text not in column.understood())
    return Column(column.key, column.spec, column.essential, column.headings, (*column.aliases, *more), column.optional)


def _collection_headings() -> dict[str, tuple[str, ...]]:
    """Key → headings and aliases of the collection sheet."""
    keys = collected()
    return {
        keys[int(row["no"])]: (row["header"], *filter(None, row["aliases"].split("|")))
        for row in collection_rows()
        if int(row["no"]) in keys
    }


def _around() -> list[Column]:
    """What belongs to a student without being on the roll: school, hardships, household, account, caseworker."""
    school, account = School.spec, BankAccount.spec
    house = [Column(f"household.{name}", Household.spec[name], headings=_house_headings(name)) for name in _HOUSEHOLD]
    return [
        Column("school.name", school["name"], headings=("学校名称", "学校", "就读学校", "学籍学校")),
        Column("school.code", school["code"], headings=("学校标识码", "学校代码", "学校（机构）标识码")),
        Column("hardship.labels", FieldSpec("困难类型", Text(200), "hardships", aliases=("特殊困难类型", "困难类别"))),
        *house,
        Column("account.holder", account["holder"], aliases=("账户户名", "开户名", "账户名")),
        Column("account.relation", account["relation"], headings=("账户与学生关系", "领款人与学生关系")),
        Column("account.bank", account["bank"], aliases=("开户银行", "开户行名称")),
        Column("account.account", account["account"]),
        Column("caseworker.name", Staff.spec["name"], headings=("帮扶责任人", "责任人姓名", "责任人", "帮扶教师")),
        Column("caseworker.phone", Staff.spec["phone"], headings=("责任人联系电话", "责任人电话")),
    ]


def _house_headings(name: str) -> tuple[str, ...]:
    """A household's headings; those that the student has too are told apart by 户."""
    own = tuple(text for text in Household.spec[name].headings() if text not in ("户口所在地", "户口所在地行政区划"))
    return own or Household.spec[name].headings()


def by_key() -> dict[str, Column]:
    """Key → column."""
    return {column.key: column for column in people()}
