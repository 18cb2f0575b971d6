"""Lists of family members (家庭成员): one row, one person of one pupil's family, as many as there are."""

from __future__ import annotations

from jzdesk.models import Student
from jzdesk.services.importing.asking import Asking
from jzdesk.services.importing.columns import FAMILY, FAMILY_TIE
from jzdesk.services.importing.desk import Desk, Importer
from jzdesk.services.importing.families import Families, Person
from jzdesk.services.importing.image import Values
from jzdesk.services.importing.pupils import Pupils
from jzdesk.services.importing.report import ADDED, CHANGED, PARKED, UNCHANGED
from jzdesk.sheets.mapping import SheetRow

_NAME = "member.name"


class MemberImporter(Importer):
    """The person joins the pupil's household (a new one where there is none) and is tied to the pupil."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._pupils, self._families = Pupils(desk), Families(desk)
        self._students = desk.image(Student)
        self._asking = Asking(desk)
        self._taken: dict[tuple[str, str], SheetRow] = {}

    def closing(self) -> list[str]:
        """See `Importer.closing`: what a new relative makes doubtful about the pupil."""
        return self._asking.close()

    def take(self, row: SheetRow) -> str:
        """See `Importer.take`."""
        if row.faults or (pupil := self._pupils.meant(row)) is None:
            return PARKED
        uid, student = pupil
        cells, tie = _cells(row, "member", FAMILY), _cells(row, "guardian", FAMILY_TIE)
        member = self._families.find(cells, student.get("household"))
        if member is not None and (first := self._taken.get((uid, member))) is not None:
            remedy = "两行是同一位家庭成员就删去一行；不是同一人请补上各自的身份证件号。"
            row.park("dup_row", f"与{self.desk.place(first)}重复，是同一名学生的同一位家庭成员", remedy, _NAME)
            return PARKED
        return self._settle(row, uid, student, Person(len(self._families.tied(uid)) + 1, cells, tie))

    def _settle(self, row: SheetRow, uid: str, student: Values, person: Person) -> str:
        before = self._families.tied(uid)
        household = self._families.household([person], student, {})
        changed = self._students.set(uid, {"household": household})
        changed |= self._families.settle(row, [person], uid, household)
        member = self._families.find(person.cells, household)
        if member is not None:
            self._taken[uid, member] = row
        self._asking.look(uid, {})
        if member not in before:
            return ADDED
        return CHANGED if changed else UNCHANGED


def _cells(row: SheetRow, prefix: str, names: tuple[str, ...]) -> Values:
    return {name: value for name in names if (value := row.values.get(f"{prefix}.{name}")) is not None}
