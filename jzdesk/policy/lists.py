"""Lists that other departments hand in: their ten kinds, how a list is told by its name, and what it gives a pupil.

What a kind means stands in the code table department_list, so that a county can settle it otherwise:

- `hardship` and `family` are what the person on the list and the pupil of that person's family become;
- `tie` says how near the family must be ("household": members and those of one household number, "parent");
- `policy` is "yes" (the hardship is in force), "keep" (nothing is given and nothing is ended: 监测对象(已消除),
  reference §0 point 14) or "no" (the list denies it: 脱贫户(不享受)).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from jzdesk.core.codes import table
from jzdesk.core.errors import UserError, ValueFault
from jzdesk.core.text import normalise, parse_date
from jzdesk.policy import hardship
from jzdesk.policy.hardship import HardshipMark

POOR, POOR_NO_MORE, WATCHED, SAFE = "L01", "L02", "L07", "L08"
YES, KEEP, NO = "yes", "keep", "no"
_DENIED = ("不享受", "停止享受", "不再享受")
_NO = frozenset({"否", "0", "0-否", "2", "无", "×", "n", "no"})
_GONE = frozenset({"已消除", "风险已消除", "自然消除", "R1", "R2", "消除"})
_DAY = re.compile(
    r"(?<!\d)(20\d{2})\s*(?:年|[-./])\s*(\d{1,2})\s*(?:月|[-./])\s*(\d{1,2})|(?<!\d)(20\d{2})(\d{2})(\d{2})(?!\d)"
)
_MONTH = re.compile(
    r"(?<!\d)(20\d{2})\s*(?:年|[-./])\s*(\d{1,2})(?:\s*月|(?!\d))|(?<!\d)(20\d{2})(0[1-9]|1[0-2])(?!\d)"
)


@dataclass(frozen=True, slots=True)
class ListKind:
    """One of the ten kinds; columns of the code table."""

    code: str
    name: str
    hardship: str
    family: str
    tie: str
    policy: str
    attr: str
    monitoring: str
    title_pattern: str
    heading_pattern: str

    @property
    def codes(self) -> frozenset[str]:
        """Every hardship that such a list can give, to the person and to the family."""
        own = {self.hardship, self.family} - {""}
        if self.hardship in hardship.MONITORED:
            own |= set(hardship.MONITORED)
        if self.hardship == hardship.FORSAKEN:
            own.add(hardship.ORPHAN)
        return frozenset(own)


@dataclass(frozen=True, slots=True)
class Said:
    """What a row says besides who it is, as written; blank where the list has no such column."""

    attribute: str = ""
    monitored: str = ""
    status: str = ""
    enjoys: str = ""
    child_kind: str = ""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a row means for a pupil: hardships it gives, and codes that it keeps in force or denies."""

    gives: tuple[HardshipMark, ...] = ()
    keeps: frozenset[str] = frozenset()
    denies: frozenset[str] = frozenset()


@cache
def kinds() -> dict[str, ListKind]:
    """Code → kind, in the order in which a name is tried against them."""
    rows = table("department_list").rows
    names = ListKind.__dataclass_fields__
    return {code: ListKind(**{name: row[name] for name in names}) for code, row in rows.items()}


def kind_of(code: str) -> ListKind:
    """The kind of a code or a name; raises UserError."""
    for one in kinds().values():
        if code in (one.code, one.name) or normalise(code) == normalise(one.name):
            return one
    names = "、".join(f"{one.code} {one.name}" for one in sorted(kinds().values(), key=lambda one: one.code))
    raise UserError(f"没有“{code}”这种名单", f"名单种类有：{names}。", "名单种类")


def guess_kind(texts: Iterable[str], headings: Sequence[str] = ()) -> str:
    """The kind that file name and titles (most telling first), else the headings, speak of; empty when none does."""
    for text in texts:
        for one in kinds().values():
            if re.search(one.title_pattern, normalise(text)):
                return one.code
    for one in kinds().values():
        if one.heading_pattern and any(re.search(one.heading_pattern, normalise(text)) for text in headings):
            return one.code
    return ""


def guess_date(texts: Iterable[str]) -> str:
    """The day (or the first day of the month) that file name or title names; empty when none does."""
    for text in map(normalise, texts):
        for pattern in (_DAY, _MONTH):
            for match in pattern.finditer(text):
                year, month, *day = [int(part) for part in match.groups() if part]
                try:
                    return parse_date(f"{year:04d}-{month:02d}-{day[0] if day else 1:02d}")
                except ValueFault:
                    continue
    return ""


