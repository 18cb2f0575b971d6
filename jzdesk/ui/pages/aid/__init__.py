"""资助: decisions with their ground, batches from decision to payment, and the standards they rest on."""

from jzdesk.ui.pages.aid.page import AidPage

__all__ = ["AidPage"]
