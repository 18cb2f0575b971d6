"""What the faces show of a form: its columns with what goes into each, and what became of a filling."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from jzdesk.sheets.fill import WORDS, Mark

PEOPLE, FIGURES = "people", "figures"
SUBJECTS = {PEOPLE: "每名学生一行", FIGURES: "按学校、学段、项目统计"}
ENROLLED = "enrolled"


@dataclass(frozen=True, slots=True)
class FormColumn:
    """One column of a form: `letter` and `heading` as in the form; `nth` tells equal headings apart, from 0.

    It gets the value `key`, or the text `fixed`, or nothing. `way` is how the value is written, `ways` the choice.
    `required`: the form asks for it.
    """

    place: int
    letter: str
    heading: str
    nth: int = 0
    key: str = ""
    label: str = ""
    fixed: str = ""
    way: str = ""
    ways: tuple[tuple[str, str], ...] = ()
    required: bool = False
    sample: str = ""

    @property
    def gets(self) -> str:
        """What goes into it, in words."""
        return f"固定填写“{self.fixed}”" if self.fixed else self.label or "不填"

    @property
    def written(self) -> str:
        """How it is written, in words."""
        return dict(self.ways).get(self.way, "")


@dataclass(frozen=True, slots=True)
class FormView:
    """A form as the program understands it; everything but `columns` can be asked for again with `look`.

    `form` is a path, or the code of a built-in form. `row` and `last` are the 1-based first and last heading row.
    """

    form: str
    file: str
    subject: str
    sheets: tuple[str, ...]
    sheet: str
    row: int
    last: int
    columns: tuple[FormColumn, ...]
    notes: tuple[str, ...] = ()
    scheme: str = ""
    suffix: str = ".xlsx"

    @property
    def mapped(self) -> tuple[FormColumn, ...]:
        """The columns that get something."""
        return tuple(one for one in self.columns if one.key or one.fixed)

    def with_column(self, column: FormColumn) -> FormView:
        """The same form with one column settled otherwise."""
        return replace(self, columns=tuple(column if one.place == column.place else one for one in self.columns))


@dataclass(frozen=True, slots=True)
class FillQuery:
    """Whose rows: codes of grade, hardship ("any") and status, the uid of a class, the code of a school."""

    grade: str | None = None
    school_class: str | None = None
    hardship: str | None = None
    status: str | None = ENROLLED
    school: str | None = None


@dataclass(frozen=True, slots=True)
class FillOrder:
    """How to fill: `overwrite` replaces what differs, `marks` colours cells and adds the explaining sheet, `adding`
    gives a row to everybody who has none in the form.

    `term` and `basis` ("paid" or "granted") are for figures; `purpose` is asked for sensitive columns.
    """

    overwrite: bool = False
    marks: bool = True
    purpose: str = ""
    term: str = ""
    basis: str = "paid"
    adding: bool = True


@dataclass(frozen=True, slots=True)
class MissingLine:
    """A student without something that the form requires."""

    uid: str
    name: str
    place: str
    labels: tuple[str, ...]

    @property
    def lacks(self) -> str:
        """What is missing, in words."""
        return "、".join(self.labels)


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One cell to know about: what happened, whose, where, and its text before and after."""

    kind: str
    what: str
    uid: str
    title: str
    heading: str
    cell: str
    old: str
    new: str

    @classmethod
    def of(cls, mark: Mark) -> ReportLine:
        """The line of a mark."""
        return cls(mark.kind, WORDS[mark.kind], mark.record, mark.title, mark.heading, mark.cell, mark.old, mark.new)


@dataclass(frozen=True, slots=True)
class FillReport:
    """What became of a filling.

    `rows` entries went into the form: `matched` found a row of theirs, `added` got a new one. `cells` were written,
    `formulas` left alone. `lines` tell every cell that changed or differs; `notes` everything else to know.
    """

    path: Path
    scheme: str
    subject: str
    rows: int
    matched: int
    added: int
    cells: int
    formulas: int
    lines: tuple[ReportLine, ...]
    notes: tuple[str, ...]

    def of(self, kind: str) -> list[ReportLine]:
        """The lines of one kind."""
        return [line for line in self.lines if line.kind == kind]


@dataclass(frozen=True, slots=True)
class SchemeLine:
    """A kept scheme: its name, what kind of form, how many columns get something, when it was kept."""

    name: str
    subject: str
    subject_label: str
    columns: int
    when: str
