"""Whatever stands in the cells: counts balance, nothing raises but sentences, the original cells stay."""

from __future__ import annotations

import contextlib
import datetime as dt
import math
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from jzdesk.core.errors import StationFault, UserError
from jzdesk.core.fields import FieldSpec
from jzdesk.core.kinds import (
    Account,
    CitizenIdNumber,
    Code,
    Date,
    Integer,
    Kind,
    Money,
    Month,
    PersonName,
    Phone,
    RollNumber,
    TermText,
    Text,
    YesNo,
)
from jzdesk.sheets.annotate import annotated_copy
from jzdesk.sheets.cells import Cell, Sheet, holds
from jzdesk.sheets.columns import Column
from jzdesk.sheets.heading import find_heading
from jzdesk.sheets.mapping import read_rows, read_sheet
from jzdesk.sheets.reader import open_book
from jzdesk.sheets.writer import write_book, write_rows_csv

KINDS: list[Kind] = [
    PersonName(), CitizenIdNumber(), Code("sex"), Date(), Month(), Money(), Integer(), Phone(), RollNumber(),
    Account(), TermText(), Text(), YesNo(),
]  # fmt: skip
COLUMNS = [Column(f"k{at}", FieldSpec(f"标题{at}", kind, required=at < 4), at < 2) for at, kind in enumerate(KINDS)]
HEADING: list[Cell] = [column.label for column in COLUMNS]

texts = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["宋火强", "431099201507196916", "4.31E+17", "２０１５", "#N/A", "=A1", "合计", "填表人：甲"]),
    st.sampled_from(["标题0", "1-男", "", "  ", "#公式 =A1", "2025-2026-1", "20250230", "是", "312.5"]),
)
cells: st.SearchStrategy[Cell] = st.one_of(
    st.none(), texts, st.integers(), st.floats(), st.booleans(), st.dates(), st.datetimes(), st.times(), st.timedeltas()
)
tables = st.lists(st.lists(cells, max_size=len(KINDS) + 2), max_size=12)


def same(left: Cell, right: Cell) -> bool:
    both_nan = isinstance(left, float) and isinstance(right, float) and math.isnan(left) and math.isnan(right)
    return both_nan or (type(left) is type(right) and left == right)


@settings(deadline=None)
@given(tables)
def test_every_row_that_is_not_blank_comes_out_with_its_cells(table: list[list[Cell]]) -> None:
    sheet = Sheet("名单", [HEADING, *table])
    heading = find_heading([HEADING], COLUMNS)
    rows = list(read_rows(sheet, heading, COLUMNS))
    wanted = [(at, row) for at, row in enumerate(table, 2) if any(holds(cell) for cell in row)]
    assert [row.number for row in rows] == [at for at, _ in wanted]
    for row, (_, original) in zip(rows, wanted, strict=True):
        assert len(row.cells) == len(original)
        assert all(same(left, right) for left, right in zip(row.cells, original, strict=True))


@settings(deadline=None)
@given(tables)
def test_every_value_is_stored_form_or_a_fault(table: list[list[Cell]]) -> None:
    sheet = Sheet("名单", [HEADING, *table])
    for row in read_rows(sheet, find_heading([HEADING], COLUMNS), COLUMNS):
        assert all(value is None or type(value) in (str, int) for value in row.values.values())
        faulty = {fault.label for fault in row.faults}
        if row.skipped:
            assert not row.values
            assert not row.faults
        else:
            assert len(row.values) + len(faulty) == len(COLUMNS)
        assert all(fault.problem and fault.remedy and fault.sentence() for fault in row.faults)


@settings(deadline=None)
@given(tables)
def test_reading_does_not_depend_on_the_rows_before(table: list[list[Cell]]) -> None:
    """What is remembered of a column never changes what another row means."""
    heading = find_heading([HEADING], COLUMNS)
    together = list(read_rows(Sheet("名单", [HEADING, *table]), heading, COLUMNS))
    alone = [row for cells in table for row in read_rows(Sheet("名单", [HEADING, cells]), heading, COLUMNS)]
    for one, other in zip(together, alone, strict=True):
        assert one.values == other.values
        assert {name: type(value) for name, value in one.values.items()} == {
            name: type(value) for name, value in other.values.items()
        }
        assert [fault.kind for fault in one.faults] == [fault.kind for fault in other.faults]


@settings(deadline=None)
@given(tables)
def test_any_table_has_a_heading_or_a_sentence(table: list[list[Cell]]) -> None:
    with contextlib.suppress(UserError):
        heading = find_heading(table, COLUMNS)
        assert {"k0", "k1"} <= set(heading.places)


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_file_opens_or_has_a_sentence(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.xlsx")
        path.write_bytes(content)
        with contextlib.suppress(UserError, StationFault):
            assert open_book(path).sheets


days = st.dates(dt.date(1900, 1, 1), dt.date(2100, 1, 1))
plain = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp", "Cf")), min_size=1, max_size=8
)


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.tuples(plain, st.integers(0, 10**9), st.dates(dt.date(1900, 1, 1), dt.date(2100, 1, 1))), max_size=8)
)
def test_a_written_book_reads_back(people: list[tuple[str, int, dt.date]]) -> None:
    specs = [FieldSpec("名", Text(), "a"), FieldSpec("元", Money(), "b"), FieldSpec("日", Date(), "c")]
    columns = [Column(spec.name, spec, True) for spec in specs]
    stored = [(spec_read(specs[0], name), fen, day.isoformat()) for name, fen, day in people]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.xlsx")
        write_book(path, "名单", specs, stored)
        sheet = open_book(path).sheets[0]
        found = read_sheet(sheet, find_heading(sheet.rows, columns), columns)
    assert [tuple(row.values.values()) for row in found.rows] == stored


def spec_read(spec: FieldSpec, text: str) -> str:
    return str(spec.read(text).value)


@settings(deadline=None, max_examples=25)
@given(tables)
def test_the_annotated_copy_of_any_table_holds_every_fault(table: list[list[Cell]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "a.csv")
        write_rows_csv(source, [str(cell) for cell in HEADING], table, encoding="utf-8")
        sheet = open_book(source).sheets[0]
        rows = list(read_rows(sheet, find_heading(sheet.rows, COLUMNS), COLUMNS))
        faults = [fault for row in rows for fault in row.faults]
        copy = open_book(annotated_copy(source, Path(folder, "b.xlsx"), faults)).sheets[0]
        for fault in faults:
            assert any(isinstance(cell, str) and fault.label in cell for cell in copy.rows[fault.row - 1])
