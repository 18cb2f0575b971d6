"""Bank accounts: whom the money goes to; a holder outside the family is asked about, for there money goes astray."""

from __future__ import annotations

import datetime as dt

from jzdesk.core.fields import Value
from jzdesk.models import BankAccount, Guardian, Member
from jzdesk.services.importing.desk import Desk, Importer
from jzdesk.services.importing.doubts import Doubts
from jzdesk.services.importing.image import Values
from jzdesk.services.importing.pupils import Pupils
from jzdesk.services.importing.report import ADDED, CHANGED, PARKED, UNCHANGED
from jzdesk.sheets.mapping import SheetRow

_FIELDS = ("holder", "relation", "bank", "account")


class AccountImporter(Importer):
    """One row, one account of a pupil; another account ends the time of the earlier one today."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._pupils, self._doubts = Pupils(desk), Doubts(desk)
        self._image = desk.image(BankAccount)
        self._of: dict[Value, list[str]] = {}
        for uid, values in self._image.rows.items():
            self._of.setdefault(values["student"], []).append(uid)
        self._family = _names_around(desk)
        self._taken: dict[str, SheetRow] = {}

    def take(self, row: SheetRow) -> str:
        """See `Importer.take`."""
        if row.faults or (pupil := self._pupils.meant(row)) is None:
            return PARKED
        uid, student = pupil
        self._check_repeat(row, uid)
        if row.faults:
            return PARKED
        self._taken[uid] = row
        get = row.values.get
        cells: Values = {name: value for name in _FIELDS if (value := get(f"bank_account.{name}")) is not None}
        outcome = self._store(uid, cells)
        if self._ask(uid, student, cells) or row.warnings:
            self.desk.tally["warned"] += 1
        return outcome

    def _check_repeat(self, row: SheetRow, uid: str) -> None:
        first = self._taken.get(uid)
        if first is not None:
            remedy = "一名学生只能有一个在用的账户，请只留一行。"
            row.park("dup_row", f"与{self.desk.place(first)}是同一名学生", remedy, "pupil.id_number")

    def _store(self, student: str, cells: Values) -> str:
        mine = self._of.setdefault(student, [])
        for uid in mine:
            if self._image.rows[uid].get("account") == cells["account"]:
                return CHANGED if self._image.set(uid, cells) else UNCHANGED
        active = [uid for uid in mine if self._image.rows[uid].get("valid_to") is None]
        yesterday = (dt.date.fromisoformat(self.desk.today) - dt.timedelta(days=1)).isoformat()
        for uid in active:
            since_when = str(self._image.rows[uid].get("valid_from") or "")
            self._image.set(uid, {"valid_to": max(yesterday, since_when)})
        since: Values = {"valid_from": self.desk.today} if active else {}
        mine.append(self._image.add({"student": student, **cells, **since}))
        return ADDED

    def _ask(self, uid: str, student: Values, cells: Values) -> bool:
        """A holder who is neither the pupil nor of the family (reference §2.2)."""
        known = {student.get("name"), *self._family.get(uid, ()), *self._family.get(student.get("household"), ())}
        asked = {}
        if cells["holder"] not in known:
            asked["account_holder"] = f"银行账户的户名“{cells['holder']}”不是学生本人，也不在登记的家庭成员里，请核对"
        self._doubts.review(uid, asked, frozenset({"account_holder"}))
        return "account_holder" in self._doubts.open_kinds(uid)


def _names_around(desk: Desk) -> dict[Value, set[Value]]:
    """Student or household → names of the guardians and members."""
    members = desk.image(Member).rows
    found: dict[Value, set[Value]] = {}
    for values in members.values():
        if (household := values.get("household")) is not None:
            found.setdefault(household, set()).add(values.get("name"))
    for tie in desk.image(Guardian).rows.values():
        if (member := members.get(str(tie["member"]))) is not None:
            found.setdefault(tie["student"], set()).add(member.get("name"))
    return found
