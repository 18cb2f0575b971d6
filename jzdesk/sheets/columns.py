"""The columns that a caller wants out of a sheet, and how headings are compared."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from jzdesk.core.fields import FieldSpec

REMEDY_HEADING = "问题与改法"  # the column that annotated copies add; never reported as unknown

_BRACKETED = re.compile(r"[(\[{<【《〔「][^)\]}>】》〕」]*[)\]}>】》〕」]")
_MARKS = re.compile(r"[\s*\-_:;,.、。/\\|'\"“”‘’#★☆※()\[\]{}<>【】《》〔〕「」]+")
_NUMBERING = re.compile(r"^\d{1,3}\s*[.、．]\s*")


@dataclass(frozen=True, slots=True)
class Column:
    """One wanted column.

    `key` names the value in `SheetRow.values`. `headings`, when given, stand in place of the field's own
    (`成员1姓名` for a field labelled 姓名); `aliases` are understood besides. `essential` columns make a
    heading row. An `optional` column may be blank even where the field is required.
    """

    key: str
    spec: FieldSpec
    essential: bool = False
    headings: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    optional: bool = False

    @property
    def label(self) -> str:
        """What the column is called in messages."""
        return self.headings[0] if self.headings else self.spec.label

    def understood(self) -> tuple[str, ...]:
        """Every heading that means this column, the best first."""
        return ((*self.headings,) if self.headings else self.spec.headings()) + self.aliases


def heading_keys(text: str) -> tuple[str, ...]:
    """The forms under which a written heading is looked up: with and without what stands in brackets."""
    plain = _NUMBERING.sub("", unicodedata.normalize("NFKC", text).strip())
    keys = (_tight(plain), _tight(_BRACKETED.sub("", plain)))
    return tuple(dict.fromkeys(key for key in keys if key))


def _tight(text: str) -> str:
    return _MARKS.sub("", text).upper()
