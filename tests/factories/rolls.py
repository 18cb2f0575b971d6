"""Workbooks as schools hand them in, for tests of imports, and what an import left in a station."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Table, select

from jzdesk.models import Record
from jzdesk.services.context import Context
from jzdesk.services.importing import ImportReport
from jzdesk.store.tables import parked_row
from jzdesk.store.verify import verify

EXAMPLES = Path(__file__).parents[2] / "examples"
ROLL_HEADINGS = (
    "*姓名", "性别", "出生日期", "身份证件类型", "*身份证件号", "学籍号", "年级", "班级", "入学年月", "就读方式",
    "现住址", "联系电话", "是否孤儿", "残疾人类型", "成员1姓名", "成员1关系", "成员1联系电话", "成员1是否监护人",
    "成员1身份证件号", "成员2姓名", "成员2关系", "成员2身份证件号",
)  # fmt: skip
FATHER, MOTHER = "431099198207015517", "431099197210121121"
NUMBERS = ("431099201705077475", "431099201507196916", "431099201808059392", "431099201512188216")


def child(number: str = NUMBERS[0], /, **cells: object) -> dict[str, object]:
    """A row of a roll without faults; cells are overwritten by heading."""
    male = int(number[16]) % 2 if number[16:17].isdigit() else 1
    row: dict[str, object] = {
        "*姓名": "宋火强", "性别": "1-男" if male else "2-女", "出生日期": number[6:14], "身份证件类型": "1-居民身份证",
        "*身份证件号": number, "学籍号": f"G{number}", "年级": "小学三年级", "班级": "1班", "入学年月": "202309",
        "就读方式": "2-住校", "现住址": "示范县青石镇青西村5组", "联系电话": "15349660992", "是否孤儿": "否",
        "残疾人类型": "0-无残疾", "成员1姓名": "宋琪亦", "成员1关系": "51-父亲", "成员1联系电话": "15349660992",
        "成员1是否监护人": "是", "成员1身份证件号": FATHER, "成员2姓名": "范杰冬", "成员2关系": "52-母亲",
        "成员2身份证件号": MOTHER,
    }  # fmt: skip
    return row | cells


def workbook(path: Path, headings: Sequence[str], rows: Iterable[Mapping[str, object]], title: str = "花名册") -> Path:
    """A workbook with a title above the heading; rows by heading."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("学生")
    sheet.append([title])
    sheet.append(list(headings))
    for row in rows:
        sheet.append([row.get(heading) for heading in headings])
    book.save(path)
    return path


def roll(path: Path, *rows: Mapping[str, object]) -> Path:
    """A roll of these rows; the first stands in row 3."""
    return workbook(path, ROLL_HEADINGS, rows)


def records(context: Context, entity: type[Record], **where: object) -> list[dict[str, Any]]:
    """The visible records of an entity."""
    table = entity.__table__
    assert isinstance(table, Table)
    query = select(table).where(table.c.hidden == 0, *(table.c[name] == value for name, value in where.items()))
    with context.read() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def parked_rows(context: Context) -> list[dict[str, Any]]:
    """Everything parked, solved or not."""
    with context.read() as connection:
        return [dict(row) for row in connection.execute(select(parked_row)).mappings()]


def state(context: Context) -> tuple[str, int, int]:
    """(digest, journal entries, parked lines): equal when nothing has changed."""
    with context.read() as connection:
        verified = verify(connection)
    assert verified.ok, verified.differences
    return verified.digest, verified.entries, len(parked_rows(context))


def counts(report: ImportReport) -> dict[str, int]:
    """The counts of a report that are not zero; fails when they do not balance."""
    assert report.read == report.added + report.changed + report.unchanged + report.parked + report.unmatched
    names = ("read", "added", "changed", "unchanged", "parked", "unmatched")
    return {name: value for name in names if (value := getattr(report, name))}
