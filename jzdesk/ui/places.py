"""The places of the window in the order of the navigation, and which stations have them."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec

from jzdesk.ui.desk import Desk
from jzdesk.ui.page import Page

SCHOOL = frozenset({"school", "township"})
COUNTY = frozenset({"county"})
TOWNSHIP = frozenset({"township"})
ALL = SCHOOL | COUNTY


@dataclass(frozen=True, slots=True)
class Place:
    """One entry of the navigation; its page is imported and built when first opened."""

    key: str
    title: str
    icon: str
    module: str
    page: str
    kinds: frozenset[str] = ALL

    def build(self, desk: Desk) -> Page:
        """The page."""
        made = getattr(import_module(self.module), self.page)(desk)
        assert isinstance(made, Page)
        return made


_PAGES = "jzdesk.ui.pages"
PLACES = (  # as the day goes: what is due, the pupils, their support, then sheets, papers and the stick
    Place("home", "工作台", "home", f"{_PAGES}.home", "HomePage"),
    Place("inbox", "收件箱", "inbox", f"{_PAGES}.inbox", "InboxPage", COUNTY),
    Place("merge", "合并结果", "merge", f"{_PAGES}.merged", "MergedPage", COUNTY),
    Place("reports", "上报情况", "calendar", f"{_PAGES}.reports", "ReportsPage", COUNTY),
    Place("student", "学生", "student", f"{_PAGES}.students", "StudentPage"),
    Place("roll", "学籍异动", "roll", f"{_PAGES}.roll", "RollPage", SCHOOL),
    Place("visit", "走访", "visit", f"{_PAGES}.visits", "VisitPage", SCHOOL),
    Place("aid", "资助", "aid", f"{_PAGES}.aid", "AidPage", SCHOOL),
    Place("pledge", "责任状", "pledge", f"{_PAGES}.pledges", "PledgesPage", SCHOOL),
    Place("lists", "名单比对", "lists", f"{_PAGES}.lists", "ListsPage", SCHOOL),
    Place("imports", "导入导出", "sheets", f"{_PAGES}.imports", "ImportsPage", SCHOOL),
    Place("filling", "报表填写", "filling", f"{_PAGES}.filling", "FillingPage"),
    Place("ledger", "台账", "ledger", f"{_PAGES}.ledger_pages", "LedgersPage"),
    Place("exchange", "数据交换", "exchange", f"{_PAGES}.exchange", "ExchangePage", SCHOOL),
    Place("certificate", "学校与证书", "certificate", f"{_PAGES}.certificates", "CertificatesPage", COUNTY),
    Place("township", "乡镇转交", "township", f"{_PAGES}.township", "TownshipPage", TOWNSHIP),
    Place("upkeep", "维护", "settings", f"{_PAGES}.upkeep", "UpkeepPage"),
)


def places_of(kind: str) -> list[Place]:
    """The places of a station of this kind, in order."""
    return [place for place in PLACES if kind in place.kinds and find_spec(place.module) is not None]
