"""A department's list of poor and monitored people, matched against the roll by ID number, checked by name."""

from __future__ import annotations

from jzdesk.core.codes import table
from jzdesk.core.errors import ValueFault
from jzdesk.core.fields import Value
from jzdesk.models import Household, Student
from jzdesk.policy import hardship
from jzdesk.services.importing.desk import Desk, Importer
from jzdesk.services.importing.hardships import Hardships
from jzdesk.services.importing.image import Values
from jzdesk.services.importing.pupils import Pupils
from jzdesk.services.importing.report import ADDED, CHANGED, PARKED, UNCHANGED, UNMATCHED
from jzdesk.sheets.mapping import SheetRow

GROUPS = (
    ("person.name",),
    ("person.id_number",),
    ("list.attr", "list.monitored", "list.number", "list.cause"),
)
_NAME, _ID = "person.name", "person.id_number"
_TABLES = {"attr": "household_attr", "cause": "poverty_cause"}


class HardshipListImporter(Importer):
    """One row, one person of the township; those on our roll get their hardships and household facts."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._pupils, self._hardships = Pupils(desk), Hardships(desk)
        self._households = desk.image(Household)
        self._said: dict[str, Values] = {}
        self._by_list_number: dict[Value, str] = {}

    def take(self, row: SheetRow) -> str:
        """See `Importer.take`."""
        if row.faults:
            return PARKED
        name, number = row.values.get(_NAME), row.values.get(_ID)
        if number is None:
            return self._without_number(row, name)
        uid = self._pupils.by_number(number)
        if uid is None:
            return self._elsewhere()
        if not self._pupils.is_called(uid, name):
            self._pupils.park_name(row, uid, _NAME)
        monitored = row.values.get("list.monitored")
        if not hardship.monitored_known(_text(monitored)):
            remedy = "请改成：脱贫不稳定户、边缘易致贫户、突发严重困难户；不是监测对象的留空。"
            row.park("unknown_option", f"监测对象类别“{monitored}”认不出", remedy, "list.monitored")
        return PARKED if row.faults else self._match(row, uid)

    def closing(self) -> list[str]:
        """How the list meets the roll."""
        tally = self.desk.tally
        return [f"名单与本校学籍比对：对上 {tally['matched']} 人，不在本校学籍的 {tally['elsewhere']} 人（没有停放）"]

    def _without_number(self, row: SheetRow, name: Value) -> str:
        """Nobody is matched by name alone; a namesake on our roll is for a person to look at."""
        if not self._pupils.named(name):
            return self._elsewhere()
        remedy = "请补上证件号码再导入；确认不是本校学生的，可以不处理。"
        row.park("no_value", "没有证件号码，本校学籍里有同名学生，无法核对", remedy, _ID)
        return PARKED

    def _elsewhere(self) -> str:
        self.desk.tally["elsewhere"] += 1
        return UNMATCHED

    def _match(self, row: SheetRow, uid: str) -> str:
        get = row.values.get
        self.desk.tally["matched"] += 1
        marks = hardship.from_list(_text(get("list.attr")), _text(get("list.monitored")))
        added = self._hardships.ensure(uid, marks, "list")
        changed = self._settle_household(row, uid)
        if added:
            return ADDED
        return CHANGED if changed else UNCHANGED

    def _settle_household(self, row: SheetRow, student: str) -> bool:
        """Number, attribute and cause go to the pupil's household; the first row of a file that says so stands."""
        wanted = self._facts(row)
        if not wanted:
            return False
        household = self._pupils.rows[student].get("household")
        if household is None or household not in self._households.rows:
            return self._give_household(student, wanted)
        uid = str(household)
        said = self._said.setdefault(uid, {})
        wanted = {name: value for name, value in wanted.items() if name not in said}
        said.update(wanted)
        return self._households.set(uid, wanted)

    def _give_household(self, student: str, wanted: Values) -> bool:
        """A pupil without household joins the one that the list numbers, or a new one."""
        number = wanted.get("number")
        uid = self._by_list_number.get(number) if number is not None else None
        if uid is None:
            uid = self._households.add({**wanted, "address": self._pupils.rows[student].get("address")})
            self._said[uid] = dict(wanted)
            if number is not None:
                self._by_list_number[number] = uid
        return self.desk.image(Student).set(student, {"household": uid})

    def _facts(self, row: SheetRow) -> Values:
        """What the list says of the household, as codes; words that no table knows are told, not stored."""
        facts: Values = {}
        if (number := row.values.get("list.number")) is not None:
            facts["number"] = number
        for name, codes in _TABLES.items():
            written = row.values.get(f"list.{name}")
            if written is not None:
                try:
                    facts[name] = table(codes).parse(str(written))
                except ValueFault:
                    label = row.layout.labels[f"list.{name}"]
                    self.desk.note(row, f"{label}“{written}”认不出，没有记入家庭户")
        return facts


def _text(value: Value) -> str | None:
    return None if value is None else str(value)
