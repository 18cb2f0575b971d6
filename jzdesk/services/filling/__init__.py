"""Forms of other systems filled from the records: fill once, export every form."""

from __future__ import annotations

from jzdesk.services.filling.service import FillService

__all__ = ["FillService"]
