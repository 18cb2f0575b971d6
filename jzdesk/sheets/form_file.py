"""Opens a form of another system for filling in, or says in a sentence why it cannot be filled."""

from __future__ import annotations

import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from jzdesk.core.errors import UserError
from jzdesk.sheets.cells import Book
from jzdesk.sheets.package import Package
from jzdesk.sheets.reader import open_book
from jzdesk.sheets.values import value_copy
from jzdesk.sheets.writer import save_bytes

MOST_ROWS = 100_000
_LOCK_MARK = "~$"


@dataclass(frozen=True, slots=True)
class Form:
    """A form: what was read of it, its package to write into, and what the person should know (`notes`)."""

    book: Book
    package: Package
    notes: tuple[str, ...] = ()

    @property
    def suffix(self) -> str:
        """The ending of the filled form: macros travel only in .xlsm."""
        return ".xlsm" if self.package.has_macros else ".xlsx"


def open_form(path: Path) -> Form:
    """Open a form. Raises UserError (see `open_book`; a lock file, too long) and StationFault."""
    if path.name.startswith(_LOCK_MARK):
        remedy = f"请选旁边的“{path.name.removeprefix(_LOCK_MARK)}”，并先在 Excel 或 WPS 里把它关闭。"
        raise UserError("这是表格打开时的临时文件，不是表格本身", remedy, path.name)
    book = open_book(path)
    for sheet in book.sheets:
        if len(sheet.rows) > MOST_ROWS:
            remedy = "请按年级或班级把它拆成几份分别填写，或删掉下方多余的空行。"
            raise UserError(
                f"工作表“{sheet.name}”有 {len(sheet.rows):,} 行，一次最多 {MOST_ROWS:,} 行", remedy, path.name
            )
    notes = list(book.notes)
    package = _own_package(path) if book.form == "xlsx" else None
    if package is None:
        package = Package(save_bytes(value_copy(book), path))
        notes.append(_copied(path, book))
    if path.with_name(f"{_LOCK_MARK}{path.name}").exists():
        notes.append(f"“{path.name}”好像正在 Excel 里打开着；还没有保存的内容读不到，请先保存。")
    return Form(book, package, tuple(notes))


def _copied(path: Path, book: Book) -> str:
    if book.form == "xlsx":
        return "这份表格的结构不规范，只能按内容重写：保留文字、合并单元格和列宽，原来的颜色和下拉列表没有带过来。"
    return (
        f"“{path.name}”是旧格式（.{book.form}），填好的表写成 .xlsx：保留文字、合并单元格和列宽，"
        "原来的颜色、公式和下拉列表没有带过来；对方只收旧格式时，请用 Excel 或 WPS 另存。"
    )


def _own_package(path: Path) -> Package | None:
    """The package as it is; None when it is built in a way that cannot be changed in place."""
    try:
        package = Package(path.read_bytes())
        for name in package.sheet_names:
            package.sheet(name)
    except (ValueError, KeyError, IndexError, UnicodeDecodeError, zipfile.BadZipFile):
        return None
    return package if package.sheet_names else None


def form_from(content: bytes, path: Path) -> Form:
    """A form that this program made itself; `path` names it in messages."""
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / path.name
        made.write_bytes(content)
        return open_form(made)
