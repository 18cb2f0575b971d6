"""Opens what people call a workbook, recognised by its content, or says why it cannot be read."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from jzdesk.core.errors import UserError
from jzdesk.sheets import biff_scan, csv_text, xlsx_scan
from jzdesk.sheets.cells import MAX_ROWS, Area, Book, Cell, Sheet, letter
from jzdesk.sheets.files import read_fault, read_start

_MAX_COLUMNS = 2000
_MAX_CELLS = 30_000_000
_TEXT_LIMIT = 1 << 28
_UNPACKED_LIMIT = 3 << 29
_TEXT_NAMES = frozenset({".csv", ".txt", ".tsv"})
_SAVE_AS = "请用 Excel 或 WPS 打开它，另存为“Excel 工作簿（.xlsx）”后再选。"
_PASSWORD = "请用 Excel 或 WPS 输入密码打开，在“文件—文档加密”里清除密码，另存一份后再选。"
_MACROS = "工作簿里带有宏，宏没有运行，只读取了单元格的内容"
_OTHER_KINDS = (
    (b"%PDF", "PDF 文件"),
    (b"\x89PNG", "图片"),
    (b"\xff\xd8\xff", "图片"),
    (b"GIF8", "图片"),
    (b"Rar!", "压缩包"),
    (b"7z\xbc\xaf", "压缩包"),
    (b"{\\rtf", "Word 文档"),
    (b"SQLite format 3", "数据库"),
)


def open_book(path: Path | str) -> Book:
    """Read a workbook whole: .xlsx, .xls, .et saved as either, or .csv, whatever its name says.

    Raises UserError (no such file, folder, not a workbook, password, nothing in it, too large, in use) and
    StationFault (the medium fails while reading).
    """
    path = Path(path)
    if path.name.startswith("~$"):
        remedy = f"请关闭 Excel 或 WPS，改选“{path.name[2:]}”本身。"
        raise UserError("这是 Excel 打开工作簿时的临时文件，不是工作簿", remedy, path.name)
    start = read_start(path, 4096)
    try:
        book = _open(path, start)
    except OSError as error:
        raise read_fault(error, path) from error
    for sheet in book.sheets:
        _refuse_too_long(len(sheet.rows), sheet.name, path)
    if all(sheet.is_blank() for sheet in book.sheets):
        raise UserError("工作簿里没有任何内容", "请确认选对了文件，并且已经保存过。", path.name)
    return book


def _open(path: Path, start: bytes) -> Book:
    if not start:
        raise UserError("文件是空的（0 字节）", "请重新导出或重新复制这个文件。", path.name)
    if start.startswith(b"PK"):
        return _open_package(path)
    if start.startswith(biff_scan.MAGIC):
        return _open_compound(path)
    if start[:2] in (b"\x09\x08", b"\x09\x04", b"\x09\x02", b"\x09\x00"):
        return _open_with_calamine(path, "xls", {})
    for magic, kind in _OTHER_KINDS:
        if start.startswith(magic):
            raise _not_a_workbook(path, f"它其实是{kind}")
    return _open_text(path, start)


def _not_a_workbook(path: Path, why: str) -> UserError:
    remedy = "请选择 Excel 或 WPS 表格（.xlsx、.xls、.et 另存的文件）或 .csv；没有的话请让对方用表格重新发一份。"
    return UserError(f"这个文件不是工作簿：{why}", remedy, path.name)


def _open_package(path: Path) -> Book:
    """A zip package: .xlsx, .xlsm, .xlsb or .ods."""
    try:
        with zipfile.ZipFile(path) as package:
            names = package.namelist()
            unpacked = sum(part.file_size for part in package.infolist())
        form = _package_form(names)
        if form is None:
            raise _not_a_workbook(path, "它是压缩包或别的文档")
        if unpacked > _UNPACKED_LIMIT:
            remedy = "请把人员数据复制到一个新工作簿（不要图片和多余的行列），保存后再选。"
            raise UserError("工作簿太大，展开后超过 1.5 GB", remedy, path.name)
        findings = xlsx_scan.scan(path) if form == "xlsx" else {}
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise _damaged(path) from error
    for name, finding in findings.items():
        _refuse_too_long(finding.last_row, name, path)
        _refuse_too_wide(finding, name, path)
    book = _open_with_calamine(path, form, findings)
    return replace(book, notes=(*book.notes, _MACROS)) if "xl/vbaProject.bin" in names else book


def _package_form(names: Iterable[str]) -> str | None:
    found = set(names)
    if "xl/workbook.bin" in found:
        return "xlsb"
    if any(name.startswith("xl/worksheets/") for name in found):
        return "xlsx"
    return "ods" if "content.xml" in found and "mimetype" in found else None


def _damaged(path: Path) -> UserError:
    remedy = f"请重新复制或重新导出；能打开的话，{_SAVE_AS.removeprefix('请')}"
    return UserError("工作簿已损坏，读不出来", remedy, path.name)


def _open_compound(path: Path) -> Book:
    """An old compound file: .xls, or a new one behind a password."""
    try:
        parts = biff_scan.streams(path.read_bytes())
    except biff_scan.Broken as error:
        raise _damaged(path) from error
    if biff_scan.is_locked(parts):
        raise UserError("工作簿设了打开密码", _PASSWORD, path.name)
    if not biff_scan.is_workbook(parts):
        raise _not_a_workbook(path, "它是 Word 或别的文档")
    return _open_with_calamine(path, "xls", biff_scan.scan(parts))


def _open_with_calamine(path: Path, form: str, findings: Mapping[str, xlsx_scan.Finding]) -> Book:
    """Read the sheets; from memory, because by path the library would go by the name's ending."""
    content = io.BytesIO(path.read_bytes())
    try:
        with CalamineWorkbook.from_filelike(content) as book:
            sheets = [
                _sheet(book.get_sheet_by_name(meta.name), meta.visible, findings.get(meta.name), path)
                for meta in book.sheets_metadata
                if meta.typ == SheetTypeEnum.WorkSheet
            ]
    except PasswordError as error:
        raise UserError("工作簿设了打开密码", _PASSWORD, path.name) from error
    except CalamineError as error:
        raise _damaged(path) from error
    except BaseException as error:
        if type(error).__name__ == "PanicException":  # the library's way to give up on nonsense
            raise _damaged(path) from error
        raise
    return Book(path, form, tuple(sheets))


