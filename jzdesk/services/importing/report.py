"""What an import tells people: how the rows balance, what was put right, which rows were parked and why."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from jzdesk.core.errors import UserError
from jzdesk.sheets.mapping import Fault

ADDED, CHANGED, UNCHANGED = "added", "changed", "unchanged"
PARKED, UNMATCHED = "parked", "unmatched"


class ImportCancelled(UserError):
    """The person stopped an import: nothing of it was kept."""

    def __init__(self, file: str) -> None:
        super().__init__("导入已取消，没有改动任何数据", "需要时重新导入即可。", file)


@dataclass(frozen=True, slots=True)
class FaultLine:
    """One fault of one parked row: `column` is the heading as written, empty when the whole row is meant."""

    sheet: str
    row: int
    column: str
    value: str
    problem: str
    remedy: str

    @staticmethod
    def of(fault: Fault) -> FaultLine:
        """The line of a fault found in a sheet."""
        heading = fault.heading or fault.label
        return FaultLine(fault.sheet, fault.row, heading, fault.value, fault.problem, fault.remedy)


@dataclass(frozen=True, slots=True)
class ParkedLine:
    """One fault of a row that still waits; lines of one row share file, sheet and row."""

    uid: str
    file: str
    sheet: str
    row: int
    column: str
    value: str
    problem: str
    remedy: str


@dataclass(frozen=True, slots=True)
class ImportReport:
    """The outcome of one import, in rows: read = added + changed + unchanged + parked + unmatched.

    `unmatched` are people of a department's list who are not on this roll. `warned` counts rows kept with a question;
    a parked row with several faults is one parked row with several `faults`. `annotated` is the marked copy.
    """

    kind: str
    file: str
    read: int
    added: int
    changed: int
    unchanged: int
    parked: int
    warned: int
    notes: list[str]
    faults: list[FaultLine]
    annotated: Path | None = None
    unmatched: int = 0

    @property
    def balanced(self) -> bool:
        """Whether every row read has become something."""
        return self.read == self.added + self.changed + self.unchanged + self.parked + self.unmatched
