"""名单比对: department lists held against the roll, their piles, and what a person decides about each line."""

from __future__ import annotations

from jzdesk.services.lists.service import ListService
from jzdesk.services.lists.shapes import Likely, ListLine, ListLook, ListReport, ListRun

__all__ = ["Likely", "ListLine", "ListLook", "ListReport", "ListRun", "ListService"]
