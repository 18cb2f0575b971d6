"""家庭: everybody of the child's household, what they are to its head, and siblings who are students."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Signal

from jzdesk.core.fields import Value
from jzdesk.services.ledger import Row
from jzdesk.services.students import Sibling, StudentFile
from jzdesk.ui.desk import Desk
from jzdesk.ui.pages.students import sections
from jzdesk.ui.pages.students.dialog import FieldsDialog
from jzdesk.ui.pages.students.entries import Deed, Entry
from jzdesk.ui.pages.students.support import Part


class FamilyPart(Part):
    """Members are added and changed beside the student; `wanted(uid)` opens a brother or a sister."""

    wanted = Signal(str)

    def __init__(self, desk: Desk, *, writable: bool) -> None:
        super().__init__(desk, writable=writable)
        self.siblings = self.add_list("兄弟姐妹", "没有找到同一户或同一监护人的学生。")
        self.members = self.add_list("家庭成员", "还没有登记家庭成员。", "添加 (Ctrl+G)", self.add)
        self.body.addStretch(1)
        self._guards: dict[str, str] = {}

    def fill(self, file: StudentFile | None) -> None:
        """Siblings first: they are what one comes for."""
        self._guards = {str(one["member"]): one["relation"] for one in file.guardians} if file else {}
        self.siblings.put([self._sibling(one) for one in (file.siblings if file else ())])
        self.members.put([self._member(row) for row in (file.members if file else ())])

    def add(self) -> FieldsDialog | None:
        """One more member of the household; a household is made when there is none."""
        return self._ask("添加家庭成员", None, {}) if self.uid else None

    def _ask(self, title: str, uid: str | None, values: dict[str, Value]) -> FieldsDialog:
        student, keep = self.uid, self.desk.services.students.keep
        return self.ask(
            FieldsDialog(
                self, self.desk, title, (), lambda held: keep("member", student, held, uid), values=values,
                paired=sections.member(self.desk.services.ledger.specs),
            )
        )  # fmt: skip

    def _sibling(self, one: Sibling) -> Entry:
        return Entry(
            f"{one.name}　{one.place}".rstrip("　"), one.why, "", "", (("打开", partial(self._open, one.uid)),)
        )

    def _open(self, uid: str) -> None:
        self.wanted.emit(uid)

    def _member(self, row: Row) -> Entry:
        shown = row.shown
        away = "外出务工" if row.values["away"] == 1 else ""
        said = (shown["relation"] and f"户主的{shown['relation']}", shown["birth"], shown["phone"], away, shown["work"])
        deeds: tuple[Deed, ...] = self.deeds(
            ("修改", partial(self._ask, f"修改“{shown['name']}”", row.uid, row.values)),
            ("作废", partial(self.take_back, "member", shown["name"], row.uid)),
        )
        badge = "监护人" if row.uid in self._guards else ""
        return Entry(shown["name"], "　".join(filter(None, said)), badge, "calm", deeds)