@lru_cache(maxsize=4096)
def meaning_of(kind: ListKind, said: Said) -> Meaning:
    """What the row means for the person on it. An unknown 监测对象类别 gives nothing: ask `problem_of` first."""
    policy = NO if _denies(said) else kind.policy
    watched = _watched(kind, said)
    if kind.code in (POOR, POOR_NO_MORE):
        return _of_poor(policy, said, watched)
    if kind.hardship in hardship.MONITORED:
        return _of_monitored(policy, kind, said, watched)
    code = _own_code(kind, said)
    return _weighed(policy, HardshipMark(code, kind.name))


def family_meaning(kind: ListKind, meaning: Meaning) -> Meaning:
    """What the same row means for the pupil of the person's family; nothing when the kind knows no such thing."""
    if not kind.family:
        return Meaning()
    if kind.family == kind.hardship:
        return meaning
    as_family = tuple(HardshipMark(kind.family, one.said) for one in meaning.gives[:1])
    moved = {kind.family} if meaning.keeps else set()
    return Meaning(as_family, frozenset(moved), frozenset({kind.family} if meaning.denies else ()))


def problem_of(said: Said) -> str:
    """Why a row cannot be understood, as a sentence; empty when it can."""
    if hardship.monitored_known(said.monitored):
        return ""
    return f"监测对象类别“{said.monitored}”认不出"


def household_facts(kind: ListKind, said: Said, number: str, cause: str) -> tuple[dict[str, str], dict[str, str]]:
    """Number, attribute, cause and monitoring of the household as codes; and the words that no table knows."""
    facts: dict[str, str] = {"number": number} if number else {}
    unknown: dict[str, str] = {}
    for name, codes, written in (("attr", "household_attr", said.attribute), ("cause", "poverty_cause", cause)):
        if not written:
            continue
        try:
            facts[name] = table(codes).parse(written)
        except ValueFault:
            unknown[name] = written
    if kind.attr and "attr" not in facts:
        facts["attr"] = kind.attr
    if kind.monitoring:
        facts["monitoring"] = kinds()[SAFE].monitoring if _gone(said) else kind.monitoring
    return facts, unknown


def _denies(said: Said) -> bool:
    """Whether the row itself says that the policy is not enjoyed."""
    words = normalise(said.enjoys).lower()
    return words in _NO or any(no in normalise(text) for no in _DENIED for text in (said.enjoys, said.attribute))


def _gone(said: Said) -> bool:
    return normalise(said.status).removesuffix("风险") in _GONE


def _watched(kind: ListKind, said: Said) -> HardshipMark | None:
    """The class of a monitored household, as far as the row names one."""
    for mark in hardship.from_list("否", said.monitored):
        return mark
    return HardshipMark(kind.hardship, kind.name) if kind.hardship in hardship.MONITORED else None


def _of_poor(policy: str, said: Said, watched: HardshipMark | None) -> Meaning:
    """脱贫户: D01 by the attribute, and the monitored class besides, each judged for itself."""
    marks = hardship.from_list(said.attribute, said.monitored)
    poor = [one for one in marks if one.code == hardship.REGISTERED]
    if policy == NO:
        poor = [HardshipMark(hardship.REGISTERED, "不享受政策")]
    meanings = [_weighed(policy, one) for one in poor]
    if watched is not None:
        meanings.append(_weighed(KEEP if _gone(said) else YES, watched))
    return _together(meanings)


def _of_monitored(policy: str, kind: ListKind, said: Said, watched: HardshipMark | None) -> Meaning:
    """监测对象: the class, unless the risk is gone; D01 besides where the attribute says 脱贫户."""
    meanings = [_weighed(KEEP if _gone(said) and policy == YES else policy, watched)] if watched else []
    if said.attribute and not _denies(said):
        meanings += [
            _weighed(YES, one)
            for one in hardship.from_list(said.attribute, "")
            if one.code == hardship.REGISTERED and kind.policy == YES
        ]
    return _together(meanings)


def _own_code(kind: ListKind, said: Said) -> str:
    """孤儿及事实无人抚养: what kind of child, where the list says so."""
    named = hardship.code_of(said.child_kind) if said.child_kind else None
    if kind.hardship == hardship.FORSAKEN and (named == hardship.ORPHAN or said.child_kind.strip() == "孤儿"):
        return hardship.ORPHAN
    return kind.hardship


def _weighed(policy: str, mark: HardshipMark) -> Meaning:
    if policy == YES:
        return Meaning((mark,))
    only = frozenset({mark.code})
    return Meaning(keeps=only) if policy == KEEP else Meaning(denies=only)


def _together(meanings: Sequence[Meaning]) -> Meaning:
    return Meaning(
        tuple(mark for one in meanings for mark in one.gives),
        frozenset().union(*(one.keeps for one in meanings)),
        frozenset().union(*(one.denies for one in meanings)),
    )