def _sheet(source: CalamineSheet, visible: SheetVisibleEnum, finding: xlsx_scan.Finding | None, path: Path) -> Sheet:
    _refuse_too_long(source.total_height, source.name, path)  # before its cells become objects
    finding = finding or xlsx_scan.Finding()
    rows: list[list[Cell]] = [
        [None if cell == "" else cell for cell in row] for row in source.to_python(skip_empty_area=False)
    ]
    _put_odd_cells(rows, finding.odd_cells)
    merged = tuple(_area(corners) for corners in source.merged_cell_ranges or ())
    hidden = visible != SheetVisibleEnum.Visible
    return Sheet(source.name, rows, hidden, frozenset(finding.hidden_rows), merged)


def _area(corners: tuple[tuple[int, int], tuple[int, int]]) -> Area:
    return (*corners[0], *corners[1])


def _put_odd_cells(rows: list[list[Cell]], odd: Mapping[tuple[int, int], str]) -> None:
    """Error values, and formulas without result, take the place of the blanks that the library gives."""
    for (row, column), text in odd.items():
        while len(rows) <= row <= MAX_ROWS:
            rows.append([])
        if row < len(rows) and column < _MAX_COLUMNS:
            cells = rows[row]
            cells.extend([None] * (column + 1 - len(cells)))
            cells[column] = text if cells[column] is None else cells[column]


def _refuse_too_long(rows: int, sheet: str, path: Path) -> None:
    if rows > MAX_ROWS:
        remedy = (
            "请把它拆成几个文件分别导入；如果并没有这么多人，请删掉表格下方多余的行"
            "（选中最后一个人下面的所有行，右键删除）后保存再选。"
        )
        raise UserError(f"工作表“{sheet}”有 {rows:,} 行，一次最多 {MAX_ROWS:,} 行", remedy, path.name)


def _refuse_too_wide(finding: xlsx_scan.Finding, sheet: str, path: Path) -> None:
    """A stray cell far to the right would make a table of billions of cells."""
    width = finding.last_column + 1
    if width > _MAX_COLUMNS or width * finding.last_row > _MAX_CELLS:
        remedy = "请删掉表格右侧多余的列（选中最后一个标题右边的所有列，右键删除）后保存再选。"
        raise UserError(f"工作表“{sheet}”一直写到了第 {letter(width - 1)} 列", remedy, path.name)


def _open_text(path: Path, start: bytes) -> Book:
    """Separated values in a text file; web pages and prose are named as what they are."""
    if path.stat().st_size > _TEXT_LIMIT:
        raise UserError("文件太大（超过 256 MB）", "请把它拆成几个文件分别导入。", path.name)
    if start.lstrip(b"\xef\xbb\xbf \r\n\t").lower().startswith((b"<!doctype html", b"<html", b"<table", b"<?xml")):
        raise _not_a_workbook(path, "它其实是网页或 XML 文件，只是改了名字")
    decoded = csv_text.decode(path.read_bytes())
    if decoded is None:
        raise _not_a_workbook(path, "认不出它的格式")
    text, notes = decoded
    mark = csv_text.separator(text)
    if mark is None and path.suffix.lower() not in _TEXT_NAMES:
        raise _not_a_workbook(path, "它是普通文字，没有分成列")
    rows = csv_text.rows_of(text, mark or ",")
    return Book(path, "csv", (Sheet(path.stem, rows),), notes)
