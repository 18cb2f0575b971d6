"""Importing a school's whole roll against reading its cells.

Limit: `python-calamine` reading the sheet alone, 5,000 rows of 30 columns. Product: the import: finding the heading,
matching columns, understanding every cell, looking for the child and its family, journal and tables, into an empty
station. Goal: at most six times the reading. Noted beside it, what no import can be faster than: the same reading, and
the same records written in the same way with nothing looked for, understood or asked.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import select

from benchmarks import people
from benchmarks.measure import Measured, Row, Scale, in_turns, seconds
from jzdesk.core import codes, garbage
from jzdesk.core.fields import Value
from jzdesk.models import ENTITIES, Record
from tests.factories.people import Desk, name_of, new_desk
from tests.factories.rolls import ROLL_HEADINGS, child, workbook

_MORE = (
    "民族",
    "户口所在地行政区划",
    "户口性质",
    "是否独生子女",
    "是否留守儿童",
    "是否随迁子女",
    "残疾等级",
    "健康状况",
)
_GRADES = dict(zip(range(2017, 2008, -1), map("G{:02d}".format, range(3, 12)), strict=True))  # by the year of birth
_numbers = count(1)


def roll_of(path: Path, students: int) -> Path:
    """A faultless roll, 30 columns, each child in its grade; two of three have their parents for themselves."""
    return workbook(path, (*ROLL_HEADINGS, *_MORE), map(_row, range(students)))


def _row(place: int) -> dict[str, object]:
    student, family = people.student(place), place - place % 3 // 2
    grade = codes.table("grade").label(_GRADES[int(str(student["birth"])[:4])])
    return child(str(student["id_number"])) | {
        "*姓名": student["name"], "年级": grade, "民族": "01-汉族", "户口所在地行政区划": "431099101202",
        "户口性质": "1-农业户口",
        "是否独生子女": "否", "是否留守儿童": "0-非留守儿童", "是否随迁子女": "否", "健康状况": "10-健康或良好",
        "现住址": student["address"], "联系电话": student["phone"], "成员1联系电话": student["phone"],
        "成员1姓名": name_of(family + 51), "成员1身份证件号": people.parent_number(family, "51"),
        "成员2姓名": name_of(family + 52), "成员2身份证件号": people.parent_number(family, "52"),
    }  # fmt: skip


def measure(scale: Scale) -> Measured:
    """Milliseconds; a fresh station for every run."""
    path, students = scale.folder / "roll.xlsx", scale.pick(5000, 30)
    roll_of(path, students)
    parked: list[int] = []
    records: dict[type[Record], dict[str, Mapping[str, Value]]] = {}

    def product() -> float:
        from jzdesk.services.importing import ImportService

        with _station(scale.folder) as desk:
            service = ImportService(desk.context)
            taken = seconds(lambda: parked.append(service.run("roll", path).parked))
            records.update(_records(desk))
        return taken * 1000

    limit, ours = in_turns(scale.runs, lambda: seconds(lambda: _read(path)) * 1000, product)
    floor = median(_floor(scale.folder, path, records) for _ in range(scale.runs)) * 1000
    count = sum(map(len, records.values()))
    notes = (
        f"{students:,} rows, {parked[0]} of them parked",
        f"reading, and writing the same {count:,} records with nothing understood: {floor / median(limit):.1f}×",
    )
    return Measured(limit, ours, notes=notes)


@contextmanager
def _station(home: Path) -> Iterator[Desk]:
    """An empty station for one run."""
    folder = home / f"roll-{next(_numbers)}"
    desk = new_desk(folder, standards=False)
    yield desk
    desk.context.store.close()
    shutil.rmtree(folder)


def _records(desk: Desk) -> dict[type[Record], dict[str, Mapping[str, Value]]]:
    """Everything that an import has left: what a record says, by uid."""
    found: dict[type[Record], dict[str, Mapping[str, Value]]] = {}
    with desk.context.read() as connection:
        for entity in ENTITIES:
            table: Any = entity.__table__
            columns = [table.c[name] for name in entity.spec.fields]
            rows = connection.execute(select(table.c.uid, *columns).where(table.c.scope == desk.context.author.scope))
            found[entity] = {
                uid: {name: value for name, value in zip(entity.spec.fields, values, strict=True) if value is not None}
                for uid, *values in rows
            }
    return {entity: by_uid for entity, by_uid in found.items() if by_uid}


def _floor(home: Path, path: Path, records: Mapping[type[Record], Mapping[str, Mapping[str, Value]]]) -> float:
    with _station(home) as desk:

        def work() -> None:
            _read(path)
            with garbage.none_expected(), desk.context.write("floor") as unit:
                for entity, by_uid in records.items():
                    unit.add_drawn(entity, by_uid)

        return seconds(work)


def _read(path: Path) -> None:
    from python_calamine import CalamineWorkbook

    CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()


ROW = Row("import_roll", "import a roll of 5,000 × 30", "ms", 6.0, False, measure)
