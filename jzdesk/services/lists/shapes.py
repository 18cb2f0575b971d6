"""What the faces see of lists: a look before reading, runs, lines with what they say and what was decided."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from jzdesk.policy.matching import ABSENT, ENDED, MATCHED, NAME, UNREAD

PILE_LABELS = {
    MATCHED: "对上", NAME: "姓名不同", ABSENT: "不在本校学籍", ENDED: "名单上已没有", UNREAD: "读不出",
}  # fmt: skip
# What became of a line. The first group is a person's word, the second the program's own.
ACCEPTED, NOT_OURS, KEPT, LATER = "accepted", "notours", "keep", "later"
KNOWN, COVERED, OUT_OF_AGE, REPLACED = "known", "covered", "age", "replaced"
OUTCOME_LABELS = {
    ACCEPTED: "已确认", NOT_OURS: "不是本校的", KEPT: "保留", LATER: "以后再定", KNOWN: "已登记", COVERED: "同上",
    OUT_OF_AGE: "非学龄", REPLACED: "已重新比对",
}  # fmt: skip
OPEN = (None, LATER)


@dataclass(frozen=True, slots=True)
class ListLook:
    """What a file seems to be, before anything is read into piles; "" where nothing could be guessed.

    `newest` is the date of the newest list of that kind that was read, `older` whether this one is older.
    """

    path: Path
    kind: str
    kind_name: str
    listed_on: str
    rows: int
    newest: str
    older: bool


@dataclass(frozen=True, slots=True)
class ListReport:
    """A list that was read: rows `read` = matched + name + absent + unread; `ended` are pupils, not rows.

    `waiting` is the number of lines a person has to decide; `annotated` the copy with the unreadable cells marked.
    """

    run: int
    kind: str
    kind_name: str
    file: str
    listed_on: str
    read: int
    matched: int
    name: int
    absent: int
    unread: int
    ended: int
    waiting: int
    notes: tuple[str, ...]
    annotated: Path | None = None

    @property
    def balanced(self) -> bool:
        """Whether every row is in one pile."""
        return self.read == self.matched + self.name + self.absent + self.unread


@dataclass(frozen=True, slots=True)
class ListRun:
    """A list that was read, with its rows by pile and the lines that wait, by pile."""

    id: int
    kind: str
    kind_name: str
    file: str
    listed_on: str
    when: str
    read: int
    piles: dict[str, int]
    waiting: dict[str, int]
    notes: tuple[str, ...]

    @property
    def left(self) -> int:
        """How many lines wait."""
        return sum(self.waiting.values())


@dataclass(frozen=True, slots=True)
class Likely:
    """A pupil who may be the one on the list: grade and class, and why."""

    uid: str
    name: str
    place: str
    birth: str
    why: str


@dataclass(frozen=True, slots=True)
class ListLine:
    """One line of a pile; `number` masked. `student` is the pupil meant ("" when nobody is), `pupil` the name.

    `via` says through whom (`父亲 宋琪亦`), `gives` what accepting does in words, `says` why it is in this pile,
    `details` further (heading, text) of the list, `waiting` whether a person has to decide;
    `offered` a pupil whom the list does not name, but a child of the same household.
    """

    id: int
    run: int
    pile: str
    pile_label: str
    row: int
    name: str
    number: str
    birth: str
    student: str
    pupil: str
    place: str
    via: str
    gives: str
    says: str
    details: tuple[tuple[str, str], ...]
    likely: tuple[Likely, ...]
    outcome: str
    outcome_label: str
    reason: str
    waiting: bool
    offered: bool = False

    @property
    def uid(self) -> str:
        """The line's name in a table."""
        return str(self.id)
