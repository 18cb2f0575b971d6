"""学生: the list, and one child's whole file beside it."""

from __future__ import annotations

from jzdesk.ui.pages.students.page import StudentPage

__all__ = ["StudentPage"]
