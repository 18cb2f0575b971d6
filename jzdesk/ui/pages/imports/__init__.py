"""导入导出: workbooks in, step by step, with a report that balances; what waits; past imports; workbooks out."""

from __future__ import annotations

from jzdesk.ui.pages.imports.page import HISTORY, PARKED, REPORT, ImportsPage
from jzdesk.ui.pages.imports.words import guess

__all__ = ["HISTORY", "PARKED", "REPORT", "ImportsPage", "guess"]
