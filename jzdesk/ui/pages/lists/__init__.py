"""名单比对: lists from other departments, worked through pile by pile."""

from __future__ import annotations

from jzdesk.ui.pages.lists.page import ListsPage

__all__ = ["ListsPage"]
