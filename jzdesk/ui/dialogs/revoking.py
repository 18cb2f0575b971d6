"""吊销 and 撤销吊销: choose up to where a computer is trusted, look at what that undoes, give a reason, do it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from jzdesk.ui import widgets
from jzdesk.ui.desk import Desk
from jzdesk.ui.dialogs.base import Dialog
from jzdesk.ui.dialogs.effects import EffectsDialog
from jzdesk.ui.inputs import Pick
from jzdesk.ui.tasks import Progress

if TYPE_CHECKING:
    from jzdesk.services.renewing import CertificateLine
    from jzdesk.services.revoking import CutChoice, Turning


class CutDialog(Dialog):
    """Asks up to where the entries of a computer count; `chosen` is the key of the answer."""

    def __init__(self, parent: QWidget, name: str, choices: Sequence[CutChoice]) -> None:
        explain = (
            f"电脑丢失、被盗，或保管人离开时，吊销“{name}”这台电脑。请先选定认到哪里：截止处以前的记录照样算数，"
            "晚到的也算；以后的记录一概不计入台账，但都保存在案。误吊销了可以随时撤销，内容会原样回来。"
        )
        super().__init__(parent, "吊销电脑", explain, width=40)
        self.cut = Pick([(one.key, one.label) for one in choices], "认到哪里")
        self.body.addWidget(widgets.label("认到哪里"))
        self.body.addWidget(self.cut)
        self.add_button("取消", self.reject)
        self.add_button("看会撤下什么…", self.accept, role="primary")
        self.cut.setFocus()

    @property
    def chosen(self) -> str:
        """Where the cut lies."""
        return str(self.cut.value())


class Revoking:
    """The two deeds, for a page; `done` is called after either."""

    def __init__(self, desk: Desk, page: QWidget, done: Callable[[], object]) -> None:
        self._desk, self._page, self._done = desk, page, done
        self._service = desk.services.revoking

    def ask(self, line: CertificateLine) -> None:
        """Revoke this computer, once the person has seen what that undoes."""
        job = partial(self._service.choices, line.device)
        self._desk.tasks.read("cuts", job, partial(self._ask_cut, line), owner=self._page)

    def ask_back(self, line: CertificateLine) -> None:
        """Undo it, once the person has seen what that brings back."""
        look = self._service.look_back

        def job(progress: Progress) -> Turning:
            return look(line.device, progress)

        self._desk.write(job, self._ask_return, title="正在核算会改动什么", cancellable=True, owner=self._page)

    def _ask_cut(self, line: CertificateLine, choices: Sequence[CutChoice]) -> None:
        dialog = CutDialog(self._page, line.name, choices)
        dialog.accepted.connect(lambda: self._look(line, dialog.chosen))
        dialog.open()

    def _look(self, line: CertificateLine, upto: str) -> None:
        look = self._service.look

        def job(progress: Progress) -> Turning:
            return look(line.device, upto, progress)

        ask = partial(self._ask_reason, upto)
        self._desk.write(job, ask, title="正在核算会改动什么", cancellable=True, owner=self._page)

    def _ask_reason(self, upto: str, seen: Turning) -> None:
        what = f"{seen.entries:,} 条已计入的记录会撤下" if seen.entries else "已计入的记录不受影响"
        explain = (
            f"“{seen.name}”的这台电脑（{seen.device}）：{what}；以后送来的新记录保存在案，不计入台账。理由会写进回执。"
        )
        dialog = EffectsDialog(self._page, "吊销电脑", explain, seen.effects, deed="吊销", reason=True)
        revoke = self._service.revoke
        dialog.agreed.connect(
            lambda reason: self._do(partial(revoke, seen.device, reason, upto), "已吊销，写回执时会告诉学校")
        )
        dialog.open()

    def _ask_return(self, seen: Turning) -> None:
        explain = f"“{seen.name}”的这台电脑重新可信，{seen.entries:,} 条记录重新计入台账，与没有吊销过一样。"
        dialog = EffectsDialog(self._page, "撤销吊销", explain, seen.effects, deed="撤销吊销", reason=True)
        reinstate = self._service.reinstate
        dialog.agreed.connect(lambda reason: self._do(partial(reinstate, seen.device, reason), "已撤销吊销"))
        dialog.open()

    def _do(self, deed: Callable[[], object], said: str) -> None:
        self._desk.write(lambda _: deed(), lambda _: self._finish(said), title="正在保存", owner=self._page)

    def _finish(self, said: str) -> None:
        self._desk.say(said)
        self._done()
