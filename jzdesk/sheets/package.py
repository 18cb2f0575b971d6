"""A workbook as the package of parts it is: sheets and styles can be changed, every other part stays as it was."""

from __future__ import annotations

import html
import io
import posixpath
import re
import zipfile
from collections.abc import Iterable, Sequence

from jzdesk.sheets.sheet_xml import SheetXml, attribute, with_attribute
from jzdesk.sheets.shifting import Insertion
from jzdesk.sheets.style_xml import StyleXml
from jzdesk.sheets.writer import clean

_BOOK, _RELATIONS, _TYPES = "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "[Content_Types].xml"
_RELATION = re.compile(r"<(?:\w+:)?Relationship\b([^>]*?)/?>")
_SHEET = re.compile(r"<((?:\w+:)?)sheet\b([^>]*?)/>")
_NAME = re.compile(r"(<(?:\w+:)?definedName\b[^>]*>)([^<]*)(</)")
_ANCHOR = re.compile(r"(<((?:\w+:)?row)>)(\d+)(</)")
_COMMENT = re.compile(r'(<(?:\w+:)?comment\b[^>]*\bref=")([^"]*)(")')
_NOTE_ROW = re.compile(r"(<x:Row>\s*)(\d+)(\s*</x:Row>)")
_TABLE = re.compile(r'(\bref=")([^"]*)(")')
_SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
_SHEET_LINK = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"

# A line of the explaining sheet: texts from the left, and the background of the first one (ARGB or empty).
Line = tuple[Sequence[str], str]


