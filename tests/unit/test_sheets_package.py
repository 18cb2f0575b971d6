"""Cells are replaced where they stand: odd writers, shared formulas, names, pictures and comments are followed."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.comments import Comment
from openpyxl.formatting.rule import Rule
from openpyxl.workbook.defined_name import DefinedName

from jzdesk.sheets.package import Package
from jzdesk.sheets.sheet_xml import SheetXml
from jzdesk.sheets.shifting import Insertion
from jzdesk.sheets.style_xml import StyleXml

PREFIXED = (
    '<x:worksheet xmlns:x="urn:x"><x:dimension ref="A1:B2"/><x:cols><x:col min="2" max="3" style="7"/></x:cols>'
    '<x:sheetData><x:row r="1" spans="1:2"><x:c r="A1" t="s"><x:v>0</x:v></x:c></x:row><x:row r="2"><x:c r="A2" s="4"/>'
    "</x:row></x:sheetData><x:pageMargins/></x:worksheet>"
)


def test_a_prefix_before_every_name_is_kept() -> None:
    sheet = SheetXml(PREFIXED)
    sheet.put(2, 0, "张 & 李 ", sheet.style(2, 0))
    sheet.put(3, 2, 12.5, sheet.style(3, 2))
    assert sheet.text() == (
        '<x:worksheet xmlns:x="urn:x"><x:dimension ref="A1:C3"/><x:cols><x:col min="2" max="3" style="7"/></x:cols>'
        '<x:sheetData><x:row r="1"><x:c r="A1" t="s"><x:v>0</x:v></x:c></x:row>'
        '<x:row r="2"><x:c r="A2" s="4" t="inlineStr"><x:is><x:t xml:space="preserve">张 &amp; 李 </x:t></x:is></x:c>'
        '</x:row><x:row r="3"><x:c r="C3" s="7"><x:v>12.5</x:v></x:c></x:row></x:sheetData><x:pageMargins/>'
        "</x:worksheet>"
    )


def test_rows_and_cells_without_their_place_are_counted() -> None:
    sheet = SheetXml(
        "<worksheet><sheetData><row><c/><c><v>5</v></c></row><row><c s='3'/></row></sheetData></worksheet>"
    )
    assert (sheet.style(2, 0), sheet.last_row) == (3, 2)


def test_a_sheet_without_rows_takes_some() -> None:
    sheet = SheetXml("<worksheet><sheetData/></worksheet>")
    sheet.put(1, 0, "x", 0)
    assert '<row r="1"><c r="A1" t="inlineStr">' in sheet.text()
    with pytest.raises(ValueError, match="sheetData"):
        SheetXml("<worksheet/>")


def test_shared_formulas_follow_inserted_rows() -> None:
    sheet = SheetXml(
        '<worksheet><sheetData><row r="2"><c r="B2"><f t="shared" ref="B2:B3" si="0">A2*2</f><v>1</v></c></row>'
        '<row r="3"><c r="B3"><f t="shared" si="0"/><v>2</v></c></row>'
        '<row r="4"><c r="B4"><f>SUM(B2:B3)</f></c></row></sheetData></worksheet>'
    )
    sheet.insert_rows(3, 2, "表")
    text = sheet.text()
    assert 'ref="B2:B5"' in text
    assert re.findall(r'<c r="(B\d)"[^>]*><f t="shared" si="0"/>', text) == ["B3", "B4", "B5"]
    assert '<c r="B6"><f>SUM(B2:B5)</f></c>' in text


@pytest.mark.parametrize(
    ("area", "after"),
    [
        ("A1:C5", "A1:C8"), ("A1:C4", "A1:C4"), ("A6:C9", "A9:C12"), ("B5", "B5"), ("$B$6", "$B$9"), ("A:A", "A:A"),
        ("1:3", "1:3"), ("C3:C1048576", "C3:C1048576"),
    ],
)  # fmt: skip
def test_areas_after_three_rows_behind_the_fifth(area: str, after: str) -> None:
    assert Insertion(5, 3).area(area) == after


def test_formulas_mean_their_own_sheet_unless_they_name_another() -> None:
    move = Insertion(5, 3)
    text = "IF('表 一'!A6=\"A6\",SUM(A1:A5),其他!A6)"
    assert move.formula(text, "表 一", own=False) == "IF('表 一'!A9=\"A6\",SUM(A1:A5),其他!A6)"
    assert move.formula(text, "其他", own=True) == "IF('表 一'!A6=\"A6\",SUM(A1:A8),其他!A9)"


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A workbook in which much refers to rows: names, a print area, comments, a filter, a table of another sheet."""
    made = Workbook()
    sheet = made.active
    assert sheet is not None
    sheet.title = "表"
    for row in range(1, 8):
        sheet.append([f"第{row}行", row])
    sheet["A7"].comment = Comment("看这里", "县局")
    sheet.auto_filter.ref = "A1:B7"
    sheet.print_area = "A1:B7"
    sheet.conditional_formatting.add("B2:B5", Rule(type="expression", formula=["$B$7>B2"]))
    other = made.create_sheet("别处")
    other["A1"] = "=表!B7"
    made.defined_names["末行"] = DefinedName("末行", attr_text="表!$B$7")
    made.save(tmp_path / "表.xlsx")
    return tmp_path / "表.xlsx"


def test_everything_that_names_a_row_follows(book: Path, tmp_path: Path) -> None:
    package = Package(book.read_bytes())
    package.insert_rows("表", 5, 2)
    (tmp_path / "后.xlsx").write_bytes(package.content())
    after = load_workbook(tmp_path / "后.xlsx")
    sheet = after["表"]
    assert [sheet.cell(row, 1).value for row in range(4, 10)] == ["第4行", "第5行", None, None, "第6行", "第7行"]
    assert (after["别处"]["A1"].value, after.defined_names["末行"].attr_text) == ("=表!B9", "表!$B$9")
    assert sheet.print_area == "'表'!$A$1:$B$9"
    assert sheet["A9"].comment is not None
    assert sheet.auto_filter.ref == "A1:B9"
    rules = {str(one.sqref): one.rules[0].formula for one in sheet.conditional_formatting}
    assert rules == {"B2:B7": ["$B$9>B2"]}


def test_the_explaining_sheet_is_the_last_and_there_is_only_one(book: Path, tmp_path: Path) -> None:
    package = Package(book.read_bytes())
    package.explain("说明", [(("颜色", "意思"), ""), (("", "变动"), "FFFFE699")], (8, 20))
    again = Package(package.content())
    again.explain("说明", [(("=1+1",), "")], (8,))
    (tmp_path / "后.xlsx").write_bytes(again.content())
    after = load_workbook(tmp_path / "后.xlsx")
    assert after.sheetnames == ["表", "别处", "说明"]
    assert (after["说明"]["A1"].value, after["说明"]["A1"].data_type) == ("=1+1", "s")


def test_a_marked_style_differs_in_its_background_alone(book: Path) -> None:
    styles = Package(book.read_bytes()).styles
    marked = styles.marked(0, "FFFFE699")
    assert (styles.background(marked), styles.background(0)) == ("FFFFE699", "")
    assert styles.marked(0, "FFFFE699") == marked
    assert styles.background(styles.plain(marked)) == ""
    read = StyleXml(styles.text())
    assert read.background(marked) == "FFFFE699"


def test_what_is_no_workbook_cannot_be_taken_apart() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        package.writestr("xl/workbook.xml", "<workbook/>")
    with pytest.raises(ValueError, match=r"^$"):
        Package(buffer.getvalue())
