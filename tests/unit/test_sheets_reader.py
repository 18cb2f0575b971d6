"""Workbooks are recognised by content, read with their types, or refused in a sentence of their own."""

from __future__ import annotations

import contextlib
import datetime as dt
import errno
import struct
import zipfile
from collections.abc import Sequence
from pathlib import Path

import openpyxl
import pytest
import xlwt

from jzdesk.core.errors import StationFault, UserError
from jzdesk.sheets import files, xlsx_scan
from jzdesk.sheets.cells import MAX_ROWS, column_of, letter, shown
from jzdesk.sheets.reader import open_book

HEADING = ["姓名", "身份证件号", "出生日期"]
PERSON = ["宋火强", "431099201705077475", "20170507"]


def write_xlsx(path: Path, rows: Sequence[Sequence[object]]) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.worksheets[0].append(list(row))
    book.save(path)
    return path


def compound_file(names: list[str]) -> bytes:
    """A minimal compound file (one table sector, one directory sector, empty streams)."""
    header = bytearray(512)
    header[:8] = bytes.fromhex("d0cf11e0a1b11ae1")
    struct.pack_into("<HHHHH", header, 24, 0x3E, 3, 0xFFFE, 9, 6)
    struct.pack_into("<IIIIIIIII", header, 44, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0, 0)
    struct.pack_into("<108I", header, 80, *[0xFFFFFFFF] * 108)
    table = struct.pack("<128I", 0xFFFFFFFD, 0xFFFFFFFE, *[0xFFFFFFFF] * 126)
    directory = b""
    for at, name in enumerate(["Root Entry", *names][:4]):
        coded = name.encode("utf-16-le") + b"\0\0"
        entry = bytearray(128)
        entry[: len(coded)] = coded
        struct.pack_into("<HBB", entry, 64, len(coded), 2 if at else 5, 1)
        struct.pack_into("<III", entry, 68, 0xFFFFFFFF, 0xFFFFFFFF, 1 if not at and names else 0xFFFFFFFF)
        struct.pack_into("<II", entry, 116, 0xFFFFFFFE, 0)
        directory += bytes(entry)
    return bytes(header) + table + directory.ljust(512, b"\0")


def refusal(path: Path) -> UserError:
    with pytest.raises(UserError) as caught:
        open_book(path)
    assert caught.value.remedy.endswith("。")
    return caught.value


def test_cells_keep_their_types(tmp_path: Path) -> None:
    row = ["文字", 4.31099201401247e17, 12, True, dt.date(2025, 9, 10), None, "0012"]
    sheet = open_book(write_xlsx(tmp_path / "a.xlsx", [row])).sheets[0]
    cells = sheet.rows[0]
    assert list(cells) == row
    assert [type(cell) for cell in cells] == [str, float, float, bool, dt.date, type(None), str]


def test_numbers_are_shown_as_people_saw_them() -> None:
    assert shown(12.0) == "12"
    assert shown(13812345678.0) == "13812345678"
    assert shown(4.31099201401247e17) == "4.31099201401247E+17"
    assert shown(dt.datetime(2025, 9, 10)) == "2025-09-10"  # noqa: DTZ001
    assert shown(None) == ""


