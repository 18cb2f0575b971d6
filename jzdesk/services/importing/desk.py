"""What every importer works with: the school, the term, the images it will write, and what is to be told."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from dataclasses import dataclass, field

from sqlalchemy import Connection

from jzdesk.core.fields import Value
from jzdesk.core.term import Term
from jzdesk.models import BY_NAME, Record
from jzdesk.services.importing.diary import Diary
from jzdesk.services.importing.image import Image
from jzdesk.sheets.mapping import SheetRow


@dataclass(slots=True)
class Desk:
    """Shared by the parts of one import; `notes` are sentences for the report, `tally` further counts of rows."""

    connection: Connection
    school: str
    term: Term
    today: str
    notes: list[str] = field(default_factory=list)
    tally: Counter[str] = field(default_factory=Counter)
    images: dict[type[Record], Image] = field(default_factory=dict)
    several_sheets: bool = False
    file: str = ""
    diary: Diary | None = None

    def image(self, entity: type[Record]) -> Image:
        """The records of an entity within the school, read once."""
        found = self.images.get(entity)
        if found is None:
            found = self.images[entity] = Image(self.connection, entity, self.school, self.diary)
        return found

    def title(self, entity: str, uid: Value) -> str:
        """The words that name a record; empty for one that is not of this school."""
        values = self.image(BY_NAME[entity]).rows.get(str(uid))
        return BY_NAME[entity].spec.title_of(values) if values is not None else ""

    def note(self, row: SheetRow, text: str) -> None:
        """A sentence about a row."""
        self.notes.append(f"{self.place(row)}：{text}")

    def place(self, row: SheetRow) -> str:
        """`第 5 行`, with the sheet when there are several."""
        sheet = f"工作表“{row.sheet}”" if self.several_sheets else ""
        return f"{sheet}第 {row.number} 行"


class Importer(ABC):
    """Turns rows of one kind of workbook into records, one after the other."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def reconsider(self, row: SheetRow) -> None:  # noqa: B027  most kinds have nothing to reconsider
        """Take back faults of single cells that the rest of the row explains."""

    def closing(self) -> list[str]:
        """Sentences for the top of the report, once every row was taken."""
        return []

    @abstractmethod
    def take(self, row: SheetRow) -> str:
        """What a row became: one of report.ADDED, CHANGED, UNCHANGED, UNMATCHED, or PARKED when it has faults.

        A row that cannot become anything gets its fault with `row.park` before anything of it is kept; rows that came
        with faults may be looked at for more.
        """
