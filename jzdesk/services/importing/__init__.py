"""Imports and exports: workbooks of every kind become records in one transaction, and records become workbooks."""

from __future__ import annotations

from jzdesk.services.importing.report import FaultLine, ImportCancelled, ImportReport, ParkedLine
from jzdesk.services.importing.service import ImportService

__all__ = ["FaultLine", "ImportCancelled", "ImportReport", "ImportService", "ParkedLine"]