@pytest.mark.parametrize(("column", "name"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA")])
def test_columns_have_letters(column: int, name: str) -> None:
    assert letter(column) == name
    assert column_of(name) == column


def test_old_xls_is_read_with_error_cells_and_hidden_rows(tmp_path: Path) -> None:
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("名单")
    for column, text in enumerate(HEADING):
        sheet.write(0, column, text)
    sheet.row(1).write(0, "甲")
    sheet.row(1).set_cell_error(1, 0x2A)
    sheet.row(1).hidden = True
    book.save(str(tmp_path / "旧.xls"))
    read = open_book(tmp_path / "旧.xls")
    assert read.form == "xls"
    assert read.names == ("名单",)
    assert list(read.sheet("名单").rows[1])[:2] == ["甲", "#N/A"]
    assert read.sheets[0].hidden_rows == {2}


def test_error_cells_and_formulas_without_result_are_not_taken_for_blanks(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "a.xlsx", [["a", "#N/A", None, '=B1&"x"', "z"], ["x", None, None, None, 1]])
    rows = open_book(path).sheets[0].rows
    assert list(rows[0]) == ["a", "#N/A", None, '#公式 =B1&"x"', "z"]
    assert list(rows[1]) == ["x", None, None, None, 1]


def test_a_renamed_workbook_is_recognised(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "a.xlsx", [HEADING, PERSON])
    renamed = path.rename(tmp_path / "a.xls")
    assert open_book(renamed).form == "xlsx"
    (tmp_path / "b.xlsx").write_text("姓名,证件号\n甲,1\n乙,2\n", encoding="gb18030")
    assert open_book(tmp_path / "b.xlsx").form == "csv"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("mark", [",", "\t", ";"])
def test_csv_encodings_and_separators(tmp_path: Path, encoding: str, mark: str) -> None:
    path = tmp_path / "名单.csv"
    text = "\r\n".join(mark.join(row) for row in (HEADING, PERSON, ["", '="431099201507196916"', "x"]))
    path.write_bytes(text.encode(encoding))
    book = open_book(path)
    assert [list(row) for row in book.sheets[0].rows[:2]] == [HEADING, PERSON]
    assert list(book.sheets[0].rows[2]) == [None, "431099201507196916", "x"]


def test_csv_of_mixed_encodings_is_read_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "混.csv"
    path.write_bytes("姓名,班级\n".encode() + "张三,一班\n".encode("gb18030") + "李四㛃,二班\n".encode())
    book = open_book(path)
    assert [list(row) for row in book.sheets[0].rows] == [["姓名", "班级"], ["张三", "一班"], ["李四㛃", "二班"]]
    assert "两种文字编码" in book.notes[0]


def test_no_such_file_and_folder(tmp_path: Path) -> None:
    assert "没有找到" in refusal(tmp_path / "没有.xlsx").what
    assert "文件夹" in refusal(tmp_path).what


def test_what_is_no_workbook_is_named(tmp_path: Path) -> None:
    contents = {
        "PDF": b"%PDF-1.7\n...",
        "普通文字": "这只是一段话，没有表格。\n第二行也是".encode(),
        "网页": b"<html><table><tr><td>x</td></tr></table></html>",
        "图片": b"\x89PNG\r\n\x1a\n",
        "认不出": bytes(range(256)) * 4,
        "Word": compound_file(["WordDocument"]),
    }
    sentences = set()
    for word, content in contents.items():
        path = tmp_path / "名单.xlsx"
        path.write_bytes(content)
        error = refusal(path)
        assert "不是工作簿" in error.what
        assert word in error.what
        sentences.add(error.what)
    assert len(sentences) == len(contents)


def test_a_zip_that_is_no_workbook(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as package:
        package.writestr("readme.txt", "x")
    assert "压缩包" in refusal(tmp_path / "a.xlsx").what


def test_password_protected_workbooks_of_both_kinds(tmp_path: Path) -> None:
    path = tmp_path / "加密.xlsx"
    path.write_bytes(compound_file(["EncryptionInfo", "EncryptedPackage"]))
    assert "密码" in refusal(path).what


def test_an_old_workbook_behind_a_password(tmp_path: Path) -> None:
    path = tmp_path / "加密.xls"
    book = xlwt.Workbook()
    for column, text in enumerate(HEADING):
        sheet = book.get_sheet(0) if column else book.add_sheet("a")
        sheet.write(0, column, text)
    book.save(str(path))
    whole = bytearray(path.read_bytes())
    after_start = whole.index(b"\x09\x08\x10\x00") + 20
    whole[after_start : after_start + 2] = b"\x2f\x00"  # FILEPASS: what follows is encrypted
    path.write_bytes(whole)
    assert "密码" in refusal(path).what


def test_names_with_a_prefix_in_the_xml_are_scanned_too() -> None:
    piece = (
        b'<x:row r="7" hidden="1"><x:c r="A7" s="1"/><x:c r="B7" t="e"><x:v>#REF!</x:v></x:c>'
        b'<x:c r="C7"><x:f>1+1</x:f></x:c><x:c r="D7"><x:f>1+1</x:f><x:v>2</x:v></x:c></x:row>'
    )
    finding = xlsx_scan.Finding()
    xlsx_scan.look(piece, finding)
    assert finding.odd_cells == {(6, 1): "#REF!", (6, 2): "#公式 =1+1"}
    assert (finding.hidden_rows, finding.last_row) == ({7}, 7)


def test_a_large_old_workbook_is_scanned_over_many_sectors(tmp_path: Path) -> None:
    book = xlwt.Workbook(encoding="utf-8")
    for name in ("甲", "乙"):
        sheet = book.add_sheet(name)
        for at in range(3000):
            sheet.write(at, 0, f"{name}{at}")
        sheet.row(2999).set_cell_error(1, 0x17)
    book.save(str(tmp_path / "a.xls"))
    read = open_book(tmp_path / "a.xls")
    assert [list(sheet.rows[2999]) for sheet in read.sheets] == [["甲2999", "#REF!"], ["乙2999", "#REF!"]]


def test_damaged_and_empty_files(tmp_path: Path) -> None:
    whole = write_xlsx(tmp_path / "a.xlsx", [HEADING, PERSON]).read_bytes()
    (tmp_path / "b.xlsx").write_bytes(whole[: len(whole) // 2])
    assert "损坏" in refusal(tmp_path / "b.xlsx").what
    (tmp_path / "c.xls").write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600))
    assert "损坏" in refusal(tmp_path / "c.xls").what
    (tmp_path / "d.xlsx").touch()
    assert "0 字节" in refusal(tmp_path / "d.xlsx").what
    assert "没有任何内容" in refusal(write_xlsx(tmp_path / "e.xlsx", [])).what


def test_every_damaged_byte_ends_in_a_sentence(tmp_path: Path) -> None:
    """A stick with a bad sector: the file opens, or there is a sentence; nothing else."""
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("名单")
    for at in range(40):
        sheet.write(at, 0, f"学生{at}")
    book.save(str(tmp_path / "a.xls"))
    for path in (tmp_path / "a.xls", write_xlsx(tmp_path / "a.xlsx", [HEADING, PERSON])):
        whole = path.read_bytes()
        for at in range(0, len(whole), max(1, len(whole) // 60)):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
            with contextlib.suppress(UserError, StationFault):
                assert open_book(path).sheets


def test_file_in_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_xlsx(tmp_path / "a.xlsx", [HEADING])

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "locked")

    monkeypatch.setattr(Path, "open", refuse)
    assert "占用" in refusal(path).what


def test_a_stick_that_fails_while_reading_is_the_machines_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_xlsx(tmp_path / "a.xlsx", [HEADING])

    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(Path, "open", fail)
    with pytest.raises(StationFault, match="重新插好 U 盘"):
        open_book(path)


def test_too_many_rows(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("姓名,号\n" * (MAX_ROWS + 5), encoding="utf-8")
    error = refusal(tmp_path / "a.csv")
    assert "200,000" in error.what
    assert "拆成" in error.remedy


def test_one_stray_cell_at_the_end_of_the_sheet_is_refused_at_once(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].append(HEADING)
    book.worksheets[0].cell(1_048_576, 30).value = "x"
    book.save(tmp_path / "a.xlsx")
    assert "1,048,576" in refusal(tmp_path / "a.xlsx").what
    book.worksheets[0].cell(1_048_576, 30).value = None
    book.worksheets[0].cell(3, 16_384).value = "x"
    book.save(tmp_path / "b.xlsx")
    assert "XFD" in refusal(tmp_path / "b.xlsx").what


def test_formatted_blank_rows_and_columns_are_no_rows(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].append(HEADING)
    book.worksheets[0].append(PERSON)
    book.worksheets[0].cell(1_000_000, 900).number_format = "@"
    book.save(tmp_path / "a.xlsx")
    assert len(open_book(tmp_path / "a.xlsx").sheets[0].rows) == 2


def test_hidden_sheets_and_merged_cells_are_said(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].append(HEADING)
    book.worksheets[0].merge_cells("A3:A5")
    book.worksheets[0]["B5"] = "x"
    book.create_sheet("选项").sheet_state = "hidden"
    book["选项"]["A1"] = "男"
    book.save(tmp_path / "a.xlsx")
    read = open_book(tmp_path / "a.xlsx")
    assert [sheet.hidden for sheet in read.sheets] == [False, True]
    assert read.sheets[0].merged == ((2, 0, 4, 0),)
    with pytest.raises(UserError, match="选项"):
        read.sheet("没有这张")


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, "磁盘已满"), (errno.EROFS, "只读"), (errno.ENODEV, "U 盘"), (errno.EACCES, "占用")],
)
def test_failed_writes_keep_the_older_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, words: str
) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"old")

    def fail(_: int) -> None:
        raise OSError(number, "no")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(StationFault) as caught:
        files.write_whole(path, b"new")
    assert words in caught.value.sentence()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
