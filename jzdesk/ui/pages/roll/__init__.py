"""学籍异动: the living roll by tabs."""

from jzdesk.ui.pages.roll.page import RollPage

__all__ = ["RollPage"]
