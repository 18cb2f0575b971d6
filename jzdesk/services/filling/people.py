"""Everything a form may want to know of many students, read in a handful of statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Select, Table, select

from jzdesk.core import codes
from jzdesk.core.fields import Value
from jzdesk.core.slices import slices
from jzdesk.models import (
    BankAccount,
    Division,
    Enrolment,
    Guardian,
    Hardship,
    Household,
    Member,
    Pairing,
    School,
    SchoolClass,
    Staff,
    Student,
)
from jzdesk.services.importing import columns
from jzdesk.services.pupils import table_of
from jzdesk.sheets.fill import SERIAL, Entry

Values = dict[str, Value]
_DIVISION_LENGTH = 12


def entries(connection: Connection, uids: Sequence[str], school: tuple[str, str]) -> list[Entry]:
    """One entry a student, in the order given; `school` is (code, name) of the station where no record tells."""
    schools = _schools(connection)
    found: dict[str, Values] = {}
    for part in slices(uids):
        found |= _part(connection, part, schools, school)
    return [Entry(uid, str(found[uid].get("student.name") or ""), found[uid]) for uid in uids if uid in found]


def numbered(found: Sequence[Entry]) -> list[Entry]:
    """The entries with their running number."""
    return [replace(entry, values={**entry.values, SERIAL: number}) for number, entry in enumerate(found, 1)]


def sample(connection: Connection, school: tuple[str, str]) -> Values:
    """The values of any one student, to show how a form will look; empty where nobody is registered yet."""
    table = table_of(Student)
    uid = connection.execute(select(table.c.uid).where(table.c.hidden == 0).limit(1)).scalar_one_or_none()
    found = entries(connection, [uid], school) if uid is not None else []
    return {**found[0].values, SERIAL: 1} if found else {}


def place_of(values: Mapping[str, Value]) -> str:
    """Grade and class in words."""
    grade = values.get("enrolment.grade")
    label = codes.table("grade").label(str(grade)) if grade else ""
    return f"{label}{values.get('enrolment.school_class') or ''}"


def division_names(connection: Connection) -> dict[str, str]:
    """12 digits → the whole name of a division, from the county down."""
    table = table_of(Division)
    query = select(table.c.code, table.c.name, table.c.parent, table.c.level).where(table.c.hidden == 0)
    rows = {row.code: row for row in connection.execute(query)}

    def whole(code: str) -> str:
        row = rows[code]
        above = whole(row.parent) if row.parent in rows and row.level > 3 else ""
        return f"{above}{row.name}"

    return {code.ljust(_DIVISION_LENGTH, "0"): whole(code) for code in rows}


def _part(
    connection: Connection, uids: Sequence[str], schools: Mapping[str, str], own: tuple[str, str]
) -> dict[str, Values]:
    """Student → values, for at most 900 students."""
    reader = _Reader(connection, uids)
    found: dict[str, Values] = {}
    for uid, student in reader.students().items():
        found[uid] = _prefixed("student", student, columns.plain_fields(Student))
    for uid, place in reader.enrolments().items():
        if uid in found:
            code = str(place["school"])
            found[uid] |= _prefixed("enrolment", place, columns.PLACE)
            found[uid] |= {"enrolment.school_class": place["class_name"], "school.code": code}
            found[uid]["school.name"] = schools.get(code) or (own[1] if code == own[0] else None)
    for part in (reader.families(), reader.households(), reader.accounts(), reader.caseworkers(), reader.hardships()):
        for uid, values in part.items():
            if uid in found:
                found[uid] |= values
    return found


class _Reader:
    """The statements about some students."""

    def __init__(self, connection: Connection, uids: Sequence[str]) -> None:
        self._connection, self._uids = connection, list(uids)

    def students(self) -> dict[str, Mapping[str, Any]]:
        """Student → record."""
        table = table_of(Student)
        query = select(table).where(table.c.uid.in_(self._uids), table.c.hidden == 0)
        return {row["uid"]: row for row in self._rows(query)}

    def enrolments(self) -> dict[str, Mapping[str, Any]]:
        """Student → the place at school that counts: the one that is open, else the one that began last."""
        table, room = table_of(Enrolment), table_of(SchoolClass)
        query = self._of(
            table, select(table, room.c.name.label("class_name")).outerjoin(room, room.c.uid == table.c.school_class)
        )
        return _last(self._rows(query))

    def families(self) -> dict[str, Values]:
        """Student → the first two members, each at its own position where that is free."""
        tie, member = table_of(Guardian), table_of(Member)
        names = [member.c[name].label(f"m_{name}") for name in Member.spec.fields]
        query = self._of(tie, select(tie, *names).join(member, member.c.uid == tie.c.member))
        ties: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        for row in self._rows(query.where(member.c.hidden == 0)):
            ties[row["student"]].append(row)
        return {student: _members(mine) for student, mine in ties.items()}

    def households(self) -> dict[str, Values]:
        """Student → household."""
        table, student = table_of(Household), table_of(Student)
        query = (
            select(table, student.c.uid.label("student"))
            .join(student, student.c.household == table.c.uid)
            .where(student.c.uid.in_(self._uids), table.c.hidden == 0)
        )
        return {row["student"]: _prefixed("household", row, Household.spec.fields) for row in self._rows(query)}

    def accounts(self) -> dict[str, Values]:
        """Student → the account in use; of several the one that began last."""
        table = table_of(BankAccount)
        names = ("holder", "relation", "bank", "account")
        rows = _last(self._rows(self._of(table, select(table)).where(table.c.valid_to.is_(None))))
        return {uid: _prefixed("account", row, names) for uid, row in rows.items()}

    def caseworkers(self) -> dict[str, Values]:
        """Student → the caseworker in force."""
        table, staff = table_of(Pairing), table_of(Staff)
        query = self._of(table, select(table, staff.c.name, staff.c.phone).join(staff, staff.c.uid == table.c.staff))
        rows = _last(self._rows(query.where(table.c.valid_to.is_(None))))
        return {uid: _prefixed("caseworker", row, ("name", "phone")) for uid, row in rows.items()}

    def hardships(self) -> dict[str, Values]:
        """Student → the hardships in force, in words."""
        table = table_of(Hardship)
        query = self._of(table, select(table)).where(table.c.valid_to.is_(None)).order_by(table.c.code)
        found: dict[str, list[str]] = defaultdict(list)
        for row in self._rows(query):
            label = codes.table("difficulty_type").label(row["code"])
            if label not in found[row["student"]]:
                found[row["student"]].append(label)
        return {uid: {"hardship.labels": "、".join(labels)} for uid, labels in found.items()}

    def _of(self, table: Table, query: Select[Any]) -> Select[Any]:
        return query.where(table.c.student.in_(self._uids), table.c.hidden == 0)

    def _rows(self, query: Select[Any]) -> Iterator[Mapping[str, Any]]:
        for row in self._connection.execute(query).mappings():
            yield dict(row)


def _schools(connection: Connection) -> dict[str, str]:
    """Code → name of the schools that are known here."""
    table = table_of(School)
    query = select(table.c.code, table.c.name).where(table.c.hidden == 0)
    return {row.code: row.name for row in connection.execute(query)}


def _last(rows: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Student → the row in force, else the one that began last."""
    ordered = sorted(rows, key=lambda row: (row["valid_to"] is None, str(row["valid_from"] or ""), row["uid"]))
    return {row["student"]: row for row in ordered}


def _members(ties: list[Mapping[str, Any]]) -> Values:
    cells: Values = {}
    free = list(columns.MEMBERS)
    for tie in sorted(ties, key=lambda tie: (int(tie["position"] or 99), str(tie["member"]))):
        if not free:
            break
        number = free.pop(free.index(tie["position"]) if tie["position"] in free else 0)
        person = {name: tie[f"m_{name}"] for name in Member.spec.fields}
        cells |= _prefixed(f"member{number}", person, columns.PERSON)
        cells |= _prefixed(f"member{number}", tie, columns.TIE)
    return cells


def _prefixed(prefix: str, values: Mapping[str, Any], names: Iterable[str]) -> Values:
    return {f"{prefix}.{name}": values.get(name) for name in names}
