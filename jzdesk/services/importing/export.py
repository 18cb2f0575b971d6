"""Workbooks out: the lists that imports read, with the same headings, and every other ledger as people see it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from jzdesk.core.errors import UserError
from jzdesk.core.fields import FieldSpec, Value
from jzdesk.core.kinds import OpenCode, Reference
from jzdesk.models import BY_NAME, BankAccount, Enrolment, Guardian, Member, Pairing, SchoolClass, Staff, Student, Visit
from jzdesk.services import disclosures, ledger
from jzdesk.services.context import Context
from jzdesk.services.importing import columns
from jzdesk.services.importing.desk import Desk
from jzdesk.services.importing.image import Values
from jzdesk.services.importing.kinds import KINDS
from jzdesk.sheets.columns import Column
from jzdesk.sheets.writer import Outlet, write_book

_ENTITY_KINDS = {"student": "roll", "school_class": "classes", "bank_account": "accounts", "visit": "visits"}
_Rows = Iterator[Values]
_UNSAID = "（没有填写）"


def export(context: Context, kind: str, path: Path, purpose: str | None = None) -> int:
    """Write the workbook and return its rows; see `ImportService.export`."""
    label, outlets, lines = _what(context, _ENTITY_KINDS.get(kind, kind))
    labels = disclosures.sensitive(each for each in map(_spec, outlets) if each is not None)
    if purpose is not None:
        disclosures.require_purpose(labels, purpose, path.name)
    rows = write_book(path, _title(context, label), outlets, lines)
    disclosures.note(context, f"导出{label}", path.name, rows, labels, purpose or _UNSAID)
    return rows


def sensitive(kind: str) -> list[str]:
    """Labels of the columns that such a workbook may have and that ask for a purpose; at once, nothing is read."""
    code = _ENTITY_KINDS.get(kind, kind)
    if code in _ROWS:
        return disclosures.sensitive(column.spec for column in KINDS[code].columns())
    return disclosures.sensitive(BY_NAME[code].spec) if code in BY_NAME else []


def _what(context: Context, code: str) -> tuple[str, list[Outlet], list[Values]]:
    """The name, the columns and the rows of a ledger; raises UserError for one that there is not."""
    with context.read() as connection:
        if (rows := _ROWS.get(code)) is not None:
            desk = Desk(connection, context.author.scope, context.term(), context.today())
            found = list(rows(desk))
            return KINDS[code].label, [*_filled(KINDS[code].columns(), found)], found
        if code not in BY_NAME:
            raise UserError(f"没有“{code}”这种台账", f"可以导出：{'、'.join((*_ROWS, *BY_NAME))}。")
        uids = ledger.LedgerService(context).ids(ledger.Query(code))
        shown = ledger.rows(connection, code, uids)
    return BY_NAME[code].label, *_plain(code, shown)


def _spec(outlet: Outlet) -> FieldSpec | None:
    if isinstance(outlet, Column):
        return outlet.spec
    return outlet if isinstance(outlet, FieldSpec) else None


def _title(context: Context, label: str) -> str:
    return f"{context.info.name}{label}"


def _filled(wanted: list[Column], rows: list[Values]) -> list[Column]:
    """Columns that hold something in some row, and those that a heading needs."""
    used = {key for row in rows for key, value in row.items() if value is not None}
    return [column for column in wanted if column.key in used or column.essential or not rows]


def _plain(entity: str, rows: list[ledger.Row]) -> tuple[list[Outlet], list[Values]]:
    """Any ledger: values as they are, references as the titles of what they refer to; so are codes others have named,
    where nobody imports them again."""
    fields = list(BY_NAME[entity].spec)
    titled = (Reference, OpenCode) if BY_NAME[entity].managed else (Reference,)
    outlets: list[Outlet] = [field.label if isinstance(field.kind, titled) else field for field in fields]
    lines: list[Values] = []
    for row in rows:
        values: Values = {}
        for field in fields:
            if isinstance(field.kind, titled):
                values[field.label] = row.shown[field.name]
            else:
                values[field.name] = row.values[field.name]
        lines.append(values)
    return outlets, lines


def _prefixed(prefix: str, values: Values, names: Iterable[str]) -> Values:
    return {f"{prefix}.{name}": values.get(name) for name in names}


def _roll(desk: Desk) -> _Rows:
    """One row a student with a place at this school, by grade, class and name."""
    students, classes = desk.image(Student).rows, desk.image(SchoolClass).rows
    family = _families(desk)
    names = columns.plain_fields(Student)
    rows = []
    for one in desk.image(Enrolment).rows.values():
        uid = str(one["student"])
        if uid in students and one.get("school") == desk.school and one.get("valid_to") is None:
            room = classes.get(str(one.get("school_class")), {}).get("name")
            place = _prefixed("enrolment", one, columns.PLACE)
            row = _prefixed("student", students[uid], names) | place | {"enrolment.school_class": room}
            rows.append(row | family.get(uid, {}))
    yield from sorted(rows, key=lambda row: tuple(str(row[key] or "") for key in _ROLL_ORDER))


_ROLL_ORDER = ("enrolment.grade", "enrolment.school_class", "student.name", "student.birth")


def _families(desk: Desk) -> dict[str, Values]:
    """Student → cells of the first two members, by their position."""
    members = desk.image(Member).rows
    ties: dict[str, list[Values]] = {}
    for tie in desk.image(Guardian).rows.values():
        if str(tie["member"]) in members:
            ties.setdefault(str(tie["student"]), []).append(tie)
    found: dict[str, Values] = {}
    for student, mine in ties.items():
        cells: Values = {}
        for number, tie in _placed(mine).items():
            person = members[str(tie["member"])]
            cells |= _prefixed(f"member{number}", person, Member.spec.fields)
            cells |= _prefixed(f"member{number}", tie, columns.TIE)
        found[student] = cells
    return found


def _placed(ties: list[Values]) -> dict[int, Values]:
    """Place on the row → tie: each at its own position where that is free, the others where room is left."""
    ordered = sorted(ties, key=lambda tie: (int(tie.get("position") or 99), str(tie["member"])))
    found: dict[int, Values] = {}
    for tie in ordered:
        free = [number for number in columns.MEMBERS if number not in found]
        own = tie.get("position")
        if free:
            found[own if isinstance(own, int) and own in free else free[0]] = tie
    return found


def _members(desk: Desk) -> _Rows:
    """One row a pupil and member, in the order they have on the roll."""
    students, members = desk.image(Student).rows, desk.image(Member).rows
    ties = [
        tie for tie in desk.image(Guardian).rows.values()
        if str(tie["student"]) in students and str(tie["member"]) in members
    ]  # fmt: skip

    def place(tie: Values) -> tuple[str, str, int]:
        pupil = str(tie["student"])
        return str(students[pupil].get("name")), pupil, int(tie.get("position") or 99)

    for tie in sorted(ties, key=place):
        yield (
            _prefixed("pupil", students[str(tie["student"])], ("name", "id_number", "roll_number"))
            | _prefixed("member", members[str(tie["member"])], columns.FAMILY)
            | _prefixed("guardian", tie, columns.FAMILY_TIE)
        )


def _classes(desk: Desk) -> _Rows:
    """The classes by grade and name, each with its head."""
    staff = desk.image(Staff).rows
    rows = sorted(desk.image(SchoolClass).rows.values(), key=lambda one: (str(one["grade"]), str(one["name"])))
    for one in rows:
        head = staff.get(str(one.get("head")), {})
        yield _prefixed("school_class", one, ("grade", "name", "room")) | _prefixed(
            "staff", head, ("name", "id_number", "phone")
        )


def _staff(desk: Desk) -> _Rows:
    names = columns.plain_fields(Staff)
    rows = sorted(desk.image(Staff).rows.values(), key=lambda one: str(one.get("name")))
    return (_prefixed("staff", one, names) for one in rows)


def _pupil_rows(desk: Desk, records: Iterable[Values], prefix: str, names: tuple[str, ...]) -> _Rows:
    """Records about pupils, with the pupil and the caseworker in words."""
    students, staff = desk.image(Student).rows, desk.image(Staff).rows
    for one in records:
        student = students.get(str(one["student"]))
        if student is not None:
            caseworker = staff.get(str(one.get("staff")), {})
            yield (
                _prefixed("pupil", student, ("name", "id_number", "roll_number"))
                | _prefixed("staff", caseworker, ("name", "id_number", "phone"))
                | _prefixed(prefix, one, names)
            )


def _pairing(desk: Desk) -> _Rows:
    """The pairings in force."""
    active = [one for one in desk.image(Pairing).rows.values() if one.get("valid_to") is None]
    return _pupil_rows(desk, active, "pairing", ("valid_from", "reason"))


def _accounts(desk: Desk) -> _Rows:
    """The accounts in use."""
    active = [one for one in desk.image(BankAccount).rows.values() if one.get("valid_to") is None]
    return _pupil_rows(desk, active, "bank_account", ("holder", "relation", "bank", "account"))


def _visits(desk: Desk) -> _Rows:
    """All visits, by day."""
    every = sorted(desk.image(Visit).rows.values(), key=lambda one: str(one.get("date")))
    names = ("date", "method", "met", "situation", "measures", "needs", "next_plan")
    return _pupil_rows(desk, every, "visit", names)


_ROWS: dict[str, Callable[[Desk], Iterable[dict[str, Value]]]] = {
    "roll": _roll,
    "members": _members,
    "classes": _classes,
    "staff": _staff,
    "pairing": _pairing,
    "accounts": _accounts,
    "visits": _visits,
}
