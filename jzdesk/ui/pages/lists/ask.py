"""Asks for kind and date of a list before it is held against the roll; both are guessed from the file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from jzdesk.core.errors import ValueFault
from jzdesk.core.kinds import Date
from jzdesk.ui import widgets
from jzdesk.ui.dialogs.base import Dialog
from jzdesk.ui.editors.typed import DateEdit
from jzdesk.ui.inputs import Pick

if TYPE_CHECKING:
    from jzdesk.services.lists.shapes import ListLook

_NO_KIND = ""


class ListDialog(Dialog):
    """`kind`, `listed_on` and `older` hold what was said once the dialog was accepted.

    `newest` tells the date of the newest list of a kind that was read, "" when there is none.
    """

    def __init__(
        self, parent: QWidget | None, look: ListLook, kinds: Sequence[tuple[str, str]], newest: Callable[[str], str]
    ) -> None:
        super().__init__(parent, "比对部门名单", f"{look.path.name}，{look.rows:,} 行")
        self._newest = newest
        self.older = False
        self.pick = Pick([(_NO_KIND, "请选择名单种类"), *kinds], "名单种类")
        self.pick.choose(look.kind)
        self.date = DateEdit(Date())
        self.date.setAccessibleName("名单日期")
        self.date.put(look.listed_on or None)
        hint = "名单上写的日期；困难类型从这一天所在学期的第一天起算。不填则按今天。"
        for label, part in (("名单种类", self.pick), ("名单日期", self.date)):
            self.body.addWidget(widgets.label(label))
            self.body.addWidget(part)
        self.body.addWidget(widgets.label(hint, tone="muted", wrap=True))
        self.add_button("取消", self.reject)
        self.deed = self.add_button("开始比对", self._take, role="primary")
        self.date.returnPressed.connect(self.deed.setFocus)
        self.pick.picked.connect(self._other)
        self.date.edited.connect(self._other)
        (self.deed if look.kind and look.listed_on else self.date if look.kind else self.pick).setFocus()

    @property
    def kind(self) -> str:
        """The code of the kind."""
        return str(self.pick.value() or "")

    @property
    def listed_on(self) -> str:
        """The date as ISO text, "" when none was given."""
        return str(self.date.raw() or "")

    def wrong(self, what: str, remedy: str = "") -> None:
        """As every dialog does; and make room for the words."""
        super().wrong(what, remedy)
        self._fit()

    def _fit(self) -> None:
        """As tall as its words need at this width."""
        layout = self.layout()
        if layout is not None:
            layout.activate()
            self.resize(self.width(), max(self.height(), layout.totalHeightForWidth(self.width())))

    def _other(self) -> None:
        """Another kind or date: what was confirmed counts no more."""
        self.older = False
        self.deed.setText("开始比对")
        self.banner.dismiss()

    def _take(self) -> None:
        if not self.kind:
            self.wrong("还没有选名单种类。", "从文件名和表头看不出来，请在列表里选一种。")
            self.pick.setFocus()
            return
        try:
            day = str(Date().read(self.listed_on or None).value or "")
        except ValueFault as fault:
            self.wrong(fault.problem, fault.remedy)
            self.date.setFocus()
            return
        newest = self._newest(self.kind)
        if newest and day and day < newest and not self.older:
            self.older = True
            self.deed.setText("确认比对旧名单")
            self.wrong(
                f"这份名单（{day}）比已经比对过的同类名单（{newest}）旧。",
                "日期写错的请改正；确实要比对旧名单，再按一次按钮，它不会结束任何困难类型。",
            )
            return
        self.accept()
