"""The filling service: a form of another system in, the same form filled from the records out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from jzdesk.core.errors import UserError
from jzdesk.core.fields import Value
from jzdesk.core.slices import slices
from jzdesk.core.term import Term
from jzdesk.services import disclosures
from jzdesk.services.context import Context
from jzdesk.services.disclosures import Disclosure
from jzdesk.services.filling import builtin, people, recognising, schemes, statistics
from jzdesk.services.filling.matching import PeopleMatcher
from jzdesk.services.filling.views import (
    ENROLLED,
    FIGURES,
    PEOPLE,
    FillOrder,
    FillQuery,
    FillReport,
    FormColumn,
    FormView,
    MissingLine,
    ReportLine,
    SchemeLine,
)
from jzdesk.services.ledger import LedgerService
from jzdesk.services.pupils import enrolled_statuses
from jzdesk.services.students import StudentQuery, StudentService
from jzdesk.sheets.cells import shown
from jzdesk.sheets.columns import Column
from jzdesk.sheets.files import write_whole
from jzdesk.sheets.fill import Entry, Filling, Task, fill
from jzdesk.sheets.form_file import MOST_ROWS, Form, form_from, open_form
from jzdesk.sheets.heading import Heading
from jzdesk.sheets.mapping import SheetRow
from jzdesk.sheets.written import written

_AT_ONCE = 5000
Progress = Callable[[int, int], object]
Cancel = Callable[[], bool]


class FillService:
    """Fill once, export every form: schemes, built-in forms, what is missing, the filling, and its trace."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._example: tuple[Mapping[str, Value], Mapping[str, str]] | None = None

    def built_in(self) -> list[tuple[str, str, str]]:
        """(code, label, explanation) of the forms that the program brings along."""
        return [(form.code, form.label, form.explain) for form in builtin.FORMS.values()]

    def fields(self, subject: str) -> list[tuple[str, str]]:
        """(key, label) of what a column of such a form can get."""
        return [(column.key, column.label) for column in recognising.wanted(subject)]

    def look(
        self, form: str | Path, *, scheme: str = "", sheet: str = "", row: int | None = None, last: int | None = None
    ) -> FormView:
        """A form as the program understands it, settled as `scheme` says when it was kept.

        `form` is a path or the code of a built-in form. `sheet`, `row` and `last` (1-based heading rows) are a
        person's choice. Raises UserError (see `open_form`; no heading found, no such sheet) and StationFault.
        """
        opened, self._example = self._open(form), None
        name = scheme or Path(self._file(form)).stem
        body = schemes.load(self._context, name) if schemes.number_of(self._context, name) is not None else {}
        sheet = sheet or (body["sheet"] if body and body["sheet"] in opened.book.names else "")
        found = recognising.recognise(opened, sheet or None, row, last)
        columns = recognising.form_columns(opened, found)
        if body and body["subject"] == found.subject:
            columns = recognising.recalled(columns, found.subject, body["columns"])
        return FormView(
            str(form), self._file(form), found.subject, opened.book.names, found.sheet.name, found.heading.row,
            found.heading.last, self._sampled(found.subject, columns), opened.notes, name, opened.suffix,
        )  # fmt: skip

    def settle(self, view: FormView, place: int, *, key: str = "", fixed: str = "", way: str | None = None) -> FormView:
        """The form with the column at `place` getting the value `key`, the text `fixed`, or nothing.

        `way` is how the value is written. Raises UserError for what there is not.
        """
        one = next((column for column in view.columns if column.place == place), None)
        if one is None:
            raise UserError("表里没有这一列", "请重新选择一列。", view.file)
        made = replace(one, key="", label="", fixed=fixed.strip(), way="", ways=(), sample=fixed.strip())
        if key:
            column = next((each for each in recognising.wanted(view.subject) if each.key == key), None)
            if column is None:
                labels = "、".join(label for _, label in self.fields(view.subject)[:12])
                raise UserError(f"没有叫“{key}”的栏目", f"可以填的有：{labels}……")
            made = recognising.assigned(made, column)
            if way is not None and made.ways:
                if way not in dict(made.ways):
                    raise UserError(f"“{one.heading}”没有“{way}”这种写法", f"可以写成：{'、'.join(dict(made.ways))}。")
                made = replace(made, way=way)
            made = self._sampled(view.subject, (made,))[0]
        return view.with_column(made)

    def schemes(self) -> list[SchemeLine]:
        """The kept schemes."""
        return schemes.every(self._context)

    def keep(self, view: FormView, name: str) -> None:
        """Keep how the form is filled under a name; raises UserError."""
        schemes.save(self._context, name, view)

    def forget(self, name: str) -> None:
        """Throw a scheme away; raises UserError."""
        schemes.forget(self._context, name)

    def blank(self, code: str, path: Path | str) -> Path:
        """Write a built-in form without anybody in it; raises UserError and StationFault."""
        write_whole(Path(path), builtin.built_in(code).content())
        return Path(path)

    def missing(self, view: FormView, query: FillQuery | None = None) -> list[MissingLine]:
        """Students without something that the form requires, in the order of the roll."""
        required = [one for one in view.columns if one.required and one.key]
        if view.subject != PEOPLE or not required:
            return []
        wanted = query or FillQuery()
        uids, found = self._uids(wanted), list[MissingLine]()
        for part in slices(uids, _AT_ONCE):  # of a county, never everybody at once
            entries = self._read(part, wanted)
            found += [line for entry in entries if (line := _missing(entry, required)) is not None]
        return found

    def sensitive(self, view: FormView) -> list[str]:
        """Labels of the columns for which a purpose must be given."""
        by_key = {column.key: column.spec for column in recognising.wanted(view.subject)}
        return disclosures.sensitive(
            by_key[one.key] for one in view.columns if one.key in by_key and view.subject == PEOPLE
        )

    def disclosures(self) -> list[Disclosure]:
        """The trace of every list with sensitive columns that was written out here."""
        return disclosures.disclosures(self._context)

    def fill(
        self,
        view: FormView,
        out: Path | str,
        query: FillQuery | None = None,
        order: FillOrder | None = None,
        progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> FillReport:
        """Fill the form and write it to `out`; the scheme is kept under its name, and what was written with it.

        Raises UserError (no purpose, nobody to fill in, the form itself as `out`, see `sheets.fill.fill`) and
        StationFault; then nothing was written and nothing is remembered.
        """
        order, query, tell = order or FillOrder(), query or FillQuery(), progress or _silent
        out = self._target(view, Path(out))
        labels = self.sensitive(view)
        disclosures.require_purpose(labels, order.purpose, view.file)
        form = self._open(view.form)
        tell(1, 4)
        task = self._task(form, view, query, order)
        _stop(cancel)
        tell(2, 4)
        filling = fill(form, task)
        _stop(cancel)
        tell(3, 4)
        write_whole(out, form.package.content())
        number = schemes.save(self._context, view.scheme, view)
        schemes.remember(self._context, number, filling.written)
        disclosures.note(self._context, f"填写{view.scheme}", out.name, len(task.entries), labels, order.purpose)
        tell(4, 4)
        return _report(out, view, form, task, filling)

    def _file(self, form: str | Path) -> str:
        return str(builtin.FORMS[str(form)].file) if str(form) in builtin.FORMS else Path(form).name

    def _open(self, form: str | Path) -> Form:
        if (made := builtin.FORMS.get(str(form))) is not None:
            return form_from(made.content(), made.file)
        return open_form(Path(form))

    def _target(self, view: FormView, out: Path) -> Path:
        """Where to write, with the ending that the form needs; raises UserError for the form itself."""
        out = out.with_suffix(view.suffix)
        if view.form not in builtin.FORMS and out.resolve() == Path(view.form).resolve():
            remedy = "请给填好的表换一个名字或文件夹，原来的表会一直留着。"
            raise UserError("填好的表不能覆盖原来的表", remedy, out.name)
        return out

    def _task(self, form: Form, view: FormView, query: FillQuery, order: FillOrder) -> Task:
        given = recognising.assignments(view.subject, view.columns)
        entries, match = self._entries(view, query, order)
        number = schemes.number_of(self._context, view.scheme)
        before = schemes.last_written(self._context, number) if number is not None else {}
        with self._context.read() as connection:
            names = people.division_names(connection)
        heading = Heading(view.row, view.last, {}, _texts(view))
        return Task(
            view.sheet, heading, given, entries, match, before, order.overwrite, order.marks, names, order.adding,
            self._titles(order),
        )  # fmt: skip

    def _titles(self, order: FillOrder) -> dict[str, str]:
        """What forms ask for above their heading."""
        ours = dict.fromkeys(("填报单位", "填报学校", "学校名称", "学校"), self._context.info.name)
        return ours | {"学期": self._term(order).label}

    def _term(self, order: FillOrder) -> Term:
        return Term.parse(order.term) if order.term else self._context.term()

    def _entries(self, view: FormView, query: FillQuery, order: FillOrder) -> tuple[list[Entry], _Match]:
        if view.subject == FIGURES:
            return self._figures(view, order)
        entries = self._people(query)
        if not entries:
            remedy = "请放宽年级、班级、困难类型或状态的筛选。"
            raise UserError("没有要填的学生", remedy, view.file)
        return entries, PeopleMatcher(entries)

    def _figures(self, view: FormView, order: FillOrder) -> tuple[list[Entry], _Match]:
        context, info = self._context, self._context.info
        term = self._term(order)
        scope = None if info.kind == "county" else context.author.scope
        with context.read() as connection:
            census = statistics.census(connection, term, scope, (info.code, info.name), order.basis)
        keys = [one.key for one in view.columns if one.key in statistics.KEYS]
        return census.entries(keys), census.matcher(keys)

    def _people(self, query: FillQuery) -> list[Entry]:
        """The students in question with everything a form may want; raises UserError for more than a form may have."""
        uids = self._uids(query)
        if len(uids) > MOST_ROWS:
            remedy = "请选一所学校、一个年级或一种困难类型，分几次填写。"
            raise UserError(f"符合条件的学生有 {len(uids):,} 人，一份表最多 {MOST_ROWS:,} 行", remedy)
        return people.numbered(self._read(uids, query))

    def _uids(self, query: FillQuery) -> list[str]:
        status = None if query.status == ENROLLED else query.status
        asked = StudentQuery(
            grade=query.grade, school_class=query.school_class, hardship=query.hardship, status=status,
            school=query.school,
        )  # fmt: skip
        return StudentService(self._context, LedgerService(self._context)).ids(asked)

    def _read(self, uids: Sequence[str], query: FillQuery) -> list[Entry]:
        info = self._context.info
        with self._context.read() as connection:
            found = people.entries(connection, uids, (info.code, info.name))
        if query.status != ENROLLED:
            return found
        return [one for one in found if one.values.get("enrolment.status") in enrolled_statuses()]

    def _sampled(self, subject: str, columns: Sequence[FormColumn]) -> tuple[FormColumn, ...]:
        """The columns with what the first student would have there."""
        if subject != PEOPLE:
            return tuple(columns)
        by_key = {column.key: column for column in recognising.wanted(subject)}
        if self._example is None:
            self._example = self._read_example()
        values, names = self._example
        return tuple(
            replace(one, sample=_example(by_key[one.key], values, one, names)) if one.key in by_key else one
            for one in columns
        )

    def _read_example(self) -> tuple[Mapping[str, Value], Mapping[str, str]]:
        """One student and the names of divisions: read with the form, so that settling a column asks nobody."""
        with self._context.read() as connection:
            values = people.sample(connection, (self._context.info.code, self._context.info.name))
            return values, people.division_names(connection)


_Match = Callable[[SheetRow], Sequence[str]]


def _example(column: Column, values: Mapping[str, Value], one: FormColumn, names: Mapping[str, str]) -> str:
    """What one student would have there; what is sensitive stays covered on the screen."""
    text = written(column, values.get(one.key), one.way, names)
    said = "" if text is None else text if isinstance(text, str) else shown(text)
    return column.spec.kind.mask(said) if column.spec.sensitive and said else said


def _texts(view: FormView) -> tuple[str, ...]:
    """The heading of every column, as the view has it."""
    by_place = {one.place: one.heading for one in view.columns}
    return tuple(by_place.get(place, "") for place in range(max(by_place, default=-1) + 1))


def _missing(entry: Entry, required: Sequence[FormColumn]) -> MissingLine | None:
    labels = tuple(one.label for one in required if entry.values.get(one.key) in (None, ""))
    if not labels:
        return None
    return MissingLine(entry.record, entry.title, people.place_of(entry.values), labels)


def _report(out: Path, view: FormView, form: Form, task: Task, filling: Filling) -> FillReport:
    notes = [*form.notes, *filling.unsure, *filling.strangers]
    if filling.formulas:
        notes.append(f"有 {filling.formulas:,} 个单元格是公式，保留没有改写；打开文件时会重新计算。")
    return FillReport(
        out, view.scheme, view.subject, filling.matched + filling.added, filling.matched, filling.added, filling.cells,
        filling.formulas, tuple(ReportLine.of(mark) for mark in filling.marks), tuple(notes),
    )  # fmt: skip


def _silent(_: int, __: int) -> None:
    """Nobody asked for the progress."""


def _stop(cancel: Cancel | None) -> None:
    if cancel is not None and cancel():
        raise UserError("已取消，没有写出文件", "需要时请再填一次。")
