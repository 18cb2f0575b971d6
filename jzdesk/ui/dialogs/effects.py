"""Shows what merging, taking back or letting return a package would change, before it is done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QTabWidget, QWidget

from jzdesk.core.money import format_yuan
from jzdesk.ui import theme, widgets
from jzdesk.ui.dialogs.base import Dialog
from jzdesk.ui.inputs import LineEdit
from jzdesk.ui.ledger.model import Column
from jzdesk.ui.pages.figures import Figure, Figures
from jzdesk.ui.pages.listing import Listing, ListingOrEmpty

if TYPE_CHECKING:
    from jzdesk.services.effects import Change, Effects

_COUNTS = (
    ("new", "新增", "good"), ("changed", "修改", ""), ("voided", "作废", "look"), ("restored", "恢复", ""),
    ("gone", "消失", "wrong"), ("partial", "缺必填项", "wrong"), ("opened", "新的不同填法", "look"),
    ("closed", "不再有的不同填法", "muted"),
)  # fmt: skip


class EffectsDialog(Dialog):
    """`agreed(reason)` when the person goes ahead; without `deed` there is only something to look at."""

    agreed = Signal(str)

    def __init__(
        self,
        parent: QWidget | None,
        title: str,
        explain: str,
        effects: Effects,
        *,
        deed: str = "",
        reason: bool = False,
        more: Sequence[Figure] = (),
    ) -> None:
        super().__init__(parent, title, explain, width=52)
        self.figures = Figures()
        self.figures.put([*figures_of(effects), *more])
        self.body.addWidget(self.figures)
        self.changes, self.entities = _changes_table(), _entities_table(effects)
        self._tabs(effects)
        self.reason = LineEdit()
        if reason:
            self.reason.setPlaceholderText("写一句理由，例如“学校报错了学期”")
            self.reason.setAccessibleName("理由")
            self.reason.returnPressed.connect(self.go_ahead)
            self.body.addLayout(widgets.row(widgets.label("理由"), self.reason))
        self._wants_reason = reason
        self.add_button("取消" if deed else "关闭", self.reject)
        if deed:
            self.add_button(f"{deed} (Ctrl+S)", self.go_ahead, role="primary").setShortcut("Ctrl+S")
        self.resize(theme.em(62), theme.em(38))
        self._fit()
        (self.reason if reason else self.changes).setFocus()

    def go_ahead(self) -> None:
        """Do it, if a reason was given where one is wanted."""
        words = str(self.reason.raw() or "").strip()
        if self._wants_reason and not words:
            self.wrong("还没有写理由。", "请写一句理由；以后查账的人和学校都看得到。")
            self.reason.setFocus()
            return
        self.accept()
        self.agreed.emit(words)

    def _tabs(self, effects: Effects) -> None:
        changes = ListingOrEmpty(self.changes, widgets.Empty("ok", "没有改动、作废或消失的记录"))
        changes.put_rows(effects.changes)
        entities = ListingOrEmpty(self.entities, widgets.Empty("ok", "台账没有变化"))
        entities.put_rows([one for one in effects.entities if any(getattr(one, name) for name, *_ in _COUNTS)])
        tabs = QTabWidget()
        tabs.setDocumentMode(True)
        shown, listed = len(effects.changes), effects.listed
        tabs.addTab(
            changes, f"逐项改动（前 {shown:,} 处，共 {listed:,} 处）" if listed > shown else f"逐项改动（{listed:,}）"
        )
        tabs.addTab(entities, "按台账")
        tabs.setCurrentIndex(0 if shown else 1)
        self.body.addWidget(tabs, 1)

    def _fit(self) -> None:
        """No larger than the screen."""
        if (screen := self.screen()) is not None:
            room = screen.availableGeometry()
            self.resize(min(self.width(), room.width() - 40), min(self.height(), room.height() - 60))


def figures_of(effects: Effects) -> list[Figure]:
    """The sums over all ledgers, without those that are nothing; payments with their sum."""
    found = [
        Figure(label, f"{effects.total(name):,}", tone) for name, label, tone in _COUNTS if effects.total(name)
    ] or [Figure("改动", "0", "muted")]
    if effects.payments:
        found.append(Figure("涉及发放（笔）", f"{effects.payments:,}", "look"))
        sign = "+" if effects.fen > 0 else ""
        found.append(Figure("发放合计变动（元）", f"{sign}{format_yuan(effects.fen)}", "look"))
    if effects.moved:
        found.append(Figure("涉及已转走的学生", f"{effects.moved:,}", "look"))
    return found


def _changes_table() -> Listing:
    return Listing(
        (
            Column("entity_label", "台账", 10),
            Column("title", "记录", 14),
            Column("kind", "变化", 8, text=lambda one: one.kind_label, tone=_tone),
            Column("field_label", "栏目", 10),
            Column("old", "原来", 16),
            Column("new", "变为", 12),
        ),
        key=None,
    )


def _entities_table(effects: Effects) -> Listing:
    """One row a ledger; only columns in which something stands."""
    counts = (
        Column(name, label, 8, numeric=True, text=_number(name)) for name, label, _ in _COUNTS if effects.total(name)
    )
    return Listing((Column("label", "台账", 14), *counts, Column("", "", 1, text=lambda _: "")), key=None)


def _number(name: str) -> Callable[[Any], str]:
    return lambda one: f"{getattr(one, name):,}" if getattr(one, name) else ""


def _tone(one: Change) -> str:
    return {"gone": "wrong", "voided": "look", "clash": "look", "restored": "good"}.get(one.kind, "")
