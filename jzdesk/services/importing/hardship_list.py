"""A department's list imported in one go: whoever is matched directly gets the hardships; the rest is told.

What a row means and whom it means is decided by the same functions as on the page 名单比对 (`policy.lists`,
`policy.matching`); there a person goes through the piles one by one.
"""

from __future__ import annotations

from jzdesk.models import Student
from jzdesk.policy import lists, matching
from jzdesk.policy.matching import ABSENT, NAME, UNREAD
from jzdesk.services.importing.desk import Desk, Importer
from jzdesk.services.importing.hardships import Paper, Teller, Told
from jzdesk.services.importing.listed import ID, ListedRow, forgive, listed_of, rollbook
from jzdesk.services.importing.listed import NAME as NAME_KEY
from jzdesk.services.importing.report import ADDED, CHANGED, PARKED, UNCHANGED, UNMATCHED
from jzdesk.sheets.mapping import SheetRow

GROUPS = (
    ("person.name",),
    ("person.id_number",),
    ("list.attr", "list.monitored", "list.number", "list.cause"),
)
MONITORED_REMEDY = "请改成：脱贫不稳定户、边缘易致贫户、突发严重困难户；不是监测对象的留空。"


class HardshipListImporter(Importer):
    """One row, one person of the township; those on our roll get their hardships and household facts."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._kind = lists.kinds()[lists.guess_kind([desk.file]) or lists.POOR]
        self._book = rollbook(desk)
        first = desk.term.first_day
        self._teller = Teller(desk, Paper("list", first, first))

    def reconsider(self, row: SheetRow) -> None:
        """See `Importer.reconsider`."""
        forgive(row)

    def take(self, row: SheetRow) -> str:
        """See `Importer.take`."""
        listed = listed_of(row)
        found = self._book.find(listed.who, self._kind.tie)
        if found.pile == ABSENT or (found.family and found.pile != UNREAD):
            return self._elsewhere(family=found.family)
        if found.pile == UNREAD and not row.faults:
            row.park("no_value", found.says, "请补上证件号码再导入；确认不是本校学生的，可以不处理。", ID)
        if found.pile == NAME:
            self._park_name(row, found.pupils[0].uid)
        if found.pile != UNREAD and (problem := lists.problem_of(listed.said)):
            row.park("unknown_option", problem, MONITORED_REMEDY, "list.monitored")
        return PARKED if row.faults else self._match(row, listed, found.pupils[0])

    def closing(self) -> list[str]:
        """How the list meets the roll."""
        tally = self.desk.tally
        said = f"名单与本校学籍比对：对上 {tally['matched']} 人，不在本校学籍的 {tally['elsewhere']} 人（没有停放）"
        if not tally["family"]:
            return [said]
        return [said, f"另有 {tally['family']} 行是本校学生的家人，没有据此登记；需要时请在“名单比对”里逐一核对"]

    def _park_name(self, row: SheetRow, uid: str) -> None:
        """The number is one pupil's, the name another's."""
        problem = f"姓名与学籍不一致：这个证件号的在册学生是“{self.desk.image(Student).rows[uid].get('name')}”"
        row.park("name_differs", problem, "请核对是姓名写错还是证件号写错，改正后再导入。", NAME_KEY)

    def _elsewhere(self, *, family: bool) -> str:
        self.desk.tally["elsewhere"] += 1
        self.desk.tally["family"] += family
        return UNMATCHED

    def _match(self, row: SheetRow, listed: ListedRow, meant: matching.Meant) -> str:
        self.desk.tally["matched"] += 1
        meaning = lists.meaning_of(self._kind, listed.said)
        facts, unknown = lists.household_facts(self._kind, listed.said, listed.who.household, listed.cause)
        for name, written in unknown.items():
            label = row.layout.labels[f"list.{name}"]
            self.desk.note(row, f"{label}“{written}”认不出，没有记入家庭户")
        fresh = self._teller.unsaid(meant.uid, facts)
        added, changed = self._teller.apply(meant.uid, Told(meaning.gives, fresh, document=listed.document))
        if added:
            return ADDED
        return CHANGED if changed else UNCHANGED