class Package:
    """An .xlsx or .xlsm in memory. Raises ValueError for what cannot be taken apart."""

    def __init__(self, content: bytes) -> None:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            self._parts = {name: package.read(name) for name in package.namelist() if not name.endswith("/")}
        self._links = self._targets(_RELATIONS, "xl")
        self._places = self._sheets()
        self._styles_part = next((part for part in self._parts if part.endswith("styles.xml")), "")
        self.styles = StyleXml(self._text(self._styles_part))
        self._open: dict[str, SheetXml] = {}

    @property
    def has_macros(self) -> bool:
        """Whether programs travel with the workbook."""
        return any(name.endswith("vbaProject.bin") for name in self._parts)

    @property
    def sheet_names(self) -> list[str]:
        """The sheets, in order."""
        return list(self._places)

    def sheet(self, name: str) -> SheetXml:
        """One sheet; raises ValueError when there is none of that name."""
        if name not in self._places:
            raise ValueError(name)
        if name not in self._open:
            self._open[name] = SheetXml(self._text(self._places[name]))
        return self._open[name]

    def insert_rows(self, name: str, behind: int, count: int) -> None:
        """Insert rows into a sheet; formulas of other sheets, names, comments and pictures follow."""
        move = self.sheet(name).insert_rows(behind, count, name)
        for other in self._places:
            if other != name and b"!" in self._parts[self._places[other]]:
                self.sheet(other).shift_formulas(lambda text: move.formula(text, name, own=False))
        book = _NAME.sub(lambda hit: f"{hit[1]}{self._moved_name(hit[2], move, name)}{hit[3]}", self._text(_BOOK))
        self._parts[_BOOK] = book.encode()
        for part in self._attached(self._places[name]):
            self._parts[part] = _followed(part, self._text(part), move).encode()

    def explain(self, name: str, lines: Iterable[Line], widths: Sequence[float]) -> None:
        """A last sheet of this name with these lines; an older one is replaced."""
        if name not in self._places:
            self._add_sheet(name)
        self._open.pop(name, None)
        self._parts[self._places[name]] = self._explaining(lines, widths).encode()

    def content(self) -> bytes:
        """The whole package; spreadsheets compute their formulas anew when they open it."""
        for name, sheet in self._open.items():
            self._parts[self._places[name]] = sheet.text().encode()
        self._parts[self._styles_part] = self.styles.text().encode()
        self._compute_anew()
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
            for part, content in self._parts.items():
                package.writestr(part, content)
        return buffer.getvalue()

    def _text(self, part: str) -> str:
        if part not in self._parts:
            raise ValueError(part)
        return self._parts[part].decode("utf-8-sig")

    def _targets(self, part: str, folder: str) -> dict[str, str]:
        """Id → part, of the relations that a part has."""
        if part not in self._parts:
            return {}
        found = [match[1] for match in _RELATION.finditer(self._text(part))]
        return {attribute(one, "Id"): _target(attribute(one, "Target"), folder) for one in found}

    def _sheets(self) -> dict[str, str]:
        """Name → part, of the worksheets."""
        found = {}
        for match in _SHEET.finditer(self._text(_BOOK)):
            link = re.search(r'\b\w+:id="([^"]*)"', match[2])
            part = self._links.get(link[1], "") if link else ""
            if part in self._parts and "worksheets" in part:
                found[attribute(match[2], "name")] = part
        return found

    def _attached(self, part: str) -> list[str]:
        """Drawings, comments and tables of a sheet."""
        folder, name = posixpath.split(part)
        targets = self._targets(f"{folder}/_rels/{name}.rels", folder).values()
        kinds = ("drawing", "comments", "table")
        there = [one for one in targets if one in self._parts and one.endswith(("xml", "vml"))]
        return [one for one in there if any(kind in one for kind in kinds)]

    @staticmethod
    def _moved_name(text: str, move: Insertion, sheet: str) -> str:
        try:
            return html.escape(move.formula(html.unescape(text), sheet, own=False), quote=False)
        except Exception:  # a name that holds no formula: left as it is
            return text

    def _add_sheet(self, name: str) -> None:
        number = 1 + max((int(n) for n in re.findall(r'sheetId="(\d+)"', self._text(_BOOK))), default=0)
        part = f"xl/worksheets/jzdesk{number}.xml"
        link, at = f"rIdJz{number}", self._text(_BOOK)
        last = list(_SHEET.finditer(at))[-1]
        own = re.search(r'\b(\w+):id="', last[2])
        prefix = own[1] if own else "r"
        node = f'<{last[1]}sheet name="{html.escape(name)}" sheetId="{number}" {prefix}:id="{link}"/>'
        self._parts[_BOOK] = f"{at[: last.end()]}{node}{at[last.end() :]}".encode()
        relation = f'Relationship Id="{link}" Type="{_SHEET_LINK}" Target="/{part}"/>'
        self._parts[_RELATIONS] = _appended(self._text(_RELATIONS), "Relationships", relation).encode()
        kind = f'Override PartName="/{part}" ContentType="{_SHEET_TYPE}"/>'
        self._parts[_TYPES] = _appended(self._text(_TYPES), "Types", kind).encode()
        self._places[name] = part

    def _explaining(self, lines: Iterable[Line], widths: Sequence[float]) -> str:
        columns = "".join(
            f'<col min="{at}" max="{at}" width="{width}" customWidth="1"/>' for at, width in enumerate(widths, 1)
        )
        sheet = SheetXml(f'<worksheet xmlns="{_MAIN}" xmlns:r="{_R}"><cols>{columns}</cols><sheetData/></worksheet>')
        for row, (texts, colour) in enumerate(lines, 1):
            for column, text in enumerate(texts):
                style = self.styles.marked(0, colour) if colour and column == 0 else self.styles.for_text(0)
                sheet.put(row, column, clean(text), style)
        return f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n{sheet.text()}'

    def _compute_anew(self) -> None:
        """The chain of computation is dropped: it would name cells that have moved."""
        book = self._text(_BOOK)
        if (match := re.search(r"<((?:\w+:)?)calcPr\b([^>]*?)/>", book)) is not None:
            node = f"<{match[1]}calcPr{with_attribute(match[2], 'fullCalcOnLoad', '1')}/>"
            self._parts[_BOOK] = f"{book[: match.start()]}{node}{book[match.end() :]}".encode()
        chain = next((part for part in self._parts if part.endswith("calcChain.xml")), None)
        if chain is not None:
            del self._parts[chain]
            for part in (_RELATIONS, _TYPES):
                text = re.sub(r"<(?:\w+:)?(?:Relationship|Override)\b[^>]*calcChain\.xml[^>]*?/>", "", self._text(part))
                self._parts[part] = text.encode()


def _target(target: str, folder: str) -> str:
    return target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))


def _appended(xml: str, root: str, node: str) -> str:
    """The XML with a last child in its root; `node` without its opening sign, for the root's prefix."""
    match = re.search(rf"</((?:\w+:)?){root}>\s*$", xml)
    if match is None:
        raise ValueError(root)
    return f"{xml[: match.start()]}<{match[1]}{node}{xml[match.start() :]}"


def _followed(part: str, xml: str, move: Insertion) -> str:
    """A drawing, comments or a table after rows were inserted; drawings count rows from 0."""
    if "comments" in part:
        return _COMMENT.sub(lambda hit: f"{hit[1]}{move.area(hit[2])}{hit[3]}", xml)
    if "table" in part:
        return _TABLE.sub(lambda hit: f"{hit[1]}{move.area(hit[2])}{hit[3]}", xml)
    pattern, group = (_NOTE_ROW, 2) if part.endswith("vml") else (_ANCHOR, 3)
    return pattern.sub(lambda hit: f"{hit[1]}{move.moved(int(hit[group]) + 1) - 1}{hit[group + 1]}", xml)
