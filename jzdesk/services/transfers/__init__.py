"""转学: the old school asks, the county rules and moves the file, the new school receives the child (sync §8)."""

from __future__ import annotations

from jzdesk.services.transfers.papers import TransferPapers
from jzdesk.services.transfers.service import TransferService

__all__ = ["TransferPapers", "TransferService"]
