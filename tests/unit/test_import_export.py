"""What is exported can be imported again and changes nothing; templates can be filled in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from openpyxl import load_workbook

from jzdesk.core.errors import UserError
from jzdesk.models import SPECS, Student
from jzdesk.services.importing import ImportService
from tests.factories.people import Desk, new_desk
from tests.factories.rolls import EXAMPLES, child, counts, records, roll, state

FILES = {
    "roll": "学籍导出", "hardship_list": "脱贫户与监测对象名单", "staff": "教师名册", "pairing": "结对帮扶",
    "accounts": "银行账户", "visits": "走访记录",
}  # fmt: skip


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The first sample school with everything imported; no test here leaves it changed."""
    desk = new_desk(tmp_path_factory.mktemp("school"), standards=False)
    service = ImportService(desk.context)
    for kind, begin in FILES.items():
        path = next(path for path in EXAMPLES.glob(f"{begin}-*") if "中学" not in path.name)
        service.run(kind, path)
    before = state(desk.context)
    yield desk
    assert state(desk.context) == before
    desk.context.store.close()


def test_every_list_exported_and_imported_again_changes_nothing(desk: Desk, tmp_path: Path) -> None:
    service = ImportService(desk.context)
    before = state(desk.context)
    for kind in ("student", "staff", "pairing", "accounts", "visits"):
        rows = service.export(kind, tmp_path / f"{kind}.xlsx")
        report = service.run("roll" if kind == "student" else kind, tmp_path / f"{kind}.xlsx")
        assert counts(report) == {"read": rows, "unchanged": rows}, kind
    assert state(desk.context) == before


def test_the_exported_roll_rebuilds_the_school_elsewhere(desk: Desk, tmp_path: Path) -> None:
    rows = ImportService(desk.context).export("student", tmp_path / "roll.xlsx")
    other = new_desk(tmp_path / "other", standards=False)
    assert counts(ImportService(other.context).run("roll", tmp_path / "roll.xlsx")) == {"read": rows, "added": rows}

    def people(each: Desk) -> list[tuple[object, ...]]:
        names = ("name", "sex", "birth", "id_number", "roll_number", "address", "phone", "orphan", "disability")
        return sorted(tuple(one[name] for name in names) for one in records(each.context, Student))

    assert people(other) == people(desk)


@pytest.mark.parametrize("entity", SPECS)
def test_every_ledger_can_be_exported(entity: str, desk: Desk, tmp_path: Path) -> None:
    rows = ImportService(desk.context).export(entity, tmp_path / "x.xlsx")
    sheet = load_workbook(tmp_path / "x.xlsx").worksheets[0]
    assert sheet.max_row == rows + 2


def test_an_unknown_ledger_names_those_there_are(desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="student"):
        ImportService(desk.context).export("weather", tmp_path / "x.xlsx")


@pytest.mark.parametrize("kind", FILES)
def test_a_template_has_the_heading_of_its_kind_and_nobody_in_it(kind: str, tmp_path: Path) -> None:
    desk = new_desk(tmp_path / "school", standards=False)
    service = ImportService(desk.context)
    path = service.template(kind, tmp_path / "t.xlsx")
    assert counts(service.run(kind, path)) == {}


def test_a_filled_template_is_read(tmp_path: Path) -> None:
    desk = new_desk(tmp_path / "school", standards=False)
    service = ImportService(desk.context)
    path = service.template("roll", tmp_path / "t.xlsx")
    book = load_workbook(path)
    sheet = book.worksheets[0]
    places = {str(cell.value).strip("*"): place for place, cell in enumerate(sheet[3], 1)}
    aliases = {"是否孤儿": "孤儿", "残疾人类型": "残疾类型"}
    for heading, value in child().items():
        name = heading.strip("*")
        sheet.cell(4, places[aliases.get(name, name)]).value = str(value)
    book.save(path)
    assert counts(service.run("roll", path)) == {"read": 1, "added": 1}
    before = state(desk.context)
    assert counts(service.run("roll", roll(tmp_path / "r.xlsx", child()))) == {"read": 1, "unchanged": 1}
    assert state(desk.context) == before
