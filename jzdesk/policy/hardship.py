"""Hardships: which one a label of a department's list or of a roll means, and which one aid is granted on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from jzdesk.core.codes import table
from jzdesk.core.text import normalise

REGISTERED = "D01"
ORPHAN = "D10"
FORSAKEN = "D11"
DISABLED = "D12"
MONITORED = ("D02", "D03", "D04")
POVERTY = frozenset({REGISTERED, *MONITORED})

# The order in which one of several hardships becomes the basis of a grant (reference §0 rule 11 asks for one; the
# order is ours): what a department's list proves, strongest first, then what a school finds out itself.
PRIORITY = (
    *("D01", "D02", "D03", "D04", "D05", "D07", "D10", "D11", "D12", "D13", "D14"),
    *("D06", "D08", "D09", "D90", "D99"),
)
_ORDER = {code: place for place, code in enumerate(PRIORITY)}

# The four classes of pupils: registered poor, disabled, minimum living allowance, extreme poverty (reference §3.1).
FOUR_CLASSES = frozenset({"D01", "D12", "D05", "D07"})

# 低收入人口 stands for two codes in the table; the weaker claim is the safe reading.
_AMBIGUOUS = {"低收入人口": "D09"}
_NOT_POOR = frozenset({"否", "无", "非脱贫户", "非贫困户", "一般农户", "不是"})
_NOTHING = frozenset({"", "无", "否", "非监测对象", "不是", "/", "-", "—"})
_DENIED = "不享受"  # 脱贫户(不享受政策): known as such, but no ground for a grant (reference §5.3)
_YES = frozenset({"是", "1", "1-是", "√", "y", "yes", "true"})


@dataclass(frozen=True, slots=True)
class HardshipMark:
    """A hardship read from a list or a roll: its code and the words it was read from."""

    code: str
    said: str


def by_priority(codes: Iterable[str]) -> list[str]:
    """Codes in the order in which they serve as 享受依据; unknown ones last."""
    return sorted(codes, key=lambda code: (_ORDER.get(code, len(_ORDER)), code))


@cache
def _labels() -> dict[str, str]:
    """Every label of difficulty_type.csv, old and new, → code."""
    found = {normalise(label): code for label, code in _AMBIGUOUS.items()}
    for code, row in table("difficulty_type").rows.items():
        written = (code, row["name"], row["name"].split("（")[0], row["national_label"])
        for label in (*written, *row["legacy_or_source_labels"].split("|")):
            if plain := normalise(label):
                found.setdefault(plain, code)
                found.setdefault(plain.removesuffix("学生"), code)
    return found


def code_of(label: str) -> str | None:
    """The hardship a label means, in its present or an older wording; None when nobody knows it."""
    plain = normalise(label)
    return _labels().get(plain) or _labels().get(plain.split("(")[0])


def from_list(attribute: str | None, monitored: str | None) -> tuple[HardshipMark, ...]:
    """Hardships of a person on a list of poor and monitored households (脱贫属性, 监测对象类别).

    Whoever stands on the list is D01 unless the attribute denies it, or is blank while a monitored class is named;
    the class gives D02, D03 or D04 besides. An unknown class gives nothing: the caller asks about it.
    """
    said, kind = normalise(attribute or ""), normalise(monitored or "")
    watched = _monitored(kind)
    denied = said in _NOT_POOR or _DENIED in said
    marks = [] if denied or (not said and watched) else [HardshipMark(REGISTERED, said or "脱贫户名单")]
    if watched:
        marks.append(HardshipMark(watched, kind))
    return tuple(marks)


def _monitored(kind: str) -> str | None:
    if kind in _NOTHING:
        return None
    code = code_of(kind)
    return code if code in MONITORED else None


def monitored_known(monitored: str | None) -> bool:
    """Whether 监测对象类别 can be understood; False asks for a person."""
    kind = normalise(monitored or "")
    return kind in _NOTHING or _monitored(kind) is not None


def from_roll(orphan: str | int | None, disability: str | None) -> tuple[HardshipMark, ...]:
    """Hardships a roll tells: 是否孤儿 = 是 (or 1) is D10, a disability code other than 0 is D12."""
    marks = []
    if normalise(str(orphan if orphan is not None else "")).lower() in _YES:
        marks.append(HardshipMark(ORPHAN, "是否孤儿：是"))
    if disability and disability != "0":
        marks.append(HardshipMark(DISABLED, f"残疾人类型：{table('disability').label(disability)}"))
    return tuple(marks)
