"""The style table of a workbook, to which marked variants of a form's own styles are added."""

from __future__ import annotations

import re

from jzdesk.sheets.sheet_xml import attribute, with_attribute

_XF = re.compile(r"<(?:\w+:)?xf\b([^>]*?)(?:/>|>(.*?)</(?:\w+:)?xf>)", re.DOTALL)
_FILL = re.compile(r"<(?:\w+:)?fill\b[^>]*?(?:/>|>.*?</(?:\w+:)?fill>)", re.DOTALL)
_UNLOCKED = re.compile(r'<(?:\w+:)?protection\b[^>]*\blocked="(?:0|false)"')
_TEXT = "49"  # the number format @


class StyleXml:
    """`xl/styles.xml`. Styles are indexes into cellXfs, as cells name them."""

    def __init__(self, xml: str) -> None:
        self._xml = xml
        self._prefix, inside = self._section("cellXfs")
        self._xfs = [(match[1].rstrip("/"), match[2] or "") for match in _XF.finditer(inside)] or [("", "")]
        _, fills = self._section("fills")
        self._fills = [match[0] for match in _FILL.finditer(fills)] or ["<fill/>", "<fill/>"]
        self._made: dict[tuple[int, str], int] = {}

    def marked(self, style: int, colour: str) -> int:
        """The style with this background (ARGB)."""
        return self._variant(style, colour, {"fillId": str(self._fill(colour)), "applyFill": "1"})

    def plain(self, style: int) -> int:
        """The style without a background."""
        return self._variant(style, "plain", {"fillId": "0"})

    def for_text(self, style: int) -> int:
        """The style with text format where it has none: a long number that is edited must stay a text."""
        if attribute(self._xf(style)[0], "numFmtId") not in ("", "0"):
            return style
        return self._variant(style, "text", {"numFmtId": _TEXT, "applyNumberFormat": "1"})

    def background(self, style: int) -> str:
        """The background colour of a style (ARGB); empty when it has none of its own."""
        number = int(attribute(self._xf(style)[0], "fillId") or 0)
        match = re.search(r'fgColor\b[^>]*\brgb="(\w+)"', self._fills[number]) if number < len(self._fills) else None
        return match[1] if match else ""

    def unlocked(self, style: int) -> bool:
        """Whether a cell of this style may be written on a protected sheet."""
        return bool(_UNLOCKED.search(self._xf(style)[1]))

    def text(self) -> str:
        """The whole XML."""
        p = self._prefix
        xfs = "".join(f"<{p}xf{attrs}>{inner}</{p}xf>" if inner else f"<{p}xf{attrs}/>" for attrs, inner in self._xfs)
        xml = self._replaced(self._xml, "fills", "".join(self._fills), len(self._fills))
        return self._replaced(xml, "cellXfs", xfs, len(self._xfs))

    def _xf(self, style: int) -> tuple[str, str]:
        return self._xfs[style] if style < len(self._xfs) else self._xfs[0]

    def _variant(self, style: int, name: str, changes: dict[str, str]) -> int:
        if (style, name) not in self._made:
            attributes, inner = self._xf(style)
            for key, value in changes.items():
                attributes = with_attribute(attributes, key, value)
            self._xfs.append((attributes, inner))
            self._made[style, name] = len(self._xfs) - 1
        return self._made[style, name]

    def _fill(self, colour: str) -> int:
        p = self._prefix
        fill = (
            f'<{p}fill><{p}patternFill patternType="solid"><{p}fgColor rgb="{colour}"/><{p}bgColor indexed="64"/>'
            f"</{p}patternFill></{p}fill>"
        )
        if fill not in self._fills:
            self._fills.append(fill)
        return self._fills.index(fill)

    def _section(self, name: str) -> tuple[str, str]:
        """(prefix, what stands inside) of one section."""
        match = re.search(rf"<((?:\w+:)?){name}\b[^>]*>(.*?)</(?:\w+:)?{name}>", self._xml, re.DOTALL)
        return (match[1], match[2]) if match else ("", "")

    def _replaced(self, xml: str, name: str, inside: str, count: int) -> str:
        p = self._prefix
        pattern = rf"<(?:\w+:)?{name}\b[^>]*>.*?</(?:\w+:)?{name}>"
        section = f'<{p}{name} count="{count}">{inside}</{p}{name}>'
        return re.sub(pattern, lambda _: section, xml, count=1, flags=re.DOTALL)
