"""合并结果 (county): the log of packages, and everything merging leaves for a person to decide, a tab each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QTabWidget

from jzdesk.ui import theme
from jzdesk.ui.desk import Changes, Desk
from jzdesk.ui.page import Page
from jzdesk.ui.pages.held import HeldView
from jzdesk.ui.pages.merge_log import LogView
from jzdesk.ui.pages.merged_conflicts import ConflictView
from jzdesk.ui.pages.merged_duplicates import DuplicateView
from jzdesk.ui.pages.merged_erasures import ErasureView
from jzdesk.ui.pages.merged_groups import GroupView
from jzdesk.ui.pages.merged_transfers import TransferView

if TYPE_CHECKING:
    from jzdesk.services.bundle import Services
    from jzdesk.services.child_groups import GroupLine
    from jzdesk.services.erasing.listing import ErasureLine
    from jzdesk.services.package_log import LogLine
    from jzdesk.services.settling import ConflictLine, DuplicateLine
    from jzdesk.services.transfers.listing import TransferLine
    from jzdesk.ui.pages.held import Held

LOG, DUPLICATES, CONFLICTS, HOLDS, TRANSFERS, GROUPS, ERASURES = range(7)
_HINTS = {
    "log": LOG, "duplicates": DUPLICATES, "conflicts": CONFLICTS, "holds": HOLDS, "transfers": TRANSFERS,
    "groups": GROUPS, "erasures": ERASURES,
}  # fmt: skip

_ERASING = "Ctrl+N 依法删除　F5 刷新　↑↓ 换行　回车 再删一次"


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything the page shows; `names` school code → name."""

    log: list[LogLine]
    duplicates: list[DuplicateLine]
    conflicts: list[ConflictLine]
    holds: list[Held]
    transfers: list[TransferLine]
    groups: list[GroupLine]
    erasures: list[ErasureLine]
    names: Mapping[str, str]


def look(services: Services) -> Seen:
    """Read it."""
    return Seen(
        services.merging.arrivals(),
        services.settling.duplicates(),
        services.settling.conflicts(),
        [*services.forks.waiting(), *services.holds.waiting()],
        services.transfers.lines(),
        services.settling.groups(),
        services.erasures.listed(),
        names_of(services),
    )


def names_of(services: Services) -> dict[str, str]:
    """School code → name."""
    from jzdesk.services.ledger import Query

    rows = services.ledger.rows("school", services.ledger.ids(Query("school")))
    return {str(row.values["code"]): str(row.values["name"] or "") for row in rows}


class MergedPage(Page):
    """Seven tabs; what needs a person is counted in their titles."""

    title, icon = "合并结果", "merge"
    hints = "F5 刷新　↑↓ 回车 换一件　数字键 选定"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.heading()
        self.log = LogView(desk, self.refresh)
        self.duplicates = DuplicateView(desk, self.refresh)
        self.conflicts = ConflictView(desk, self.refresh)
        self.holds = HeldView(desk, self.refresh)
        self.transfers = TransferView(desk, self.refresh)
        self.groups = GroupView(desk, self.refresh)
        self.erasures = ErasureView(desk, self.refresh)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.setMinimumSize(theme.em(30), theme.em(14))
        self.tabs.addTab(self.log, "合并记录")
        self.tabs.addTab(self.duplicates, "同一学生")
        self.tabs.addTab(self.conflicts, "不同填法")
        self.tabs.addTab(self.holds, "待裁定的记录")
        self.tabs.addTab(self.transfers, "转学")
        self.tabs.addTab(self.groups, "同一人分组")
        self.tabs.addTab(self.erasures, "依法删除")
        self.tabs.currentChanged.connect(lambda _: self._hint())
        self.body.addWidget(self.tabs, 1)

    def arrive(self, hint: str = "") -> None:
        """Look again; `duplicates`, `conflicts`, `erasures`… open their tab."""
        if hint in _HINTS:
            self.tabs.setCurrentIndex(_HINTS[hint])
        self.refresh()

    def refresh(self) -> None:
        """Read everything again."""
        self.desk.tasks.read("merged", partial(look, self.desk.services), self._show, owner=self)

    def new(self) -> None:
        """Ctrl+N: erase by law, on the tab of that."""
        if self.tabs.currentIndex() == ERASURES:
            self.erasures.begin()

    def _hint(self) -> None:
        """The keys of the tab in front."""
        self.hints = _ERASING if self.tabs.currentIndex() == ERASURES else MergedPage.hints
        self.hinted.emit()

    def _heard(self, changes: Changes) -> None:
        if self.isVisible():
            self.refresh()

    def _show(self, seen: Seen) -> None:
        self.log.show_log(seen.log, seen.names)
        self.duplicates.show_cases(seen.duplicates)
        self.conflicts.show_conflicts(seen.conflicts, seen.names)
        self.holds.show_holds(seen.holds, seen.names)
        self.transfers.show_transfers(seen.transfers)
        self.groups.show_groups(seen.groups)
        self.erasures.show_erasures(seen.erasures)
        counts = (
            ("合并记录", seen.log), ("同一学生", seen.duplicates), ("不同填法", seen.conflicts),
            ("待裁定的记录", seen.holds), ("转学", [line for line in seen.transfers if line.state == "asked"]),
            ("同一人分组", [line for line in seen.groups if line.problem]),
            ("依法删除", [line for line in seen.erasures if line.again]),
        )  # fmt: skip
        for number, (title, waiting) in enumerate((title, len(lines)) for title, lines in counts):
            self.tabs.setTabText(number, f"{title}（{waiting:,}）" if waiting else title)
