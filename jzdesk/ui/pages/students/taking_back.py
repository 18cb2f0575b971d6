"""A child or a guardian taken off, with a reason and a way back, and everything that was ever changed about a child."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from jzdesk.services.ledger import HistoryLine
from jzdesk.services.students import StudentFile
from jzdesk.ui.desk import Desk
from jzdesk.ui.dialogs.reason import ask_reason


class TakingBack(QObject):
    """Asks for the reason, does it, and offers the way back. `voided` and `restored` say that a child has changed."""

    voided = Signal()
    restored = Signal()

    def __init__(self, host: QWidget, desk: Desk) -> None:
        super().__init__(host)
        self._host, self._desk = host, desk

    def void(self, uid: str, name: str) -> None:
        """作废 a child."""
        then = "作废后不再出现在名册里，历史仍然保留，可以恢复；转走的学生请改学籍状态。"
        reason, ledger = ask_reason(self._host, f"作废“{name}”", then, "作废"), self._desk.services.ledger
        if reason is not None:
            self._desk.write(
                lambda _: ledger.void("student", uid, reason), lambda _: self._voided(uid), title="正在作废", owner=self
            )

    def restore(self, uid: str) -> None:
        """Undo 作废."""
        ledger = self._desk.services.ledger
        self._desk.write(
            lambda _: ledger.restore("student", uid), lambda _: self._back("已恢复"), title="正在恢复", owner=self
        )

    def unlink(self, guardian: str, student: str, name: str, done: Callable[[], None]) -> None:
        """A saved guardian is taken off the child; the person stays a member of the household."""
        then = "只解除与这名学生的监护关系，家庭成员仍然保留，可以恢复。"
        reason, students = ask_reason(self._host, f"移除监护人“{name}”", then, "移除"), self._desk.services.students
        if reason is None:
            return

        def unlinked(_: object) -> None:
            self._desk.say("已移除", "撤销", lambda: self._link_again(guardian, student))
            done()

        self._desk.write(
            lambda _: students.take_back("guardian", student, guardian, reason), unlinked, title="正在移除", owner=self
        )

    def _link_again(self, guardian: str, student: str) -> None:
        students = self._desk.services.students
        self._desk.write(
            lambda _: students.bring_back("guardian", student, guardian), lambda _: self._back("已恢复"),
            title="正在恢复", owner=self,
        )  # fmt: skip

    def _voided(self, uid: str) -> None:
        self._desk.say("已作废", "撤销", lambda: self.restore(uid))
        self.voided.emit()

    def _back(self, words: str) -> None:
        self._desk.say(words)
        self.restored.emit()


def changes_of(desk: Desk, file: StudentFile) -> list[HistoryLine]:
    """Changes of the child, the enrolment, the household, the guardians and the hardships, newest first."""
    ledger = desk.services.ledger
    around = [("enrolment", file.enrolment.uid)] if file.enrolment else []
    around += [("household", file.household.uid)] if file.household else []
    around += [("guardian", guardian["uid"]) for guardian in file.guardians]
    around += [("member", guardian["member"]) for guardian in file.guardians]
    around += [("hardship", row.uid) for row in file.hardships]
    lines = list(file.history)
    for entity, uid in around:
        label = ledger.specs[entity].label
        lines += [replace(line, what=f"{label}·{line.what}") for line in ledger.history(entity, uid)]
    return sorted(lines, key=lambda line: line.when, reverse=True)
