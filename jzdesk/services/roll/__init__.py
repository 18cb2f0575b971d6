"""The living roll: events, promotion, classes, closures, and the roll on any day."""

from __future__ import annotations

from jzdesk.services.roll.classes import ClassService
from jzdesk.services.roll.closures import ClosureService
from jzdesk.services.roll.events import EventDraft, RollService
from jzdesk.services.roll.promotion import PromotionService

__all__ = ["ClassService", "ClosureService", "EventDraft", "PromotionService", "RollService"]
